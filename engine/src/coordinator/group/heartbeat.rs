//! ConsumerGroupHeartbeat: join, reconcile, leave, all in one request (KIP-848, `GroupMetadataManager`).
//!
//! Records change the state as soon as they are written, the answer leaves when they are committed.

use super::consumer::{ConsumerMember, CurrentAssignment, MemberPhase};
use super::record::{ConsumerGroupKey, ConsumerMemberRecord, GroupEntry, GroupRecord};
use super::shards::{GroupShards, Outcome, ReplyTo};
use super::state::Group;
use crate::assignor::ServerAssignor;
use crate::collections::Map;
use crate::config::BrokerConfig;
use crate::effect::Effects;
use crate::event::{Event, GroupState, LeaveReason};
use crate::ids::{Generation, GroupId, MemberId, NodeId, TopicId};
use crate::protocol::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, ErrorCode, Response};
use std::sync::Arc;

/// The epoch with which a static member leaves for a while.
pub(super) const LEAVE_STATIC: i32 = -2;

/// How many partitions a topic has; 0 for an unknown one.
pub type Counts<'a> = dyn Fn(TopicId) -> i32 + 'a;

/// A heartbeat's answer that carries only an error.
pub(crate) fn heartbeat_refused(error: ErrorCode) -> Response {
    Response::ConsumerGroupHeartbeat(Box::new(ConsumerGroupHeartbeatResponse {
        error,
        member_epoch: Generation::NONE,
        heartbeat_interval: crate::time::Duration::ZERO,
        assignment: None,
    }))
}

impl GroupShards {
    /// ConsumerGroupHeartbeat.
    pub fn on_consumer_heartbeat(
        &mut self,
        to: ReplyTo,
        request: &ConsumerGroupHeartbeatRequest,
        counts: &Counts<'_>,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Outcome {
        let group = self.group_mut(request.group, out.now);
        if !group.members.is_empty() {
            return Outcome::answer(to, heartbeat_refused(ErrorCode::GroupIdNotFound));
        }
        let mut records = Vec::new();
        match group.heartbeat(request, counts, config, &mut records, out) {
            Err(error) => Outcome::answer(to, heartbeat_refused(error)),
            Ok(response) => {
                group.note_state(out);
                let response = Response::ConsumerGroupHeartbeat(Box::new(response));
                if records.is_empty() {
                    return Outcome::answer(to, response);
                }
                Outcome { answers: Vec::new(), write: Some((request.group, records, Some((to, response)))) }
            }
        }
    }

    /// Records of a KIP-848 group that could not be written: the group is what the log says.
    pub fn reload(&mut self, id: GroupId, entries: Vec<GroupEntry>, out: &mut Effects<'_>) {
        self.groups.remove(&id);
        for entry in entries {
            match entry {
                GroupEntry::Record(record) if record.group() == id => self.replay(&record, out.now),
                GroupEntry::Record(_) => {}
                GroupEntry::TransactionEnd { producer, committed } => {
                    self.end_transaction(producer, committed, |group| group == id);
                }
            }
        }
    }
}

impl Group {
    fn heartbeat(
        &mut self,
        request: &ConsumerGroupHeartbeatRequest,
        counts: &Counts<'_>,
        config: &BrokerConfig,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) -> Result<ConsumerGroupHeartbeatResponse, ErrorCode> {
        let member = request.member;
        let assignor = match &request.assignor {
            None => None,
            Some(name) => {
                let known =
                    ServerAssignor::find(name).filter(|known| config.group_consumer_assignors.0.contains(known));
                Some(known.ok_or(ErrorCode::UnsupportedAssignor)?)
            }
        };
        self.consumer.get_or_insert_default().session_timeout = config.group_consumer_session_timeout_ms;
        if request.member_epoch.0 < 0 {
            return self.leave(request, counts, config, records, out);
        }
        if request.member_epoch.0 == 0 {
            self.enrol(request, assignor, config, records, out)?;
        } else {
            self.check_epoch(request)?;
            self.update(request, assignor, records, out);
        }
        self.look_at_topics(counts, records, out);
        self.maybe_assign(config, records, out);
        let changed = self.advance(member, request.owned.as_deref(), records, out);
        let consumer = self.consumer.get_or_insert_default();
        let state = consumer.members.get_mut(&member).ok_or(ErrorCode::UnknownMemberId)?;
        state.heard_at = out.now;
        let full = request.member_epoch.0 == 0 || request.topics.is_some();
        Ok(ConsumerGroupHeartbeatResponse {
            error: ErrorCode::None,
            member_epoch: state.current.epoch,
            heartbeat_interval: config.group_consumer_heartbeat_interval_ms,
            assignment: (full || changed).then(|| state.current.partitions()),
        })
    }

