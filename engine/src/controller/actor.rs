//! The controller as an actor: what is on its disk, what it keeps in memory, and the order of answer and commit.

use super::image::MetadataImage;
use super::record::MetadataRecord;
use crate::collections::Map;
use crate::config::{ControllerConfig, TopicConfig};
use crate::effect::{DiskToken, Effects, Input, Instruction, Timer};
use crate::fact::{Fact, QuorumRole};
use crate::ids::{BrokerId, CorrelationId, NodeId, Offset, TopicId};
use crate::protocol::{
    Body, Channel, CreatableTopic, ErrorCode, FetchMetadataRequest, FetchMetadataResponse, Request, Response,
};
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// How long a fetch of the metadata log that finds nothing waits (`KafkaRaftClient`, fixed in Kafka).
const METADATA_FETCH_WAIT: Duration = Duration::from_millis(500);

/// The controller process.
#[derive(Clone, Hash, Debug)]
pub struct Controller {
    /// Its settings.
    pub config: ControllerConfig,
    /// How many brokers the cluster was planned with: the first topics wait for all of them.
    pub(super) expected_brokers: usize,
    /// The metadata log on disk.
    pub(super) log: Vec<Arc<MetadataRecord>>,
    durable_to: Offset,
    /// Which facts have been told: the end of the log, and how much of it is committed.
    told: (Offset, Offset),
    /// The end that the last fsync asked for covers.
    syncing_to: Offset,
    pub(super) runtime: Option<Box<Runtime>>,
}

/// What the process keeps in memory.
#[derive(Clone, Hash, Debug, Default)]
pub(super) struct Runtime {
    /// The image of all records, committed or not: decisions build on each other.
    pub image: MetadataImage,
    /// When each broker was last heard.
    pub contacts: Map<BrokerId, Instant>,
    /// Topics to create as soon as all expected brokers are there.
    pub pending_topics: Vec<CreatableTopic>,
    /// Answers that wait for their records to be on disk.
    parked_answers: Vec<(Offset, NodeId, Channel, CorrelationId, Response)>,
    /// Fetches of the metadata log that found nothing.
    waiting_fetches: Vec<(Instant, NodeId, CorrelationId, Offset)>,
}

impl Controller {
    /// A controller with an empty metadata log.
    pub fn new(expected_brokers: usize, config: ControllerConfig) -> Controller {
        Controller {
            config,
            expected_brokers,
            log: Vec::new(),
            durable_to: Offset::ZERO,
            told: (Offset::NONE, Offset::ZERO),
            syncing_to: Offset::ZERO,
            runtime: None,
        }
    }

    /// The cluster as the controller sees it; none while the process is down.
    pub fn image(&self) -> Option<&MetadataImage> {
        self.runtime.as_ref().map(|runtime| &runtime.image)
    }

    /// When a broker was last heard.
    pub fn last_contact(&self, broker: BrokerId) -> Option<Instant> {
        self.runtime.as_ref()?.contacts.get(&broker).copied()
    }

    /// The records of the metadata log.
    pub fn log(&self) -> &[Arc<MetadataRecord>] {
        &self.log
    }

    /// The offset the next record gets.
    pub fn log_end_offset(&self) -> Offset {
        Offset(self.log.len() as i64)
    }

    /// Offsets below are committed: with a quorum of one, those that are on disk.
    pub fn high_watermark(&self) -> Offset {
        self.durable_to
    }

    /// The process died; a power loss also takes what was not fsynced.
    pub fn crash(&mut self, node: NodeId, power_lost: bool, out: &mut Effects<'_>) {
        self.runtime = None;
        if power_lost && self.log_end_offset() > self.durable_to {
            self.log.truncate(self.durable_to.0 as usize);
            let to = self.durable_to;
            out.note(|| Fact::MetadataTruncated { node, to });
            self.told.0 = to;
        }
    }

