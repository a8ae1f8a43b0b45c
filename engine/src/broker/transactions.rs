//! Requests to the transaction coordinator, and its log `__transaction_state` (`TransactionCoordinator`).

use super::actor::Broker;
use super::controller_channel::Asked;
use super::markers::MARKER_RETRY;
use super::produce::{DelayedWrite, Waiter};
use crate::config::TopicConfig;
use crate::coordinator::{
    AfterCommit, ReplyTo, TransactionOutcome, TransactionRecord, TransactionShards, TransactionWrite, group_partition,
};
use crate::effect::{Effects, Timer};
use crate::event::{Event, TransactionState};
use crate::ids::{NodeId, ProducerId, TopicPartition, TransactionalId};
use crate::protocol::{
    AddPartitionsToTxnRequest, Channel, CreatableTopic, CreateTopicsRequest, EndTxnResponse, ErrorCode,
    FindCoordinatorResponse, InitProducerIdResponse, Request, Response,
};
use crate::sim::TRANSACTION_TOPIC;
use crate::storage::{Record, RecordBatch, RecordBody};
use crate::time::Duration;
use std::sync::Arc;

impl Broker {
    /// The partition of `__transaction_state` that holds the records of a transactional id.
    pub(super) fn transaction_tp(&self, id: TransactionalId) -> Option<TopicPartition> {
        let name = self.transactional_names.get(id.0 as usize)?;
        let image = self.image()?.topics.get(&TRANSACTION_TOPIC)?;
        Some(TopicPartition::new(TRANSACTION_TOPIC, group_partition(name, image.partitions.len() as i32)))
    }

    /// The broker that coordinates a transactional id, as far as this one knows.
    pub(super) fn transaction_coordinator(&self, id: TransactionalId) -> Option<(crate::ids::BrokerId, NodeId)> {
        let image = self.image()?;
        let leader = image.partition(self.transaction_tp(id)?)?.leader.some()?;
        Some((leader, image.brokers.get(&leader)?.node))
    }

    /// Whether this broker coordinates a transactional id.
    pub fn coordinates_transaction(&self, id: TransactionalId) -> bool {
        let led = |tp| self.replicas.get(&tp).is_some_and(|replica| replica.leadership().is_some());
        self.transaction_tp(id).is_some_and(led)
    }

    /// The transactional ids it coordinates.
    pub fn transactions(&self) -> Option<&TransactionShards> {
        self.runtime.as_ref().map(|runtime| &runtime.transactions)
    }

    pub(super) fn on_find_transaction_coordinator(&mut self, to: ReplyTo, id: TransactionalId, out: &mut Effects<'_>) {
        if self.image().is_some_and(|image| !image.topics.contains_key(&TRANSACTION_TOPIC)) {
            self.create_transaction_topic(out);
        }
        let coordinator = self.transaction_coordinator(id);
        let error = if coordinator.is_some() { ErrorCode::None } else { ErrorCode::CoordinatorNotAvailable };
        self.respond(to, Response::FindCoordinator(FindCoordinatorResponse { error, coordinator }), out);
    }

    /// The first transactional producer of a cluster brings `__transaction_state` into being.
    fn create_transaction_topic(&mut self, out: &mut Effects<'_>) {
        let requested = self.with_runtime(|runtime| std::mem::replace(&mut runtime.transaction_topic_requested, true));
        if requested {
            return;
        }
        let min_isr = i32::from(self.config.transaction_state_log_replication_factor);
        let config = TopicConfig {
            min_insync_replicas: self.config.transaction_state_log_min_isr.min(min_isr),
            ..TopicConfig::default()
        };
        let topic = CreatableTopic {
            topic: TRANSACTION_TOPIC,
            partitions: self.config.transaction_state_log_num_partitions,
            replication_factor: self.config.transaction_state_log_replication_factor,
            assignment: Vec::new(),
            config: Arc::new(config),
        };
        let request = Request::CreateTopics(Box::new(CreateTopicsRequest { topics: vec![topic] }));
        self.ask_controller(Channel::Controller, request, Asked::TransactionTopic, out);
    }

