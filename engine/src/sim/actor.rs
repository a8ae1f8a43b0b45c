//! The actors of a simulation, and whether their processes run.

use super::schedule::Item;
use crate::app::Database;
use crate::broker::Broker;
use crate::client::{Consumer, Producer, ShareConsumer};
use crate::collections::Map;
use crate::controller::Controller;
use crate::effect::{Effects, Input, Timer};
use crate::hash::stable_hash;
use crate::ids::NodeId;
use crate::queue::{QueueBroker, QueuePublisher, Worker};
use crate::time::Instant;
use crate::zookeeper::ZooKeeper;

/// One actor.
#[derive(Clone, Hash, Debug)]
#[allow(missing_docs, reason = "each variant is named after the type it holds")]
pub enum Actor {
    Controller(Box<Controller>),
    Broker(Box<Broker>),
    Producer(Box<Producer>),
    Consumer(Box<Consumer>),
    ShareConsumer(Box<ShareConsumer>),
    QueueBroker(Box<QueueBroker>),
    QueuePublisher(Box<QueuePublisher>),
    Worker(Box<Worker>),
    Database(Box<Database>),
    ZooKeeper(Box<ZooKeeper>),
}

impl Actor {
    pub(super) fn handle(&mut self, node: NodeId, input: Input, out: &mut Effects<'_>) {
        match self {
            Actor::Controller(actor) => actor.handle(node, input, out),
            Actor::Broker(actor) => actor.handle(input, out),
            Actor::Producer(actor) => actor.handle(input, out),
            Actor::Consumer(actor) => actor.handle(input, out),
            Actor::ShareConsumer(actor) => actor.handle(input, out),
            Actor::QueueBroker(actor) => actor.handle(input, out),
            Actor::QueuePublisher(actor) => actor.handle(input, out),
            Actor::Worker(actor) => actor.handle(input, out),
            Actor::Database(actor) => actor.handle(input, out),
            Actor::ZooKeeper(actor) => actor.handle(input, out),
        }
    }

    /// Changes a setting of a client that does not run.
    pub(super) fn configure(&mut self, name: &str, value: &str) -> Result<(), String> {
        let done = match self {
            // Who a client is was settled when the world was described.
            _ if matches!(name, "transactional.id" | "group.instance.id") => {
                return Err(format!("{name} cannot change"));
            }
            Actor::Producer(producer) => producer.config.set(name, value),
            Actor::Consumer(consumer) => consumer.config.set(name, value),
            _ => return Err(format!("no setting {name}")),
        };
        done.map_err(|error| error.to_string())
    }

    /// The process ends; what it had in memory is gone.
    pub(super) fn crash(&mut self, node: NodeId, power_lost: bool, out: &mut Effects<'_>) {
        match self {
            Actor::Controller(actor) => actor.crash(node, power_lost, out),
            Actor::Broker(actor) => actor.crash(power_lost, out),
            Actor::Producer(actor) => actor.crash(),
            Actor::Consumer(actor) => actor.crash(),
            Actor::ShareConsumer(actor) => actor.crash(),
            Actor::QueueBroker(actor) => actor.crash(out),
            Actor::QueuePublisher(actor) => actor.crash(),
            Actor::Worker(actor) => actor.crash(),
            Actor::Database(_) => {}
            Actor::ZooKeeper(actor) => actor.crash(),
        }
    }
}

/// Whether a process runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Process {
    /// It runs.
    Running,
    /// It is frozen; what arrives waits.
    Paused(Instant),
    /// It is down. With the machine off, peers hear nothing at all.
    Down {
        /// Since when.
        since: Instant,
        /// Whether the machine is off, rather than only the process.
        machine_off: bool,
    },
}

/// An actor, its process and what is meant for it.
#[derive(Clone, Hash, Debug)]
pub(super) struct Slot {
    pub actor: Actor,
    pub process: Process,
    /// How often the process has started: what was scheduled for an earlier one is void.
    pub incarnation: u32,
    /// Whether it was taken out of the world for good.
    pub removed: bool,
    /// Timers that run, with the number of the item that will fire them.
    pub timers: Map<Timer, u64>,
    /// Settings it reads when it starts next; it is started again as soon as it has stopped in order.
    pub settings: Vec<(String, String)>,
    /// What arrived while the process was frozen.
    pub held: Vec<(u64, Item)>,
    /// Nodes it has exchanged messages with since it started: they notice when it dies.
    pub peers: crate::collections::Set<NodeId>,
}

impl Slot {
    /// One number for what this process can still do. Its timers count as what is scheduled.
    pub fn future_hash(&self) -> u64 {
        let held: Vec<&Item> = self.held.iter().map(|(_, item)| item).collect();
        stable_hash(&(&self.actor, self.process, self.incarnation, self.removed, &self.settings, held, &self.peers))
    }
}
