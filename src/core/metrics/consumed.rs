//! What a consumer group does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::{found, lock};

/// A position that is not known.
const UNKNOWN: i64 = -1;

/// The group as a whole, and what is below it.
#[derive(Default)]
pub struct GroupMetrics {
    /// Commits that the coordinator accepted.
    pub commits: AtomicU64,
    /// Commits that it refused; they are tried again.
    pub failed_commits: AtomicU64,
    /// Times that partitions were assigned.
    pub assigned: AtomicU64,
    /// Times that partitions were revoked.
    pub revoked: AtomicU64,
    /// Times that partitions were lost.
    pub lost: AtomicU64,
    /// Records that wait with JavaScript for something other than a free worker.
    pub held: AtomicU64,
    topics: Mutex<BTreeMap<String, Arc<TopicMetrics>>>,
    /// Those that are gone are no longer assigned.
    partitions: Mutex<Vec<Weak<PartitionMetrics>>>,
}

/// Records of one topic on their way to handlers.
#[derive(Default)]
pub struct TopicMetrics {
    received: AtomicU64,
    bytes: AtomicU64,
    /// What only JavaScript knows. It names the cells, and adds to them what it counted since the last time.
    handlers: Mutex<Vec<f64>>,
}

/// A partition while it is assigned.
pub struct PartitionMetrics {
    topic: String,
    partition: i32,
    /// Counts for its topic.
    pub counts: Arc<TopicMetrics>,
    position: AtomicI64,
    end: AtomicI64,
    in_flight: AtomicU64,
}

/// A group when it was read.
#[derive(Clone, Debug)]
pub struct GroupSnapshot {
    /// See [`GroupMetrics::commits`].
    pub commits: u64,
    /// See [`GroupMetrics::failed_commits`].
    pub failed_commits: u64,
    /// See [`GroupMetrics::assigned`].
    pub assigned: u64,
    /// See [`GroupMetrics::revoked`].
    pub revoked: u64,
    /// See [`GroupMetrics::lost`].
    pub lost: u64,
    /// See [`GroupMetrics::held`].
    pub held: u64,
    /// By topic.
    pub topics: Vec<(String, ConsumedSnapshot)>,
    /// The assigned ones.
    pub partitions: Vec<PartitionSnapshot>,
}

/// A topic of a group when it was read.
#[derive(Clone, Debug)]
pub struct ConsumedSnapshot {
    /// Records that were handed to JavaScript.
    pub received: u64,
    /// Bytes of their keys, values and headers.
    pub bytes: u64,
    /// What JavaScript has added.
    pub handlers: Vec<f64>,
}

/// A partition when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionSnapshot {
    /// Topic.
    pub topic: String,
    /// Partition number.
    pub partition: i32,
    /// Records with JavaScript that are not finished.
    pub in_flight: u64,
    /// Records from the first one that is not finished to the end of the log, as far as that is known.
    pub lag: Option<u64>,
}

impl GroupMetrics {
    /// What is handled of `topic`.
    pub fn topic(&self, topic: &str) -> Arc<TopicMetrics> {
        found(&self.topics, topic, TopicMetrics::default)
    }

    /// A partition that is assigned as long as what is returned lives.
    pub fn partition(&self, topic: &str, partition: i32) -> Arc<PartitionMetrics> {
        let assigned = Arc::new(PartitionMetrics {
            topic: topic.to_owned(),
            partition,
            counts: self.topic(topic),
            position: AtomicI64::new(UNKNOWN),
            end: AtomicI64::new(UNKNOWN),
            in_flight: AtomicU64::new(0),
        });
        let mut partitions = lock(&self.partitions);
        partitions.retain(|partition| partition.strong_count() > 0);
        partitions.push(Arc::downgrade(&assigned));
        assigned
    }

