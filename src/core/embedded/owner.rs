//! The thread that owns the mock cluster.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaApiKey as Api, RDKafkaRespErr};

use super::log::{self, LogLine};
use super::losses::{Losses, REPORT_INTERVAL};
use super::{BrokerEvents, Command};
use crate::core::error::{CoreError, ErrorCode, Result, error_text};
use crate::core::rd::{Handle, Kind, MockCluster, Queue, Waker, injectable_error};

/// Kafka's brokers take transactions; these would show aborted records to everybody. A client that asks for one is
/// told that the brokers cannot do it.
const TRANSACTIONS: [Api; 4] = [
    Api::AddPartitionsToTxn,
    Api::AddOffsetsToTxn,
    Api::EndTxn,
    Api::TxnOffsetCommit,
];
/// Members of a KIP-848 group get their part within a few of these; Kafka's default is 5 s.
const HEARTBEAT: Duration = Duration::from_millis(100);

pub(super) struct Owner {
    mock: MockCluster,
    brokers: i32,
    queue: Queue,
    topics: HashMap<String, i32>,
    losses: Losses,
    commands: Receiver<Command>,
    events: Arc<dyn BrokerEvents>,
}

impl Owner {
    /// To be called on the thread that then runs it.
    pub(super) fn new(
        brokers: i32,
        commands: Receiver<Command>,
        events: Arc<dyn BrokerEvents>,
    ) -> Result<Self> {
        // the log at this level is one short line for each batch that is written
        let properties = [("client.id", "narad-broker"), ("debug", "mock")];
        let properties = properties
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let handle = Arc::new(Handle::new(Kind::Producer, &properties)?);
        let mut queue = Queue::main(&handle)
            .ok_or_else(|| CoreError::new(ErrorCode::Internal, "librdkafka gave no queue"))?;
        queue.wake_with(&Waker::new(thread::current()));
        let mock = MockCluster::new(&handle, brokers).ok_or_else(|| {
            CoreError::new(
                ErrorCode::EmbeddedBroker,
                "the embedded broker cannot listen on the loopback interface",
            )
        })?;
        mock.set_first_join_delay(Duration::ZERO);
        mock.set_heartbeat_interval(HEARTBEAT);
        for api in TRANSACTIONS {
            mock.disable_request(api.into())
                .map_err(|cause| refusal("cannot switch transactions off", cause))?;
        }
        Ok(Self {
            mock,
            brokers,
            queue,
            topics: HashMap::new(),
            losses: Losses::default(),
            commands,
            events,
        })
    }

    pub(super) fn bootstrap(&self) -> String {
        self.mock.bootstrap()
    }

