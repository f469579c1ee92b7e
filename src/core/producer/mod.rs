//! The producer: one for each service, whatever the number of topics.
//!
//! The caller's thread puts records straight into librdkafka's queue, so that a lone send waits for
//! no other thread. What comes while others are under way, or finds that queue full, goes to a backlog in
//! order, which the delivery thread hands over once those are settled; until it is empty every later record
//! queues behind it. That is Nagle's algorithm: batches grow with the load, and nothing waits without one.
//! What is handed over together leaves together: see [`flusher`].

mod deliveries;
mod flusher;
mod packed;
mod pending;
mod tally;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

pub use packed::{PackedRecord, PackedRecords, ROW};
pub use pending::CallResult;

use super::connect;
use super::error::{CoreError, ErrorCode, Result, error_text};
use super::metrics::{Metrics, SentMetrics};
use super::rd::{Handle, Kind, OutgoingRecord, Queue, Topic};
use deliveries::DeliveryThread;
use flusher::Flusher;
use pending::opaque;

/// What a producer tells its owner, from its own thread.
pub trait ProducerEvents: Send + Sync + 'static {
    /// Every record of a call is settled.
    fn delivered(&self, result: CallResult);
    /// Something went wrong that is not one send's failure.
    fn error(&self, error: CoreError);
    /// A line of librdkafka's log, with its syslog level.
    fn log(&self, level: i32, text: String);
}

/// What a close left behind.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProducerReport {
    /// Records that were not acknowledged before the deadline.
    pub undelivered: usize,
}

/// Told to the delivery thread by the caller's thread.
enum Notice {
    Begin {
        call: u32,
        records: usize,
        /// Where it matters.
        taken: Option<Instant>,
    },
    Refused {
        opaque: usize,
        error: CoreError,
    },
}

/// Records that found librdkafka's queue full, in the form they came in.
struct Waiting {
    call: u32,
    first: usize,
    arena: Vec<u8>,
    rows: Vec<i32>,
    timestamps: Vec<f64>,
    since: Instant,
}

/// Records that wait for their turn, first come, first served.
#[derive(Default)]
struct Backlog {
    waiting: VecDeque<Waiting>,
    /// The delivery thread has taken some out and hands them over: whatever comes now queues behind them.
    is_draining: bool,
}

#[derive(Default)]
struct CloseRequest {
    deadline: Option<Instant>,
    reply: Option<CloseReply>,
}

type CloseReply = Box<dyn FnOnce(ProducerReport) + Send>;

/// A topic that is sent to.
struct Target {
    topic: Topic,
    metrics: Option<Arc<SentMetrics>>,
}

/// State shared by the caller's thread and the delivery thread.
struct Shared {
    /// None where the user set how long records linger. Its thread lets go of the handle first.
    flusher: Option<Flusher>,
    handle: Arc<Handle>,
    metrics: Option<Arc<Metrics>>,
    topics: RwLock<Vec<Target>>,
    notices: Mutex<Vec<Notice>>,
    backlog: Mutex<Backlog>,
    /// Records that librdkafka has and that are not settled.
    under_way: AtomicUsize,
    close: Mutex<CloseRequest>,
    queue: Queue,
    progress: connect::Progress,
}

/// A connected producer.
pub struct Producer {
    shared: Arc<Shared>,
}

impl Producer {
    /// Creates a producer and its threads. It connects in the background.
    pub fn start(
        properties: &BTreeMap<String, String>,
        metrics: Option<Arc<Metrics>>,
        events: Arc<dyn ProducerEvents>,
    ) -> Result<Self> {
        let mut properties = properties.clone();
        let lingers_for_us = flusher::set_linger(&mut properties);
        let handle = Arc::new(Handle::new(Kind::Producer, &properties)?);
        let flusher = lingers_for_us.then(|| Flusher::spawn(&handle)).transpose()?;
        let queue = Queue::main(&handle)
            .ok_or_else(|| CoreError::new(ErrorCode::Internal, "librdkafka gave no queue"))?;
        let shared = Arc::new(Shared {
            handle,
            flusher,
            metrics,
            topics: RwLock::new(Vec::new()),
            notices: Mutex::new(Vec::new()),
            backlog: Mutex::default(),
            under_way: AtomicUsize::new(0),
            close: Mutex::new(CloseRequest::default()),
            queue,
            progress: connect::Progress::default(),
        });
        DeliveryThread::spawn(Arc::clone(&shared), events)?;
        Ok(Self { shared })
    }

    /// A connection for calls that ask the cluster something.
    #[must_use]
    pub fn connector(&self) -> connect::Connector {
        connect::Connector::new(&self.shared.handle, &self.shared.progress)
    }

