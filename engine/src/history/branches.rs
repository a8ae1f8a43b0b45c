//! The tree of what was tried. A turn is one act and the run with it; undo goes to the turn before, redo to the one that
//! was shown last after it. Turns that only go on where the known run ended are one branch; a turn that cut a known
//! future off, or that was taken beside another one, begins a branch of its own, and both futures stay.
//!
//! A turn costs what it changed: the commands it added, and how many of those before it it kept. The world of a branch that
//! is not shown is told again from them.

use super::recording::{Recorded, Recording};
use crate::collections::Map;
use crate::command::Command;
use crate::sim::Spec;
use crate::time::Instant;

/// Branches that are kept. Beyond that the one whose last look lies longest back is forgotten.
pub const BRANCHES_MAX: usize = 48;

/// Which turn of a tree; never given twice. 0 is the beginning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TurnId(pub u32);

/// A place in a run: after so many events, at a moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Place {
    /// How many events have happened.
    pub n: u64,
    /// The moment, between the last of them and the next.
    pub at: Instant,
}

/// One act and the run with it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Turn {
    parent: Option<TurnId>,
    /// Where it was taken.
    from: Place,
    /// Where the run stood when another turn was shown.
    left: Place,
    /// How far the run with it is known.
    known: Place,
    /// What redo shows.
    next: Option<TurnId>,
    /// When it was shown last, in turns shown.
    seen: u32,
    /// The name of the branch that begins here; empty while nobody gave it one.
    name: String,
    /// The world, where it is another one.
    spec: Option<Spec>,
    /// How many commands of the turn before it keeps.
    kept: usize,
    /// Whether those are all of them.
    keeps_all: bool,
    /// The commands after those.
    added: Vec<Recorded>,
}

/// A branch: turns of which each only goes on where the one before it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branch {
    /// The turn that began it.
    pub first: TurnId,
    /// Its last turn: the branch is what happens with that.
    pub tip: TurnId,
    /// Its name; empty while nobody gave it one.
    pub name: String,
    /// The branch it left, by its place in the list.
    pub parent: Option<usize>,
    /// Where it left that; the beginning for the first branch.
    pub from: Place,
    /// Its turns, the first and the last included.
    pub turns: Vec<TurnId>,
    /// Where each of its acts was done. The first branch begins without one.
    pub acts: Vec<Place>,
    /// How far it is known.
    pub known: Place,
    /// Whether it is the one that is shown.
    pub shown: bool,
}

/// What brings a branch back that was kept elsewhere. What was done in it is one act then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its name; empty when it has none.
    pub name: String,
    /// The branch it left, by its place in the list.
    pub parent: Option<usize>,
    /// Where it left that.
    pub from: Place,
    /// How far it is known.
    pub known: Place,
    /// Seed, world and commands.
    pub recording: Recording,
}

/// All turns, and which one is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branches {
    seed: u64,
    turns: Map<TurnId, Turn>,
    here: TurnId,
    made: u32,
    seen: u32,
    forgotten: u32,
}

impl Branches {
    /// The tree of a run in which nobody has acted.
    pub fn new(recording: &Recording) -> Branches {
        let mut branches = Branches {
            seed: recording.seed,
            turns: Map::default(),
            here: TurnId::default(),
            made: 0,
            seen: 0,
            forgotten: 0,
        };
        branches.insert(None, Place::default(), recording);
        branches
    }

    /// The tree of branches that were kept, of which the one at place `here` is shown. None when they are not a tree of one
    /// world's futures, or too many.
    pub fn planted(kept: &[Kept], here: usize) -> Option<Branches> {
        let (first, rest) = kept.split_first()?;
        if kept.len() > BRANCHES_MAX || here >= kept.len() || first.parent.is_some() {
            return None;
        }
        let mut branches = Branches::new(&first.recording);
        for (index, branch) in rest.iter().enumerate() {
            let parent = branch.parent.filter(|parent| *parent <= index)?;
            let before = kept.get(parent).filter(|before| before.recording.seed == branch.recording.seed)?;
            branches.insert(Some((TurnId(parent as u32), &before.recording)), branch.from, &branch.recording);
        }
        for (turn, branch) in branches.turns.values_mut().zip(kept) {
            turn.known = branch.known;
            turn.left = branch.known;
            turn.name.clone_from(&branch.name);
        }
        branches.show(TurnId(here as u32));
        Some(branches)
    }

    /// The turn that is shown.
    pub fn here(&self) -> TurnId {
        self.here
    }

    /// How many turns there are; 1 while nobody has acted.
    pub fn turns(&self) -> usize {
        self.turns.len()
    }

    /// Whether a turn is there.
    pub fn has(&self, turn: TurnId) -> bool {
        self.turns.contains_key(&turn)
    }

    /// How many branches were forgotten, because there were too many.
    pub fn forgotten(&self) -> u32 {
        self.forgotten
    }

