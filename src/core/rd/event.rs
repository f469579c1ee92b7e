use std::ffi::CStr;
use std::ptr::{self, NonNull};

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

use super::{PartitionOffset, partitions};

/// What an [`Event`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Records were acknowledged or failed.
    Delivery,
    /// Partitions were assigned or revoked.
    Rebalance,
    /// A commit was answered.
    Commit,
    /// Something went wrong.
    Error,
    /// A log line.
    Log,
    /// Topics were described.
    Description,
    /// Nothing that is asked for.
    Other,
}

/// An event that librdkafka queued for us.
pub struct Event(NonNull<sys::rd_kafka_event_t>);

// SAFETY: an event has one owner, and librdkafka does not care on which thread.
unsafe impl Send for Event {}

impl Event {
    pub(super) fn from_ptr(event: *mut sys::rd_kafka_event_t) -> Option<Self> {
        NonNull::new(event).map(Self)
    }

    pub(super) fn ptr(&self) -> *mut sys::rd_kafka_event_t {
        self.0.as_ptr()
    }

    /// What it is about.
    pub fn kind(&self) -> EventKind {
        // SAFETY: plain call on a live event.
        match unsafe { sys::rd_kafka_event_type(self.ptr()) } {
            sys::RD_KAFKA_EVENT_DR => EventKind::Delivery,
            sys::RD_KAFKA_EVENT_REBALANCE => EventKind::Rebalance,
            sys::RD_KAFKA_EVENT_OFFSET_COMMIT => EventKind::Commit,
            sys::RD_KAFKA_EVENT_ERROR => EventKind::Error,
            sys::RD_KAFKA_EVENT_LOG => EventKind::Log,
            sys::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT => EventKind::Description,
            _ => EventKind::Other,
        }
    }

    /// The error or, for a rebalance, its direction.
    pub fn error(&self) -> RDKafkaRespErr {
        // SAFETY: plain call on a live event.
        unsafe { sys::rd_kafka_event_error(self.ptr()) }
    }

    /// The error in words.
    pub fn error_text(&self) -> String {
        // SAFETY: the string lives as long as the event.
        let text = unsafe { sys::rd_kafka_event_error_string(self.ptr()) };
        if text.is_null() {
            return String::new();
        }
        // SAFETY: NUL-terminated by librdkafka.
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .trim()
            .to_owned()
    }

    /// Whether the instance is unusable from now on.
    pub fn is_fatal(&self) -> bool {
        // SAFETY: plain call on a live event.
        unsafe { sys::rd_kafka_event_error_is_fatal(self.ptr()) != 0 }
    }

    /// A log line as (syslog level, facility, text).
    pub fn log(&self) -> Option<(i32, String, String)> {
        let (mut facility, mut text, mut level) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the out parameters outlive the call, the strings outlive the event.
        unsafe {
            if sys::rd_kafka_event_log(self.ptr(), &raw mut facility, &raw mut text, &raw mut level) != 0 {
                return None;
            }
            Some((
                level,
                CStr::from_ptr(facility).to_string_lossy().into_owned(),
                CStr::from_ptr(text).to_string_lossy().into_owned(),
            ))
        }
    }

    /// The partitions of a rebalance or a commit.
    pub fn partitions(&self) -> Vec<PartitionOffset> {
        // SAFETY: null or a list that lives as long as the event.
        unsafe { partitions::read(sys::rd_kafka_event_topic_partition_list(self.ptr())) }
    }

    /// The partition of an error.
    pub fn partition(&self) -> Option<(String, i32)> {
        // SAFETY: null or a copy of ours, which is read and released here.
        unsafe {
            let place = sys::rd_kafka_event_topic_partition(self.ptr());
            if place.is_null() {
                return None;
            }
            let read = partitions::read_one(place);
            sys::rd_kafka_topic_partition_destroy(place);
            Some((read.topic, read.partition))
        }
    }

    /// Calls `each` with every record of a delivery event, or of one of fetched records.
    pub fn for_each_delivery(&self, mut each: impl FnMut(&Delivery)) {
        loop {
            // SAFETY: the message lives as long as the event.
            let message = unsafe { sys::rd_kafka_event_message_next(self.ptr()) };
            let Some(message) = NonNull::new(message.cast_mut()) else {
                return;
            };
            // SAFETY: filled by librdkafka, only read here.
            let record = unsafe { message.as_ref() };
            each(&Delivery {
                error: record.err,
                partition: record.partition,
                offset: record.offset,
                opaque: record._private as usize,
                bytes: record.key_len + record.len,
                message: message.as_ptr(),
            });
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is ours.
        unsafe { sys::rd_kafka_event_destroy(self.ptr()) };
    }
}

/// The fate of one produced record, or a fetched one.
pub struct Delivery {
    /// `NO_ERROR` when acknowledged.
    pub error: RDKafkaRespErr,
    /// Where it went.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// What was given to the produce call.
    pub opaque: usize,
    /// Of its key and value.
    pub bytes: usize,
    message: *mut sys::rd_kafka_message_t,
}

impl Delivery {
    /// A value that stands for the topic while its producer keeps it.
    pub fn topic_id(&self) -> usize {
        // SAFETY: the message lives as long as its event.
        unsafe { (*self.message).rkt as usize }
    }

    /// The topic's name.
    pub fn topic(&self) -> String {
        // SAFETY: the message lives as long as its event, and its topic as long as the message.
        unsafe { CStr::from_ptr(sys::rd_kafka_topic_name((*self.message).rkt)) }
            .to_string_lossy()
            .into_owned()
    }

    /// The record's timestamp in milliseconds, -1 when unknown.
    pub fn timestamp(&self) -> i64 {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message lives as long as its event.
        unsafe { sys::rd_kafka_message_timestamp(self.message, &raw mut kind) }
    }

    /// A failed record may be in the log all the same.
    pub fn maybe_persisted(&self) -> bool {
        // SAFETY: as above.
        let status = unsafe { sys::rd_kafka_message_status(self.message) };
        status != sys::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED
    }
}
