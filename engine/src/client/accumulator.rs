//! Where records wait for company (`RecordAccumulator`): one queue of batches per partition.

use crate::collections::Map;
use crate::ids::{RecordId, TopicPartition};
use crate::storage::{ProducerStamp, Record};
use crate::time::Instant;
use std::collections::VecDeque;

/// A batch on its way from `send` to its verdict.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct ProducerBatch {
    pub records: Vec<Record>,
    pub size_in_bytes: u32,
    pub created_at: Instant,
    /// Full, or another batch was begun after it.
    pub closed: bool,
    pub attempts: u32,
    /// An attempt ended without a refusal that came before the append: the records may be in the log.
    pub maybe_written: bool,
    /// A retry waits until then.
    pub retry_at: Instant,
    /// Producer id, epoch and sequence: given when first drained, kept on every retry.
    pub stamp: Option<ProducerStamp>,
}

impl ProducerBatch {
    pub fn ids(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.records.iter().filter_map(Record::id)
    }
}

/// All batches that are not under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Accumulator {
    pub queues: Map<TopicPartition, VecDeque<ProducerBatch>>,
}

impl Accumulator {
    /// Adds a record. Returns the bytes it added, for the sticky partitioner.
    pub fn append(&mut self, tp: TopicPartition, record: Record, batch_size: u32, now: Instant) -> u32 {
        let size = record.size_in_bytes();
        let queue = self.queues.entry(tp).or_default();
        if let Some(last) = queue.back_mut() {
            if !last.closed && last.size_in_bytes + size <= batch_size {
                last.records.push(record);
                last.size_in_bytes += size;
                last.closed = last.size_in_bytes >= batch_size;
                return size;
            }
            last.closed = true;
        }
        let size_in_bytes = crate::storage::BATCH_OVERHEAD + size;
        queue.push_back(ProducerBatch {
            records: vec![record],
            size_in_bytes,
            created_at: now,
            closed: size_in_bytes >= batch_size,
            attempts: 0,
            maybe_written: false,
            retry_at: now,
            stamp: None,
        });
        size_in_bytes
    }

    /// Puts a batch back for a retry: in the order of its sequence, or at the front.
    pub fn requeue(&mut self, tp: TopicPartition, batch: ProducerBatch) {
        let queue = self.queues.entry(tp).or_default();
        let earlier = |other: &ProducerBatch| match (&other.stamp, &batch.stamp) {
            (Some(other), Some(own)) => other.base_sequence < own.base_sequence,
            _ => false,
        };
        let place = queue.iter().take_while(|other| earlier(other)).count();
        queue.insert(place, batch);
    }

    /// Whether every batch of a partition's queue is full.
    pub fn all_full(&self, tp: TopicPartition) -> bool {
        self.queues.get(&tp).is_none_or(|queue| queue.iter().all(|batch| batch.closed))
    }
}
