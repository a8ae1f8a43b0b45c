//! What a broker asks others for: registration, heartbeats, the metadata log, and what became of the asking
//! (`BrokerLifecycleManager`).

use super::actor::{Broker, BrokerStatus, Runtime};
use crate::collections::Set;
use crate::coordinator::ShareStateKey;
use crate::effect::{Effects, Timer};
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, NodeId, TransactionalId};
use crate::protocol::{
    BrokerHeartbeatRequest, BrokerRegistrationRequest, Channel, ErrorCode, FetchMetadataRequest, MessageKind, Request,
    Response, ShareGroupStateResponse,
};
use crate::time::{Duration, Instant};

/// Pause before a refused registration is tried again (`BrokerLifecycleManager`, fixed in Kafka).
const REGISTRATION_RETRY: Duration = Duration::from_millis(2_000);
/// Pause before the metadata log is asked for again after a broken connection.
const METADATA_RETRY: Duration = Duration::from_millis(100);

/// An observer that gets no answer for this long looks for another leader (`controller.quorum.fetch.timeout.ms`).
const QUORUM_FETCH_TIMEOUT: Duration = Duration::from_millis(2_000);

/// A request of this broker that has not been answered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pending {
    /// Whom it asked.
    pub to: NodeId,
    /// When it asked.
    pub sent_at: Instant,
    /// What it asked for.
    pub what: Asked,
}

/// What a broker asks others for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Asked {
    Registration,
    Heartbeat,
    MetadataLog,
    AlterPartition,
    ProducerIds,
    ControlledShutdown,
    /// The controller has told this broker something; the number says what.
    Control(BrokerId, u64),
    OffsetsTopic,
    TransactionTopic,
    ShareTopic,
    /// The state of a share-partition, and the number of the change it is about.
    ShareState(ShareStateKey, MessageKind, u64),
    /// Whether a parked produce request's partitions belong to its transaction.
    Verification(u64),
    /// The markers of a transaction.
    Markers(TransactionalId),
    /// The fetcher's request to this leader.
    Fetch(BrokerId),
    /// Where epochs end in this leader's log.
    EpochEnds(BrokerId),
    /// Where this leader's logs end.
    LogEnds(BrokerId),
    /// Where this leader's logs begin.
    LogStarts(BrokerId),
}

impl Asked {
    /// The connection the question went out on.
    pub fn channel(&self) -> Channel {
        match self {
            Asked::MetadataLog => Channel::Metadata,
            Asked::AlterPartition => Channel::AlterPartition,
            Asked::Control(..) => Channel::Control,
            Asked::Verification(_) => Channel::Verification,
            Asked::Markers(_) => Channel::Markers,
            Asked::ShareState(..) => Channel::ShareState,
            Asked::Fetch(_) | Asked::EpochEnds(_) | Asked::LogEnds(_) | Asked::LogStarts(_) => Channel::Replication,
            _ => Channel::Controller,
        }
    }
}

impl Broker {
    pub(super) fn ask_controller(&mut self, channel: Channel, request: Request, what: Asked, out: &mut Effects<'_>) {
        let pending = Pending { to: self.controller, sent_at: out.now, what };
        self.ask_broker(self.controller, channel, request, pending, out);
    }

    pub(super) fn register(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let request = BrokerRegistrationRequest {
            broker: self.id,
            node: self.node,
            incarnation: runtime.incarnation,
            rack: self.rack.clone(),
            previous_broker_epoch: runtime.previous_broker_epoch,
        };
        let request = Request::BrokerRegistration(Box::new(request));
        self.ask_controller(Channel::Controller, request, Asked::Registration, out);
    }

    pub(super) fn send_heartbeat(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        if runtime.status == BrokerStatus::Registering {
            return;
        }
        let request = BrokerHeartbeatRequest {
            broker: self.id,
            broker_epoch: runtime.broker_epoch,
            metadata_offset: runtime.metadata_offset,
            want_fence: false,
            want_shut_down: runtime.status == BrokerStatus::ShuttingDown,
        };
        self.ask_controller(Channel::Controller, Request::BrokerHeartbeat(request), Asked::Heartbeat, out);
        out.set_timer(Timer::BrokerHeartbeat, self.config.broker_heartbeat_interval_ms.pause());
    }

    pub(super) fn fetch_metadata(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        if std::mem::replace(&mut runtime.metadata_fetch_out, true) {
            return;
        }
        let offset = runtime.metadata_offset;
        let request = FetchMetadataRequest {
            voter: None,
            epoch: LeaderEpoch::NONE,
            fetch_offset: offset,
            last_fetched_epoch: LeaderEpoch::NONE,
            high_watermark: offset,
        };
        if self.controllers.len() > 1 {
            out.set_timer(Timer::MetadataFetch, QUORUM_FETCH_TIMEOUT);
        }
        self.ask_controller(Channel::Metadata, Request::FetchMetadata(request), Asked::MetadataLog, out);
    }

