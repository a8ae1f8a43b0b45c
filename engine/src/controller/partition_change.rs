//! One partition's next state: who leads, who is in sync, who is eligible (`PartitionChangeBuilder`).
//!
//! A pure function of the partition as it is and of what is wanted. The controller never looks at how long a log is:
//! the order of the assignment decides.

use super::image::{LeaderRecoveryState, PartitionImage};
use crate::ids::BrokerId;
use crate::planted::{Planted, planted};
use std::sync::Arc;

/// How far an election may go (`PartitionChangeBuilder.Election`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Election {
    /// The preferred replica if it may lead, else as [`Election::Online`].
    Preferred,
    /// Keep the leader if it may lead, else the first replica of the assignment that may.
    Online,
    /// As online; if none may lead, the first replica that is alive, whatever it lacks.
    Unclean,
}

/// Who was elected.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Elected {
    /// The leader, or −1.
    pub leader: BrokerId,
    /// Whether it was neither in the ISR nor eligible: what only others have is lost.
    pub unclean: bool,
}

/// What changes about a partition (`PartitionChangeRecord`): only what is given. Setting the leader, even to the same
/// broker, begins a new leader epoch.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PartitionChange {
    /// The new ISR.
    pub isr: Option<Arc<[BrokerId]>>,
    /// The new leader, or −1.
    pub leader: Option<BrokerId>,
    /// The new assignment, in order.
    pub replicas: Option<Arc<[BrokerId]>>,
    /// Replicas a reassignment still has to fill.
    pub adding: Option<Arc<[BrokerId]>>,
    /// Replicas that leave when the reassignment is complete.
    pub removing: Option<Arc<[BrokerId]>>,
    /// The eligible leader replicas (KIP-966).
    pub elr: Option<Arc<[BrokerId]>>,
    /// The leader before the partition went without one, or −1.
    pub last_known_leader: Option<BrokerId>,
    /// Whether the leader has to recover from an unclean election.
    pub recovery_state: Option<LeaderRecoveryState>,
}

