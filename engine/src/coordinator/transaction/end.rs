//! EndTxn: the decision.

use super::metadata::TransactionMetadata;
use super::shards::{TransactionOutcome, TransactionShards};
use crate::coordinator::ReplyTo;
use crate::event::TransactionState;
use crate::ids::ProducerId;
use crate::protocol::{EndTxnRequest, EndTxnResponse, ErrorCode, Response};
use crate::time::Instant;

impl TransactionShards {
    /// EndTxn. Answered when the decision is committed, before any marker is written. `fresh` is a new producer id for
    /// the case that this one has no epoch left.
    pub fn on_end(
        &mut self,
        to: ReplyTo,
        request: &EndTxnRequest,
        fresh: ProducerId,
        now: Instant,
    ) -> TransactionOutcome {
        match self.judge_end(request) {
            Err(error) => TransactionOutcome::Answer(to, answer(error, ProducerId::NONE, -1)),
            // The answer to the same request got lost.
            Ok(None) => {
                let known = self.get(request.transactional);
                let (id, epoch) =
                    known.map_or((ProducerId::NONE, -1), |known| (known.producer_id, known.producer_epoch));
                TransactionOutcome::Answer(to, answer(ErrorCode::None, id, epoch))
            }
            Ok(Some(metadata)) => {
                let mut next = metadata.clone();
                next.state =
                    if request.committed { TransactionState::PrepareCommit } else { TransactionState::PrepareAbort };
                next.updated = now;
                next.v2 = request.v2;
                if request.v2 {
                    // Nothing late of this transaction can touch the next one (KAFKA-17754).
                    next.last_producer_epoch = next.producer_epoch;
                    if next.is_exhausted() {
                        next.previous_producer_id = next.producer_id;
                        next.producer_id = fresh;
                        next.producer_epoch = 0;
                    } else {
                        next.producer_epoch += 1;
                    }
                }
                let response = answer(ErrorCode::None, next.producer_id, next.producer_epoch);
                self.write(request.transactional, next, Some((to, response)))
            }
        }
    }

    /// The state to go on from; none when it has happened already.
    fn judge_end(&self, request: &EndTxnRequest) -> Result<Option<&TransactionMetadata>, ErrorCode> {
        use TransactionState as S;
        let entry = self.entries.get(&request.transactional).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        let metadata = &entry.metadata;
        let is_retry = request.v2
            && ((request.producer_id == metadata.producer_id && request.producer_epoch == metadata.producer_epoch - 1)
                || (request.producer_id == metadata.previous_producer_id && metadata.producer_epoch == 0));
        let known = request.producer_id == metadata.producer_id || is_retry;
        if request.v2 && entry.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if !known {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        let is_current =
            request.producer_epoch == metadata.producer_epoch && request.producer_id == metadata.producer_id;
        let settled =
            matches!(metadata.state, S::PrepareCommit | S::PrepareAbort | S::CompleteCommit | S::CompleteAbort);
        if !(is_current || is_retry && settled) {
            return Err(ErrorCode::ProducerFenced);
        }
        if entry.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if request.v2 && is_current {
            return match (metadata.state, request.committed) {
                (S::Ongoing, _) => Ok(Some(metadata)),
                // An abort with nothing in it: only the epoch moves.
                (S::Empty | S::CompleteCommit | S::CompleteAbort, false) => Ok(Some(metadata)),
                (S::PrepareCommit | S::PrepareAbort, _) => Err(ErrorCode::ProducerFenced),
                _ => Err(ErrorCode::InvalidTxnState),
            };
        }
        match (metadata.state, request.committed) {
            (S::Ongoing, _) => Ok(Some(metadata)),
            (S::PrepareCommit, true) | (S::PrepareAbort, false) => Err(ErrorCode::ConcurrentTransactions),
            (S::CompleteCommit, true) | (S::CompleteAbort, false) => Ok(None),
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }
}

fn answer(error: ErrorCode, producer_id: ProducerId, producer_epoch: i16) -> Response {
    Response::EndTxn(EndTxnResponse { error, producer_id, producer_epoch })
}
