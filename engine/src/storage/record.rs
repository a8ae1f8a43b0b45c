//! One record: anything a log holds, the users' data and the coordinators' state alike.

use super::format::WireRecord;
use crate::coordinator::{GroupRecord, ShareStateRecord, TransactionRecord};
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
    /// A user's record without a value: its key is to be forgotten.
    Tombstone {
        /// Which send of which producer it is.
        id: RecordId,
        /// Its key.
        key: RecordKey,
    },
    /// A record of `__consumer_offsets`.
    Group(Arc<GroupRecord>),
    /// A record of `__transaction_state`.
    Transaction(Arc<TransactionRecord>),
    /// A record of `__share_group_state`.
    ShareState(Arc<ShareStateRecord>),
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
    /// Bytes of the record as number `index` of a batch whose first record has the timestamp `first`.
    pub fn size_at(&self, first: u64, index: i32) -> u32 {
        let (key, value) = match &self.body {
            RecordBody::User { key, size, .. } => (key.as_ref().map(|key| key.len() as u32), Some(*size)),
            RecordBody::Tombstone { key, .. } => (Some(key.len() as u32), None),
            RecordBody::Group(record) => {
                (Some(record.key_size()), (!record.is_tombstone()).then(|| record.size_in_bytes()))
            }
            RecordBody::Transaction(record) => (Some(record.key_size()), Some(record.size_in_bytes())),
            RecordBody::ShareState(record) => (Some(record.key_size()), Some(record.size_in_bytes())),
            RecordBody::Control(_) => (Some(4), Some(6)),
        };
        WireRecord::size_of(self.timestamp as i64 - first as i64, index, key, value)
    }

    /// The key's bytes: what compaction compares. None for a null key.
    pub fn key_bytes(&self) -> Option<Vec<u8>> {
        match &self.body {
            RecordBody::User { key, .. } => key.as_ref().map(|key| key.as_bytes().to_vec()),
            RecordBody::Tombstone { key, .. } => Some(key.as_bytes().to_vec()),
            RecordBody::Group(record) => Some(record.key_bytes()),
            RecordBody::Transaction(record) => Some(record.key_bytes()),
            RecordBody::ShareState(record) => Some(record.key_bytes()),
            RecordBody::Control(marker) => Some(vec![0, 0, 0, u8::from(marker.committed)]),
        }
    }

    /// Whether its value is null: the end of its key in a compacted topic.
    pub fn is_tombstone(&self) -> bool {
        match &self.body {
            RecordBody::Tombstone { .. } => true,
            RecordBody::Group(record) => record.is_tombstone(),
            // Transactional ids never expire here, so that nothing ends them.
            RecordBody::User { .. }
            | RecordBody::Transaction(_)
            | RecordBody::ShareState(_)
            | RecordBody::Control(_) => false,
        }
    }

    /// The record as bytes say it.
    pub fn wire(&self, timestamp_delta: i64, offset_delta: i32) -> WireRecord {
        let padded = |text: String, size: u32| {
            let mut bytes = text.into_bytes();
            bytes.resize(size as usize, b'.');
            bytes
        };
        let value = match &self.body {
            RecordBody::User { id, size, .. } => Some(padded(format!("{}-{}", id.producer().0, id.number()), *size)),
            _ if self.is_tombstone() => None,
            RecordBody::Tombstone { .. } => None,
            RecordBody::Group(record) => Some(padded(record.text(), record.size_in_bytes())),
            RecordBody::Transaction(record) => Some(padded(record.text(), record.size_in_bytes())),
            RecordBody::ShareState(record) => Some(padded(record.text(), record.size_in_bytes())),
            RecordBody::Control(marker) => {
                let mut bytes = vec![0, 0];
                bytes.extend(marker.coordinator_epoch.to_be_bytes());
                Some(bytes)
            }
        };
        WireRecord { timestamp_delta, offset_delta, key: self.key_bytes(), value, headers: Vec::new() }
    }

    /// Bytes of key and value.
    pub fn payload_bytes(&self) -> u32 {
        match &self.body {
            RecordBody::User { key, size, .. } => key.as_ref().map_or(0, |key| key.len() as u32) + size,
            RecordBody::Tombstone { key, .. } => key.len() as u32,
            RecordBody::Group(record) => record.key_size() + record.size_in_bytes(),
            RecordBody::Transaction(record) => record.key_size() + record.size_in_bytes(),
            RecordBody::ShareState(record) => record.key_size() + record.size_in_bytes(),
            // Key: version and type; value: version and coordinator epoch.
            RecordBody::Control(_) => 4 + 6,
        }
    }

    /// The key of a user's record.
    pub fn key(&self) -> Option<RecordKey> {
        match &self.body {
            RecordBody::User { key, .. } => key.clone(),
            RecordBody::Tombstone { key, .. } => Some(key.clone()),
            RecordBody::Group(_) | RecordBody::Transaction(_) | RecordBody::ShareState(_) | RecordBody::Control(_) => {
                None
            }
        }
    }

    /// The key of a user's record as a number that is the same for equal keys, and small for the first few keys: what a
    /// picture colours by.
    pub fn key_number(&self) -> Option<u32> {
        let (RecordBody::User { key: Some(key), .. } | RecordBody::Tombstone { key, .. }) = &self.body else {
            return None;
        };
        // FNV-1a: a picture asks for it with every cell.
        Some(
            key.as_bytes()
                .iter()
                .fold(0x811C_9DC5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)),
        )
    }

    /// The id of a user's record.
    pub fn id(&self) -> Option<RecordId> {
        match &self.body {
            RecordBody::User { id, .. } | RecordBody::Tombstone { id, .. } => Some(*id),
            RecordBody::Group(_) | RecordBody::Transaction(_) | RecordBody::ShareState(_) | RecordBody::Control(_) => {
                None
            }
        }
    }
}
