//! The groups one broker coordinates: those whose partition of `__consumer_offsets` it leads.

use super::record::GroupRecord;
use super::state::{CommittedOffset, Group, GroupMember};
use crate::collections::Map;
use crate::config::BrokerConfig;
use crate::effect::Effects;
use crate::event::{Event, GroupState};
use crate::fact::Fact;
use crate::ids::{BrokerId, CorrelationId, GroupId, NodeId};
use crate::protocol::{Channel, ErrorCode, Response};
use crate::time::Instant;
use std::sync::Arc;

/// Where an answer goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReplyTo {
    /// The asking process.
    pub peer: NodeId,
    /// Its connection.
    pub channel: Channel,
    /// Its request.
    pub correlation: CorrelationId,
}

/// Records of a group to write, and the answer that leaves once they are committed.
pub type Write = (GroupId, Vec<Arc<GroupRecord>>, Option<(ReplyTo, Response)>);

/// What a handler of the coordinator came to.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Outcome {
    /// Answers that can leave now.
    pub answers: Vec<(ReplyTo, Response)>,
    /// Records to write, and the answer that leaves once they are committed.
    pub write: Option<Write>,
}

impl Outcome {
    /// One answer, now.
    pub fn answer(to: ReplyTo, response: Response) -> Outcome {
        Outcome { answers: vec![(to, response)], write: None }
    }
}

/// All groups of one broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct GroupShards {
    pub(super) groups: Map<GroupId, Group>,
}

impl GroupShards {
    /// The groups coordinated here.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// One group.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    pub(super) fn group_mut(&mut self, id: GroupId) -> &mut Group {
        self.groups.entry(id).or_insert_with(|| Group::new(id))
    }

    /// This broker became the leader of a partition: rebuild its groups from the records.
    pub fn load(&mut self, broker: BrokerId, records: impl Iterator<Item = Arc<GroupRecord>>, out: &mut Effects<'_>) {
        let mut loaded = Map::new();
        for record in records {
            self.replay(&record, out.now);
            loaded.insert(record.group(), ());
        }
        for group in loaded.into_keys() {
            out.emit(|| Event::CoordinatorLoaded { broker, group });
            let commits = || self.groups.get(&group).map(Group::committed).unwrap_or_default();
            out.note(|| Fact::OffsetsLoaded { group, commits: commits() });
            self.tell(group, out);
        }
    }

    /// This broker no longer leads the partition of these groups: forget them, and send their waiting members away.
    pub fn unload(&mut self, is_mine: impl Fn(GroupId) -> bool) -> Vec<(ReplyTo, Response)> {
        let gone: Vec<GroupId> = self.groups.keys().copied().filter(|group| is_mine(*group)).collect();
        let mut answers = Vec::new();
        for id in gone {
            let Some(group) = self.groups.remove(&id) else { continue };
            for (member, state) in group.members {
                if let Some(to) = state.awaiting_join {
                    answers.push((to, super::classic::join_refused(ErrorCode::NotCoordinator, Some(member))));
                }
                if let Some(to) = state.awaiting_sync {
                    answers.push((to, super::classic::sync_refused(ErrorCode::NotCoordinator)));
                }
            }
        }
        answers
    }

    /// The only way durable state changes.
    pub fn replay(&mut self, record: &GroupRecord, now: Instant) {
        match record {
            GroupRecord::OffsetCommit { group, tp, offset, leader_epoch, committed_at, by, generation } => {
                let committed = CommittedOffset {
                    offset: *offset,
                    leader_epoch: *leader_epoch,
                    committed_at: *committed_at,
                    by: *by,
                    generation: *generation,
                };
                self.group_mut(*group).offsets.insert(*tp, committed);
            }
            GroupRecord::GroupMetadata { group, generation, leader, members } => {
                let group = self.group_mut(*group);
                if group.generation >= *generation && !group.members.is_empty() {
                    return;
                }
                group.generation = *generation;
                group.leader = *leader;
                group.state = if members.is_empty() { GroupState::Empty } else { GroupState::Stable };
                group.members = members
                    .iter()
                    .map(|member| {
                        let known = group.incarnations.entry(member.member.client).or_default();
                        *known = (*known).max(member.member.incarnation);
                        let state = GroupMember {
                            session_timeout: member.session_timeout,
                            rebalance_timeout: member.rebalance_timeout,
                            subscription: member.subscription.clone(),
                            assignment: member.assignment.clone(),
                            heard_at: now,
                            awaiting_join: None,
                            awaiting_sync: None,
                        };
                        (member.member, state)
                    })
                    .collect();
            }
        }
    }

    /// Tells checkers what a group looks like now.
    pub fn tell(&self, group: GroupId, out: &mut Effects<'_>) {
        let Some(known) = self.groups.get(&group) else { return };
        out.note(|| Fact::GroupSnapshot {
            group,
            generation: known.generation,
            state: known.state,
            members: known
                .members
                .iter()
                .map(|(id, member)| (NodeId(id.client), id.incarnation, member.assignment.clone()))
                .collect(),
        });
    }

    /// When something in any group runs out.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.groups.values().flat_map(|group| [group.phase_deadline, group.next_session_end()]).flatten().min()
    }

    /// Something may have run out.
    pub fn on_timer(&mut self, config: &BrokerConfig, out: &mut Effects<'_>) -> Vec<Outcome> {
        let due: Vec<GroupId> = self
            .groups
            .values()
            .filter(|group| {
                [group.phase_deadline, group.next_session_end()].into_iter().flatten().any(|at| at <= out.now)
            })
            .map(|group| group.id)
            .collect();
        due.into_iter().map(|id| self.group_mut(id).on_deadline(config, out)).collect()
    }
}
