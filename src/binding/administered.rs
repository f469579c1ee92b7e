//! What the cluster says of topics, groups and itself, as objects.

use napi_derive::napi;

use super::error::NativeError;
use crate::core::admin::{
    Broker, ClusterDescription, ConfigEntry, GroupDescription, GroupListing, GroupMember,
    PartitionDescription, Position, TopicInfo,
};

/// A place in a partition. In questions the offset may be -2, the beginning, -1, the end, or a time in milliseconds.
#[napi(object)]
pub struct NativePosition {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    /// In answers: why the offset says nothing.
    pub error: Option<NativeError>,
}

impl From<Position> for NativePosition {
    fn from(position: Position) -> Self {
        Self {
            topic: position.topic,
            partition: position.partition,
            offset: position.offset,
            error: position.error.map(NativeError::from),
        }
    }
}

impl From<NativePosition> for Position {
    fn from(native: NativePosition) -> Self {
        Self {
            topic: native.topic,
            partition: native.partition,
            offset: native.offset,
            error: None,
        }
    }
}

/// A partition; brokers are numbers, and a leader of -1 is none.
#[napi(object)]
pub struct NativePartitionInfo {
    pub partition: i32,
    pub leader: i32,
    pub replicas: Vec<i32>,
    pub in_sync: Vec<i32>,
}

impl From<PartitionDescription> for NativePartitionInfo {
    fn from(described: PartitionDescription) -> Self {
        Self {
            partition: described.partition,
            leader: described.leader,
            replicas: described.replicas,
            in_sync: described.in_sync,
        }
    }
}

/// A topic with its partitions.
#[napi(object)]
pub struct NativeTopicInfo {
    pub topic: String,
    pub id: Option<String>,
    pub partitions: Vec<NativePartitionInfo>,
    pub rights: Option<Vec<String>>,
}

impl From<TopicInfo> for NativeTopicInfo {
    fn from(info: TopicInfo) -> Self {
        Self {
            topic: info.topic,
            id: info.id,
            partitions: info.partitions.into_iter().map(Into::into).collect(),
            rights: info.operations.map(texts),
        }
    }
}

/// A setting of a topic.
#[napi(object)]
pub struct NativeConfigEntry {
    pub name: String,
    pub value: Option<String>,
    #[napi(ts_type = "'topic' | 'broker' | 'cluster' | 'file' | 'default'")]
    pub source: String,
    pub is_read_only: bool,
    pub is_sensitive: bool,
}

impl From<ConfigEntry> for NativeConfigEntry {
    fn from(entry: ConfigEntry) -> Self {
        Self {
            name: entry.name,
            value: entry.value,
            source: entry.source.to_owned(),
            is_read_only: entry.is_read_only,
            is_sensitive: entry.is_sensitive,
        }
    }
}

/// A change of a setting; without a value it goes back to its default.
#[napi(object)]
pub struct NativeConfigChange {
    pub name: String,
    pub value: Option<String>,
}

/// A broker of the cluster.
#[napi(object)]
pub struct NativeBrokerInfo {
    pub id: i32,
    pub host: String,
    pub port: u32,
    pub rack: Option<String>,
}

impl From<Broker> for NativeBrokerInfo {
    fn from(broker: Broker) -> Self {
        Self {
            id: broker.id,
            host: broker.host,
            port: broker.port.into(),
            rack: broker.rack,
        }
    }
}

/// The cluster.
#[napi(object)]
pub struct NativeClusterInfo {
    pub id: Option<String>,
    pub controller: Option<i32>,
    pub brokers: Vec<NativeBrokerInfo>,
}

impl From<ClusterDescription> for NativeClusterInfo {
    fn from(cluster: ClusterDescription) -> Self {
        Self {
            id: cluster.id,
            controller: cluster.controller,
            brokers: cluster.brokers.into_iter().map(Into::into).collect(),
        }
    }
}

/// A group of a list.
#[napi(object)]
pub struct NativeGroupListing {
    pub group: String,
    pub state: String,
    pub protocol: String,
}

impl From<GroupListing> for NativeGroupListing {
    fn from(listing: GroupListing) -> Self {
        Self {
            group: listing.group,
            state: listing.state.to_owned(),
            protocol: listing.protocol.to_owned(),
        }
    }
}

/// A group with its members.
#[napi(object)]
pub struct NativeGroupInfo {
    pub group: String,
    pub state: String,
    pub protocol: String,
    pub assignor: String,
    pub coordinator: Option<NativeBrokerInfo>,
    pub members: Vec<NativeMemberInfo>,
    pub rights: Option<Vec<String>>,
}

fn texts(names: Vec<&'static str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

impl From<GroupDescription> for NativeGroupInfo {
    fn from(group: GroupDescription) -> Self {
        Self {
            group: group.group,
            state: group.state.to_owned(),
            protocol: group.protocol.to_owned(),
            assignor: group.assignor,
            coordinator: group.coordinator.map(Into::into),
            members: group.members.into_iter().map(Into::into).collect(),
            rights: group.operations.map(texts),
        }
    }
}

/// A member of a group.
#[napi(object)]
pub struct NativeMemberInfo {
    pub id: String,
    pub instance_id: Option<String>,
    pub client_id: String,
    pub host: String,
    pub partitions: Vec<NativePlace>,
}

impl From<GroupMember> for NativeMemberInfo {
    fn from(member: GroupMember) -> Self {
        let partitions = member.partitions.into_iter();
        Self {
            id: member.id,
            instance_id: member.instance_id,
            client_id: member.client_id,
            host: member.host,
            partitions: partitions
                .map(|entry| NativePlace {
                    topic: entry.topic,
                    partition: entry.partition,
                })
                .collect(),
        }
    }
}

/// A partition of a topic.
#[napi(object)]
pub struct NativePlace {
    pub topic: String,
    pub partition: i32,
}
