//! Metadata and FindCoordinator.

use super::ErrorCode;
use crate::ids::{BrokerId, GroupId, LeaderEpoch, NodeId, TopicId, TopicPartition};
use std::sync::Arc;

/// MetadataRequest: none of the topics means only the brokers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MetadataRequest {
    /// The topics of interest.
    pub topics: Vec<TopicId>,
}

/// MetadataResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MetadataResponse {
    /// Brokers that are alive as far as the answering broker knows, with their addresses.
    pub brokers: Vec<(BrokerId, NodeId)>,
    /// Where those are that have a `broker.rack`.
    pub racks: Vec<(BrokerId, Arc<str>)>,
    /// The partitions of the requested topics.
    pub partitions: Vec<PartitionMetadata>,
    /// Requested topics the answering broker does not know.
    pub unknown_topics: Vec<TopicId>,
}

/// What clients learn of a partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartitionMetadata {
    /// The partition.
    pub tp: TopicPartition,
    /// NONE, or LEADER_NOT_AVAILABLE when there is no leader or it is not alive.
    pub error: ErrorCode,
    /// Its leader, or −1.
    pub leader: BrokerId,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
}

/// FindCoordinatorRequest for a consumer group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FindCoordinatorRequest {
    /// The group.
    pub group: GroupId,
}

/// FindCoordinatorResponse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FindCoordinatorResponse {
    /// NONE or COORDINATOR_NOT_AVAILABLE.
    pub error: ErrorCode,
    /// The coordinator and its address.
    pub coordinator: Option<(BrokerId, NodeId)>,
}
