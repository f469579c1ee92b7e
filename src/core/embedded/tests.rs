use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, DeliveryResult};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaApiKey;
use rdkafka::{ClientContext, Message};

use super::*;

const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Default)]
struct Seen(Mutex<Vec<CoreError>>);

impl BrokerEvents for Seen {
    fn error(&self, error: CoreError) {
        self.0.lock().unwrap().push(error);
    }
}

impl Seen {
    fn errors(&self) -> Vec<CoreError> {
        self.0.lock().unwrap().clone()
    }
}

fn start(brokers: i32) -> (EmbeddedBroker, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    (EmbeddedBroker::start(brokers, seen.clone()).unwrap(), seen)
}

fn wait(call: impl FnOnce(Reply)) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    call(Box::new(move |outcome| sender.send(outcome).unwrap()));
    receiver.recv_timeout(PATIENCE).expect("no reply")
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Notes what became of each record: (partition, offset) or the error.
#[derive(Default, Clone)]
struct Deliveries(Arc<Mutex<Vec<Delivered>>>);

type Delivered = std::result::Result<(i32, i64), RDKafkaErrorCode>;

impl ClientContext for Deliveries {}
impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let outcome = match result {
            Ok(record) => Ok((record.partition(), record.offset())),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap()),
        };
        self.0.lock().unwrap().push(outcome);
    }
}

struct TestProducer {
    producer: ThreadedProducer<Deliveries>,
    deliveries: Deliveries,
}

impl TestProducer {
    fn new(broker: &EmbeddedBroker, properties: &[(&str, &str)]) -> Self {
        let deliveries = Deliveries::default();
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", broker.bootstrap())
            .set("linger.ms", "0")
            // requests are counted, and the brokers drop whole batches
            .set("batch.num.messages", "1");
        for (name, value) in properties {
            config.set(*name, *value);
        }
        let producer = config.create_with_context(deliveries.clone()).unwrap();
        Self { producer, deliveries }
    }

    fn send(&self, topic: &str, partition: i32, value: &[u8]) {
        let record = BaseRecord::to(topic)
            .partition(partition)
            .key("key")
            .payload(value);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    /// Sends `count` records to partition 0 and waits until they are settled.
    fn send_all(&self, topic: &str, count: usize, value: &[u8]) {
        for _ in 0..count {
            self.send(topic, 0, value);
        }
        self.producer.flush(PATIENCE).unwrap();
    }

    fn outcomes(&self) -> Vec<std::result::Result<(i32, i64), RDKafkaErrorCode>> {
        self.producer.flush(PATIENCE).unwrap();
        self.deliveries.0.lock().unwrap().clone()
    }
}

fn consumer(broker: &EmbeddedBroker, group: &str) -> BaseConsumer {
    consumer_with(
        broker,
        group,
        ("partition.assignment.strategy", "cooperative-sticky"),
    )
}

fn consumer_with(broker: &EmbeddedBroker, group: &str, property: (&str, &str)) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap())
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set(property.0, property.1)
        .create()
        .unwrap()
}

fn next_record(consumer: &BaseConsumer) -> BorrowedMessage<'_> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(record)) => return record,
            Some(Err(error)) => println!("poll: {error}"),
            None => assert!(Instant::now() < deadline, "no record"),
        }
    }
}

fn leader(broker: &EmbeddedBroker, topic: &str) -> i32 {
    let metadata = consumer(broker, "x")
        .fetch_metadata(Some(topic), PATIENCE)
        .unwrap();
    metadata.topics()[0].partitions()[0].leader()
}

fn ports(broker: &EmbeddedBroker) -> Vec<String> {
    broker.bootstrap().split(',').map(str::to_owned).collect()
}

