//! One seed: run, watch, heal, demand.

use super::world::{Faults, recording};
use crate::audit::Promise;
use crate::command::Command;
use crate::event::Event;
use crate::history::{Recorded, Recording};
use crate::ids::NodeId;
use crate::rng::SimRng;
use crate::sim::{Actor, Observe, Process, Simulation, SpecError};
use crate::time::{Duration, Instant};

/// How long after the last fault everything may take to be well: elections, sessions, delivery timeouts, and a JoinGroup
/// whose answer is lost, which takes the rebalance timeout (`max.poll.interval.ms`, five minutes) and five seconds.
const RECOVERY: Duration = Duration::from_secs(420);

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// A promise was broken at this event.
    Broken {
        /// Which.
        promise: Promise,
        /// The number of the event.
        event: u64,
    },
    /// Partitions had no leader when the faults had been over for long.
    Leaderless(usize),
    /// Running consumers were not in a settled group.
    Unsettled(usize),
    /// Records sent before the faults were over had no verdict.
    Undrained(usize),
}

/// What became of one seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    /// Events dispatched.
    pub events: u64,
    /// Guarantees given up, as the configuration allows.
    pub given_up: u64,
    /// The first thing that went wrong.
    pub failure: Option<Failure>,
    /// The run, with the commands that healed it.
    pub recording: Recording,
    /// When it ended.
    pub at: Instant,
}

/// The world of a seed, with only those kinds of faults the seed chooses.
pub fn world_of(seed: u64) -> Recording {
    let mut recording = recording(seed, Faults::All);
    let mut rng = SimRng::stream(seed, "fault kinds");
    let kinds = rng.bits();
    let wanted = |command: &Command| {
        let kind = match command {
            Command::Stop { how, .. } => *how as u32,
            Command::Pause { .. } => 3,
            Command::Cut { .. } => 4,
            Command::Isolate { .. } => 5,
            _ => return true,
        };
        kinds & (1 << kind) != 0
    };
    recording.commands.retain(|recorded| wanted(&recorded.command));
    recording
}

/// Runs the world of a seed for `steps` events and then demands that it recovers.
pub fn try_seed(seed: u64, steps: u64) -> Result<Trial, SpecError> {
    try_recording(&world_of(seed), steps)
}

/// The same failure with as few commands as removing one after the other leaves.
pub fn shrink(seed: u64, steps: u64, failure: &Failure) -> Result<Trial, SpecError> {
    let same = |other: &Option<Failure>| {
        other.as_ref().is_some_and(|other| match (failure, other) {
            (Failure::Broken { promise, .. }, Failure::Broken { promise: other, .. }) => promise == other,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        })
    };
    let mut given = world_of(seed);
    let mut smallest = try_recording(&given, steps)?;
    let mut index = given.commands.len();
    while index > 0 {
        index -= 1;
        let mut fewer = given.clone();
        fewer.commands.remove(index);
        let trial = try_recording(&fewer, steps)?;
        if same(&trial.failure) {
            (given, smallest) = (fewer, trial);
        }
    }
    Ok(smallest)
}

/// A failed trial as a scenario that anybody can open; none when it cannot be written.
pub fn scenario_of(trial: &Trial) -> Option<String> {
    let name = format!("swarm-{}", trial.recording.seed);
    crate::scenario::print(&name, &trial.recording, trial.at).ok()
}

/// Runs a world for `steps` events and then demands that it recovers.
pub fn try_recording(recording: &Recording, steps: u64) -> Result<Trial, SpecError> {
    let mut simulation = recording.begin(Observe::ALL)?;
    let recording = recording.clone();
    let mut trial = Trial { events: 0, given_up: 0, failure: None, recording, at: Instant::ZERO };
    while simulation.dispatched() < steps && trial.failure.is_none() {
        if trial.recording.step(&mut simulation).is_none() {
            break;
        }
        watch(&mut simulation, &mut trial);
    }
    if trial.failure.is_none() {
        recover(&mut simulation, &mut trial);
    }
    trial.events = simulation.dispatched();
    trial.at = simulation.now();
    Ok(trial)
}

