//! The suites about bytes: integers, checksums, batches, indexes.

use super::{Outcome, bytes_of, cases, hex_of};
use crate::ids::Offset;
use crate::storage::format::{
    Attributes, CRC_FROM, DecodeError, OffsetIndex, SegmentIndexes, WireBatch, WireRecord, crc32c, put_unsigned,
    put_varint, put_varlong, take_unsigned, take_varint, take_varlong,
};
use serde_json::Value;

/// What is wrong with a case, if anything; reading a malformed case is a failure too.
type Verdict = Result<(), String>;

fn judge_each(json: &Value, outcome: &mut Outcome, check: fn(&Value) -> Verdict) {
    for case in cases(json) {
        outcome.judge(case["id"].as_str().unwrap_or("unnamed"), check(case).err());
    }
}

fn int<T: TryFrom<i64>>(value: &Value, field: &str) -> Result<T, String> {
    let number = value[field].as_i64().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("{field} is not a number that fits: {}", value[field]))
}

fn hex(value: &Value) -> Result<Vec<u8>, String> {
    value.as_str().and_then(bytes_of).ok_or_else(|| format!("not hexadecimal: {value}"))
}

fn nullable_hex(value: &Value) -> Result<Option<Vec<u8>>, String> {
    if value.is_null() { Ok(None) } else { hex(value).map(Some) }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Verdict {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?}, expected {expected:?}")) }
}

pub(super) fn run_varint(json: &Value, outcome: &mut Outcome) {
    judge_each(json, outcome, |case| {
        let value: i64 = case["value"].as_str().and_then(|text| text.parse().ok()).ok_or("value is not a number")?;
        let expected = hex(&case["expect_hex"])?;
        let mut encoded = Vec::new();
        let mut rest = expected.as_slice();
        let decoded = match case["kind"].as_str() {
            Some("zigzag_i32") => {
                put_varint(&mut encoded, i32::try_from(value).map_err(|error| error.to_string())?);
                take_varint(&mut rest).map(i64::from)
            }
            Some("zigzag_i64") => {
                put_varlong(&mut encoded, value);
                take_varlong(&mut rest)
            }
            Some("unsigned_u32") => {
                put_unsigned(&mut encoded, u32::try_from(value).map_err(|error| error.to_string())?);
                take_unsigned(&mut rest).map(i64::from)
            }
            other => return Err(format!("unknown kind {other:?}")),
        };
        same("encoded", hex_of(&encoded), hex_of(&expected))?;
        same("decoded", decoded, Ok(value))?;
        same("bytes left over", rest.len(), 0)
    });
}

pub(super) fn run_crc32c(json: &Value, outcome: &mut Outcome) {
    judge_each(json, outcome, |case| {
        let crc = crc32c(&hex(&case["input_hex"])?);
        same("crc", crc, int(case, "expect")?)?;
        same("crc", hex_of(&crc.to_be_bytes()).as_str(), case["expect_hex"].as_str().unwrap_or_default())
    });
}

fn batch_of(case: &Value) -> Result<WireBatch, String> {
    let header = &case["header"];
    let base_timestamp: i64 = int(header, "base_timestamp")?;
    let mut records = Vec::new();
    for record in case["records"].as_array().ok_or("no records")? {
        let mut headers = Vec::new();
        for header in record["headers"].as_array().into_iter().flatten() {
            let key = header["key"].as_str().ok_or("a header without a key")?.to_owned();
            headers.push((key, nullable_hex(&header["value_hex"])?));
        }
        records.push(WireRecord {
            timestamp_delta: int::<i64>(record, "timestamp")?.wrapping_sub(base_timestamp),
            offset_delta: int(record, "offset_delta")?,
            key: nullable_hex(&record["key_hex"])?,
            value: nullable_hex(&record["value_hex"])?,
            headers,
        });
    }
    Ok(WireBatch {
        base_offset: int(header, "base_offset")?,
        partition_leader_epoch: int(header, "partition_leader_epoch")?,
        attributes: Attributes(int(header, "attributes")?),
        last_offset_delta: int(header, "last_offset_delta")?,
        base_timestamp,
        max_timestamp: int(header, "max_timestamp")?,
        producer_id: int(header, "producer_id")?,
        producer_epoch: int(header, "producer_epoch")?,
        base_sequence: int(header, "base_sequence")?,
        records,
    })
}

