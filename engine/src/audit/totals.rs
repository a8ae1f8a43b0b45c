//! Sums over records: of all, of each producer, of each partition, and of each group or queue.

use crate::collections::Map;
use crate::ids::{NodeId, RecordId, TopicPartition};

/// Sums over some records.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(missing_docs, reason = "see view::LedgerView, which shows them")]
pub struct Totals {
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
    pub stored: u64,
    pub delivered: u64,
    pub processed: u64,
    pub lost: u64,
    pub stored_twice: u64,
    pub processed_again: u64,
    pub skipped: u64,
    pub effects_repeated: u64,
}

/// The sums, kept up event by event: they stay when the fate of a record that was deleted long ago is forgotten.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Tally {
    pub all: Totals,
    pub producers: Map<NodeId, Totals>,
    pub partitions: Map<TopicPartition, Totals>,
    pub readers: Map<u32, Totals>,
}

impl Tally {
    /// Counts something that became of a record of this partition; none for a queue.
    pub fn count(&mut self, record: RecordId, tp: Option<TopicPartition>, change: impl Fn(&mut Totals)) {
        change(&mut self.all);
        change(self.producers.entry(record.producer()).or_default());
        if let Some(tp) = tp {
            change(self.partitions.entry(tp).or_default());
        }
    }

    /// Counts what a group or the workers of a queue did with a record.
    pub fn count_reading(
        &mut self,
        record: RecordId,
        tp: Option<TopicPartition>,
        reader: u32,
        change: impl Fn(&mut Totals),
    ) {
        self.count(record, tp, &change);
        change(self.readers.entry(reader).or_default());
    }
}
