//! Another scheduler for the same world: what happens at one instant may happen in any order, as long as each connection
//! delivers in the order of sending. `swarm::exhaustive` goes through all of them.

use super::actor::Slot;
use super::schedule::Item;
use super::simulation::{Dispatched, Simulation, is_void};
use crate::collections::{Map, Set};
use crate::command::Command;
use crate::hash::stable_hash;
use crate::ids::NodeId;
use crate::network::Envelope;
use crate::protocol::Channel;
use crate::time::Instant;

/// One direction of a connection.
type Wire = (NodeId, NodeId, Channel);

impl Simulation {
    /// When something happens next, and the numbers of everything that could: what is due first, at one instant. Of a connection's messages only
    /// the one that was sent first, and word of its end only after all of them.
    pub fn choices(&self) -> Option<(Instant, Vec<u64>)> {
        let mut items = self.schedule.items();
        items.retain(|(_, seq, _, item)| !is_void(&self.slots, *seq, item));
        let first = items.iter().map(|(at, ..)| *at).min()?;
        items.retain(|(at, ..)| *at == first);
        let mut open: Set<Wire> = Set::new();
        let mut choices = Vec::new();
        for (_, seq, _, item) in &items {
            if let Item::Deliver { envelope } = item
                && let Some(Envelope { from, to, channel, .. }) = self.network.envelope(*envelope)
                && !open.insert((*from, *to, *channel))
            {
                continue;
            }
            choices.push((*seq, *item));
        }
        let reads_first = |item: &Item| match item {
            Item::Disconnect { node, peer, channel } => open
                .iter()
                .any(|(from, to, wire)| (from, to) == (peer, node) && channel.is_none_or(|channel| channel == *wire)),
            _ => false,
        };
        let choices = choices.into_iter().filter(|(_, item)| !reads_first(item)).map(|(seq, _)| seq);
        Some((first, choices.collect()))
    }

    /// Dispatches what has this number, one of [`Simulation::choices`], before everything else.
    pub fn choose(&mut self, seq: u64) -> Option<Dispatched> {
        let (at, cause, item) = self.schedule.take(seq)?;
        self.now = self.now.max(at);
        self.dispatched += 1;
        self.cause = cause;
        Some(self.dispatch(seq, item))
    }

    /// Carries a command out before everything else that is due now.
    pub fn command_now(&mut self, command: Command) {
        let seq = self.schedule.add(self.now, 0, Item::Command(Box::new(command)));
        self.choose(seq);
    }

    /// One number for what the world can still do: like [`Simulation::state_hash`], without what only tells how it came
    /// there. Left out are the numbers of events, messages and scheduled things; messages under way count by connection and
    /// place in it. What the promises remember counts, since it decides what would break one.
    pub fn future_hash(&self) -> u64 {
        let mut wires: Map<Wire, Vec<u64>> = Map::new();
        let mut due = Vec::new();
        for (at, seq, _, item) in self.schedule.items() {
            if is_void(&self.slots, seq, item) {
                continue;
            }
            match item {
                Item::Deliver { envelope } => {
                    if let Some(Envelope { from, to, channel, body, .. }) = self.network.envelope(*envelope) {
                        wires.entry((*from, *to, *channel)).or_default().push(stable_hash(&(at, body)));
                    }
                }
                item => due.push(stable_hash(&(at, item))),
            }
        }
        due.sort_unstable();
        let slots: Vec<u64> = self.slots.iter().map(Slot::future_hash).collect();
        stable_hash(&(
            (self.now, wires, due, slots),
            (self.network.future_hash(self.now), &self.rng, &self.disk_free_at),
            (&self.ledger, &self.promises),
        ))
    }
}
