//! A classic group's rebalance: who is waited for, how long, and what a generation begins with.

use super::classic::{join_refused, sync_refused};
use super::record::GroupRecord;
use super::shards::Outcome;
use super::state::{Group, GroupMember, InitialDelay};
use crate::assignor::{Assignor, Subscriber};
use crate::config::BrokerConfig;
use crate::effect::Effects;
use crate::event::{Event, GroupState, LeaveReason};
use crate::ids::{MemberId, NodeId};
use crate::protocol::{ErrorCode, JoinGroupResponse, Response};
use crate::time::Duration;
use std::sync::Arc;

impl Group {
    /// Begins to collect JoinGroup requests, unless it is doing so already.
    pub(super) fn prepare_rebalance(&mut self, config: &BrokerConfig, out: &mut Effects<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        match self.state {
            GroupState::PreparingRebalance => return outcome,
            GroupState::Empty | GroupState::Assigning | GroupState::Reconciling => {
                let timeout = self.rebalance_timeout();
                let delay = config.group_initial_rebalance_delay_ms.span().min(timeout);
                self.initial_delay =
                    Some(InitialDelay { remaining: Duration(timeout.0.saturating_sub(delay.0)), newcomer: false });
                self.phase_deadline = Some(out.now + delay);
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                for state in self.members.values_mut() {
                    if let Some(to) = state.awaiting_sync.take() {
                        outcome.answers.push((to, sync_refused(ErrorCode::RebalanceInProgress)));
                    }
                }
                self.initial_delay = None;
                self.phase_deadline = Some(out.now + self.rebalance_timeout());
            }
        }
        self.enter(GroupState::PreparingRebalance, out);
        outcome
    }

    /// Ends the join phase when every known member has joined.
    pub(super) fn complete_join_if_ready(&mut self, out: &mut Effects<'_>) -> Outcome {
        let all_joined = self.members.values().all(|state| state.awaiting_join.is_some());
        let waiting = self.initial_delay.is_some() || !self.pending_members.is_empty();
        if self.state != GroupState::PreparingRebalance || waiting || !all_joined {
            return Outcome::default();
        }
        self.complete_join(out)
    }

    fn complete_join(&mut self, out: &mut Effects<'_>) -> Outcome {
        let joined = |group: &Group, member: &MemberId| {
            group.members.get(member).is_some_and(|state| state.awaiting_join.is_some())
        };
        if !self.leader.is_some_and(|leader| joined(self, &leader)) {
            let first = self.members.keys().find(|member| joined(self, member)).copied();
            if first.is_none() && !self.members.is_empty() {
                // Only static members are left, and none is here to lead: they are waited for once more.
                self.phase_deadline = Some(out.now + self.rebalance_timeout());
                return Outcome::default();
            }
            self.leader = first;
        }
        self.initial_delay = None;
        self.generation.0 += 1;
        let mut outcome = Outcome::default();
        if self.members.is_empty() {
            self.protocol = None;
            self.phase_deadline = None;
            self.empty_since = out.now;
            self.enter(GroupState::Empty, out);
            let record = GroupRecord::GroupMetadata {
                group: self.id,
                generation: self.generation,
                protocol: None,
                leader: None,
                members: Vec::new(),
                at: out.now,
            };
            outcome.write = Some((self.id, vec![Arc::new(record)], None));
            return outcome;
        }
        self.protocol = self.choose_protocol();
        self.phase_deadline = Some(out.now + self.rebalance_timeout());
        self.enter(GroupState::CompletingRebalance, out);
        let members: Vec<MemberId> = self.members.keys().copied().collect();
        for member in members {
            let response = self.join_answer(member);
            if let Some(state) = self.members.get_mut(&member)
                && let Some(to) = state.awaiting_join.take()
            {
                state.heard_at = out.now;
                outcome.answers.push((to, response));
            }
        }
        outcome
    }

