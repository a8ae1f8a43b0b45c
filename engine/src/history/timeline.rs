//! A run one can move through: forward, backward, and aside.

use super::cause::{Cause, CauseKind};
use super::recording::{Recorded, Recording};
use crate::command::Command;
use crate::sim::{Dispatched, Emitted, Observe, Simulation, SpecError};
use crate::time::Instant;

/// Events between the newest checkpoints.
const SPACING: u64 = 256;
/// A long run has its checkpoints farther apart: so many in all, before old ones are thinned out.
const CHECKPOINTS: u64 = 64;
/// Steps that are remembered. Beyond that the oldest are forgotten with their events; the world can still go there.
const REMEMBERED: usize = 400_000;
/// The share of them that is forgotten at once: a long pause in a short frame would be seen.
const FORGOTTEN: usize = 16;
/// How many checkpoints are kept per doubling of age.
const PER_OCTAVE: usize = 4;

/// A step of the run, for the chain of causes and for diagrams of who heard what from whom.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: Instant,
    /// The step that had scheduled this one; of a message the step that sent it. 0 for the beginning.
    pub cause: u64,
    /// What was dispatched.
    pub what: Dispatched,
}

/// A run with a cursor.
#[derive(Clone, Debug)]
pub struct History {
    recording: Recording,
    simulation: Simulation,
    checkpoints: Vec<Simulation>,
    /// Everything that happened up to the furthest known event, also beyond the cursor.
    events: Vec<Emitted>,
    steps: Vec<Step>,
    /// How many of the first steps are forgotten.
    forgotten: u64,
    /// How many are remembered.
    remembered: usize,
    undone: Vec<Recording>,
    redone: Vec<Recording>,
}

impl History {
    /// A run at its beginning.
    pub fn new(recording: Recording) -> Result<History, SpecError> {
        let simulation = recording.begin(Observe::ALL)?;
        Ok(History {
            checkpoints: vec![simulation.clone()],
            recording,
            simulation,
            events: Vec::new(),
            steps: Vec::new(),
            forgotten: 0,
            remembered: REMEMBERED,
            undone: Vec::new(),
            redone: Vec::new(),
        })
    }

    /// The world at the cursor.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// How many events have happened at the cursor.
    pub fn cursor(&self) -> u64 {
        self.simulation.dispatched()
    }

    /// How many events are known.
    pub fn end(&self) -> u64 {
        self.forgotten + self.steps.len() as u64
    }

    /// Remembers about so many steps, instead of 400,000.
    pub fn remember(&mut self, steps: usize) {
        self.remembered = steps.max(4);
    }

    /// How many of the first steps are forgotten: their events are not listed any more, but can be seen again.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Step `n`, counted from 1.
    fn step(&self, n: u64) -> Option<&Step> {
        self.steps.get(n.checked_sub(self.forgotten + 1)? as usize)
    }

    /// When the furthest known event happened.
    pub fn end_at(&self) -> Instant {
        self.steps.last().map_or(Instant::ZERO, |step| step.at)
    }

    /// Whether nothing is known beyond the cursor.
    pub fn is_at_end(&self) -> bool {
        self.cursor() == self.end()
    }

    /// When the next event happens.
    pub fn next_event_at(&mut self) -> Option<Instant> {
        self.simulation.settle_front();
        self.simulation.next_at()
    }

    /// Seed, world and commands.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Everything that is known to happen, also beyond the cursor, in order.
    pub fn events(&self) -> &[Emitted] {
        &self.events
    }

    /// Everything that has happened at the cursor.
    pub fn past_events(&self) -> &[Emitted] {
        let cursor = self.cursor();
        &self.events[..self.events.partition_point(|emitted| emitted.n <= cursor)]
    }

    /// The steps from one moment to another, both included, with their numbers.
    pub fn steps_between(&self, from: Instant, to: Instant) -> impl DoubleEndedIterator<Item = (u64, &Step)> {
        let forgotten = self.forgotten;
        let first = self.steps.partition_point(|step| step.at < from);
        let last = self.steps.partition_point(|step| step.at <= to).max(first);
        let shown = self.steps.get(first..last).unwrap_or_default().iter();
        shown.enumerate().map(move |(index, step)| (forgotten + (first + index) as u64 + 1, step))
    }

    /// When step `n` happened; the beginning for 0 and for steps that are not known.
    pub fn at(&self, n: u64) -> Instant {
        self.step(n).map_or(Instant::ZERO, |step| step.at)
    }

