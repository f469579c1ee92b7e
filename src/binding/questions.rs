//! What is asked of a consumer, and the answers, as objects.

use std::collections::HashMap;
use std::time::Duration;

use napi_derive::napi;

use crate::core::admin::{NewTopic, TopicSize};
use crate::core::consumer::{
    Limits, Ordering, ReadingRange, ReadingSpec, SeekPlace, SeekTarget, SubscriptionSpec,
};

/// A partition that is to go on somewhere else.
#[napi(object)]
pub struct NativeSeekPlace {
    pub slot: u32,
    pub topic: String,
    pub partition: i32,
}

impl From<NativeSeekPlace> for SeekPlace {
    fn from(native: NativeSeekPlace) -> Self {
        Self {
            slot: native.slot,
            topic: native.topic,
            partition: native.partition,
        }
    }
}

/// Where partitions go on: at an offset, at a time in milliseconds, at or near the beginning or the end.
#[napi(object)]
pub struct NativeSeekTarget {
    #[napi(ts_type = "'offset' | 'timestamp' | 'beginning' | 'end' | 'beforeEnd' | 'afterBeginning'")]
    pub kind: String,
    /// The offset, the time, or how many offsets.
    pub value: i64,
}

impl From<NativeSeekTarget> for SeekTarget {
    fn from(native: NativeSeekTarget) -> Self {
        match native.kind.as_str() {
            "offset" => Self::Offset(native.value),
            "timestamp" => Self::Timestamp(native.value),
            "beginning" => Self::Beginning,
            "beforeEnd" => Self::BeforeEnd(native.value),
            "afterBeginning" => Self::AfterBeginning(native.value),
            _ => Self::End,
        }
    }
}

/// A subscription as it is asked for.
#[napi(object)]
pub struct NativeSubscription {
    pub id: u32,
    pub topics: Vec<String>,
    pub from_beginning: bool,
    #[napi(ts_type = "'key' | 'partition' | 'none'")]
    pub ordering: String,
    pub batch_records: u32,
    pub batch_bytes: u32,
    pub batch_wait_ms: u32,
    pub out_records: u32,
    pub out_bytes: u32,
    pub held_records: u32,
    pub held_bytes: u32,
}

impl From<NativeSubscription> for SubscriptionSpec {
    fn from(native: NativeSubscription) -> Self {
        Self {
            id: native.id,
            topics: native.topics,
            from_beginning: native.from_beginning,
            ordering: match native.ordering.as_str() {
                "none" => Ordering::None,
                "partition" => Ordering::Partition,
                _ => Ordering::Key,
            },
            limits: Limits {
                batch_records: native.batch_records as usize,
                batch_bytes: native.batch_bytes as usize,
                batch_wait: Duration::from_millis(native.batch_wait_ms.into()),
                out_records: native.out_records as usize,
                out_bytes: native.out_bytes as usize,
                held_records: native.held_records as usize,
                held_bytes: native.held_bytes as usize,
            },
        }
    }
}

/// What is to be read without a group.
#[napi(object)]
pub struct NativeReading {
    pub topic: String,
    /// Default: all, those that are added later included.
    pub partitions: Option<Vec<i32>>,
    pub from: NativeSeekTarget,
    /// Default: it goes on for ever.
    pub to: Option<NativeSeekTarget>,
    /// The topic was created just now.
    pub is_new: bool,
}

impl From<NativeReading> for ReadingSpec {
    fn from(native: NativeReading) -> Self {
        Self {
            topic: native.topic,
            partitions: native.partitions,
            from: native.from.into(),
            to: native.to.map(SeekTarget::from),
            is_new: native.is_new,
        }
    }
}

/// A partition as it is read: from an offset, and to before another.
#[napi(object)]
pub struct NativeRange {
    pub partition: i32,
    pub start: i64,
    pub end: Option<i64>,
}

impl From<ReadingRange> for NativeRange {
    fn from(range: ReadingRange) -> Self {
        Self {
            partition: range.partition,
            start: range.start,
            end: range.end,
        }
    }
}

/// A topic and how many partitions it has.
#[napi(object)]
pub struct NativeTopic {
    pub topic: String,
    pub partitions: i32,
}

impl From<TopicSize> for NativeTopic {
    fn from(TopicSize { topic, partitions }: TopicSize) -> Self {
        Self { topic, partitions }
    }
}

/// A topic to create. Numbers that are left out are the broker's own.
#[napi(object)]
pub struct NativeNewTopic {
    pub topic: String,
    pub partitions: Option<i32>,
    pub replication_factor: Option<i32>,
    /// Its settings, such as `cleanup.policy`.
    pub config: HashMap<String, String>,
}

impl From<NativeNewTopic> for NewTopic {
    fn from(native: NativeNewTopic) -> Self {
        Self {
            topic: native.topic,
            partitions: native.partitions,
            replication_factor: native.replication_factor,
            config: native.config.into_iter().collect(),
        }
    }
}