    pub(super) fn read(&self) -> GroupSnapshot {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let assigned = lock(&self.partitions).clone();
        let mut partitions: Vec<_> = assigned
            .iter()
            .filter_map(Weak::upgrade)
            .map(|p| p.read())
            .collect();
        partitions.sort_by(|one, other| (&one.topic, one.partition).cmp(&(&other.topic, other.partition)));
        GroupSnapshot {
            commits: of(&self.commits),
            failed_commits: of(&self.failed_commits),
            assigned: of(&self.assigned),
            revoked: of(&self.revoked),
            lost: of(&self.lost),
            held: of(&self.held),
            topics: lock(&self.topics)
                .iter()
                .map(|(topic, counts)| (topic.clone(), counts.read()))
                .collect(),
            partitions,
        }
    }
}

impl TopicMetrics {
    /// Records were handed to JavaScript.
    pub fn received(&self, records: u64, bytes: u64) {
        self.received.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What JavaScript counted since the last time.
    pub fn handled(&self, counted: &[f64]) {
        let mut cells = lock(&self.handlers);
        if cells.len() < counted.len() {
            cells.resize(counted.len(), 0.0);
        }
        for (cell, more) in cells.iter_mut().zip(counted) {
            *cell += more;
        }
    }

    fn read(&self) -> ConsumedSnapshot {
        ConsumedSnapshot {
            received: self.received.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            handlers: lock(&self.handlers).clone(),
        }
    }
}

impl PartitionMetrics {
    /// Its topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Its number.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// Records with JavaScript.
    pub fn set_in_flight(&self, records: usize) {
        self.in_flight.store(records as u64, Ordering::Relaxed);
    }

    /// The first offset that is not finished.
    pub fn set_position(&self, offset: i64) {
        self.position.store(offset, Ordering::Relaxed);
    }

    /// The beginning and the end of the log as they were seen last. Where nothing says how far the group is, it is at
    /// the beginning.
    pub fn set_log(&self, beginning: i64, end: i64) {
        self.end.store(end, Ordering::Relaxed);
        let _ = self
            .position
            .compare_exchange(UNKNOWN, beginning, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn read(&self) -> PartitionSnapshot {
        let (position, end) = (
            self.position.load(Ordering::Relaxed),
            self.end.load(Ordering::Relaxed),
        );
        let is_known = position != UNKNOWN && end != UNKNOWN;
        PartitionSnapshot {
            topic: self.topic.clone(),
            partition: self.partition,
            in_flight: self.in_flight.load(Ordering::Relaxed),
            // what was seen of the end may be older than what was handled since
            lag: is_known.then(|| u64::try_from(end - position).unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_known_once_the_end_of_the_log_is_and_never_negative() {
        let group = GroupMetrics::default();
        let (first, second) = (group.partition("b", 1), group.partition("a", 3));
        first.set_position(40);
        let lags = |group: &GroupMetrics| group.read().partitions.iter().map(|p| p.lag).collect::<Vec<_>>();
        assert_eq!(lags(&group), [None, None]);
        first.set_log(0, 100);
        second.set_log(20, 100);
        assert_eq!(lags(&group), [Some(80), Some(60)]);
        first.set_position(120);
        assert_eq!(lags(&group), [Some(80), Some(0)]);
    }

    #[test]
    fn a_partition_that_is_given_up_is_gone_and_what_its_topic_counted_stays() {
        let group = GroupMetrics::default();
        let partition = group.partition("t", 0);
        partition.counts.received(3, 300);
        partition.set_in_flight(3);
        drop(partition);
        let read = group.read();
        assert!(read.partitions.is_empty());
        assert_eq!((read.topics[0].1.received, read.topics[0].1.bytes), (3, 300));
    }

    #[test]
    fn what_javascript_adds_is_summed_cell_by_cell() {
        let group = GroupMetrics::default();
        group.topic("t").handled(&[1.0, 0.5]);
        group.topic("t").handled(&[2.0, 0.25, 7.0]);
        assert_eq!(group.read().topics[0].1.handlers, [3.0, 0.75, 7.0]);
    }
}
