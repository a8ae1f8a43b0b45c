//! Its life in the group: heartbeats with an epoch, and leaving (`ShareMembershipManager`, `ShareHeartbeatRequestManager`).

use super::actor::{Activity, ShareAsk, ShareConsumer};
use crate::client::connection::{Asked, InFlight};
use crate::client::group_coordinator::GroupCoordinator;
use crate::effect::{Effects, Timer};
use crate::event::{Event, PollFailure};
use crate::ids::{Generation, TopicPartition};
use crate::protocol::{Channel, ErrorCode, Request, ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};
use crate::time::{Duration, Instant};

/// A member's standing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Membership {
    pub coordinator: GroupCoordinator,
    /// The member epoch; 0 before it has joined.
    pub epoch: Generation,
    pub joined: bool,
    pub heartbeat_out: bool,
    pub heartbeat_at: Option<Instant>,
    pub interval: Duration,
    /// Say everything with the next heartbeat.
    pub tell_all: bool,
    /// The poll thread was away too long: it has left, and joins again with the next `poll`.
    pub left: bool,
    pub closing: bool,
    /// Closing: the sessions are being closed, then the group is left.
    pub leaving: bool,
}

impl Default for Membership {
    fn default() -> Self {
        Membership {
            coordinator: GroupCoordinator::default(),
            epoch: Generation(0),
            joined: false,
            heartbeat_out: false,
            heartbeat_at: None,
            interval: Duration::from_millis(1_000),
            tell_all: true,
            left: false,
            closing: false,
            leaving: false,
        }
    }
}

impl ShareConsumer {
    /// The coordinator's part of `poll`.
    pub(super) fn poll_coordinator(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        membership.left = false;
        if membership.coordinator.node.is_none() {
            return self.find_coordinator(out);
        }
        if !membership.joined && !membership.heartbeat_out && !membership.coordinator.backing_off {
            membership.epoch = Generation(0);
            membership.tell_all = true;
            self.send_heartbeat(out);
        }
    }

    fn find_coordinator(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.coordinator.find(self.group, &mut runtime.net, ShareAsk::FindCoordinator, out);
    }

    /// Pauses before the coordinator is asked again.
    pub(super) fn back_off(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.coordinator.back_off(&runtime.net, out);
    }

    fn send_heartbeat(&mut self, out: &mut Effects<'_>) {
        let (group, member) = (self.group, self.member());
        let topics = self.topics.clone();
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        let Some(coordinator) = membership.coordinator.node else { return };
        membership.heartbeat_out = true;
        membership.heartbeat_at = Some(out.now);
        let topics = std::mem::take(&mut membership.tell_all).then_some(topics);
        let request = ShareGroupHeartbeatRequest { group, member, member_epoch: membership.epoch, topics };
        let request = Request::ShareGroupHeartbeat(Box::new(request));
        runtime.net.ask(coordinator, Channel::Coordinator, request, ShareAsk::Heartbeat, out);
    }

    /// The background thread's heartbeat is due. It goes on while the application processes.
    pub(super) fn on_heartbeat_due(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let membership = &runtime.membership;
        if membership.closing || membership.left {
            return;
        }
        let again = membership.interval.max(Duration::from_millis(100));
        if membership.coordinator.node.is_none() {
            self.find_coordinator(out);
        } else if membership.joined && !membership.heartbeat_out && !membership.coordinator.backing_off {
            self.send_heartbeat(out);
        }
        out.set_timer(Timer::Heartbeat, again);
    }

    pub(super) fn on_heartbeat_answer(&mut self, answer: ShareGroupHeartbeatResponse, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        membership.heartbeat_out = false;
        if membership.left || membership.closing {
            return;
        }
        if answer.error.is_error() {
            membership.tell_all = true;
            return self.on_coordinator_error(answer.error, out);
        }
        membership.coordinator.is_well();
        membership.epoch = answer.member_epoch;
        membership.interval = answer.heartbeat_interval;
        if !std::mem::replace(&mut membership.joined, true) {
            out.set_timer(Timer::Heartbeat, answer.heartbeat_interval);
        }
        let Some(assignment) = answer.assignment else { return };
        let generation = membership.epoch;
        let before = std::mem::replace(&mut runtime.assigned, assignment.clone());
        let gone: Vec<TopicPartition> = before.iter().copied().filter(|tp| !assignment.contains(tp)).collect();
        let added: Vec<TopicPartition> = assignment.into_iter().filter(|tp| !before.contains(tp)).collect();
        if !gone.is_empty() {
            out.emit(|| Event::PartitionsRevoked { client, group, partitions: gone, lost: false });
        }
        if !added.is_empty() {
            out.emit(|| Event::PartitionsAssigned { client, group, generation, partitions: added });
        }
    }

