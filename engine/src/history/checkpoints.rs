//! The world as it was at some moments of a run: whoever goes back begins at one of them.

use crate::sim::Simulation;

/// Events between checkpoints at their closest: running over so many is not seen.
pub(super) const SPACING: u64 = 1 << 10;
/// Events between them at their widest, in a run of up to [`LONG`] events: any of them is reached in a moment.
const WIDEST: u64 = 1 << 14;
/// In a run of more events the far past takes longer to reach, and memory stays flat.
const LONG: u64 = 1 << 20;
/// So many checkpoints of its far past a long run has at most.
const FAR: u64 = 16;
/// How many there are per doubling of the distance, to the newest one or to the cursor.
const PER_OCTAVE: u64 = 4;

/// Checkpoints in the order of time, the first at the beginning. They lie close where somebody is likely to go, at the
/// end of the run and around its cursor, and wider apart with the distance from there. Clones of a world share what did
/// not change between them.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    /// Never empty.
    kept: Vec<Simulation>,
}

impl Checkpoints {
    /// Only the beginning.
    pub fn new(begin: Simulation) -> Checkpoints {
        Checkpoints { kept: vec![begin] }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether a run that has come as far as `n` wants a checkpoint there.
    pub fn is_due(&self, n: u64) -> bool {
        n.is_multiple_of(SPACING) && self.newest() < n
    }

    /// Keeps a world, and lets others go for it.
    pub fn keep(&mut self, world: &Simulation) {
        let cursor = world.dispatched();
        let place = self.kept.partition_point(|known| known.dispatched() < cursor);
        if self.kept.get(place).is_none_or(|known| known.dispatched() != cursor) {
            self.kept.insert(place, world.clone());
            self.thin(cursor);
        }
    }

    fn newest(&self) -> u64 {
        self.kept.last().map_or(0, Simulation::dispatched)
    }

    /// The last one at or before event `n`.
    pub fn at_or_before(&self, n: u64) -> Option<&Simulation> {
        let behind = self.kept.partition_point(|known| known.dispatched() <= n);
        // The first is the beginning; only before that there is none.
        self.kept.get(behind.max(1) - 1)
    }

    /// The last one before event `n`; none before the beginning's commands are known.
    pub fn before(&self, n: u64) -> Option<&Simulation> {
        let behind = self.kept.partition_point(|known| known.dispatched() < n);
        self.kept.get(behind.checked_sub(1)?)
    }

    /// The one at just this world's place takes over what it knows: a command was given there.
    pub fn renew(&mut self, world: &Simulation) {
        if let Some(last) = self.kept.last_mut().filter(|last| last.dispatched() == world.dispatched()) {
            last.clone_from(world);
        }
    }

    /// Forgets those for which it does not hold. Returns the last that stays; when none does, all are gone and the
    /// run has to begin anew.
    pub fn retain(&mut self, stays: impl Fn(u64) -> bool) -> Option<&Simulation> {
        self.kept.retain(|known| stays(known.dispatched()));
        self.kept.last()
    }

    /// Lets go of those that lie closer together than their distance from where people go asks for. What stays has a
    /// number with ever more zeros at its end, so whatever goes later leaves even gaps.
    fn thin(&mut self, cursor: u64) {
        let newest = self.newest();
        let widest = if newest <= LONG { WIDEST } else { (newest / FAR).next_power_of_two() };
        self.kept.retain(|known| {
            let n = known.dispatched();
            let distance = (newest - n).min(cursor.abs_diff(n));
            let gap = (distance / PER_OCTAVE).clamp(SPACING, widest);
            n.is_multiple_of(1 << gap.ilog2())
        });
    }
}
