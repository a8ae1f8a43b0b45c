//! Going from one branch of the run to another, and comparing two of them. Both may take longer than a frame: they are done
//! in short tasks, and whatever else is asked for ends them.

use super::words::{Names, event_sentence};
use super::{SLICE, Session};
use crate::i18n::Locale;
use crate::playback::now_seconds;
use highwater_engine::history::{Branch, Compared, Comparison, Difference, Place, TurnId};
use highwater_engine::sim::{Directory, Emitted};
use highwater_engine::time::Instant;
use leptos::prelude::*;

/// Two branches that are compared.
#[derive(Clone, PartialEq, Debug)]
pub struct Parting {
    /// Their last turns: first that of the branch that was shown, then the other one's.
    pub tips: [TurnId; 2],
    /// What is known of it.
    pub verdict: Verdict,
}

/// What a comparison has found.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// It is under way.
    Goes,
    /// Event for event the same, until then.
    Same(Instant),
    /// The first event that differs, with the names of both worlds.
    Differ(Box<Difference>, Box<[Directory; 2]>),
}

/// Whether two events of different worlds tell the same.
fn alike(one: &Emitted, names: &Directory, other: &Emitted, others: &Directory) -> bool {
    let told = |it: &Emitted, directory| event_sentence(&it.event, &Names { directory, locale: Locale::en });
    one.event.name() == other.event.name() && told(one, names) == told(other, others)
}

impl Parting {
    /// Compares on until `end`, or until `go_on` says no.
    pub fn follow(&mut self, comparison: &mut Comparison, end: Instant, go_on: impl FnMut() -> bool) {
        self.verdict = match comparison.run(end, go_on, alike) {
            Compared::Goes => Verdict::Goes,
            Compared::Same => Verdict::Same(end),
            Compared::Differ(difference) => {
                Verdict::Differ(difference, Box::new(comparison.directories().map(Directory::clone)))
            }
        };
    }
}

impl Session {
    /// Takes the last act back, or gives it again.
    pub fn undo(self, again: bool) {
        if let Some(place) = self.run.try_update_value(|run| run.turn(again)).flatten() {
            self.go(place);
        }
    }

    /// Turns to a branch by its place in the list: to the same moment, or to the place wished for. Whether it was another
    /// place than the one shown.
    pub fn turn_to(self, branch: usize, wish: Option<Place>) -> bool {
        let place = self.run.try_update_value(|run| run.turn_to(branch, wish)).flatten();
        place.inspect(|place| self.go(*place)).is_some()
    }

    /// The same for the branch that holds a turn; false when it is gone.
    pub fn turn_to_branch_of(self, turn: TurnId, wish: Option<Place>) -> bool {
        let holds = |branch: &Branch| branch.turns.contains(&turn);
        let branch = self.read(|run| run.branch_list().iter().position(holds)).flatten();
        branch.is_some_and(|branch| self.turn_to(branch, wish))
    }

    /// On to a place of the branch that is shown since just now; time goes on passing when that was near.
    fn go(self, to: Place) {
        let deadline = now_seconds() + SLICE;
        match self.run.try_update_value(|run| run.hurry(to, || now_seconds() < deadline)) {
            Some(true) => self.edit(|_| ()),
            Some(false) => {
                self.pause();
                self.edit(|_| ());
                self.hurrying.set(Some(to.at));
                set_timeout(move || self.hurry(to), std::time::Duration::ZERO);
            }
            None => {}
        }
    }

    /// Gives the branch of a turn a name; an empty one takes it away.
    pub fn rename(self, turn: TurnId, name: &str) {
        self.edit(|run| run.rename(turn, name));
    }

    /// Looks for the first event in which the branch that is shown and another one differ.
    pub fn compare(self, branch: usize) {
        let begun = self.read(|run| {
            let list = run.branch_list();
            let (here, there) = (list.iter().find(|branch| branch.shown)?, list.get(branch)?);
            let comparison = run.compare(there.tip)?;
            let end = here.known.at.max(there.known.at).max(run.now());
            Some((Parting { tips: [run.branches().here(), there.tip], verdict: Verdict::Goes }, comparison, end))
        });
        if let Some((parting, comparison, end)) = begun.flatten() {
            self.parting.set(Some(parting.clone()));
            self.compare_on(parting, comparison, end);
        }
    }

    fn compare_on(self, mut parting: Parting, mut comparison: Comparison, end: Instant) {
        // Another comparison began, or the page is gone.
        if self.parting.try_with_untracked(|shown| shown.as_ref() != Some(&parting)) != Some(false) {
            return;
        }
        let deadline = now_seconds() + SLICE;
        let mut steps = 0u32;
        let go_on = move || {
            steps += 1;
            // The clock of a browser is dearer than an event.
            !steps.is_multiple_of(64) || now_seconds() < deadline
        };
        parting.follow(&mut comparison, end, go_on);
        if parting.verdict == Verdict::Goes {
            set_timeout(move || self.compare_on(parting, comparison, end), std::time::Duration::ZERO);
        } else {
            self.parting.set(Some(parting));
        }
    }
}
