//! What is with JavaScript: batches, the lanes of their records, and how much of it there is.

use std::collections::HashMap;

use ahash::RandomState;

use super::Outcome;
use super::batch::Ticket;
use super::lanes::Lanes;

/// Where a record that was handed over stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Out,
    Held,
    /// So that a second report of it changes nothing.
    Back,
}

struct OutBatch {
    tickets: Vec<Ticket>,
    stages: Vec<Stage>,
    left: usize,
    /// The index of each ticket, once those of the records that are back are gone.
    indexes: Option<Vec<u32>>,
}

/// A batch of which no more than one in so many records is left forgets the others: one that is held must not cost
/// what a thousand do.
const COMPACT: usize = 8;

impl OutBatch {
    /// Where the ticket of a record is.
    fn find(&self, index: u32) -> Option<usize> {
        match &self.indexes {
            Some(indexes) => indexes.binary_search(&index).ok(),
            None => Some(index as usize).filter(|at| *at < self.tickets.len()),
        }
    }

    fn compact(&mut self) {
        if self.left * COMPACT > self.tickets.len() {
            return;
        }
        let left: Vec<usize> = (0..self.tickets.len())
            .filter(|at| self.stages[*at] != Stage::Back)
            .collect();
        let index = |at: usize| match &self.indexes {
            Some(indexes) => indexes[at],
            None => u32::try_from(at).unwrap_or(u32::MAX),
        };
        self.indexes = Some(left.iter().map(|at| index(*at)).collect());
        self.tickets = left.iter().map(|at| self.tickets[*at]).collect();
        self.stages = left.iter().map(|at| self.stages[*at]).collect();
    }
}

/// How much some records are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

impl Load {
    fn add(&mut self, ticket: &Ticket) {
        self.records += 1;
        self.bytes += ticket.bytes as usize;
    }

    fn remove(&mut self, ticket: &Ticket) {
        self.records -= 1;
        self.bytes -= ticket.bytes as usize;
    }
}

/// The records of one subscription that were handed over and are not back.
pub(super) struct Ledger {
    lanes: Lanes,
    batches: HashMap<u32, OutBatch, RandomState>,
    out: Load,
    held: Load,
}

impl Ledger {
    pub(super) fn new(lanes: Lanes) -> Self {
        Self {
            lanes,
            batches: HashMap::default(),
            out: Load::default(),
            held: Load::default(),
        }
    }

    /// Records that run, or wait for a free worker.
    pub(super) fn out(&self) -> Load {
        self.out
    }

    /// Records that wait for something else, such as an earlier record of their lane that is tried again.
    pub(super) fn held(&self) -> Load {
        self.held
    }

    /// Where records that go out get their lane.
    pub(super) fn lanes(&mut self) -> &mut Lanes {
        &mut self.lanes
    }

    /// Whether `batch` is not back as a whole.
    pub(super) fn has(&self, batch: u32) -> bool {
        self.batches.contains_key(&batch)
    }

    /// Notes a batch whose records have entered their lanes.
    pub(super) fn hand_over(&mut self, batch: u32, tickets: Vec<Ticket>) {
        for ticket in &tickets {
            self.out.add(ticket);
        }
        let left = tickets.len();
        let stages = vec![Stage::Out; left];
        self.batches.insert(
            batch,
            OutBatch {
                tickets,
                stages,
                left,
                indexes: None,
            },
        );
    }

    /// Every record of `batch` that is not back yet, held or not, was handled; gives their tickets.
    pub(super) fn complete_all(&mut self, batch: u32) -> Vec<Ticket> {
        let Some(OutBatch {
            mut tickets, stages, ..
        }) = self.batches.remove(&batch)
        else {
            return Vec::new();
        };
        let mut stages = stages.into_iter();
        tickets.retain(|ticket| {
            let stage = stages.next().unwrap_or(Stage::Back);
            if stage != Stage::Back {
                self.take_back(ticket, stage);
            }
            stage != Stage::Back
        });
        tickets
    }

    /// Some records of `batch` are held from now on, or back; `each` gets those that are back and were not
    /// until now.
    pub(super) fn complete(
        &mut self,
        batch: u32,
        outcomes: &[(u32, Outcome)],
        mut each: impl FnMut(&Ticket, Outcome),
    ) {
        for &(index, outcome) in outcomes {
            let Some(found) = self.batches.get_mut(&batch) else {
                return;
            };
            let Some(at) = found.find(index) else {
                continue;
            };
            let (ticket, stage) = (found.tickets[at], found.stages[at]);
            match (stage, outcome) {
                (Stage::Back, _) | (Stage::Held, Outcome::Held) => {}
                (Stage::Out, Outcome::Held) => {
                    found.stages[at] = Stage::Held;
                    self.out.remove(&ticket);
                    self.held.add(&ticket);
                }
                (Stage::Out | Stage::Held, _) => {
                    found.stages[at] = Stage::Back;
                    found.left -= 1;
                    if found.left == 0 {
                        self.batches.remove(&batch);
                    }
                    self.take_back(&ticket, stage);
                    each(&ticket, outcome);
                }
            }
        }
        if let Some(found) = self.batches.get_mut(&batch) {
            found.compact();
        }
    }

