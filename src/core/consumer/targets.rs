//! Which offsets are meant by an end, a beginning or a time: what the cluster says when it is asked.

use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;

use crate::core::error::{CoreError, ErrorCode, Result, error_text};
use crate::core::rd::{Handle, NO_ERROR, OFFSET_BEGINNING, OFFSET_END, PartitionOffset, Partitions};

/// Pause before a question is asked again.
const RETRY: Duration = Duration::from_millis(50);

/// Where a partition is to be read.
#[derive(Clone, Copy, Debug)]
pub enum SeekTarget {
    /// At this offset.
    Offset(i64),
    /// At its first record.
    Beginning,
    /// After its last record.
    End,
    /// So many offsets before its end, or at its first record where there are fewer.
    BeforeEnd(i64),
    /// So many offsets after its first record, or at its end where there are fewer.
    AfterBeginning(i64),
    /// At the first record of this time, in milliseconds since the epoch, or later; at the end where there is none.
    Timestamp(i64),
}

/// The question of where to read.
pub(super) struct Asking<'a> {
    pub(super) handle: &'a Handle,
    /// Topics and partition numbers.
    pub(super) places: Vec<(&'a str, i32)>,
    pub(super) deadline: Instant,
    /// The code of an error that says nothing more precise.
    pub(super) code: ErrorCode,
}

impl Asking<'_> {
    /// The offset that `target` is in each place. Blocks.
    pub(super) fn offsets_of(&self, target: SeekTarget) -> Result<Vec<i64>> {
        match target {
            SeekTarget::Beginning => self.ask(OFFSET_BEGINNING),
            SeekTarget::End => self.ask(OFFSET_END),
            SeekTarget::BeforeEnd(count) => self.between(|start, end| (end - count).max(start)),
            SeekTarget::AfterBeginning(count) => self.between(|start, end| (start + count).min(end)),
            SeekTarget::Timestamp(time) => {
                let found: Vec<i64> = self.ask(time)?;
                if found.iter().all(|offset| *offset >= 0) {
                    return Ok(found);
                }
                let ends = self.ask(OFFSET_END)?;
                let found = found.iter().zip(ends);
                Ok(found
                    .map(|(offset, end)| if *offset >= 0 { *offset } else { end })
                    .collect())
            }
            SeekTarget::Offset(offset) => Ok(vec![offset; self.places.len()]),
        }
    }

    /// As [`Asking::offsets_of`], for where reading begins: a log must have the offset, or have it next.
    pub(super) fn starts_of(&self, target: SeekTarget) -> Result<Vec<i64>> {
        if let SeekTarget::Offset(offset) = target {
            let (starts, ends) = (self.ask(OFFSET_BEGINNING)?, self.ask(OFFSET_END)?);
            for (((topic, partition), start), end) in self.places.iter().zip(starts).zip(ends) {
                if !(start..=end).contains(&offset) {
                    let text = format!(
                        "offset {offset} is out of range: {topic} [{partition}] has offsets from {start} to {end}"
                    );
                    return Err(CoreError::new(ErrorCode::OffsetOutOfRange, text)
                        .on_topic(*topic)
                        .on_partition(*partition));
                }
            }
        }
        self.offsets_of(target)
    }

    fn between(&self, choose: impl Fn(i64, i64) -> i64) -> Result<Vec<i64>> {
        let (starts, ends) = (self.ask(OFFSET_BEGINNING)?, self.ask(OFFSET_END)?);
        Ok(starts
            .into_iter()
            .zip(ends)
            .map(|(start, end)| choose(start, end))
            .collect())
    }

    /// A topic that was just created, or whose leader moves, has none that would answer for a moment.
    fn ask(&self, time: i64) -> Result<Vec<i64>> {
        loop {
            let answer = self.ask_once(time);
            let passes = answer.as_ref().is_err_and(|error| error.retriable);
            if !passes || Instant::now() + RETRY >= self.deadline {
                return answer;
            }
            std::thread::sleep(RETRY);
        }
    }

    fn ask_once(&self, time: i64) -> Result<Vec<i64>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let list = Partitions::of(
            self.places
                .iter()
                .map(|(topic, partition)| (*topic, *partition, time)),
        );
        let answer = self
            .handle
            .offsets_at(&list, left)
            .map_err(|cause| self.unknown(cause))?;
        self.places
            .iter()
            .map(|place| self.offset_in(&answer, *place))
            .collect()
    }

    fn offset_in(&self, answer: &[PartitionOffset], (topic, partition): (&str, i32)) -> Result<i64> {
        let found = answer
            .iter()
            .find(|p| p.partition == partition && p.topic == topic);
        match found {
            Some(found) if found.error == NO_ERROR => Ok(found.offset),
            Some(found) => Err(self.unknown(found.error).on_topic(topic).on_partition(partition)),
            None => Err(CoreError::new(
                ErrorCode::Internal,
                "librdkafka forgot a partition",
            )),
        }
    }

    fn unknown(&self, cause: RDKafkaRespErr) -> CoreError {
        let text = format!("the offsets are not known: {}", error_text(cause));
        CoreError::new(CoreError::code_of(cause, self.code), text).caused_by(cause)
    }
}
