//! The run on the page: its state as signals, its playback, what is selected.
//!
//! Signals change when the engine's state changed, at most once per frame. What moves between two events
//! (packets, the clock, the slider) is painted by painters that read the run directly.

mod advance;
mod answer;
mod beat;
mod branching;
#[cfg(test)]
mod branching_test;
mod causes;
mod group_history;
mod kept;
mod levels;
mod life;
#[cfg(test)]
mod life_test;
#[cfg(test)]
mod loss_test;
mod meters;
mod repeat;
mod rework;
mod run;
mod tally;
#[cfg(test)]
mod tally_test;
pub mod words;

pub use advance::{Advance, Reached, is_decisive};
pub use answer::Answer;
pub use beat::Beat;
pub use branching::{Parting, Verdict};
pub use group_history::{GroupHistory, PartitionHistory, Rebalance, Trigger, group_history};
pub use life::{Frame, Scene, Whereabouts, life, record_at};
pub use meters::{BUCKET, Meter};
pub use repeat::Repeat;
pub use rework::{Joining, Refused};
pub use run::Run;
pub use tally::{Marked, Moment, Tally};

use crate::playback::{Frames, Pace, PaceWords, Speed, now_seconds};
use crate::scene::{Depth, Extent, Target};
use highwater_engine::command::{Command, Rejected};
use highwater_engine::history::{Goal, Hunt, Place, Search};
use highwater_engine::time::{Duration, Instant};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a run is for; it decides what happens at beats and at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// The first screen: it plays in a loop.
    Home,
    /// A lesson: it stops at every beat.
    Lesson,
    /// Free: it goes on.
    Sandbox,
}

/// A frame may keep the main thread this long, in seconds.
const BUDGET: f64 = 0.008;

/// While time passes, words and figures are renewed this often, in seconds: faster nobody reads.
const CALM: f64 = 0.2;

/// While time passes, the page is laid out anew at most this often, in seconds; in the frames between only messages move.
const SLOW: f64 = 0.06;

/// A task of a fast-forward may keep it this long.
const SLICE: f64 = 0.02;

/// So far ahead something is looked for.
const HOUR: Duration = Duration::from_secs(3_600);

/// A leap over an idle stretch is worth a word from here on, in simulated microseconds.
const LEAP: u64 = 1_000_000;

type Painter = (u64, Rc<dyn Fn(&Run)>);

/// The run on the page.
#[derive(Clone, Copy)]
pub struct Session {
    /// What it is for.
    pub purpose: Purpose,
    /// Grows when the engine's state changed: at once when the reader did it, and now and then while time passes. What
    /// moves with every frame is painted instead.
    pub version: RwSignal<u64>,
    /// Whether time passes.
    pub playing: RwSignal<bool>,
    /// The reader's hand on the pace.
    pub speed: RwSignal<Speed>,
    /// The pace in words.
    pub pace_words: RwSignal<PaceWords>,
    /// Whole seconds that the last idle stretch took, for a moment after it.
    pub leap: RwSignal<Option<u64>>,
    /// The stretch of time that is shown again and again.
    pub repeat: RwSignal<Repeat>,
    /// The moment that is hurried to.
    pub hurrying: RwSignal<Option<Instant>>,
    /// What is selected.
    pub selection: RwSignal<Option<Target>>,
    /// The partition that a narrow screen shows.
    pub partition: RwSignal<usize>,
    /// How near the reader stands, on a wide stage.
    pub depth: RwSignal<Depth>,
    /// What the stage shows of the whole.
    pub extent: RwSignal<Extent>,
    /// Predictions by key.
    pub answers: RwSignal<BTreeMap<String, Answer>>,
    /// Where two branches part, or how far they are compared.
    pub parting: RwSignal<Option<Parting>>,
    run: StoredValue<Run, LocalStorage>,
    pace: StoredValue<Pace, LocalStorage>,
    frames: StoredValue<Frames, LocalStorage>,
    painters: StoredValue<Vec<Painter>, LocalStorage>,
    idle_since: StoredValue<Option<(Instant, f64)>, LocalStorage>,
    /// Since when something changed that `version` does not tell yet, on the wall clock.
    untold: StoredValue<Option<f64>, LocalStorage>,
    cost: StoredValue<f64, LocalStorage>,
    /// When the last frame was in which everything may change, on the wall clock.
    slow_at: StoredValue<f64, LocalStorage>,
    frame_at: StoredValue<f64, LocalStorage>,
}