    /// Handles one input.
    pub fn handle(&mut self, node: NodeId, input: Input, out: &mut Effects<'_>) {
        match input {
            Input::Started => self.on_started(node, out),
            Input::Delivered { from, channel, body } => {
                if let Body::Request(correlation, request) = body {
                    self.on_request(from, channel, correlation, request, out);
                }
            }
            Input::TimerFired(Timer::SessionCheck) => self.on_session_check(out),
            Input::TimerFired(Timer::MetadataPurgatory) => self.on_metadata_purgatory(out),
            Input::DiskDone(DiskToken::Metadata(offset)) => self.on_flushed(node, offset, out),
            Input::Told(Instruction::CreateTopic(topic)) => {
                if let Some(runtime) = &mut self.runtime {
                    runtime.pending_topics.push(topic);
                }
                self.create_pending_topics(out);
            }
            Input::Told(Instruction::Stop) => out.exit(),
            Input::Disconnected { .. } | Input::TimerFired(_) | Input::DiskDone(_) | Input::Told(_) => {}
        }
        self.tell_log(node, out);
        // All records of one decision are one batch: committed together, seen together.
        if self.log_end_offset() > self.syncing_to {
            self.syncing_to = self.log_end_offset();
            out.sync(DiskToken::Metadata(self.syncing_to));
        }
    }

    fn on_started(&mut self, node: NodeId, out: &mut Effects<'_>) {
        let mut runtime = Runtime::default();
        for record in &self.log {
            runtime.image.apply(record);
        }
        // A controller that starts gives every broker a full session: it cannot know since when they are silent.
        runtime.contacts = runtime.image.brokers.keys().map(|broker| (*broker, out.now)).collect();
        self.runtime = Some(Box::new(runtime));
        self.durable_to = self.log_end_offset();
        self.syncing_to = self.durable_to;
        self.tell_log(node, out);
        out.set_timer(Timer::SessionCheck, self.config.broker_session_timeout_ms.pause().div(8));
    }

    fn on_request(
        &mut self,
        from: NodeId,
        channel: Channel,
        correlation: CorrelationId,
        request: Request,
        out: &mut Effects<'_>,
    ) {
        let response = match request {
            Request::FetchMetadata(fetch) => return self.on_fetch_metadata(from, correlation, fetch, out),
            Request::BrokerRegistration(request) => Response::BrokerRegistration(self.on_registration(request, out)),
            Request::BrokerHeartbeat(request) => Response::BrokerHeartbeat(self.on_heartbeat(request, out)),
            Request::AlterPartition(request) => {
                Response::AlterPartition(Box::new(self.on_alter_partition(&request, out)))
            }
            Request::AllocateProducerIds(_) => {
                let first_producer_id = self.allocate_producer_ids();
                Response::AllocateProducerIds(crate::protocol::AllocateProducerIdsResponse {
                    error: ErrorCode::None,
                    first_producer_id,
                    length: super::replication_control::PRODUCER_ID_BLOCK,
                })
            }
            Request::CreateTopics(request) => {
                let topics = request.topics.iter().map(|topic| (topic.topic, self.create_topic(topic, out))).collect();
                Response::CreateTopics(Box::new(crate::protocol::CreateTopicsResponse { topics }))
            }
            // Only brokers talk to the controller here; a client's request is a mistake and gets no answer.
            _ => return,
        };
        let end = self.log_end_offset();
        if end <= self.durable_to {
            out.send(from, channel, Body::Response(correlation, response));
        } else if let Some(runtime) = &mut self.runtime {
            runtime.parked_answers.push((end, from, channel, correlation, response));
        }
    }

    /// Writes a decision down; it is committed once it is on disk.
    pub(super) fn append(&mut self, record: MetadataRecord) -> Offset {
        let offset = self.log_end_offset();
        if let Some(runtime) = &mut self.runtime {
            runtime.image.apply(&record);
        }
        self.log.push(Arc::new(record));
        offset
    }

