//! Offsets of logs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::failure::{failure, needs_kafka};
use crate::core::error::{CoreError, Result, error_text};
use crate::core::rd::{self, Handle, NO_ERROR, OFFSET_INVALID, PartitionOffset, Partitions, Refusal};

/// Pause before a partition without a leader is asked for again.
const RETRY: Duration = Duration::from_millis(50);

/// A place in a partition; in questions its offset may stand for something else.
#[derive(Clone, Debug)]
pub struct Position {
    /// Topic.
    pub topic: String,
    /// Partition number.
    pub partition: i32,
    /// An offset, or one of librdkafka's negative stand-ins.
    pub offset: i64,
    /// Why the offset says nothing.
    pub error: Option<CoreError>,
}

/// The offset of the first record at or after the time in milliseconds that stands in the place of each offset, -1 where
/// there is none; -2 stands for the beginning and -1 for the end. In no order. Records of open transactions count. Blocks.
pub fn list_offsets(handle: &Arc<Handle>, times: &[Position], timeout: Duration) -> Result<Vec<Position>> {
    if times.is_empty() {
        return Ok(Vec::new());
    }
    if times.iter().any(|place| place.offset >= 0) {
        needs_kafka(handle, "find offsets by time")?;
    }
    let what = "offsets cannot be listed";
    let deadline = Instant::now() + timeout;
    let mut known = Vec::new();
    let mut asked = times.to_vec();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = rd::list_offsets(handle, &partitions_of(&asked), left);
        let is_late = Instant::now() + RETRY >= deadline;
        let listed = match answer {
            Ok(listed) => listed,
            // not one partition has a leader
            Err(refusal) if !is_late && refusal.cause == RDKafkaRespErr::RD_KAFKA_RESP_ERR__NOENT => {
                std::thread::sleep(RETRY);
                continue;
            }
            Err(refusal) => return Err(failure(what, "DESCRIBE", &refusal)),
        };
        let (moving, settled): (Vec<_>, Vec<_>) = listed
            .into_iter()
            .partition(|entry| !is_late && has_no_leader(entry.error));
        known.extend(
            settled
                .into_iter()
                .map(|entry| position(answered(entry), what, "DESCRIBE")),
        );
        if moving.is_empty() {
            return Ok(known);
        }
        asked.retain(|place| {
            let mut moving = moving.iter();
            moving.any(|entry| entry.partition == place.partition && entry.topic == place.topic)
        });
        std::thread::sleep(RETRY);
    }
}

/// librdkafka gives a partition whose leader did not answer in time neither an offset nor an error.
fn answered(entry: PartitionOffset) -> PartitionOffset {
    let is_late = entry.error == NO_ERROR && entry.offset == OFFSET_INVALID;
    PartitionOffset {
        error: if is_late {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT
        } else {
            entry.error
        },
        ..entry
    }
}

/// The partition is new or moves to another broker, which takes it over in a moment.
fn has_no_leader(cause: RDKafkaRespErr) -> bool {
    use RDKafkaErrorCode as E;
    matches!(
        E::from(cause),
        E::NotLeaderForPartition | E::LeaderNotAvailable | E::FencedLeaderEpoch | E::UnknownLeaderEpoch
    )
}

pub(super) fn partitions_of(positions: &[Position]) -> Partitions {
    let entries = positions.iter();
    Partitions::of(entries.map(|entry| (entry.topic.as_str(), entry.partition, entry.offset)))
}

/// An entry of an answer; `what` and `right` are those of [`failure`].
pub(super) fn position(entry: PartitionOffset, what: &str, right: &str) -> Position {
    let error = (entry.error != NO_ERROR).then(|| {
        let refusal = Refusal {
            cause: entry.error,
            text: error_text(entry.error).to_owned(),
        };
        failure(
            &format!("{what} in {} [{}]", entry.topic, entry.partition),
            right,
            &refusal,
        )
        .on_topic(&entry.topic)
        .on_partition(entry.partition)
    });
    Position {
        topic: entry.topic,
        partition: entry.partition,
        offset: entry.offset,
        error,
    }
}
