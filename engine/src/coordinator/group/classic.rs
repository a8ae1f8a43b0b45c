//! The classic protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

use super::record::{GroupRecord, MemberRecord};
use super::shards::{GroupShards, Outcome, ReplyTo};
use super::state::{Group, GroupMember};
use crate::assignor::Assignor;
use crate::config::BrokerConfig;
use crate::effect::Effects;
use crate::event::{Event, GroupState, LeaveReason};
use crate::ids::{Generation, MemberId, NodeId};
use crate::planted::{Planted, planted};
use crate::protocol::{
    ErrorCode, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, Response, SyncGroupRequest,
    SyncGroupResponse,
};
use std::sync::Arc;

/// A JoinGroup answer without a generation.
pub(crate) fn join_refused(error: ErrorCode, member: Option<MemberId>) -> Response {
    Response::JoinGroup(Box::new(JoinGroupResponse {
        error,
        generation: Generation::NONE,
        protocol: None,
        leader: None,
        member,
        members: Vec::new(),
        skip_assignment: false,
    }))
}

/// A SyncGroup answer without an assignment.
pub(crate) fn sync_refused(error: ErrorCode) -> Response {
    Response::SyncGroup(Box::new(SyncGroupResponse { error, assignment: Vec::new() }))
}

impl GroupShards {
    /// JoinGroup: answered when the join phase ends.
    pub fn on_join(
        &mut self,
        to: ReplyTo,
        request: JoinGroupRequest,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Outcome {
        let refused = |error| Outcome::answer(to, join_refused(error, request.member));
        let bounds = config.group_min_session_timeout_ms.span()..=config.group_max_session_timeout_ms.span();
        if !bounds.contains(&request.session_timeout) {
            return refused(ErrorCode::InvalidSessionTimeout);
        }
        let group = self.group_mut(request.group, out.now);
        let speaks_848 = group.consumer.as_ref().is_some_and(|consumer| !consumer.members.is_empty());
        if speaks_848 || !group.supports(&request.protocols) {
            return refused(ErrorCode::InconsistentGroupProtocol);
        }
        let known = request.member.is_some_and(|member| group.members.contains_key(&member));
        let full = group.members.len() >= config.group_max_size as usize;
        match (request.member, request.instance.clone()) {
            (None, Some(instance)) => match group.statics.get(&instance).copied() {
                Some(old) => group.replace_static(old, to, request, config, out),
                None if full => refused(ErrorCode::GroupMaxSizeReached),
                None => {
                    let member = group.next_member_id(request.client);
                    group.statics.insert(instance, member);
                    group.admit(member, to, request, config, out)
                }
            },
            (None, None) if full => refused(ErrorCode::GroupMaxSizeReached),
            (None, None) => {
                // A newcomer first gets an id, so that a retried request does not leave a ghost behind (KIP-394).
                let member = group.next_member_id(request.client);
                group.pending_members.insert(member, out.now + request.session_timeout);
                Outcome::answer(to, join_refused(ErrorCode::MemberIdRequired, Some(member)))
            }
            (Some(member), instance) => {
                let error = group.check_instance(member, instance.as_ref());
                if error.is_error() {
                    return refused(error);
                }
                if group.pending_members.remove(&member).is_some() {
                    return group.admit(member, to, request, config, out);
                }
                if known { group.rejoin(member, to, request, config, out) } else { refused(ErrorCode::UnknownMemberId) }
            }
        }
    }

    /// SyncGroup: answered when the leader's assignment is committed.
    pub fn on_sync(&mut self, to: ReplyTo, request: SyncGroupRequest, out: &mut Effects<'_>) -> Outcome {
        let refused = |error| Outcome::answer(to, sync_refused(error));
        let Some(group) = self.groups.get_mut(&request.group) else { return refused(ErrorCode::UnknownMemberId) };
        let error = group.check_instance(request.member, request.instance.as_ref());
        if error.is_error() {
            return refused(error);
        }
        let generation = group.generation;
        let Some(state) = group.members.get_mut(&request.member) else { return refused(ErrorCode::UnknownMemberId) };
        if request.generation != generation {
            return refused(ErrorCode::IllegalGeneration);
        }
        state.heard_at = out.now;
        match group.state {
            GroupState::PreparingRebalance => refused(ErrorCode::RebalanceInProgress),
            GroupState::Stable => {
                let assignment = state.assignment.clone();
                let response = SyncGroupResponse { error: ErrorCode::None, assignment };
                Outcome::answer(to, Response::SyncGroup(Box::new(response)))
            }
            GroupState::CompletingRebalance => {
                state.awaiting_sync = Some(to);
                if group.leader != Some(request.member) {
                    return Outcome::default();
                }
                let assigned = request.assignments;
                Outcome { answers: Vec::new(), write: Some((group.id, vec![group.record(&assigned, out)], None)) }
            }
            GroupState::Empty | GroupState::Assigning | GroupState::Reconciling => refused(ErrorCode::UnknownMemberId),
        }
    }

    /// A group metadata record is committed: the generation is stable, everyone gets its part.
    pub fn on_assignment_committed(&mut self, record: &GroupRecord, out: &mut Effects<'_>) -> Outcome {
        let GroupRecord::GroupMetadata { group, generation, members, .. } = record else { return Outcome::default() };
        let Some(group) = self.groups.get_mut(group) else { return Outcome::default() };
        let mut outcome = Outcome::default();
        if group.generation != *generation || group.state != GroupState::CompletingRebalance {
            return outcome;
        }
        for member in members {
            let Some(state) = group.members.get_mut(&member.member) else { continue };
            state.assignment = member.assignment.clone();
            state.heard_at = out.now;
            if let Some(to) = state.awaiting_sync.take() {
                let mut assignment = member.assignment.clone();
                if planted(Planted::PartitionAssignedTwice) {
                    let others = members.iter().flat_map(|other| &other.assignment);
                    assignment = others.copied().collect();
                }
                let response = SyncGroupResponse { error: ErrorCode::None, assignment };
                outcome.answers.push((to, Response::SyncGroup(Box::new(response))));
            }
        }
        group.phase_deadline = None;
        group.enter(GroupState::Stable, out);
        outcome
    }

    /// The assignment could not be written: everyone joins again.
    pub fn on_assignment_failed(&mut self, record: &GroupRecord, error: ErrorCode) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some(group) = self.groups.get_mut(&record.group()) {
            for state in group.members.values_mut() {
                if let Some(to) = state.awaiting_sync.take() {
                    outcome.answers.push((to, sync_refused(error)));
                }
            }
        }
        outcome
    }

