//! A small world searched exhaustively: one partition, three replicas, two records of an idempotent producer with
//! `acks=all`, and one broker that crashes and comes back; all promises on after every step.
//!
//! Covered: messages take no time, so everything the two records set in motion happens at one moment, and of this moment
//! every order is tried in which each connection delivers what was sent on it in turn: messages of different connections,
//! timers, word of broken connections, the crash, and a restart. The crash comes in every state of the moment, of each of
//! the three brokers, or not at all; the restart in every later state of the moment, or a second later, when nobody has
//! missed the broker yet, or twelve, when it is fenced and another leads. What comes after the moment takes its usual order,
//! for half a minute; then both records must be acknowledged, stand once and in order in every log, and all replicas be in
//! sync.
//!
//! Not covered: other orders of later moments, a message that is slower than a timer, a second fault, lost power;
//! random worlds ([`super::try_seed`]) have those.
//!
//! A state is what the world can still do ([`Simulation::future_hash`]), with what is still to come of crash and restart.
//! Of ways that lead to the same state one is followed.

use crate::audit::Promise;
use crate::command::Command;
use crate::event::{Event, StopKind};
use crate::hash::stable_hash;
use crate::history::Recording;
use crate::ids::{NodeId, Offset, RecordId, TopicId, TopicPartition};
use crate::scenario::Scenario;
use crate::sim::{Actor, Observe, Process, Simulation, SpecError};
use crate::storage::RecordBody;
use crate::time::{Duration, Instant};
use std::collections::BTreeSet;

/// When the two records are sent: everything has settled, and no timer falls on it.
const SENT_AT: Duration = Duration::from_millis(7_501);
/// How long after that all must be well again.
const RECOVERY: Duration = Duration::from_secs(30);
/// After the crash, when the broker comes back.
const RESTARTS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(12)];

/// The partition of the world.
const TP: TopicPartition = TopicPartition { topic: TopicId(1), partition: 0 };

const WORLD: &str = r#"
scenario small-world seed=1
brokers 3
network latency="0ms" jitter="0ms"
topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
producer p topic=t start="1h" count=0 acks=all linger.ms=0 batch.size=0
"#;

/// What is still to come of the fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Plan {
    /// The crash.
    Crash,
    /// The restart of this node, at any state of this moment.
    Restart(NodeId),
    /// Nothing: the restart has its time, or has been.
    Settled,
}

/// What the search found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Exhausted {
    /// Different states of the moment at which the records are sent.
    pub states: u64,
    /// Events dispatched after that moment, on the way to the ends.
    pub transitions: u64,
    /// Different ends.
    pub ends: u64,
    /// Promises broken, and what an end must hold and did not: each kind once, with the number of the first event.
    pub breaches: Vec<Breach>,
    /// Whether the search ended before it had seen everything.
    pub cut_short: bool,
}

/// Something that does not hold in one of the orders.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Breach {
    /// A promise was broken.
    Promise(Promise),
    /// A guarantee was given up that this world gives no reason for.
    GivenUp(&'static str),
    /// At the end not every replica holds both records, once and in order.
    Logs,
    /// At the end a record is not acknowledged.
    Unacknowledged,
    /// At the end not all three replicas are in sync behind a leader.
    Replicas,
}

/// Goes through all orders, but through no more than `most` states.
pub fn exhaust(most: u64) -> Result<Exhausted, SpecError> {
    let Ok(scenario) = Scenario::parse(WORLD) else { return Ok(Exhausted::default()) };
    let recording = Recording { seed: scenario.seed, spec: scenario.spec.clone(), commands: Vec::new() };
    let mut start = recording.begin(Observe::ALL)?;
    start.run_until(Instant::ZERO + SENT_AT);
    start.take_emitted();
    let producer = start.directory().find_node("p").unwrap_or(NodeId(0));
    let now = Instant::ZERO + SENT_AT;
    start.command(now, Command::Send { producer, count: 2 });
    let mut search = Search { found: Exhausted::default(), seen: BTreeSet::new(), ends: BTreeSet::new(), producer };
    let mut open = vec![(start, Plan::Crash)];
    while let Some((simulation, plan)) = open.pop() {
        if search.found.states >= most {
            search.found.cut_short = true;
            break;
        }
        search.expand(simulation, plan, &mut open);
    }
    search.found.ends = search.ends.len() as u64;
    search.found.breaches.sort();
    Ok(search.found)
}

struct Search {
    found: Exhausted,
    seen: BTreeSet<u64>,
    ends: BTreeSet<u64>,
    producer: NodeId,
}