    fn on_coordinator_error(&mut self, error: ErrorCode, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        match error {
            ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId => self.lose_membership(true, out),
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::NetworkException => {
                runtime.membership.coordinator.lose(&runtime.net, out);
            }
            ErrorCode::GroupMaxSizeReached | ErrorCode::GroupIdNotFound => {
                let why = PollFailure::Refused(error);
                out.emit(|| Event::ConsumerFailed { client, group, why });
                runtime.membership.closing = true;
                out.exit();
            }
            _ => self.back_off(out),
        }
    }

    /// It is out of its group: what it was assigned is gone, and it joins again.
    fn lose_membership(&mut self, lost: bool, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.joined = false;
        runtime.membership.epoch = Generation(0);
        let partitions = std::mem::take(&mut runtime.assigned);
        if !partitions.is_empty() {
            out.emit(|| Event::PartitionsRevoked { client, group, partitions, lost });
        }
    }

    /// The poll thread has not been seen for `max.poll.interval.ms`: the client leaves the group and its sessions.
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
        if !runtime.membership.joined || std::mem::replace(&mut runtime.membership.left, true) {
            return;
        }
        self.send_leave(false, out);
        self.lose_membership(true, out);
        self.close_sessions(out);
    }

    /// Says good-bye. True when an answer is to be waited for.
    fn send_leave(&mut self, closing: bool, out: &mut Effects<'_>) -> bool {
        let (group, member) = (self.group, self.member());
        let Some(runtime) = &mut self.runtime else { return false };
        let Some(coordinator) = runtime.membership.coordinator.node.filter(|_| runtime.membership.joined) else {
            return false;
        };
        let request = ShareGroupHeartbeatRequest { group, member, member_epoch: Generation(-1), topics: None };
        let request = Request::ShareGroupHeartbeat(Box::new(request));
        let what = if closing { ShareAsk::Leave } else { ShareAsk::Heartbeat };
        runtime.net.ask(coordinator, Channel::Coordinator, request, what, out);
        true
    }

    /// The application closes the consumer: what it acknowledged is said, the rest is given back with the sessions, and
    /// the group is left.
    pub(super) fn close(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        if std::mem::replace(&mut runtime.membership.closing, true) {
            return;
        }
        runtime.in_hand.clear();
        runtime.buffer.clear();
        self.go_on_closing(out);
    }

    pub(super) fn go_on_closing(&mut self, out: &mut Effects<'_>) {
        self.close_sessions(out);
        let Some(runtime) = &mut self.runtime else { return };
        let waits = |request: &InFlight<ShareAsk>| {
            matches!(request.what, Asked::Own(ShareAsk::Acknowledge(..) | ShareAsk::Fetch(..)))
        };
        if !runtime.sessions.is_empty() || runtime.net.in_flight.values().any(waits) {
            return;
        }
        if std::mem::replace(&mut runtime.membership.leaving, true) {
            return;
        }
        if !self.send_leave(true, out) {
            out.exit();
        }
    }

    pub(super) fn on_request_timeouts(&mut self, out: &mut Effects<'_>) {
        let client = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let lost = runtime.net.timed_out(client, out);
        runtime.membership.coordinator.unanswered(&lost);
        self.on_lost(lost, out);
        if let Some(runtime) = &mut self.runtime {
            runtime.net.stale(out);
        }
    }

    /// Requests that will not be answered.
    pub(super) fn on_lost(&mut self, lost: Vec<InFlight<ShareAsk>>, out: &mut Effects<'_>) {
        for request in lost {
            let Some(runtime) = &mut self.runtime else { return };
            match request.what {
                Asked::Metadata => runtime.net.refresh_failed(out),
                Asked::Own(ShareAsk::FindCoordinator) => {
                    runtime.membership.coordinator.found(None, &runtime.net, out);
                }
                Asked::Own(ShareAsk::Heartbeat) => {
                    runtime.membership.heartbeat_out = false;
                    runtime.membership.tell_all = true;
                }
                Asked::Own(ShareAsk::Leave) => out.exit(),
                Asked::Own(ShareAsk::Fetch(_, said) | ShareAsk::Acknowledge(said, _)) => {
                    runtime.fetch_after = out.now + self.config.retry_backoff_ms;
                    self.refused(&said, ErrorCode::NetworkException, out);
                    self.lose_session(request.to, out);
                }
            }
        }
    }
}
