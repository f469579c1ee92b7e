//! What a refusal means.

use rdkafka::types::RDKafkaErrorCode;

use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::{Handle, Outcome, Refusal};

/// The error of a request; `what` reads as in "topic orders cannot be created".
///
/// `right` is the operation that the request needs, by Kafka's name for it; brokers do not tell which one is missing.
pub(super) fn failure(what: &str, right: &str, refusal: &Refusal) -> CoreError {
    use RDKafkaErrorCode as E;
    let cause = E::from(refusal.cause);
    let code = match cause {
        E::InvalidPartitions
        | E::InvalidReplicationFactor
        | E::InvalidReplicaAssignment
        | E::InvalidConfig
        | E::InvalidRequest
        | E::InvalidArgument
        | E::InvalidGroupId
        | E::PolicyViolation => ErrorCode::InvalidArgument,
        E::OperationTimedOut | E::RequestTimedOut => ErrorCode::ConnectionTimeout,
        E::BrokerTransportFailure | E::AllBrokersDown => ErrorCode::ConnectionFailed,
        E::TopicAlreadyExists => ErrorCode::TopicExists,
        E::GroupIdNotFound => ErrorCode::UnknownGroup,
        E::NonEmptyGroup | E::UnknownMemberId => ErrorCode::GroupInUse,
        E::OffsetOutOfRange => ErrorCode::OffsetOutOfRange,
        _ => CoreError::code_of(refusal.cause, ErrorCode::AdminFailed),
    };
    let text = refusal.text.trim_end_matches('.');
    let lacks = |resource: &str| format!("the principal lacks the right {right} on {resource}");
    let why = match cause {
        E::NonEmptyGroup | E::UnknownMemberId => "it has members: stop them first".to_owned(),
        E::GroupIdNotFound => "there is no such group".to_owned(),
        E::UnknownTopicOrPartition => "there is no such topic or partition".to_owned(),
        E::TopicAuthorizationFailed => lacks("the topic"),
        E::GroupAuthorizationFailed => lacks("the group"),
        E::ClusterAuthorizationFailed => lacks("the cluster"),
        _ => text.to_owned(),
    };
    CoreError::new(code, format!("{what}: {why}")).caused_by(refusal.cause)
}

/// The first of several that was refused is the error; `what` tells of it by its name.
pub(super) fn all_done(outcomes: &[Outcome], right: &str, what: impl Fn(&str) -> String) -> Result<()> {
    let refused = outcomes
        .iter()
        .find_map(|outcome| Some((&outcome.name, outcome.refusal.as_ref()?)));
    refused.map_or(Ok(()), |(name, refusal)| {
        Err(failure(&what(name), right, refusal))
    })
}

/// Fails on an embedded cluster, which has no requests of administration; `what` reads as in "it cannot …".
pub(super) fn needs_kafka(handle: &Handle, what: &str) -> Result<()> {
    if handle.is_embedded() {
        let text = format!("the embedded broker cannot {what}: it has no such request; use Kafka for that");
        return Err(CoreError::new(ErrorCode::EmbeddedUnsupported, text));
    }
    Ok(())
}
