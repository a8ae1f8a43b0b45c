//! A batch on its way from `send` to its verdict (`ProducerBatch`).

use super::compression::Ratio;
use crate::config::{CompressionType, GzipLevel};
use crate::ids::{LeaderEpoch, RecordId, TopicPartition};
use crate::protocol::ErrorCode;
use crate::storage::{BATCH_OVERHEAD, PackedRecords, ProducerStamp, Record, RecordBatch};
use crate::time::Instant;
use std::sync::Arc;

/// Which batch of a producer.
pub(in crate::client) type BatchId = u64;

/// Kafka's upper bound for what a record needs around key and value.
const RECORD_OVERHEAD_MAX: u32 = 21;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(in crate::client) struct ProducerBatch {
    pub tp: TopicPartition,
    pub records: Vec<Record>,
    /// Size, header included; of a compressed batch an estimate until it is drained.
    pub size_in_bytes: u32,
    /// Bytes of the records without compression.
    pub records_size: u32,
    /// What the estimate assumes compression makes of them.
    ratio: Option<Ratio>,
    /// The records compressed: when the batch is drained for the first time.
    pub packed: Option<Arc<PackedRecords>>,
    /// Taken from `buffer.memory`; also how far the batch can be filled.
    pub reserved: u32,
    pub created_at: Instant,
    /// Full, or another batch was begun after it, or drained.
    pub closed: bool,
    /// How often it was sent.
    pub attempts: u32,
    /// An attempt ended without a refusal that came before the append: the records may be in the log.
    pub maybe_written: bool,
    /// A retry waits until then.
    pub retry_at: Instant,
    /// The leader's epoch when it was last sent: a new leader is a reason to go at once.
    pub leader_epoch: LeaderEpoch,
    /// Why it is retried.
    pub last_error: ErrorCode,
    /// Producer id, epoch and sequence: given when first drained, kept on every retry.
    pub stamp: Option<ProducerStamp>,
    /// Its sequence was given anew after an epoch bump.
    pub sequence_reset: bool,
    /// Part of a transaction.
    pub transactional: bool,
    /// It is a part of a batch that was too large: should it be too large again, it is halved.
    pub is_part: bool,
    /// Under way, rather than in the queue.
    pub in_flight: bool,
}

impl ProducerBatch {
    pub fn new(
        tp: TopicPartition,
        batch_size: u32,
        first: Record,
        ratio: Option<Ratio>,
        transactional: bool,
        now: Instant,
    ) -> ProducerBatch {
        let reserved = ProducerBatch::reservation(batch_size, &first);
        let records_size = first.size_at(first.timestamp, 0);
        let size_in_bytes = BATCH_OVERHEAD + estimate(ratio, records_size);
        ProducerBatch {
            tp,
            records: vec![first],
            size_in_bytes,
            records_size,
            ratio,
            packed: None,
            reserved,
            created_at: now,
            closed: size_in_bytes >= reserved,
            attempts: 0,
            maybe_written: false,
            retry_at: now,
            leader_epoch: LeaderEpoch::NONE,
            last_error: ErrorCode::None,
            stamp: None,
            sequence_reset: false,
            transactional,
            is_part: false,
            in_flight: false,
        }
    }

    /// Memory a new batch takes: `batch.size`, or more when its first record needs more.
    pub fn reservation(batch_size: u32, first: &Record) -> u32 {
        batch_size.max(ProducerBatch::upper_bound(first))
    }

    /// Largest size of a batch of one record (`DefaultRecordBatch.estimateBatchSizeUpperBound`).
    pub fn upper_bound(record: &Record) -> u32 {
        BATCH_OVERHEAD + RECORD_OVERHEAD_MAX + record.payload_bytes()
    }

    /// Adds a record if there is room, should compression do nothing for it; else the batch is closed.
    pub fn try_append(&mut self, record: &Record) -> bool {
        let first = self.records.first().map_or(record.timestamp, |first| first.timestamp);
        let size = record.size_at(first, self.records.len() as i32);
        if self.closed || self.size_in_bytes + size > self.reserved {
            self.closed = true;
            return false;
        }
        self.records.push(record.clone());
        self.records_size += size;
        self.size_in_bytes = BATCH_OVERHEAD + estimate(self.ratio, self.records_size);
        self.closed = self.size_in_bytes >= self.reserved;
        true
    }

    /// Compresses the records of a batch that is about to leave for the first time; from now on its size is known.
    pub fn pack(&mut self, codec: CompressionType, level: GzipLevel) {
        let wire = RecordBatch::new(None, self.records.clone()).compressed(codec, level);
        self.size_in_bytes = wire.size_in_bytes;
        self.packed = wire.packed;
    }

    /// What the codec made of the records; none before, and without one.
    pub fn observed(&self) -> Option<Ratio> {
        self.packed.as_ref().map(|packed| Ratio::observed(packed.block.len(), packed.expanded))
    }

    /// What is sent.
    pub fn wire(&self) -> RecordBatch {
        let wire = RecordBatch::new(self.stamp, self.records.clone());
        let wire = RecordBatch { transactional: self.transactional, ..wire };
        match &self.packed {
            Some(_) => wire.with_packed(self.packed.clone(), self.records_size),
            None => wire,
        }
    }

    pub fn ids(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.records.iter().filter_map(Record::id)
    }

    pub fn base_sequence(&self) -> i32 {
        self.stamp.map_or(-1, |stamp| stamp.base_sequence)
    }

    pub fn last_sequence(&self) -> i32 {
        self.stamp.map_or(-1, |stamp| stamp.last_sequence(self.records.len()))
    }

    /// How large the parts of this batch may be (`RecordAccumulator.splitAndReenqueue`).
    pub fn part_size(&self, batch_size: u32) -> u32 {
        let largest = self.records.iter().map(ProducerBatch::upper_bound).max().unwrap_or(0);
        if self.is_part { largest.max(self.size_in_bytes / 2) } else { batch_size }
    }

    /// Divides a batch the broker found too large into batches of at most `size`, sequences continued.
    pub fn split(self, size: u32, ratio: Option<Ratio>) -> Vec<ProducerBatch> {
        let ProducerBatch { tp, records, created_at, transactional, stamp, retry_at, sequence_reset, .. } = self;
        let mut parts: Vec<ProducerBatch> = Vec::new();
        for record in records {
            if parts.last_mut().is_some_and(|last| last.try_append(&record)) {
                continue;
            }
            let mut part = ProducerBatch::new(tp, size, record, ratio, transactional, created_at);
            part.retry_at = retry_at;
            part.sequence_reset = sequence_reset;
            parts.push(part);
        }
        let mut next = stamp;
        for part in &mut parts {
            part.closed = true;
            part.is_part = true;
            part.stamp = next;
            if let Some(stamp) = &mut next {
                stamp.base_sequence =
                    crate::storage::increment_sequence(stamp.base_sequence, part.records.len() as i32);
            }
        }
        parts
    }
}

fn estimate(ratio: Option<Ratio>, bytes: u32) -> u32 {
    ratio.map_or(bytes, |ratio| ratio.estimate(bytes))
}
