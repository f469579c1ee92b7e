//! Consumer groups.

use std::sync::Arc;
use std::time::Duration;

use super::Position;
use super::failure::{all_done, failure, needs_kafka};
use super::offsets::{partitions_of, position};
use super::topics::list_topics;
use crate::core::error::{CoreError, ErrorCode, Result};
use crate::core::rd::{self, Broker, GroupListing, GroupMember, Handle, OFFSET_INVALID, Partitions, Refusal};

/// A group as its coordinator describes it.
#[derive(Clone, Debug)]
pub struct GroupDescription {
    /// Its name.
    pub group: String,
    /// Such as `Stable`.
    pub state: &'static str,
    /// `classic`, `consumer` or `unknown`.
    pub protocol: &'static str,
    /// How its partitions are dealt out.
    pub assignor: String,
    /// The broker that it is kept on.
    pub coordinator: Option<Broker>,
    /// Who belongs to it.
    pub members: Vec<GroupMember>,
}

/// All groups; what a broker does not tell is the error. Blocks.
pub fn list_groups(handle: &Arc<Handle>, timeout: Duration) -> Result<Vec<GroupListing>> {
    needs_kafka(handle, "list groups")?;
    let failed = |refusal: &Refusal| failure("groups cannot be listed", refusal);
    let (groups, refusals) = rd::list_groups(handle, timeout).map_err(|refusal| failed(&refusal))?;
    refusals
        .first()
        .map_or(Ok(groups), |refusal| Err(failed(refusal)))
}

/// Some groups; the first that is not there is the error. Blocks.
pub fn describe_groups(
    handle: &Arc<Handle>,
    groups: &[String],
    timeout: Duration,
) -> Result<Vec<GroupDescription>> {
    needs_kafka(handle, "tell the state and the members of a group")?;
    let described = rd::describe_groups(handle, groups, timeout)
        .map_err(|refusal| failure("groups cannot be described", &refusal))?;
    let check = |described: rd::GroupDescription| match described.refusal {
        Some(refusal) => Err(about(&described.group, "described", &refusal)),
        None => Ok(GroupDescription {
            group: described.group,
            state: described.state,
            protocol: described.protocol,
            assignor: described.assignor,
            coordinator: described.coordinator,
            members: described.members,
        }),
    };
    described.into_iter().map(check).collect()
}

/// Forgets `groups`; the first that was not is the error. Blocks.
pub fn delete_groups(handle: &Arc<Handle>, groups: &[String], timeout: Duration) -> Result<()> {
    needs_kafka(handle, "delete groups")?;
    let outcomes = rd::delete_groups(handle, groups, timeout)
        .map_err(|refusal| failure("groups cannot be deleted", &refusal))?;
    all_done(&outcomes, |group| format!("group {group} cannot be deleted"))
}

/// What a group has committed. Blocks.
pub fn group_offsets(handle: &Arc<Handle>, group: &str, timeout: Duration) -> Result<Vec<Position>> {
    let what = format!("offsets of group {group} cannot be read");
    let all = if handle.is_embedded() {
        // it tells nothing where no partitions are named
        let topics = list_topics(handle, timeout)?;
        let places = topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|partition| (topic.topic.as_str(), partition.partition, OFFSET_INVALID))
        });
        Some(Partitions::of(places))
    } else {
        None
    };
    let offsets = rd::group_offsets(handle, group, all.as_ref(), timeout)
        .map_err(|refusal| failure(&what, &refusal))?;
    Ok(offsets.into_iter().map(|entry| position(entry, &what)).collect())
}

/// Commits for a group that has no members; the first partition that was not is the error. Blocks.
pub fn alter_group_offsets(
    handle: &Arc<Handle>,
    group: &str,
    offsets: &[Position],
    timeout: Duration,
) -> Result<()> {
    let what = format!("offsets of group {group} cannot be changed");
    let altered = rd::alter_group_offsets(handle, group, &partitions_of(offsets), timeout)
        .map_err(|refusal| failure(&what, &refusal))?;
    let failed = altered.into_iter().find_map(|entry| position(entry, &what).error);
    if handle.is_embedded()
        && failed
            .as_ref()
            .is_some_and(|error| error.code == ErrorCode::GroupInUse)
    {
        let text = format!(
            "the embedded broker cannot change the offsets of group {group}: once a group has had members, it takes them \
             from nobody else; use a group of another name, or Kafka"
        );
        return Err(CoreError::new(ErrorCode::EmbeddedUnsupported, text));
    }
    failed.map_or(Ok(()), Err)
}

fn about(group: &str, done: &str, refusal: &Refusal) -> CoreError {
    failure(&format!("group {group} cannot be {done}"), refusal)
}
