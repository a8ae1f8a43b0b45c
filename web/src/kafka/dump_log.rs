//! `kafka-dump-log.sh --print-data-log` (`DumpLogSegments`).

use super::offsets_topic::NOON;
use highwater_engine::storage::format::checked_size;
use highwater_engine::storage::{RecordBatch, RecordBody, Segment};
use std::fmt::Write as _;

/// The directory of a broker's logs in the outputs.
pub const LOG_DIR: &str = "/var/lib/kafka/data";

/// The path of one of a segment's files.
pub fn segment_path(directory: &str, segment: &Segment) -> String {
    format!("{LOG_DIR}/{directory}/{}", Segment::file_name(segment.base_offset(), ".log"))
}

/// What the tool prints of one segment's file; of a long one the last `most` batches.
pub fn dump_log(directory: &str, segment: &Segment, most: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "Dumping {}", segment_path(directory, segment));
    let _ = writeln!(out, "Log starting offset: {}", segment.base_offset());
    let skipped = segment.batches().count().saturating_sub(most);
    let mut position = 0;
    for (index, batch) in segment.batches().enumerate() {
        if index >= skipped {
            dump_batch(&mut out, batch, position);
        }
        position += u64::from(batch.size_in_bytes);
    }
    out
}

fn dump_batch(out: &mut String, batch: &RecordBatch, position: u64) {
    let wire = batch.wire();
    let bytes = batch.bytes();
    let crc = bytes.get(17..21).map_or(0, |crc| crc.iter().fold(0u32, |crc, byte| crc << 8 | u32::from(*byte)));
    let is_valid = checked_size(&bytes).is_ok();
    let time = if wire.attributes.log_append_time() { "LogAppendTime" } else { "CreateTime" };
    let stamp = |at: i64| NOON as i64 + at;
    let last_sequence = match batch.producer {
        Some(stamp) => stamp.last_sequence(batch.last_offset_delta() as usize + 1),
        None => -1,
    };
    let horizon = match wire.attributes.delete_horizon() {
        true => format!("OptionalLong[{}]", stamp(wire.base_timestamp)),
        false => "OptionalLong.empty".to_owned(),
    };
    let _ = writeln!(
        out,
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {last_sequence} producerId: {} \
         producerEpoch: {} partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: {horizon} \
         position: {position} {time}: {} size: {} magic: 2 compresscodec: {} crc: {crc} isvalid: {is_valid}",
        batch.base_offset,
        batch.last_offset(),
        batch.records.len(),
        wire.base_sequence,
        wire.producer_id,
        wire.producer_epoch,
        batch.leader_epoch,
        batch.transactional,
        batch.is_control(),
        stamp(wire.max_timestamp),
        batch.size_in_bytes,
        batch.codec().name(),
    );
    for (index, (offset, record)) in batch.iter().enumerate() {
        let Some(data) = wire.records.get(index) else { continue };
        let size = |part: &Option<Vec<u8>>| part.as_ref().map_or(-1, |part| part.len() as i64);
        let sequence = match batch.producer {
            Some(stamp) if stamp.base_sequence >= 0 => {
                stamp.last_sequence(offset.since(batch.base_offset) as usize + 1)
            }
            _ => -1,
        };
        let _ = write!(
            out,
            "| offset: {offset} {time}: {} keySize: {} valueSize: {} sequence: {sequence} headerKeys: []",
            stamp(batch.timestamp_of(record)),
            size(&data.key),
            size(&data.value),
        );
        if let RecordBody::Control(marker) = &record.body {
            let kind = if marker.committed { "COMMIT" } else { "ABORT" };
            let _ = write!(out, " endTxnMarker: {kind} coordinatorEpoch: {}", marker.coordinator_epoch);
        } else {
            let text = |part: &[u8]| String::from_utf8_lossy(part).trim_end_matches('.').to_owned();
            if let (Some(key), RecordBody::User { .. } | RecordBody::Tombstone { .. }) = (&data.key, &record.body) {
                let _ = write!(out, " key: {}", text(key));
            }
            if let (Some(value), RecordBody::User { .. }) = (&data.value, &record.body) {
                let _ = write!(out, " payload: {}", text(value));
            }
        }
        out.push('\n');
    }
}
