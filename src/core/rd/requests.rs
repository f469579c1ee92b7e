//! Calls that ask the cluster something and wait for the answer. They block, so they run on
//! threads made for them.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::time::Duration;
use std::{ptr, slice};

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

use super::{
    Handle, NO_ERROR, OFFSET_END, PartitionDescription, PartitionOffset, Partitions, Queue, take_error,
    timeout_ms,
};

/// What the cluster knows of a topic.
#[derive(Clone, Debug)]
pub struct TopicMetadata {
    /// `NO_ERROR`, or why it is unusable.
    pub error: RDKafkaRespErr,
    /// How many partitions it has.
    pub partitions: i32,
    /// All of them have a leader.
    pub has_leaders: bool,
}

/// What any broker knows of the cluster.
#[derive(Clone, Debug)]
pub struct ClusterMetadata {
    /// Number, host and port.
    pub brokers: Vec<(i32, String, i32)>,
    /// All topics with their partitions.
    pub topics: BTreeMap<String, Vec<PartitionDescription>>,
}

impl Handle {
    /// Metadata of `topic` (created when the broker allows it), or of all topics.
    pub fn metadata(
        &self,
        topic: Option<&str>,
        timeout: Duration,
    ) -> Result<BTreeMap<String, TopicMetadata>, RDKafkaRespErr> {
        let name = match topic {
            Some(topic) => {
                Some(CString::new(topic).map_err(|_| RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)?)
            }
            None => None,
        };
        let mut metadata = ptr::null();
        // SAFETY: the topic object is released below; the answer is read and released here.
        unsafe {
            let rkt = name.as_ref().map_or(ptr::null_mut(), |name| {
                sys::rd_kafka_topic_new(self.ptr(), name.as_ptr(), ptr::null_mut())
            });
            let error = sys::rd_kafka_metadata(
                self.ptr(),
                i32::from(name.is_none()),
                rkt,
                &raw mut metadata,
                timeout_ms(timeout),
            );
            if !rkt.is_null() {
                sys::rd_kafka_topic_destroy(rkt);
            }
            if error != NO_ERROR {
                return Err(error);
            }
            let topics = read_metadata(metadata);
            sys::rd_kafka_metadata_destroy(metadata);
            Ok(topics)
        }
    }

    /// Asks any broker for all topics and brokers.
    pub fn cluster_metadata(&self, timeout: Duration) -> Result<ClusterMetadata, RDKafkaRespErr> {
        self.metadata_of(true, timeout, |metadata| {
            // SAFETY: the answer lives until this has read it.
            unsafe { read_cluster(metadata) }
        })
    }

    /// Asks any broker for an answer, whichever comes first.
    pub fn ping(&self, timeout: Duration) -> Result<(), RDKafkaRespErr> {
        self.metadata_of(false, timeout, |_| ())
    }

    /// Asks any broker about all topics, or about those alone that are known here, and reads the answer.
    fn metadata_of<T>(
        &self,
        all_topics: bool,
        timeout: Duration,
        read: impl FnOnce(*const sys::rd_kafka_metadata) -> T,
    ) -> Result<T, RDKafkaRespErr> {
        let mut metadata = ptr::null();
        // SAFETY: the answer is read and released here.
        unsafe {
            let error = sys::rd_kafka_metadata(
                self.ptr(),
                i32::from(all_topics),
                ptr::null_mut(),
                &raw mut metadata,
                timeout_ms(timeout),
            );
            if error != NO_ERROR {
                return Err(error);
            }
            let answer = read(metadata);
            sys::rd_kafka_metadata_destroy(metadata);
            Ok(answer)
        }
    }

    /// The group's committed offsets; `OFFSET_INVALID` where there is none.
    pub fn committed(
        &self,
        partitions: &Partitions,
        timeout: Duration,
    ) -> Result<Vec<PartitionOffset>, RDKafkaRespErr> {
        // SAFETY: the list outlives the call.
        let error = unsafe { sys::rd_kafka_committed(self.ptr(), partitions.ptr(), timeout_ms(timeout)) };
        answer(error, partitions)
    }

    /// The offsets after the last record of each partition.
    pub fn end_offsets(
        &self,
        partitions: &[(String, i32)],
        timeout: Duration,
    ) -> Result<Vec<PartitionOffset>, RDKafkaRespErr> {
        let list = Partitions::of(partitions.iter().map(|(t, p)| (t.as_str(), *p, OFFSET_END)));
        self.offsets_at(&list, timeout)
    }

    /// The offset of the first record at or after the time that stands in the place of each offset, `OFFSET_END`
    /// where there is none. `OFFSET_BEGINNING` and `OFFSET_END` are times too.
    pub fn offsets_at(
        &self,
        times: &Partitions,
        timeout: Duration,
    ) -> Result<Vec<PartitionOffset>, RDKafkaRespErr> {
        // SAFETY: the list outlives the call.
        let error = unsafe { sys::rd_kafka_offsets_for_times(self.ptr(), times.ptr(), timeout_ms(timeout)) };
        answer(error, times)
    }

