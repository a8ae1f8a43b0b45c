//! Sequences of an idempotent producer (`TransactionManager`, `TxnPartitionEntry`, KIP-360).

use super::accumulator::Accumulator;
use super::batch::BatchId;
use crate::collections::{Map, Set};
use crate::ids::{Offset, ProducerId, TopicPartition};
use crate::protocol::ErrorCode;
use crate::storage::{ProducerStamp, increment_sequence};

/// A producer's id and epoch.
pub type ProducerIdAndEpoch = (ProducerId, i16);

/// One partition's sequences.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(in crate::client) struct PartitionSequences {
    /// The id and epoch the sequences belong to.
    pub id: ProducerIdAndEpoch,
    /// The next one to give out.
    pub next: i32,
    /// The last one acknowledged, −1 for none.
    pub last_acked: i32,
    /// Offset of the last record acknowledged, −1 for none.
    pub last_acked_offset: Offset,
    /// Batches with a sequence and no verdict, in the order of their sequences.
    pub in_flight: Vec<BatchId>,
}

impl PartitionSequences {
    fn new(id: ProducerIdAndEpoch) -> PartitionSequences {
        PartitionSequences { id, next: 0, last_acked: -1, last_acked_offset: Offset::NONE, in_flight: Vec::new() }
    }
}

/// The sequences of one producer.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(in crate::client) struct Sequences {
    /// None until InitProducerId was answered.
    pub id: Option<ProducerIdAndEpoch>,
    pub partitions: Map<TopicPartition, PartitionSequences>,
    /// Partitions where a batch was given up after it had been sent: the sequence after it. Nothing new goes there
    /// until it is known whether the broker has it.
    pub unresolved: Map<TopicPartition, i32>,
    /// Partitions whose batches get new sequences with the next epoch.
    to_rewrite: Set<TopicPartition>,
    pub bump_required: bool,
}

impl Sequences {
    /// A new id or epoch from the coordinator: every partition begins again.
    pub fn begin_anew(&mut self, id: ProducerIdAndEpoch) {
        self.id = Some(id);
        self.partitions.clear();
        self.unresolved.clear();
        self.to_rewrite.clear();
        self.bump_required = false;
    }

    /// Whether a batch at the head of its queue must wait for the sake of its sequence.
    pub fn holds_back(&self, tp: TopicPartition, batch_sequence: Option<i32>, batches: &Accumulator) -> bool {
        let known = self.partitions.get(&tp);
        match batch_sequence {
            None => {
                let stale = known.is_some_and(|known| Some(known.id) != self.id && !known.in_flight.is_empty());
                stale || self.unresolved.contains_key(&tp)
            }
            // A batch that is retried goes only when it is the first without a verdict.
            Some(sequence) => {
                let first = known.and_then(|known| known.in_flight.first());
                first.and_then(|id| batches.batches.get(id)).is_some_and(|first| first.base_sequence() != sequence)
            }
        }
    }

    /// Gives a batch its sequence, when it is drained for the first time.
    pub fn assign(&mut self, tp: TopicPartition, id: BatchId, count: i32) -> Option<ProducerStamp> {
        let producer = self.id?;
        let known = self.partitions.entry(tp).or_insert_with(|| PartitionSequences::new(producer));
        if known.id != producer && known.in_flight.is_empty() {
            *known =
                PartitionSequences { last_acked_offset: known.last_acked_offset, ..PartitionSequences::new(producer) };
        }
        let stamp = ProducerStamp { id: producer.0, epoch: producer.1, base_sequence: known.next };
        known.next = increment_sequence(known.next, count);
        known.in_flight.push(id);
        Some(stamp)
    }

    /// A batch was divided: its parts take its place.
    pub fn replace(&mut self, tp: TopicPartition, whole: BatchId, parts: &[BatchId]) {
        let Some(known) = self.partitions.get_mut(&tp) else { return };
        let place = known.in_flight.iter().position(|id| *id == whole).unwrap_or(known.in_flight.len());
        known.in_flight.retain(|id| *id != whole);
        known
            .in_flight
            .splice(place.min(known.in_flight.len())..place.min(known.in_flight.len()), parts.iter().copied());
    }

    /// A batch was acknowledged.
    pub fn acknowledged(
        &mut self,
        tp: TopicPartition,
        id: BatchId,
        stamp: ProducerStamp,
        last: i32,
        last_offset: Offset,
    ) {
        let Some(known) = self.partitions.get_mut(&tp) else { return };
        known.in_flight.retain(|other| *other != id);
        if known.id == (stamp.id, stamp.epoch) {
            known.last_acked = known.last_acked.max(last);
            known.last_acked_offset = known.last_acked_offset.max(last_offset);
        }
    }

