//! What a replica knows of the producers that write to it (`ProducerStateManager`, KIP-98, KIP-360, KIP-890).
//!
//! Derived from the batches in the log, so every replica has it and it survives a failover. Only a leader checks;
//! a follower takes what its leader accepted as the truth.

use super::aborted_txn_index::AbortedTxn;
use super::batch::RecordBatch;
use super::producer_entry::ProducerEntry;
use crate::collections::{Map, Set};
use crate::ids::{Offset, ProducerId};
use crate::planted::{Planted, planted};
use crate::protocol::ErrorCode;
use crate::time::Duration;

/// What the leader does with a batch of an idempotent producer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AppendVerdict {
    /// It continues the sequence: append it.
    Append,
    /// It was appended before at this offset: answer with that, append nothing.
    Duplicate {
        /// Base offset of the first copy.
        base_offset: Offset,
        /// Its last offset.
        last_offset: Offset,
    },
    /// It does not fit: answer with the error.
    Refuse(ErrorCode),
}

/// What the leader knows from the transaction coordinator about a transactional batch (KIP-890).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verification {
    /// Nothing is asked: `transaction.partition.verification.enable` is off.
    Off,
    /// The coordinator has not confirmed that the partition belongs to the transaction.
    Missing,
    /// It has, for this attempt.
    Passed {
        /// The lowest sequence seen while the answer was awaited: nothing above it may go first.
        lowest_sequence: i32,
        /// Whether the producer speaks transaction version 2, where each transaction begins at sequence 0.
        v2: bool,
    },
}

/// Which rule a marker's epoch must keep.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MarkerRule {
    /// Transaction versions 0 and 1: at least the partition's.
    AtLeast,
    /// Transaction version 2 (KIP-1228): greater, or equal as the repetition of a marker (KAFKA-19999).
    Greater,
}

/// The producers one partition knows, and the transactions that are open in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ProducerStates {
    producers: Map<ProducerId, ProducerEntry>,
    /// Open transactions by their first offset.
    open: Set<(Offset, ProducerId)>,
    /// Closed transactions whose marker may not be replicated yet: first offset and marker's offset.
    unreplicated: Map<Offset, Offset>,
}

impl ProducerStates {
    /// The producers known here.
    pub fn iter(&self) -> impl Iterator<Item = (ProducerId, &ProducerEntry)> {
        self.producers.iter().map(|(id, entry)| (*id, entry))
    }

    /// One producer.
    pub fn get(&self, id: ProducerId) -> Option<&ProducerEntry> {
        self.producers.get(&id)
    }

    /// Whether a transaction of this producer and epoch is open here.
    pub fn has_open_transaction(&self, id: ProducerId, epoch: i16) -> bool {
        self.producers.get(&id).is_some_and(|entry| entry.transaction_start.is_some() && entry.epoch == epoch)
    }

    /// Open transactions in the order of their first offsets.
    pub fn open_transactions(&self) -> impl Iterator<Item = (Offset, ProducerId)> {
        self.open.iter().copied()
    }

    /// Judges a client's batch before the leader appends it.
    pub fn check(&self, batch: &RecordBatch, verification: Verification) -> AppendVerdict {
        use AppendVerdict::Refuse;
        let Some(stamp) = &batch.producer else { return AppendVerdict::Append };
        if planted(Planted::NoSequenceCheck) {
            return AppendVerdict::Append;
        }
        let known = self.producers.get(&stamp.id);
        let (first, last) = (stamp.base_sequence, stamp.last_sequence(batch.last_offset_delta() as usize + 1));
        let epoch = known.map_or(ProducerEntry::NO_EPOCH, |entry| entry.epoch);
        if let Some(copy) = known.filter(|_| epoch == stamp.epoch).and_then(|entry| entry.duplicate_of(first, last)) {
            return AppendVerdict::Duplicate { base_offset: copy.base_offset(), last_offset: copy.last_offset };
        }
        if stamp.epoch < epoch {
            return Refuse(ErrorCode::InvalidProducerEpoch);
        }
        if batch.transactional && !self.has_open_transaction(stamp.id, stamp.epoch) {
            match verification {
                Verification::Off => {}
                Verification::Missing => return Refuse(ErrorCode::InvalidTxnState),
                Verification::Passed { lowest_sequence, v2 } => {
                    let unknown = known.is_none_or(|entry| entry.last_sequence().is_none());
                    if (v2 && first != 0 && unknown) || first > lowest_sequence {
                        return Refuse(ErrorCode::OutOfOrderSequenceNumber);
                    }
                }
            }
        }
        if !known.is_none_or(|entry| entry.continues(stamp.epoch, first)) {
            if planted(Planted::GapTakenForDuplicate)
                && let Some(last) = known.and_then(|entry| entry.batches.back())
            {
                return AppendVerdict::Duplicate { base_offset: last.base_offset(), last_offset: last.last_offset };
            }
            return Refuse(ErrorCode::OutOfOrderSequenceNumber);
        }
        if known.is_some_and(|entry| entry.transaction_start.is_some()) && !batch.transactional {
            return Refuse(ErrorCode::InvalidTxnState);
        }
        AppendVerdict::Append
    }

    /// Judges a transaction marker before the leader appends it. NONE when it may be.
    pub fn check_marker(&self, batch: &RecordBatch, rule: MarkerRule) -> ErrorCode {
        let (Some(stamp), Some(marker)) = (&batch.producer, batch.marker()) else { return ErrorCode::InvalidRecord };
        let Some(entry) = self.producers.get(&stamp.id) else { return ErrorCode::None };
        let repeated = stamp.epoch == entry.epoch && entry.transaction_start.is_none();
        if stamp.epoch < entry.epoch || (rule == MarkerRule::Greater && stamp.epoch == entry.epoch && !repeated) {
            return ErrorCode::InvalidProducerEpoch;
        }
        if marker.coordinator_epoch < entry.coordinator_epoch {
            return ErrorCode::TransactionCoordinatorFenced;
        }
        ErrorCode::None
    }

