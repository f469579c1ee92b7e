//! The thread that makes records leave.
//!
//! Without a linger librdkafka's broker thread wakes up for the first record of a hand-over, sends it alone, and polls
//! without sleeping until it may send the rest: it has one request of an idempotent partition under way at a time. A
//! linger keeps records together while they are handed over, and a flush ends it for all of them at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::Handle;

/// The linger that a flush ends. Records leave after this time also where a flush came too early for them.
const LINGER: Duration = Duration::from_millis(5);

#[derive(Default)]
struct State {
    /// Records were handed over since the last flush began.
    is_wanted: bool,
    is_flushing: bool,
    is_ending: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Ends the linger of records that were handed over. Dropping it joins its thread, which takes [`LINGER`] at most.
pub(super) struct Flusher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Sets a linger for a flusher to end, unless the properties have one; returns whether it did.
pub(super) fn set_linger(properties: &mut BTreeMap<String, String>) -> bool {
    let millis = |name: &str| properties.get(name).and_then(|value| value.parse::<u128>().ok());
    let wants_none = millis("linger.ms").is_none_or(|linger| linger == 0);
    // librdkafka refuses a linger that is not shorter
    let leaves_time = millis("delivery.timeout.ms").is_none_or(|timeout| timeout > LINGER.as_millis());
    let is_set = wants_none && leaves_time;
    if is_set {
        properties.insert("linger.ms".into(), LINGER.as_millis().to_string());
    }
    is_set
}

impl Flusher {
    pub(super) fn spawn(handle: &Arc<Handle>) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let (own, handle) = (Arc::clone(&shared), Arc::clone(handle));
        let thread = std::thread::Builder::new()
            .name("narad-flusher".into())
            .spawn(move || own.run(&handle))
            .map_err(|error| {
                CoreError::new(ErrorCode::Internal, format!("cannot start a thread: {error}"))
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// What was handed over leaves now.
    pub(super) fn flush(&self) {
        self.shared.tell(|state| state.is_wanted = true);
    }

    /// Waits until records linger again, `timeout` at most. A flush ends when every record is settled.
    pub(super) fn wait_until_idle(&self, timeout: Duration) {
        let is_busy = |state: &mut State| state.is_wanted || state.is_flushing;
        drop(
            self.shared
                .changed
                .wait_timeout_while(self.shared.lock(), timeout, is_busy),
        );
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.shared.tell(|state| state.is_ending = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, handle: &Handle) {
        let mut state = self.lock();
        while !state.is_ending {
            if !state.is_wanted {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.is_wanted = false;
            state.is_flushing = true;
            drop(state);
            handle.flush(LINGER);
            state = self.lock();
            state.is_flushing = false;
            self.changed.notify_all();
        }
    }

    fn tell(&self, what: impl FnOnce(&mut State)) {
        what(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, set_linger};

    fn linger_of(properties: &[(&str, &str)]) -> (bool, Option<String>) {
        let pairs = properties
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let mut properties: BTreeMap<String, String> = pairs.collect();
        let is_set = set_linger(&mut properties);
        (is_set, properties.remove("linger.ms"))
    }

    #[test]
    fn a_linger_is_set_where_the_user_wants_none_and_the_deadline_leaves_time() {
        let five = (true, Some("5".into()));
        assert_eq!(linger_of(&[]), five);
        assert_eq!(
            linger_of(&[("linger.ms", "0"), ("delivery.timeout.ms", "6")]),
            five
        );
        assert_eq!(linger_of(&[("linger.ms", "20")]), (false, Some("20".into())));
        assert_eq!(linger_of(&[("delivery.timeout.ms", "5")]), (false, None));
    }
}
