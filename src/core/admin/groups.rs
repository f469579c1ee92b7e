//! Consumer groups.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failure::{all_done, failure, needs_kafka};
use super::offsets::{partitions_of, position};
use super::topics::list_topics;
use super::{Coordinators, Position};
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
    /// What may be done with it, by Kafka's names, where it was asked for and the cluster tells it.
    pub operations: Option<Vec<&'static str>>,
}

/// All groups; what a broker does not tell is the error. Blocks.
pub fn list_groups(handle: &Arc<Handle>, timeout: Duration) -> Result<Vec<GroupListing>> {
    needs_kafka(handle, "list groups")?;
    let failed = |refusal: &Refusal| failure("groups cannot be listed", "DESCRIBE", refusal);
    let (groups, refusals) = rd::list_groups(handle, timeout).map_err(|refusal| failed(&refusal))?;
    refusals
        .first()
        .map_or(Ok(groups), |refusal| Err(failed(refusal)))
}

/// Some groups, and one's rights where `with_rights`; the first that is not there is the error. Blocks.
pub fn describe_groups(
    handle: &Arc<Handle>,
    coordinators: &Coordinators,
    groups: &[String],
    with_rights: bool,
    timeout: Duration,
) -> Result<Vec<GroupDescription>> {
    needs_kafka(handle, "tell the state and the members of a group")?;
    let Some(first) = groups.first() else {
        return Ok(Vec::new());
    };
    coordinators.ask(first, timeout, |handle, left| {
        let described = rd::describe_groups(handle, groups, with_rights, left)
            .map_err(|refusal| failure("groups cannot be described", "DESCRIBE", &refusal))?;
        described.into_iter().map(checked).collect()
    })
}

fn checked(described: rd::GroupDescription) -> Result<GroupDescription> {
    let group = described.group;
    if let Some(refusal) = &described.refusal {
        let what = format!("group {group} cannot be described");
        return Err(failure(&what, "DESCRIBE", refusal));
    }
    Ok(GroupDescription {
        group,
        state: described.state,
        protocol: described.protocol,
        assignor: described.assignor,
        coordinator: described.coordinator,
        members: described.members,
        operations: described.operations,
    })
}

/// Forgets `groups`; the first that was not is the error. Blocks.
pub fn delete_groups(
    handle: &Arc<Handle>,
    coordinators: &Coordinators,
    groups: &[String],
    timeout: Duration,
) -> Result<()> {
    needs_kafka(handle, "delete groups")?;
    let Some(first) = groups.first() else {
        return Ok(());
    };
    coordinators.ask(first, timeout, |handle, left| {
        let outcomes = rd::delete_groups(handle, groups, left)
            .map_err(|refusal| failure("groups cannot be deleted", "DELETE", &refusal))?;
        all_done(&outcomes, "DELETE", |group| {
            format!("group {group} cannot be deleted")
        })
    })
}

/// What groups have committed, in their order. Blocks.
pub fn group_offsets(
    handle: &Arc<Handle>,
    coordinators: &Coordinators,
    groups: &[String],
    timeout: Duration,
) -> Result<Vec<Vec<Position>>> {
    let Some(first) = groups.first() else {
        return Ok(Vec::new());
    };
    let deadline = Instant::now() + timeout;
    let left = || deadline.saturating_duration_since(Instant::now());
    let named = if handle.is_embedded() {
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
    coordinators.ask(first, left(), |handle, _| {
        let offsets_of = |group: &String| {
            let what = format!("offsets of group {group} cannot be read");
            let offsets = rd::group_offsets(handle, group, named.as_ref(), left())
                .map_err(|refusal| failure(&what, "DESCRIBE", &refusal))?;
            let offsets = offsets.into_iter();
            Ok(offsets.map(|entry| position(entry, &what, "DESCRIBE")).collect())
        };
        groups.iter().map(offsets_of).collect()
    })
}

/// Commits for a group that has no members; the first partition that was not is the error. Blocks.
pub fn alter_group_offsets(
    handle: &Arc<Handle>,
    coordinators: &Coordinators,
    group: &str,
    offsets: &[Position],
    timeout: Duration,
) -> Result<()> {
    let what = format!("offsets of group {group} cannot be changed");
    let altered = coordinators.ask(group, timeout, |handle, left| {
        let altered = rd::alter_group_offsets(handle, group, &partitions_of(offsets), left)
            .map_err(|refusal| failure(&what, "READ", &refusal))?;
        let mut altered = altered.into_iter();
        let failed = altered.find_map(|entry| position(entry, &what, "READ").error);
        failed.map_or(Ok(()), Err)
    });
    match altered {
        Err(error) if handle.is_embedded() && error.code == ErrorCode::GroupInUse => {
            let text = format!(
                "the embedded broker cannot change the offsets of group {group}: once a group has had members, it takes \
                 them from nobody else; use a group of another name, or Kafka"
            );
            Err(CoreError::new(ErrorCode::EmbeddedUnsupported, text))
        }
        other => other,
    }
}