    pub(super) fn run(mut self) {
        loop {
            self.read_log();
            for error in self.losses.due(Instant::now()) {
                self.events.error(error);
            }
            match self.commands.try_recv() {
                Ok(Command::Run(work)) => {
                    // a topic that a client has seen created is known here as well
                    self.read_log();
                    work(&self);
                }
                Ok(Command::Stop(stopped)) => return self.stop(&stopped),
                Err(TryRecvError::Empty) => thread::park_timeout(REPORT_INTERVAL),
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    /// Nothing is left of the cluster when the answer goes out.
    fn stop(self, stopped: &Sender<Result<()>>) {
        let Self {
            mock,
            queue,
            mut topics,
            mut losses,
            ..
        } = self;
        // the cluster's thread ends here, and with it its log
        drop(mock);
        read_log(&queue, &mut topics, &mut losses);
        drop(queue);
        let _ = stopped.send(losses.summary());
    }

    fn read_log(&mut self) {
        read_log(&self.queue, &mut self.topics, &mut self.losses);
    }

    pub(super) fn create_topic(&self, topic: &str, partitions: i32, replication: i32) -> Result<()> {
        if partitions < 1 {
            return Err(invalid(format!("topic {topic} must have at least one partition")));
        }
        if !(1..=self.brokers).contains(&replication) {
            return Err(invalid(format!(
                "the replication factor of topic {topic} must be from 1 to the number of brokers, which is {}, \
                 but is {replication}",
                self.brokers
            )));
        }
        self.mock
            .create_topic(topic, partitions, replication)
            .map_err(|cause| refusal(&format!("topic {topic} cannot be created"), cause).on_topic(topic))
    }

    pub(super) fn push_request_errors(&self, api: i16, errors: &[String]) -> Result<()> {
        let errors: Vec<_> = errors
            .iter()
            .map(|name| {
                injectable_error(name).ok_or_else(|| {
                    invalid(format!(
                        "{name:?} is no error that a broker answers with: write it as error.kafkaCode shows it, such \
                         as NOT_ENOUGH_REPLICAS, or _TRANSPORT to close the connection"
                    ))
                })
            })
            .collect::<Result<_>>()?;
        self.mock.push_request_errors(api, &errors);
        Ok(())
    }

    pub(super) fn clear_request_errors(&self, api: i16) {
        self.mock.clear_request_errors(api);
    }

    pub(super) fn broker_down(&self, broker: i32) -> Result<()> {
        self.on_broker(broker, || self.mock.set_down(broker))
    }

    pub(super) fn broker_up(&self, broker: i32) -> Result<()> {
        self.on_broker(broker, || self.mock.set_up(broker))
    }

    pub(super) fn set_round_trip_time(&self, broker: i32, time: Duration) -> Result<()> {
        self.on_broker(broker, || self.mock.set_round_trip_time(broker, time))
    }

    pub(super) fn move_leader(&self, topic: &str, partition: i32, broker: i32) -> Result<()> {
        // the mock would create a missing topic
        let Some(partitions) = self.topics.get(topic) else {
            return Err(CoreError::new(
                ErrorCode::UnknownTopic,
                format!("the embedded broker has no topic {topic}"),
            )
            .on_topic(topic));
        };
        if !(0..*partitions).contains(&partition) {
            return Err(CoreError::new(
                ErrorCode::UnknownPartition,
                format!("topic {topic} has no partition {partition}: it has {partitions}"),
            )
            .on_topic(topic)
            .on_partition(partition));
        }
        self.on_broker(broker, || self.mock.set_leader(topic, partition, broker))
    }

    pub(super) fn move_coordinator(&self, group: &str, broker: i32) -> Result<()> {
        self.on_broker(broker, || self.mock.set_coordinator(group, broker))
    }

    /// An id that no broker has would mean all of them, or none, to the mock.
    fn on_broker(
        &self,
        broker: i32,
        call: impl FnOnce() -> std::result::Result<(), RDKafkaRespErr>,
    ) -> Result<()> {
        if !(1..=self.brokers).contains(&broker) {
            return Err(invalid(format!(
                "there is no broker {broker}: the embedded brokers have the ids from 1 to {}",
                self.brokers
            )));
        }
        call().map_err(|cause| refusal(&format!("broker {broker} refuses"), cause))
    }
}

fn read_log(queue: &Queue, topics: &mut HashMap<String, i32>, losses: &mut Losses) {
    while let Some(event) = queue.poll(Duration::ZERO) {
        let Some((_, _, text)) = event.log() else {
            continue;
        };
        match log::parse(&text) {
            Some(LogLine::TopicCreated { topic, partitions }) => {
                topics.insert(topic.to_owned(), partitions);
            }
            Some(LogLine::Appended {
                topic,
                partition,
                low,
            }) => losses.note(topic, partition, low),
            None => {}
        }
    }
}

fn invalid(message: String) -> CoreError {
    CoreError::new(ErrorCode::InvalidArgument, message)
}

fn refusal(what: &str, cause: RDKafkaRespErr) -> CoreError {
    CoreError::new(
        ErrorCode::EmbeddedBroker,
        format!("{what}: {}", error_text(cause)),
    )
    .caused_by(cause)
}
