//! A partition's log and what is derived from it.
//!
//! Modelled: batches with producer id, epoch and sequence; offsets assigned by the leader and taken as given by
//! followers; truncation at batch boundaries; the leader-epoch cache; per-producer duplicate detection over five
//! batches; page cache against fsync (`durable_to`).
//! Bytes of format v2 and of the indexes are in [`format`].
//! Simplified: a batch is a value with Kafka's size in bytes; one segment per log, so there are no
//! offset or time indexes, no roll, no retention and no compaction. Producer state is rebuilt from the whole log.
//! Absent: transactions, control batches, tiered storage.

mod batch;
pub mod format;
mod leader_epoch_cache;
mod log;
mod producer_state;
mod record;

pub use batch::{BATCH_OVERHEAD, ProducerStamp, RecordBatch, increment_sequence};
pub use leader_epoch_cache::{EpochEnd, EpochEntry, LeaderEpochCache, run_leader_epoch_cache};
pub use log::{Log, ReadBatches};
pub use producer_state::{AppendVerdict, ProducerStates};
pub use record::{Record, RecordBody, RecordKey};
