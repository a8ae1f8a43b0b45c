//! The simulation: a value that is stepped forward one event at a time.

use super::actor::{Actor, Process, Slot};
use super::directory::Directory;
use super::schedule::{Item, Schedule};
use crate::audit::{Ledger, Promises, Standings};
use crate::command::Command;
use crate::config::Acks;
use crate::effect::{DiskToken, Effect, Effects, Input, Timer};
use crate::event::{DropReason, Event, StopKind};
use crate::fact::Fact;
use crate::ids::{NodeId, RecordId, TopicPartition};
use crate::network::{Envelope, Network, Passage};
use crate::protocol::{Body, Channel, CreatableTopic, MessageKind, Request};
use crate::rng::SimRng;
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// Who watches. Watching never changes what happens, only what it costs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Observe {
    /// Events are built and handed out.
    pub events: bool,
    /// The ledger follows every record.
    pub ledger: bool,
    /// The promises are checked.
    pub promises: bool,
    /// Events and facts are kept in one order for a trace.
    pub trace: bool,
    /// Messages are among the facts.
    pub messages: bool,
}

impl Observe {
    /// What a page wants.
    pub const ALL: Observe = Observe { events: true, ledger: true, promises: true, trace: false, messages: false };
    /// What a trace wants.
    pub const TRACE: Observe = Observe { trace: true, ..Observe::ALL };
    /// Nothing: the bare protocol.
    pub const NOTHING: Observe =
        Observe { events: false, ledger: false, promises: false, trace: false, messages: false };
}

/// What one step dispatched, for the chain of causes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Dispatched {
    /// A process started.
    Start { node: NodeId },
    /// A message arrived.
    Message { from: NodeId, to: NodeId, kind: MessageKind, is_response: bool },
    /// A timer ran out.
    Timer { node: NodeId, timer: Timer },
    /// An fsync was done.
    Disk { node: NodeId },
    /// A node noticed a broken connection.
    Disconnected { node: NodeId, peer: NodeId },
    /// A command was carried out.
    Command(Box<Command>),
    /// The world's beginning told a node something.
    Told { node: NodeId },
    /// What arrived was meant for a process that is gone or frozen.
    Nothing,
}

/// An event with its place in the run.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Emitted {
    /// The number of the dispatch that brought it about, from 1.
    pub n: u64,
    /// When.
    pub at: Instant,
    /// The dispatch that had scheduled this one; 0 for the beginning.
    pub cause: u64,
    /// What happened.
    pub event: Event,
}

/// What a tracer is told, in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Told {
    /// An event.
    Event(Event),
    /// A fact.
    Fact(Fact),
}

/// A running world.
#[derive(Debug)]
pub struct Simulation {
    pub(super) now: Instant,
    pub(super) dispatched: u64,
    pub(super) cause: u64,
    pub(super) schedule: Schedule,
    pub(super) slots: Vec<Slot>,
    pub(super) network: Network,
    pub(super) directory: Arc<Directory>,
    pub(super) rng: SimRng,
    pub(super) fsync: Duration,
    pub(super) disk_free_at: Vec<Instant>,
    pub(super) observe: Observe,
    pub(super) emitted: Vec<Emitted>,
    pub(super) told: Vec<Told>,
    pub(super) ledger: Ledger,
    pub(super) promises: Promises,
    pub(super) standings: Standings,
    pub(super) effects: Vec<Effect>,
    /// Topics that the world describes and that somebody may create.
    pub(super) late_topics: Arc<Vec<CreatableTopic>>,
}

impl Simulation {
    /// The time of the last event.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How many events have happened.
    pub fn dispatched(&self) -> u64 {
        self.dispatched
    }

    /// The event that had scheduled the last one; 0 for the beginning.
    pub fn cause(&self) -> u64 {
        self.cause
    }

    /// When the next event happens; none when nothing will happen any more.
    pub fn next_at(&self) -> Option<Instant> {
        self.schedule.next_at()
    }

    /// The names of this world.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The ledger of all records.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How promises and guarantees stand so far.
    pub fn standings(&self) -> &Standings {
        &self.standings
    }

    /// An actor.
    pub fn actor(&self, node: NodeId) -> Option<&Actor> {
        self.slots.get(node.0 as usize).map(|slot| &slot.actor)
    }

    /// All actors by node.
    pub fn actors(&self) -> impl Iterator<Item = (NodeId, &Actor)> {
        self.slots.iter().enumerate().map(|(index, slot)| (NodeId(index as u32), &slot.actor))
    }

