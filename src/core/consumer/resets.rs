//! Positions that the log no longer has. librdkafka sets them anew as `auto.offset.reset` says, and tells so in
//! its log alone.

use rdkafka::types::RDKafkaRespErr;

use crate::core::error::{CoreError, ErrorCode, error_text};

/// What librdkafka names as the cause of a reset after which records are missing.
const CAUSES: [RDKafkaRespErr; 2] = [
    RDKafkaRespErr::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
    RDKafkaRespErr::RD_KAFKA_RESP_ERR__LOG_TRUNCATION,
];

/// The error that a line of the log stands for, such as `[thrd:main]: orders [2]: offset reset (at offset 3
/// (leader epoch 0), broker 1) to offset END (leader epoch -1): fetch failed …: Broker: Offset out of range`.
pub(super) fn lost_position(facility: &str, text: &str) -> Option<CoreError> {
    if facility != "OFFSET" {
        return None;
    }
    let (place, reset) = text.split_once("]: offset reset (at ")?;
    let cause = CAUSES
        .into_iter()
        .find(|cause| text.ends_with(error_text(*cause)))?;
    let (topic, partition) = place.rsplit_once(" [")?;
    let topic = topic.rsplit(' ').next()?;
    let (position, _) = reset.split_once(" (leader epoch")?;
    let text = format!(
        "topic {topic} partition {partition}: the log no longer has the position, {position}: records were deleted \
         unread, and reading goes on where autoOffsetReset says"
    );
    let error = CoreError::new(ErrorCode::OffsetOutOfRange, text)
        .caused_by(cause)
        .on_topic(topic);
    Some(match partition.parse() {
        Ok(partition) => error.on_partition(partition),
        Err(_) => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_lost_position_is_an_error_and_others_are_not() {
        let line = "[thrd:main]: or-ders.1 [12]: offset reset (at offset 3 (leader epoch 0), broker 1) to offset \
                    END (leader epoch -1): fetch failed due to requested offset not available on the broker: \
                    Broker: Offset out of range";
        let error = lost_position("OFFSET", line).unwrap();
        assert_eq!(error.code, ErrorCode::OffsetOutOfRange);
        assert_eq!(
            (error.topic.as_deref(), error.partition),
            (Some("or-ders.1"), Some(12))
        );
        assert_eq!(error.kafka_code, Some("OFFSET_OUT_OF_RANGE"));
        assert!(error.message.contains("offset 3:"), "{}", error.message);
        assert!(lost_position("FAIL", line).is_none());
        assert!(lost_position("OFFSET", &line.replace("offset reset", "offset set")).is_none());
        assert!(lost_position("OFFSET", &line.replace("Offset out of range", "Success")).is_none());
    }
}