    /// Heartbeat.
    pub fn on_heartbeat(&mut self, request: &HeartbeatRequest, out: &mut Effects<'_>) -> ErrorCode {
        let Some(group) = self.groups.get_mut(&request.group) else { return ErrorCode::UnknownMemberId };
        let error = group.check_instance(request.member, request.instance.as_ref());
        if error.is_error() {
            return error;
        }
        let Some(state) = group.members.get_mut(&request.member) else { return ErrorCode::UnknownMemberId };
        if request.generation != group.generation {
            return ErrorCode::IllegalGeneration;
        }
        state.heard_at = out.now;
        match group.state {
            GroupState::PreparingRebalance => ErrorCode::RebalanceInProgress,
            GroupState::CompletingRebalance | GroupState::Stable => ErrorCode::None,
            GroupState::Empty | GroupState::Assigning | GroupState::Reconciling => ErrorCode::UnknownMemberId,
        }
    }

    /// LeaveGroup.
    pub fn on_leave(
        &mut self,
        to: ReplyTo,
        request: LeaveGroupRequest,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Outcome {
        let answer = |error| Outcome::answer(to, Response::LeaveGroup(error));
        let Some(group) = self.groups.get_mut(&request.group) else { return answer(ErrorCode::UnknownMemberId) };
        if group.pending_members.remove(&request.member).is_some() {
            let mut outcome = answer(ErrorCode::None);
            outcome.absorb(group.complete_join_if_ready(out));
            return outcome;
        }
        if !group.members.contains_key(&request.member) {
            return answer(ErrorCode::UnknownMemberId);
        }
        let mut outcome = answer(ErrorCode::None);
        outcome.absorb(group.remove(request.member, LeaveReason::Leave, config, out));
        outcome
    }
}

impl Group {
    pub(super) fn enter(&mut self, state: GroupState, out: &mut Effects<'_>) {
        self.state = state;
        let (group, generation) = (self.id, self.generation);
        out.emit(|| Event::GroupStateChanged { group, state, generation });
    }

    /// Whether some assignor offered is known to every member.
    fn supports(&self, offered: &[Assignor]) -> bool {
        self.members.is_empty()
            || offered.iter().any(|name| self.members.values().all(|member| member.protocols.contains(name)))
    }

    /// A static member's id must be the one its instance has now.
    pub(super) fn check_instance(&self, member: MemberId, instance: Option<&Arc<str>>) -> ErrorCode {
        match instance.map(|instance| self.statics.get(instance)) {
            None => ErrorCode::None,
            Some(Some(current)) if *current == member => ErrorCode::None,
            Some(Some(_)) => ErrorCode::FencedInstanceId,
            Some(None) => ErrorCode::UnknownMemberId,
        }
    }

    fn member_of(to: Option<ReplyTo>, request: JoinGroupRequest, out: &Effects<'_>) -> GroupMember {
        GroupMember {
            instance: request.instance,
            session_timeout: request.session_timeout,
            rebalance_timeout: request.rebalance_timeout,
            protocols: request.protocols,
            subscription: request.subscription,
            assignment: Vec::new(),
            heard_at: out.now,
            awaiting_join: to,
            awaiting_sync: None,
        }
    }

