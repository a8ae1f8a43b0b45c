//! A record batch as the bytes on disk and on the wire: format v2 (`DefaultRecordBatch`, KIP-98).

use super::attributes::Attributes;
use super::codec::{compress, expand};
use super::crc32c::crc32c;
use super::error::DecodeError;
use super::wire_record::WireRecord;
use crate::config::{CompressionType, GzipLevel};

/// Bytes of a batch header.
pub const HEADER_BYTES: usize = 61;
/// The checksum covers the bytes from here on: what a leader changes lies before.
pub const CRC_FROM: usize = 21;
/// Bytes before those that the length field counts.
const LENGTH_OVERHEAD: usize = 12;

/// A batch with every field of format v2.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WireBatch {
    /// Offset of the first record; 0 as a producer sends it.
    pub base_offset: i64,
    /// Epoch of the leader that appended it.
    pub partition_leader_epoch: i32,
    /// Codec, timestamp type, transactional, control, delete horizon.
    pub attributes: Attributes,
    /// Last offset − base offset; kept when compaction removes records.
    pub last_offset_delta: i32,
    /// Timestamp of the first record, or the delete horizon.
    pub base_timestamp: i64,
    /// Largest timestamp, or the time of the append.
    pub max_timestamp: i64,
    /// −1 for none.
    pub producer_id: i64,
    /// −1 for none.
    pub producer_epoch: i16,
    /// −1 for none.
    pub base_sequence: i32,
    /// The records.
    pub records: Vec<WireRecord>,
}

impl WireBatch {
    /// The timestamp a reader sees: the record's own, or the append's for all (`message.timestamp.type=LogAppendTime`).
    pub fn timestamp_of(&self, record: &WireRecord) -> i64 {
        if self.attributes.log_append_time() {
            self.max_timestamp
        } else {
            self.base_timestamp.wrapping_add(record.timestamp_delta)
        }
    }

    /// The batch as bytes, its records compressed with the codec the attributes name.
    pub fn encode(&self) -> Vec<u8> {
        match CompressionType::of_id(self.attributes.codec()) {
            None | Some(CompressionType::None) => self.encode_block(&self.record_bytes()),
            Some(codec) => self.encode_block(&compress(codec, GzipLevel::DEFAULT, &self.record_bytes())),
        }
    }

    /// The records' bytes, before any compression.
    pub fn record_bytes(&self) -> Vec<u8> {
        let mut block = Vec::new();
        self.records.iter().for_each(|record| record.encode(&mut block));
        block
    }

    /// The batch with its records given as one block: compressed already, should the attributes name a codec.
    pub fn encode_block(&self, block: &[u8]) -> Vec<u8> {
        let size = HEADER_BYTES + block.len();
        let mut out = Vec::with_capacity(size);
        out.extend(self.base_offset.to_be_bytes());
        out.extend(((size - LENGTH_OVERHEAD) as i32).to_be_bytes());
        out.extend(self.partition_leader_epoch.to_be_bytes());
        out.push(2);
        out.extend([0; 4]);
        out.extend(self.attributes.0.to_be_bytes());
        out.extend(self.last_offset_delta.to_be_bytes());
        out.extend(self.base_timestamp.to_be_bytes());
        out.extend(self.max_timestamp.to_be_bytes());
        out.extend(self.producer_id.to_be_bytes());
        out.extend(self.producer_epoch.to_be_bytes());
        out.extend(self.base_sequence.to_be_bytes());
        out.extend((self.records.len() as i32).to_be_bytes());
        out.extend(block);
        let crc = crc32c(&out[CRC_FROM..]);
        out[17..21].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// Reads one batch from the front of `bytes`. Returns it and how many bytes it took.
    pub fn decode(bytes: &[u8]) -> Result<(WireBatch, usize), DecodeError> {
        let size = checked_size(bytes)?;
        let mut rest = bytes;
        let base_offset = i64::from_be_bytes(take(&mut rest)?);
        let _length: [u8; 4] = take(&mut rest)?;
        let partition_leader_epoch = i32::from_be_bytes(take(&mut rest)?);
        let _magic_and_crc: [u8; 5] = take(&mut rest)?;
        let mut batch = WireBatch {
            base_offset,
            partition_leader_epoch,
            attributes: Attributes(i16::from_be_bytes(take(&mut rest)?)),
            last_offset_delta: i32::from_be_bytes(take(&mut rest)?),
            base_timestamp: i64::from_be_bytes(take(&mut rest)?),
            max_timestamp: i64::from_be_bytes(take(&mut rest)?),
            producer_id: i64::from_be_bytes(take(&mut rest)?),
            producer_epoch: i16::from_be_bytes(take(&mut rest)?),
            base_sequence: i32::from_be_bytes(take(&mut rest)?),
            records: Vec::new(),
        };
        let count = i32::from_be_bytes(take(&mut rest)?);
        if count < 0 || i64::from(count) > i64::from(batch.last_offset_delta) + 1 {
            return Err(DecodeError::BadCount(count));
        }
        let stored = bytes.get(HEADER_BYTES..size).unwrap_or_default();
        let expanded;
        let mut block = match batch.attributes.codec() {
            0 => stored,
            codec => {
                expanded = expand(codec, stored)?;
                &expanded
            }
        };
        for index in 0..count {
            batch.records.push(WireRecord::decode(&mut block, index)?);
        }
        if block.is_empty() { Ok((batch, size)) } else { Err(DecodeError::Leftover(block.len())) }
    }
}

/// Size of the batch at the front of `bytes`, after length, magic and checksum were found good: all that a broker checks
/// of a batch it does not open (`DefaultRecordBatch.ensureValid`).
pub fn checked_size(bytes: &[u8]) -> Result<usize, DecodeError> {
    let mut rest = bytes.get(8..).ok_or(DecodeError::Truncated)?;
    let length = i32::from_be_bytes(take(&mut rest)?);
    let size = usize::try_from(length).unwrap_or(0) + LENGTH_OVERHEAD;
    if size < HEADER_BYTES {
        return Err(DecodeError::BadLength(length));
    }
    if bytes.len() < size {
        return Err(DecodeError::Truncated);
    }
    let _epoch: [u8; 4] = take(&mut rest)?;
    let [magic] = take(&mut rest)?;
    if magic != 2 {
        return Err(DecodeError::UnknownMagic(magic as i8));
    }
    let stored = u32::from_be_bytes(take(&mut rest)?);
    let computed = crc32c(bytes.get(CRC_FROM..size).unwrap_or_default());
    if stored == computed { Ok(size) } else { Err(DecodeError::CrcMismatch { stored, computed }) }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (head, rest) = bytes.split_first_chunk().ok_or(DecodeError::Truncated)?;
    *bytes = rest;
    Ok(*head)
}
