//! Which offset may be committed: the one after the longest finished prefix of the records that
//! were received. Compaction and transaction markers leave gaps between offsets, so it is never
//! derived by counting.

use std::collections::VecDeque;

/// The received records of one assignment of a partition, in order.
#[derive(Debug, Default)]
pub struct Watermark {
    /// Sequence number of the first entry.
    first: u64,
    /// Offsets of received records from the first unfinished one on; `!offset` once finished.
    entries: VecDeque<i64>,
    position: Option<i64>,
}

impl Watermark {
    /// Starts where an initial position is to be committed before any record is finished.
    pub fn starting_at(position: Option<i64>) -> Self {
        Self {
            position,
            ..Self::default()
        }
    }

    /// Notes a received record; the number stands for it in [`Watermark::finish`].
    pub fn receive(&mut self, offset: i64) -> u64 {
        self.entries.push_back(offset);
        self.first + self.entries.len() as u64 - 1
    }

    /// Notes that a record is finished. A second time changes nothing.
    pub fn finish(&mut self, sequence: u64) {
        let Some(index) = sequence.checked_sub(self.first) else {
            return;
        };
        let Some(entry) = usize::try_from(index)
            .ok()
            .and_then(|index| self.entries.get_mut(index))
        else {
            return;
        };
        if *entry >= 0 {
            *entry = !*entry;
        }
        while let Some(&entry) = self.entries.front() {
            if entry >= 0 {
                return;
            }
            self.position = Some(!entry + 1);
            self.entries.pop_front();
            self.first += 1;
        }
    }

    /// What may be committed; `None` before the first record is finished.
    pub fn position(&self) -> Option<i64> {
        self.position
    }

    /// Records from the first unfinished one on, finished or not.
    pub fn span(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_may_be_committed_before_a_record_is_finished() {
        let mut watermark = Watermark::default();
        watermark.receive(5);
        assert_eq!(watermark.position(), None);
        assert_eq!(Watermark::starting_at(Some(9)).position(), Some(9));
    }

    #[test]
    fn a_gap_in_the_offsets_does_not_hold_the_position() {
        let mut watermark = Watermark::default();
        let (a, b) = (watermark.receive(5), watermark.receive(90));
        watermark.finish(b);
        assert_eq!(watermark.position(), None);
        watermark.finish(a);
        assert_eq!(watermark.position(), Some(91));
        assert_eq!(watermark.span(), 0);
    }

    #[test]
    fn offset_zero_can_be_unfinished_and_finished() {
        let mut watermark = Watermark::default();
        let zero = watermark.receive(0);
        assert_eq!(watermark.span(), 1);
        watermark.finish(zero);
        watermark.finish(zero);
        assert_eq!(watermark.position(), Some(1));
    }

    proptest! {
        #[test]
        fn the_position_never_passes_an_unfinished_record_and_reaches_the_end(
            gaps in prop::collection::vec(1i64..50, 1..200),
            order in any::<prop::sample::Index>(),
            seed in any::<u64>(),
        ) {
            let mut watermark = Watermark::default();
            let mut offset = i64::try_from(order.index(1000)).unwrap();
            let records: Vec<(u64, i64)> = gaps.iter().map(|gap| {
                offset += gap;
                (watermark.receive(offset), offset)
            }).collect();
            let mut finish: Vec<usize> = (0..records.len()).collect();
            let mut state = seed | 1;
            for i in (1..finish.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                finish.swap(i, usize::try_from(state >> 33).unwrap() % (i + 1));
            }
            let mut unfinished: std::collections::BTreeSet<i64> =
                records.iter().map(|r| r.1).collect();
            let mut last = None;
            for index in finish {
                let (sequence, offset) = records[index];
                watermark.finish(sequence);
                unfinished.remove(&offset);
                let position = watermark.position();
                prop_assert!(position >= last, "the position went back");
                if let (Some(position), Some(&lowest)) = (position, unfinished.first()) {
                    prop_assert!(position <= lowest, "{position} passes {lowest}");
                }
                last = position;
            }
            prop_assert_eq!(watermark.position(), Some(offset + 1));
            prop_assert_eq!(watermark.span(), 0);
        }
    }
}
