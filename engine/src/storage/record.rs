//! One record: anything a log holds, the users' data and the coordinators' state alike.

use crate::coordinator::{GroupRecord, TransactionRecord};
use crate::ids::RecordId;
use std::sync::Arc;

/// The key of a user's record: what decides its partition.
pub type RecordKey = Arc<str>;

/// One record of a batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// Milliseconds of virtual time at which the application sent it (CreateTime).
    pub timestamp: u64,
    /// What it says.
    pub body: RecordBody,
}

/// What a record says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RecordBody {
    /// A user's record; its value is the text of the record id and padding up to `size`.
    User {
        /// Which send of which producer it is.
        id: RecordId,
        /// Its key, or none.
        key: Option<RecordKey>,
        /// Bytes of the value.
        size: u32,
    },
    /// A record of `__consumer_offsets`.
    Group(Arc<GroupRecord>),
    /// A record of `__transaction_state`.
    Transaction(Arc<TransactionRecord>),
    /// The end of a transaction in this partition.
    Control(EndTxnMarker),
}

/// A transaction marker (`EndTransactionMarker`, control types ABORT 0 and COMMIT 1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EndTxnMarker {
    /// COMMIT, or ABORT.
    pub committed: bool,
    /// Leader epoch of the coordinator's partition: an older coordinator's marker is refused.
    pub coordinator_epoch: i32,
}

impl Record {
    /// Bytes of the record in a batch of format v2, with one-byte varints where Kafka's would usually be short.
    pub fn size_in_bytes(&self) -> u32 {
        let payload = self.payload_bytes();
        // length, attributes, timestamp delta, offset delta, key length, value length, header count
        7 + payload + u32::from(payload > 120)
    }

    /// Bytes of key and value.
    pub fn payload_bytes(&self) -> u32 {
        match &self.body {
            RecordBody::User { key, size, .. } => key.as_ref().map_or(0, |key| key.len() as u32) + size,
            RecordBody::Group(record) => record.size_in_bytes(),
            RecordBody::Transaction(record) => record.size_in_bytes(),
            // Key: version and type; value: version and coordinator epoch.
            RecordBody::Control(_) => 4 + 6,
        }
    }

    /// The key of a user's record.
    pub fn key(&self) -> Option<RecordKey> {
        match &self.body {
            RecordBody::User { key, .. } => key.clone(),
            RecordBody::Group(_) | RecordBody::Transaction(_) | RecordBody::Control(_) => None,
        }
    }

    /// The id of a user's record.
    pub fn id(&self) -> Option<RecordId> {
        match &self.body {
            RecordBody::User { id, .. } => Some(*id),
            RecordBody::Group(_) | RecordBody::Transaction(_) | RecordBody::Control(_) => None,
        }
    }
}
