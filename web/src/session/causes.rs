//! What led to the last decisive event, as steps from process to process: the stage draws them for as long as the state
//! before is shown. The inspector tells the same chain in words.

use super::advance::is_decisive;
use super::run::Run;
use crate::scene::Hop;
use highwater_engine::event::{Event, LeaveReason};
use highwater_engine::history::CauseKind;
use highwater_engine::ids::{BrokerId, NodeId};
use highwater_engine::protocol::MessageKind;
use highwater_engine::sim::{Emitted, NodeKind};

/// As many steps as an eye follows.
const MOST: usize = 3;

impl Run {
    /// The steps, the last one first; none while nothing decisive has its moment.
    pub fn causes(&self) -> Vec<Hop> {
        let Some(since) = self.ghost_at() else { return Vec::new() };
        let mut recent = self.past().iter().rev().take_while(|emitted| emitted.at >= since);
        let Some(effect) = recent.find(|emitted| is_decisive(&emitted.event)) else { return Vec::new() };
        let mut hops: Vec<Hop> = Vec::new();
        let mut push = |hop: Hop| {
            if hop.from != hop.to && !hops.contains(&hop) && hops.len() < MOST {
                hops.push(hop);
            }
        };
        for cause in self.history().why(effect.n) {
            let here = match &cause.what {
                CauseKind::Message { to, .. } => Some(*to),
                CauseKind::Timer { node, .. } | CauseKind::Disk { node } => Some(*node),
                CauseKind::Command(_) | CauseKind::Start { .. } => None,
                CauseKind::Disconnected { node, .. } => Some(*node),
            };
            if let Some(here) = here {
                for emitted in self.history().events_between(cause.n, cause.n) {
                    self.silent(emitted).into_iter().for_each(|from| push(Hop { from, to: here, silence: true }));
                }
            }
            match cause.what {
                // Routine that happened to bring it about says nothing about why.
                CauseKind::Message { kind: MessageKind::Heartbeat | MessageKind::BrokerHeartbeat, .. } => break,
                CauseKind::Message { from, to, .. } => push(Hop { from, to, silence: false }),
                CauseKind::Disconnected { node, peer } => push(Hop { from: peer, to: node, silence: true }),
                CauseKind::Disk { .. } => {}
                // A timer runs by itself, a person acts by himself.
                CauseKind::Timer { .. } | CauseKind::Command(_) | CauseKind::Start { .. } => break,
            }
        }
        hops
    }

    /// Whose silence an event is about.
    fn silent(&self, emitted: &Emitted) -> Vec<NodeId> {
        let directory = self.simulation().directory();
        let broker =
            |id: &BrokerId| directory.nodes().find(|(_, kind)| *kind == NodeKind::Broker(*id)).map(|(node, _)| node);
        match &emitted.event {
            Event::BrokerFenced { broker: id, silent_for } if silent_for.0 > 0 => broker(id).into_iter().collect(),
            Event::IsrShrinkProposed { out, .. } => out.iter().filter_map(broker).collect(),
            Event::MemberLeft { client, why: LeaveReason::SessionTimeout, .. } => vec![*client],
            _ => Vec::new(),
        }
    }
}
