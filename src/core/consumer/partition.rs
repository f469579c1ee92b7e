//! A partition while it is assigned to this member.

use std::collections::VecDeque;
use std::sync::Arc;

use super::AssignedPartition;
use super::counting::PartitionCounting;
use super::reading::End;
use super::watermark::Watermark;
use crate::core::rd::{Message, Queue};

/// Reasons to hand nothing over for a while.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pause {
    pub(super) by_user: bool,
    /// It is not known where it goes on.
    pub(super) by_seek: bool,
}

pub(super) struct Partition {
    pub(super) slot: u32,
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    /// Which of the topics that had its name it is of, once that is known.
    pub(super) topic_id: Option<Arc<str>>,
    pub(super) subscription: u32,
    pub(super) watermark: Watermark,
    /// Records handed to JavaScript and not back.
    pub(super) out: usize,
    /// The slots that it had before seeks, and the records of those that are not back.
    pub(super) before: Vec<u32>,
    pub(super) out_before: usize,
    /// What the last commit that was sent said.
    pub(super) committed: Option<i64>,
    /// A handler failed: nothing of this assignment is handed over any more.
    pub(super) stopped: bool,
    /// On its way to another member.
    pub(super) revoked: bool,
    /// Why nothing of it is handed over for a while.
    pub(super) pause: Pause,
    /// While its queue is forwarded nowhere: the records that had left the queue, which are older than those in it.
    pub(super) aside: Option<VecDeque<Message>>,
    /// Read without a group, so that nothing is committed.
    pub(super) end: Option<End>,
    /// Its records; forwarded to the subscription's queue unless it is cut off.
    pub(super) queue: Queue,
    pub(super) counting: Option<PartitionCounting>,
}

impl Partition {
    /// One of which nothing was read yet, and of whose topic nothing more is known.
    pub(super) fn new(place: AssignedPartition, queue: Queue) -> Self {
        Self {
            slot: place.slot,
            topic: place.topic,
            partition: place.partition,
            topic_id: None,
            subscription: place.subscription,
            watermark: Watermark::default(),
            out: 0,
            before: Vec::new(),
            out_before: 0,
            committed: None,
            stopped: false,
            revoked: false,
            pause: Pause::default(),
            aside: None,
            end: None,
            queue,
            counting: None,
        }
    }

    pub(super) fn assigned(&self) -> AssignedPartition {
        AssignedPartition {
            slot: self.slot,
            subscription: self.subscription,
            topic: Arc::clone(&self.topic),
            partition: self.partition,
        }
    }

    /// Whether its records may be handed over.
    pub(super) fn is_live(&self) -> bool {
        !self.stopped && !self.revoked
    }

    /// Whether a partition that was cut off may be read again.
    pub(super) fn may_go_on(&self) -> bool {
        self.is_live() && !self.pause.by_user && !self.pause.by_seek
    }

    /// The position to commit, if it has moved since the last commit.
    pub(super) fn uncommitted(&self) -> Option<i64> {
        let position = self.watermark.position()?;
        (self.committed != Some(position) && self.end.is_none()).then_some(position)
    }

    /// Its queue keeps what arrives; what has left the queue goes aside.
    pub(super) fn leave_stream(&mut self) -> &mut VecDeque<Message> {
        self.queue.forward_to(None);
        self.aside.get_or_insert_default()
    }

    /// Goes on, now that nothing is aside any more.
    pub(super) fn join_stream(&mut self, stream: &Queue) {
        self.aside = None;
        self.queue.forward_to(Some(stream));
    }

    /// Reads no further; what librdkafka has fetched stays where it is.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.queue.forward_to(None);
    }
}
