//! What a consumer process keeps in memory: all of it is gone when the process dies.

use super::connection::Connections;
use super::consumer::Position;
use super::consumer_group::Membership;
use super::consumer_zookeeper::{OffsetWrite, Writing};
use crate::collections::{Map, Set};
use crate::event::PositionReason;
use crate::ids::{BrokerId, Generation, LeaderEpoch, Offset, RecordId, TopicId, TopicPartition};
use crate::protocol::{CommitOffset, OffsetSpec};
use crate::storage::RecordKey;
use crate::time::Instant;
use std::collections::VecDeque;

/// What the consumer has asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum ConsumerAsk {
    FindCoordinator,
    Join,
    Sync,
    Heartbeat,
    Leave,
    ConsumerHeartbeat,
    /// Commit; true when the application waits for it, and its number.
    Commit(bool, u32),
    /// What is committed, as a member of this generation.
    OffsetFetch(Generation),
    /// Where these places in the log are.
    ListOffsets(Vec<(TopicPartition, OffsetSpec)>),
    /// Whether these positions still stand.
    EpochEnds(Vec<(TopicPartition, Position)>),
    Fetch,
    /// What stands in the znode of a partition, as a member of this generation.
    Znode(Generation, TopicPartition),
    /// A write of this commit.
    WriteZnode(OffsetWrite, u32),
}

/// A record `poll` has handed out and the application has not finished.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct InHand {
    pub tp: TopicPartition,
    pub offset: Offset,
    pub record: Option<RecordId>,
    pub key: Option<RecordKey>,
    pub epoch: LeaderEpoch,
}

/// A `commitSync` that has not returned.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PendingSync {
    pub offsets: Vec<CommitOffset>,
    /// Its number.
    pub commit: u32,
    pub deadline: Instant,
    /// Whether an answer is outstanding.
    pub sent: bool,
    /// Whether some attempt may have been written.
    pub maybe_written: bool,
}

/// What the application's thread is doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Activity {
    /// Inside `poll`, with nothing to return yet.
    #[default]
    Polling,
    /// Processing the record at the front of what is in hand.
    Processing,
    /// Waiting for the database.
    Storing,
    /// Inside `commitSync`.
    Committing,
    /// Inside a call of its producer's.
    Producing,
}

/// What the process keeps in memory.
#[derive(Clone, Hash, Debug)]
pub(super) struct Runtime {
    pub net: Connections<ConsumerAsk>,
    pub membership: Membership,
    pub positions: Map<TopicPartition, Position>,
    /// Fetched, not yet handed out: per partition, in offset order.
    pub buffer: Map<TopicPartition, VecDeque<InHand>>,
    /// Where the position stands once the buffer of a partition is handed out: behind markers and aborted records.
    pub buffer_ends: Map<TopicPartition, Offset>,
    /// Whose data comes next, in the order it arrived.
    pub arrival: VecDeque<TopicPartition>,
    pub in_hand: VecDeque<InHand>,
    pub activity: Activity,
    pub last_poll: Instant,
    pub next_auto_commit: Instant,
    /// What asynchronous commits under way want to commit, where the application would try again; and what it will.
    pub async_commits: Map<u32, Vec<CommitOffset>>,
    pub failed_commits: Vec<Vec<CommitOffset>>,
    /// Commits to ZooKeeper under way.
    pub writing: Map<u32, Writing>,
    /// The `commitSync` the application is in.
    pub syncing: Option<PendingSync>,
    /// As leader of a classic group: the partitions it assigned by, per topic.
    pub leads_with: Option<Map<TopicId, i32>>,
    /// Fetch errors: no fetch before then.
    pub fetch_after: Instant,
    pub resetting: bool,
    /// Partitions whose position is looked up in the log, at what, and why: whatever is committed does not matter.
    pub lookups: Map<TopicPartition, (OffsetSpec, PositionReason)>,
    /// Partitions the application has paused: they keep position and buffer, and are neither fetched nor handed out.
    pub paused: Set<TopicPartition>,
    /// The offset the last fetch of each partition asked for.
    pub fetching: Map<TopicPartition, Offset>,
    /// Partitions that are read from another replica than the leader, and until when (KIP-392).
    pub read_from: Map<TopicPartition, (BrokerId, Instant)>,
    /// Partitions that go back to what is committed, and to this offset where nothing is.
    pub rewinding: Map<TopicPartition, Offset>,
}
