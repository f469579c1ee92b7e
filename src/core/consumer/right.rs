//! The right to be a member of the group. librdkafka reports once that the coordinator refuses to be named, and goes on
//! asking without a word: what it reported is kept for those who subscribe later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::types::RDKafkaRespErr;

use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::{Handle, OFFSET_INVALID, Partitions};

/// librdkafka asks for a coordinator twice a second.
const ASK_TIMEOUT: Duration = Duration::from_millis(1_500);

/// What is known of it; shared with threads that subscribe.
#[derive(Clone)]
pub(super) struct GroupRight {
    group: Arc<str>,
    is_refused: Arc<AtomicBool>,
}

impl GroupRight {
    pub(super) fn to(group: &str) -> Self {
        Self {
            group: group.into(),
            is_refused: Arc::default(),
        }
    }

    pub(super) fn group(&self) -> &str {
        &self.group
    }

    /// It was refused: no waiting mends that.
    pub(super) fn refuse(&self) -> CoreError {
        self.is_refused.store(true, Ordering::Release);
        let text = format!("the principal lacks the right READ on group {}", self.group);
        CoreError::new(ErrorCode::AuthorizationFailed, text)
            .caused_by(RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.is_refused.load(Ordering::Acquire) {
            return Err(self.refuse());
        }
        Ok(())
    }

    /// Looks whether a right that was refused has been granted since. Blocks.
    pub(super) fn ask_again(&self, handle: &Handle, topic: &str) -> Result<()> {
        if self.check().is_ok() {
            return Ok(());
        }
        let list = Partitions::of([(topic, 0, OFFSET_INVALID)]);
        handle.committed(&list, ASK_TIMEOUT).map_err(|_| self.refuse())?;
        self.is_refused.store(false, Ordering::Release);
        Ok(())
    }
}
