//! When the owner thread last came round. It does so at least each second while all is well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Written by the owner thread, read by any.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    start: Instant,
    /// Milliseconds after the start.
    last: Arc<AtomicU64>,
}

impl Heartbeat {
    /// The first beat is now.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
            last: Arc::default(),
        }
    }

    /// The thread has come round.
    pub fn beat(&self) {
        self.last.store(self.elapsed(), Ordering::Relaxed);
    }

    /// The time since the last beat.
    pub fn age(&self) -> Duration {
        let last = self.last.load(Ordering::Relaxed);
        Duration::from_millis(self.elapsed().saturating_sub(last))
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_as_old_as_its_last_beat() {
        let heartbeat = Heartbeat {
            start: Instant::now()
                .checked_sub(Duration::from_secs(60))
                .expect("a clock that has run for a minute"),
            last: Arc::default(),
        };
        let reader = heartbeat.clone();
        assert!(reader.age() >= Duration::from_secs(60));
        heartbeat.beat();
        assert!(reader.age() < Duration::from_secs(60));
    }
}
