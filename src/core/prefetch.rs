//! One budget of prefetched bytes for the process, however many consumers it has. librdkafka's own
//! limit (`queued.max.messages.kbytes`, 64 MiB) holds for each consumer.

use std::sync::{Mutex, PoisonError};

/// A consumer never gets less than this, even when the budget is used up.
const LEAST: usize = 1024 * 1024;

static TAKEN: Mutex<usize> = Mutex::new(0);

/// A consumer's part of the budget; given back on drop.
#[derive(Debug)]
pub struct Share(usize);

impl Share {
    /// Takes a quarter of what is left of `budget` bytes.
    pub fn take(budget: usize) -> Self {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let share = (budget.saturating_sub(*taken) / 4).max(LEAST);
        *taken += share;
        Self(share)
    }

    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_consumers_get_less_and_everything_is_given_back() {
        let budget = 64 * LEAST;
        let shares: Vec<_> = (0..20).map(|_| Share::take(budget)).collect();
        assert_eq!(shares[0].bytes(), 16 * LEAST);
        assert_eq!(shares[19].bytes(), LEAST);
        assert!(shares.iter().map(Share::bytes).sum::<usize>() < budget + 20 * LEAST);
        drop(shares);
        assert_eq!(*TAKEN.lock().unwrap(), 0);
    }
}