    /// Fetches each of `partitions`, which are assigned, from its offset; what was fetched before is thrown away.
    pub fn seek(
        &self,
        partitions: &Partitions,
        timeout: Duration,
    ) -> Result<Vec<PartitionOffset>, (RDKafkaRespErr, String)> {
        // SAFETY: the list outlives the call.
        let error = unsafe {
            take_error(sys::rd_kafka_seek_partitions(
                self.ptr(),
                partitions.ptr(),
                timeout_ms(timeout),
            ))
        };
        error.map_or_else(|| Ok(partitions.entries()), Err)
    }

    /// Replaces the set of subscribed topics; an empty one leaves the group.
    pub fn subscribe<'a>(&self, topics: impl IntoIterator<Item = &'a str>) -> Result<(), RDKafkaRespErr> {
        let mut topics = topics.into_iter().peekable();
        let error = if topics.peek().is_none() {
            // SAFETY: plain call on a live consumer.
            unsafe { sys::rd_kafka_unsubscribe(self.ptr()) }
        } else {
            let list = Partitions::of(topics.map(|topic| (topic, -1, 0)));
            // SAFETY: librdkafka copies the list.
            unsafe { sys::rd_kafka_subscribe(self.ptr(), list.ptr()) }
        };
        if error == NO_ERROR { Ok(()) } else { Err(error) }
    }

    /// Whether the group's protocol moves partitions one by one.
    pub fn is_cooperative(&self) -> bool {
        // SAFETY: a static string or null.
        let protocol = unsafe { sys::rd_kafka_rebalance_protocol(self.ptr()) };
        // SAFETY: NUL-terminated when not null.
        !protocol.is_null() && unsafe { CStr::from_ptr(protocol) }.to_bytes() == b"COOPERATIVE"
    }

    /// Whether the group's protocol is that of KIP-848.
    pub fn is_kip_848(&self) -> bool {
        self.property(c"group.protocol").starts_with(b"consumer\0")
    }

    /// Whether this member has a name of its own, under which it comes back.
    pub fn is_static(&self) -> bool {
        self.property(c"group.instance.id")[0] != 0
    }

    /// The beginning of a property's value, up to a NUL; empty when it is not set.
    fn property(&self, name: &CStr) -> [u8; 16] {
        let mut value = [0u8; 16];
        let mut size = value.len();
        // SAFETY: the configuration lives as long as the handle; at most `size` bytes are written.
        let found = unsafe {
            let config = sys::rd_kafka_conf(self.ptr());
            sys::rd_kafka_conf_get(config, name.as_ptr(), value.as_mut_ptr().cast(), &raw mut size)
        };
        if found == sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
            value
        } else {
            [0; 16]
        }
    }

    /// Whether the coordinator has named this member, and it has not said that it leaves.
    pub fn has_member_id(&self) -> bool {
        // SAFETY: null, or a string of ours, which is released here.
        unsafe {
            let id = sys::rd_kafka_memberid(self.ptr());
            let is_named = !id.is_null() && *id != 0;
            sys::rd_kafka_mem_free(self.ptr(), id.cast());
            is_named
        }
    }

    /// Whether this is a member of its group now, by the number that the coordinator gave it.
    pub fn is_member(&self) -> bool {
        // SAFETY: null or an answer of ours, which is released here.
        unsafe {
            let metadata = sys::rd_kafka_consumer_group_metadata(self.ptr());
            if metadata.is_null() {
                return false;
            }
            let generation = sys::rd_kafka_consumer_group_metadata_generation_id(metadata);
            sys::rd_kafka_consumer_group_metadata_destroy(metadata);
            generation > 0
        }
    }

    /// Whether the partitions just revoked already belong to somebody else.
    pub fn assignment_lost(&self) -> bool {
        // SAFETY: plain call on a live handle.
        unsafe { sys::rd_kafka_assignment_lost(self.ptr()) != 0 }
    }

    /// Starts to fetch `partitions` from their offsets, beside what is assigned or instead of it.
    pub fn assign(&self, partitions: &Partitions) -> Result<(), (RDKafkaRespErr, String)> {
        if self.is_cooperative() {
            return self.assign_more(partitions);
        }
        // SAFETY: librdkafka copies the list.
        plain(unsafe { sys::rd_kafka_assign(self.ptr(), partitions.ptr()) })
    }

    /// Gives `partitions` up (all of them when the protocol is not cooperative).
    pub fn unassign(&self, partitions: &Partitions) -> Result<(), (RDKafkaRespErr, String)> {
        if self.is_cooperative() {
            return self.assign_less(partitions);
        }
        // SAFETY: null gives everything up.
        plain(unsafe { sys::rd_kafka_assign(self.ptr(), ptr::null()) })
    }

    /// Starts to fetch `partitions` from their offsets beside what is assigned, also without a group.
    pub fn assign_more(&self, partitions: &Partitions) -> Result<(), (RDKafkaRespErr, String)> {
        // SAFETY: librdkafka copies the list.
        let error = unsafe { take_error(sys::rd_kafka_incremental_assign(self.ptr(), partitions.ptr())) };
        error.map_or(Ok(()), Err)
    }

    /// Gives `partitions` up and goes on with the others.
    pub fn assign_less(&self, partitions: &Partitions) -> Result<(), (RDKafkaRespErr, String)> {
        // SAFETY: librdkafka copies the list.
        let error = unsafe { take_error(sys::rd_kafka_incremental_unassign(self.ptr(), partitions.ptr())) };
        error.map_or(Ok(()), Err)
    }

    /// Sends a commit; its answer comes as an event on `replies`.
    pub fn commit(&self, partitions: &Partitions, replies: &Queue) -> Result<(), RDKafkaRespErr> {
        // SAFETY: librdkafka copies the list; without a callback the answer is an event.
        let error = unsafe {
            sys::rd_kafka_commit_queue(self.ptr(), partitions.ptr(), replies.ptr(), None, ptr::null_mut())
        };
        if error == NO_ERROR { Ok(()) } else { Err(error) }
    }

    /// Log start and end of a partition as the broker last told, without asking it.
    pub fn known_watermarks(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        let topic = CString::new(topic).ok()?;
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the out parameters outlive the call.
        let error = unsafe {
            sys::rd_kafka_get_watermark_offsets(
                self.ptr(),
                topic.as_ptr(),
                partition,
                &raw mut low,
                &raw mut high,
            )
        };
        (error == NO_ERROR).then_some((low, high))
    }
}

