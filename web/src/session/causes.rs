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
use highwater_engine::time::{Duration, Instant};

/// As many steps as an eye follows.
const MOST: usize = 3;

/// So long before the state before something decisive still is what it is about.
const RECENT: Duration = Duration::from_millis(300);

impl Run {
    /// The steps, the last one first; none while nothing decisive has its moment.
    pub fn causes(&self) -> Vec<Hop> {
        // A beat may come just after what it is about.
        let Some(since) = self.ghost_at().map(|at| Instant(at.0.saturating_sub(RECENT.0))) else { return Vec::new() };
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
            Event::SessionExpired { node, .. } => vec![*node],
            Event::IsrShrinkProposed { out, .. } => out.iter().filter_map(broker).collect(),
            Event::MemberLeft { client, why: LeaveReason::SessionTimeout, .. } => vec![*client],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::command::Command;
    use highwater_engine::event::StopKind;
    use highwater_engine::scenario::Scenario;

    #[test]
    fn an_election_points_from_the_silent_broker_to_the_controller() {
        let text = "scenario t seed=3\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                    producer p1 topic=orders start=\"2s\" every=\"200ms\" acks=all\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        run.seek_time(Instant(5_000_000));
        let leader = run.view().partitions[0].leader;
        let node = run.view().brokers.iter().find(|broker| broker.id == leader).unwrap().node;
        run.act(Command::Stop { node, how: StopKind::Power }).unwrap();
        while run.view().partitions[0].leader == leader {
            assert!(run.step_forward());
        }
        assert!(run.causes().contains(&Hop { from: node, to: NodeId(0), silence: true }), "{:?}", run.causes());
        run.seek_time(Instant(run.now().0 + 500_000));
        assert!(run.causes().is_empty(), "a leap shows no cause");
    }
}
