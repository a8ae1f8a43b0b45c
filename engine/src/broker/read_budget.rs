//! How much of a fetch's answer is still free (`ReplicaManager.readFromLog`).

use crate::ids::Offset;
use crate::storage::{Log, ReadBatches};

/// `fetch.max.bytes` is for all partitions together. Of the first one that has anything a batch is read even if it is
/// larger, so that it still makes progress (KIP-74); of the others only what fits.
pub(super) struct ReadBudget {
    left: i32,
    at_least_one: bool,
    short: bool,
}

impl ReadBudget {
    pub fn new(max_bytes: i32) -> ReadBudget {
        ReadBudget { left: max_bytes.max(0), at_least_one: true, short: false }
    }

    /// Reads one partition, at most `max_bytes` of it.
    pub fn read(&mut self, log: &Log, from: Offset, bound: Offset, max_bytes: i32) -> ReadBatches {
        let batches = log.read_within(from, bound, max_bytes.min(self.left), self.at_least_one);
        let size: i64 = batches.iter().map(|batch| i64::from(batch.size_in_bytes)).sum();
        self.left = i32::try_from(i64::from(self.left) - size).unwrap_or(0).max(0);
        self.at_least_one &= batches.is_empty();
        self.short = batches.is_empty() && from < bound;
        batches
    }

    /// Whether the last read found nothing although there is something: it did not fit any more.
    pub fn was_short(&mut self) -> bool {
        std::mem::take(&mut self.short)
    }
}
