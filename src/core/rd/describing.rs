//! Asking which topics stand behind their names.

use std::ffi::{CStr, CString};
use std::time::Duration;
use std::{ptr, slice};

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

use super::{Event, Handle, NO_ERROR, Queue, timeout_ms};

/// How ids of librdkafka's mock clusters begin.
const MOCK_CLUSTER: &str = "mockCluster";

/// A topic as the cluster describes it.
#[derive(Clone, Debug)]
pub struct TopicDescription {
    /// Its name.
    pub topic: String,
    /// `NO_ERROR`, or why nothing else is known of it.
    pub error: RDKafkaRespErr,
    /// What no other topic has, one of the same name before or after it included. Brokers before 2.8 give none.
    pub id: Option<String>,
    /// Whether it is one of Kafka's own.
    pub is_internal: bool,
    /// In the order of their numbers.
    pub partitions: Vec<PartitionDescription>,
    /// What may be done with it, by Kafka's names. Not known where rights were not asked for; brokers before 2.3 do not tell.
    pub operations: Option<Vec<&'static str>>,
}

impl TopicDescription {
    /// Whether its records may be read, where that is known.
    pub fn is_readable(&self) -> Option<bool> {
        Some(self.operations.as_ref()?.contains(&"READ"))
    }
}

/// A partition as the cluster describes it; brokers are numbers.
#[derive(Clone, Debug)]
pub struct PartitionDescription {
    /// Its number.
    pub partition: i32,
    /// The broker that it is read from and written to, -1 while there is none.
    pub leader: i32,
    /// The brokers that keep it.
    pub replicas: Vec<i32>,
    /// Those that have all of it.
    pub in_sync: Vec<i32>,
}

impl Handle {
    /// Whether it has reached an embedded cluster.
    pub fn is_embedded(&self) -> bool {
        self.cluster_id().is_some_and(|id| id.starts_with(MOCK_CLUSTER))
    }

    /// The cluster's id, where a broker has told it already.
    pub fn cluster_id(&self) -> Option<String> {
        // SAFETY: null or a string of ours, which is copied and released here.
        unsafe {
            let id = sys::rd_kafka_clusterid(self.ptr(), 0);
            if id.is_null() {
                return None;
            }
            let copy = CStr::from_ptr(id).to_string_lossy().into_owned();
            sys::rd_kafka_mem_free(self.ptr(), id.cast());
            Some(copy)
        }
    }

    /// Asks for descriptions, and for one's rights where `with_rights`; the answer comes as an event on `replies`, at the latest a little after `timeout`. False where there is
    /// nobody to ask: librdkafka asks the controller, and an embedded cluster names one that it does not have.
    pub fn describe_topics<'a>(
        &self,
        topics: impl IntoIterator<Item = &'a str>,
        with_rights: bool,
        timeout: Duration,
        replies: &Queue,
    ) -> bool {
        if self.cluster_id().is_none_or(|id| id.starts_with(MOCK_CLUSTER)) {
            return false;
        }
        let names: Vec<CString> = topics
            .into_iter()
            .filter_map(|topic| CString::new(topic).ok())
            .collect();
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: librdkafka copies names and options, and keeps a reference of its own to the queue.
        unsafe {
            let collection =
                sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
            let options = sys::rd_kafka_AdminOptions_new(
                self.ptr(),
                sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            );
            // a limit that librdkafka does not take leaves its own, a minute
            sys::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms(timeout), ptr::null_mut(), 0);
            let refused =
                sys::rd_kafka_AdminOptions_set_include_authorized_operations(options, i32::from(with_rights));
            if !refused.is_null() {
                sys::rd_kafka_error_destroy(refused);
            }
            sys::rd_kafka_DescribeTopics(self.ptr(), collection, options, replies.ptr());
            sys::rd_kafka_AdminOptions_destroy(options);
            sys::rd_kafka_TopicCollection_destroy(collection);
        }
        true
    }
}