#[test]
fn records_sent_to_a_created_topic_come_back() {
    let (broker, seen) = start(1);
    wait(|reply| broker.create_topic("orders".into(), 3, 1, reply)).unwrap();
    let producer = TestProducer::new(&broker, &[("enable.idempotence", "true")]);
    producer.send("orders", 2, b"value");
    assert_eq!(producer.outcomes(), [Ok((2, 0))]);

    let consumer = consumer(&broker, "group");
    let metadata = consumer.fetch_metadata(Some("orders"), PATIENCE).unwrap();
    assert_eq!(metadata.topics()[0].partitions().len(), 3);
    consumer.subscribe(&["orders"]).unwrap();
    let record = next_record(&consumer);
    assert_eq!(record.key(), Some(&b"key"[..]));
    assert_eq!(record.payload(), Some(&b"value"[..]));
    assert_eq!(record.partition(), 2);
    drop(record);
    drop(consumer);
    drop(producer);
    broker.stop(PATIENCE).unwrap();
    assert!(seen.errors().is_empty());
}

#[test]
fn the_first_member_of_a_group_gets_its_partitions_in_well_under_a_second() {
    // the mock waits 3 s by default, as group.initial.rebalance.delay.ms says
    let (broker, _) = start(1);
    wait(|reply| broker.create_topic("orders".into(), 1, 1, reply)).unwrap();
    let consumer = consumer(&broker, "group");
    let start = Instant::now();
    consumer.subscribe(&["orders"]).unwrap();
    eventually("an assignment", || {
        let _ = consumer.poll(Duration::from_millis(5));
        consumer.assignment().unwrap().count() == 1
    });
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn members_of_a_kip_848_group_come_and_go_in_well_under_a_second() {
    // in a classic group of the mock a rebalance takes session.timeout.ms less a second: 44 s by default
    let (broker, _) = start(1);
    wait(|reply| broker.create_topic("orders".into(), 4, 1, reply)).unwrap();
    let member = || {
        let consumer = consumer_with(&broker, "group", ("group.protocol", "consumer"));
        consumer.subscribe(&["orders"]).unwrap();
        consumer
    };
    let settled = |members: &[(&BaseConsumer, usize)]| {
        let start = Instant::now();
        eventually("the assignment", || {
            for (member, _) in members {
                let _ = member.poll(Duration::from_millis(2));
            }
            members
                .iter()
                .all(|(member, part)| member.assignment().unwrap().count() == *part)
        });
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    };
    let first = member();
    settled(&[(&first, 4)]);
    let second = member();
    settled(&[(&first, 2), (&second, 2)]);
    drop(first);
    settled(&[(&second, 4)]);
    drop(second);
    settled(&[(&member(), 4)]);
}

#[test]
fn dropped_records_are_told_with_topic_partition_and_count() {
    // the mock keeps 5 MiB a partition and forgets the rest without a word
    let (broker, seen) = start(1);
    wait(|reply| broker.create_topic("orders".into(), 1, 1, reply)).unwrap();
    let producer = TestProducer::new(&broker, &[]);
    let value = vec![b'x'; 100_000];
    producer.send_all("orders", 50, &value);
    // a call is answered after the log up to it was read
    wait(|reply| broker.broker_up(1, reply)).unwrap();
    assert!(seen.errors().is_empty(), "5 MB still fit");
    producer.send_all("orders", 20, &value);

    let consumer = consumer(&broker, "witness");
    let (low, high) = consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap();
    assert_eq!(high, 70);
    assert!(low > 0);
    eventually("a report of everything", || {
        let expected = format!("the first {low} records of orders [0]");
        seen.errors()
            .iter()
            .any(|error| error.message.contains(&expected))
    });
    for error in seen.errors() {
        assert_eq!(error.code, ErrorCode::EmbeddedDataLost);
        assert!(error.fatal);
        assert_eq!(
            (error.topic.as_deref(), error.partition),
            (Some("orders"), Some(0))
        );
    }
    let error = broker.stop(PATIENCE).unwrap_err();
    assert_eq!(error.code, ErrorCode::EmbeddedDataLost);
    assert!(
        error.message.contains(&format!("{low} records in all")),
        "{error}"
    );
}

#[test]
fn records_dropped_in_the_last_moment_are_told_by_stop() {
    let (broker, _) = start(1);
    let producer = TestProducer::new(&broker, &[]);
    producer.send_all("auto-created", 60, &vec![b'x'; 100_000]);
    wait(|reply| broker.broker_down(1, reply)).unwrap();
    let error = broker.stop(PATIENCE).unwrap_err();
    assert_eq!(error.code, ErrorCode::EmbeddedDataLost);
    assert_eq!(error.topic.as_deref(), Some("auto-created"));
}

#[test]
fn requests_fail_as_often_as_they_were_told_to() {
    let (broker, _) = start(1);
    let api = i16::from(RDKafkaApiKey::Produce);
    let producer = TestProducer::new(&broker, &[("retries", "0")]);
    producer.send("t", 0, b"1");
    assert_eq!(producer.outcomes().len(), 1);
    let errors = |count| vec!["INVALID_REQUIRED_ACKS".to_owned(); count];
    let refused = Err(RDKafkaErrorCode::InvalidRequiredAcks);
    wait(|reply| broker.push_request_errors(api, errors(2), reply)).unwrap();
    // one after the other: of requests that are under way together, the errors may meet any
    for _ in 0..3 {
        producer.send_all("t", 1, b"2");
    }
    assert_eq!(producer.outcomes()[1..], [refused, refused, Ok((0, 1))]);

    wait(|reply| broker.push_request_errors(api, errors(100), reply)).unwrap();
    producer.send_all("t", 1, b"3");
    wait(|reply| broker.clear_request_errors(api, reply)).unwrap();
    producer.send_all("t", 1, b"4");
    assert_eq!(producer.outcomes()[4..], [refused, Ok((0, 2))]);
}

#[test]
fn an_error_that_no_broker_answers_with_is_refused_by_name() {
    let (broker, _) = start(1);
    for name in [
        "NOT_ENOUGH_REPLICA",
        "",
        "NO_ERROR",
        "_MSG_TIMED_OUT",
        "_END",
        "_BEGIN",
    ] {
        let error = wait(|reply| broker.push_request_errors(0, vec![name.to_owned()], reply)).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidArgument, "{name}");
        assert!(error.message.contains(&format!("{name:?}")), "{error}");
    }
    for name in ["NOT_ENOUGH_REPLICAS", "UNKNOWN", "_TRANSPORT"] {
        wait(|reply| broker.push_request_errors(0, vec![name.to_owned()], reply)).unwrap();
    }
}

