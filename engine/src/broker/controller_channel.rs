//! What a broker asks others for: registration, heartbeats, the metadata log, and what became of the asking
//! (`BrokerLifecycleManager`).

use super::actor::{Broker, BrokerStatus};
use crate::effect::{Effects, Timer};
use crate::ids::{BrokerId, CorrelationId, NodeId, TransactionalId};
use crate::protocol::{
    BrokerHeartbeatRequest, BrokerRegistrationRequest, Channel, ErrorCode, FetchMetadataRequest, Request, Response,
};
use crate::time::{Duration, Instant};

/// Pause before a refused registration is tried again (`BrokerLifecycleManager`, fixed in Kafka).
const REGISTRATION_RETRY: Duration = Duration::from_millis(2_000);
/// Pause before the metadata log is asked for again after a broken connection.
const METADATA_RETRY: Duration = Duration::from_millis(100);

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
    OffsetsTopic,
    TransactionTopic,
    /// Whether a parked produce request's partitions belong to its transaction.
    Verification(u64),
    /// The markers of a transaction.
    Markers(TransactionalId),
    /// The fetcher's request to this leader.
    Fetch(BrokerId),
}

impl Asked {
    /// The connection the question went out on.
    pub fn channel(&self) -> Channel {
        match self {
            Asked::MetadataLog => Channel::Metadata,
            Asked::Fetch(_) => Channel::Replication,
            Asked::Verification(_) => Channel::Verification,
            Asked::Markers(_) => Channel::Markers,
            _ => Channel::Controller,
        }
    }
}

impl Broker {
    pub(super) fn ask_controller(&mut self, channel: Channel, request: Request, what: Asked, out: &mut Effects<'_>) {
        let pending = Pending { to: self.controller, sent_at: out.now, what };
        self.ask(self.controller, channel, request, pending, out);
    }

    pub(super) fn register(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let request = BrokerRegistrationRequest { broker: self.id, node: self.node, incarnation: runtime.incarnation };
        self.ask_controller(Channel::Controller, Request::BrokerRegistration(request), Asked::Registration, out);
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
        let request = FetchMetadataRequest { fetch_offset: runtime.metadata_offset };
        self.ask_controller(Channel::Metadata, Request::FetchMetadata(request), Asked::MetadataLog, out);
    }

    pub(super) fn on_answer(&mut self, pending: Pending, response: Response, out: &mut Effects<'_>) {
        match (pending.what, response) {
            (Asked::Registration, Response::BrokerRegistration(answer)) => {
                if answer.error.is_error() {
                    out.set_timer(Timer::Registration, REGISTRATION_RETRY);
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
                    self.replicas.values_mut().for_each(|replica| replica.log.snapshot_producers());
                    return out.exit();
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
                self.apply_metadata(answer, out);
                self.fetch_metadata(out);
            }
            (Asked::AlterPartition, Response::AlterPartition(answer)) => self.on_alter_answer(*answer, out),
            (Asked::ProducerIds, Response::AllocateProducerIds(answer)) => self.on_producer_ids(&answer, out),
            (Asked::Fetch(leader), Response::Fetch(answer)) => self.on_fetched(leader, *answer, out),
            (Asked::TransactionTopic, _) => self.with_runtime(|runtime| runtime.transaction_topic_requested = false),
            (Asked::Verification(number), Response::AddPartitionsToTxn(error)) => self.on_verified(number, error, out),
            (Asked::Markers(id), Response::WriteTxnMarkers(answer)) => self.on_markers_answer(id, &answer, out),
            (Asked::OffsetsTopic, _) => self.with_runtime(|runtime| runtime.offsets_topic_requested = false),
            // An answer of another kind than the question cannot come from a correct peer; it is dropped.
            _ => {}
        }
    }

    /// The connection broke, or the answer took too long.
    pub(super) fn on_no_answer(&mut self, pending: Pending, out: &mut Effects<'_>) {
        match pending.what {
            Asked::Registration => out.set_timer(Timer::Registration, REGISTRATION_RETRY),
            Asked::Heartbeat => {}
            Asked::MetadataLog => {
                self.with_runtime(|runtime| runtime.metadata_fetch_out = false);
                out.set_timer(Timer::MetadataFetch, METADATA_RETRY);
            }
            Asked::AlterPartition => {
                self.with_runtime(|runtime| runtime.alter_in_flight = false);
                out.set_timer(Timer::AlterPartition, METADATA_RETRY);
            }
            Asked::ProducerIds => self.refuse_waiting_producers(out),
            Asked::TransactionTopic => self.with_runtime(|runtime| runtime.transaction_topic_requested = false),
            Asked::Verification(number) => self.on_verified(number, ErrorCode::NetworkException, out),
            Asked::Markers(_) => out.set_timer(Timer::Markers, METADATA_RETRY),
            Asked::OffsetsTopic => self.with_runtime(|runtime| runtime.offsets_topic_requested = false),
            Asked::Fetch(leader) => self.on_fetch_failed(leader, out),
        }
    }

    pub(super) fn on_request_timeouts(&mut self, out: &mut Effects<'_>) {
        let timeout = self.config.replica_socket_timeout_ms;
        let Some(runtime) = &mut self.runtime else { return };
        runtime.request_timer = false;
        let now = out.now;
        let late: Vec<CorrelationId> = runtime
            .pending
            .iter()
            .filter(|(_, pending)| now.since(pending.sent_at) >= timeout)
            .map(|(id, _)| *id)
            .collect();
        for correlation in late {
            if let Some(pending) = self.with_runtime(|runtime| runtime.pending.remove(&correlation)) {
                out.close(pending.to, pending.what.channel());
                self.on_no_answer(pending, out);
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
