//! The owner thread of a consumer: the only one that polls, rebalances, moves watermarks and
//! commits. Everything else reaches it as a [`Command`]; it sleeps until a command, a queue of
//! librdkafka or a deadline wakes it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::commits::Commits;
use super::counting::Counting;
use super::heartbeat::Heartbeat;
use super::joining::Waiter;
use super::rebalance::Revocation;
use super::resets::lost_position;
use super::right::GroupRight;
use super::subscription::{Slots, Subscription};
use super::topic_ids::TopicWatch;
use super::{Command, ConsumerEvents, ConsumerReport, ConsumerSettings, Inbox, Outcome, Reply};
use crate::core::connect::Progress;
use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::prefetch::Share;
use crate::core::rd::{Event, EventKind, Handle, OFFSET_INVALID, PartitionOffset, Partitions, Queue, Waker};

/// Longest sleep; librdkafka wants to be polled now and then even when nothing happens.
const IDLE: Duration = Duration::from_secs(1);
/// Longest wait for the answer of a last commit before its state is looked at again.
const COMMIT_POLL: Duration = Duration::from_millis(50);
/// Between two looks at whether the group has been left.
const LEAVE_POLL: Duration = Duration::from_millis(10);
/// A goodbye that nobody waits for is given up after this long.
const GOODBYE: Duration = Duration::from_secs(5);
/// A coordinator that answers names a new member within this time.
const NAMING_GRACE: Duration = Duration::from_secs(1);
/// Leaving the group is given this much of a close's time, or a quarter of it where that is less.
const LEAVE_GRACE: Duration = Duration::from_millis(500);

pub(super) struct Closing {
    /// When handlers that still run are no longer waited for.
    pub(super) drain_until: Instant,
    deadline: Instant,
    reply: Reply<ConsumerReport>,
}

/// State of the owner thread.
pub(super) struct Group {
    pub(super) right: GroupRight,
    pub(super) events: Arc<dyn ConsumerEvents>,
    pub(super) inbox: Inbox,
    pub(super) commands: Receiver<Command>,
    pub(super) progress: Progress,
    pub(super) control: Queue,
    pub(super) subscriptions: Vec<Subscription>,
    /// The topics that the group was told last.
    pub(super) topics: BTreeSet<String>,
    /// They have changed since.
    pub(super) is_renewal_due: bool,
    pub(super) slots: Slots,
    pub(super) next_slot: u32,
    pub(super) next_batch: u32,
    pub(super) commits: Commits,
    pub(super) watch: TopicWatch,
    /// Counts rebalances; shared with threads that read committed offsets for one of them.
    pub(super) generation: Arc<AtomicU64>,
    pub(super) revocation: Option<Revocation>,
    /// Partitions that were assigned, while their committed offsets are being read.
    pub(super) assigning: Option<Vec<PartitionOffset>>,
    pub(super) waiters: Vec<Waiter>,
    /// The group was told to have members of another protocol, and has not been joined since.
    pub(super) is_mixed: bool,
    pub(super) closing: Option<Closing>,
    pub(super) fatal: bool,
    pub(super) counting: Option<Counting>,
    pub(super) heartbeat: Heartbeat,
    _share: Share,
    // declared last: queues go before the handle
    pub(super) handle: Arc<Handle>,
}

