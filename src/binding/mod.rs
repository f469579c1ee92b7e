//! Conversion between JavaScript and the core: packed batches, promises, errors, events. Nothing is
//! decided here; defaults and validation lie above, in `lib/`.

mod broker;
mod consumer;
mod error;
mod producer;
mod reply;
