//! How old the records at some positions are.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;

use super::Position;
use super::coordinators::Coordinators;
use super::offsets::partitions_of;
use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::{Event, Queue};

/// One record is enough of each partition, and brokers give at least one batch.
const LEAST: [(&str, &str); 4] = [
    ("fetch.message.max.bytes", "1"),
    ("queued.min.messages", "1"),
    ("enable.partition.eof", "true"),
    ("auto.offset.reset", "earliest"),
];

/// librdkafka wants a name; nothing is ever joined or committed under it.
const GROUP: &str = "narad-reader";

/// The times, in milliseconds, of the first records at or after some positions, in the place of their offsets. Those that
/// could not be read in time or may not be read, and those after which there is nothing, are missing. Blocks.
///
/// It reads them with a consumer of its own, without a group: no other request tells the time of a record.
pub fn record_times(
    coordinators: &Coordinators,
    places: &[Position],
    timeout: Duration,
) -> Result<Vec<Position>> {
    let deadline = Instant::now() + timeout;
    let handle = coordinators.instance(GROUP, LEAST)?;
    let queue = Queue::consumer(&handle)
        .ok_or_else(|| CoreError::new(ErrorCode::Internal, "librdkafka gives no queue"))?;
    handle
        .assign_more(&partitions_of(places))
        .map_err(|(cause, text)| {
            CoreError::new(ErrorCode::AdminFailed, format!("records cannot be read: {text}")).caused_by(cause)
        })?;
    let mut waiting: BTreeSet<(String, i32)> = places
        .iter()
        .map(|place| (place.topic.clone(), place.partition))
        .collect();
    let mut times = Vec::new();
    while !waiting.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let Some(event) = queue.poll(left) else {
            continue;
        };
        if let Some(place) = ended(&event) {
            waiting.remove(&place);
        }
        event.for_each_delivery(|record| {
            let place = (record.topic(), record.partition);
            if waiting.remove(&place) {
                times.push(Position {
                    topic: place.0,
                    partition: place.1,
                    offset: record.timestamp(),
                    error: None,
                });
            }
        });
    }
    Ok(times)
}

/// The partition of which an event says that nothing more comes.
fn ended(event: &Event) -> Option<(String, i32)> {
    let is_end = matches!(
        event.error(),
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF
            | RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
    );
    is_end.then(|| event.partition()).flatten()
}
