//! The exported trace: what happened, written down so that a program which shares no code with the engine can check
//! every promise. One JSON object a line; the same recording gives the same bytes on every machine.
//!
//! Written: client histories (send, poll, subscribe, seek, commitOffsets), positions and rebalances; appends,
//! truncations, watermarks, roles and flushes of every replica, also of `__consumer_offsets`; the metadata log with what
//! each broker has applied; groups and their committed offsets; faults; the engine's own guarantees; a hash of the state
//! every 1,000 events. Level 2 adds every message.
//! Conventions: `op` counts all operations; `v` is producer and number (`p1-17`), for coordinators' records a digest;
//! `poll` is invoked and returned at the same instant, because calls that return nothing are not written; the controller
//! is node 101; a group member that has outlived its client's restart is `name~incarnation`; while a broker's process is
//! down its high watermark is not spoken of, and a first `hw` line follows each new replica's first `role`.
//! Absent: queue brokers, workers and databases, whose faults are not written either.

mod clients;
mod cluster;
mod export;
mod faults;
mod groups;
mod header;
mod line;
mod tracer;

pub use export::Exporter;
