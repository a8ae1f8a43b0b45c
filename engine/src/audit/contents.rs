//! Which record stands where in one replica's log.

use crate::collections::SharedMap;
use crate::ids::{Offset, RecordId};

/// Records below the start of a log that are still known one by one, for who is late.
const KEPT: usize = 1_024;

/// The records of one replica's log by offset. Long after the log's start has gone past them, only the stretches remain
/// in which there were records. Clones share what did not change.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Contents {
    records: SharedMap<Offset, RecordId>,
    /// Where the log begins, as far as it was said.
    start: Offset,
    /// First offset and the one behind the last, ascending.
    forgotten: Vec<(Offset, Offset)>,
}

impl Contents {
    /// A batch was written.
    pub fn insert(&mut self, base: Offset, records: &[RecordId]) {
        self.start = self.start.min(base);
        for (index, record) in records.iter().enumerate() {
            self.records.insert(base + index as i64, *record);
        }
    }

    /// The record at an offset.
    pub fn at(&self, offset: Offset) -> Option<RecordId> {
        self.records.get(&offset).copied()
    }

    /// What stands from an offset on.
    pub fn starting_at(&self, from: Offset) -> impl Iterator<Item = &(Offset, RecordId)> {
        self.records.starting_at(&from)
    }

    /// The log is cut: what stood from an offset on.
    pub fn truncate(&mut self, to: Offset) -> Vec<(Offset, RecordId)> {
        self.records.split_off(&to)
    }

    /// The cleaner took what stood at an offset.
    pub fn remove(&mut self, offset: Offset) {
        self.records.remove(&offset);
    }

    /// The first offset between two at which there was a record.
    pub fn first_between(&self, from: Offset, to: Offset) -> Option<Offset> {
        let of_stretch = self.forgotten.iter().map(|(first, end)| ((*first).max(from), *end));
        let forgotten = of_stretch.filter(|(first, end)| first < end).map(|(first, _)| first).next();
        let known = self.records.starting_at(&from).next().map(|(offset, _)| *offset);
        forgotten.or(known).filter(|first| *first < to)
    }

    /// The log begins at `start` now: what was in it below. What lies far below is forgotten.
    pub fn raise_start(&mut self, start: Offset) -> Vec<(Offset, RecordId)> {
        let old = std::mem::replace(&mut self.start, start);
        let gone = self.records.starting_at(&old).take_while(|(offset, _)| *offset < start).copied().collect();
        let forgotten_to = self.records.below(&start).rev().nth(KEPT).map(|(offset, _)| *offset);
        if let Some(end) = forgotten_to {
            for (offset, _) in self.records.split_below(&end) {
                match self.forgotten.last_mut() {
                    Some((_, end)) if *end == offset => *end = offset + 1,
                    _ => self.forgotten.push((offset, offset + 1)),
                }
            }
        }
        gone
    }
}