    /// What the events numbered `first..=last` brought about.
    pub fn events_between(&self, first: u64, last: u64) -> &[Emitted] {
        let from = self.events.partition_point(|emitted| emitted.n < first);
        let to = self.events.partition_point(|emitted| emitted.n <= last);
        &self.events[from.min(to)..to]
    }

    /// One event forward. False when nothing will happen any more.
    pub fn step_forward(&mut self) -> bool {
        let Some(what) = self.recording.step(&mut self.simulation) else { return false };
        let emitted = self.simulation.take_emitted();
        let n = self.simulation.dispatched();
        if n > self.end() {
            let (at, cause) = (self.simulation.now(), self.simulation.cause());
            self.steps.push(Step { at, cause, what });
            self.events.extend(emitted);
            if self.steps.len() > self.remembered {
                self.forget((self.remembered / FORGOTTEN).max(1));
            }
        }
        let spacing = (n / CHECKPOINTS).next_multiple_of(SPACING).max(SPACING);
        if n.is_multiple_of(spacing) && self.checkpoints.last().is_none_or(|last| last.dispatched() < n) {
            self.checkpoints.push(self.simulation.clone());
            self.thin();
        }
        true
    }

    /// Forgets the oldest steps and what they brought about.
    fn forget(&mut self, steps: usize) {
        self.steps.drain(..steps.min(self.steps.len()));
        self.forgotten += steps as u64;
        let gone = self.events.partition_point(|emitted| emitted.n <= self.forgotten);
        self.events.drain(..gone);
    }

    /// One event back. False at the beginning.
    pub fn step_back(&mut self) -> bool {
        let Some(target) = self.cursor().checked_sub(1) else { return false };
        self.seek_event(target);
        true
    }

    /// Moves the cursor to after event `n`, or to the last event there is.
    pub fn seek_event(&mut self, n: u64) {
        if n < self.cursor() {
            let nearest = self.checkpoints.partition_point(|checkpoint| checkpoint.dispatched() <= n);
            // The first checkpoint is the beginning, so there always is one.
            self.simulation = self.checkpoints[nearest.saturating_sub(1)].clone();
        } else if let Some(ahead) = self.nearest_ahead(n) {
            self.simulation = ahead;
        }
        while self.cursor() < n {
            if !self.step_forward() {
                return;
            }
        }
    }

    /// A checkpoint between the cursor and `n` that saves replaying.
    fn nearest_ahead(&self, n: u64) -> Option<Simulation> {
        let nearest = self.checkpoints.partition_point(|checkpoint| checkpoint.dispatched() <= n).checked_sub(1)?;
        let checkpoint = &self.checkpoints[nearest];
        (checkpoint.dispatched() > self.cursor()).then(|| checkpoint.clone())
    }

    /// Moves the cursor so that everything at or before `at` has happened, and nothing after.
    pub fn seek_time(&mut self, at: Instant) {
        self.seek_time_within(at, u64::MAX);
    }

    /// The same, but not beyond event `last`.
    pub fn seek_time_within(&mut self, at: Instant, last: u64) {
        if self.forgotten > 0 && self.steps.first().is_none_or(|first| at < first.at) {
            // Before what is remembered: the world is run there again.
            let nearest = self.checkpoints.partition_point(|checkpoint| checkpoint.now() <= at);
            self.simulation = self.checkpoints[nearest.saturating_sub(1)].clone();
            while self.next_event_at().is_some_and(|next| next <= at) && self.cursor() < last && self.step_forward() {}
            return;
        }
        let known = self.forgotten + self.steps.partition_point(|step| step.at <= at) as u64;
        if known < self.end() {
            return self.seek_event(known);
        }
        self.seek_event(known);
        while self.cursor() < last && self.next_event_at().is_some_and(|next| next <= at) {
            if !self.step_forward() {
                return;
            }
        }
    }

    /// Carries a command out at the cursor. What was known beyond it is cut off and can be brought back by undo.
    /// Refused commands change nothing.
    pub fn act(&mut self, command: Command) -> Result<(), crate::command::Rejected> {
        self.act_at(self.simulation.now(), command)
    }

