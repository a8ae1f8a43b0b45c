//! Topics: created, grown, deleted, and what an administrator asks about their replicas.

use super::actor::Controller;
use super::image::{MetadataImage, PartitionImage};
use super::partition_change::{Election, PartitionChangeBuilder};
use super::placement::{StripedPlacer, UsableBroker, place_classic};
use super::record::MetadataRecord;
use super::replication_control::{Deciding, ReplicationControl, builder};
use crate::config::{BrokerConfig, FeatureConfig, PlacementRule};
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{BrokerId, TopicId, TopicPartition};
use crate::protocol::{AdminRequest, CreatableTopic, ErrorCode};
use crate::rng::SimRng;
use std::sync::Arc;

impl Controller {
    /// Creates the topics asked for at the start once every broker of the cluster takes part.
    pub(super) fn create_pending_topics(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = self.runtime.as_mut().filter(|runtime| runtime.active) else { return };
        let unfenced = runtime.image.brokers.values().filter(|broker| !broker.fenced).count();
        if unfenced < self.expected_brokers {
            return;
        }
        let pending = std::mem::take(&mut runtime.pending_topics);
        for topic in pending {
            self.decide(|control| control.create_topic(&topic, out));
        }
    }
}

impl ReplicationControl<'_> {
    /// Creates a topic with its partitions.
    pub fn create_topic(&mut self, topic: &CreatableTopic, out: &mut Effects<'_>) -> ErrorCode {
        let placed = match place_topic(self.image, self.features, topic, out.rng) {
            Ok(placed) => placed,
            Err(error) => return error,
        };
        let partitions = placed.len() as i32;
        self.append(MetadataRecord::Topic { topic: topic.topic, config: topic.config.clone() });
        self.append_partitions(topic.topic, 0, placed);
        out.emit(|| Event::TopicCreated { topic: topic.topic, partitions });
        ErrorCode::None
    }

    /// New partitions: the first replica that is alive leads, all that are alive are in sync.
    pub fn append_partitions(&mut self, topic: TopicId, first: i32, placed: Vec<Vec<BrokerId>>) {
        for (partition, replicas) in (first..).zip(placed) {
            let active = |broker: &BrokerId| self.image.is_active(*broker);
            let isr: Arc<[BrokerId]> = replicas.iter().copied().filter(active).collect();
            let leader = isr.first().copied().unwrap_or(BrokerId::NONE);
            let tp = TopicPartition::new(topic, partition);
            self.append(MetadataRecord::Partition { tp, replicas: replicas.into(), isr, leader });
        }
    }

    /// What an administrator asks the active controller for. NONE, or why nothing changed.
    pub fn on_admin(&mut self, request: &AdminRequest, out: &mut Effects<'_>) -> ErrorCode {
        let error = judge_admin(self.image, self.features, request);
        if error.is_error() {
            return error;
        }
        match request {
            AdminRequest::ElectLeader { tp, unclean } => {
                let election = if *unclean { Election::Unclean } else { Election::Preferred };
                self.with_partition(*tp, |builder| builder.election = election, out);
            }
            AdminRequest::AlterPartitionReassignments { tp, replicas } if replicas.is_empty() => {
                let cancelled = |builder: &mut PartitionChangeBuilder<'_>| {
                    let adding = std::mem::take(&mut builder.target_adding);
                    builder.target_removing.clear();
                    builder.target_replicas.retain(|replica| !adding.contains(replica));
                    builder.target_isr.retain(|replica| !adding.contains(replica));
                };
                self.with_partition(*tp, cancelled, out);
            }
            AdminRequest::AlterPartitionReassignments { tp, replicas } => {
                let Some(before) = self.image.partition(*tp).cloned() else {
                    return ErrorCode::UnknownTopicOrPartition;
                };
                let (target, adding, removing) = reassignment(&before, replicas);
                let begun = |builder: &mut PartitionChangeBuilder<'_>| {
                    builder.target_replicas = target;
                    builder.target_adding = adding;
                    builder.target_removing = removing;
                };
                self.with_partition(*tp, begun, out);
            }
            AdminRequest::CreatePartitions { topic, count } => return self.grow(*topic, *count, out),
            AdminRequest::DeleteTopic { topic } => {
                self.append(MetadataRecord::RemoveTopic { topic: *topic });
                out.emit(|| Event::TopicDeleted { topic: *topic });
            }
            AdminRequest::AlterTopicConfig { topic, name, value } => {
                let Some(known) = self.topic_config(*topic) else { return ErrorCode::UnknownTopicOrPartition };
                let mut config = (*known).clone();
                if config.set(name, value).is_err() {
                    return ErrorCode::InvalidConfig;
                }
                self.append(MetadataRecord::Config { topic: *topic, config: Arc::new(config) });
                out.emit(|| Event::ConfigChanged { topic: *topic, name: name.clone(), value: value.clone() });
                if name == "min.insync.replicas" {
                    self.clear_elrs(*topic, out);
                }
            }
            AdminRequest::AlterBrokerConfig { broker, name, value } => {
                let (broker, name, value) = (*broker, name.clone(), value.clone());
                self.append(MetadataRecord::BrokerConfig { broker, name: name.clone(), value: value.clone() });
                out.emit(|| Event::BrokerConfigChanged { broker, name, value });
            }
        }
        ErrorCode::None
    }

    fn with_partition(
        &mut self,
        tp: TopicPartition,
        change: impl FnOnce(&mut PartitionChangeBuilder<'_>),
        out: &mut Effects<'_>,
    ) {
        let image = &*self.image;
        let acceptable = |broker| image.is_active(broker);
        let Some(partition) = image.partition(tp) else { return };
        let mut builder = builder(image, self.features, tp, partition, &acceptable);
        change(&mut builder);
        let built = builder.build();
        self.write_change(tp, built, out);
    }

    /// More partitions, with as many replicas as the first one has.
    fn grow(&mut self, topic: TopicId, count: i32, out: &mut Effects<'_>) -> ErrorCode {
        let Some(known) = self.image.topics.get(&topic) else { return ErrorCode::UnknownTopicOrPartition };
        let present = known.partitions.len() as i32;
        let factor = known.partitions.first().map_or(1, |first| first.replicas.len() as i16);
        let Some(placed) = place(self.image, self.features, count - present, factor, present, out.rng) else {
            return ErrorCode::InvalidReplicationFactor;
        };
        self.append_partitions(topic, present, placed);
        out.emit(|| Event::PartitionsCreated { topic, partitions: count });
        ErrorCode::None
    }

    /// Another `min.insync.replicas`: who was eligible under the old one need not be under the new (ClearElrRecord).
    fn clear_elrs(&mut self, topic: TopicId, out: &mut Effects<'_>) {
        let Some(known) = self.image.topics.get(&topic).cloned() else { return };
        for (index, partition) in known.partitions.iter().enumerate() {
            if !partition.elr.is_empty() {
                let change = super::partition_change::PartitionChange { elr: Some(Arc::new([])), ..Default::default() };
                let elected = super::partition_change::Elected { leader: partition.leader, unclean: false };
                self.write_change(TopicPartition::new(topic, index as i32), Some((change, elected)), out);
            }
        }
    }
}