    /// What undo shows, and where: the turn before this one, where this one was taken.
    pub fn before(&self) -> Option<(TurnId, Place)> {
        let here = self.turns.get(&self.here)?;
        Some((here.parent?, here.from))
    }

    /// What redo shows, and where: the turn after this one that was shown last, where it was left.
    pub fn after(&self) -> Option<(TurnId, Place)> {
        let next = self.turns.get(&self.here)?.next?;
        Some((next, self.turns.get(&next)?.left))
    }

    /// How far the turn that is shown was known when it was left last.
    pub fn known(&self) -> Place {
        self.turns.get(&self.here).map_or(Place::default(), |turn| turn.known)
    }

    /// Where on the way to the turn shown another known future was left, from the beginning on.
    pub fn departures(&self, known: Place) -> Vec<Place> {
        let mut places = Vec::new();
        let mut at = Some(self.here);
        while let Some((id, turn)) = at.and_then(|id| Some((id, self.turns.get(&id)?))) {
            if turn.parent.is_some() && !self.goes_on(id, known) {
                places.push(turn.from);
            }
            at = turn.parent;
        }
        places.reverse();
        places
    }

    /// The branches, each below the one it left; `known` is how far the run that is shown is known. Of several that left
    /// one branch, the one that left it last stands first, so that no line crosses another.
    pub fn list(&self, known: Place) -> Vec<Branch> {
        let mut list: Vec<Branch> = Vec::new();
        let mut waiting = vec![(TurnId::default(), None)];
        while let Some((first, parent)) = waiting.pop() {
            let Some(begin) = self.turns.get(&first) else { continue };
            let place = list.len();
            let mut branch = Branch {
                first,
                tip: first,
                name: begin.name.clone(),
                parent,
                from: begin.from,
                turns: Vec::new(),
                acts: Vec::new(),
                known: begin.known,
                shown: false,
            };
            let mut leaving = Vec::new();
            let mut at = Some(first);
            while let Some((id, turn)) = at.and_then(|id| Some((id, self.turns.get(&id)?))) {
                branch.tip = id;
                branch.turns.push(id);
                branch.known = self.known_of(id, known);
                branch.shown |= id == self.here;
                if turn.parent.is_some() {
                    branch.acts.push(turn.from);
                }
                at = None;
                for (child, turn) in self.turns.iter().filter(|(_, turn)| turn.parent == Some(id)) {
                    if self.goes_on(*child, known) {
                        at = Some(*child);
                    } else {
                        leaving.push((turn.from, *child));
                    }
                }
            }
            // The last one that waits is listed next.
            leaving.sort_unstable();
            waiting.extend(leaving.into_iter().map(|(_, child)| (child, Some(place))));
            list.push(branch);
        }
        list
    }

    /// The branch that was shown before the present one: the place in the list.
    pub fn other(&self, list: &[Branch]) -> Option<usize> {
        let seen = |branch: &Branch| branch.turns.iter().filter_map(|turn| Some(self.turns.get(turn)?.seen)).max();
        let others = list.iter().enumerate().filter(|(_, branch)| !branch.shown);
        others.max_by_key(|(_, branch)| seen(branch)).map(|(place, _)| place)
    }

    /// Seed, world and commands with a turn; none when it is not there.
    pub fn recording(&self, turn: TurnId) -> Option<Recording> {
        let mut path = vec![self.turns.get(&turn)?];
        while let Some(parent) = path.last().and_then(|turn| turn.parent) {
            path.push(self.turns.get(&parent)?);
        }
        let mut recording = Recording { seed: self.seed, ..Recording::default() };
        for turn in path.into_iter().rev() {
            if let Some(spec) = &turn.spec {
                recording.spec.clone_from(spec);
            }
            recording.commands.truncate(turn.kept);
            recording.commands.extend_from_slice(&turn.added);
        }
        Some(recording)
    }

    /// What was asked with a turn; none for the beginning, and where the world itself was changed.
    pub fn act(&self, turn: TurnId) -> Option<&Command> {
        let turn = self.turns.get(&turn)?;
        let here = |given: &&Recorded| (given.after, given.at) == (turn.from.n, turn.from.at);
        turn.parent.and_then(|_| turn.added.iter().find(here)).map(|given| &given.command)
    }

    /// Gives the branch that a turn belongs to a name; an empty one takes it away.
    pub fn rename(&mut self, turn: TurnId, known: Place, name: &str) {
        let mut first = turn;
        while self.goes_on(first, known)
            && let Some(parent) = self.turns.get(&first).and_then(|turn| turn.parent)
        {
            first = parent;
        }
        if let Some(turn) = self.turns.get_mut(&first) {
            name.trim().clone_into(&mut turn.name);
        }
    }

    /// The run with the turn shown is known so far, and stands there.
    pub(super) fn leave(&mut self, left: Place, known: Place) {
        self.note_known(known);
        self.seen += 1;
        if let Some(turn) = self.turns.get_mut(&self.here) {
            turn.left = left;
            turn.seen = self.seen;
        }
    }

