//! InitProducerId with a transactional id: a new epoch, and the end of whoever had the old one.

use super::metadata::TransactionMetadata;
use super::shards::{Entry, TransactionOutcome, TransactionShards};
use crate::collections::Set;
use crate::coordinator::ReplyTo;
use crate::event::TransactionState;
use crate::ids::{ProducerId, TransactionalId};
use crate::protocol::{ErrorCode, InitProducerIdRequest, InitProducerIdResponse, Response};
use crate::time::{Duration, Instant};

/// `Integer.MAX_VALUE` milliseconds: a transaction in two phases is ended by its program only.
const NO_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

impl TransactionShards {
    /// Whether answering needs a producer id that nobody has yet.
    pub fn needs_new_id(&self, id: TransactionalId) -> bool {
        self.entries.get(&id).is_none_or(|entry| entry.metadata.is_exhausted())
    }

    /// InitProducerId. `fresh` is a new producer id, where one is needed; `v2` the version the cluster speaks.
    pub fn on_init(
        &mut self,
        to: ReplyTo,
        id: TransactionalId,
        request: &InitProducerIdRequest,
        fresh: ProducerId,
        (timeout_max, two_phase_allowed): (Duration, bool),
        now: Instant,
    ) -> TransactionOutcome {
        if request.two_phase && !two_phase_allowed {
            return refuse(to, ErrorCode::TransactionalIdAuthorizationFailed);
        }
        let timeout = if request.two_phase { NO_TIMEOUT } else { request.timeout };
        if !request.two_phase && (timeout == Duration::ZERO || timeout > timeout_max) {
            return refuse(to, ErrorCode::InvalidTransactionTimeout);
        }
        let entry = self.entries.entry(id).or_insert_with(|| Entry {
            metadata: TransactionMetadata::new(fresh, timeout, now),
            pending: None,
            unmarked: Set::new(),
        });
        let metadata = &entry.metadata;
        if entry.pending.is_some() || metadata.is_ending() {
            return refuse(to, ErrorCode::ConcurrentTransactions);
        }
        if let Some((producer_id, epoch)) = request.expected {
            let current = producer_id == metadata.producer_id
                && (epoch == metadata.producer_epoch || epoch == metadata.last_producer_epoch);
            let previous = producer_id == metadata.previous_producer_id && epoch >= TransactionMetadata::LAST_EPOCH;
            if !current && !previous {
                return refuse(to, ErrorCode::ProducerFenced);
            }
        }
        if metadata.state == TransactionState::Ongoing {
            return self.fence_and_abort(id, Some(to), now);
        }
        let mut next = metadata.clone();
        match request.expected {
            // The answer to the same request got lost: nothing new.
            Some((_, epoch)) if epoch == next.last_producer_epoch && epoch != next.producer_epoch => {
                return TransactionOutcome::Answer(to, answer(ErrorCode::None, next.producer_id, next.producer_epoch));
            }
            _ if next.is_exhausted() => {
                next.previous_producer_id = next.producer_id;
                next.producer_id = fresh;
                next.producer_epoch = 0;
                next.last_producer_epoch = -1;
            }
            expected => {
                next.last_producer_epoch = if expected.is_some() { next.producer_epoch } else { -1 };
                next.producer_epoch += 1;
            }
        }
        next.state = TransactionState::Empty;
        next.timeout = timeout;
        next.started = None;
        next.updated = now;
        next.partitions = Set::new();
        let response = answer(ErrorCode::None, next.producer_id, next.producer_epoch);
        self.write(id, next, Some((to, response)))
    }

    /// Ends an open transaction in the name of the coordinator, one epoch up: whoever opened it is fenced. The one that
    /// asks is told to come back when that is done.
    pub(super) fn fence_and_abort(
        &mut self,
        id: TransactionalId,
        to: Option<ReplyTo>,
        now: Instant,
    ) -> TransactionOutcome {
        let Some(entry) = self.entries.get(&id) else { return TransactionOutcome::Nothing };
        let mut next = entry.metadata.clone();
        next.last_producer_epoch = next.producer_epoch;
        next.producer_epoch = next.producer_epoch.saturating_add(1);
        next.state = TransactionState::PrepareAbort;
        next.updated = now;
        let busy = answer(ErrorCode::ConcurrentTransactions, ProducerId::NONE, -1);
        self.write(id, next, to.map(|to| (to, busy)))
    }
}

fn answer(error: ErrorCode, producer_id: ProducerId, producer_epoch: i16) -> Response {
    Response::InitProducerId(InitProducerIdResponse { error, producer_id, producer_epoch, transaction_version: 0 })
}

fn refuse(to: ReplyTo, error: ErrorCode) -> TransactionOutcome {
    TransactionOutcome::Answer(to, answer(error, ProducerId::NONE, -1))
}
