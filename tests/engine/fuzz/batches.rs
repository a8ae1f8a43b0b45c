//! Record batches as a broken disk or a hostile client brings them.

use super::{fuzz, odd_number, one_of};
use highwater_engine::rng::SimRng;
use highwater_engine::storage::format::{Attributes, CRC_FROM, WireBatch, WireRecord, crc32c, fields_of};

fn bytes(rng: &mut SimRng) -> Option<Vec<u8>> {
    let size = [0, 1, 7, 100][rng.below(4) as usize];
    (rng.below(5) > 0).then(|| (0..rng.below(size + 1)).map(|_| rng.below(256) as u8).collect())
}

fn valid(rng: &mut SimRng) -> WireBatch {
    let count = rng.below(8) as i32;
    let record = |offset_delta| WireRecord {
        timestamp_delta: rng.below(5_000) as i64,
        offset_delta,
        key: bytes(rng),
        value: bytes(rng),
        headers: (0..rng.below(3)).map(|n| (format!("h{n}"), bytes(rng))).collect(),
    };
    let records: Vec<WireRecord> = (0..count).map(record).collect();
    WireBatch {
        base_offset: rng.below(1 << 40) as i64,
        partition_leader_epoch: rng.below(9) as i32,
        attributes: Attributes(*one_of(rng, &[0i16, 1, 2, 3, 4, 0x10, 0x21, 0x34, 8])),
        last_offset_delta: (count - 1).max(0),
        base_timestamp: rng.below(1 << 41) as i64,
        max_timestamp: rng.below(1 << 41) as i64,
        producer_id: rng.below(100) as i64 - 1,
        producer_epoch: rng.below(4) as i16 - 1,
        base_sequence: rng.below(1_000) as i32 - 1,
        records,
    }
}

/// Changes a field of the header, or bytes of the records, and most often mends the checksum: what lies behind it is to be
/// read as well.
fn mutate(stored: &mut Vec<u8>, rng: &mut SimRng) {
    for _ in 0..1 + rng.below(3) {
        let place = rng.below(stored.len() as u64 + 1) as usize;
        match rng.below(7) {
            0 => stored.truncate(place),
            1 => stored.insert(place, rng.below(256) as u8),
            2 => {
                // The header's fields by their places: length, epoch, attributes, deltas, count.
                let (at, width) = *one_of(
                    rng,
                    &[(8usize, 4usize), (12, 4), (16, 1), (21, 2), (23, 4), (27, 8), (43, 8), (51, 2), (57, 4)],
                );
                let number = odd_number(rng).to_be_bytes();
                if let Some(field) = stored.get_mut(at..at + width) {
                    field.copy_from_slice(&number[8 - width..]);
                }
            }
            3 => {
                // A length that claims more, or never ends.
                let claim = *one_of(
                    rng,
                    &[
                        &[0xff_u8, 0xff, 0xff, 0xff, 0x0f][..],
                        &[0xff; 11],
                        &[0x80, 0x00],
                        &[0xfe, 0xff, 0xff, 0xff, 0x0f],
                    ],
                );
                let place = place.max(61.min(stored.len()));
                for (offset, byte) in claim.iter().enumerate() {
                    if let Some(there) = stored.get_mut(place + offset) {
                        *there = *byte;
                    }
                }
            }
            4 => stored.extend_from_within(place..),
            _ => {
                if let Some(byte) = stored.get_mut(place) {
                    *byte ^= 1 << rng.below(8);
                }
            }
        }
    }
    if rng.below(4) > 0 && stored.len() > CRC_FROM {
        if rng.below(2) == 0 {
            let length = (stored.len() - 12) as i32;
            stored[8..12].copy_from_slice(&length.to_be_bytes());
        }
        let covered = i32::from_be_bytes([stored[8], stored[9], stored[10], stored[11]]);
        let end = usize::try_from(covered).map_or(stored.len(), |length| (length + 12).min(stored.len()));
        let crc = crc32c(stored.get(CRC_FROM..end).unwrap_or_default());
        stored[17..21].copy_from_slice(&crc.to_be_bytes());
    }
}

#[test]
fn batches_are_decoded_or_refused() {
    fuzz("batches", 20_000, |rng, input| {
        let mut stored = valid(rng).encode();
        mutate(&mut stored, rng);
        if rng.below(5) == 0 {
            mutate(&mut stored, rng);
        }
        *input = stored.iter().map(|byte| format!("{byte:02x}")).collect();
        // What a page shows of a batch's bytes never leaves them.
        let beyond = fields_of(&stored).into_iter().find(|field| field.from > field.to || field.to > stored.len());
        if let Some(field) = beyond {
            return Err(format!("a field beyond the end: {field:?}"));
        }
        match WireBatch::decode(&stored) {
            Err(error) if error.to_string().is_empty() => Err("refused without a word".to_owned()),
            Err(_) => Ok(()),
            Ok((_, size)) if size > stored.len() => Err(format!("{size} bytes of {}", stored.len())),
            Ok((batch, _)) => match WireBatch::decode(&batch.encode()) {
                Ok((again, _)) if again == batch => Ok(()),
                other => Err(format!("{batch:?} is not read again as what it is: {other:?}")),
            },
        }
    });
}