    pub(super) fn on_answer(&mut self, pending: Pending, response: Response, out: &mut Effects<'_>) {
        match (pending.what, response) {
            (Asked::Registration, Response::BrokerRegistration(answer)) => {
                if answer.error.is_error() {
                    let pause =
                        if answer.error == ErrorCode::NotController { METADATA_RETRY } else { REGISTRATION_RETRY };
                    out.set_timer(Timer::Registration, pause);
                    return;
                }
                self.with_runtime(|runtime| {
                    runtime.broker_epoch = answer.broker_epoch;
                    runtime.status = BrokerStatus::Fenced;
                });
                self.send_heartbeat(out);
            }
            (Asked::Heartbeat, Response::BrokerHeartbeat(answer)) => {
                if answer.error == ErrorCode::StaleBrokerEpoch {
                    // The controller knows this broker no longer, or as another incarnation: register again.
                    self.with_runtime(|runtime| runtime.status = BrokerStatus::Registering);
                    return self.register(out);
                }
                if answer.should_shut_down {
                    return self.shut_down(out);
                }
                let Some(runtime) = &mut self.runtime else { return };
                if runtime.status != BrokerStatus::ShuttingDown && !answer.error.is_error() {
                    runtime.status = if answer.is_fenced { BrokerStatus::Fenced } else { BrokerStatus::Running };
                    if answer.is_fenced {
                        // Still catching up with the metadata log: ask again soon rather than in two seconds.
                        out.set_timer(Timer::BrokerHeartbeat, Duration::from_millis(100));
                    }
                }
            }
            (Asked::MetadataLog, Response::FetchMetadata(answer)) => {
                self.with_runtime(|runtime| runtime.metadata_fetch_out = false);
                if answer.error.is_error() {
                    self.point_at(answer.leader, out);
                    return out.set_timer(Timer::MetadataFetch, METADATA_RETRY);
                }
                self.apply_metadata(answer, out);
                self.fetch_metadata(out);
            }
            (Asked::AlterPartition, Response::AlterPartition(answer)) => self.on_alter_answer(*answer, out),
            (Asked::ProducerIds, Response::AllocateProducerIds(answer)) => self.on_producer_ids(&answer, out),
            (Asked::Fetch(leader), Response::Fetch(answer)) => self.on_fetched(leader, *answer, out),
            (Asked::ControlledShutdown, Response::ControlledShutdown(answer)) => self.on_may_leave(&answer, out),
            (Asked::Control(broker, number), Response::Control(_, answer)) => {
                self.on_control_answer(broker, number, &answer, out);
            }
            (Asked::TransactionTopic, _) => self.with_runtime(|runtime| runtime.transaction_topic_requested = false),
            (Asked::ShareTopic, _) => self.with_runtime(|runtime| runtime.share_topic_requested = false),
            (Asked::ShareState(key, kind, number), Response::ShareGroupState(_, answer)) => {
                self.on_share_state_answer(key, kind, number, *answer, out);
            }
            (Asked::Verification(number), Response::AddPartitionsToTxn(error)) => self.on_verified(number, error, out),
            (Asked::Markers(id), Response::WriteTxnMarkers(answer)) => self.on_markers_answer(id, &answer, out),
            (Asked::EpochEnds(leader), Response::OffsetsForLeaderEpoch(answer)) => {
                self.on_epoch_ends(leader, *answer, out)
            }
            (Asked::LogEnds(leader), Response::ListOffsets(answer)) => self.on_log_ends(leader, &answer, out),
            (Asked::LogStarts(leader), Response::ListOffsets(answer)) => self.on_log_starts(leader, &answer, out),
            (Asked::OffsetsTopic, _) => self.with_runtime(|runtime| runtime.offsets_topic_requested = false),
            // An answer of another kind than the question cannot come from a correct peer; it is dropped.
            _ => {}
        }
    }

    /// The leader of the quorum is said to be `leader`, or it is not known: then the next controller is asked.
    pub(super) fn point_at(&mut self, leader: Option<NodeId>, out: &mut Effects<'_>) {
        let here = self.controllers.iter().position(|node| *node == self.controller).unwrap_or(0);
        let next = self.controllers.get((here + 1) % self.controllers.len().max(1)).copied();
        let Some(node) = leader.or(next).filter(|node| *node != self.controller) else { return };
        let old = std::mem::replace(&mut self.controller, node);
        let Some(runtime) = &self.runtime else { return };
        let asked_old = |pending: &Pending| {
            pending.to == old && matches!(pending.what.channel(), Channel::Controller | Channel::AlterPartition)
        };
        let lost: Vec<CorrelationId> =
            runtime.pending.iter().filter(|(_, pending)| asked_old(pending)).map(|(id, _)| *id).collect();
        let registering = runtime.status == BrokerStatus::Registering;
        for correlation in lost {
            if let Some(pending) = self.with_runtime(|runtime| runtime.pending.remove(&correlation)) {
                self.on_no_answer(pending, out);
            }
        }
        if self.zookeeper.is_some() {
            // What it may ask for again, it asks the new one.
        } else if registering {
            self.register(out);
        } else {
            self.send_heartbeat(out);
        }
    }