    /// Every member votes for the first assignor on its list that all members know; with as many votes, the one the
    /// leader names first.
    pub(super) fn choose_protocol(&self) -> Option<Assignor> {
        let known_to_all = |name: &Assignor| self.members.values().all(|member| member.protocols.contains(name));
        let leader = self.leader.and_then(|leader| self.members.get(&leader));
        let candidates = leader.or_else(|| self.members.values().next())?.protocols.iter().copied();
        let votes = |candidate: Assignor| {
            let first =
                |member: &&GroupMember| member.protocols.iter().find(|name| known_to_all(name)) == Some(&candidate);
            self.members.values().filter(first).count()
        };
        let mut best: Option<(usize, Assignor)> = None;
        for candidate in candidates.filter(known_to_all) {
            let count = votes(candidate);
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, candidate));
            }
        }
        best.map(|(_, name)| name)
    }

    pub(super) fn join_answer(&self, member: MemberId) -> Response {
        Response::JoinGroup(Box::new(self.join_response(member)))
    }

    /// To a static member that came back while the group stands.
    pub(super) fn join_answer_skipping(&self, member: MemberId) -> Response {
        let skip_assignment = self.leader == Some(member);
        Response::JoinGroup(Box::new(JoinGroupResponse { skip_assignment, ..self.join_response(member) }))
    }

    fn join_response(&self, member: MemberId) -> JoinGroupResponse {
        let subscriber = |(id, state): (&MemberId, &GroupMember)| Subscriber {
            member: *id,
            instance: state.instance.clone(),
            topics: state.subscription.topics.clone(),
            owned: state.subscription.owned.clone(),
            generation: state.subscription.generation,
        };
        let members =
            if self.leader == Some(member) { self.members.iter().map(subscriber).collect() } else { Vec::new() };
        JoinGroupResponse {
            error: ErrorCode::None,
            generation: self.generation,
            protocol: self.protocol,
            leader: self.leader,
            member: Some(member),
            members,
            skip_assignment: false,
        }
    }

    /// Takes a member out; the others rebalance.
    pub(super) fn remove(
        &mut self,
        member: MemberId,
        why: LeaveReason,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Outcome {
        let Some(mut outcome) = self.take_out(member, why, out) else { return Outcome::default() };
        if self.state != GroupState::Empty {
            outcome.absorb(self.prepare_rebalance(config, out));
        }
        outcome.absorb(self.complete_join_if_ready(out));
        outcome
    }

    fn take_out(&mut self, member: MemberId, why: LeaveReason, out: &mut Effects<'_>) -> Option<Outcome> {
        let state = self.members.remove(&member)?;
        let mut outcome = Outcome::default();
        if let Some(to) = state.awaiting_join {
            outcome.answers.push((to, join_refused(ErrorCode::UnknownMemberId, Some(member))));
        }
        if let Some(to) = state.awaiting_sync {
            outcome.answers.push((to, sync_refused(ErrorCode::UnknownMemberId)));
        }
        if let Some(instance) = state.instance
            && self.statics.get(&instance) == Some(&member)
        {
            self.statics.remove(&instance);
        }
        if self.leader == Some(member) {
            self.leader = self.members.keys().next().copied();
        }
        let group = self.id;
        out.emit(|| Event::MemberLeft { group, client: NodeId(member.client), why });
        Some(outcome)
    }

    /// A phase, a session or an unused id may have run out.
    pub(super) fn on_deadline(&mut self, config: &BrokerConfig, out: &mut Effects<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let now = out.now;
        if self.phase_deadline.is_some_and(|at| at <= now) {
            self.phase_deadline = None;
            match self.state {
                GroupState::PreparingRebalance => outcome.absorb(self.on_join_timeout(config, out)),
                GroupState::CompletingRebalance => {
                    for member in self.those(|state| state.awaiting_sync.is_none()) {
                        outcome.absorb(self.remove(member, LeaveReason::RebalanceTimeout, config, out));
                    }
                }
                GroupState::Empty | GroupState::Stable | GroupState::Assigning | GroupState::Reconciling => {}
            }
        }
        let pending = self.pending_members.len();
        self.pending_members.retain(|_, until| *until > now);
        if self.pending_members.len() < pending {
            outcome.absorb(self.complete_join_if_ready(out));
        }
        for member in self.those(|state| state.session_end().is_some_and(|at| at <= now)) {
            outcome.absorb(self.remove(member, LeaveReason::SessionTimeout, config, out));
        }
        outcome
    }

    /// The initial delay is extended while members keep coming; else those who did not join are left behind. Static
    /// members stay until their session ends.
    fn on_join_timeout(&mut self, config: &BrokerConfig, out: &mut Effects<'_>) -> Outcome {
        if let Some(delay) = &mut self.initial_delay
            && delay.newcomer
            && delay.remaining > Duration::ZERO
        {
            let next = config.group_initial_rebalance_delay_ms.span().min(delay.remaining);
            *delay = InitialDelay { remaining: Duration(delay.remaining.0.saturating_sub(next.0)), newcomer: false };
            self.phase_deadline = Some(out.now + next);
            return Outcome::default();
        }
        let mut outcome = Outcome::default();
        if self.initial_delay.is_none() {
            for member in self.those(|state| state.awaiting_join.is_none() && state.instance.is_none()) {
                outcome.absorb(self.take_out(member, LeaveReason::RebalanceTimeout, out).unwrap_or_default());
            }
        }
        outcome.absorb(self.complete_join(out));
        outcome
    }

    fn those(&self, test: impl Fn(&GroupMember) -> bool) -> Vec<MemberId> {
        self.members.iter().filter(|(_, state)| test(state)).map(|(member, _)| *member).collect()
    }
}
