//! Calls that wait for delivery reports. One thread owns them: a call is complete when each of its
//! records is settled, and its results stand in input order.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use crate::core::error::CoreError;

/// Room for a record's index in librdkafka's opaque pointer; the call's number lies above it.
const INDEX_BITS: usize = 24;

/// A record of a call as it travels through librdkafka.
pub fn opaque(call: u32, index: usize) -> usize {
    (call as usize) << INDEX_BITS | index
}

/// The inverse of [`opaque`].
#[expect(
    clippy::cast_possible_truncation,
    reason = "the call number was put there as u32"
)]
pub fn from_opaque(opaque: usize) -> (u32, usize) {
    ((opaque >> INDEX_BITS) as u32, opaque & ((1 << INDEX_BITS) - 1))
}

/// What became of the records of one call, in input order.
#[derive(Debug)]
pub struct CallResult {
    /// The number that the caller gave the call.
    pub call: u32,
    /// Offset of each record; -1 where it failed.
    pub offsets: Vec<i64>,
    /// Timestamp of each record in milliseconds.
    pub timestamps: Vec<i64>,
    /// Partition of each record.
    pub partitions: Vec<i32>,
    /// The failed ones.
    pub failures: Vec<(usize, CoreError)>,
}

struct PendingCall {
    taken: Option<Instant>,
    unsettled: usize,
    result: CallResult,
}

/// The calls that are not complete.
#[derive(Default)]
pub struct PendingCalls {
    calls: HashMap<u32, PendingCall>,
    unsettled: usize,
}

impl PendingCalls {
    /// Expects `records` reports for `call`.
    pub fn begin(&mut self, call: u32, records: usize, taken: Option<Instant>) {
        self.unsettled += records;
        let result = CallResult {
            call,
            offsets: vec![-1; records],
            timestamps: vec![-1; records],
            partitions: vec![-1; records],
            failures: Vec::new(),
        };
        self.calls.insert(
            call,
            PendingCall {
                taken,
                unsettled: records,
                result,
            },
        );
    }

    /// Settles one record; gives the call's result when it was the last.
    pub fn settle(
        &mut self,
        opaque: usize,
        outcome: Result<(i32, i64, i64), CoreError>,
    ) -> Option<CallResult> {
        let (id, index) = from_opaque(opaque);
        let call = self.calls.get_mut(&id)?;
        match outcome {
            Ok((partition, offset, timestamp)) => {
                call.result.partitions[index] = partition;
                call.result.offsets[index] = offset;
                call.result.timestamps[index] = timestamp;
            }
            Err(error) => call.result.failures.push((index, error)),
        }
        call.unsettled -= 1;
        self.unsettled -= 1;
        if call.unsettled > 0 {
            return None;
        }
        self.calls.remove(&id).map(|call| call.result)
    }

    /// Settles with `error` whatever has no outcome, and gives the results.
    pub fn fail_rest(&mut self, error: &CoreError) -> Vec<CallResult> {
        self.unsettled = 0;
        self.calls
            .drain()
            .map(|(_, PendingCall { mut result, .. })| {
                let failed: HashSet<usize> = result.failures.iter().map(|(index, _)| *index).collect();
                let rest = (0..result.offsets.len())
                    .filter(|index| result.offsets[*index] < 0 && !failed.contains(index))
                    .map(|index| (index, error.clone()));
                result.failures.extend(rest);
                result
            })
            .collect()
    }

    /// When a call that is not complete was taken, if that matters.
    pub fn taken(&self, call: u32) -> Option<Instant> {
        self.calls.get(&call)?.taken
    }

    /// Records without an outcome.
    pub fn unsettled(&self) -> usize {
        self.unsettled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::ErrorCode;

    #[test]
    fn a_call_completes_once_with_results_in_input_order() {
        let mut pending = PendingCalls::default();
        pending.begin(7, 3, None);
        assert!(pending.settle(opaque(7, 2), Ok((1, 30, 3))).is_none());
        let error = CoreError::new(ErrorCode::SendFailed, "refused");
        assert!(pending.settle(opaque(7, 0), Err(error)).is_none());
        let result = pending.settle(opaque(7, 1), Ok((0, 20, 2))).unwrap();
        assert_eq!(result.offsets, vec![-1, 20, 30]);
        assert_eq!(result.failures.len(), 1);
        assert_eq!(pending.unsettled(), 0);
        assert!(pending.settle(opaque(7, 1), Ok((0, 20, 2))).is_none());
    }

    // Records that librdkafka did not report before the end of a close had no outcome: their sends never settled.
    #[test]
    fn what_was_never_reported_fails_at_the_end_and_nothing_twice() {
        let mut pending = PendingCalls::default();
        pending.begin(7, 3, None);
        assert!(pending.settle(opaque(7, 1), Ok((0, 20, 2))).is_none());
        let error = CoreError::new(ErrorCode::Closed, "closed");
        assert!(pending.settle(opaque(7, 2), Err(error.clone())).is_none());
        let results = pending.fail_rest(&error);
        let mut failed: Vec<_> = results[0].failures.iter().map(|(index, _)| *index).collect();
        failed.sort_unstable();
        assert_eq!((results.len(), failed), (1, vec![0, 2]));
        assert_eq!((pending.unsettled(), pending.fail_rest(&error).len()), (0, 0));
        assert!(pending.settle(opaque(7, 0), Ok((0, 10, 1))).is_none());
    }

    #[test]
    fn the_opaque_keeps_call_and_index() {
        assert_eq!(from_opaque(opaque(u32::MAX, 999_999)), (u32::MAX, 999_999));
    }
}