    /// Whether a node's process runs.
    pub fn process(&self, node: NodeId) -> Option<Process> {
        self.slots.get(node.0 as usize).map(|slot| slot.process)
    }

    /// Whether a process was taken out of the world for good.
    pub fn is_removed(&self, node: NodeId) -> bool {
        self.slots.get(node.0 as usize).is_some_and(|slot| slot.removed)
    }

    /// How many things are scheduled.
    pub fn scheduled(&self) -> usize {
        self.schedule.len()
    }

    /// Events since this was last asked.
    pub fn take_emitted(&mut self) -> Vec<Emitted> {
        std::mem::take(&mut self.emitted)
    }

    /// What a tracer was told since this was last asked; all of it belongs to the last event.
    pub fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// One number for the whole state: equal states have equal hashes, on every machine.
    pub fn state_hash(&self) -> u64 {
        // Cancelled timers will never happen: whether they were cleared away yet is no state.
        let mut schedule = self.schedule.items();
        schedule.retain(|(_, seq, _, item)| !is_void(&self.slots, *seq, item));
        crate::hash::stable_hash(&(
            (self.now, self.dispatched),
            (schedule, self.schedule.next_seq()),
            &self.slots,
            &self.network,
            (&self.rng, &self.disk_free_at),
            &self.ledger,
        ))
    }

    /// Schedules a command. It is carried out in its turn: after everything scheduled before for the same moment.
    pub fn command(&mut self, at: Instant, command: Command) {
        self.schedule.add(at.max(self.now), 0, Item::Command(Box::new(command)));
    }

    /// Dispatches the next event. None when nothing will happen any more.
    pub fn step(&mut self) -> Option<Dispatched> {
        if self.schedule.is_cluttered() {
            let slots = &self.slots;
            self.schedule.sweep(|seq, item| is_void(slots, seq, item));
        }
        loop {
            let (at, seq, cause, item) = self.schedule.pop()?;
            if is_void(&self.slots, seq, &item) {
                continue;
            }
            self.now = at;
            self.dispatched += 1;
            self.cause = cause;
            return Some(self.dispatch(seq, item));
        }
    }

    /// Dispatches everything that happens at or before `until`.
    pub fn run_until(&mut self, until: Instant) {
        while self.schedule.next_at().is_some_and(|at| at <= until) {
            if self.step().is_none() {
                return;
            }
        }
    }

    /// Drops cancelled things from the front, so that [`Simulation::next_at`] tells the truth.
    pub fn settle_front(&mut self) {
        while self.schedule.peek().is_some_and(|(seq, item)| is_void(&self.slots, seq, item)) {
            self.schedule.pop();
        }
    }

    pub(super) fn dispatch(&mut self, seq: u64, item: Item) -> Dispatched {
        match item {
            Item::Command(command) => {
                self.carry_out(&command);
                Dispatched::Command(command)
            }
            Item::Deliver { envelope } => {
                // A frozen process does not read its sockets: the message waits at its door.
                let to = self.network.envelope(envelope).map(|envelope| envelope.to);
                if to.is_some_and(|to| self.hold(to, seq, Item::Deliver { envelope })) {
                    return Dispatched::Nothing;
                }
                match self.network.arrive(envelope) {
                    Some(envelope) => self.deliver(envelope),
                    None => Dispatched::Nothing,
                }
            }
            Item::Start { node } => {
                self.start(node);
                Dispatched::Start { node }
            }
            Item::Timer { node, timer } => {
                if self.hold(node, seq, Item::Timer { node, timer }) {
                    return Dispatched::Nothing;
                }
                if let Some(slot) = self.slots.get_mut(node.0 as usize) {
                    slot.timers.remove(&timer);
                }
                self.handle(node, Input::TimerFired(timer));
                Dispatched::Timer { node, timer }
            }
            Item::Disk { node, incarnation, token } => {
                if self.hold(node, seq, Item::Disk { node, incarnation, token }) {
                    return Dispatched::Nothing;
                }
                self.handle(node, Input::DiskDone(token));
                Dispatched::Disk { node }
            }
            Item::Disconnect { node, peer, channel } => {
                if self.hold(node, seq, Item::Disconnect { node, peer, channel }) {
                    return Dispatched::Nothing;
                }
                self.handle(node, Input::Disconnected { peer, channel });
                Dispatched::Disconnected { node, peer }
            }
            Item::Told { node, instruction } => {
                self.handle(node, Input::Told(*instruction));
                Dispatched::Told { node }
            }
        }
    }