fn answer(error: RDKafkaRespErr, partitions: &Partitions) -> Result<Vec<PartitionOffset>, RDKafkaRespErr> {
    if error == NO_ERROR {
        Ok(partitions.entries())
    } else {
        Err(error)
    }
}

fn plain(error: RDKafkaRespErr) -> Result<(), (RDKafkaRespErr, String)> {
    if error == NO_ERROR {
        Ok(())
    } else {
        Err((error, super::error_text(error).to_owned()))
    }
}

/// # Safety
/// `metadata` must be live.
unsafe fn read_metadata(metadata: *const sys::rd_kafka_metadata) -> BTreeMap<String, TopicMetadata> {
    // SAFETY: the arrays have the lengths that stand beside them.
    unsafe {
        let count = usize::try_from((*metadata).topic_cnt).unwrap_or(0);
        (0..count)
            .map(|index| {
                let topic = &*(*metadata).topics.add(index);
                let partitions = usize::try_from(topic.partition_cnt).unwrap_or(0);
                let has_leaders =
                    (0..partitions).all(|partition| (*topic.partitions.add(partition)).leader >= 0);
                (
                    CStr::from_ptr(topic.topic).to_string_lossy().into_owned(),
                    TopicMetadata {
                        error: topic.err,
                        partitions: topic.partition_cnt,
                        has_leaders,
                    },
                )
            })
            .collect()
    }
}

/// # Safety
/// `metadata` must be live.
unsafe fn read_cluster(metadata: *const sys::rd_kafka_metadata) -> ClusterMetadata {
    // SAFETY: the arrays have the lengths that stand beside them.
    unsafe {
        let brokers = entries((*metadata).brokers, (*metadata).broker_cnt);
        let topics = entries((*metadata).topics, (*metadata).topic_cnt);
        ClusterMetadata {
            brokers: brokers
                .iter()
                .map(|broker| (broker.id, text(broker.host), broker.port))
                .collect(),
            topics: topics
                .iter()
                .map(|topic| {
                    let partitions = entries(topic.partitions, topic.partition_cnt).iter();
                    let described = partitions.map(|partition| PartitionDescription {
                        partition: partition.id,
                        leader: partition.leader,
                        replicas: entries(partition.replicas, partition.replica_cnt).to_vec(),
                        in_sync: entries(partition.isrs, partition.isr_cnt).to_vec(),
                    });
                    (text(topic.topic), described.collect())
                })
                .collect(),
        }
    }
}

/// # Safety
/// `first` must be null or point to `count` entries that outlive `'a`.
unsafe fn entries<'a, T>(first: *const T, count: i32) -> &'a [T] {
    let count = usize::try_from(count).unwrap_or(0);
    if first.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(first, count) }
}

/// # Safety
/// `text` must be a string that is live.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