    /// The index of `topic` for packed records.
    pub fn topic_index(&self, topic: &str) -> Result<usize> {
        let mut topics = self.shared.topics.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = topics.iter().position(|known| known.topic.name() == topic) {
            return Ok(index);
        }
        let created = Topic::new(&self.shared.handle, topic).ok_or_else(|| {
            CoreError::new(ErrorCode::InvalidTopic, format!("topic {topic:?} is not usable")).on_topic(topic)
        })?;
        topics.push(Target {
            topic: created,
            metrics: self.shared.metrics.as_ref().map(|metrics| metrics.sent(topic)),
        });
        Ok(topics.len() - 1)
    }

    /// Queues the records of one call; each settles through [`ProducerEvents::delivered`].
    pub fn produce(&self, call: u32, records: PackedRecords<'_>) -> Result<()> {
        let unpacked = records.unpack()?;
        self.shared.notify(Notice::Begin {
            call,
            records: unpacked.len(),
            taken: self.shared.metrics.as_ref().map(|_| Instant::now()),
        });
        self.shared.count(&unpacked);
        let accepted = if self.shared.goes_at_once() {
            let accepted = self.shared.produce(call, 0, &unpacked);
            self.shared.flush();
            accepted
        } else {
            0
        };
        if accepted < unpacked.len() {
            let waiting = Waiting::of(call, accepted, records, &unpacked);
            if lock(&self.shared.backlog).push(waiting) {
                self.shared.queue.interrupt();
            }
        }
        Ok(())
    }

    /// Flushes, closes and reports, at the latest at `timeout`. What is left then fails.
    pub fn close(self, timeout: Duration, reply: CloseReply) {
        self.shared.begin_close(Instant::now() + timeout, reply);
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // let go without a close: nobody waits for what is pending
        self.shared.begin_close(Instant::now(), Box::new(|_| ()));
    }
}

impl Shared {
    /// The first close counts.
    fn begin_close(&self, deadline: Instant, reply: CloseReply) {
        let mut close = lock(&self.close);
        if close.deadline.is_none() {
            close.deadline = Some(deadline);
            close.reply = Some(reply);
        }
        drop(close);
        self.progress.close();
        self.queue.interrupt();
    }

