//! One group: its members and its offsets.

use super::shards::ReplyTo;
use crate::collections::{Map, Set};
use crate::event::GroupState;
use crate::fact::CommittedFact;
use crate::ids::{Generation, GroupId, LeaderEpoch, NodeId, Offset, TopicId, TopicPartition};
use crate::protocol::MemberId;
use crate::time::{Duration, Instant};

/// Where a group goes on in one partition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: Offset,
    /// The epoch of the last record read.
    pub leader_epoch: LeaderEpoch,
    /// When the coordinator took it.
    pub committed_at: Instant,
    /// Who committed; Kafka does not keep it, the trace wants to know.
    pub by: Option<MemberId>,
    /// In which generation.
    pub generation: Generation,
}

/// One member of a classic group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupMember {
    /// Silence after which it is removed.
    pub session_timeout: Duration,
    /// How long a rebalance waits for it.
    pub rebalance_timeout: Duration,
    /// Topics it subscribes to.
    pub subscription: Vec<TopicId>,
    /// What it was given in this generation.
    pub assignment: Vec<TopicPartition>,
    /// When it was last heard.
    pub heard_at: Instant,
    /// Its JoinGroup, waiting for the others.
    pub(super) awaiting_join: Option<ReplyTo>,
    /// Its SyncGroup, waiting for the leader's.
    pub(super) awaiting_sync: Option<ReplyTo>,
}

/// A classic consumer group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Group {
    /// Which group.
    pub id: GroupId,
    /// What it is doing.
    pub state: GroupState,
    /// The current generation.
    pub generation: Generation,
    /// The member that computes assignments.
    pub leader: Option<MemberId>,
    /// The members by id.
    pub members: Map<MemberId, GroupMember>,
    /// Committed offsets.
    pub offsets: Map<TopicPartition, CommittedOffset>,
    /// Ids given out whose owner has not joined with them yet (KIP-394).
    pub(super) pending_members: Set<MemberId>,
    /// How many ids each client was given.
    pub(super) incarnations: Map<u32, u32>,
    /// When the join or sync phase ends at the latest.
    pub(super) phase_deadline: Option<Instant>,
    /// The first rebalance of an empty group waits for company until then.
    pub(super) initial_delay: bool,
}

impl Group {
    /// A group nobody has joined yet.
    pub fn new(id: GroupId) -> Group {
        Group {
            id,
            state: GroupState::Empty,
            generation: Generation(0),
            leader: None,
            members: Map::new(),
            offsets: Map::new(),
            pending_members: Set::new(),
            incarnations: Map::new(),
            phase_deadline: None,
            initial_delay: false,
        }
    }

    /// The committed offsets, for a trace.
    pub(super) fn committed(&self) -> Vec<CommittedFact> {
        let fact = |(tp, committed): (&TopicPartition, &CommittedOffset)| CommittedFact {
            tp: *tp,
            offset: committed.offset,
            generation: committed.generation,
            by: committed.by.map(|member| NodeId(member.client)),
            accepted_at: committed.committed_at,
        };
        self.offsets.iter().map(fact).collect()
    }

    /// The longest rebalance timeout of any member: how long a join phase may take.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or(Duration::ZERO)
    }

    /// When the next member's session ends, were nobody heard any more. Members in a join phase are waited for, not timed.
    pub(super) fn next_session_end(&self) -> Option<Instant> {
        self.members
            .values()
            .filter(|member| member.awaiting_join.is_none())
            .map(|member| member.heard_at + member.session_timeout)
            .min()
    }
}
