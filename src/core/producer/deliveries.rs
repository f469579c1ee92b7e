//! The producer's own thread: delivery reports in, results out; backlog into librdkafka's queue as
//! it empties; errors and logs; and the bounded close.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::pending::PendingCalls;
use super::tally::Tally;
use super::{Notice, ProducerEvents, ProducerReport, Shared, Waiting, lock, why};
use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::{Delivery, Event, EventKind, NO_ERROR};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

/// Longest sleep when nothing happens; every reason to wake interrupts it.
const IDLE: Duration = Duration::from_millis(500);
/// How often a backlog is tried again when no delivery report makes room known.
const BACKLOG_RETRY: Duration = Duration::from_millis(10);
/// How long records wait for others that are under way, which may go to a broker that does not answer. The Java client
/// lets every record wait as long (`linger.ms`, KIP-1030).
const LONGEST_WAIT: Duration = Duration::from_millis(5);
/// What the timeout of a poll may be cut short by.
const TICK: Duration = Duration::from_millis(1);
/// Purged records report at once; this only bounds a librdkafka that does not.
const PURGE_GRACE: Duration = Duration::from_millis(500);

pub(super) struct DeliveryThread {
    shared: Arc<Shared>,
    events: Arc<dyn ProducerEvents>,
    pending: PendingCalls,
    tally: Option<Tally>,
    /// The report of a lone record, for the flusher.
    kept: Option<Event>,
}

impl DeliveryThread {
    pub(super) fn spawn(shared: Arc<Shared>, events: Arc<dyn ProducerEvents>) -> Result<()> {
        let tally = shared
            .metrics
            .as_ref()
            .map(|metrics| Tally::new(Arc::clone(metrics)));
        let thread = Self {
            shared,
            events,
            pending: PendingCalls::default(),
            tally,
            kept: None,
        };
        std::thread::Builder::new()
            .name("narad-producer".into())
            .spawn(move || thread.run())
            .map(|_| ())
            .map_err(|error| CoreError::new(ErrorCode::Internal, format!("cannot start a thread: {error}")))
    }

    fn run(mut self) {
        loop {
            let closing = lock(&self.shared.close).deadline;
            if let Some(deadline) = closing {
                return self.close(deadline);
            }
            self.turn(IDLE);
        }
    }

    /// One event, then whatever it made possible.
    fn turn(&mut self, timeout: Duration) {
        let timeout = match lock(&self.shared.backlog).waiting.front() {
            Some(front) => timeout.min(patience(front).map_or(BACKLOG_RETRY, |left| left + TICK)),
            None => timeout,
        };
        let event = self.shared.queue.poll(timeout);
        self.read_notices();
        match event {
            Some(event) => {
                let is_lone = self.handle(&event) == 1 && self.shared.under_way.load(Ordering::Acquire) == 0;
                if is_lone {
                    self.keep(event);
                }
            }
            None => self.let_go(),
        }
        self.drain_backlog();
    }

    fn keep(&mut self, event: Event) {
        if let Some(flusher) = &self.shared.flusher {
            // the one before goes after this one is there, so that the flush does not end
            let _before = self.kept.replace(event);
            flusher.set_kept(true);
        }
    }

    /// Has records linger from now on, if none is under way.
    fn linger(&mut self) {
        self.let_go();
        if let Some(flusher) = &self.shared.flusher
            && self.shared.under_way.load(Ordering::Acquire) == 0
        {
            flusher.wait_until_idle(TICK);
        }
    }

    fn let_go(&mut self) {
        if let (Some(flusher), Some(_event)) = (&self.shared.flusher, self.kept.take()) {
            flusher.set_kept(false);
        }
    }

    fn read_notices(&mut self) {
        let notices = std::mem::take(&mut *lock(&self.shared.notices));
        for notice in notices {
            match notice {
                Notice::Begin { call, records, taken } => self.pending.begin(call, records, taken),
                Notice::Refused { opaque, error } => {
                    self.settle(opaque, Err(error));
                    self.shared.under_way.fetch_sub(1, Ordering::AcqRel);
                }
            }
        }
    }

    fn settle(&mut self, opaque: usize, outcome: Result<(i32, i64, i64)>) {
        if let Some(result) = self.pending.settle(opaque, outcome) {
            // whoever gets a result finds it counted
            if let Some(tally) = &mut self.tally {
                tally.flush();
            }
            self.events.delivered(result);
        }
    }

    /// Returns how many records it settled.
    fn handle(&mut self, event: &Event) -> usize {
        match event.kind() {
            EventKind::Delivery => return self.deliveries(event),
            EventKind::Error => {
                self.shared.progress.note(event.error(), &event.error_text());
                let error = CoreError::new(
                    CoreError::code_of(event.error(), ErrorCode::ConnectionFailed),
                    event.error_text(),
                )
                .caused_by(event.error());
                let error = if event.is_fatal() { error.fatal() } else { error };
                self.events.error(error);
            }
            EventKind::Log => {
                if let Some((level, facility, text)) = event.log() {
                    self.shared.progress.note_log(&facility, &text);
                    self.events.log(level, format!("{facility}: {text}"));
                }
            }
            EventKind::Rebalance | EventKind::Commit | EventKind::Description | EventKind::Other => {}
        }
        0
    }

