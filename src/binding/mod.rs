//! Conversion between JavaScript and the core: packed batches, promises, errors, events. Nothing is
//! decided here; defaults and validation lie above, in `lib/`.
#![allow(
    clippy::needless_pass_by_value,
    reason = "the generated glue hands arguments over by value"
)]
#![allow(
    missing_docs,
    reason = "fields are documented where their meaning is not in their name"
)]

mod admin;
mod administered;
mod broker;
mod consumer;
mod error;
mod metrics;
mod notices;
mod producer;
mod questions;
mod reply;