impl Session {
    /// A session over a run, standing still.
    pub fn new(run: Run, purpose: Purpose) -> Session {
        let session = Session {
            purpose,
            version: RwSignal::new(0),
            playing: RwSignal::new(false),
            speed: RwSignal::new(Speed::One),
            pace_words: RwSignal::new(PaceWords::Real),
            leap: RwSignal::new(None),
            repeat: RwSignal::new(Repeat::default()),
            hurrying: RwSignal::new(None),
            selection: RwSignal::new(None),
            partition: RwSignal::new(0),
            depth: RwSignal::new(Depth::Fit),
            extent: RwSignal::new(Extent::Whole),
            answers: RwSignal::new(BTreeMap::new()),
            parting: RwSignal::new(None),
            run: StoredValue::new_local(run),
            pace: StoredValue::new_local(Pace::default()),
            frames: StoredValue::new_local(Frames::default()),
            painters: StoredValue::new_local(Vec::new()),
            idle_since: StoredValue::new_local(None),
            untold: StoredValue::new_local(None),
            cost: StoredValue::new_local(0.0),
            slow_at: StoredValue::new_local(f64::MIN),
            frame_at: StoredValue::new_local(f64::MIN),
        };
        on_cleanup(move || session.pause());
        session
    }

    /// Reads the run; nothing is tracked. `None` after the screen is gone.
    pub fn read<T>(&self, read: impl FnOnce(&Run) -> T) -> Option<T> {
        self.run.try_with_value(read)
    }

    /// Reads the run and follows the engine's state.
    pub fn follow<T: Default>(&self, read: impl FnOnce(&Run) -> T) -> T {
        self.version.track();
        self.read(read).unwrap_or_default()
    }

    /// Adds something that is painted on every frame, and once now.
    pub fn add_painter(&self, painter: impl Fn(&Run) + 'static) {
        self.read(|run| painter(run));
        let painter: Rc<dyn Fn(&Run)> = Rc::new(painter);
        let painters = self.painters;
        let id = painters.try_update_value(|painters| {
            let id = painters.last().map_or(0, |(last, _)| last + 1);
            painters.push((id, painter));
            id
        });
        // A painter goes with the part of the page that added it.
        on_cleanup(move || {
            painters.try_update_value(|painters| painters.retain(|(known, _)| Some(*known) != id));
        });
    }

    /// Adds something that is painted this often while time passes, in seconds, and at once whenever it does not.
    pub fn add_slow_painter(&self, period: f64, painter: impl Fn(&Run) + 'static) {
        let (session, last) = (*self, StoredValue::new_local(f64::MIN));
        self.add_painter(move |run| {
            if session.is_between() {
                return;
            }
            let wall = now_seconds();
            if session.playing.get_untracked() && wall - last.get_value() < period {
                return;
            }
            last.set_value(wall);
            painter(run);
        });
    }

    /// Whether this is a frame in which only messages move.
    pub fn is_between(&self) -> bool {
        self.playing.get_untracked() && self.slow_at.get_value() < self.frame_at.get_value()
    }

    /// Lets time pass.
    pub fn play(self) {
        if self.playing.get_untracked() {
            return;
        }
        let at_end = self.read(|run| run.has_story() && run.cursor() >= run.end()).unwrap_or(true);
        if at_end {
            if self.purpose != Purpose::Home {
                return;
            }
            self.change(|run| run.seek_event(run.start()));
        }
        self.hurrying.set(None);
        self.pace.try_update_value(Pace::restart);
        self.idle_since.set_value(None);
        self.playing.set(true);
        if let Some(frames) = self.frames.try_get_value() {
            frames.start(move |seconds| self.frame(seconds));
        }
    }

    /// Stops time.
    pub fn pause(self) {
        if self.hurrying.try_get_untracked().flatten().is_some() {
            self.hurrying.set(None);
        }
        let played = self.playing.try_get_untracked() == Some(true);
        if played {
            self.playing.set(false);
            self.leap.set(None);
        }
        if let Some(frames) = self.frames.try_get_value() {
            frames.stop();
        }
        if self.untold.try_get_value().flatten().is_some() {
            self.tell();
        }
        if played {
            self.paint();
        }
    }

    /// Play or pause.
    pub fn toggle(self) {
        if self.playing.get_untracked() { self.pause() } else { self.play() }
    }

    /// Frames drawn so far.
    pub fn frames(&self) -> u64 {
        self.frames.try_get_value().map_or(0, |frames| frames.count())
    }

    /// What a frame costs the main thread, in milliseconds, averaged over the last ones.
    pub fn frame_cost(&self) -> f64 {
        self.cost.try_get_value().unwrap_or(0.0)
    }

