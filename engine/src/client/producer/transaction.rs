//! The producer's side of transactions (`TransactionManager`).

use super::actor::{Producer, ProducerAsk};
use crate::client::connection::Backoff;
use crate::collections::Set;
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{GroupId, NodeId, ProducerId, TopicPartition, TransactionalId};
use crate::protocol::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, EndTxnResponse, ErrorCode,
    FindCoordinatorResponse, InitProducerIdRequest, InitProducerIdResponse, OffsetCommitRequest, Request,
};
use crate::time::{Duration, Instant};

/// Pause before AddPartitionsToTxn is tried again while the last transaction is still being ended (KAFKA-5477).
const ADD_PARTITIONS_RETRY: Duration = Duration::from_millis(20);

/// Where the producer is (`TransactionManager.State`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ClientTransactionState {
    /// `initTransactions()` has not returned.
    #[default]
    Initializing,
    /// Between two transactions.
    Ready,
    /// Between `beginTransaction()` and the call that ends it.
    InTransaction,
    /// Inside `commitTransaction()`.
    Committing,
    /// Inside `abortTransaction()`.
    Aborting,
    /// Something failed: only an abort leads on.
    AbortableError,
    /// Fenced, or in doubt for ever: only `close()` is left.
    FatalError,
}

impl ClientTransactionState {
    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            ClientTransactionState::Initializing => "INITIALIZING",
            ClientTransactionState::Ready => "READY",
            ClientTransactionState::InTransaction => "IN_TRANSACTION",
            ClientTransactionState::Committing => "COMMITTING_TRANSACTION",
            ClientTransactionState::Aborting => "ABORTING_TRANSACTION",
            ClientTransactionState::AbortableError => "ABORTABLE_ERROR",
            ClientTransactionState::FatalError => "FATAL_ERROR",
        }
    }
}

/// What was asked of the coordinator.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum TransactionAsk {
    Coordinator,
    Init,
    AddPartitions(Vec<TopicPartition>),
    AddOffsets,
    GroupCoordinator,
    CommitOffsets,
    End(bool),
}

/// A producer's transactions.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Transaction {
    pub id: TransactionalId,
    pub state: ClientTransactionState,
    /// The cluster speaks transaction version 2: leaders add partitions by themselves, every transaction has its epoch.
    pub v2: bool,
    coordinator: Option<NodeId>,
    /// One request at a time.
    pub asking: bool,
    pub retry_at: Instant,
    attempts: u32,
    /// Partitions the coordinator has to be told of.
    new_partitions: Set<TopicPartition>,
    /// Partitions that belong to the transaction.
    partitions: Set<TopicPartition>,
    /// Offsets that are to be committed in it, until the group's coordinator has them.
    pub offsets: Option<OffsetCommitRequest>,
    /// Whether the transaction coordinator knows that offsets belong to it.
    pub offsets_added: bool,
    /// The coordinator of the group those offsets are of.
    pub group_coordinator: Option<NodeId>,
    /// The epoch must be raised before the next transaction.
    bump: bool,
    /// Which transaction of this process it is, from 1.
    pub number: u32,
    /// Records sent in it.
    pub records: u32,
    /// When the last of them was sent.
    pub last_send: Instant,
}

impl Transaction {
    pub fn new(id: TransactionalId, now: Instant) -> Transaction {
        Transaction {
            id,
            state: ClientTransactionState::Initializing,
            v2: false,
            coordinator: None,
            asking: false,
            retry_at: now,
            attempts: 0,
            new_partitions: Set::new(),
            partitions: Set::new(),
            offsets: None,
            offsets_added: false,
            group_coordinator: None,
            bump: false,
            number: 0,
            records: 0,
            last_send: now,
        }
    }

    /// Whether records for a partition may be sent: it belongs to the transaction as far as this producer knows.
    pub fn may_send_to(&self, tp: TopicPartition) -> bool {
        self.partitions.contains(&tp) && self.state != ClientTransactionState::FatalError
    }

