//! Lanes: records of one key run in order, one after the other, while different lanes run side by
//! side. A lane has a small dense number while any of its records is out, so that JavaScript can
//! keep its state in a plain array.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use ahash::RandomState;

/// What records must wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// Those with the same key of the same partition; a null key waits for nothing.
    Key,
    /// Those of the same partition.
    Partition,
    /// None.
    None,
}

/// The lane of a record that waits for no other.
pub const NO_LANE: u32 = u32::MAX;

#[derive(Debug)]
struct Lane {
    hash: u64,
    out: u32,
}

/// The lanes that have records out.
#[derive(Debug)]
pub struct Lanes {
    ordering: Ordering,
    hasher: RandomState,
    by_hash: HashMap<u64, u32, RandomState>,
    lanes: Vec<Lane>,
    free: Vec<u32>,
}

impl Lanes {
    /// No lanes yet.
    pub fn new(ordering: Ordering) -> Self {
        Self {
            ordering,
            hasher: RandomState::new(),
            by_hash: HashMap::default(),
            lanes: Vec::new(),
            free: Vec::new(),
        }
    }

    /// The lane of a record that goes out; `slot` stands for its partition.
    ///
    /// Two keys whose 64-bit hashes are equal share a lane, which costs time and never order.
    pub fn enter(&mut self, slot: u32, key: Option<&[u8]>) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(slot);
        match (self.ordering, key) {
            (Ordering::None, _) | (Ordering::Key, None) => return NO_LANE,
            (Ordering::Key, Some(key)) => hasher.write(key),
            (Ordering::Partition, _) => {}
        }
        let hash = hasher.finish();
        let id = *self.by_hash.entry(hash).or_insert_with(|| {
            let lane = Lane { hash, out: 0 };
            if let Some(id) = self.free.pop() {
                self.lanes[id as usize] = lane;
                return id;
            }
            self.lanes.push(lane);
            u32::try_from(self.lanes.len() - 1).unwrap_or(NO_LANE)
        });
        self.lanes[id as usize].out += 1;
        id
    }

    /// A record of `lane` is back, whatever became of it.
    pub fn leave(&mut self, lane: u32) {
        if lane == NO_LANE {
            return;
        }
        let state = &mut self.lanes[lane as usize];
        state.out -= 1;
        if state.out == 0 {
            self.by_hash.remove(&state.hash);
            self.free.push(lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_keeps_its_lane_while_a_record_is_out() {
        let mut lanes = Lanes::new(Ordering::Key);
        let first = lanes.enter(0, Some(b"a"));
        assert_eq!(lanes.enter(0, Some(b"a")), first);
        assert_ne!(lanes.enter(0, Some(b"b")), first);
        assert_ne!(lanes.enter(1, Some(b"a")), first, "partitions are kept apart");
        assert_ne!(lanes.enter(0, Some(b"")), NO_LANE, "an empty key is a key");
        assert_eq!(lanes.enter(0, None), NO_LANE);
    }

    #[test]
    fn ordering_by_partition_puts_null_keys_in_the_lane_too() {
        let mut lanes = Lanes::new(Ordering::Partition);
        assert_eq!(lanes.enter(3, None), lanes.enter(3, Some(b"x")));
        assert_eq!(Lanes::new(Ordering::None).enter(3, Some(b"x")), NO_LANE);
    }

    proptest! {
        #[test]
        fn lane_numbers_stay_dense_and_never_serve_two_keys_at_once(
            steps in prop::collection::vec((any::<bool>(), 0u8..20), 1..400),
        ) {
            let mut lanes = Lanes::new(Ordering::Key);
            let mut out: Vec<(u8, u32)> = Vec::new();
            let mut most = 0;
            for (enter, key) in steps {
                if enter || out.is_empty() {
                    let lane = lanes.enter(0, Some(&[key]));
                    for (other, at) in &out {
                        prop_assert_eq!(*other == key, *at == lane);
                    }
                    out.push((key, lane));
                } else {
                    let (_, lane) = out.swap_remove(key as usize % out.len());
                    lanes.leave(lane);
                }
                most = most.max(out.len());
                for (_, lane) in &out {
                    prop_assert!((*lane as usize) < most.min(20));
                }
            }
        }
    }
}
