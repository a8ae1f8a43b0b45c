//! The broker as an actor: what is on its disk, what it keeps in memory, and where each input goes.

use super::connections::Connections;
use super::consumer_fetch::ParkedFetch;
use super::controller_channel::Pending;
use super::fetch::FollowerSession;
use super::fetcher::Fetcher;
use super::kafka_controller::KafkaController;
use super::keeper::Keeper;
use super::produce::DelayedWrite;
use super::share_leader::ShareLeader;
use super::verification::Unverified;
use crate::collections::{Map, Set};
use crate::config::{BrokerConfig, ControllerConfig, FeatureConfig, ShareBrokerConfig, ShareGroupConfig};
use crate::controller::MetadataImage;
use crate::coordinator::{GroupShards, ReplyTo, ShareStateShards, TransactionOutcome, TransactionShards};
use crate::effect::{Effects, Input, Instruction, Timer};
use crate::event::{Event, TruncationReason};
use crate::ids::{BrokerEpoch, BrokerId, CorrelationId, GroupId, NodeId, Offset, TopicPartition};
use crate::protocol::{Body, Channel, Request, Response};
use crate::replication::Replica;
use crate::time::Instant;
use std::sync::Arc;

/// Where a broker is in its life (`BrokerState`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum BrokerStatus {
    /// It asks the controller to let it in.
    #[default]
    Registering,
    /// It is registered but takes no part yet.
    Fenced,
    /// It works.
    Running,
    /// It hands its leaderships over before it stops.
    ShuttingDown,
}

/// A broker process and its disk.
#[derive(Clone, Hash, Debug)]
pub struct Broker {
    /// `node.id`.
    pub id: BrokerId,
    /// Its address.
    pub node: NodeId,
    /// Its settings.
    pub config: BrokerConfig,
    /// `broker.rack`.
    pub rack: Option<Arc<str>>,
    /// The rules in force in the cluster.
    pub features: FeatureConfig,
    /// Its settings about share groups.
    pub share: ShareBrokerConfig,
    /// The share groups and what is set for them.
    pub share_groups: Arc<Map<GroupId, ShareGroupConfig>>,
    /// Names of the consumer groups, by id: what decides a group's partition.
    pub(super) group_names: Arc<[String]>,
    /// Names of the transactional ids, by number.
    pub(super) transactional_names: Arc<[String]>,
    /// Addresses of the controllers (`controller.quorum.bootstrap.servers`).
    pub controllers: Vec<NodeId>,
    /// The one that is believed to be active.
    pub(super) controller: NodeId,
    /// ZooKeeper's address, in a cluster that has it (`zookeeper.connect`).
    pub(super) zookeeper: Option<NodeId>,
    /// Its settings as a possible controller.
    pub controller_config: ControllerConfig,
    pub(super) offsets_topic: crate::ids::TopicId,
    /// Its replicas; logs and checkpoints survive the process.
    pub(super) replicas: Map<TopicPartition, Replica>,
    pub(super) disk: super::log_manager::DiskState,
    pub(super) runtime: Option<Box<Runtime>>,
    pub(super) starts: u64,
}

/// What the process keeps in memory.
#[derive(Clone, Hash, Debug, Default)]
pub(super) struct Runtime {
    pub status: BrokerStatus,
    pub incarnation: u64,
    pub broker_epoch: BrokerEpoch,
    pub previous_broker_epoch: BrokerEpoch,
    pub image: MetadataImage,
    pub metadata_offset: Offset,
    pub metadata_fetch_out: bool,
    /// Whether the metadata read so far knows this incarnation: only then its roles are this broker's.
    pub acting: bool,
    /// Whether replicas that are no longer this broker's were looked for since the start.
    pub swept: bool,
    pub connections: Connections,
    pub next_correlation: u32,
    pub pending: Map<CorrelationId, Pending>,
    pub fetchers: Map<BrokerId, Fetcher>,
    pub sessions: Map<BrokerId, FollowerSession>,
    pub parked_fetches: Map<u64, ParkedFetch>,
    pub fetch_watch: Map<TopicPartition, Set<u64>>,
    pub delayed_writes: Map<u64, DelayedWrite>,
    pub deadlines: Set<(Instant, u64)>,
    pub next_park: u64,
    pub alter_in_flight: bool,
    pub dirty_alters: Set<TopicPartition>,
    pub groups: GroupShards,
    pub groups_timer: Option<Instant>,
    /// How many batches this process has appended as a leader.
    pub appends: u64,
    pub producer_ids: std::ops::Range<i64>,
    pub awaiting_producer_id: Vec<(ReplyTo, Request)>,
    pub transactions: TransactionShards,
    pub transaction_topic_requested: bool,
    pub transaction_timer: bool,
    /// Produce requests that wait for a transaction coordinator's word.
    pub unverified: Map<u64, Unverified>,
    pub offsets_topic_requested: bool,
    /// Share-partitions led here; none while there are no share groups.
    pub share: Option<Box<ShareLeader>>,
    pub share_states: ShareStateShards,
    pub share_topic_requested: bool,
    pub request_timer: bool,
    /// Its client of ZooKeeper.
    pub keeper: Keeper,
    /// What it keeps as the controller of a cluster with ZooKeeper.
    pub kafka_controller: Option<Box<KafkaController>>,
    /// The highest controller epoch it has heard of.
    pub controller_epoch: i32,
    /// Numbers of readings, commits and requests as the controller.
    pub readings: u32,
    pub commits: u64,
    pub controls: u64,
    /// How often it has asked to be let go.
    pub shutdown_attempts: i64,
    /// Whether it is closing its session, and ends with it.
    pub leaving_keeper: bool,
}

