//! The records of `__cluster_metadata`.

use super::partition_change::PartitionChange;
use crate::config::TopicConfig;
use crate::ids::{BrokerEpoch, BrokerId, NodeId, TopicId, TopicPartition};
use std::sync::Arc;

/// One decision of the controller.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum MetadataRecord {
    /// A control record: a controller leads from here on, in the epoch of this record.
    LeaderChange { leader: NodeId },
    /// An incarnation of a broker registered; it starts fenced.
    RegisterBroker { broker: BrokerId, node: NodeId, epoch: BrokerEpoch, incarnation: u64, rack: Option<Arc<str>> },
    /// A broker was fenced, unfenced, or begins a controlled shutdown.
    BrokerRegistrationChange { broker: BrokerId, fenced: bool, in_controlled_shutdown: bool },
    /// A topic exists.
    Topic { topic: TopicId, config: Arc<TopicConfig> },
    /// A topic is gone, with its partitions.
    RemoveTopic { topic: TopicId },
    /// A partition exists, with leader epoch 0 and partition epoch 0.
    Partition { tp: TopicPartition, replicas: Arc<[BrokerId]>, isr: Arc<[BrokerId]>, leader: BrokerId },
    /// A partition changed. The leader epoch grows when the leader is set, the partition epoch always.
    PartitionChange { tp: TopicPartition, change: Box<PartitionChange> },
    /// A topic's settings are now these.
    Config { topic: TopicId, config: Arc<TopicConfig> },
    /// One setting of a broker has this value from now on.
    BrokerConfig { broker: BrokerId, name: String, value: String },
    /// Producer ids below this one are given out.
    ProducerIds { next_producer_id: i64 },
}
