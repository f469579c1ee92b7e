use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::slice;

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

/// A fetched record, or an error of its partition, in librdkafka's memory.
///
/// It pins the whole fetch response, so it is copied out and dropped at once.
#[repr(transparent)]
pub struct Message(NonNull<sys::rd_kafka_message_t>);

// SAFETY: a message may be read and destroyed on any thread.
unsafe impl Send for Message {}

impl Message {
    fn raw(&self) -> &sys::rd_kafka_message_t {
        // SAFETY: owned by us until drop.
        unsafe { self.0.as_ref() }
    }

    /// `NO_ERROR` for a record.
    pub fn error(&self) -> RDKafkaRespErr {
        self.raw().err
    }

    /// The error in words.
    pub fn error_text(&self) -> String {
        // SAFETY: the string lives as long as the message.
        let text = unsafe { sys::rd_kafka_message_errstr(self.0.as_ptr()) };
        if text.is_null() {
            return String::new();
        }
        // SAFETY: NUL-terminated by librdkafka.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    }

    /// A value that stands for the topic while its partition stays assigned.
    pub fn topic_id(&self) -> usize {
        self.raw().rkt as usize
    }

    /// The topic's name.
    pub fn topic(&self) -> String {
        if self.raw().rkt.is_null() {
            return String::new();
        }
        // SAFETY: the topic lives as long as the message.
        unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(self.raw().rkt)) }
            .to_string_lossy()
            .into_owned()
    }

    /// The partition.
    pub fn partition(&self) -> i32 {
        self.raw().partition
    }

    /// The offset.
    pub fn offset(&self) -> i64 {
        self.raw().offset
    }

    /// The key; `None` is a null key, which is not an empty one.
    pub fn key(&self) -> Option<&[u8]> {
        // SAFETY: pointer and length are of one buffer that lives as long as the message.
        unsafe { bytes(self.raw().key, self.raw().key_len) }
    }

    /// The value; `None` is a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        // SAFETY: as above.
        unsafe { bytes(self.raw().payload, self.raw().len) }
    }

    /// Milliseconds since the epoch, -1 when the record has none.
    pub fn timestamp(&self) -> i64 {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the out parameter outlives the call.
        unsafe { sys::rd_kafka_message_timestamp(self.0.as_ptr(), &raw mut kind) }
    }

    /// Whether the record surely has no header. To be asked for them, librdkafka allocates and clears a buffer for
    /// each record, also where there are none: a third of what taking a record costs.
    ///
    /// In a record batch of magic 2, and only such a one has a leader epoch, the number of headers stands right
    /// behind the value, as a varint. An empty value does not lie there: librdkafka has one of its own for all.
    fn has_no_headers(&self) -> bool {
        // SAFETY: a plain getter.
        if unsafe { sys::rd_kafka_message_leader_epoch(self.0.as_ptr()) } < 0 || self.raw().len == 0 {
            return false;
        }
        // SAFETY: a value that is not empty lies in the record as it was received, followed by at least this byte.
        unsafe { *self.raw().payload.cast::<u8>().add(self.raw().len) == 0 }
    }

    /// Calls `each` with the name and value of every header, in order.
    pub fn for_each_header(&self, mut each: impl FnMut(&[u8], Option<&[u8]>)) {
        if self.has_no_headers() {
            return;
        }
        let mut headers = ptr::null_mut();
        // SAFETY: the headers belong to the message.
        let found = unsafe { sys::rd_kafka_message_headers(self.0.as_ptr(), &raw mut headers) };
        if found != super::NO_ERROR {
            return;
        }
        let mut index = 0;
        loop {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: out parameters outlive the call; past the end it returns an error.
            let found = unsafe {
                sys::rd_kafka_header_get_all(headers, index, &raw mut name, &raw mut value, &raw mut size)
            };
            if found != super::NO_ERROR {
                return;
            }
            // SAFETY: name is NUL-terminated, value has `size` bytes or is null.
            unsafe { each(CStr::from_ptr(name).to_bytes(), bytes(value.cast_mut(), size)) };
            index += 1;
        }
    }
}

/// # Safety
/// `start` must be null or point to `length` readable bytes that outlive `'a`.
unsafe fn bytes<'a>(start: *mut std::ffi::c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast::<u8>(), length) })
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: the message is ours.
        unsafe { sys::rd_kafka_message_destroy(self.0.as_ptr()) };
    }
}
