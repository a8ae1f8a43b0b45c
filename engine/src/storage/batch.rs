//! The record batch: the unit that is sent, stored, replicated and read.

use super::Damage;
use super::format::{Attributes, DecodeError, WireBatch, checked_size, compress};
use super::record::{EndTxnMarker, Record, RecordBody};
use crate::config::{CompressionType, GzipLevel};
use crate::ids::{LeaderEpoch, Offset, ProducerId};
use std::sync::Arc;

/// Who wrote a batch and with which sequence (KIP-98).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProducerStamp {
    /// The producer's id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: i16,
    /// Sequence of the first record; record *i* has `base_sequence + i`, wrapping to 0 after 2³¹−1.
    pub base_sequence: i32,
}

impl ProducerStamp {
    /// Sequence of the last of `count` records.
    pub fn last_sequence(&self, count: usize) -> i32 {
        increment_sequence(self.base_sequence, count as i32 - 1)
    }
}

/// Sequence arithmetic of `DefaultRecordBatch.incrementSequence`: wraps to 0, never negative.
pub fn increment_sequence(sequence: i32, by: i32) -> i32 {
    if sequence > i32::MAX - by { by - (i32::MAX - sequence) - 1 } else { sequence + by }
}

/// A record batch. Clones share the records.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RecordBatch {
    /// Offset of the first record; 0 until a leader assigns it.
    pub base_offset: Offset,
    /// The epoch of the leader that appended it (`partitionLeaderEpoch`).
    pub leader_epoch: LeaderEpoch,
    /// Producer id, epoch and sequence; none for a producer without idempotence.
    pub producer: Option<ProducerStamp>,
    /// Whether it is part of a transaction (attribute bit 4); markers are too.
    pub transactional: bool,
    /// The records; never empty, except where the cleaner left only the header.
    pub records: Arc<[Record]>,
    /// Size of the whole batch in bytes, header included.
    pub size_in_bytes: u32,
    /// Largest timestamp of the records in milliseconds, or the moment of the append.
    pub max_timestamp: u64,
    /// Whether the leader's clock stands for all records (`message.timestamp.type=LogAppendTime`, attribute bit 3).
    pub log_append_time: bool,
    /// The records compressed; none when they are stored as they are.
    pub packed: Option<Arc<PackedRecords>>,
    /// What a cleaner has left of it; none as it was written.
    pub compacted: Option<Arc<Compacted>>,
    /// What happened to its bytes on the disk it was read from; none as it was written.
    pub damage: Option<Damage>,
}

/// What stands behind the header of a compressed batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PackedRecords {
    /// Who can undo it.
    pub codec: CompressionType,
    /// The compressed bytes.
    pub block: Vec<u8>,
    /// Bytes of the records before.
    pub expanded: u32,
}

/// A batch after compaction: offsets have gaps, and the header still covers the old range.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Compacted {
    /// Last offset − base offset, as it was written.
    pub last_offset_delta: i32,
    /// Offset of each record that is left − base offset.
    pub offset_deltas: Arc<[i32]>,
    /// Timestamp of the first record as it was written.
    pub base_timestamp: i64,
    /// From when on its tombstones may go (KIP-534), in milliseconds.
    pub delete_horizon: Option<i64>,
}

/// Bytes of a batch header of format v2.
pub const BATCH_OVERHEAD: u32 = 61;

impl RecordBatch {
    /// A batch as a producer sends it: base offset 0, no leader epoch.
    pub fn new(producer: Option<ProducerStamp>, records: Vec<Record>) -> RecordBatch {
        let first = records.first().map_or(0, |record| record.timestamp);
        let (mut size_in_bytes, mut max_timestamp) = (BATCH_OVERHEAD, 0);
        for (index, record) in records.iter().enumerate() {
            size_in_bytes += record.size_at(first, index as i32);
            max_timestamp = max_timestamp.max(record.timestamp);
        }
        RecordBatch {
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::NONE,
            producer,
            transactional: false,
            records: records.into(),
            size_in_bytes,
            max_timestamp,
            log_append_time: false,
            packed: None,
            compacted: None,
            damage: None,
        }
    }

    /// The control batch that ends a transaction in one partition. It takes one offset; consumers never see it.
    pub fn of_marker(id: ProducerId, epoch: i16, marker: EndTxnMarker, timestamp: u64) -> RecordBatch {
        let record = Record { timestamp, body: RecordBody::Control(marker) };
        let stamp = ProducerStamp { id, epoch, base_sequence: -1 };
        RecordBatch { transactional: true, ..RecordBatch::new(Some(stamp), vec![record]) }
    }

    /// The batch with its records compressed by `codec`, whatever they were before.
    pub fn compressed(self, codec: CompressionType, level: GzipLevel) -> RecordBatch {
        let records = RecordBatch { packed: None, ..self.clone() }.wire().record_bytes();
        let expanded = records.len() as u32;
        let packed = match codec {
            CompressionType::None => None,
            codec => Some(Arc::new(PackedRecords { codec, block: compress(codec, level, &records), expanded })),
        };
        self.with_packed(packed, expanded)
    }

