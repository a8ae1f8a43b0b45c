//! One share-partition's state at the share coordinator (`ShareGroupOffset`).

use super::record::{ShareStateKey, ShareStateRecord};
use crate::ids::{LeaderEpoch, Offset};
use crate::share::StateBatch;

/// What is known of a share-partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareState {
    /// The number of the last snapshot.
    pub snapshot_epoch: i32,
    /// The group epoch in which it began.
    pub state_epoch: i32,
    /// The newest leader epoch heard of.
    pub leader_epoch: LeaderEpoch,
    /// SPSO; −1 while nobody has said where to begin.
    pub start_offset: Offset,
    /// States of records above it, in order and without overlap.
    pub batches: Vec<StateBatch>,
    /// Updates since the snapshot.
    pub updates: i32,
}

impl ShareState {
    /// Takes a record in.
    pub(super) fn replay(known: Option<ShareState>, record: &ShareStateRecord) -> ShareState {
        match known.filter(|_| !record.snapshot) {
            None => ShareState {
                snapshot_epoch: record.snapshot_epoch,
                state_epoch: record.state_epoch,
                leader_epoch: record.leader_epoch,
                start_offset: record.start_offset,
                batches: record.batches.clone(),
                updates: 0,
            },
            Some(known) => {
                let start_offset = known.start_offset.max(record.start_offset);
                ShareState {
                    leader_epoch: known.leader_epoch.max(record.leader_epoch),
                    start_offset,
                    batches: combine(&known.batches, &record.batches, start_offset),
                    updates: known.updates + 1,
                    ..known
                }
            }
        }
    }

    /// All of it, as the next snapshot.
    pub(super) fn snapshot(&self, key: ShareStateKey) -> ShareStateRecord {
        ShareStateRecord {
            key,
            snapshot: true,
            snapshot_epoch: self.snapshot_epoch + 1,
            state_epoch: self.state_epoch,
            leader_epoch: self.leader_epoch,
            start_offset: self.start_offset,
            batches: self.batches.clone(),
        }
    }
}

/// Newer states on top of older ones, without what lies below the start (`PersisterStateBatchCombiner`).
fn combine(known: &[StateBatch], newer: &[StateBatch], start: Offset) -> Vec<StateBatch> {
    let mut all: Vec<StateBatch> = known.to_vec();
    for batch in newer {
        let mut rest = Vec::with_capacity(all.len() + 1);
        for old in all {
            if old.last < batch.first || old.first > batch.last {
                rest.push(old);
                continue;
            }
            if old.first < batch.first {
                rest.push(StateBatch { last: batch.first - 1, ..old });
            }
            if old.last > batch.last {
                rest.push(StateBatch { first: batch.last + 1, ..old });
            }
        }
        rest.push(*batch);
        all = rest;
    }
    all.retain(|batch| batch.last >= start);
    all.sort_unstable();
    let mut merged: Vec<StateBatch> = Vec::with_capacity(all.len());
    for batch in all {
        let batch = StateBatch { first: batch.first.max(start), ..batch };
        match merged.last_mut() {
            Some(last)
                if last.last + 1 == batch.first
                    && (last.state, last.delivery_count) == (batch.state, batch.delivery_count) =>
            {
                last.last = batch.last;
            }
            _ => merged.push(batch),
        }
    }
    merged
}
