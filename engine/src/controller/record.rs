//! The records of `__cluster_metadata`.

use crate::config::TopicConfig;
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, NodeId, PartitionEpoch, TopicId, TopicPartition};
use std::sync::Arc;

/// One decision of the controller.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum MetadataRecord {
    /// An incarnation of a broker registered; it starts fenced.
    RegisterBroker { broker: BrokerId, node: NodeId, epoch: BrokerEpoch, incarnation: u64 },
    /// A broker was fenced, unfenced, or begins a controlled shutdown.
    BrokerRegistrationChange { broker: BrokerId, fenced: bool, in_controlled_shutdown: bool },
    /// A topic exists.
    Topic { topic: TopicId, config: Arc<TopicConfig> },
    /// A partition exists.
    Partition {
        tp: TopicPartition,
        replicas: Arc<[BrokerId]>,
        isr: Arc<[BrokerId]>,
        leader: BrokerId,
        leader_epoch: LeaderEpoch,
        partition_epoch: PartitionEpoch,
    },
    /// A partition changed. The leader epoch grows when `leader` is set, the partition epoch always.
    PartitionChange { tp: TopicPartition, isr: Option<Arc<[BrokerId]>>, leader: Option<BrokerId> },
    /// Producer ids below this one are given out.
    ProducerIds { next_producer_id: i64 },
}
