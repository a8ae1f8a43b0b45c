//! The records of `__consumer_offsets`, and which of its partitions a group's records go to.

use super::consumer::CurrentAssignment;
use super::share::ShareGroupRecord;
use crate::assignor::{Assignor, ServerAssignor};
use crate::ids::{Generation, GroupId, LeaderEpoch, MemberId, Offset, ProducerId, TopicId, TopicPartition};
use crate::protocol::Subscription;
use crate::time::{Duration, Instant};
use std::sync::Arc;

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
        /// The producer in whose transaction it stands: it counts when that commits. Kafka has this in the batch.
        pending: Option<ProducerId>,
    },
    /// `GroupMetadataValue`: the generation and who has what.
    GroupMetadata {
        group: GroupId,
        generation: Generation,
        protocol: Option<Assignor>,
        leader: Option<MemberId>,
        members: Vec<MemberRecord>,
        /// `currentStateTimestamp`: what the retention of an empty group's offsets counts from.
        at: Instant,
    },
    /// An offset is gone: the key of an offset commit without a value.
    OffsetTombstone { group: GroupId, tp: TopicPartition },
    /// The group is gone.
    GroupTombstone { group: GroupId },
    /// `ConsumerGroupMetadataValue`: the group epoch (KIP-848).
    ConsumerGroupMetadata { group: GroupId, epoch: Generation, at: Instant },
    /// `ConsumerGroupMemberMetadataValue`; without a value the member is gone.
    ConsumerGroupMember { group: GroupId, member: MemberId, value: Option<ConsumerMemberRecord> },
    /// `ConsumerGroupTargetAssignmentMetadataValue`: the epoch the target assignment was computed for.
    ConsumerGroupTargetEpoch { group: GroupId, epoch: Generation },
    /// `ConsumerGroupTargetAssignmentMemberValue`.
    ConsumerGroupTarget { group: GroupId, member: MemberId, partitions: Vec<TopicPartition> },
    /// `ConsumerGroupCurrentMemberAssignmentValue`.
    ConsumerGroupCurrent { group: GroupId, member: MemberId, current: CurrentAssignment },
    /// One of the records above is to be forgotten: its key without a value.
    ConsumerGroupTombstone { group: GroupId, of: ConsumerGroupKey },
    /// A record of a share group.
    Share { group: GroupId, record: ShareGroupRecord },
}

/// Which record of a KIP-848 group a tombstone ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConsumerGroupKey {
    /// The group epoch: the group is gone.
    Group,
    /// The epoch of the target assignment.
    TargetEpoch,
    /// A member's target assignment.
    Target(MemberId),
    /// A member's current assignment.
    Current(MemberId),
}

/// What a KIP-848 member said of itself.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerMemberRecord {
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// How long it may take to give partitions up.
    pub rebalance_timeout: Duration,
    /// Topics it subscribes to.
    pub topics: Vec<TopicId>,
    /// The assignor it asks for.
    pub assignor: Option<ServerAssignor>,
}

/// What a partition of `__consumer_offsets` holds, in the order of the log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum GroupEntry {
    /// A record of some group.
    Record(Arc<GroupRecord>),
    /// The end of a transaction: its offsets count from here, or never.
    TransactionEnd { producer: ProducerId, committed: bool },
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
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// The assignors it offers.
    pub protocols: Vec<Assignor>,
    /// What it subscribes to.
    pub subscription: Subscription,
    /// What it was given.
    pub assignment: Vec<TopicPartition>,
}

impl GroupRecord {
    /// The group it speaks of.
    pub fn group(&self) -> GroupId {
        match self {
            GroupRecord::OffsetCommit { group, .. }
            | GroupRecord::GroupMetadata { group, .. }
            | GroupRecord::OffsetTombstone { group, .. }
            | GroupRecord::GroupTombstone { group }
            | GroupRecord::ConsumerGroupMetadata { group, .. }
            | GroupRecord::ConsumerGroupMember { group, .. }
            | GroupRecord::ConsumerGroupTargetEpoch { group, .. }
            | GroupRecord::ConsumerGroupTarget { group, .. }
            | GroupRecord::ConsumerGroupCurrent { group, .. }
            | GroupRecord::ConsumerGroupTombstone { group, .. }
            | GroupRecord::Share { group, .. } => *group,
        }
    }

    /// Whether it commits an offset.
    pub fn is_offset(&self) -> bool {
        matches!(self, GroupRecord::OffsetCommit { .. })
    }