    /// Writes a record and applies it at once.
    fn put(&mut self, record: GroupRecord, records: &mut Vec<Arc<GroupRecord>>, out: &Effects<'_>) {
        self.replay(&record, out.now);
        records.push(Arc::new(record));
    }

    /// A member leaves nothing behind: its assignments go before itself (`removeMember`).
    fn put_gone(&mut self, member: MemberId, records: &mut Vec<Arc<GroupRecord>>, out: &Effects<'_>) {
        let group = self.id;
        for of in [ConsumerGroupKey::Current(member), ConsumerGroupKey::Target(member)] {
            self.put(GroupRecord::ConsumerGroupTombstone { group, of }, records, out);
        }
        self.put(GroupRecord::ConsumerGroupMember { group, member, value: None }, records, out);
    }

    fn bump(&mut self, records: &mut Vec<Arc<GroupRecord>>, out: &Effects<'_>) {
        let epoch = Generation(self.generation.0 + 1);
        self.put(GroupRecord::ConsumerGroupMetadata { group: self.id, epoch, at: out.now }, records, out);
    }

    /// Epoch 0: a newcomer, one that was fenced, or a static member that is back.
    fn enrol(
        &mut self,
        request: &ConsumerGroupHeartbeatRequest,
        assignor: Option<ServerAssignor>,
        config: &BrokerConfig,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) -> Result<(), ErrorCode> {
        let (group, member) = (self.id, request.member);
        let consumer = self.consumer.get_or_insert_default();
        let known = consumer.members.contains_key(&member);
        let before = request.instance.as_ref().and_then(|instance| self.statics.get(instance).copied());
        let before =
            before.filter(|before| *before != member).and_then(|id| Some((id, consumer.members.get(&id)?.clone())));
        if let Some((_, state)) = &before
            && state.current.epoch.0 != LEAVE_STATIC
        {
            return Err(ErrorCode::UnreleasedInstanceId);
        }
        if !known && before.is_none() && consumer.members.len() >= config.group_consumer_max_size as usize {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        let value = ConsumerMemberRecord {
            instance: request.instance.clone(),
            rebalance_timeout: request.rebalance_timeout,
            topics: request.topics.clone().unwrap_or_default(),
            assignor,
        };
        if let Some((old, state)) = before {
            // It takes its old place: nobody else needs to move.
            let target = self.consumer.get_or_insert_default().target.get(&old).cloned().unwrap_or_default();
            let same = state.topics == value.topics;
            self.put_gone(old, records, out);
            self.put(GroupRecord::ConsumerGroupMember { group, member, value: Some(value) }, records, out);
            self.put(GroupRecord::ConsumerGroupTarget { group, member, partitions: target }, records, out);
            let epoch = self.consumer.get_or_insert_default().target_epoch;
            let current = CurrentAssignment { epoch, previous_epoch: Generation(0), ..state.current };
            self.put(GroupRecord::ConsumerGroupCurrent { group, member, current }, records, out);
            if !same {
                self.bump(records, out);
            }
            out.emit(|| Event::MemberLeft { group, client: NodeId(old.client), why: LeaveReason::Replaced });
            out.emit(|| Event::MemberJoined { group, client: NodeId(member.client) });
            return Ok(());
        }
        let changed = consumer
            .members
            .get(&member)
            .is_none_or(|state| state.topics != value.topics || state.assignor != assignor);
        self.put(GroupRecord::ConsumerGroupMember { group, member, value: Some(value) }, records, out);
        // Who starts over owns nothing any more.
        let current = CurrentAssignment { previous_epoch: Generation(0), ..CurrentAssignment::default() };
        self.put(GroupRecord::ConsumerGroupCurrent { group, member, current }, records, out);
        if !known || changed {
            self.bump(records, out);
        }
        if !known {
            out.emit(|| Event::MemberJoined { group, client: NodeId(member.client) });
        }
        Ok(())
    }

    /// An older epoch is only believed when an answer was lost: it is the one before, and the member owns nothing it
    /// should not.
    fn check_epoch(&self, request: &ConsumerGroupHeartbeatRequest) -> Result<(), ErrorCode> {
        if let Some(instance) = &request.instance
            && self.statics.get(instance).is_some_and(|current| *current != request.member)
        {
            return Err(ErrorCode::FencedInstanceId);
        }
        let consumer = self.consumer.as_ref().ok_or(ErrorCode::UnknownMemberId)?;
        let state = consumer.members.get(&request.member).ok_or(ErrorCode::UnknownMemberId)?;
        let epoch = state.current.epoch;
        if request.member_epoch == epoch {
            return Ok(());
        }
        let owned = request.owned.as_deref();
        let subset =
            owned.is_some_and(|owned| owned.iter().all(|tp| state.current.assigned.iter().any(|(have, _)| have == tp)));
        if request.member_epoch == state.current.previous_epoch && request.member_epoch < epoch && subset {
            return Ok(());
        }
        Err(ErrorCode::FencedMemberEpoch)
    }

    /// A member may say anew what it subscribes to.
    fn update(
        &mut self,
        request: &ConsumerGroupHeartbeatRequest,
        assignor: Option<ServerAssignor>,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) {
        let Some(topics) = &request.topics else { return };
        let Some(state) = self.consumer.as_ref().and_then(|consumer| consumer.members.get(&request.member)) else {
            return;
        };
        if state.topics == *topics && state.assignor == assignor {
            return;
        }
        let value = ConsumerMemberRecord {
            instance: request.instance.clone(),
            rebalance_timeout: request.rebalance_timeout,
            topics: topics.clone(),
            assignor,
        };
        let (group, member) = (self.id, request.member);
        self.put(GroupRecord::ConsumerGroupMember { group, member, value: Some(value) }, records, out);
        self.bump(records, out);
    }

    fn leave(
        &mut self,
        request: &ConsumerGroupHeartbeatRequest,
        counts: &Counts<'_>,
        config: &BrokerConfig,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) -> Result<ConsumerGroupHeartbeatResponse, ErrorCode> {
        let (group, member) = (self.id, request.member);
        let state = self.consumer.as_ref().and_then(|consumer| consumer.members.get(&member));
        let state = state.ok_or(ErrorCode::UnknownMemberId)?;
        if request.member_epoch.0 == LEAVE_STATIC && state.instance.is_some() {
            // Its place is kept until its session ends.
            let current = CurrentAssignment { epoch: Generation(LEAVE_STATIC), ..state.current.clone() };
            self.put(GroupRecord::ConsumerGroupCurrent { group, member, current }, records, out);
        } else {
            self.drop_member(member, LeaveReason::Leave, records, out);
            self.look_at_topics(counts, records, out);
            self.maybe_assign(config, records, out);
        }
        Ok(ConsumerGroupHeartbeatResponse {
            error: ErrorCode::None,
            member_epoch: request.member_epoch,
            heartbeat_interval: config.group_consumer_heartbeat_interval_ms,
            assignment: None,
        })
    }

    fn drop_member(
        &mut self,
        member: MemberId,
        why: LeaveReason,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) {
        let group = self.id;
        self.put_gone(member, records, out);
        self.bump(records, out);
        out.emit(|| Event::MemberLeft { group, client: NodeId(member.client), why });
    }

    /// Subscribed topics may have appeared, or have more partitions.
    fn look_at_topics(&mut self, counts: &Counts<'_>, records: &mut Vec<Arc<GroupRecord>>, out: &Effects<'_>) {
        let consumer = self.consumer.get_or_insert_default();
        let topics = consumer.topics();
        let now: Map<TopicId, i32> =
            topics.into_iter().map(|topic| (topic, counts(topic))).filter(|(_, count)| *count > 0).collect();
        if now == consumer.counts {
            return;
        }
        // A topic nobody had subscribed to before comes with a member whose coming has moved the epoch already.
        let grew = now.iter().any(|(topic, count)| consumer.counts.get(topic).is_some_and(|known| known != count));
        let appeared = consumer.target_epoch == self.generation;
        consumer.counts = now;
        if grew || appeared {
            self.bump(records, out);
        }
    }

    /// Computes the target again when the group's epoch has moved on, at most once per interval.
    fn maybe_assign(&mut self, config: &BrokerConfig, records: &mut Vec<Arc<GroupRecord>>, out: &mut Effects<'_>) {
        let (group, epoch) = (self.id, self.generation);
        let consumer = self.consumer.get_or_insert_default();
        if consumer.target_epoch >= epoch {
            consumer.assign_at = None;
            return;
        }
        if consumer.assign_after > out.now {
            consumer.assign_at = Some(consumer.assign_after);
            return;
        }
        consumer.assign_at = None;
        consumer.assign_after = out.now + config.group_consumer_assignment_interval_ms;
        let default = config.group_consumer_assignors.0.first().copied().unwrap_or(ServerAssignor::Uniform);
        for (member, mut partitions) in consumer.compute_target(default) {
            partitions.sort_unstable();
            let known = self.consumer.as_ref().and_then(|consumer| consumer.target.get(&member));
            if known.is_none_or(|known| *known != partitions) {
                self.put(GroupRecord::ConsumerGroupTarget { group, member, partitions }, records, out);
            }
        }
        self.put(GroupRecord::ConsumerGroupTargetEpoch { group, epoch }, records, out);
    }

    /// One member's step towards its target. True when what it may read has changed.
    fn advance(
        &mut self,
        member: MemberId,
        owned: Option<&[crate::ids::TopicPartition]>,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) -> bool {
        let group = self.id;
        let Some(consumer) = self.consumer.as_ref() else { return false };
        let Some(state) = consumer.members.get(&member) else { return false };
        let none = Vec::new();
        let target = consumer.target.get(&member).unwrap_or(&none);
        let free = |tp| consumer.is_free_for(tp, member);
        let next = state.current.reconcile(target, consumer.target_epoch, owned, &free);
        if next == state.current {
            return false;
        }
        let changed = next.assigned.iter().map(|(tp, _)| tp).ne(state.current.assigned.iter().map(|(tp, _)| tp));
        let revokes = next.phase == MemberPhase::UnrevokedPartitions;
        let revoke_by = revokes.then(|| out.now + state.rebalance_timeout);
        self.put(GroupRecord::ConsumerGroupCurrent { group, member, current: next }, records, out);
        if let Some(state) = self.consumer.as_mut().and_then(|consumer| consumer.members.get_mut(&member)) {
            state.revoke_by = revoke_by;
        }
        changed
    }

    /// Says so when the group's state has another name now.
    pub(super) fn note_state(&mut self, out: &mut Effects<'_>) {
        let Some(consumer) = &self.consumer else { return };
        let state = consumer.state(self.generation);
        if state == self.state {
            return;
        }
        if state == GroupState::Empty {
            self.empty_since = out.now;
        }
        self.enter(state, out);
    }

    /// A session, a revocation or the assignment interval may have run out. What is returned is to be written.
    pub(super) fn on_consumer_deadline(
        &mut self,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Vec<Arc<GroupRecord>> {
        let mut records = Vec::new();
        let now = out.now;
        let Some(consumer) = &self.consumer else { return records };
        let timeout = consumer.session_timeout;
        let late = |state: &ConsumerMember| {
            if state.revoke_by.is_some_and(|by| by <= now) {
                Some(LeaveReason::RebalanceTimeout)
            } else {
                (state.heard_at + timeout <= now).then_some(LeaveReason::SessionTimeout)
            }
        };
        let gone: Vec<(MemberId, LeaveReason)> =
            consumer.members.iter().filter_map(|(id, state)| Some((*id, late(state)?))).collect();
        for (member, why) in gone {
            self.drop_member(member, why, &mut records, out);
        }
        self.maybe_assign(config, &mut records, out);
        self.note_state(out);
        records
    }

    /// Commits of a KIP-848 member: with its epoch, or with an older one for partitions it has held since (KIP-1251).
    pub(super) fn judge_epoch_commit(
        &mut self,
        member: MemberId,
        epoch: Generation,
        partitions: impl Iterator<Item = crate::ids::TopicPartition>,
    ) -> ErrorCode {
        let Some(state) = self.consumer.as_ref().and_then(|consumer| consumer.members.get(&member)) else {
            return ErrorCode::UnknownMemberId;
        };
        if epoch == state.current.epoch {
            return ErrorCode::None;
        }
        if epoch > state.current.epoch {
            return ErrorCode::StaleMemberEpoch;
        }
        let mut partitions = partitions;
        let held_since = |tp| state.current.assigned.iter().any(|(have, given)| *have == tp && *given <= epoch);
        if partitions.all(held_since) { ErrorCode::None } else { ErrorCode::StaleMemberEpoch }
    }
}