    fn on_flushed(&mut self, node: NodeId, offset: Offset, out: &mut Effects<'_>) {
        self.durable_to = self.durable_to.max(offset);
        self.tell_log(node, out);
        let committed = self.durable_to;
        let Some(runtime) = &mut self.runtime else { return };
        let (ready, parked) = std::mem::take(&mut runtime.parked_answers)
            .into_iter()
            .partition::<Vec<_>, _>(|(required, ..)| *required <= committed);
        runtime.parked_answers = parked;
        for (_, to, channel, correlation, response) in ready {
            out.send(to, channel, Body::Response(correlation, response));
        }
        let waiting = std::mem::take(&mut runtime.waiting_fetches);
        for (_, to, correlation, from_offset) in waiting {
            self.answer_fetch(to, correlation, from_offset, out);
        }
    }

    /// Tells checkers what is new in the log and what of it is committed. A quorum of one has one epoch for ever.
    fn tell_log(&mut self, node: NodeId, out: &mut Effects<'_>) {
        let (end, committed) = (self.log_end_offset(), self.durable_to);
        let (told_end, told_committed) = self.told;
        if (end, committed) == self.told {
            return;
        }
        self.told = (end, committed);
        let records = |from: Offset, to: Offset| {
            (from.0.max(0)..to.0).map(|offset| (Offset(offset), self.log[offset as usize].clone())).collect()
        };
        if end > told_end.max(Offset::ZERO) {
            out.note(|| Fact::MetadataAppended { node, epoch: 1, records: records(told_end, end) });
        }
        out.note(|| Fact::QuorumState {
            node,
            epoch: 1,
            role: QuorumRole::Leader,
            voted: Some(node),
            high_watermark: committed,
            log_end_offset: end,
        });
        if committed > told_committed {
            out.note(|| Fact::MetadataCommitted { epoch: 1, records: records(told_committed, committed) });
        }
    }

    fn on_fetch_metadata(
        &mut self,
        from: NodeId,
        correlation: CorrelationId,
        fetch: FetchMetadataRequest,
        out: &mut Effects<'_>,
    ) {
        if fetch.fetch_offset < self.durable_to {
            return self.answer_fetch(from, correlation, fetch.fetch_offset, out);
        }
        let deadline = out.now + METADATA_FETCH_WAIT;
        let Some(runtime) = &mut self.runtime else { return };
        runtime.waiting_fetches.push((deadline, from, correlation, fetch.fetch_offset));
        if runtime.waiting_fetches.len() == 1 {
            out.set_timer_at(Timer::MetadataPurgatory, deadline);
        }
    }

    fn on_metadata_purgatory(&mut self, out: &mut Effects<'_>) {
        let now = out.now;
        let Some(runtime) = &mut self.runtime else { return };
        let (due, waiting) = std::mem::take(&mut runtime.waiting_fetches)
            .into_iter()
            .partition::<Vec<_>, _>(|(deadline, ..)| *deadline <= now);
        if let Some((next, ..)) = waiting.first() {
            out.set_timer_at(Timer::MetadataPurgatory, *next);
        }
        runtime.waiting_fetches = waiting;
        for (_, to, correlation, offset) in due {
            self.answer_fetch(to, correlation, offset, out);
        }
    }

    fn answer_fetch(&self, to: NodeId, correlation: CorrelationId, from_offset: Offset, out: &mut Effects<'_>) {
        let start = from_offset.0.clamp(0, self.durable_to.0) as usize;
        let records = self.log[start..self.durable_to.0 as usize]
            .iter()
            .enumerate()
            .map(|(index, record)| (Offset((start + index) as i64), record.clone()))
            .collect();
        let response = FetchMetadataResponse { error: ErrorCode::None, records, high_watermark: self.durable_to };
        out.send(to, Channel::Metadata, Body::Response(correlation, Response::FetchMetadata(response)));
    }

    /// The settings of a topic that exists.
    pub(super) fn topic_config(&self, topic: TopicId) -> Option<Arc<TopicConfig>> {
        Some(self.image()?.topics.get(&topic)?.config.clone())
    }
}