impl Broker {
    /// A broker with an empty disk.
    pub fn new(
        id: BrokerId,
        node: NodeId,
        controller: NodeId,
        offsets_topic: crate::ids::TopicId,
        group_names: Arc<[String]>,
        transactional_names: Arc<[String]>,
        config: BrokerConfig,
    ) -> Broker {
        Broker {
            id,
            node,
            config,
            rack: None,
            features: FeatureConfig::default(),
            share: ShareBrokerConfig::default(),
            share_groups: Arc::default(),
            group_names,
            transactional_names,
            controllers: vec![controller],
            controller,
            zookeeper: None,
            controller_config: ControllerConfig::default(),
            offsets_topic,
            replicas: Map::new(),
            disk: Default::default(),
            runtime: None,
            starts: 0,
        }
    }

    /// Its replicas.
    pub fn replicas(&self) -> &Map<TopicPartition, Replica> {
        &self.replicas
    }

    /// Where it is in its life; none while the process is down.
    pub fn status(&self) -> Option<BrokerStatus> {
        self.runtime.as_ref().map(|runtime| runtime.status)
    }

    /// The metadata it has read; none while the process is down.
    pub fn image(&self) -> Option<&MetadataImage> {
        self.runtime.as_ref().map(|runtime| &runtime.image)
    }

    /// How far it has read the metadata log.
    pub fn metadata_offset(&self) -> Offset {
        self.runtime.as_ref().map_or(Offset::ZERO, |runtime| runtime.metadata_offset)
    }

    /// The groups it coordinates.
    pub fn groups(&self) -> Option<&GroupShards> {
        self.runtime.as_ref().map(|runtime| &runtime.groups)
    }

    /// Whether an answer to this group is to be expected from this broker.
    pub fn coordinates(&self, group: crate::ids::GroupId) -> bool {
        self.group_tp(group).is_some_and(|tp| self.replicas.get(&tp).is_some_and(|r| r.leadership().is_some()))
    }

    /// The same broker in a cluster with ZooKeeper.
    pub fn beside_zookeeper(mut self, zookeeper: NodeId, config: ControllerConfig) -> Broker {
        self.zookeeper = Some(zookeeper);
        self.controller_config = config;
        // Until it has heard of a controller it asks itself, and says that it is not one.
        self.controller = self.node;
        self
    }

