//! What the audit says about single records, to be shown where they lie.

use highwater_engine::ids::{Offset, RecordId, TopicPartition};

/// What befell a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MarkKind {
    /// It was acknowledged and is not in the log of the leader that followed.
    Lost,
    /// It stands a second time in a log.
    Duplicate,
}

/// A record with something to say about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Mark {
    /// Where it was.
    pub tp: TopicPartition,
    /// Which record.
    pub record: RecordId,
    /// At which offset.
    pub offset: Offset,
    /// What befell it.
    pub kind: MarkKind,
}
