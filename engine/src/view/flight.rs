//! Messages under way. A picture of one is a function of its envelope and the time alone.

use crate::ids::*;
use crate::network::Envelope;
use crate::protocol::{Body, MessageKind, Request, Response};
use crate::queue::QueueFrame;
use crate::sim::Simulation;
use crate::time::{Duration, Instant};
use crate::zookeeper::{OffsetPath, ZnodeOp, ZnodePath, ZooKeeperRequest};

/// What a packet looks like.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PacketKind {
    /// Records on their way to a leader or a queue.
    Produce,
    /// The answer to a producer.
    Ack,
    /// A fetch, or its answer.
    Fetch,
    /// A heartbeat, or its answer.
    Heartbeat,
    /// Who leads what: metadata of clients and brokers.
    Metadata,
    /// Joining, syncing, leaving a group.
    Rebalance,
    /// Offsets being committed or looked up.
    Offsets,
    /// The controller's business: registration, ISR changes.
    Control,
    /// A queue's delivery, ack or nack.
    Queue,
    /// A statement to a database.
    Database,
}

/// A message under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlightView {
    /// Its id, to drop it.
    pub id: EnvelopeId,
    /// From.
    pub from: NodeId,
    /// To.
    pub to: NodeId,
    /// What it looks like.
    pub packet: PacketKind,
    /// The API.
    pub message: MessageKind,
    /// Whether it answers another message.
    pub is_response: bool,
    /// When it left.
    pub sent_at: Instant,
    /// When it arrives.
    pub arrives_at: Instant,
    /// The partitions it speaks of.
    pub partitions: Vec<TopicPartition>,
    /// The records it carries or answers for.
    pub records: Vec<RecordId>,
    /// The producer whose records it carries or answers for.
    pub producer: Option<NodeId>,
    /// The key of the first record it carries, as in [`super::CellView::key`].
    pub key: Option<u32>,
    /// Whether it carries an error.
    pub failed: bool,
    /// Whether it says something: an idle fetch, a heartbeat or a routine refresh does not.
    pub matters: bool,
    /// Whether it travels between brokers for replication.
    pub replication: bool,
}

/// Every message under way, in the order of sending.
pub fn flights(simulation: &Simulation) -> Vec<FlightView> {
    simulation.network().in_flight().map(flight).collect()
}

/// How long the quickest message under way takes that says something.
pub fn quickest(simulation: &Simulation) -> Option<Duration> {
    let told = simulation.network().in_flight().filter(|envelope| matters(envelope));
    told.map(|envelope| envelope.arrives_at.since(envelope.sent_at)).min()
}

/// Whether a message that says something left at this moment.
pub fn departed_at(simulation: &Simulation, at: Instant) -> bool {
    simulation.network().in_flight().any(|envelope| envelope.sent_at == at && matters(envelope))
}

/// Whether a message says something: an idle fetch, a heartbeat or a routine refresh does not.
fn matters(envelope: &Envelope) -> bool {
    match packet_kind(envelope.body.kind(), envelope.body.is_response()) {
        PacketKind::Heartbeat | PacketKind::Metadata => return false,
        _ => {}
    }
    match &envelope.body {
        // In a session only partitions that moved are named: a named one acknowledges new data.
        Body::Request(_, Request::Fetch(request)) => {
            request.replica.is_some() && request.incremental && !request.partitions.is_empty()
        }
        Body::Response(_, Response::Fetch(response)) => response.partitions.iter().any(|partition| {
            let told = partition.batches.iter().flat_map(|batch| batch.records.iter());
            partition.error.is_error()
                || partition.diverging_epoch.is_some()
                || told.filter_map(|record| record.id()).next().is_some()
        }),
        _ => true,
    }
}

