//! A consumer group's member: one thread of its own polls librdkafka, packs batches, takes
//! completions back, moves the watermarks and commits them. Heartbeats and polls therefore never
//! depend on the event loop.

mod batch;
mod commits;
mod counting;
mod group;
mod heartbeat;
mod joining;
mod lanes;
mod ledger;
mod partition;
mod pausing;
mod positions;
mod reading;
mod rebalance;
mod resets;
mod right;
mod seeking;
mod subscription;
mod targets;
mod topic_ids;
mod watermark;

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

pub use batch::Batch;
pub use lanes::Ordering;
pub use reading::{ReadingRange, ReadingSpec};
pub use seeking::SeekPlace;
pub use subscription::{Limits, SubscriptionSpec};
pub use targets::SeekTarget;

use super::admin::{self, NewTopic, TopicSize};
use super::connect::{Connector, Pending, Progress};
use super::error::{CoreError, ErrorCode, Result};
use super::metrics::GroupMetrics;
use super::prefetch::Share;
use super::rd::{Handle, Kind};
use heartbeat::Heartbeat;
use right::GroupRight;

/// What a consumer tells its owner, from its own thread.
pub trait ConsumerEvents: Send + Sync + 'static {
    /// Records to handle; each is to be reported with [`Consumer::complete`].
    fn batch(&self, batch: Batch);
    /// Partitions came or went.
    fn rebalance(&self, rebalance: Rebalance);
    /// Partitions go on somewhere else, in new slots: nothing of the old ones counts any more.
    fn moved(&self, slots: Vec<(u32, u32)>);
    /// Something went wrong; consuming goes on unless the error is fatal.
    fn error(&self, error: CoreError);
    /// A line of librdkafka's log, with its syslog level.
    fn log(&self, level: i32, text: String);
}

/// Why partitions came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebalanceKind {
    /// They are ours from now on.
    Assigned,
    /// They go to another member, after what runs has ended and is committed.
    Revoked,
    /// They already belong to another member; nothing of them can be committed.
    Lost,
    /// They were read to their end, and everything before it is back.
    Ended,
}

/// A change of the assignment.
#[derive(Debug)]
pub struct Rebalance {
    /// Its direction.
    pub kind: RebalanceKind,
    /// The partitions concerned.
    pub partitions: Vec<AssignedPartition>,
}

/// A partition while it is assigned.
#[derive(Clone, Debug)]
pub struct AssignedPartition {
    /// Number of this assignment of it, never used again in this consumer.
    pub slot: u32,
    /// The subscription that its records go to.
    pub subscription: u32,
    /// Topic.
    pub topic: Arc<str>,
    /// Partition number.
    pub partition: i32,
}

/// What became of a record that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Handled: the watermark may pass it.
    Done,
    /// The handler failed: its partition stops here.
    Failed,
    /// It was not given to a handler: it will be redelivered.
    NotRun,
    /// It waits for something other than a free worker, such as an earlier record of its lane that is tried
    /// again; what became of it is told later.
    Held,
}

/// Tuning of a consumer; every duration has its property in `lib/config/options.ts`.
#[derive(Clone)]
pub struct ConsumerSettings {
    /// Longest time between a moved watermark and its commit.
    pub commit_interval: Duration,
    /// Bytes that all consumers of this process may prefetch.
    pub prefetch_budget: usize,
    /// Where it counts what it does, if anywhere.
    pub metrics: Option<Arc<GroupMetrics>>,
}

/// What a close left behind.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsumerReport {
    /// Records whose handler had not ended.
    pub unfinished: usize,
    /// The group was left before the deadline.
    pub left_group: bool,
}

type Reply<T> = Box<dyn FnOnce(T) + Send>;

/// What the owner thread is asked to do.
enum Command {
    Subscribe {
        spec: SubscriptionSpec,
        start: positions::Snapshot,
        deadline: Instant,
        reply: Pending,
    },
    Read {
        spec: SubscriptionSpec,
        reading: reading::Reading,
        ranges: Vec<ReadingRange>,
        reply: Pending,
    },
    Counted {
        subscription: u32,
        partitions: i32,
    },
    SetTopics {
        subscription: u32,
        topics: Vec<String>,
    },
    Unsubscribe {
        subscription: u32,
    },
    SetPaused {
        slots: Vec<u32>,
        is_paused: bool,
    },
    BeginSeek {
        slots: Vec<u32>,
        ready: Sender<bool>,
    },
    EndSeek {
        sought: Vec<seeking::Sought>,
        outcome: Result<()>,
        reply: Pending,
    },
    CompleteAll {
        batch: u32,
    },
    Complete {
        batch: u32,
        outcomes: Vec<(u32, Outcome)>,
    },
    Positions(positions::Resolved),
    Close {
        deadline: Instant,
        reply: Reply<ConsumerReport>,
    },
}

/// The way to a consumer's owner thread. Sending never blocks.
#[derive(Clone)]
struct Inbox {
    commands: Sender<Command>,
    owner: Arc<OnceLock<Thread>>,
}

impl Inbox {
    fn send(&self, command: Command) {
        // a thread that is gone has replied to everything it was asked
        let _ = self.commands.send(command);
        if let Some(owner) = self.owner.get() {
            owner.unpark();
        }
    }
}

/// A member of a consumer group.
pub struct Consumer {
    /// Taken out before a close is asked for: the owner thread must be the last to hold it.
    handle: Option<Arc<Handle>>,
    right: GroupRight,
    progress: Progress,
    inbox: Inbox,
    heartbeat: Heartbeat,
}

