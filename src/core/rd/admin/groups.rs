//! Consumer groups: their members, and what they have committed.

use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;
use sys::rd_kafka_consumer_group_state_t as State;
use sys::rd_kafka_consumer_group_type_t as Protocol;

use super::cluster::{Broker, broker_of};
use super::{Op, Outcome, Refusal, array, ask, c_string, optional_text, text_of};
use crate::core::rd::describing::operations_in;
use crate::core::rd::{Handle, PartitionOffset, Partitions, partitions};

const INVALID_GROUP: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_GROUP_ID;

/// A group as a list has it.
#[derive(Clone, Debug)]
pub struct GroupListing {
    /// Its name.
    pub group: String,
    /// As [`state_name`] says.
    pub state: &'static str,
    /// As [`protocol_name`] says.
    pub protocol: &'static str,
}

/// A group as its coordinator describes it.
#[derive(Clone, Debug)]
pub struct GroupDescription {
    /// Its name.
    pub group: String,
    /// Why nothing else is known.
    pub refusal: Option<Refusal>,
    /// As [`state_name`] says.
    pub state: &'static str,
    /// As [`protocol_name`] says.
    pub protocol: &'static str,
    /// How its partitions are dealt out; empty where it has no members.
    pub assignor: String,
    /// The broker that it is kept on.
    pub coordinator: Option<Broker>,
    /// Who belongs to it.
    pub members: Vec<GroupMember>,
    /// What may be done with it, by Kafka's names, where it was asked for and the cluster tells it.
    pub operations: Option<Vec<&'static str>>,
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct GroupMember {
    /// What the coordinator calls it.
    pub id: String,
    /// The name of a static member.
    pub instance_id: Option<String>,
    /// What it calls itself.
    pub client_id: String,
    /// Where it connects from, with a slash before an address.
    pub host: String,
    /// What it has.
    pub partitions: Vec<PartitionOffset>,
}

/// Asks every broker for its groups: those that are known, and what some brokers did not tell.
pub fn list_groups(
    handle: &Arc<Handle>,
    timeout: Duration,
) -> Result<(Vec<GroupListing>, Vec<Refusal>), Refusal> {
    let op = Op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: plain call.
        unsafe { sys::rd_kafka_ListConsumerGroups(rk, options, queue) }
    })?;
    // SAFETY: the result lives as long as the event, and its entries with it.
    Ok(unsafe {
        let result = sys::rd_kafka_event_ListConsumerGroups_result(answer.ptr());
        let groups = array(|count| sys::rd_kafka_ListConsumerGroups_result_valid(result, count));
        let errors = array(|count| sys::rd_kafka_ListConsumerGroups_result_errors(result, count));
        (
            groups
                .iter()
                .map(|group| GroupListing {
                    group: text_of(sys::rd_kafka_ConsumerGroupListing_group_id(*group)),
                    state: state_name(sys::rd_kafka_ConsumerGroupListing_state(*group)),
                    protocol: protocol_name(sys::rd_kafka_ConsumerGroupListing_type(*group)),
                })
                .collect(),
            errors
                .iter()
                .filter_map(|error| Refusal::of_error(*error))
                .collect(),
        )
    })
}

/// Asks the coordinators of `groups` for descriptions, and for one's rights where `with_rights`; each may say why there is
/// none.
pub fn describe_groups(
    handle: &Arc<Handle>,
    groups: &[String],
    with_rights: bool,
    timeout: Duration,
) -> Result<Vec<GroupDescription>, Refusal> {
    let names = names_of(groups)?;
    let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let op = Op::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies the names; the options are ours until it has, and what it refuses of them is released.
        unsafe {
            let refused = sys::rd_kafka_AdminOptions_set_include_authorized_operations(
                options.cast_mut(),
                i32::from(with_rights),
            );
            if !refused.is_null() {
                sys::rd_kafka_error_destroy(refused);
            }
            sys::rd_kafka_DescribeConsumerGroups(rk, pointers.as_mut_ptr(), pointers.len(), options, queue);
        }
    })?;
    // SAFETY: the result lives as long as the event, and its entries with it.
    Ok(unsafe {
        let result = sys::rd_kafka_event_DescribeConsumerGroups_result(answer.ptr());
        array(|count| sys::rd_kafka_DescribeConsumerGroups_result_groups(result, count))
            .iter()
            .map(|group| description(*group))
            .collect()
    })
}

/// Forgets `groups` and what they have committed; gives what became of each.
pub fn delete_groups(
    handle: &Arc<Handle>,
    groups: &[String],
    timeout: Duration,
) -> Result<Vec<Outcome>, Refusal> {
    let names = names_of(groups)?;
    let op = Op::RD_KAFKA_ADMIN_OP_DELETEGROUPS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies the names; what is asked for is released here.
        unsafe {
            let mut deleted: Vec<_> = names
                .iter()
                .map(|name| sys::rd_kafka_DeleteGroup_new(name.as_ptr()))
                .collect();
            sys::rd_kafka_DeleteGroups(rk, deleted.as_mut_ptr(), deleted.len(), options, queue);
            sys::rd_kafka_DeleteGroup_destroy_array(deleted.as_mut_ptr(), deleted.len());
        }
    })?;
    // SAFETY: the result lives as long as the event, and its entries with it.
    Ok(unsafe {
        let result = sys::rd_kafka_event_DeleteGroups_result(answer.ptr());
        array(|count| sys::rd_kafka_DeleteGroups_result_groups(result, count))
            .iter()
            .map(|group| Outcome {
                name: text_of(sys::rd_kafka_group_result_name(*group)),
                refusal: Refusal::of_error(sys::rd_kafka_group_result_error(*group)),
            })
            .collect()
    })
}

