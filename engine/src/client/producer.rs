//! A producer: the application's thread that calls `send`, and what it shares with the sender (`KafkaProducer`).

use super::accumulator::{Accumulator, ProducerBatch};
use super::connection::{Backoff, Connections};
use super::partitioner::partition_for_key;
use crate::app::Workload;
use crate::collections::{Map, sorted_by_number};
use crate::config::ProducerConfig;
use crate::effect::{Effects, Input, Instruction, Timer};
use crate::event::Event;
use crate::ids::{NodeId, ProducerId, RecordId, TopicId, TopicPartition};
use crate::storage::{Record, RecordBody};
use crate::time::Instant;
use std::collections::VecDeque;

/// A producer and the program that uses it.
#[derive(Clone, Hash, Debug)]
pub struct Producer {
    pub(super) node: NodeId,
    /// Its settings.
    pub config: ProducerConfig,
    topic: TopicId,
    workload: Workload,
    bootstrap: Vec<NodeId>,
    /// Records sent so far; the program's source of records survives its crash.
    sent: u32,
    pub(super) runtime: Option<Box<Runtime>>,
}

/// What the sender has asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum ProducerAsk {
    ProducerId,
    Produce(Vec<(TopicPartition, ProducerBatch)>),
}

/// What the process keeps in memory.
#[derive(Clone, Hash, Debug)]
pub(super) struct Runtime {
    pub net: Connections<ProducerAsk>,
    pub accumulator: Accumulator,
    /// Records whose partition cannot be chosen yet, because the topic is unknown.
    blocked: VecDeque<(RecordId, Option<String>)>,
    sticky: Option<(i32, u32)>,
    pub producer_id: Option<(ProducerId, i16)>,
    pub asking_producer_id: bool,
    /// The next sequence per partition.
    pub sequences: Map<TopicPartition, i32>,
    /// A sequence was lost: a new producer id is needed once nothing is in flight.
    pub renew_producer_id: bool,
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
    ) -> Producer {
        Producer { node, config, topic, workload, bootstrap, sent: 0, runtime: None }
    }

    /// The topic it writes to.
    pub fn topic(&self) -> TopicId {
        self.topic
    }

    /// How many records it has sent.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// Records without a verdict: their partition, whether they are under way, and how often they were tried.
    pub fn waiting(&self) -> Vec<(RecordId, TopicPartition, bool, u32)> {
        let Some(runtime) = &self.runtime else { return Vec::new() };
        let mut waiting = Vec::new();
        for request in runtime.net.in_flight.values() {
            if let super::connection::Asked::Own(ProducerAsk::Produce(batches)) = &request.what {
                for (tp, batch) in batches {
                    waiting.extend(batch.ids().map(|id| (id, *tp, true, batch.attempts)));
                }
            }
        }
        for (tp, queue) in &runtime.accumulator.queues {
            for batch in queue {
                waiting.extend(batch.ids().map(|id| (id, *tp, false, batch.attempts)));
            }
        }
        sorted_by_number(&waiting, |(record, ..)| record.0)
    }

    /// The process died: everything it had buffered is gone, and it will never learn what became of the rest.
    pub fn crash(&mut self) {
        self.runtime = None;
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        if let Input::Started = input {
            return self.on_started(out);
        }
        if self.runtime.is_none() {
            return;
        }
        match input {
            Input::TimerFired(Timer::Workload) => {
                self.send(out);
                self.arm_workload(out);
            }
            Input::Told(Instruction::Send(count)) => (0..count.min(10_000)).for_each(|_| self.send(out)),
            Input::Told(Instruction::Stop) => return out.exit(),
            Input::Delivered { from, body: crate::protocol::Body::Response(correlation, response), .. } => {
                self.on_response(from, correlation, response, out);
            }
            Input::Disconnected { peer, channel } => self.on_disconnected(peer, channel, out),
            Input::TimerFired(Timer::ClientRequestTimeout) => self.on_request_timeouts(out),
            Input::TimerFired(Timer::MetadataRefresh) => {
                if let Some(runtime) = &mut self.runtime {
                    runtime.net.refresh(out);
                }
            }
            Input::TimerFired(Timer::Sender) => {
                if let Some(runtime) = &mut self.runtime {
                    runtime.wake_at = None;
                }
            }
            _ => {}
        }
        self.run_sender(out);
    }

    fn on_started(&mut self, out: &mut Effects<'_>) {
        let backoff = Backoff { base: self.config.retry_backoff_ms, max: self.config.retry_backoff_max_ms };
        let mut net = Connections::new(
            self.bootstrap.clone(),
            vec![self.topic],
            self.config.request_timeout_ms,
            self.config.metadata_max_age_ms,
            backoff,
        );
        net.want_refresh(out);
        self.runtime = Some(Box::new(Runtime {
            net,
            accumulator: Accumulator::default(),
            blocked: VecDeque::new(),
            sticky: None,
            producer_id: None,
            asking_producer_id: false,
            sequences: Map::new(),
            renew_producer_id: false,
            wake_at: None,
        }));
        self.arm_workload(out);
    }

    fn arm_workload(&self, out: &mut Effects<'_>) {
        if let Some(due) = self.workload.due(self.sent + 1) {
            out.set_timer_at(Timer::Workload, due);
        }
    }

    /// The application calls `send`.
    fn send(&mut self, out: &mut Effects<'_>) {
        self.sent += 1;
        let record = RecordId::new(self.node, self.sent);
        let key = self.workload.key(self.sent).map(str::to_owned);
        let Some(runtime) = &mut self.runtime else { return };
        runtime.blocked.push_back((record, key));
        self.unblock(out);
    }

    /// Chooses partitions for records that wait for the topic to become known.
    pub(super) fn unblock(&mut self, out: &mut Effects<'_>) {
        let (producer, topic) = (self.node, self.topic);
        let batch_size = u32::try_from(self.config.batch_size).unwrap_or(0);
        let size = self.workload.size;
        let Some(runtime) = &mut self.runtime else { return };
        let partitions = runtime.net.metadata.partition_count(topic);
        if partitions == 0 {
            return;
        }
        while let Some((record, key)) = runtime.blocked.pop_front() {
            let partition = match &key {
                Some(key) => partition_for_key(key.as_bytes(), partitions),
                None => runtime.sticky_partition(topic, partitions, out),
            };
            let tp = TopicPartition::new(topic, partition);
            let body = RecordBody::User { id: record, key: key.as_deref().map(Into::into), size };
            let added =
                runtime.accumulator.append(tp, Record { timestamp: out.now.as_millis(), body }, batch_size, out.now);
            if key.is_none() {
                runtime.stick(tp, added, batch_size);
            }
            out.emit(|| Event::RecordSent { producer, record, tp, key });
        }
    }
}

impl Runtime {
    /// The partition records without a key go to at the moment (KIP-794): drawn among those with a leader.
    fn sticky_partition(&mut self, topic: TopicId, partitions: i32, out: &mut Effects<'_>) -> i32 {
        if let Some((partition, _)) = self.sticky {
            return partition;
        }
        let available: Vec<i32> = (0..partitions)
            .filter(|partition| self.net.metadata.leader(TopicPartition::new(topic, *partition)).is_some())
            .collect();
        let drawn = (out.rng.bits() & 0x7fff_ffff) as i32;
        let partition =
            if available.is_empty() { drawn % partitions } else { available[drawn as usize % available.len()] };
        self.sticky = Some((partition, 0));
        partition
    }

    /// Counts what the sticky partition got, and leaves it after `batch.size` bytes: at once when all its batches are
    /// full, at twice the size in any case.
    fn stick(&mut self, tp: TopicPartition, added: u32, batch_size: u32) {
        let Some((_, produced)) = &mut self.sticky else { return };
        *produced += added;
        let enough = *produced >= batch_size && self.accumulator.all_full(tp);
        if enough || *produced >= batch_size.saturating_mul(2) {
            self.sticky = None;
        }
    }
}
