//! A run: a history with a place in it, and the story it follows as long as nobody leaves it.
//!
//! Nothing here knows the page. The place is an event and a moment: the moment lies between the last event
//! dispatched and the next one, so that messages can be seen on their way.

use super::advance::is_decisive;
use super::beat::Beat;
use super::tally::{Marked, Moment, Tally};
use crate::scene::{Mark, MarkKind};
use highwater_engine::command::{Command, Rejected};
use highwater_engine::event::Event;
use highwater_engine::history::{History, Hunt, Recording, Search};
use highwater_engine::link::{self, LinkError};
use highwater_engine::scenario::{Scenario, Story, print};
use highwater_engine::sim::{Emitted, Simulation, SpecError};
use highwater_engine::time::{Duration, Instant};
use highwater_engine::trace::Exporter;
use highwater_engine::view::{self, FlightView, Lens, StageView};
use std::cell::{Ref, RefCell};
use std::rc::Rc;

/// A history with a place in it.
pub struct Run {
    name: String,
    scenario: Option<Rc<Scenario>>,
    story: Option<Story>,
    beats: Vec<Beat>,
    history: History,
    pub(super) now: Instant,
    ghost: Option<Ghost>,
    undo: Vec<Past>,
    redo: Vec<Past>,
    branch: u64,
    tally: RefCell<Tally>,
}

/// The state before the last decisive event.
struct Ghost {
    view: StageView,
    at: Instant,
    /// For how many seconds it has been seen while time passed.
    seen: f64,
}

/// For so long the state before stays on the stage.
const GHOST: f64 = 2.4;

/// What undo goes back to.
#[derive(Clone)]
pub(super) struct Past {
    scenario: Option<Rc<Scenario>>,
    recording: Recording,
    story: Option<Story>,
    cursor: u64,
    /// Where the reader's command cut off what was known to come; none when it came at the end of what was known.
    branch: Option<Marked>,
}

/// How far beyond what is known one seek may go.
const HOUR: Duration = Duration::from_secs(3_600);

/// Decisive events closer together than this share one "moment before".
const MOMENT: Duration = Duration::from_millis(300);

impl Run {
    /// A scenario from its start, its script told.
    pub fn of_scenario(scenario: Scenario) -> Result<Run, SpecError> {
        let story = Story::tell(&scenario, scenario.seed)?;
        Run::of_story(scenario, story)
    }

    /// A scenario from its start, and how it was told. A run without a word about it is known to its end.
    pub fn of_story(scenario: Scenario, story: Story) -> Result<Run, SpecError> {
        let mut run = Run::of_recording(scenario.name.clone(), story.recording.clone())?;
        run.scenario = Some(Rc::new(scenario));
        run.beats = Beat::all(&story);
        // A world without a word about it is a sandbox: its future is open.
        let end = story.end;
        run.story = (!run.beats.is_empty()).then_some(story);
        if run.story.is_none() {
            run.history.seek_event(end);
            run.history.seek_event(0);
        }
        Ok(run)
    }

    /// A recording without a story.
    pub fn of_recording(name: String, recording: Recording) -> Result<Run, SpecError> {
        let history = History::new(recording)?;
        let now = history.simulation().now();
        Ok(Run {
            name,
            scenario: None,
            story: None,
            beats: Vec::new(),
            history,
            now,
            ghost: None,
            undo: Vec::new(),
            redo: Vec::new(),
            branch: 0,
            tally: RefCell::default(),
        })
    }

    /// The same world from here on without its story: what is to come is up to the reader.
    pub fn freed(&self) -> Run {
        let cursor = self.cursor();
        let mut history = self.history.clone();
        let mut recording = history.recording().clone();
        recording.commands.retain(|recorded| recorded.after < cursor);
        history.replace_recording(recording);
        history.seek_event(cursor);
        Run {
            name: self.name.clone(),
            scenario: None,
            story: None,
            beats: Vec::new(),
            history,
            now: self.now,
            ghost: None,
            undo: Vec::new(),
            redo: Vec::new(),
            branch: 0,
            tally: RefCell::default(),
        }
    }

    /// Whether somebody did something in it.
    pub fn is_touched(&self) -> bool {
        !self.undo.is_empty() || !self.redo.is_empty()
    }