    /// A member enters the group.
    fn admit(
        &mut self,
        member: MemberId,
        to: ReplyTo,
        request: JoinGroupRequest,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Outcome {
        self.members.insert(member, Group::member_of(Some(to), request, out));
        if let Some(delay) = &mut self.initial_delay {
            delay.newcomer = true;
        }
        self.leader = self.leader.or(Some(member));
        let mut outcome = self.prepare_rebalance(config, out);
        let group = self.id;
        out.emit(|| Event::MemberJoined { group, client: NodeId(member.client) });
        outcome.absorb(self.complete_join_if_ready(out));
        outcome
    }

    /// A member the group knows joins again.
    fn rejoin(
        &mut self,
        member: MemberId,
        to: ReplyTo,
        request: JoinGroupRequest,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Outcome {
        let Some(known) = self.members.get_mut(&member) else { return Outcome::default() };
        let unchanged = known.subscription == request.subscription && known.protocols == request.protocols;
        let current = match self.state {
            // Its answer was lost: it gets it again.
            GroupState::CompletingRebalance => unchanged,
            // A follower that asks again without news only gets the current generation; a leader has noticed something.
            GroupState::Stable => unchanged && self.leader != Some(member),
            _ => false,
        };
        if current {
            known.heard_at = out.now;
            return Outcome::answer(to, self.join_answer(member));
        }
        let assignment = std::mem::take(&mut known.assignment);
        *known = GroupMember { assignment, ..Group::member_of(Some(to), request, out) };
        let mut outcome = self.prepare_rebalance(config, out);
        outcome.absorb(self.complete_join_if_ready(out));
        outcome
    }

    /// A static member came back: its old id is fenced, its partitions are waiting for it (KIP-345).
    fn replace_static(
        &mut self,
        old: MemberId,
        to: ReplyTo,
        request: JoinGroupRequest,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Outcome {
        let Some(before) = self.members.remove(&old) else { return Outcome::default() };
        let member = self.next_member_id(request.client);
        if let Some(instance) = &request.instance {
            self.statics.insert(Arc::clone(instance), member);
        }
        if self.leader == Some(old) {
            self.leader = Some(member);
        }
        let mut outcome = Outcome::default();
        if let Some(waiting) = before.awaiting_join {
            outcome.answers.push((waiting, join_refused(ErrorCode::FencedInstanceId, Some(old))));
        }
        if let Some(waiting) = before.awaiting_sync {
            outcome.answers.push((waiting, sync_refused(ErrorCode::FencedInstanceId)));
        }
        let same_topics = before.subscription.topics == request.subscription.topics;
        let settled = self.state == GroupState::Stable && same_topics;
        let mut state = Group::member_of((!settled).then_some(to), request, out);
        state.assignment = before.assignment;
        self.members.insert(member, state);
        let group = self.id;
        out.emit(|| Event::MemberLeft { group, client: NodeId(old.client), why: LeaveReason::Replaced });
        out.emit(|| Event::MemberJoined { group, client: NodeId(member.client) });
        // Unless the choice of assignor changes with it, nobody else needs to know.
        if settled && self.choose_protocol() == self.protocol {
            let assigned: Vec<_> = self.members.iter().map(|(id, state)| (*id, state.assignment.clone())).collect();
            let answer = (to, self.join_answer_skipping(member));
            outcome.write = Some((self.id, vec![self.record(&assigned, out)], Some(answer)));
            return outcome;
        }
        if let Some(state) = self.members.get_mut(&member) {
            state.awaiting_join = Some(to);
        }
        outcome.absorb(self.prepare_rebalance(config, out));
        outcome.absorb(self.complete_join_if_ready(out));
        outcome
    }

    /// The group's metadata as a record, with these assignments.
    fn record(&self, assigned: &crate::assignor::GroupAssignment, out: &Effects<'_>) -> Arc<GroupRecord> {
        let assigned: crate::collections::Map<MemberId, &Vec<crate::ids::TopicPartition>> =
            assigned.iter().map(|(member, partitions)| (*member, partitions)).collect();
        let members = self.members.iter().map(|(member, state)| MemberRecord {
            member: *member,
            instance: state.instance.clone(),
            session_timeout: state.session_timeout,
            rebalance_timeout: state.rebalance_timeout,
            protocols: state.protocols.clone(),
            subscription: state.subscription.clone(),
            assignment: assigned.get(member).map(|partitions| (*partitions).clone()).unwrap_or_default(),
        });
        Arc::new(GroupRecord::GroupMetadata {
            group: self.id,
            generation: self.generation,
            protocol: self.protocol,
            leader: self.leader,
            members: members.collect(),
            at: out.now,
        })
    }
}

impl Outcome {
    /// Adds what a further step came to. Two steps of one request never both write.
    pub(super) fn absorb(&mut self, other: Outcome) {
        self.answers.extend(other.answers);
        if other.write.is_some() {
            self.write = other.write;
        }
    }
}
