//! The transactional ids one broker coordinates: those whose partition of `__transaction_state` it leads.

use super::metadata::{TransactionMetadata, TransactionRecord};
use crate::collections::{Map, Set};
use crate::coordinator::ReplyTo;
use crate::event::TransactionState;
use crate::ids::{ProducerId, TopicPartition, TransactionalId};
use crate::protocol::{AddPartitionsToTxnRequest, ErrorCode, Response};
use crate::time::Instant;
use std::sync::Arc;

/// A state to be written, and the answer that leaves once it is committed.
pub type TransactionWrite = (TransactionalId, TransactionMetadata, Option<(ReplyTo, Response)>);

/// What a handler of the coordinator came to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum TransactionOutcome {
    /// Nothing to be done.
    Nothing,
    /// This answer, now.
    Answer(ReplyTo, Response),
    /// A record first.
    Write(Box<TransactionWrite>),
}

/// What follows from a committed state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AfterCommit {
    /// Nothing.
    Settled,
    /// The decision is made: write markers to its partitions.
    SendMarkers,
}

/// One transactional id in the coordinator's memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Entry {
    /// What the log says.
    pub metadata: TransactionMetadata,
    /// A state on its way into the log: until it is committed every other request is told to come back.
    pub pending: Option<TransactionState>,
    /// Partitions whose marker is not confirmed.
    pub unmarked: Set<TopicPartition>,
}

/// All transactional ids of one broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct TransactionShards {
    pub(super) entries: Map<TransactionalId, Entry>,
}

impl TransactionShards {
    /// The states of the transactional ids coordinated here.
    pub fn iter(&self) -> impl Iterator<Item = (TransactionalId, &TransactionMetadata)> {
        self.entries.iter().map(|(id, entry)| (*id, &entry.metadata))
    }

    /// The state of one transactional id.
    pub fn get(&self, id: TransactionalId) -> Option<&TransactionMetadata> {
        self.entries.get(&id).map(|entry| &entry.metadata)
    }

    /// Partitions of a transaction whose marker is not confirmed.
    pub fn unmarked(&self, id: TransactionalId) -> impl Iterator<Item = TopicPartition> {
        self.entries.get(&id).into_iter().flat_map(|entry| entry.unmarked.iter().copied())
    }

    /// Transactions whose markers are not all confirmed.
    pub fn ending(&self) -> Vec<TransactionalId> {
        let ending = |entry: &Entry| entry.metadata.is_ending() && entry.pending.is_none();
        self.entries.iter().filter(|(_, entry)| ending(entry)).map(|(id, _)| *id).collect()
    }

    /// The only way durable state changes.
    pub fn replay(&mut self, record: &TransactionRecord) {
        let metadata = record.metadata.clone();
        let unmarked = if metadata.is_ending() { metadata.partitions.clone() } else { Set::new() };
        self.entries.insert(record.id, Entry { metadata, pending: None, unmarked });
    }

    /// This broker no longer leads the partition of these ids.
    pub fn unload(&mut self, is_mine: impl Fn(TransactionalId) -> bool) {
        self.entries.retain(|id, _| !is_mine(*id));
    }

    /// A record was committed: it counts now.
    pub fn committed(&mut self, record: &TransactionRecord) -> AfterCommit {
        self.replay(record);
        if record.metadata.is_ending() { AfterCommit::SendMarkers } else { AfterCommit::Settled }
    }

