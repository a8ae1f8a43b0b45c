//! What the metadata log says so far. Controller and brokers build it from the same records.

use super::partition_change::PartitionChange;
use super::record::MetadataRecord;
use crate::collections::Map;
use crate::config::TopicConfig;
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, NodeId, PartitionEpoch, TopicId, TopicPartition};
use crate::planted::{Planted, planted};
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
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BrokerImage {
    /// Its address.
    pub node: NodeId,
    /// Its incarnation.
    pub epoch: BrokerEpoch,
    /// The random id of its start.
    pub incarnation: u64,
    /// `broker.rack`.
    pub rack: Option<Arc<str>>,
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
    /// Eligible leader replicas: they left the ISR when nothing could be committed any more (KIP-966).
    pub elr: Arc<[BrokerId]>,
    /// Who led before the partition went without a leader, or −1.
    pub last_known_leader: BrokerId,
    /// Whether the leader was elected uncleanly and has not reported that it has recovered.
    pub recovery_state: LeaderRecoveryState,
    /// Replicas a reassignment still has to fill.
    pub adding: Arc<[BrokerId]>,
    /// Replicas that leave when the reassignment is complete.
    pub removing: Arc<[BrokerId]>,
}

/// Whether a leader has the partition's committed records (KIP-704).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum LeaderRecoveryState {
    /// It has them.
    #[default]
    Recovered,
    /// It was elected uncleanly and has not changed the ISR since.
    Recovering,
}

impl LeaderRecoveryState {
    /// The state for "is recovering".
    pub fn of(recovering: bool) -> LeaderRecoveryState {
        if recovering { LeaderRecoveryState::Recovering } else { LeaderRecoveryState::Recovered }
    }

    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            LeaderRecoveryState::Recovered => "RECOVERED",
            LeaderRecoveryState::Recovering => "RECOVERING",
        }
    }
}

impl PartitionImage {
    /// A new partition in its first epoch.
    pub fn new(replicas: Arc<[BrokerId]>, isr: Arc<[BrokerId]>, leader: BrokerId) -> PartitionImage {
        PartitionImage {
            replicas,
            isr,
            leader,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
            elr: Arc::new([]),
            last_known_leader: BrokerId::NONE,
            recovery_state: LeaderRecoveryState::Recovered,
            adding: Arc::new([]),
            removing: Arc::new([]),
        }
    }

    /// Takes a change in (`PartitionRegistration.merge`).
    pub fn merge(&mut self, change: &PartitionChange) {
        let set = |field: &mut Arc<[BrokerId]>, new: &Option<Arc<[BrokerId]>>| {
            if let Some(new) = new {
                *field = new.clone();
            }
        };
        set(&mut self.isr, &change.isr);
        set(&mut self.elr, &change.elr);
        set(&mut self.replicas, &change.replicas);
        set(&mut self.adding, &change.adding);
        set(&mut self.removing, &change.removing);
        if let Some(leader) = change.leader {
            self.leader = leader;
            if !planted(Planted::LeaderEpochNotBumped) {
                self.leader_epoch.0 += 1;
            }
        }
        self.last_known_leader = change.last_known_leader.unwrap_or(self.last_known_leader);
        self.recovery_state = change.recovery_state.unwrap_or(self.recovery_state);
        self.partition_epoch.0 += 1;
    }

    /// Whether replicas are being added or removed.
    pub fn is_reassigning(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }

    /// The first of the assignment.
    pub fn preferred_leader(&self) -> BrokerId {
        self.replicas.first().copied().unwrap_or(BrokerId::NONE)
    }
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
            MetadataRecord::RegisterBroker { broker, node, epoch, incarnation, rack } => {
                let image = BrokerImage {
                    node: *node,
                    epoch: *epoch,
                    incarnation: *incarnation,
                    rack: rack.clone(),
                    fenced: true,
                    in_controlled_shutdown: false,
                };
                self.brokers.insert(*broker, image);
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
            MetadataRecord::RemoveTopic { topic } => {
                self.topics.remove(topic);
            }
            MetadataRecord::Partition { tp, replicas, isr, leader } => {
                if let Some(topic) = self.topics.get_mut(&tp.topic) {
                    let partition = PartitionImage::new(replicas.clone(), isr.clone(), *leader);
                    Arc::make_mut(topic).partitions.push(partition);
                }
            }
            MetadataRecord::PartitionChange { tp, change } => {
                let Some(topic) = self.topics.get_mut(&tp.topic) else { return };
                if let Some(partition) = Arc::make_mut(topic).partitions.get_mut(tp.partition as usize) {
                    partition.merge(change);
                }
            }
            MetadataRecord::Config { topic, config } => {
                if let Some(topic) = self.topics.get_mut(topic) {
                    Arc::make_mut(topic).config = config.clone();
                }
            }
            // Brokers keep their own settings; the controller has none of theirs.
            MetadataRecord::LeaderChange { .. } | MetadataRecord::BrokerConfig { .. } => {}
            MetadataRecord::ProducerIds { next_producer_id } => self.next_producer_id = *next_producer_id,
        }
    }
}