/// What is wanted of a partition, and the rules in force.
pub struct PartitionChangeBuilder<'a> {
    partition: &'a PartitionImage,
    acceptable: &'a dyn Fn(BrokerId) -> bool,
    /// How far the election may go.
    pub election: Election,
    /// Whether `eligible.leader.replicas.version` is 1.
    pub elr_enabled: bool,
    /// `min.insync.replicas`.
    pub min_isr: usize,
    /// The ISR after brokers were taken out or let in.
    pub target_isr: Vec<BrokerId>,
    /// The assignment, with replicas that join and leave.
    pub target_replicas: Vec<BrokerId>,
    /// Replicas to be filled.
    pub target_adding: Vec<BrokerId>,
    /// Replicas to be dropped once those are.
    pub target_removing: Vec<BrokerId>,
    /// Replicas that came back without proof that their log is whole.
    pub unclean_shutdown: Vec<BrokerId>,
    /// What the leader says about its recovery.
    pub target_recovery_state: LeaderRecoveryState,
    target_elr: Vec<BrokerId>,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// Nothing changes yet; `acceptable` says which brokers are unfenced and usable.
    pub fn new(partition: &'a PartitionImage, acceptable: &'a dyn Fn(BrokerId) -> bool) -> PartitionChangeBuilder<'a> {
        PartitionChangeBuilder {
            partition,
            acceptable,
            election: Election::Online,
            elr_enabled: false,
            min_isr: 1,
            target_isr: partition.isr.to_vec(),
            target_replicas: partition.replicas.to_vec(),
            target_adding: partition.adding.to_vec(),
            target_removing: partition.removing.to_vec(),
            unclean_shutdown: Vec::new(),
            target_recovery_state: partition.recovery_state,
            target_elr: partition.elr.to_vec(),
        }
    }

    /// Who would be elected (`electLeader`).
    pub fn elect(&self) -> Elected {
        let clean = |leader| Elected { leader, unclean: false };
        let preferred = self.target_replicas.first().copied().unwrap_or(BrokerId::NONE);
        if self.election == Election::Preferred && self.may_lead(preferred) {
            return clean(preferred);
        }
        if self.may_lead(self.partition.leader) {
            return clean(self.partition.leader);
        }
        if let Some(leader) = self.target_replicas.iter().find(|replica| self.may_lead(**replica)) {
            return clean(*leader);
        }
        let last = self.partition.last_known_leader;
        let nobody_eligible = self.target_isr.is_empty() && self.target_elr.is_empty();
        if self.elr_enabled && nobody_eligible && last != BrokerId::NONE && (self.acceptable)(last) {
            return Elected { leader: last, unclean: true };
        }
        if self.election == Election::Unclean
            && let Some(leader) = self.target_replicas.iter().find(|replica| (self.acceptable)(**replica))
        {
            return Elected { leader: *leader, unclean: true };
        }
        if planted(Planted::UncleanElectionUnannounced)
            && let Some(leader) = self.target_replicas.iter().find(|replica| (self.acceptable)(**replica))
        {
            return clean(*leader);
        }
        clean(BrokerId::NONE)
    }

    /// In the ISR, or eligible while the ISR is empty; and alive.
    fn may_lead(&self, replica: BrokerId) -> bool {
        let from_elr = self.elr_enabled && self.target_isr.is_empty() && self.target_elr.contains(&replica);
        (self.target_isr.contains(&replica) || from_elr) && (self.acceptable)(replica)
    }

    /// The record that brings the partition where it is wanted; none when it is there already. Also who was elected.
    pub fn build(mut self) -> Option<(PartitionChange, Elected)> {
        self.complete_reassignment();
        self.populate_elr();
        let before = self.partition;
        let mut change = PartitionChange::default();
        let elected = self.elect();
        if elected.leader != before.leader {
            change.leader = Some(elected.leader);
            if elected.unclean {
                // Whoever else was in sync may have what this leader lacks.
                self.target_isr = vec![elected.leader];
                self.target_elr.clear();
                self.target_recovery_state = LeaderRecoveryState::Recovering;
            } else if elected.leader != BrokerId::NONE
                && (self.target_isr.is_empty()
                    || (planted(Planted::UncleanElectionUnannounced) && !self.target_isr.contains(&elected.leader)))
            {
                self.target_isr = vec![elected.leader];
                self.target_elr.retain(|replica| *replica != elected.leader);
            }
        }
        if (self.elr_enabled || !self.target_isr.is_empty()) && self.target_isr[..] != before.isr[..] {
            change.isr = Some(self.target_isr.clone().into());
        }
        // A replica that was dropped must not go on as if it were one: the new epoch tells everybody.
        if change.leader.is_none() && !before.replicas.iter().all(|replica| self.target_replicas.contains(replica)) {
            change.leader = Some(before.leader);
        }
        if !same_set(&self.target_elr, &before.elr) {
            change.elr = Some(self.target_elr.clone().into());
        }
        self.note_last_known_leader(&mut change);
        change.replicas =
            (self.target_replicas[..] != before.replicas[..]).then(|| self.target_replicas.clone().into());
        change.adding = (self.target_adding[..] != before.adding[..]).then(|| self.target_adding.clone().into());
        change.removing =
            (self.target_removing[..] != before.removing[..]).then(|| self.target_removing.clone().into());
        if self.target_recovery_state != before.recovery_state {
            change.recovery_state = Some(self.target_recovery_state);
        }
        (change != PartitionChange::default()).then_some((change, elected))
    }

    /// All replicas to be added are in sync: those to be removed go (`PartitionReassignmentReplicas`).
    fn complete_reassignment(&mut self) {
        if self.target_adding.is_empty() && self.target_removing.is_empty() {
            return;
        }
        let removing = &self.target_removing;
        let kept = |list: &[BrokerId]| -> Vec<BrokerId> {
            list.iter().copied().filter(|replica| !removing.contains(replica)).collect()
        };
        let (isr, replicas) = (kept(&self.target_isr), kept(&self.target_replicas));
        let filled = self.target_adding.iter().all(|replica| isr.contains(replica));
        if !filled || isr.is_empty() || replicas.is_empty() {
            return;
        }
        (self.target_isr, self.target_replicas) = (isr, replicas);
        self.target_adding.clear();
        self.target_removing.clear();
    }

    /// Below `min.insync.replicas` nothing new is committed, so who leaves the ISR then still has all that was.
    fn populate_elr(&mut self) {
        if !self.elr_enabled {
            self.target_elr.clear();
            return;
        }
        if self.target_isr.len() >= self.min_isr.min(self.target_replicas.len()) {
            self.target_elr.clear();
            return;
        }
        let old = self.partition.elr.iter().chain(self.partition.isr.iter());
        let mut elr: Vec<BrokerId> = Vec::new();
        for replica in old {
            let out = self.target_isr.contains(replica) || self.unclean_shutdown.contains(replica);
            if !out && !elr.contains(replica) && self.target_replicas.contains(replica) {
                elr.push(*replica);
            }
        }
        self.target_elr = elr;
    }

    fn note_last_known_leader(&self, change: &mut PartitionChange) {
        if !self.elr_enabled {
            return;
        }
        let before = self.partition;
        let leader = change.leader.unwrap_or(before.leader);
        if leader != BrokerId::NONE {
            if before.last_known_leader != BrokerId::NONE {
                change.last_known_leader = Some(BrokerId::NONE);
            }
        } else if before.leader != BrokerId::NONE && change.isr.as_ref().is_some_and(|isr| isr.is_empty()) {
            change.last_known_leader = Some(before.leader);
        }
    }
}

