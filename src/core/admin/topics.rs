//! Topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;

use super::Position;
use super::failure::{all_done, failure, needs_kafka};
use super::offsets::{partitions_of, position};
use crate::core::error::{CoreError, Result, error_text};
use crate::core::rd::{self, ConfigEntry, Handle, NO_ERROR, PartitionDescription, Refusal};

/// Pause before it is looked again whether brokers know of a topic.
const RETRY: Duration = Duration::from_millis(20);

/// How many partitions a topic has.
#[derive(Clone, Debug)]
pub struct TopicSize {
    /// Its name.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: i32,
}

/// A topic as the cluster knows it.
#[derive(Clone, Debug)]
pub struct TopicInfo {
    /// Its name.
    pub topic: String,
    /// What no other topic has, where it was asked for and the cluster tells it.
    pub id: Option<String>,
    /// In the order of their numbers.
    pub partitions: Vec<PartitionDescription>,
    /// What may be done with it, by Kafka's names, where it was asked for and the cluster tells it.
    pub operations: Option<Vec<&'static str>>,
}

/// A topic to create. Numbers that are left out are the broker's own.
#[derive(Clone, Debug)]
pub struct NewTopic {
    /// Its name.
    pub topic: String,
    /// How many partitions.
    pub partitions: Option<i32>,
    /// On how many brokers each is kept.
    pub replication_factor: Option<i32>,
    /// Its settings, such as `cleanup.policy`.
    pub config: BTreeMap<String, String>,
}

/// The sizes of all topics, Kafka's internal ones included. Blocks.
pub fn topic_sizes(handle: &Handle, timeout: Duration) -> Result<Vec<TopicSize>> {
    let topics = handle.metadata(None, timeout).map_err(not_listed)?;
    Ok(topics
        .into_iter()
        .map(|(topic, metadata)| TopicSize {
            topic,
            partitions: metadata.partitions,
        })
        .collect())
}

/// All topics, Kafka's internal ones included, without their ids. Blocks.
pub fn list_topics(handle: &Handle, timeout: Duration) -> Result<Vec<TopicInfo>> {
    let cluster = handle.cluster_metadata(timeout).map_err(not_listed)?;
    let topics = cluster.topics.into_iter();
    Ok(topics
        .map(|(topic, partitions)| TopicInfo {
            topic,
            id: None,
            partitions,
            operations: None,
        })
        .collect())
}

fn not_listed(cause: RDKafkaRespErr) -> CoreError {
    failure("topics cannot be listed", "DESCRIBE", &refusal(cause))
}

/// Some topics, in the order in which they are asked for, and one's rights where `with_rights`; the first that is not there
/// is the error. Blocks.
pub fn describe_topics(
    handle: &Arc<Handle>,
    topics: &[String],
    with_rights: bool,
    timeout: Duration,
) -> Result<Vec<TopicInfo>> {
    let what = |topic: &str| format!("topic {topic} cannot be described");
    let mut known = if handle.is_embedded() {
        by_name(list_topics(handle, timeout)?)
    } else {
        let described = rd::describe_topics(handle, topics, with_rights, timeout)
            .map_err(|refusal| failure("topics cannot be described", "DESCRIBE", &refusal))?;
        if let Some(failed) = described.iter().find(|topic| topic.error != NO_ERROR) {
            let error = failure(&what(&failed.topic), "DESCRIBE", &refusal(failed.error));
            return Err(error.on_topic(&failed.topic));
        }
        by_name(described.into_iter().map(|described| TopicInfo {
            topic: described.topic,
            id: described.id,
            partitions: described.partitions,
            operations: described.operations,
        }))
    };
    let missing = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    topics
        .iter()
        .map(|topic| {
            let found = known.remove(topic);
            found.ok_or_else(|| failure(&what(topic), "DESCRIBE", &refusal(missing)).on_topic(topic))
        })
        .collect()
}

fn by_name(topics: impl IntoIterator<Item = TopicInfo>) -> BTreeMap<String, TopicInfo> {
    topics
        .into_iter()
        .map(|topic| (topic.topic.clone(), topic))
        .collect()
}

/// Creates `topics` and waits until they can be used; the first that was not created is the error. Blocks.
pub fn create_topics(handle: &Arc<Handle>, topics: &[NewTopic], timeout: Duration) -> Result<()> {
    needs_kafka(handle, "create a topic for another process")?;
    let deadline = Instant::now() + timeout;
    create(handle, topics, false, timeout)?;
    wait_until_known(handle, topics, deadline);
    Ok(())
}

/// The controller has created them, and brokers learn of it a little later: until then, they deny that a topic is there.
/// Who may create it may be refused to see it; no wait changes that.
fn wait_until_known(handle: &Arc<Handle>, topics: &[NewTopic], deadline: Instant) {
    let names: Vec<_> = topics.iter().map(|new| new.topic.clone()).collect();
    let is_awaited = |topic: &rd::TopicDescription| match topic.error {
        NO_ERROR => topic.partitions.iter().any(|one| one.leader < 0),
        error => matches!(
            error,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
                | RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
        ),
    };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let described = rd::describe_topics(handle, &names, false, left).unwrap_or_default();
        if !described.iter().any(is_awaited) || Instant::now() + RETRY >= deadline {
            return;
        }
        std::thread::sleep(RETRY);
    }
}

