//! Partitions that come and go: where new ones start, and how revoked ones are given up only after
//! what runs has ended and is committed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering as AtomicOrdering;
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;

use super::group::Group;
use super::partition::Partition;
use super::positions::{self, Resolved};
use super::topic_ids::{TopicIds, is_of_another, made_again};
use super::watermark::Watermark;
use super::{AssignedPartition, Rebalance, RebalanceKind};
use crate::core::error::{CoreError, ErrorCode};
use crate::core::rd::{Event, OFFSET_BEGINNING, PartitionOffset, Partitions, Queue};

/// How long a revoked partition waits for handlers that run.
const REVOKE_GRACE: Duration = Duration::from_secs(5);

/// Partitions on their way to another member.
pub(super) struct Revocation {
    /// Those of them that were started: librdkafka refuses to give up anything else, and waits on.
    partitions: Vec<(Arc<str>, i32)>,
    pub(super) deadline: Instant,
}

impl Group {
    pub(super) fn handle_rebalance(&mut self, event: &Event) {
        let generation = self.generation.fetch_add(1, AtomicOrdering::Relaxed) + 1;
        let partitions = event.partitions();
        let is_assigned = event.error() == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        self.assigning = is_assigned.then(|| partitions.clone());
        if is_assigned {
            self.is_mixed = false;
            for waiter in &mut self.waiters {
                waiter.is_assigned = true;
            }
            let events = Arc::clone(&self.events);
            let current = Arc::clone(&self.generation);
            let spawned = positions::resolve(
                Arc::clone(&self.handle),
                self.inbox.clone(),
                generation,
                partitions,
                move |error| events.error(error),
                move || current.load(AtomicOrdering::Relaxed) == generation,
            );
            if let Err(error) = spawned {
                let text = format!("cannot start a thread: {error}");
                self.events.error(CoreError::new(ErrorCode::Internal, text));
            }
            return;
        }
        let lost = self.handle.assignment_lost();
        let mut gone = Vec::new();
        for revoked in &partitions {
            let found = self
                .slots
                .values_mut()
                .find(|p| p.partition == revoked.partition && *p.topic == *revoked.topic && !p.revoked);
            if let Some(partition) = found {
                partition.revoked = true;
                gone.push(partition.assigned());
            }
        }
        let kind = if lost {
            RebalanceKind::Lost
        } else {
            RebalanceKind::Revoked
        };
        if lost {
            for assigned in &gone {
                self.slots.remove(&assigned.slot);
            }
        }
        let mut partitions = self.revocation.take().map_or_else(Vec::new, |r| r.partitions);
        partitions.extend(gone.iter().map(|p| (Arc::clone(&p.topic), p.partition)));
        self.tell(kind, gone);
        let now = Instant::now();
        let most = now + if lost { Duration::ZERO } else { REVOKE_GRACE };
        let closing = self.closing.as_ref().map(|closing| closing.drain_until);
        self.revocation = Some(Revocation {
            partitions,
            deadline: closing.map_or(most, |until| until.min(most)),
        });
        self.finish_revocation();
    }

    /// Gives revoked partitions up once what runs has ended and is committed, or time is up.
    pub(super) fn finish_revocation(&mut self) {
        let Some(revocation) = &self.revocation else {
            return;
        };
        let late = Instant::now() >= revocation.deadline;
        let running = self.slots.values().any(|p| p.revoked && p.out + p.out_before > 0);
        if running && !late {
            return;
        }
        let uncommitted = self
            .slots
            .values()
            .any(|p| p.revoked && p.uncommitted().is_some());
        if !late && !self.commits.is_hopeless() && (uncommitted || self.commits.is_waiting()) {
            let error = self
                .commits
                .send(&self.handle, &self.control, &mut self.slots, true);
            self.report(error);
            return;
        }
        self.end_revocation();
    }

