//! Telling a story: running its steps on a simulation and keeping the beats.

use super::fact::{Fact, FactKind};
use super::matcher::compare;
use super::step::{Expectation, Step, StepKind};
use super::world::Scenario;
use crate::audit::Promise;
use crate::command::Command;
use crate::history::{Recorded, Recording};
use crate::sim::{Emitted, Observe, Simulation, SpecError};
use crate::time::{Duration, Instant};
use std::collections::BTreeMap;

/// Events one step may run through: a bound against worlds in which time stands still.
const STEP_EVENTS_MAX: u64 = 5_000_000;

/// A moment at which the story speaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beat {
    /// The prose's key.
    pub key: String,
    /// How many events have happened.
    pub event: u64,
    /// The moment.
    pub at: Instant,
    /// What is asked before it is told.
    pub predict: Option<Predict>,
    /// The node or partition it is about.
    pub focus: Option<String>,
    /// Values for the placeholders of the prose.
    pub bindings: BTreeMap<String, String>,
}

/// A question with its right answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Predict {
    /// The prose's key.
    pub key: String,
    /// How many answers are offered.
    pub options: u32,
    /// The right one, from 1.
    pub answer: u32,
}

/// A step that did not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Its line in the scenario.
    pub line: u32,
    /// The moment.
    pub at: Instant,
    /// What was expected and what was found.
    pub message: String,
}

/// A story that has been told to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Story {
    /// Seed, world and all commands: playing it shows the story.
    pub recording: Recording,
    /// The moments at which it speaks.
    pub beats: Vec<Beat>,
    /// How many events happen until its end.
    pub end: u64,
    /// When it ends.
    pub end_at: Instant,
    /// Expectations that did not hold, waits that were in vain, and promises broken that no step expects to be.
    pub failures: Vec<Failure>,
    /// What had become of all records at its end.
    pub ledger: crate::view::LedgerView,
    /// The step after which the story could not go on, because what it waited for did not come.
    pub left_script: Option<usize>,
    /// After how many events each step was done.
    marks: Vec<u64>,
}

/// A simulation on which a story is being told.
struct Teller<'a> {
    simulation: Simulation,
    recording: Recording,
    steps: &'a [Step],
    beats: Vec<Beat>,
    failures: Vec<Failure>,
    bindings: BTreeMap<String, String>,
    marks: Vec<u64>,
    /// Promises that are known to be broken.
    broken: Vec<Promise>,
    /// What happened since the last wait was satisfied.
    fresh: Vec<Emitted>,
    /// Events after which the telling stops.
    events_max: u64,
}

impl Story {
    /// Tells a scenario's story with a seed.
    pub fn tell(scenario: &Scenario, seed: u64) -> Result<Story, SpecError> {
        Teller::begin(Story::recording_of(scenario, seed), &scenario.steps)?.tell(0)
    }

    /// The world and the commands that are known from the start.
    pub fn recording_of(scenario: &Scenario, seed: u64) -> Recording {
        let mut recording = Recording { seed, spec: scenario.spec.clone(), commands: Vec::new() };
        let directory = crate::sim::Directory::of(&scenario.spec);
        for timed in &scenario.timed {
            // Commands at fixed times bind nothing, so they can be filled in at once.
            if let Ok(command) = timed.command.fill(&directory, &BTreeMap::new()) {
                recording.commands.push(Recorded { after: timed.after, at: timed.at, command });
            }
        }
        recording
    }

    /// Tells a scenario with its own seed, and stops after `events_max` events wherever it is then.
    pub fn tell_within(scenario: &Scenario, events_max: u64) -> Result<Story, SpecError> {
        let recording = Story::recording_of(scenario, scenario.seed);
        let mut teller = Teller::begin(recording, &scenario.steps)?;
        teller.events_max = events_max;
        teller.tell(0)
    }