    /// A batch failed for good.
    pub fn failed(&mut self, tp: TopicPartition, id: BatchId) {
        if let Some(known) = self.partitions.get_mut(&tp) {
            known.in_flight.retain(|other| *other != id);
        }
    }

    /// A transactional batch failed before anything was written: the sequences after it close the gap.
    pub fn close_gap(&mut self, tp: TopicPartition, from: i32, count: i32, batches: &mut Accumulator) {
        let Some(known) = self.partitions.get_mut(&tp) else { return };
        known.next = known.next.saturating_sub(count).max(0);
        for id in &known.in_flight {
            if let Some(stamp) = batches.batches.get_mut(id).and_then(|batch| batch.stamp.as_mut())
                && stamp.base_sequence >= from
            {
                stamp.base_sequence -= count;
            }
        }
    }

    /// A batch that may have been written was given up.
    pub fn mark_unresolved(&mut self, tp: TopicPartition, next: i32) {
        let known = self.unresolved.entry(tp).or_insert(next);
        *known = (*known).max(next);
    }

    /// Partitions whose doubts have settled: true for those whose sequence is really lost.
    pub fn resolve(&mut self) -> Vec<(TopicPartition, bool)> {
        let settled: Vec<(TopicPartition, bool)> = self
            .unresolved
            .keys()
            .filter_map(|tp| {
                let known = self.partitions.get(tp)?;
                known.in_flight.is_empty().then(|| (*tp, increment_sequence(known.last_acked, 1) != known.next))
            })
            .collect();
        for (tp, _) in &settled {
            self.unresolved.remove(tp);
        }
        settled
    }

    /// Asks for a new epoch because of one partition.
    pub fn request_bump(&mut self, tp: TopicPartition) {
        self.bump_required = true;
        self.to_rewrite.insert(tp);
    }

    /// Takes the next epoch by itself, as a producer without transactions may; none when the epochs are used up and a
    /// new id is needed. Batches of the partitions that asked for it are numbered anew from 0.
    pub fn bump(&mut self, batches: &mut Accumulator) -> Option<ProducerIdAndEpoch> {
        self.bump_required = false;
        let (producer, epoch) = self.id?;
        let Some(next_epoch) = epoch.checked_add(1) else {
            self.id = None;
            self.forget_stamps(batches);
            return None;
        };
        let id = (producer, next_epoch);
        self.id = Some(id);
        for tp in std::mem::take(&mut self.to_rewrite) {
            self.unresolved.remove(&tp);
            let Some(known) = self.partitions.get_mut(&tp) else { continue };
            let mut next = 0;
            for batch in &known.in_flight {
                if let Some(batch) = batches.batches.get_mut(batch) {
                    batch.stamp = Some(ProducerStamp { id: producer, epoch: next_epoch, base_sequence: next });
                    batch.sequence_reset = true;
                    next = increment_sequence(next, batch.records.len() as i32);
                }
            }
            known.id = id;
            known.next = next;
            known.last_acked = -1;
        }
        Some(id)
    }

    /// All sequences are void: what waits gets new ones when it is drained again.
    fn forget_stamps(&mut self, batches: &mut Accumulator) {
        self.partitions.clear();
        self.unresolved.clear();
        self.to_rewrite.clear();
        for batch in batches.batches.values_mut() {
            batch.stamp = None;
            batch.sequence_reset = true;
        }
    }

    /// Whether a batch that was refused may go again (`TransactionManager.canRetry`), and whether a new epoch is asked for.
    pub fn may_retry(
        &mut self,
        tp: TopicPartition,
        error: ErrorCode,
        sequence: i32,
        was_reset: bool,
        log_start_offset: Offset,
        transactional: bool,
    ) -> bool {
        match error {
            ErrorCode::UnknownProducerId => {
                if log_start_offset == Offset::NONE || was_reset {
                    return true;
                }
                let acked = self.partitions.get(&tp).map_or(Offset::NONE, |known| known.last_acked_offset);
                if !transactional {
                    self.request_bump(tp);
                }
                !transactional || acked < log_start_offset
            }
            ErrorCode::OutOfOrderSequenceNumber => {
                let unresolved = self.unresolved.get(&tp).copied();
                let last = self.partitions.get(&tp).map_or(-1, |known| known.last_acked);
                let is_next = increment_sequence(last, 1) == sequence;
                if unresolved.is_none() && (was_reset || !is_next) {
                    return true;
                }
                if transactional {
                    return false;
                }
                // Nothing earlier can close the gap any more.
                if unresolved.is_none_or(|next| next == sequence) {
                    self.request_bump(tp);
                }
                true
            }
            _ => error.is_retriable(),
        }
    }
}
