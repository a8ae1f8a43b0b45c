//! A consumer's life in its group: coordinator, classic join and sync, leaving (`ConsumerCoordinator`, `AbstractCoordinator`).

use super::consumer::{Consumer, Position};
use super::consumer_runtime::{Activity, ConsumerAsk};
use super::group_coordinator::GroupCoordinator;
use crate::assignor::RebalanceProtocol;
use crate::collections::Map;
use crate::config::GroupProtocol;
use crate::effect::{Effects, Timer};
use crate::event::{Event, PollFailure};
use crate::ids::{Generation, LeaderEpoch, MemberId, TopicPartition};
use crate::protocol::{
    Channel, ErrorCode, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, Request,
    Subscription, SyncGroupRequest, SyncGroupResponse,
};
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// How much longer than the rebalance timeout a JoinGroup request is waited for
/// (`AbstractCoordinator.JOIN_GROUP_TIMEOUT_LAPSE`).
const JOIN_GROUP_TIMEOUT_LAPSE: Duration = Duration::from_millis(5_000);

/// Where the consumer is in its group (`AbstractCoordinator.MemberState`, `MemberState` of KIP-848).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum MemberState {
    /// It is not in a generation and will join with the next `poll`.
    #[default]
    Unjoined,
    /// It commits before it gives partitions up.
    Revoking,
    /// JoinGroup, or a first ConsumerGroupHeartbeat, is under way.
    Joining,
    /// SyncGroup is under way.
    Syncing,
    /// It has its partitions.
    Stable,
}

/// A consumer's membership.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Membership {
    pub state: MemberState,
    pub coordinator: GroupCoordinator,
    pub member: Option<MemberId>,
    /// The generation, or the member epoch of KIP-848.
    pub generation: Generation,
    /// The coordinator said that the group rebalances.
    pub rejoin: bool,
    pub heartbeat_out: bool,
    /// When the heartbeat thread last spoke.
    pub heartbeat_at: Option<Instant>,
    /// Commits asked for so far.
    pub commits: u32,
    /// Commits whose answer has not come.
    pub commits_out: u32,
    /// The commit before a revocation failed and is tried again.
    pub recommit: bool,
    /// By when partitions are given up although their commit failed.
    pub revoke_by: Instant,
    /// The member is out of its group, because its poll thread was away too long or because the coordinator said so; the
    /// application's thread learns it when it is next inside `poll`. Until then it works on, and no heartbeat is sent.
    pub left: bool,
    /// Its member id is not good any more.
    pub forget: bool,
    /// The application is closing the consumer.
    pub closing: bool,
    /// What it had when it last joined: sticky assignors are told.
    owned: Vec<TopicPartition>,
    /// KIP-848: the assignment to reconcile with.
    pub target: Option<Vec<TopicPartition>>,
    /// KIP-848: the interval the coordinator dictates.
    pub interval: Duration,
    /// KIP-848: say everything with the next heartbeat, an answer was lost.
    pub tell_all: bool,
    /// KIP-848: what the coordinator was last told the member owns.
    pub told_owned: Option<Vec<TopicPartition>>,
}

impl Membership {
    pub fn is_stable(&self) -> bool {
        self.state == MemberState::Stable
    }

    /// KIP-848: whether a partition is about to be given up: nothing of it is handed out any more.
    pub fn is_revoking(&self, tp: TopicPartition) -> bool {
        self.state == MemberState::Revoking && self.target.as_ref().is_some_and(|target| !target.contains(&tp))
    }
}

impl Consumer {
    pub(super) fn is_848(&self) -> bool {
        self.config.group_protocol == GroupProtocol::Consumer
    }

    /// Whether a rebalance takes everything away first.
    fn is_eager(&self) -> bool {
        !self.is_848() && self.config.partition_assignment_strategy.protocol() == RebalanceProtocol::Eager
    }

    pub(super) fn instance(&self) -> Option<Arc<str>> {
        self.config.group_instance_id.0.clone()
    }

    /// Whether positions are looked up and data is fetched. Only an eager member stops that for a rebalance.
    pub(super) fn reads(&self) -> bool {
        let stable = self.runtime.as_ref().is_some_and(|runtime| runtime.membership.is_stable());
        stable || !self.is_eager()
    }

    /// Whether `poll` may return records.
    pub(super) fn hands_out(&self) -> bool {
        let settled = |membership: &Membership| membership.is_stable() && !membership.rejoin;
        self.runtime.as_ref().is_some_and(|runtime| settled(&runtime.membership) || !self.is_eager())
    }

