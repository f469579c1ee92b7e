//! Settings of topics.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;
use sys::rd_kafka_AlterConfigOpType_t as Change;
use sys::rd_kafka_ConfigSource_t as Source;

use super::{Op, Outcome, Refusal, array, ask, c_string, optional_text, text_of};
use crate::core::rd::{Handle, take_error};

const TOPIC: sys::rd_kafka_ResourceType_t = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;

/// A setting in force.
#[derive(Clone, Debug)]
pub struct ConfigEntry {
    /// Such as `retention.ms`.
    pub name: String,
    /// `None` where it is not told, because it is a secret.
    pub value: Option<String>,
    /// Who set it: `topic`, `broker`, `cluster`, `file` or `default`.
    pub source: &'static str,
    /// Cannot be changed.
    pub is_read_only: bool,
    /// Its value is never told.
    pub is_sensitive: bool,
}

/// Asks for the settings of a topic.
pub fn topic_configs(
    handle: &Arc<Handle>,
    topic: &str,
    timeout: Duration,
) -> Result<Vec<ConfigEntry>, Refusal> {
    let name = c_string(topic, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)?;
    let op = Op::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies name and resource, which is released here.
        unsafe {
            let mut resource = sys::rd_kafka_ConfigResource_new(TOPIC, name.as_ptr());
            sys::rd_kafka_DescribeConfigs(rk, &raw mut resource, 1, options, queue);
            sys::rd_kafka_ConfigResource_destroy(resource);
        }
    })?;
    // SAFETY: the result lives as long as the event, and its entries with it.
    unsafe {
        let result = sys::rd_kafka_event_DescribeConfigs_result(answer.ptr());
        let resources = array(|count| sys::rd_kafka_DescribeConfigs_result_resources(result, count));
        resources.first().map_or(Ok(Vec::new()), |resource| {
            refusal(*resource).map_or_else(|| Ok(entries(*resource)), Err)
        })
    }
}

/// Sets some settings of a topic, or with `None` takes them back to their defaults, and leaves the others as they are.
pub fn alter_topic_configs(
    handle: &Arc<Handle>,
    topic: &str,
    changes: &[(String, Option<String>)],
    timeout: Duration,
) -> Result<Vec<Outcome>, Refusal> {
    let invalid = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_CONFIG;
    let topic = c_string(topic, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)?;
    let changes = changes
        .iter()
        .map(|(name, value)| {
            let value = value
                .as_deref()
                .map(|value| c_string(value, invalid))
                .transpose()?;
            Ok((c_string(name, invalid)?, value))
        })
        .collect::<Result<Vec<_>, Refusal>>()?;
    // SAFETY: librdkafka copies names and values; the resource is released below.
    let mut resource = unsafe {
        let resource = sys::rd_kafka_ConfigResource_new(TOPIC, topic.as_ptr());
        for (name, value) in &changes {
            let (change, value) = value.as_ref().map_or(
                (Change::RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, std::ptr::null()),
                |value| (Change::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.as_ptr()),
            );
            let refused =
                sys::rd_kafka_ConfigResource_add_incremental_config(resource, name.as_ptr(), change, value);
            if let Some((cause, text)) = take_error(refused) {
                sys::rd_kafka_ConfigResource_destroy(resource);
                return Err(Refusal { cause, text });
            }
        }
        resource
    };
    let op = Op::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies the resource, which is released here.
        unsafe {
            sys::rd_kafka_IncrementalAlterConfigs(rk, &raw mut resource, 1, options, queue);
            sys::rd_kafka_ConfigResource_destroy(resource);
        }
    })?;
    // SAFETY: the result lives as long as the event, and its entries with it.
    Ok(unsafe {
        let result = sys::rd_kafka_event_IncrementalAlterConfigs_result(answer.ptr());
        array(|count| sys::rd_kafka_IncrementalAlterConfigs_result_resources(result, count))
            .iter()
            .map(|resource| Outcome {
                name: text_of(sys::rd_kafka_ConfigResource_name(*resource)),
                refusal: refusal(*resource),
            })
            .collect()
    })
}

/// # Safety
/// `resource` must be live.
unsafe fn refusal(resource: *const sys::rd_kafka_ConfigResource_t) -> Option<Refusal> {
    // SAFETY: plain getters; the text lives as long as the resource.
    unsafe {
        Refusal::with_text(
            sys::rd_kafka_ConfigResource_error(resource),
            sys::rd_kafka_ConfigResource_error_string(resource),
        )
    }
}

/// # Safety
/// `resource` must be live.
unsafe fn entries(resource: *const sys::rd_kafka_ConfigResource_t) -> Vec<ConfigEntry> {
    // SAFETY: entries and their texts live as long as the resource.
    unsafe {
        array(|count| sys::rd_kafka_ConfigResource_configs(resource, count))
            .iter()
            .map(|entry| ConfigEntry {
                name: text_of(sys::rd_kafka_ConfigEntry_name(*entry)),
                value: optional_text(sys::rd_kafka_ConfigEntry_value(*entry)),
                source: source_name(sys::rd_kafka_ConfigEntry_source(*entry)),
                is_read_only: sys::rd_kafka_ConfigEntry_is_read_only(*entry) == 1,
                is_sensitive: sys::rd_kafka_ConfigEntry_is_sensitive(*entry) == 1,
            })
            .collect()
    }
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG => "topic",
        Source::RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG => "broker",
        Source::RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG => "cluster",
        Source::RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG => "file",
        _ => "default",
    }
}
