//! What travels: requests and responses by API, with the fields of Kafka's own.
//!
//! Simplified: one version per API; topics are named by id; fields of features that are not modelled are left out.
//! Consumers fetch without a session.
//! Absent: quotas, authentication. The queue broker's frames are in [`crate::queue`].

mod admin;
mod control;
mod controller;
mod error_code;
mod fetch;
mod groups;
mod metadata;
mod produce;
mod share;
mod transactions;

pub use admin::AdminRequest;
pub use control::*;
pub use controller::*;
pub use error_code::ErrorCode;
pub use fetch::*;
pub use groups::*;
pub use metadata::*;
pub use produce::*;
pub use share::*;
pub use transactions::*;

use crate::app::{DatabaseRequest, DatabaseResponse};
use crate::ids::{CorrelationId, TransactionalId};
use crate::queue::QueueFrame;
use crate::zookeeper::{ZooKeeperRequest, ZooKeeperResponse};

/// Which of the connections between two processes a message uses. Order is kept per connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Channel {
    /// A client's data connection to a broker.
    Client,
    /// A consumer's own connection to its group coordinator.
    Coordinator,
    /// The producer's connection of a program that also has a consumer.
    Producer,
    /// A follower's fetcher.
    Replication,
    /// A broker's connection to the controller for everything but the metadata log and changes of ISRs.
    Controller,
    /// A fetch of the metadata log.
    Metadata,
    /// A partition leader's questions to a transaction coordinator.
    Verification,
    /// A broker's questions to the share coordinator.
    ShareState,
    /// A transaction coordinator's markers to partition leaders.
    Markers,
    /// Elections among controllers.
    Quorum,
    /// A queue client's channel.
    Queue,
    /// An application's connection to its database.
    Database,
    /// A client's connection to ZooKeeper.
    ZooKeeper,
    /// A broker's connection to the controller for changes of ISRs: a slow one holds up no heartbeat.
    AlterPartition,
    /// The connection of a controller of the ZooKeeper era to a broker.
    Control,
}

/// The content of a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Body {
    /// A Kafka request.
    Request(CorrelationId, Request),
    /// The answer to the request with this id on the same connection.
    Response(CorrelationId, Response),
    /// A frame of the queue protocol.
    Queue(QueueFrame),
    /// A statement to the application's database.
    DatabaseRequest(DatabaseRequest),
    /// Its answer.
    DatabaseResponse(DatabaseResponse),
}

/// A Kafka request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Request {
    /// Write batches.
    Produce(Box<ProduceRequest>),
    /// Read batches, as a follower or as a consumer.
    Fetch(Box<FetchRequest>),
    /// Find an offset: earliest or latest.
    ListOffsets(ListOffsetsRequest),
    /// Find where an epoch ends in the leader's log (KIP-101).
    OffsetsForLeaderEpoch(Box<OffsetsForLeaderEpochRequest>),
    /// Learn topics, leaders and brokers.
    Metadata(MetadataRequest),
    /// Learn which broker coordinates a group.
    FindCoordinator(FindCoordinatorRequest),
    /// Enter a group or a rebalance.
    JoinGroup(Box<JoinGroupRequest>),
    /// Give or get the assignment.
    SyncGroup(Box<SyncGroupRequest>),
    /// Tell the coordinator that the member lives.
    Heartbeat(Box<HeartbeatRequest>),
    /// Leave a group.
    LeaveGroup(LeaveGroupRequest),
    /// Join, stay in or leave a KIP-848 group.
    ConsumerGroupHeartbeat(Box<ConsumerGroupHeartbeatRequest>),
    /// Join, stay in or leave a share group.
    ShareGroupHeartbeat(Box<ShareGroupHeartbeatRequest>),
    /// Acquire records as a member of a share group.
    ShareFetch(Box<ShareFetchRequest>),
    /// Say what became of acquired records.
    ShareAcknowledge(Box<ShareAcknowledgeRequest>),
    /// Begin, read or write the state of a share-partition.
    ShareGroupState(Box<ShareGroupStateRequest>),
    /// Commit offsets of a group.
    OffsetCommit(Box<OffsetCommitRequest>),
    /// Read committed offsets of a group.
    OffsetFetch(OffsetFetchRequest),
    /// Learn which broker coordinates a transactional id: FindCoordinator with another type of key.
    FindTransactionCoordinator(TransactionalId),
    /// Get a producer id, and with a transactional id a new epoch.
    InitProducerId(InitProducerIdRequest),
    /// Partitions join a transaction, or a leader asks whether they have.
    AddPartitionsToTxn(Box<AddPartitionsToTxnRequest>),
    /// A group's offsets join a transaction.
    AddOffsetsToTxn(AddOffsetsToTxnRequest),
    /// Commit a group's offsets in a transaction.
    TxnOffsetCommit(Box<TxnOffsetCommitRequest>),
    /// Commit or abort a transaction.
    EndTxn(EndTxnRequest),
    /// Write a transaction's end into partitions.
    WriteTxnMarkers(Box<WriteTxnMarkersRequest>),
    /// A broker registers with the controller.
    BrokerRegistration(Box<BrokerRegistrationRequest>),
    /// A broker tells the controller that it lives.
    BrokerHeartbeat(BrokerHeartbeatRequest),
    /// A leader asks the controller to change an ISR.
    AlterPartition(Box<AlterPartitionRequest>),
    /// A broker asks for a block of producer ids.
    AllocateProducerIds(AllocateProducerIdsRequest),
    /// Create topics.
    CreateTopics(Box<CreateTopicsRequest>),
    /// A broker or a voter reads the metadata log.
    FetchMetadata(FetchMetadataRequest),
    /// A controller asks for votes.
    Vote(VoteRequest),
    /// A controller says that it leads.
    BeginQuorumEpoch(Box<EpochNotice>),
    /// A controller says that it leads no more.
    EndQuorumEpoch(Box<EpochNotice>),
    /// Read or write a znode: ZooKeeper's protocol, not Kafka's.
    ZooKeeper(Box<ZooKeeperRequest>),
    /// The controller of a cluster with ZooKeeper tells a broker something: LeaderAndIsr, UpdateMetadata, StopReplica.
    Control(Box<ControlRequest>),
    /// A broker of such a cluster wants to stop.
    ControlledShutdown(ControlledShutdownRequest),
}