    /// So many events forward, or back when negative.
    pub fn step(self, events: i32) {
        self.pause();
        self.change(|run| {
            for _ in 0..events.unsigned_abs() {
                let stepped = if events > 0 { run.step_forward() } else { run.step_back() };
                if !stepped {
                    break;
                }
            }
        });
    }

    /// To just after an event.
    pub fn seek_event(self, event: u64) {
        self.pause();
        self.change(|run| run.seek_event(event));
    }

    /// To a moment.
    pub fn seek_time(self, at: Instant) {
        self.pause();
        self.change(|run| run.seek_time(at));
    }

    /// Lets so much time pass as fast as the machine can, in tasks short enough that the page answers meanwhile. Whatever
    /// else is asked for ends it where it is.
    pub fn fast_forward(self, span: Duration) {
        self.pause();
        let Some(to) = self.read(|run| run.now() + span) else { return };
        self.hurrying.set(Some(to));
        self.hurry(Place { n: u64::MAX, at: to });
    }

    /// A task of a fast-forward, and the tasks after it, as long as nobody wants something else.
    fn hurry(self, to: Place) {
        if self.hurrying.try_get_untracked().flatten() != Some(to.at) {
            return;
        }
        let deadline = now_seconds() + SLICE;
        match self.run.try_update_value(|run| run.hurry(to, || now_seconds() < deadline)) {
            Some(true) => {
                self.hurrying.set(None);
                self.change(|_| ());
            }
            Some(false) => {
                self.paint();
                set_timeout(move || self.hurry(to), std::time::Duration::ZERO);
            }
            None => {}
        }
    }

    /// To the start: the first beat is where a story begins.
    pub fn to_start(self) {
        let start = self.read(Run::start).unwrap_or(0);
        self.seek_event(start);
    }

    /// To the end of what is known.
    pub fn to_end(self) {
        let end = self.read(Run::end).unwrap_or(0);
        self.seek_event(end);
    }

    /// On to the next beat: plays there, and pressed again while playing leaps there.
    /// Without reading motion (`leap`) it always leaps.
    pub fn beat_forward(self, leap: bool) {
        let next = self.read(|run| run.beats().iter().find(|beat| beat.event > run.cursor()).map(|beat| beat.event));
        match next.flatten() {
            Some(event) if leap || self.playing.get_untracked() => self.seek_event(event),
            Some(_) => self.play(),
            None if self.playing.get_untracked() => self.to_end(),
            None => self.play(),
        }
    }

    /// Back to the beat before: from between two beats to the earlier one.
    pub fn beat_back(self) {
        let event = self.read(|run| {
            let before = run.beats().iter().rev().find(|beat| beat.event < run.cursor());
            before.map_or(0, |beat| beat.event)
        });
        if let Some(event) = event {
            self.seek_event(event);
        }
    }

    /// To a beat, from 0.
    pub fn to_beat(self, beat: usize) {
        if let Some(event) = self.read(|run| run.beats().get(beat).map(|beat| beat.event)).flatten() {
            self.seek_event(event);
        }
    }

    /// A reader's command, here and now. It does not stop time; a refused one changes nothing.
    pub fn act(self, command: Command) -> Result<(), Rejected> {
        let done = self.change(|run| run.act(command)).unwrap_or(Ok(()));
        if done.is_ok() {
            self.pace.try_update_value(Pace::hold);
        }
        done
    }

    /// Changes the world, now or from its start; a refusal changes nothing.
    pub fn rework(self, change: impl FnOnce(&mut Run) -> Result<(), Refused>) -> Result<(), Refused> {
        self.change(change).unwrap_or(Ok(()))
    }

    /// Ends the loop or the story: what happens from now on is up to the world and the reader.
    pub fn free(self) {
        self.parting.set(None);
        self.change(|run| *run = run.freed());
    }

    /// Puts another run in this one's place.
    pub fn replace(self, run: Run) {
        self.pause();
        self.selection.set(None);
        self.parting.set(None);
        self.repeat.set(Repeat::default());
        self.change(|here| *here = run);
    }

    /// Sets the reader's speed.
    pub fn set_speed(self, speed: Speed) {
        self.speed.set(speed);
    }

    /// Runs on until `goal` is met, slice by slice, at most for a simulated hour; `missed` when it is not. Whoever plays,
    /// seeks or acts meanwhile ends it.
    pub fn search(self, goal: Goal, missed: impl Fn() + 'static) {
        let end = self.read(|run| run.now() + HOUR).unwrap_or(Instant::ZERO);
        self.search_on(goal.into(), end, missed);
    }

