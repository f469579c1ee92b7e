//! A batch as it crosses to JavaScript: one block of memory. `lib/consumer/batch.ts` reads it.
//!
//! ```text
//! offsets    f64 × n
//! timestamps f64 × n        milliseconds, -1 when the record has none
//! rows       i32 × 6 × n    slot, lane (-1 for none), start in the bytes, key, value, headers length
//! bytes                     for each record: key, value, headers (packed as for sending)
//! ```

use super::lanes::{Lanes, NO_LANE};
use crate::core::rd::Message;

const ROW: usize = 6;
const FIXED: usize = 16 + ROW * 4;

/// Records on their way to a handler.
#[derive(Debug)]
pub struct Batch {
    /// Whose handler.
    pub subscription: u32,
    /// The number to report it back with.
    pub id: u32,
    /// How many records.
    pub records: usize,
    /// The block described above.
    pub block: Vec<u8>,
}

/// Where a record of a batch belongs when it comes back.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    /// The partition's slot.
    pub slot: u32,
    /// The record's lane.
    pub lane: u32,
    /// Its number in the partition's watermark.
    pub sequence: u64,
    /// What it counts towards the bytes that are out.
    pub bytes: u32,
}

/// Bytes that a record takes in a block, headers aside.
pub fn size_of(message: &Message) -> usize {
    FIXED + message.key().map_or(0, <[u8]>::len) + message.value().map_or(0, <[u8]>::len)
}

/// A record that goes over.
pub struct Leaving {
    /// The partition's slot.
    pub slot: u32,
    /// Its number in the partition's watermark.
    pub sequence: u64,
    /// The record itself.
    pub message: Message,
    /// How many of the packed headers are its own.
    pub header_bytes: usize,
}

/// Packs records with their headers, which lie in `headers` one after the other.
pub fn pack(records: &[Leaving], mut headers: &[u8], lanes: &mut Lanes) -> (Vec<u8>, Vec<Ticket>) {
    let count = records.len();
    let bytes: usize = records.iter().map(|record| size_of(&record.message)).sum();
    let mut block = Vec::with_capacity(bytes + headers.len());
    block.resize(count * FIXED, 0);
    let mut tickets = Vec::with_capacity(count);
    let start_of_bytes = count * FIXED;
    for (index, record) in records.iter().enumerate() {
        let &Leaving {
            slot,
            sequence,
            ref message,
            header_bytes,
        } = record;
        let key = message.key();
        let value = message.value();
        let lane = lanes.enter(slot, key);
        let start = block.len();
        block.extend_from_slice(key.unwrap_or_default());
        block.extend_from_slice(value.unwrap_or_default());
        let (own, others) = headers.split_at(header_bytes);
        block.extend_from_slice(own);
        headers = others;
        let row = [
            slot.cast_signed(),
            if lane == NO_LANE { -1 } else { lane.cast_signed() },
            number(start - start_of_bytes),
            key.map_or(-1, |key| number(key.len())),
            value.map_or(-1, |value| number(value.len())),
            number(header_bytes),
        ];
        #[expect(clippy::cast_precision_loss, reason = "JavaScript checks for safe integers")]
        {
            write(&mut block, index * 8, &(message.offset() as f64).to_ne_bytes());
            let at = (count + index) * 8;
            write(&mut block, at, &(message.timestamp() as f64).to_ne_bytes());
        }
        for (column, value) in row.iter().enumerate() {
            let at = count * 16 + (index * ROW + column) * 4;
            write(&mut block, at, &value.to_ne_bytes());
        }
        let bytes = u32::try_from(FIXED + block.len() - start).unwrap_or(u32::MAX);
        tickets.push(Ticket {
            slot,
            lane,
            sequence,
            bytes,
        });
    }
    (block, tickets)
}

fn write(block: &mut [u8], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// A block is bounded far below 2 GiB.
fn number(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

/// Packs the headers of a record behind those of others; gives how many bytes they are.
pub fn pack_headers(packed: &mut Vec<u8>, message: &Message) -> usize {
    let start = packed.len();
    message.for_each_header(|name, value| {
        packed.extend_from_slice(&number(name.len()).to_le_bytes());
        packed.extend_from_slice(&value.map_or(-1, |value| number(value.len())).to_le_bytes());
        packed.extend_from_slice(name);
        packed.extend_from_slice(value.unwrap_or_default());
    });
    packed.len() - start
}
