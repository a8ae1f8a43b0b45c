//! Share groups (KIP-932): ShareGroupHeartbeat, ShareFetch, ShareAcknowledge, and what brokers ask the share coordinator.

use super::{ErrorCode, MessageKind};
use crate::config::ShareAcquireMode;
use crate::ids::{BrokerId, Generation, GroupId, LeaderEpoch, MemberId, Offset, TopicId, TopicPartition};
use crate::share::{AcknowledgeBatch, AcquiredRecords, StateBatch};
use crate::storage::ReadBatches;
use crate::time::Duration;

/// ShareGroupHeartbeatRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareGroupHeartbeatRequest {
    /// The group.
    pub group: GroupId,
    /// The sender, by an id it chose itself.
    pub member: MemberId,
    /// Its epoch; 0 to join, −1 to leave.
    pub member_epoch: Generation,
    /// Topics it subscribes to; none when that has not changed.
    pub topics: Option<Vec<TopicId>>,
}

/// ShareGroupHeartbeatResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareGroupHeartbeatResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// The member's epoch from now on.
    pub member_epoch: Generation,
    /// When it should speak again.
    pub heartbeat_interval: Duration,
    /// What it may read; none when that has not changed.
    pub assignment: Option<Vec<TopicPartition>>,
}

/// One partition of a ShareFetch or ShareAcknowledge: what is said of its records.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SharePartitionRequest {
    /// The partition.
    pub tp: TopicPartition,
    /// What is said of records acquired before.
    pub acknowledgements: Vec<AcknowledgeBatch>,
}

/// ShareFetchRequest: acknowledges, and asks for more.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareFetchRequest {
    /// The group.
    pub group: GroupId,
    /// The member.
    pub member: MemberId,
    /// 0 to open a session, −1 to close it, else one more than the last.
    pub session_epoch: i32,
    /// How long the broker may hold the request.
    pub max_wait: Duration,
    /// Most bytes per partition.
    pub max_bytes: i32,
    /// `max.poll.records`.
    pub max_records: i32,
    /// How strictly that limits what is acquired.
    pub acquire_mode: ShareAcquireMode,
    /// Partitions the session shall read from now on, with what is said of their records. A partition the session reads
    /// already stands here only when something is said of it.
    pub partitions: Vec<SharePartitionRequest>,
    /// Partitions the session no longer reads.
    pub forgotten: Vec<TopicPartition>,
}

/// The answer for one partition of a ShareFetch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SharePartitionFetched {
    /// The partition.
    pub tp: TopicPartition,
    /// NONE or why nothing could be read.
    pub error: ErrorCode,
    /// What became of the acknowledgements in the request.
    pub acknowledge_error: ErrorCode,
    /// The leader, when the broker asked is not it (any more).
    pub current_leader: Option<(BrokerId, LeaderEpoch)>,
    /// Batches of the log with the acquired records in them.
    pub batches: ReadBatches,
    /// Which of the records the member has now.
    pub acquired: Vec<AcquiredRecords>,
}

impl SharePartitionFetched {
    /// An answer for a partition without records.
    pub fn without_records(tp: TopicPartition, error: ErrorCode) -> SharePartitionFetched {
        SharePartitionFetched {
            tp,
            error,
            acknowledge_error: ErrorCode::None,
            current_leader: None,
            batches: Default::default(),
            acquired: Vec::new(),
        }
    }
}

/// ShareFetchResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareFetchResponse {
    /// NONE, or what is wrong with the session.
    pub error: ErrorCode,
    /// How long the locks of what was acquired last.
    pub lock_timeout: Duration,
    /// Partitions with something to say.
    pub partitions: Vec<SharePartitionFetched>,
}

/// ShareAcknowledgeRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareAcknowledgeRequest {
    /// The group.
    pub group: GroupId,
    /// The member.
    pub member: MemberId,
    /// −1 to close the session, else one more than the last.
    pub session_epoch: i32,
    /// What is said of the records.
    pub partitions: Vec<SharePartitionRequest>,
}

/// ShareAcknowledgeResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareAcknowledgeResponse {
    /// NONE, or what is wrong with the session.
    pub error: ErrorCode,
    /// What became of the acknowledgements of each partition.
    pub partitions: Vec<(TopicPartition, ErrorCode)>,
}

/// What a broker asks the share coordinator: one share-partition per request, where Kafka packs several.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ShareStateRequest {
    /// InitializeShareGroupState, from the group coordinator: the group reads this partition from now on.
    Initialize {
        /// The group epoch in which it began.
        state_epoch: i32,
        /// Where to begin; −1 leaves it to `share.auto.offset.reset`.
        start_offset: Offset,
    },
    /// ReadShareGroupState, from a leader that begins to serve the share-partition.
    Read {
        /// The leader's epoch: from now on older ones are refused.
        leader_epoch: LeaderEpoch,
    },
    /// WriteShareGroupState, from the leader.
    Write {
        /// The state epoch it has read.
        state_epoch: i32,
        /// The leader's epoch.
        leader_epoch: LeaderEpoch,
        /// SPSO.
        start_offset: Offset,
        /// What has changed.
        batches: Vec<StateBatch>,
    },
}

impl ShareStateRequest {
    /// The API.
    pub fn kind(&self) -> MessageKind {
        match self {
            ShareStateRequest::Initialize { .. } => MessageKind::InitializeShareGroupState,
            ShareStateRequest::Read { .. } => MessageKind::ReadShareGroupState,
            ShareStateRequest::Write { .. } => MessageKind::WriteShareGroupState,
        }
    }
}

/// A [`ShareStateRequest`] and whom it is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareGroupStateRequest {
    /// The group.
    pub group: GroupId,
    /// The partition.
    pub tp: TopicPartition,
    /// What is asked.
    pub what: ShareStateRequest,
}

/// The answer to a [`ShareGroupStateRequest`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareGroupStateResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// To a Read: the state epoch.
    pub state_epoch: i32,
    /// To a Read: SPSO, −1 when nobody has said yet where to begin.
    pub start_offset: Offset,
    /// To a Read: the records above it of which something is known.
    pub batches: Vec<StateBatch>,
}

impl ShareGroupStateResponse {
    /// An answer that carries only a verdict.
    pub fn of(error: ErrorCode) -> ShareGroupStateResponse {
        ShareGroupStateResponse { error, state_epoch: 0, start_offset: Offset::NONE, batches: Vec::new() }
    }
}
