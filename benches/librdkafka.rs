//! Plain librdkafka without JavaScript: the bound that a client over it can reach.
//!
//! `librdkafka '<spec as JSON>'` does one measurement and prints one JSON line, as `harness/measure.mjs` does for the
//! clients in JavaScript; the fields of both are the same. It uses the C API itself, because the `rdkafka` crate takes
//! consumed records one by one.
#![allow(unsafe_code, reason = "plain librdkafka, as C programs call it")]

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::ptr;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use rdkafka::bindings as rd;
use rdkafka::types::{RDKafka, RDKafkaErrorCode, RDKafkaMessage, RDKafkaRespErr, RDKafkaType};
use serde_json::{Map, Value, json};

const RECORD_BYTES: usize = 200;
const DISTINCT_KEYS: usize = 1000;
const POOL_RECORDS: usize = 10 * DISTINCT_KEYS;
const WARM_UP_SENDS: usize = 100;
const POLL_MS: i32 = 100;
const CONSUME_BATCH: usize = 1000;
const ERROR_TEXT_BYTES: usize = 512;
/// `RD_KAFKA_PARTITION_UA`, a macro that the bindings lack: the partitioner chooses.
const PARTITION_UNASSIGNED: i32 = -1;
/// Neither `RD_KAFKA_MSG_F_COPY` nor `RD_KAFKA_MSG_F_FREE`.
const BORROWED_VALUE: i32 = 0;
/// What Linux counts `/proc/self/stat` in, on every architecture that Node.js runs on.
const CLOCK_TICKS_A_SECOND: f64 = 100.0;

fn main() -> ExitCode {
    let Some(spec) = std::env::args()
        .nth(1)
        .and_then(|text| serde_json::from_str(&text).ok())
    else {
        // `cargo bench` and `cargo test --benches` start the program too, with flags of their own
        eprintln!("usage: librdkafka '<spec as JSON>'; `npm run bench` calls it");
        return ExitCode::SUCCESS;
    };
    let spec = Spec(spec);
    let result = match spec.text("kind") {
        "consume" => consume(&spec),
        "groups" => consume_groups(&spec),
        "produce" => produce(&spec),
        kind => panic!("no such kind of row: {kind}"),
    };
    let mut line = json!({ "client": spec.text("client"), "row": spec.text("row") });
    line.as_object_mut().expect("an object").extend(result);
    println!("{line}");
    ExitCode::SUCCESS
}

struct Spec(Value);

impl Spec {
    fn text(&self, name: &str) -> &str {
        self.0[name]
            .as_str()
            .unwrap_or_else(|| panic!("the spec has no text {name}"))
    }

    fn count(&self, name: &str) -> usize {
        let count = self.0[name]
            .as_u64()
            .unwrap_or_else(|| panic!("the spec has no count {name}"));
        usize::try_from(count).expect("a count fits into memory")
    }
}

type Figures = Map<String, Value>;

fn figures(value: Value) -> Figures {
    match value {
        Value::Object(figures) => figures,
        other => panic!("figures are an object, not {other}"),
    }
}

/// A librdkafka handle. Closing it is left to the end of the process, except a consumer's leave (`Consumer::close`).
struct Client(*mut RDKafka);

impl Client {
    fn new(kind: RDKafkaType, properties: &[(&str, &str)], on_delivery: Option<DeliveryCallback>) -> Self {
        let mut error = [0 as c_char; ERROR_TEXT_BYTES];
        // SAFETY: the strings outlive the calls, `error` is as long as said, and `rd_kafka_new` takes `conf` over.
        unsafe {
            let conf = rd::rd_kafka_conf_new();
            for (name, value) in properties {
                let (name, value) = (c_string(name), c_string(value));
                let code = rd::rd_kafka_conf_set(
                    conf,
                    name.as_ptr(),
                    value.as_ptr(),
                    error.as_mut_ptr(),
                    error.len(),
                );
                assert!(
                    code as i32 == 0,
                    "{}",
                    CStr::from_ptr(error.as_ptr()).to_string_lossy()
                );
            }
            if on_delivery.is_some() {
                rd::rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
            }
            let handle = rd::rd_kafka_new(kind, conf, error.as_mut_ptr(), error.len());
            assert!(
                !handle.is_null(),
                "{}",
                CStr::from_ptr(error.as_ptr()).to_string_lossy()
            );
            Self(handle)
        }
    }
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("no zero byte")
}

fn check(code: RDKafkaRespErr, what: &str) {
    assert!(code as i32 == 0, "{what}: {:?}", RDKafkaErrorCode::from(code));
}

struct Consumer {
    client: Client,
    queue: *mut rd::rd_kafka_queue_t,
}

