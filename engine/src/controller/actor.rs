//! The controller as an actor: what is on its disk, what it keeps in memory, and the order of answer and commit.

use super::followers::{Followers, QuorumFollower};
use super::image::MetadataImage;
use super::metadata_log::MetadataLog;
use super::quorum::Quorum;
use super::record::MetadataRecord;
use super::replication_control::{Deciding, ReplicationControl};
use crate::collections::{Map, SharedList};
use crate::config::{ControllerConfig, FeatureConfig};
use crate::effect::{DiskToken, Effects, Input, Instruction, Timer};
use crate::event::Event;
use crate::fact::{Fact, QuorumRole};
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, NodeId, Offset};
use crate::protocol::{
    AlterPartitionResponse, Body, Channel, CreatableTopic, ErrorCode, FetchMetadataRequest, Request, Response,
};
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// How long a fetch of the metadata log that finds nothing waits (`KafkaRaftClient`, fixed in Kafka).
pub(super) const METADATA_FETCH_WAIT: Duration = Duration::from_millis(500);

/// A controller process: a voter of the quorum, and while it leads, the one that decides.
#[derive(Clone, Hash, Debug)]
pub struct Controller {
    /// Its settings.
    pub config: ControllerConfig,
    /// The rules in force.
    pub features: FeatureConfig,
    /// How many brokers the cluster was planned with: the first topics wait for all of them.
    pub(super) expected_brokers: usize,
    /// The topics the cluster was planned with.
    pub(super) planned_topics: Vec<CreatableTopic>,
    /// The metadata log, on disk as far as it is fsynced.
    pub(super) log: MetadataLog,
    /// Its part in the quorum; epoch and vote are on disk.
    pub(super) quorum: Quorum,
    /// Which facts have been told: the end of the log, and how much of it is committed.
    pub(super) told: (Offset, Offset),
    /// The end that the last fsync asked for covers.
    pub(super) syncing_to: Offset,
    /// While it leads the quorum: who fetches its log, and how far.
    pub(super) followers: Followers,
    pub(super) runtime: Option<Box<Runtime>>,
}

/// What the process keeps in memory.
#[derive(Clone, Hash, Debug, Default)]
pub(super) struct Runtime {
    /// Whether it decides: it leads the quorum, and a record of its epoch is committed.
    pub active: bool,
    /// The image. Of an active controller: of all records, committed or not, for decisions build on each other. Else of
    /// what is committed.
    pub image: MetadataImage,
    /// How many records the image holds.
    pub applied: Offset,
    /// When each broker was last heard.
    pub contacts: Map<BrokerId, Instant>,
    /// How far each broker said it has read the metadata log.
    pub replayed: Map<BrokerId, Offset>,
    /// Brokers that leave in order, and the end of the log that everybody must have read before they may.
    pub shutdown_offsets: Map<BrokerId, Offset>,
    /// Topics to create as soon as all expected brokers are there.
    pub pending_topics: Vec<CreatableTopic>,
    /// Answers that wait for their records to be committed.
    pub parked_answers: Vec<(Offset, NodeId, Channel, CorrelationId, Response)>,
    /// Fetches of the metadata log that found nothing.
    pub waiting_fetches: Vec<(Instant, NodeId, CorrelationId, FetchMetadataRequest)>,
}

impl Controller {
    /// A controller with an empty metadata log, one of `voters`.
    pub fn new(
        me: NodeId,
        voters: Vec<NodeId>,
        expected_brokers: usize,
        config: ControllerConfig,
        features: FeatureConfig,
    ) -> Controller {
        Controller {
            config,
            features,
            expected_brokers,
            planned_topics: Vec::new(),
            log: MetadataLog::default(),
            quorum: Quorum::new(me, voters),
            told: (Offset::NONE, Offset::ZERO),
            syncing_to: Offset::ZERO,
            followers: Followers::default(),
            runtime: None,
        }
    }

    /// The cluster as this controller sees it; none while the process is down.
    pub fn image(&self) -> Option<&MetadataImage> {
        self.runtime.as_ref().map(|runtime| &runtime.image)
    }