    /// Tells on after somebody has acted: `recording` holds the story up to `event` and what was done there.
    /// Steps that were done by then stay done.
    pub fn continue_after(
        scenario: &Scenario,
        story: &Story,
        recording: &Recording,
        event: u64,
    ) -> Result<Story, SpecError> {
        let done = story.marks.partition_point(|mark| *mark <= event);
        let mut teller = Teller::begin(recording.clone(), &scenario.steps)?;
        while teller.simulation.dispatched() < event && teller.step().is_some() {}
        teller.beats = story.beats.iter().filter(|beat| beat.event <= event).cloned().collect();
        teller.bindings = teller.beats.last().map(|beat| beat.bindings.clone()).unwrap_or_default();
        teller.marks = story.marks[..done].to_vec();
        teller.rebind(done);
        teller.fresh.clear();
        teller.tell(done)
    }
}

impl<'a> Teller<'a> {
    fn begin(recording: Recording, steps: &'a [Step]) -> Result<Teller<'a>, SpecError> {
        let simulation = recording.begin(Observe::ALL)?;
        Ok(Teller {
            simulation,
            recording,
            steps,
            beats: Vec::new(),
            failures: Vec::new(),
            bindings: BTreeMap::new(),
            marks: Vec::new(),
            broken: Vec::new(),
            fresh: Vec::new(),
            events_max: u64::MAX,
        })
    }

    /// Names bound after the last beat are bound again from the present state.
    fn rebind(&mut self, done: usize) {
        for step in &self.steps[..done.min(self.steps.len())] {
            if let StepKind::Bind { name, fact } = &step.kind
                && !self.bindings.contains_key(name)
                && let Some(value) = self.value(fact)
            {
                self.bindings.insert(name.clone(), value);
            }
        }
    }

    fn tell(mut self, first: usize) -> Result<Story, SpecError> {
        let mut left_script = None;
        for (index, step) in self.steps.iter().enumerate().skip(first) {
            let done = self.carry_out(step);
            self.note_broken(step);
            if !done {
                left_script = Some(index);
                break;
            }
            self.marks.push(self.simulation.dispatched());
        }
        Ok(Story {
            end: self.simulation.dispatched(),
            end_at: self.simulation.now(),
            ledger: crate::view::ledger(&self.simulation),
            recording: self.recording,
            beats: self.beats,
            failures: self.failures,
            left_script,
            marks: self.marks,
        })
    }

    fn step(&mut self) -> Option<()> {
        self.recording.step(&mut self.simulation)?;
        let emitted = self.simulation.take_emitted();
        self.fresh.extend(emitted);
        Some(())
    }

    fn carry_out(&mut self, step: &Step) -> bool {
        match &step.kind {
            StepKind::Command(template) => match template.fill(self.simulation.directory(), &self.bindings) {
                Ok(command) => self.give(step, command),
                Err(name) => return self.fail(step, format!("\"{name}\" is not bound to a node")),
            },
            StepKind::Wait(pattern, within) => {
                let deadline = self.simulation.now() + *within;
                loop {
                    let bindings = &self.bindings;
                    let directory = self.simulation.directory();
                    let resolve = |word: &str| resolved(word, bindings);
                    let found = self.fresh.iter().position(|e| pattern.matches(&e.event, directory, resolve));
                    if let Some(found) = found {
                        self.fresh.drain(..=found);
                        return true;
                    }
                    self.fresh.clear();
                    if !self.advance(deadline) {
                        return self.fail(step, format!("{} did not happen within {within}", pattern.name));
                    }
                }
            }
            StepKind::Until(expectation, within) => {
                let deadline = self.simulation.now() + *within;
                while !self.holds(expectation) {
                    if !self.advance(deadline) {
                        let found = self.value(&expectation.fact).unwrap_or_default();
                        let message = format!("{} within {within}, found {found}", describe(expectation));
                        return self.fail(step, message);
                    }
                }
                self.fresh.clear();
            }
            StepKind::Run(span) => {
                let deadline = self.simulation.now() + *span;
                while self.advance(deadline) {}
            }
            StepKind::Say { key, focus } => self.beat(key, None, focus.clone()),
            StepKind::Predict { key, options, answer, focus } => {
                let predict = Predict { key: key.clone(), options: *options, answer: *answer };
                self.beat(key, Some(predict), focus.clone());
            }
            StepKind::Expect(expectation) => {
                if !self.holds(expectation) {
                    let found = self.value(&expectation.fact).unwrap_or_else(|| "nothing".to_owned());
                    // A wrong sentence does not stop the story; it fails the lesson's test.
                    self.fail(step, format!("{}, found {found}", describe(expectation)));
                }
            }
            StepKind::Bind { name, fact } => match self.value(fact) {
                Some(value) => {
                    self.bindings.insert(name.clone(), value);
                }
                None => return self.fail(step, format!("{} has no value to bind", fact.kind.name())),
            },
        }
        true
    }

    /// A promise broken by now fails the story, unless one of its steps expects that.
    fn note_broken(&mut self, step: &Step) {
        for promise in Promise::ALL {
            if self.simulation.standings().promise(*promise).times == 0 || self.broken.contains(promise) {
                continue;
            }
            self.broken.push(*promise);
            let of_it = |fact: &Fact| fact.kind == FactKind::Broken && fact.subjects == [promise.name()];
            if !self.steps.iter().any(|step| matches!(&step.kind, StepKind::Expect(expected) if of_it(&expected.fact)))
            {
                self.fail(step, format!("the promise {} was broken", promise.name()));
            }
        }
    }

    fn beat(&mut self, key: &str, predict: Option<Predict>, focus: Option<String>) {
        self.beats.push(Beat {
            key: key.to_owned(),
            event: self.simulation.dispatched(),
            at: self.simulation.now(),
            predict,
            focus: focus.map(|focus| resolved(&focus, &self.bindings)),
            bindings: self.bindings.clone(),
        });
    }

    /// Gives a command now, and lets it be carried out.
    fn give(&mut self, step: &Step, command: Command) {
        if let Err(rejected) = self.simulation.check(&command) {
            self.fail(step, rejected.to_string());
            return;
        }
        let (after, at) = (self.simulation.dispatched(), self.simulation.now());
        self.simulation.command(at, command.clone());
        self.recording.commands.push(Recorded { after, at, command });
        while self.simulation.next_at() == Some(at) && self.simulation.dispatched() < self.events_max {
            if self.recording.step(&mut self.simulation).is_none() {
                return;
            }
            let emitted = self.simulation.take_emitted();
            self.fresh.extend(emitted);
        }
    }

    /// One event forward, unless it lies beyond the deadline.
    fn advance(&mut self, deadline: Instant) -> bool {
        self.simulation.settle_front();
        let within = self.simulation.next_at().is_some_and(|at| at <= deadline);
        let events = self.simulation.dispatched() - self.marks.last().copied().unwrap_or(0);
        let allowed = events < STEP_EVENTS_MAX && self.simulation.dispatched() < self.events_max;
        within && allowed && self.step().is_some()
    }

    fn value(&self, fact: &Fact) -> Option<String> {
        fact.value(&self.simulation, |word| resolved(word, &self.bindings))
    }

    fn holds(&self, expectation: &Expectation) -> bool {
        let wanted = resolved(&expectation.value, &self.bindings);
        self.value(&expectation.fact).is_some_and(|found| compare(&found, &wanted))
    }

    fn fail(&mut self, step: &Step, message: String) -> bool {
        self.failures.push(Failure { line: step.line, at: self.simulation.now(), message });
        false
    }
}

/// A word, or what is bound to it. `!=$old` and the like keep their operator.
fn resolved(word: &str, bindings: &BTreeMap<String, String>) -> String {
    match word.split_once('$') {
        Some((operator, name)) => match bindings.get(name) {
            Some(value) => format!("{operator}{value}"),
            None => word.to_owned(),
        },
        None => word.to_owned(),
    }
}

fn describe(expectation: &Expectation) -> String {
    let subjects = expectation.fact.subjects.join(" ");
    format!("expected {} {subjects} {}", expectation.fact.kind.name(), expectation.value).replace("  ", " ")
}

/// How long a story lasts.
impl Story {
    /// From the beginning to the end.
    pub fn length(&self) -> Duration {
        self.end_at.since(Instant::ZERO)
    }
}
