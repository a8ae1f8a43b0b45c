//! A consumer's life in its group: coordinator, join, sync, heartbeats, commits (`ConsumerCoordinator`).

use super::connection::Backoff;
use super::consumer::{Activity, Consumer, ConsumerAsk, Position};
use crate::assignor::range_assign;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::fact::Fact;
use crate::ids::{Generation, LeaderEpoch, NodeId, TopicPartition};
use crate::protocol::{
    Channel, CommitOffset, ErrorCode, FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, MemberId, OffsetCommitRequest, Request, SyncGroupRequest, SyncGroupResponse,
};

/// Where the consumer is in the classic protocol (`AbstractCoordinator.MemberState`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum MemberState {
    /// It is not in a generation and will join with the next `poll`.
    #[default]
    Unjoined,
    /// It commits before it gives its partitions up.
    Revoking,
    /// JoinGroup is under way.
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
    pub coordinator: Option<NodeId>,
    pub finding: bool,
    pub backing_off: bool,
    pub attempts: u32,
    pub member: Option<MemberId>,
    pub generation: Generation,
    /// The coordinator said that the group rebalances.
    rejoin: bool,
    pub heartbeat_out: bool,
    /// Commits asked for so far.
    commits: u32,
    /// Commits whose answer has not come.
    pub commits_out: u32,
    /// The poll thread was away too long: the heartbeat thread has left the group.
    left: bool,
    /// The application is closing the consumer.
    pub closing: bool,
}

impl Membership {
    pub fn is_stable(&self) -> bool {
        self.state == MemberState::Stable
    }

    pub fn rejoin_needed(&self) -> bool {
        self.state != MemberState::Stable || self.rejoin
    }
}

impl Consumer {
    /// The coordinator's part of `poll`.
    pub(super) fn poll_coordinator(&mut self, out: &mut Effects<'_>) {
        let auto = self.auto_commits();
        let interval = self.config.auto_commit_interval_ms;
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.membership.coordinator.is_none() {
            return self.find_coordinator(out);
        }
        if runtime.membership.left {
            runtime.membership.left = false;
            self.lose_membership(out);
        }
        let Some(runtime) = &mut self.runtime else { return };
        match runtime.membership.state {
            MemberState::Stable if runtime.membership.rejoin => self.prepare_to_join(auto, out),
            MemberState::Unjoined => self.join(out),
            MemberState::Stable => {
                if auto && runtime.next_auto_commit <= out.now {
                    runtime.next_auto_commit = out.now + interval;
                    let offsets = self.consumed();
                    self.commit_offsets(offsets, false, true, out);
                }
            }
            MemberState::Revoking if runtime.membership.commits_out == 0 => {
                self.revoke(false, out);
                self.join(out);
            }
            MemberState::Revoking | MemberState::Joining | MemberState::Syncing => {}
        }
    }

    fn find_coordinator(&mut self, out: &mut Effects<'_>) {
        let group = self.group;
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        if membership.finding || membership.backing_off {
            return;
        }
        let nodes: Vec<NodeId> =
            runtime.net.metadata.nodes().filter(|node| runtime.net.usable(*node, out.now)).collect();
        let Some(node) = out.rng.pick(&nodes).copied() else { return };
        membership.finding = true;
        let request = Request::FindCoordinator(FindCoordinatorRequest { group });
        runtime.net.ask(node, Channel::Client, request, ConsumerAsk::FindCoordinator, out);
    }

    /// Pauses before the coordinator is asked again.
    pub(super) fn back_off(&mut self, out: &mut Effects<'_>) {
        let backoff = Backoff { base: self.config.retry_backoff_ms, max: self.config.retry_backoff_max_ms };
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.backing_off = true;
        let pause = backoff.after(runtime.membership.attempts, out.rng);
        runtime.membership.attempts += 1;
        out.set_timer(Timer::CoordinatorBackoff, pause);
    }

    /// Eager rebalancing: commit, give everything up, then join.
    fn prepare_to_join(&mut self, auto: bool, out: &mut Effects<'_>) {
        if auto {
            let offsets = self.consumed();
            self.commit_offsets(offsets, false, true, out);
        }
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.state = MemberState::Revoking;
        if runtime.membership.commits_out == 0 {
            self.revoke(false, out);
            self.join(out);
        }
    }

