//! One group: its members and its offsets.

use super::consumer::ConsumerGroup;
use super::shards::ReplyTo;
use super::share::ShareGroup;
use crate::assignor::Assignor;
use crate::collections::Map;
use crate::event::GroupState;
use crate::fact::CommittedFact;
use crate::ids::{Generation, GroupId, LeaderEpoch, MemberId, NodeId, Offset, ProducerId, TopicPartition};
use crate::protocol::Subscription;
use crate::time::{Duration, Instant};
use std::sync::Arc;

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
    /// Which offset of the group this is, in the order of the log: a transaction's does not replace a later one.
    pub(super) order: u64,
}

impl CommittedOffset {
    /// The same, for a trace.
    pub(super) fn fact(&self, tp: TopicPartition) -> CommittedFact {
        CommittedFact {
            tp,
            offset: self.offset,
            generation: self.generation,
            by: self.by.map(|member| NodeId(member.client)),
            accepted_at: self.committed_at,
        }
    }
}

/// One member of a classic group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupMember {
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// Silence after which it is removed.
    pub session_timeout: Duration,
    /// How long a rebalance waits for it.
    pub rebalance_timeout: Duration,
    /// The assignors it offers, most wanted first.
    pub protocols: Vec<Assignor>,
    /// What it subscribes to.
    pub subscription: Subscription,
    /// What it was given in this generation.
    pub assignment: Vec<TopicPartition>,
    /// When it was last heard.
    pub heard_at: Instant,
    /// Its JoinGroup, waiting for the others.
    pub(super) awaiting_join: Option<ReplyTo>,
    /// Its SyncGroup, waiting for the leader's.
    pub(super) awaiting_sync: Option<ReplyTo>,
}

impl GroupMember {
    /// When its session ends, were it not heard any more. Who waits for an answer is not timed.
    pub fn session_end(&self) -> Option<Instant> {
        (self.awaiting_join.is_none() && self.awaiting_sync.is_none()).then(|| self.heard_at + self.session_timeout)
    }
}

/// The first rebalance of an empty group waits for company, in windows (KIP-134).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct InitialDelay {
    /// How much longer it may be extended.
    pub remaining: Duration,
    /// Whether someone joined in this window.
    pub newcomer: bool,
}

/// A consumer group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Group {
    /// Which group.
    pub id: GroupId,
    /// What it is doing.
    pub state: GroupState,
    /// The current generation, or group epoch.
    pub generation: Generation,
    /// The member that computes assignments; none in a KIP-848 group.
    pub leader: Option<MemberId>,
    /// The assignor of this generation.
    pub protocol: Option<Assignor>,
    /// The members of the classic protocol by id.
    pub members: Map<MemberId, GroupMember>,
    /// Committed offsets.
    pub offsets: Map<TopicPartition, CommittedOffset>,
    /// Offsets written in transactions that are not decided here yet.
    pub pending: Map<ProducerId, Map<TopicPartition, CommittedOffset>>,
    /// Offsets taken in so far.
    pub(super) replayed: u64,
    /// Since when it has had no members: what offsets' retention counts from.
    pub empty_since: Instant,
    /// The members that speak KIP-848, when there are any.
    pub consumer: Option<Box<ConsumerGroup>>,
    /// Its members and assignment, when it is a share group.
    pub share: Option<Box<ShareGroup>>,
    /// The member behind each `group.instance.id`.
    pub(super) statics: Map<Arc<str>, MemberId>,
    /// Ids given out whose owner has not joined with them yet (KIP-394), and until when they are good.
    pub(super) pending_members: Map<MemberId, Instant>,
    /// How many ids each client was given.
    pub(super) incarnations: Map<u32, u32>,
    /// When the join or sync phase ends at the latest.
    pub(super) phase_deadline: Option<Instant>,
    pub(super) initial_delay: Option<InitialDelay>,
}

impl Group {
    /// A group nobody has joined yet.
    pub fn new(id: GroupId, now: Instant) -> Group {
        Group {
            id,
            state: GroupState::Empty,
            generation: Generation(0),
            leader: None,
            protocol: None,
            members: Map::new(),
            offsets: Map::new(),
            pending: Map::new(),
            replayed: 0,
            empty_since: now,
            consumer: None,
            share: None,
            statics: Map::new(),
            pending_members: Map::new(),
            incarnations: Map::new(),
            phase_deadline: None,
            initial_delay: None,
        }
    }

    /// Whether a transaction is about to replace the offset of a partition.
    pub fn is_unstable(&self, tp: TopicPartition) -> bool {
        self.pending.values().any(|offsets| offsets.contains_key(&tp))
    }

    /// The committed offsets, for a trace.
    pub(super) fn committed(&self) -> Vec<CommittedFact> {
        self.offsets.iter().map(|(tp, committed)| committed.fact(*tp)).collect()
    }

    /// Who may read what: each member's client, its number and its partitions.
    pub(super) fn holdings(&self) -> Vec<(NodeId, u32, Vec<TopicPartition>)> {
        let classic = self.members.iter().map(|(id, member)| (id, member.assignment.clone()));
        let modern = self.consumer.iter().flat_map(|consumer| &consumer.members);
        let modern = modern.map(|(id, member)| (id, member.current.partitions()));
        // Partitions of a share group are shared, so that nobody owns one.
        let sharers = self.share.iter().flat_map(|share| share.members.keys().map(|id| (id, Vec::new())));
        classic
            .chain(modern)
            .chain(sharers)
            .map(|(id, partitions)| (NodeId(id.client), id.incarnation, partitions))
            .collect()
    }

    /// Whether anyone is in it.
    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
            || self.consumer.as_ref().is_some_and(|consumer| !consumer.members.is_empty())
            || self.share.as_ref().is_some_and(|share| !share.members.is_empty())
    }

    /// A new id for a client.
    pub(super) fn next_member_id(&mut self, client: u32) -> MemberId {
        let incarnation = self.incarnations.entry(client).or_default();
        *incarnation += 1;
        MemberId { client, incarnation: *incarnation }
    }

    /// The longest rebalance timeout of any member: how long a join phase may take.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or(Duration::ZERO)
    }

    /// When the next thing runs out: a phase, a session, an id nobody used.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let sessions = self.members.values().filter_map(GroupMember::session_end).min();
        let pending = self.pending_members.values().copied().min();
        let consumer = self.consumer.as_ref().and_then(|consumer| consumer.next_deadline());
        let share = self.share.as_ref().and_then(|share| share.next_deadline());
        [self.phase_deadline, sessions, pending, consumer, share].into_iter().flatten().min()
    }
}