#[test]
fn a_broker_that_is_down_refuses_connections_and_comes_back_with_its_records() {
    let (broker, _) = start(1);
    let producer = TestProducer::new(&broker, &[("reconnect.backoff.max.ms", "100")]);
    producer.send_all("t", 1, b"before");
    wait(|reply| broker.broker_down(1, reply)).unwrap();
    assert!(TcpStream::connect(&ports(&broker)[0]).is_err());
    producer.send("t", 0, b"while it is down");
    wait(|reply| broker.broker_up(1, reply)).unwrap();
    assert_eq!(producer.outcomes(), [Ok((0, 0)), Ok((0, 1))]);
}

#[test]
fn answers_take_the_round_trip_time() {
    let (broker, _) = start(1);
    wait(|reply| broker.create_topic("t".into(), 1, 1, reply)).unwrap();
    let producer = TestProducer::new(&broker, &[]);
    producer.send_all("t", 1, b"1");
    let time = Duration::from_millis(300);
    wait(|reply| broker.set_round_trip_time(1, time, reply)).unwrap();
    let start = Instant::now();
    producer.send_all("t", 1, b"2");
    assert!(start.elapsed() >= time, "{:?}", start.elapsed());
}

#[test]
fn leader_and_coordinator_move_to_the_broker_that_is_named() {
    let (broker, _) = start(3);
    let producer = TestProducer::new(&broker, &[]);
    producer.send_all("auto-created", 1, b"1");
    for id in [3, 1, 2] {
        wait(|reply| broker.move_leader("auto-created".into(), 0, id, reply)).unwrap();
        assert_eq!(leader(&broker, "auto-created"), id);
    }
    wait(|reply| broker.move_coordinator("group".into(), 2, reply)).unwrap();
    for other in [1, 3] {
        wait(|reply| broker.broker_down(other, reply)).unwrap();
    }
    let consumer = consumer(&broker, "group");
    consumer.subscribe(&["auto-created"]).unwrap();
    assert_eq!(next_record(&consumer).payload(), Some(&b"1"[..]));
}

