//! What the embedded broker has dropped. Its limit of 5 MiB a partition is fixed in librdkafka's source.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::core::error::{CoreError, ErrorCode};

/// A log over its limit drops something with every append: more reports than this would hide the first.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Partitions that the summary names.
const NAMED: usize = 5;
const REMEDY: &str = "it keeps about 5 MiB a partition, and what was not read by then is lost: \
                      send less before it is read, use more partitions, or use a real cluster";

#[derive(Clone, Copy, Default)]
struct Loss {
    /// The low watermark: every log begins at 0, so it is also the number of dropped records.
    low: i64,
    reported: i64,
}

/// Dropped records by topic and partition.
#[derive(Default)]
pub struct Losses {
    partitions: BTreeMap<(String, i32), Loss>,
    last_report: Option<Instant>,
}

impl Losses {
    /// Notes a partition's low watermark after a write.
    pub fn note(&mut self, topic: &str, partition: i32, low: i64) {
        if low == 0 {
            return;
        }
        let loss = self.partitions.entry((topic.to_owned(), partition)).or_default();
        loss.low = loss.low.max(low);
    }

    /// The errors to report now: one for each partition that lost more since its last.
    pub fn due(&mut self, now: Instant) -> Vec<CoreError> {
        if self
            .last_report
            .is_some_and(|last| now.duration_since(last) < REPORT_INTERVAL)
        {
            return Vec::new();
        }
        let due: Vec<_> = self
            .partitions
            .iter_mut()
            .filter(|(_, loss)| loss.low > loss.reported)
            .map(|((topic, partition), loss)| {
                loss.reported = loss.low;
                lost(
                    &format!("the first {} records of {topic} [{partition}]", loss.low),
                    topic,
                    *partition,
                )
            })
            .collect();
        if !due.is_empty() {
            self.last_report = Some(now);
        }
        due
    }

    /// One error for everything, or `Ok` when nothing was lost.
    pub fn summary(&self) -> Result<(), CoreError> {
        let mut worst: Vec<_> = self.partitions.iter().collect();
        worst.sort_by_key(|(_, loss)| -loss.low);
        let Some(((topic, partition), _)) = worst.first() else {
            return Ok(());
        };
        let total: i64 = worst.iter().map(|(_, loss)| loss.low).sum();
        let mut what = format!("{total} records in all");
        for (index, ((topic, partition), loss)) in worst.iter().take(NAMED).enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            let _ = write!(what, "{separator}{} of {topic} [{partition}]", loss.low);
        }
        if worst.len() > NAMED {
            let _ = write!(what, " and more of {} other partitions", worst.len() - NAMED);
        }
        Err(lost(&what, topic, *partition))
    }
}

fn lost(what: &str, topic: &str, partition: i32) -> CoreError {
    CoreError::new(
        ErrorCode::EmbeddedDataLost,
        format!("the embedded broker dropped {what}; {REMEDY}"),
    )
    .on_topic(topic)
    .on_partition(partition)
    .fatal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_still_begins_at_zero_is_no_loss() {
        let mut losses = Losses::default();
        losses.note("t", 0, 0);
        assert!(losses.due(Instant::now()).is_empty());
        assert!(losses.summary().is_ok());
    }

    #[test]
    fn each_partition_is_reported_once_and_again_only_when_it_lost_more() {
        let mut losses = Losses::default();
        let start = Instant::now();
        losses.note("orders", 0, 10);
        losses.note("orders", 2, 7);
        let first = losses.due(start);
        assert_eq!(first.len(), 2);
        assert_eq!(first[0].code, ErrorCode::EmbeddedDataLost);
        assert_eq!(first[0].topic.as_deref(), Some("orders"));
        assert_eq!(first[0].partition, Some(0));
        assert!(
            first[0].message.contains("first 10 records of orders [0]"),
            "{}",
            first[0]
        );

        losses.note("orders", 2, 9);
        assert!(losses.due(start + REPORT_INTERVAL / 2).is_empty(), "too soon");
        let second = losses.due(start + REPORT_INTERVAL);
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].partition, Some(2));
        assert!(losses.due(start + 3 * REPORT_INTERVAL).is_empty());
    }

    #[test]
    fn the_summary_counts_everything_and_names_the_worst_first() {
        let mut losses = Losses::default();
        for partition in 0..8 {
            losses.note("t", partition, i64::from(partition) + 1);
        }
        let error = losses.summary().unwrap_err();
        assert!(
            error
                .message
                .contains("36 records in all: 8 of t [7], 7 of t [6]"),
            "{error}"
        );
        assert!(
            error.message.contains("and more of 3 other partitions"),
            "{error}"
        );
        assert_eq!(error.partition, Some(7));
    }
}