    /// The whole run as the code of a link.
    ///
    /// # Errors
    /// When it is longer than a link.
    pub fn code(&self) -> Result<String, LinkError> {
        link::write(&self.name, self.recording(), self.end_at())
    }

    /// The whole run as a scenario.
    pub fn text(&self) -> Option<String> {
        print(&self.name, self.recording(), self.end_at()).ok()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The world as it is.
    pub fn simulation(&self) -> &Simulation {
        self.history.simulation()
    }

    /// Everything that happened, and what is known to happen later.
    pub fn events(&self) -> &[Emitted] {
        self.history.events()
    }

    /// Everything that happened up to here.
    pub fn past(&self) -> &[Emitted] {
        self.history.past_events()
    }

    /// The history itself, to ask it why.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The recording up to what is known.
    pub fn recording(&self) -> &Recording {
        self.history.recording()
    }

    /// What an independent checker reads: the recording's trace up to the end of what is known, with messages at level 2.
    pub fn trace(&self, level: u8) -> String {
        let exporter = Exporter::new(self.recording(), self.end_at(), level);
        // The world was built from this very description before; it can be built again.
        exporter.map(Exporter::whole).unwrap_or_default()
    }

    /// Events dispatched.
    pub fn cursor(&self) -> u64 {
        self.history.cursor()
    }

    /// The moment shown.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The last event there is: the story's, or the furthest one seen.
    pub fn end(&self) -> u64 {
        self.story.as_ref().map_or(0, |story| story.end).max(if self.story.is_some() { 0 } else { self.history.end() })
    }

    /// When that is.
    pub fn end_at(&self) -> Instant {
        match &self.story {
            Some(story) => story.end_at,
            None => self.history.end_at().max(self.now),
        }
    }

    /// Whether a script is being followed.
    pub fn has_story(&self) -> bool {
        self.story.is_some()
    }

    /// At which step a reader's command made the script lose its thread.
    pub fn left_script(&self) -> bool {
        self.story.as_ref().is_some_and(|story| story.left_script.is_some())
    }

    /// The story's beats.
    pub fn beats(&self) -> &[Beat] {
        &self.beats
    }

    /// Where the run begins to be worth watching: at the story's first beat.
    pub fn start(&self) -> u64 {
        self.beats.first().map_or(0, |beat| beat.event)
    }

    /// The last beat that has been reached, from 0.
    pub fn beat(&self) -> Option<usize> {
        self.beats().partition_point(|beat| beat.event <= self.cursor()).checked_sub(1)
    }

    /// Where the reader acted in the past and the run went another way, in order.
    pub fn branches(&self) -> Vec<Marked> {
        let mut branches: Vec<Marked> = self.undo.iter().filter_map(|past| past.branch).collect();
        branches.sort_unstable_by_key(|mark| mark.n);
        branches
    }

    /// What the run adds up to, as far as it is known.
    pub fn tally(&self) -> Ref<'_, Tally> {
        self.tally.borrow_mut().follow(self.branch, self.events());
        self.tally.borrow()
    }

    /// What the stage shows.
    pub fn view(&self) -> StageView {
        view::stage(self.history.simulation(), &Lens::default())
    }

    /// The state before the last decisive moment.
    pub fn ghost(&self) -> Option<&StageView> {
        self.ghost.as_ref().map(|ghost| &ghost.view)
    }

    /// The messages under way.
    pub fn flights(&self) -> Vec<FlightView> {
        view::flights(self.history.simulation())
    }

    /// When the state before was, while it is shown.
    pub(super) fn ghost_at(&self) -> Option<Instant> {
        self.ghost.as_ref().map(|ghost| ghost.at)
    }

    /// Records that were lost or doubled so far.
    pub fn marks(&self) -> Vec<Mark> {
        let mark = |emitted: &Emitted| match &emitted.event {
            Event::AckedRecordLost { record, tp, .. } => Some(Mark { tp: *tp, record: *record, kind: MarkKind::Lost }),
            Event::RecordDuplicated { record, tp, .. } => {
                Some(Mark { tp: *tp, record: *record, kind: MarkKind::Duplicate })
            }
            _ => None,
        };
        self.past().iter().filter_map(mark).collect()
    }

