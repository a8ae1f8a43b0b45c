//! One replica's log on one broker's disk.

use super::aborted_txn_index::AbortedTxnIndex;
use super::batch::RecordBatch;
use super::leader_epoch_cache::LeaderEpochCache;
use super::producer_state::ProducerStates;
use crate::ids::{LeaderEpoch, Offset};
use std::sync::Arc;

/// Batches per shared chunk: a checkpoint of the simulation copies pointers to chunks, not batches.
const CHUNK: usize = 64;

/// Snapshots of the producer state that are kept.
const SNAPSHOTS: usize = 3;

/// The batches a read returned.
pub type ReadBatches = Vec<RecordBatch>;

/// The log of one partition on one broker. Clones share the stored batches.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Log {
    chunks: Vec<Arc<Vec<RecordBatch>>>,
    log_start_offset: Offset,
    log_end_offset: Offset,
    durable_to: Offset,
    unflushed_records: i64,
    epochs: LeaderEpochCache,
    producers: ProducerStates,
    aborted: AbortedTxnIndex,
    /// Producer state as of an offset, oldest first (`….snapshot` files).
    snapshots: Vec<(Offset, Arc<ProducerStates>)>,
}

impl Log {
    /// First offset a reader may ask for.
    pub fn log_start_offset(&self) -> Offset {
        self.log_start_offset
    }

    /// The offset the next record gets (LEO).
    pub fn log_end_offset(&self) -> Offset {
        self.log_end_offset
    }

    /// Offsets below are on the disk; those from here to the end are only in the page cache.
    pub fn durable_to(&self) -> Offset {
        self.durable_to
    }

    /// The leader epochs in this log.
    pub fn epochs(&self) -> &LeaderEpochCache {
        &self.epochs
    }

    /// The producers whose batches are in this log.
    pub fn producers(&self) -> &ProducerStates {
        &self.producers
    }

    /// The transactions that were aborted in this log.
    pub fn aborted(&self) -> &AbortedTxnIndex {
        &self.aborted
    }

    /// First offset of the oldest transaction that is open, or whose marker is not below the high watermark.
    pub fn first_unstable_offset(&self, high_watermark: Offset) -> Option<Offset> {
        self.producers.first_unstable_offset(high_watermark)
    }

    /// The high watermark moved: markers below it hold nothing back any more.
    pub fn replicated_to(&mut self, high_watermark: Offset) {
        self.producers.replicated_to(high_watermark);
    }

    /// Forgets producers that have been silent too long. Returns how many.
    pub fn expire_producers(&mut self, now_ms: u64, expiration: crate::time::Duration) -> usize {
        self.producers.expire(now_ms, expiration)
    }

    /// Writes the producer state down as of the end of the log: at a clean shutdown and before a truncation is done.
    pub fn snapshot_producers(&mut self) {
        let end = self.log_end_offset;
        self.snapshots.retain(|(offset, _)| *offset < end);
        self.snapshots.push((end, Arc::new(self.producers.snapshot())));
        if self.snapshots.len() > SNAPSHOTS {
            self.snapshots.remove(0);
        }
    }

    /// Offsets for which there is a snapshot of the producer state.
    pub fn snapshot_offsets(&self) -> impl Iterator<Item = Offset> {
        self.snapshots.iter().map(|(offset, _)| *offset)
    }

    /// Rebuilds producer state and aborted transactions from the newest snapshot and the batches after it.
    pub fn reload_producers(&mut self) {
        let end = self.log_end_offset;
        self.snapshots.retain(|(offset, _)| *offset <= end);
        let (from, mut producers) = match self.snapshots.last() {
            Some((offset, snapshot)) => (*offset, ProducerStates::clone(snapshot)),
            None => (self.log_start_offset, ProducerStates::default()),
        };
        let mut aborted = self.aborted.clone();
        aborted.truncate_to(from);
        for batch in self.batches_from(from) {
            aborted.extend(producers.note(batch));
        }
        self.producers = producers;
        self.aborted = aborted;
    }

