//! `sendOffsetsToTransaction`: what was read moves on with what was written, or not at all (KIP-98, KIP-447).

use super::actor::{Producer, ProducerAsk};
use super::transaction::{ClientTransactionState, TransactionAsk};
use crate::effect::Effects;
use crate::ids::NodeId;
use crate::protocol::{ErrorCode, FindCoordinatorRequest, OffsetCommitRequest, Request, TxnOffsetCommitRequest};
use crate::storage::RecordKey;

/// What a program that reads and writes asks of its producer.
impl Producer {
    /// Where its transactions are; none without a `transactional.id`, or while the process is down.
    pub(in crate::client) fn transaction_state(&self) -> Option<ClientTransactionState> {
        Some(self.runtime.as_ref()?.transaction.as_ref()?.state)
    }

    /// `send`.
    pub(in crate::client) fn give(&mut self, key: Option<RecordKey>) {
        if let Some(runtime) = &mut self.runtime {
            runtime.application.given = Some(key);
        }
    }

    /// Whether `send` has not returned.
    pub(in crate::client) fn is_sending(&self) -> bool {
        self.runtime
            .as_ref()
            .is_some_and(|runtime| runtime.application.given.is_some() || runtime.application.pending.is_some())
    }

    /// `flush`.
    pub(in crate::client) fn flush(&mut self) {
        if let Some(runtime) = &mut self.runtime {
            runtime.application.flushing = true;
        }
    }

    /// Whether `flush` has not returned.
    pub(in crate::client) fn is_flushing(&self) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.application.flushing)
    }

    /// How many sends have failed since the process started.
    pub(in crate::client) fn failures(&self) -> u32 {
        self.runtime.as_ref().map_or(0, |runtime| runtime.application.failures)
    }

    /// `sendOffsetsToTransaction`.
    pub(in crate::client) fn commit_offsets(&mut self, offsets: OffsetCommitRequest) {
        if let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) {
            transaction.offsets = Some(offsets);
        }
    }

    /// Whether `sendOffsetsToTransaction` has not returned.
    pub(in crate::client) fn is_committing_offsets(&self) -> bool {
        let transaction = self.runtime.as_ref().and_then(|runtime| runtime.transaction.as_ref());
        transaction.is_some_and(|transaction| transaction.offsets.is_some())
    }

    /// Finds the group's coordinator, and commits there.
    pub(super) fn send_offsets(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(transaction) = &mut runtime.transaction else { return };
        let (Some(commit), Some(id)) = (transaction.offsets.clone(), runtime.sequences.id) else { return };
        let Some(coordinator) = transaction.group_coordinator else {
            let usable = |node: &NodeId| runtime.net.usable(*node, out.now);
            let nodes: Vec<NodeId> = runtime.net.metadata.nodes().filter(usable).collect();
            if let Some(node) = out.rng.pick(&nodes).copied() {
                transaction.asking = true;
                let request = Request::FindCoordinator(FindCoordinatorRequest { group: commit.group });
                let ask = ProducerAsk::Transaction(TransactionAsk::GroupCoordinator);
                runtime.net.ask(node, runtime.net.channel, request, ask, out);
            }
            return;
        };
        if !runtime.net.usable(coordinator, out.now) {
            transaction.retry_at = runtime.net.usable_at(coordinator);
            return;
        }
        transaction.asking = true;
        // Under version 2 the group's coordinator tells the other one by itself.
        transaction.offsets_added = true;
        let request = TxnOffsetCommitRequest {
            transactional: transaction.id,
            producer_id: id.0,
            producer_epoch: id.1,
            v2: transaction.v2,
            commit,
        };
        let ask = ProducerAsk::Transaction(TransactionAsk::CommitOffsets);
        runtime.net.ask(coordinator, runtime.net.channel, Request::TxnOffsetCommit(Box::new(request)), ask, out);
    }

    pub(super) fn on_offsets_added(&mut self, error: ErrorCode, out: &mut Effects<'_>) {
        self.settle_ask(!error.is_error(), out);
        if error.is_error() {
            self.coordinator_error(error, out);
        } else if let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) {
            transaction.offsets_added = true;
        }
    }

    pub(super) fn on_group_coordinator(&mut self, found: Option<NodeId>, out: &mut Effects<'_>) {
        self.settle_ask(found.is_some(), out);
        if let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) {
            transaction.group_coordinator = found;
        }
    }

    pub(super) fn forget_group_coordinator(&mut self) {
        if let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) {
            transaction.group_coordinator = None;
        }
    }

    pub(super) fn on_offsets_committed(&mut self, error: ErrorCode, out: &mut Effects<'_>) {
        self.settle_ask(!error.is_error(), out);
        match error {
            ErrorCode::None => {
                if let Some(transaction) = self.runtime.as_mut().and_then(|runtime| runtime.transaction.as_mut()) {
                    transaction.offsets = None;
                }
            }
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::RequestTimedOut => {
                self.forget_group_coordinator();
            }
            ErrorCode::CoordinatorLoadInProgress | ErrorCode::ConcurrentTransactions => {}
            // Another member has these partitions by now (CommitFailedException): abort, and read again.
            ErrorCode::UnknownMemberId
            | ErrorCode::IllegalGeneration
            | ErrorCode::FencedInstanceId
            | ErrorCode::RebalanceInProgress
            | ErrorCode::TransactionAbortable => self.fail_transaction(error, false, false, out),
            ErrorCode::InvalidProducerEpoch => self.fail_transaction(ErrorCode::ProducerFenced, true, false, out),
            error => self.fail_transaction(error, true, false, out),
        }
    }
}
