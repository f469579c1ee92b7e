//! The errors that the core can raise. Each [`ErrorCode`] has a row in `lib/error-codes.ts`, which
//! names its JavaScript class; a table test holds the two together.

use std::fmt;

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

/// Stable code of an error, as users see it in `error.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// `ConfigError`: librdkafka refused a property.
    ConfigInvalid,
    /// `ArgumentError`: a call's arguments do not fit.
    InvalidArgument,
    /// `ClosedError`: the client was closed.
    Closed,
    /// `ConnectionError`: no broker answered before the deadline.
    ConnectionTimeout,
    /// `ConnectionError`: the connection cannot work as it is set up.
    ConnectionFailed,
    /// `AuthenticationError`: the broker refused the credentials.
    AuthenticationFailed,
    /// `AuthorizationError`: the principal lacks a right.
    AuthorizationFailed,
    /// `SendError`: the broker refused the record.
    SendFailed,
    /// `SendError`: no answer before the delivery timeout.
    SendTimeout,
    /// `RecordTooLargeError`: over the client's or the broker's limit.
    RecordTooLarge,
    /// `TopicError`: no such topic.
    UnknownTopic,
    /// `TopicError`: no such partition.
    UnknownPartition,
    /// `TopicError`: the broker refuses the name.
    InvalidTopic,
    /// `SubscribeError`: joining the group failed.
    SubscribeFailed,
    /// `SubscribeError`: the group was not joined before the deadline.
    SubscribeTimeout,
    /// `CommitError`: the group coordinator refused a commit.
    CommitFailed,
    /// `ConsumeError`: going on somewhere else failed.
    SeekFailed,
    /// `ConsumeError`: the partition is not this member's.
    NotAssigned,
    /// `KafkaError` event: the position left the log and was reset.
    OffsetOutOfRange,
    /// `FatalError`: another member has taken this static identity.
    Fenced,
    /// `FatalError`: the client cannot go on.
    Fatal,
    /// `AdminError`: the cluster did not do what it was asked for.
    AdminFailed,
    /// `AdminError`: the topic is there already.
    TopicExists,
    /// `AdminError`: no such group.
    UnknownGroup,
    /// `AdminError`: the group has members.
    GroupInUse,
    /// `EmbeddedBrokerError`: the embedded broker failed.
    EmbeddedBroker,
    /// `EmbeddedBrokerError`: the embedded broker lacks this.
    EmbeddedUnsupported,
    /// `EmbeddedBrokerError`: the embedded broker dropped records.
    EmbeddedDataLost,
    /// `InternalError`: a bug in narad.
    Internal,
}

impl ErrorCode {
    /// Every code, for the table test.
    pub const ALL: [Self; 29] = [
        Self::ConfigInvalid,
        Self::InvalidArgument,
        Self::Closed,
        Self::ConnectionTimeout,
        Self::ConnectionFailed,
        Self::AuthenticationFailed,
        Self::AuthorizationFailed,
        Self::SendFailed,
        Self::SendTimeout,
        Self::RecordTooLarge,
        Self::UnknownTopic,
        Self::UnknownPartition,
        Self::InvalidTopic,
        Self::SubscribeFailed,
        Self::SubscribeTimeout,
        Self::CommitFailed,
        Self::SeekFailed,
        Self::NotAssigned,
        Self::OffsetOutOfRange,
        Self::Fenced,
        Self::Fatal,
        Self::AdminFailed,
        Self::TopicExists,
        Self::UnknownGroup,
        Self::GroupInUse,
        Self::EmbeddedBroker,
        Self::EmbeddedUnsupported,
        Self::EmbeddedDataLost,
        Self::Internal,
    ];

    /// The code as it stands in `error.code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigInvalid => "NARAD_CONFIG_INVALID",
            Self::InvalidArgument => "NARAD_INVALID_ARGUMENT",
            Self::Closed => "NARAD_CLOSED",
            Self::ConnectionTimeout => "NARAD_CONNECTION_TIMEOUT",
            Self::ConnectionFailed => "NARAD_CONNECTION_FAILED",
            Self::AuthenticationFailed => "NARAD_AUTHENTICATION_FAILED",
            Self::AuthorizationFailed => "NARAD_AUTHORIZATION_FAILED",
            Self::SendFailed => "NARAD_SEND_FAILED",
            Self::SendTimeout => "NARAD_SEND_TIMEOUT",
            Self::RecordTooLarge => "NARAD_RECORD_TOO_LARGE",
            Self::UnknownTopic => "NARAD_UNKNOWN_TOPIC",
            Self::UnknownPartition => "NARAD_UNKNOWN_PARTITION",
            Self::InvalidTopic => "NARAD_INVALID_TOPIC",
            Self::SubscribeFailed => "NARAD_SUBSCRIBE_FAILED",
            Self::SubscribeTimeout => "NARAD_SUBSCRIBE_TIMEOUT",
            Self::CommitFailed => "NARAD_COMMIT_FAILED",
            Self::SeekFailed => "NARAD_SEEK_FAILED",
            Self::NotAssigned => "NARAD_NOT_ASSIGNED",
            Self::OffsetOutOfRange => "NARAD_OFFSET_OUT_OF_RANGE",
            Self::Fenced => "NARAD_FENCED",
            Self::Fatal => "NARAD_FATAL",
            Self::AdminFailed => "NARAD_ADMIN_FAILED",
            Self::TopicExists => "NARAD_TOPIC_EXISTS",
            Self::UnknownGroup => "NARAD_UNKNOWN_GROUP",
            Self::GroupInUse => "NARAD_GROUP_IN_USE",
            Self::EmbeddedBroker => "NARAD_EMBEDDED_BROKER",
            Self::EmbeddedUnsupported => "NARAD_EMBEDDED_UNSUPPORTED",
            Self::EmbeddedDataLost => "NARAD_EMBEDDED_DATA_LOST",
            Self::Internal => "NARAD_INTERNAL",
        }
    }
}

