use std::ffi::{CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;

use rdkafka::bindings as sys;

use super::{Event, Handle, Message, timeout_ms};

/// Unparks the owner thread when a queue stops being empty.
///
/// librdkafka keeps a raw pointer to it, so it lives as long as the queue that it was given to.
pub struct Waker(Thread);

impl Waker {
    /// Wakes `owner`.
    pub fn new(owner: Thread) -> Arc<Self> {
        Arc::new(Self(owner))
    }
}

unsafe extern "C" fn wake(_rk: *mut sys::rd_kafka_t, opaque: *mut c_void) {
    // SAFETY: `opaque` is the Waker that the queue holds.
    unsafe { (*opaque.cast::<Waker>()).0.unpark() };
}

/// One of librdkafka's queues.
pub struct Queue {
    queue: NonNull<sys::rd_kafka_queue_t>,
    waker: Option<Arc<Waker>>,
    // declared last: a queue must go before its handle
    _handle: Arc<Handle>,
}

// SAFETY: librdkafka's queues are thread-safe.
unsafe impl Send for Queue {}
// SAFETY: as above; `wake_with`, which is not, takes `&mut self`.
unsafe impl Sync for Queue {}

impl Queue {
    fn from_ptr(queue: *mut sys::rd_kafka_queue_t, handle: &Arc<Handle>) -> Option<Self> {
        Some(Self {
            queue: NonNull::new(queue)?,
            waker: None,
            _handle: Arc::clone(handle),
        })
    }

    /// The queue of delivery reports, errors and logs.
    pub fn main(handle: &Arc<Handle>) -> Option<Self> {
        // SAFETY: returns a counted reference.
        Self::from_ptr(unsafe { sys::rd_kafka_queue_get_main(handle.ptr()) }, handle)
    }

    /// The queue of a consumer's rebalances, errors and logs.
    pub fn consumer(handle: &Arc<Handle>) -> Option<Self> {
        // SAFETY: as above.
        let queue = unsafe { sys::rd_kafka_queue_get_consumer(handle.ptr()) };
        Self::from_ptr(queue, handle)
    }

    /// A new, empty queue.
    pub fn create(handle: &Arc<Handle>) -> Option<Self> {
        // SAFETY: as above.
        Self::from_ptr(unsafe { sys::rd_kafka_queue_new(handle.ptr()) }, handle)
    }

    /// The queue of one partition's records.
    pub fn partition(handle: &Arc<Handle>, topic: &str, partition: i32) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        // SAFETY: as above; the name outlives the call.
        let queue = unsafe { sys::rd_kafka_queue_get_partition(handle.ptr(), topic.as_ptr(), partition) };
        Self::from_ptr(queue, handle)
    }

    pub(super) fn ptr(&self) -> *mut sys::rd_kafka_queue_t {
        self.queue.as_ptr()
    }

    /// What arrives here goes on to `target`; `None` keeps it here.
    pub fn forward_to(&self, target: Option<&Self>) {
        let target = target.map_or(ptr::null_mut(), Self::ptr);
        // SAFETY: both queues are live and of the same handle.
        unsafe { sys::rd_kafka_queue_forward(self.ptr(), target) };
    }

    /// Calls `waker` each time the queue stops being empty.
    pub fn wake_with(&mut self, waker: &Arc<Waker>) {
        let opaque = Arc::as_ptr(waker).cast_mut().cast::<c_void>();
        self.waker = Some(Arc::clone(waker));
        // SAFETY: the Waker is kept by this queue until the callback is taken off in drop.
        unsafe { sys::rd_kafka_queue_cb_event_enable(self.ptr(), Some(wake), opaque) };
    }

    /// The next event, waiting up to `timeout`.
    pub fn poll(&self, timeout: Duration) -> Option<Event> {
        // SAFETY: plain call; the event is owned by the caller.
        Event::from_ptr(unsafe { sys::rd_kafka_queue_poll(self.ptr(), timeout_ms(timeout)) })
    }

    /// Lets a waiting [`Queue::poll`] return.
    pub fn interrupt(&self) {
        // SAFETY: plain call on a live queue.
        unsafe { sys::rd_kafka_queue_yield(self.ptr()) };
    }

    /// Moves up to `limit` records that are already here into `records`, without waiting.
    pub fn take_records(&self, limit: usize, records: &mut Vec<Message>) {
        records.reserve(limit);
        let start = records.len();
        // SAFETY: Message is a transparent non-null pointer, and the spare capacity holds `limit`
        // of them; librdkafka fills the first `count`, each owned by us.
        unsafe {
            let spare = records.as_mut_ptr().add(start).cast();
            let count = sys::rd_kafka_consume_batch_queue(self.ptr(), 0, spare, limit);
            let count = usize::try_from(count).unwrap_or(0);
            records.set_len(start + count);
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the reference is ours; without a callback nothing points to the Waker any more.
        unsafe {
            if self.waker.is_some() {
                sys::rd_kafka_queue_cb_event_enable(self.ptr(), None, ptr::null_mut());
            }
            sys::rd_kafka_queue_destroy(self.ptr());
        }
    }
}
