//! Kafka's clients.
//!
//! Producer, modelled: one thread that sends, and waits in `send` for metadata and memory (`max.block.ms`); metadata
//! with refresh on error; partitioners; batches per partition with `batch.size`, `linger.ms` and `buffer.memory`;
//! readiness per broker, one batch per partition per request; `max.in.flight.requests.per.connection`;
//! compression with an estimate of what it will give; `request.timeout.ms`, `retries`, `delivery.timeout.ms`, exponential back-off with jitter; batches divided that were
//! too large; idempotence with sequences assigned when a batch is drained, doubts settled and epochs bumped; synchronous
//! sending, `flush`, `close`; transactions in both protocols of KIP-890; the defaults of 4.x and of 2.x.
//! Absent: several topics per producer, `prepareTransaction` of two-phase commit (its transactions only have no timeout), a
//! limit on `initTransactions`.
//!
//! Both in one program: poll, make a record of each record, write it, and commit what was read, in a transaction
//! (`sendOffsetsToTransaction` with the group's metadata) or after a flush; after an abort it goes back to what is
//! committed.
//!
//! Consumer, modelled: `poll` as the only place where records are handed out, positions move, groups are joined and
//! automatic commits are sent; the heartbeat thread beside it; the leader's assignors, eager and cooperative rebalancing
//! with the commit before it; static members; KIP-848 with `group.protocol=consumer`; `auto.offset.reset` in all four
//! forms; OFFSET_OUT_OF_RANGE; positions asked about after a change of leader (KIP-320); `commitSync` and `commitAsync`;
//! seek to an offset or a time; `pause` and `resume`; `max.poll.interval.ms`, noticed by the heartbeat thread;
//! `isolation.level`.
//! Simplified: listeners are the events PartitionsAssigned and PartitionsRevoked; an exception `poll` throws ends the
//! application; a commit of a member that is out is refused by the coordinator, where a real client may know by itself.
//! Absent: subscription by pattern, fetch from followers.
//!
//! Member of a share group: see [`ShareConsumer`].

mod connection;
mod consumer;
mod consumer_answers;
mod consumer_commit;
mod consumer_epochs;
mod consumer_fetch;
mod consumer_group;
mod consumer_runtime;
mod consumer_validation;
mod consumer_zookeeper;
mod group_coordinator;
mod inside;
mod metadata;
mod partitioner;
mod processor;
mod producer;
mod share_consumer;

pub use connection::Backoff;
pub use consumer::{CommitMode, Consumer, ConsumerProgram, Position};
pub use metadata::ClientMetadata;
pub use partitioner::{BuiltInPartitioner, Partitioner, murmur2, partition_for_key, run_sticky_partitioner};
pub use producer::{ClientTransactionState, Producer, ProducerIdAndEpoch};
pub use share_consumer::{OnFailure, ShareConsumer, ShareProgram};