    /// InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn and EndTxn of a transactional id.
    pub(super) fn on_transaction_request(&mut self, to: ReplyTo, request: Request, out: &mut Effects<'_>) {
        let id = match &request {
            Request::InitProducerId(request) => request.transactional,
            Request::AddPartitionsToTxn(request) => Some(request.transactional),
            Request::AddOffsetsToTxn(request) => Some(request.transactional),
            Request::EndTxn(request) => Some(request.transactional),
            _ => None,
        };
        let Some(id) = id else { return };
        if !self.coordinates_transaction(id) {
            return self.respond(to, refusal(&request, ErrorCode::NotCoordinator), out);
        }
        // A new producer id comes from a block of the controller's; without one the request waits for the next block.
        let wants_id = match &request {
            Request::AddPartitionsToTxn(_) | Request::AddOffsetsToTxn(_) => false,
            Request::InitProducerId(_) => self.transactions().is_some_and(|known| known.needs_new_id(id)),
            _ => self.transactions().and_then(|known| known.get(id)).is_some_and(|known| known.is_exhausted()),
        };
        let offsets_tp = match &request {
            Request::AddOffsetsToTxn(request) => self.group_tp(request.group),
            _ => None,
        };
        let Some(runtime) = &mut self.runtime else { return };
        let fresh = if wants_id { runtime.producer_ids.next() } else { Some(-1) };
        let Some(fresh) = fresh.map(ProducerId) else { return self.await_producer_ids(to, request, out) };
        let limits = (self.config.transaction_max_timeout_ms, self.config.transaction_two_phase_commit_enable);
        let known = &mut runtime.transactions;
        let outcome = match request {
            Request::InitProducerId(request) => known.on_init(to, id, &request, fresh, limits, out.now),
            Request::AddPartitionsToTxn(request) => {
                known.on_add_partitions(to, &request, Response::AddPartitionsToTxn, out.now)
            }
            Request::AddOffsetsToTxn(request) => {
                let request = AddPartitionsToTxnRequest {
                    transactional: id,
                    producer_id: request.producer_id,
                    producer_epoch: request.producer_epoch,
                    verify_only: false,
                    partitions: offsets_tp.into_iter().collect(),
                };
                known.on_add_partitions(to, &request, Response::AddOffsetsToTxn, out.now)
            }
            Request::EndTxn(request) => known.on_end(to, &request, fresh, out.now),
            _ => TransactionOutcome::Nothing,
        };
        self.carry_out_transaction(outcome, out);
    }

    /// Sends the answer, or writes the record, a handler of the coordinator came to.
    pub(super) fn carry_out_transaction(&mut self, outcome: TransactionOutcome, out: &mut Effects<'_>) {
        match outcome {
            TransactionOutcome::Nothing => {}
            TransactionOutcome::Answer(to, response) => self.respond(to, response, out),
            TransactionOutcome::Write(write) => self.write_transaction(*write, out),
        }
    }

    fn write_transaction(&mut self, (id, metadata, answer): TransactionWrite, out: &mut Effects<'_>) {
        let record = TransactionShards::record(id, &metadata);
        let waiter = Waiter::Transaction { record: record.clone(), answer };
        let Some(tp) = self.transaction_tp(id) else { return };
        let stored = Record { timestamp: out.now.as_millis(), body: RecordBody::Transaction(record) };
        match self.append_as_leader(tp, RecordBatch::new(None, vec![stored]), out) {
            Err(error) => self.fail_waiter(waiter, tp, error, out),
            Ok(appended) => {
                // `transaction.timeout.ms` of the writer's own request: Kafka waits as long as the transaction may take.
                let deadline = out.now + metadata.timeout.max(Duration::from_millis(5_000));
                self.park_write(DelayedWrite { deadline, waiter }, &[(tp, appended.required)], out);
                self.after_append(tp, out);
            }
        }
    }

    /// A state is committed: it counts, its answer leaves, and a decision sets the markers going.
    pub(super) fn on_transaction_committed(
        &mut self,
        record: &TransactionRecord,
        answer: Option<(ReplyTo, Response)>,
        out: &mut Effects<'_>,
    ) {
        let (broker, id, version) = (self.id, record.id, self.config.transaction_version);
        let interval = self.config.transaction_abort_timed_out_transaction_cleanup_interval_ms;
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.transactions.get(id).is_none() {
            return;
        }
        let after = runtime.transactions.committed(record);
        if !std::mem::replace(&mut runtime.transaction_timer, true) {
            out.set_timer(Timer::TransactionTimeouts, interval);
        }
        let metadata = &record.metadata;
        let (state, epoch, producer_id) = (metadata.state, metadata.producer_epoch, metadata.producer_id);
        out.emit(|| Event::TransactionStateChanged {
            broker,
            transactional: id,
            state,
            id: producer_id,
            epoch,
            partitions: metadata.partitions.iter().copied().collect(),
        });
        if let Some((to, mut response)) = answer {
            if let Response::InitProducerId(answer) = &mut response {
                answer.transaction_version = version;
            }
            self.respond(to, response, out);
        }
        if after == AfterCommit::SendMarkers {
            self.send_markers(id, out);
        }
    }

