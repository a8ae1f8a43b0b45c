//! Consumer groups: what the coordinator has written down, and what each consumer believes and does.

use super::stage::ProcessView;
use crate::coordinator::MemberPhase;
use crate::event::GroupState;
use crate::ids::*;
use crate::share::ShareRecordState;
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// A consumer group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupView {
    /// Which group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Its state at the coordinator; Empty when there is none.
    pub state: GroupState,
    /// Its generation; the group epoch of a KIP-848 group.
    pub generation: Generation,
    /// Whether it is a share group (KIP-932): its members share the partitions.
    pub share: bool,
    /// Share group: the records of each partition between SPSO and SPEO.
    pub shared: Vec<SharePartitionView>,
    /// Whether its members speak KIP-848 (`group.protocol=consumer`).
    pub modern: bool,
    /// The assignor in use, by Kafka's name; none before the first assignment.
    pub assignor: Option<&'static str>,
    /// KIP-848: the epoch the target assignment was computed for.
    pub target_epoch: Option<Generation>,
    /// The broker that coordinates it.
    pub coordinator: Option<BrokerId>,
    /// The members the coordinator counts on, dead ones included until their session ends.
    pub registered: Vec<RegisteredView>,
    /// The consumers the scenario gives it, members or not.
    pub members: Vec<MemberView>,
    /// Committed offset, log end (high watermark) and lag per partition of its topics.
    pub offsets: Vec<GroupOffsetView>,
}

/// What a consumer's application does right now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ConsumerActivity {
    /// It is not a member of a generation.
    #[default]
    Joining,
    /// It waits for records.
    Polling,
    /// It processes this record.
    Processing(RecordId),
    /// It waits for a commit.
    Committing,
}

/// One consumer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberView {
    /// Its address.
    pub node: NodeId,
    /// Its name in the scenario.
    pub name: String,
    /// Whether it works.
    pub process: ProcessView,
    /// What it does.
    pub activity: ConsumerActivity,
    /// Its generation, −1 for none.
    pub generation: Generation,
    /// Its partitions with the next offset `poll` returns; −1 while it is looked up.
    pub positions: Vec<(TopicPartition, Offset)>,
    /// The clocks of its two threads, while its process is not down.
    pub clocks: Option<ClocksView>,
    /// Its producer opened, when the program also writes.
    pub inside: Option<Box<super::stage::ProducerInside>>,
}

/// The two clocks a consumer is measured by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClocksView {
    /// When the heartbeat thread last spoke to the coordinator.
    pub heartbeat_at: Option<Instant>,
    /// When the application's thread last called `poll`; now, while it is inside.
    pub last_poll: Instant,
    /// `max.poll.interval.ms`: the heartbeat thread leaves the group when `poll` was not called for longer.
    pub max_poll_interval: Duration,
}

/// A member as its coordinator has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisteredView {
    /// Its id.
    pub member: MemberId,
    /// The process behind it.
    pub node: NodeId,
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// Its generation or member epoch.
    pub epoch: Generation,
    /// What it may read.
    pub assigned: Vec<TopicPartition>,
    /// KIP-848: what it shall have in the end.
    pub target: Vec<TopicPartition>,
    /// KIP-848: where it stands on the way there.
    pub phase: Option<MemberPhase>,
    /// When it was last heard.
    pub heard_at: Instant,
    /// Silence after which it is put out of the group.
    pub session_timeout: Duration,
    /// Whether its JoinGroup or SyncGroup is waiting for the others: nobody times it meanwhile.
    pub waits: bool,
}

/// A share group's records in one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharePartitionView {
    /// The partition.
    pub tp: TopicPartition,
    /// SPSO: everything below is done.
    pub start: Offset,
    /// SPEO: nothing from here on was ever acquired.
    pub end: Offset,
    /// What lies between them.
    pub cells: Vec<ShareCellView>,
}

/// One record of a share group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShareCellView {
    /// Where it stands.
    pub offset: Offset,
    /// Its state.
    pub state: ShareRecordState,
    /// How often it was delivered.
    pub delivery_count: i16,
    /// Who has it.
    pub holder: Option<NodeId>,
    /// When its lock ends.
    pub until: Option<Instant>,
}

/// A group's place in one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupOffsetView {
    /// The partition.
    pub tp: TopicPartition,
    /// The committed offset, or none; a share group's start offset (SPSO).
    pub committed: Option<Offset>,
    /// The leader's high watermark.
    pub high_watermark: Offset,
    /// Records between the committed offset and the high watermark.
    pub lag: i64,
}