/// What a group has committed, of some partitions or of all that it has committed anything of.
pub fn group_offsets(
    handle: &Arc<Handle>,
    group: &str,
    partitions: Option<&Partitions>,
    timeout: Duration,
) -> Result<Vec<PartitionOffset>, Refusal> {
    let name = c_string(group, INVALID_GROUP)?;
    let op = Op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        let list = partitions.map_or(std::ptr::null_mut(), Partitions::ptr);
        // SAFETY: librdkafka copies name and list; what is asked for is released here. A null list stands for all.
        unsafe {
            let mut asked = sys::rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), list);
            sys::rd_kafka_ListConsumerGroupOffsets(rk, &raw mut asked, 1, options, queue);
            sys::rd_kafka_ListConsumerGroupOffsets_destroy(asked);
        }
    })?;
    // SAFETY: the result lives as long as the event.
    unsafe {
        let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(answer.ptr());
        offsets_in(array(|count| {
            sys::rd_kafka_ListConsumerGroupOffsets_result_groups(result, count)
        }))
    }
}

/// Commits for a group that has no members; each partition may say why it was not.
pub fn alter_group_offsets(
    handle: &Arc<Handle>,
    group: &str,
    offsets: &Partitions,
    timeout: Duration,
) -> Result<Vec<PartitionOffset>, Refusal> {
    let name = c_string(group, INVALID_GROUP)?;
    let op = Op::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies name and list; what is asked for is released here.
        unsafe {
            let mut asked = sys::rd_kafka_AlterConsumerGroupOffsets_new(name.as_ptr(), offsets.ptr());
            sys::rd_kafka_AlterConsumerGroupOffsets(rk, &raw mut asked, 1, options, queue);
            sys::rd_kafka_AlterConsumerGroupOffsets_destroy(asked);
        }
    })?;
    // SAFETY: the result lives as long as the event.
    unsafe {
        let result = sys::rd_kafka_event_AlterConsumerGroupOffsets_result(answer.ptr());
        offsets_in(array(|count| {
            sys::rd_kafka_AlterConsumerGroupOffsets_result_groups(result, count)
        }))
    }
}

fn names_of(groups: &[String]) -> Result<Vec<CString>, Refusal> {
    groups
        .iter()
        .map(|group| c_string(group, INVALID_GROUP))
        .collect()
}

/// # Safety
/// The results must be live.
unsafe fn offsets_in(
    results: &[*const sys::rd_kafka_group_result_t],
) -> Result<Vec<PartitionOffset>, Refusal> {
    let Some(group) = results.first() else {
        return Ok(Vec::new());
    };
    // SAFETY: error and list live as long as the result.
    unsafe {
        let refusal = Refusal::of_error(sys::rd_kafka_group_result_error(*group));
        let offsets = partitions::read(sys::rd_kafka_group_result_partitions(*group));
        refusal.map_or(Ok(offsets), Err)
    }
}

/// # Safety
/// `group` must be live.
unsafe fn description(group: *const sys::rd_kafka_ConsumerGroupDescription_t) -> GroupDescription {
    // SAFETY: everything that is read lives as long as the group.
    unsafe {
        let mut rights = 0;
        let first = sys::rd_kafka_ConsumerGroupDescription_authorized_operations(group, &raw mut rights);
        GroupDescription {
            operations: operations_in(first, rights),
            group: text_of(sys::rd_kafka_ConsumerGroupDescription_group_id(group)),
            refusal: Refusal::of_error(sys::rd_kafka_ConsumerGroupDescription_error(group)),
            state: state_name(sys::rd_kafka_ConsumerGroupDescription_state(group)),
            protocol: protocol_name(sys::rd_kafka_ConsumerGroupDescription_type(group)),
            assignor: text_of(sys::rd_kafka_ConsumerGroupDescription_partition_assignor(group)),
            coordinator: broker_of(sys::rd_kafka_ConsumerGroupDescription_coordinator(group)),
            members: (0..sys::rd_kafka_ConsumerGroupDescription_member_count(group))
                .map(|index| member(sys::rd_kafka_ConsumerGroupDescription_member(group, index)))
                .collect(),
        }
    }
}

/// # Safety
/// `member` must be live.
unsafe fn member(member: *const sys::rd_kafka_MemberDescription_t) -> GroupMember {
    // SAFETY: everything that is read lives as long as the member.
    unsafe {
        let assignment = sys::rd_kafka_MemberDescription_assignment(member);
        GroupMember {
            id: text_of(sys::rd_kafka_MemberDescription_consumer_id(member)),
            instance_id: optional_text(sys::rd_kafka_MemberDescription_group_instance_id(member))
                .filter(|name| !name.is_empty()),
            client_id: text_of(sys::rd_kafka_MemberDescription_client_id(member)),
            host: text_of(sys::rd_kafka_MemberDescription_host(member)),
            partitions: if assignment.is_null() {
                Vec::new()
            } else {
                partitions::read(sys::rd_kafka_MemberAssignment_partitions(assignment))
            },
        }
    }
}

/// As Kafka's tools show it, such as `Stable`; `Unknown` for those of KIP-848 that librdkafka has no name for.
fn state_name(state: State) -> &'static str {
    // SAFETY: librdkafka gives a static string for every state.
    let name = unsafe { CStr::from_ptr(sys::rd_kafka_consumer_group_state_name(state)) };
    name.to_str().unwrap_or("Unknown")
}

/// `classic`, `consumer` (KIP-848) or `unknown`.
fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC => "classic",
        Protocol::RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER => "consumer",
        _ => "unknown",
    }
}
