//! Duplicate detection on the broker (`ProducerStateManager`, KIP-98, KIP-360).
//!
//! Every replica derives this state from the batches in its log, so it survives a failover.
//! Absent: transactions, expiry, snapshots (state is rebuilt from the log after truncation).

use super::batch::{ProducerStamp, RecordBatch, increment_sequence};
use crate::collections::Map;
use crate::ids::{Offset, ProducerId};
use crate::protocol::ErrorCode;
use std::collections::VecDeque;

/// How many of a producer's latest batches a replica remembers: why `max.in.flight` is at most 5.
const CACHED_BATCHES: usize = 5;

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

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct BatchMetadata {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: Offset,
    last_offset: Offset,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct ProducerState {
    epoch: i16,
    batches: VecDeque<BatchMetadata>,
}

/// The producers one partition knows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ProducerStates {
    producers: Map<ProducerId, ProducerState>,
}

impl ProducerStates {
    /// Judges a batch of `count` records before the leader appends it.
    pub fn check(&self, stamp: &ProducerStamp, count: usize) -> AppendVerdict {
        let Some(state) = self.producers.get(&stamp.id) else { return AppendVerdict::Append };
        let last_sequence = stamp.last_sequence(count);
        if state.epoch == stamp.epoch {
            let known = state
                .batches
                .iter()
                .find(|batch| batch.first_sequence == stamp.base_sequence && batch.last_sequence == last_sequence);
            if let Some(batch) = known {
                return AppendVerdict::Duplicate { base_offset: batch.base_offset, last_offset: batch.last_offset };
            }
        }
        if stamp.epoch < state.epoch {
            return AppendVerdict::Refuse(ErrorCode::InvalidProducerEpoch);
        }
        let expected = if stamp.epoch > state.epoch {
            0
        } else {
            state.batches.back().map_or(0, |batch| increment_sequence(batch.last_sequence, 1))
        };
        if stamp.base_sequence == expected {
            AppendVerdict::Append
        } else {
            AppendVerdict::Refuse(ErrorCode::OutOfOrderSequenceNumber)
        }
    }

    /// Learns from a batch that was appended.
    pub fn note(&mut self, batch: &RecordBatch) {
        let Some(stamp) = batch.producer else { return };
        let state = self.producers.entry(stamp.id).or_default();
        if stamp.epoch != state.epoch {
            state.epoch = stamp.epoch;
            state.batches.clear();
        }
        state.batches.push_back(BatchMetadata {
            first_sequence: stamp.base_sequence,
            last_sequence: stamp.last_sequence(batch.records.len()),
            base_offset: batch.base_offset,
            last_offset: batch.last_offset(),
        });
        if state.batches.len() > CACHED_BATCHES {
            state.batches.pop_front();
        }
    }
}
