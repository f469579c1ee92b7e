//! Asking the coordinators of groups.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::core::error::Result;
use crate::core::rd::{Handle, Kind};

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
pub struct Coordinators(pub(super) Arc<BTreeMap<String, String>>);

impl Coordinators {
    /// Asks; `question` gets an instance and how long it may take. Blocks.
    pub(super) fn ask<T>(
        &self,
        group: &str,
        timeout: Duration,
        question: impl Fn(&Arc<Handle>, Duration) -> Result<T>,
    ) -> Result<T> {
        let properties = with_group(&self.0, group);
        let deadline = Instant::now() + timeout;
        loop {
            let handle = Arc::new(Handle::new(Kind::Consumer, &properties)?);
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
}

/// The properties of a consumer that commits nothing.
pub(super) fn with_group(properties: &BTreeMap<String, String>, group: &str) -> BTreeMap<String, String> {
    let mut properties = properties.clone();
    properties.insert("group.id".to_owned(), group.to_owned());
    properties.insert("enable.auto.commit".to_owned(), "false".to_owned());
    properties
}
