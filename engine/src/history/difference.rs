//! The first event in which two runs differ. Both are told side by side, without a page, as far as it takes.

use super::recording::Recording;
use crate::field::Field;
use crate::sim::{Directory, Emitted, Observe, Simulation, SpecError};
use crate::time::Instant;
use std::collections::VecDeque;

/// Two runs on the way to the first event in which they differ, slice by slice.
#[derive(Clone, Debug)]
pub struct Comparison {
    sides: [Side; 2],
}

/// One of the runs.
#[derive(Clone, Debug)]
struct Side {
    recording: Recording,
    simulation: Simulation,
    /// What happened and was not compared yet.
    waiting: VecDeque<Emitted>,
}

/// What became of a comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Compared {
    /// The first event that differs was found.
    Differ(Box<Difference>),
    /// There is more to compare.
    Goes,
    /// Event for event the same, to the bound.
    Same,
}

/// The first events that are not the same. Where one run has none any more before the bound, there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// In the one run.
    pub one: Option<Emitted>,
    /// In the other.
    pub other: Option<Emitted>,
}

impl Difference {
    /// When the runs part: the earlier of the two moments.
    pub fn at(&self) -> Instant {
        let moments = [&self.one, &self.other].into_iter().flatten().map(|emitted| emitted.at);
        moments.min().unwrap_or(Instant::ZERO)
    }

    /// What differs where both are events of one kind at one moment: the field's name, and both its values.
    pub fn field(&self) -> Option<(&'static str, Field, Field)> {
        let (one, other) = (self.one.as_ref()?, self.other.as_ref()?);
        if one.at != other.at || one.event.name() != other.event.name() {
            return None;
        }
        let Field::Fields(fields) = Field::of(&one.event)? else { return None };
        let others = Field::of(&other.event)?;
        let mut differing = fields.into_iter().filter_map(|(name, value)| {
            let beside = others.get(name)?.clone();
            (value != beside).then_some((name, value, beside))
        });
        differing.next()
    }
}

impl Side {
    fn new(recording: Recording, simulation: Simulation) -> Side {
        Side { recording, simulation, waiting: VecDeque::new() }
    }

    /// Steps on until something happened that was not compared yet; false when nothing does until `end`.
    fn has_more(&mut self, end: Instant, go_on: &mut impl FnMut() -> bool) -> Option<bool> {
        while self.waiting.is_empty() {
            if !go_on() {
                return None;
            }
            self.simulation.settle_front();
            let due = self.simulation.next_at().is_some_and(|at| at <= end);
            if !due || self.recording.step(&mut self.simulation).is_none() {
                return Some(false);
            }
            self.waiting.extend(self.simulation.take_emitted());
        }
        Some(true)
    }
}

impl Comparison {
    /// Two runs at their beginnings.
    ///
    /// # Errors
    /// When one of the worlds cannot be.
    pub fn new(one: Recording, other: Recording) -> Result<Comparison, SpecError> {
        let (first, second) = (one.begin(Observe::ALL)?, other.begin(Observe::ALL)?);
        Ok(Comparison { sides: [Side::new(one, first), Side::new(other, second)] })
    }

    /// Two runs at a place that both share.
    pub(super) fn from(place: &Simulation, one: Recording, other: Recording) -> Comparison {
        Comparison { sides: [Side::new(one, place.clone()), Side::new(other, place.clone())] }
    }

    /// Goes on until the runs differ, `go_on` says no, or both are told until `end`. Where the worlds are not the same,
    /// their processes are numbered otherwise: `alike` then says whether two events tell the same.
    pub fn run(
        &mut self,
        end: Instant,
        mut go_on: impl FnMut() -> bool,
        alike: impl Fn(&Emitted, &Directory, &Emitted, &Directory) -> bool,
    ) -> Compared {
        let [one, other] = &mut self.sides;
        let same_world = one.recording.spec == other.recording.spec;
        loop {
            let (Some(first), Some(second)) = (one.has_more(end, &mut go_on), other.has_more(end, &mut go_on)) else {
                return Compared::Goes;
            };
            if !first && !second {
                return Compared::Same;
            }
            let (here, there) = (one.waiting.pop_front(), other.waiting.pop_front());
            let same = match (&here, &there) {
                (Some(here), Some(there)) if same_world => here.at == there.at && here.event == there.event,
                (Some(here), Some(there)) => {
                    let (names, other_names) = (one.simulation.directory(), other.simulation.directory());
                    here.at == there.at && alike(here, names, there, other_names)
                }
                _ => false,
            };
            if !same {
                return Compared::Differ(Box::new(Difference { one: here, other: there }));
            }
        }
    }

    /// The names of both worlds.
    pub fn directories(&self) -> [&Directory; 2] {
        [self.sides[0].simulation.directory(), self.sides[1].simulation.directory()]
    }
}