    /// Learns from a batch that was appended. Returns the index entry of a transaction that it aborted.
    pub fn note(&mut self, batch: &RecordBatch) -> Option<AbortedTxn> {
        let stamp = batch.producer?;
        // The header says it, also when the cleaner has left no record.
        let timestamp = batch.max_timestamp;
        let entry = self.producers.entry(stamp.id).or_default();
        entry.adopt_epoch(stamp.epoch);
        entry.last_timestamp = timestamp;
        let Some(marker) = batch.marker() else {
            entry.push(&stamp, batch.last_offset_delta() as usize + 1, batch.last_offset(), timestamp);
            if batch.transactional && entry.transaction_start.is_none() {
                entry.transaction_start = Some(batch.base_offset);
                self.open.insert((batch.base_offset, stamp.id));
            }
            return None;
        };
        entry.coordinator_epoch = marker.coordinator_epoch;
        // A marker without an open transaction only fences.
        let first_offset = entry.transaction_start.take()?;
        self.open.remove(&(first_offset, stamp.id));
        self.unreplicated.insert(first_offset, batch.base_offset);
        if marker.committed {
            return None;
        }
        let last_stable_offset = self.open.first().map_or(batch.next_offset(), |(first, _)| *first);
        Some(AbortedTxn { producer_id: stamp.id, first_offset, last_offset: batch.base_offset, last_stable_offset })
    }

    /// First offset of the oldest transaction that is open, or whose marker is not below the high watermark.
    pub fn first_unstable_offset(&self, high_watermark: Offset) -> Option<Offset> {
        let open = self.open.first().map(|(first, _)| *first);
        let closing = self.unreplicated.iter().find(|(_, marker)| **marker >= high_watermark).map(|(first, _)| *first);
        [open, closing].into_iter().flatten().min()
    }

    /// Markers below the high watermark hold nothing back any more.
    pub fn replicated_to(&mut self, high_watermark: Offset) {
        if !self.unreplicated.is_empty() {
            self.unreplicated.retain(|_, marker| *marker >= high_watermark);
        }
    }

    /// Forgets producers silent since before `now_ms − expiration`, never one with an open transaction
    /// (`producer.id.expiration.ms`). Returns how many.
    pub fn expire(&mut self, now_ms: u64, expiration: Duration) -> usize {
        let before = self.producers.len();
        let age = expiration.as_millis();
        self.producers
            .retain(|_, entry| entry.transaction_start.is_some() || now_ms.saturating_sub(entry.last_timestamp) < age);
        before - self.producers.len()
    }

    /// What a snapshot file holds: each producer with its last batch only, and where its transaction began.
    pub fn snapshot(&self) -> ProducerStates {
        ProducerStates {
            producers: self.producers.iter().map(|(id, entry)| (*id, entry.as_in_snapshot())).collect(),
            open: self.open.clone(),
            unreplicated: Map::new(),
        }
    }
}

/// Runs the golden vectors of producer state; `judge` gets each case's name and what is wrong with it, if anything.
pub fn run_producer_state(json: &serde_json::Value, judge: &mut impl FnMut(&str, Option<String>)) {
    use super::{EndTxnMarker, ProducerStamp, Record, RecordBody};
    use crate::ids::{NodeId, RecordId};
    for case in json["cases"].as_array().into_iter().flatten() {
        let (mut states, mut end, mut wrong) = (ProducerStates::default(), Offset::ZERO, None);
        for op in case["ops"].as_array().into_iter().flatten() {
            let int = |field: &str| op[field].as_i64().unwrap_or_default();
            let id = ProducerId(int("producer_id"));
            let epoch = i16::try_from(int("producer_epoch")).unwrap_or(i16::MIN);
            let base_sequence = i32::try_from(int("base_sequence")).unwrap_or(i32::MIN);
            let (mut batch, verdict) = if op["op"] == "append" {
                let stamp = ProducerStamp { id, epoch, base_sequence };
                let user = |number| RecordBody::User { id: RecordId::new(NodeId(0), number), key: None, size: 1 };
                let records = (0..int("count") as u32).map(|number| Record { timestamp: 0, body: user(number) });
                let mut batch = RecordBatch::new(Some(stamp), records.collect());
                batch.transactional = op["transactional"] == true;
                let checked = if op["origin"] == "REPLICATION" {
                    AppendVerdict::Append
                } else {
                    states.check(&batch, Verification::Off)
                };
                (batch, checked)
            } else {
                let coordinator_epoch = i32::try_from(int("coordinator_epoch")).unwrap_or(i32::MIN);
                let marker = EndTxnMarker { committed: op["result"] == "COMMIT", coordinator_epoch };
                let batch = RecordBatch::of_marker(id, epoch, marker, 0);
                let checked = match states.check_marker(&batch, MarkerRule::AtLeast) {
                    ErrorCode::None => AppendVerdict::Append,
                    error => AppendVerdict::Refuse(error),
                };
                (batch, checked)
            };
            let found = match verdict {
                AppendVerdict::Append => {
                    batch.base_offset = end;
                    end = batch.next_offset();
                    states.note(&batch);
                    "APPENDED"
                }
                AppendVerdict::Duplicate { .. } => "DUPLICATE_RETURNS_ORIGINAL_OFFSET",
                AppendVerdict::Refuse(error) => error.name(),
            };
            if op["expect"] != found {
                wrong = wrong.or_else(|| Some(format!("{op} gave {found}")));
            }
        }
        judge(case["id"].as_str().unwrap_or("unnamed"), wrong);
    }
}
