//! Subscriptions that come and go, and callers who wait until the group was joined for theirs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;

use super::SubscriptionSpec;
use super::group::{Group, no_queue};
use super::positions::Snapshot;
use super::subscription::Subscription;
use crate::core::connect::Pending;
use crate::core::error::{CoreError, ErrorCode, Result, error_text};
use crate::core::rd::{Queue, Waker};

/// How long a KIP-848 coordinator is given to assign something before membership alone counts as joined.
const ASSIGNMENT_GRACE: Duration = Duration::from_secs(1);

/// Who waits for a subscription to be joined.
pub(super) struct Waiter {
    subscription: u32,
    pub(super) deadline: Instant,
    /// When to look whether the group was joined with nothing to assign.
    pub(super) look_at: Instant,
    /// Its topics were told to the group before the last assignment came.
    pub(super) is_assigned: bool,
    pub(super) reply: Pending,
}

impl Group {
    pub(super) fn subscribe(
        &mut self,
        spec: SubscriptionSpec,
        start: Snapshot,
        waker: &Arc<Waker>,
        deadline: Instant,
        reply: Pending,
    ) {
        if let Err(error) = self.right.check() {
            return reply.settle(Err(error));
        }
        let Some(mut queue) = Queue::create(&self.handle) else {
            return reply.settle(Err(no_queue()));
        };
        queue.wake_with(waker);
        let id = spec.id;
        let joins = !spec.topics.is_empty();
        self.subscriptions.push(Subscription::new(spec, start, queue));
        let is_assigned = self.wanted() == self.topics;
        if self.is_rebalancing() {
            self.is_renewal_due = true;
        } else if let Err(error) = self.renew_subscription() {
            self.subscriptions.pop();
            return reply.settle(Err(error));
        }
        if joins {
            self.waiters.push(Waiter {
                subscription: id,
                deadline,
                look_at: Instant::now() + ASSIGNMENT_GRACE,
                is_assigned,
                reply,
            });
        } else {
            reply.settle(Ok(()));
        }
    }

    pub(super) fn set_topics(&mut self, subscription: u32, topics: Vec<String>) {
        if let Some(found) = self.subscriptions.iter_mut().find(|s| s.id == subscription) {
            found.topics = topics;
        }
        self.is_renewal_due = true;
        self.renew_if_due();
    }

    pub(super) fn unsubscribe(&mut self, subscription: u32) {
        if let Some(found) = self.subscriptions.iter_mut().find(|s| s.id == subscription) {
            found.is_ended = true;
        }
        self.set_topics(subscription, Vec::new());
    }

    /// Lets go of subscriptions that were given up and of which nothing is left. Others get what was theirs.
    pub(super) fn forget_ended(&mut self) {
        if self.fatal || !self.subscriptions.iter().any(|s| s.is_ended) {
            return;
        }
        let slots = &self.slots;
        let is_here = |id| slots.values().any(|partition| partition.subscription == id);
        self.subscriptions
            .retain(|s| !s.is_ended || s.unfinished() > 0 || is_here(s.id));
        self.is_renewal_due = true;
        self.renew_if_due();
    }

    /// A topic of which one that was given up still has partitions is not wanted until they are gone: others get them by
    /// a new assignment.
    fn wanted(&self) -> BTreeSet<String> {
        let ended = self.subscriptions.iter().filter(|s| s.is_ended);
        let ended: BTreeSet<u32> = ended.map(|s| s.id).collect();
        let leaving = self.slots.values().filter(|p| ended.contains(&p.subscription));
        let leaving: BTreeSet<&str> = leaving.map(|partition| &*partition.topic).collect();
        let topics = self.subscriptions.iter().flat_map(|s| s.topics.iter());
        topics
            .filter(|topic| !leaving.contains(topic.as_str()))
            .cloned()
            .collect()
    }

    /// Tells the group which topics are wanted now, if it was not told so last.
    fn renew_subscription(&mut self) -> Result<()> {
        self.is_renewal_due = false;
        let topics = self.wanted();
        if topics == self.topics {
            return Ok(());
        }
        let names = topics.iter().map(String::as_str);
        self.handle.subscribe(names).map_err(|cause| {
            let text = format!("cannot subscribe: {}", error_text(cause));
            CoreError::new(ErrorCode::SubscribeFailed, text).caused_by(cause)
        })?;
        self.topics = topics;
        Ok(())
    }

    /// A subscription that asks again for what is being assigned gets it, and a rebalance is not followed by
    /// another for nothing, because changes wait until what is under way is answered.
    pub(super) fn renew_if_due(&mut self) {
        if self.is_renewal_due && !self.is_rebalancing() {
            let error = self.renew_subscription().err();
            self.report(error);
        }
    }

    /// No waiting mends a missing right: those who wait are told at once.
    pub(super) fn group_refused(&mut self) {
        let error = self.right.refuse();
        self.refused(error);
    }

    /// Nor does it mend that the others speak another protocol. librdkafka goes on asking, and tells so each time.
    pub(super) fn protocol_refused(&mut self) {
        if std::mem::replace(&mut self.is_mixed, true) && self.waiters.is_empty() {
            return;
        }
        let text = format!(
            "group {} has members that share partitions out in another way, or have another protocol: end them first",
            self.right.group()
        );
        let cause = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL;
        self.refused(CoreError::new(ErrorCode::SubscribeFailed, text).caused_by(cause));
    }

    fn refused(&mut self, error: CoreError) {
        if self.waiters.is_empty() {
            // what comes after the last subscription was given up, or for one that reads without a group, concerns nobody
            if self.subscriptions.iter().any(|s| !s.topics.is_empty()) {
                self.events.error(error);
            }
            return;
        }
        let waiters = std::mem::take(&mut self.waiters);
        self.give_up(waiters, &error);
    }

    fn is_rebalancing(&self) -> bool {
        self.assigning.is_some() || self.revocation.is_some()
    }

    /// A KIP-848 group tells a member nothing when there is no partition for it.
    pub(super) fn settle_members(&mut self) {
        let now = Instant::now();
        if self.is_rebalancing() || self.waiters.iter().all(|waiter| waiter.look_at > now) {
            return;
        }
        let has_joined = self.handle.is_kip_848() && self.handle.is_member();
        for mut waiter in std::mem::take(&mut self.waiters) {
            if waiter.look_at > now {
                self.waiters.push(waiter);
            } else if has_joined {
                waiter.reply.settle(Ok(()));
            } else {
                waiter.look_at = now + ASSIGNMENT_GRACE;
                self.waiters.push(waiter);
            }
        }
    }

    /// A subscription whose caller was told that it failed does not go on behind its back.
    pub(super) fn expire_waiters(&mut self) {
        let now = Instant::now();
        let late: Vec<Waiter> = self
            .waiters
            .extract_if(.., |waiter| waiter.deadline <= now)
            .collect();
        if late.is_empty() {
            return;
        }
        let text = format!(
            "group {} was not joined in time: another member holds the rebalance up",
            self.right.group()
        );
        self.give_up(late, &CoreError::new(ErrorCode::SubscribeTimeout, text));
    }

    fn give_up(&mut self, waiters: Vec<Waiter>, why: &CoreError) {
        self.subscriptions
            .retain(|s| waiters.iter().all(|waiter| waiter.subscription != s.id));
        self.is_renewal_due = true;
        self.renew_if_due();
        for waiter in waiters {
            waiter.reply.settle(Err(why.clone()));
        }
    }
}
