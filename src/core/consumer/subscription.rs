//! One handler's share of a consumer: its topics, the queue of their records, what is out with
//! JavaScript and how much more may go.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ahash::RandomState;

use super::Outcome;
use super::batch::{self, Batch, Leaving, Ticket};
use super::lanes::{Lanes, Ordering};
use super::ledger::Ledger;
use super::partition::Partition;
use super::reading::Reading;
use crate::core::error::CoreError;
use crate::core::rd::{Message, NO_ERROR, Queue};

/// How much goes over at once and may be out at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Records in a batch.
    pub batch_records: usize,
    /// Bytes after which a batch is closed.
    pub batch_bytes: usize,
    /// How long a batch that is not full waits for more records.
    pub batch_wait: Duration,
    /// Records out with JavaScript.
    pub out_records: usize,
    /// Bytes out with JavaScript.
    pub out_bytes: usize,
    /// Records that JavaScript holds besides; nothing is handed over while there are so many.
    pub held_records: usize,
    /// Bytes that JavaScript holds besides; nothing is handed over while there are so many.
    pub held_bytes: usize,
}

/// A subscription as it is asked for.
#[derive(Clone, Debug)]
pub struct SubscriptionSpec {
    /// Its number, chosen by the caller.
    pub id: u32,
    /// Topic names.
    pub topics: Vec<String>,
    /// Where to start without a committed offset: the beginning, or the end as of now.
    pub from_beginning: bool,
    /// Which records wait for each other.
    pub ordering: Ordering,
    /// How much at a time.
    pub limits: Limits,
}

/// Records that may follow one that does not finish, before reading stops: what is kept of each is
/// eight bytes.
const LONGEST_SPAN: usize = 1_000_000;

pub(super) struct Subscription {
    pub(super) id: u32,
    pub(super) topics: Vec<String>,
    pub(super) from_beginning: bool,
    pub(super) start: super::positions::Snapshot,
    pub(super) queue: Queue,
    /// It was given up, and is kept for what is not back.
    pub(super) is_ended: bool,
    /// It reads without a group.
    pub(super) reading: Option<Reading>,
    limits: Limits,
    ledger: Ledger,
    /// Just taken from the queue; empty between calls.
    fresh: Vec<Message>,
    /// Records with their slots that are not packed yet.
    waiting: Vec<(u32, Message)>,
    waiting_bytes: usize,
    waiting_since: Option<Instant>,
    routes: HashMap<(usize, i32), u32, RandomState>,
    /// Running mean, to read about as much as a batch takes.
    mean_bytes: usize,
}

pub(super) type Slots = HashMap<u32, Partition, RandomState>;

impl Subscription {
    pub(super) fn new(spec: SubscriptionSpec, start: super::positions::Snapshot, queue: Queue) -> Self {
        Self {
            id: spec.id,
            topics: spec.topics,
            from_beginning: spec.from_beginning,
            start,
            queue,
            is_ended: false,
            reading: None,
            limits: spec.limits,
            ledger: Ledger::new(Lanes::new(spec.ordering)),
            fresh: Vec::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            waiting_since: None,
            routes: HashMap::default(),
            mean_bytes: 256,
        }
    }

    /// The assignment changed: topic pointers of librdkafka may now mean something else.
    pub(super) fn forget_routes(&mut self) {
        self.routes.clear();
    }

    /// Whether something of `slot` waits to be packed.
    pub(super) fn is_waiting_for(&self, slot: u32) -> bool {
        self.waiting.iter().any(|(waiting, _)| *waiting == slot)
    }

    /// Records with JavaScript that wait for something other than a free worker.
    pub(super) fn held(&self) -> usize {
        self.ledger.held().records
    }

    /// Records with JavaScript, held or not.
    pub(super) fn unfinished(&self) -> usize {
        self.ledger.out().records + self.ledger.held().records
    }

