//! Share groups, the partition leader's side (`SharePartition`, `ShareSession`; KIP-932).
//!
//! Modelled: a share-partition's window from the start offset (SPSO) to the end offset (SPEO) with the state of every
//! record; acquisition with a lock; accept, release, reject, renew; the delivery count and its limit; records that failed
//! often given out in ever smaller portions (KIP-1206); sessions with epochs.
//! Simplified: offsets a reader never sees (markers, records of aborted transactions, what compaction took) are archived
//! by the leader, where Kafka lets some of them be acquired and acknowledged as GAP by the client.
//! Absent: dead-letter topics (KIP-1191), deleting a group's state, moving the start offset as an administrator.

mod partition;
mod session;
mod state;

pub use partition::{AcquireTerms, ShareCell, SharePartition};
pub use session::ShareSession;
pub use state::{
    AcknowledgeBatch, AcknowledgeType, AcquiredRecords, Settled, ShareRecordState, ShareSettled, StateBatch,
};
