//! Topics: creating, describing, making larger and smaller, deleting.

use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

use super::{LATENESS, Op, Outcome, Refusal, answer, array, ask, c_string, text_of};
use crate::core::rd::{
    Event, Handle, NO_ERROR, PartitionOffset, Partitions, Queue, TopicDescription, partitions,
};

/// Whichever number the broker is set to.
const BROKERS_DEFAULT: i32 = -1;

/// A topic to create, in librdkafka's form.
pub struct NewTopic(NonNull<sys::rd_kafka_NewTopic_t>);

impl NewTopic {
    /// Numbers that are left out are the broker's own.
    pub fn new<'a>(
        topic: &str,
        partitions: Option<i32>,
        replication_factor: Option<i32>,
        config: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Refusal> {
        let topic = c_string(topic, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)?;
        let mut reason = [0u8; 256];
        // SAFETY: name and buffer outlive the call.
        let created = unsafe {
            sys::rd_kafka_NewTopic_new(
                topic.as_ptr(),
                partitions.unwrap_or(BROKERS_DEFAULT),
                replication_factor.unwrap_or(BROKERS_DEFAULT),
                reason.as_mut_ptr().cast(),
                reason.len(),
            )
        };
        let invalid = || Refusal::of(RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_PARTITIONS);
        let created = Self(NonNull::new(created).ok_or_else(invalid)?);
        for (name, value) in config {
            let invalid = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_CONFIG;
            let (name, value) = (c_string(name, invalid)?, c_string(value, invalid)?);
            // SAFETY: librdkafka copies both strings.
            let set = unsafe {
                sys::rd_kafka_NewTopic_set_config(created.0.as_ptr(), name.as_ptr(), value.as_ptr())
            };
            if set != NO_ERROR {
                return Err(Refusal::of(invalid));
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

/// Asks the controller to create `topics`; gives what became of each, or why nothing is known.
pub fn create_topics(
    handle: &Arc<Handle>,
    topics: &[NewTopic],
    timeout: Duration,
) -> Result<Vec<Outcome>, Refusal> {
    let mut pointers: Vec<_> = topics.iter().map(|topic| topic.0.as_ptr()).collect();
    let op = Op::RD_KAFKA_ADMIN_OP_CREATETOPICS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies the topics.
        unsafe { sys::rd_kafka_CreateTopics(rk, pointers.as_mut_ptr(), pointers.len(), options, queue) }
    })?;
    // SAFETY: the result lives as long as the event.
    Ok(outcomes(unsafe {
        let result = sys::rd_kafka_event_CreateTopics_result(answer.ptr());
        array(|count| sys::rd_kafka_CreateTopics_result_topics(result, count))
    }))
}

/// Asks the controller to delete `topics`; gives what became of each, or why nothing is known.
pub fn delete_topics(
    handle: &Arc<Handle>,
    topics: &[String],
    timeout: Duration,
) -> Result<Vec<Outcome>, Refusal> {
    let names = topics
        .iter()
        .map(|topic| c_string(topic, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION))
        .collect::<Result<Vec<_>, _>>()?;
    let op = Op::RD_KAFKA_ADMIN_OP_DELETETOPICS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies names and topics, which are released here.
        unsafe {
            let mut deleted: Vec<_> = names
                .iter()
                .map(|name| sys::rd_kafka_DeleteTopic_new(name.as_ptr()))
                .collect();
            sys::rd_kafka_DeleteTopics(rk, deleted.as_mut_ptr(), deleted.len(), options, queue);
            sys::rd_kafka_DeleteTopic_destroy_array(deleted.as_mut_ptr(), deleted.len());
        }
    })?;
    // SAFETY: the result lives as long as the event.
    Ok(outcomes(unsafe {
        let result = sys::rd_kafka_event_DeleteTopics_result(answer.ptr());
        array(|count| sys::rd_kafka_DeleteTopics_result_topics(result, count))
    }))
}

/// Asks the controller to give `topic` partitions up to a count of `total`.
pub fn add_partitions(
    handle: &Arc<Handle>,
    topic: &str,
    total: usize,
    timeout: Duration,
) -> Result<Vec<Outcome>, Refusal> {
    let name = c_string(topic, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)?;
    let mut reason = [0u8; 256];
    // SAFETY: name and buffer outlive the call.
    let created = unsafe {
        sys::rd_kafka_NewPartitions_new(name.as_ptr(), total, reason.as_mut_ptr().cast(), reason.len())
    };
    let invalid = || Refusal::of(RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_PARTITIONS);
    let mut created = NonNull::new(created).ok_or_else(invalid)?.as_ptr();
    let op = Op::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies what is asked for, which is released here.
        unsafe {
            sys::rd_kafka_CreatePartitions(rk, &raw mut created, 1, options, queue);
            sys::rd_kafka_NewPartitions_destroy(created);
        }
    });
    let answer = answer?;
    // SAFETY: the result lives as long as the event.
    Ok(outcomes(unsafe {
        let result = sys::rd_kafka_event_CreatePartitions_result(answer.ptr());
        array(|count| sys::rd_kafka_CreatePartitions_result_topics(result, count))
    }))
}

/// Asks the leaders to delete what lies before the offset of each partition, `OFFSET_END` for everything; gives where
/// each begins then.
pub fn delete_records(
    handle: &Arc<Handle>,
    before: &Partitions,
    timeout: Duration,
) -> Result<Vec<PartitionOffset>, Refusal> {
    let op = Op::RD_KAFKA_ADMIN_OP_DELETERECORDS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies the list, and the request, which is released here.
        unsafe {
            let mut request = sys::rd_kafka_DeleteRecords_new(before.ptr());
            sys::rd_kafka_DeleteRecords(rk, &raw mut request, 1, options, queue);
            sys::rd_kafka_DeleteRecords_destroy(request);
        }
    })?;
    // SAFETY: the result lives as long as the event.
    Ok(unsafe {
        let result = sys::rd_kafka_event_DeleteRecords_result(answer.ptr());
        if result.is_null() {
            return Ok(Vec::new());
        }
        partitions::read(sys::rd_kafka_DeleteRecords_result_offsets(result))
    })
}

/// Asks the controller for descriptions, and for one's rights where `with_rights`; each may say why there is none.
pub fn describe_topics(
    handle: &Arc<Handle>,
    topics: &[String],
    with_rights: bool,
    timeout: Duration,
) -> Result<Vec<TopicDescription>, Refusal> {
    let replies =
        Queue::create(handle).ok_or_else(|| Refusal::of(RDKafkaRespErr::RD_KAFKA_RESP_ERR__FAIL))?;
    if !handle.describe_topics(topics.iter().map(String::as_str), with_rights, timeout, &replies) {
        return Err(Refusal::of(
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
        ));
    }
    answer(&replies, timeout + LATENESS).map(|answer: Event| answer.topic_descriptions())
}

/// What became of each topic; the entries are live.
fn outcomes(results: &[*const sys::rd_kafka_topic_result_t]) -> Vec<Outcome> {
    results
        .iter()
        // SAFETY: entries of a result whose event the caller holds.
        .map(|result| unsafe {
            Outcome {
                name: text_of(sys::rd_kafka_topic_result_name(*result)),
                refusal: Refusal::with_text(
                    sys::rd_kafka_topic_result_error(*result),
                    sys::rd_kafka_topic_result_error_string(*result),
                ),
            }
        })
        .collect()
}
