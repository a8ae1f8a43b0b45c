//! A partition's log and what is derived from it.
//!
//! Modelled: batches with producer id, epoch and sequence; offsets assigned by the leader and taken as given by
//! followers; truncation at batch boundaries; the leader-epoch cache; producer state with duplicate detection over five
//! batches, epochs, expiry and snapshots; control batches, open transactions and the aborted-transaction index; page
//! cache against fsync (`durable_to`).
//! Bytes of format v2 and of the indexes are in [`format`].
//! Simplified: a batch is a value with Kafka's size in bytes; one segment per log, so there are no
//! offset or time indexes, no roll, no retention and no compaction. Producer state is written down at a clean shutdown
//! only, and otherwise rebuilt from the log.
//! Absent: tiered storage.

mod aborted_txn_index;
mod batch;
pub mod format;
mod leader_epoch_cache;
mod log;
mod producer_entry;
mod producer_state;
mod record;

pub use aborted_txn_index::{AbortedTxn, AbortedTxnIndex, run_aborted_txn_index};
pub use batch::{BATCH_OVERHEAD, ProducerStamp, RecordBatch, increment_sequence};
pub use leader_epoch_cache::{EpochEnd, EpochEntry, LeaderEpochCache, run_leader_epoch_cache};
pub use log::{Log, ReadBatches};
pub use producer_entry::{BatchMetadata, CACHED_BATCHES, ProducerEntry};
pub use producer_state::{AppendVerdict, MarkerRule, ProducerStates, Verification, run_producer_state};
pub use record::{EndTxnMarker, Record, RecordBody, RecordKey};
