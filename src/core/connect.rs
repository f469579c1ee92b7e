//! Waiting for a broker, and saying why none answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::error::{CoreError, ErrorCode, Result};
use super::rd::Handle;

/// One try; short, so that a refused password is seen long before the deadline.
const SLICE: Duration = Duration::from_millis(250);

/// What a handle's events said while it connects, noted by the thread that reads them.
#[derive(Clone, Default)]
pub struct Progress(Arc<Mutex<Option<(RDKafkaRespErr, String)>>>);

impl Progress {
    /// Keeps the last error; one about credentials is never hidden by a later one.
    pub fn note(&self, code: RDKafkaRespErr, text: &str) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_some_and(|(code, _)| is_hopeless(*code)) && !is_hopeless(code) {
            return;
        }
        if RDKafkaErrorCode::from(code) == RDKafkaErrorCode::AllBrokersDown && last.is_some() {
            return; // says less than what came before it
        }
        *last = Some((code, text.to_owned()));
    }

    fn last(&self) -> Option<(RDKafkaRespErr, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
#[derive(Clone)]
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

    /// Waits until a broker answers; blocks.
    pub fn wait_for_broker(&self, timeout: Duration) -> Result<()> {
        wait_for_broker(&self.handle, &self.progress, timeout)
    }

    /// Whether a broker answers now; blocks up to `timeout`.
    #[must_use]
    pub fn answers(&self, timeout: Duration) -> bool {
        self.handle.ping(timeout).is_ok()
    }
}

/// Blocks until a broker answers, the credentials are refused, or `timeout` has passed.
pub fn wait_for_broker(handle: &Handle, progress: &Progress, timeout: Duration) -> Result<()> {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let tried = Instant::now();
        let Err(cause) = handle.ping(left.min(SLICE).max(Duration::from_millis(1))) else {
            progress.forget();
            return Ok(());
        };
        let last = progress.last();
        let hopeless = last.as_ref().is_some_and(|(code, _)| is_hopeless(*code));
        if hopeless || Instant::now() >= deadline {
            return Err(refusal(last, cause, timeout, hopeless));
        }
        // a ping that fails at once must not spin
        std::thread::sleep(Duration::from_millis(20).saturating_sub(tried.elapsed()));
    }
}

fn refusal(
    last: Option<(RDKafkaRespErr, String)>,
    cause: RDKafkaRespErr,
    timeout: Duration,
    hopeless: bool,
) -> CoreError {
    let (cause, why) = last.unwrap_or((cause, "no broker answered".to_owned()));
    let why = why.trim_end_matches('.');
    if hopeless {
        let code = CoreError::code_of(cause, ErrorCode::ConnectionFailed);
        return CoreError::new(code, format!("cannot connect: {why}")).caused_by(cause);
    }
    CoreError::new(
        ErrorCode::ConnectionTimeout,
        format!("no broker reached within {} ms: {why}", timeout.as_millis()),
    )
    .caused_by(cause)
}