    /// Takes what is there, and packs a batch if one is due. Returns it, and when to come again.
    pub(super) fn intake(
        &mut self,
        slots: &mut Slots,
        next_id: &mut u32,
        on_error: &mut impl FnMut(CoreError),
    ) -> (Option<Batch>, Option<Instant>) {
        let room = self.room();
        let is_held_up = slots
            .values()
            .any(|p| p.subscription == self.id && p.is_live() && p.watermark.span() >= LONGEST_SPAN);
        if room == 0 || is_held_up {
            return (None, None);
        }
        self.refill(room, slots);
        if self.waiting.len() < room && self.waiting_bytes < self.limits.batch_bytes {
            let by_bytes = (self.limits.batch_bytes - self.waiting_bytes) / self.mean_bytes.max(1);
            let limit = (room - self.waiting.len()).min(by_bytes.max(1));
            // a queue is only said to be filled when it was empty: records that are passed over must
            // not hide those behind them
            while self.read(limit, slots, on_error) > 0 && self.waiting.is_empty() {}
        }
        if self.waiting.is_empty() {
            return (None, None);
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let full = self.waiting.len() >= room.min(self.limits.batch_records)
            || self.waiting_bytes >= self.limits.batch_bytes;
        let due = since + self.limits.batch_wait;
        if !full && Instant::now() < due {
            return (None, Some(due));
        }
        let batch = self.pack(room, slots, next_id);
        // all that waited was stale: look behind it at once
        let again = batch.is_none().then(Instant::now);
        (batch, again)
    }

    /// Goes on with partitions that were cut off. Their queues join the stream only when nothing of them is aside
    /// any more: one that is paused and resumed again and again keeps no more aside than was in the stream once.
    fn refill(&mut self, room: usize, slots: &mut Slots) {
        for partition in slots.values_mut() {
            if partition.subscription != self.id || !partition.may_go_on() {
                continue;
            }
            let Some(aside) = &mut partition.aside else {
                continue;
            };
            while self.waiting.len() < room && self.waiting_bytes < self.limits.batch_bytes {
                let Some(message) = aside.pop_front() else {
                    break;
                };
                self.waiting_bytes += batch::size_of(&message);
                self.waiting.push((partition.slot, message));
            }
            if aside.is_empty() {
                partition.join_stream(&self.queue);
            }
        }
    }

    /// Takes back what waits of `slot` and is not packed yet.
    pub(super) fn take_waiting(&mut self, slot: u32) -> Vec<Message> {
        let taken: Vec<Message> = self
            .waiting
            .extract_if(.., |(other, _)| *other == slot)
            .map(|(_, message)| message)
            .collect();
        self.waiting_bytes -= taken.iter().map(batch::size_of).sum::<usize>();
        if self.waiting.is_empty() {
            self.waiting_since = None;
        }
        taken
    }

    /// How many records may go over now; none until a good part of what may be out is back, so
    /// that batches do not get small.
    fn room(&self) -> usize {
        let limits = &self.limits;
        let (out, held) = (self.ledger.out(), self.ledger.held());
        let records = limits.out_records.saturating_sub(out.records);
        let least = limits.batch_records.min(limits.out_records / 4).max(1);
        let too_many_held = held.records >= limits.held_records || held.bytes >= limits.held_bytes;
        if records < least || out.bytes >= limits.out_bytes || too_many_held {
            return 0;
        }
        records.min(limits.batch_records)
    }

    /// Takes up to `limit` records, and keeps those of assignments that are live; returns how many it took.
    fn read(&mut self, limit: usize, slots: &mut Slots, on_error: &mut impl FnMut(CoreError)) -> usize {
        self.queue.take_records(limit, &mut self.fresh);
        let taken = self.fresh.len();
        if self.has_ends() {
            Self::drop_behind_ends(&mut self.fresh, slots);
        }
        let mut last = ((0, -1), None);
        for message in self.fresh.drain(..) {
            if message.error() != NO_ERROR {
                on_error(partition_error(&message));
                continue;
            }
            let place = (message.topic_id(), message.partition());
            if last.0 != place {
                last = (place, route(&mut self.routes, &message, slots));
            }
            if let Some((slot, is_cut_off)) = last.1 {
                if is_cut_off {
                    if let Some(aside) = slots.get_mut(&slot).and_then(|p| p.aside.as_mut()) {
                        aside.push_back(message);
                    }
                    continue;
                }
                self.waiting_bytes += batch::size_of(&message);
                self.waiting.push((slot, message));
            }
        }
        taken
    }

    fn pack(&mut self, room: usize, slots: &mut Slots, next_id: &mut u32) -> Option<Batch> {
        let mut count = 0;
        let mut bytes = 0;
        while count < self.waiting.len().min(room) && bytes < self.limits.batch_bytes {
            bytes += batch::size_of(&self.waiting[count].1);
            count += 1;
        }
        let rest = self.waiting.split_off(count);
        let taken = std::mem::replace(&mut self.waiting, rest);
        self.waiting_bytes -= bytes;
        self.waiting_since = (!self.waiting.is_empty()).then(Instant::now);
        let mut records = Vec::with_capacity(count);
        let mut headers = Vec::new();
        let mut current: Option<&mut Partition> = None;
        let mut taken = taken.into_iter();
        while let Some((slot, message)) = taken.next() {
            if current.as_ref().is_none_or(|partition| partition.slot != slot) {
                // the assignment may have changed while the record waited here
                current = slots.get_mut(&slot).filter(|p| p.is_live());
            }
            let Some(partition) = &mut current else {
                continue;
            };
            // only now it is known how large they are, which may be many times what the values are
            let header_bytes = batch::pack_headers(&mut headers, &message);
            if headers.len() > self.limits.batch_bytes && !records.is_empty() {
                headers.truncate(headers.len() - header_bytes);
                self.put_back(slot, message, taken);
                break;
            }
            partition.out += 1;
            if let Some(counting) = &mut partition.counting {
                counting.received(&message);
            }
            records.push(Leaving {
                slot,
                sequence: partition.watermark.receive(message.offset()),
                message,
                header_bytes,
            });
        }
        if records.is_empty() {
            return None;
        }
        let (block, tickets) = batch::pack(&records, &headers, self.ledger.lanes());
        let count = tickets.len();
        self.mean_bytes = (self.mean_bytes * 3 + block.len() / count) / 4;
        *next_id = next_id.wrapping_add(1);
        let id = *next_id;
        self.ledger.hand_over(id, tickets);
        Some(Batch {
            subscription: self.id,
            id,
            records: count,
            block,
        })
    }

    /// These wait on, before all others.
    fn put_back(&mut self, slot: u32, message: Message, others: impl Iterator<Item = (u32, Message)>) {
        let back: Vec<_> = std::iter::once((slot, message)).chain(others).collect();
        self.waiting_bytes += back
            .iter()
            .map(|(_, message)| batch::size_of(message))
            .sum::<usize>();
        self.waiting.splice(0..0, back);
        self.waiting_since = Some(Instant::now());
    }

    /// Whether `batch` is one of this subscription's.
    pub(super) fn has(&self, batch: u32) -> bool {
        self.ledger.has(batch)
    }

    /// Every record of `batch` that is not back yet was handled.
    pub(super) fn complete_all(&mut self, batch: u32, slots: &mut Slots) {
        for run in self
            .ledger
            .complete_all(batch)
            .chunk_by(|one, next| one.slot == next.slot)
        {
            match slots.get_mut(&run[0].slot) {
                Some(partition) => {
                    partition.out -= run.len();
                    for ticket in run {
                        partition.watermark.finish(ticket.sequence);
                    }
                }
                None => back_from_before(run[0].slot, run.len(), slots),
            }
        }
    }

    /// Some records of `batch` are back or held; returns the slots whose handler failed.
    pub(super) fn complete(
        &mut self,
        batch: u32,
        outcomes: &[(u32, Outcome)],
        slots: &mut Slots,
    ) -> Vec<u32> {
        let mut failed = Vec::new();
        self.ledger.complete(batch, outcomes, |ticket, outcome| {
            if outcome == Outcome::Failed {
                failed.push(ticket.slot);
            }
            settle(ticket, outcome, slots);
        });
        failed
    }
}

/// A record is back. A slot that is gone belongs to an earlier assignment, or to a position before a seek: nothing of it
/// counts any more.
fn settle(ticket: &Ticket, outcome: Outcome, slots: &mut Slots) {
    let Some(partition) = slots.get_mut(&ticket.slot) else {
        return back_from_before(ticket.slot, 1, slots);
    };
    partition.out -= 1;
    if outcome == Outcome::Done {
        partition.watermark.finish(ticket.sequence);
    }
}

/// What ran when its partition was sought: whoever gets the partition next waits for it all the same.
fn back_from_before(slot: u32, count: usize, slots: &mut Slots) {
    if let Some(partition) = slots.values_mut().find(|p| p.before.contains(&slot)) {
        partition.out_before -= count;
    }
}

/// The slot that a record belongs to, if its assignment is live, and whether that is cut off.
fn route(
    routes: &mut HashMap<(usize, i32), u32, RandomState>,
    message: &Message,
    slots: &Slots,
) -> Option<(u32, bool)> {
    let place = (message.topic_id(), message.partition());
    let slot = if let Some(slot) = routes.get(&place) {
        *slot
    } else {
        let topic = message.topic();
        let found = slots.values().find(|partition| {
            partition.partition == message.partition() && *partition.topic == *topic && partition.is_live()
        })?;
        routes.insert(place, found.slot);
        found.slot
    };
    let partition = slots.get(&slot).filter(|partition| partition.is_live())?;
    Some((slot, partition.aside.is_some()))
}

fn partition_error(message: &Message) -> CoreError {
    use crate::core::error::ErrorCode;
    use rdkafka::types::RDKafkaErrorCode as E;
    let code = match E::from(message.error()) {
        E::AutoOffsetReset | E::OffsetOutOfRange => ErrorCode::OffsetOutOfRange,
        _ => CoreError::code_of(message.error(), ErrorCode::ConnectionFailed),
    };
    let topic = message.topic();
    let place = format!("topic {topic} partition {}", message.partition());
    let why = match code {
        ErrorCode::AuthorizationFailed => "the principal lacks the right READ on the topic".to_owned(),
        _ => message.error_text(),
    };
    CoreError::new(code, format!("{place}: {why}"))
        .caused_by(message.error())
        .on_topic(topic)
        .on_partition(message.partition())
}
