use std::ffi::{CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

use super::{Handle, NO_ERROR, take_error};

/// `RD_KAFKA_PARTITION_UA`: the partitioner chooses.
const PARTITION_ANY: i32 = -1;

/// A topic that a producer writes to; keeps librdkafka from looking it up for each record.
pub struct Topic {
    topic: NonNull<sys::rd_kafka_topic_t>,
    name: String,
    // declared last: a topic must go before its handle
    handle: Arc<Handle>,
}

// SAFETY: topics are thread-safe by librdkafka's documentation.
unsafe impl Send for Topic {}
// SAFETY: as above.
unsafe impl Sync for Topic {}

/// A record to produce, in the caller's memory; librdkafka copies it.
pub struct OutgoingRecord<'a> {
    /// -1 lets the partitioner choose.
    pub partition: i32,
    /// `None` is a null key.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Given back in the delivery report.
    pub opaque: usize,
}

impl Topic {
    /// The topic `name` of a producer.
    pub fn new(handle: &Arc<Handle>, name: &str) -> Option<Self> {
        let c_name = CString::new(name).ok()?;
        // SAFETY: the name outlives the call; a null configuration means the default.
        let topic = unsafe { sys::rd_kafka_topic_new(handle.ptr(), c_name.as_ptr(), ptr::null_mut()) };
        Some(Self {
            topic: NonNull::new(topic)?,
            name: name.to_owned(),
            handle: Arc::clone(handle),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Queues `records`, all of which name the partition of the first (or none), in order. `on_error`
    /// gets the index of each that was refused; after the first `QUEUE_FULL` none is accepted any more, so
    /// that order is kept.
    ///
    /// librdkafka's mode with a partition for each record (`RD_KAFKA_MSG_F_PARTITION`) is not used: it
    /// leaks a record for a partition that does not exist, with its place in the queue.
    pub fn produce_all(
        &self,
        records: &[OutgoingRecord<'_>],
        mut on_error: impl FnMut(usize, RDKafkaRespErr),
    ) {
        let mut messages: Vec<sys::rd_kafka_message_t> = records
            .iter()
            .map(|record| sys::rd_kafka_message_t {
                err: NO_ERROR,
                rkt: ptr::null_mut(),
                partition: record.partition,
                payload: start(record.value),
                len: record.value.map_or(0, <[u8]>::len),
                key: start(record.key),
                key_len: record.key.map_or(0, <[u8]>::len),
                offset: 0,
                _private: record.opaque as *mut c_void,
            })
            .collect();
        let partition = records.first().map_or(PARTITION_ANY, |record| record.partition);
        let count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
        // SAFETY: librdkafka copies payloads and keys before it returns.
        let accepted = unsafe {
            sys::rd_kafka_produce_batch(
                self.topic.as_ptr(),
                partition,
                sys::RD_KAFKA_MSG_F_COPY,
                messages.as_mut_ptr(),
                count,
            )
        };
        if accepted != count {
            for (index, message) in messages.iter().enumerate() {
                if message.err != NO_ERROR {
                    on_error(index, message.err);
                }
            }
        }
    }

    /// Queues one record with headers or a timestamp of its own (0 means now).
    pub fn produce(
        &self,
        record: &OutgoingRecord<'_>,
        timestamp: i64,
        headers: &[(&[u8], Option<&[u8]>)],
    ) -> Result<(), RDKafkaRespErr> {
        use sys::rd_kafka_vtype_t as V;
        let names: Vec<CString> = headers
            .iter()
            .map(|(name, _)| CString::new(*name).unwrap_or_default())
            .collect();
        let mut fields = Vec::with_capacity(7 + headers.len());
        fields.push(field(V::RD_KAFKA_VTYPE_RKT, |u| u.rkt = self.topic.as_ptr()));
        fields.push(field(V::RD_KAFKA_VTYPE_PARTITION, |u| {
            u.i32_ = record.partition;
        }));
        fields.push(field(V::RD_KAFKA_VTYPE_MSGFLAGS, |u| {
            u.i = sys::RD_KAFKA_MSG_F_COPY;
        }));
        fields.push(field(V::RD_KAFKA_VTYPE_VALUE, |u| u.mem = memory(record.value)));
        fields.push(field(V::RD_KAFKA_VTYPE_KEY, |u| u.mem = memory(record.key)));
        fields.push(field(V::RD_KAFKA_VTYPE_OPAQUE, |u| {
            u.ptr = record.opaque as *mut c_void;
        }));
        fields.push(field(V::RD_KAFKA_VTYPE_TIMESTAMP, |u| u.i64_ = timestamp));
        for (name, (_, value)) in names.iter().zip(headers) {
            fields.push(field(V::RD_KAFKA_VTYPE_HEADER, |u| {
                u.header = sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_2 {
                    name: name.as_ptr(),
                    val: start(*value),
                    size: value.map_or(0, |v| v.len().cast_signed()),
                };
            }));
        }
        // SAFETY: every pointer in `fields` outlives the call, and librdkafka copies all of it.
        let error = unsafe {
            take_error(sys::rd_kafka_produceva(
                self.handle.ptr(),
                fields.as_ptr(),
                fields.len(),
            ))
        };
        error.map_or(Ok(()), |(code, _)| Err(code))
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: the reference is ours.
        unsafe { sys::rd_kafka_topic_destroy(self.topic.as_ptr()) };
    }
}

/// Null for an absent slice; an empty one must not be null.
fn start(bytes: Option<&[u8]>) -> *mut c_void {
    bytes.map_or(ptr::null_mut(), |b| b.as_ptr().cast_mut().cast())
}

fn memory(bytes: Option<&[u8]>) -> sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
    sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
        ptr: start(bytes),
        size: bytes.map_or(0, <[u8]>::len),
    }
}

fn field(
    vtype: sys::rd_kafka_vtype_t,
    set: impl FnOnce(&mut sys::rd_kafka_vu_s__bindgen_ty_1),
) -> sys::rd_kafka_vu_t {
    let mut u = sys::rd_kafka_vu_s__bindgen_ty_1 { _pad: [0; 64] };
    set(&mut u);
    sys::rd_kafka_vu_t { vtype, u }
}
