//! A run: a history with a place in it, and the story it follows as long as nobody leaves it.
//!
//! Nothing here knows the page. The place is an event and a moment: the moment lies between the last event
//! dispatched and the next one, so that messages can be seen on their way.

use super::advance::is_decisive;
use super::beat::Beat;
use super::tally::{Marked, Moment, Tally};
use crate::scene::{Mark, MarkKind, Vanished};
use highwater_engine::command::{Command, Rejected};
use highwater_engine::event::Event;
use highwater_engine::history::{Branch, Branches, Comparison, History, Hunt, Place, Recording, Search, TurnId};
use highwater_engine::ids::RecordId;
use highwater_engine::link::{self, LinkError};
use highwater_engine::scenario::{Scenario, Story, print};
use highwater_engine::sim::{Emitted, Simulation, SpecError};
use highwater_engine::time::{Duration, Instant};
use highwater_engine::trace::Exporter;
use highwater_engine::view::{self, FlightView, Lens, StageView};
use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A history with a place in it.
pub struct Run {
    name: String,
    scenario: Option<Rc<Scenario>>,
    story: Option<Rc<Story>>,
    beats: Vec<Beat>,
    pub(super) history: History,
    pub(super) now: Instant,
    ghost: Option<Ghost>,
    /// The stories of turns that are not shown.
    told: BTreeMap<TurnId, Told>,
    /// Grows whenever other events may follow.
    turned: u64,
    /// The codes of branches that are kept: the last turn, how far it was known, the code.
    pub(super) codes: RefCell<BTreeMap<TurnId, (Place, String)>>,
    tally: RefCell<Tally>,
    picture: RefCell<Option<(Stamp, Rc<StageView>)>>,
}

/// The scenario that is told, and how it went.
type Told = (Option<Rc<Scenario>>, Option<Rc<Story>>);

/// What decides which state a picture shows: the branch, the step and the moment.
type Stamp = (u64, u64, Instant);

/// The state before the last decisive event.
struct Ghost {
    view: Rc<StageView>,
    /// What was under way in it.
    flights: Vec<FlightView>,
    at: Instant,
    /// For how many seconds it has been seen while time passed.
    seen: f64,
}

/// So many messages that vanished at once are marked.
const MOST_VANISHED: usize = 24;

/// For so long the state before stays on the stage.
const GHOST: f64 = 2.4;

