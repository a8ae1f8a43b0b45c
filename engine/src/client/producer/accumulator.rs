//! Where records wait for company (`RecordAccumulator`, `BufferPool`): a queue of batches per partition, and the memory
//! they may take.

use super::batch::{BatchId, ProducerBatch};
use super::compression::Ratio;
use crate::collections::Map;
use crate::config::CompressionType;
use crate::ids::{NodeId, TopicPartition};
use crate::storage::Record;
use crate::time::Instant;
use std::collections::VecDeque;

/// What an append came to.
pub(in crate::client) enum Appended {
    /// The record is in a batch; the append added this many bytes.
    Bytes(u32),
    /// A new batch would be needed: the caller may choose another partition first.
    NewBatchNeeded,
    /// A new batch is needed and there is no memory for it.
    NoMemory,
}

/// All batches without a verdict, waiting or under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(in crate::client) struct Accumulator {
    pub batches: Map<BatchId, ProducerBatch>,
    /// Batches that wait, by partition.
    pub queues: Map<TopicPartition, VecDeque<BatchId>>,
    /// Bytes of `buffer.memory` that are not taken.
    pub free: i64,
    /// `batch.size`, at least 1.
    pub batch_size: u32,
    next_id: BatchId,
    /// What the codec has made of earlier batches; none without one.
    pub ratio: Option<Ratio>,
    /// Where the next round over a node's partitions begins.
    pub drain_index: Map<NodeId, usize>,
}

impl Accumulator {
    pub fn new(memory: i64, batch_size: i32, codec: CompressionType) -> Accumulator {
        Accumulator {
            batches: Map::new(),
            queues: Map::new(),
            free: memory,
            batch_size: u32::try_from(batch_size).unwrap_or(0).max(1),
            next_id: 0,
            ratio: Ratio::at_first(codec),
            drain_index: Map::new(),
        }
    }

    /// Adds a record to its partition's last batch, or to a new one if the caller agrees and there is memory.
    pub fn append(
        &mut self,
        tp: TopicPartition,
        record: &Record,
        new_batch: bool,
        transactional: bool,
        now: Instant,
    ) -> Appended {
        let last = self.queues.get(&tp).and_then(|queue| queue.back()).copied();
        if let Some(batch) = last.and_then(|id| self.batches.get_mut(&id))
            && let before = batch.size_in_bytes
            && batch.try_append(record)
        {
            return Appended::Bytes(batch.size_in_bytes - before);
        }
        if !new_batch {
            return Appended::NewBatchNeeded;
        }
        if i64::from(ProducerBatch::reservation(self.batch_size, record)) > self.free {
            return Appended::NoMemory;
        }
        let batch = ProducerBatch::new(tp, self.batch_size, record.clone(), self.ratio, transactional, now);
        let bytes = batch.size_in_bytes;
        self.free -= i64::from(batch.reserved);
        let id = self.insert(batch);
        self.queues.entry(tp).or_default().push_back(id);
        Appended::Bytes(bytes)
    }

    fn insert(&mut self, batch: ProducerBatch) -> BatchId {
        let id = self.next_id;
        self.next_id += 1;
        self.batches.insert(id, batch);
        id
    }

    /// Takes a batch out of its queue: it goes on its way.
    pub fn take_first(&mut self, tp: TopicPartition) -> Option<BatchId> {
        let queue = self.queues.get_mut(&tp)?;
        let id = queue.pop_front()?;
        let batch = self.batches.get_mut(&id)?;
        batch.closed = true;
        batch.in_flight = true;
        Some(id)
    }

    /// Puts a batch back for a retry: in the order of its sequence, or at the front.
    pub fn requeue(&mut self, id: BatchId) {
        let Some(batch) = self.batches.get_mut(&id) else { return };
        batch.in_flight = false;
        let (tp, own) = (batch.tp, batch.stamp);
        let queue = self.queues.entry(tp).or_default();
        let batches = &self.batches;
        let earlier = |other: &BatchId| match (batches.get(other).and_then(|batch| batch.stamp), own) {
            (Some(other), Some(own)) => other.base_sequence < own.base_sequence,
            _ => false,
        };
        let place = queue.iter().take_while(|other| earlier(other)).count();
        queue.insert(place, id);
    }

    /// The batch has its verdict: it is gone and its memory free.
    pub fn finish(&mut self, id: BatchId) -> Option<ProducerBatch> {
        let batch = self.batches.remove(&id)?;
        if !batch.in_flight
            && let Some(queue) = self.queues.get_mut(&batch.tp)
        {
            queue.retain(|other| *other != id);
        }
        self.free += i64::from(batch.reserved);
        Some(batch)
    }

    /// Divides a batch that is under way and puts the parts at the front of its queue. Returns them in order.
    pub fn split(&mut self, id: BatchId) -> Vec<BatchId> {
        let Some(batch) = self.finish(id) else { return Vec::new() };
        let (tp, size) = (batch.tp, batch.part_size(self.batch_size));
        // The hope that led to a batch this large is given up.
        self.ratio = self.ratio.map(|_| batch.observed().unwrap_or(Ratio::ONE).max(Ratio::ONE));
        let parts = batch.split(size, self.ratio);
        self.free -= parts.iter().map(|part| i64::from(part.reserved)).sum::<i64>();
        let ids: Vec<BatchId> = parts.into_iter().map(|part| self.insert(part)).collect();
        for id in ids.iter().rev() {
            self.queues.entry(tp).or_default().push_front(*id);
        }
        ids
    }

    /// The batches that wait for a partition, first to go first.
    pub fn queue(&self, tp: TopicPartition) -> impl DoubleEndedIterator<Item = &ProducerBatch> {
        self.queues.get(&tp).into_iter().flatten().filter_map(|id| self.batches.get(id))
    }

    /// Whether every batch of a partition's queue is full.
    pub fn all_full(&self, tp: TopicPartition) -> bool {
        self.queue(tp).all(|batch| batch.closed)
    }

    /// Whether any batch of a partition is under way.
    pub fn is_out(&self, tp: TopicPartition) -> bool {
        self.batches.values().any(|batch| batch.in_flight && batch.tp == tp)
    }
}
