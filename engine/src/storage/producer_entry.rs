//! One producer as one partition knows it (`ProducerStateEntry`).

use super::batch::{ProducerStamp, increment_sequence};
use crate::ids::Offset;
use std::collections::VecDeque;

/// How many of a producer's latest batches a replica remembers: why `max.in.flight` is at most 5.
pub const CACHED_BATCHES: usize = 5;

/// What is remembered of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BatchMetadata {
    /// Sequence of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Last offset minus base offset.
    pub offset_delta: i32,
    /// Its largest timestamp.
    pub timestamp: u64,
}

impl BatchMetadata {
    /// Sequence of its first record; wraps below 0 as sequences wrap above 2³¹−1.
    pub fn first_sequence(&self) -> i32 {
        let first = self.last_sequence - self.offset_delta;
        if first < 0 { first.wrapping_add(i32::MAX).wrapping_add(1) } else { first }
    }

    /// Offset of its first record.
    pub fn base_offset(&self) -> Offset {
        self.last_offset - i64::from(self.offset_delta)
    }
}

/// One producer in one partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProducerEntry {
    /// The newest epoch seen, −1 for none.
    pub epoch: i16,
    /// Its latest batches in this epoch, oldest first, at most five.
    pub batches: VecDeque<BatchMetadata>,
    /// Epoch of the coordinator that wrote the last marker, −1 for none.
    pub coordinator_epoch: i32,
    /// Largest timestamp of its last batch, in milliseconds.
    pub last_timestamp: u64,
    /// Where its open transaction begins.
    pub transaction_start: Option<Offset>,
}

impl Default for ProducerEntry {
    fn default() -> Self {
        ProducerEntry {
            epoch: ProducerEntry::NO_EPOCH,
            batches: VecDeque::new(),
            coordinator_epoch: -1,
            last_timestamp: 0,
            transaction_start: None,
        }
    }
}

impl ProducerEntry {
    /// No epoch seen yet.
    pub const NO_EPOCH: i16 = -1;

    /// The last sequence of the current epoch.
    pub fn last_sequence(&self) -> Option<i32> {
        self.batches.back().map(|batch| batch.last_sequence)
    }

    /// The remembered batch with exactly this range of sequences.
    pub(super) fn duplicate_of(&self, first: i32, last: i32) -> Option<&BatchMetadata> {
        self.batches.iter().find(|batch| batch.last_sequence == last && batch.first_sequence() == first)
    }

    /// Whether a batch of `epoch` may begin with `first`.
    pub(super) fn continues(&self, epoch: i16, first: i32) -> bool {
        if self.epoch == ProducerEntry::NO_EPOCH {
            // Never seen, expired, or all its data deleted: any beginning is taken (KIP-360).
            return true;
        }
        if epoch != self.epoch {
            return first == 0;
        }
        self.last_sequence().map_or(first == 0, |last| first == increment_sequence(last, 1))
    }

    /// A new epoch forgets the batches of the old one.
    pub(super) fn adopt_epoch(&mut self, epoch: i16) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
    }

    pub(super) fn push(&mut self, stamp: &ProducerStamp, count: usize, last_offset: Offset, timestamp: u64) {
        if self.batches.len() == CACHED_BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(BatchMetadata {
            last_sequence: stamp.last_sequence(count),
            last_offset,
            offset_delta: count as i32 - 1,
            timestamp,
        });
    }

    pub(super) fn as_in_snapshot(&self) -> ProducerEntry {
        ProducerEntry { batches: self.batches.back().copied().into_iter().collect(), ..self.clone() }
    }
}