    /// The process died; a power loss also takes what was not fsynced.
    pub fn crash(&mut self, power_lost: bool, out: &mut Effects<'_>) {
        self.runtime = None;
        let broker = self.id;
        let (kept, torn) = std::mem::take(&mut self.disk.written_back);
        for (tp, replica) in &mut self.replicas {
            if power_lost {
                let from = replica.log.log_end_offset();
                let to = replica.log.lose_page_cache(kept, torn);
                if to < from {
                    out.emit(|| Event::LogTruncated { broker, tp: *tp, from, to, why: TruncationReason::PowerLoss });
                }
            }
            replica.stop();
        }
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
            Input::Started => {}
            Input::Delivered { from, channel, body } => match body {
                Body::Request(correlation, request) => {
                    self.on_request(ReplyTo { peer: from, channel, correlation }, request, out)
                }
                Body::Response(correlation, Response::ZooKeeper(answer)) => {
                    self.on_keeper_answer(correlation, *answer, out);
                }
                Body::Response(correlation, response) => self.on_response(correlation, response, out),
                Body::Queue(_) | Body::DatabaseRequest(_) | Body::DatabaseResponse(_) => {}
            },
            Input::Disconnected { peer, .. } if self.zookeeper == Some(peer) => self.on_keeper_lost(out),
            Input::Disconnected { peer, channel } => self.on_disconnected(peer, channel, out),
            Input::TimerFired(timer) => self.on_timer(timer, out),
            Input::DiskDone(token) => self.on_flushed(token, out),
            Input::Told(Instruction::Stop) => {
                self.with_runtime(|runtime| runtime.status = BrokerStatus::ShuttingDown);
                if self.zookeeper.is_some() {
                    self.ask_to_leave(out);
                } else {
                    self.send_heartbeat(out);
                }
            }
            Input::Told(Instruction::Admin(request)) => self.on_controllers_admin(&request, out),
            Input::Told(Instruction::CreateTopic(topic)) => {
                let error = self.create_topic(&topic, out);
                if error.is_error() {
                    out.emit(|| Event::AdminRefused { api: "CreateTopics".to_owned(), error });
                }
            }
            Input::Told(Instruction::DeleteRecords(tp, before)) => self.delete_records(tp, before, out),
            Input::Told(_) => {}
        }
        self.serve_backlogs(out);
        self.arm_timers(out);
    }

    pub(super) fn with_runtime_or(
        &mut self,
        change: impl FnOnce(&mut Runtime) -> TransactionOutcome,
    ) -> TransactionOutcome {
        self.runtime.as_deref_mut().map_or(TransactionOutcome::Nothing, change)
    }

    pub(super) fn with_runtime<T: Default>(&mut self, change: impl FnOnce(&mut Runtime) -> T) -> T {
        self.runtime.as_deref_mut().map(change).unwrap_or_default()
    }

    fn on_started(&mut self, out: &mut Effects<'_>) {
        self.starts += 1;
        let previous_broker_epoch = self.load_logs(out).unwrap_or(BrokerEpoch(-1));
        let runtime = Runtime { incarnation: out.rng.bits(), previous_broker_epoch, ..Runtime::default() };
        self.runtime = Some(Box::new(runtime));
        if self.zookeeper.is_some() {
            self.controller = self.node;
            self.connect_keeper(out);
        } else {
            self.register(out);
            self.fetch_metadata(out);
        }
        out.set_timer(Timer::IsrCheck, self.config.replica_lag_time_max_ms.pause().div(2));
        out.set_timer(Timer::HighWatermarkCheckpoint, self.config.replica_high_watermark_checkpoint_interval_ms);
        self.start_log_tasks(out);
        out.set_timer(Timer::ProducerExpiration, self.config.producer_id_expiration_check_interval_ms);
    }

    pub(super) fn handle_request(&mut self, to: ReplyTo, request: Request, out: &mut Effects<'_>) {
        match request {
            Request::Produce(request) => self.on_produce(to, *request, out),
            Request::Fetch(request) if request.replica.is_some() => self.on_follower_fetch(to, *request, out),
            Request::Fetch(request) => self.on_consumer_fetch(to, *request, out),
            Request::OffsetsForLeaderEpoch(request) => self.on_offsets_for_leader_epoch(to, &request, out),
            Request::ListOffsets(request) => self.on_list_offsets(to, &request, out),
            Request::Metadata(request) => self.on_metadata_request(to, &request, out),
            Request::FindCoordinator(request) => self.on_find_coordinator(to, &request, out),
            Request::FindTransactionCoordinator(id) => self.on_find_transaction_coordinator(to, id, out),
            Request::InitProducerId(request) if request.transactional.is_none() => {
                self.on_init_producer_id(to, request, out)
            }
            Request::InitProducerId(_)
            | Request::AddPartitionsToTxn(_)
            | Request::AddOffsetsToTxn(_)
            | Request::EndTxn(_) => {
                self.on_transaction_request(to, request, out);
            }
            Request::WriteTxnMarkers(request) => self.on_write_markers(to, &request, out),
            Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::OffsetCommit(_)
            | Request::TxnOffsetCommit(_)
            | Request::ConsumerGroupHeartbeat(_)
            | Request::ShareGroupHeartbeat(_)
            | Request::OffsetFetch(_) => self.on_group_request(to, request, out),
            Request::ShareFetch(request) => self.on_share_fetch(to, *request, out),
            Request::ShareAcknowledge(request) => self.on_share_acknowledge(to, *request, out),
            Request::ShareGroupState(request) => self.on_share_state_request(to, &request, out),
            Request::Control(request) => self.on_control_request(to, *request, out),
            Request::AlterPartition(_)
            | Request::AllocateProducerIds(_)
            | Request::CreateTopics(_)
            | Request::ControlledShutdown(_) => self.on_controller_request(to, &request, out),
            // The APIs of a controller of its own: a broker does not serve them, and nobody here asks it to.
            Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::Vote(_)
            | Request::BeginQuorumEpoch(_)
            | Request::EndQuorumEpoch(_)
            | Request::FetchMetadata(_)
            | Request::ZooKeeper(_) => {}
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Effects<'_>) {
        match timer {
            Timer::BrokerHeartbeat => self.send_heartbeat(out),
            Timer::Registration if self.zookeeper.is_some() => self.register_znode(out),
            Timer::Registration => self.register(out),
            Timer::ZooKeeper => self.on_keeper_timer(out),
            Timer::ControlledShutdown => self.ask_to_leave(out),
            Timer::Control(broker) => self.send_next_control(broker, out),
            Timer::LeaderRebalance => self.on_leader_rebalance(out),
            Timer::MetadataFetch => self.on_metadata_timer(out),
            Timer::IsrCheck => self.on_isr_check(out),
            Timer::HighWatermarkCheckpoint => {
                for replica in self.replicas.values_mut() {
                    replica.checkpointed_high_watermark = replica.high_watermark;
                }
                out.set_timer(
                    Timer::HighWatermarkCheckpoint,
                    self.config.replica_high_watermark_checkpoint_interval_ms,
                );
            }
            Timer::FetcherBackoff(leader) => self.on_fetcher_backoff(leader, out),
            Timer::Purgatory => self.on_purgatory(out),
            Timer::AlterPartition => self.send_alter_partition(out),
            Timer::RequestTimeout => self.on_request_timeouts(out),
            Timer::Groups => self.on_groups_timer(out),
            Timer::Share => self.on_share_timer(out),
            Timer::Flush => self.flush_by_age(out),
            Timer::TransactionTimeouts => self.on_transaction_timeouts(out),
            Timer::Markers => self.on_markers_timer(out),
            Timer::Verification(number) => self.ask_verification(number, out),
            Timer::LogRetention => self.on_log_retention(out),
            Timer::LogCheckpoint => self.on_log_checkpoint(out),
            Timer::LogCleaner => self.on_log_cleaner(out),
            Timer::ProducerExpiration => {
                let (now_ms, expiration) = (out.now.as_millis(), self.config.producer_id_expiration_ms);
                for replica in self.replicas.values_mut() {
                    replica.log.expire_producers(now_ms, expiration);
                }
                out.set_timer(Timer::ProducerExpiration, self.config.producer_id_expiration_check_interval_ms);
            }
            _ => {}
        }
    }

    /// Sends a request of this broker's own and remembers what its answer is for.
    pub(super) fn ask(
        &mut self,
        to: NodeId,
        channel: Channel,
        request: Request,
        pending: Pending,
        out: &mut Effects<'_>,
    ) {
        let Some(runtime) = &mut self.runtime else { return };
        let correlation = CorrelationId(runtime.next_correlation);
        runtime.next_correlation = runtime.next_correlation.wrapping_add(1);
        runtime.pending.insert(correlation, pending);
        out.send(to, channel, Body::Request(correlation, request));
    }

    /// The same to another broker, or to itself without the network.
    pub(super) fn ask_broker(
        &mut self,
        to: NodeId,
        channel: Channel,
        request: Request,
        pending: Pending,
        out: &mut Effects<'_>,
    ) {
        if to != self.node {
            return self.ask(to, channel, request, pending, out);
        }
        let Some(runtime) = &mut self.runtime else { return };
        let correlation = CorrelationId(runtime.next_correlation);
        runtime.next_correlation = runtime.next_correlation.wrapping_add(1);
        runtime.pending.insert(correlation, pending);
        self.handle_request(ReplyTo { peer: to, channel, correlation }, request, out);
    }

    pub(super) fn on_response(&mut self, correlation: CorrelationId, response: Response, out: &mut Effects<'_>) {
        let Some(pending) = self.with_runtime(|runtime| runtime.pending.remove(&correlation)) else { return };
        self.on_answer(pending, response, out);
    }

    fn arm_timers(&mut self, out: &mut Effects<'_>) {
        let timeout = self.config.replica_socket_timeout_ms;
        let Some(runtime) = &mut self.runtime else { return };
        let due = runtime.groups.next_deadline();
        if due != runtime.groups_timer {
            runtime.groups_timer = due;
            match due {
                Some(at) => out.set_timer_at(Timer::Groups, at),
                None => out.cancel_timer(Timer::Groups),
            }
        }
        if let Some(share) = &mut runtime.share {
            let due = share.next_deadline();
            if due != share.armed {
                share.armed = due;
                match due {
                    Some(at) => out.set_timer_at(Timer::Share, at),
                    None => out.cancel_timer(Timer::Share),
                }
            }
        }
        if !runtime.pending.is_empty() && !runtime.request_timer {
            runtime.request_timer = true;
            out.set_timer(Timer::RequestTimeout, timeout);
        }
    }
}
