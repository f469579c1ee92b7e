//! librdkafka's mock cluster: real brokers on loopback, as far as a client can tell.

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;

use super::{Handle, NO_ERROR, timeout_ms};

/// Internal errors of librdkafka lie below this; what a broker can answer lies above.
const BROKER_ERRORS: i32 = -100;

/// The least pause between two calls. The cluster's thread answers a call before it empties the pipe that wakes it: a
/// call made at once would have its wake-up swallowed, and wait until the thread looks by itself, after a second.
const PAUSE: Duration = Duration::from_millis(2);

/// A mock cluster. Its calls wait for the cluster's own thread, which never blocks, so they take
/// milliseconds.
pub struct MockCluster {
    cluster: NonNull<sys::rd_kafka_mock_cluster_t>,
    last_call: Cell<Option<Instant>>,
    // declared last: the cluster must go before the instance that it uses
    _handle: Arc<Handle>,
}

impl MockCluster {
    /// A cluster of `brokers` brokers with the ids from 1 on. `None` when it cannot listen.
    pub fn new(handle: &Arc<Handle>, brokers: i32) -> Option<Self> {
        // SAFETY: the handle is live, and kept until the cluster is destroyed.
        let cluster = unsafe { sys::rd_kafka_mock_cluster_new(handle.ptr(), brokers) };
        Some(Self {
            cluster: NonNull::new(cluster)?,
            last_call: Cell::new(None),
            _handle: Arc::clone(handle),
        })
    }

    fn ptr(&self) -> *mut sys::rd_kafka_mock_cluster_t {
        self.cluster.as_ptr()
    }

    /// Has the cluster's thread do something. `call` gets a live cluster.
    fn ask(
        &self,
        call: impl FnOnce(*mut sys::rd_kafka_mock_cluster_t) -> RDKafkaRespErr,
    ) -> Result<(), RDKafkaRespErr> {
        self.pause();
        let error = call(self.ptr());
        self.last_call.set(Some(Instant::now()));
        if error == NO_ERROR { Ok(()) } else { Err(error) }
    }

    fn pause(&self) {
        if let Some(last) = self.last_call.get() {
            thread::sleep(PAUSE.saturating_sub(last.elapsed()));
        }
    }

    /// Host and port of every broker.
    pub fn bootstrap(&self) -> String {
        // SAFETY: a NUL-terminated string that lives as long as the cluster.
        unsafe { CStr::from_ptr(sys::rd_kafka_mock_cluster_bootstraps(self.ptr())) }
            .to_string_lossy()
            .into_owned()
    }

    /// How long a group waits for more members after its first one (`group.initial.rebalance.delay.ms`).
    pub fn set_first_join_delay(&self, delay: Duration) {
        // SAFETY: plain call on a live cluster.
        unsafe { sys::rd_kafka_mock_group_initial_rebalance_delay_ms(self.ptr(), timeout_ms(delay)) };
    }

    /// How often members of a KIP-848 group ask for their assignment.
    pub fn set_heartbeat_interval(&self, interval: Duration) {
        // SAFETY: plain call on a live cluster.
        unsafe {
            sys::rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(self.ptr(), timeout_ms(interval));
        }
    }

    /// Takes a request out of what the brokers say they know.
    pub fn disable_request(&self, api: i16) -> Result<(), RDKafkaRespErr> {
        // SAFETY: an unknown number is refused.
        self.ask(|cluster| unsafe { sys::rd_kafka_mock_set_apiversion(cluster, api, -1, -1) })
    }

    /// Creates a topic. A replication factor above the number of brokers would be lowered in silence.
    pub fn create_topic(&self, topic: &str, partitions: i32, replication: i32) -> Result<(), RDKafkaRespErr> {
        let topic = c_string(topic)?;
        // SAFETY: the name is copied.
        self.ask(|cluster| unsafe {
            sys::rd_kafka_mock_topic_create(cluster, topic.as_ptr(), partitions, replication)
        })
    }

