//! Decisions about partitions (`ReplicationControlManager`).

use super::actor::Controller;
use super::election::{Election, elect};
use super::image::PartitionImage;
use super::placement::place_replicas;
use super::record::MetadataRecord;
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{BrokerId, LeaderEpoch, PartitionEpoch, TopicPartition};
use crate::protocol::{
    AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionVerdict, CreatableTopic, ErrorCode,
};
use std::sync::Arc;

/// How many producer ids a broker gets at once (`ProducerIdsBlock`).
pub(super) const PRODUCER_ID_BLOCK: i32 = 1_000;

impl Controller {
    /// A broker is fenced, restarted or leaving: it leaves every ISR, and its partitions get other leaders.
    /// The last member of an ISR stays in it, and the partition goes without a leader.
    pub(super) fn leave_all_isrs(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        let Some(image) = self.image() else { return };
        let affected: Vec<TopicPartition> =
            image.partitions().filter(|(_, p)| p.isr.contains(&broker)).map(|(tp, _)| tp).collect();
        for tp in affected {
            let Some(partition) = self.image().and_then(|image| image.partition(tp)) else { continue };
            let mut isr: Vec<BrokerId> = partition.isr.iter().copied().filter(|member| *member != broker).collect();
            if isr.is_empty() {
                isr.push(broker);
            }
            self.change_partition(tp, isr, |member| member != broker, out);
        }
    }

    /// A broker came back: partitions without a leader are looked at again.
    pub(super) fn elect_leaderless(&mut self, out: &mut Effects<'_>) {
        let Some(image) = self.image() else { return };
        let leaderless: Vec<(TopicPartition, Vec<BrokerId>)> = image
            .partitions()
            .filter(|(_, p)| p.leader == BrokerId::NONE)
            .map(|(tp, p)| (tp, p.isr.to_vec()))
            .collect();
        for (tp, isr) in leaderless {
            self.change_partition(tp, isr, |_| true, out);
        }
    }

    /// Elects for `tp` under the given ISR and writes down what differs. No difference, no record.
    fn change_partition(
        &mut self,
        tp: TopicPartition,
        target_isr: Vec<BrokerId>,
        also: impl Fn(BrokerId) -> bool,
        out: &mut Effects<'_>,
    ) {
        let Some(config) = self.topic_config(tp.topic) else { return };
        let Some(image) = self.image() else { return };
        let Some(before) = image.partition(tp).cloned() else { return };
        let outcome = elect(
            &before,
            &target_isr,
            |broker| also(broker) && image.is_active(broker),
            config.unclean_leader_election_enable,
        );
        let (leader, isr, unclean) = match outcome {
            Election::Unchanged => (None, target_isr, false),
            Election::Clean(leader) => (Some(leader), target_isr, false),
            Election::Unclean(leader) => (Some(leader), vec![leader], true),
            Election::Leaderless if before.leader == BrokerId::NONE => (None, target_isr, false),
            Election::Leaderless => (Some(BrokerId::NONE), target_isr, false),
        };
        let new_isr = (isr[..] != before.isr[..]).then(|| Arc::<[BrokerId]>::from(isr));
        if leader.is_none() && new_isr.is_none() {
            return;
        }
        self.append(MetadataRecord::PartitionChange { tp, isr: new_isr.clone(), leader });
        self.tell_change(tp, &before, leader, new_isr, unclean, out);
    }

    fn tell_change(
        &self,
        tp: TopicPartition,
        before: &PartitionImage,
        leader: Option<BrokerId>,
        new_isr: Option<Arc<[BrokerId]>>,
        unclean: bool,
        out: &mut Effects<'_>,
    ) {
        let epoch = LeaderEpoch(before.leader_epoch.0 + 1);
        match leader {
            Some(BrokerId::NONE) => out.emit(|| Event::PartitionOffline { tp, epoch }),
            Some(leader) => out.emit(|| Event::LeaderElected { tp, from: before.leader, leader, epoch, unclean }),
            None => {}
        }
        if let Some(isr) = new_isr {
            out.emit(|| Event::IsrChanged { tp, from: before.isr.to_vec(), isr: isr.to_vec() });
        }
    }

    pub(super) fn on_alter_partition(
        &mut self,
        request: &AlterPartitionRequest,
        out: &mut Effects<'_>,
    ) -> AlterPartitionResponse {
        let stale = self
            .image()
            .and_then(|image| image.brokers.get(&request.broker))
            .is_none_or(|known| known.epoch != request.broker_epoch);
        if stale {
            return AlterPartitionResponse { error: ErrorCode::StaleBrokerEpoch, partitions: Vec::new() };
        }
        let partitions =
            request.partitions.iter().map(|proposal| self.alter_one(request.broker, proposal, out)).collect();
        AlterPartitionResponse { error: ErrorCode::None, partitions }
    }