#[test]
fn what_does_not_exist_is_refused_and_not_made_up() {
    let (broker, _) = start(2);
    wait(|reply| broker.create_topic("t".into(), 2, 2, reply)).unwrap();
    let code = |outcome: Result<()>| outcome.unwrap_err().code;

    let again = wait(|reply| broker.create_topic("t".into(), 2, 2, reply)).unwrap_err();
    assert_eq!(again.code, ErrorCode::EmbeddedBroker);
    assert_eq!(again.kafka_code, Some("TOPIC_ALREADY_EXISTS"));
    for (partitions, replication) in [(0, 1), (-1, 1), (1, 0), (1, 3)] {
        let refused = wait(|reply| broker.create_topic("u".into(), partitions, replication, reply));
        assert_eq!(
            code(refused),
            ErrorCode::InvalidArgument,
            "{partitions}/{replication}"
        );
    }

    // the mock creates the topic
    let missing = wait(|reply| broker.move_leader("missing".into(), 0, 1, reply));
    assert_eq!(code(missing), ErrorCode::UnknownTopic);
    for partition in [-1, 2] {
        let missing = wait(|reply| broker.move_leader("t".into(), partition, 1, reply));
        assert_eq!(code(missing), ErrorCode::UnknownPartition);
    }

    // the mock takes -1 for all of them, and no leader at all makes it crash
    for id in [-1, 0, 3] {
        assert_eq!(
            code(wait(|reply| broker.broker_down(id, reply))),
            ErrorCode::InvalidArgument
        );
        assert_eq!(
            code(wait(|reply| broker.broker_up(id, reply))),
            ErrorCode::InvalidArgument
        );
        let leader = wait(|reply| broker.move_leader("t".into(), 0, id, reply));
        assert_eq!(code(leader), ErrorCode::InvalidArgument);
        let coordinator = wait(|reply| broker.move_coordinator("g".into(), id, reply));
        assert_eq!(code(coordinator), ErrorCode::InvalidArgument);
    }
}

#[test]
fn transactions_are_refused_whoever_asks() {
    // the mock takes them, and shows what was aborted to everybody
    let (broker, _) = start(1);
    wait(|reply| broker.create_topic("t".into(), 1, 1, reply)).unwrap();
    let producer = TestProducer::new(
        &broker,
        &[("transactional.id", "tx"), ("transaction.timeout.ms", "1000")],
    );
    let refused = producer.producer.init_transactions(PATIENCE).and_then(|()| {
        producer.producer.begin_transaction()?;
        producer.send("t", 0, b"aborted");
        producer.producer.commit_transaction(PATIENCE)
    });
    assert!(matches!(refused, Err(KafkaError::Transaction(_))), "{refused:?}");
    let (_, high) = consumer(&broker, "g").fetch_watermarks("t", 0, PATIENCE).unwrap();
    assert_eq!(high, 0);
}

#[test]
fn stop_closes_every_port_while_clients_are_connected() {
    let (broker, _) = start(3);
    let producer = TestProducer::new(&broker, &[]);
    producer.send_all("t", 1, b"1");
    let ports = ports(&broker);
    let start = Instant::now();
    broker.stop(PATIENCE).unwrap();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    for port in ports {
        assert!(TcpStream::connect(&port).is_err(), "{port} is still open");
    }
}

#[test]
fn a_broker_that_is_let_go_closes_its_ports() {
    let (broker, _) = start(1);
    let ports = ports(&broker);
    drop(broker);
    eventually("the port to close", || TcpStream::connect(&ports[0]).is_err());
}

#[test]
fn calls_do_not_wait_for_the_mock_to_look_by_itself() {
    // of two calls in a row the second often took a second: its wake-up was swallowed with that of the first
    let start_of_all = Instant::now();
    for _ in 0..20 {
        let (broker, _) = start(1);
        wait(|reply| broker.create_topic("t".into(), 1, 1, reply)).unwrap();
        wait(|reply| broker.broker_down(1, reply)).unwrap();
        wait(|reply| broker.broker_up(1, reply)).unwrap();
        broker.stop(PATIENCE).unwrap();
    }
    println!("{:?}", start_of_all.elapsed());
    assert!(
        start_of_all.elapsed() < Duration::from_secs(4),
        "{:?}",
        start_of_all.elapsed()
    );
}