/// One message.
pub fn flight(envelope: &Envelope) -> FlightView {
    let message = envelope.body.kind();
    let mut view = FlightView {
        id: envelope.id,
        from: envelope.from,
        to: envelope.to,
        packet: packet_kind(message, envelope.body.is_response()),
        message,
        is_response: envelope.body.is_response(),
        sent_at: envelope.sent_at,
        arrives_at: envelope.arrives_at,
        partitions: Vec::new(),
        records: Vec::new(),
        producer: None,
        key: None,
        failed: false,
        matters: matters(envelope),
        replication: envelope.channel == crate::protocol::Channel::Replication,
    };
    describe(&envelope.body, &mut view);
    if view.packet == PacketKind::Ack {
        view.producer = Some(envelope.to);
    } else if view.packet == PacketKind::Produce {
        view.producer = Some(envelope.from);
    } else if let Some(record) = view.records.first() {
        view.producer = Some(record.producer());
    }
    view
}

/// What a message of this kind looks like.
pub fn packet_kind(message: MessageKind, is_response: bool) -> PacketKind {
    match message {
        MessageKind::Produce if is_response => PacketKind::Ack,
        MessageKind::QueueConfirm => PacketKind::Ack,
        MessageKind::Produce | MessageKind::QueuePublish => PacketKind::Produce,
        MessageKind::Fetch | MessageKind::ShareFetch => PacketKind::Fetch,
        MessageKind::Heartbeat
        | MessageKind::ConsumerGroupHeartbeat
        | MessageKind::ShareGroupHeartbeat
        | MessageKind::BrokerHeartbeat => PacketKind::Heartbeat,
        MessageKind::ShareAcknowledge
        | MessageKind::InitializeShareGroupState
        | MessageKind::ReadShareGroupState
        | MessageKind::WriteShareGroupState => PacketKind::Offsets,
        MessageKind::Metadata
        | MessageKind::FetchMetadata
        | MessageKind::FindCoordinator
        | MessageKind::InitProducerId => PacketKind::Metadata,
        MessageKind::AddPartitionsToTxn
        | MessageKind::AddOffsetsToTxn
        | MessageKind::TxnOffsetCommit
        | MessageKind::EndTxn
        | MessageKind::WriteTxnMarkers => PacketKind::Offsets,
        MessageKind::JoinGroup | MessageKind::SyncGroup | MessageKind::LeaveGroup => PacketKind::Rebalance,
        MessageKind::OffsetCommit | MessageKind::OffsetFetch | MessageKind::ListOffsets | MessageKind::ZooKeeper => {
            PacketKind::Offsets
        }
        MessageKind::UpdateMetadata => PacketKind::Metadata,
        MessageKind::ZooKeeperPing => PacketKind::Heartbeat,
        MessageKind::BrokerRegistration
        | MessageKind::ZooKeeperWatch
        | MessageKind::LeaderAndIsr
        | MessageKind::StopReplica
        | MessageKind::ControlledShutdown
        | MessageKind::Vote
        | MessageKind::BeginQuorumEpoch
        | MessageKind::EndQuorumEpoch
        | MessageKind::OffsetsForLeaderEpoch
        | MessageKind::AlterPartition
        | MessageKind::AllocateProducerIds
        | MessageKind::CreateTopics => PacketKind::Control,
        MessageKind::QueueConsume | MessageKind::QueueDeliver | MessageKind::QueueAck | MessageKind::QueueNack => {
            PacketKind::Queue
        }
        MessageKind::Database => PacketKind::Database,
    }
}

