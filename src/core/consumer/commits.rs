//! Sending positions to the group coordinator, one request at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::subscription::Slots;
use super::topic_ids::metadata_of;
use crate::core::error::{CoreError, ErrorCode, error_text};
use crate::core::metrics::GroupMetrics;
use crate::core::rd::{Event, Handle, NO_ERROR, PartitionOffset, Partitions, Queue};

/// A commit that is not answered is sent again after this long.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before a commit that was refused is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// The commits of one consumer.
pub(super) struct Commits {
    interval: Duration,
    last: Option<Instant>,
    /// When the commit that is not answered yet was sent.
    sent: Option<Instant>,
    /// When what was refused may be sent again.
    retry: Option<Instant>,
    is_hopeless: bool,
    metrics: Option<Arc<GroupMetrics>>,
}

impl Commits {
    pub(super) fn new(interval: Duration, metrics: Option<Arc<GroupMetrics>>) -> Self {
        Self {
            interval,
            last: None,
            sent: None,
            retry: None,
            is_hopeless: false,
            metrics,
        }
    }

    /// Whether a commit is under way.
    pub(super) fn is_waiting(&self) -> bool {
        self.sent.is_some_and(|sent| sent.elapsed() < ANSWER_TIMEOUT)
    }

    /// The last one was refused, and trying again does not help.
    pub(super) fn is_hopeless(&self) -> bool {
        self.is_hopeless
    }

    /// When the next commit may be sent. The answer to one that is under way comes as an event.
    pub(super) fn due(&self) -> Instant {
        let next = self.last.map_or_else(Instant::now, |last| last + self.interval);
        self.sent.map_or(next, |sent| next.max(sent + ANSWER_TIMEOUT))
    }

    /// When a commit that was refused may be sent again.
    pub(super) fn retry(&self) -> Option<Instant> {
        self.retry
    }

    /// The first commit waits for nothing.
    fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= self.interval)
    }

    /// Sends what has moved, if the interval has passed or `now` is asked for.
    pub(super) fn send(
        &mut self,
        handle: &Handle,
        replies: &Queue,
        slots: &mut Slots,
        now: bool,
    ) -> Option<CoreError> {
        let is_due = if now {
            self.retry.is_none_or(|retry| Instant::now() >= retry)
        } else {
            self.is_due()
        };
        if self.is_waiting() || !is_due {
            return None;
        }
        let moved: Vec<(Arc<str>, i32, i64, Option<String>)> = slots
            .values_mut()
            .filter_map(|partition| {
                let position = partition.uncommitted()?;
                partition.committed = Some(position);
                let metadata = partition.topic_id.as_deref().map(metadata_of);
                Some((
                    Arc::clone(&partition.topic),
                    partition.partition,
                    position,
                    metadata,
                ))
            })
            .collect();
        if moved.is_empty() {
            return None;
        }
        self.last = Some(Instant::now());
        self.retry = None;
        let list = Partitions::with_metadata(moved.iter().map(|(t, p, o, m)| (&**t, *p, *o, m.clone())));
        match handle.commit(&list, replies) {
            Ok(()) => {
                self.sent = self.last;
                None
            }
            Err(cause) => {
                self.refused(cause, slots);
                Some(failed(cause, None))
            }
        }
    }

    /// Takes the answer of a commit; what was refused is sent again at the next interval.
    pub(super) fn answered(&mut self, event: &Event, slots: &mut Slots) -> Option<CoreError> {
        self.sent = None;
        let mut partitions = event.partitions();
        let refused = partitions.iter().find(|p| p.error != NO_ERROR);
        let cause = refused.map_or(event.error(), |p| p.error);
        if cause == NO_ERROR || RDKafkaErrorCode::from(cause) == RDKafkaErrorCode::NoOffset {
            self.is_hopeless = false;
            if let Some(metrics) = &self.metrics {
                metrics.commits.fetch_add(1, Ordering::Relaxed);
            }
            return None;
        }
        self.refused(cause, slots);
        if passes_by_itself(cause) {
            return None;
        }
        // librdkafka gives the error of one partition to all of the request
        let place = (partitions.len() == 1).then(|| partitions.remove(0));
        Some(failed(cause, place))
    }

    fn refused(&mut self, cause: RDKafkaRespErr, slots: &mut Slots) {
        self.is_hopeless = is_hopeless(cause);
        if let Some(metrics) = &self.metrics {
            metrics.failed_commits.fetch_add(1, Ordering::Relaxed);
        }
        self.retry = Some(Instant::now() + RETRY);
        for partition in slots.values_mut() {
            partition.committed = None;
        }
    }
}

