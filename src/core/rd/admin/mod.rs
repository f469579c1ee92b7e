//! Requests about topics, groups and the cluster, and their answers. All of them block.

mod cluster;
mod configs;
mod groups;
mod offsets;
mod topics;

use std::ffi::{CStr, CString, c_char};
use std::sync::Arc;
use std::time::Duration;
use std::{ptr, slice};

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;
use sys::rd_kafka_admin_op_t as Op;

pub use cluster::{Broker, ClusterDescription, describe_cluster};
pub use configs::{ConfigEntry, alter_topic_configs, topic_configs};
pub use groups::{
    GroupDescription, GroupListing, GroupMember, alter_group_offsets, delete_groups, describe_groups,
    group_offsets, list_groups,
};
pub use offsets::list_offsets;
pub use topics::{NewTopic, add_partitions, create_topics, delete_records, delete_topics, describe_topics};

use super::{Event, Handle, NO_ERROR, Queue, error_text, timeout_ms};

/// How much later than its timeout librdkafka may give its answer.
const LATENESS: Duration = Duration::from_secs(1);

/// Why something was not done.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Kafka's or librdkafka's error.
    pub cause: RDKafkaRespErr,
    /// The broker's words for it, where it has any.
    pub text: String,
}

impl Refusal {
    /// With librdkafka's words for it.
    fn of(cause: RDKafkaRespErr) -> Self {
        Self {
            cause,
            text: error_text(cause).to_owned(),
        }
    }

    /// # Safety
    /// `text` must be null or a string that is live.
    unsafe fn with_text(cause: RDKafkaRespErr, text: *const c_char) -> Option<Self> {
        if cause == NO_ERROR {
            return None;
        }
        // SAFETY: the caller's promise.
        let text = unsafe { text_of(text) };
        Some(if text.is_empty() {
            Self::of(cause)
        } else {
            Self { cause, text }
        })
    }

    /// # Safety
    /// `error` must be null or live.
    unsafe fn of_error(error: *const sys::rd_kafka_error_t) -> Option<Self> {
        if error.is_null() {
            return None;
        }
        // SAFETY: the string lives as long as the error.
        unsafe { Self::with_text(sys::rd_kafka_error_code(error), sys::rd_kafka_error_string(error)) }
    }
}

/// What became of a topic or a group that was to be changed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Why it was not.
    pub refusal: Option<Refusal>,
}

/// How much longer librdkafka may take for what a coordinator is asked: it must not time out before its instance is gone.
const COORDINATOR_PATIENCE: Duration = Duration::from_secs(60);

/// Sends a request and waits for its answer, at the latest a little after `timeout`. What goes to coordinators of groups
/// needs an instance of its own, see `core::admin::Coordinators`.
///
/// `send` gets the handle, the options and the queue for the answer, all of which librdkafka copies or counts.
fn ask(
    handle: &Arc<Handle>,
    op: Op,
    timeout: Duration,
    send: impl FnOnce(*mut sys::rd_kafka_t, *const sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t),
) -> Result<Event, Refusal> {
    let replies =
        Queue::create(handle).ok_or_else(|| Refusal::of(RDKafkaRespErr::RD_KAFKA_RESP_ERR__FAIL))?;
    // SAFETY: the options are ours; the queue lives until the answer is here or is no longer waited for, and
    // librdkafka keeps a reference of its own.
    unsafe {
        let options = sys::rd_kafka_AdminOptions_new(handle.ptr(), op);
        let limit = timeout_ms(if is_for_coordinators(op) {
            timeout + COORDINATOR_PATIENCE
        } else {
            timeout
        });
        // a limit that librdkafka does not take leaves its own, a minute
        sys::rd_kafka_AdminOptions_set_request_timeout(options, limit, ptr::null_mut(), 0);
        if matches!(
            op,
            Op::RD_KAFKA_ADMIN_OP_CREATETOPICS
                | Op::RD_KAFKA_ADMIN_OP_DELETETOPICS
                | Op::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS
                | Op::RD_KAFKA_ADMIN_OP_DELETERECORDS
        ) {
            sys::rd_kafka_AdminOptions_set_operation_timeout(options, limit, ptr::null_mut(), 0);
        }
        send(handle.ptr(), options, replies.ptr());
        sys::rd_kafka_AdminOptions_destroy(options);
    }
    // a coordinator has longer, so nothing that is late is worth a wait
    answer(
        &replies,
        if is_for_coordinators(op) {
            timeout
        } else {
            timeout + LATENESS
        },
    )
}

fn is_for_coordinators(op: Op) -> bool {
    matches!(
        op,
        Op::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS
            | Op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS
            | Op::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS
            | Op::RD_KAFKA_ADMIN_OP_DELETEGROUPS
    )
}

/// Waits for the answer to a request.
fn answer(replies: &Queue, timeout: Duration) -> Result<Event, Refusal> {
    let answer = replies
        .poll(timeout)
        .ok_or_else(|| Refusal::of(RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT))?;
    match answer.error() {
        NO_ERROR => Ok(answer),
        cause => Err(Refusal {
            cause,
            text: answer.error_text(),
        }),
    }
}

/// # Safety
/// `read` must write to where it is told how many entries there are in the array that it gives, and those must
/// outlive `'a`.
unsafe fn array<'a, T>(read: impl FnOnce(*mut usize) -> *mut T) -> &'a [T] {
    let mut count = 0;
    let start = read(&raw mut count);
    if start.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(start, count) }
}

/// # Safety
/// `text` must be null or a string that is live.
unsafe fn text_of(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// # Safety
/// As [`text_of`].
unsafe fn optional_text(text: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { text_of(text) })
}

/// A name as librdkafka takes it; none has a NUL in it.
fn c_string(text: &str, otherwise: RDKafkaRespErr) -> Result<CString, Refusal> {
    CString::new(text).map_err(|_| Refusal::of(otherwise))
}
