//! The record batch: the unit that is sent, stored, replicated and read.

use super::record::{EndTxnMarker, Record, RecordBody};
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
    /// The records, never empty.
    pub records: Arc<[Record]>,
    /// Size of the whole batch in bytes, header included.
    pub size_in_bytes: u32,
}

/// Bytes of a batch header of format v2.
pub const BATCH_OVERHEAD: u32 = 61;

impl RecordBatch {
    /// A batch as a producer sends it: base offset 0, no leader epoch.
    pub fn new(producer: Option<ProducerStamp>, records: Vec<Record>) -> RecordBatch {
        let size_in_bytes = BATCH_OVERHEAD + records.iter().map(Record::size_in_bytes).sum::<u32>();
        RecordBatch {
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::NONE,
            producer,
            transactional: false,
            records: records.into(),
            size_in_bytes,
        }
    }

    /// The control batch that ends a transaction in one partition. It takes one offset; consumers never see it.
    pub fn of_marker(id: ProducerId, epoch: i16, marker: EndTxnMarker, timestamp: u64) -> RecordBatch {
        let record = Record { timestamp, body: RecordBody::Control(marker) };
        let stamp = ProducerStamp { id, epoch, base_sequence: -1 };
        RecordBatch { transactional: true, ..RecordBatch::new(Some(stamp), vec![record]) }
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
        self.base_offset + self.records.len() as i64
    }

    /// The records with their offsets.
    pub fn iter(&self) -> impl Iterator<Item = (Offset, &Record)> {
        self.records.iter().enumerate().map(|(index, record)| (self.base_offset + index as i64, record))
    }
}
