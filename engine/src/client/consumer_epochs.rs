//! A consumer in a KIP-848 group: heartbeats carry everything, the coordinator decides (`ConsumerMembershipManager`).

use super::consumer::Consumer;
use super::consumer_group::MemberState;
use super::consumer_runtime::ConsumerAsk;
use crate::effect::{Effects, Timer};
use crate::ids::{Generation, MemberId, TopicPartition};
use crate::protocol::{Channel, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, ErrorCode, Request};
use crate::time::Duration;

impl Consumer {
    /// The background thread's heartbeat is due. It goes on while the application processes.
    pub(super) fn on_consumer_heartbeat_due(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let membership = &runtime.membership;
        if membership.closing || membership.left {
            return;
        }
        if matches!(membership.state, MemberState::Stable | MemberState::Revoking) {
            self.send_consumer_heartbeat(out);
        }
        let Some(runtime) = &self.runtime else { return };
        let again = runtime.membership.interval.max(Duration::from_millis(100));
        out.set_timer(Timer::Heartbeat, again);
    }

    /// Sends a heartbeat: with epoch 0 to join, else with what has changed since the last.
    pub(super) fn send_consumer_heartbeat(&mut self, out: &mut Effects<'_>) {
        let (group, instance) = (self.group, self.instance());
        let me = MemberId { client: self.node.0, incarnation: self.starts };
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        let Some(coordinator) = membership.coordinator.node else { return };
        if membership.heartbeat_out
            || membership.coordinator.backing_off
            || runtime.net.metadata.nodes().next().is_none()
        {
            return;
        }
        membership.member = Some(me);
        let joining = membership.state == MemberState::Unjoined;
        if joining {
            membership.state = MemberState::Joining;
            membership.generation = Generation(0);
            membership.rejoin = false;
        }
        let all = joining || std::mem::take(&mut membership.tell_all);
        let owned: Vec<TopicPartition> = runtime.positions.keys().copied().collect();
        let owned = (all || membership.told_owned.as_ref() != Some(&owned)).then_some(owned);
        if owned.is_some() {
            membership.told_owned.clone_from(&owned);
        }
        membership.heartbeat_out = true;
        membership.heartbeat_at = Some(out.now);
        let request = ConsumerGroupHeartbeatRequest {
            group,
            member: me,
            member_epoch: membership.generation,
            instance,
            rebalance_timeout: self.config.max_poll_interval_ms,
            topics: all.then(|| self.topics.clone()),
            assignor: self.config.group_remote_assignor.0.clone().filter(|_| all),
            owned,
        };
        let request = Request::ConsumerGroupHeartbeat(Box::new(request));
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::ConsumerHeartbeat, out);
    }

    pub(super) fn on_consumer_heartbeat_answer(
        &mut self,
        answer: ConsumerGroupHeartbeatResponse,
        out: &mut Effects<'_>,
    ) {
        let auto = self.config.auto_commit_interval_ms;
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        membership.heartbeat_out = false;
        if membership.left || membership.closing {
            return;
        }
        if answer.error.is_error() {
            membership.tell_all = true;
            if membership.state == MemberState::Joining {
                membership.state = MemberState::Unjoined;
            }
            return self.on_coordinator_error(answer.error, out);
        }
        membership.coordinator.is_well();
        membership.generation = answer.member_epoch;
        membership.interval = answer.heartbeat_interval;
        if membership.state == MemberState::Joining {
            membership.state = MemberState::Stable;
            runtime.next_auto_commit = out.now + auto;
            out.set_timer(Timer::Heartbeat, answer.heartbeat_interval);
        }
        if let Some(assignment) = answer.assignment {
            let owned: Vec<TopicPartition> = runtime.positions.keys().copied().collect();
            let same = owned.len() == assignment.len() && assignment.iter().all(|tp| owned.contains(tp));
            runtime.membership.target = (!same).then_some(assignment);
        }
    }

    /// What was read is committed: the partitions that go are given up, those that come are taken on, and the
    /// coordinator hears of it at once.
    pub(super) fn reconcile(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.state = MemberState::Stable;
        let Some(target) = runtime.membership.target.take() else { return };
        let owned: Vec<TopicPartition> = runtime.positions.keys().copied().collect();
        let gone: Vec<TopicPartition> = owned.iter().copied().filter(|tp| !target.contains(tp)).collect();
        let added: Vec<TopicPartition> = target.into_iter().filter(|tp| !owned.contains(tp)).collect();
        self.give_up(gone, false, out);
        self.take_on(added, out);
        self.fetch_committed(out);
        self.send_consumer_heartbeat(out);
    }

    /// Leaves with epoch −1; a static member only for a while, with −2. True when an answer is to be waited for.
    pub(super) fn send_leave_heartbeat(&mut self, closing: bool, out: &mut Effects<'_>) -> bool {
        let (group, instance) = (self.group, self.instance());
        let Some(runtime) = &mut self.runtime else { return false };
        let membership = &mut runtime.membership;
        let (Some(coordinator), Some(member)) = (membership.coordinator.node, membership.member) else { return false };
        let request = ConsumerGroupHeartbeatRequest {
            group,
            member,
            member_epoch: Generation(if instance.is_some() { -2 } else { -1 }),
            instance,
            rebalance_timeout: self.config.max_poll_interval_ms,
            topics: None,
            assignor: None,
            owned: None,
        };
        let request = Request::ConsumerGroupHeartbeat(Box::new(request));
        let what = if closing { ConsumerAsk::Leave } else { ConsumerAsk::ConsumerHeartbeat };
        runtime.net.ask(coordinator, Channel::Coordinator, request, what, out);
        true
    }

    /// A heartbeat got no answer: the next one says everything.
    pub(super) fn on_consumer_heartbeat_lost(&mut self) {
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        membership.heartbeat_out = false;
        membership.tell_all = true;
        if membership.state == MemberState::Joining {
            membership.state = MemberState::Unjoined;
        }
    }
}

/// Whether a commit may be sent again with what the client knows by then.
pub(super) fn is_worth_retrying(error: ErrorCode) -> bool {
    error.is_retriable() || error == ErrorCode::StaleMemberEpoch
}