impl Consumer {
    fn subscribe(spec: &Spec, group: &str) -> Self {
        let client = Client::new(
            RDKafkaType::RD_KAFKA_CONSUMER,
            &[
                ("bootstrap.servers", spec.text("brokers")),
                ("client.id", "bench"),
                ("group.id", group),
                ("auto.offset.reset", "earliest"),
            ],
            None,
        );
        let topic = c_string(spec.text("topic"));
        // SAFETY: the handle lives; the list is copied by `rd_kafka_subscribe`.
        let queue = unsafe {
            check(rd::rd_kafka_poll_set_consumer(client.0), "poll_set_consumer");
            let topics = rd::rd_kafka_topic_partition_list_new(1);
            rd::rd_kafka_topic_partition_list_add(topics, topic.as_ptr(), PARTITION_UNASSIGNED);
            check(rd::rd_kafka_subscribe(client.0, topics), "subscribe");
            rd::rd_kafka_topic_partition_list_destroy(topics);
            rd::rd_kafka_queue_get_consumer(client.0)
        };
        Self { client, queue }
    }

    /// Counts `records` and gives the times of the first and of the last one.
    fn count(&self, records: usize) -> (Instant, Instant) {
        let mut messages = [ptr::null_mut::<RDKafkaMessage>(); CONSUME_BATCH];
        let mut seen = 0;
        let mut first = None;
        while seen < records {
            // SAFETY: the array has room for CONSUME_BATCH pointers; each message that comes is destroyed once.
            unsafe {
                let got = rd::rd_kafka_consume_batch_queue(
                    self.queue,
                    POLL_MS,
                    messages.as_mut_ptr(),
                    CONSUME_BATCH,
                );
                for &message in &messages[..usize::try_from(got).expect("consume_batch_queue failed")] {
                    if (*message).err as i32 == 0 {
                        first.get_or_insert_with(Instant::now);
                        seen += 1;
                    }
                    rd::rd_kafka_message_destroy(message);
                }
            }
        }
        (first.expect("at least one record"), Instant::now())
    }

    fn close(&self) {
        // SAFETY: the handle lives, and nothing polls its queue any more.
        unsafe { check(rd::rd_kafka_consumer_close(self.client.0), "consumer_close") }
    }
}

fn consume(spec: &Spec) -> Figures {
    let records = spec.count("records");
    let start = Instant::now();
    let consumer = Consumer::subscribe(spec, spec.text("group"));
    let (first, last) = consumer.count(records);
    let mut result = usage();
    consumer.close();
    result.extend(figures(json!({
        "records": records,
        "seconds": (last - first).as_secs_f64(),
        "totalSeconds": (last - start).as_secs_f64(),
    })));
    result
}

fn consume_groups(spec: &Spec) -> Figures {
    let records = spec.count("records");
    let groups = spec.0["groups"].as_array().expect("the spec has groups");
    // everyone waits for everyone, and then for the figures: they are taken while every group is still there
    let barrier = Barrier::new(groups.len() + 1);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for group in groups {
            let barrier = &barrier;
            scope.spawn(move || {
                let consumer = Consumer::subscribe(spec, group.as_str().expect("a group is a text"));
                consumer.count(records);
                barrier.wait();
                barrier.wait();
                consumer.close();
            });
        }
        barrier.wait();
        let seconds = start.elapsed().as_secs_f64();
        let mut result = usage();
        barrier.wait();
        result.extend(figures(json!({
            "records": records * groups.len(),
            "seconds": seconds,
            "totalSeconds": seconds,
        })));
        result
    })
}

type DeliveryCallback = unsafe extern "C" fn(*mut RDKafka, *const RDKafkaMessage, *mut c_void);

thread_local! {
    /// How many records of each send in flight are not acknowledged yet, and which sends are complete.
    static SENDS: RefCell<Sends> = const { RefCell::new(Sends { pending: Vec::new(), complete: Vec::new() }) };
}

struct Sends {
    pending: Vec<usize>,
    complete: Vec<usize>,
}

/// Runs on the thread that polls, with the send's slot as the record's opaque.
unsafe extern "C" fn on_delivery(_: *mut RDKafka, message: *const RDKafkaMessage, _: *mut c_void) {
    // SAFETY: librdkafka passes a message that lives for this call.
    let message = unsafe { &*message };
    check(message.err, "delivery");
    let slot = message._private as usize;
    SENDS.with_borrow_mut(|sends| {
        sends.pending[slot] -= 1;
        if sends.pending[slot] == 0 {
            sends.complete.push(slot);
        }
    });
}

struct Producer {
    client: Client,
    topic: *mut rd::rd_kafka_topic_t,
    pool: &'static [(String, String)],
    next: usize,
}

