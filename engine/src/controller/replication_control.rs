//! Decisions about partitions (`ReplicationControlManager`): the same rules for the controller of a quorum and for one that
//! was elected through ZooKeeper (`PartitionLeaderElectionAlgorithms`). What differs is where a decision is written.

use super::image::{LeaderRecoveryState, MetadataImage, PartitionImage};
use super::partition_change::{Elected, Election, PartitionChange, PartitionChangeBuilder};
use super::record::MetadataRecord;
use crate::collections::Map;
use crate::config::{ControllerMode, FeatureConfig, TopicConfig};
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{BrokerId, LeaderEpoch, PartitionEpoch, TopicId, TopicPartition};
use crate::protocol::{
    AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionVerdict, ErrorCode,
};
use std::sync::Arc;

/// How many producer ids a broker gets at once (`ProducerIdsBlock`).
pub(crate) const PRODUCER_ID_BLOCK: i32 = 1_000;
/// Most leaders moved back in one round (`ReplicationControlManager.maxElectionsPerImbalance`).
const MOVES_PER_ROUND: usize = 1_000;

/// Which broker a round of changes is about.
#[derive(Clone, Copy, Default)]
struct About {
    /// It leaves the ISRs.
    pub removed: Option<BrokerId>,
    /// It counts as alive although its record does not say so yet.
    pub added: Option<BrokerId>,
    /// It came back without proof that its logs are whole: it leaves ISRs and ELRs.
    pub unclean: Option<BrokerId>,
    /// Partitions that nobody else can lead stay as they are.
    pub spares_last: bool,
}

/// A controller's knowledge of the cluster, and the rules by which it decides.
#[derive(Clone, Copy, Debug)]
pub struct Deciding<'a> {
    /// The cluster as it knows it.
    pub image: &'a MetadataImage,
    /// The rules in force.
    pub features: &'a FeatureConfig,
}

/// A controller's knowledge of the cluster, while it decides: every decision is a record, applied here at once and left
/// in `decided` for the controller to write down.
pub(crate) struct ReplicationControl<'a> {
    /// The cluster as decided so far.
    pub image: &'a mut MetadataImage,
    /// The rules in force.
    pub features: &'a FeatureConfig,
    /// What was decided, in order.
    pub decided: Vec<Arc<MetadataRecord>>,
}

impl<'a> ReplicationControl<'a> {
    /// Nothing is decided yet.
    pub fn new(image: &'a mut MetadataImage, features: &'a FeatureConfig) -> ReplicationControl<'a> {
        ReplicationControl { image, features, decided: Vec::new() }
    }
}

