//! Runs a recording and writes its trace.

use super::tracer::Tracer;
use crate::history::Recording;
use crate::sim::{Observe, Simulation, SpecError};
use crate::time::Instant;

/// Events between two hashes of the state.
const HASH_EVERY: u64 = 1_000;

/// Writes the trace of a recording, piece by piece.
pub struct Exporter<'a> {
    recording: &'a Recording,
    simulation: Simulation,
    tracer: Tracer,
    until: Instant,
    ended: bool,
}

impl<'a> Exporter<'a> {
    /// The trace of `recording` up to and with `until`; level 2 has every message.
    pub fn new(recording: &'a Recording, until: Instant, level: u8) -> Result<Exporter<'a>, SpecError> {
        let observe = Observe { messages: level >= 2, ..Observe::TRACE };
        let simulation = recording.begin(observe)?;
        let tracer = Tracer::new(recording, simulation.directory().clone(), level >= 2)?;
        Ok(Exporter { recording, simulation, tracer, until, ended: false })
    }

    /// Adds the lines of the next event to `text`. False when the last line is written.
    pub fn step(&mut self, text: &mut String) -> bool {
        if self.ended {
            return false;
        }
        self.simulation.settle_front();
        let due = self.simulation.next_at().is_some_and(|at| at <= self.until);
        if !due || self.recording.step(&mut self.simulation).is_none() {
            self.tracer.end(self.until, text);
            self.ended = true;
            return false;
        }
        self.simulation.take_emitted();
        let told = self.simulation.take_told();
        self.tracer.dispatched(self.simulation.now(), told, text);
        let n = self.simulation.dispatched();
        if n.is_multiple_of(HASH_EVERY) {
            self.tracer.hash(n, self.simulation.state_hash(), text);
        }
        true
    }

    /// The whole trace as one text.
    pub fn whole(mut self) -> String {
        let mut text = String::new();
        while self.step(&mut text) {}
        text
    }
}
