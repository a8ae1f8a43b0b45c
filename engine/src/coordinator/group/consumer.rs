//! A KIP-848 group: epochs, the target assignment, and each member's way to it (`ConsumerGroup`, `CurrentAssignmentBuilder`).

use crate::assignor::{GroupAssignment, ServerAssignor, Subscriber};
use crate::collections::Map;
use crate::event::GroupState;
use crate::ids::{Generation, MemberId, TopicId, TopicPartition};
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// Where a member stands (`MemberState`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum MemberPhase {
    /// It has what its epoch gives it.
    #[default]
    Stable,
    /// It has to give something up before it may move on.
    UnrevokedPartitions,
    /// It waits for partitions others have not given up.
    UnreleasedPartitions,
}

/// What a member has now (`ConsumerGroupCurrentMemberAssignmentValue`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct CurrentAssignment {
    /// The member epoch; −2 for a static member that went away for a while.
    pub epoch: Generation,
    /// The epoch before that: what a member whose answer was lost still believes in.
    pub previous_epoch: Generation,
    /// Where it stands.
    pub phase: MemberPhase,
    /// What it may read, each with the epoch in which it was given.
    pub assigned: Vec<(TopicPartition, Generation)>,
    /// What it has been told to give up and has not confirmed.
    pub revoking: Vec<TopicPartition>,
}

impl CurrentAssignment {
    /// The partitions it may read.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.assigned.iter().map(|(tp, _)| *tp).collect()
    }

    /// One step towards the target. `owned` is what the member says it has; none when it did not say.
    pub(super) fn reconcile(
        &self,
        target: &[TopicPartition],
        target_epoch: Generation,
        owned: Option<&[TopicPartition]>,
        free: &dyn Fn(TopicPartition) -> bool,
    ) -> CurrentAssignment {
        let still_owns = |list: &[TopicPartition]| owned.is_none_or(|owned| list.iter().any(|tp| owned.contains(tp)));
        match self.phase {
            MemberPhase::Stable if self.epoch == target_epoch => return self.clone(),
            MemberPhase::UnrevokedPartitions if still_owns(&self.revoking) => return self.clone(),
            _ => {}
        }
        let keeps = |tp: &TopicPartition| target.contains(tp);
        let kept: Vec<(TopicPartition, Generation)> =
            self.assigned.iter().filter(|(tp, _)| keeps(tp)).copied().collect();
        let revoking: Vec<TopicPartition> = self.assigned.iter().map(|(tp, _)| *tp).filter(|tp| !keeps(tp)).collect();
        if !revoking.is_empty() && still_owns(&revoking) {
            return CurrentAssignment {
                epoch: self.epoch,
                previous_epoch: self.previous_epoch,
                phase: MemberPhase::UnrevokedPartitions,
                assigned: kept,
                revoking,
            };
        }
        let mut assigned = kept;
        let mut waiting = false;
        for tp in target {
            if assigned.iter().any(|(have, _)| have == tp) {
                continue;
            }
            if free(*tp) {
                assigned.push((*tp, target_epoch));
            } else {
                waiting = true;
            }
        }
        assigned.sort_unstable();
        let previous_epoch = if self.epoch == target_epoch { self.previous_epoch } else { self.epoch };
        let phase = if waiting { MemberPhase::UnreleasedPartitions } else { MemberPhase::Stable };
        CurrentAssignment { epoch: target_epoch, previous_epoch, phase, assigned, revoking: Vec::new() }
    }
}

/// A member.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerMember {
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// How long it may take to give partitions up.
    pub rebalance_timeout: Duration,
    /// Topics it subscribes to.
    pub topics: Vec<TopicId>,
    /// The assignor it asks for.
    pub assignor: Option<ServerAssignor>,
    /// What it has.
    pub current: CurrentAssignment,
    /// When it was last heard.
    pub heard_at: Instant,
    /// By when it must have given up what it was told to.
    pub(super) revoke_by: Option<Instant>,
}

impl ConsumerMember {
    /// A member of which only the assignment has been read so far.
    pub(super) fn unknown(now: Instant) -> ConsumerMember {
        ConsumerMember {
            instance: None,
            rebalance_timeout: Duration::ZERO,
            topics: Vec::new(),
            assignor: None,
            current: CurrentAssignment { epoch: Generation(0), ..CurrentAssignment::default() },
            heard_at: now,
            revoke_by: None,
        }
    }
}

/// A group whose members speak KIP-848. Its group epoch is [`super::Group::generation`].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ConsumerGroup {
    /// The members.
    pub members: Map<MemberId, ConsumerMember>,
    /// The group epoch the target was computed for.
    pub target_epoch: Generation,
    /// Who shall have what.
    pub target: Map<MemberId, Vec<TopicPartition>>,
    /// Who holds each partition, given or not yet given up.
    pub(super) holders: Map<TopicPartition, MemberId>,
    /// How many partitions the subscribed topics had when that was last looked at.
    pub(super) counts: Map<TopicId, i32>,
    /// When the target may be computed again.
    pub(super) assign_after: Instant,
    /// When it will be, because the group's epoch has moved on.
    pub(super) assign_at: Option<Instant>,
    /// Silence after which a member is removed.
    pub(super) session_timeout: Duration,
}

impl ConsumerGroup {
    /// Silence after which a member is removed.
    pub fn session_timeout(&self) -> Duration {
        self.session_timeout
    }

    /// What the state of a group with this epoch is called.
    pub fn state(&self, epoch: Generation) -> GroupState {
        let settled = |member: &ConsumerMember| {
            member.current.phase == MemberPhase::Stable && member.current.epoch == self.target_epoch
                || member.current.epoch.0 == super::heartbeat::LEAVE_STATIC
        };
        if self.members.is_empty() {
            GroupState::Empty
        } else if epoch > self.target_epoch {
            GroupState::Assigning
        } else if self.members.values().all(settled) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// The topics any member subscribes to.
    pub(super) fn topics(&self) -> Vec<TopicId> {
        let mut topics: Vec<TopicId> = self.members.values().flat_map(|member| member.topics.iter().copied()).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    /// Whether nobody else holds a partition.
    pub(super) fn is_free_for(&self, tp: TopicPartition, member: MemberId) -> bool {
        self.holders.get(&tp).is_none_or(|holder| *holder == member)
    }

    /// A new target: by the assignor most members ask for, else the coordinator's default.
    pub(super) fn compute_target(&self, default: ServerAssignor) -> GroupAssignment {
        let asked =
            |assignor: ServerAssignor| self.members.values().filter(|member| member.assignor == Some(assignor)).count();
        let (uniform, range) = (asked(ServerAssignor::Uniform), asked(ServerAssignor::Range));
        let assignor = match uniform.cmp(&range) {
            std::cmp::Ordering::Greater => ServerAssignor::Uniform,
            std::cmp::Ordering::Less => ServerAssignor::Range,
            std::cmp::Ordering::Equal => default,
        };
        let none = Vec::new();
        let members: Vec<Subscriber> = self
            .members
            .iter()
            .map(|(id, member)| Subscriber {
                member: *id,
                instance: member.instance.clone(),
                topics: member.topics.iter().copied().filter(|topic| self.counts.contains_key(topic)).collect(),
                owned: self.target.get(id).unwrap_or(&none).clone(),
                generation: Generation::NONE,
            })
            .collect();
        assignor.assign(&members, &self.counts)
    }

    /// When the next thing runs out.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let members = self
            .members
            .values()
            .flat_map(|member| [Some(member.heard_at + self.session_timeout), member.revoke_by].into_iter().flatten());
        members.chain(self.assign_at).min()
    }
}