impl ReplicationControl<'_> {
    /// Decides.
    pub fn append(&mut self, record: MetadataRecord) {
        self.image.apply(&record);
        self.decided.push(Arc::new(record));
    }

    /// The settings of a topic that exists.
    pub fn topic_config(&self, topic: TopicId) -> Option<Arc<TopicConfig>> {
        Some(self.image.topics.get(&topic)?.config.clone())
    }

    /// A broker leaves in order: whoever else is in sync takes over. What nobody else can lead stays with it
    /// (`ControlledShutdownPartitionLeaderElectionStrategy`).
    pub fn hand_over(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        self.update_partitions(
            About { removed: Some(broker), spares_last: true, ..About::default() },
            |partition| partition.isr.contains(&broker),
            out,
        );
    }

    /// A broker is fenced, or leaves in order: it leaves every ISR, and its partitions get other leaders.
    pub fn leave_all_isrs(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        self.update_partitions(
            About { removed: Some(broker), ..About::default() },
            |partition| partition.isr.contains(&broker),
            out,
        );
    }

    /// A broker came back without a clean shutdown: its unflushed records may be gone.
    pub fn forget_unclean_broker(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        self.update_partitions(
            About { unclean: Some(broker), ..About::default() },
            |partition| partition.isr.contains(&broker) || partition.elr.contains(&broker),
            out,
        );
    }

    /// A broker takes part again: partitions without a leader are looked at again.
    pub fn elect_leaderless(&mut self, added: Option<BrokerId>, out: &mut Effects<'_>) {
        self.update_partitions(
            About { added, ..About::default() },
            |partition| partition.leader == BrokerId::NONE,
            out,
        );
    }

    /// Looks again at every partition for which `affected` holds (`generateLeaderAndIsrUpdates`).
    fn update_partitions(&mut self, about: About, affected: impl Fn(&PartitionImage) -> bool, out: &mut Effects<'_>) {
        let tps: Vec<TopicPartition> = self.image.partitions().filter(|(_, p)| affected(p)).map(|(tp, _)| tp).collect();
        for tp in tps {
            let Some(config) = self.topic_config(tp.topic) else { continue };
            let image = &*self.image;
            let acceptable = |broker: BrokerId| {
                let gone = about.removed == Some(broker) || about.unclean == Some(broker);
                !gone && (about.added == Some(broker) || image.is_active(broker))
            };
            let Some(partition) = image.partition(tp) else { continue };
            let mut builder = builder(image, self.features, tp, partition, &acceptable);
            builder.target_isr.retain(|member| about.removed != Some(*member) && about.unclean != Some(*member));
            builder.unclean_shutdown.extend(about.unclean);
            if config.unclean_leader_election_enable {
                builder.election = Election::Unclean;
            }
            if about.spares_last && builder.elect().leader == BrokerId::NONE {
                continue;
            }
            let mut built = builder.build();
            if self.features.controller == ControllerMode::ZooKeeper
                && let Some((change, _)) = &mut built
                && change.isr.is_some()
            {
                // There every state that the controller writes by itself begins a new leader epoch.
                change.leader.get_or_insert(partition.leader);
            }
            self.write_change(tp, built, out);
        }
    }

    /// Writes a change down and says what it means. False when there is none.
    pub fn write_change(
        &mut self,
        tp: TopicPartition,
        built: Option<(PartitionChange, Elected)>,
        out: &mut Effects<'_>,
    ) -> bool {
        let Some((change, elected)) = built else { return false };
        let Some(before) = self.image.partition(tp).cloned() else { return false };
        let epoch = LeaderEpoch(before.leader_epoch.0 + 1);
        match change.leader {
            Some(BrokerId::NONE) => out.emit(|| Event::PartitionOffline { tp, epoch }),
            // The same leader in a new epoch: a reassignment dropped a replica.
            Some(leader) if leader == before.leader => {}
            Some(leader) => {
                let unclean = elected.unclean;
                out.emit(|| Event::LeaderElected { tp, from: before.leader, leader, epoch, unclean });
            }
            None => {}
        }
        if let Some(isr) = &change.isr {
            out.emit(|| Event::IsrChanged { tp, from: before.isr.to_vec(), isr: isr.to_vec() });
        }
        if let Some(elr) = &change.elr {
            out.emit(|| Event::ElrChanged { tp, from: before.elr.to_vec(), elr: elr.to_vec() });
        }
        if change.replicas.is_some() || change.adding.is_some() || change.removing.is_some() {
            let mut after = before.clone();
            after.merge(&change);
            out.emit(|| Event::ReassignmentChanged {
                tp,
                replicas: after.replicas.to_vec(),
                adding: after.adding.to_vec(),
                removing: after.removing.to_vec(),
            });
        }
        self.append(MetadataRecord::PartitionChange { tp, change: Box::new(change) });
        true
    }

    /// Gives leaderships back to the preferred replicas that may lead, of the brokers for which `due` holds, which is told
    /// how many partitions prefer the broker and how many of those another leads (`maybeBalancePartitionLeaders`).
    pub fn rebalance(&mut self, due: impl Fn(usize, usize) -> bool, out: &mut Effects<'_>) {
        let mut tally: Map<BrokerId, (usize, usize)> = Map::new();
        for (_, partition) in self.image.partitions() {
            let (preferred, elsewhere) = tally.entry(partition.preferred_leader()).or_default();
            *preferred += 1;
            *elsewhere += usize::from(partition.leader != partition.preferred_leader());
        }
        let imbalanced: Vec<TopicPartition> = self
            .image
            .partitions()
            .filter(|(_, p)| p.leader != p.preferred_leader() && p.leader != BrokerId::NONE)
            .filter(|(_, p)| tally.get(&p.preferred_leader()).is_some_and(|(all, away)| due(*all, *away)))
            .map(|(tp, _)| tp)
            .collect();
        let mut moved = 0;
        for tp in imbalanced {
            if moved < MOVES_PER_ROUND && self.elect_preferred(tp, out) {
                moved += 1;
            }
        }
    }

    fn elect_preferred(&mut self, tp: TopicPartition, out: &mut Effects<'_>) -> bool {
        let image = &*self.image;
        let acceptable = |broker| image.is_active(broker);
        let Some(partition) = image.partition(tp) else { return false };
        let preferred = partition.preferred_leader();
        let mut builder = builder(image, self.features, tp, partition, &acceptable);
        builder.election = Election::Preferred;
        if builder.elect().leader != preferred {
            return false;
        }
        let built = builder.build();
        self.write_change(tp, built, out)
    }

    /// A leader proposes ISRs (KIP-497).
    pub fn on_alter_partition(
        &mut self,
        request: &AlterPartitionRequest,
        out: &mut Effects<'_>,
    ) -> AlterPartitionResponse {
        let known = self.image.brokers.get(&request.broker);
        let stale = known.is_none_or(|known| known.epoch != request.broker_epoch);
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
        let tp = proposal.tp;
        let mut error = self.judge(sender, proposal);
        if error == ErrorCode::InvalidUpdateVersion && self.is_done(proposal) {
            // The change was made and its answer was lost: no log will tell (`equalsAllowStalePartitionEpoch`).
            return self.verdict(tp, ErrorCode::None);
        }
        if error == ErrorCode::None
            && let Some(partition) = self.image.partition(tp)
        {
            let image = &*self.image;
            let acceptable = |broker| image.is_active(broker);
            let mut builder = builder(image, self.features, tp, partition, &acceptable);
            builder.target_isr = proposal.new_isr.iter().map(|(broker, _)| *broker).collect();
            builder.target_recovery_state = proposal.recovery_state;
            let built = builder.build();
            self.write_change(tp, built, out);
            let leader = self.image.partition(tp).map(|partition| partition.leader);
            if leader != Some(sender) {
                // The change completed a reassignment that takes the leadership away from the sender.
                error = ErrorCode::NewLeaderElected;
            }
        }
        self.verdict(tp, error)
    }

    /// With ZooKeeper: whether a partition is already as its leader wants it, although the leader does not know.
    fn is_done(&self, proposal: &AlterPartitionData) -> bool {
        let wanted = |broker: &BrokerId| proposal.new_isr.iter().any(|(member, _)| member == broker);
        self.features.controller == ControllerMode::ZooKeeper
            && self.image.partition(proposal.tp).is_some_and(|partition| {
                partition.isr.len() == proposal.new_isr.len() && partition.isr.iter().all(wanted)
            })
    }

    fn verdict(&self, tp: TopicPartition, error: ErrorCode) -> AlterPartitionVerdict {
        let now = self.image.partition(tp);
        AlterPartitionVerdict {
            tp,
            error,
            leader_epoch: now.map_or(LeaderEpoch::NONE, |p| p.leader_epoch),
            partition_epoch: now.map_or(PartitionEpoch(-1), |p| p.partition_epoch),
            isr: now.map_or_else(Vec::new, |p| p.isr.to_vec()),
        }
    }

    /// The checks of `ReplicationControlManager.validateAlterPartitionData`, in its order.
    fn judge(&self, sender: BrokerId, proposal: &AlterPartitionData) -> ErrorCode {
        let image = &*self.image;
        if !image.topics.contains_key(&proposal.tp.topic) {
            return ErrorCode::UnknownTopicId;
        }
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
        let recovering = proposal.recovery_state == LeaderRecoveryState::Recovering;
        if recovering && (proposal.new_isr.len() > 1 || partition.recovery_state == LeaderRecoveryState::Recovered) {
            return ErrorCode::InvalidRequest;
        }
        let eligible = proposal.new_isr.iter().all(|(broker, epoch)| {
            let known = image.brokers.get(broker).map(|known| known.epoch);
            image.is_active(*broker) && (known == Some(*epoch) || !self.features.checks_incarnations())
        });
        if eligible { ErrorCode::None } else { ErrorCode::IneligibleReplica }
    }

    /// The first id of a fresh block of producer ids.
    pub fn allocate_producer_ids(&mut self) -> i64 {
        let first = self.image.next_producer_id;
        self.append(MetadataRecord::ProducerIds { next_producer_id: first + i64::from(PRODUCER_ID_BLOCK) });
        first
    }
}

/// A builder with the rules in force for `tp`.
pub(super) fn builder<'a>(
    image: &MetadataImage,
    features: &FeatureConfig,
    tp: TopicPartition,
    partition: &'a PartitionImage,
    acceptable: &'a dyn Fn(BrokerId) -> bool,
) -> PartitionChangeBuilder<'a> {
    let mut builder = PartitionChangeBuilder::new(partition, acceptable);
    builder.elr_enabled = features.elr();
    let min_isr = image.topics.get(&tp.topic).map_or(1, |topic| topic.config.min_insync_replicas);
    builder.min_isr = usize::try_from(min_isr).unwrap_or(1);
    builder
}
