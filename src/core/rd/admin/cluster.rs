//! The cluster itself.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;

use super::{Op, Refusal, array, ask, optional_text, text_of};
use crate::core::rd::Handle;

/// A broker of the cluster.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Its number.
    pub id: i32,
    /// Where it says that it can be reached.
    pub host: String,
    /// As above.
    pub port: u16,
    /// Where it stands, if it was told.
    pub rack: Option<String>,
}

/// A cluster as it describes itself.
#[derive(Clone, Debug)]
pub struct ClusterDescription {
    /// What no other cluster has.
    pub id: Option<String>,
    /// The number of the broker that requests about topics go to.
    pub controller: Option<i32>,
    /// Those that are up.
    pub brokers: Vec<Broker>,
}

/// Asks for the cluster's description.
pub fn describe_cluster(handle: &Arc<Handle>, timeout: Duration) -> Result<ClusterDescription, Refusal> {
    let op = Op::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: plain call.
        unsafe { sys::rd_kafka_DescribeCluster(rk, options, queue) }
    })?;
    // SAFETY: the result lives as long as the event, and what it has with it.
    Ok(unsafe {
        let result = sys::rd_kafka_event_DescribeCluster_result(answer.ptr());
        ClusterDescription {
            id: optional_text(sys::rd_kafka_DescribeCluster_result_cluster_id(result)),
            controller: broker_of(sys::rd_kafka_DescribeCluster_result_controller(result))
                .map(|broker| broker.id),
            brokers: array(|count| sys::rd_kafka_DescribeCluster_result_nodes(result, count))
                .iter()
                .filter_map(|node| broker_of(*node))
                .collect(),
        }
    })
}

/// # Safety
/// `node` must be null or live.
pub(super) unsafe fn broker_of(node: *const sys::rd_kafka_Node_t) -> Option<Broker> {
    if node.is_null() {
        return None;
    }
    // SAFETY: texts live as long as the node.
    unsafe {
        Some(Broker {
            id: sys::rd_kafka_Node_id(node),
            host: text_of(sys::rd_kafka_Node_host(node)),
            port: sys::rd_kafka_Node_port(node),
            rack: optional_text(sys::rd_kafka_Node_rack(node)),
        })
    }
}
