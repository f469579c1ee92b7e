//! Partitions that go on somewhere else. What was received before counts for nothing: the partition goes on in a
//! new slot, so that late completions of the old position find none.

use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use super::group::Group;
use super::pausing::cut_off;
use super::targets::{Asking, SeekTarget};
use super::watermark::Watermark;
use super::{Command, Reply, Subscriber};
use crate::core::connect::Pending;
use crate::core::error::{CoreError, ErrorCode, Result, error_text};
use crate::core::rd::{NO_ERROR, Partitions};

/// A partition as its assignment has it.
#[derive(Clone, Debug)]
pub struct SeekPlace {
    /// Its slot.
    pub slot: u32,
    /// Topic.
    pub topic: String,
    /// Partition number.
    pub partition: i32,
}

/// A partition of which nothing is handed over until it is known where it goes on.
pub(super) struct Sought {
    slot: u32,
    /// `None` where it stays where it was.
    offset: Option<i64>,
}

impl Subscriber {
    /// Goes on with `places` at `target`, with all of them or with none. Blocks while it asks; `reply` is called once
    /// they do, or the consumer is closed.
    pub fn seek(self, places: &[SeekPlace], target: SeekTarget, timeout: Duration, reply: Reply<Result<()>>) {
        let pending = self.progress.pending(reply);
        let deadline = Instant::now() + timeout;
        let asking = Asking {
            handle: &self.handle,
            places: places.iter().map(|p| (p.topic.as_str(), p.partition)).collect(),
            deadline,
            code: ErrorCode::SeekFailed,
        };
        let offsets = match asking.starts_of(target) {
            Ok(offsets) => offsets,
            Err(error) => return pending.settle(Err(error)),
        };
        let (ready, is_ready) = mpsc::channel();
        let slots = places.iter().map(|place| place.slot).collect();
        self.inbox.send(Command::BeginSeek { slots, ready });
        let begun = is_ready.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        let outcome = match begun {
            Ok(true) => self.move_to(places, &offsets, deadline),
            // the end of another seek that is under way is not ours to tell
            Ok(false) => return pending.settle(Err(not_assigned())),
            Err(_) => Err(seek_failed("the consumer did not answer in time")),
        };
        let sought = places
            .iter()
            .zip(&offsets)
            .map(|(place, offset)| Sought {
                slot: place.slot,
                offset: outcome.is_ok().then_some(*offset),
            })
            .collect();
        let inbox = self.inbox.clone();
        // the owner thread must be the last to hold the handle
        drop(self);
        inbox.send(Command::EndSeek {
            sought,
            outcome,
            reply: pending,
        });
    }

    fn move_to(&self, places: &[SeekPlace], offsets: &[i64], deadline: Instant) -> Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        let list = places.iter().zip(offsets);
        let list =
            Partitions::of(list.map(|(place, offset)| (place.topic.as_str(), place.partition, *offset)));
        match self.handle.seek(&list, left.max(Duration::from_secs(1))) {
            Ok(answer) => answer.iter().try_for_each(|p| match p.error {
                NO_ERROR => Ok(()),
                cause => Err(seek_failed(error_text(cause))
                    .caused_by(cause)
                    .on_topic(p.topic.clone())
                    .on_partition(p.partition)),
            }),
            Err((cause, text)) => Err(seek_failed(&text).caused_by(cause)),
        }
    }
}

impl Group {
    /// Hands nothing of `slots` over until [`Group::end_seek`]; what comes meanwhile goes aside.
    pub(super) fn begin_seek(&mut self, slots: &[u32], ready: &Sender<bool>) {
        let is_here = slots.iter().all(|slot| {
            self.slots
                .get(slot)
                .is_some_and(|p| !p.revoked && !p.pause.by_seek)
        });
        if is_here {
            for slot in slots {
                if let Some(partition) = self.slots.get_mut(slot) {
                    partition.pause.by_seek = true;
                    cut_off(partition, &mut self.subscriptions);
                }
            }
        }
        // who does not wait any more sends the end of the seek all the same
        let _ = ready.send(is_here);
    }

    /// The partitions go on: where they were, or in a new slot at their new position, which is committed at once.
    pub(super) fn end_seek(&mut self, sought: &[Sought], outcome: Result<()>, reply: &Pending) {
        let mut moves = Vec::new();
        for Sought { slot, offset } in sought {
            let Some(mut partition) = self.slots.remove(slot) else {
                continue;
            };
            partition.pause.by_seek = false;
            if let Some(offset) = offset.filter(|_| !partition.revoked) {
                self.next_slot += 1;
                moves.push((*slot, self.next_slot));
                partition.slot = self.next_slot;
                partition.watermark = Watermark::starting_at(Some(offset));
                partition.before.push(*slot);
                partition.out_before += std::mem::take(&mut partition.out);
                partition.committed = None;
                // the offset is one of the topic as it is now
                partition.topic_id = None;
                partition.stopped = false;
                partition.leave_stream().clear();
            }
            self.slots.insert(partition.slot, partition);
        }
        for subscription in &mut self.subscriptions {
            subscription.forget_routes();
        }
        // told before the first record can be
        if !moves.is_empty() {
            self.events.moved(moves);
        }
        reply.settle(outcome);
    }
}

fn seek_failed(why: &str) -> CoreError {
    CoreError::new(ErrorCode::SeekFailed, format!("cannot seek: {why}"))
}

fn not_assigned() -> CoreError {
    let text = "cannot seek: a partition went to another member, or another seek of it is under way";
    CoreError::new(ErrorCode::NotAssigned, text)
}