    /// The same at a moment after the cursor's: what happens until then happens first.
    pub fn act_at(&mut self, at: Instant, command: Command) -> Result<(), crate::command::Rejected> {
        self.simulation.check(&command)?;
        self.undone.push(self.recording.clone());
        self.redone.clear();
        self.cut();
        let at = at.max(self.simulation.now());
        let recorded = Recorded { after: self.cursor(), at, command };
        self.simulation.command(recorded.at, recorded.command.clone());
        self.recording.commands.push(recorded);
        // Whatever else happens at this very moment comes first; then the command.
        while self.next_event_at().is_some_and(|next| next <= at) {
            if !self.step_forward() || matches!(self.steps.last(), Some(Step { what: Dispatched::Command(_), .. })) {
                break;
            }
        }
        Ok(())
    }

    /// Forgets everything beyond the cursor, and commands that were about to be carried out at it.
    fn cut(&mut self) {
        let (cursor, now) = (self.cursor(), self.simulation.now());
        self.steps.truncate(cursor.saturating_sub(self.forgotten) as usize);
        self.forgotten = self.forgotten.min(cursor);
        self.events.truncate(self.events.partition_point(|emitted| emitted.n <= cursor));
        let known = self.recording.commands.len();
        self.recording
            .commands
            .retain(|recorded| recorded.after < cursor || (recorded.after == cursor && recorded.at > now));
        if self.recording.commands.len() == known {
            self.checkpoints.retain(|checkpoint| checkpoint.dispatched() <= cursor);
            return;
        }
        // The world at the cursor has such a command in its schedule already: it is run again without.
        self.checkpoints.retain(|checkpoint| checkpoint.dispatched() < cursor);
        match self.checkpoints.last() {
            Some(earlier) => self.simulation = earlier.clone(),
            None => return self.follow_recording(),
        }
        while self.cursor() < cursor && self.step_forward() {}
    }

    /// Takes the last command back, whatever followed it. False when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(earlier) = self.undone.pop() else { return false };
        let later = std::mem::replace(&mut self.recording, earlier);
        self.redone.push(later);
        self.follow_recording();
        true
    }

    /// Gives a command that was taken back again. False when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(later) = self.redone.pop() else { return false };
        let earlier = std::mem::replace(&mut self.recording, later);
        self.undone.push(earlier);
        self.follow_recording();
        true
    }

    /// Goes on with another recording of the same world: what both share stays, the rest is run again up to the cursor.
    pub fn replace_recording(&mut self, recording: Recording) {
        self.recording = recording;
        self.follow_recording();
    }

    fn follow_recording(&mut self) {
        let cursor = self.cursor();
        let now = self.simulation.now();
        let begin = self.recording.begin(Observe::ALL);
        // The world was built from this very description before; it can be built again.
        let Ok(begin) = begin else { return };
        self.simulation = begin.clone();
        self.checkpoints = vec![begin];
        self.steps.clear();
        self.events.clear();
        self.forgotten = 0;
        while self.cursor() < cursor && self.next_event_at().is_some_and(|at| at <= now) {
            if !self.step_forward() {
                return;
            }
        }
    }

    /// Why event `n` happened: from it back to a command, a start, or the beginning.
    pub fn why(&self, n: u64) -> Vec<Cause> {
        let mut chain = Vec::new();
        let mut next = n;
        while let Some(step) = self.step(next) {
            if let Some(what) = CauseKind::of(&step.what) {
                chain.push(Cause { n: next, at: step.at, what });
            }
            if step.cause >= next {
                break;
            }
            next = step.cause;
        }
        chain
    }

    /// Keeps all recent checkpoints and ever fewer of the older ones.
    fn thin(&mut self) {
        let newest = self.checkpoints.last().map_or(0, Simulation::dispatched);
        let mut kept_in_octave = crate::collections::Map::new();
        let octave = |checkpoint: &Simulation| {
            let age = (newest - checkpoint.dispatched()) / SPACING;
            64 - age.leading_zeros()
        };
        for checkpoint in &self.checkpoints {
            *kept_in_octave.entry(octave(checkpoint)).or_insert(0usize) += 1;
        }
        let Some((crowded, _)) = kept_in_octave.iter().find(|(_, kept)| **kept > 2 * PER_OCTAVE) else { return };
        let crowded = *crowded;
        let mut index = 0;
        let mut keep = true;
        self.checkpoints.retain(|checkpoint| {
            index += 1;
            if index == 1 || octave(checkpoint) != crowded {
                return true;
            }
            keep = !keep;
            keep
        });
    }
}