    /// It is time to fetch the metadata log again; or a fetch has waited too long for its answer.
    pub(super) fn on_metadata_timer(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let late = runtime.pending.iter().find(|(_, pending)| pending.what == Asked::MetadataLog).map(|(id, _)| *id);
        if let Some(correlation) = late {
            out.close(self.controller, Channel::Metadata);
            self.with_runtime(|runtime| {
                runtime.pending.remove(&correlation);
                runtime.metadata_fetch_out = false;
            });
            self.point_at(None, out);
        }
        self.fetch_metadata(out);
    }

    /// The controller lets this broker go: logs are flushed and marks written down before the process ends.
    pub(super) fn shut_down(&mut self, out: &mut Effects<'_>) {
        self.shut_down_logs();
        out.exit();
    }

    /// The connection broke, or the answer took too long.
    pub(super) fn on_no_answer(&mut self, pending: Pending, out: &mut Effects<'_>) {
        match pending.what {
            Asked::Registration => out.set_timer(Timer::Registration, REGISTRATION_RETRY),
            // A timer asks again.
            Asked::Heartbeat | Asked::ControlledShutdown => {}
            Asked::Control(broker, number) => self.on_control_unanswered(broker, number, out),
            Asked::MetadataLog => {
                self.with_runtime(|runtime| runtime.metadata_fetch_out = false);
                self.point_at(None, out);
                out.set_timer(Timer::MetadataFetch, METADATA_RETRY);
            }
            Asked::AlterPartition => {
                self.with_runtime(|runtime| runtime.alter_in_flight = false);
                self.alter_again();
                out.set_timer(Timer::AlterPartition, METADATA_RETRY);
            }
            Asked::ProducerIds => self.refuse_waiting_producers(out),
            Asked::TransactionTopic => self.with_runtime(|runtime| runtime.transaction_topic_requested = false),
            Asked::Verification(number) => self.on_verified(number, ErrorCode::NetworkException, out),
            Asked::Markers(_) => out.set_timer(Timer::Markers, METADATA_RETRY),
            Asked::ShareTopic => self.with_runtime(|runtime| runtime.share_topic_requested = false),
            Asked::ShareState(key, kind, number) => {
                let answer = ShareGroupStateResponse::of(ErrorCode::NetworkException);
                self.on_share_state_answer(key, kind, number, answer, out);
            }
            Asked::OffsetsTopic => self.with_runtime(|runtime| runtime.offsets_topic_requested = false),
            Asked::Fetch(leader) | Asked::EpochEnds(leader) | Asked::LogEnds(leader) | Asked::LogStarts(leader) => {
                self.on_fetch_failed(leader, out)
            }
        }
    }

    pub(super) fn on_request_timeouts(&mut self, out: &mut Effects<'_>) {
        let timeout = self.config.replica_socket_timeout_ms;
        let Some(runtime) = &mut self.runtime else { return };
        runtime.request_timer = false;
        let now = out.now;
        let late = runtime.pending.values().filter(|pending| now.since(pending.sent_at) >= timeout);
        let broken: Set<(NodeId, Channel)> = late.map(|pending| (pending.to, pending.what.channel())).collect();
        for (to, channel) in broken {
            // With the connection goes whatever else was asked on it.
            let on_it = runtime_pending(&self.runtime, to, channel);
            out.close(to, channel);
            for correlation in on_it {
                if let Some(pending) = self.with_runtime(|runtime| runtime.pending.remove(&correlation)) {
                    self.on_no_answer(pending, out);
                }
            }
        }
        if let Some(runtime) = &mut self.runtime
            && let Some(oldest) = runtime.pending.values().map(|pending| pending.sent_at).min()
        {
            runtime.request_timer = true;
            out.set_timer_at(Timer::RequestTimeout, oldest + timeout);
        }
    }
}

/// The requests that wait for an answer on one connection.
fn runtime_pending(runtime: &Option<Box<Runtime>>, to: NodeId, channel: Channel) -> Vec<CorrelationId> {
    let pending = runtime.iter().flat_map(|runtime| runtime.pending.iter());
    let on_it = pending.filter(|(_, pending)| pending.to == to && pending.what.channel() == channel);
    on_it.map(|(correlation, _)| *correlation).collect()
}
