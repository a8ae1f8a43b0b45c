//! Produce.

use super::ErrorCode;
use crate::config::Acks;
use crate::ids::{BrokerId, LeaderEpoch, Offset, TopicPartition, TransactionalId};
use crate::storage::RecordBatch;
use crate::time::Duration;

/// ProduceRequest: at most one batch per partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProduceRequest {
    /// When to answer.
    pub acks: Acks,
    /// How long the broker may wait for the in-sync replicas.
    pub timeout: Duration,
    /// Of a transactional producer.
    pub transactional: Option<TransactionalId>,
    /// Version 12 and above: the leader has the partition added to the transaction (KIP-890).
    pub v2: bool,
    /// The batches.
    pub batches: Vec<(TopicPartition, RecordBatch)>,
}

/// ProduceResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProduceResponse {
    /// One verdict per batch of the request.
    pub partitions: Vec<PartitionProduceResponse>,
}

/// The verdict on one batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartitionProduceResponse {
    /// The partition.
    pub tp: TopicPartition,
    /// NONE, also for a recognised duplicate.
    pub error: ErrorCode,
    /// Offset of the first record, −1 on error.
    pub base_offset: Offset,
    /// The epoch in which the broker leads; Kafka's answer does not say, the trace wants to know.
    pub leader_epoch: LeaderEpoch,
    /// Where the leader's log begins, −1 when it cannot say.
    pub log_start_offset: Offset,
    /// On NOT_LEADER_OR_FOLLOWER: the leader this broker knows instead (KIP-951).
    pub current_leader: Option<(BrokerId, LeaderEpoch)>,
}
