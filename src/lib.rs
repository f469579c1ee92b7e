//! The native core of the npm package `narad`.
//!
//! [`core`] is plain Rust over librdkafka and knows nothing of Node; `binding` turns its calls and
//! events into JavaScript values and decides nothing. ARCHITECTURE.md has the data path.

mod binding;
pub mod core;