impl Search {
    /// Adds every world that can come of this one at the moment of the records; what comes after takes its usual order.
    fn expand(&mut self, mut simulation: Simulation, plan: Plan, open: &mut Vec<(Simulation, Plan)>) {
        if !self.is_new(&simulation, plan) {
            return;
        }
        self.found.states += 1;
        let moment = Instant::ZERO + SENT_AT;
        for choice in simulation.choices().filter(|(at, _)| *at <= moment).map_or(Vec::new(), |(_, choices)| choices) {
            let mut other = simulation.clone();
            other.choose(choice);
            if self.watch(&mut other) {
                open.push((other, plan));
            }
        }
        match plan {
            Plan::Crash => self.crash(&simulation, open),
            Plan::Restart(node) => self.carry_out(simulation.clone(), Command::Start { node }, Plan::Settled, open),
            Plan::Settled => {}
        }
        let is_over = simulation.choices().is_none_or(|(at, _)| at > moment);
        // Another plan has the later restarts.
        if is_over && !matches!(plan, Plan::Restart(_)) {
            while simulation.next_at().is_some_and(|at| at <= moment + RECOVERY) && simulation.step().is_some() {
                self.found.transitions += 1;
                if !self.watch(&mut simulation) {
                    return;
                }
            }
            self.judge_end(&simulation);
        }
    }

    fn is_new(&mut self, simulation: &Simulation, plan: Plan) -> bool {
        self.seen.insert(stable_hash(&(simulation.future_hash(), plan)))
    }

    /// Each broker crashes here, and comes back in each of the three ways.
    fn crash(&mut self, simulation: &Simulation, open: &mut Vec<(Simulation, Plan)>) {
        let brokers: Vec<NodeId> =
            simulation.actors().filter(|(_, actor)| matches!(actor, Actor::Broker(_))).map(|(node, _)| node).collect();
        for node in brokers {
            for after in RESTARTS {
                let mut later = simulation.clone();
                later.command(Instant::ZERO + SENT_AT + after, Command::Start { node });
                self.carry_out(later, Command::Stop { node, how: StopKind::Crash }, Plan::Settled, open);
            }
            self.carry_out(simulation.clone(), Command::Stop { node, how: StopKind::Crash }, Plan::Restart(node), open);
        }
    }

    fn carry_out(&mut self, mut world: Simulation, command: Command, plan: Plan, open: &mut Vec<(Simulation, Plan)>) {
        world.command_now(command);
        if self.watch(&mut world) {
            open.push((world, plan));
        }
    }

    /// False when a promise was broken: then nothing that follows counts.
    fn watch(&mut self, simulation: &mut Simulation) -> bool {
        let mut well = true;
        for emitted in simulation.take_emitted() {
            match emitted.event {
                Event::PromiseBroken { promise, .. } => self.breach(Breach::Promise(promise)),
                Event::GuaranteeGivenUp { guarantee, .. } => self.breach(Breach::GivenUp(guarantee.name())),
                _ => continue,
            }
            well = false;
        }
        well
    }

    fn breach(&mut self, breach: Breach) {
        if !self.found.breaches.contains(&breach) {
            self.found.breaches.push(breach);
        }
    }

    /// What every order must end with.
    fn judge_end(&mut self, simulation: &Simulation) {
        if !self.ends.insert(simulation.future_hash()) {
            return;
        }
        let records = [1, 2].map(|number| RecordId::new(self.producer, number));
        let fates = records.map(|record| simulation.ledger().fate(record).and_then(|fate| fate.acked));
        if fates.iter().any(|acked| acked.is_none_or(|offset| offset < Offset::ZERO)) {
            self.breach(Breach::Unacknowledged);
        }
        let mut in_sync = 0;
        for (node, actor) in simulation.actors() {
            match actor {
                Actor::Broker(broker) => {
                    let log = broker.replicas().get(&TP).map(|replica| &replica.log);
                    let held: Vec<RecordId> = log
                        .into_iter()
                        .flat_map(|log| log.batches())
                        .flat_map(|batch| batch.records.iter())
                        .filter_map(|record| match record.body {
                            RecordBody::User { id, .. } => Some(id),
                            _ => None,
                        })
                        .collect();
                    if held != records || simulation.process(node) != Some(Process::Running) {
                        self.breach(Breach::Logs);
                    }
                }
                Actor::Controller(controller) => {
                    let partition = controller.image().and_then(|image| image.partition(TP));
                    in_sync = partition.filter(|p| p.leader.some().is_some()).map_or(0, |p| p.isr.len());
                }
                _ => {}
            }
        }
        if in_sync != 3 {
            self.breach(Breach::Replicas);
        }
    }
}
