//! A producer as an actor: what it is made of, and where each input goes.

use super::accumulator::Accumulator;
use super::application::Application;
use super::batch::{BatchId, ProducerBatch};
use super::sequences::Sequences;
use super::transaction::{Transaction, TransactionAsk};
use crate::app::{Program, Workload};
use crate::client::connection::{Backoff, Connections, Recovery};
use crate::client::partitioner::Partitioner;
use crate::collections::{Map, sorted_by_number};
use crate::config::ProducerConfig;
use crate::effect::{Effects, Input, Instruction, Timer};
use crate::ids::{NodeId, RecordId, TopicId, TopicPartition, TransactionalId};
use crate::protocol::Channel;
use crate::time::Instant;
use crate::view::{BatchView, ProducerInside};

/// A producer and the program that uses it.
#[derive(Clone, Hash, Debug)]
pub struct Producer {
    pub(super) node: NodeId,
    /// Its settings.
    pub config: ProducerConfig,
    pub(super) topic: TopicId,
    pub(super) workload: Program,
    /// The connection it uses.
    channel: Channel,
    bootstrap: Vec<NodeId>,
    /// The number of its `transactional.id`.
    transactional: Option<TransactionalId>,
    /// Records sent so far; the program's source of records survives its crash.
    pub(super) sent: u32,
    pub(super) runtime: Option<Box<Runtime>>,
}

/// What the producer has asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum ProducerAsk {
    ProducerId,
    Transaction(TransactionAsk),
    Produce(Vec<BatchId>),
}

/// What the process keeps in memory.
#[derive(Clone, Hash, Debug)]
pub(super) struct Runtime {
    pub net: Connections<ProducerAsk>,
    pub accumulator: Accumulator,
    pub partitioner: Partitioner,
    pub sequences: Sequences,
    pub asking_producer_id: bool,
    /// After a refused InitProducerId: not before then.
    pub ask_producer_id_at: Instant,
    pub application: Application,
    pub transaction: Option<Transaction>,
    /// When each broker last had data ready for it, and when it last took some.
    pub drained: Map<NodeId, (Instant, Instant)>,
    /// When the sender must look again.
    pub wake_at: Option<Instant>,
}

impl Producer {
    /// A producer that has not started.
    pub fn new(
        node: NodeId,
        bootstrap: Vec<NodeId>,
        topic: TopicId,
        workload: Workload,
        config: ProducerConfig,
        transactional: Option<TransactionalId>,
    ) -> Producer {
        let channel = Channel::Client;
        let workload = Program::new(workload);
        Producer { node, config, topic, workload, channel, bootstrap, transactional, sent: 0, runtime: None }
    }

    /// The producer of a program that reads what it writes out of: it sends what it is given.
    pub(in crate::client) fn beside_a_consumer(mut self) -> Producer {
        self.channel = Channel::Producer;
        self
    }

    /// Whether a program beside it says what is sent and when.
    pub(super) fn is_driven(&self) -> bool {
        self.channel == Channel::Producer
    }

    /// The topic it writes to.
    pub fn topic(&self) -> TopicId {
        self.topic
    }

    /// What its program does now.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// How many records it has sent.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// The producer opened; none while its process is down.
    pub fn inside(&self) -> Option<ProducerInside> {
        let runtime = self.runtime.as_ref()?;
        let batches = runtime.accumulator.batches.values().map(|batch| BatchView {
            tp: batch.tp,
            records: batch.records.len() as u32,
            bytes: batch.size_in_bytes,
            sequence: batch.stamp.map(|stamp| stamp.base_sequence),
            in_flight: batch.in_flight,
            attempts: batch.attempts,
            last_error: batch.last_error,
            due: self.ready_at(batch, 1),
        });
        Some(ProducerInside {
            producer_id: runtime.sequences.id,
            free_memory: runtime.accumulator.free,
            buffer_memory: self.config.buffer_memory,
            batch_size: self.config.batch_size,
            transactional: self.transactional,
            blocked: runtime.application.pending.as_ref().map(|pending| pending.record),
            transaction: self.transaction(),
            batches: batches.collect(),
        })
    }

