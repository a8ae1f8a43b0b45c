//! Which partition a record goes to (`KafkaProducer.partition`).
//!
//! In this order: the partition the record itself names; `partitioner.class`; the key's hash, unless
//! `partitioner.ignore.keys`; the sticky partitioner of KIP-794.
//! Modelled beside it: per-record round robin, as the opt-in class with its habit of being asked twice when a batch
//! begins (KAFKA-9965), and as what clients up to 2.3 did with records without a key.
//! `partitioner.rack.aware` leaves the partitions whose leader is in the client's own rack, while there are any.
//! Absent: the sticky rule of KIP-480 (2.4 to 3.2).

mod built_in;
mod choice;
mod murmur2;

pub use built_in::{BuiltInPartitioner, run_sticky_partitioner};
pub use choice::Partitioner;
pub(super) use choice::Topic;
pub use murmur2::{murmur2, partition_for_key};
