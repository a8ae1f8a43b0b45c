//! What a client knows of the cluster.

use crate::collections::Map;
use crate::ids::{BrokerId, LeaderEpoch, NodeId, TopicId, TopicPartition};
use crate::protocol::MetadataResponse;
use std::sync::Arc;

/// A client's metadata cache (`MetadataCache`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ClientMetadata {
    brokers: Map<BrokerId, NodeId>,
    partitions: Map<TopicPartition, (BrokerId, LeaderEpoch)>,
    racks: Map<BrokerId, Arc<str>>,
}

impl ClientMetadata {
    /// Takes an answer in. A leader is replaced only by one of the same or a newer epoch: a lagging broker cannot
    /// take a client back in time.
    pub fn update(&mut self, response: &MetadataResponse) {
        self.brokers = response.brokers.iter().copied().collect();
        self.racks = response.racks.iter().cloned().collect();
        for partition in &response.partitions {
            self.set_leader(partition.tp, partition.leader, partition.leader_epoch);
        }
    }

    /// Nobody wants to know of any topic.
    pub fn forget_partitions(&mut self) {
        self.partitions = Map::new();
    }

    /// Whether a broker of this rack leads a partition.
    pub fn led_in(&self, tp: TopicPartition, rack: &str) -> bool {
        let leader = self.partitions.get(&tp).and_then(|(leader, _)| self.racks.get(leader));
        leader.is_some_and(|known| &**known == rack)
    }

    /// Notes a leader. True when it was news.
    pub fn set_leader(&mut self, tp: TopicPartition, leader: BrokerId, epoch: LeaderEpoch) -> bool {
        match self.partitions.get_mut(&tp) {
            Some(known) if known.1 > epoch => false,
            Some(known) => std::mem::replace(known, (leader, epoch)) != (leader, epoch),
            None => {
                self.partitions.insert(tp, (leader, epoch));
                true
            }
        }
    }

    /// How many partitions a topic has; 0 while it is unknown.
    pub fn partition_count(&self, topic: TopicId) -> i32 {
        let from_here = self.partitions.starting_at(&TopicPartition::new(topic, 0));
        from_here.take_while(|(tp, _)| tp.topic == topic).count() as i32
    }

    /// Whether a partition is known at all.
    pub fn knows(&self, tp: TopicPartition) -> bool {
        self.partitions.contains_key(&tp)
    }

    /// The leader's address and epoch, when there is a leader and it is alive.
    pub fn leader(&self, tp: TopicPartition) -> Option<(NodeId, LeaderEpoch)> {
        let (leader, epoch) = self.partitions.get(&tp)?;
        let node = self.brokers.get(&leader.some()?)?;
        Some((*node, *epoch))
    }

    /// The leader epoch known, −1 for none.
    pub fn epoch(&self, tp: TopicPartition) -> LeaderEpoch {
        self.partitions.get(&tp).map_or(LeaderEpoch::NONE, |(_, epoch)| *epoch)
    }

    /// A broker's address while it is alive.
    pub fn node(&self, broker: BrokerId) -> Option<NodeId> {
        self.brokers.get(&broker).copied()
    }

    /// The live brokers' addresses.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.brokers.values().copied()
    }
}
