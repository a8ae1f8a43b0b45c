//! What the controller of a cluster with ZooKeeper tells brokers, and what a broker asks it for before it stops.

use super::{ErrorCode, MessageKind};
use crate::config::TopicConfig;
use crate::controller::{BrokerImage, PartitionImage};
use crate::ids::{BrokerEpoch, BrokerId, Offset, TopicId, TopicPartition};
use std::sync::Arc;

/// Which of the controller's requests it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ControlKind {
    /// Which replicas a broker leads and follows.
    LeaderAndIsr,
    /// What the cluster is like, for clients.
    UpdateMetadata,
    /// Which replicas a broker gives up.
    StopReplica,
}

impl ControlKind {
    /// The API.
    pub fn message(self) -> MessageKind {
        match self {
            ControlKind::LeaderAndIsr => MessageKind::LeaderAndIsr,
            ControlKind::UpdateMetadata => MessageKind::UpdateMetadata,
            ControlKind::StopReplica => MessageKind::StopReplica,
        }
    }
}

/// A request of the controller (`AbstractControlRequest`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ControlRequest {
    /// Which.
    pub kind: ControlKind,
    /// The broker that believes to be the controller.
    pub controller: BrokerId,
    /// The epoch of its election.
    pub controller_epoch: i32,
    /// The incarnation of the receiver that it is meant for.
    pub broker_epoch: BrokerEpoch,
    /// The last transaction of ZooKeeper that it speaks of, 0 for none. Not in Kafka's, which need no such thing.
    pub zxid: Offset,
    /// The brokers that are alive.
    pub brokers: Vec<(BrokerId, BrokerImage)>,
    /// Settings of topics.
    pub topics: Vec<(TopicId, Arc<TopicConfig>)>,
    /// States of partitions.
    pub partitions: Vec<(TopicPartition, PartitionImage)>,
    /// UpdateMetadata: topics that are gone.
    pub gone: Vec<TopicId>,
    /// StopReplica: the replicas.
    pub stopped: Vec<TopicPartition>,
    /// StopReplica: whether their logs are to be deleted.
    pub delete: bool,
}

/// The broker's answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ControlResponse {
    /// NONE, STALE_CONTROLLER_EPOCH or STALE_BROKER_EPOCH.
    pub error: ErrorCode,
}

/// ControlledShutdownRequest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ControlledShutdownRequest {
    /// The sender.
    pub broker: BrokerId,
    /// Its incarnation.
    pub broker_epoch: BrokerEpoch,
}

/// ControlledShutdownResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ControlledShutdownResponse {
    /// NONE, NOT_CONTROLLER or STALE_BROKER_EPOCH.
    pub error: ErrorCode,
    /// What it still leads.
    pub remaining: Vec<TopicPartition>,
}