    /// The batch with records that were compressed before; `expanded` counts their bytes without compression.
    pub fn with_packed(self, packed: Option<Arc<PackedRecords>>, expanded: u32) -> RecordBatch {
        let block = packed.as_ref().map_or(expanded, |packed| packed.block.len() as u32);
        RecordBatch { packed, size_in_bytes: BATCH_OVERHEAD + block, ..self }
    }

    /// How its records are compressed.
    pub fn codec(&self) -> CompressionType {
        self.packed.as_ref().map_or(CompressionType::None, |packed| packed.codec)
    }

    /// What a control batch says; none for data.
    pub fn marker(&self) -> Option<EndTxnMarker> {
        match self.records.first()?.body {
            RecordBody::Control(marker) => Some(marker),
            _ => None,
        }
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> Offset {
        self.next_offset() - 1
    }

    /// Offset the next batch gets.
    pub fn next_offset(&self) -> Offset {
        self.base_offset + i64::from(self.last_offset_delta()) + 1
    }

    /// The records with their offsets.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Offset, &Record)> {
        self.records.iter().enumerate().map(|(index, record)| (self.base_offset + self.delta(index), record))
    }

    /// The offset of the record at a place in the batch.
    pub fn offset_at(&self, index: usize) -> Offset {
        self.base_offset + self.delta(index)
    }

    /// The places of its records in runs of offsets without a gap: one run, unless a cleaner was here.
    pub fn runs(&self) -> Vec<std::ops::Range<usize>> {
        let count = self.records.len();
        if self.compacted.is_none() || count == 0 {
            return std::iter::once(0..count).collect();
        }
        let mut runs = Vec::new();
        let mut start = 0;
        for index in 1..=count {
            if index == count || self.delta(index) != self.delta(index - 1) + 1 {
                runs.push(start..index);
                start = index;
            }
        }
        runs
    }

    /// Last offset − base offset.
    pub fn last_offset_delta(&self) -> i32 {
        match &self.compacted {
            Some(compacted) => compacted.last_offset_delta,
            None => self.records.len() as i32 - 1,
        }
    }

    fn delta(&self, index: usize) -> i64 {
        match &self.compacted {
            Some(compacted) => compacted.offset_deltas.get(index).copied().map_or(index as i64, i64::from),
            None => index as i64,
        }
    }

    /// The timestamp a reader sees for one of its records, in milliseconds.
    pub fn timestamp_of(&self, record: &Record) -> i64 {
        if self.log_append_time { self.max_timestamp as i64 } else { record.timestamp as i64 }
    }

    /// Whether it is a control batch.
    pub fn is_control(&self) -> bool {
        matches!(self.records.first().map(|record| &record.body), Some(RecordBody::Control(_)))
    }

    /// Timestamp of the first record as it was written, in milliseconds.
    pub fn base_timestamp(&self) -> i64 {
        match &self.compacted {
            Some(compacted) => compacted.base_timestamp,
            None => self.records.first().map_or(0, |record| record.timestamp as i64),
        }
    }

    /// What the bytes of this batch say.
    pub fn wire(&self) -> WireBatch {
        let horizon = self.compacted.as_ref().and_then(|compacted| compacted.delete_horizon);
        let base_timestamp = horizon.unwrap_or_else(|| self.base_timestamp());
        let bit = |set: bool, bit: i16| if set { bit } else { 0 };
        let attributes = i16::from(self.codec().id())
            | bit(self.log_append_time, 8)
            | bit(self.transactional, 0x10)
            | bit(self.is_control(), 0x20)
            | bit(horizon.is_some(), 0x40);
        let record = |(index, record): (usize, &Record)| {
            record.wire(record.timestamp as i64 - base_timestamp, self.delta(index) as i32)
        };
        WireBatch {
            base_offset: self.base_offset.0,
            partition_leader_epoch: self.leader_epoch.0,
            attributes: Attributes(attributes),
            last_offset_delta: self.last_offset_delta(),
            base_timestamp,
            max_timestamp: self.max_timestamp as i64,
            producer_id: self.producer.map_or(-1, |stamp| stamp.id.0),
            producer_epoch: self.producer.map_or(-1, |stamp| stamp.epoch),
            base_sequence: self.producer.map_or(-1, |stamp| stamp.base_sequence),
            records: self.records.iter().enumerate().map(record).collect(),
        }
    }

    /// Its bytes as they are on the disk it was read from: damage included.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = match &self.packed {
            Some(packed) => self.wire().encode_block(&packed.block),
            None => self.wire().encode(),
        };
        if let Some(damage) = self.damage {
            damage.apply(&mut bytes);
        }
        bytes
    }

    /// Checks length, magic and CRC, as a follower, a recovering broker and a consumer with `check.crcs` do. Bytes are
    /// made only for a batch to which something happened.
    pub fn check(&self) -> Result<(), DecodeError> {
        match self.damage {
            None => Ok(()),
            Some(_) => checked_size(&self.bytes()).map(|_| ()),
        }
    }

    /// Size and compressed block made anew, with the codec it had: a cleaner took records out.
    pub fn rebuilt(self) -> RecordBatch {
        let codec = self.codec();
        self.compressed(codec, GzipLevel::DEFAULT)
    }
}
