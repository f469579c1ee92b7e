use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::NativeLog;

/// Errors and log lines that may wait for the event loop.
const MOST: usize = 256;

/// Syslog's warning.
const WARNING: i32 = 4;

/// Bounds the errors and log lines that wait for an event loop that is blocked: librdkafka may have thousands a
/// second to say.
#[derive(Clone, Default)]
pub struct Notices(Arc<Counts>);

#[derive(Default)]
struct Counts {
    waiting: AtomicUsize,
    dropped: AtomicUsize,
}

impl Notices {
    /// Sends a notice if there is room, and before it a line about those that were dropped. One that `must` be known
    /// always has room.
    pub fn admit(&self, must: bool, send_line: impl FnOnce(NativeLog), send: impl FnOnce()) {
        let Counts { waiting, dropped } = &*self.0;
        if !must && waiting.load(Ordering::Relaxed) >= MOST {
            dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            waiting.fetch_add(1, Ordering::Relaxed);
            send_line(NativeLog {
                level: WARNING,
                text: format!("{lost} errors and log lines were dropped while the event loop was blocked"),
            });
        }
        waiting.fetch_add(1, Ordering::Relaxed);
        send();
    }

    /// The event loop has taken one.
    pub fn taken(&self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn what_has_no_room_is_counted_and_told_before_the_next_notice() {
        let notices = Notices::default();
        let sent = RefCell::new(Vec::new());
        let notify = |must| {
            notices.admit(
                must,
                |line| sent.borrow_mut().push(line.text),
                || sent.borrow_mut().push(String::new()),
            );
        };
        for _ in 0..MOST + 10 {
            notify(false);
        }
        assert_eq!(sent.borrow().len(), MOST);
        for _ in 0..MOST {
            notices.taken();
        }
        sent.borrow_mut().clear();
        notify(false);
        notify(false);
        let told = "10 errors and log lines were dropped while the event loop was blocked";
        assert_eq!(*sent.borrow(), [told, "", ""]);
        for _ in 0..MOST {
            notify(false);
        }
        sent.borrow_mut().clear();
        notify(true);
        assert_eq!(sent.borrow().last().map(String::as_str), Some(""));
    }
}
