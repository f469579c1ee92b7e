use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::slice;

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
    /// What was committed beside the offset; empty where there is nothing.
    pub metadata: String,
}

/// librdkafka's list of partitions, for a call.
pub struct Partitions(NonNull<sys::rd_kafka_topic_partition_list_t>);

impl Partitions {
    /// A list of `entries` as (topic, partition, offset).
    pub fn of<'a>(entries: impl IntoIterator<Item = (&'a str, i32, i64)>) -> Self {
        Self::with_metadata(
            entries
                .into_iter()
                .map(|(topic, partition, offset)| (topic, partition, offset, None)),
        )
    }

    /// The same with what is to be committed beside the offset.
    pub fn with_metadata<'a>(entries: impl IntoIterator<Item = (&'a str, i32, i64, Option<String>)>) -> Self {
        // SAFETY: allocation only; librdkafka aborts the process when out of memory.
        let list = unsafe { sys::rd_kafka_topic_partition_list_new(8) };
        let list = Self(NonNull::new(list).expect("librdkafka never returns null here"));
        for (topic, partition, offset, metadata) in entries {
            let Ok(topic) = CString::new(topic) else {
                continue;
            };
            // SAFETY: the list is ours and the entry just added; it releases its metadata with librdkafka's
            // own allocator, which never gives null.
            unsafe {
                let entry = sys::rd_kafka_topic_partition_list_add(list.ptr(), topic.as_ptr(), partition);
                (*entry).offset = offset;
                if let Some(text) = metadata {
                    let copy = sys::rd_kafka_mem_malloc(ptr::null_mut(), text.len());
                    ptr::copy_nonoverlapping(text.as_ptr(), copy.cast(), text.len());
                    (*entry).metadata = copy;
                    (*entry).metadata_size = text.len();
                }
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
    // SAFETY: `elems` holds `cnt` entries.
    unsafe {
        let count = usize::try_from((*list).cnt).unwrap_or(0);
        (0..count)
            .map(|index| read_one((*list).elems.add(index)))
            .collect()
    }
}

/// # Safety
/// `entry` must be live.
pub(super) unsafe fn read_one(entry: *const sys::rd_kafka_topic_partition_t) -> PartitionOffset {
    // SAFETY: its name is NUL-terminated, its metadata of the size beside it.
    unsafe {
        let entry = &*entry;
        PartitionOffset {
            topic: CStr::from_ptr(entry.topic).to_string_lossy().into_owned(),
            partition: entry.partition,
            offset: entry.offset,
            error: entry.err,
            metadata: if entry.metadata.is_null() {
                String::new()
            } else {
                let bytes = slice::from_raw_parts(entry.metadata.cast(), entry.metadata_size);
                String::from_utf8_lossy(bytes).into_owned()
            },
        }
    }
}
