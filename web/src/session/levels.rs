//! A level over time in a bounded number of steps: coarser the longer it lasts, its peaks kept.

use highwater_engine::time::Instant;

/// No picture is wide enough for more.
const MOST: usize = 2_048;

/// What the level did in one stretch of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Step {
    /// Of its first change.
    at: Instant,
    peak: u64,
    last: u64,
}

/// The level.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Changes closer together than this, in microseconds, share a step.
    grain: u64,
    steps: Vec<Step>,
}

impl Default for Levels {
    fn default() -> Levels {
        Levels { grain: 1, steps: Vec::new() }
    }
}

impl Levels {
    /// The level rises or falls; never below nothing.
    pub fn shift(&mut self, at: Instant, by: i64) {
        let level = self.steps.last().map_or(0, |step| step.last).saturating_add_signed(by);
        self.push(Step { at, peak: level, last: level });
        if self.steps.len() > MOST {
            self.grain *= 2;
            for step in std::mem::take(&mut self.steps) {
                self.push(step);
            }
        }
    }

    fn push(&mut self, step: Step) {
        match self.steps.last_mut() {
            Some(before) if before.at.0 / self.grain == step.at.0 / self.grain => {
                before.peak = before.peak.max(step.peak);
                before.last = step.last;
            }
            _ => self.steps.push(step),
        }
    }

    /// The level from each change on, up to a moment; a peak that was over at once stands before what came after it.
    pub fn until(&self, now: Instant) -> Vec<(Instant, u64)> {
        let known = self.steps.partition_point(|step| step.at <= now);
        let mut levels = Vec::with_capacity(known);
        for step in &self.steps[..known] {
            if step.peak > step.last {
                levels.push((step.at, step.peak));
            }
            levels.push((step.at, step.last));
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_changes_are_told_one_by_one() {
        let mut levels = Levels::default();
        for (at, by) in [(1_000, 1), (2_000, 1), (2_000, -1), (9_000, -1), (9_500, -1)] {
            levels.shift(Instant(at), by);
        }
        let seen = |until| levels.until(Instant(until)).iter().map(|(at, level)| (at.0, *level)).collect::<Vec<_>>();
        assert_eq!(seen(10_000), [(1_000, 1), (2_000, 2), (2_000, 1), (9_000, 0), (9_500, 0)]);
        assert_eq!(seen(1_500), [(1_000, 1)], "what is to come is not told");
    }

    #[test]
    fn a_million_changes_keep_their_peak_and_their_end() {
        let mut levels = Levels::default();
        for turn in 0..500_000u64 {
            let burst = if turn == 123_456 { 40 } else { 1 };
            levels.shift(Instant(turn * 100_000), burst);
            levels.shift(Instant(turn * 100_000 + 9), -burst);
        }
        levels.shift(Instant(50_000_000_000), 3);
        let seen = levels.until(Instant(50_000_000_000));
        assert!(seen.len() <= 2 * MOST + 1);
        assert_eq!(seen.iter().map(|(_, level)| *level).max(), Some(40));
        assert_eq!(seen.last().map(|(_, level)| *level), Some(3));
        assert!(seen.is_sorted_by_key(|(at, _)| *at));
    }
}
