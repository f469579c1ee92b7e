//! Counts delivery reports, those of one call and topic together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pending::{PendingCalls, from_opaque};
use crate::core::error::ErrorCode;
use crate::core::metrics::{Metrics, SentMetrics};
use crate::core::rd::Delivery;

/// Owned by the delivery thread.
pub(super) struct Tally {
    metrics: Arc<Metrics>,
    /// By what stands for a topic in delivery reports. A producer keeps its topics to its end.
    topics: HashMap<usize, Arc<SentMetrics>>,
    run: Option<Run>,
}

/// Acknowledged records that came one after the other.
struct Run {
    topic: usize,
    call: u32,
    sent: Arc<SentMetrics>,
    taken: Option<Instant>,
    records: u64,
    bytes: u64,
}

impl Tally {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            topics: HashMap::new(),
            run: None,
        }
    }

    /// A record was acknowledged whose call is not complete yet.
    pub(super) fn acknowledged(&mut self, delivery: &Delivery, pending: &PendingCalls) {
        let (call, _) = from_opaque(delivery.opaque);
        let topic = delivery.topic_id();
        if let Some(run) = self
            .run
            .as_mut()
            .filter(|run| run.call == call && run.topic == topic)
        {
            run.records += 1;
            run.bytes += delivery.bytes as u64;
            return;
        }
        self.flush();
        self.run = Some(Run {
            topic,
            call,
            sent: self.sent(delivery),
            taken: pending.taken(call),
            records: 1,
            bytes: delivery.bytes as u64,
        });
    }

    /// A record failed that librdkafka had taken.
    pub(super) fn failed(&mut self, delivery: &Delivery, code: ErrorCode) {
        self.sent(delivery).failed(code, 1);
    }

    /// Makes known what was counted until now.
    pub(super) fn flush(&mut self) {
        if let Some(run) = self.run.take() {
            let latency = run.taken.map_or(Duration::ZERO, |taken| taken.elapsed());
            run.sent.acknowledged(run.records, run.bytes, latency);
        }
    }

    fn sent(&mut self, delivery: &Delivery) -> Arc<SentMetrics> {
        let found = self
            .topics
            .entry(delivery.topic_id())
            .or_insert_with(|| self.metrics.sent(&delivery.topic()));
        Arc::clone(found)
    }
}
