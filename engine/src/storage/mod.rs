//! A partition's log and what is derived from it.
//!
//! Modelled: batches with producer id, epoch and sequence; offsets assigned by the leader and taken as given by
//! followers; segments named by their base offset, rolled by size, record time and index size; sparse offset and time
//! indexes; retention by time and size; log start offset and DeleteRecords; truncation at batch boundaries; compaction
//! with dirty ratio, lag bounds and tombstones; the leader-epoch cache; producer state with duplicate detection over five
//! batches, epochs, expiry and snapshots; compression by the producer or anew by the leader; control batches, open transactions and the aborted-transaction index; page
//! cache against fsync (`durable_to`), recovery point, recovery by CRC, torn writes and bit rot.
//! Bytes of format v2 and of the indexes are in [`format`]; they are made when someone looks or something was damaged.
//! Simplified: values of users' records are their id and padding; coordinators' records have numbers for names. The files
//! of a deleted segment are gone at once. Indexes are rebuilt after a truncation instead of cut.
//! Absent: `file.delete.delay.ms`, several log directories, tiered storage.

mod aborted_reads;
mod aborted_txn_index;
mod batch;
mod cleaner;
mod disk_fault;
pub mod format;
mod leader_epoch_cache;
mod log;
mod lookup;
mod producer_entry;
mod producer_state;
mod record;
mod segment;

pub use aborted_reads::AbortedReads;
pub use aborted_txn_index::{AbortedTxn, AbortedTxnIndex, run_aborted_txn_index};
pub use batch::{BATCH_OVERHEAD, Compacted, PackedRecords, ProducerStamp, RecordBatch, increment_sequence};
pub use cleaner::{CleanableLog, Cleaned, clean, cleanable, values_cleaned};
pub use disk_fault::Damage;
pub use leader_epoch_cache::{EpochEnd, EpochEntry, LeaderEpochCache, run_leader_epoch_cache};
pub use log::{Log, ReadBatches, Recovery};
pub use lookup::LookupSteps;
pub use producer_entry::{BatchMetadata, CACHED_BATCHES, ProducerEntry};
pub use producer_state::{AppendVerdict, MarkerRule, ProducerStates, Verification, run_producer_state};
pub use record::{EndTxnMarker, Record, RecordBody, RecordKey};
pub use segment::Segment;
