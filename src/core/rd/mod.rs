//! The thin safe layer over librdkafka's C API, and the only place with `unsafe` in the core.
//!
//! The rdkafka crate's consumer and producer poll one message a call and look the topic up for each
//! record; the hot path needs librdkafka's batch calls, so handles are kept here. Its
//! configuration, metadata types and error names are used as they are.
#![allow(unsafe_code, reason = "this module is the boundary to the C library")]

mod admin;
mod certificate;
mod describing;
mod event;
mod handle;
mod message;
mod mock;
mod partitions;
mod queue;
mod requests;
mod topic;

use std::ffi::CStr;

pub use admin::{
    Broker, ClusterDescription, ConfigEntry, GroupDescription, GroupListing, GroupMember, NewTopic, Outcome,
    Refusal, add_partitions, alter_group_offsets, alter_topic_configs, create_topics, delete_groups,
    delete_records, delete_topics, describe_cluster, describe_groups, describe_topics, group_offsets,
    list_groups, list_offsets, topic_configs,
};
pub use certificate::refused_certificate;
pub use describing::{PartitionDescription, TopicDescription};
pub use event::{Delivery, Event, EventKind};
pub use handle::{Handle, Kind, Token};
pub use message::Message;
pub use mock::{MockCluster, injectable_error};
pub use partitions::{PartitionOffset, Partitions};
pub use queue::{Queue, Waker};
pub use topic::{OutgoingRecord, Topic};

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

/// `Ok` for `NO_ERROR`.
pub const NO_ERROR: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;

/// The offset that stands for a partition's beginning.
pub const OFFSET_BEGINNING: i64 = -2;

/// The offset that stands for a partition's end.
pub const OFFSET_END: i64 = -1;

/// The offset that stands for "none is known".
pub const OFFSET_INVALID: i64 = -1001;

/// librdkafka's short name of an error.
pub fn error_name(error: RDKafkaRespErr) -> &'static str {
    // SAFETY: librdkafka returns a static NUL-terminated string for every code.
    unsafe { CStr::from_ptr(sys::rd_kafka_err2name(error)) }
        .to_str()
        .unwrap_or("UNKNOWN")
}

/// librdkafka's description of an error.
pub fn error_text(error: RDKafkaRespErr) -> &'static str {
    // SAFETY: as above.
    unsafe { CStr::from_ptr(sys::rd_kafka_err2str(error)) }
        .to_str()
        .unwrap_or("unknown error")
}

/// Milliseconds as librdkafka's calls take them.
pub fn timeout_ms(timeout: std::time::Duration) -> i32 {
    i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)
}

/// The error of a call that returns `rd_kafka_error_t *` (null means success).
///
/// # Safety
/// `error` must be null or a pointer just returned by librdkafka, and not be used afterwards.
unsafe fn take_error(error: *mut sys::rd_kafka_error_t) -> Option<(RDKafkaRespErr, String)> {
    if error.is_null() {
        return None;
    }
    // SAFETY: the caller hands over a live error object.
    unsafe {
        let code = sys::rd_kafka_error_code(error);
        let text = CStr::from_ptr(sys::rd_kafka_error_string(error))
            .to_string_lossy()
            .into_owned();
        sys::rd_kafka_error_destroy(error);
        Some((code, text))
    }
}
