//! Facts for checkers: what happened on one node's disk, in one coordinator or on the wire, in more detail than a page
//! shows. They are built only while someone traces or checks promises (see [`crate::sim::Observe`]), and stand in one
//! order with the events of [`crate::event`]; a fact stands before the event it says more about.
//!
//! Whoever adds a protocol notes its facts here and says in [`crate::trace`] how they are written.

use crate::collections::Map;
use crate::controller::MetadataRecord;
use crate::event::GroupState;
use crate::ids::*;
use crate::protocol::{ErrorCode, MessageKind};
use crate::storage::RecordBatch;
use crate::time::Instant;
use std::sync::Arc;

/// What a controller is in its quorum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QuorumRole {
    /// It leads.
    Leader,
    /// It follows.
    Follower,
    /// It asks for votes.
    Candidate,
    /// It asks whether an election could be won (KIP-996).
    Prospective,
    /// It knows no leader.
    Unattached,
}

impl QuorumRole {
    /// The name in traces.
    pub fn name(self) -> &'static str {
        match self {
            QuorumRole::Leader => "leader",
            QuorumRole::Follower => "follower",
            QuorumRole::Candidate => "candidate",
            QuorumRole::Prospective => "prospective",
            QuorumRole::Unattached => "unattached",
        }
    }
}

/// An offset commit as the coordinator's log holds it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CommittedFact {
    /// Which partition.
    pub tp: TopicPartition,
    /// Where the group goes on.
    pub offset: Offset,
    /// The generation or member epoch of the request; −1 without membership.
    pub generation: Generation,
    /// The member's client.
    pub by: Option<NodeId>,
    /// When the coordinator validated it.
    pub accepted_at: Instant,
}

/// A fact.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Fact {
    /// A batch entered a log.
    Appended { broker: BrokerId, tp: TopicPartition, batch: Arc<RecordBatch>, as_leader: bool },
    /// A cleaner took values, neither tombstones nor of aborted transactions: their offsets and keys; and of each of these
    /// keys the last offset that stays.
    ValuesCleaned { broker: BrokerId, tp: TopicPartition, gone: Vec<(Offset, Vec<u8>)>, last: Map<Vec<u8>, Offset> },
    /// A restarted broker begins with the high watermark of its checkpoint.
    HighWatermarkLoaded { broker: BrokerId, tp: TopicPartition, to: Offset },
    /// A broker learned that a partition it holds has no leader.
    ReplicaOffline { broker: BrokerId, tp: TopicPartition, epoch: LeaderEpoch },
    /// A broker has acted on the metadata log up to and with this offset.
    MetadataApplied { broker: BrokerId, offset: Offset },

    /// Records entered a controller's metadata log.
    MetadataAppended { node: NodeId, epoch: i32, records: Vec<(Offset, Arc<MetadataRecord>)> },
    /// A controller's metadata log was cut.
    MetadataTruncated { node: NodeId, to: Offset },
    /// Metadata records are committed: one decision, or several.
    MetadataCommitted { epoch: i32, records: Vec<(Offset, Arc<MetadataRecord>)> },
    /// ZooKeeper wrote a znode that is about the cluster: the same as records, all of one write; of a topic that is created
    /// also how many partitions and replicas it has.
    ZnodeWritten { epoch: i32, offset: Offset, records: Vec<Arc<MetadataRecord>>, partitions: (usize, usize) },
    /// A controller's state in its quorum changed.
    QuorumState {
        node: NodeId,
        epoch: i32,
        role: QuorumRole,
        voted: Option<NodeId>,
        high_watermark: Offset,
        log_end_offset: Offset,
    },

    /// A group as its coordinator sees it now: members by client and incarnation, with what each was given.
    GroupSnapshot {
        group: GroupId,
        generation: Generation,
        state: GroupState,
        members: Vec<(NodeId, u32, Vec<TopicPartition>)>,
    },
    /// Offset commits of one request became the group's.
    OffsetsCommitted { group: GroupId, commits: Vec<CommittedFact> },
    /// A coordinator that has just loaded the group knows these offsets.
    OffsetsLoaded { group: GroupId, commits: Vec<CommittedFact> },
    /// A consumer asks for a commit; `commit` numbers its commits since its start. Not `sent` when it knows no coordinator.
    CommitInvoked {
        client: NodeId,
        group: GroupId,
        commit: u32,
        generation: Generation,
        offsets: Vec<(TopicPartition, Offset)>,
        auto: bool,
    },
    /// What the consumer learned about a commit.
    CommitReturned { client: NodeId, commit: u32, error: ErrorCode, maybe_written: bool },

    /// A message was put on the network.
    MessageSent { envelope: EnvelopeId, from: NodeId, to: NodeId, kind: MessageKind, response: bool },
    /// A message arrived at a running process.
    MessageDelivered { envelope: EnvelopeId, from: NodeId, to: NodeId, kind: MessageKind, response: bool },
}
