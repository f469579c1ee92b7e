//! Durations, counted by how long they were.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many durations fell between which bounds, and their sum.
pub struct Histogram {
    bounds: Arc<[u64]>,
    /// One more than there are bounds.
    buckets: Box<[AtomicU64]>,
    /// Microseconds: they last for half a million years.
    sum: AtomicU64,
}

/// A histogram as it was when it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramSnapshot {
    /// Durations in each bucket; the last one has no upper bound.
    pub buckets: Vec<u64>,
    /// Their sum in seconds.
    pub sum: f64,
}

impl Histogram {
    /// Counts by upper bounds in microseconds, which rise.
    #[must_use]
    pub fn new(bounds: Arc<[u64]>) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self {
            bounds,
            buckets,
            sum: AtomicU64::new(0),
        }
    }

    /// `count` times a duration. One that equals a bound is below it.
    pub fn add(&self, duration: Duration, count: u64) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = self.bounds.partition_point(|bound| *bound < micros);
        self.buckets[bucket].fetch_add(count, Ordering::Relaxed);
        self.sum
            .fetch_add(micros.saturating_mul(count), Ordering::Relaxed);
    }

    /// What was counted until now.
    #[expect(clippy::cast_precision_loss, reason = "seconds need no more")]
    pub fn read(&self) -> HistogramSnapshot {
        let counted = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        HistogramSnapshot {
            buckets: counted.collect(),
            sum: self.sum.load(Ordering::Relaxed) as f64 / 1e6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_below_the_bound_that_it_equals_and_the_longest_beyond_all() {
        let histogram = Histogram::new([100, 5_000].into());
        histogram.add(Duration::ZERO, 1);
        histogram.add(Duration::from_micros(100), 2);
        histogram.add(Duration::from_micros(101), 3);
        histogram.add(Duration::from_secs(60), 4);
        let HistogramSnapshot { buckets, sum } = histogram.read();
        assert_eq!(buckets, [3, 3, 4]);
        assert!((sum - 240.000_503).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn a_duration_beyond_what_can_be_counted_is_cut_and_not_wrapped() {
        let histogram = Histogram::new([100].into());
        histogram.add(Duration::MAX, 1);
        assert_eq!(histogram.read().buckets, [0, 1]);
        assert!(histogram.read().sum > 1e13);
    }
}
