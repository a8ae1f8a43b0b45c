//! What the metadata log says so far. Controller and brokers build it from the same records.

use super::record::MetadataRecord;
use crate::collections::Map;
use crate::config::TopicConfig;
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, NodeId, PartitionEpoch, TopicId, TopicPartition};
use std::sync::Arc;

/// The cluster as the metadata log describes it up to one offset.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct MetadataImage {
    /// The registered brokers.
    pub brokers: Map<BrokerId, BrokerImage>,
    /// The topics; unchanged ones are shared between images.
    pub topics: Map<TopicId, Arc<TopicImage>>,
    /// The first producer id that is not given out.
    pub next_producer_id: i64,
}

/// A registered broker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BrokerImage {
    /// Its address.
    pub node: NodeId,
    /// Its incarnation.
    pub epoch: BrokerEpoch,
    /// The random id of its start.
    pub incarnation: u64,
    /// Whether it may take part.
    pub fenced: bool,
    /// Whether it is leaving in order.
    pub in_controlled_shutdown: bool,
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TopicImage {
    /// Its settings.
    pub config: Arc<TopicConfig>,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionImage>,
}

/// A partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartitionImage {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Arc<[BrokerId]>,
    /// The replicas in sync.
    pub isr: Arc<[BrokerId]>,
    /// The leader, or −1.
    pub leader: BrokerId,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// The version of this entry.
    pub partition_epoch: PartitionEpoch,
}

impl MetadataImage {
    /// A partition, when it exists.
    pub fn partition(&self, tp: TopicPartition) -> Option<&PartitionImage> {
        self.topics.get(&tp.topic)?.partitions.get(usize::try_from(tp.partition).ok()?)
    }

    /// Whether a broker is registered, unfenced and not leaving.
    pub fn is_active(&self, broker: BrokerId) -> bool {
        self.brokers.get(&broker).is_some_and(|image| !image.fenced && !image.in_controlled_shutdown)
    }

    /// Every partition.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionImage)> {
        self.topics.iter().flat_map(|(topic, image)| {
            image
                .partitions
                .iter()
                .enumerate()
                .map(|(index, partition)| (TopicPartition::new(*topic, index as i32), partition))
        })
    }

    /// Takes one record in.
    pub fn apply(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::RegisterBroker { broker, node, epoch, incarnation } => {
                self.brokers.insert(
                    *broker,
                    BrokerImage {
                        node: *node,
                        epoch: *epoch,
                        incarnation: *incarnation,
                        fenced: true,
                        in_controlled_shutdown: false,
                    },
                );
            }
            MetadataRecord::BrokerRegistrationChange { broker, fenced, in_controlled_shutdown } => {
                if let Some(image) = self.brokers.get_mut(broker) {
                    image.fenced = *fenced;
                    image.in_controlled_shutdown = *in_controlled_shutdown;
                }
            }
            MetadataRecord::Topic { topic, config } => {
                let image = TopicImage { config: config.clone(), partitions: Vec::new() };
                self.topics.insert(*topic, Arc::new(image));
            }
            MetadataRecord::Partition { tp, replicas, isr, leader, leader_epoch, partition_epoch } => {
                if let Some(topic) = self.topics.get_mut(&tp.topic) {
                    Arc::make_mut(topic).partitions.push(PartitionImage {
                        replicas: replicas.clone(),
                        isr: isr.clone(),
                        leader: *leader,
                        leader_epoch: *leader_epoch,
                        partition_epoch: *partition_epoch,
                    });
                }
            }
            MetadataRecord::PartitionChange { tp, isr, leader } => {
                let Some(topic) = self.topics.get_mut(&tp.topic) else { return };
                let Some(partition) = Arc::make_mut(topic).partitions.get_mut(tp.partition as usize) else { return };
                if let Some(isr) = isr {
                    partition.isr = isr.clone();
                }
                if let Some(leader) = leader {
                    partition.leader = *leader;
                    partition.leader_epoch.0 += 1;
                }
                partition.partition_epoch.0 += 1;
            }
            MetadataRecord::ProducerIds { next_producer_id } => self.next_producer_id = *next_producer_id,
        }
    }
}
