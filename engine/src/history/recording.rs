//! What it takes to see a run again: the seed, the world and the commands.

use crate::command::Command;
use crate::sim::{Observe, Simulation, Spec, SpecError};
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// A command and the place in the run at which it was given.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// How many events had happened.
    pub after: u64,
    /// The moment it is carried out.
    pub at: Instant,
    /// What was asked.
    pub command: Command,
}

/// A run: the same recording gives the same events on every machine.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Recording {
    /// Feeds every random stream.
    pub seed: u64,
    /// The world.
    pub spec: Spec,
    /// The commands, in the order they were given.
    pub commands: Vec<Recorded>,
}

impl Recording {
    /// The run's beginning, with the commands given there.
    pub fn begin(&self, observe: Observe) -> Result<Simulation, SpecError> {
        let mut simulation = Simulation::new(&self.spec, self.seed, observe)?;
        self.give(&mut simulation);
        Ok(simulation)
    }

    /// Gives the commands that belong to the simulation's present place in the run.
    pub fn give(&self, simulation: &mut Simulation) {
        let here = simulation.dispatched();
        let first = self.commands.partition_point(|recorded| recorded.after < here);
        for recorded in self.commands[first..].iter().take_while(|recorded| recorded.after == here) {
            simulation.command(recorded.at, recorded.command.clone());
        }
    }

    /// After how many events this run and another one may part: until then the same is known of both. None for other
    /// worlds, `u64::MAX` for the same recording.
    pub fn shared(&self, other: &Recording) -> Option<u64> {
        if self.seed != other.seed || self.spec != other.spec {
            return None;
        }
        let same = self.commands.iter().zip(&other.commands).take_while(|(one, other)| one == other).count();
        let next = self.commands.get(same).into_iter().chain(other.commands.get(same));
        Some(next.map(|recorded| recorded.after).min().unwrap_or(u64::MAX))
    }

    /// Dispatches the next event, and gives the commands that come right after it.
    pub fn step(&self, simulation: &mut Simulation) -> Option<crate::sim::Dispatched> {
        let dispatched = simulation.step()?;
        self.give(simulation);
        Some(dispatched)
    }
}