    /// A frozen process keeps what is meant for it until it goes on.
    fn hold(&mut self, node: NodeId, seq: u64, item: Item) -> bool {
        let Some(slot) = self.slots.get_mut(node.0 as usize) else { return true };
        if let Process::Paused(_) = slot.process {
            slot.held.push((seq, item));
            return true;
        }
        false
    }

    fn deliver(&mut self, envelope: Envelope) -> Dispatched {
        let Envelope { id, from, to, channel, body, .. } = envelope;
        let kind = body.kind();
        let is_response = body.is_response();
        let Some(slot) = self.slots.get_mut(to.0 as usize) else { return Dispatched::Nothing };
        match slot.process {
            Process::Running => {}
            // `dispatch` keeps what is meant for a frozen process.
            Process::Paused(_) => return Dispatched::Nothing,
            Process::Down { machine_off, .. } => {
                self.tell(Event::MessageDropped { envelope: id, from, to, kind, why: DropReason::ReceiverDown });
                self.tell_vanished(unacknowledged(&body));
                if !machine_off {
                    // Nobody listens on the port: the sender is refused at once.
                    self.notice_broken(from, to, Some(channel));
                }
                return Dispatched::Nothing;
            }
        }
        slot.peers.insert(from);
        self.note_message(|| Fact::MessageDelivered { envelope: id, from, to, kind, response: is_response });
        self.handle(to, Input::Delivered { from, channel, body });
        Dispatched::Message { from, to, kind, is_response }
    }

    /// Lets an actor handle an input and acts on its wishes.
    pub(super) fn handle(&mut self, node: NodeId, input: Input) {
        let Some(slot) = self.slots.get_mut(node.0 as usize) else { return };
        if slot.process != Process::Running {
            return;
        }
        let mut list = std::mem::take(&mut self.effects);
        let mut out = Effects {
            now: self.now,
            observed: self.observe.events,
            noted: self.observe.trace,
            judged: self.observe.promises,
            rng: &mut self.rng,
            list: &mut list,
        };
        slot.actor.handle(node, input, &mut out);
        self.act_on(node, &mut list);
        self.effects = list;
    }

    pub(super) fn act_on(&mut self, node: NodeId, list: &mut Vec<Effect>) {
        let cause = self.dispatched;
        for effect in list.drain(..) {
            match effect {
                Effect::Send { to, channel, body } => {
                    let (kind, response) = (body.kind(), body.is_response());
                    let vanishing = unacknowledged(&body);
                    match self.network.send(self.now, node, to, channel, body) {
                        Passage::UnderWay(envelope, at) => {
                            self.note_message(|| Fact::MessageSent { envelope, from: node, to, kind, response });
                            self.schedule.add(at, cause, Item::Deliver { envelope });
                        }
                        Passage::Held(envelope) => {
                            self.note_message(|| Fact::MessageSent { envelope, from: node, to, kind, response });
                        }
                        Passage::Dropped(envelope) => {
                            self.note_message(|| Fact::MessageSent { envelope, from: node, to, kind, response });
                            let why = DropReason::Dropped;
                            self.tell(Event::MessageDropped { envelope, from: node, to, kind, why });
                            self.tell_vanished(vanishing);
                        }
                    }
                    if let Some(slot) = self.slots.get_mut(node.0 as usize) {
                        slot.peers.insert(to);
                    }
                }
                Effect::SetTimer(timer, at) => {
                    let seq = self.schedule.add(at.max(self.now), cause, Item::Timer { node, timer });
                    if let Some(slot) = self.slots.get_mut(node.0 as usize) {
                        self.schedule.voided(usize::from(slot.timers.insert(timer, seq).is_some()));
                    }
                }
                Effect::CancelTimer(timer) => {
                    if let Some(slot) = self.slots.get_mut(node.0 as usize) {
                        self.schedule.voided(usize::from(slot.timers.remove(&timer).is_some()));
                    }
                }
                Effect::Sync(token) => self.sync(node, token),
                Effect::Close { to, channel } => self.close(node, to, channel),
                Effect::Emit(event) => self.tell(event),
                Effect::Note(fact) => self.note(*fact),
                Effect::Exit => self.stop(node, StopKind::Graceful),
                Effect::Halt => self.stop(node, StopKind::Crash),
            }
        }
    }

