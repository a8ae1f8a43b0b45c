//! What a record came to for one of its readers.

use super::fate::Fate;

/// What one record came to for one group, or for the workers of one queue, so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// Nothing is decided: it may still be delivered.
    Open,
    /// It was processed once.
    Once,
    /// It was processed more than once.
    Duplicated,
    /// It was processed once, but a later one of its key had overtaken it.
    Reordered,
    /// The reader has gone past it without processing it.
    Skipped,
    /// It was acknowledged, is in no log any more, and was not processed before.
    Lost,
    /// Retention, DeleteRecords or compaction has taken it away before it was processed.
    Deleted,
    /// The producer gave up on it, and no log has it.
    NotWritten,
}

impl Verdict {
    /// The verdict on a record for the reader with this number ([`super::Reading::reader`]).
    pub fn of(fate: &Fate, reader: u32) -> Verdict {
        let reading = fate.readings.iter().find(|reading| reading.reader == reader);
        match reading.map_or(0, |reading| reading.processed) {
            0 if reading.is_some_and(|reading| reading.skipped) => Verdict::Skipped,
            0 if fate.lost => Verdict::Lost,
            0 if fate.is_stored() => Verdict::Open,
            0 if fate.deleted => Verdict::Deleted,
            0 if fate.failed || fate.refused => Verdict::NotWritten,
            0 => Verdict::Open,
            1 if fate.reordered => Verdict::Reordered,
            1 => Verdict::Once,
            _ => Verdict::Duplicated,
        }
    }
}
