//! What was sent and received, counted. Whoever does the work adds to atomics of its topic, a run of records at a
//! time; whoever asks reads them. Nothing here waits, and nothing asks the cluster.
//!
//! The numbers belong to the service and not to a connection: they only grow, also when it connects anew.

mod consumed;
mod histogram;
mod sent;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use consumed::{
    ConsumedSnapshot, GroupMetrics, GroupSnapshot, PartitionMetrics, PartitionSnapshot, TopicMetrics,
};
pub use histogram::{Histogram, HistogramSnapshot};
pub use sent::{SentMetrics, SentSnapshot};

/// The metrics of a service.
pub struct Metrics {
    /// Upper bounds of the buckets of a histogram, in microseconds.
    bounds: Arc<[u64]>,
    sent: Mutex<BTreeMap<String, Arc<SentMetrics>>>,
    groups: Mutex<BTreeMap<String, Arc<GroupMetrics>>>,
}

impl Metrics {
    /// Nothing is counted yet.
    ///
    /// `bounds` are the upper bounds of a histogram's buckets in microseconds, rising; one more bucket takes the rest.
    #[must_use]
    pub fn new(bounds: Vec<u64>) -> Self {
        Self {
            bounds: bounds.into(),
            sent: Mutex::default(),
            groups: Mutex::default(),
        }
    }

    /// What is sent to `topic`.
    pub fn sent(&self, topic: &str) -> Arc<SentMetrics> {
        let create = || SentMetrics::new(Arc::clone(&self.bounds));
        found(&self.sent, topic, create)
    }

    /// What the group `name` handles.
    pub fn group(&self, name: &str) -> Arc<GroupMetrics> {
        found(&self.groups, name, GroupMetrics::default)
    }

    /// What was sent, by topic.
    pub fn read_sent(&self) -> Vec<(String, SentSnapshot)> {
        let topics = lock(&self.sent);
        let read = topics.iter().map(|(topic, sent)| (topic.clone(), sent.read()));
        read.collect()
    }

    /// What groups do, by name.
    pub fn read_groups(&self) -> Vec<(String, GroupSnapshot)> {
        let groups = lock(&self.groups);
        let read = groups.iter().map(|(name, group)| (name.clone(), group.read()));
        read.collect()
    }
}

/// The entry of `name`, which is made if there is none.
fn found<T>(all: &Mutex<BTreeMap<String, Arc<T>>>, name: &str, create: impl FnOnce() -> T) -> Arc<T> {
    let mut all = lock(all);
    if let Some(found) = all.get(name) {
        return Arc::clone(found);
    }
    let created = Arc::new(create());
    all.insert(name.to_owned(), Arc::clone(&created));
    created
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
