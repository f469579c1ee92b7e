//! The native core of the npm package `narad`.
//!
//! [`core`] is plain Rust over librdkafka and knows nothing of Node; `binding` turns its calls and
//! events into JavaScript values and decides nothing. ARCHITECTURE.md has the data path.

#[cfg_attr(test, allow(dead_code, reason = "only Node calls it"))]
mod binding;
pub mod core;