    /// Records without a verdict: their partition, whether they are under way, and how often they were tried.
    pub fn waiting(&self) -> Vec<(RecordId, TopicPartition, bool, u32)> {
        let batches = self
            .batches()
            .flat_map(|batch| batch.ids().map(move |record| (record, batch.tp, batch.in_flight, batch.attempts)));
        sorted_by_number(&batches.collect::<Vec<_>>(), |(record, ..)| record.0)
    }

    /// Batches without a verdict, oldest first.
    pub(in crate::client) fn batches(&self) -> impl Iterator<Item = &ProducerBatch> {
        self.runtime.iter().flat_map(|runtime| runtime.accumulator.batches.values())
    }

    /// The process died: everything it had buffered is gone, and it will never learn what became of the rest.
    pub fn crash(&mut self) {
        self.runtime = None;
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        if let Input::Started = input {
            self.on_started(out);
        }
        let Some(runtime) = &mut self.runtime else { return };
        match input {
            Input::TimerFired(Timer::Workload) => runtime.application.wake_at = None,
            Input::TimerFired(Timer::Sender) => runtime.wake_at = None,
            Input::TimerFired(Timer::ClientRequestTimeout | Timer::ProducerRequestTimeout) => {
                self.on_request_timeouts(out)
            }
            Input::TimerFired(Timer::MetadataRefresh | Timer::ProducerMetadataRefresh) => runtime.net.refresh(out),
            Input::Told(Instruction::Send(count)) => runtime.application.owed += count.min(10_000),
            Input::Told(Instruction::Tombstone(key)) => runtime.application.tombstones.push_back(key),
            Input::Told(Instruction::Repace(pace)) => {
                self.workload.repace(*pace, self.sent, out.now);
                runtime.application.wake_at = None;
            }
            Input::Told(Instruction::Stop) => runtime.application.closing = true,
            Input::Delivered { from, body: crate::protocol::Body::Response(correlation, response), .. } => {
                self.on_response(from, correlation, response, out);
            }
            Input::Disconnected { peer, channel } => self.on_disconnected(peer, channel, out),
            _ => {}
        }
        self.run(out);
    }

    /// Lets the program's thread and the sender do what they can.
    pub(in crate::client) fn run(&mut self, out: &mut Effects<'_>) {
        self.run_application(out);
        self.run_sender(out);
        if self.run_application(out) {
            self.run_sender(out);
        }
        self.arm_sender(out);
    }

    fn on_started(&mut self, out: &mut Effects<'_>) {
        let mut net = Connections::new(
            self.bootstrap.clone(),
            vec![self.topic],
            self.config.request_timeout_ms,
            self.config.metadata_max_age_ms,
            self.backoff(),
        );
        net.reconnect = Backoff { base: self.config.reconnect_backoff_ms, max: self.config.reconnect_backoff_max_ms };
        net.channel = self.channel;
        net.recovery = Recovery {
            strategy: self.config.metadata_recovery_strategy,
            trigger: self.config.metadata_recovery_rebootstrap_trigger_ms,
        };
        net.wanted_until = Some(out.now + self.config.metadata_max_idle_ms);
        net.want_refresh(out);
        self.runtime = Some(Box::new(Runtime {
            net,
            accumulator: Accumulator::new(
                self.config.buffer_memory,
                self.config.batch_size,
                self.config.compression_type,
            ),
            partitioner: Partitioner::new(&self.config),
            sequences: Sequences::default(),
            asking_producer_id: false,
            ask_producer_id_at: out.now,
            application: Application::default(),
            transaction: self.transactional.map(|id| Transaction::new(id, out.now)),
            drained: Map::new(),
            wake_at: None,
        }));
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff { base: self.config.retry_backoff_ms, max: self.config.retry_backoff_max_ms }
    }
}