    /// A state could not be committed: the old one stands.
    pub(super) fn on_transaction_failed(
        &mut self,
        record: &TransactionRecord,
        answer: Option<(ReplyTo, Response)>,
        error: ErrorCode,
        out: &mut Effects<'_>,
    ) {
        self.with_runtime(|runtime| runtime.transactions.failed(record.id));
        let completes =
            matches!(record.metadata.state, TransactionState::CompleteCommit | TransactionState::CompleteAbort);
        if completes && error != ErrorCode::NotCoordinator {
            // All markers are written and nobody asks again: the end is tried until the log takes it, or another
            // coordinator does (`txnLogAppendRetryQueue`).
            out.set_timer(Timer::Markers, MARKER_RETRY);
        }
        if let Some((to, response)) = answer {
            let response = match response {
                Response::InitProducerId(_) => Response::InitProducerId(no_id(error)),
                Response::EndTxn(_) => Response::EndTxn(no_end(error)),
                Response::AddOffsetsToTxn(_) => Response::AddOffsetsToTxn(error),
                _ => Response::AddPartitionsToTxn(error),
            };
            self.respond(to, response, out);
        }
    }

    /// This broker leads a partition of `__transaction_state` now: it reads what it says.
    pub(super) fn load_transactions(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let Some(replica) = self.replicas.get(&tp) else { return };
        let records: Vec<Arc<TransactionRecord>> = replica
            .log
            .batches()
            .flat_map(|batch| batch.records.iter())
            .filter_map(|record| match &record.body {
                RecordBody::Transaction(record) => Some(Arc::clone(record)),
                _ => None,
            })
            .collect();
        let interval = self.config.transaction_abort_timed_out_transaction_cleanup_interval_ms;
        let Some(runtime) = &mut self.runtime else { return };
        if records.is_empty() {
            return;
        }
        for record in &records {
            runtime.transactions.replay(record);
        }
        if !std::mem::replace(&mut runtime.transaction_timer, true) {
            out.set_timer(Timer::TransactionTimeouts, interval);
        }
        // What was decided before is carried on: markers are sent again, with this coordinator's epoch.
        for id in runtime.transactions.ending() {
            self.send_markers(id, out);
        }
    }

    /// Another broker leads this partition now.
    pub(super) fn unload_transactions(&mut self, tp: TopicPartition) {
        let partitions = self
            .image()
            .and_then(|image| image.topics.get(&TRANSACTION_TOPIC))
            .map_or(0, |topic| topic.partitions.len() as i32);
        let names = self.transactional_names.clone();
        let mine = |id: TransactionalId| {
            names.get(id.0 as usize).is_some_and(|name| group_partition(name, partitions) == tp.partition)
        };
        self.with_runtime(|runtime| runtime.transactions.unload(mine));
    }

    /// Transactions that have been open too long are aborted.
    pub(super) fn on_transaction_timeouts(&mut self, out: &mut Effects<'_>) {
        let interval = self.config.transaction_abort_timed_out_transaction_cleanup_interval_ms;
        let Some(runtime) = &mut self.runtime else { return };
        let outcomes = runtime.transactions.on_timeouts(out.now);
        out.set_timer(Timer::TransactionTimeouts, interval);
        for outcome in outcomes {
            self.carry_out_transaction(outcome, out);
        }
    }
}

fn no_id(error: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse { error, producer_id: ProducerId::NONE, producer_epoch: -1, transaction_version: 0 }
}

fn no_end(error: ErrorCode) -> EndTxnResponse {
    EndTxnResponse { error, producer_id: ProducerId::NONE, producer_epoch: -1 }
}

/// The answer of the right kind that carries only an error.
fn refusal(request: &Request, error: ErrorCode) -> Response {
    match request {
        Request::InitProducerId(_) => Response::InitProducerId(no_id(error)),
        Request::EndTxn(_) => Response::EndTxn(no_end(error)),
        Request::AddOffsetsToTxn(_) => Response::AddOffsetsToTxn(error),
        _ => Response::AddPartitionsToTxn(error),
    }
}