    /// Gives revoked partitions up, whatever still runs.
    pub(super) fn end_revocation(&mut self) {
        let Some(revocation) = self.revocation.take() else {
            return;
        };
        self.slots.retain(|_, partition| !partition.revoked);
        for subscription in &mut self.subscriptions {
            subscription.forget_routes();
        }
        let list = revocation
            .partitions
            .iter()
            .map(|(topic, partition)| (&**topic, *partition, 0));
        if let Err((cause, text)) = self.handle.unassign(&Partitions::of(list)) {
            let error = CoreError::new(ErrorCode::SubscribeFailed, text).caused_by(cause);
            self.events.error(error);
        }
        self.renew_if_due();
    }

    /// The committed offsets of newly assigned partitions are known: fetch from there.
    pub(super) fn start_partitions(&mut self, resolved: &Resolved) {
        if resolved.generation != self.generation.load(AtomicOrdering::Relaxed) {
            return;
        }
        self.assigning = None;
        self.tell_of_old_positions(resolved);
        let mut assigned: Vec<AssignedPartition> = Vec::new();
        let mut starts: Vec<(Arc<str>, i32, i64)> = Vec::new();
        for committed in &resolved.committed {
            let Some(partition) = self.create_partition(committed, &resolved.ids, &mut starts) else {
                continue;
            };
            assigned.push(partition.assigned());
            self.slots.insert(partition.slot, partition);
        }
        for subscription in &mut self.subscriptions {
            subscription.forget_routes();
        }
        // told before the first record can be
        self.tell(RebalanceKind::Assigned, assigned);
        let list = Partitions::of(starts.iter().map(|(t, p, o)| (&**t, *p, *o)));
        let outcome = self.handle.assign(&list).map_err(|(cause, text)| {
            let text = format!("cannot start the assigned partitions: {text}");
            CoreError::new(ErrorCode::SubscribeFailed, text).caused_by(cause)
        });
        for waiter in self.waiters.extract_if(.., |waiter| waiter.is_assigned) {
            waiter.reply.settle(outcome.clone());
        }
        self.report(outcome.err());
        self.renew_if_due();
    }

    /// A rebalance among others, such as when a static member comes back, moves nothing of this one.
    fn tell(&self, kind: RebalanceKind, partitions: Vec<AssignedPartition>) {
        if !partitions.is_empty() {
            self.tell_rebalance(Rebalance { kind, partitions });
        }
    }

    fn tell_of_old_positions(&self, resolved: &Resolved) {
        let old = resolved
            .committed
            .iter()
            .filter(|p| is_of_another(&p.metadata, resolved.ids.get(&p.topic)));
        let topics: BTreeSet<&str> = old.map(|p| p.topic.as_str()).collect();
        for topic in topics {
            self.events.error(made_again(topic));
        }
    }

    fn create_partition(
        &mut self,
        committed: &PartitionOffset,
        ids: &TopicIds,
        starts: &mut Vec<(Arc<str>, i32, i64)>,
    ) -> Option<Partition> {
        let topic: Arc<str> = committed.topic.as_str().into();
        let owner = self
            .subscriptions
            .iter()
            .find(|s| s.topics.contains(&committed.topic))?;
        let is_committed = committed.offset >= 0;
        let id = ids.get(&topic);
        let start = match committed.offset {
            _ if is_of_another(&committed.metadata, id) => OFFSET_BEGINNING,
            offset if offset >= 0 => offset,
            _ if owner.from_beginning => OFFSET_BEGINNING,
            _ => owner.start.start_of(&topic, committed.partition, id),
        };
        let queue = Queue::partition(&self.handle, &topic, committed.partition)?;
        queue.forward_to(Some(&owner.queue));
        starts.push((Arc::clone(&topic), committed.partition, start));
        self.next_slot += 1;
        // a start that was fixed at the end is committed at once: whoever owns the partition next
        // goes on from there, not from a later end
        let fixed = (!is_committed && start >= 0).then_some(start);
        let counting = self
            .counting
            .as_ref()
            .map(|counting| counting.partition(&topic, committed.partition, start));
        let place = AssignedPartition {
            slot: self.next_slot,
            subscription: owner.id,
            topic,
            partition: committed.partition,
        };
        Some(Partition {
            topic_id: id.cloned(),
            watermark: Watermark::starting_at(fixed),
            counting,
            ..Partition::new(place, queue)
        })
    }
}
