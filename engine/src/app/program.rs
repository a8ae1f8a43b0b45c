//! A workload at work: as it was described, until a person gives it another pace.

use super::workload::Workload;
use crate::command::Rejected;
use crate::ids::NodeId;
use crate::time::{Duration, Instant};
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Shortest pause between two records: below it a program would do nothing else.
pub const PAUSE_MIN: Duration = Duration(100);

/// Another pace for a running program.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Pace {
    /// The pause between two records.
    pub every: Duration,
    /// How many more records it sends; none for "for ever".
    pub count: Option<u32>,
    /// The keys it uses in turn; empty for records without a key.
    pub keys: Vec<String>,
}

impl Pace {
    /// Whether a program can work so.
    ///
    /// # Errors
    /// The pause is too short.
    pub fn check(&self, node: NodeId) -> Result<(), Rejected> {
        let why = || format!("every (µs): {} is not {}…{}", self.every.0, PAUSE_MIN.0, i64::MAX);
        let fits = self.every >= PAUSE_MIN && i64::try_from(self.every.0).is_ok();
        fits.then_some(()).ok_or_else(|| Rejected::BadSetting(node, why()))
    }
}

/// What a producing program does: its description, and since when it does otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    workload: Workload,
    /// When it was given another pace, and how many records it had sent by then.
    since: Option<(Instant, u32)>,
}

impl Hash for Program {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.workload.hash(state);
        if let Some(since) = self.since {
            since.hash(state);
        }
    }
}

impl Deref for Program {
    type Target = Workload;

    fn deref(&self) -> &Workload {
        &self.workload
    }
}

impl Program {
    /// A program as described.
    pub fn new(workload: Workload) -> Program {
        Program { workload, since: None }
    }

    /// When record `number` (from 1) is due, unless the program ends before.
    pub fn due(&self, number: u32) -> Option<Instant> {
        match self.since {
            None => self.workload.due(number),
            Some(_) if self.workload.count.is_some_and(|count| number > count) => None,
            Some((at, sent)) => Some(at + self.workload.every.times(number.saturating_sub(sent).into())),
        }
    }

    /// The program goes on at another pace: the next record is due one pause from now.
    pub fn repace(&mut self, pace: Pace, sent: u32, now: Instant) {
        self.since = Some((now, sent));
        self.workload.every = pace.every;
        self.workload.count = pace.count.map(|more| sent.saturating_add(more));
        self.workload.keys = pace.keys;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_pace_holds_from_the_moment_it_is_given() {
        let mut program = Program::new(Workload { every: Duration::from_millis(500), ..Workload::default() });
        assert_eq!(program.due(3), Some(Instant(2_000_000)));
        let pace = Pace { every: Duration::from_secs(10), count: Some(2), keys: vec!["k".to_owned()] };
        program.repace(pace, 7, Instant(5_000_000));
        assert_eq!(program.due(8), Some(Instant(15_000_000)));
        assert_eq!(program.due(9), Some(Instant(25_000_000)));
        assert_eq!(program.due(10), None);
        assert_eq!(program.key(8), Some("k"));
    }
}
