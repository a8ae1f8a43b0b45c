//! Replaying records: the only way a group's durable state changes.

use super::consumer::{ConsumerMember, CurrentAssignment};
use super::record::{ConsumerGroupKey, GroupRecord, MemberRecord};
use super::shards::GroupShards;
use super::share::ShareGroupRecord;
use super::state::{CommittedOffset, Group, GroupMember};
use crate::event::GroupState;
use crate::fact::CommittedFact;
use crate::ids::{Generation, GroupId, MemberId, ProducerId};
use crate::time::{Duration, Instant};

impl GroupShards {
    /// Takes a record in.
    pub fn replay(&mut self, record: &GroupRecord, now: Instant) {
        if let GroupRecord::GroupTombstone { group }
        | GroupRecord::ConsumerGroupTombstone { group, of: ConsumerGroupKey::Group } = record
        {
            if self.groups.get(group).is_some_and(|group| !group.has_members()) {
                self.groups.remove(group);
            }
            return;
        }
        self.group_mut(record.group(), now).replay(record, now);
    }

    /// A transaction's marker stands in a partition of `__consumer_offsets`: the offsets of its groups are decided.
    /// Returns what counts from now on.
    pub(super) fn end_transaction(
        &mut self,
        producer: ProducerId,
        committed: bool,
        is_in_partition: impl Fn(GroupId) -> bool,
    ) -> Vec<(GroupId, Vec<CommittedFact>)> {
        let groups =
            self.groups.iter_mut().filter(|(id, group)| group.pending.contains_key(&producer) && is_in_partition(**id));
        groups.map(|(id, group)| (*id, group.end_transaction(producer, committed))).collect()
    }
}

impl Group {
    pub(super) fn replay(&mut self, record: &GroupRecord, now: Instant) {
        match record {
            GroupRecord::OffsetCommit { tp, offset, leader_epoch, committed_at, by, generation, pending, .. } => {
                self.replayed += 1;
                let committed = CommittedOffset {
                    offset: *offset,
                    leader_epoch: *leader_epoch,
                    committed_at: *committed_at,
                    by: *by,
                    generation: *generation,
                    order: self.replayed,
                };
                match pending {
                    Some(producer) => {
                        self.pending.entry(*producer).or_default().insert(*tp, committed);
                    }
                    None => {
                        self.offsets.insert(*tp, committed);
                    }
                }
            }
            GroupRecord::OffsetTombstone { tp, .. } => {
                self.offsets.remove(tp);
            }
            GroupRecord::GroupTombstone { .. } => {}
            GroupRecord::ConsumerGroupTombstone { of, .. } => self.forget(*of),
            GroupRecord::Share { record, .. } => {
                if let ShareGroupRecord::Epoch(epoch) = record {
                    self.generation = *epoch;
                }
                self.share.get_or_insert_default().replay(record, now);
            }
            GroupRecord::GroupMetadata { generation, protocol, leader, members, at, .. } => {
                if self.generation >= *generation && !self.members.is_empty() {
                    return;
                }
                self.generation = *generation;
                self.protocol = *protocol;
                self.leader = *leader;
                self.state = if members.is_empty() { GroupState::Empty } else { GroupState::Stable };
                self.empty_since = *at;
                self.members.clear();
                self.statics.clear();
                for member in members {
                    self.note_id(member.member);
                    if let Some(instance) = &member.instance {
                        self.statics.insert(instance.clone(), member.member);
                    }
                    self.members.insert(member.member, loaded(member, now));
                }
            }
            GroupRecord::ConsumerGroupMetadata { epoch, at, .. } => {
                self.generation = *epoch;
                self.empty_since = *at;
                self.consumer.get_or_insert_default();
            }
            GroupRecord::ConsumerGroupMember { member, value: None, .. } => self.forget_member(*member),
            GroupRecord::ConsumerGroupMember { member, value: Some(value), .. } => {
                self.note_id(*member);
                if let Some(instance) = &value.instance {
                    self.statics.insert(instance.clone(), *member);
                }
                let consumer = self.consumer.get_or_insert_default();
                let known = consumer.members.remove(member);
                let state = ConsumerMember {
                    instance: value.instance.clone(),
                    rebalance_timeout: value.rebalance_timeout,
                    topics: value.topics.clone(),
                    assignor: value.assignor,
                    current: known
                        .map(|known| known.current)
                        .unwrap_or(CurrentAssignment { epoch: Generation(0), ..CurrentAssignment::default() }),
                    heard_at: now,
                    revoke_by: None,
                };
                consumer.members.insert(*member, state);
            }
            GroupRecord::ConsumerGroupTargetEpoch { epoch, .. } => {
                self.consumer.get_or_insert_default().target_epoch = *epoch;
            }
            GroupRecord::ConsumerGroupTarget { member, partitions, .. } => {
                self.consumer.get_or_insert_default().target.insert(*member, partitions.clone());
            }
            GroupRecord::ConsumerGroupCurrent { member, current, .. } => {
                let consumer = self.consumer.get_or_insert_default();
                // Of a compacted log the member's own record may come later.
                let state = consumer.members.entry(*member).or_insert_with(|| ConsumerMember::unknown(now));
                let before = std::mem::replace(&mut state.current, current.clone());
                for tp in before.assigned.iter().map(|(tp, _)| tp).chain(&before.revoking) {
                    if consumer.holders.get(tp) == Some(member) {
                        consumer.holders.remove(tp);
                    }
                }
                for tp in current.assigned.iter().map(|(tp, _)| tp).chain(&current.revoking) {
                    consumer.holders.insert(*tp, *member);
                }
            }
        }
    }

