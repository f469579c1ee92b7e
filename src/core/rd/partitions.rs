use std::ffi::{CStr, CString};
use std::ptr::NonNull;

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

/// A partition with an offset and, in answers, an error.
#[derive(Clone, Debug)]
pub struct PartitionOffset {
    /// Topic.
    pub topic: String,
    /// Partition number.
    pub partition: i32,
    /// An offset or one of librdkafka's negative stand-ins.
    pub offset: i64,
    /// `NO_ERROR`, or why this partition failed.
    pub error: RDKafkaRespErr,
}

/// librdkafka's list of partitions, for a call.
pub struct Partitions(NonNull<sys::rd_kafka_topic_partition_list_t>);

impl Partitions {
    /// A list of `entries` as (topic, partition, offset).
    pub fn of<'a>(entries: impl IntoIterator<Item = (&'a str, i32, i64)>) -> Self {
        // SAFETY: allocation only; librdkafka aborts the process when out of memory.
        let list = unsafe { sys::rd_kafka_topic_partition_list_new(8) };
        let list = Self(NonNull::new(list).expect("librdkafka never returns null here"));
        for (topic, partition, offset) in entries {
            let Ok(topic) = CString::new(topic) else {
                continue;
            };
            // SAFETY: the list is ours and the entry just added.
            unsafe {
                let entry = sys::rd_kafka_topic_partition_list_add(list.ptr(), topic.as_ptr(), partition);
                (*entry).offset = offset;
            }
        }
        list
    }

    pub(super) fn ptr(&self) -> *mut sys::rd_kafka_topic_partition_list_t {
        self.0.as_ptr()
    }

    /// The entries with what a call wrote into them.
    pub fn entries(&self) -> Vec<PartitionOffset> {
        // SAFETY: the list is live.
        unsafe { read(self.ptr()) }
    }
}

impl Drop for Partitions {
    fn drop(&mut self) {
        // SAFETY: the list is ours.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.ptr()) };
    }
}

/// # Safety
/// `list` must be null or live.
pub(super) unsafe fn read(list: *const sys::rd_kafka_topic_partition_list_t) -> Vec<PartitionOffset> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: `elems` holds `cnt` entries with NUL-terminated names.
    unsafe {
        let count = usize::try_from((*list).cnt).unwrap_or(0);
        (0..count)
            .map(|index| {
                let entry = &*(*list).elems.add(index);
                PartitionOffset {
                    topic: CStr::from_ptr(entry.topic).to_string_lossy().into_owned(),
                    partition: entry.partition,
                    offset: entry.offset,
                    error: entry.err,
                }
            })
            .collect()
    }
}
