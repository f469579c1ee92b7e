use std::collections::HashMap;
use std::sync::Arc;

use napi::bindgen_prelude::Float64ArraySlice;
use napi_derive::napi;

use crate::core::metrics::{
    ConsumedSnapshot, GroupMetrics, GroupSnapshot, HistogramSnapshot, Metrics, PartitionSnapshot,
    SentSnapshot,
};

/// Durations by how long they were.
#[napi(object, object_from_js = false)]
pub struct NativeHistogram {
    /// One more than there are bounds.
    pub buckets: Vec<f64>,
    /// Seconds.
    pub sum: f64,
}

/// What was sent to a topic.
#[napi(object, object_from_js = false)]
pub struct NativeSentMetrics {
    pub topic: String,
    pub records: f64,
    pub bytes: f64,
    /// By error code.
    pub failures: HashMap<String, f64>,
    pub in_flight: f64,
    pub latency: NativeHistogram,
}

/// What a group does.
#[napi(object, object_from_js = false)]
pub struct NativeGroupMetrics {
    pub group: String,
    pub commits: f64,
    pub failed_commits: f64,
    pub assigned: f64,
    pub revoked: f64,
    pub lost: f64,
    pub held: f64,
    pub topics: Vec<NativeConsumedMetrics>,
    pub partitions: Vec<NativePartitionMetrics>,
}

/// What a group received of a topic.
#[napi(object, object_from_js = false)]
pub struct NativeConsumedMetrics {
    pub topic: String,
    pub received: f64,
    pub bytes: f64,
    /// What was given to `handled`, summed cell by cell.
    pub handlers: Vec<f64>,
}

/// A partition while it is assigned.
#[napi(object, object_from_js = false)]
pub struct NativePartitionMetrics {
    pub topic: String,
    pub partition: i32,
    pub in_flight: f64,
    pub lag: Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "2^53 of anything takes centuries")]
fn number(count: u64) -> f64 {
    count as f64
}

impl From<HistogramSnapshot> for NativeHistogram {
    fn from(read: HistogramSnapshot) -> Self {
        Self {
            buckets: read.buckets.into_iter().map(number).collect(),
            sum: read.sum,
        }
    }
}

impl From<(String, SentSnapshot)> for NativeSentMetrics {
    fn from((topic, read): (String, SentSnapshot)) -> Self {
        let failures = read.failures.into_iter();
        Self {
            topic,
            records: number(read.records),
            bytes: number(read.bytes),
            failures: failures
                .map(|(code, count)| (code.to_owned(), number(count)))
                .collect(),
            in_flight: number(read.in_flight),
            latency: read.latency.into(),
        }
    }
}

impl From<(String, GroupSnapshot)> for NativeGroupMetrics {
    fn from((group, read): (String, GroupSnapshot)) -> Self {
        Self {
            group,
            commits: number(read.commits),
            failed_commits: number(read.failed_commits),
            assigned: number(read.assigned),
            revoked: number(read.revoked),
            lost: number(read.lost),
            held: number(read.held),
            topics: read.topics.into_iter().map(Into::into).collect(),
            partitions: read.partitions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<(String, ConsumedSnapshot)> for NativeConsumedMetrics {
    fn from((topic, read): (String, ConsumedSnapshot)) -> Self {
        Self {
            topic,
            received: number(read.received),
            bytes: number(read.bytes),
            handlers: read.handlers,
        }
    }
}

impl From<PartitionSnapshot> for NativePartitionMetrics {
    fn from(read: PartitionSnapshot) -> Self {
        Self {
            topic: read.topic,
            partition: read.partition,
            in_flight: number(read.in_flight),
            lag: read.lag.map(number),
        }
    }
}

/// The metrics of a service, whatever is connected.
#[napi]
pub struct NativeMetrics {
    metrics: Arc<Metrics>,
}

impl NativeMetrics {
    pub(super) fn all(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    pub(super) fn group(&self, name: &str) -> Arc<GroupMetrics> {
        self.metrics.group(name)
    }
}

#[napi]
impl NativeMetrics {
    /// The upper bounds of the buckets of histograms are microseconds.
    #[napi(constructor, catch_unwind)]
    pub fn new(bounds: Vec<u32>) -> Self {
        let bounds = bounds.into_iter().map(u64::from).collect();
        Self {
            metrics: Arc::new(Metrics::new(bounds)),
        }
    }

    /// Adds what was counted of handlers since the last time. JavaScript names the cells.
    #[napi(catch_unwind)]
    pub fn handled(&self, group: String, topic: String, counted: Float64ArraySlice<'_>) {
        self.metrics.group(&group).topic(&topic).handled(&counted);
    }

    /// What was sent, by topic.
    #[napi(catch_unwind)]
    pub fn sent(&self) -> Vec<NativeSentMetrics> {
        self.metrics.read_sent().into_iter().map(Into::into).collect()
    }

    /// What groups do, by name.
    #[napi(catch_unwind)]
    pub fn groups(&self) -> Vec<NativeGroupMetrics> {
        self.metrics.read_groups().into_iter().map(Into::into).collect()
    }
}