/// This member will not be allowed to commit, however often it asks.
fn is_hopeless(cause: RDKafkaRespErr) -> bool {
    use RDKafkaErrorCode as E;
    matches!(
        E::from(cause),
        E::GroupAuthorizationFailed
            | E::TopicAuthorizationFailed
            | E::UnknownMemberId
            | E::FencedInstanceId
            | E::Fenced
    )
}

/// A rebalance or a moving coordinator is under way: the same position is accepted soon after, or
/// its partition goes to another member, of which the application is told by the rebalance.
fn passes_by_itself(cause: RDKafkaRespErr) -> bool {
    use RDKafkaErrorCode as E;
    matches!(
        E::from(cause),
        E::RebalanceInProgress
            | E::IllegalGeneration
            | E::StaleMemberEpoch
            | E::WaitingForCoordinator
            | E::InProgress
            | E::NotCoordinator
            | E::CoordinatorNotAvailable
            | E::CoordinatorLoadInProgress
            | E::UnstableOffsetCommit
    )
}

fn failed(cause: RDKafkaRespErr, place: Option<PartitionOffset>) -> CoreError {
    let code = CoreError::code_of(cause, ErrorCode::CommitFailed);
    let text = format!(
        "commit refused: {}; records may be redelivered",
        match RDKafkaErrorCode::from(cause) {
            RDKafkaErrorCode::TopicAuthorizationFailed => "the principal lacks the right READ on a topic",
            RDKafkaErrorCode::GroupAuthorizationFailed => "the principal lacks the right READ on the group",
            _ => error_text(cause),
        }
    );
    let error = CoreError::new(code, text).caused_by(cause);
    match place {
        Some(place) => error.on_topic(place.topic).on_partition(place.partition),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Whether the first commit was due was asked by comparing two readings of the clock, of which the first is always
    // the earlier one: nothing was committed before the group was left.
    #[test]
    fn the_first_commit_is_due_at_once_and_the_next_after_the_interval() {
        let mut commits = Commits::new(Duration::from_secs(60), None);
        assert!(commits.is_due());
        commits.last = Some(Instant::now());
        assert!(!commits.is_due());
        commits.last = Instant::now().checked_sub(Duration::from_secs(61));
        assert!(commits.is_due());
    }

    // It was due at the interval, however long the answer took: the owner thread woke every millisecond.
    #[test]
    fn while_a_commit_waits_for_its_answer_the_next_one_is_not_due() {
        let mut commits = Commits::new(Duration::ZERO, None);
        let sent = Instant::now();
        commits.last = Some(sent);
        commits.sent = Some(sent);
        assert_eq!(commits.due(), sent + ANSWER_TIMEOUT);
    }

    // It was sent again at once while partitions were revoked, and until the deadline while the group was left.
    #[test]
    fn a_refused_commit_is_tried_again_after_a_pause_and_given_up_without_the_right() {
        let mut commits = Commits::new(Duration::ZERO, None);
        let mut slots = Slots::default();
        let cause = RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
        commits.refused(cause, &mut slots);
        assert!(commits.retry().is_some_and(|retry| retry > Instant::now()));
        assert!(!commits.is_hopeless());
        let cause = RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
        commits.refused(cause, &mut slots);
        assert!(commits.is_hopeless());
    }
}
