//! The lines of the mock cluster's log that narad needs. There is no call that tells them, and asking the brokers as
//! a client would fail exactly when faults are injected.

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub enum LogLine<'a> {
    /// A topic was created, by a call or by a client that asked for it.
    TopicCreated { topic: &'a str, partitions: i32 },
    /// Records were written; `low` is the first offset that is still there.
    Appended {
        topic: &'a str,
        partition: i32,
        low: i64,
    },
}

/// Reads a line; `None` for those that say nothing of interest.
pub fn parse(text: &str) -> Option<LogLine<'_>> {
    // from the right: clients may create topics with any name, the brokers do not check it
    if let Some((_, created)) = text.split_once("Created topic \"") {
        let (topic, rest) = created.rsplit_once("\" with ")?;
        let (partitions, _) = rest.split_once(" partition(s)")?;
        return Some(LogLine::TopicCreated {
            topic,
            partitions: partitions.parse().ok()?,
        });
    }
    let (_, append) = text.split_once("Log append ")?;
    let (head, offsets) = append.rsplit_once(" (log now ")?;
    let (place, _) = head.rsplit_once("] ")?;
    let (topic, partition) = place.rsplit_once(" [")?;
    let (low, _) = offsets.split_once("..")?;
    Some(LogLine::Appended {
        topic,
        partition: partition.parse().ok()?,
        low: low.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_tells_topic_partition_and_low_watermark() {
        let line = "[thrd:mock]: Broker 2: Log append orders.v1 [3] 10 messages, 1060 bytes at offset 40 \
                    (log now 12..50, original start 11)";
        assert_eq!(
            parse(line),
            Some(LogLine::Appended {
                topic: "orders.v1",
                partition: 3,
                low: 12,
            })
        );
    }

    #[test]
    fn a_created_topic_tells_its_partitions() {
        let line = "[thrd:mock]: Created topic \"orders\" with 4 partition(s) and replication-factor 1";
        assert_eq!(
            parse(line),
            Some(LogLine::TopicCreated {
                topic: "orders",
                partitions: 4,
            })
        );
    }

    #[test]
    fn a_topic_name_that_looks_like_the_rest_of_the_line_is_read_whole() {
        let topic = "a [1] 2 messages";
        let line = format!(
            "Broker 1: Log append {topic} [0] 1 messages, 70 bytes at offset 0 (log now 0..1, original start 0)"
        );
        assert_eq!(
            parse(&line),
            Some(LogLine::Appended {
                topic,
                partition: 0,
                low: 0,
            })
        );
    }

    #[test]
    fn a_line_about_something_else_is_passed_over() {
        for line in [
            "",
            "Broker 1: New connection from 127.0.0.1:4711",
            "Broker 1: Log append t [0] failed: PID mismatch: TransactionalId=x expected n/a",
            "Log append ",
            "Created topic \"t\" with many partition(s)",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