/// The merged assignment, the replicas to add and those to remove (`PartitionReassignmentReplicas`).
fn reassignment(before: &PartitionImage, target: &[BrokerId]) -> (Vec<BrokerId>, Vec<BrokerId>, Vec<BrokerId>) {
    // What an unfinished reassignment was about to add is not a replica yet.
    let current: Vec<BrokerId> =
        before.replicas.iter().copied().filter(|replica| !before.adding.contains(replica)).collect();
    let removing: Vec<BrokerId> = before.replicas.iter().copied().filter(|replica| !target.contains(replica)).collect();
    let adding = target.iter().copied().filter(|replica| !current.contains(replica)).collect();
    let mut merged = target.to_vec();
    merged.extend(removing.iter().copied());
    (merged, adding, removing)
}

impl Deciding<'_> {
    /// Whether a request would be refused now, and why.
    pub fn judge_admin(&self, request: &AdminRequest) -> ErrorCode {
        judge_admin(self.image, self.features, request)
    }
}

fn judge_admin(image: &MetadataImage, features: &FeatureConfig, request: &AdminRequest) -> ErrorCode {
    match request {
        AdminRequest::ElectLeader { tp, unclean } => {
            let Some(partition) = image.partition(*tp) else { return ErrorCode::UnknownTopicOrPartition };
            let has_leader = partition.leader != BrokerId::NONE;
            if has_leader && (*unclean || partition.leader == partition.preferred_leader()) {
                return ErrorCode::ElectionNotNeeded;
            }
            let acceptable = |broker| image.is_active(broker);
            let mut builder = builder(image, features, *tp, partition, &acceptable);
            builder.election = if *unclean { Election::Unclean } else { Election::Preferred };
            match (builder.build().is_some_and(|(change, _)| change.leader.is_some()), unclean) {
                (true, _) => ErrorCode::None,
                (false, true) => ErrorCode::EligibleLeadersNotAvailable,
                (false, false) => ErrorCode::PreferredLeaderNotAvailable,
            }
        }
        AdminRequest::AlterPartitionReassignments { tp, replicas } => {
            let Some(partition) = image.partition(*tp) else { return ErrorCode::UnknownTopicOrPartition };
            if replicas.is_empty() {
                return if partition.is_reassigning() { ErrorCode::None } else { ErrorCode::NoReassignmentInProgress };
            }
            if is_possible_assignment(image, replicas) { ErrorCode::None } else { ErrorCode::InvalidReplicaAssignment }
        }
        AdminRequest::CreatePartitions { topic, count } => match image.topics.get(topic) {
            None => ErrorCode::UnknownTopicOrPartition,
            Some(known) if *count <= known.partitions.len() as i32 => ErrorCode::InvalidPartitions,
            Some(_) => ErrorCode::None,
        },
        AdminRequest::DeleteTopic { topic } if image.topics.contains_key(topic) => ErrorCode::None,
        AdminRequest::DeleteTopic { .. } => ErrorCode::UnknownTopicOrPartition,
        AdminRequest::AlterTopicConfig { topic, name, value } => match image.topics.get(topic) {
            None => ErrorCode::UnknownTopicOrPartition,
            Some(known) if (*known.config).clone().set(name, value).is_err() => ErrorCode::InvalidConfig,
            Some(_) => ErrorCode::None,
        },
        AdminRequest::AlterBrokerConfig { broker, name, value } => {
            if !image.brokers.contains_key(broker) || !BrokerConfig::DYNAMIC.contains(&name.as_str()) {
                ErrorCode::InvalidRequest
            } else if BrokerConfig::default().set(name, value).is_err() {
                ErrorCode::InvalidConfig
            } else {
                ErrorCode::None
            }
        }
    }
}

