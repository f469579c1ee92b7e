//! A partition while it is assigned to this member.

use std::sync::Arc;

use super::AssignedPartition;
use super::watermark::Watermark;
use crate::core::rd::Queue;

pub(super) struct Partition {
    pub(super) slot: u32,
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) subscription: u32,
    pub(super) watermark: Watermark,
    /// Records handed to JavaScript and not back.
    pub(super) out: usize,
    /// What the last commit that was sent said.
    pub(super) committed: Option<i64>,
    /// A handler failed: nothing of this assignment is handed over any more.
    pub(super) stopped: bool,
    /// On its way to another member.
    pub(super) revoked: bool,
    /// Its records; forwarded to the subscription's queue.
    pub(super) queue: Queue,
}

impl Partition {
    pub(super) fn assigned(&self) -> AssignedPartition {
        AssignedPartition {
            slot: self.slot,
            topic: Arc::clone(&self.topic),
            partition: self.partition,
        }
    }

    /// Whether its records may be handed over.
    pub(super) fn is_live(&self) -> bool {
        !self.stopped && !self.revoked
    }

    /// The position to commit, if it has moved since the last commit.
    pub(super) fn uncommitted(&self) -> Option<i64> {
        self.watermark
            .position()
            .filter(|position| self.committed != Some(*position))
    }

    /// Reads no further; what librdkafka has fetched stays where it is.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.queue.forward_to(None);
    }
}
