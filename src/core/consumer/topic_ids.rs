//! Which topic a position belongs to. One that is deleted and made again has the name of the old one, and a log of its
//! own: what was read or committed of the old one says nothing about it. So the id of the topic is committed beside each
//! offset, and looked at now and then. A topic that is not the one of the position is read from its beginning, as
//! every topic that appears after `subscribe`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;

use super::Subscriber;
use super::group::Group;
use super::seeking::SeekPlace;
use super::targets::SeekTarget;
use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::{Event, Handle, NO_ERROR, Queue, TopicDescription};

/// How often it is looked whether topics are still the same.
const INTERVAL: Duration = Duration::from_secs(10);
/// Least time between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a look waits for its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// How long going on in a new topic may take.
const RESTART_TIMEOUT: Duration = Duration::from_secs(30);
/// What stands before the id in the metadata of a committed offset: others may write there too.
const MARK: &str = "narad topic ";

/// Ids by topic, each with the cluster's before it; topics whose id is not known are missing.
#[derive(Clone, Debug, Default)]
pub(super) struct TopicIds(BTreeMap<String, Arc<str>>);

impl TopicIds {
    /// Asks the cluster. Blocks; what it does not tell in time is missing.
    pub(super) fn ask<'a>(handle: &Arc<Handle>, topics: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of(handle, describe(handle, topics, false))
    }

    /// The same for topics that are to be read: the first that may not be is the error.
    pub(super) fn ask_readable<'a>(
        handle: &Arc<Handle>,
        topics: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self> {
        let described = describe(handle, topics, true);
        match described.iter().find(|topic| topic.is_readable() == Some(false)) {
            None => Ok(Self::of(handle, described)),
            Some(TopicDescription { topic, .. }) => {
                let text = format!("topic {topic} cannot be used: the principal lacks the right READ on it");
                Err(CoreError::new(ErrorCode::AuthorizationFailed, text)
                    .caused_by(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
                    .on_topic(topic.clone()))
            }
        }
    }

    fn of(handle: &Handle, described: Vec<TopicDescription>) -> Self {
        let Some(cluster) = handle.cluster_id() else {
            return Self::default();
        };
        let known = described.into_iter().filter(|topic| topic.error == NO_ERROR);
        let ids = known.filter_map(|topic| Some((topic.topic, format!("{cluster} {}", topic.id?).into())));
        Self(ids.collect())
    }

    pub(super) fn get(&self, topic: &str) -> Option<&Arc<str>> {
        self.0.get(topic)
    }
}

/// Blocks; empty where there was no answer in time.
fn describe<'a>(
    handle: &Arc<Handle>,
    topics: impl IntoIterator<Item = &'a str>,
    with_rights: bool,
) -> Vec<TopicDescription> {
    let Some(replies) = Queue::create(handle) else {
        return Vec::new();
    };
    let topics: BTreeSet<&str> = topics.into_iter().collect();
    if !handle.describe_topics(topics, with_rights, ANSWER_TIMEOUT, &replies) {
        return Vec::new();
    }
    let answer = replies.poll(ANSWER_TIMEOUT + PAUSE);
    answer.map_or_else(Vec::new, |answer| answer.topic_descriptions())
}

/// What is committed beside an offset.
pub(super) fn metadata_of(id: &str) -> String {
    format!("{MARK}{id}")
}

/// Whether what was committed beside an offset names another topic of the same cluster. Tools copy committed offsets to
/// other clusters, metadata included, where each topic has another id.
pub(super) fn is_of_another(metadata: &str, id: Option<&Arc<str>>) -> bool {
    let committed = metadata.strip_prefix(MARK).and_then(|id| id.split_once(' '));
    let current = id.and_then(|id| id.split_once(' '));
    match (committed, current) {
        (Some((its_cluster, its_id)), Some((cluster, id))) => its_cluster == cluster && its_id != id,
        _ => false,
    }
}

/// The error that tells of it.
pub(super) fn made_again(topic: &str) -> CoreError {
    let text = format!(
        "topic {topic} was deleted and made again: what the group had read and committed was of the old one, and \
         reading goes on at the beginning of the new one"
    );
    CoreError::new(ErrorCode::OffsetOutOfRange, text)
        .caused_by(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID)
        .on_topic(topic)
}

