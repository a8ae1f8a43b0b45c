//! Coordinators: brokers that keep shared state as records of an internal topic.
//!
//! A handler checks a request and returns an answer and records; the answer leaves when the records are committed;
//! replaying a record is the only thing that changes durable state. So a failover rebuilds it from the log.

mod group;
mod share;
mod transaction;

pub use group::{
    CommittedOffset, ConsumerGroup, ConsumerGroupKey, ConsumerMember, CurrentAssignment, Group, GroupEntry,
    GroupMember, GroupRecord, GroupShards, MemberPhase, MemberRecord, Outcome, ReplyTo, ShareAssignment, ShareGroup,
    ShareGroupRecord, ShareMember, group_partition,
};
pub(crate) use group::{heartbeat_refused, join_refused, share_heartbeat_refused, sync_refused};
pub use share::{ShareState, ShareStateKey, ShareStateRecord, ShareStateShards, share_state_partition};
pub use transaction::{
    AfterCommit, TransactionMetadata, TransactionOutcome, TransactionRecord, TransactionShards, TransactionWrite,
};