    /// Whether this process decides now.
    pub fn is_active(&self) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.active)
    }

    /// When a broker was last heard by this controller.
    pub fn last_contact(&self, broker: BrokerId) -> Option<Instant> {
        self.runtime.as_ref()?.contacts.get(&broker).copied()
    }

    /// The records of the metadata log, committed or not.
    pub fn log(&self) -> &SharedList<Arc<MetadataRecord>> {
        &self.log.records
    }

    /// The epoch of the record at `offset`.
    pub fn epoch_at(&self, offset: Offset) -> LeaderEpoch {
        self.log.epoch_at(offset)
    }

    /// The offset the next record gets.
    pub fn log_end_offset(&self) -> Offset {
        self.log.end()
    }

    /// Offsets below are committed, as far as this controller knows: a majority has them on disk.
    pub fn high_watermark(&self) -> Offset {
        self.quorum.high_watermark
    }

    /// The epoch of the quorum it knows.
    pub fn epoch(&self) -> LeaderEpoch {
        self.quorum.epoch
    }

    /// What it is in the quorum.
    pub fn role(&self) -> QuorumRole {
        self.quorum.role_name()
    }

    /// The leader of the quorum it knows.
    pub fn leader(&self) -> Option<NodeId> {
        self.quorum.leader()
    }

    /// Whom it voted for in its epoch.
    pub fn voted(&self) -> Option<NodeId> {
        self.quorum.voted
    }

    /// Voters and observers that fetched from this leader lately, as DescribeQuorum tells of them.
    pub fn followers(&self, now: Instant) -> impl Iterator<Item = QuorumFollower> {
        self.followers.at(now)
    }

    /// All voters.
    pub fn voters(&self) -> &[NodeId] {
        &self.quorum.voters
    }

    /// The process died; a power loss also takes what was not fsynced.
    pub fn crash(&mut self, node: NodeId, power_lost: bool, out: &mut Effects<'_>) {
        self.runtime = None;
        self.followers = Followers::default();
        self.quorum.role = Default::default();
        if power_lost && self.log.end() > self.log.durable_to {
            let to = self.log.durable_to;
            self.log.truncate_to(to);
            out.note(|| Fact::MetadataTruncated { node, to });
            self.told.0 = self.told.0.min(to);
        }
    }

    /// Handles one input.
    pub fn handle(&mut self, node: NodeId, input: Input, out: &mut Effects<'_>) {
        match input {
            Input::Started => self.on_started(out),
            Input::Delivered { from, channel, body } => match body {
                Body::Request(correlation, request) => self.on_request(from, channel, correlation, request, out),
                Body::Response(_, Response::Vote(answer)) => self.on_vote_answer(from, answer, out),
                Body::Response(_, Response::FetchMetadata(answer)) => self.on_metadata_fetched(from, answer, out),
                _ => {}
            },
            Input::TimerFired(Timer::QuorumElection) => self.on_election_timer(out),
            Input::TimerFired(Timer::QuorumCheck) => self.on_quorum_check(out),
            Input::TimerFired(Timer::QuorumFetch) => self.fetch_from_leader(out),
            Input::TimerFired(Timer::MetadataPurgatory) => self.on_metadata_purgatory(out),
            Input::TimerFired(timer) if self.is_active() => match timer {
                Timer::SessionCheck => self.on_session_check(out),
                Timer::LeaderRebalance => self.on_rebalance_timer(out),
                Timer::UncleanElection => self.on_unclean_timer(out),
                _ => {}
            },
            Input::DiskDone(DiskToken::Metadata(offset)) => self.on_flushed(offset, out),
            Input::Told(Instruction::CreateTopic(topic)) => {
                if let Some(runtime) = self.runtime.as_mut().filter(|runtime| runtime.active) {
                    runtime.pending_topics.push(topic.clone());
                }
                self.planned_topics.push(topic);
                self.create_pending_topics(out);
            }
            Input::Told(Instruction::Admin(request)) => {
                let decided =
                    if self.is_active() { self.decide(|control| control.on_admin(&request, out)) } else { None };
                let error = decided.unwrap_or(ErrorCode::NotController);
                if error.is_error() {
                    out.emit(|| Event::AdminRefused { api: request.api().to_owned(), error });
                }
            }
            Input::Told(Instruction::Stop) => {
                self.resign(out);
                out.exit();
            }
            // A voter that cannot reach its leader asks again until its fetch timeout is over.
            Input::Disconnected { peer, channel } => {
                let fetching = channel.is_none_or(|channel| channel == Channel::Metadata);
                if fetching && self.quorum.leader() == Some(peer) {
                    out.set_timer(Timer::QuorumFetch, self.config.controller_quorum_retry_backoff_ms.pause());
                }
            }
            Input::TimerFired(_) | Input::DiskDone(_) | Input::Told(_) => {}
        }
        self.tell_log(node, out);
        // All records of one decision are one batch: committed together, seen together.
        if self.log.end() > self.syncing_to {
            self.syncing_to = self.log.end();
            out.sync(DiskToken::Metadata(self.syncing_to));
            self.answer_waiting_fetches(out);
        }
    }

    fn on_started(&mut self, out: &mut Effects<'_>) {
        self.runtime = Some(Box::default());
        // What a crash left in the page cache is read back and flushed before it counts as a vote's proof.
        self.log.durable_to = self.log.end();
        self.syncing_to = self.log.end();
        self.start_quorum(out);
    }

    /// A record of this leader's epoch is committed: it knows all that was decided before and may decide.
    fn activate(&mut self, out: &mut Effects<'_>) {
        let log = &self.log;
        let Some(runtime) = &mut self.runtime else { return };
        for record in log.records.starting_at(runtime.applied.0 as usize) {
            runtime.image.apply(record);
        }
        runtime.applied = log.end();
        runtime.active = true;
        // A controller that begins gives every broker a full session: it cannot know since when they are silent.
        runtime.contacts = runtime.image.brokers.keys().map(|broker| (*broker, out.now)).collect();
        // A topic that was created once is not created again, even if it was deleted since.
        let created = |topic: &CreatableTopic| {
            log.records
                .iter()
                .any(|record| matches!(&**record, MetadataRecord::Topic { topic: known, .. } if *known == topic.topic))
        };
        runtime.pending_topics = self.planned_topics.iter().filter(|topic| !created(topic)).cloned().collect();
        out.set_timer(Timer::SessionCheck, self.config.broker_session_timeout_ms.pause().div(8));
        out.set_timer(Timer::UncleanElection, self.config.unclean_leader_election_interval_ms.pause());
        self.arm_rebalance(out);
        self.create_pending_topics(out);
    }

    /// It leads no more: what it decided and was not committed is as if it had not been, until another says otherwise.
    pub(super) fn step_down(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = self.runtime.as_mut() else { return };
        for (_, to, correlation, _) in std::mem::take(&mut runtime.waiting_fetches) {
            let answer =
                crate::protocol::FetchMetadataResponse::failed(ErrorCode::NotLeaderOrFollower, self.quorum.epoch, None);
            out.send(to, Channel::Metadata, Body::Response(correlation, Response::FetchMetadata(answer)));
        }
        if !runtime.active {
            return;
        }
        let committed = self.quorum.high_watermark;
        let mut image = self.log.snapshot.image.clone();
        for (_, record) in self.log.read(self.log.snapshot.end, committed) {
            image.apply(&record);
        }
        let parked = std::mem::take(&mut runtime.parked_answers);
        **runtime = Runtime { image, applied: committed, ..Runtime::default() };
        for (_, to, channel, correlation, response) in parked {
            out.send(to, channel, Body::Response(correlation, response.not_controller()));
        }
        for timer in [Timer::SessionCheck, Timer::UncleanElection, Timer::LeaderRebalance, Timer::QuorumCheck] {
            out.cancel_timer(timer);
        }
    }

    fn on_request(
        &mut self,
        from: NodeId,
        channel: Channel,
        correlation: CorrelationId,
        request: Request,
        out: &mut Effects<'_>,
    ) {
        match &request {
            Request::FetchMetadata(fetch) => return self.on_fetch_metadata(from, correlation, *fetch, out),
            Request::Vote(vote) => {
                let answer = Response::Vote(self.on_vote(*vote, out));
                return out.send(from, channel, Body::Response(correlation, answer));
            }
            Request::BeginQuorumEpoch(notice) => return self.on_begin_epoch(notice, out),
            Request::EndQuorumEpoch(notice) => return self.on_end_epoch(notice, out),
            _ => {}
        }
        let active = self.is_active();
        let response = match request {
            Request::BrokerRegistration(request) => Response::BrokerRegistration(self.on_registration(*request, out)),
            Request::BrokerHeartbeat(request) => Response::BrokerHeartbeat(self.on_heartbeat(request, out)),
            Request::AlterPartition(request) => {
                let refused = AlterPartitionResponse { error: ErrorCode::NotController, partitions: Vec::new() };
                let decided =
                    if active { self.decide(|control| control.on_alter_partition(&request, out)) } else { None };
                Response::AlterPartition(Box::new(decided.unwrap_or(refused)))
            }
            Request::AllocateProducerIds(_) => {
                let decided = if active { self.decide(|control| control.allocate_producer_ids()) } else { None };
                let first_producer_id = decided.unwrap_or(-1);
                Response::AllocateProducerIds(crate::protocol::AllocateProducerIdsResponse {
                    error: ErrorCode::None,
                    first_producer_id,
                    length: super::replication_control::PRODUCER_ID_BLOCK,
                })
            }
            Request::CreateTopics(request) => {
                let mut create = |topic: &CreatableTopic| {
                    let decided = if active { self.decide(|control| control.create_topic(topic, out)) } else { None };
                    (topic.topic, decided.unwrap_or(ErrorCode::NotController))
                };
                let topics = request.topics.iter().map(&mut create).collect();
                Response::CreateTopics(Box::new(crate::protocol::CreateTopicsResponse { topics }))
            }
            // Only brokers talk to the controller here; a client's request is a mistake and gets no answer.
            _ => return,
        };
        if !active {
            return out.send(from, channel, Body::Response(correlation, response.not_controller()));
        }
        let end = self.log.end();
        if end <= self.quorum.high_watermark {
            out.send(from, channel, Body::Response(correlation, response));
        } else if let Some(runtime) = &mut self.runtime {
            runtime.parked_answers.push((end, from, channel, correlation, response));
        }
    }

    /// Writes a decision down; it is committed once a majority has it on disk.
    pub(super) fn append(&mut self, record: MetadataRecord) -> Offset {
        let record = Arc::new(record);
        if let Some(runtime) = &mut self.runtime {
            runtime.image.apply(&record);
            runtime.applied = self.log.end() + 1;
        }
        self.log.append(self.quorum.epoch, record)
    }

    /// Decides about partitions, and writes down what was decided.
    pub(super) fn decide<T>(&mut self, what: impl FnOnce(&mut ReplicationControl<'_>) -> T) -> Option<T> {
        let runtime = self.runtime.as_mut()?;
        let mut control = ReplicationControl::new(&mut runtime.image, &self.features);
        let result = what(&mut control);
        for record in control.decided {
            self.log.append(self.quorum.epoch, record);
        }
        runtime.applied = self.log.end();
        Some(result)
    }

    /// What it knows and by which rules it decides, while the process runs.
    pub fn deciding(&self) -> Option<Deciding<'_>> {
        Some(Deciding { image: self.image()?, features: &self.features })
    }

    /// Gives leaderships back to the preferred replicas that may lead.
    fn on_rebalance_timer(&mut self, out: &mut Effects<'_>) {
        self.arm_rebalance(out);
        self.decide(|control| control.rebalance(|_, _| true, out));
    }

    fn arm_rebalance(&self, out: &mut Effects<'_>) {
        if self.config.auto_leader_rebalance_enable {
            out.set_timer(Timer::LeaderRebalance, self.config.leader_imbalance_check_interval_seconds.span());
        }
    }

    /// Unclean elections may have been allowed since the partition lost its leader.
    fn on_unclean_timer(&mut self, out: &mut Effects<'_>) {
        out.set_timer(Timer::UncleanElection, self.config.unclean_leader_election_interval_ms.pause());
        self.decide(|control| control.elect_leaderless(None, out));
    }

    fn on_flushed(&mut self, offset: Offset, out: &mut Effects<'_>) {
        // A log that was cut since holds other records there.
        if offset > self.log.end() {
            return;
        }
        self.log.durable_to = self.log.durable_to.max(offset);
        self.try_commit(out);
        self.fetch_from_leader(out);
    }

    /// More is committed: answers leave, brokers and voters learn of it.
    pub(super) fn raise_high_watermark(&mut self, mark: Offset, out: &mut Effects<'_>) {
        if mark <= self.quorum.high_watermark {
            return;
        }
        self.quorum.high_watermark = mark;
        self.log.committed_to(mark);
        let leads = self.quorum.leader() == Some(self.quorum.me);
        if leads && !self.is_active() {
            self.activate(out);
        }
        let log = &self.log;
        let Some(runtime) = &mut self.runtime else { return };
        if !leads {
            for (_, record) in log.read(runtime.applied, mark) {
                runtime.image.apply(&record);
            }
            runtime.applied = runtime.applied.max(mark);
            return;
        }
        let (ready, parked) = std::mem::take(&mut runtime.parked_answers)
            .into_iter()
            .partition::<Vec<_>, _>(|(required, ..)| *required <= mark);
        runtime.parked_answers = parked;
        for (_, to, channel, correlation, response) in ready {
            out.send(to, channel, Body::Response(correlation, response));
        }
        self.answer_waiting_fetches(out);
    }

    /// Tells checkers what is new in the log and what of it is committed; of the latter only the leader speaks.
    fn tell_log(&mut self, node: NodeId, out: &mut Effects<'_>) {
        let (end, committed) = (self.log.end(), self.quorum.high_watermark);
        let (told_end, told_committed) = self.told;
        if (end, committed) == self.told {
            return;
        }
        self.told = (end, committed.max(told_committed));
        if end > told_end.max(Offset::ZERO) {
            for (offset, record) in self.log.read(told_end, end) {
                let epoch = self.log.epoch_at(offset).0;
                out.note_rare(|| Fact::MetadataAppended { node, epoch, records: vec![(offset, record)] });
            }
        }
        out.note(|| Fact::QuorumState {
            node,
            epoch: self.quorum.epoch.0,
            role: self.quorum.role_name(),
            voted: self.quorum.voted,
            high_watermark: committed,
            log_end_offset: end,
        });
        if committed > told_committed && self.quorum.leader() == Some(node) {
            let epoch = self.quorum.epoch.0;
            out.note_rare(|| Fact::MetadataCommitted { epoch, records: self.log.read(told_committed, committed) });
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
        for (_, to, correlation, fetch) in due {
            self.answer_metadata_fetch(to, correlation, &fetch, out);
        }
    }
}
