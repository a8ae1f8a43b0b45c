//! What brokers say to the controller, and the metadata log they read from it.

use super::ErrorCode;
use crate::controller::{MetadataRecord, MetadataSnapshot};
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicId, TopicPartition};
use crate::storage::EpochEnd;
use std::sync::Arc;

/// BrokerRegistrationRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BrokerRegistrationRequest {
    /// `node.id`.
    pub broker: BrokerId,
    /// Its address.
    pub node: NodeId,
    /// A random id of this start of the process.
    pub incarnation: u64,
    /// `broker.rack`.
    pub rack: Option<Arc<str>>,
    /// The epoch in the clean-shutdown file: the incarnation that stopped in order, −1 when none did (KIP-966).
    pub previous_broker_epoch: BrokerEpoch,
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
    /// Whether the leader still recovers from an unclean election (KIP-704).
    pub recovery_state: crate::controller::LeaderRecoveryState,
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

/// A fetch of `__cluster_metadata` by a voter of the quorum, or by a broker, which only observes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FetchMetadataRequest {
    /// The voter; none for an observer.
    pub voter: Option<NodeId>,
    /// The epoch of the quorum the sender knows.
    pub epoch: LeaderEpoch,
    /// First offset wanted. From a voter: everything below is on its disk.
    pub fetch_offset: Offset,
    /// The epoch of the voter's last record.
    pub last_fetched_epoch: LeaderEpoch,
    /// The high watermark the sender knows (KIP-1166).
    pub high_watermark: Offset,
}

/// Metadata records: for voters all there are, for observers those that are committed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchMetadataResponse {
    /// NONE, NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH.
    pub error: ErrorCode,
    /// The epoch of the quorum the sender knows.
    pub epoch: LeaderEpoch,
    /// Its leader, if the sender knows it.
    pub leader: Option<NodeId>,
    /// Where the voter's log parts from the leader's.
    pub diverging_epoch: Option<EpochEnd>,
    /// For a broker that asks from the beginning: what the records below its end come to. They are not among `records`.
    pub snapshot: Option<Arc<MetadataSnapshot>>,
    /// Records from the requested offset, with their epochs.
    pub records: Vec<(Offset, LeaderEpoch, Arc<MetadataRecord>)>,
    /// The committed end of the metadata log.
    pub high_watermark: Offset,
}

impl FetchMetadataResponse {
    /// An answer without records.
    pub fn failed(error: ErrorCode, epoch: LeaderEpoch, leader: Option<NodeId>) -> FetchMetadataResponse {
        FetchMetadataResponse {
            error,
            epoch,
            leader,
            diverging_epoch: None,
            snapshot: None,
            records: Vec::new(),
            high_watermark: Offset::ZERO,
        }
    }
}

/// VoteRequest of a candidate, or of a voter that wants to know whether it could win (KIP-996).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct VoteRequest {
    /// The candidate's epoch.
    pub epoch: LeaderEpoch,
    /// The candidate.
    pub candidate: NodeId,
    /// The epoch of its last record.
    pub last_epoch: LeaderEpoch,
    /// Its log end.
    pub last_offset: Offset,
    /// Whether nothing shall change yet.
    pub pre_vote: bool,
}

/// VoteResponse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct VoteResponse {
    /// The voter's epoch.
    pub epoch: LeaderEpoch,
    /// The leader it knows.
    pub leader: Option<NodeId>,
    /// Whether the candidate has its vote.
    pub granted: bool,
    /// Whether it was asked before the election.
    pub pre_vote: bool,
}

/// BeginQuorumEpochRequest and EndQuorumEpochRequest: a leader begins, or resigns.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EpochNotice {
    /// The leader's epoch.
    pub epoch: LeaderEpoch,
    /// The leader.
    pub leader: NodeId,
    /// Who shall campaign, the first at once.
    pub successors: Vec<NodeId>,
}