/// An error of the core with the request's context.
#[derive(Clone, Debug)]
pub struct CoreError {
    /// Stable code.
    pub code: ErrorCode,
    /// What happened, where, and what to do.
    pub message: String,
    /// librdkafka's name of the cause, such as `MSG_SIZE_TOO_LARGE`.
    pub kafka_code: Option<&'static str>,
    /// The same call may succeed later.
    pub retriable: bool,
    /// The client that raised it is unusable.
    pub fatal: bool,
    /// A failed send whose record may nevertheless be in the log.
    pub maybe_in_log: bool,
    /// Topic concerned.
    pub topic: Option<String>,
    /// Partition concerned.
    pub partition: Option<i32>,
}

/// Result of the core.
pub type Result<T> = std::result::Result<T, CoreError>;

impl CoreError {
    /// An error with no context yet.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            kafka_code: None,
            retriable: false,
            fatal: false,
            maybe_in_log: false,
            topic: None,
            partition: None,
        }
    }

    /// Adds librdkafka's cause and derives `retriable` from it.
    #[must_use]
    pub fn caused_by(mut self, cause: RDKafkaRespErr) -> Self {
        self.kafka_code = Some(error_name(cause));
        self.retriable = is_retriable(cause);
        self
    }

    /// Adds the topic concerned.
    #[must_use]
    pub fn on_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Adds the partition concerned.
    #[must_use]
    pub fn on_partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Marks it as the end of the client that raised it.
    #[must_use]
    pub fn fatal(mut self) -> Self {
        self.fatal = true;
        self.retriable = false;
        self
    }

    /// The code that a failed call on a topic deserves.
    #[must_use]
    pub fn code_of(cause: RDKafkaRespErr, otherwise: ErrorCode) -> ErrorCode {
        use RDKafkaErrorCode as E;
        match RDKafkaErrorCode::from(cause) {
            E::MessageSizeTooLarge | E::InvalidMessageSize => ErrorCode::RecordTooLarge,
            E::MessageTimedOut => ErrorCode::SendTimeout,
            E::UnknownTopic | E::UnknownTopicOrPartition => ErrorCode::UnknownTopic,
            E::UnknownPartition => ErrorCode::UnknownPartition,
            E::InvalidTopic => ErrorCode::InvalidTopic,
            E::TopicAuthorizationFailed | E::GroupAuthorizationFailed | E::ClusterAuthorizationFailed => {
                ErrorCode::AuthorizationFailed
            }
            E::Authentication | E::SaslAuthenticationFailed | E::UnsupportedSASLMechanism | E::SSL => {
                ErrorCode::AuthenticationFailed
            }
            E::UnreleasedInstanceId => ErrorCode::Fenced,
            E::Fatal => ErrorCode::Fatal,
            _ => otherwise,
        }
    }
}

impl fmt::Display for CoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for CoreError {}

/// librdkafka's short name of an error, such as `_MSG_TIMED_OUT`.
#[must_use]
pub fn error_name(cause: RDKafkaRespErr) -> &'static str {
    super::rd::error_name(cause)
}

/// librdkafka's one-line description of an error.
#[must_use]
pub fn error_text(cause: RDKafkaRespErr) -> &'static str {
    super::rd::error_text(cause)
}

fn is_retriable(cause: RDKafkaRespErr) -> bool {
    use RDKafkaErrorCode as E;
    matches!(
        RDKafkaErrorCode::from(cause),
        E::BrokerTransportFailure
            | E::AllBrokersDown
            | E::OperationTimedOut
            | E::MessageTimedOut
            | E::TimedOutQueue
            | E::QueueFull
            | E::Resolve
            | E::RequestTimedOut
            | E::LeaderNotAvailable
            | E::NotLeaderForPartition
            | E::BrokerNotAvailable
            | E::ReplicaNotAvailable
            | E::NetworkException
            | E::CoordinatorLoadInProgress
            | E::CoordinatorNotAvailable
            | E::NotCoordinator
            | E::NotEnoughReplicas
            | E::NotEnoughReplicasAfterAppend
            | E::RebalanceInProgress
            | E::UnknownTopicOrPartition
            | E::UnknownTopic
    )
}
