//! What is sent to one topic.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::histogram::{Histogram, HistogramSnapshot};
use super::lock;
use crate::core::error::ErrorCode;

/// Records of one topic on their way to the broker.
pub struct SentMetrics {
    records: AtomicU64,
    bytes: AtomicU64,
    latency: Histogram,
    /// Rare, so that a lock costs nothing that counts.
    failures: Mutex<BTreeMap<&'static str, u64>>,
    in_flight: AtomicU64,
}

/// What was sent when it was read.
#[derive(Clone, Debug)]
pub struct SentSnapshot {
    /// Acknowledged records.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// From the call that took a record to its acknowledgement.
    pub latency: HistogramSnapshot,
    /// Failed records by error code.
    pub failures: BTreeMap<&'static str, u64>,
    /// Records that were taken and have no result yet.
    pub in_flight: u64,
}

impl SentMetrics {
    pub(super) fn new(bounds: Arc<[u64]>) -> Self {
        Self {
            records: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            latency: Histogram::new(bounds),
            failures: Mutex::default(),
            in_flight: AtomicU64::new(0),
        }
    }

    /// Records were taken from the caller.
    pub fn taken(&self, records: u64) {
        self.in_flight.fetch_add(records, Ordering::Relaxed);
    }

    /// Records of one call were acknowledged so long after they were taken.
    pub fn acknowledged(&self, records: u64, bytes: u64, latency: Duration) {
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.latency.add(latency, records);
        self.in_flight.fetch_sub(records, Ordering::Relaxed);
    }

    /// Records failed.
    pub fn failed(&self, code: ErrorCode, records: u64) {
        *lock(&self.failures).entry(code.as_str()).or_default() += records;
        self.in_flight.fetch_sub(records, Ordering::Relaxed);
    }

    /// The producer is gone, and with it whatever had no result.
    pub fn closed(&self) {
        let rest = self.in_flight.load(Ordering::Relaxed);
        if rest > 0 {
            self.failed(ErrorCode::Closed, rest);
        }
    }

    pub(super) fn read(&self) -> SentSnapshot {
        SentSnapshot {
            records: self.records.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            latency: self.latency.read(),
            failures: lock(&self.failures).clone(),
            in_flight: self.in_flight.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_that_was_taken_is_acknowledged_failed_or_in_flight() {
        let sent = SentMetrics::new([1_000].into());
        sent.taken(10);
        sent.acknowledged(4, 400, Duration::from_millis(2));
        sent.failed(ErrorCode::RecordTooLarge, 1);
        let read = sent.read();
        assert_eq!((read.records, read.bytes, read.in_flight), (4, 400, 5));
        assert_eq!(read.latency.buckets, [0, 4]);
        sent.closed();
        sent.closed();
        let read = sent.read();
        assert_eq!(read.in_flight, 0);
        let failures: Vec<_> = read.failures.into_iter().collect();
        assert_eq!(failures, [("NARAD_CLOSED", 5), ("NARAD_RECORD_TOO_LARGE", 1)]);
    }
}
