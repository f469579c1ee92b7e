//! The cluster itself.

use std::sync::Arc;
use std::time::Duration;

use super::failure::failure;
use crate::core::error::{Result, error_text};
use crate::core::rd::{self, Broker, ClusterDescription, Handle, Refusal};

/// Id, controller and brokers of the cluster. Blocks.
pub fn describe_cluster(handle: &Arc<Handle>, timeout: Duration) -> Result<ClusterDescription> {
    let failed = |refusal: Refusal| failure("the cluster cannot be described", "DESCRIBE", &refusal);
    if !handle.is_embedded() {
        return rd::describe_cluster(handle, timeout).map_err(failed);
    }
    // an embedded cluster names a controller that it does not have
    let metadata = handle.cluster_metadata(timeout).map_err(|cause| {
        failed(Refusal {
            cause,
            text: error_text(cause).to_owned(),
        })
    })?;
    let brokers = metadata.brokers.into_iter().map(|(id, host, port)| Broker {
        id,
        host,
        port: u16::try_from(port).unwrap_or(0),
        rack: None,
    });
    Ok(ClusterDescription {
        id: handle.cluster_id(),
        controller: None,
        brokers: brokers.collect(),
    })
}
