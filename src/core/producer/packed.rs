//! The form in which records come down from JavaScript: one arena of bytes and a row of five
//! numbers for each record. `lib/producer/packer.ts` is the other side.

use crate::core::error::{CoreError, ErrorCode, Result};

/// Numbers in a record's row: topic index, partition, key, value and headers length.
pub const ROW: usize = 5;

/// A record as it lies in the arena.
pub struct PackedRecord<'a> {
    /// Index into the producer's topics.
    pub topic: usize,
    /// -1 lets the partitioner choose.
    pub partition: i32,
    /// `None` is a null key.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Packed headers; empty for none.
    pub headers: &'a [u8],
    /// Milliseconds since the epoch, 0 for now.
    pub timestamp: i64,
}

/// Several records packed for one call.
#[derive(Clone, Copy)]
pub struct PackedRecords<'a> {
    /// Keys, values and headers, one after the other.
    pub arena: &'a [u8],
    /// [`ROW`] numbers a record.
    pub rows: &'a [i32],
    /// One timestamp a record, or empty when none has its own.
    pub timestamps: &'a [f64],
}

impl<'a> PackedRecords<'a> {
    /// How many records.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len() / ROW
    }

    /// The records in order; an error if the numbers do not fit the arena.
    pub fn unpack(&self) -> Result<Vec<PackedRecord<'a>>> {
        let mut at = 0usize;
        let mut take = |length: i32| -> Result<Option<&'a [u8]>> {
            let Ok(length) = usize::try_from(length) else {
                return Ok(None);
            };
            let end = at.saturating_add(length);
            let bytes = self.arena.get(at..end).ok_or_else(misfit)?;
            at = end;
            Ok(Some(bytes))
        };
        self.rows
            .chunks_exact(ROW)
            .enumerate()
            .map(|(index, row)| {
                #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds")]
                let timestamp = self.timestamps.get(index).map_or(0, |t| *t as i64);
                Ok(PackedRecord {
                    topic: usize::try_from(row[0]).map_err(|_| misfit())?,
                    partition: row[1],
                    key: take(row[2])?,
                    value: take(row[3])?,
                    headers: take(row[4])?.unwrap_or_default(),
                    timestamp,
                })
            })
            .collect()
    }
}

/// A header's name and value.
pub type Header<'a> = (&'a [u8], Option<&'a [u8]>);

/// The headers of a record: for each a u32 name length, an i32 value length (-1 is null), name, value.
pub fn unpack_headers(mut packed: &[u8]) -> Result<Vec<Header<'_>>> {
    let mut headers = Vec::new();
    while !packed.is_empty() {
        let (lengths, rest) = packed.split_at_checked(8).ok_or_else(misfit)?;
        let number = |at: usize| {
            let mut bytes = [0u8; 4];
            bytes.copy_from_slice(&lengths[at..at + 4]);
            i32::from_le_bytes(bytes)
        };
        let name_length = usize::try_from(number(0)).map_err(|_| misfit())?;
        let (name, rest) = rest.split_at_checked(name_length).ok_or_else(misfit)?;
        let (value, rest) = match usize::try_from(number(4)) {
            Err(_) => (None, rest),
            Ok(length) => {
                let (value, rest) = rest.split_at_checked(length).ok_or_else(misfit)?;
                (Some(value), rest)
            }
        };
        headers.push((name, value));
        packed = rest;
    }
    Ok(headers)
}

fn misfit() -> CoreError {
    CoreError::new(
        ErrorCode::Internal,
        "packed records do not fit their lengths; please report this as a bug of narad",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_empty_stay_apart_when_unpacked() {
        let packed = PackedRecords {
            arena: b"kv",
            rows: &[0, -1, 1, 1, 0, 1, 2, -1, -1, 0, 0, -1, 0, 0, 0],
            timestamps: &[],
        };
        let records = packed.unpack().unwrap();
        assert_eq!(records[0].key, Some(&b"k"[..]));
        assert_eq!(records[0].value, Some(&b"v"[..]));
        assert_eq!((records[1].key, records[1].value), (None, None));
        assert_eq!(
            (records[2].key, records[2].value),
            (Some(&b""[..]), Some(&b""[..]))
        );
        assert_eq!((records[1].topic, records[1].partition), (1, 2));
    }

    #[test]
    fn lengths_beyond_the_arena_are_an_error() {
        let packed = PackedRecords {
            arena: b"k",
            rows: &[0, -1, 1, 9, 0],
            timestamps: &[],
        };
        assert!(packed.unpack().is_err());
    }

    #[test]
    fn headers_keep_order_repetition_and_null() {
        let mut bytes = Vec::new();
        for (name, value) in [("a", Some("1")), ("a", None), ("b", Some(""))] {
            bytes.extend_from_slice(&1u32.to_le_bytes());
            let length = value.map_or(-1, |v: &str| i32::try_from(v.len()).unwrap());
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
        }
        let headers = unpack_headers(&bytes).unwrap();
        assert_eq!(
            headers,
            vec![(&b"a"[..], Some(&b"1"[..])), (b"a", None), (b"b", Some(b""))]
        );
        assert!(unpack_headers(&bytes[..9]).is_err());
    }
}