    /// Gives all partitions up, or has lost them.
    fn revoke(&mut self, lost: bool, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        let partitions: Vec<TopicPartition> = std::mem::take(&mut runtime.positions).into_keys().collect();
        runtime.buffer.clear();
        runtime.arrival.clear();
        runtime.seeking.clear();
        runtime.membership.state = MemberState::Unjoined;
        if !partitions.is_empty() {
            out.emit(|| Event::PartitionsRevoked { client, group, partitions, lost });
        }
    }

    fn join(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        let Some(coordinator) = membership.coordinator else { return };
        if membership.backing_off || runtime.net.metadata.nodes().next().is_none() {
            return;
        }
        membership.state = MemberState::Joining;
        membership.rejoin = false;
        let request = JoinGroupRequest {
            group: self.group,
            member: membership.member,
            client: self.node.0,
            session_timeout: self.config.session_timeout_ms,
            rebalance_timeout: self.config.max_poll_interval_ms,
            subscription: self.topics.clone(),
        };
        let request = Request::JoinGroup(Box::new(request));
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Join, out);
    }

    pub(super) fn on_joined(&mut self, answer: JoinGroupResponse, out: &mut Effects<'_>) {
        let group = self.group;
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.state = MemberState::Unjoined;
        match answer.error {
            ErrorCode::None => {}
            ErrorCode::MemberIdRequired => {
                runtime.membership.member = answer.member;
                return;
            }
            ErrorCode::UnknownMemberId => {
                runtime.membership.member = None;
                return;
            }
            error => return self.on_coordinator_error(error, out),
        }
        let (Some(coordinator), Some(member)) = (runtime.membership.coordinator, answer.member) else { return };
        runtime.membership.attempts = 0;
        runtime.membership.generation = answer.generation;
        runtime.membership.state = MemberState::Syncing;
        let assignments = if answer.leader == Some(member) {
            let partitions = |topic: &crate::ids::TopicId| (*topic, runtime.net.metadata.partition_count(*topic));
            let counts = self.topics.iter().map(partitions).collect();
            let members: Vec<crate::assignor::Subscriber> = answer
                .members
                .iter()
                .map(|(member, topics)| crate::assignor::Subscriber {
                    member: *member,
                    instance: None,
                    topics: topics.clone(),
                    owned: Vec::new(),
                    generation: Generation::NONE,
                })
                .collect();
            range_assign(&members, &counts)
        } else {
            Vec::new()
        };
        let request = SyncGroupRequest { group, generation: answer.generation, member, assignments };
        let request = Request::SyncGroup(Box::new(request));
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Sync, out);
    }

    pub(super) fn on_synced(&mut self, answer: SyncGroupResponse, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let (interval, auto) = (self.config.heartbeat_interval_ms.pause(), self.config.auto_commit_interval_ms);
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.state = MemberState::Unjoined;
        match answer.error {
            ErrorCode::None => {}
            ErrorCode::UnknownMemberId => {
                runtime.membership.member = None;
                return;
            }
            ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration => return,
            error => return self.on_coordinator_error(error, out),
        }
        runtime.membership.state = MemberState::Stable;
        runtime.next_auto_commit = out.now + auto;
        runtime.positions =
            answer.assignment.iter().map(|tp| (*tp, Position { offset: None, epoch: LeaderEpoch::NONE })).collect();
        let generation = runtime.membership.generation;
        out.emit(|| Event::PartitionsAssigned { client, group, generation, partitions: answer.assignment.clone() });
        out.set_timer(Timer::Heartbeat, interval);
        self.fetch_committed(out);
    }

    /// The heartbeat thread speaks.
    pub(super) fn send_heartbeat(&mut self, out: &mut Effects<'_>) {
        let (group, interval) = (self.group, self.config.heartbeat_interval_ms.pause());
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        out.set_timer(Timer::Heartbeat, interval);
        let (Some(coordinator), Some(member)) = (membership.coordinator, membership.member) else { return };
        if !matches!(membership.state, MemberState::Stable | MemberState::Revoking)
            || membership.heartbeat_out
            || membership.left
        {
            return;
        }
        membership.heartbeat_out = true;
        let request = HeartbeatRequest { group, generation: membership.generation, member };
        runtime.net.ask(coordinator, Channel::Coordinator, Request::Heartbeat(request), ConsumerAsk::Heartbeat, out);
    }

    pub(super) fn on_heartbeat_answer(&mut self, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.heartbeat_out = false;
        match error {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => runtime.membership.rejoin = true,
            error => self.on_coordinator_error(error, out),
        }
    }

    /// The poll thread has not been seen for `max.poll.interval.ms`: the client leaves the group by itself.
    pub(super) fn on_poll_deadline(&mut self, out: &mut Effects<'_>) {
        let interval = self.config.max_poll_interval_ms;
        let group = self.group;
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
        let (Some(coordinator), Some(member)) = (membership.coordinator, membership.member) else { return };
        if membership.left || membership.state != MemberState::Stable {
            return;
        }
        membership.left = true;
        let request = Request::LeaveGroup(LeaveGroupRequest { group, member });
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Leave, out);
    }

    /// The application closes the consumer: commit, give everything up, leave, stop.
    pub(super) fn close(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        if std::mem::replace(&mut runtime.membership.closing, true) {
            return;
        }
        if self.auto_commits() {
            let offsets = self.consumed();
            self.commit_offsets(offsets, false, true, out);
        }
        self.leave_when_committed(out);
    }

    /// The last commits are answered: leave, and stop once the coordinator knows.
    pub(super) fn leave_when_committed(&mut self, out: &mut Effects<'_>) {
        let group = self.group;
        let Some(runtime) = &self.runtime else { return };
        if !runtime.membership.closing || runtime.membership.commits_out > 0 {
            return;
        }
        self.revoke(false, out);
        let Some(runtime) = &mut self.runtime else { return };
        match (runtime.membership.coordinator, runtime.membership.member) {
            (Some(coordinator), Some(member)) => {
                let request = Request::LeaveGroup(LeaveGroupRequest { group, member });
                runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Leave, out);
            }
            _ => out.exit(),
        }
    }

    /// Sends a commit. `wait` is `commitSync`: the application's thread stops until the answer.
    /// `auto` says that `enable.auto.commit` does it.
    pub(super) fn commit_offsets(&mut self, offsets: Vec<CommitOffset>, wait: bool, auto: bool, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        let commit = membership.commits;
        if !offsets.is_empty() {
            membership.commits += 1;
            let generation = membership.generation;
            out.note(|| Fact::CommitInvoked {
                client,
                group,
                commit,
                generation,
                offsets: offsets.iter().map(|commit| (commit.tp, commit.offset)).collect(),
                auto,
            });
        }
        let ready = membership.coordinator.filter(|_| !offsets.is_empty());
        let Some(coordinator) = ready else {
            let error = ErrorCode::CoordinatorNotAvailable;
            if !offsets.is_empty() {
                out.note(|| Fact::CommitReturned { client, commit, error, maybe_written: false });
            }
            if wait && !offsets.is_empty() {
                out.emit(|| Event::CommitRefused { client, group, error });
            }
            if wait {
                self.process_next(out);
            }
            return;
        };
        membership.commits_out += 1;
        if wait {
            runtime.activity = Activity::Committing;
        }
        let request = OffsetCommitRequest {
            group,
            generation: runtime.membership.generation,
            member: runtime.membership.member,
            offsets,
        };
        let request = Request::OffsetCommit(Box::new(request));
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Commit(wait, commit), out);
    }

    pub(super) fn on_committed(&mut self, error: ErrorCode, wait: bool, commit: u32, out: &mut Effects<'_>) {
        let (client, maybe_written) = (self.node, !error.is_before_append());
        out.note(|| Fact::CommitReturned { client, commit, error, maybe_written });
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.commits_out = runtime.membership.commits_out.saturating_sub(1);
        match error {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => runtime.membership.rejoin = true,
            error => self.on_coordinator_error(error, out),
        }
        if wait {
            self.commit_returned(out);
        }
        self.leave_when_committed(out);
    }

    /// Errors every request to the coordinator can get.
    pub(super) fn on_coordinator_error(&mut self, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        match error {
            ErrorCode::IllegalGeneration => self.lose_membership(out),
            ErrorCode::UnknownMemberId => {
                runtime.membership.member = None;
                self.lose_membership(out);
            }
            ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NetworkException
            | ErrorCode::CoordinatorLoadInProgress => {
                runtime.membership.coordinator = None;
                self.back_off(out);
            }
            _ => self.back_off(out),
        }
    }

    /// The group no longer counts this member: its partitions may have other owners by now.
    fn lose_membership(&mut self, out: &mut Effects<'_>) {
        self.revoke(true, out);
        if let Some(runtime) = &mut self.runtime {
            runtime.membership.generation = Generation::NONE;
            runtime.membership.rejoin = false;
        }
    }
}