impl Producer {
    fn new(spec: &Spec) -> Self {
        let client = Client::new(
            RDKafkaType::RD_KAFKA_PRODUCER,
            &[
                ("bootstrap.servers", spec.text("brokers")),
                ("client.id", "bench"),
                ("acks", "all"),
                ("enable.idempotence", "true"),
                ("linger.ms", "0"),
                ("partitioner", "murmur2_random"),
            ],
            Some(on_delivery),
        );
        let name = c_string(spec.text("topic"));
        // SAFETY: the handle lives; null means the default topic configuration.
        let topic = unsafe { rd::rd_kafka_topic_new(client.0, name.as_ptr(), ptr::null_mut()) };
        assert!(!topic.is_null(), "no topic handle");
        let pool: Vec<_> = (0..POOL_RECORDS)
            .map(|index| (key_of(index), value_of(index)))
            .collect();
        Self {
            client,
            topic,
            pool: pool.leak(),
            next: 0,
        }
    }

    /// Hands one send's records to librdkafka, without waiting.
    fn send(&mut self, slot: usize, records: usize) {
        SENDS.with_borrow_mut(|sends| sends.pending[slot] = records);
        for _ in 0..records {
            let (key, value) = &self.pool[self.next % POOL_RECORDS];
            self.next += 1;
            // SAFETY: without a flag librdkafka reads the value where it is until the delivery report, and never
            // writes to it; the pool stays for ever.
            let code = unsafe {
                rd::rd_kafka_produce(
                    self.topic,
                    PARTITION_UNASSIGNED,
                    BORROWED_VALUE,
                    value.as_ptr().cast_mut().cast(),
                    value.len(),
                    key.as_ptr().cast(),
                    key.len(),
                    slot as *mut c_void,
                )
            };
            assert!(code == 0, "produce failed");
        }
    }

    /// Waits until at least one send is complete, and gives the slots of those that are.
    fn complete(&self) -> Vec<usize> {
        loop {
            let complete = SENDS.with_borrow_mut(|sends| std::mem::take(&mut sends.complete));
            if !complete.is_empty() {
                return complete;
            }
            // SAFETY: the handle lives; delivery reports come on this thread.
            unsafe { rd::rd_kafka_poll(self.client.0, POLL_MS) };
        }
    }
}

fn produce(spec: &Spec) -> Figures {
    let per_send = spec.count("recordsPerSend");
    let in_flight = spec.count("sendsInFlight");
    let total_sends = spec.count("records") / per_send;
    let max = Duration::from_secs(spec.count("maxSeconds") as u64);
    let mut producer = Producer::new(spec);
    SENDS.with_borrow_mut(|sends| sends.pending = vec![0; in_flight]);

    let warm_up_sends = if per_send == 1 { WARM_UP_SENDS } else { 1 };
    for _ in 0..warm_up_sends {
        producer.send(0, per_send);
        producer.complete();
    }

    let mut latencies_ms = Vec::new();
    let start = Instant::now();
    let mut started = 0;
    let mut open = 0;
    let mut free: Vec<usize> = (0..in_flight).collect();
    loop {
        let sent = Instant::now();
        for slot in free.drain(..) {
            if started < total_sends && start.elapsed() < max {
                producer.send(slot, per_send);
                started += 1;
                open += 1;
            }
        }
        if open == 0 {
            break;
        }
        free = producer.complete();
        open -= free.len();
        if in_flight == 1 {
            latencies_ms.push(sent.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut result = usage();
    result.extend(figures(json!({
        "records": started * per_send,
        "warmUpRecords": warm_up_sends * per_send,
        "seconds": seconds,
        "totalSeconds": seconds,
    })));
    if in_flight == 1 {
        latencies_ms.sort_by(f64::total_cmp);
        let at = |percent: usize| latencies_ms[(latencies_ms.len() * percent).div_ceil(100).max(1) - 1];
        result.extend(figures(json!({ "p50Ms": at(50), "p99Ms": at(99) })));
    }
    result
}

fn key_of(index: usize) -> String {
    format!("customer-{:03}", index % DISTINCT_KEYS)
}

/// The same bytes as `orderOf` in `harness/data.mjs`.
fn value_of(index: usize) -> String {
    let mut value = format!(
        r#"{{"n":{index},"order":"order-{index:010}","customer":"{}","amount":19.99,"currency":"EUR","status":"created","at":"2026-01-01T00:00:00.000Z","note":""#,
        key_of(index)
    );
    let padding = RECORD_BYTES - value.len() - 2;
    write!(value, r#"{:x<padding$}"}}"#, "").expect("a String takes all");
    value
}

/// Processor time since the process began, the peak of resident memory and the threads of now, on Linux.
fn usage() -> Figures {
    let (Ok(status), Ok(stat)) = (
        std::fs::read_to_string("/proc/self/status"),
        std::fs::read_to_string("/proc/self/stat"),
    ) else {
        return Figures::new();
    };
    let field = |name: &str| -> u64 {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default();
        line.split_whitespace()
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or_default()
    };
    // the program's name, in brackets, may hold spaces: count the fields after it
    let times = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2);
    let ticks: f64 = times.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    figures(json!({
        "cpuSeconds": ticks / CLOCK_TICKS_A_SECOND,
        "peakRssBytes": field("VmHWM:") * 1024,
        "threads": field("Threads:"),
    }))
}
