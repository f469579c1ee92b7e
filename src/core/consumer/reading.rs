//! Reading partitions without being a member of a group: nothing is joined, and nothing is committed. Batches, limits and
//! slots are those of a subscription; only where its partitions come from is different.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;

use super::group::{Group, no_queue};
use super::partition::Partition;
use super::positions::Snapshot;
use super::subscription::{Slots, Subscription};
use super::targets::{Asking, SeekTarget};
use super::{AssignedPartition, Command, Rebalance, RebalanceKind, Reply, Subscriber, SubscriptionSpec};
use crate::core::connect::Pending;
use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::metadata::{self, Unknown};
use crate::core::rd::{Message, NO_ERROR, OFFSET_BEGINNING, Partitions, Queue, Waker};

/// How often a topic is looked at for partitions that were added, as a group does.
const GROWTH: Duration = Duration::from_secs(10);
/// One try to ask how many there are.
const COUNT_TIMEOUT: Duration = Duration::from_secs(5);

const PARTITION_EOF: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF;

/// What is to be read, beside its [`SubscriptionSpec`], which names no topics.
#[derive(Clone, Debug)]
pub struct ReadingSpec {
    /// Its topic.
    pub topic: String,
    /// Partition numbers; `None` for all, those that are added later included.
    pub partitions: Option<Vec<i32>>,
    /// Where each begins.
    pub from: SeekTarget,
    /// Before which offset each ends, as of now; `None` to go on for ever. Wants `enable.partition.eof`.
    pub to: Option<SeekTarget>,
    /// The topic was created for this, so that brokers may not know it yet.
    pub is_new: bool,
}

/// A partition as it is read.
#[derive(Clone, Copy, Debug)]
pub struct ReadingRange {
    /// Partition number.
    pub partition: i32,
    /// Its first offset.
    pub start: i64,
    /// The offset before which it ends; with one that is not after `start` there is nothing to read.
    pub end: Option<i64>,
}

/// The state of a subscription that reads without a group.
pub(super) struct Reading {
    topic: Arc<str>,
    is_bounded: bool,
    /// How many partitions the topic had when it was looked at last; `None` where others are of no interest.
    known: Option<i32>,
    /// When to look again.
    look_at: Instant,
}

/// A partition's state where it is read without a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End {
    offset: Option<i64>,
    /// Nothing comes before the end any more.
    is_reached: bool,
}

impl Subscriber {
    /// Fixes where partitions begin and end, then reads them. Blocks while it asks; `reply` is called once their
    /// positions are fixed, so that what is written afterwards is read, or the consumer is closed.
    pub fn read(
        self,
        spec: SubscriptionSpec,
        reading: ReadingSpec,
        timeout: Duration,
        reply: Reply<Result<Vec<ReadingRange>>>,
    ) {
        let fixed = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::clone(&fixed);
        let pending = self.progress.pending(Box::new(move |outcome| {
            let ranges = std::mem::take(&mut *answer.lock().unwrap_or_else(PoisonError::into_inner));
            reply(outcome.map(|()| ranges));
        }));
        let (known, ranges) = match self.ranges_of(&reading, Instant::now() + timeout) {
            Ok(found) => found,
            Err(error) => return pending.settle(Err(error)),
        };
        fixed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&ranges);
        let inbox = self.inbox.clone();
        // the owner thread must be the last to hold the handle
        drop(self);
        inbox.send(Command::Read {
            spec,
            reading: Reading {
                topic: reading.topic.into(),
                is_bounded: reading.to.is_some(),
                known: (reading.partitions.is_none() && reading.to.is_none()).then_some(known),
                look_at: Instant::now() + GROWTH,
            },
            ranges,
            reply: pending,
        });
    }

    /// How many partitions there are, and the positions of those that are asked for.
    fn ranges_of(&self, reading: &ReadingSpec, deadline: Instant) -> Result<(i32, Vec<ReadingRange>)> {
        let topic = reading.topic.as_str();
        let unknown = if reading.is_new {
            Unknown::Created
        } else {
            Unknown::Missing
        };
        let known = metadata::ensure_topic(&self.handle, topic, unknown, deadline)?;
        let partitions = reading.partitions.clone().unwrap_or_else(|| (0..known).collect());
        if let Some(missing) = partitions
            .iter()
            .find(|partition| !(0..known).contains(partition))
        {
            let text = format!("topic {topic} has no partition {missing}: it has {known}, from 0");
            let error = CoreError::new(ErrorCode::UnknownPartition, text);
            return Err(error.on_topic(topic).on_partition(*missing));
        }
        let asking = Asking {
            handle: &self.handle,
            places: partitions.iter().map(|partition| (topic, *partition)).collect(),
            deadline,
            code: ErrorCode::SubscribeFailed,
        };
        let starts = asking.starts_of(reading.from)?;
        let ends = match reading.to {
            Some(to) => asking.offsets_of(to)?.into_iter().map(Some).collect(),
            None => vec![None; partitions.len()],
        };
        let places = partitions.into_iter().zip(starts).zip(ends);
        let ranges = places.map(|((partition, start), end)| ReadingRange {
            partition,
            start,
            end,
        });
        Ok((known, ranges.collect()))
    }
}