fn same_set(left: &[BrokerId], right: &[BrokerId]) -> bool {
    left.len() == right.len() && left.iter().all(|member| right.contains(member))
}

/// Runs the golden vectors of elections; `judge` gets each case's name and what is wrong with it, if anything.
pub fn run_leader_election(json: &serde_json::Value, judge: &mut impl FnMut(&str, Option<String>)) {
    use crate::ids::{LeaderEpoch, PartitionEpoch};
    use serde_json::{Value, json};
    let ids = |value: &Value| -> Vec<BrokerId> {
        value.as_array().into_iter().flatten().filter_map(|id| Some(BrokerId(id.as_i64()? as i32))).collect()
    };
    let int = |value: &Value| value.as_i64().and_then(|value| i32::try_from(value).ok()).unwrap_or(i32::MIN);
    for case in json["cases"].as_array().into_iter().flatten() {
        let given = &case["partition"];
        let partition = PartitionImage {
            replicas: ids(&given["replicas"]).into(),
            isr: ids(&given["isr"]).into(),
            leader: BrokerId(int(&given["leader"])),
            leader_epoch: LeaderEpoch(int(&given["leader_epoch"])),
            partition_epoch: PartitionEpoch(int(&given["partition_epoch"])),
            elr: ids(&given["elr"]).into(),
            last_known_leader: ids(&given["last_known_leader"]).first().copied().unwrap_or(BrokerId::NONE),
            recovery_state: LeaderRecoveryState::of(given["leader_recovery_state"].as_str() == Some("RECOVERING")),
            adding: ids(&given["adding_replicas"]).into(),
            removing: ids(&given["removing_replicas"]).into(),
        };
        let acceptable = ids(&case["acceptable_leaders"]);
        let may = |broker: BrokerId| acceptable.contains(&broker);
        let mut builder = PartitionChangeBuilder::new(&partition, &may);
        builder.election = match case["election_type"].as_str() {
            Some("PREFERRED") => Election::Preferred,
            Some("UNCLEAN") => Election::Unclean,
            _ => Election::Online,
        };
        builder.elr_enabled = case["elr_enabled"].as_bool().unwrap_or(false);
        builder.min_isr = usize::try_from(int(&case["min_isr"])).unwrap_or(1);
        builder.target_isr = ids(&case["target_isr"]);
        builder.target_replicas = ids(&case["target_replicas"]);
        builder.unclean_shutdown = ids(&case["unclean_shutdown_replicas"]);
        let expect = &case["expect"];
        let found = if expect.get("elected").is_some() {
            builder.populate_elr();
            let elected = builder.elect();
            json!({ "elected": elected.leader.0, "unclean": elected.unclean })
        } else {
            match builder.build() {
                None => json!({ "record_emitted": false }),
                Some((change, _)) => {
                    let mut after = partition.clone();
                    after.merge(&change);
                    let mut elr: Vec<i32> = after.elr.iter().map(|replica| replica.0).collect();
                    elr.sort_unstable();
                    json!({ "record_emitted": true, "partition_after": {
                        "isr": after.isr.iter().map(|replica| replica.0).collect::<Vec<_>>(),
                        "leader": after.leader.0,
                        "elr": elr,
                        "last_known_leader": after.last_known_leader.some().map(|leader| leader.0).into_iter().collect::<Vec<_>>(),
                        "leader_epoch": after.leader_epoch.0,
                        "partition_epoch": after.partition_epoch.0,
                        "leader_recovery_state": after.recovery_state.name(),
                    }})
                }
            }
        };
        let wrong = (found != *expect).then(|| format!("found {found}, expected {expect}"));
        judge(case["id"].as_str().unwrap_or("unnamed"), wrong);
    }
}
