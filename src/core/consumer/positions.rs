//! Where a partition is read from: the group's committed offset; without one, the position that was
//! fixed when `subscribe` was called. A partition or topic that appeared later is read from its
//! beginning, so that nothing written before its discovery is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::topic_ids::TopicIds;
use super::{Command, Inbox, SubscriptionSpec};
use crate::core::error::{CoreError, ErrorCode, Result, error_text};
use crate::core::metadata::{self, Unknown};
use crate::core::rd::{Handle, NO_ERROR, OFFSET_BEGINNING, PartitionOffset, Partitions};

/// One try to read committed offsets.
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause between tries.
const RETRY: Duration = Duration::from_millis(200);

/// End offsets of a subscription's partitions at the moment of the call.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    ends: HashMap<(String, i32), i64>,
    ids: TopicIds,
}

impl Snapshot {
    /// Asks the cluster. Blocks up to `deadline`.
    pub(super) fn take(handle: &Arc<Handle>, spec: &SubscriptionSpec, deadline: Instant) -> Result<Self> {
        let mut partitions = Vec::new();
        for topic in &spec.topics {
            let count = metadata::ensure_topic(handle, topic, Unknown::Creating, deadline)?;
            partitions.extend((0..count).map(|partition| (topic.clone(), partition)));
        }
        if partitions.is_empty() {
            return Ok(Self::default());
        }
        let ids = TopicIds::ask_readable(handle, spec.topics.iter().map(String::as_str))?;
        if spec.from_beginning {
            return Ok(Self::default());
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let cause = match handle.end_offsets(&partitions, left.max(RETRY)) {
                Ok(ends) if ends.iter().all(|end| end.error == NO_ERROR) => {
                    return Ok(Self::of(ends, ids));
                }
                Ok(ends) => ends
                    .iter()
                    .find(|e| e.error != NO_ERROR)
                    .map_or(NO_ERROR, |e| e.error),
                Err(cause) => cause,
            };
            if Instant::now() >= deadline {
                return Err(CoreError::new(
                    CoreError::code_of(cause, ErrorCode::SubscribeTimeout),
                    format!("cannot read the end of {:?}: {}", spec.topics, error_text(cause)),
                )
                .caused_by(cause));
            }
            std::thread::sleep(RETRY);
        }
    }

    fn of(ends: Vec<PartitionOffset>, ids: TopicIds) -> Self {
        Self {
            ids,
            ends: ends
                .into_iter()
                .map(|end| ((end.topic, end.partition), end.offset))
                .collect(),
        }
    }

    /// The start of a partition without a committed offset. A topic with another id was made after the call.
    pub(super) fn start_of(&self, topic: &str, partition: i32, id: Option<&Arc<str>>) -> i64 {
        if id.zip(self.ids.get(topic)).is_some_and(|(now, then)| now != then) {
            return OFFSET_BEGINNING;
        }
        self.ends
            .get(&(topic.to_owned(), partition))
            .copied()
            .unwrap_or(OFFSET_BEGINNING)
    }
}

/// Committed offsets of newly assigned partitions.
pub(super) struct Resolved {
    /// The rebalance that asked for them.
    pub(super) generation: u64,
    /// `offset` is negative where the group has committed none.
    pub(super) committed: Vec<PartitionOffset>,
    /// The topics that they are of.
    pub(super) ids: TopicIds,
}

/// Reads the committed offsets of `partitions` on a thread of its own and sends them to the owner.
/// It tries until it succeeds or `is_wanted` says that nobody waits any more.
pub(super) fn resolve(
    handle: Arc<Handle>,
    inbox: Inbox,
    generation: u64,
    partitions: Vec<PartitionOffset>,
    on_error: impl Fn(CoreError) + Send + 'static,
    is_wanted: impl Fn() -> bool + Send + 'static,
) -> std::io::Result<()> {
    let work = move || {
        let list = partitions.iter().map(|p| (p.topic.as_str(), p.partition, 0));
        let list = Partitions::of(list);
        let mut committed = None;
        while is_wanted() {
            match handle.committed(&list, COMMITTED_TIMEOUT) {
                Ok(answer) if answer.iter().all(|p| p.error == NO_ERROR) => {
                    committed = Some(answer);
                    break;
                }
                Ok(answer) => {
                    if let Some(failed) = answer.iter().find(|p| p.error != NO_ERROR) {
                        on_error(unreadable(failed.error).on_topic(failed.topic.clone()));
                    }
                }
                Err(cause) => on_error(unreadable(cause)),
            }
            std::thread::sleep(RETRY);
        }
        let found = committed.map(|committed| {
            let topics = partitions.iter().map(|p| p.topic.as_str());
            (committed, TopicIds::ask(&handle, topics))
        });
        drop(handle);
        if let Some((committed, ids)) = found {
            inbox.send(Command::Positions(Resolved {
                generation,
                committed,
                ids,
            }));
        }
    };
    std::thread::Builder::new()
        .name("narad-positions".into())
        .spawn(work)
        .map(|_| ())
}

fn unreadable(cause: rdkafka::types::RDKafkaRespErr) -> CoreError {
    let text = format!(
        "cannot read the group's committed offsets: {}; trying again",
        error_text(cause)
    );
    CoreError::new(CoreError::code_of(cause, ErrorCode::SubscribeFailed), text).caused_by(cause)
}