    fn take_back(&mut self, ticket: &Ticket, stage: Stage) {
        match stage {
            Stage::Held => self.held.remove(ticket),
            _ => self.out.remove(ticket),
        }
        self.lanes.leave(ticket.lane);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::lanes::Ordering;
    use super::super::watermark::Watermark;
    use super::*;

    fn ticket(lanes: &mut Lanes, slot: u32, key: u8, sequence: u64) -> Ticket {
        Ticket {
            slot,
            lane: lanes.enter(slot, Some(&[key])),
            sequence,
            bytes: 10,
        }
    }

    fn load(records: usize, bytes: usize) -> Load {
        Load { records, bytes }
    }

    #[test]
    fn a_record_that_is_reported_twice_counts_once() {
        let mut ledger = Ledger::new(Lanes::new(Ordering::Key));
        let tickets = vec![ticket(ledger.lanes(), 1, 1, 0), ticket(ledger.lanes(), 1, 2, 1)];
        ledger.hand_over(7, tickets);
        let mut seen = 0;
        for _ in 0..2 {
            ledger.complete(7, &[(0, Outcome::Done), (9, Outcome::Done)], |_, _| seen += 1);
        }
        assert_eq!((seen, ledger.out()), (1, load(1, 10)));
        seen += ledger.complete_all(7).len();
        seen += ledger.complete_all(7).len();
        assert_eq!((seen, ledger.out()), (2, load(0, 0)));
    }

    // records of a key in back-off would use up what may be out, and stall every other key
    #[test]
    fn a_held_record_does_not_count_as_out_until_it_is_back() {
        let mut ledger = Ledger::new(Lanes::new(Ordering::Key));
        let tickets: Vec<Ticket> = (0..3).map(|i| ticket(ledger.lanes(), 1, 1, i)).collect();
        ledger.hand_over(7, tickets);
        let mut seen = Vec::new();
        for report in [
            (0, Outcome::Held),
            (1, Outcome::Held),
            (0, Outcome::Held),
            (9, Outcome::Held),
        ] {
            ledger.complete(7, &[report], |ticket, outcome| {
                seen.push((ticket.sequence, outcome));
            });
        }
        assert_eq!((ledger.out(), ledger.held()), (load(1, 10), load(2, 20)));
        assert!(seen.is_empty(), "held records are not back");
        ledger.complete(
            7,
            &[(0, Outcome::NotRun), (0, Outcome::Held)],
            |ticket, outcome| {
                seen.push((ticket.sequence, outcome));
            },
        );
        assert_eq!(seen, [(0, Outcome::NotRun)]);
        assert_eq!((ledger.out(), ledger.held()), (load(1, 10), load(1, 10)));
        let done: Vec<u64> = ledger
            .complete_all(7)
            .iter()
            .map(|ticket| ticket.sequence)
            .collect();
        assert_eq!(done, [1, 2]);
        assert_eq!((ledger.out(), ledger.held()), (load(0, 0), load(0, 0)));
    }

    // one record in back-off kept the tickets of its whole batch, a thousand times over in thirty seconds
    #[test]
    fn a_batch_of_which_little_is_left_forgets_the_rest() {
        let mut ledger = Ledger::new(Lanes::new(Ordering::None));
        let tickets: Vec<Ticket> = (0..100)
            .map(|i| ticket(ledger.lanes(), 1, 0, 1_000 + i))
            .collect();
        ledger.hand_over(7, tickets);
        let most: Vec<_> = (0..100)
            .filter(|i| i % 40 != 3)
            .map(|i| (i, Outcome::Done))
            .collect();
        ledger.complete(7, &most, |_, _| ());
        assert_eq!(ledger.batches[&7].tickets.len(), 3);
        let mut seen = Vec::new();
        for report in [
            (3, Outcome::Held),
            (4, Outcome::Done),
            (43, Outcome::Failed),
            (43, Outcome::Done),
        ] {
            ledger.complete(7, &[report], |ticket, outcome| {
                seen.push((ticket.sequence, outcome));
            });
        }
        assert_eq!(seen, [(1_043, Outcome::Failed)]);
        assert_eq!((ledger.out(), ledger.held()), (load(1, 10), load(1, 10)));
        let left: Vec<u64> = ledger
            .complete_all(7)
            .iter()
            .map(|ticket| ticket.sequence)
            .collect();
        assert_eq!(left, [1_003, 1_083]);
    }

    /// A step of a run in which JavaScript reports in any order and partitions come and go.
    #[derive(Clone, Debug)]
    enum Step {
        HandOver(Vec<(u8, u8)>),
        Report { batch: usize, index: usize, outcome: u8 },
        ReportAll { batch: usize },
        Reassign { partition: u8 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => prop::collection::vec((0u8..3, 0u8..6), 1..30).prop_map(Step::HandOver),
            8 => (any::<usize>(), any::<usize>(), 0u8..6)
                .prop_map(|(batch, index, outcome)| Step::Report { batch, index, outcome }),
            2 => any::<usize>().prop_map(|batch| Step::ReportAll { batch }),
            1 => (0u8..3).prop_map(|partition| Step::Reassign { partition }),
        ]
    }

    /// One assignment of a partition as a model: which offsets are not finished.
    struct Assignment {
        watermark: Watermark,
        unfinished: BTreeMap<i64, u64>,
        next: i64,
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// I3 under crashes of handlers, reports in any order, repeated and stale ones, and partitions that are
        /// assigned anew: the committed position never passes an unfinished record, held or not, a report of an
        /// earlier assignment changes nothing of a later one, and what is out or held is counted as it is.
        #[test]
        fn the_position_never_passes_an_unfinished_record(steps in prop::collection::vec(step(), 1..120)) {
            let mut ledger = Ledger::new(Lanes::new(Ordering::Key));
            let mut assignments: BTreeMap<u32, Assignment> = BTreeMap::new();
            let mut slots = [0u32, 1, 2];
            let mut next_slot = 3;
            for slot in slots {
                assignments.insert(slot, Assignment {
                    watermark: Watermark::default(), unfinished: BTreeMap::new(), next: 0,
                });
            }
            let mut batches: Vec<u32> = Vec::new();
            let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
            // the records that are not back
            let mut model: BTreeMap<(u32, u32), Stage> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::HandOver(records) => {
                        let id = u32::try_from(batches.len()).unwrap();
                        let mut tickets = Vec::new();
                        for (partition, key) in records {
                            let slot = slots[partition as usize];
                            let assignment = assignments.get_mut(&slot).unwrap();
                            assignment.next += 1 + i64::from(key); // gaps, as compaction leaves them
                            let sequence = assignment.watermark.receive(assignment.next);
                            assignment.unfinished.insert(assignment.next, sequence);
                            tickets.push(ticket(ledger.lanes(), slot, key, sequence));
                        }
                        sizes.insert(id, tickets.len());
                        for index in 0..tickets.len() {
                            model.insert((id, u32::try_from(index).unwrap()), Stage::Out);
                        }
                        batches.push(id);
                        ledger.hand_over(id, tickets);
                    }
                    Step::Report { batch, index, outcome } if !batches.is_empty() => {
                        let id = batches[batch % batches.len()];
                        let index = u32::try_from(index % (sizes[&id] + 1)).unwrap();
                        let outcome = match outcome {
                            0 | 1 => Outcome::Done,
                            2 => Outcome::Failed,
                            3 => Outcome::NotRun,
                            _ => Outcome::Held,
                        };
                        let stage = model.get_mut(&(id, index));
                        let is_news = stage.is_some() && outcome != Outcome::Held;
                        match stage {
                            Some(stage) if outcome == Outcome::Held => *stage = Stage::Held,
                            _ => { model.remove(&(id, index)); }
                        }
                        let mut back = 0;
                        ledger.complete(id, &[(index, outcome)], |ticket, outcome| {
                            finish(&mut assignments, ticket, outcome);
                            back += 1;
                        });
                        prop_assert_eq!(back, i32::from(is_news));
                    }
                    Step::ReportAll { batch } if !batches.is_empty() => {
                        let id = batches[batch % batches.len()];
                        for ticket in ledger.complete_all(id) {
                            finish(&mut assignments, &ticket, Outcome::Done);
                        }
                        model.retain(|(batch, _), _| *batch != id);
                    }
                    Step::Reassign { partition } => {
                        let slot = &mut slots[partition as usize];
                        assignments.remove(slot);
                        *slot = next_slot;
                        next_slot += 1;
                        assignments.insert(*slot, Assignment {
                            watermark: Watermark::default(), unfinished: BTreeMap::new(), next: 0,
                        });
                    }
                    Step::Report { .. } | Step::ReportAll { .. } => {}
                }
                for (stage, load) in [(Stage::Out, ledger.out()), (Stage::Held, ledger.held())] {
                    let records = model.values().filter(|at| **at == stage).count();
                    prop_assert_eq!(load, Load { records, bytes: records * 10 });
                }
                for assignment in assignments.values() {
                    let position = assignment.watermark.position();
                    if let (Some(position), Some((&lowest, _))) = (position, assignment.unfinished.first_key_value()) {
                        prop_assert!(position <= lowest, "{position} passes {lowest}");
                    }
                    if assignment.unfinished.is_empty() && assignment.next > 0 {
                        prop_assert_eq!(position, Some(assignment.next + 1));
                    }
                }
            }
            for id in batches {
                ledger.complete_all(id);
            }
            prop_assert_eq!((ledger.out(), ledger.held()), (load(0, 0), load(0, 0)));
        }
    }

    fn finish(assignments: &mut BTreeMap<u32, Assignment>, ticket: &Ticket, outcome: Outcome) {
        let Some(assignment) = assignments.get_mut(&ticket.slot) else {
            return;
        };
        if outcome == Outcome::Done {
            assignment
                .unfinished
                .retain(|_, sequence| *sequence != ticket.sequence);
            assignment.watermark.finish(ticket.sequence);
        }
    }
}
