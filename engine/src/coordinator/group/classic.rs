//! The classic protocol: join, sync, heartbeat, leave.

use super::record::{GroupRecord, MemberRecord};
use super::shards::{GroupShards, Outcome, ReplyTo};
use super::state::{Group, GroupMember};
use crate::config::BrokerConfig;
use crate::effect::Effects;
use crate::event::{Event, GroupState, LeaveReason};
use crate::ids::{Generation, NodeId};
use crate::protocol::{
    ErrorCode, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, MemberId, Response,
    SyncGroupRequest, SyncGroupResponse,
};
use std::sync::Arc;

/// A JoinGroup answer without a generation.
pub(super) fn join_refused(error: ErrorCode, member: Option<MemberId>) -> Response {
    Response::JoinGroup(Box::new(JoinGroupResponse {
        error,
        generation: Generation::NONE,
        leader: None,
        member,
        members: Vec::new(),
    }))
}

/// A SyncGroup answer without an assignment.
pub(super) fn sync_refused(error: ErrorCode) -> Response {
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
        let bounds = config.group_min_session_timeout_ms.span()..=config.group_max_session_timeout_ms.span();
        if !bounds.contains(&request.session_timeout) {
            return Outcome::answer(to, join_refused(ErrorCode::InvalidSessionTimeout, request.member));
        }
        let group = self.group_mut(request.group);
        let Some(member) = request.member else {
            if group.members.len() >= config.group_max_size as usize {
                return Outcome::answer(to, join_refused(ErrorCode::GroupMaxSizeReached, None));
            }
            // A newcomer first gets an id, so that a retried request does not leave a ghost behind (KIP-394).
            let incarnation = group.incarnations.entry(request.client).or_default();
            *incarnation += 1;
            let member = MemberId { client: request.client, incarnation: *incarnation };
            group.pending_members.insert(member);
            return Outcome::answer(to, join_refused(ErrorCode::MemberIdRequired, Some(member)));
        };
        let known = group.members.contains_key(&member);
        if !known && !group.pending_members.remove(&member) {
            return Outcome::answer(to, join_refused(ErrorCode::UnknownMemberId, Some(member)));
        }
        let unchanged = group.members.get(&member).is_some_and(|state| state.subscription == request.subscription);
        if group.state == GroupState::Stable && unchanged && group.leader != Some(member) {
            // A follower that asks again only gets the current generation.
            if let Some(state) = group.members.get_mut(&member) {
                state.heard_at = out.now;
            }
            return Outcome::answer(to, group.join_answer(member));
        }
        let state = GroupMember {
            session_timeout: request.session_timeout,
            rebalance_timeout: request.rebalance_timeout,
            subscription: request.subscription,
            assignment: group.members.get(&member).map(|state| state.assignment.clone()).unwrap_or_default(),
            heard_at: out.now,
            awaiting_join: Some(to),
            awaiting_sync: None,
        };
        group.members.insert(member, state);
        if group.leader.is_none() {
            group.leader = Some(member);
        }
        let mut outcome = group.prepare_rebalance(config, out);
        let group_id = group.id;
        if !known {
            out.emit(|| Event::MemberJoined { group: group_id, client: NodeId(member.client) });
        }
        outcome.absorb(group.complete_join_if_ready(out));
        outcome
    }

    /// SyncGroup: answered when the leader's assignment is committed.
    pub fn on_sync(&mut self, to: ReplyTo, request: SyncGroupRequest, out: &mut Effects<'_>) -> Outcome {
        let refused = |error| Outcome::answer(to, sync_refused(error));
        let Some(group) = self.groups.get_mut(&request.group) else { return refused(ErrorCode::UnknownMemberId) };
        let generation = group.generation;
        let Some(state) = group.members.get_mut(&request.member) else { return refused(ErrorCode::UnknownMemberId) };
        if request.generation != generation {
            return refused(ErrorCode::IllegalGeneration);
        }
        state.heard_at = out.now;
        match group.state {
            GroupState::Empty => refused(ErrorCode::UnknownMemberId),
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
                let members = group.members.iter().map(|(member, state)| MemberRecord {
                    member: *member,
                    session_timeout: state.session_timeout,
                    rebalance_timeout: state.rebalance_timeout,
                    subscription: state.subscription.clone(),
                    assignment: request
                        .assignments
                        .iter()
                        .find(|(assignee, _)| assignee == member)
                        .map(|(_, partitions)| partitions.clone())
                        .unwrap_or_default(),
                });
                let record = GroupRecord::GroupMetadata {
                    group: group.id,
                    generation,
                    leader: group.leader,
                    members: members.collect(),
                };
                Outcome { answers: Vec::new(), write: Some((group.id, vec![Arc::new(record)], None)) }
            }
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
                let response = SyncGroupResponse { error: ErrorCode::None, assignment: member.assignment.clone() };
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
    pub fn on_heartbeat(&mut self, request: HeartbeatRequest, out: &mut Effects<'_>) -> ErrorCode {
        let Some(group) = self.groups.get_mut(&request.group) else { return ErrorCode::UnknownMemberId };
        let Some(state) = group.members.get_mut(&request.member) else { return ErrorCode::UnknownMemberId };
        if request.generation != group.generation {
            return ErrorCode::IllegalGeneration;
        }
        state.heard_at = out.now;
        match group.state {
            GroupState::PreparingRebalance => ErrorCode::RebalanceInProgress,
            GroupState::Empty => ErrorCode::UnknownMemberId,
            GroupState::CompletingRebalance | GroupState::Stable => ErrorCode::None,
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
        if group.pending_members.remove(&request.member) {
            return answer(ErrorCode::None);
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
    fn enter(&mut self, state: GroupState, out: &mut Effects<'_>) {
        self.state = state;
        let (group, generation) = (self.id, self.generation);
        out.emit(|| Event::GroupStateChanged { group, state, generation });
    }

    /// Begins to collect JoinGroup requests, unless it is doing so already.
    fn prepare_rebalance(&mut self, config: &BrokerConfig, out: &mut Effects<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        match self.state {
            GroupState::PreparingRebalance => return outcome,
            GroupState::Empty => {
                self.initial_delay = true;
                let delay = config.group_initial_rebalance_delay_ms.span().min(self.rebalance_timeout());
                self.phase_deadline = Some(out.now + delay);
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                for state in self.members.values_mut() {
                    if let Some(to) = state.awaiting_sync.take() {
                        outcome.answers.push((to, sync_refused(ErrorCode::RebalanceInProgress)));
                    }
                }
                self.initial_delay = false;
                self.phase_deadline = Some(out.now + self.rebalance_timeout());
            }
        }
        self.enter(GroupState::PreparingRebalance, out);
        outcome
    }

    /// Ends the join phase when every known member has joined.
    fn complete_join_if_ready(&mut self, out: &mut Effects<'_>) -> Outcome {
        let all_joined = self.members.values().all(|state| state.awaiting_join.is_some());
        if self.state != GroupState::PreparingRebalance || self.initial_delay || !all_joined {
            return Outcome::default();
        }
        self.complete_join(out)
    }

    fn complete_join(&mut self, out: &mut Effects<'_>) -> Outcome {
        self.initial_delay = false;
        self.generation.0 += 1;
        let mut outcome = Outcome::default();
        if self.members.is_empty() {
            self.leader = None;
            self.phase_deadline = None;
            self.enter(GroupState::Empty, out);
            let record = GroupRecord::GroupMetadata {
                group: self.id,
                generation: self.generation,
                leader: None,
                members: Vec::new(),
            };
            outcome.write = Some((self.id, vec![Arc::new(record)], None));
            return outcome;
        }
        if self.leader.is_none_or(|leader| !self.members.contains_key(&leader)) {
            self.leader = self.members.keys().next().copied();
        }
        self.phase_deadline = Some(out.now + self.rebalance_timeout());
        self.enter(GroupState::CompletingRebalance, out);
        let members: Vec<MemberId> = self.members.keys().copied().collect();
        for member in members {
            let response = self.join_answer(member);
            if let Some(state) = self.members.get_mut(&member) {
                state.heard_at = out.now;
                if let Some(to) = state.awaiting_join.take() {
                    outcome.answers.push((to, response));
                }
            }
        }
        outcome
    }

    fn join_answer(&self, member: MemberId) -> Response {
        let members = if self.leader == Some(member) {
            self.members.iter().map(|(id, state)| (*id, state.subscription.clone())).collect()
        } else {
            Vec::new()
        };
        Response::JoinGroup(Box::new(JoinGroupResponse {
            error: ErrorCode::None,
            generation: self.generation,
            leader: self.leader,
            member: Some(member),
            members,
        }))
    }

    /// Takes a member out; the others rebalance.
    fn remove(&mut self, member: MemberId, why: LeaveReason, config: &BrokerConfig, out: &mut Effects<'_>) -> Outcome {
        let Some(state) = self.members.remove(&member) else { return Outcome::default() };
        let mut outcome = Outcome::default();
        if let Some(to) = state.awaiting_join {
            outcome.answers.push((to, join_refused(ErrorCode::UnknownMemberId, Some(member))));
        }
        if let Some(to) = state.awaiting_sync {
            outcome.answers.push((to, sync_refused(ErrorCode::UnknownMemberId)));
        }
        if self.leader == Some(member) {
            self.leader = self.members.keys().next().copied();
        }
        let group = self.id;
        out.emit(|| Event::MemberLeft { group, client: NodeId(member.client), why });
        if self.state != GroupState::Empty {
            outcome.absorb(self.prepare_rebalance(config, out));
        }
        outcome.absorb(self.complete_join_if_ready(out));
        outcome
    }

    /// A phase or a session may have run out.
    pub(super) fn on_deadline(&mut self, config: &BrokerConfig, out: &mut Effects<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if self.phase_deadline.is_some_and(|at| at <= out.now) {
            let missing: Vec<MemberId> = match self.state {
                GroupState::PreparingRebalance => self.missing(|state| state.awaiting_join.is_none()),
                GroupState::CompletingRebalance => self.missing(|state| state.awaiting_sync.is_none()),
                GroupState::Empty | GroupState::Stable => Vec::new(),
            };
            self.phase_deadline = None;
            match self.state {
                GroupState::PreparingRebalance => {
                    for member in missing {
                        outcome.absorb(self.remove_quietly(member, out));
                    }
                    outcome.absorb(self.complete_join(out));
                }
                GroupState::CompletingRebalance => {
                    for member in missing {
                        outcome.absorb(self.remove(member, LeaveReason::RebalanceTimeout, config, out));
                    }
                }
                GroupState::Empty | GroupState::Stable => {}
            }
        }
        let now = out.now;
        let silent =
            self.missing(|state| state.awaiting_join.is_none() && state.heard_at + state.session_timeout <= now);
        for member in silent {
            outcome.absorb(self.remove(member, LeaveReason::SessionTimeout, config, out));
        }
        outcome
    }

    fn missing(&self, test: impl Fn(&GroupMember) -> bool) -> Vec<MemberId> {
        self.members.iter().filter(|(_, state)| test(state)).map(|(member, _)| *member).collect()
    }

    fn remove_quietly(&mut self, member: MemberId, out: &mut Effects<'_>) -> Outcome {
        self.members.remove(&member);
        let group = self.id;
        out.emit(|| Event::MemberLeft { group, client: NodeId(member.client), why: LeaveReason::RebalanceTimeout });
        Outcome::default()
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
