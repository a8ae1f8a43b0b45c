//! What a reader of committed data passes over, batch by batch (`CompletedFetch.consumeAbortedTransactionsUpTo`).

use super::aborted_txn_index::AbortedTxn;
use super::batch::RecordBatch;
use crate::collections::Set;
use crate::ids::ProducerId;
use std::iter::Peekable;
use std::vec::IntoIter;

/// The aborted transactions of a stretch of the log, read along with its batches.
pub struct AbortedReads {
    entries: Peekable<IntoIter<AbortedTxn>>,
    /// Producers in whose aborted transaction the reader is.
    aborted: Set<ProducerId>,
}

impl AbortedReads {
    /// Before the first batch; without entries only markers are passed over.
    pub fn new(mut entries: Vec<AbortedTxn>) -> AbortedReads {
        entries.sort_unstable_by_key(|entry| entry.first_offset);
        AbortedReads { entries: entries.into_iter().peekable(), aborted: Set::new() }
    }

    /// Whether the next batch is for nobody: a marker, or of a transaction that was aborted.
    pub fn hides(&mut self, batch: &RecordBatch) -> bool {
        while let Some(entry) = self.entries.next_if(|entry| entry.first_offset <= batch.last_offset()) {
            self.aborted.insert(entry.producer_id);
        }
        let producer = batch.producer.filter(|_| batch.transactional).map(|stamp| stamp.id);
        if let Some(marker) = batch.marker() {
            if let Some(id) = producer.filter(|_| !marker.committed) {
                self.aborted.remove(&id);
            }
            return true;
        }
        producer.is_some_and(|id| self.aborted.contains(&id))
    }
}