impl Group {
    pub(super) fn read(
        &mut self,
        spec: SubscriptionSpec,
        reading: Reading,
        ranges: Vec<ReadingRange>,
        waker: &Arc<Waker>,
        reply: &Pending,
    ) {
        let Some(mut queue) = Queue::create(&self.handle) else {
            return reply.settle(Err(no_queue()));
        };
        queue.wake_with(waker);
        let id = spec.id;
        let mut subscription = Subscription::new(spec, Snapshot::default(), queue);
        subscription.reading = Some(reading);
        self.subscriptions.push(subscription);
        let outcome = self.start_reading(id, ranges);
        if outcome.is_err() {
            self.subscriptions.retain(|subscription| subscription.id != id);
        }
        reply.settle(outcome);
    }

    fn start_reading(&mut self, id: u32, ranges: Vec<ReadingRange>) -> Result<()> {
        let owner = self.subscriptions.iter_mut().find(|s| s.id == id);
        let Some((owner, topic)) = owner.and_then(|owner| {
            let topic = Arc::clone(&owner.reading.as_ref()?.topic);
            Some((owner, topic))
        }) else {
            return Ok(());
        };
        owner.forget_routes();
        let mut partitions = Vec::new();
        for range in ranges {
            if range.end.is_some_and(|end| range.start >= end) {
                continue;
            }
            let queue = Queue::partition(&self.handle, &topic, range.partition).ok_or_else(no_queue)?;
            queue.forward_to(Some(&owner.queue));
            self.next_slot += 1;
            let place = AssignedPartition {
                slot: self.next_slot,
                subscription: id,
                topic: Arc::clone(&topic),
                partition: range.partition,
            };
            let end = Some(End {
                offset: range.end,
                is_reached: false,
            });
            let partition = Partition {
                end,
                ..Partition::new(place, queue)
            };
            partitions.push((range.start, partition));
        }
        if partitions.is_empty() {
            return Ok(());
        }
        let list = Partitions::of(
            partitions
                .iter()
                .map(|(start, p)| (&*p.topic, p.partition, *start)),
        );
        let assigned = partitions.iter().map(|(_, p)| p.assigned()).collect();
        let slots = partitions.into_iter().map(|(_, p)| (p.slot, p));
        self.slots.extend(slots);
        // told before the first record can be
        self.events.rebalance(Rebalance {
            kind: RebalanceKind::Assigned,
            partitions: assigned,
        });
        self.handle.assign_more(&list).map_err(|(cause, text)| {
            self.slots.retain(|_, partition| partition.subscription != id);
            let text = format!("cannot read topic {topic}: {text}");
            CoreError::new(ErrorCode::SubscribeFailed, text)
                .caused_by(cause)
                .on_topic(&*topic)
        })
    }