fn describe(body: &Body, view: &mut FlightView) {
    match body {
        Body::Request(_, Request::Produce(request)) => {
            for (tp, batch) in &request.batches {
                view.partitions.push(*tp);
                view.records.extend(batch.records.iter().filter_map(|record| record.id()));
                view.key = view.key.or_else(|| batch.records.iter().find_map(|record| record.key_number()));
            }
        }
        Body::Response(_, Response::Produce(response)) => {
            view.partitions = response.partitions.iter().map(|partition| partition.tp).collect();
            view.failed = response.partitions.iter().any(|partition| partition.error.is_error());
        }
        Body::Request(_, Request::Fetch(request)) => {
            view.partitions = request.partitions.iter().map(|partition| partition.tp).collect();
        }
        Body::Response(_, Response::Fetch(response)) => {
            for partition in &response.partitions {
                view.partitions.push(partition.tp);
                let records = partition.batches.iter().flat_map(|batch| batch.records.iter());
                view.key = view.key.or_else(|| records.clone().find_map(|record| record.key_number()));
                view.records.extend(records.filter_map(|record| record.id()));
                view.failed |= partition.error.is_error();
            }
        }
        Body::Request(_, Request::ShareFetch(request)) => {
            view.partitions = request.partitions.iter().map(|partition| partition.tp).collect();
        }
        Body::Response(_, Response::ShareFetch(response)) => {
            view.failed |= response.error.is_error();
            for partition in &response.partitions {
                view.partitions.push(partition.tp);
                let taken = |offset: &crate::ids::Offset| {
                    partition.acquired.iter().any(|run| run.first <= *offset && *offset <= run.last)
                };
                let records = partition.batches.iter().flat_map(|batch| batch.iter());
                view.records.extend(records.filter(|(at, _)| taken(at)).filter_map(|(_, record)| record.id()));
                view.failed |= partition.error.is_error() || partition.acknowledge_error.is_error();
            }
        }
        Body::Request(_, Request::ShareAcknowledge(request)) => {
            view.partitions = request.partitions.iter().map(|partition| partition.tp).collect();
        }
        Body::Response(_, Response::ShareAcknowledge(response)) => {
            view.failed |= response.error.is_error();
            for (tp, error) in &response.partitions {
                view.partitions.push(*tp);
                view.failed |= error.is_error();
            }
        }
        Body::Request(_, Request::ShareGroupState(request)) => view.partitions.push(request.tp),
        Body::Response(_, Response::ShareGroupState(_, response)) => view.failed = response.error.is_error(),
        Body::Request(_, Request::OffsetCommit(request)) => {
            view.partitions = request.offsets.iter().map(|commit| commit.tp).collect();
        }
        Body::Request(_, Request::TxnOffsetCommit(request)) => {
            view.partitions = request.commit.offsets.iter().map(|commit| commit.tp).collect();
        }
        Body::Response(_, Response::TxnOffsetCommit(error) | Response::AddOffsetsToTxn(error)) => {
            view.failed = error.is_error();
        }
        Body::Response(_, Response::OffsetCommit(response)) => view.failed = response.error.is_error(),
        Body::Response(_, Response::JoinGroup(response)) => view.failed = response.error.is_error(),
        Body::Response(_, Response::SyncGroup(response)) => view.failed = response.error.is_error(),
        Body::Request(_, Request::AlterPartition(request)) => {
            view.partitions = request.partitions.iter().map(|partition| partition.tp).collect();
        }
        Body::Request(_, Request::ZooKeeper(request)) => {
            let path = match &**request {
                ZooKeeperRequest::GetData(path, _) => Some(*path),
                ZooKeeperRequest::Write(ops) => ops.last().map(ZnodeOp::path),
                _ => None,
            };
            if let Some(ZnodePath::Offset(OffsetPath { tp, .. }) | ZnodePath::PartitionState(tp)) = path {
                view.partitions.push(tp);
            }
        }
        Body::Request(_, Request::Control(request)) => {
            view.partitions.extend(request.partitions.iter().map(|(tp, _)| *tp));
            view.partitions.extend(request.stopped.iter().copied());
        }
        Body::Queue(QueueFrame::Publish { record, .. }) => view.records.push(*record),
        Body::Queue(QueueFrame::Confirm { record, .. }) => view.records.push(*record),
        Body::Queue(QueueFrame::Deliver { record, .. }) => view.records.push(*record),
        Body::Queue(QueueFrame::Ack { record, .. } | QueueFrame::Nack { record, .. }) => view.records.push(*record),
        Body::DatabaseRequest(request) => view.records.push(request.record),
        Body::DatabaseResponse(response) => view.records.push(response.record),
        _ => {}
    }
}