impl Consumer {
    /// Creates a consumer and its thread. It connects in the background and joins its group at the
    /// first subscription.
    pub fn start(
        properties: &BTreeMap<String, String>,
        settings: ConsumerSettings,
        events: Arc<dyn ConsumerEvents>,
    ) -> Result<Self> {
        let share = Share::take(settings.prefetch_budget);
        let mut properties = properties.clone();
        properties
            .entry("queued.max.messages.kbytes".to_owned())
            .or_insert_with(|| (share.bytes() / 1024).to_string());
        let handle = Arc::new(Handle::new(Kind::Consumer, &properties)?);
        let progress = Progress::default();
        let (commands, receiver): (_, Receiver<Command>) = mpsc::channel();
        let inbox = Inbox {
            commands,
            owner: Arc::new(OnceLock::new()),
        };
        let right = GroupRight::to(properties.get("group.id").map_or("", String::as_str));
        let owner = group::Group::new(
            right.clone(),
            Arc::clone(&handle),
            progress.clone(),
            inbox.clone(),
            receiver,
            settings,
            events,
            share,
        )?;
        let heartbeat = owner.heartbeat.clone();
        let thread = std::thread::Builder::new()
            .name("narad-consumer".into())
            .spawn(move || owner.run())
            .map_err(|error| {
                CoreError::new(ErrorCode::Internal, format!("cannot start a thread: {error}"))
            })?;
        let _ = inbox.owner.set(thread.thread().clone());
        Ok(Self {
            handle: Some(handle),
            right,
            progress,
            inbox,
            heartbeat,
        })
    }

    /// The time since its thread last came round, which it does at least each second.
    #[must_use]
    pub fn poll_age(&self) -> Duration {
        self.heartbeat.age()
    }

    /// A connection for calls that ask the cluster something; `None` after a close.
    #[must_use]
    pub fn connector(&self) -> Option<Connector> {
        Some(Connector::new(self.handle.as_ref()?, &self.progress))
    }

    /// Something that can subscribe from another thread; see [`Subscriber::subscribe`].
    #[must_use]
    pub fn subscriber(&self) -> Option<Subscriber> {
        Some(Subscriber {
            handle: Arc::clone(self.handle.as_ref()?),
            right: self.right.clone(),
            progress: self.progress.clone(),
            inbox: self.inbox.clone(),
        })
    }

    /// Replaces the topics of a subscription; new ones are read from their beginning.
    pub fn set_topics(&self, subscription: u32, topics: Vec<String>) {
        self.inbox.send(Command::SetTopics { subscription, topics });
    }

    /// Gives a subscription up for good: its partitions go, and nothing of it is kept once all of it is back.
    pub fn unsubscribe(&self, subscription: u32) {
        self.inbox.send(Command::Unsubscribe { subscription });
    }

    /// Hands nothing more of the partitions with these slots over, or goes on with them. Batches that are on
    /// their way still arrive.
    pub fn set_paused(&self, slots: Vec<u32>, is_paused: bool) {
        self.inbox.send(Command::SetPaused { slots, is_paused });
    }

    /// Every record of `batch` was handled.
    pub fn complete_all(&self, batch: u32) {
        self.inbox.send(Command::CompleteAll { batch });
    }

    /// Some records of `batch`, by their index, are back or held.
    pub fn complete(&self, batch: u32, outcomes: Vec<(u32, Outcome)>) {
        self.inbox.send(Command::Complete { batch, outcomes });
    }

    /// Drains, commits, leaves the group and ends the thread, at the latest at `timeout`.
    /// Completions are taken until then.
    pub fn close(&mut self, timeout: Duration, reply: Reply<ConsumerReport>) {
        self.handle = None;
        self.progress.close();
        self.inbox.send(Command::Close {
            deadline: Instant::now() + timeout,
            reply,
        });
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // let go without a close: nobody reports completions any more
        if self.handle.take().is_some() {
            self.inbox.send(Command::Close {
                deadline: Instant::now(),
                reply: Box::new(|_| ()),
            });
        }
    }
}

/// The part of a consumer that asks the cluster, and then subscribes.
pub struct Subscriber {
    handle: Arc<Handle>,
    right: GroupRight,
    progress: Progress,
    inbox: Inbox,
}

impl Subscriber {
    /// Makes sure that the topics exist, fixes the position of their partitions, then joins. Blocks
    /// while it asks; `reply` is called once the group has been joined, the deadline has passed or
    /// the consumer is closed.
    pub fn subscribe(self, spec: SubscriptionSpec, timeout: Duration, reply: Reply<Result<()>>) {
        let pending = self.progress.pending(reply);
        let deadline = Instant::now() + timeout;
        let may_join = spec
            .topics
            .first()
            .map_or(Ok(()), |topic| self.right.ask_again(&self.handle, topic));
        let start = match may_join.and_then(|()| positions::Snapshot::take(&self.handle, &spec, deadline)) {
            Ok(start) => start,
            Err(error) => return pending.settle(Err(error)),
        };
        let inbox = self.inbox.clone();
        // the owner thread must be the last to hold the handle
        drop(self);
        inbox.send(Command::Subscribe {
            spec,
            start,
            deadline,
            reply: pending,
        });
    }

    /// All topics. Blocks while it asks; `reply` is called once they are known, or the consumer is closed.
    pub fn list_topics(self, timeout: Duration, reply: Reply<Result<Vec<TopicSize>>>) {
        let progress = self.progress.clone();
        progress.ask(move || admin::topic_sizes(&self.handle, timeout), reply);
    }

    /// Creates topics, of which some may be there already. Blocks while it asks; `reply` is called once it
    /// is known, or the consumer is closed.
    pub fn create_topics(self, topics: &[NewTopic], timeout: Duration, reply: Reply<Result<()>>) {
        let progress = self.progress.clone();
        progress.ask(
            move || admin::create_missing_topics(&self.handle, topics, timeout),
            reply,
        );
    }
}
