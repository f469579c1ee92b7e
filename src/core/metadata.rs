//! What the cluster says of its topics, and creating them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::error::{CoreError, ErrorCode, Result, error_text};
use super::rd::{self, Handle, NO_ERROR};

/// A created topic has its leaders after about this long; then it is asked for again.
const RETRY: Duration = Duration::from_millis(50);
/// How long an unknown topic may stay unknown: creation is asynchronous on the broker.
const UNKNOWN_GRACE: Duration = Duration::from_secs(3);

/// Waits until `topic` exists with a leader for each partition (creating it where the broker does
/// so by itself); returns the number of partitions. Blocks.
pub fn ensure_topic(handle: &Handle, topic: &str, deadline: Instant) -> Result<i32> {
    let give_up_unknown = deadline.min(Instant::now() + UNKNOWN_GRACE);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = handle.metadata(Some(topic), left.max(Duration::from_millis(1)));
        let cause = match answer {
            Ok(topics) => match topics.get(topic) {
                Some(found) if found.error == NO_ERROR && found.has_leaders => {
                    return Ok(found.partitions);
                }
                Some(found) => found.error,
                None => RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            },
            Err(cause) => cause,
        };
        let patience = match RDKafkaErrorCode::from(cause) {
            RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::InvalidTopic => Instant::now(),
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => give_up_unknown,
            _ => deadline,
        };
        if Instant::now() >= patience {
            let code = CoreError::code_of(cause, ErrorCode::SubscribeFailed);
            let why = match code {
                ErrorCode::UnknownTopic => {
                    "it does not exist and the broker does not create topics by itself".to_owned()
                }
                ErrorCode::AuthorizationFailed => {
                    "the principal lacks the rights DESCRIBE and READ on it".to_owned()
                }
                _ => error_text(cause).to_owned(),
            };
            return Err(
                CoreError::new(code, format!("topic {topic} cannot be used: {why}"))
                    .caused_by(cause)
                    .on_topic(topic),
            );
        }
        std::thread::sleep(RETRY);
    }
}

/// A topic as others see it.
#[derive(Clone, Debug)]
pub struct TopicSize {
    /// Its name.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: i32,
}

/// All topics, Kafka's internal ones included. Blocks.
pub fn list_topics(handle: &Handle, timeout: Duration) -> Result<Vec<TopicSize>> {
    let topics = handle.metadata(None, timeout).map_err(|cause| {
        CoreError::new(
            ErrorCode::ConnectionFailed,
            format!("cannot list topics: {}", error_text(cause)),
        )
        .caused_by(cause)
    })?;
    Ok(topics
        .into_iter()
        .map(|(topic, metadata)| TopicSize {
            topic,
            partitions: metadata.partitions,
        })
        .collect())
}

/// A topic to create. It is replicated as the broker's default says.
#[derive(Clone, Debug)]
pub struct NewTopic {
    /// Its name.
    pub topic: String,
    /// How many partitions.
    pub partitions: i32,
    /// Its settings, such as `cleanup.policy`.
    pub config: BTreeMap<String, String>,
}

/// Creates `topics`, of which some may be there already; the first that cannot be created is the error.
/// Blocks.
pub fn create_topics(handle: &Arc<Handle>, topics: &[NewTopic], timeout: Duration) -> Result<()> {
    if topics.is_empty() {
        return Ok(());
    }
    let created = topics
        .iter()
        .map(|new| {
            let config = new.config.iter().map(|(name, value)| (&**name, &**value));
            rd::NewTopic::new(&new.topic, new.partitions, config)
                .map_err(|cause| cannot_create(&new.topic, cause, error_text(cause)))
        })
        .collect::<Result<Vec<_>>>()?;
    let results = rd::create_topics(handle, &created, timeout)
        .map_err(|(cause, text)| cannot_create(&topics[0].topic, cause, &text))?;
    let failed = results.iter().find(|result| {
        let is_there = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
        result.error != NO_ERROR && result.error != is_there
    });
    failed.map_or(Ok(()), |result| {
        Err(cannot_create(&result.topic, result.error, &result.error_text))
    })
}

fn cannot_create(topic: &str, cause: RDKafkaRespErr, text: &str) -> CoreError {
    use RDKafkaErrorCode as E;
    let code = match E::from(cause) {
        E::InvalidPartitions
        | E::InvalidReplicationFactor
        | E::InvalidConfig
        | E::InvalidRequest
        | E::PolicyViolation => ErrorCode::InvalidArgument,
        E::OperationTimedOut | E::RequestTimedOut => ErrorCode::ConnectionTimeout,
        _ => CoreError::code_of(cause, ErrorCode::ConnectionFailed),
    };
    CoreError::new(code, format!("topic {topic} cannot be created: {text}"))
        .caused_by(cause)
        .on_topic(topic)
}