fn watch(simulation: &mut Simulation, trial: &mut Trial) {
    for emitted in simulation.take_emitted() {
        match emitted.event {
            Event::PromiseBroken { promise, .. } if trial.failure.is_none() => {
                trial.failure = Some(Failure::Broken { promise, event: emitted.n });
            }
            Event::GuaranteeGivenUp { .. } => trial.given_up += 1,
            _ => {}
        }
    }
}

/// Heals everything, also what the recording would still have broken or slowed down, and waits until all is well.
fn recover(simulation: &mut Simulation, trial: &mut Trial) {
    let mut healed = simulation.now();
    let end = healed + RECOVERY;
    let sent: Vec<(NodeId, u32)> = simulation
        .actors()
        .filter_map(|(node, actor)| match actor {
            Actor::Producer(producer) => Some((node, producer.sent())),
            _ => None,
        })
        .collect();
    loop {
        heal(simulation, healed, &mut trial.recording);
        healed += Duration::from_secs(5);
        while simulation.next_at().is_some_and(|at| at <= healed) && simulation.step().is_some() {
            watch(simulation, trial);
        }
        if trial.failure.is_some() {
            return;
        }
        let missing = demand(simulation, &sent);
        if missing.is_none() || healed >= end {
            trial.failure = missing;
            return;
        }
    }
}

pub(super) fn heal(simulation: &mut Simulation, at: Instant, recording: &mut Recording) {
    let after = simulation.dispatched();
    let mut wanted = Vec::new();
    if !simulation.network().faults().is_empty() {
        wanted.push(Command::HealAll);
    }
    let nodes: Vec<NodeId> = simulation.actors().map(|(node, _)| node).collect();
    for node in nodes {
        match simulation.process(node) {
            Some(Process::Down { .. }) => wanted.push(Command::Start { node }),
            Some(Process::Paused(_)) => wanted.push(Command::Resume { node }),
            Some(Process::Running) | None => {}
        }
    }
    // Programs that were made slow are made quick again: with 500 records in hand a slow one keeps its group waiting.
    let clients =
        simulation.actors().filter(|(_, actor)| matches!(actor, Actor::Consumer(_) | Actor::ShareConsumer(_)));
    let written = recording.spec.groups.iter().flat_map(|group| &group.consumers);
    for ((node, actor), written) in clients.zip(written) {
        if matches!(actor, Actor::Consumer(consumer) if consumer.takes() != written.processing) {
            wanted.push(Command::Processing { node, takes: written.processing });
        }
    }
    for command in wanted {
        simulation.command(at, command.clone());
        recording.commands.push(Recorded { after, at, command });
    }
}

/// What is not well yet.
fn demand(simulation: &Simulation, sent: &[(NodeId, u32)]) -> Option<Failure> {
    let (mut leaderless, mut unsettled) = (0, 0);
    for (_, actor) in simulation.actors() {
        match actor {
            Actor::Controller(controller) => {
                let partitions = controller.image().into_iter().flat_map(|image| image.partitions());
                leaderless += partitions.filter(|(_, partition)| partition.leader.some().is_none()).count();
            }
            Actor::Broker(broker) => {
                let partitions = broker.deciding().into_iter().flat_map(|(_, deciding)| deciding.image.partitions());
                leaderless += partitions.filter(|(_, partition)| partition.leader.some().is_none()).count();
            }
            Actor::Consumer(consumer) => unsettled += usize::from(!consumer.is_stable()),
            Actor::ShareConsumer(consumer) => unsettled += usize::from(!consumer.is_stable()),
            _ => {}
        }
    }
    let open = |(node, count): &(NodeId, u32)| {
        let fates = simulation.ledger().fates(*node).take(*count as usize);
        let waiting: Vec<_> = match simulation.actor(*node) {
            Some(Actor::Producer(producer)) => producer.waiting(),
            _ => Vec::new(),
        };
        let known = |record| waiting.iter().any(|(waits, ..)| *waits == record);
        fates.filter(|(record, fate)| fate.acked.is_none() && !fate.failed && known(*record)).count()
    };
    let undrained: usize = sent.iter().map(open).sum();
    match (leaderless, unsettled, undrained) {
        (0, 0, 0) => None,
        (0, 0, undrained) => Some(Failure::Undrained(undrained)),
        (0, unsettled, _) => Some(Failure::Unsettled(unsettled)),
        (leaderless, ..) => Some(Failure::Leaderless(leaderless)),
    }
}
