//! Who can reach whom, and how long it takes.

use super::envelope::Envelope;
use crate::collections::{Line, Map};
use crate::hash::stable_hash;
use crate::ids::{EnvelopeId, FaultId, NodeId};
use crate::protocol::{Body, Channel, MessageKind};
use crate::rng::SimRng;
use crate::time::{Duration, Instant};

/// First wait before a lost packet is sent again (the usual minimum of TCP's retransmission timer).
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// A rule that keeps messages from passing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fault {
    /// One end.
    pub from: NodeId,
    /// The other end; none for every other node.
    pub to: Option<NodeId>,
    /// Whether it works in both directions.
    pub both_ways: bool,
}

impl Fault {
    fn stops(&self, from: NodeId, to: NodeId) -> bool {
        match self.to {
            Some(other) => (self.from == from && other == to) || (self.both_ways && self.from == to && other == from),
            None => self.from == from || (self.both_ways && self.from == to),
        }
    }
}

/// What became of a message that was to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Passage {
    /// It is under way and arrives then.
    UnderWay(EnvelopeId, Instant),
    /// It waits at a cut link.
    Held(EnvelopeId),
    /// A person wanted it gone.
    Dropped(EnvelopeId),
}

/// The network between all nodes.
#[derive(Clone, Hash, Debug)]
pub struct Network {
    latency: Duration,
    jitter: Duration,
    loss_per_million: u32,
    rng: SimRng,
    next_envelope: u64,
    next_fault: u32,
    in_flight: Line<EnvelopeId, Envelope>,
    held: Vec<Envelope>,
    last_arrival: Map<(NodeId, NodeId, Channel), Instant>,
    faults: Map<FaultId, Fault>,
    drop_next: Vec<(NodeId, NodeId, MessageKind, bool)>,
    delay_next: Vec<(NodeId, NodeId, MessageKind, Duration)>,
    /// Requests that wait in their receiver's queue: no end of a connection takes them back.
    stuck: Vec<EnvelopeId>,
}

impl Network {
    /// A network without faults. `loss_per_million` is the chance of each transmission to get lost.
    pub fn new(seed: u64, latency: Duration, jitter: Duration, loss_per_million: u32) -> Network {
        Network {
            latency,
            jitter,
            loss_per_million,
            rng: SimRng::stream(seed, "network"),
            next_envelope: 0,
            next_fault: 0,
            in_flight: Line::default(),
            held: Vec::new(),
            last_arrival: Map::new(),
            faults: Map::new(),
            drop_next: Vec::new(),
            delay_next: Vec::new(),
            stuck: Vec::new(),
        }
    }

    /// Messages under way, in the order of sending.
    pub fn in_flight(&self) -> impl Iterator<Item = &Envelope> {
        self.in_flight.values()
    }

    /// One message under way.
    pub fn envelope(&self, id: EnvelopeId) -> Option<&Envelope> {
        self.in_flight.get(&id)
    }

    /// The rules in force.
    pub fn faults(&self) -> &Map<FaultId, Fault> {
        &self.faults
    }

    /// The latency of every link and what chance may add to it.
    pub fn latency(&self) -> (Duration, Duration) {
        (self.latency, self.jitter)
    }

    /// Changes the latency of every link from now on.
    pub fn set_latency(&mut self, latency: Duration, jitter: Duration) {
        self.latency = latency;
        self.jitter = jitter;
    }