impl Group {
    #[expect(
        clippy::too_many_arguments,
        reason = "called once, by the consumer that starts the thread"
    )]
    pub(super) fn new(
        right: GroupRight,
        handle: Arc<Handle>,
        progress: Progress,
        inbox: Inbox,
        commands: Receiver<Command>,
        settings: ConsumerSettings,
        events: Arc<dyn ConsumerEvents>,
        share: Share,
    ) -> Result<Self> {
        let control = Queue::consumer(&handle).ok_or_else(no_queue)?;
        Ok(Self {
            right,
            events,
            inbox,
            commands,
            progress,
            control,
            subscriptions: Vec::new(),
            topics: BTreeSet::new(),
            is_renewal_due: false,
            slots: Slots::default(),
            next_slot: 0,
            next_batch: 0,
            commits: Commits::new(settings.commit_interval, settings.metrics.clone()),
            watch: TopicWatch::default(),
            generation: Arc::new(AtomicU64::new(0)),
            revocation: None,
            assigning: None,
            waiters: Vec::new(),
            is_mixed: false,
            closing: None,
            fatal: false,
            counting: settings.metrics.map(Counting::new),
            heartbeat: Heartbeat::start(),
            _share: share,
            handle,
        })
    }

    pub(super) fn run(mut self) {
        let waker = Waker::new(thread::current());
        self.control.wake_with(&waker);
        loop {
            self.heartbeat.beat();
            self.read_commands(&waker);
            while let Some(event) = self.control.poll(Duration::ZERO) {
                self.handle_event(&event);
            }
            if self
                .closing
                .as_ref()
                .is_some_and(|closing| self.may_leave(closing))
            {
                return self.leave();
            }
            let wake_at = self.intake();
            self.count();
            self.finish_revocation();
            self.forget_ended();
            self.finish_readings();
            self.look_for_growth();
            let error = self
                .commits
                .send(&self.handle, &self.control, &mut self.slots, false);
            self.report(error);
            self.watch_topics();
            self.settle_members();
            self.expire_waiters();
            if let Some(wake_at) = self.next_wake(wake_at) {
                thread::park_timeout(wake_at.saturating_duration_since(Instant::now()));
            }
        }
    }

    pub(super) fn report(&self, error: Option<CoreError>) {
        if let Some(error) = error {
            self.events.error(error);
        }
    }

    fn read_commands(&mut self, waker: &Arc<Waker>) {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.execute(command, waker),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    fn execute(&mut self, command: Command, waker: &Arc<Waker>) {
        match command {
            Command::CompleteAll { batch } => {
                if let Some(at) = self.subscriptions.iter().position(|s| s.has(batch)) {
                    self.subscriptions[at].complete_all(batch, &mut self.slots);
                }
            }
            Command::Complete { batch, outcomes } => self.complete(batch, &outcomes),
            Command::Subscribe {
                spec,
                start,
                deadline,
                reply,
            } => self.subscribe(spec, start, waker, deadline, reply),
            Command::Read {
                spec,
                reading,
                ranges,
                reply,
            } => self.read(spec, reading, ranges, waker, &reply),
            Command::Counted {
                subscription,
                partitions,
            } => self.counted(subscription, partitions),
            Command::SetTopics { subscription, topics } => self.set_topics(subscription, topics),
            Command::Unsubscribe { subscription } => self.unsubscribe(subscription),
            Command::SetPaused { slots, is_paused } => self.set_paused(&slots, is_paused),
            Command::BeginSeek { slots, ready } => self.begin_seek(&slots, &ready),
            Command::EndSeek {
                sought,
                outcome,
                reply,
            } => self.end_seek(&sought, outcome, &reply),
            Command::Positions(resolved) => self.start_partitions(&resolved),
            Command::Close { deadline, reply } => self.close(deadline, reply),
        }
    }

    fn close(&mut self, deadline: Instant, reply: Reply<ConsumerReport>) {
        if let Some(closing) = &mut self.closing {
            // a second close may only shorten the first
            closing.deadline = closing.deadline.min(deadline);
            closing.drain_until = closing.drain_until.min(deadline);
            return;
        }
        self.closing = Some(Closing {
            drain_until: before(deadline),
            deadline,
            reply,
        });
    }

    fn complete(&mut self, batch: u32, outcomes: &[(u32, Outcome)]) {
        let Some(at) = self.subscriptions.iter().position(|s| s.has(batch)) else {
            return;
        };
        for slot in self.subscriptions[at].complete(batch, outcomes, &mut self.slots) {
            if let Some(partition) = self.slots.get_mut(&slot) {
                partition.stop();
            }
        }
    }

    // ---- events of librdkafka

    fn handle_event(&mut self, event: &Event) {
        match event.kind() {
            EventKind::Rebalance => self.handle_rebalance(event),
            EventKind::Commit => {
                let error = self.commits.answered(event, &mut self.slots);
                self.report(error);
            }
            EventKind::Error => self.handle_error(event),
            EventKind::Description => self.topics_described(event),
            EventKind::Log => {
                if let Some((level, facility, text)) = event.log() {
                    self.progress.note_log(&facility, &text);
                    match lost_position(&facility, &text) {
                        Some(error) => self.watch.position_lost(error),
                        None => self.events.log(level, format!("{facility}: {text}")),
                    }
                }
            }
            EventKind::Delivery | EventKind::Other => {}
        }
    }

    fn handle_error(&mut self, event: &Event) {
        let cause = event.error();
        self.progress.note(cause, &event.error_text());
        let code = match RDKafkaErrorCode::from(cause) {
            RDKafkaErrorCode::Fenced | RDKafkaErrorCode::FencedInstanceId => ErrorCode::Fenced,
            _ => CoreError::code_of(cause, ErrorCode::ConnectionFailed),
        };
        let error = CoreError::new(code, event.error_text()).caused_by(cause);
        if event.is_fatal() {
            self.fatal = true;
            let error = error.fatal();
            for waiter in self.waiters.drain(..) {
                waiter.reply.settle(Err(error.clone()));
            }
            self.events.error(error);
            return;
        }
        match RDKafkaErrorCode::from(cause) {
            RDKafkaErrorCode::GroupAuthorizationFailed => self.group_refused(),
            RDKafkaErrorCode::InconsistentGroupProtocol => self.protocol_refused(),
            _ => self.events.error(error),
        }
    }

    // ---- records

    /// Hands over what may go; returns when to come again, if a batch waits to fill up.
    fn intake(&mut self) -> Option<Instant> {
        if self.closing.is_some() || self.fatal {
            return None;
        }
        let mut wake_at: Option<Instant> = None;
        for subscription in &mut self.subscriptions {
            loop {
                let mut on_error = |error| self.events.error(error);
                let (batch, due) = subscription.intake(&mut self.slots, &mut self.next_batch, &mut on_error);
                wake_at = [wake_at, due].into_iter().flatten().min();
                match batch {
                    Some(batch) => self.events.batch(batch),
                    None => break,
                }
            }
        }
        wake_at
    }

    fn next_wake(&self, batch_due: Option<Instant>) -> Option<Instant> {
        let commit_due = self
            .slots
            .values()
            .any(|p| p.uncommitted().is_some())
            .then(|| self.commits.due().max(Instant::now() + Duration::from_millis(1)));
        let waiter_due = self.waiters.iter().map(|w| w.deadline.min(w.look_at)).min();
        let retry = self.commits.retry().filter(|retry| *retry > Instant::now());
        let revocation_due = self
            .revocation
            .as_ref()
            .map(|r| retry.map_or(r.deadline, |retry| retry.min(r.deadline)));
        let closing_due = self.closing.as_ref().map(|c| c.drain_until);
        [
            Some(Instant::now() + IDLE),
            batch_due,
            commit_due,
            waiter_due,
            revocation_due,
            closing_due,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    // ---- closing

    fn may_leave(&self, closing: &Closing) -> bool {
        let unfinished: usize = self.subscriptions.iter().map(Subscription::unfinished).sum();
        unfinished == 0 || Instant::now() >= closing.drain_until
    }

    /// Commits, leaves the group and reports. Blocks this thread, which has nothing else to do any
    /// more, up to the deadline.
    fn leave(mut self) {
        let Some(closing) = self.closing.take() else {
            return;
        };
        self.progress.close();
        // told by this, and an error that would make them give up their topics finds nobody: once the group is
        // closed librdkafka lets a call that changes its topics wait for ever
        self.waiters.clear();
        let unfinished = self.subscriptions.iter().map(Subscription::unfinished).sum();
        self.commit_the_rest(before(closing.deadline));
        // nobody waits for positions any more, and librdkafka waits for an answer to what it assigned or revoked
        self.generation.fetch_add(1, Ordering::Relaxed);
        self.accept_assignment();
        self.end_revocation();
        let has_said_so = self.say_goodbye(before(closing.deadline));
        let is_closing = self.handle.begin_close(&self.control).is_ok();
        let is_closed = is_closing && self.poll_until(closing.deadline, Handle::is_closed);
        let left_group = has_said_so && is_closed;
        self.stop_counting();
        (closing.reply)(ConsumerReport {
            unfinished,
            left_group,
        });
        if is_closing && !is_closed {
            self.answer_goodbye();
        }
    }

    /// Nobody waits for this member any more, but librdkafka does: destroyed before the revocation of its goodbye is
    /// answered, its thread spins for ever.
    fn answer_goodbye(&mut self) {
        let until = Instant::now() + GOODBYE;
        while !self.handle.is_closed() && Instant::now() < until {
            let event = self.control.poll(LEAVE_POLL);
            if let Some(event) = event.filter(|event| event.kind() == EventKind::Rebalance) {
                self.handle_event_while_leaving(&event);
            }
        }
    }

    /// librdkafka's close tells the group nothing when this member has no partition, and while the group rebalances
    /// it says so behind a request that the coordinator answers last. Either way the others would wait for this member
    /// until its session ends. To unsubscribe waits for the rebalance, and leaves with and without partitions.
    fn say_goodbye(&mut self, until: Instant) -> bool {
        self.wait_until_named(until);
        let is_told_by_close = self.handle.is_kip_848() || self.handle.is_static() || self.fatal;
        if is_told_by_close || self.handle.subscribe([]).is_err() {
            return true;
        }
        self.poll_until(until, |handle| !handle.has_member_id())
    }

    /// Between its first request and the answer to it, this is a member to its coordinator and not to librdkafka, which
    /// would leave nothing: a member that nobody is would hold the group up until its session ends.
    fn wait_until_named(&mut self, until: Instant) {
        let has_asked = !self.topics.is_empty() && !self.fatal && self.right.check().is_ok();
        if !has_asked {
            return;
        }
        let until = until.min(Instant::now() + NAMING_GRACE);
        if self.handle.is_kip_848() {
            self.poll_until(until, Handle::is_member);
        } else if !self.handle.is_static() {
            self.poll_until(until, Handle::has_member_id);
        }
    }

    fn poll_until(&mut self, deadline: Instant, is_done: impl Fn(&Handle) -> bool) -> bool {
        while !is_done(&self.handle) {
            if Instant::now() >= deadline {
                return false;
            }
            // to look may write to librdkafka's log, which comes by the same queue: all of it is read between two looks
            let look_at = Instant::now() + LEAVE_POLL;
            while let Some(event) = self
                .control
                .poll(look_at.saturating_duration_since(Instant::now()))
            {
                self.handle_event_while_leaving(&event);
            }
        }
        true
    }

    /// A commit that is under way is waited for, then one more says the rest; one that is refused is tried
    /// again while there is time.
    fn commit_the_rest(&mut self, until: Instant) {
        while Instant::now() < until && !self.commits.is_hopeless() {
            let error = self
                .commits
                .send(&self.handle, &self.control, &mut self.slots, true);
            self.report(error);
            if !self.commits.is_waiting() && self.slots.values().all(|p| p.uncommitted().is_none()) {
                return;
            }
            if let Some(event) = self.control.poll(COMMIT_POLL) {
                self.handle_event(&event);
            }
            // a rebalance goes on, and commits are taken again, once this member has answered
            self.accept_assignment();
            self.finish_revocation();
        }
    }

    /// An assignment to a member that leaves is accepted, only to be given up at once.
    fn accept_assignment(&mut self) {
        if let Some(partitions) = self.assigning.take() {
            let _ = self.handle.assign(&without_offsets(&partitions));
        }
    }

    fn handle_event_while_leaving(&mut self, event: &Event) {
        if event.kind() != EventKind::Rebalance {
            return self.handle_event(event);
        }
        let partitions = event.partitions();
        if event.error() == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assigning = Some(partitions);
            self.accept_assignment();
        } else {
            let _ = self.handle.unassign(&without_offsets(&partitions));
        }
    }
}

fn without_offsets(partitions: &[PartitionOffset]) -> Partitions {
    let list = partitions.iter();
    Partitions::of(list.map(|p| (p.topic.as_str(), p.partition, OFFSET_INVALID)))
}

/// When a stage of the close ends, so that some time is left for the next.
fn before(deadline: Instant) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    deadline
        .checked_sub(LEAVE_GRACE.min(left / 4))
        .unwrap_or(deadline)
}

pub(super) fn no_queue() -> CoreError {
    CoreError::new(ErrorCode::Internal, "librdkafka gave no queue")
}
