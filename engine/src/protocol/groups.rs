//! The classic group protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, OffsetCommit, OffsetFetch.

use super::ErrorCode;
use crate::ids::{Generation, GroupId, LeaderEpoch, Offset, TopicId, TopicPartition};
use crate::time::Duration;
use std::fmt;

/// A member's id: Kafka's is `client.id-UUID`; here the client's node and a number the coordinator counts up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MemberId {
    /// The client's node.
    pub client: u32,
    /// How many ids this client has been given; a restarted client is a new member.
    pub incarnation: u32,
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.client, self.incarnation)
    }
}

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
    /// Topics the member subscribes to.
    pub subscription: Vec<TopicId>,
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
    /// To the leader: all members and their subscriptions; to others nothing.
    pub members: Vec<(MemberId, Vec<TopicId>)>,
}

/// What each member gets.
pub type GroupAssignment = Vec<(MemberId, Vec<TopicPartition>)>;

/// SyncGroupRequest; only the leader's carries assignments.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SyncGroupRequest {
    /// The group.
    pub group: GroupId,
    /// The generation joined.
    pub generation: Generation,
    /// The sender.
    pub member: MemberId,
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HeartbeatRequest {
    /// The group.
    pub group: GroupId,
    /// The sender's generation.
    pub generation: Generation,
    /// The sender.
    pub member: MemberId,
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
    /// The sender's generation, −1 for an administrator.
    pub generation: Generation,
    /// The sender, none for an administrator.
    pub member: Option<MemberId>,
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
}

/// OffsetFetchResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetFetchResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// Committed offset per partition; −1 where there is none.
    pub offsets: Vec<(TopicPartition, Offset)>,
}