impl Event {
    /// The topics that were described; none where the request failed.
    pub fn topic_descriptions(&self) -> Vec<TopicDescription> {
        // SAFETY: null, or a result that lives as long as the event and whose arrays have
        // the entries that their counts say.
        unsafe {
            let result = sys::rd_kafka_event_DescribeTopics_result(self.ptr());
            if result.is_null() {
                return Vec::new();
            }
            let mut count = 0;
            let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
            (0..count)
                .map(|index| {
                    let topic = *topics.add(index);
                    let error = sys::rd_kafka_TopicDescription_error(topic);
                    let id = sys::rd_kafka_TopicDescription_topic_id(topic);
                    let mut rights = 0;
                    let first = sys::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut rights);
                    TopicDescription {
                        topic: CStr::from_ptr(sys::rd_kafka_TopicDescription_name(topic))
                            .to_string_lossy()
                            .into_owned(),
                        error: if error.is_null() {
                            NO_ERROR
                        } else {
                            sys::rd_kafka_error_code(error)
                        },
                        operations: operations_in(first, rights),
                        id: (!id.is_null() && !is_zero(id)).then(|| id_text(id)),
                        is_internal: sys::rd_kafka_TopicDescription_is_internal(topic) != 0,
                        partitions: partitions_of(topic),
                    }
                })
                .collect()
        }
    }
}

/// # Safety
/// `topic` must be live.
unsafe fn partitions_of(topic: *const sys::rd_kafka_TopicDescription_t) -> Vec<PartitionDescription> {
    let mut count = 0;
    // SAFETY: the array has as many entries as the count says, which live as long as the topic.
    unsafe {
        let partitions = sys::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
        (0..count)
            .map(|index| {
                let info = *partitions.add(index);
                let leader = sys::rd_kafka_TopicPartitionInfo_leader(info);
                let (mut replicas, mut in_sync) = (0, 0);
                let replica = sys::rd_kafka_TopicPartitionInfo_replicas(info, &raw mut replicas);
                let synced = sys::rd_kafka_TopicPartitionInfo_isr(info, &raw mut in_sync);
                let id_at =
                    |first: *mut *const sys::rd_kafka_Node_t, index| sys::rd_kafka_Node_id(*first.add(index));
                PartitionDescription {
                    partition: sys::rd_kafka_TopicPartitionInfo_partition(info),
                    leader: if leader.is_null() {
                        -1
                    } else {
                        sys::rd_kafka_Node_id(leader)
                    },
                    replicas: (0..replicas).map(|index| id_at(replica, index)).collect(),
                    in_sync: (0..in_sync).map(|index| id_at(synced, index)).collect(),
                }
            })
            .collect()
    }
}

/// What a description says of one's rights (KIP-430); `None` where it says nothing.
///
/// # Safety
/// `first` must be null or have `count` entries that are live.
pub(super) unsafe fn operations_in(
    first: *const sys::rd_kafka_AclOperation_t,
    count: usize,
) -> Option<Vec<&'static str>> {
    if first.is_null() {
        return None;
    }
    // SAFETY: the caller's promise; librdkafka gives a static string for every operation.
    unsafe {
        let operations = slice::from_raw_parts(first, count).iter();
        let name = |operation: &_| {
            CStr::from_ptr(sys::rd_kafka_AclOperation_name(*operation))
                .to_str()
                .ok()
        };
        Some(operations.filter_map(name).collect())
    }
}

/// As Kafka's tools show it.
///
/// # Safety
/// `id` must be live, and no other thread use it.
unsafe fn id_text(id: *const sys::rd_kafka_Uuid_t) -> String {
    // SAFETY: the string lives as long as the id.
    let text = unsafe { CStr::from_ptr(sys::rd_kafka_Uuid_base64str(id)) };
    text.to_string_lossy().replace('+', "-").replace('/', "_")
}

/// # Safety
/// `id` must be live.
unsafe fn is_zero(id: *const sys::rd_kafka_Uuid_t) -> bool {
    // SAFETY: plain getters.
    unsafe {
        sys::rd_kafka_Uuid_most_significant_bits(id) == 0
            && sys::rd_kafka_Uuid_least_significant_bits(id) == 0
    }
}
