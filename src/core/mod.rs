//! Everything that must be fast, ordered or durable: poll loop, scheduling, watermark, commits,
//! delivery reports, embedded broker. Nothing in here names the JavaScript binding.

pub mod admin;
pub mod connect;
pub mod consumer;
pub mod embedded;
pub mod error;
mod metadata;
pub mod metrics;
pub mod prefetch;
pub mod producer;
mod rd;
