//! Consumer groups, classic protocol (`GroupMetadataManager`, `ClassicGroup`, `OffsetMetadataManager`).
//!
//! Modelled: the states Empty, PreparingRebalance, CompletingRebalance, Stable; MEMBER_ID_REQUIRED (KIP-394); the
//! initial rebalance delay (KIP-134); join and sync phases with their timeouts; sessions; generations; stale commits
//! refused; offsets and group metadata as records of `__consumer_offsets`, from which a new coordinator rebuilds both.
//! Simplified: loading takes no time; the rebalance delay is extended as one window; only the range assignor is offered.
//! Absent: static membership, protocol choice, offset expiry, the consumer protocol of KIP-848.

mod classic;
mod offsets;
mod record;
mod shards;
mod state;

pub use record::{GroupRecord, group_partition};
pub use shards::{GroupShards, Outcome, ReplyTo};
pub use state::{CommittedOffset, Group, GroupMember};
