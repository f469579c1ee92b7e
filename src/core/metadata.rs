//! Whether a topic exists.

use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::error::{CoreError, ErrorCode, Result, error_text};
use super::rd::{Handle, NO_ERROR};

/// A created topic has its leaders after about this long; then it is asked for again.
const RETRY: Duration = Duration::from_millis(50);

/// How long an unknown topic may stay unknown, by what made it or did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It is asked for by a client that has topics created: creation is asynchronous on the broker.
    Creating,
    /// It was created before, by a request of ours.
    Created,
    /// It should be there: it may have been created just now, and not every broker knows that at once.
    Missing,
}

impl Unknown {
    fn grace(self) -> Duration {
        match self {
            Self::Creating | Self::Created => Duration::from_secs(3),
            Self::Missing => Duration::from_secs(1),
        }
    }
}

/// Waits until `topic` exists with a leader for each partition; returns the number of partitions.
/// Blocks.
pub fn ensure_topic(handle: &Handle, topic: &str, unknown: Unknown, deadline: Instant) -> Result<i32> {
    let give_up_unknown = deadline.min(Instant::now() + unknown.grace());
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
                ErrorCode::UnknownTopic if unknown == Unknown::Creating => {
                    "it does not exist and the broker does not create topics by itself".to_owned()
                }
                ErrorCode::UnknownTopic => "it does not exist".to_owned(),
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