    /// Goes on towards a moment, event by event, as long as there is time; whether it is there.
    pub fn hurry(&mut self, to: Instant, has_time: impl Fn() -> bool) -> bool {
        self.ghost = None;
        while let Some(next) = self.next_stop() {
            if next > to {
                break;
            }
            // Looking at a clock costs as much as some events.
            for _ in 0..if self.has_story() { 1 } else { 16 } {
                if self.history.next_event_at().is_none_or(|next| next > to) || !self.history.step_forward() {
                    break;
                }
            }
            self.now = self.history.simulation().now();
            if !has_time() {
                // Added up piece by piece: at the end it would be one long task, and the oldest events are forgotten by then.
                self.tally();
                return false;
            }
        }
        self.now = if self.has_story() { to.min(self.end_at()).max(self.now) } else { to.max(self.now) };
        true
    }

    /// One event forward.
    pub fn step_forward(&mut self) -> bool {
        if self.next_stop().is_none() {
            return false;
        }
        let stepped = self.dispatch();
        self.now = self.history.simulation().now();
        stepped
    }

    /// One event back.
    pub fn step_back(&mut self) -> bool {
        self.ghost = None;
        let stepped = self.history.step_back();
        self.now = self.history.simulation().now();
        stepped
    }

    /// To just after an event.
    pub fn seek_event(&mut self, event: u64) {
        self.ghost = None;
        let event = if self.story.is_some() { event.min(self.end()) } else { event };
        if event > 0 && self.beats().iter().any(|beat| beat.event == event) {
            // A beat is about what just changed: keep the state before it.
            self.history.seek_event(event - 1);
            self.keep_ghost();
        }
        self.history.seek_event(event);
        self.now = self.history.simulation().now();
    }

    /// To a moment: everything at or before it has happened.
    pub fn seek_time(&mut self, at: Instant) {
        self.ghost = None;
        // A story ends where it ends; elsewhere an hour at a time may be asked for.
        let furthest = if self.has_story() { self.end_at() } else { self.now.max(self.end_at()) + HOUR };
        let at = at.min(furthest);
        self.history.seek_time(at);
        self.now = at;
    }

    /// The same, but not beyond event `last`.
    pub fn seek_time_within(&mut self, at: Instant, last: u64) {
        self.ghost = None;
        let at = if self.has_story() { at.min(self.end_at()) } else { at };
        self.history.seek_time_within(at, last);
        let stopped = self.history.next_event_at().is_some_and(|next| next <= at);
        self.now = if stopped { self.history.simulation().now() } else { at };
    }

    /// Steps on until the goal is met, at most to `end`; `go_on` ends a slice.
    pub fn run_until(&mut self, hunt: &mut Hunt, end: Instant, go_on: impl FnMut() -> bool) -> Search {
        self.ghost = None;
        let (end, last) = match &self.story {
            Some(story) => (story.end_at, story.end),
            None => (end, u64::MAX),
        };
        let search = self.history.run_until(hunt, end, last, go_on);
        self.now = self.history.simulation().now();
        search
    }

    /// A reader's command, here and now. A story goes on with it as far as it can. A refused one changes nothing.
    pub fn act(&mut self, command: Command) -> Result<(), Rejected> {
        let past = self.past_here();
        let before = self.view();
        // The moment shown may lie between two events: the command belongs there, and the clock does not step back.
        self.history.act_at(self.now, command)?;
        self.now = self.now.max(self.history.simulation().now());
        self.ghost = Some(Ghost { at: before.now, view: before, seen: 0.0 });
        self.redo.clear();
        self.branch += 1;
        self.undo.push(past);
        let (Some(scenario), Some(story)) = (self.scenario.clone(), &self.story) else { return Ok(()) };
        let cursor = self.cursor();
        // The same world was told before, so it can be told on; if not, the story stays as it was.
        let Ok(story) = Story::continue_after(&scenario, story, self.history.recording(), cursor) else {
            return Ok(());
        };
        self.history.replace_recording(story.recording.clone());
        self.history.seek_event(cursor);
        self.follow(Some(story));
        Ok(())
    }

