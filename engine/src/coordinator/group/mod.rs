//! Consumer groups (`GroupMetadataManager`, `ClassicGroup`, `ConsumerGroup`, `OffsetMetadataManager`).
//!
//! Modelled, classic: the states Empty, PreparingRebalance, CompletingRebalance, Stable; MEMBER_ID_REQUIRED (KIP-394);
//! the initial rebalance delay in windows (KIP-134); join and sync phases with their timeouts; sessions; generations;
//! the vote for an assignor; static members (KIP-345); stale commits refused.
//! Modelled, KIP-848: group and member epochs, target and current assignment, reconciliation, sessions and revocation
//! timeouts, static members that leave for a while, commits by epoch.
//! Modelled, share groups (KIP-932): see `share`.
//! Modelled, all: offsets and groups as records of `__consumer_offsets`, from which a new coordinator rebuilds them
//! (that takes a while); offsets that expire (KIP-211); offsets in transactions, pending until the marker, which withhold
//! the old ones from whoever wants stable offsets (KIP-447).
//! Simplified: one subscription for all assignors a member offers; a member id is a node and a number.
//! Absent: members of both protocols in one group, regular expressions, racks, DeleteGroups and OffsetDelete.

mod classic;
mod consumer;
mod expiry;
mod heartbeat;
mod offsets;
mod rebalance;
mod record;
mod replay;
mod shards;
mod share;
mod state;

pub(crate) use classic::{join_refused, sync_refused};
pub use consumer::{ConsumerGroup, ConsumerMember, CurrentAssignment, MemberPhase};
pub(crate) use heartbeat::heartbeat_refused;
pub use record::{ConsumerGroupKey, GroupEntry, GroupRecord, MemberRecord, group_partition};
pub use shards::{GroupShards, Outcome, ReplyTo};
pub(crate) use share::share_heartbeat_refused;
pub use share::{ShareAssignment, ShareGroup, ShareGroupRecord, ShareMember};
pub use state::{CommittedOffset, Group, GroupMember};
