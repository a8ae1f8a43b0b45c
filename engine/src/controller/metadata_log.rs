//! A controller's copy of `__cluster_metadata-0`: records, their epochs, and how far they are on the disk.

use super::metadata_snapshot::MetadataSnapshot;
use super::record::MetadataRecord;
use crate::collections::SharedList;
use crate::ids::{LeaderEpoch, Offset};
use crate::storage::{EpochEnd, LeaderEpochCache};
use std::sync::Arc;

/// The metadata log of one controller. One record has one offset.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct MetadataLog {
    pub records: SharedList<Arc<MetadataRecord>>,
    pub epochs: LeaderEpochCache,
    /// Offsets below are on the disk.
    pub durable_to: Offset,
    /// What the committed records up to some offset come to.
    pub snapshot: Arc<MetadataSnapshot>,
}

impl MetadataLog {
    /// The offset the next record gets.
    pub fn end(&self) -> Offset {
        Offset(self.records.len() as i64)
    }

    /// The epoch of the last record, −1 for an empty log.
    pub fn last_epoch(&self) -> LeaderEpoch {
        self.epochs.latest().unwrap_or(LeaderEpoch::NONE)
    }

    pub fn append(&mut self, epoch: LeaderEpoch, record: Arc<MetadataRecord>) -> Offset {
        let offset = self.end();
        self.epochs.assign(epoch, offset);
        self.records.push(record);
        offset
    }

    pub fn truncate_to(&mut self, offset: Offset) {
        self.records.truncate(usize::try_from(offset.0).unwrap_or(0));
        self.epochs.truncate_from_end(self.end());
        self.durable_to = self.durable_to.min(self.end());
    }

    /// Records below `mark` are committed: now and then they are summed up.
    pub fn committed_to(&mut self, mark: Offset) {
        let mark = mark.min(self.end());
        if self.snapshot.is_due(mark) {
            let snapshot = Arc::make_mut(&mut self.snapshot);
            let new = mark.0.saturating_sub(snapshot.end.0).max(0) as usize;
            self.records.starting_at(snapshot.end.0 as usize).take(new).for_each(|record| snapshot.take(record));
        }
    }

    /// Records with their offsets from `from` up to `to`.
    pub fn read(&self, from: Offset, to: Offset) -> Vec<(Offset, Arc<MetadataRecord>)> {
        let last = to.0.clamp(0, self.end().0);
        let first = from.0.clamp(0, last);
        (first..last).map(Offset).zip(self.records.starting_at(first as usize).cloned()).collect()
    }

    /// The epoch of the record at `offset`.
    pub fn epoch_at(&self, offset: Offset) -> LeaderEpoch {
        let covering = self.epochs.entries().iter().rev().find(|entry| entry.start_offset <= offset);
        covering.map_or(LeaderEpoch::NONE, |entry| entry.epoch)
    }

    /// Where a log that ends at `end` with an epoch parts from this one, if it does.
    pub fn divergence(&self, end: Offset, last_epoch: LeaderEpoch) -> Option<EpochEnd> {
        if end == Offset::ZERO {
            return None;
        }
        let own = self.epochs.end_offset_for(last_epoch, self.end());
        (own.epoch < last_epoch || own.end_offset < end).then_some(own)
    }

    /// Where to cut when the leader says that the logs part at `end`.
    pub fn truncation_point(&self, end: EpochEnd) -> Offset {
        let own = self.epochs.end_offset_for(end.epoch, self.end());
        if end == EpochEnd::UNDEFINED || own == EpochEnd::UNDEFINED {
            return Offset(end.end_offset.0.max(0)).min(self.end());
        }
        if own.epoch == end.epoch { own.end_offset.min(end.end_offset) } else { own.end_offset }.min(self.end())
    }
}
