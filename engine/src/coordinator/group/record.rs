//! The records of `__consumer_offsets`, and which of its partitions a group's records go to.

use crate::ids::{Generation, GroupId, LeaderEpoch, Offset, TopicId, TopicPartition};
use crate::protocol::MemberId;
use crate::time::{Duration, Instant};

/// A record of `__consumer_offsets`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum GroupRecord {
    /// `OffsetCommitValue`: where the group goes on.
    OffsetCommit {
        group: GroupId,
        tp: TopicPartition,
        offset: Offset,
        leader_epoch: LeaderEpoch,
        committed_at: Instant,
        /// The member that committed; Kafka's record does not say, the trace wants to know.
        by: Option<MemberId>,
        /// The generation of the request, −1 without membership; again for the trace.
        generation: Generation,
    },
    /// `GroupMetadataValue`: the generation and who has what.
    GroupMetadata { group: GroupId, generation: Generation, leader: Option<MemberId>, members: Vec<MemberRecord> },
}

/// A member inside a group metadata record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MemberRecord {
    /// The member.
    pub member: MemberId,
    /// Its session timeout.
    pub session_timeout: Duration,
    /// Its rebalance timeout.
    pub rebalance_timeout: Duration,
    /// Topics it subscribes to.
    pub subscription: Vec<TopicId>,
    /// What it was given.
    pub assignment: Vec<TopicPartition>,
}

impl GroupRecord {
    /// The group it speaks of.
    pub fn group(&self) -> GroupId {
        match self {
            GroupRecord::OffsetCommit { group, .. } | GroupRecord::GroupMetadata { group, .. } => *group,
        }
    }

    /// Bytes of key and value, near enough to Kafka's for batch sizes.
    pub fn size_in_bytes(&self) -> u32 {
        match self {
            GroupRecord::OffsetCommit { .. } => 48,
            GroupRecord::GroupMetadata { members, .. } => {
                40 + members.iter().map(|member| 96 + 8 * member.assignment.len() as u32).sum::<u32>()
            }
        }
    }
}

/// Java's `String.hashCode`: over UTF-16 units, wrapping.
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The partition of `__consumer_offsets` that holds a group's records; its leader coordinates the group.
pub fn group_partition(group_name: &str, partitions: i32) -> i32 {
    let hash = java_string_hash(group_name);
    // `Utils.abs`: the most negative hash has no positive twin and counts as 0.
    let positive = if hash == i32::MIN { 0 } else { hash.abs() };
    positive % partitions.max(1)
}
