//! Decisions about partitions (`ReplicationControlManager`).

use super::actor::Controller;
use super::image::{LeaderRecoveryState, PartitionImage};
use super::partition_change::{Elected, Election, PartitionChange, PartitionChangeBuilder};
use super::record::MetadataRecord;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{BrokerId, LeaderEpoch, PartitionEpoch, TopicPartition};
use crate::protocol::{
    AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionVerdict, ErrorCode,
};

/// How many producer ids a broker gets at once (`ProducerIdsBlock`).
pub(super) const PRODUCER_ID_BLOCK: i32 = 1_000;
/// Most leaders moved back in one round (`ReplicationControlManager.maxElectionsPerImbalance`).
const MOVES_PER_ROUND: usize = 1_000;

/// Which broker a round of changes is about.
#[derive(Clone, Copy, Default)]
pub(super) struct About {
    /// It leaves the ISRs.
    pub removed: Option<BrokerId>,
    /// It counts as alive although its record does not say so yet.
    pub added: Option<BrokerId>,
    /// It came back without proof that its logs are whole: it leaves ISRs and ELRs.
    pub unclean: Option<BrokerId>,
}

impl Controller {
    /// A broker is fenced, or leaves in order: it leaves every ISR, and its partitions get other leaders.
    pub(super) fn leave_all_isrs(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        self.update_partitions(
            About { removed: Some(broker), ..About::default() },
            |partition| partition.isr.contains(&broker),
            out,
        );
    }

    /// A broker came back without a clean shutdown: its unflushed records may be gone.
    pub(super) fn forget_unclean_broker(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        self.update_partitions(
            About { unclean: Some(broker), ..About::default() },
            |partition| partition.isr.contains(&broker) || partition.elr.contains(&broker),
            out,
        );
    }

    /// A broker takes part again: partitions without a leader are looked at again.
    pub(super) fn elect_leaderless(&mut self, added: Option<BrokerId>, out: &mut Effects<'_>) {
        self.update_partitions(
            About { added, ..About::default() },
            |partition| partition.leader == BrokerId::NONE,
            out,
        );
    }

    /// Looks again at every partition for which `affected` holds (`generateLeaderAndIsrUpdates`).
    fn update_partitions(&mut self, about: About, affected: impl Fn(&PartitionImage) -> bool, out: &mut Effects<'_>) {
        let Some(image) = self.image() else { return };
        let tps: Vec<TopicPartition> = image.partitions().filter(|(_, p)| affected(p)).map(|(tp, _)| tp).collect();
        for tp in tps {
            let Some((image, config)) = self.image().zip(self.topic_config(tp.topic)) else { continue };
            let acceptable = |broker: BrokerId| {
                let gone = about.removed == Some(broker) || about.unclean == Some(broker);
                !gone && (about.added == Some(broker) || image.is_active(broker))
            };
            let Some(partition) = image.partition(tp) else { continue };
            let mut builder = self.builder(tp, partition, &acceptable);
            builder.target_isr.retain(|member| about.removed != Some(*member) && about.unclean != Some(*member));
            builder.unclean_shutdown.extend(about.unclean);
            if config.unclean_leader_election_enable {
                builder.election = Election::Unclean;
            }
            let built = builder.build();
            self.write_change(tp, built, out);
        }
    }

    /// A builder with the rules in force for `tp`.
    pub(super) fn builder<'a>(
        &self,
        tp: TopicPartition,
        partition: &'a PartitionImage,
        acceptable: &'a dyn Fn(BrokerId) -> bool,
    ) -> PartitionChangeBuilder<'a> {
        let mut builder = PartitionChangeBuilder::new(partition, acceptable);
        builder.elr_enabled = self.features.elr();
        let min_isr = self.topic_config(tp.topic).map_or(1, |config| config.min_insync_replicas);
        builder.min_isr = usize::try_from(min_isr).unwrap_or(1);
        builder
    }

    /// Writes a change down and says what it means. False when there is none.
    pub(super) fn write_change(
        &mut self,
        tp: TopicPartition,
        built: Option<(PartitionChange, Elected)>,
        out: &mut Effects<'_>,
    ) -> bool {
        let Some((change, elected)) = built else { return false };
        let Some(before) = self.image().and_then(|image| image.partition(tp)).cloned() else { return false };
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

    /// Gives leaderships back to the preferred replicas that may lead (`maybeBalancePartitionLeaders`).
    pub(super) fn on_rebalance_timer(&mut self, out: &mut Effects<'_>) {
        self.arm_rebalance(out);
        let Some(image) = self.image() else { return };
        let imbalanced: Vec<TopicPartition> = image
            .partitions()
            .filter(|(_, p)| p.leader != p.preferred_leader() && p.leader != BrokerId::NONE)
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
        let Some(image) = self.image() else { return false };
        let acceptable = |broker| image.is_active(broker);
        let Some(partition) = image.partition(tp) else { return false };
        let preferred = partition.preferred_leader();
        let mut builder = self.builder(tp, partition, &acceptable);
        builder.election = Election::Preferred;
        if builder.elect().leader != preferred {
            return false;
        }
        let built = builder.build();
        self.write_change(tp, built, out)
    }

    pub(super) fn arm_rebalance(&self, out: &mut Effects<'_>) {
        if self.config.auto_leader_rebalance_enable {
            out.set_timer(Timer::LeaderRebalance, self.config.leader_imbalance_check_interval_seconds.span());
        }
    }

    /// Unclean elections may have been allowed since the partition lost its leader.
    pub(super) fn on_unclean_timer(&mut self, out: &mut Effects<'_>) {
        out.set_timer(Timer::UncleanElection, self.config.unclean_leader_election_interval_ms.pause());
        self.elect_leaderless(None, out);
    }

    pub(super) fn on_alter_partition(
        &mut self,
        request: &AlterPartitionRequest,
        out: &mut Effects<'_>,
    ) -> AlterPartitionResponse {
        if !self.is_active() {
            return AlterPartitionResponse { error: ErrorCode::NotController, partitions: Vec::new() };
        }
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
        let tp = proposal.tp;
        let mut error = self.judge(sender, proposal);
        if error == ErrorCode::None
            && let Some(image) = self.image()
            && let Some(partition) = image.partition(tp)
        {
            let acceptable = |broker| image.is_active(broker);
            let mut builder = self.builder(tp, partition, &acceptable);
            builder.target_isr = proposal.new_isr.iter().map(|(broker, _)| *broker).collect();
            builder.target_recovery_state = proposal.recovery_state;
            let built = builder.build();
            self.write_change(tp, built, out);
            let leader = self.image().and_then(|image| image.partition(tp)).map(|partition| partition.leader);
            if leader != Some(sender) {
                // The change completed a reassignment that takes the leadership away from the sender.
                error = ErrorCode::NewLeaderElected;
            }
        }
        let now = self.image().and_then(|image| image.partition(tp));
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
        let Some(image) = self.image() else { return ErrorCode::NotController };
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
            image.is_active(*broker) && (known == Some(*epoch) || !self.features.broker_epoch_check)
        });
        if eligible { ErrorCode::None } else { ErrorCode::IneligibleReplica }
    }

    /// The first id of a fresh block of producer ids.
    pub(super) fn allocate_producer_ids(&mut self) -> i64 {
        let first = self.image().map_or(0, |image| image.next_producer_id);
        self.append(MetadataRecord::ProducerIds { next_producer_id: first + i64::from(PRODUCER_ID_BLOCK) });
        first
    }
}