    fn search_on(self, mut hunt: Hunt, end: Instant, missed: impl Fn() + 'static) {
        let deadline = now_seconds() + SLICE;
        let mut steps = 0u32;
        let go_on = move || {
            steps += 1;
            // The clock of a browser is dearer than an event.
            !steps.is_multiple_of(64) || now_seconds() < deadline
        };
        let search = self.change(|run| run.run_until(&mut hunt, end, go_on));
        match search {
            Some(Search::Goes) => {
                let version = self.version.get_untracked();
                set_timeout(
                    move || {
                        if self.version.try_get_untracked() == Some(version) {
                            self.search_on(hunt, end, missed);
                        }
                    },
                    std::time::Duration::ZERO,
                );
            }
            Some(Search::Over) => missed(),
            Some(Search::Found) | None => {}
        }
    }

    /// Moves in the run or changes it by a function of its own.
    pub fn edit(self, change: impl FnOnce(&mut Run)) {
        self.change(change);
    }

    /// Changes the run, and tells everybody.
    fn change<T>(&self, change: impl FnOnce(&mut Run) -> T) -> Option<T> {
        if self.hurrying.get_untracked().is_some() {
            self.hurrying.set(None);
        }
        let changed = self.run.try_update_value(change)?;
        self.tell();
        self.paint();
        Some(changed)
    }

    /// Tells everybody that the run has changed.
    fn tell(&self) {
        self.untold.set_value(None);
        self.version.try_update(|version| *version += 1);
    }

    /// Calls the painters.
    pub fn paint(&self) {
        let painters = self.painters.try_get_value().unwrap_or_default();
        self.read(|run| painters.iter().for_each(|(_, painter)| painter(run)));
    }

    /// One frame; whether there shall be another.
    fn frame(self, seconds: f64) -> bool {
        let begun = now_seconds();
        self.frame_at.set_value(begun);
        if begun - self.slow_at.get_value() >= SLOW {
            self.slow_at.set_value(begun);
        }
        let goes_on = self.work(seconds);
        let cost = (now_seconds() - begun) * 1_000.0;
        self.cost.try_update_value(|mean| *mean += (cost - *mean) * 0.1);
        goes_on
    }

    fn work(self, seconds: f64) -> bool {
        let speed = self.speed.get_untracked().factor();
        let deadline = now_seconds() + BUDGET;
        let Some(mut pace) = self.pace.try_get_value() else { return false };
        if self.purpose == Purpose::Home && self.read(Run::has_story) == Some(true) {
            // A loop that got faster and faster would look like hurry.
            pace.stay_fresh();
        }
        let done = self.run.try_update_value(|run| run.advance(&mut pace, speed, seconds, || now_seconds() < deadline));
        let Some(done) = done else { return false };
        self.pace.set_value(pace);
        let words = PaceWords::of(pace.current() * speed);
        if self.pace_words.get_untracked() != words {
            self.pace_words.set(words);
        }
        self.tell_leap(&done);
        if done.dispatched > 0 || done.faded {
            self.untold.try_update_value(|since| *since = since.or(Some(now_seconds())));
        }
        if !self.is_between() && self.untold.get_value().is_some_and(|since| now_seconds() - since >= CALM) {
            self.tell();
        }
        self.paint();
        let back = self.repeat.get_untracked();
        if back != Repeat::default()
            && let Some(from) = self.read(|run| back.back_from(run.now())).flatten()
        {
            self.change(|run| run.seek_time(from));
            return self.playing.get_untracked();
        }
        match (done.reached, self.purpose) {
            (Some(Reached::Beat(_)), Purpose::Lesson) => self.pause(),
            (Some(Reached::End), Purpose::Home) => {
                self.change(|run| run.seek_event(run.start()));
            }
            (Some(Reached::End), _) => self.pause(),
            _ => {}
        }
        self.playing.get_untracked()
    }

    /// After an idle stretch of more than a second: says how long it was, for two seconds on the wall.
    fn tell_leap(&self, done: &Advance) {
        let Some(now) = self.read(Run::now) else { return };
        let wall = now_seconds();
        match (done.matters, self.idle_since.get_value()) {
            (false, None) => self.idle_since.set_value(Some((now, wall))),
            (true, Some((since, _))) => {
                self.idle_since.set_value(None);
                let leapt = now.since(since).0;
                if leapt >= LEAP {
                    self.leap.set(Some((leapt + LEAP / 2) / LEAP));
                    let leap = self.leap;
                    set_timeout(
                        move || {
                            leap.try_set(None);
                        },
                        std::time::Duration::from_secs(2),
                    );
                }
            }
            _ => {}
        }
    }
}