/// A Kafka response.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Response {
    /// To [`Request::Produce`].
    Produce(Box<ProduceResponse>),
    /// To [`Request::Fetch`].
    Fetch(Box<FetchResponse>),
    /// To [`Request::ListOffsets`].
    ListOffsets(ListOffsetsResponse),
    /// To [`Request::OffsetsForLeaderEpoch`].
    OffsetsForLeaderEpoch(Box<OffsetsForLeaderEpochResponse>),
    /// To [`Request::Metadata`].
    Metadata(Box<MetadataResponse>),
    /// To [`Request::FindCoordinator`].
    FindCoordinator(FindCoordinatorResponse),
    /// To [`Request::JoinGroup`].
    JoinGroup(Box<JoinGroupResponse>),
    /// To [`Request::SyncGroup`].
    SyncGroup(Box<SyncGroupResponse>),
    /// To [`Request::Heartbeat`].
    Heartbeat(ErrorCode),
    /// To [`Request::LeaveGroup`].
    LeaveGroup(ErrorCode),
    /// To [`Request::ConsumerGroupHeartbeat`].
    ConsumerGroupHeartbeat(Box<ConsumerGroupHeartbeatResponse>),
    /// To [`Request::ShareGroupHeartbeat`].
    ShareGroupHeartbeat(Box<ShareGroupHeartbeatResponse>),
    /// To [`Request::ShareFetch`].
    ShareFetch(Box<ShareFetchResponse>),
    /// To [`Request::ShareAcknowledge`].
    ShareAcknowledge(Box<ShareAcknowledgeResponse>),
    /// To [`Request::ShareGroupState`]; with what was asked.
    ShareGroupState(MessageKind, Box<ShareGroupStateResponse>),
    /// To [`Request::OffsetCommit`].
    OffsetCommit(OffsetCommitResponse),
    /// To [`Request::OffsetFetch`].
    OffsetFetch(OffsetFetchResponse),
    /// To [`Request::InitProducerId`].
    InitProducerId(InitProducerIdResponse),
    /// To [`Request::AddPartitionsToTxn`].
    AddPartitionsToTxn(ErrorCode),
    /// To [`Request::AddOffsetsToTxn`].
    AddOffsetsToTxn(ErrorCode),
    /// To [`Request::TxnOffsetCommit`].
    TxnOffsetCommit(ErrorCode),
    /// To [`Request::EndTxn`].
    EndTxn(EndTxnResponse),
    /// To [`Request::WriteTxnMarkers`].
    WriteTxnMarkers(Box<WriteTxnMarkersResponse>),
    /// To [`Request::BrokerRegistration`].
    BrokerRegistration(BrokerRegistrationResponse),
    /// To [`Request::BrokerHeartbeat`].
    BrokerHeartbeat(BrokerHeartbeatResponse),
    /// To [`Request::AlterPartition`].
    AlterPartition(Box<AlterPartitionResponse>),
    /// To [`Request::AllocateProducerIds`].
    AllocateProducerIds(AllocateProducerIdsResponse),
    /// To [`Request::CreateTopics`].
    CreateTopics(Box<CreateTopicsResponse>),
    /// To [`Request::FetchMetadata`].
    FetchMetadata(FetchMetadataResponse),
    /// To [`Request::Vote`].
    Vote(VoteResponse),
    /// To [`Request::ZooKeeper`].
    ZooKeeper(Box<ZooKeeperResponse>),
    /// To [`Request::Control`]; with what was told.
    Control(ControlKind, ControlResponse),
    /// To [`Request::ControlledShutdown`].
    ControlledShutdown(ControlledShutdownResponse),
}