    /// A record was not committed: the old state stands.
    pub fn failed(&mut self, id: TransactionalId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.pending = None;
        }
    }

    /// Writes a new state for an id.
    pub(super) fn write(
        &mut self,
        id: TransactionalId,
        metadata: TransactionMetadata,
        answer: Option<(ReplyTo, Response)>,
    ) -> TransactionOutcome {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.pending = Some(metadata.state);
        }
        TransactionOutcome::Write(Box::new((id, metadata, answer)))
    }

    /// AddPartitionsToTxn and AddOffsetsToTxn, each with its `answer`: from a producer, or from the leader of a partition that a producer writes to for the first
    /// time in its transaction.
    pub fn on_add_partitions(
        &mut self,
        to: ReplyTo,
        request: &AddPartitionsToTxnRequest,
        answer: fn(ErrorCode) -> Response,
        now: Instant,
    ) -> TransactionOutcome {
        let checked =
            self.may_add(request.transactional, request.producer_id, request.producer_epoch, request.verify_only);
        let metadata = match checked {
            Ok(metadata) => metadata,
            Err(error) => return TransactionOutcome::Answer(to, answer(error)),
        };
        let ongoing = metadata.state == TransactionState::Ongoing;
        let has_all = ongoing && request.partitions.iter().all(|tp| metadata.partitions.contains(tp));
        if request.verify_only || has_all {
            let error = if has_all { ErrorCode::None } else { ErrorCode::TransactionAbortable };
            return TransactionOutcome::Answer(to, answer(error));
        }
        let mut next = metadata.clone();
        next.state = TransactionState::Ongoing;
        next.updated = now;
        next.started = if ongoing { next.started } else { Some(now) };
        next.partitions.extend(request.partitions.iter().copied());
        self.write(request.transactional, next, Some((to, answer(ErrorCode::None))))
    }

    fn may_add(
        &self,
        id: TransactionalId,
        producer_id: ProducerId,
        epoch: i16,
        verify_only: bool,
    ) -> Result<&TransactionMetadata, ErrorCode> {
        let entry = self.entries.get(&id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        if entry.pending.is_some() && !verify_only {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let metadata = &entry.metadata;
        if metadata.producer_id != producer_id {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if metadata.producer_epoch != epoch {
            return Err(ErrorCode::ProducerFenced);
        }
        if metadata.is_ending() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        Ok(metadata)
    }

    /// A partition has its marker, or never will: the last one completes the transaction.
    pub fn marked(&mut self, id: TransactionalId, tp: TopicPartition, now: Instant) -> TransactionOutcome {
        let Some(entry) = self.entries.get_mut(&id) else { return TransactionOutcome::Nothing };
        entry.unmarked.remove(&tp);
        self.complete(id, now)
    }

    /// The leaders refuse the markers of this coordinator: another one has taken over.
    pub fn give_up_marking(&mut self, id: TransactionalId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.unmarked.clear();
        }
    }

    /// Writes the end of a transaction whose markers are all confirmed.
    pub fn complete(&mut self, id: TransactionalId, now: Instant) -> TransactionOutcome {
        let Some(entry) = self.entries.get(&id) else { return TransactionOutcome::Nothing };
        if !entry.unmarked.is_empty() || entry.pending.is_some() || !entry.metadata.is_ending() {
            return TransactionOutcome::Nothing;
        }
        let mut next = entry.metadata.clone();
        next.state = match next.state {
            TransactionState::PrepareCommit => TransactionState::CompleteCommit,
            _ => TransactionState::CompleteAbort,
        };
        next.partitions = Set::new();
        next.started = None;
        next.updated = now;
        self.write(id, next, None)
    }

    /// Transactions that are older than their timeout are fenced and aborted.
    pub fn on_timeouts(&mut self, now: Instant) -> Vec<TransactionOutcome> {
        let late = |entry: &Entry| {
            entry.pending.is_none()
                && entry.metadata.state == TransactionState::Ongoing
                && entry.metadata.started.is_some_and(|started| started + entry.metadata.timeout < now)
        };
        let due: Vec<TransactionalId> =
            self.entries.iter().filter(|(_, entry)| late(entry)).map(|(id, _)| *id).collect();
        due.into_iter().map(|id| self.fence_and_abort(id, None, now)).collect()
    }

    /// A record for the log.
    pub fn record(id: TransactionalId, metadata: &TransactionMetadata) -> Arc<TransactionRecord> {
        Arc::new(TransactionRecord { id, metadata: metadata.clone() })
    }
}
