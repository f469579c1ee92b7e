//! Creating topics.

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

use super::event::TopicResult;
use super::{Handle, NO_ERROR, Queue, error_text, timeout_ms};

/// How much later than its timeout librdkafka may give its answer.
const LATENESS: Duration = Duration::from_secs(1);

/// Whichever number the broker is set to.
const BROKERS_DEFAULT: i32 = -1;

/// A topic to create, in librdkafka's form.
pub struct NewTopic(NonNull<sys::rd_kafka_NewTopic_t>);

impl NewTopic {
    /// Replicated as the broker's default says.
    pub fn new<'a>(
        topic: &str,
        partitions: i32,
        config: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, RDKafkaRespErr> {
        let topic = CString::new(topic).map_err(|_| RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)?;
        let mut reason = [0u8; 256];
        // SAFETY: name and buffer outlive the call.
        let created = unsafe {
            sys::rd_kafka_NewTopic_new(
                topic.as_ptr(),
                partitions,
                BROKERS_DEFAULT,
                reason.as_mut_ptr().cast(),
                reason.len(),
            )
        };
        let created =
            Self(NonNull::new(created).ok_or(RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_PARTITIONS)?);
        for (name, value) in config {
            let invalid = |_| RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_CONFIG;
            let (name, value) = (
                CString::new(name).map_err(invalid)?,
                CString::new(value).map_err(invalid)?,
            );
            // SAFETY: librdkafka copies both strings.
            let set = unsafe {
                sys::rd_kafka_NewTopic_set_config(created.0.as_ptr(), name.as_ptr(), value.as_ptr())
            };
            if set != NO_ERROR {
                return Err(RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_CONFIG);
            }
        }
        Ok(created)
    }
}

impl Drop for NewTopic {
    fn drop(&mut self) {
        // SAFETY: the topic is ours; librdkafka copied what it needed.
        unsafe { sys::rd_kafka_NewTopic_destroy(self.0.as_ptr()) };
    }
}

/// Asks the controller to create `topics`; gives what became of each, or why nothing is known. Blocks.
pub fn create_topics(
    handle: &Arc<Handle>,
    topics: &[NewTopic],
    timeout: Duration,
) -> Result<Vec<TopicResult>, (RDKafkaRespErr, String)> {
    let replies = Queue::create(handle).ok_or_else(|| failed(RDKafkaRespErr::RD_KAFKA_RESP_ERR__FAIL))?;
    let mut pointers: Vec<_> = topics.iter().map(|topic| topic.0.as_ptr()).collect();
    let mut reason = [0u8; 256];
    // SAFETY: librdkafka copies topics and options; the queue lives until the answer is here or is no
    // longer waited for, and librdkafka keeps a reference of its own.
    unsafe {
        let options = sys::rd_kafka_AdminOptions_new(
            handle.ptr(),
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATETOPICS,
        );
        let limit = timeout_ms(timeout);
        let (text, size) = (reason.as_mut_ptr().cast(), reason.len());
        // a limit that librdkafka does not take leaves its own, a minute
        sys::rd_kafka_AdminOptions_set_request_timeout(options, limit, text, size);
        sys::rd_kafka_AdminOptions_set_operation_timeout(options, limit, text, size);
        sys::rd_kafka_CreateTopics(
            handle.ptr(),
            pointers.as_mut_ptr(),
            pointers.len(),
            options,
            replies.ptr(),
        );
        sys::rd_kafka_AdminOptions_destroy(options);
    }
    let answer = replies
        .poll(timeout + LATENESS)
        .ok_or_else(|| failed(RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT))?;
    match answer.error() {
        NO_ERROR => Ok(answer.topic_results()),
        cause => Err((cause, answer.error_text())),
    }
}

fn failed(cause: RDKafkaRespErr) -> (RDKafkaRespErr, String) {
    (cause, error_text(cause).to_owned())
}