    /// Whether nothing passes from one node to another.
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        !self.faults.is_empty() && self.faults.values().any(|fault| fault.stops(from, to))
    }

    /// Sends a message.
    pub fn send(&mut self, now: Instant, from: NodeId, to: NodeId, channel: Channel, body: Body) -> Passage {
        let id = EnvelopeId(self.next_envelope);
        self.next_envelope += 1;
        if let Some(index) = self.wanted_gone(from, to, &body) {
            self.drop_next.remove(index);
            return Passage::Dropped(id);
        }
        let envelope = Envelope { id, from, to, channel, body, sent_at: now, arrives_at: now };
        if self.is_cut(from, to) {
            self.held.push(envelope);
            return Passage::Held(id);
        }
        let span = self.transit() + self.wanted_late(&envelope);
        let at = self.launch(envelope, now + span);
        Passage::UnderWay(id, at)
    }

    fn wanted_gone(&self, from: NodeId, to: NodeId, body: &Body) -> Option<usize> {
        if self.drop_next.is_empty() {
            return None;
        }
        let wanted = (from, to, body.kind(), body.is_response());
        self.drop_next.iter().position(|rule| *rule == wanted)
    }

    /// How much later than others this message is to be.
    fn wanted_late(&mut self, envelope: &Envelope) -> Duration {
        let wanted = |rule: &(NodeId, NodeId, MessageKind, Duration)| {
            (rule.0, rule.1, rule.2) == (envelope.from, envelope.to, envelope.body.kind())
        };
        if self.delay_next.is_empty() || envelope.body.is_response() {
            return Duration::ZERO;
        }
        let Some(index) = self.delay_next.iter().position(wanted) else { return Duration::ZERO };
        self.stuck.push(envelope.id);
        self.delay_next.remove(index).3
    }

    fn transit(&mut self) -> Duration {
        let mut span = self.latency + self.rng.up_to(self.jitter);
        let mut wait = RETRANSMISSION;
        while self.rng.chance(self.loss_per_million) && wait < Duration::from_secs(60) {
            span = span + wait;
            wait = wait.times(2);
        }
        span
    }

    fn launch(&mut self, mut envelope: Envelope, at: Instant) -> Instant {
        let key = (envelope.from, envelope.to, envelope.channel);
        let last = self.last_arrival.entry(key).or_default();
        let at = at.max(*last);
        *last = at;
        envelope.arrives_at = at;
        self.in_flight.insert(envelope.id, envelope);
        at
    }

    /// A message's time has come: it leaves the network. None when it was dropped meanwhile. A cut link keeps it.
    pub fn arrive(&mut self, id: EnvelopeId) -> Option<Envelope> {
        let envelope = self.in_flight.remove(&id)?;
        self.stuck.retain(|stuck| *stuck != id);
        if self.is_cut(envelope.from, envelope.to) {
            self.held.push(envelope);
            return None;
        }
        Some(envelope)
    }

    /// Makes a message vanish.
    pub fn remove(&mut self, id: EnvelopeId) -> Option<Envelope> {
        self.in_flight.remove(&id)
    }

    /// The next message of this kind between these nodes will vanish.
    pub fn drop_next(&mut self, from: NodeId, to: NodeId, kind: MessageKind, response: bool) {
        self.drop_next.push((from, to, kind, response));
    }

    /// The next request of this kind between these nodes will be late.
    pub fn delay_next(&mut self, from: NodeId, to: NodeId, kind: MessageKind, by: Duration) {
        self.delay_next.push((from, to, kind, by));
    }

    /// Adds a rule.
    pub fn cut(&mut self, fault: Fault) -> FaultId {
        let id = FaultId(self.next_fault);
        self.next_fault += 1;
        self.faults.insert(id, fault);
        id
    }

    /// Lifts a rule. What waited at the link goes on after one retransmission; those messages and their arrivals are returned.
    pub fn heal(&mut self, id: FaultId, now: Instant) -> Option<(Fault, Vec<(EnvelopeId, Instant)>)> {
        let fault = self.faults.remove(&id)?;
        let mut going_on = Vec::new();
        for envelope in std::mem::take(&mut self.held) {
            if self.is_cut(envelope.from, envelope.to) {
                self.held.push(envelope);
                continue;
            }
            let id = envelope.id;
            let at = now + self.transit() + RETRANSMISSION;
            going_on.push((id, self.launch(envelope, at)));
        }
        Some((fault, going_on))
    }

    /// A connection is gone, in both directions: what was under way or waiting on it is lost, and returned.
    pub fn close(&mut self, one: NodeId, other: NodeId, channel: Option<Channel>) -> Vec<Envelope> {
        let belongs = |envelope: &Envelope| {
            let ends = (envelope.from, envelope.to);
            (ends == (one, other) || ends == (other, one)) && channel.is_none_or(|channel| channel == envelope.channel)
        };
        let (mut gone, held): (Vec<Envelope>, _) = std::mem::take(&mut self.held).into_iter().partition(belongs);
        self.held = held;
        let stuck = std::mem::take(&mut self.stuck);
        for late in stuck.iter().filter_map(|id| self.in_flight.get(id)).filter(|late| belongs(late)) {
            // The next connection does not wait for what the last one left behind.
            self.last_arrival.remove(&(late.from, late.to, late.channel));
        }
        let goes = |envelope: &&Envelope| belongs(envelope) && !stuck.contains(&envelope.id);
        let lost: Vec<EnvelopeId> = self.in_flight.values().filter(goes).map(|envelope| envelope.id).collect();
        self.stuck = stuck;
        gone.extend(lost.into_iter().filter_map(|id| self.in_flight.remove(&id)));
        gone
    }

    /// A node is gone: what it had sent into cut links is lost with it, and returned. Messages under way still arrive.
    pub fn forget_sender(&mut self, node: NodeId) -> Vec<Envelope> {
        let (gone, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|envelope| envelope.from == node || envelope.to == node);
        self.held = held;
        gone
    }

    /// One number for what the network can still do from `now` on. Messages under way count as what is scheduled.
    pub fn future_hash(&self, now: Instant) -> u64 {
        let busy: Vec<_> = self.last_arrival.iter().filter(|(_, last)| **last > now).collect();
        let held: Vec<_> = self.held.iter().map(|held| (held.from, held.to, held.channel, &held.body)).collect();
        let rules = (&self.faults, &self.drop_next, &self.delay_next, self.stuck.len());
        stable_hash(&((self.latency, self.jitter, self.loss_per_million), &self.rng, busy, held, rules))
    }

    /// How long a notice of a broken connection takes.
    pub fn notice(&mut self) -> Duration {
        self.latency + self.rng.up_to(self.jitter)
    }
}
