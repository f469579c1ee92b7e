//! How old the records at some positions are.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;

use super::Position;
use super::coordinators::Coordinators;
use super::offsets::partitions_of;
use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::{Event, Partitions, Queue};

/// One record is enough of each partition. Brokers give a whole batch of the first partition alone, of the others as much
/// as is asked for, so that is the size of most batches; librdkafka asks for more where one is larger. All partitions share
/// the queue: while there is a record in it none is fetched, by default not for a second more.
const LEAST: [(&str, &str); 5] = [
    ("fetch.message.max.bytes", "65536"),
    ("queued.min.messages", "1"),
    ("fetch.queue.backoff.ms", "1"),
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
    handle.assign_more(&partitions_of(places)).map_err(unreadable)?;
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
        let mut done = Vec::new();
        if let Some(place) = ended(&event)
            && waiting.remove(&place)
        {
            done.push(place);
        }
        event.for_each_delivery(|record| {
            let place = (record.topic(), record.partition);
            if waiting.remove(&place) {
                times.push(Position {
                    topic: place.0.clone(),
                    partition: place.1,
                    offset: record.timestamp(),
                    error: None,
                });
                done.push(place);
            }
        });
        // the rest of its log would be read while others are waited for
        if !done.is_empty() && !waiting.is_empty() {
            let done = Partitions::of(
                done.iter()
                    .map(|(topic, partition)| (topic.as_str(), *partition, 0)),
            );
            handle.assign_less(&done).map_err(unreadable)?;
        }
    }
    Ok(times)
}

fn unreadable((cause, text): (RDKafkaRespErr, String)) -> CoreError {
    CoreError::new(ErrorCode::AdminFailed, format!("records cannot be read: {text}")).caused_by(cause)
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