    /// The key by which compaction knows this record: Kafka's version number of the key, then whom it is about.
    /// Simplified: numbers stand where Kafka writes names.
    pub fn key_bytes(&self) -> Vec<u8> {
        let mut key = vec![0, self.key_version()];
        key.extend(self.group().0.to_be_bytes());
        match self {
            GroupRecord::OffsetCommit { tp, .. } | GroupRecord::OffsetTombstone { tp, .. } => {
                key.extend(tp.topic.0.to_be_bytes());
                key.extend(tp.partition.to_be_bytes());
            }
            GroupRecord::ConsumerGroupMember { member, .. }
            | GroupRecord::ConsumerGroupTarget { member, .. }
            | GroupRecord::ConsumerGroupCurrent { member, .. }
            | GroupRecord::ConsumerGroupTombstone {
                of: ConsumerGroupKey::Target(member) | ConsumerGroupKey::Current(member),
                ..
            } => {
                key.extend(crate::hash::stable_hash(member).to_be_bytes());
            }
            GroupRecord::Share { record, .. } => {
                key.extend(record.member().iter().flat_map(|member| crate::hash::stable_hash(member).to_be_bytes()));
            }
            _ => {}
        }
        key
    }

    fn key_version(&self) -> u8 {
        match self {
            GroupRecord::OffsetCommit { .. } | GroupRecord::OffsetTombstone { .. } => 1,
            GroupRecord::GroupMetadata { .. } | GroupRecord::GroupTombstone { .. } => 2,
            GroupRecord::ConsumerGroupMetadata { .. } => 3,
            GroupRecord::ConsumerGroupMember { .. } => 5,
            GroupRecord::ConsumerGroupTargetEpoch { .. } => 6,
            GroupRecord::ConsumerGroupTarget { .. } => 7,
            GroupRecord::ConsumerGroupCurrent { .. } => 8,
            GroupRecord::Share { record, .. } => record.key_version(),
            GroupRecord::ConsumerGroupTombstone { of, .. } => match of {
                ConsumerGroupKey::Group => 3,
                ConsumerGroupKey::TargetEpoch => 6,
                ConsumerGroupKey::Target(_) => 7,
                ConsumerGroupKey::Current(_) => 8,
            },
        }
    }

    /// Bytes of the key.
    pub fn key_size(&self) -> u32 {
        match self.key_version() {
            2 | 3 | 6 | 11 | 12 | 15 => 6,
            _ => 14,
        }
    }

    /// Whether its value is null.
    pub fn is_tombstone(&self) -> bool {
        if let GroupRecord::Share { record, .. } = self {
            return record.is_tombstone();
        }
        matches!(
            self,
            GroupRecord::OffsetTombstone { .. }
                | GroupRecord::GroupTombstone { .. }
                | GroupRecord::ConsumerGroupTombstone { .. }
                | GroupRecord::ConsumerGroupMember { value: None, .. }
        )
    }

    /// The value in words. Simplified: Kafka writes a binary schema.
    pub fn text(&self) -> String {
        match self {
            GroupRecord::OffsetCommit { offset, .. } => format!("offset {offset}"),
            GroupRecord::GroupMetadata { generation, .. } => format!("generation {generation}"),
            GroupRecord::ConsumerGroupMetadata { epoch, .. } | GroupRecord::ConsumerGroupTargetEpoch { epoch, .. } => {
                format!("epoch {epoch}")
            }
            _ => String::new(),
        }
    }

    /// Bytes of the value, near enough to Kafka's for batch sizes.
    pub fn size_in_bytes(&self) -> u32 {
        match self {
            GroupRecord::OffsetCommit { .. } => 48,
            GroupRecord::Share { record, .. } => record.size_in_bytes(),
            GroupRecord::OffsetTombstone { .. }
            | GroupRecord::GroupTombstone { .. }
            | GroupRecord::ConsumerGroupTombstone { .. }
            | GroupRecord::ConsumerGroupMember { value: None, .. } => 0,
            GroupRecord::GroupMetadata { members, .. } => {
                40 + members.iter().map(|member| 96 + 8 * member.assignment.len() as u32).sum::<u32>()
            }
            GroupRecord::ConsumerGroupMetadata { .. } | GroupRecord::ConsumerGroupTargetEpoch { .. } => 24,
            GroupRecord::ConsumerGroupMember { .. } => 104,
            GroupRecord::ConsumerGroupTarget { partitions, .. } => 56 + 4 * partitions.len() as u32,
            GroupRecord::ConsumerGroupCurrent { current, .. } => {
                64 + 8 * (current.assigned.len() + current.revoking.len()) as u32
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
