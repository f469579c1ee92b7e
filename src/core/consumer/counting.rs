//! What the owner thread counts. It keeps plain numbers while it hands over, and adds them to those that others read
//! once a turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::group::Group;
use super::subscription::Subscription;
use super::{Rebalance, RebalanceKind};
use crate::core::metrics::{GroupMetrics, PartitionMetrics};
use crate::core::rd::Message;

/// How often the ends of the logs are looked at. librdkafka has them from its fetches, and is not made to ask.
const LOOK: Duration = Duration::from_millis(500);

pub(super) struct Counting {
    metrics: Arc<GroupMetrics>,
    looked: Option<Instant>,
}

/// The records of a partition that were handed over in this turn.
pub(super) struct PartitionCounting {
    metrics: Arc<PartitionMetrics>,
    records: u64,
    bytes: u64,
}

impl Counting {
    pub(super) fn new(metrics: Arc<GroupMetrics>) -> Self {
        Self {
            metrics,
            looked: None,
        }
    }

    /// A partition that is read from `start`, which may be a place without a number.
    pub(super) fn partition(&self, topic: &str, partition: i32, start: i64) -> PartitionCounting {
        let metrics = self.metrics.partition(topic, partition);
        if start >= 0 {
            metrics.set_position(start);
        }
        PartitionCounting {
            metrics,
            records: 0,
            bytes: 0,
        }
    }
}

impl PartitionCounting {
    pub(super) fn received(&mut self, message: &Message) {
        self.records += 1;
        self.bytes += (message.key().map_or(0, <[u8]>::len) + message.value().map_or(0, <[u8]>::len)) as u64;
    }
}

impl Group {
    pub(super) fn tell_rebalance(&self, rebalance: Rebalance) {
        if let Some(Counting { metrics, .. }) = &self.counting {
            let counter = match rebalance.kind {
                RebalanceKind::Assigned => Some(&metrics.assigned),
                RebalanceKind::Revoked => Some(&metrics.revoked),
                RebalanceKind::Lost => Some(&metrics.lost),
                // without a group
                RebalanceKind::Ended => None,
            };
            if let Some(counter) = counter {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.events.rebalance(rebalance);
    }

    /// Makes known what was counted in this turn, and where the partitions are.
    pub(super) fn count(&mut self) {
        let Some(counting) = &mut self.counting else {
            return;
        };
        let held: usize = self.subscriptions.iter().map(Subscription::held).sum();
        counting.metrics.held.store(held as u64, Ordering::Relaxed);
        let looks = counting.looked.is_none_or(|looked| looked.elapsed() >= LOOK);
        if looks {
            counting.looked = Some(Instant::now());
        }
        for partition in self.slots.values_mut() {
            let Some(PartitionCounting {
                metrics,
                records,
                bytes,
            }) = &mut partition.counting
            else {
                continue;
            };
            if *records > 0 {
                metrics
                    .counts
                    .received(std::mem::take(records), std::mem::take(bytes));
            }
            metrics.set_in_flight(partition.out);
            if let Some(position) = partition.watermark.position() {
                metrics.set_position(position);
            }
            let known = looks.then(|| self.handle.known_watermarks(metrics.topic(), metrics.partition()));
            if let Some((beginning, end)) = known.flatten().filter(|(_, end)| *end >= 0) {
                metrics.set_log(beginning.max(0), end);
            }
        }
    }

    pub(super) fn stop_counting(&self) {
        if let Some(Counting { metrics, .. }) = &self.counting {
            metrics.held.store(0, Ordering::Relaxed);
        }
    }
}