    /// Whether the transaction is being ended: nothing lingers any more.
    pub fn is_completing(&self) -> bool {
        matches!(self.state, ClientTransactionState::Committing | ClientTransactionState::Aborting)
    }

    /// A record joins the transaction, and with it its partition.
    pub fn add_partition(&mut self, tp: TopicPartition) {
        if self.partitions.contains(&tp) {
            return;
        }
        if self.v2 {
            self.partitions.insert(tp);
        } else {
            self.new_partitions.insert(tp);
        }
    }

    /// When the next request may go, if one is due but has to wait.
    pub fn wakes_at(&self) -> Instant {
        self.retry_at
    }

    fn is_empty(&self) -> bool {
        self.partitions.is_empty() && self.new_partitions.is_empty() && !self.offsets_added
    }
}

impl Producer {
    /// The transaction's number, state and partitions, for those who watch.
    pub fn transaction(&self) -> Option<(u32, ClientTransactionState, usize)> {
        let transaction = self.runtime.as_ref()?.transaction.as_ref()?;
        Some((transaction.number, transaction.state, transaction.partitions.len()))
    }

    /// Sends the next request to the coordinator, if one is due. True while records may be drained.
    pub(super) fn run_transaction(&mut self, out: &mut Effects<'_>) -> bool {
        let timeout = self.config.transaction_timeout_ms.span();
        let two_phase = self.config.transaction_two_phase_commit_enable;
        let Some(runtime) = &mut self.runtime else { return false };
        let Some(transaction) = &mut runtime.transaction else { return true };
        use ClientTransactionState as S;
        if transaction.state == S::FatalError {
            return false;
        }
        let drains = runtime.sequences.id.is_some();
        if transaction.asking || transaction.retry_at > out.now {
            return drains;
        }
        let initializing = transaction.state == S::Initializing;
        let ending = transaction.is_completing() && runtime.accumulator.batches.is_empty();
        let adding = !transaction.new_partitions.is_empty() && transaction.state != S::Aborting;
        let offsets = transaction.offsets.is_some() && transaction.state == S::InTransaction;
        if !initializing && !ending && !adding && !offsets {
            return drains;
        }
        if offsets && !adding && (transaction.v2 || transaction.offsets_added) {
            self.send_offsets(out);
            return drains;
        }
        if ending && transaction.is_empty() && !transaction.bump {
            // An empty transaction: nobody has to be told.
            let committed = transaction.state == S::Committing;
            self.finish_transaction(committed, out);
            return drains;
        }
        let Some(coordinator) = transaction.coordinator else {
            let usable = |node: &NodeId| runtime.net.usable(*node, out.now);
            let nodes: Vec<NodeId> = runtime.net.metadata.nodes().filter(usable).collect();
            if let Some(node) = out.rng.pick(&nodes).copied() {
                transaction.asking = true;
                let request = Request::FindTransactionCoordinator(transaction.id);
                let ask = ProducerAsk::Transaction(TransactionAsk::Coordinator);
                runtime.net.ask(node, runtime.net.channel, request, ask, out);
            }
            return drains;
        };
        if !runtime.net.usable(coordinator, out.now) {
            transaction.retry_at = runtime.net.usable_at(coordinator);
            return drains;
        }
        let (producer_id, producer_epoch) = runtime.sequences.id.unwrap_or((ProducerId::NONE, -1));
        let transactional = transaction.id;
        let (request, ask) = if initializing {
            let expected = runtime.sequences.id.filter(|_| transaction.bump);
            let request = InitProducerIdRequest { transactional: Some(transactional), timeout, two_phase, expected };
            (Request::InitProducerId(request), TransactionAsk::Init)
        } else if adding {
            let partitions: Vec<TopicPartition> = transaction.new_partitions.iter().copied().collect();
            let request = AddPartitionsToTxnRequest {
                transactional,
                producer_id,
                producer_epoch,
                verify_only: false,
                partitions: partitions.clone(),
            };
            (Request::AddPartitionsToTxn(Box::new(request)), TransactionAsk::AddPartitions(partitions))
        } else if offsets {
            let group = transaction.offsets.as_ref().map_or(GroupId(0), |offsets| offsets.group);
            let request = AddOffsetsToTxnRequest { transactional, producer_id, producer_epoch, group };
            (Request::AddOffsetsToTxn(request), TransactionAsk::AddOffsets)
        } else {
            let committed = transaction.state == S::Committing;
            let v2 = transaction.v2;
            let request = EndTxnRequest { transactional, producer_id, producer_epoch, committed, v2 };
            (Request::EndTxn(request), TransactionAsk::End(committed))
        };
        transaction.asking = true;
        runtime.net.ask(coordinator, runtime.net.channel, request, ProducerAsk::Transaction(ask), out);
        drains
    }