    /// Tells the world what happened.
    pub(super) fn tell(&mut self, event: Event) {
        if !self.observe.events {
            return;
        }
        let (n, at, cause) = (self.dispatched, self.now, self.cause);
        let mut verdicts = if self.observe.ledger { self.ledger.observe(&event, n, at) } else { Vec::new() };
        if self.observe.promises {
            self.promises.observe(&event, at, &self.ledger, &mut verdicts);
        }
        self.emit(Emitted { n, at, cause, event });
        for event in verdicts {
            self.standings.note(&event, n, at);
            self.emit(Emitted { n, at, cause, event });
        }
    }

    fn emit(&mut self, emitted: Emitted) {
        if self.observe.trace {
            self.told.push(Told::Event(emitted.event.clone()));
        }
        self.emitted.push(emitted);
    }

    fn note(&mut self, fact: Fact) {
        if self.observe.promises {
            let (n, at, cause) = (self.dispatched, self.now, self.cause);
            for event in self.promises.observe_fact(&fact) {
                self.standings.note(&event, n, at);
                self.emit(Emitted { n, at, cause, event });
            }
        }
        if self.observe.trace {
            self.told.push(Told::Fact(fact));
        }
    }

    fn note_message(&mut self, fact: impl FnOnce() -> Fact) {
        if self.observe.messages {
            self.note(fact());
        }
    }

    /// A message will not arrive.
    pub(super) fn tell_lost(&mut self, lost: &Envelope, why: DropReason) {
        let (from, to, kind) = (lost.from, lost.to, lost.body.kind());
        self.tell(Event::MessageDropped { envelope: lost.id, from, to, kind, why });
        self.tell_vanished(unacknowledged(&lost.body));
    }

    fn tell_vanished(&mut self, batches: Vec<(TopicPartition, Vec<RecordId>)>) {
        for (tp, records) in batches {
            self.tell(Event::SendVanished { tp, records });
        }
    }

    /// One disk does one fsync after the other.
    fn sync(&mut self, node: NodeId, token: DiskToken) {
        let Some(slot) = self.slots.get(node.0 as usize) else { return };
        let incarnation = slot.incarnation;
        let Some(free_at) = self.disk_free_at.get_mut(node.0 as usize) else { return };
        *free_at = (*free_at).max(self.now) + self.fsync;
        let at = *free_at;
        self.schedule.add(at, self.dispatched, Item::Disk { node, incarnation, token });
    }

    /// A node closes a connection; the other side notices unless the link is cut.
    fn close(&mut self, node: NodeId, to: NodeId, channel: Channel) {
        for lost in self.network.close(node, to, Some(channel)) {
            self.tell_lost(&lost, DropReason::ConnectionBroken);
        }
        self.notice_broken(to, node, Some(channel));
    }

    /// `node` will notice that its connection to `peer` broke, if it can be told.
    pub(super) fn notice_broken(&mut self, node: NodeId, peer: NodeId, channel: Option<Channel>) {
        if self.network.is_cut(peer, node) {
            return;
        }
        let at = self.now + self.network.notice();
        self.schedule.add(at, self.dispatched, Item::Disconnect { node, peer, channel });
    }
}

/// The records of a produce request nobody waits for: when it is lost, nobody will ever know.
fn unacknowledged(body: &Body) -> Vec<(TopicPartition, Vec<RecordId>)> {
    let Body::Request(_, Request::Produce(request)) = body else { return Vec::new() };
    if request.acks != Acks::None {
        return Vec::new();
    }
    let ids = |batch: &crate::storage::RecordBatch| batch.records.iter().filter_map(|record| record.id()).collect();
    request.batches.iter().map(|(tp, batch)| (*tp, ids(batch))).collect()
}

/// Whether a scheduled thing is a cancelled timer, or of a process that is no more; such things are dropped silently.
pub(super) fn is_void(slots: &[Slot], seq: u64, item: &Item) -> bool {
    match item {
        Item::Timer { node, timer } => {
            slots.get(node.0 as usize).is_none_or(|slot| slot.timers.get(timer) != Some(&seq))
        }
        Item::Disk { node, incarnation, .. } => {
            slots.get(node.0 as usize).is_none_or(|slot| slot.incarnation != *incarnation)
        }
        _ => false,
    }
}
