//! Fetch and ListOffsets.

use super::ErrorCode;
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::storage::{AbortedTxn, EpochEnd, ReadBatches};
use crate::time::Duration;
use std::sync::Arc;

/// FetchRequest of a follower or a consumer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchRequest {
    /// The follower's id and incarnation; none for a consumer.
    pub replica: Option<(BrokerId, BrokerEpoch)>,
    /// `isolation.level`: only what is below the last stable offset, with the aborted transactions in it.
    pub read_committed: bool,
    /// How long the broker may hold the request.
    pub max_wait: Duration,
    /// Least data that answers at once.
    pub min_bytes: i32,
    /// Most data of all partitions together.
    pub max_bytes: i32,
    /// `client.rack` of a consumer that wants to read nearby (KIP-392).
    pub rack: Option<Arc<str>>,
    /// Whether the partitions only add to and change what the session asked for before (KIP-227).
    /// False begins a new session; consumers always ask in full.
    pub incremental: bool,
    /// Partitions the session no longer wants.
    pub forgotten: Vec<TopicPartition>,
    /// What is wanted.
    pub partitions: Vec<FetchPartition>,
}

/// One partition of a fetch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FetchPartition {
    /// The partition.
    pub tp: TopicPartition,
    /// The leader epoch the sender believes in, −1 for no check.
    pub current_leader_epoch: LeaderEpoch,
    /// First offset wanted. From a follower: everything below is in its log.
    pub fetch_offset: Offset,
    /// The epoch of the follower's last record (KIP-595), −1 for none.
    pub last_fetched_epoch: LeaderEpoch,
    /// Where a follower's own log begins, −1 from a consumer.
    pub log_start_offset: Offset,
    /// Most bytes wanted.
    pub max_bytes: i32,
}

/// FetchResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchResponse {
    /// Whether the broker knows the session an incremental request builds on.
    pub session_error: bool,
    /// One answer per partition asked for; in a session only those with something to say.
    pub partitions: Vec<PartitionFetchResponse>,
}

/// The answer for one partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartitionFetchResponse {
    /// The partition.
    pub tp: TopicPartition,
    /// NONE or why there is nothing.
    pub error: ErrorCode,
    /// The high watermark the leader read before it noted this fetch.
    pub high_watermark: Offset,
    /// The last stable offset, −1 when it was not asked for.
    pub last_stable_offset: Offset,
    /// Aborted transactions that overlap the batches, for a reader with `read_committed`.
    pub aborted_transactions: Vec<AbortedTxn>,
    /// The leader's log start offset.
    pub log_start_offset: Offset,
    /// Where the sender's log parts from the leader's: truncate there.
    pub diverging_epoch: Option<EpochEnd>,
    /// On NOT_LEADER_OR_FOLLOWER or FENCED_LEADER_EPOCH: the leader this broker knows (KIP-951).
    pub current_leader: Option<(BrokerId, LeaderEpoch)>,
    /// From a leader: the replica this consumer should read from instead (KIP-392). Then there are no batches.
    pub preferred_read_replica: Option<BrokerId>,
    /// The batches.
    pub batches: ReadBatches,
}

impl PartitionFetchResponse {
    /// An answer without data.
    pub fn failed(tp: TopicPartition, error: ErrorCode) -> PartitionFetchResponse {
        PartitionFetchResponse {
            tp,
            error,
            high_watermark: Offset::NONE,
            last_stable_offset: Offset::NONE,
            aborted_transactions: Vec::new(),
            log_start_offset: Offset::NONE,
            diverging_epoch: None,
            current_leader: None,
            preferred_read_replica: None,
            batches: Vec::new(),
        }
    }
}

/// Which end of a log ListOffsets asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OffsetSpec {
    /// The log start offset (timestamp −2).
    Earliest,
    /// The high watermark (timestamp −1).
    Latest,
    /// The first record that is not older than this many milliseconds of virtual time.
    Timestamp(u64),
    /// The record with the largest timestamp (timestamp −3, KIP-734).
    MaxTimestamp,
    /// The first offset on the broker's own disk (timestamp −4): without tiered storage the log start offset.
    EarliestLocal,
    /// The last offset in tiered storage (timestamp −5): there is none here.
    LatestTiered,
}

/// OffsetsForLeaderEpochRequest: where do these epochs end in your log?
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetsForLeaderEpochRequest {
    /// The follower that asks; none for a consumer.
    pub replica: Option<BrokerId>,
    /// Each partition with the leader epoch the sender believes in (−1 for no check) and the epoch it asks about.
    pub partitions: Vec<(TopicPartition, LeaderEpoch, LeaderEpoch)>,
}

/// OffsetsForLeaderEpochResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetsForLeaderEpochResponse {
    /// Error and end per partition.
    pub partitions: Vec<(TopicPartition, ErrorCode, EpochEnd)>,
}

/// ListOffsetsRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListOffsetsRequest {
    /// Whether "latest" is the last stable offset rather than the high watermark.
    pub read_committed: bool,
    /// The follower that asks: for it the latest offset is the log end. None for a consumer.
    pub replica: Option<BrokerId>,
    /// The partitions, each with the leader epoch the client believes in and what it looks for.
    pub partitions: Vec<(TopicPartition, LeaderEpoch, OffsetSpec)>,
}

/// ListOffsetsResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListOffsetsResponse {
    /// Error and offset per partition.
    pub partitions: Vec<(TopicPartition, ErrorCode, Offset)>,
}
