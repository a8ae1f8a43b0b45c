//! Compaction: of each key the last value is kept (`Cleaner`, `LogCleanerManager`, KIP-58, KIP-354, KIP-534).
//!
//! Records of aborted transactions replace nothing and go.
//! Simplified: one pass over a log is one step and takes no time; the offset map has room for every key; markers stay.

use super::batch::{Compacted, RecordBatch};
use super::log::Log;
use super::record::Record;
use crate::collections::Map;
use crate::config::TopicConfig;
use crate::ids::Offset;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a cleaner would find in a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CleanableLog {
    /// First offset that was not cleaned yet.
    pub first_dirty: Offset,
    /// First offset that may not be cleaned now.
    pub first_uncleanable: Offset,
    /// Bytes below the first dirty offset.
    pub clean_bytes: u64,
    /// Bytes from there to the first uncleanable offset.
    pub dirty_bytes: u64,
    /// Whether some of the dirty data is older than `max.compaction.lag.ms`.
    pub overdue: bool,
}

impl CleanableLog {
    /// Dirty share in millionths.
    pub fn dirty_ratio(&self) -> i64 {
        let total = (self.clean_bytes + self.dirty_bytes).max(1);
        (u128::from(self.dirty_bytes) * 1_000_000 / u128::from(total)) as i64
    }

    /// Whether a cleaner takes this log at all.
    pub fn is_eligible(&self, config: &TopicConfig) -> bool {
        let dirty = self.first_uncleanable > self.first_dirty;
        dirty && (self.overdue || self.dirty_ratio() > config.min_cleanable_dirty_ratio.0)
    }
}

/// What a cleaning did.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cleaned {
    /// Everything below is clean now.
    pub to: Offset,
    /// Records before and after.
    pub records: (u64, u64),
    /// Bytes before and after.
    pub bytes: (u64, u64),
    /// Offsets whose records are gone, ascending.
    pub gone: Vec<Offset>,
}

/// What of a log may be cleaned now; `stable` is the last stable offset.
pub fn cleanable(log: &Log, config: &TopicConfig, stable: Offset, now_ms: i64) -> CleanableLog {
    let first_dirty = log.cleaned_to().max(log.log_start_offset());
    let active = log.active().base_offset();
    let mut found = CleanableLog {
        first_dirty,
        first_uncleanable: stable.min(active),
        clean_bytes: 0,
        dirty_bytes: 0,
        overdue: false,
    };
    for segment in log.segments().filter(|segment| segment.base_offset() < active) {
        let young = segment
            .largest_timestamp()
            .is_some_and(|largest| largest > now_ms.saturating_sub(config.min_compaction_lag_ms));
        if segment.base_offset() >= first_dirty && config.min_compaction_lag_ms > 0 && young {
            found.first_uncleanable = found.first_uncleanable.min(segment.base_offset());
        }
        if segment.end_offset() <= first_dirty {
            found.clean_bytes += segment.size();
        } else if segment.base_offset() < found.first_uncleanable {
            found.dirty_bytes += segment.size();
            let first = segment.batches().next().map(|batch| batch.max_timestamp as i64);
            found.overdue |= first.is_some_and(|first| now_ms.saturating_sub(first) > config.max_compaction_lag_ms);
        }
    }
    found
}

/// Cleans a log: offsets, order and sequences stay, records that a later one with the same key replaces go.
pub fn clean(log: &mut Log, config: &TopicConfig, range: &CleanableLog, now_ms: i64) -> Cleaned {
    // Pass 1: the last offset of each key in the dirty part.
    let mut last: BTreeMap<Vec<u8>, Offset> = BTreeMap::new();
    let dirty = log.batches_from(range.first_dirty).take_while(|batch| batch.next_offset() <= range.first_uncleanable);
    let aborted = log.aborted().clone();
    let is_aborted = |batch: &RecordBatch| {
        let producer = batch.producer.filter(|_| batch.transactional && !batch.is_control());
        producer.is_some_and(|stamp| aborted.covers(stamp.id, batch.base_offset))
    };
    for batch in dirty.filter(|batch| !batch.is_control() && !is_aborted(batch)) {
        for (offset, record) in batch.iter() {
            if let Some(key) = record.key_bytes() {
                last.insert(key, offset);
            }
        }
    }
    let producers = log.producers().clone();
    let is_producers_last = |batch: &RecordBatch| {
        let known = batch.producer.and_then(|stamp| producers.get(stamp.id)).and_then(|entry| entry.batches.back());
        known.is_some_and(|last| last.last_offset == batch.last_offset())
    };
    // Pass 2: every segment below the end of the map is written anew.
    let mut cleaned = Cleaned { to: range.first_uncleanable, records: (0, 0), bytes: (0, 0), gone: Vec::new() };
    log.rewrite_below(range.first_uncleanable, |segment| {
        let mut kept = Vec::new();
        for batch in segment {
            cleaned.records.0 += batch.records.len() as u64;
            cleaned.bytes.0 += u64::from(batch.size_in_bytes);
            let must_stay = batch.next_offset() >= range.first_uncleanable || is_producers_last(batch);
            let left = clean_batch(batch, &last, is_aborted(batch), config, now_ms, must_stay);
            let mut stays = left.iter().flat_map(|left| left.iter()).map(|(offset, _)| offset).peekable();
            for (offset, _) in batch.iter() {
                if stays.next_if_eq(&offset).is_none() {
                    cleaned.gone.push(offset);
                }
            }
            drop(stays);
            if let Some(batch) = left {
                cleaned.records.1 += batch.records.len() as u64;
                cleaned.bytes.1 += u64::from(batch.size_in_bytes);
                kept.push(batch);
            }
        }
        kept
    });
    log.cleaned_up_to(range.first_uncleanable);
    cleaned
}

