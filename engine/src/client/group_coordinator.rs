//! The way to a group's coordinator, the same for every kind of member (`AbstractCoordinator`,
//! `CoordinatorRequestManager`).

use super::connection::{Connections, InFlight};
use crate::effect::{Effects, Timer};
use crate::ids::{GroupId, NodeId};
use crate::protocol::{Channel, FindCoordinatorRequest, Request};

/// Which broker coordinates the group, as far as a member knows, and the pauses between its questions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct GroupCoordinator {
    /// The broker; none while nobody has said.
    pub node: Option<NodeId>,
    finding: bool,
    /// Waits for `retry.backoff.ms` and longer before it asks again.
    pub backing_off: bool,
    attempts: u32,
}

impl GroupCoordinator {
    /// Asks any usable broker, unless that is under way or has to wait.
    pub fn find<T: Clone>(&mut self, group: GroupId, net: &mut Connections<T>, what: T, out: &mut Effects<'_>) {
        if self.finding || self.backing_off {
            return;
        }
        let nodes: Vec<NodeId> = net.metadata.nodes().filter(|node| net.usable(*node, out.now)).collect();
        let Some(node) = out.rng.pick(&nodes).copied() else { return };
        self.finding = true;
        let request = Request::FindCoordinator(FindCoordinatorRequest { group });
        net.ask(node, Channel::Client, request, what, out);
    }

    /// Somebody answered; or nobody did, which counts as nobody known.
    pub fn found<T>(&mut self, node: Option<NodeId>, net: &Connections<T>, out: &mut Effects<'_>) {
        self.finding = false;
        if node.is_none() {
            return self.back_off(net, out);
        }
        self.node = node;
        self.attempts = 0;
    }

    /// The coordinator did what it was asked for: the next pause is short again.
    pub fn is_well(&mut self) {
        self.attempts = 0;
    }

    /// Pauses before anything is asked again.
    pub fn back_off<T>(&mut self, net: &Connections<T>, out: &mut Effects<'_>) {
        self.backing_off = true;
        let pause = net.backoff.after(self.attempts, out.rng);
        self.attempts += 1;
        out.set_timer(Timer::CoordinatorBackoff, pause);
    }

    /// It is another broker by now, or cannot be reached.
    pub fn lose<T>(&mut self, net: &Connections<T>, out: &mut Effects<'_>) {
        self.node = None;
        self.back_off(net, out);
    }

    /// A connection broke: perhaps the one to it.
    pub fn disconnected<T>(
        &mut self,
        peer: NodeId,
        channel: Option<Channel>,
        net: &Connections<T>,
        out: &mut Effects<'_>,
    ) {
        if self.node == Some(peer) && channel.is_none_or(|channel| channel == Channel::Coordinator) {
            self.lose(net, out);
        }
    }

    /// Requests went unanswered: perhaps some to it.
    pub fn unanswered<T>(&mut self, lost: &[InFlight<T>]) {
        if lost.iter().any(|request| request.channel == Channel::Coordinator) {
            self.node = None;
        }
    }
}