    /// Begins a transaction: nobody is told before its first record.
    pub(in crate::client) fn begin_transaction(&mut self, out: &mut Effects<'_>) {
        let producer = self.node;
        let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) else { return };
        transaction.state = ClientTransactionState::InTransaction;
        transaction.number += 1;
        transaction.records = 0;
        transaction.last_send = out.now;
        let number = transaction.number;
        out.emit(|| Event::TransactionBegun { producer, number });
    }

    /// `commitTransaction()` or `abortTransaction()`: an abort drops what was not sent yet.
    pub(in crate::client) fn end_transaction(&mut self, committed: bool, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(transaction) = &mut runtime.transaction else { return };
        transaction.state =
            if committed { ClientTransactionState::Committing } else { ClientTransactionState::Aborting };
        transaction.offsets = None;
        if !committed {
            transaction.new_partitions.clear();
            let unsent: Vec<_> =
                runtime.accumulator.batches.iter().filter(|(_, b)| b.attempts == 0).map(|(id, _)| *id).collect();
            for id in unsent {
                self.fail(id, ErrorCode::TransactionAborted, false, out);
            }
        }
    }

    fn finish_transaction(&mut self, committed: bool, out: &mut Effects<'_>) {
        let producer = self.node;
        let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) else { return };
        transaction.partitions.clear();
        transaction.new_partitions.clear();
        transaction.offsets_added = false;
        transaction.attempts = 0;
        let number = transaction.number;
        transaction.state =
            if transaction.bump { ClientTransactionState::Initializing } else { ClientTransactionState::Ready };
        out.emit(|| Event::TransactionEnded { producer, number, committed });
    }

    /// Something in the transaction failed.
    pub(super) fn fail_transaction(&mut self, error: ErrorCode, fatal: bool, bump: bool, out: &mut Effects<'_>) {
        let producer = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let Some(transaction) = &mut runtime.transaction else { return };
        use ClientTransactionState as S;
        // A doubt may settle after the transaction has failed: the epoch has to be raised all the same.
        transaction.bump |= bump && !transaction.v2;
        if transaction.state == S::FatalError || (transaction.state == S::AbortableError && !fatal) {
            return;
        }
        // Inside an abort nothing more can go wrong than what it is there for.
        if !fatal && transaction.state == S::Aborting {
            return;
        }
        transaction.state = if fatal { S::FatalError } else { S::AbortableError };
        out.emit(|| Event::TransactionFailed { producer, error, fatal });
        if fatal {
            let all: Vec<_> = runtime.accumulator.batches.keys().copied().collect();
            for id in all {
                self.fail(id, error, false, out);
            }
        }
    }

    pub(super) fn on_coordinator(&mut self, answer: &FindCoordinatorResponse, out: &mut Effects<'_>) {
        let found = answer.coordinator.map(|(_, node)| node);
        self.settle_ask(found.is_some(), out);
        if let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) {
            transaction.coordinator = found;
        }
    }

    /// A request to the coordinator is answered; without success the next one waits.
    pub(super) fn settle_ask(&mut self, success: bool, out: &mut Effects<'_>) {
        let backoff: Backoff = self.backoff();
        let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) else { return };
        transaction.asking = false;
        if success {
            transaction.attempts = 0;
        } else {
            transaction.retry_at = out.now + backoff.after(transaction.attempts, out.rng);
            transaction.attempts += 1;
        }
    }

    /// An error of the coordinator. True when the request is simply to be made again.
    pub(super) fn coordinator_error(&mut self, error: ErrorCode, out: &mut Effects<'_>) -> bool {
        match error {
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::NetworkException => {
                if let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) {
                    transaction.coordinator = None;
                }
                true
            }
            ErrorCode::CoordinatorLoadInProgress | ErrorCode::ConcurrentTransactions | ErrorCode::RequestTimedOut => {
                true
            }
            ErrorCode::TransactionAbortable => {
                self.fail_transaction(error, false, false, out);
                false
            }
            // On the coordinator's side an old epoch is a fenced producer.
            error => {
                let error = if error == ErrorCode::InvalidProducerEpoch { ErrorCode::ProducerFenced } else { error };
                self.fail_transaction(error, true, false, out);
                false
            }
        }
    }

    pub(super) fn on_transaction_id(&mut self, answer: &InitProducerIdResponse, out: &mut Effects<'_>) {
        let producer = self.node;
        self.settle_ask(!answer.error.is_error(), out);
        if answer.error.is_error() {
            self.coordinator_error(answer.error, out);
            return;
        }
        let Some(runtime) = &mut self.runtime else { return };
        let Some(transaction) = &mut runtime.transaction else { return };
        transaction.state = ClientTransactionState::Ready;
        transaction.v2 = answer.transaction_version >= 2;
        transaction.bump = false;
        let (id, epoch) = (answer.producer_id, answer.producer_epoch);
        runtime.sequences.begin_anew((id, epoch));
        out.emit(|| Event::ProducerIdObtained { producer, id, epoch });
    }

    pub(super) fn on_partitions_added(&mut self, added: &[TopicPartition], error: ErrorCode, out: &mut Effects<'_>) {
        self.settle_ask(!error.is_error(), out);
        if error.is_error() {
            self.coordinator_error(error, out);
        }
        let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) else { return };
        if error == ErrorCode::ConcurrentTransactions && transaction.partitions.is_empty() {
            transaction.retry_at = out.now + ADD_PARTITIONS_RETRY;
        }
        if !error.is_error() {
            for tp in added {
                transaction.new_partitions.remove(tp);
                transaction.partitions.insert(*tp);
            }
        }
    }

    pub(super) fn on_ended(&mut self, committed: bool, answer: &EndTxnResponse, out: &mut Effects<'_>) {
        self.settle_ask(!answer.error.is_error(), out);
        if answer.error.is_error() {
            // An abort that cannot even be asked for leaves nothing to do.
            let error = answer.error;
            if error == ErrorCode::TransactionAbortable && !committed {
                return self.fail_transaction(error, true, false, out);
            }
            self.coordinator_error(error, out);
            return;
        }
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.transaction.as_ref().is_some_and(|transaction| transaction.v2) {
            // The next transaction has an epoch of its own.
            runtime.sequences.begin_anew((answer.producer_id, answer.producer_epoch));
        }
        self.finish_transaction(committed, out);
    }

    /// A request to the coordinator will not be answered.
    pub(super) fn on_transaction_lost(&mut self, ask: &TransactionAsk, out: &mut Effects<'_>) {
        self.settle_ask(false, out);
        if matches!(ask, TransactionAsk::GroupCoordinator | TransactionAsk::CommitOffsets) {
            return self.forget_group_coordinator();
        }
        self.coordinator_error(ErrorCode::NetworkException, out);
    }
}
