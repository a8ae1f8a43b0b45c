//! The records of `__share_group_state`.

use crate::coordinator::group_partition;
use crate::ids::{GroupId, LeaderEpoch, Offset, TopicPartition};
use crate::share::StateBatch;

/// Whose state it is.
pub type ShareStateKey = (GroupId, TopicPartition);

/// `ShareSnapshotValue`, or `ShareUpdateValue` with what has changed since.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareStateRecord {
    /// Whose state it is.
    pub key: ShareStateKey,
    /// Whether it says everything; else it adds to the snapshot before it.
    pub snapshot: bool,
    /// The number of the snapshot.
    pub snapshot_epoch: i32,
    /// The group epoch in which the group began with this partition.
    pub state_epoch: i32,
    /// The newest leader epoch heard of.
    pub leader_epoch: LeaderEpoch,
    /// SPSO; −1 while nobody has said where to begin.
    pub start_offset: Offset,
    /// States of records above it.
    pub batches: Vec<StateBatch>,
}

impl ShareStateRecord {
    /// The key: type 0 for a snapshot and 1 for an update, then whose state it is. Numbers stand where Kafka writes the
    /// group's name and the topic's id.
    pub fn key_bytes(&self) -> Vec<u8> {
        let (group, tp) = self.key;
        let mut key = vec![0, u8::from(!self.snapshot)];
        key.extend(group.0.to_be_bytes());
        key.extend(tp.topic.0.to_be_bytes());
        key.extend(tp.partition.to_be_bytes());
        key
    }

    /// Bytes of the key.
    pub fn key_size(&self) -> u32 {
        14
    }

    /// Bytes of the value: Kafka's fields, 26 for each batch of states.
    pub fn size_in_bytes(&self) -> u32 {
        let fixed = if self.snapshot { 44 } else { 20 };
        fixed + 26 * self.batches.len() as u32
    }

    /// The value in words.
    pub fn text(&self) -> String {
        format!("start {} batches {}", self.start_offset, self.batches.len())
    }
}

/// The partition of `__share_group_state` that holds a share-partition's state: the hash of `group:topic:partition`.
/// Simplified: the topic's number stands where Kafka writes its UUID.
pub fn share_state_partition(group_name: &str, tp: TopicPartition, partitions: i32) -> i32 {
    group_partition(&format!("{group_name}:{}:{}", tp.topic.0, tp.partition), partitions)
}
