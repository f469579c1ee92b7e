//! Waiting for a broker, and saying why none answered. A wait ends at once when the credentials turn
//! out to be wrong or the client is closed, whatever call its thread is in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::error::{CoreError, ErrorCode, Result};
pub use super::rd::Token;
use super::rd::{Handle, refused_certificate};

/// Pause between tries that fail at once.
const RETRY: Duration = Duration::from_millis(50);

type Reply = Box<dyn FnOnce(Result<()>) + Send>;

/// A reply that several may want to give; the first one does.
#[derive(Clone)]
pub(super) struct Pending(Arc<Mutex<Option<Reply>>>);

impl Pending {
    pub(super) fn settle(&self, outcome: Result<()>) {
        let reply = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reply) = reply {
            reply(outcome);
        }
    }

    fn is_settled(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

#[derive(Default)]
struct State {
    last: Option<(RDKafkaRespErr, String)>,
    /// Why a certificate was refused: the log says it just before the error comes, which does not.
    certificate: Option<String>,
    waiting: Vec<Pending>,
    is_closed: bool,
}

/// What a handle's events said of its connection, noted by the thread that reads them, and who
/// waits for it.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<State>>);

impl Progress {
    /// Keeps the last error; one that no waiting mends ends the waits.
    pub(super) fn note(&self, code: RDKafkaRespErr, text: &str) {
        let mut state = self.lock();
        let certificate = match RDKafkaErrorCode::from(code) {
            RDKafkaErrorCode::SSL => state.certificate.take(),
            _ => None,
        };
        let text = certificate.as_deref().unwrap_or(text);
        if RDKafkaErrorCode::from(code) == RDKafkaErrorCode::AllBrokersDown && state.last.is_some() {
            return; // says less than what came before it
        }
        state.last = Some((code, text.to_owned()));
        if !is_hopeless(code) {
            return;
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for pending in waiting {
            pending.settle(Err(hopeless(code, text)));
        }
    }

    /// Takes note of a line of the log.
    pub(super) fn note_log(&self, facility: &str, text: &str) {
        if let Some(certificate) = refused_certificate(facility, text) {
            self.lock().certificate = Some(certificate);
        }
    }

    /// Ends the waits: the client is closed.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for pending in waiting {
            pending.settle(Err(closed()));
        }
    }

    /// A reply that is given at the latest when the client is closed.
    pub(super) fn pending(&self, reply: Reply) -> Pending {
        let pending = Pending(Arc::new(Mutex::new(Some(reply))));
        let mut state = self.lock();
        let is_closed = state.is_closed;
        state.waiting.retain(|waiting| !waiting.is_settled());
        state.waiting.push(pending.clone());
        drop(state);
        if is_closed {
            pending.settle(Err(closed()));
        }
        pending
    }

    /// Asks, and blocks while it does; `reply` gets the answer, or earlier that the client was closed. The question
    /// is dropped before.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> Result<T>,
        reply: Box<dyn FnOnce(Result<T>) + Send>,
    ) {
        let answer = Arc::new(Mutex::new(None));
        let given = Arc::clone(&answer);
        let pending = self.pending(Box::new(move |outcome| {
            let answer = given.lock().unwrap_or_else(PoisonError::into_inner).take();
            reply(answer.unwrap_or_else(|| Err(outcome.err().unwrap_or_else(closed))));
        }));
        let outcome = question();
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        pending.settle(Ok(()));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No waiting mends these.
fn is_hopeless(code: RDKafkaRespErr) -> bool {
    matches!(
        RDKafkaErrorCode::from(code),
        RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::UnsupportedSASLMechanism
            | RDKafkaErrorCode::SSL
    )
}

/// A handle seen as something that can be asked whether it reaches a broker.
pub struct Connector {
    handle: Arc<Handle>,
    progress: Progress,
}

impl Connector {
    pub(super) fn new(handle: &Arc<Handle>, progress: &Progress) -> Self {
        Self {
            handle: Arc::clone(handle),
            progress: progress.clone(),
        }
    }

    /// Waits until a broker answers, and replies. Blocks, perhaps for longer than the reply takes.
    pub fn connect(self, timeout: Duration, reply: Reply) {
        let pending = self.progress.pending(reply);
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Err(cause) = self.handle.ping(left.max(Duration::from_millis(1))) else {
                self.progress.lock().last = None;
                pending.settle(Ok(()));
                return;
            };
            if Instant::now() >= deadline {
                let last = self.progress.lock().last.take();
                pending.settle(Err(too_late(last, cause, timeout)));
                return;
            }
            if pending.is_settled() {
                return;
            }
            std::thread::sleep(RETRY);
        }
    }

    /// Gives the client a token to log in with, from now on.
    pub fn set_token(&self, token: &Token) -> Result<()> {
        self.handle.set_token(token)
    }

    /// Whether a broker answers now; blocks up to `timeout`.
    #[must_use]
    pub fn answers(&self, timeout: Duration) -> bool {
        self.handle.ping(timeout).is_ok()
    }
}

fn closed() -> CoreError {
    CoreError::new(ErrorCode::Closed, "the client was closed meanwhile")
}

fn hopeless(cause: RDKafkaRespErr, why: &str) -> CoreError {
    let code = CoreError::code_of(cause, ErrorCode::ConnectionFailed);
    let why = why.trim_end_matches('.');
    CoreError::new(code, format!("cannot connect: {why}")).caused_by(cause)
}

fn too_late(last: Option<(RDKafkaRespErr, String)>, cause: RDKafkaRespErr, timeout: Duration) -> CoreError {
    let (cause, why) = last.unwrap_or((cause, "no broker answered".to_owned()));
    let text = format!(
        "no broker reached within {} ms: {}. Look at KAFKA_BROKERS, the option \"brokers\" or -b; \
         \"npx narad doctor\" finds what is wrong",
        timeout.as_millis(),
        without_counts(&why)
    );
    CoreError::new(ErrorCode::ConnectionTimeout, text).caused_by(cause)
}

/// librdkafka's text without what it says of its tries, as in "(after 0ms in state CONNECT)".
fn without_counts(text: &str) -> &str {
    let told = text
        .rfind(" (after ")
        .filter(|_| text.ends_with(')'))
        .map_or(text, |at| &text[..at]);
    told.trim_end_matches('.')
}