    fn alter_one(
        &mut self,
        sender: BrokerId,
        proposal: &AlterPartitionData,
        out: &mut Effects<'_>,
    ) -> AlterPartitionVerdict {
        let error = self.judge(sender, proposal);
        if error == ErrorCode::None {
            let isr: Arc<[BrokerId]> = proposal.new_isr.iter().map(|(broker, _)| *broker).collect();
            let before = self.image().and_then(|image| image.partition(proposal.tp)).cloned();
            if let Some(before) = before
                && before.isr[..] != isr[..]
            {
                let record = MetadataRecord::PartitionChange { tp: proposal.tp, isr: Some(isr.clone()), leader: None };
                self.append(record);
                self.tell_change(proposal.tp, &before, None, Some(isr), false, out);
            }
        }
        let now = self.image().and_then(|image| image.partition(proposal.tp));
        AlterPartitionVerdict {
            tp: proposal.tp,
            error,
            leader_epoch: now.map_or(LeaderEpoch::NONE, |p| p.leader_epoch),
            partition_epoch: now.map_or(PartitionEpoch(-1), |p| p.partition_epoch),
            isr: now.map_or_else(Vec::new, |p| p.isr.to_vec()),
        }
    }

    /// The checks of `ReplicationControlManager.validateAlterPartitionData`, in its order.
    fn judge(&self, sender: BrokerId, proposal: &AlterPartitionData) -> ErrorCode {
        let Some(image) = self.image() else { return ErrorCode::NotController };
        let Some(partition) = image.partition(proposal.tp) else { return ErrorCode::UnknownTopicOrPartition };
        if proposal.leader_epoch > partition.leader_epoch || proposal.partition_epoch > partition.partition_epoch {
            return ErrorCode::NotController;
        }
        if proposal.leader_epoch < partition.leader_epoch {
            return ErrorCode::FencedLeaderEpoch;
        }
        if partition.leader != sender {
            return ErrorCode::InvalidRequest;
        }
        if proposal.partition_epoch < partition.partition_epoch {
            return ErrorCode::InvalidUpdateVersion;
        }
        let member = |broker: &BrokerId| proposal.new_isr.iter().any(|(member, _)| member == broker);
        if !member(&sender) || !proposal.new_isr.iter().all(|(broker, _)| partition.replicas.contains(broker)) {
            return ErrorCode::InvalidRequest;
        }
        let eligible = proposal.new_isr.iter().all(|(broker, epoch)| {
            image.is_active(*broker) && image.brokers.get(broker).is_some_and(|known| known.epoch == *epoch)
        });
        if eligible { ErrorCode::None } else { ErrorCode::IneligibleReplica }
    }

    /// Creates the topics asked for at the start once every broker of the cluster takes part.
    pub(super) fn create_pending_topics(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let all_in = runtime.image.brokers.len() >= self.expected_brokers
            && runtime.image.brokers.values().all(|broker| !broker.fenced);
        if !all_in {
            return;
        }
        let pending = std::mem::take(&mut runtime.pending_topics);
        for topic in pending {
            self.create_topic(&topic, out);
        }
    }

    pub(super) fn create_topic(&mut self, topic: &CreatableTopic, out: &mut Effects<'_>) -> ErrorCode {
        let Some(image) = self.image() else { return ErrorCode::NotController };
        if image.topics.contains_key(&topic.topic) {
            return ErrorCode::TopicAlreadyExists;
        }
        if topic.partitions < 1 {
            return ErrorCode::InvalidPartitions;
        }
        let (fenced, unfenced): (Vec<_>, Vec<_>) = image.brokers.iter().partition(|(_, broker)| broker.fenced);
        let ids = |brokers: Vec<(&BrokerId, _)>| brokers.into_iter().map(|(id, _)| *id).collect::<Vec<_>>();
        let (fenced, unfenced) = (ids(fenced), ids(unfenced));
        let placed = if topic.assignment.is_empty() {
            place_replicas(&unfenced, &fenced, topic.partitions, topic.replication_factor, out.rng)
        } else {
            let known = |broker: &BrokerId| image.brokers.contains_key(broker);
            if !topic.assignment.iter().flatten().all(known) {
                return ErrorCode::InvalidReplicaAssignment;
            }
            Some(topic.assignment.clone())
        };
        let Some(placed) = placed else { return ErrorCode::InvalidReplicationFactor };
        let partitions = placed.len() as i32;
        self.append(MetadataRecord::Topic { topic: topic.topic, config: topic.config.clone() });
        for (index, replicas) in placed.into_iter().enumerate() {
            let isr: Arc<[BrokerId]> = replicas.iter().copied().filter(|broker| unfenced.contains(broker)).collect();
            let leader = isr.first().copied().unwrap_or(BrokerId::NONE);
            self.append(MetadataRecord::Partition {
                tp: TopicPartition::new(topic.topic, index as i32),
                replicas: replicas.into(),
                isr,
                leader,
                leader_epoch: LeaderEpoch(0),
                partition_epoch: PartitionEpoch(0),
            });
        }
        out.emit(|| Event::TopicCreated { topic: topic.topic, partitions });
        ErrorCode::None
    }

    /// The first id of a fresh block of producer ids.
    pub(super) fn allocate_producer_ids(&mut self) -> i64 {
        let first = self.image().map_or(0, |image| image.next_producer_id);
        self.append(MetadataRecord::ProducerIds { next_producer_id: first + i64::from(PRODUCER_ID_BLOCK) });
        first
    }
}
