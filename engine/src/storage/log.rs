//! One replica's log on one broker's disk.

use super::Damage;
use super::aborted_txn_index::AbortedTxnIndex;
use super::batch::RecordBatch;
use super::leader_epoch_cache::LeaderEpochCache;
use super::producer_state::ProducerStates;
use super::segment::Segment;
use crate::config::TopicConfig;
use crate::ids::{LeaderEpoch, Offset};
use std::sync::Arc;

/// Snapshots of the producer state that are kept.
const SNAPSHOTS: usize = 3;

/// The batches a read returned.
pub type ReadBatches = Vec<Arc<RecordBatch>>;

/// The log of one partition on one broker. Clones share the stored batches.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Log {
    /// Segments that are no longer written to, oldest first.
    closed: Vec<Arc<Segment>>,
    active: Segment,
    config: Arc<TopicConfig>,
    log_start_offset: Offset,
    log_end_offset: Offset,
    durable_to: Offset,
    /// Fsyncs under way, in the order they were asked for.
    flushes: Vec<LogFlush>,
    /// End of the segment that was closed last, until its fsync is asked for.
    rolled: Option<Offset>,
    /// Offsets below are clean: the cleaner's checkpoint.
    cleaned_to: Offset,
    /// What the checkpoint files say: recovery point and log start offset as of the last time they were written.
    checkpoint: (Offset, Offset),
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

    /// Writes the producer state down as of the end of the log: where a segment ends, at a clean shutdown, and after it
    /// was rebuilt.
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
        // The next start begins here (`UnifiedLog.rebuildProducerState` ends so).
        self.snapshot_producers();
    }

    /// The stored batches from the one that holds `from`.
    pub fn batches_from(&self, from: Offset) -> impl Iterator<Item = &RecordBatch> {
        self.segments().filter(move |segment| segment.end_offset() > from).flat_map(move |s| s.batches_from(from))
    }

    /// The topic's settings changed.
    pub fn set_config(&mut self, config: Arc<TopicConfig>) {
        self.config = config;
    }

    /// Its segments, oldest first; the last is the active one.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.closed.iter().map(Arc::as_ref).chain(std::iter::once(&self.active))
    }

    /// The segment that is written to.
    pub fn active(&self) -> &Segment {
        &self.active
    }

    /// Bytes of all `.log` files.
    pub fn size(&self) -> u64 {
        self.segments().map(Segment::size).sum()
    }

    /// Offsets below are clean.
    pub fn cleaned_to(&self) -> Offset {
        self.cleaned_to
    }

    /// The cleaner is done with everything below `offset`.
    pub fn cleaned_up_to(&mut self, offset: Offset) {
        self.cleaned_to = self.cleaned_to.max(offset);
    }

    fn interval(&self) -> u32 {
        self.config.index_interval_bytes.unsigned_abs()
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
        self.push(Arc::new(batch));
        base_offset
    }

    /// Appends as a follower: offset and epoch are taken as given. A batch below the end is refused.
    pub fn append_as_follower(&mut self, batch: Arc<RecordBatch>) -> bool {
        if batch.base_offset < self.log_end_offset {
            return false;
        }
        self.push(batch);
        true
    }

    fn push(&mut self, batch: Arc<RecordBatch>) {
        if self.active.should_roll(&batch, &self.config) {
            self.roll(batch.base_offset);
        }
        self.epochs.assign(batch.leader_epoch, batch.base_offset);
        let aborted = self.producers.note(&batch);
        self.aborted.extend(aborted);
        self.log_end_offset = batch.next_offset();
        let interval = self.interval();
        self.active.push(batch, interval);
    }

    /// Begins a new active segment. The broker then asks for an fsync of the old one.
    fn roll(&mut self, base_offset: Offset) {
        let mut old = std::mem::replace(&mut self.active, Segment::new(base_offset));
        old.close();
        self.closed.push(Arc::new(old));
        self.rolled = Some(base_offset);
        self.snapshot_producers();
    }

    /// Whether a segment was closed and its fsync not asked for yet.
    pub fn has_rolled(&self) -> bool {
        self.rolled.is_some()
    }

    /// Where the segment ends that was closed and is to be fsynced.
    pub fn take_rolled(&mut self) -> Option<Offset> {
        self.rolled.take()
    }

    /// Batches from the one that holds `from`, up to offset `bound`, until `max_bytes` are reached.
    /// At least one batch is returned when there is any, so that a large batch still makes progress (KIP-74).
    pub fn read(&self, from: Offset, bound: Offset, max_bytes: i32) -> ReadBatches {
        self.read_within(from, bound, max_bytes, true)
    }

    /// The same; but a first batch that is larger than `max_bytes` comes only where `at_least_one` says so.
    pub fn read_within(&self, from: Offset, bound: Offset, max_bytes: i32, at_least_one: bool) -> ReadBatches {
        let mut found = Vec::new();
        if from >= bound {
            return found;
        }
        let mut bytes = 0;
        let first = match self.active.base_offset() <= from {
            true => self.closed.len(),
            false => self.closed.partition_point(|segment| segment.end_offset() <= from),
        };
        let rest = self.closed.get(first..).unwrap_or_default();
        for segment in rest.iter().map(Arc::as_ref).chain(std::iter::once(&self.active)) {
            // One fetch never spans segments.
            if !segment.read(from, bound, i64::from(max_bytes), &mut bytes, &mut found) || !found.is_empty() {
                break;
            }
        }
        if bytes > i64::from(max_bytes) && found.len() == 1 && !at_least_one {
            found.clear();
        }
        found
    }

    /// The first record at or behind the log start whose timestamp is at least `timestamp`: its offset and timestamp
    /// (ListOffsets by time). Segments are chosen by their largest timestamp, as through the time index.
    pub fn offset_for_timestamp(&self, timestamp: i64) -> Option<(Offset, i64)> {
        let segment =
            self.segments().find(|segment| segment.largest_timestamp().is_some_and(|largest| largest >= timestamp))?;
        // The time index says up to which offset nothing is younger; from there on batches are scanned.
        let indexed = segment.indexes().times.lookup(timestamp).map_or(0, |entry| entry.relative_offset);
        let from = (segment.base_offset() + i64::from(indexed)).max(self.log_start_offset);
        segment.batches_from(from).filter(|batch| batch.max_timestamp as i64 >= timestamp).find_map(|batch| {
            batch
                .iter()
                .map(|(offset, record)| (offset, batch.timestamp_of(record)))
                .find(|(offset, at)| *at >= timestamp && *offset >= self.log_start_offset)
        })
    }

    /// The first record that has the largest timestamp of all: its offset and timestamp (ListOffsets −3, KIP-734).
    pub fn offset_of_max_timestamp(&self) -> Option<(Offset, i64)> {
        let latest = self.segments().filter_map(Segment::largest_timestamp).max()?;
        let segment = self.segments().find(|segment| segment.largest_timestamp() == Some(latest))?;
        let batch = segment.batches().find(|batch| batch.max_timestamp as i64 == latest)?;
        let mut records = batch.iter().map(|(offset, record)| (offset, batch.timestamp_of(record)));
        records.find(|(_, at)| *at == latest)
    }

    /// The stored batches in order.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> {
        self.segments().flat_map(Segment::batches)
    }

    /// Cuts the log so that it ends at `offset` or at the batch boundary below it. Returns the new end.
    pub fn truncate_to(&mut self, offset: Offset) -> Offset {
        if offset >= self.log_end_offset {
            self.epochs.truncate_from_end(self.log_end_offset);
            return self.log_end_offset;
        }
        let interval = self.interval();
        while self.active.base_offset() > offset
            && let Some(previous) = self.closed.pop()
        {
            self.active = Arc::unwrap_or_clone(previous);
        }
        self.active.truncate_to(offset, interval);
        let end = self.active.end_offset().max(self.log_start_offset.min(offset));
        self.log_end_offset = end;
        self.log_start_offset = self.log_start_offset.min(end);
        self.durable_to = self.durable_to.min(end);
        self.cleaned_to = self.cleaned_to.min(end);
        self.flushes.iter_mut().for_each(|flush| flush.to = flush.to.min(end));
        self.epochs.truncate_from_end(end);
        self.reload_producers();
        end
    }

    /// Forgets everything and begins at `offset`: the leader has nothing older any more.
    pub fn restart_at(&mut self, offset: Offset) {
        *self = Log {
            config: self.config.clone(),
            active: Segment::new(offset),
            log_start_offset: offset,
            log_end_offset: offset,
            durable_to: offset,
            cleaned_to: offset,
            checkpoint: (offset, offset),
            ..Log::default()
        };
    }

    /// Raises the log start offset (DeleteRecords, the leader's value on a follower) and drops segments that lie wholly
    /// below it. Returns the old value if it moved.
    pub fn raise_log_start(&mut self, offset: Offset) -> Option<Offset> {
        if offset <= self.log_start_offset || offset > self.log_end_offset {
            return None;
        }
        let old = std::mem::replace(&mut self.log_start_offset, offset);
        let gone = self.closed.partition_point(|segment| segment.end_offset() <= offset);
        self.closed.drain(..gone);
        self.epochs.truncate_from_start(offset);
        self.aborted.truncate_from_start(offset);
        self.cleaned_to = self.cleaned_to.max(offset);
        Some(old)
    }

    /// Retention: drops the oldest segments that are too old or too many, none above the high watermark. Returns the old
    /// log start offset if it moved (`UnifiedLog.deleteOldSegments`).
    pub fn apply_retention(&mut self, high_watermark: Offset, now_ms: i64) -> Option<Offset> {
        if !self.config.cleanup_policy.delete {
            return None;
        }
        let limit = self.config.retention_bytes;
        let mut excess = if limit < 0 { 0 } else { (self.size() as i64).saturating_sub(limit) };
        let too_old = |segment: &Segment| {
            // What the cleaner has emptied has no time of its own left and goes with the segment before it.
            let age = segment.largest_timestamp().map_or(i64::MAX, |largest| now_ms.saturating_sub(largest));
            self.config.retention_ms.0 >= 0 && age > self.config.retention_ms.0
        };
        let mut gone = 0;
        let mut start = self.log_start_offset;
        let segments: Vec<&Segment> = self.segments().collect();
        for (index, segment) in segments.iter().enumerate() {
            let upper = segments.get(index + 1).map_or(self.log_end_offset, |next| next.base_offset());
            let too_many = excess > 0 && excess - segment.size() as i64 >= 0;
            // The scan stops at the first segment that has to stay.
            let deletable = upper <= high_watermark && (index < self.closed.len() || !segment.is_empty());
            if !deletable || !(too_many || too_old(segment)) {
                break;
            }
            excess -= if too_many { segment.size() as i64 } else { 0 };
            gone += 1;
            start = upper;
        }
        if gone > self.closed.len() {
            // Even the active segment goes: an empty one takes its place.
            self.roll(self.log_end_offset);
        }
        self.raise_log_start(start)
    }

    /// Writes every segment below `offset` anew with what `keep` leaves of its batches.
    pub fn rewrite_below(&mut self, offset: Offset, mut keep: impl FnMut(Vec<&RecordBatch>) -> Vec<RecordBatch>) {
        let interval = self.interval();
        for segment in self.closed.iter_mut().filter(|segment| segment.base_offset() < offset) {
            let kept = keep(segment.batches().collect());
            let mut fresh = Segment::new(segment.base_offset());
            fresh.replace(kept, interval);
            fresh.close();
            *segment = Arc::new(fresh);
        }
        self.merge_small(offset);
    }

    /// Neighbours that fit into one segment are written as one (`Cleaner.groupSegmentsBySize`).
    fn merge_small(&mut self, cleaned: Offset) {
        let interval = self.interval();
        let limit = u64::from(self.config.segment_bytes.unsigned_abs());
        let mut merged: Vec<Arc<Segment>> = Vec::new();
        for segment in std::mem::take(&mut self.closed) {
            match merged.last_mut() {
                Some(last) if segment.base_offset() < cleaned && last.size() + segment.size() <= limit => {
                    let both: Vec<RecordBatch> = last.batches().chain(segment.batches()).cloned().collect();
                    let mut fresh = Segment::new(last.base_offset());
                    fresh.replace(both, interval);
                    fresh.close();
                    *last = Arc::new(fresh);
                }
                _ => merged.push(segment),
            }
        }
        self.closed = merged;
    }

    /// Something happens to the stored batch that holds `offset`. False when there is none.
    pub fn damage(&mut self, offset: Offset, damage: Damage) -> bool {
        self.closed.iter_mut().any(|segment| {
            segment.base_offset() <= offset
                && offset < segment.end_offset()
                && Arc::make_mut(segment).damage(offset, damage)
        }) || self.active.damage(offset, damage)
    }

    /// The checkpoint files are written: recovery point and log start offset.
    pub fn write_checkpoint(&mut self) {
        self.checkpoint = (self.durable_to, self.log_start_offset);
    }

    /// What the checkpoint files say: recovery point and log start offset.
    pub fn checkpoint(&self) -> (Offset, Offset) {
        self.checkpoint
    }

    /// After an unclean stop: every segment from the one with the recovery point on is read and its CRCs checked; at the
    /// first batch that is not whole the log is cut, and later segments go (`LogLoader.recoverLog`).
    pub fn recover(&mut self) -> Recovery {
        let (point, start) = self.checkpoint;
        // What was only in memory is gone: the log begins where the checkpoint or the first file says.
        let first = self.segments().next().map_or(Offset::ZERO, Segment::base_offset);
        self.log_start_offset = start.max(first).min(self.log_end_offset);
        let floor = self.segments().rfind(|segment| segment.base_offset() <= point);
        let from = floor.map_or(Offset::ZERO, Segment::base_offset);
        let mut recovery = Recovery { from, scanned: 0, damaged: None };
        for batch in self.batches_from(from) {
            if batch.check().is_err() {
                recovery.damaged = Some(batch.base_offset);
                break;
            }
            recovery.scanned += 1;
        }
        if let Some(damaged) = recovery.damaged {
            self.truncate_to(damaged);
        }
        // The recovered segments are flushed before the broker goes on.
        self.flushed_to(self.log_end_offset);
        self.write_checkpoint();
        recovery
    }

    /// Offsets that no fsync covers, done or under way (`UnifiedLog.unflushedMessages`).
    pub fn unflushed_records(&self) -> i64 {
        let asked = self.flushes.iter().map(|flush| flush.to).max().unwrap_or(Offset::ZERO);
        self.log_end_offset.since(self.durable_to.max(asked))
    }

    /// An fsync of everything below `to` begins; with `append` an append waits for it.
    pub fn begin_flush(&mut self, number: u64, to: Offset, append: bool) {
        self.flushes.push(LogFlush { number, to: to.min(self.log_end_offset), append });
    }

    /// The fsync with this number is done. Returns what it was of, less what has been cut since; none when the log has
    /// begun anew meanwhile.
    pub fn end_flush(&mut self, number: u64) -> Option<Offset> {
        let at = self.flushes.iter().position(|flush| flush.number == number)?;
        let flush = self.flushes.remove(at);
        self.flushed_to(flush.to);
        Some(flush.to)
    }

    /// Whether an append waits for an fsync.
    pub fn is_flushing(&self) -> bool {
        self.flushes.iter().any(|flush| flush.append)
    }

    /// The numbers of the fsyncs that appends wait for.
    pub fn append_flushes(&self) -> impl Iterator<Item = u64> {
        self.flushes.iter().filter(|flush| flush.append).map(|flush| flush.number)
    }

    /// The process died: nobody hears of the fsyncs under way any more.
    pub fn abandon_flushes(&mut self) {
        self.flushes.clear();
    }

    /// Everything below `offset` is on the disk.
    pub fn flushed_to(&mut self, offset: Offset) {
        self.durable_to = self.durable_to.max(offset.min(self.log_end_offset));
    }

    /// The machine lost power. Of what was only in the page cache the operating system had written back `kept` batches;
    /// with `torn` the next one is half on the disk. Returns the new end.
    pub fn lose_page_cache(&mut self, kept: u32, torn: bool) -> Offset {
        let unflushed: Vec<(Offset, Offset, u32)> = self
            .batches_from(self.durable_to)
            .take(kept as usize + usize::from(torn))
            .map(|batch| (batch.base_offset, batch.next_offset(), batch.size_in_bytes))
            .collect();
        let end = unflushed.last().map_or(self.durable_to, |(_, next, _)| *next);
        let end = self.truncate_to(end);
        if torn && let Some((base, _, size)) = unflushed.get(kept as usize) {
            self.damage(*base, Damage::Torn(size / 2));
        }
        end
    }
}

/// An fsync under way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct LogFlush {
    number: u64,
    /// What it is of: everything below, as long as it is not cut.
    to: Offset,
    /// Whether an append waits for it.
    append: bool,
}

/// What recovery found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Recovery {
    /// Where it began to read.
    pub from: Offset,
    /// Batches that were whole.
    pub scanned: u64,
    /// Base offset of the first batch that was not: the log ends there now.
    pub damaged: Option<Offset>,
}