    fn deliveries(&mut self, event: &Event) -> usize {
        let mut settled = 0;
        event.for_each_delivery(|delivery| {
            let outcome = if delivery.error == NO_ERROR {
                if let Some(tally) = &mut self.tally {
                    tally.acknowledged(delivery, &self.pending);
                }
                Ok((delivery.partition, delivery.offset, delivery.timestamp()))
            } else {
                let error = self
                    .shared
                    .blame(delivery.error, |cause| undelivered(delivery, cause));
                if let Some(tally) = &mut self.tally {
                    tally.failed(delivery, error.code);
                }
                Err(error)
            };
            self.settle(delivery.opaque, outcome);
            settled += 1;
        });
        self.shared.under_way.fetch_sub(settled, Ordering::AcqRel);
        settled
    }

    /// Hands waiting records over in order, once nothing is under way or the first has waited long enough.
    fn drain_backlog(&mut self) {
        let mut waiting = {
            let mut backlog = lock(&self.shared.backlog);
            let Some(front) = backlog.waiting.front() else {
                return;
            };
            if self.shared.under_way.load(Ordering::Acquire) > 0 && patience(front).is_some() {
                return;
            }
            backlog.is_draining = true;
            std::mem::take(&mut backlog.waiting)
        };
        let is_lone = waiting.len() == 1 && waiting[0].records().count() == 1;
        if !is_lone {
            self.linger();
        }
        while let Some(front) = waiting.pop_front() {
            if let Some(rest) = self.hand_over(&front) {
                waiting.push_front(rest);
                break;
            }
        }
        self.shared.flush();
        let mut backlog = lock(&self.shared.backlog);
        backlog.is_draining = false;
        waiting.append(&mut backlog.waiting);
        backlog.waiting = waiting;
    }

    /// Returns what librdkafka has no room for.
    fn hand_over(&self, front: &Waiting) -> Option<Waiting> {
        let records = front.records();
        let unpacked = records.unpack().ok()?;
        let accepted = self.shared.produce(front.call, front.first, &unpacked);
        if accepted == unpacked.len() {
            return None;
        }
        let mut rest = Waiting::of(front.call, accepted, records, &unpacked);
        rest.first += front.first;
        rest.since = front.since;
        Some(rest)
    }

    fn close(mut self, deadline: Instant) {
        self.read_notices();
        while self.pending.unsettled() > 0 && Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            self.turn(left.min(Duration::from_millis(100)));
        }
        let report = ProducerReport {
            undelivered: self.pending.unsettled(),
        };
        self.fail_backlog();
        if self.shared.handle.outstanding() > 0 {
            self.shared.handle.purge();
            let grace = Instant::now() + PURGE_GRACE;
            while self.pending.unsettled() > 0 && Instant::now() < grace {
                self.turn(Duration::from_millis(10));
            }
        }
        self.read_notices();
        self.let_go();
        for target in &*self.shared.topics.read().unwrap_or_else(PoisonError::into_inner) {
            if let Some(metrics) = &target.metrics {
                metrics.closed();
            }
        }
        // a thread of librdkafka may be busy, looking up a name for instance
        let error = failure("send", RDKafkaRespErr::RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, true);
        for result in self.pending.fail_rest(&error) {
            self.events.delivered(result);
        }
        let reply = lock(&self.shared.close).reply.take();
        if let Some(reply) = reply {
            reply(report);
        }
        // librdkafka is destroyed by whoever lets go last, and that must be this thread
        while Arc::strong_count(&self.shared) > 1 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn fail_backlog(&mut self) {
        let waiting = std::mem::take(&mut lock(&self.shared.backlog).waiting);
        for batch in waiting {
            for index in 0..batch.records().count() {
                let error = failure("send", RDKafkaRespErr::RD_KAFKA_RESP_ERR__PURGE_QUEUE, false);
                self.settle(super::opaque(batch.call, batch.first + index), Err(error));
            }
        }
    }
}

/// How long the first of a backlog still waits for records that are under way.
fn patience(front: &Waiting) -> Option<Duration> {
    let left = LONGEST_WAIT.checked_sub(front.since.elapsed())?;
    (!left.is_zero()).then_some(left)
}

/// The error of a record that librdkafka reports as not delivered, with its place.
fn undelivered(delivery: &Delivery, cause: RDKafkaRespErr) -> CoreError {
    let (topic, partition) = (delivery.topic(), delivery.partition);
    let maybe_in_log = delivery.maybe_persisted();
    if partition < 0 {
        return failure(&format!("send to {topic}"), cause, maybe_in_log).on_topic(topic);
    }
    failure(&format!("send to {topic} [{partition}]"), cause, maybe_in_log)
        .on_topic(topic)
        .on_partition(partition)
}

/// The error of a record that librdkafka took and could not deliver.
fn failure(what_failed: &str, cause: RDKafkaRespErr, maybe_in_log: bool) -> CoreError {
    let mut code = CoreError::code_of(cause, ErrorCode::SendFailed);
    let what = match RDKafkaErrorCode::from(cause) {
        RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight => {
            code = ErrorCode::Closed;
            "the service was disconnected before the broker acknowledged the record".to_owned()
        }
        RDKafkaErrorCode::MessageTimedOut => "no acknowledgement before sendTimeoutMs".to_owned(),
        RDKafkaErrorCode::MessageSizeTooLarge => {
            "the record, or the batch that librdkafka put it in, is over the topic's max.message.bytes; raise that, \
             or keep librdkafka's batch.size below it"
                .to_owned()
        }
        RDKafkaErrorCode::UnknownPartition => "the topic has no such partition".to_owned(),
        RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition => {
            "the topic does not exist and the broker does not create it".to_owned()
        }
        _ => why(cause),
    };
    let tail = if maybe_in_log {
        "; the record may be in the log"
    } else {
        ""
    };
    let mut error = CoreError::new(code, format!("{what_failed} failed: {what}{tail}")).caused_by(cause);
    error.maybe_in_log = maybe_in_log;
    error
}
