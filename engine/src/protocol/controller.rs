//! What brokers say to the controller, and the metadata log they read from it.

use super::ErrorCode;
use crate::controller::MetadataRecord;
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicId, TopicPartition};
use std::sync::Arc;

/// BrokerRegistrationRequest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BrokerRegistrationRequest {
    /// `node.id`.
    pub broker: BrokerId,
    /// Its address.
    pub node: NodeId,
    /// A random id of this start of the process.
    pub incarnation: u64,
}

/// BrokerRegistrationResponse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BrokerRegistrationResponse {
    /// NONE or DUPLICATE_BROKER_REGISTRATION.
    pub error: ErrorCode,
    /// The incarnation's epoch.
    pub broker_epoch: BrokerEpoch,
}

/// BrokerHeartbeatRequest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BrokerHeartbeatRequest {
    /// The sender.
    pub broker: BrokerId,
    /// Its incarnation.
    pub broker_epoch: BrokerEpoch,
    /// How far it has read the metadata log.
    pub metadata_offset: Offset,
    /// Whether it wants to stay fenced.
    pub want_fence: bool,
    /// Whether it wants to shut down.
    pub want_shut_down: bool,
}

/// BrokerHeartbeatResponse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BrokerHeartbeatResponse {
    /// NONE or STALE_BROKER_EPOCH.
    pub error: ErrorCode,
    /// Whether the broker is fenced.
    pub is_fenced: bool,
    /// Whether it may stop now.
    pub should_shut_down: bool,
}

/// AlterPartitionRequest (KIP-497): the ISRs a leader proposes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionRequest {
    /// The sender.
    pub broker: BrokerId,
    /// Its incarnation.
    pub broker_epoch: BrokerEpoch,
    /// The proposals.
    pub partitions: Vec<AlterPartitionData>,
}

/// One proposed ISR.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionData {
    /// The partition.
    pub tp: TopicPartition,
    /// The epoch in which the sender leads.
    pub leader_epoch: LeaderEpoch,
    /// The partition epoch the proposal builds on.
    pub partition_epoch: PartitionEpoch,
    /// The new ISR with the incarnations the leader has seen.
    pub new_isr: Vec<(BrokerId, BrokerEpoch)>,
}

/// AlterPartitionResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionResponse {
    /// NONE or why the whole request was refused.
    pub error: ErrorCode,
    /// One verdict per proposal.
    pub partitions: Vec<AlterPartitionVerdict>,
}

/// The controller's verdict on one proposal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionVerdict {
    /// The partition.
    pub tp: TopicPartition,
    /// NONE or why not.
    pub error: ErrorCode,
    /// The leader epoch as it is now.
    pub leader_epoch: LeaderEpoch,
    /// The partition epoch as it is now.
    pub partition_epoch: PartitionEpoch,
    /// The ISR as it is now.
    pub isr: Vec<BrokerId>,
}

/// AllocateProducerIdsRequest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AllocateProducerIdsRequest {
    /// The sender.
    pub broker: BrokerId,
    /// Its incarnation.
    pub broker_epoch: BrokerEpoch,
}

/// AllocateProducerIdsResponse: a block of 1000 ids that no one else gets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AllocateProducerIdsResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// The first id of the block.
    pub first_producer_id: i64,
    /// How many ids it holds.
    pub length: i32,
}

/// CreateTopicsRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreateTopicsRequest {
    /// The topics.
    pub topics: Vec<CreatableTopic>,
}

/// A topic to create.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreatableTopic {
    /// The id it gets; names are resolved when the scenario is read.
    pub topic: TopicId,
    /// Number of partitions.
    pub partitions: i32,
    /// Replicas per partition.
    pub replication_factor: i16,
    /// A manual assignment, one list of brokers per partition, first is preferred; empty for automatic placement.
    pub assignment: Vec<Vec<BrokerId>>,
    /// Its settings.
    pub config: Arc<crate::config::TopicConfig>,
}

/// CreateTopicsResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreateTopicsResponse {
    /// One verdict per topic.
    pub topics: Vec<(TopicId, ErrorCode)>,
}

/// A broker's fetch of `__cluster_metadata`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FetchMetadataRequest {
    /// First offset wanted.
    pub fetch_offset: Offset,
}

/// Committed metadata records.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchMetadataResponse {
    /// NONE or NOT_CONTROLLER.
    pub error: ErrorCode,
    /// Records from the requested offset.
    pub records: Vec<(Offset, Arc<MetadataRecord>)>,
    /// The committed end of the metadata log.
    pub high_watermark: Offset,
}