    /// The coordinator's part of `poll`.
    pub(super) fn poll_coordinator(&mut self, out: &mut Effects<'_>) {
        self.notice_loss(out);
        let is_848 = self.is_848();
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.membership.coordinator.node.is_none() {
            return self.find_coordinator(out);
        }
        match runtime.membership.state {
            MemberState::Stable if runtime.membership.target.is_some() => self.begin_revoking(out),
            MemberState::Stable if runtime.membership.rejoin => self.begin_revoking(out),
            MemberState::Unjoined if is_848 => self.send_consumer_heartbeat(out),
            MemberState::Unjoined => self.join(out),
            MemberState::Stable => self.auto_commit_if_due(out),
            MemberState::Revoking if runtime.membership.commits_out == 0 => self.go_on_revoking(out),
            MemberState::Revoking | MemberState::Joining | MemberState::Syncing => {}
        }
    }

    pub(super) fn find_coordinator(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.coordinator.find(self.group, &mut runtime.net, ConsumerAsk::FindCoordinator, out);
    }

    /// Pauses before the coordinator is asked again.
    pub(super) fn back_off(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.coordinator.back_off(&runtime.net, out);
    }

    /// Before partitions may go, what was read of them is committed (`onJoinPrepare`, `maybeReconcile`).
    fn begin_revoking(&mut self, out: &mut Effects<'_>) {
        let deadline = out.now + self.config.max_poll_interval_ms;
        let auto = self.auto_commits();
        if let Some(runtime) = &mut self.runtime {
            runtime.membership.state = MemberState::Revoking;
            runtime.membership.revoke_by = deadline;
            runtime.membership.recommit = false;
        }
        if auto {
            let offsets = self.consumed();
            self.commit_async(offsets, true, out);
        }
        if self.runtime.as_ref().is_some_and(|runtime| runtime.membership.commits_out == 0) {
            self.go_on_revoking(out);
        }
    }

    /// The commit before a revocation is answered.
    fn go_on_revoking(&mut self, out: &mut Effects<'_>) {
        let (is_848, eager) = (self.is_848(), self.is_eager());
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        if membership.coordinator.backing_off {
            return;
        }
        if std::mem::take(&mut membership.recommit) && out.now < membership.revoke_by {
            let offsets = self.consumed();
            return self.commit_async(offsets, true, out);
        }
        if is_848 {
            return self.reconcile(out);
        }
        membership.owned = runtime.positions.keys().copied().collect();
        if eager {
            self.give_up_all(false, out);
        }
        self.join(out);
    }

    /// Gives all partitions up, or has lost them.
    pub(super) fn give_up_all(&mut self, lost: bool, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.state = MemberState::Unjoined;
        let partitions: Vec<TopicPartition> = runtime.positions.keys().copied().collect();
        self.give_up(partitions, lost, out);
    }

    /// `onPartitionsRevoked` or `onPartitionsLost`, and the partitions are gone.
    pub(super) fn give_up(&mut self, partitions: Vec<TopicPartition>, lost: bool, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        for tp in &partitions {
            runtime.positions.remove(tp);
            runtime.buffer.remove(tp);
            runtime.lookups.remove(tp);
            runtime.paused.remove(tp);
            runtime.rewinding.remove(tp);
        }
        runtime.arrival.retain(|tp| !partitions.contains(tp));
        if !partitions.is_empty() {
            out.emit(|| Event::PartitionsRevoked { client, group, partitions, lost });
        }
    }

    /// `onPartitionsAssigned`: what is new begins without a position.
    pub(super) fn take_on(&mut self, added: Vec<TopicPartition>, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        for tp in &added {
            runtime
                .positions
                .insert(*tp, Position { offset: None, epoch: LeaderEpoch::NONE, leader_epoch: LeaderEpoch::NONE });
        }
        let generation = runtime.membership.generation;
        out.emit(|| Event::PartitionsAssigned { client, group, generation, partitions: added });
    }

    fn join(&mut self, out: &mut Effects<'_>) {
        let instance = self.instance();
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        let Some(coordinator) = membership.coordinator.node else { return };
        if membership.coordinator.backing_off || runtime.net.metadata.nodes().next().is_none() {
            return;
        }
        membership.state = MemberState::Joining;
        membership.rejoin = false;
        // Whoever leads the next generation will look at the topics anew (`onJoinPrepare`).
        runtime.leads_with = None;
        let membership = &mut runtime.membership;
        let request = JoinGroupRequest {
            group: self.group,
            member: membership.member,
            client: self.node.0,
            session_timeout: self.config.session_timeout_ms,
            rebalance_timeout: self.config.max_poll_interval_ms,
            instance,
            protocols: self.config.partition_assignment_strategy.0.clone(),
            subscription: Subscription {
                topics: self.topics.clone(),
                owned: membership.owned.clone(),
                generation: membership.generation,
            },
        };
        let request = Request::JoinGroup(Box::new(request));
        // The answer comes when the whole group has joined, or the rebalance timeout is over.
        let timeout = self.config.max_poll_interval_ms + JOIN_GROUP_TIMEOUT_LAPSE;
        runtime.net.ask_for(coordinator, Channel::Coordinator, request, ConsumerAsk::Join, timeout, out);
    }