pub(super) fn run_record_batch(json: &Value, outcome: &mut Outcome) {
    judge_each(json, outcome, |case| {
        let batch = batch_of(case)?;
        let expect = &case["expect"];
        let bytes = hex(&expect["bytes_hex"])?;
        let encoded = batch.encode();
        same("bytes", hex_of(&encoded), hex_of(&bytes))?;
        same("size_in_bytes", encoded.len() as i64, int(expect, "size_in_bytes")?)?;
        same("batch_length", encoded.len() as i64 - 12, int(expect, "batch_length")?)?;
        same("crc32c", crc32c(&encoded[CRC_FROM..]), int(expect, "crc32c")?)?;
        let sizes = batch.records.iter().filter(|record| record.headers.is_empty()).map(|record| {
            let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| bytes.len() as u32);
            let mut alone = Vec::new();
            record.encode(&mut alone);
            let computed = WireRecord::size_of(
                record.timestamp_delta,
                record.offset_delta,
                length(&record.key),
                length(&record.value),
            );
            (computed, alone.len() as u32)
        });
        for (computed, real) in sizes {
            same("computed size of a record", computed, real)?;
        }
        let (decoded, taken) = WireBatch::decode(&bytes).map_err(|error| error.to_string())?;
        same("decoded", &decoded, &batch)?;
        same("bytes taken", taken, bytes.len())?;
        for (record, wire) in case["records"].as_array().into_iter().flatten().zip(&decoded.records) {
            let own: i64 = int(record, "timestamp")?;
            let seen = if batch.attributes.log_append_time() { batch.max_timestamp } else { own };
            same("timestamp", decoded.timestamp_of(wire), seen)?;
        }
        damage(&bytes)
    });
}

/// Every flipped bit from byte 21 on must be caught; what a leader stamps before it must not matter.
fn damage(bytes: &[u8]) -> Verdict {
    let mut bytes = bytes.to_vec();
    for bit in 0..bytes.len() * 8 {
        let byte = bit / 8;
        bytes[byte] ^= 1 << (bit % 8);
        let decoded = WireBatch::decode(&bytes);
        match byte {
            0..8 | 12..16 if decoded.is_err() => {
                return Err(format!("a change of byte {byte} was refused: {decoded:?}"));
            }
            CRC_FROM.. if !matches!(decoded, Err(DecodeError::CrcMismatch { .. })) => {
                return Err(format!("a flipped bit of byte {byte} was not caught by the checksum"));
            }
            _ => {}
        }
        bytes[byte] ^= 1 << (bit % 8);
    }
    Ok(())
}

pub(super) fn run_offset_index(json: &Value, outcome: &mut Outcome) {
    judge_each(json, outcome, |case| {
        let base: i64 = int(case, "base_offset")?;
        let mut index = OffsetIndex::default();
        if let Some(appends) = case["appends"].as_array() {
            let mut indexes = SegmentIndexes::default();
            let (mut next, mut position) = (0u32, 0u32);
            for append in appends {
                next += int::<u32>(append, "record_count")?;
                let size: u32 = int(append, "size_in_bytes")?;
                indexes.note(next.saturating_sub(1), 0, position, size, int(case, "index_interval_bytes")?);
                position += size;
            }
            index = indexes.offsets;
            let entries = case["expect_entries"].as_array().ok_or("no expect_entries")?;
            same("number of entries", index.entries().len(), entries.len())?;
            for (found, expected) in index.entries().iter().zip(entries) {
                same("offset", base + i64::from(found.relative_offset), int(expected, "offset")?)?;
                same("position", i64::from(found.position), int(expected, "position")?)?;
            }
        }
        for entry in case["entries"].as_array().into_iter().flatten() {
            let relative = int::<i64>(entry, "offset")? - base;
            let relative = u32::try_from(relative).map_err(|error| error.to_string())?;
            if !index.append(relative, int(entry, "position")?) {
                return Err(format!("entry {entry} does not lie behind the one before"));
            }
        }
        if let Some(expected) = case.get("expect_bytes_hex") {
            same("bytes", hex_of(&index.encode()).as_str(), expected.as_str().unwrap_or_default())?;
        }
        same("decoded", &OffsetIndex::decode(&index.encode()), &index)?;
        for lookup in case["lookups"].as_array().into_iter().flatten() {
            let target = Offset(int(lookup, "target_offset")?);
            let (offset, position) = index.position_of(Offset(base), target);
            same("offset", offset.0, int(lookup, "expect_offset")?)?;
            same("position", i64::from(position), int(lookup, "expect_position")?)?;
        }
        Ok(())
    });
}