/// The kind of a message, for pictures, filters and rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs, reason = "the names are Kafka's API names, or the queue protocol's methods")]
pub enum MessageKind {
    Produce,
    Fetch,
    ListOffsets,
    OffsetsForLeaderEpoch,
    Metadata,
    FindCoordinator,
    JoinGroup,
    SyncGroup,
    Heartbeat,
    LeaveGroup,
    ConsumerGroupHeartbeat,
    ShareGroupHeartbeat,
    ShareFetch,
    ShareAcknowledge,
    InitializeShareGroupState,
    ReadShareGroupState,
    WriteShareGroupState,
    OffsetCommit,
    OffsetFetch,
    InitProducerId,
    AddPartitionsToTxn,
    AddOffsetsToTxn,
    TxnOffsetCommit,
    EndTxn,
    WriteTxnMarkers,
    BrokerRegistration,
    BrokerHeartbeat,
    AlterPartition,
    AllocateProducerIds,
    CreateTopics,
    FetchMetadata,
    Vote,
    BeginQuorumEpoch,
    EndQuorumEpoch,
    QueuePublish,
    QueueConfirm,
    QueueConsume,
    QueueDeliver,
    QueueAck,
    QueueNack,
    Database,
    ZooKeeper,
    ZooKeeperPing,
    ZooKeeperWatch,
    LeaderAndIsr,
    UpdateMetadata,
    StopReplica,
    ControlledShutdown,
}

impl MessageKind {
    /// Kafka's name of the API, or the queue protocol's of the method.
    pub fn name(self) -> &'static str {
        match self {
            MessageKind::Produce => "Produce",
            MessageKind::Fetch => "Fetch",
            MessageKind::ListOffsets => "ListOffsets",
            MessageKind::OffsetsForLeaderEpoch => "OffsetsForLeaderEpoch",
            MessageKind::Metadata => "Metadata",
            MessageKind::FindCoordinator => "FindCoordinator",
            MessageKind::JoinGroup => "JoinGroup",
            MessageKind::SyncGroup => "SyncGroup",
            MessageKind::Heartbeat => "Heartbeat",
            MessageKind::LeaveGroup => "LeaveGroup",
            MessageKind::ConsumerGroupHeartbeat => "ConsumerGroupHeartbeat",
            MessageKind::ShareGroupHeartbeat => "ShareGroupHeartbeat",
            MessageKind::ShareFetch => "ShareFetch",
            MessageKind::ShareAcknowledge => "ShareAcknowledge",
            MessageKind::InitializeShareGroupState => "InitializeShareGroupState",
            MessageKind::ReadShareGroupState => "ReadShareGroupState",
            MessageKind::WriteShareGroupState => "WriteShareGroupState",
            MessageKind::OffsetCommit => "OffsetCommit",
            MessageKind::OffsetFetch => "OffsetFetch",
            MessageKind::InitProducerId => "InitProducerId",
            MessageKind::AddPartitionsToTxn => "AddPartitionsToTxn",
            MessageKind::AddOffsetsToTxn => "AddOffsetsToTxn",
            MessageKind::TxnOffsetCommit => "TxnOffsetCommit",
            MessageKind::EndTxn => "EndTxn",
            MessageKind::WriteTxnMarkers => "WriteTxnMarkers",
            MessageKind::BrokerRegistration => "BrokerRegistration",
            MessageKind::BrokerHeartbeat => "BrokerHeartbeat",
            MessageKind::AlterPartition => "AlterPartition",
            MessageKind::AllocateProducerIds => "AllocateProducerIds",
            MessageKind::CreateTopics => "CreateTopics",
            MessageKind::FetchMetadata => "Fetch __cluster_metadata",
            MessageKind::Vote => "Vote",
            MessageKind::BeginQuorumEpoch => "BeginQuorumEpoch",
            MessageKind::EndQuorumEpoch => "EndQuorumEpoch",
            MessageKind::QueuePublish => "basic.publish",
            MessageKind::QueueConfirm => "confirm",
            MessageKind::QueueConsume => "basic.consume",
            MessageKind::QueueDeliver => "basic.deliver",
            MessageKind::QueueAck => "basic.ack",
            MessageKind::QueueNack => "basic.nack",
            MessageKind::Database => "SQL",
            MessageKind::ZooKeeper => "znode",
            MessageKind::ZooKeeperPing => "ping",
            MessageKind::ZooKeeperWatch => "WatchedEvent",
            MessageKind::LeaderAndIsr => "LeaderAndIsr",
            MessageKind::UpdateMetadata => "UpdateMetadata",
            MessageKind::StopReplica => "StopReplica",
            MessageKind::ControlledShutdown => "ControlledShutdown",
        }
    }
}

