//! Kafka's clients.
//!
//! Producer, modelled: metadata with refresh on error; key hashing by murmur2 and the sticky choice for records without
//! a key; batches per partition with `batch.size` and `linger.ms`; one batch per partition per request;
//! `max.in.flight.requests.per.connection`; `request.timeout.ms`, `retries`, `delivery.timeout.ms`, exponential
//! back-off with jitter; idempotence with sequences assigned when a batch is drained.
//! Simplified: after a hole in the sequence an idempotent producer takes a new producer id instead of bumping its epoch;
//! `buffer.memory` and `max.block.ms` do not bound what waits; the sticky partitioner does not adapt to queue lengths.
//! Absent: transactions, compression, custom partitioners, `flush`.
//!
//! Consumer (classic protocol), modelled: `poll` as the only place where records are handed out, positions move, groups
//! are joined and automatic commits are sent; the heartbeat thread beside it; range assignment by the group's leader;
//! eager rebalancing with the commit before it; `auto.offset.reset`; OFFSET_OUT_OF_RANGE; commits before, after and
//! within processing; `max.poll.interval.ms`.
//! Absent: cooperative rebalancing, static membership, `pause`, truncation detection (KIP-320), read_committed.

mod accumulator;
mod connection;
mod consumer;
mod consumer_answers;
mod consumer_fetch;
mod consumer_group;
mod metadata;
mod partitioner;
mod producer;
mod sender;

pub use connection::Backoff;
pub use consumer::{CommitMode, Consumer, ConsumerProgram, Position};
pub use metadata::ClientMetadata;
pub use partitioner::{murmur2, partition_for_key};
pub use producer::Producer;