/// So many of a log's newest offsets have a place on the widest stage.
const NEWEST: u32 = 256;

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
        run.story = (!run.beats.is_empty()).then(|| Rc::new(story));
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
            told: BTreeMap::new(),
            turned: 0,
            codes: RefCell::default(),
            tally: RefCell::default(),
            picture: RefCell::default(),
        })
    }

    /// The same world from here on without its story: what is to come is up to the reader.
    pub fn freed(&self) -> Run {
        let cursor = self.cursor();
        let mut history = self.history.clone();
        let mut recording = history.recording().clone();
        recording.commands.retain(|recorded| recorded.after < cursor);
        history.amend(recording);
        history.seek_event(cursor);
        history.take_root();
        Run {
            name: self.name.clone(),
            scenario: None,
            story: None,
            beats: Vec::new(),
            history,
            now: self.now,
            ghost: None,
            told: BTreeMap::new(),
            turned: 0,
            codes: RefCell::default(),
            tally: RefCell::default(),
            picture: RefCell::default(),
        }
    }

    /// Whether somebody did something in it.
    pub fn is_touched(&self) -> bool {
        self.history.branches().turns() > 1
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
        self.known().n
    }

    /// When that is.
    pub fn end_at(&self) -> Instant {
        if self.story.is_some() { self.known().at } else { self.known().at.max(self.now) }
    }

    /// How far the run is known: to the story's end, or to the furthest place seen.
    fn known(&self) -> Place {
        match &self.story {
            Some(story) => Place { n: story.end, at: story.end_at },
            None => self.history.known(),
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
    pub fn departures(&self) -> Vec<Marked> {
        let places = self.history.branches().departures(self.known());
        places.into_iter().map(|place| Marked { at: place.at, n: place.n, what: Moment::Branch }).collect()
    }

    /// The tree of what was tried.
    pub fn branches(&self) -> &Branches {
        self.history.branches()
    }

    /// Its branches, each below the one it left.
    pub fn branch_list(&self) -> Vec<Branch> {
        self.history.branches().list(self.known())
    }

    /// Gives the branch of a turn a name; an empty one takes it away.
    pub fn rename(&mut self, turn: TurnId, name: &str) {
        self.note_known();
        self.history.rename(turn, name);
    }

    /// This run beside the one with another turn.
    pub fn compare(&self, turn: TurnId) -> Option<Comparison> {
        self.history.compare(turn)
    }

    /// What the run adds up to, as far as it is known.
    pub fn tally(&self) -> Ref<'_, Tally> {
        // Whoever is reading it has it up to date already.
        if let Ok(mut tally) = self.tally.try_borrow_mut() {
            tally.follow(self.turned, self.events());
        }
        self.tally.borrow()
    }

    /// What the stage shows: one picture of each state, however many ask for it.
    pub fn view(&self) -> Rc<StageView> {
        let simulation = self.history.simulation();
        let stamp = (self.turned, self.cursor(), simulation.now());
        if let Some((of, view)) = &*self.picture.borrow()
            && *of == stamp
        {
            return view.clone();
        }
        let view = Rc::new(view::stage(simulation, &Lens { newest_offsets: NEWEST, ..Lens::default() }));
        *self.picture.borrow_mut() = Some((stamp, view.clone()));
        view
    }

    /// The state before the last decisive moment.
    pub fn ghost(&self) -> Option<&StageView> {
        self.ghost.as_ref().map(|ghost| &*ghost.view)
    }

    /// The messages under way.
    pub fn flights(&self) -> Vec<FlightView> {
        view::flights(self.history.simulation())
    }

    /// When the state before was, while it is shown.
    pub(super) fn ghost_at(&self) -> Option<Instant> {
        self.ghost.as_ref().map(|ghost| ghost.at)
    }

    /// Records that were doubled so far, or lost: those that a later leader brought back are not.
    pub fn marks(&self) -> Vec<Mark> {
        let tally = self.tally();
        let ledger = self.history.simulation().ledger();
        let mark = |emitted: &Emitted| match &emitted.event {
            Event::AckedRecordLost { record, tp, offset, .. } => {
                let gone = ledger.fate(*record).is_none_or(|fate| fate.lost);
                gone.then_some(Mark { tp: *tp, record: *record, offset: *offset, kind: MarkKind::Lost })
            }
            Event::RecordDuplicated { record, tp, offset } => {
                Some(Mark { tp: *tp, record: *record, offset: *offset, kind: MarkKind::Duplicate })
            }
            _ => None,
        };
        tally.turns(self.cursor()).iter().filter_map(mark).collect()
    }

    /// When and where a record was lost, as far as it is known.
    pub fn loss_of(&self, record: RecordId) -> Option<Emitted> {
        let is_it = |emitted: &&Emitted| matches!(&emitted.event, Event::AckedRecordLost { record: known, .. } if *known == record);
        self.tally().turns(u64::MAX).iter().rev().find(is_it).cloned()
    }

    /// Messages that were under way in the state before, and have been lost since.
    pub fn vanished(&self) -> Vec<Vanished> {
        let Some(ghost) = &self.ghost else { return Vec::new() };
        let mut gone = Vec::new();
        for emitted in self.past().iter().rev().take_while(|emitted| emitted.at >= ghost.at) {
            let Event::MessageDropped { envelope, .. } = &emitted.event else { continue };
            let flight = ghost.flights.iter().find(|flight| flight.id == *envelope);
            gone.extend(flight.map(|flight| Vanished { flight: flight.clone(), at: ghost.at }));
        }
        gone.retain(|vanished| vanished.flight.matters);
        gone.truncate(MOST_VANISHED);
        gone.reverse();
        gone
    }

    /// Goes on towards a place, event by event, as long as there is time; whether it is there.
    pub fn hurry(&mut self, to: Place, has_time: impl Fn() -> bool) -> bool {
        self.ghost = None;
        while let Some(next) = self.next_stop() {
            if next > to.at || self.cursor() >= to.n {
                break;
            }
            // Looking at a clock costs as much as some events.
            for _ in 0..if self.has_story() { 1 } else { 16 } {
                let there = self.cursor() >= to.n || self.history.next_event_at().is_none_or(|next| next > to.at);
                if there || !self.history.step_forward() {
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
        self.now = if self.has_story() { to.at.min(self.end_at()).max(self.now) } else { to.at.max(self.now) };
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
        let before = self.branches().here();
        let told = (self.scenario.clone(), self.story.clone());
        self.note_known();
        self.carry_out(command, History::act_at)?;
        self.told.insert(before, told);
        Ok(())
    }

    /// One more command that belongs to the last act: undo takes both back.
    pub(super) fn act_along(&mut self, command: Command) -> Result<(), Rejected> {
        self.carry_out(command, History::act_along_at)
    }

    fn carry_out(
        &mut self,
        command: Command,
        give: fn(&mut History, Instant, Command) -> Result<(), Rejected>,
    ) -> Result<(), Rejected> {
        let (before, flights) = (self.view(), self.flights());
        // The moment shown may lie between two events: the command belongs there, and the clock does not step back.
        give(&mut self.history, self.now, command)?;
        self.now = self.now.max(self.history.simulation().now());
        self.ghost = Some(Ghost { at: self.now, view: before, flights, seen: 0.0 });
        self.turned += 1;
        let (Some(scenario), Some(story)) = (self.scenario.clone(), &self.story) else { return Ok(()) };
        let cursor = self.cursor();
        // The same world was told before, so it can be told on; if not, the story stays as it was.
        let Ok(story) = Story::continue_after(&scenario, story, self.history.recording(), cursor) else {
            return Ok(());
        };
        self.history.amend(story.recording.clone());
        self.history.seek_event(cursor);
        self.follow(Some(Rc::new(story)));
        Ok(())
    }

    /// Takes the last act back.
    pub fn undo(&mut self) -> bool {
        self.turn(false).is_some_and(|place| self.hurry(place, || true))
    }

    /// Gives it again.
    pub fn redo(&mut self) -> bool {
        self.turn(true).is_some_and(|place| self.hurry(place, || true))
    }

    /// Takes the last act back, or gives it again; the place to go to, from one that is near it or on the way.
    pub fn turn(&mut self, again: bool) -> Option<Place> {
        let branches = self.branches();
        let (turn, place) = if again { branches.after()? } else { branches.before()? };
        self.show(turn);
        self.start_for(place);
        Some(place)
    }

    /// Turns to a branch by its place in the list: to its end where it ends before the moment shown, or to the place
    /// wished for. The place to go to, from one that is near it or on the way; none when it is shown already.
    pub fn turn_to(&mut self, branch: usize, wish: Option<Place>) -> Option<Place> {
        let list = self.branch_list();
        let wanted = list.get(branch)?;
        let now = Place { n: u64::MAX, at: self.now };
        let place = wish.unwrap_or(if wanted.known.at < now.at { wanted.known } else { now });
        if wanted.tip != self.branches().here() {
            self.show(wanted.tip);
        } else {
            wish?;
        }
        self.start_for(place);
        Some(place)
    }

    /// Stands where the way to a place begins: at the nearest place before it that is known.
    fn start_for(&mut self, place: Place) {
        if place.n < self.cursor() {
            self.history.seek_event(place.n);
        } else if place.at < self.history.simulation().now() {
            self.history.seek_time(place.at);
        }
        self.now = self.history.simulation().now();
    }

    fn show(&mut self, turn: TurnId) {
        let before = self.branches().here();
        self.note_known();
        if !self.history.show(turn, self.now) {
            return;
        }
        self.ghost = None;
        self.turned += 1;
        let (scenario, story) = self.told.remove(&turn).unwrap_or_default();
        self.told.insert(before, (std::mem::replace(&mut self.scenario, scenario), self.story.clone()));
        self.follow(story);
    }

    /// A story is known to its end before it has been played; and what belonged to branches that are gone is gone.
    fn note_known(&mut self) {
        if self.story.is_some() {
            self.history.note_known(self.known());
        }
        let branches = self.history.branches();
        self.told.retain(|turn, _| branches.has(*turn));
    }

    /// Shows a moment between the last event and the next one.
    pub(super) fn stand_at(&mut self, now: Instant) {
        self.now = now.max(self.now);
    }

    /// Whether there is something to take back, and something to give again.
    pub fn can_undo_redo(&self) -> (bool, bool) {
        (self.branches().before().is_some(), self.branches().after().is_some())
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

    /// Tells the world again with another recording, which undo takes back.
    ///
    /// # Errors
    /// When such a world cannot be. Nothing changes then.
    pub(super) fn begin_again(
        &mut self,
        recording: Recording,
        told: Option<(Rc<Scenario>, Story)>,
    ) -> Result<(), SpecError> {
        let before = self.branches().here();
        self.note_known();
        self.history.retell(self.now, recording)?;
        self.ghost = None;
        self.turned += 1;
        let (scenario, story) = told.map_or((None, None), |(scenario, story)| (Some(scenario), Some(Rc::new(story))));
        self.told.insert(before, (std::mem::replace(&mut self.scenario, scenario), self.story.clone()));
        self.follow(story);
        Ok(())
    }

    /// The last act was none after all: the run is as before it, at the same moment. `next` is what redo gave then.
    pub(super) fn drop_act(&mut self, next: Option<TurnId>, cursor: u64, now: Instant) {
        self.history.drop_turn(next);
        self.turned += 1;
        let (scenario, story) = self.told.remove(&self.branches().here()).unwrap_or_default();
        self.scenario = scenario;
        self.follow(story);
        self.history.seek_event(cursor);
        self.now = now;
    }

    /// The scenario that is told.
    pub fn scenario(&self) -> Option<Rc<Scenario>> {
        self.scenario.clone()
    }

    fn follow(&mut self, story: Option<Rc<Story>>) {
        self.beats = story.as_deref().map(Beat::all).unwrap_or_default();
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
            let here = self.cursor();
            let is_drop = |emitted: &Emitted| matches!(emitted.event, Event::MessageDropped { .. });
            let drops = self.just_happened().iter().any(is_drop);
            let is_before = |((turned, step, _), _): &(Stamp, _)| (*turned, *step) == (self.turned, here - 1);
            let shown = self.picture.borrow_mut().take().filter(is_before).filter(|_| !drops);
            if let Some((_, view)) = shown {
                self.ghost = Some(Ghost { at: view.now, view, flights: Vec::new(), seen: 0.0 });
            } else {
                // Such events are rare: looking back at one is cheaper than a picture of every state.
                self.history.seek_event(here - 1);
                self.keep_ghost();
                self.history.seek_event(here);
            }
        }
        stepped
    }

    fn keep_ghost(&mut self) {
        let (view, flights) = (self.view(), self.flights());
        self.ghost = Some(Ghost { at: view.now, view, flights, seen: 0.0 });
    }

    /// What the last dispatched event brought about.
    pub(super) fn just_happened(&self) -> &[Emitted] {
        self.history.events_between(self.cursor(), self.cursor())
    }
}
