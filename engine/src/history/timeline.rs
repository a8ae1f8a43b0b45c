//! A run one can move through: forward, backward, and aside.

use super::branches::{Branches, Kept, Place, TurnId};
use super::cause::{Cause, CauseKind};
use super::checkpoints::{Checkpoints, SPACING};
use super::difference::Comparison;
use super::recording::{Recorded, Recording};
use crate::command::{Command, Rejected};
use crate::sim::{Dispatched, Emitted, Observe, Simulation, SpecError};
use crate::time::Instant;

/// Steps that are remembered. Beyond that the oldest are forgotten with their events; the world can still go there.
const REMEMBERED: usize = 300_000;
/// The share of them that is forgotten at once: a long pause in a short frame would be seen.
const FORGOTTEN: usize = 16;
/// A run of so many steps gets the room it will ever need for them at once: lists that grow and move leave holes.
const LONG: usize = 1 << 16;

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
    checkpoints: Checkpoints,
    /// Everything that happened up to the furthest known event, also beyond the cursor.
    events: Vec<Emitted>,
    steps: Vec<Step>,
    /// When every event happened whose number is a multiple of [`SPACING`], of forgotten ones too.
    marks: Vec<Instant>,
    /// How many of the first steps are forgotten.
    forgotten: u64,
    /// How many are remembered.
    remembered: usize,
    branches: Branches,
}