/// Offsets with the keys of what stood there.
type KeyedOffsets = Vec<(Offset, Vec<u8>)>;

/// Of the offsets that are `gone` those that held values with a key, neither tombstones nor of aborted transactions; and
/// of each of these keys the last offset in the log as it is now. For checkers.
pub fn values_cleaned(before: &Log, now: &Log, gone: &[Offset]) -> (KeyedOffsets, Map<Vec<u8>, Offset>) {
    let is_aborted = |batch: &RecordBatch| {
        let producer = batch.producer.filter(|_| batch.transactional);
        producer.is_some_and(|stamp| before.aborted().covers(stamp.id, batch.base_offset))
    };
    let first = gone.first().copied().unwrap_or_default();
    let values = before.batches_from(first).filter(|batch| !batch.is_control() && !is_aborted(batch));
    let values = values
        .flat_map(RecordBatch::iter)
        .filter(|(offset, record)| !record.is_tombstone() && gone.binary_search(offset).is_ok());
    let gone: KeyedOffsets = values.filter_map(|(offset, record)| Some((offset, record.key_bytes()?))).collect();
    let keys: BTreeSet<&Vec<u8>> = gone.iter().map(|(_, key)| key).collect();
    let mut last = Map::default();
    let staying = now.batches().filter(|batch| !batch.is_control() && !is_aborted(batch));
    for (offset, record) in staying.flat_map(RecordBatch::iter) {
        if let Some(key) = record.key_bytes().filter(|key| keys.contains(key)) {
            last.insert(key, offset);
        }
    }
    (gone, last)
}

/// The batch with what is to stay; none when nothing is. One that `must_stay` stays as an empty one: the last batch of a
/// round, so that the log does not seem to end earlier than it did, and the last of a producer, whose sequence stands there.
fn clean_batch(
    batch: &RecordBatch,
    last: &BTreeMap<Vec<u8>, Offset>,
    is_aborted: bool,
    config: &TopicConfig,
    now_ms: i64,
    must_stay: bool,
) -> Option<RecordBatch> {
    if batch.is_control() {
        return Some(batch.clone());
    }
    let horizon = batch.compacted.as_ref().and_then(|compacted| compacted.delete_horizon);
    let stays = |offset: Offset, record: &Record| {
        let Some(key) = record.key_bytes().filter(|_| !is_aborted) else { return false };
        let newest = last.get(&key).is_none_or(|newest| offset >= *newest);
        newest && (!record.is_tombstone() || horizon.is_none_or(|horizon| now_ms < horizon))
    };
    let kept: Vec<(i32, Record)> = batch
        .iter()
        .filter(|(offset, record)| stays(*offset, record))
        .map(|(offset, record)| (offset.since(batch.base_offset) as i32, record.clone()))
        .collect();
    if kept.is_empty() && !must_stay {
        return None;
    }
    let has_tombstone = kept.iter().any(|(_, record)| record.is_tombstone());
    if kept.len() == batch.records.len() && (horizon.is_some() || !has_tombstone) {
        return Some(batch.clone());
    }
    // The first meeting with a tombstone sets the clock by which it may go (KIP-534).
    let fresh = has_tombstone.then(|| now_ms.saturating_add(config.delete_retention_ms));
    let (deltas, records): (Vec<i32>, Vec<Record>) = kept.into_iter().unzip();
    let batch = RecordBatch {
        records: records.into(),
        compacted: Some(Arc::new(Compacted {
            last_offset_delta: batch.last_offset_delta(),
            offset_deltas: deltas.into(),
            base_timestamp: batch.base_timestamp(),
            delete_horizon: horizon.or(fresh),
        })),
        ..batch.clone()
    };
    Some(batch.rebuilt())
}
