//! Asking the coordinators of groups.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::core::error::Result;
use crate::core::rd::{Handle, Kind, Token};

/// Pause before a group is asked for again whose coordinator moves or loads its offsets.
const RETRY: Duration = Duration::from_millis(100);
/// What brokers say then.
const MOVING: [&str; 3] = [
    "NOT_COORDINATOR",
    "COORDINATOR_NOT_AVAILABLE",
    "COORDINATOR_LOAD_IN_PROGRESS",
];

/// A way to the coordinators of groups: an instance of librdkafka for each question.
///
/// librdkafka 2.12 ends the process where such a request has timed out and its coordinator comes back while the instance
/// lives, and also where an instance without a group of its own is told that the coordinator is another
/// (confluentinc/librdkafka#4605, #5040). So the instance has a group, and never outlives a timeout.
pub struct Coordinators {
    pub(super) properties: Arc<BTreeMap<String, String>>,
    /// What the client logs in with, if it is a token: nobody else gives it to the instances.
    pub(super) token: Option<Arc<Token>>,
}

impl Coordinators {
    /// Asks; `question` gets an instance and how long it may take. Blocks.
    pub(super) fn ask<T>(
        &self,
        group: &str,
        timeout: Duration,
        question: impl Fn(&Arc<Handle>, Duration) -> Result<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + timeout;
        loop {
            let handle = self.instance(group, [])?;
            let answer = question(&handle, deadline.saturating_duration_since(Instant::now()));
            drop(handle);
            let error = answer.as_ref().err();
            let is_moving =
                error.is_some_and(|error| error.kafka_code.is_some_and(|code| MOVING.contains(&code)));
            if !is_moving || Instant::now() + RETRY >= deadline {
                return answer;
            }
            std::thread::sleep(RETRY);
        }
    }

    /// A consumer that commits nothing; `more` goes over its other properties.
    pub(super) fn instance<const N: usize>(
        &self,
        group: &str,
        more: [(&str, &str); N],
    ) -> Result<Arc<Handle>> {
        let mut properties = BTreeMap::clone(&self.properties);
        let own = [("group.id", group), ("enable.auto.commit", "false")];
        for (name, value) in own.into_iter().chain(more) {
            properties.insert(name.to_owned(), value.to_owned());
        }
        let handle = Handle::new(Kind::Consumer, &properties)?;
        if let Some(token) = &self.token {
            handle.set_token(token)?;
        }
        Ok(Arc::new(handle))
    }
}
