//! What can be said of a record of a share group.

use crate::ids::{MemberId, Offset};
use serde::{Deserialize, Serialize};

/// The state of a record between SPSO and SPEO (`RecordState`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum ShareRecordState {
    /// Any member may have it.
    #[default]
    Available,
    /// A member has it, until its lock ends.
    Acquired,
    /// A member accepted it: done.
    Acknowledged,
    /// Nobody will get it any more: rejected, delivered too often, or nothing to be read.
    Archived,
}

impl ShareRecordState {
    /// Kafka's number of the state.
    pub fn code(self) -> i8 {
        match self {
            ShareRecordState::Available => 0,
            ShareRecordState::Acquired => 1,
            ShareRecordState::Acknowledged => 2,
            ShareRecordState::Archived => 4,
        }
    }

    /// Whether it never changes again.
    pub fn is_terminal(self) -> bool {
        matches!(self, ShareRecordState::Acknowledged | ShareRecordState::Archived)
    }
}

/// What a member says of a record it has (`AcknowledgeType`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum AcknowledgeType {
    /// There is no record at this offset.
    Gap,
    /// It is processed.
    Accept,
    /// It shall be delivered again.
    Release,
    /// It cannot be processed, by nobody.
    Reject,
    /// It is still being processed: the lock begins anew (KIP-1222).
    Renew,
}

impl AcknowledgeType {
    /// Kafka's number of it.
    pub fn code(self) -> i8 {
        self as i8
    }
}

/// Why a record left the state Acquired.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ShareSettled {
    /// Its member accepted it.
    Accepted,
    /// Its member gave it back.
    Released,
    /// Its member said that nobody can process it.
    Rejected,
    /// Its lock ended without a word.
    LockExpired,
    /// The session of its member ended: the member left or its connection broke.
    SessionClosed,
    /// Nothing can be read there.
    Gap,
}

/// Offsets of one partition and what their member says of them (`AcknowledgementBatch`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AcknowledgeBatch {
    /// The first offset.
    pub first: Offset,
    /// The last offset.
    pub last: Offset,
    /// What is said. Kafka can say something else of each offset; here that takes several batches.
    pub kind: AcknowledgeType,
}

/// Offsets a member has acquired (`AcquiredRecords`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AcquiredRecords {
    /// The first offset.
    pub first: Offset,
    /// The last offset.
    pub last: Offset,
    /// Which delivery this is, from 1.
    pub delivery_count: i16,
}

/// Offsets with one state and delivery count: what is written down of a share-partition (`PersisterStateBatch`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StateBatch {
    /// The first offset.
    pub first: Offset,
    /// The last offset.
    pub last: Offset,
    /// Their state; never Acquired.
    pub state: ShareRecordState,
    /// How often they were delivered.
    pub delivery_count: i16,
}

/// A change of one record's state that shall be told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settled {
    /// The record.
    pub offset: Offset,
    /// Its state from now on.
    pub state: ShareRecordState,
    /// How often it was delivered.
    pub delivery_count: i16,
    /// Who had it.
    pub member: MemberId,
    /// Why it changed.
    pub why: ShareSettled,
}