    /// Gives partitions up of which everything before their end was handed over and is back.
    pub(super) fn finish_readings(&mut self) {
        let has_bounds = |s: &Subscription| s.reading.as_ref().is_some_and(|reading| reading.is_bounded);
        if !self.subscriptions.iter().any(has_bounds) {
            return;
        }
        let is_over = |partition: &Partition| {
            let is_reached = partition.end.is_some_and(|end| end.is_reached);
            let is_empty = partition.out == 0 && partition.aside.as_ref().is_none_or(VecDeque::is_empty);
            let owner = self.subscriptions.iter().find(|s| s.id == partition.subscription);
            is_reached && is_empty && owner.is_none_or(|owner| !owner.is_waiting_for(partition.slot))
        };
        let over: HashSet<u32> = self
            .slots
            .values()
            .filter(|p| is_over(p))
            .map(|p| p.slot)
            .collect();
        if over.is_empty() {
            return;
        }
        let ended: Vec<Partition> = self
            .slots
            .extract_if(|slot, _| over.contains(slot))
            .map(|(_, partition)| partition)
            .collect();
        for subscription in &mut self.subscriptions {
            subscription.forget_routes();
        }
        let list = Partitions::of(ended.iter().map(|p| (&*p.topic, p.partition, 0)));
        if let Err((cause, text)) = self.handle.assign_less(&list) {
            let error = CoreError::new(ErrorCode::SubscribeFailed, text).caused_by(cause);
            self.events.error(error);
        }
        self.events.rebalance(Rebalance {
            kind: RebalanceKind::Ended,
            partitions: ended.iter().map(Partition::assigned).collect(),
        });
    }

    /// Asks now and then how many partitions the topics have that are read as a whole.
    pub(super) fn look_for_growth(&mut self) {
        let now = Instant::now();
        for subscription in &mut self.subscriptions {
            let id = subscription.id;
            let Some(reading) = &mut subscription.reading else {
                continue;
            };
            if reading.known.is_none() || reading.look_at > now {
                continue;
            }
            reading.look_at = now + GROWTH;
            let (handle, inbox) = (Arc::clone(&self.handle), self.inbox.clone());
            let topic = Arc::clone(&reading.topic);
            // one that cannot be started, or asks in vain, is followed by another
            let _ = std::thread::Builder::new()
                .name("narad-positions".into())
                .spawn(move || {
                    let answer = handle.metadata(Some(&topic), COUNT_TIMEOUT);
                    drop(handle);
                    let found = answer.ok().and_then(|mut topics| topics.remove(&*topic));
                    if let Some(found) = found.filter(|found| found.error == NO_ERROR) {
                        inbox.send(Command::Counted {
                            subscription: id,
                            partitions: found.partitions,
                        });
                    }
                });
        }
    }

    /// Reads partitions that were added, from their beginning.
    pub(super) fn counted(&mut self, subscription: u32, partitions: i32) {
        let found = self.subscriptions.iter_mut().find(|s| s.id == subscription);
        let Some(known) = found.and_then(|s| s.reading.as_mut()?.known.as_mut()) else {
            return;
        };
        let added = *known..partitions;
        *known = partitions.max(*known);
        if self.closing.is_some() || added.is_empty() {
            return;
        }
        let ranges = added.map(|partition| ReadingRange {
            partition,
            start: OFFSET_BEGINNING,
            end: None,
        });
        let error = self.start_reading(subscription, ranges.collect()).err();
        self.report(error);
    }
}

impl Subscription {
    /// Drops what is behind the ends of partitions, and notes which have come to their end. Offsets have gaps: the last
    /// record before the end may be far from it, or not be there, and then only the end of the log tells.
    pub(super) fn drop_behind_ends(fresh: &mut Vec<Message>, slots: &mut Slots) {
        let mut last = (0, -1);
        let mut slot = None;
        fresh.retain(|message| {
            let is_record = message.error() == NO_ERROR;
            if !is_record && message.error() != PARTITION_EOF {
                return true;
            }
            let place = (message.topic_id(), message.partition());
            if place != last {
                last = place;
                let topic = message.topic();
                let found = slots
                    .values()
                    .find(|p| p.partition == place.1 && *p.topic == *topic);
                slot = found.map(|p| p.slot);
            }
            let Some(partition) = slot.and_then(|slot| slots.get_mut(&slot)) else {
                return is_record;
            };
            let Some(End {
                offset: Some(end),
                is_reached,
            }) = &mut partition.end
            else {
                return is_record;
            };
            let next = message.offset() + i64::from(is_record);
            let is_before = is_record && message.offset() < *end;
            if next >= *end && !*is_reached {
                *is_reached = true;
                partition.queue.forward_to(None);
            }
            is_before
        });
    }

    /// Whether partitions of it end somewhere.
    pub(super) fn has_ends(&self) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.is_bounded)
    }
}