    /// Counts records as taken, before any of them can be settled.
    fn count(&self, records: &[PackedRecord<'_>]) {
        if self.metrics.is_none() {
            return;
        }
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        for run in records.chunk_by(|one, next| one.topic == next.topic) {
            if let Some(metrics) = &topics[run[0].topic.min(topics.len() - 1)].metrics {
                metrics.taken(run.len() as u64);
            }
        }
    }

    fn goes_at_once(&self) -> bool {
        lock(&self.backlog).is_empty() && self.under_way.load(Ordering::Acquire) == 0
    }

    /// Lets what was handed over leave.
    fn flush(&self) {
        if let Some(flusher) = &self.flusher {
            flusher.flush();
        }
    }

    fn notify(&self, notice: Notice) {
        lock(&self.notices).push(notice);
    }

    /// Puts records into librdkafka's queue until it is full; returns how many were dealt with.
    fn produce(&self, call: u32, first: usize, records: &[PackedRecord<'_>]) -> usize {
        // before any of them can be settled
        self.under_way.fetch_add(records.len(), Ordering::AcqRel);
        let done = self.put(call, first, records);
        self.under_way.fetch_sub(records.len() - done, Ordering::AcqRel);
        done
    }

    fn put(&self, call: u32, first: usize, records: &[PackedRecord<'_>]) -> usize {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        let mut done = 0;
        while done < records.len() {
            let run = plain_run(&records[done..]);
            let target = &topics[records[done].topic.min(topics.len() - 1)];
            let full = if run == 0 {
                self.produce_one(target, &records[done], opaque(call, first + done))
                    .then_some(done)
            } else {
                self.produce_run(target, &records[done..done + run], call, first + done)
                    .map(|index| done + index)
            };
            match full {
                Some(index) => return index,
                None => done += run.max(1),
            }
        }
        done
    }

    /// Records of one topic without headers or timestamps; returns where the queue was full.
    fn produce_run(
        &self,
        target: &Target,
        records: &[PackedRecord<'_>],
        call: u32,
        first: usize,
    ) -> Option<usize> {
        let outgoing: Vec<_> = records
            .iter()
            .enumerate()
            .map(|(index, record)| OutgoingRecord {
                partition: record.partition,
                key: record.key,
                value: record.value,
                opaque: opaque(call, first + index),
            })
            .collect();
        let mut full = None;
        target.topic.produce_all(&outgoing, |index, cause| {
            if cause == RDKafkaRespErr::RD_KAFKA_RESP_ERR__QUEUE_FULL {
                full = full.or(Some(index));
            } else if full.is_none() {
                self.refuse(target, &records[index], outgoing[index].opaque, cause);
            }
        });
        full
    }

    /// A record with headers or a timestamp; returns whether the queue was full.
    fn produce_one(&self, target: &Target, record: &PackedRecord<'_>, opaque: usize) -> bool {
        let outgoing = OutgoingRecord {
            partition: record.partition,
            key: record.key,
            value: record.value,
            opaque,
        };
        let headers = match packed::unpack_headers(record.headers) {
            Ok(headers) => headers,
            Err(error) => {
                self.settle_refused(target, opaque, error);
                return false;
            }
        };
        match target.topic.produce(&outgoing, record.timestamp, &headers) {
            Ok(()) => false,
            Err(RDKafkaRespErr::RD_KAFKA_RESP_ERR__QUEUE_FULL) => true,
            Err(cause) => {
                self.refuse(target, record, opaque, cause);
                false
            }
        }
    }

    fn refuse(&self, target: &Target, record: &PackedRecord<'_>, opaque: usize, cause: RDKafkaRespErr) {
        let size = record.value.map_or(0, <[u8]>::len) + record.key.map_or(0, <[u8]>::len);
        let error = self.blame(cause, |cause| {
            refusal(target.topic.name(), record.partition, size, cause)
        });
        self.settle_refused(target, opaque, error);
    }

    /// The error of a record. A producer that is of no use any more throws out what it holds and takes nothing: then
    /// the cause is what made it so.
    fn blame(&self, cause: RDKafkaRespErr, error: impl FnOnce(RDKafkaRespErr) -> CoreError) -> CoreError {
        use RDKafkaErrorCode as E;
        match self.handle.fatal_error() {
            Some((root, _)) if matches!(E::from(cause), E::Fatal | E::PurgeQueue | E::PurgeInflight) => {
                error(root).fatal()
            }
            _ => error(cause),
        }
    }

    fn settle_refused(&self, target: &Target, opaque: usize, error: CoreError) {
        if let Some(metrics) = &target.metrics {
            metrics.failed(error.code, 1);
        }
        self.notify(Notice::Refused { opaque, error });
        self.queue.interrupt();
    }
}

/// How many records from the start go to one topic, name one partition or none, and need nothing but key
/// and value.
fn plain_run(records: &[PackedRecord<'_>]) -> usize {
    let PackedRecord { topic, partition, .. } = records[0];
    records
        .iter()
        .take_while(|r| r.topic == topic && r.partition == partition)
        .take_while(|r| r.headers.is_empty() && r.timestamp == 0)
        .count()
}

/// The error of a record that librdkafka did not take.
fn refusal(topic: &str, partition: i32, size: usize, cause: RDKafkaRespErr) -> CoreError {
    let code = CoreError::code_of(cause, ErrorCode::SendFailed);
    let message = match code {
        ErrorCode::RecordTooLarge => format!(
            "record of {size} bytes for topic {topic} is larger than maxRecordBytes allows; \
             raise maxRecordBytes here and max.message.bytes on the topic, or send less"
        ),
        ErrorCode::UnknownPartition => {
            format!("topic {topic} has no partition {partition}")
        }
        _ => format!("record for topic {topic} was not queued: {}", why(cause)),
    };
    let error = CoreError::new(code, message).caused_by(cause).on_topic(topic);
    if partition >= 0 {
        error.on_partition(partition)
    } else {
        error
    }
}

/// What a cause says, and for a right that the principal lacks, which one.
fn why(cause: RDKafkaRespErr) -> String {
    let right = match RDKafkaErrorCode::from(cause) {
        RDKafkaErrorCode::TopicAuthorizationFailed => "WRITE on the topic",
        RDKafkaErrorCode::ClusterAuthorizationFailed => {
            "WRITE on a topic, or IDEMPOTENT_WRITE on the cluster"
        }
        _ => return error_text(cause).to_owned(),
    };
    format!("the principal lacks the right {right}")
}

impl Backlog {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.is_draining
    }

    /// Returns whether nothing waited before, so that the delivery thread may sleep without a look at the clock.
    fn push(&mut self, waiting: Waiting) -> bool {
        self.waiting.push_back(waiting);
        self.waiting.len() == 1
    }
}

impl Waiting {
    /// The records from `skip` on, copied out of the caller's memory.
    fn of(call: u32, skip: usize, packed: PackedRecords<'_>, unpacked: &[PackedRecord<'_>]) -> Self {
        let bytes: usize = unpacked[..skip]
            .iter()
            .map(|r| r.key.map_or(0, <[u8]>::len) + r.value.map_or(0, <[u8]>::len) + r.headers.len())
            .sum();
        Self {
            call,
            first: skip,
            arena: packed.arena[bytes..].to_vec(),
            rows: packed.rows[skip * ROW..].to_vec(),
            timestamps: packed.timestamps.get(skip..).unwrap_or_default().to_vec(),
            since: Instant::now(),
        }
    }

    fn records(&self) -> PackedRecords<'_> {
        PackedRecords {
            arena: &self.arena,
            rows: &self.rows,
            timestamps: &self.timestamps,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
