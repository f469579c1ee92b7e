//! The thread that makes records leave.
//!
//! Without a linger librdkafka's broker thread wakes up for the first record of a hand-over, sends it alone, and polls
//! without sleeping until it may send the rest: it has one request of an idempotent partition under way at a time. A
//! linger keeps records together while they are handed over, and a flush ends it for all of them at once.
//!
//! A lone record, though, would wait for two threads instead of one. A flush lasts until the report of every record is
//! read and let go, so the delivery thread keeps the report of a lone record until the next: what is sent meanwhile does
//! not linger.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::Handle;

/// The linger that a flush ends. Records leave after this time also where a flush came too early for them.
const LINGER: Duration = Duration::from_millis(5);

/// How often a flush that does not end looks whether it shall.
const KEPT: Duration = Duration::from_millis(100);

/// What the thread shall do next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Nothing,
    /// Flush what was handed over.
    Once,
    /// Flush for as long as a report is kept.
    Always,
    End,
}

#[derive(Default)]
struct State {
    wish: Wish,
    is_flushing: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Ends the linger of records that were handed over. Dropping it joins its thread, which takes [`LINGER`] at most where
/// no report is kept.
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
        self.shared.wish(Wish::Once, |wish| wish == Wish::Nothing);
    }

    /// Flushes for as long as a report is kept, which is let go after this is told.
    pub(super) fn set_kept(&self, is_kept: bool) {
        if is_kept {
            self.shared.wish(Wish::Always, |wish| wish != Wish::Always);
        } else {
            self.shared.wish(Wish::Nothing, |wish| wish == Wish::Always);
        }
    }

    /// Waits until records linger again, `timeout` at most. Where every record is settled and no report is kept.
    pub(super) fn wait_until_idle(&self, timeout: Duration) {
        let is_busy = |state: &mut State| state.is_flushing || state.wish != Wish::Nothing;
        drop(
            self.shared
                .changed
                .wait_timeout_while(self.shared.lock(), timeout, is_busy),
        );
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.shared.wish(Wish::End, |_| true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, handle: &Handle) {
        let mut state = self.lock();
        loop {
            let timeout = match state.wish {
                Wish::Nothing => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Wish::Once => LINGER,
                Wish::Always => KEPT,
                Wish::End => return,
            };
            if state.wish == Wish::Once {
                state.wish = Wish::Nothing;
            }
            state.is_flushing = true;
            drop(state);
            handle.flush(timeout);
            state = self.lock();
            state.is_flushing = false;
            self.changed.notify_all();
        }
    }

    fn wish(&self, wish: Wish, if_now: impl FnOnce(Wish) -> bool) {
        let mut state = self.lock();
        if if_now(state.wish) {
            state.wish = wish;
            self.changed.notify_all();
        }
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