/// When topics are looked at.
#[derive(Default)]
pub(super) struct TopicWatch {
    asked: Option<Instant>,
    is_waiting: bool,
    /// Errors about positions that a log does not have, until it is known whether it is the log of another topic.
    lost: Vec<CoreError>,
}

impl TopicWatch {
    /// Looks soon, and tells `error` unless it turns out that its topic was made again.
    pub(super) fn position_lost(&mut self, error: CoreError) {
        self.lost.push(error);
    }

    fn is_due(&self) -> bool {
        let interval = if self.lost.is_empty() { INTERVAL } else { PAUSE };
        !self.is_waiting && self.asked.is_none_or(|asked| asked.elapsed() >= interval)
    }
}

impl Group {
    /// Asks for the ids of assigned topics when that is due.
    pub(super) fn watch_topics(&mut self) {
        if self.slots.is_empty() || self.closing.is_some() || self.fatal || !self.watch.is_due() {
            return;
        }
        self.watch.asked = Some(Instant::now());
        let topics: BTreeSet<&str> = self.slots.values().map(|partition| &*partition.topic).collect();
        self.watch.is_waiting = self
            .handle
            .describe_topics(topics, false, ANSWER_TIMEOUT, &self.control);
        if !self.watch.is_waiting {
            self.tell_lost(|_| false);
        }
    }

    /// Begins topics that are not the same any more at their beginning.
    pub(super) fn topics_described(&mut self, event: &Event) {
        self.watch.is_waiting = false;
        let ids = TopicIds::of(&self.handle, event.topic_descriptions());
        let mut renewed: BTreeMap<Arc<str>, Vec<SeekPlace>> = BTreeMap::new();
        for partition in self.slots.values_mut() {
            // what is read without a group was asked for by its offsets
            let is_watched = partition.is_live() && partition.end.is_none();
            let Some(id) = ids.get(&partition.topic).filter(|_| is_watched) else {
                continue;
            };
            if partition.topic_id.is_none() {
                partition.topic_id = Some(Arc::clone(id));
            } else if partition.topic_id.as_ref() != Some(id) && !partition.pause.by_seek {
                renewed
                    .entry(Arc::clone(&partition.topic))
                    .or_default()
                    .push(SeekPlace {
                        slot: partition.slot,
                        topic: partition.topic.to_string(),
                        partition: partition.partition,
                    });
            }
        }
        self.tell_lost(|topic| renewed.contains_key(topic));
        for (topic, places) in renewed {
            self.events.error(made_again(&topic));
            self.begin_again(places);
        }
    }

    /// Tells of positions that were lost, but for those of topics that were made again.
    fn tell_lost(&mut self, is_renewed: impl Fn(&str) -> bool) {
        for error in std::mem::take(&mut self.watch.lost) {
            if !error.topic.as_deref().is_some_and(&is_renewed) {
                self.events.error(error);
            }
        }
    }

    /// What fails is tried again after the next look.
    fn begin_again(&self, places: Vec<SeekPlace>) {
        let subscriber = Subscriber {
            handle: Arc::clone(&self.handle),
            right: self.right.clone(),
            progress: self.progress.clone(),
            inbox: self.inbox.clone(),
        };
        let events = Arc::clone(&self.events);
        let reply = Box::new(move |outcome: Result<()>| {
            // partitions may go, and the consumer too
            let is_over = |code| matches!(code, ErrorCode::NotAssigned | ErrorCode::Closed);
            if let Err(error) = outcome
                && !is_over(error.code)
            {
                events.error(error);
            }
        });
        let work = move || subscriber.seek(&places, SeekTarget::Beginning, RESTART_TIMEOUT, reply);
        let spawned = std::thread::Builder::new().name("narad-seek".into()).spawn(work);
        if let Err(error) = spawned {
            let text = format!("cannot start a thread: {error}");
            self.events.error(CoreError::new(ErrorCode::Internal, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_committed_offset_is_of_another_topic_only_where_both_ids_are_known_and_of_one_cluster() {
        let id: Arc<str> = "cluster new".into();
        assert!(is_of_another(&metadata_of("cluster old"), Some(&id)));
        assert!(!is_of_another(&metadata_of("cluster new"), Some(&id)));
        assert!(!is_of_another(&metadata_of("elsewhere old"), Some(&id)));
        assert!(!is_of_another(&metadata_of("cluster old"), None));
        for foreign in ["", "cluster old", "narad topic ", "narad topic x"] {
            assert!(!is_of_another(foreign, Some(&id)));
        }
    }
}