    pub(super) fn on_joined(&mut self, answer: JoinGroupResponse, out: &mut Effects<'_>) {
        let (group, instance) = (self.group, self.instance());
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.membership.state == MemberState::Joining {
            runtime.membership.state = MemberState::Unjoined;
        }
        match answer.error {
            ErrorCode::None => {}
            ErrorCode::MemberIdRequired => {
                runtime.membership.member = answer.member;
                return;
            }
            error => return self.on_coordinator_error(error, out),
        }
        let (Some(coordinator), Some(member)) = (runtime.membership.coordinator.node, answer.member) else { return };
        runtime.membership.coordinator.is_well();
        runtime.membership.member = Some(member);
        runtime.membership.generation = answer.generation;
        runtime.membership.state = MemberState::Syncing;
        let mut assignments = Vec::new();
        if answer.leader == Some(member)
            && !answer.skip_assignment
            && let Some(assignor) = answer.protocol
        {
            let mut counts = Map::new();
            for topic in answer.members.iter().flat_map(|member| &member.topics) {
                counts.insert(*topic, runtime.net.metadata.partition_count(*topic));
            }
            assignments = assignor.assign(&answer.members, &counts);
            runtime.leads_with = Some(counts);
        } else if answer.leader != Some(member) {
            runtime.leads_with = None;
        }
        let request = SyncGroupRequest { group, generation: answer.generation, member, instance, assignments };
        let request = Request::SyncGroup(Box::new(request));
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Sync, out);
    }

    pub(super) fn on_synced(&mut self, answer: SyncGroupResponse, out: &mut Effects<'_>) {
        let (interval, auto) = (self.config.heartbeat_interval_ms.pause(), self.config.auto_commit_interval_ms);
        let eager = self.is_eager();
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.membership.state == MemberState::Syncing {
            runtime.membership.state = MemberState::Unjoined;
        }
        match answer.error {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => return,
            error => return self.on_coordinator_error(error, out),
        }
        // Meanwhile a commit was refused and the member is out: this assignment is of a generation it no longer has
        // (`SyncGroupResponseHandler`, `hasGenerationReset`). It joins again.
        if runtime.membership.left || runtime.membership.generation == Generation::NONE {
            return;
        }
        let assigned = answer.assignment;
        runtime.membership.state = MemberState::Stable;
        runtime.next_auto_commit = out.now + auto;
        let owned: Vec<TopicPartition> = runtime.positions.keys().copied().collect();
        let gone: Vec<TopicPartition> = owned.iter().copied().filter(|tp| !assigned.contains(tp)).collect();
        let added: Vec<TopicPartition> = assigned.into_iter().filter(|tp| !owned.contains(tp)).collect();
        if !eager && !gone.is_empty() {
            // Cooperative: what goes is given up now, and joined again for, so that its next owner may have it.
            self.give_up(gone, false, out);
            if let Some(runtime) = &mut self.runtime {
                runtime.membership.rejoin = true;
            }
        }
        self.take_on(added, out);
        out.set_timer(Timer::Heartbeat, interval);
        self.fetch_committed(out);
    }

    /// The leader joins again when the topics it assigned have changed (`rejoinNeededOrPending`).
    pub(super) fn watch_topics(&mut self) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(counts) = &runtime.leads_with else { return };
        if counts.iter().any(|(topic, count)| runtime.net.metadata.partition_count(*topic) > *count) {
            runtime.membership.rejoin = true;
        }
    }

    /// The heartbeat thread speaks.
    pub(super) fn send_heartbeat(&mut self, out: &mut Effects<'_>) {
        if self.is_848() {
            return self.on_consumer_heartbeat_due(out);
        }
        let (group, interval, instance) = (self.group, self.config.heartbeat_interval_ms.pause(), self.instance());
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        out.set_timer(Timer::Heartbeat, interval);
        let (Some(coordinator), Some(member)) = (membership.coordinator.node, membership.member) else { return };
        if !matches!(membership.state, MemberState::Stable | MemberState::Revoking)
            || membership.heartbeat_out
            || membership.left
        {
            return;
        }
        membership.heartbeat_out = true;
        membership.heartbeat_at = Some(out.now);
        let request = HeartbeatRequest { group, generation: membership.generation, member, instance };
        let request = Request::Heartbeat(Box::new(request));
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Heartbeat, out);
    }

    pub(super) fn on_heartbeat_answer(&mut self, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.heartbeat_out = false;
        match error {
            ErrorCode::None => {}
            // Asked before the member joined and answered after: it takes part already.
            ErrorCode::RebalanceInProgress if runtime.membership.state != MemberState::Stable => {}
            ErrorCode::RebalanceInProgress => runtime.membership.rejoin = true,
            error => self.on_coordinator_error(error, out),
        }
    }

    /// The poll thread has not been seen for `max.poll.interval.ms`: the client leaves the group by itself. A static
    /// member only falls silent; its partitions wait for its session to end.
    pub(super) fn on_poll_deadline(&mut self, out: &mut Effects<'_>) {
        let interval = self.config.max_poll_interval_ms;
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.activity == Activity::Polling {
            return out.set_timer(Timer::PollDeadline, interval);
        }
        let deadline = runtime.last_poll + interval;
        if deadline > out.now {
            return out.set_timer_at(Timer::PollDeadline, deadline);
        }
        out.set_timer(Timer::PollDeadline, interval);
        let membership = &mut runtime.membership;
        if membership.left || !matches!(membership.state, MemberState::Stable | MemberState::Revoking) {
            return;
        }
        membership.left = true;
        self.say_leave(false, out);
        if let Some(runtime) = &mut self.runtime {
            runtime.membership.forget = true;
        }
    }

    /// Says good-bye, if this kind of member does. True when an answer is to be waited for.
    fn say_leave(&mut self, closing: bool, out: &mut Effects<'_>) -> bool {
        let (group, instance) = (self.group, self.instance());
        if self.is_848() {
            return self.send_leave_heartbeat(closing, out);
        }
        let Some(runtime) = &mut self.runtime else { return false };
        let (Some(coordinator), Some(member), None) =
            (runtime.membership.coordinator.node, runtime.membership.member, instance)
        else {
            return false;
        };
        let request = Request::LeaveGroup(LeaveGroupRequest { group, member });
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Leave, out);
        true
    }

    /// The application closes the consumer: commit, give everything up, leave, stop.
    pub(super) fn close(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        if std::mem::replace(&mut runtime.membership.closing, true) {
            return;
        }
        if self.auto_commits() {
            let offsets = self.consumed();
            self.commit_async(offsets, true, out);
        }
        self.leave_when_committed(out);
    }

    /// The last commits are answered: leave, and stop once the coordinator knows.
    pub(super) fn leave_when_committed(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        if !runtime.membership.closing || runtime.membership.commits_out > 0 {
            return;
        }
        self.give_up_all(false, out);
        if !self.say_leave(true, out) {
            out.exit();
        }
    }

    /// Errors every request to the coordinator can get.
    pub(super) fn on_coordinator_error(&mut self, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        match error {
            ErrorCode::IllegalGeneration | ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId => {
                runtime.membership.forget |= error == ErrorCode::UnknownMemberId;
                runtime.membership.left = true;
                if runtime.activity == Activity::Polling || runtime.membership.closing {
                    self.notice_loss(out);
                }
            }
            // A commit with an older epoch: the next one has the new one.
            ErrorCode::StaleMemberEpoch => {}
            ErrorCode::FencedInstanceId => self.fail(PollFailure::FencedInstanceId, out),
            ErrorCode::UnreleasedInstanceId
            | ErrorCode::InvalidSessionTimeout
            | ErrorCode::InconsistentGroupProtocol
            | ErrorCode::GroupMaxSizeReached
            | ErrorCode::GroupIdNotFound
            | ErrorCode::UnsupportedAssignor => self.fail(PollFailure::Refused(error), out),
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::NetworkException => {
                runtime.membership.coordinator.lose(&runtime.net, out);
            }
            _ => self.back_off(out),
        }
    }

    /// `poll` threw what the application does not handle: it ends, without committing.
    pub(super) fn fail(&mut self, why: PollFailure, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        out.emit(|| Event::ConsumerFailed { client, group, why });
        self.give_up_all(true, out);
        if let Some(runtime) = &mut self.runtime {
            runtime.membership.closing = true;
        }
        out.exit();
    }

    /// Inside `poll` the application's thread finds the member out of its group.
    fn notice_loss(&mut self, out: &mut Effects<'_>) {
        let is_848 = self.is_848();
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        let forget = std::mem::take(&mut membership.forget);
        if std::mem::take(&mut membership.left) {
            if forget && !is_848 {
                membership.member = None;
            }
            self.lose_membership(out);
        }
    }

    /// The group no longer counts this member: its partitions may have other owners by now.
    pub(super) fn lose_membership(&mut self, out: &mut Effects<'_>) {
        self.give_up_all(true, out);
        if let Some(runtime) = &mut self.runtime {
            let membership = &mut runtime.membership;
            membership.generation = Generation::NONE;
            membership.rejoin = false;
            membership.target = None;
            membership.told_owned = None;
            membership.owned.clear();
            runtime.leads_with = None;
        }
    }
}