impl History {
    /// A run at its beginning.
    pub fn new(recording: Recording) -> Result<History, SpecError> {
        let simulation = recording.begin(Observe::ALL)?;
        Ok(History {
            checkpoints: Checkpoints::new(simulation.clone()),
            branches: Branches::new(&recording),
            recording,
            simulation,
            events: Vec::new(),
            steps: Vec::new(),
            marks: Vec::new(),
            forgotten: 0,
            remembered: REMEMBERED,
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

    /// Remembers about so many steps, instead of 300,000.
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

    /// How many checkpoints are kept.
    pub fn checkpoints(&self) -> usize {
        self.checkpoints.len()
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
            if n.is_multiple_of(SPACING) {
                self.marks.push(at);
            }
            self.make_room(emitted.len());
            self.steps.push(Step { at, cause, what });
            self.events.extend(emitted);
            if self.steps.len() > self.remembered {
                self.forget((self.remembered / FORGOTTEN).max(1));
            }
        }
        if self.checkpoints.is_due(n) {
            self.checkpoints.keep(&self.simulation);
        }
        true
    }

    /// Room for one more step and the events it brought about.
    fn make_room(&mut self, events: usize) {
        let steps = self.steps.len();
        if steps < LONG || steps > self.remembered {
            return;
        }
        self.steps.reserve_exact(self.remembered + 1 - steps);
        if self.events.capacity() - self.events.len() < events {
            // As many events per step as so far, and an eighth more.
            let all = self.events.len().saturating_mul(self.remembered) / steps * 9 / 8;
            self.events.reserve_exact(events + all.saturating_sub(self.events.len()).max(self.events.len() / 8));
        }
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
            if let Some(nearest) = self.checkpoints.at_or_before(n) {
                self.simulation = nearest.clone();
            }
        } else if let Some(ahead) = self.checkpoints.at_or_before(n).filter(|ahead| ahead.dispatched() > self.cursor())
        {
            self.simulation = ahead.clone();
        }
        while self.cursor() < n {
            if !self.step_forward() {
                return;
            }
            // Whoever has gone somewhere goes on from there step by step, and back as well.
            let cursor = self.cursor();
            if cursor.is_multiple_of(SPACING) && n - cursor < 2 * SPACING {
                self.checkpoints.keep(&self.simulation);
            }
        }
    }

    /// Moves the cursor so that everything at or before `at` has happened, and nothing after.
    pub fn seek_time(&mut self, at: Instant) {
        self.seek_time_within(at, u64::MAX);
    }

    /// The same, but not beyond event `last`.
    pub fn seek_time_within(&mut self, at: Instant, last: u64) {
        if self.forgotten > 0 && self.steps.first().is_none_or(|first| at < first.at) {
            // Before what is remembered: the world is run there again.
            let marked = (self.marks.partition_point(|mark| *mark <= at) as u64 * SPACING).min(last);
            if self.cursor() < marked || self.simulation.now() > at {
                self.seek_event(marked);
            }
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

    /// Carries a command out at the cursor. What was known beyond it becomes another branch, and undo goes back there.
    /// Refused commands change nothing.
    pub fn act(&mut self, command: Command) -> Result<(), Rejected> {
        self.act_at(self.simulation.now(), command)
    }

    /// The same at a moment after the cursor's: what happens until then happens first.
    pub fn act_at(&mut self, at: Instant, command: Command) -> Result<(), Rejected> {
        self.simulation.check(&command)?;
        let before = self.recording.clone();
        let from = self.leave(at);
        self.carry_out(from.at, command);
        self.branches.grow(from, from, &before, &self.recording);
        Ok(())
    }

    /// Carries out one more command that belongs to the last act: undo takes both back.
    pub fn act_along_at(&mut self, at: Instant, command: Command) -> Result<(), Rejected> {
        self.simulation.check(&command)?;
        self.carry_out(at.max(self.simulation.now()), command);
        self.branches.amend(&self.recording);
        Ok(())
    }

    /// Tells the run again with another recording, from its beginning: an act as well, at moment `at`.
    ///
    /// # Errors
    /// When its world cannot be. Nothing changes then.
    pub fn retell(&mut self, at: Instant, recording: Recording) -> Result<(), SpecError> {
        let begin = recording.begin(Observe::ALL)?;
        let from = self.leave(at);
        let before = std::mem::replace(&mut self.recording, recording);
        // Events of the other world have other numbers: nothing is known of it yet.
        self.branches.grow(from, Place::default(), &before, &self.recording);
        self.start(begin);
        Ok(())
    }

    /// Goes on with another recording that belongs to the last act: what both share stays known.
    pub fn amend(&mut self, recording: Recording) {
        self.branches.amend(&recording);
        self.follow(recording);
    }

    /// Makes the run as it is the beginning of a tree of its own: there is nothing to take back.
    pub fn take_root(&mut self) {
        self.branches = Branches::new(&self.recording);
    }

    /// Puts branches that were kept around this run, which is the one at place `here` of them. False when it is not, or
    /// when they are no tree; nothing changes then.
    pub fn plant(&mut self, kept: &[Kept], here: usize) -> bool {
        let is_here = kept.get(here).is_some_and(|branch| branch.recording == self.recording);
        let Some(branches) = Branches::planted(kept, here).filter(|_| is_here) else { return false };
        self.branches = branches;
        true
    }

    fn carry_out(&mut self, at: Instant, command: Command) {
        self.cut();
        let recorded = Recorded { after: self.cursor(), at, command };
        self.simulation.command(recorded.at, recorded.command.clone());
        self.recording.commands.push(recorded);
        // A checkpoint of this very place has to know of it too.
        self.checkpoints.renew(&self.simulation);
        // Whatever else happens at this very moment comes first; then the command.
        while self.next_event_at().is_some_and(|next| next <= at) {
            if !self.step_forward() || matches!(self.steps.last(), Some(Step { what: Dispatched::Command(_), .. })) {
                break;
            }
        }
    }

    /// Forgets everything beyond the cursor, and commands that were about to be carried out at it.
    fn cut(&mut self) {
        let (cursor, now) = (self.cursor(), self.simulation.now());
        self.steps.truncate(cursor.saturating_sub(self.forgotten) as usize);
        self.forgotten = self.forgotten.min(cursor);
        self.marks.truncate((cursor / SPACING) as usize);
        self.events.truncate(self.events.partition_point(|emitted| emitted.n <= cursor));
        let known = self.recording.commands.len();
        self.recording
            .commands
            .retain(|recorded| recorded.after < cursor || (recorded.after == cursor && recorded.at > now));
        if self.recording.commands.len() == known {
            self.checkpoints.retain(|n| n <= cursor);
            return;
        }
        // The world at the cursor has such a command in its schedule already: it is run again without.
        match self.checkpoints.retain(|n| n < cursor) {
            Some(earlier) => self.simulation = earlier.clone(),
            None => return self.start_again(),
        }
        while self.cursor() < cursor && self.step_forward() {}
    }

    /// What was tried in this run.
    pub fn branches(&self) -> &Branches {
        &self.branches
    }

    /// How far the run that is shown is known, or was when another branch was shown.
    pub fn known(&self) -> Place {
        self.branches.known().max(Place { n: self.end(), at: self.end_at() })
    }

    /// Notes that the run is known further than it has been run: to the end of a story that was told.
    pub fn note_known(&mut self, known: Place) {
        self.branches.note_known(known);
    }

    /// Gives the branch of a turn a name; an empty one takes it away.
    pub fn rename(&mut self, turn: TurnId, name: &str) {
        let known = self.known();
        self.branches.rename(turn, known, name);
    }

    /// Takes the last act back, whatever followed it. False when there is none.
    pub fn undo(&mut self) -> bool {
        self.branches.before().is_some_and(|(turn, place)| self.go_over(turn, place))
    }

    /// Gives an act that was taken back again: of several the one that was shown last. False when there is none.
    pub fn redo(&mut self) -> bool {
        self.branches.after().is_some_and(|(turn, place)| self.go_over(turn, place))
    }

    fn go_over(&mut self, turn: TurnId, place: Place) -> bool {
        let gone = self.show(turn, self.simulation.now());
        self.seek_event(place.n);
        gone
    }

    /// Goes on with the recording of another turn; `now` is the moment left. The cursor is where both runs are the same
    /// then, at or before where it was: whoever asked goes on from there. False when there is no such turn.
    pub fn show(&mut self, turn: TurnId, now: Instant) -> bool {
        let Some(recording) = self.branches.recording(turn) else { return false };
        self.leave(now);
        self.branches.show(turn);
        self.follow(recording);
        true
    }

    /// Takes the last act out of the tree, as if it had never been tried; `next` is what redo shows then.
    pub fn drop_turn(&mut self, next: Option<TurnId>) {
        self.branches.drop_here(next);
        if let Some(recording) = self.branches.recording(self.branches.here()) {
            self.follow(recording);
        }
    }

    /// The present run beside that of another turn, from the last checkpoint at which both are the same. None when there
    /// is no such turn.
    pub fn compare(&self, turn: TurnId) -> Option<Comparison> {
        let other = self.branches.recording(turn)?;
        let Some(shared) = self.recording.shared(&other) else {
            return Comparison::new(self.recording.clone(), other).ok();
        };
        // The first checkpoint is the beginning, where the commands of the beginning are known already.
        match self.checkpoints.before(shared) {
            Some(begin) => Some(Comparison::from(begin, self.recording.clone(), other)),
            None => Comparison::new(self.recording.clone(), other).ok(),
        }
    }

    fn leave(&mut self, at: Instant) -> Place {
        let left = Place { n: self.cursor(), at: at.max(self.simulation.now()) };
        let known = self.known();
        self.branches.leave(left, known.max(left));
        left
    }

    /// Goes on with another recording: what both share stays, and the cursor goes there if it was beyond.
    fn follow(&mut self, recording: Recording) {
        let shared = self.recording.shared(&recording);
        self.recording = recording;
        let shared = shared.unwrap_or(0);
        let Some(last) = self.checkpoints.retain(|n| n < shared) else { return self.start_again() };
        if self.simulation.dispatched() >= shared {
            self.simulation = last.clone();
        }
        self.forgotten = self.forgotten.min(shared);
        self.steps.truncate(shared.saturating_sub(self.forgotten).try_into().unwrap_or(usize::MAX));
        self.marks.truncate((shared / SPACING).try_into().unwrap_or(usize::MAX));
        self.events.truncate(self.events.partition_point(|emitted| emitted.n <= shared));
    }

    fn start_again(&mut self) {
        // The world was built from this very description before; it can be built again.
        if let Ok(begin) = self.recording.begin(Observe::ALL) {
            self.start(begin);
        }
    }

    fn start(&mut self, begin: Simulation) {
        self.checkpoints = Checkpoints::new(begin.clone());
        self.simulation = begin;
        self.steps.clear();
        self.marks.clear();
        self.events.clear();
        self.forgotten = 0;
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
}