/// Where a topic's replicas go, as asked for or chosen; or why there can be no such topic.
pub(crate) fn place_topic(
    image: &MetadataImage,
    features: &FeatureConfig,
    topic: &CreatableTopic,
    rng: &mut SimRng,
) -> Result<Vec<Vec<BrokerId>>, ErrorCode> {
    if image.topics.contains_key(&topic.topic) {
        return Err(ErrorCode::TopicAlreadyExists);
    }
    if !topic.assignment.is_empty() {
        let possible = topic.assignment.iter().all(|replicas| is_possible_assignment(image, replicas));
        return if possible { Ok(topic.assignment.clone()) } else { Err(ErrorCode::InvalidReplicaAssignment) };
    }
    if topic.partitions < 1 {
        return Err(ErrorCode::InvalidPartitions);
    }
    place(image, features, topic.partitions, topic.replication_factor, 0, rng)
        .ok_or(ErrorCode::InvalidReplicationFactor)
}

/// Replicas for `partitions` partitions, numbered from `first`; none when there are not enough brokers.
fn place(
    image: &MetadataImage,
    features: &FeatureConfig,
    partitions: i32,
    factor: i16,
    first: i32,
    rng: &mut SimRng,
) -> Option<Vec<Vec<BrokerId>>> {
    let brokers: Vec<UsableBroker> = image
        .brokers
        .iter()
        .filter(|(_, broker)| !broker.in_controlled_shutdown)
        .map(|(id, broker)| UsableBroker { id: *id, rack: broker.rack.clone(), fenced: broker.fenced })
        .collect();
    let factor = usize::try_from(factor).ok()?;
    match features.placement() {
        PlacementRule::Striped => {
            let mut placer = StripedPlacer::new(&brokers, rng);
            (0..partitions).map(|_| placer.place(factor, rng)).collect()
        }
        PlacementRule::Classic => {
            let alive: Vec<UsableBroker> = brokers.into_iter().filter(|broker| !broker.fenced).collect();
            let start = rng.below(alive.len() as u64) as usize;
            place_classic(&alive, partitions, factor, start, first)
        }
    }
}

/// Not empty, nobody twice, everybody registered.
fn is_possible_assignment(image: &MetadataImage, replicas: &[BrokerId]) -> bool {
    let distinct = replicas.iter().enumerate().all(|(index, broker)| !replicas[..index].contains(broker));
    !replicas.is_empty() && distinct && replicas.iter().all(|broker| image.brokers.contains_key(broker))
}