    /// A transaction is decided: its offsets count from now on, or never did. Returns those that count.
    pub(super) fn end_transaction(&mut self, producer: ProducerId, committed: bool) -> Vec<CommittedFact> {
        let pending = self.pending.remove(&producer).unwrap_or_default();
        let mut counted = Vec::new();
        for (tp, offset) in pending {
            let is_newer = self.offsets.get(&tp).is_none_or(|known| known.order < offset.order);
            if committed && is_newer {
                self.offsets.insert(tp, offset);
                counted.push(offset.fact(tp));
            }
        }
        counted
    }

    fn forget(&mut self, key: ConsumerGroupKey) {
        let Some(consumer) = &mut self.consumer else { return };
        match key {
            // The group as a whole is the shards' affair.
            ConsumerGroupKey::Group | ConsumerGroupKey::TargetEpoch => {}
            ConsumerGroupKey::Target(member) => {
                consumer.target.remove(&member);
            }
            ConsumerGroupKey::Current(member) => {
                if let Some(state) = consumer.members.get_mut(&member) {
                    state.current = CurrentAssignment { epoch: Generation(0), ..CurrentAssignment::default() };
                }
                consumer.holders.retain(|_, holder| *holder != member);
            }
        }
    }

    fn forget_member(&mut self, member: MemberId) {
        self.statics.retain(|_, holder| *holder != member);
        let Some(consumer) = &mut self.consumer else { return };
        consumer.members.remove(&member);
        consumer.target.remove(&member);
        consumer.holders.retain(|_, holder| *holder != member);
    }

    fn note_id(&mut self, member: MemberId) {
        let known = self.incarnations.entry(member.client).or_default();
        *known = (*known).max(member.incarnation);
    }

    /// The group was read from the log: sessions begin now, and what a member was told to give up it is told again.
    pub(super) fn begin_sessions(&mut self, session_timeout: Duration, now: Instant) {
        self.members.values_mut().for_each(|member| member.heard_at = now);
        let generation = self.generation;
        let Some(consumer) = &mut self.consumer else { return };
        consumer.session_timeout = session_timeout;
        for member in consumer.members.values_mut() {
            member.heard_at = now;
            let revokes = !member.current.revoking.is_empty();
            member.revoke_by = revokes.then(|| now + member.rebalance_timeout);
        }
        if self.members.is_empty() {
            self.state = consumer.state(generation);
        }
    }
}

fn loaded(member: &MemberRecord, now: Instant) -> GroupMember {
    GroupMember {
        instance: member.instance.clone(),
        session_timeout: member.session_timeout,
        rebalance_timeout: member.rebalance_timeout,
        protocols: member.protocols.clone(),
        subscription: member.subscription.clone(),
        assignment: member.assignment.clone(),
        heard_at: now,
        awaiting_join: None,
        awaiting_sync: None,
    }
}