    /// The stored batches from the one that holds `from`.
    fn batches_from(&self, from: Offset) -> impl Iterator<Item = &RecordBatch> {
        let first = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.next_offset() <= from));
        self.chunks[first..].iter().flat_map(|chunk| chunk.iter()).skip_while(move |batch| batch.next_offset() <= from)
    }

    /// A leader notes the beginning of its epoch before its first write.
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch) {
        self.epochs.assign(epoch, self.log_end_offset);
    }

    /// Appends as a leader: offset and epoch are assigned here. Returns the base offset.
    pub fn append_as_leader(&mut self, mut batch: RecordBatch, epoch: LeaderEpoch) -> Offset {
        batch.base_offset = self.log_end_offset;
        batch.leader_epoch = epoch;
        let base_offset = batch.base_offset;
        self.push(batch);
        base_offset
    }

    /// Appends as a follower: offset and epoch are taken as given. A batch below the end is refused.
    pub fn append_as_follower(&mut self, batch: RecordBatch) -> bool {
        if batch.base_offset < self.log_end_offset {
            return false;
        }
        self.push(batch);
        true
    }

    fn push(&mut self, batch: RecordBatch) {
        self.epochs.assign(batch.leader_epoch, batch.base_offset);
        let aborted = self.producers.note(&batch);
        self.aborted.extend(aborted);
        self.log_end_offset = batch.next_offset();
        self.unflushed_records += batch.records.len() as i64;
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(batch),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(batch);
                self.chunks.push(Arc::new(chunk));
            }
        }
    }

    /// Batches from the one that holds `from`, up to offset `bound`, until `max_bytes` are reached.
    /// At least one batch is returned when there is any, so that a large batch still makes progress (KIP-74).
    pub fn read(&self, from: Offset, bound: Offset, max_bytes: i32) -> ReadBatches {
        let mut found = Vec::new();
        if from >= bound {
            return found;
        }
        let first = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.next_offset() <= from));
        let mut bytes = 0i64;
        for chunk in &self.chunks[first..] {
            let start = chunk.partition_point(|batch| batch.next_offset() <= from);
            for batch in &chunk[start..] {
                if batch.next_offset() > bound {
                    return found;
                }
                bytes += i64::from(batch.size_in_bytes);
                if bytes > i64::from(max_bytes) && !found.is_empty() {
                    return found;
                }
                found.push(batch.clone());
            }
        }
        found
    }

    /// The stored batches in order.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// Cuts the log so that it ends at `offset` or at the batch boundary below it. Returns the new end.
    pub fn truncate_to(&mut self, offset: Offset) -> Offset {
        if offset >= self.log_end_offset {
            self.epochs.truncate_from_end(self.log_end_offset);
            return self.log_end_offset;
        }
        while let Some(chunk) = self.chunks.last_mut() {
            let keep = chunk.partition_point(|batch| batch.next_offset() <= offset);
            if keep == chunk.len() {
                break;
            }
            if keep == 0 {
                self.chunks.pop();
            } else {
                Arc::make_mut(chunk).truncate(keep);
                break;
            }
        }
        let end = self.batches().next_back().map_or(self.log_start_offset, RecordBatch::next_offset);
        self.log_end_offset = end;
        self.durable_to = self.durable_to.min(end);
        self.unflushed_records = end.since(self.durable_to);
        self.epochs.truncate_from_end(end);
        self.reload_producers();
        end
    }

    /// Records appended since the last fsync.
    pub fn unflushed_records(&self) -> i64 {
        self.unflushed_records
    }

    /// An fsync that began when the log ended at `offset` is done.
    pub fn flushed_to(&mut self, offset: Offset) {
        self.durable_to = self.durable_to.max(offset.min(self.log_end_offset));
        self.unflushed_records = self.log_end_offset.since(self.durable_to);
    }

    /// The machine lost power: what was only in the page cache is gone. Returns the new end.
    pub fn lose_page_cache(&mut self) -> Offset {
        self.truncate_to(self.durable_to)
    }
}
