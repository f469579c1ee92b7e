//! The embedded broker: librdkafka's mock cluster in this process, with its holes closed or told.
//!
//! It speaks the real protocol on loopback, for demos and users' tests. A thread of its own owns it, runs what it
//! is asked in order, and reads its log, which is where it says what it drops.

mod log;
mod losses;
mod owner;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::Thread;
use std::time::Duration;

use super::error::{CoreError, ErrorCode, Result};
use owner::Owner;

/// What an embedded broker tells its owner, from its own thread.
pub trait BrokerEvents: Send + Sync + 'static {
    /// Records were dropped that may not have been read.
    fn error(&self, error: CoreError);
}

/// Called once, from the broker's thread.
pub type Reply = Box<dyn FnOnce(Result<()>) + Send>;

/// What the owner thread is asked to do.
enum Command {
    Run(Box<dyn FnOnce(&Owner) + Send>),
    Stop(Sender<Result<()>>),
}

/// A cluster in this process. Calls never block; they run in the order in which they were made.
pub struct EmbeddedBroker {
    bootstrap: String,
    commands: Sender<Command>,
    thread: Thread,
}

impl EmbeddedBroker {
    /// Starts `brokers` brokers, with the ids from 1 on, on free ports of the loopback interface.
    pub fn start(brokers: i32, events: Arc<dyn BrokerEvents>) -> Result<Self> {
        let (commands, receiver) = mpsc::channel();
        let (started, start) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("narad-broker".into())
            .spawn(move || match Owner::new(brokers, receiver, events) {
                Ok(owner) => {
                    let _ = started.send(Ok(owner.bootstrap()));
                    owner.run();
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })
            .map_err(|error| CoreError::new(ErrorCode::Internal, format!("cannot start a thread: {error}")))?
            .thread()
            .clone();
        let bootstrap = start.recv().unwrap_or_else(|_| {
            Err(CoreError::new(
                ErrorCode::EmbeddedBroker,
                "the embedded broker ended while it started",
            ))
        })?;
        Ok(Self {
            bootstrap,
            commands,
            thread,
        })
    }

    /// Host and port of every broker, as clients take them.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Creates a topic: the brokers themselves do not know the admin requests.
    pub fn create_topic(&self, topic: String, partitions: i32, replication: i32, reply: Reply) {
        self.run(reply, move |owner| {
            owner.create_topic(&topic, partitions, replication)
        });
    }

    /// Lets the next requests of a kind fail, one for each error by its name.
    pub fn push_request_errors(&self, api: i16, errors: Vec<String>, reply: Reply) {
        self.run(reply, move |owner| owner.push_request_errors(api, &errors));
    }

    /// Lets requests of a kind succeed again.
    pub fn clear_request_errors(&self, api: i16, reply: Reply) {
        self.run(reply, move |owner| {
            owner.clear_request_errors(api);
            Ok(())
        });
    }

    /// Closes a broker's connections and refuses new ones. What it leads, it still leads.
    pub fn broker_down(&self, broker: i32, reply: Reply) {
        self.run(reply, move |owner| owner.broker_down(broker));
    }

    /// Lets a broker take connections again.
    pub fn broker_up(&self, broker: i32, reply: Reply) {
        self.run(reply, move |owner| owner.broker_up(broker));
    }

    /// Lets each answer of a broker wait so long.
    pub fn set_round_trip_time(&self, broker: i32, time: Duration, reply: Reply) {
        self.run(reply, move |owner| owner.set_round_trip_time(broker, time));
    }

    /// Makes a broker the leader of a partition.
    pub fn move_leader(&self, topic: String, partition: i32, broker: i32, reply: Reply) {
        self.run(reply, move |owner| owner.move_leader(&topic, partition, broker));
    }

    /// Makes a broker the coordinator of a group.
    pub fn move_coordinator(&self, group: String, broker: i32, reply: Reply) {
        self.run(reply, move |owner| owner.move_coordinator(&group, broker));
    }

    /// Closes every connection and port, forgets all records, and says what was lost before. Blocks, at the longest
    /// for `timeout`.
    pub fn stop(self, timeout: Duration) -> Result<()> {
        let (stopped, stop) = mpsc::channel();
        self.send(Command::Stop(stopped));
        stop.recv_timeout(timeout).unwrap_or_else(|_| {
            Err(CoreError::new(
                ErrorCode::EmbeddedBroker,
                format!(
                    "the embedded broker did not stop within {} ms",
                    timeout.as_millis()
                ),
            ))
        })
    }

    fn run(&self, reply: Reply, work: impl FnOnce(&Owner) -> Result<()> + Send + 'static) {
        self.send(Command::Run(Box::new(move |owner| reply(work(owner)))));
    }

    fn send(&self, command: Command) {
        // a thread that is gone has been stopped, and nobody asks it anything after that
        let _ = self.commands.send(command);
        self.thread.unpark();
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        // let go without a stop, or after one: nobody waits
        self.send(Command::Stop(mpsc::channel().0));
    }
}
