//! What becomes of a batch: acknowledged, divided, sent again, or failed (`Sender.completeBatch`).

use super::actor::{Producer, ProducerAsk};
use super::batch::BatchId;
use super::transaction::TransactionAsk;
use crate::client::connection::{Ask, Asked, InFlight};
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{CorrelationId, LeaderEpoch, NodeId, Offset};
use crate::protocol::{
    Channel, ErrorCode, InitProducerIdResponse, MessageKind, PartitionProduceResponse, ProduceResponse, Response,
};
use crate::storage::increment_sequence;

impl Producer {
    pub(super) fn on_response(
        &mut self,
        from: NodeId,
        correlation: CorrelationId,
        response: Response,
        out: &mut Effects<'_>,
    ) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(request) = runtime.net.answered(from, correlation) else { return };
        match (request.what, response) {
            (Asked::Metadata, Response::Metadata(response)) => {
                runtime.net.refreshed(&response, out);
            }
            (Asked::Own(ProducerAsk::ProducerId), Response::InitProducerId(answer)) => {
                self.on_producer_id(&answer, out);
            }
            (Asked::Own(ProducerAsk::Transaction(ask)), response) => self.on_coordinator_answer(ask, response, out),
            (Asked::Own(ProducerAsk::Produce(batches)), Response::Produce(response)) => {
                self.on_produced(&batches, &response, out);
            }
            _ => {}
        }
    }

    fn on_coordinator_answer(&mut self, ask: TransactionAsk, response: Response, out: &mut Effects<'_>) {
        match (ask, response) {
            (TransactionAsk::Coordinator, Response::FindCoordinator(answer)) => self.on_coordinator(&answer, out),
            (TransactionAsk::Init, Response::InitProducerId(answer)) => self.on_transaction_id(&answer, out),
            (TransactionAsk::AddPartitions(added), Response::AddPartitionsToTxn(error)) => {
                self.on_partitions_added(&added, error, out);
            }
            (TransactionAsk::AddOffsets, Response::AddOffsetsToTxn(error)) => self.on_offsets_added(error, out),
            (TransactionAsk::GroupCoordinator, Response::FindCoordinator(answer)) => {
                self.on_group_coordinator(answer.coordinator.map(|(_, node)| node), out);
            }
            (TransactionAsk::CommitOffsets, Response::TxnOffsetCommit(error)) => self.on_offsets_committed(error, out),
            (TransactionAsk::End(committed), Response::EndTxn(answer)) => self.on_ended(committed, &answer, out),
            _ => {}
        }
    }

    fn on_producer_id(&mut self, answer: &InitProducerIdResponse, out: &mut Effects<'_>) {
        let (producer, backoff) = (self.node, self.backoff());
        let Some(runtime) = &mut self.runtime else { return };
        runtime.asking_producer_id = false;
        if answer.error.is_error() {
            runtime.ask_producer_id_at = out.now + backoff.after(0, out.rng);
            return;
        }
        let (id, epoch) = (answer.producer_id, answer.producer_epoch);
        runtime.sequences.begin_anew((id, epoch));
        out.emit(|| Event::ProducerIdObtained { producer, id, epoch });
    }

    fn on_produced(&mut self, batches: &[BatchId], response: &ProduceResponse, out: &mut Effects<'_>) {
        for id in batches {
            // Given up meanwhile: the answer comes too late to matter.
            let Some(batch) = self.runtime.as_ref().and_then(|runtime| runtime.accumulator.batches.get(id)) else {
                continue;
            };
            let tp = batch.tp;
            if let Some(verdict) = response.partitions.iter().find(|partition| partition.tp == tp) {
                self.on_verdict(*id, verdict, out);
            }
        }
    }

    fn on_verdict(&mut self, id: BatchId, verdict: &PartitionProduceResponse, out: &mut Effects<'_>) {
        match verdict.error {
            ErrorCode::None => self.complete(id, verdict.base_offset, verdict.leader_epoch, out),
            // It is there already; where, the broker does not say.
            ErrorCode::DuplicateSequenceNumber => self.complete(id, Offset::NONE, LeaderEpoch::NONE, out),
            error => {
                if let (Some((leader, epoch)), Some(runtime)) = (verdict.current_leader, &mut self.runtime) {
                    runtime.net.metadata.set_leader(verdict.tp, leader, epoch);
                }
                self.refused(id, error, verdict.log_start_offset, out);
            }
        }
    }

    /// The callbacks of a batch run: it is stored at `base_offset`, −1 when that is not known.
    pub(super) fn complete(
        &mut self,
        id: BatchId,
        base_offset: Offset,
        leader_epoch: LeaderEpoch,
        out: &mut Effects<'_>,
    ) {
        let producer = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let Some(batch) = runtime.accumulator.finish(id) else { return };
        let tp = batch.tp;
        if let Some(stamp) = batch.stamp {
            let last_offset = base_offset + (batch.records.len() as i64 - 1);
            runtime.sequences.acknowledged(tp, id, stamp, batch.last_sequence(), last_offset);
        }
        for (index, record) in batch.ids().enumerate() {
            let offset = if base_offset == Offset::NONE { base_offset } else { base_offset + index as i64 };
            out.emit(|| Event::RecordAcked { producer, record, tp, offset, leader_epoch });
            if runtime.application.awaiting == Some(record) {
                runtime.application.awaiting = None;
            }
        }
    }

    /// A batch was refused, or not answered: divided, sent again, or failed.
    fn refused(&mut self, id: BatchId, error: ErrorCode, log_start_offset: Offset, out: &mut Effects<'_>) {
        let (producer, backoff) = (self.node, self.backoff());
        let (delivery, retries) = (self.config.delivery_timeout_ms, i64::from(self.config.retries));
        let idempotent = self.config.idempotent();
        let Some(runtime) = &mut self.runtime else { return };
        let Some(batch) = runtime.accumulator.batches.get_mut(&id) else { return };
        let tp = batch.tp;
        batch.in_flight = false;
        batch.maybe_written |= !error.is_before_append();
        if error.means_stale_metadata() && runtime.net.metadata.epoch(tp) <= batch.leader_epoch {
            runtime.net.stale(out);
        }
        if error == ErrorCode::MessageTooLarge && batch.records.len() > 1 {
            return self.divide(id, out);
        }
        let attempt = batch.attempts;
        let in_time = batch.created_at + delivery > out.now;
        let allowed = in_time && i64::from(attempt) <= retries;
        let may_retry = allowed
            && if idempotent {
                let (sequence, was_reset) = (batch.base_sequence(), batch.sequence_reset);
                runtime.sequences.may_retry(tp, error, sequence, was_reset, log_start_offset, batch.transactional)
            } else {
                error.is_retriable()
            };
        if !may_retry {
            return self.fail(id, error, i64::from(attempt) <= retries, out);
        }
        batch.last_error = error;
        batch.retry_at = out.now + backoff.after(attempt.saturating_sub(1), out.rng);
        runtime.accumulator.requeue(id);
        out.emit(|| Event::ProduceRetried { producer, tp, error, attempt });
    }

    fn divide(&mut self, id: BatchId, out: &mut Effects<'_>) {
        let producer = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let Some(tp) = runtime.accumulator.batches.get(&id).map(|batch| batch.tp) else { return };
        let parts = runtime.accumulator.split(id);
        runtime.sequences.replace(tp, id, &parts);
        let parts = parts.len() as u32;
        out.emit(|| Event::BatchSplit { producer, tp, parts });
    }

    /// `delivery.timeout.ms` has passed.
    pub(super) fn give_up(&mut self, id: BatchId, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(batch) = runtime.accumulator.batches.get_mut(&id) else { return };
        let (tp, sent) = (batch.tp, batch.attempts > 0);
        if let Some(stamp) = batch.stamp.filter(|_| sent) {
            let next = increment_sequence(stamp.base_sequence, batch.records.len() as i32);
            runtime.sequences.mark_unresolved(tp, next);
        }
        self.fail(id, error, false, out);
    }

    /// The callbacks of a batch run with an error. `settled` says that its sequence was surely not used.
    pub(super) fn fail(&mut self, id: BatchId, error: ErrorCode, settled: bool, out: &mut Effects<'_>) {
        let producer = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let Some(batch) = runtime.accumulator.finish(id) else { return };
        // Under way it may be anywhere: also when another batch has ended the transaction for good.
        let (tp, maybe_written) = (batch.tp, batch.maybe_written || batch.in_flight);
        if batch.stamp.is_some() {
            runtime.sequences.failed(tp, id);
            if batch.transactional && settled && runtime.transaction.as_ref().is_none_or(|known| !known.v2) {
                let count = batch.records.len() as i32;
                runtime.sequences.close_gap(tp, batch.base_sequence(), count, &mut runtime.accumulator);
            }
            let lost = matches!(error, ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId);
            if (settled || lost) && !batch.transactional {
                runtime.sequences.request_bump(tp);
            }
        }
        for record in batch.ids() {
            runtime.application.failures += 1;
            out.emit(|| Event::SendFailed { producer, record, tp, error, maybe_written });
            if runtime.application.awaiting == Some(record) {
                runtime.application.awaiting = None;
            }
        }
        if batch.transactional && error != ErrorCode::TransactionAborted {
            let fatal = matches!(
                error,
                ErrorCode::ProducerFenced | ErrorCode::InvalidTxnState | ErrorCode::InvalidProducerIdMapping
            );
            // Before KIP-890 part 2 the client raises the epoch itself after any failure, unless the transaction was being
            // ended already (`needToTriggerEpochBumpFromClient`): then only if something may have been written.
            let in_doubt = maybe_written || error == ErrorCode::InvalidProducerEpoch;
            let open = runtime.transaction.as_ref().is_some_and(|transaction| !transaction.is_completing());
            self.fail_transaction(error, fatal, in_doubt || open, out);
        }
    }

    pub(super) fn on_disconnected(&mut self, peer: NodeId, channel: Option<Channel>, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let lost = runtime.net.disconnected(peer, channel, out);
        self.on_lost(lost, out);
        if let Some(runtime) = &mut self.runtime {
            runtime.net.stale(out);
        }
    }

    pub(super) fn on_request_timeouts(&mut self, out: &mut Effects<'_>) {
        let client = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let lost = runtime.net.timed_out(client, out);
        self.on_lost(lost, out);
    }

    /// Requests that will not be answered: the writes among them may or may not have happened.
    fn on_lost(&mut self, lost: Vec<InFlight<ProducerAsk>>, out: &mut Effects<'_>) {
        for request in lost {
            let Some(runtime) = &mut self.runtime else { return };
            match request.what {
                Asked::Metadata => runtime.net.refresh_failed(out),
                Asked::Own(ProducerAsk::Transaction(ask)) => self.on_transaction_lost(&ask, out),
                Asked::Own(ProducerAsk::ProducerId) => runtime.asking_producer_id = false,
                Asked::Own(ProducerAsk::Produce(batches)) => {
                    for id in batches {
                        self.refused(id, ErrorCode::NetworkException, Offset::NONE, out);
                    }
                }
            }
        }
    }
}

impl Ask for ProducerAsk {
    fn kind(&self) -> MessageKind {
        match self {
            ProducerAsk::ProducerId | ProducerAsk::Transaction(TransactionAsk::Init) => MessageKind::InitProducerId,
            ProducerAsk::Transaction(TransactionAsk::Coordinator | TransactionAsk::GroupCoordinator) => {
                MessageKind::FindCoordinator
            }
            ProducerAsk::Transaction(TransactionAsk::AddOffsets) => MessageKind::AddOffsetsToTxn,
            ProducerAsk::Transaction(TransactionAsk::CommitOffsets) => MessageKind::TxnOffsetCommit,
            ProducerAsk::Transaction(TransactionAsk::AddPartitions(_)) => MessageKind::AddPartitionsToTxn,
            ProducerAsk::Transaction(TransactionAsk::End(_)) => MessageKind::EndTxn,
            ProducerAsk::Produce(_) => MessageKind::Produce,
        }
    }
}