impl Body {
    /// What kind of message this is; a response has the kind of its request.
    pub fn kind(&self) -> MessageKind {
        match self {
            Body::Request(_, request) => request.kind(),
            Body::Response(_, response) => response.kind(),
            Body::Queue(frame) => frame.kind(),
            Body::DatabaseRequest(_) | Body::DatabaseResponse(_) => MessageKind::Database,
        }
    }

    /// Whether it answers another message.
    pub fn is_response(&self) -> bool {
        match self {
            Body::Response(..) | Body::DatabaseResponse(_) => true,
            Body::Queue(frame) => matches!(frame.kind(), MessageKind::QueueConfirm),
            Body::Request(..) | Body::DatabaseRequest(_) => false,
        }
    }
}

impl Request {
    /// The API.
    pub fn kind(&self) -> MessageKind {
        match self {
            Request::Produce(_) => MessageKind::Produce,
            Request::Fetch(_) => MessageKind::Fetch,
            Request::ListOffsets(_) => MessageKind::ListOffsets,
            Request::OffsetsForLeaderEpoch(_) => MessageKind::OffsetsForLeaderEpoch,
            Request::Metadata(_) => MessageKind::Metadata,
            Request::FindCoordinator(_) => MessageKind::FindCoordinator,
            Request::JoinGroup(_) => MessageKind::JoinGroup,
            Request::SyncGroup(_) => MessageKind::SyncGroup,
            Request::Heartbeat(_) => MessageKind::Heartbeat,
            Request::LeaveGroup(_) => MessageKind::LeaveGroup,
            Request::ConsumerGroupHeartbeat(_) => MessageKind::ConsumerGroupHeartbeat,
            Request::ShareGroupHeartbeat(_) => MessageKind::ShareGroupHeartbeat,
            Request::ShareFetch(_) => MessageKind::ShareFetch,
            Request::ShareAcknowledge(_) => MessageKind::ShareAcknowledge,
            Request::ShareGroupState(request) => request.what.kind(),
            Request::OffsetCommit(_) => MessageKind::OffsetCommit,
            Request::OffsetFetch(_) => MessageKind::OffsetFetch,
            Request::FindTransactionCoordinator(_) => MessageKind::FindCoordinator,
            Request::InitProducerId(_) => MessageKind::InitProducerId,
            Request::AddPartitionsToTxn(_) => MessageKind::AddPartitionsToTxn,
            Request::AddOffsetsToTxn(_) => MessageKind::AddOffsetsToTxn,
            Request::TxnOffsetCommit(_) => MessageKind::TxnOffsetCommit,
            Request::EndTxn(_) => MessageKind::EndTxn,
            Request::WriteTxnMarkers(_) => MessageKind::WriteTxnMarkers,
            Request::BrokerRegistration(_) => MessageKind::BrokerRegistration,
            Request::BrokerHeartbeat(_) => MessageKind::BrokerHeartbeat,
            Request::AlterPartition(_) => MessageKind::AlterPartition,
            Request::AllocateProducerIds(_) => MessageKind::AllocateProducerIds,
            Request::CreateTopics(_) => MessageKind::CreateTopics,
            Request::FetchMetadata(_) => MessageKind::FetchMetadata,
            Request::Vote(_) => MessageKind::Vote,
            Request::BeginQuorumEpoch(_) => MessageKind::BeginQuorumEpoch,
            Request::EndQuorumEpoch(_) => MessageKind::EndQuorumEpoch,
            Request::ZooKeeper(request) => match **request {
                ZooKeeperRequest::Ping => MessageKind::ZooKeeperPing,
                _ => MessageKind::ZooKeeper,
            },
            Request::Control(request) => request.kind.message(),
            Request::ControlledShutdown(_) => MessageKind::ControlledShutdown,
        }
    }
}

