//! Asking the controller to change ISRs (`AlterPartitionManager`): one request at a time.

use super::actor::Broker;
use super::controller_channel::Asked;
use crate::controller::LeaderRecoveryState;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{BrokerEpoch, TopicPartition};
use crate::protocol::{AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, Channel, ErrorCode, Request};
use crate::replication::{PendingIsr, Replica};
use crate::time::Duration;

/// Pause before a refused change is asked for again (`AlterPartitionManager`, fixed in Kafka).
const RETRY: Duration = Duration::from_millis(50);

impl Broker {
    /// Looks for followers that lag too long.
    pub(super) fn on_isr_check(&mut self, out: &mut Effects<'_>) {
        let (broker, lag_max) = (self.id, self.config.replica_lag_time_max_ms.span());
        out.set_timer(Timer::IsrCheck, lag_max.div(2));
        let mut shrinking = Vec::new();
        for (tp, replica) in &mut self.replicas {
            let lagging = replica.lagging(out.now, lag_max);
            if lagging.is_empty() {
                continue;
            }
            out.emit(|| Event::IsrShrinkProposed { broker, tp: *tp, out: lagging.clone() });
            replica.propose(PendingIsr::Shrink(lagging));
            shrinking.push(*tp);
        }
        for tp in shrinking {
            self.request_alter(tp, out);
        }
    }

    pub(super) fn request_alter(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        self.with_runtime(|runtime| {
            runtime.dirty_alters.insert(tp);
        });
        self.send_alter_partition(out);
    }

    /// What was asked for may not have arrived: every pending change is asked for again.
    pub(super) fn alter_again(&mut self) {
        let pending = |replica: &Replica| replica.leadership().is_some_and(|l| l.isr.pending.is_some());
        let tps: Vec<TopicPartition> =
            self.replicas.iter().filter(|(_, replica)| pending(replica)).map(|(tp, _)| *tp).collect();
        self.with_runtime(|runtime| runtime.dirty_alters.extend(tps));
    }

    pub(super) fn send_alter_partition(&mut self, out: &mut Effects<'_>) {
        let broker = self.id;
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.alter_in_flight || runtime.dirty_alters.is_empty() {
            return;
        }
        let mut partitions = Vec::new();
        for tp in std::mem::take(&mut runtime.dirty_alters) {
            let Some(replica) = self.replicas.get_mut(&tp) else { continue };
            let (leader_epoch, partition_epoch) = (replica.leader_epoch, replica.partition_epoch);
            let Some(leadership) = replica.leadership_mut() else { continue };
            if leadership.isr.pending.is_none() {
                continue;
            }
            leadership.alter_requested = true;
            let new_isr = leadership
                .isr
                .proposed()
                .into_iter()
                .map(|member| {
                    // The incarnation that has fetched is the one whose log is known (KIP-903).
                    let fetched = leadership.followers.get(&member).map_or(BrokerEpoch(-1), |p| p.broker_epoch);
                    let known = runtime.image.brokers.get(&member).map_or(BrokerEpoch(-1), |known| known.epoch);
                    let follower = if fetched == BrokerEpoch(-1) { known } else { fetched };
                    (member, if member == broker { runtime.broker_epoch } else { follower })
                })
                .collect();
            // Having become leader at all, it has recovered as far as it ever will (KIP-704).
            let recovery_state = LeaderRecoveryState::Recovered;
            partitions.push(AlterPartitionData { tp, leader_epoch, partition_epoch, new_isr, recovery_state });
        }
        if partitions.is_empty() {
            return;
        }
        runtime.alter_in_flight = true;
        let request = AlterPartitionRequest { broker, broker_epoch: runtime.broker_epoch, partitions };
        let request = Request::AlterPartition(Box::new(request));
        self.ask_controller(Channel::AlterPartition, request, Asked::AlterPartition, out);
    }

    pub(super) fn on_alter_answer(&mut self, answer: AlterPartitionResponse, out: &mut Effects<'_>) {
        self.with_runtime(|runtime| runtime.alter_in_flight = false);
        if answer.error.is_error() {
            // A stale incarnation, or a controller that is not active: the metadata will say more.
            self.alter_again();
            out.set_timer(Timer::AlterPartition, RETRY);
            return;
        }
        for verdict in answer.partitions {
            let tp = verdict.tp;
            let Some(replica) = self.replicas.get_mut(&tp) else { continue };
            if verdict.leader_epoch != replica.leader_epoch {
                continue;
            }
            let Some(leadership) = replica.leadership_mut() else { continue };
            leadership.alter_requested = false;
            match verdict.error {
                ErrorCode::None => {
                    if verdict.partition_epoch >= replica.partition_epoch {
                        replica.partition_epoch = verdict.partition_epoch;
                        if let Some(leadership) = replica.leadership_mut() {
                            leadership.isr.committed = verdict.isr.into();
                            leadership.isr.pending = None;
                        }
                    }
                    if self.try_advance(tp, out) {
                        self.answer_consumers_of(tp, out);
                    }
                }
                // The controller said it did not apply it: back to what is committed.
                ErrorCode::IneligibleReplica => leadership.isr.pending = None,
                // Newer metadata is on its way and will settle it.
                ErrorCode::FencedLeaderEpoch
                | ErrorCode::InvalidUpdateVersion
                | ErrorCode::InvalidRequest
                | ErrorCode::NewLeaderElected
                | ErrorCode::UnknownTopicId
                | ErrorCode::UnknownTopicOrPartition => {}
                _ => {
                    self.with_runtime(|runtime| {
                        runtime.dirty_alters.insert(tp);
                    });
                    out.set_timer(Timer::AlterPartition, RETRY);
                }
            }
        }
        self.send_alter_partition(out);
    }
}