    /// Takes the last command back.
    pub fn undo(&mut self) -> bool {
        let Some(past) = self.undo.pop() else { return false };
        let here = Past { branch: past.branch, ..self.past_here() };
        self.redo.push(here);
        self.restore(past);
        true
    }

    /// Gives it again.
    pub fn redo(&mut self) -> bool {
        let Some(past) = self.redo.pop() else { return false };
        let here = Past { branch: past.branch, ..self.past_here() };
        self.undo.push(here);
        self.restore(past);
        true
    }

    /// What could be given again; kept over a change that is refused.
    pub(super) fn redoable(&self) -> Vec<Past> {
        self.redo.clone()
    }

    /// Puts it back.
    pub(super) fn set_redoable(&mut self, redo: Vec<Past>) {
        self.redo = redo;
    }

    /// The last command belongs to the step before it.
    pub(super) fn forget_one_undo(&mut self) {
        self.undo.pop();
    }

    /// Shows a moment between the last event and the next one.
    pub(super) fn stand_at(&mut self, now: Instant) {
        self.now = now.max(self.now);
    }

    /// Whether there is something to take back, and something to give again.
    pub fn can_undo_redo(&self) -> (bool, bool) {
        (!self.undo.is_empty(), !self.redo.is_empty())
    }

    /// Wall time passes while the run plays: the state before has its moment. Whether that is over now.
    pub(super) fn age_ghost(&mut self, seconds: f64) -> bool {
        let Some(ghost) = &mut self.ghost else { return false };
        ghost.seen += seconds;
        let over = ghost.seen > GHOST;
        if over {
            self.ghost = None;
        }
        over
    }

    pub(super) fn past_here(&self) -> Past {
        Past {
            scenario: self.scenario.clone(),
            recording: self.history.recording().clone(),
            story: self.story.clone(),
            cursor: self.cursor(),
            branch: (self.end() > self.cursor()).then_some(Marked {
                at: self.now,
                n: self.cursor(),
                what: Moment::Branch,
            }),
        }
    }

    fn restore(&mut self, past: Past) {
        self.ghost = None;
        self.branch += 1;
        self.scenario = past.scenario;
        self.history.replace_recording(past.recording);
        self.history.seek_event(past.cursor);
        self.follow(past.story);
        self.now = self.history.simulation().now();
    }

    /// Another history in place of this one, which undo brings back.
    pub(super) fn begin_again(&mut self, history: History, told: Option<(Rc<Scenario>, Story)>, past: Past) {
        self.ghost = None;
        self.branch += 1;
        self.redo.clear();
        self.undo.push(past);
        self.history = history;
        let (scenario, story) = told.map_or((None, None), |(scenario, story)| (Some(scenario), Some(story)));
        self.scenario = scenario;
        self.follow(story);
    }

    /// The scenario that is told.
    pub fn scenario(&self) -> Option<Rc<Scenario>> {
        self.scenario.clone()
    }

    fn follow(&mut self, story: Option<Story>) {
        self.beats = story.as_ref().map(Beat::all).unwrap_or_default();
        self.story = story;
    }

    /// When the next event is due, unless the story is over.
    pub(super) fn next_stop(&mut self) -> Option<Instant> {
        let over = self.story.as_ref().is_some_and(|story| self.history.cursor() >= story.end);
        if over { None } else { self.history.next_event_at() }
    }

    pub(super) fn dispatch(&mut self) -> bool {
        let stepped = self.history.step_forward();
        let decisive = self.just_happened().iter().any(|emitted| is_decisive(&emitted.event));
        let at = self.history.simulation().now();
        if decisive && self.ghost.as_ref().is_none_or(|ghost| at.since(ghost.at) > MOMENT) {
            // Decisive events are rare: looking back at one is cheaper than a picture of every state.
            let here = self.cursor();
            self.history.seek_event(here - 1);
            self.keep_ghost();
            self.history.seek_event(here);
        }
        stepped
    }

    fn keep_ghost(&mut self) {
        let view = self.view();
        self.ghost = Some(Ghost { at: view.now, view, seen: 0.0 });
    }

    /// What the last dispatched event brought about.
    pub(super) fn just_happened(&self) -> &[Emitted] {
        self.history.events_between(self.cursor(), self.cursor())
    }
}
