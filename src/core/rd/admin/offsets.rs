//! Offsets of logs.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;

use super::{Op, Refusal, array, ask};
use crate::core::rd::{Handle, PartitionOffset, Partitions, partitions};

/// The offset of the first record at or after the time that stands in the place of each offset, -1 where there is none;
/// `OFFSET_BEGINNING` and `OFFSET_END` are times too. Records of transactions that are open count.
pub fn list_offsets(
    handle: &Arc<Handle>,
    times: &Partitions,
    timeout: Duration,
) -> Result<Vec<PartitionOffset>, Refusal> {
    let op = Op::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    let answer = ask(handle, op, timeout, |rk, options, queue| {
        // SAFETY: librdkafka copies the list.
        unsafe { sys::rd_kafka_ListOffsets(rk, times.ptr(), options, queue) }
    })?;
    // SAFETY: the result lives as long as the event, and its entries with it.
    Ok(unsafe {
        let result = sys::rd_kafka_event_ListOffsets_result(answer.ptr());
        array(|count| sys::rd_kafka_ListOffsets_result_infos(result, count))
            .iter()
            .map(|info| partitions::read_one(sys::rd_kafka_ListOffsetsResultInfo_topic_partition(*info)))
            .collect()
    })
}