impl Response {
    /// The API.
    pub fn kind(&self) -> MessageKind {
        match self {
            Response::Produce(_) => MessageKind::Produce,
            Response::Fetch(_) => MessageKind::Fetch,
            Response::ListOffsets(_) => MessageKind::ListOffsets,
            Response::OffsetsForLeaderEpoch(_) => MessageKind::OffsetsForLeaderEpoch,
            Response::Metadata(_) => MessageKind::Metadata,
            Response::FindCoordinator(_) => MessageKind::FindCoordinator,
            Response::JoinGroup(_) => MessageKind::JoinGroup,
            Response::SyncGroup(_) => MessageKind::SyncGroup,
            Response::Heartbeat(_) => MessageKind::Heartbeat,
            Response::LeaveGroup(_) => MessageKind::LeaveGroup,
            Response::ConsumerGroupHeartbeat(_) => MessageKind::ConsumerGroupHeartbeat,
            Response::ShareGroupHeartbeat(_) => MessageKind::ShareGroupHeartbeat,
            Response::ShareFetch(_) => MessageKind::ShareFetch,
            Response::ShareAcknowledge(_) => MessageKind::ShareAcknowledge,
            Response::ShareGroupState(kind, _) => *kind,
            Response::OffsetCommit(_) => MessageKind::OffsetCommit,
            Response::OffsetFetch(_) => MessageKind::OffsetFetch,
            Response::InitProducerId(_) => MessageKind::InitProducerId,
            Response::AddPartitionsToTxn(_) => MessageKind::AddPartitionsToTxn,
            Response::AddOffsetsToTxn(_) => MessageKind::AddOffsetsToTxn,
            Response::TxnOffsetCommit(_) => MessageKind::TxnOffsetCommit,
            Response::EndTxn(_) => MessageKind::EndTxn,
            Response::WriteTxnMarkers(_) => MessageKind::WriteTxnMarkers,
            Response::BrokerRegistration(_) => MessageKind::BrokerRegistration,
            Response::BrokerHeartbeat(_) => MessageKind::BrokerHeartbeat,
            Response::AlterPartition(_) => MessageKind::AlterPartition,
            Response::AllocateProducerIds(_) => MessageKind::AllocateProducerIds,
            Response::CreateTopics(_) => MessageKind::CreateTopics,
            Response::FetchMetadata(_) => MessageKind::FetchMetadata,
            Response::Vote(_) => MessageKind::Vote,
            Response::ZooKeeper(answer) if answer.pong => MessageKind::ZooKeeperPing,
            Response::ZooKeeper(answer) if answer.event.is_some() => MessageKind::ZooKeeperWatch,
            Response::ZooKeeper(_) => MessageKind::ZooKeeper,
            Response::Control(kind, _) => kind.message(),
            Response::ControlledShutdown(_) => MessageKind::ControlledShutdown,
        }
    }

    /// The same answer of a controller that is not active (any more): NOT_CONTROLLER.
    pub fn not_controller(mut self) -> Response {
        let error = ErrorCode::NotController;
        match &mut self {
            Response::BrokerRegistration(answer) => answer.error = error,
            Response::BrokerHeartbeat(answer) => answer.error = error,
            Response::AlterPartition(answer) => answer.error = error,
            Response::AllocateProducerIds(answer) => answer.error = error,
            Response::ControlledShutdown(answer) => answer.error = error,
            Response::CreateTopics(answer) => answer.topics.iter_mut().for_each(|(_, verdict)| *verdict = error),
            _ => {}
        }
        self
    }
}
