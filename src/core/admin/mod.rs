//! Administration: a client of its own that asks about topics, groups and the cluster. The same requests may go through
//! any other handle, as those of a group for its dead-letter topics do.

mod cluster;
mod coordinators;
mod failure;
mod groups;
mod offsets;
mod record_times;
mod topics;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use cluster::describe_cluster;
pub use coordinators::Coordinators;
pub use groups::{
    GroupDescription, alter_group_offsets, delete_groups, describe_groups, group_offsets, list_groups,
};
pub use offsets::{Position, list_offsets};
pub use record_times::record_times;
pub use topics::{
    NewTopic, TopicInfo, TopicSize, add_partitions, alter_topic_configs, create_missing_topics,
    create_topics, delete_records, delete_topics, describe_topics, list_topics, topic_configs, topic_sizes,
};

use super::connect::{Connector, Progress};
use super::error::{CoreError, ErrorCode, Result};
pub use super::rd::{
    Broker, ClusterDescription, ConfigEntry, GroupListing, GroupMember, PartitionDescription,
};
use super::rd::{EventKind, Handle, Kind, Queue, Token};

/// Longest sleep when nothing happens; a close interrupts it.
const IDLE: Duration = Duration::from_millis(500);

/// What the client tells its owner, from its own thread.
pub trait AdminEvents: Send + Sync + 'static {
    /// Something went wrong; librdkafka tries again.
    fn error(&self, error: CoreError);
    /// A line of librdkafka's log, with its syslog level.
    fn log(&self, level: i32, text: String);
}

type Reply<T> = Box<dyn FnOnce(T) + Send>;

struct Shared {
    queue: Queue,
    progress: Progress,
    is_closing: AtomicBool,
    closed: Mutex<Option<Reply<()>>>,
}

/// The client of a service that administers.
pub struct Admin {
    /// Taken out before a close is asked for: the event loop must not be the last to hold it.
    handle: Option<Arc<Handle>>,
    properties: Arc<BTreeMap<String, String>>,
    token: Mutex<Option<Arc<Token>>>,
    shared: Arc<Shared>,
}

impl Admin {
    /// Creates the client and its thread, which reads what librdkafka tells. It connects in the background.
    pub fn start(properties: &BTreeMap<String, String>, events: Arc<dyn AdminEvents>) -> Result<Self> {
        // a producer that nothing is produced with: a consumer would ask for the coordinator of a group
        let handle = Arc::new(Handle::new(Kind::Producer, properties)?);
        let queue = Queue::main(&handle)
            .ok_or_else(|| CoreError::new(ErrorCode::Internal, "librdkafka gives no queue"))?;
        let shared = Arc::new(Shared {
            queue,
            progress: Progress::default(),
            is_closing: AtomicBool::new(false),
            closed: Mutex::new(None),
        });
        let own = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("narad-admin".into())
            .spawn(move || own.run(&*events))
            .map_err(|error| {
                CoreError::new(ErrorCode::Internal, format!("cannot start a thread: {error}"))
            })?;
        Ok(Self {
            handle: Some(handle),
            properties: Arc::new(properties.clone()),
            token: Mutex::default(),
            shared,
        })
    }

    /// A connection for calls that ask whether the cluster answers; `None` after a close.
    #[must_use]
    pub fn connector(&self) -> Option<Connector> {
        Some(Connector::new(self.handle.as_ref()?, &self.shared.progress))
    }

    /// Logs in with it from now on, also where an instance of its own asks.
    pub fn set_token(&self, token: Token) -> Result<()> {
        if let Some(handle) = &self.handle {
            handle.set_token(&token)?;
        }
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(token));
        Ok(())
    }

    /// Something that can ask from another thread; `None` after a close.
    #[must_use]
    pub fn inquirer(&self) -> Option<Inquirer> {
        Some(Inquirer {
            handle: Arc::clone(self.handle.as_ref()?),
            coordinators: Coordinators {
                properties: Arc::clone(&self.properties),
                token: self.token.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            },
            progress: self.shared.progress.clone(),
        })
    }

    /// Ends the client. What is being asked is answered with an error.
    pub fn close(mut self, reply: Reply<()>) {
        *self.shared.closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
        self.end();
    }

    fn end(&mut self) {
        self.handle = None;
        self.shared.progress.close();
        self.shared.is_closing.store(true, Ordering::Release);
        self.shared.queue.interrupt();
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        if self.handle.is_some() {
            self.end();
        }
    }
}

impl Shared {
    fn run(self: Arc<Self>, events: &dyn AdminEvents) {
        while !self.is_closing.load(Ordering::Acquire) {
            let Some(event) = self.queue.poll(IDLE) else {
                continue;
            };
            match event.kind() {
                EventKind::Error => {
                    self.progress.note(event.error(), &event.error_text());
                    let code = CoreError::code_of(event.error(), ErrorCode::ConnectionFailed);
                    let error = CoreError::new(code, event.error_text()).caused_by(event.error());
                    events.error(if event.is_fatal() { error.fatal() } else { error });
                }
                EventKind::Log => {
                    if let Some((level, facility, text)) = event.log() {
                        self.progress.note_log(&facility, &text);
                        events.log(level, format!("{facility}: {text}"));
                    }
                }
                _ => {}
            }
        }
        let reply = self.closed.lock().unwrap_or_else(PoisonError::into_inner).take();
        // librdkafka is destroyed by whoever lets go last, and that may not be the event loop
        while Arc::strong_count(&self) > 1 {
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(self);
        if let Some(reply) = reply {
            reply(());
        }
    }
}

/// The part of a client that asks the cluster.
pub struct Inquirer {
    handle: Arc<Handle>,
    coordinators: Coordinators,
    progress: Progress,
}

impl Inquirer {
    /// Asks, and blocks while it does; `reply` gets the answer, or earlier that the client was closed.
    pub fn ask<T: Send + 'static>(
        self,
        question: impl FnOnce(&Arc<Handle>) -> Result<T>,
        reply: Reply<Result<T>>,
    ) {
        let progress = self.progress.clone();
        progress.ask(move || question(&self.handle), reply);
    }

    /// As [`Inquirer::ask`], about groups.
    pub fn ask_about_groups<T: Send + 'static>(
        self,
        question: impl FnOnce(&Arc<Handle>, &Coordinators) -> Result<T>,
        reply: Reply<Result<T>>,
    ) {
        let progress = self.progress.clone();
        progress.ask(move || question(&self.handle, &self.coordinators), reply);
    }
}