    /// Makes `broker` the leader of a partition. Creates a topic that is not there.
    pub fn set_leader(&self, topic: &str, partition: i32, broker: i32) -> Result<(), RDKafkaRespErr> {
        let topic = c_string(topic)?;
        // SAFETY: the name is copied.
        self.ask(|cluster| unsafe {
            sys::rd_kafka_mock_partition_set_leader(cluster, topic.as_ptr(), partition, broker)
        })
    }

    /// Makes `broker` the coordinator of a group, whether there is such a broker or not.
    pub fn set_coordinator(&self, group: &str, broker: i32) -> Result<(), RDKafkaRespErr> {
        let group = c_string(group)?;
        // SAFETY: both strings are copied.
        self.ask(|cluster| unsafe {
            sys::rd_kafka_mock_coordinator_set(cluster, c"group".as_ptr(), group.as_ptr(), broker)
        })
    }

    /// Lets the next requests of a kind fail, one for each error.
    pub fn push_request_errors(&self, api: i16, errors: &[RDKafkaRespErr]) {
        // SAFETY: the errors are copied.
        unsafe {
            sys::rd_kafka_mock_push_request_errors_array(self.ptr(), api, errors.len(), errors.as_ptr());
        }
    }

    /// Takes back what [`MockCluster::push_request_errors`] left over.
    pub fn clear_request_errors(&self, api: i16) {
        // SAFETY: plain call on a live cluster.
        unsafe { sys::rd_kafka_mock_clear_request_errors(self.ptr(), api) };
    }

    /// Closes a broker's connections and takes no new ones. Leaders and coordinators stay where they are.
    pub fn set_down(&self, broker: i32) -> Result<(), RDKafkaRespErr> {
        // SAFETY: an unknown id is refused.
        self.ask(|cluster| unsafe { sys::rd_kafka_mock_broker_set_down(cluster, broker) })
    }

    /// Takes connections again.
    pub fn set_up(&self, broker: i32) -> Result<(), RDKafkaRespErr> {
        // SAFETY: as above.
        self.ask(|cluster| unsafe { sys::rd_kafka_mock_broker_set_up(cluster, broker) })
    }

    /// Lets every answer of a broker wait.
    pub fn set_round_trip_time(&self, broker: i32, time: Duration) -> Result<(), RDKafkaRespErr> {
        // SAFETY: as above.
        self.ask(|cluster| unsafe { sys::rd_kafka_mock_broker_set_rtt(cluster, broker, timeout_ms(time)) })
    }
}

impl Drop for MockCluster {
    fn drop(&mut self) {
        self.pause();
        // SAFETY: the cluster is ours and its handle is still there. Waits for the cluster's thread.
        unsafe { sys::rd_kafka_mock_cluster_destroy(self.ptr()) };
    }
}

/// The error that a mock broker can answer with by its name: one of Kafka's own, or `_TRANSPORT`, which closes the
/// connection instead.
pub fn injectable_error(name: &str) -> Option<RDKafkaRespErr> {
    let (mut descriptions, mut count) = (ptr::null(), 0);
    // SAFETY: a static table of `count` entries, whose names are static strings or null where no error has the number.
    unsafe {
        sys::rd_kafka_get_err_descs(&raw mut descriptions, &raw mut count);
        slice::from_raw_parts(descriptions, count)
            .iter()
            .filter(|entry| !entry.name.is_null())
            .find(|entry| CStr::from_ptr(entry.name).to_bytes() == name.as_bytes())
            .map(|entry| entry.code)
    }
    .filter(|code| {
        let transport = *code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT;
        transport || (*code != NO_ERROR && (*code as i32) > BROKER_ERRORS)
    })
}

fn c_string(text: &str) -> Result<CString, RDKafkaRespErr> {
    CString::new(text).map_err(|_| RDKafkaRespErr::RD_KAFKA_RESP_ERR__INVALID_ARG)
}