/// The same where some may be there already. Blocks.
pub fn create_missing_topics(handle: &Arc<Handle>, topics: &[NewTopic], timeout: Duration) -> Result<()> {
    create(handle, topics, true, timeout)
}

fn create(handle: &Arc<Handle>, topics: &[NewTopic], may_exist: bool, timeout: Duration) -> Result<()> {
    let Some(first) = topics.first() else {
        return Ok(());
    };
    let created = topics
        .iter()
        .map(|new| {
            let config = new.config.iter().map(|(name, value)| (&**name, &**value));
            rd::NewTopic::new(&new.topic, new.partitions, new.replication_factor, config)
                .map_err(|refusal| not_created(&new.topic, &refusal))
        })
        .collect::<Result<Vec<_>>>()?;
    let outcomes = rd::create_topics(handle, &created, timeout)
        .map_err(|refusal| not_created(&first.topic, &refusal))?;
    let is_there = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
    let failed = outcomes
        .iter()
        .filter_map(|outcome| Some((&outcome.name, outcome.refusal.as_ref()?)))
        .find(|(_, refusal)| !may_exist || refusal.cause != is_there);
    failed.map_or(Ok(()), |(topic, refusal)| Err(not_created(topic, refusal)))
}

fn not_created(topic: &str, refusal: &Refusal) -> CoreError {
    failure(&format!("topic {topic} cannot be created"), "CREATE", refusal).on_topic(topic)
}

/// Deletes `topics` and their records; the first that was not deleted is the error. Blocks.
pub fn delete_topics(handle: &Arc<Handle>, topics: &[String], timeout: Duration) -> Result<()> {
    needs_kafka(handle, "delete topics")?;
    let outcomes = rd::delete_topics(handle, topics, timeout)
        .map_err(|refusal| failure("topics cannot be deleted", "DELETE", &refusal))?;
    outcomes.iter().try_for_each(|outcome| {
        let one = std::slice::from_ref(outcome);
        let what = |topic: &str| format!("topic {topic} cannot be deleted");
        all_done(one, "DELETE", what).map_err(|error| error.on_topic(&outcome.name))
    })
}

/// Gives a topic partitions up to a count of `total`. Blocks.
pub fn add_partitions(handle: &Arc<Handle>, topic: &str, total: usize, timeout: Duration) -> Result<()> {
    needs_kafka(handle, "add partitions to a topic")?;
    let what = format!("topic {topic} cannot get {total} partitions");
    let outcomes = rd::add_partitions(handle, topic, total, timeout)
        .map_err(|refusal| failure(&what, "ALTER", &refusal).on_topic(topic))?;
    all_done(&outcomes, "ALTER", |_| what.clone()).map_err(|error| error.on_topic(topic))
}

/// Deletes what lies before the offset of each partition, `OFFSET_END` for everything; gives where each begins then, or
/// why it was not done. Blocks.
pub fn delete_records(handle: &Arc<Handle>, before: &[Position], timeout: Duration) -> Result<Vec<Position>> {
    needs_kafka(handle, "delete records")?;
    let what = "records cannot be deleted";
    let deleted = rd::delete_records(handle, &partitions_of(before), timeout)
        .map_err(|refusal| failure(what, "DELETE", &refusal))?;
    let deleted = deleted.into_iter();
    Ok(deleted.map(|entry| position(entry, what, "DELETE")).collect())
}

/// The settings in force of a topic. Blocks.
pub fn topic_configs(handle: &Arc<Handle>, topic: &str, timeout: Duration) -> Result<Vec<ConfigEntry>> {
    needs_kafka(handle, "tell the settings of a topic")?;
    rd::topic_configs(handle, topic, timeout).map_err(|refusal| {
        let what = format!("settings of topic {topic} cannot be read");
        failure(&what, "DESCRIBE_CONFIGS", &refusal).on_topic(topic)
    })
}

/// Changes some settings of a topic; `None` takes one back to its default. Blocks.
pub fn alter_topic_configs(
    handle: &Arc<Handle>,
    topic: &str,
    changes: &[(String, Option<String>)],
    timeout: Duration,
) -> Result<()> {
    needs_kafka(handle, "change the settings of a topic")?;
    let what = format!("settings of topic {topic} cannot be changed");
    let outcomes = rd::alter_topic_configs(handle, topic, changes, timeout)
        .map_err(|refusal| failure(&what, "ALTER_CONFIGS", &refusal).on_topic(topic))?;
    all_done(&outcomes, "ALTER_CONFIGS", |_| what.clone()).map_err(|error| error.on_topic(topic))
}

fn refusal(cause: RDKafkaRespErr) -> Refusal {
    Refusal {
        cause,
        text: error_text(cause).to_owned(),
    }
}
