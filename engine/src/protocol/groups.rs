//! The classic group protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, OffsetCommit, OffsetFetch.

use super::ErrorCode;
pub use crate::assignor::GroupAssignment;
use crate::assignor::{Assignor, Subscriber};
pub use crate::ids::MemberId;
use crate::ids::{Generation, GroupId, LeaderEpoch, Offset, TopicId, TopicPartition};
use crate::time::Duration;
use std::sync::Arc;

/// JoinGroupRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JoinGroupRequest {
    /// The group.
    pub group: GroupId,
    /// Empty for a newcomer, who is answered MEMBER_ID_REQUIRED with an id.
    pub member: Option<MemberId>,
    /// The client's node, from which a newcomer's id is made.
    pub client: u32,
    /// Silence after which the member is removed.
    pub session_timeout: Duration,
    /// How long a rebalance may wait for this member: its `max.poll.interval.ms`.
    pub rebalance_timeout: Duration,
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// The assignors it offers, most wanted first.
    pub protocols: Vec<Assignor>,
    /// What it subscribes to.
    pub subscription: Subscription,
}

/// What a member tells the one who assigns (`ConsumerProtocolSubscription`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Subscription {
    /// Topics.
    pub topics: Vec<TopicId>,
    /// Partitions it owns, or, before an eager rebalance took them away, owned.
    pub owned: Vec<TopicPartition>,
    /// The generation in which it got them, −1 for none.
    pub generation: Generation,
}

/// JoinGroupResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JoinGroupResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// The generation that began.
    pub generation: Generation,
    /// The member who computes the assignment.
    pub leader: Option<MemberId>,
    /// The sender's id.
    pub member: Option<MemberId>,
    /// The assignor all members know.
    pub protocol: Option<Assignor>,
    /// To the leader: all members and their subscriptions; to others nothing.
    pub members: Vec<Subscriber>,
    /// To a static leader that came back: the assignment stands, compute none (KIP-814).
    pub skip_assignment: bool,
}

/// SyncGroupRequest; only the leader's carries assignments.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SyncGroupRequest {
    /// The group.
    pub group: GroupId,
    /// The generation joined.
    pub generation: Generation,
    /// The sender.
    pub member: MemberId,
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// From the leader: who gets what.
    pub assignments: GroupAssignment,
}

/// SyncGroupResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SyncGroupResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// The sender's partitions.
    pub assignment: Vec<TopicPartition>,
}

/// HeartbeatRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HeartbeatRequest {
    /// The group.
    pub group: GroupId,
    /// The sender's generation.
    pub generation: Generation,
    /// The sender.
    pub member: MemberId,
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
}

/// LeaveGroupRequest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LeaveGroupRequest {
    /// The group.
    pub group: GroupId,
    /// The sender.
    pub member: MemberId,
}

/// One offset to commit: the next offset to read and the epoch of the last record read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CommitOffset {
    /// The partition.
    pub tp: TopicPartition,
    /// The next offset to read.
    pub offset: Offset,
    /// The leader epoch of the last record read, −1 for none.
    pub leader_epoch: LeaderEpoch,
}

/// OffsetCommitRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetCommitRequest {
    /// The group.
    pub group: GroupId,
    /// The sender's generation or member epoch, −1 for an administrator.
    pub generation: Generation,
    /// The sender, none for an administrator.
    pub member: Option<MemberId>,
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// The offsets.
    pub offsets: Vec<CommitOffset>,
}

/// OffsetCommitResponse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OffsetCommitResponse {
    /// One verdict for all partitions: Kafka can answer each on its own, but they share their fate here.
    pub error: ErrorCode,
}

/// OffsetFetchRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetFetchRequest {
    /// The group.
    pub group: GroupId,
    /// The partitions.
    pub partitions: Vec<TopicPartition>,
    /// Whether offsets that an open transaction is about to replace are withheld, as consumers want it (KIP-447).
    pub require_stable: bool,
}

/// OffsetFetchResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetFetchResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// Committed offset per partition and the epoch of the last record read; −1 where there is none.
    pub offsets: Vec<(TopicPartition, Offset, LeaderEpoch)>,
    /// Partitions answered UNSTABLE_OFFSET_COMMIT: a transaction with offsets for them is not decided yet.
    pub unstable: Vec<TopicPartition>,
}

/// ConsumerGroupHeartbeatRequest (KIP-848). What has not changed since the last one is left out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerGroupHeartbeatRequest {
    /// The group.
    pub group: GroupId,
    /// The sender, by an id it chose itself.
    pub member: MemberId,
    /// Its epoch; 0 to join, −1 to leave, −2 for a static member that leaves for a while.
    pub member_epoch: Generation,
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// How long it may take to give partitions up: its `max.poll.interval.ms`.
    pub rebalance_timeout: Duration,
    /// Topics it subscribes to.
    pub topics: Option<Vec<TopicId>>,
    /// Its `group.remote.assignor`.
    pub assignor: Option<Arc<str>>,
    /// What it owns.
    pub owned: Option<Vec<TopicPartition>>,
}

/// ConsumerGroupHeartbeatResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerGroupHeartbeatResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// The member's epoch from now on.
    pub member_epoch: Generation,
    /// When it should speak again.
    pub heartbeat_interval: Duration,
    /// What it may read; none when that has not changed.
    pub assignment: Option<Vec<TopicPartition>>,
}