    /// The run with the turn shown is known so far.
    pub(super) fn note_known(&mut self, known: Place) {
        if let Some(turn) = self.turns.get_mut(&self.here) {
            turn.known = turn.known.max(known);
        }
    }

    /// Another turn is shown from now on.
    pub(super) fn show(&mut self, turn: TurnId) {
        self.here = turn;
        let mut at = Some(turn);
        while let Some(turn) = at {
            at = self.turns.get(&turn).and_then(|turn| turn.parent);
            if let Some(parent) = at.and_then(|id| self.turns.get_mut(&id)) {
                parent.next = Some(turn);
            }
        }
    }

    /// Somebody acted: `before` became `recording` at a place. `known` is how far the new run is known.
    pub(super) fn grow(&mut self, from: Place, known: Place, before: &Recording, recording: &Recording) {
        let turn = self.insert(Some((self.here, before)), from, recording);
        self.show(turn);
        self.note_known(known);
        self.forget();
    }

    /// The turn shown is told otherwise.
    pub(super) fn amend(&mut self, recording: &Recording) {
        let parent = self.turns.get(&self.here).and_then(|turn| turn.parent).and_then(|id| self.recording(id));
        let (spec, kept, keeps_all) = changed(parent.as_ref(), recording);
        if let Some(turn) = self.turns.get_mut(&self.here) {
            turn.spec = spec;
            turn.kept = kept;
            turn.keeps_all = keeps_all;
            turn.added = recording.commands[kept..].to_vec();
        }
    }

    /// The turn shown was none after all: the one before it is shown, and `next` is what redo shows there.
    pub(super) fn drop_here(&mut self, next: Option<TurnId>) {
        let Some(parent) = self.turns.get(&self.here).and_then(|turn| turn.parent) else { return };
        self.turns.remove(&self.here);
        self.here = parent;
        if let Some(turn) = self.turns.get_mut(&parent) {
            turn.next = next;
        }
    }

    fn insert(&mut self, parent: Option<(TurnId, &Recording)>, from: Place, recording: &Recording) -> TurnId {
        let (spec, kept, keeps_all) = changed(parent.map(|(_, before)| before), recording);
        let id = TurnId(self.made);
        self.made += 1;
        let turn = Turn {
            parent: parent.map(|(id, _)| id),
            from,
            left: from,
            known: Place::default(),
            next: None,
            seen: self.seen,
            name: String::new(),
            spec,
            kept,
            keeps_all,
            added: recording.commands[kept..].to_vec(),
        };
        self.turns.insert(id, turn);
        id
    }

    fn known_of(&self, turn: TurnId, known: Place) -> Place {
        let own = self.turns.get(&turn).map_or(Place::default(), |turn| turn.known);
        if turn == self.here { own.max(known) } else { own }
    }

    /// Whether a turn only goes on where the one before it ended: nothing known was cut off, and no earlier turn does.
    fn goes_on(&self, id: TurnId, known: Place) -> bool {
        let Some(turn) = self.turns.get(&id) else { return false };
        let Some(parent) = turn.parent else { return false };
        let end = self.known_of(parent, known).n;
        let fits = |turn: &Turn| turn.parent == Some(parent) && turn.keeps_all && turn.from.n >= end;
        fits(turn) && !self.turns.below(&id).any(|(_, earlier)| fits(earlier))
    }

    /// Keeps the tree within its bound. What is shown stays, what it grew from, and what has a name as long as possible.
    fn forget(&mut self) {
        while self.turns.len() > BRANCHES_MAX {
            let list = self.list(self.known());
            if list.len() <= BRANCHES_MAX {
                return;
            }
            let is_leaf = |place: usize| !list.iter().any(|other| other.parent == Some(place));
            let leaves = list.iter().enumerate().filter(|(place, branch)| is_leaf(*place) && !branch.shown);
            let seen = |branch: &Branch| self.turns.get(&branch.tip).map_or(0, |turn| turn.seen);
            let Some((_, gone)) = leaves.min_by_key(|(_, branch)| (!branch.name.is_empty(), seen(branch))) else {
                return;
            };
            self.turns.retain(|turn, _| !gone.turns.contains(turn));
            for turn in self.turns.values_mut().filter(|turn| turn.next.is_some_and(|next| gone.turns.contains(&next)))
            {
                turn.next = None;
            }
            self.forgotten += 1;
        }
    }
}

/// What a recording has that the one before it has not: another world, how many commands both begin with, and whether
/// those are all that there were. In another world the same commands name their processes by other numbers.
fn changed(before: Option<&Recording>, now: &Recording) -> (Option<Spec>, usize, bool) {
    let Some(before) = before else { return (Some(now.spec.clone()), 0, false) };
    let kept = before.commands.iter().zip(&now.commands).take_while(|(one, other)| one == other).count();
    let spec = (before.spec != now.spec).then(|| now.spec.clone());
    let keeps_all = kept == before.commands.len() || (spec.is_some() && now.commands.len() >= before.commands.len());
    (spec, kept, keeps_all)
}
