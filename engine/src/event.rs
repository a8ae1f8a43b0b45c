//! What happened, in the past tense. Every event carries its cause in the trace (see [`crate::history`]).

use crate::audit::{Guarantee, Promise, Reasons};
use crate::ids::*;
use crate::protocol::{ErrorCode, MessageKind};
use crate::share::{ShareRecordState, ShareSettled};
use crate::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum StopKind {
    /// The process was killed; its page cache survives, its connections break.
    Crash,
    /// The machine lost power; the page cache is gone, the peers hear nothing.
    Power,
    /// It stopped in order.
    Graceful,
}

/// Why a log was cut.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum TruncationReason {
    /// The leader's log parts from this one at an epoch boundary (KIP-101, KIP-595).
    DivergingEpoch,
    /// The follower's log is longer than the leader's: an unclean election.
    LeaderShorter,
    /// The follower cut at its own high watermark, as all did before leader epochs (KIP-101).
    HighWatermark,
    /// The unflushed tail was lost with the power.
    PowerLoss,
    /// The disk with the log is gone.
    DiskLost,
    /// Recovery found a batch whose bytes are not whole.
    Corrupt,
}

impl TruncationReason {
    /// Whether what is gone was lost with a disk or with what had not reached it.
    pub fn loses_unflushed(self) -> bool {
        matches!(self, TruncationReason::PowerLoss | TruncationReason::Corrupt | TruncationReason::DiskLost)
    }
}

/// Why a log begins later than before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum LogStartReason {
    /// Whole segments were too old or too many.
    Retention,
    /// Someone asked for it (DeleteRecords).
    DeleteRecords,
    /// A follower takes over its leader's beginning.
    Leader,
    /// A follower's log ended below its leader's beginning: it begins anew there.
    Reset,
}

/// Why a consumer's position was set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum PositionReason {
    /// From the group's committed offset.
    Committed,
    /// `auto.offset.reset=earliest`.
    ResetEarliest,
    /// `auto.offset.reset=latest`.
    ResetLatest,
    /// `auto.offset.reset=by_duration`.
    ResetByDuration,
    /// `seek`.
    Seek,
    /// The log was cut below the position; it goes on where the logs part (KIP-320).
    Truncation,
}

/// Why a member left its group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum LeaveReason {
    /// It said so.
    Leave,
    /// No heartbeat for `session.timeout.ms`.
    SessionTimeout,
    /// It did not join the rebalance in time, or give up what it had to.
    RebalanceTimeout,
    /// Another process took its `group.instance.id`.
    Replaced,
}

/// What `poll` threw that the application does not handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum PollFailure {
    /// Another process has the same `group.instance.id`.
    FencedInstanceId,
    /// The coordinator will not have it.
    Refused(ErrorCode),
    /// No committed offset and `auto.offset.reset=none` (`NoOffsetForPartitionException`).
    NoOffsetForPartition,
    /// The position is outside the log and `auto.offset.reset=none` (`OffsetOutOfRangeException`).
    OffsetOutOfRange,
    /// The log was cut below the position and `auto.offset.reset=none` (`LogTruncationException`).
    LogTruncation,
}

/// Why a message never arrived.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum DropReason {
    /// The link is cut.
    LinkCut,
    /// A person dropped just this message.
    Dropped,
    /// The receiver is not running.
    ReceiverDown,
    /// The connection broke while it was under way.
    ConnectionBroken,
}

/// The state of a classic consumer group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum GroupState {
    /// No members; offsets may be there.
    #[default]
    Empty,
    /// Collecting JoinGroup requests.
    PreparingRebalance,
    /// Waiting for the leader's assignment.
    CompletingRebalance,
    /// Everyone has an assignment.
    Stable,
    /// KIP-848: the target assignment is older than the group.
    Assigning,
    /// KIP-848: some member has not reached its target assignment.
    Reconciling,
}

impl GroupState {
    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
            GroupState::Assigning => "Assigning",
            GroupState::Reconciling => "Reconciling",
        }
    }
}

/// Where a transaction is in its life (`TransactionState`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum TransactionState {
    /// The transactional id has a producer, and no transaction.
    #[default]
    Empty,
    /// Partitions have joined it.
    Ongoing,
    /// It will commit, whatever happens: markers are being written.
    PrepareCommit,
    /// It will abort, whatever happens: markers are being written.
    PrepareAbort,
    /// It has committed, and every partition has its marker.
    CompleteCommit,
    /// It has aborted, and every partition has its marker.
    CompleteAbort,
}

impl TransactionState {
    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            TransactionState::Empty => "Empty",
            TransactionState::Ongoing => "Ongoing",
            TransactionState::PrepareCommit => "PrepareCommit",
            TransactionState::PrepareAbort => "PrepareAbort",
            TransactionState::CompleteCommit => "CompleteCommit",
            TransactionState::CompleteAbort => "CompleteAbort",
        }
    }
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A process started.
    NodeStarted { node: NodeId },
    /// A process ended.
    NodeStopped { node: NodeId, how: StopKind },
    /// A process stopped doing anything, as in a long garbage collection.
    NodePaused { node: NodeId },
    /// It goes on.
    NodeResumed { node: NodeId },
    /// Nothing passes between two nodes any more.
    LinkCut { from: NodeId, to: NodeId, fault: FaultId },
    /// The link works again.
    LinkHealed { from: NodeId, to: NodeId, fault: FaultId },
    /// A message never arrived.
    MessageDropped { envelope: EnvelopeId, from: NodeId, to: NodeId, kind: MessageKind, why: DropReason },
    /// A command could not be carried out.
    CommandRejected { reason: crate::command::Rejected },

    /// A controller leads the quorum; or a broker has won the race for `/controller`.
    ControllerElected { node: NodeId, epoch: LeaderEpoch },
    /// The controller registered an incarnation of a broker; or its znode in ZooKeeper is there.
    BrokerRegistered { broker: BrokerId, epoch: BrokerEpoch },
    /// The controller had no heartbeat from a broker for `broker.session.timeout.ms`, or it stops in order.
    BrokerFenced { broker: BrokerId, silent_for: Duration },
    /// ZooKeeper has not heard a broker for `zookeeper.session.timeout.ms`: its session is over, and its znodes are gone.
    SessionExpired { node: NodeId, silent_for: Duration },
    /// A broker did not listen to a controller that was replaced (STALE_CONTROLLER_EPOCH).
    ControllerRefused { broker: BrokerId, controller: BrokerId, epoch: i32, known: i32 },
    /// The controller lets a broker take part again.
    BrokerUnfenced { broker: BrokerId },
    /// A topic was created.
    TopicCreated { topic: TopicId, partitions: i32 },
    /// The controller gave a partition a leader.
    LeaderElected { tp: TopicPartition, from: BrokerId, leader: BrokerId, epoch: LeaderEpoch, unclean: bool },
    /// No replica may lead: the partition is offline.
    PartitionOffline { tp: TopicPartition, epoch: LeaderEpoch },
    /// The controller wrote down a new ISR.
    IsrChanged { tp: TopicPartition, from: Vec<BrokerId>, isr: Vec<BrokerId> },
    /// The controller wrote down who is eligible to lead although it left the ISR (KIP-966).
    ElrChanged { tp: TopicPartition, from: Vec<BrokerId>, elr: Vec<BrokerId> },
    /// A partition's assignment changed: a reassignment began, was cancelled, or is complete.
    ReassignmentChanged { tp: TopicPartition, replicas: Vec<BrokerId>, adding: Vec<BrokerId>, removing: Vec<BrokerId> },
    /// A topic has more partitions now.
    PartitionsCreated { topic: TopicId, partitions: i32 },
    /// A topic was deleted.
    TopicDeleted { topic: TopicId },
    /// A topic's setting was changed.
    ConfigChanged { topic: TopicId, name: String, value: String },
    /// The controller refused what an administrator asked for.
    AdminRefused { api: String, error: ErrorCode },
    /// A broker deleted a replica: its topic is gone, or a reassignment took the replica away.
    ReplicaDeleted { broker: BrokerId, tp: TopicPartition },

    /// A broker began to lead in an epoch.
    LeaderActivated {
        broker: BrokerId,
        tp: TopicPartition,
        epoch: LeaderEpoch,
        log_end_offset: Offset,
        high_watermark: Offset,
    },
    /// A broker began to follow.
    FollowerActivated { broker: BrokerId, tp: TopicPartition, epoch: LeaderEpoch, leader: BrokerId },
    /// Records entered a log.
    RecordsAppended {
        broker: BrokerId,
        tp: TopicPartition,
        base_offset: Offset,
        records: Vec<RecordId>,
        count: u32,
        /// Where the log ends now: behind a gap when the cleaner has left nothing at the end of the batch.
        end: Offset,
        epoch: LeaderEpoch,
        /// Id and epoch of the producer, when it is idempotent.
        producer: Option<(ProducerId, i16)>,
        as_leader: bool,
    },
    /// The broker recognised a batch it already had and appended nothing.
    DuplicateRecognised { broker: BrokerId, tp: TopicPartition, base_offset: Offset },
    /// A replica's high watermark moved up.
    HighWatermarkAdvanced { broker: BrokerId, tp: TopicPartition, from: Offset, to: Offset, as_leader: bool },
    /// A log was cut.
    LogTruncated { broker: BrokerId, tp: TopicPartition, from: Offset, to: Offset, why: TruncationReason },
    /// A leader wants a follower out of the ISR because it lags.
    IsrShrinkProposed { broker: BrokerId, tp: TopicPartition, out: Vec<BrokerId> },
    /// A leader wants a follower back in the ISR.
    IsrExpandProposed { broker: BrokerId, tp: TopicPartition, joining: BrokerId },
    /// A log begins later than before: what lies below is gone.
    LogStartRaised { broker: BrokerId, tp: TopicPartition, from: Offset, to: Offset, why: LogStartReason },
    /// A log was compacted.
    LogCompacted {
        broker: BrokerId,
        tp: TopicPartition,
        to: Offset,
        records_before: u64,
        records_after: u64,
        bytes_before: u64,
        bytes_after: u64,
        /// Offsets whose records are gone, ascending.
        gone: Vec<Offset>,
    },
    /// After an unclean stop a log was read from the segment of its recovery point on.
    LogRecovered { broker: BrokerId, tp: TopicPartition, from: Offset, scanned: u64, cut: bool },
    /// Someone checked a batch's CRC and it did not match.
    CorruptBatchFound { node: NodeId, tp: TopicPartition, base_offset: Offset },
    /// A broker's only log directory failed: it halts.
    LogDirFailed { broker: BrokerId },
    /// A broker's setting was changed.
    BrokerConfigChanged { broker: BrokerId, name: String, value: String },
    /// A log was fsynced.
    LogFlushed { broker: BrokerId, tp: TopicPartition, to: Offset },

    /// An application handed a record to its producer.
    RecordSent { producer: NodeId, record: RecordId, tp: TopicPartition, key: Option<String> },
    /// The producer was told that a record is stored; offset −1 with `acks=0`.
    RecordAcked { producer: NodeId, record: RecordId, tp: TopicPartition, offset: Offset, leader_epoch: LeaderEpoch },
    /// The producer gave up on a record.
    SendFailed { producer: NodeId, record: RecordId, tp: TopicPartition, error: ErrorCode, maybe_written: bool },
    /// A batch is sent again because of an error.
    ProduceRetried { producer: NodeId, tp: TopicPartition, error: ErrorCode, attempt: u32 },
    /// `send` waits: `buffer.memory` is used up.
    SendBlocked { producer: NodeId, record: RecordId },
    /// The broker found a batch too large: it is sent again in parts.
    BatchSplit { producer: NodeId, tp: TopicPartition, parts: u32 },
    /// An idempotent producer was given its id.
    ProducerIdObtained { producer: NodeId, id: ProducerId, epoch: i16 },
    /// A sequence was lost: the producer goes on in a new epoch, from sequence 0.
    ProducerEpochBumped { producer: NodeId, id: ProducerId, epoch: i16 },
    /// A transactional producer begins a transaction: nobody else knows of it yet.
    TransactionBegun { producer: NodeId, number: u32 },
    /// A transactional producer was told that its transaction is decided.
    TransactionEnded { producer: NodeId, number: u32, committed: bool },
    /// A transactional producer must abort, or give up for good.
    TransactionFailed { producer: NodeId, error: ErrorCode, fatal: bool },
    /// The state of a transactional id is committed in `__transaction_state`.
    TransactionStateChanged {
        broker: BrokerId,
        transactional: TransactionalId,
        state: TransactionState,
        id: ProducerId,
        epoch: i16,
        /// Those that have joined it; none when it is over.
        partitions: Vec<TopicPartition>,
    },
    /// A leader wrote the marker that ends a transaction in its partition.
    MarkerWritten { broker: BrokerId, tp: TopicPartition, id: ProducerId, committed: bool, offset: Offset },
    /// A client got no answer within `request.timeout.ms`.
    RequestTimedOut { client: NodeId, to: NodeId, kind: MessageKind },

    /// A consumer group changed its state.
    GroupStateChanged { group: GroupId, state: GroupState, generation: Generation },
    /// A member joined a group.
    MemberJoined { group: GroupId, client: NodeId },
    /// A member is no longer in a group.
    MemberLeft { group: GroupId, client: NodeId, why: LeaveReason },
    /// A broker became coordinator of a group and read its state from the log.
    CoordinatorLoaded { broker: BrokerId, group: GroupId },
    /// A consumer got partitions.
    PartitionsAssigned { client: NodeId, group: GroupId, generation: Generation, partitions: Vec<TopicPartition> },
    /// A consumer gave partitions up, or lost them.
    PartitionsRevoked { client: NodeId, group: GroupId, partitions: Vec<TopicPartition>, lost: bool },
    /// A consumer's position was set other than by reading.
    PositionSet { client: NodeId, group: GroupId, tp: TopicPartition, to: Offset, why: PositionReason },
    /// A consumer reads a partition from this replica now, which the leader named (KIP-392); none: from the leader again.
    ReadReplicaChanged { client: NodeId, group: GroupId, tp: TopicPartition, replica: Option<BrokerId> },
    /// `poll` handed records to the application; `position` is the consumer's after them.
    RecordsPolled {
        client: NodeId,
        group: GroupId,
        tp: TopicPartition,
        records: Vec<(Offset, RecordId)>,
        position: Offset,
    },
    /// The application processed a record.
    RecordProcessed { client: NodeId, group: GroupId, tp: TopicPartition, offset: Offset, record: RecordId },
    /// A group's committed offset is in `__consumer_offsets`.
    OffsetCommitted {
        group: GroupId,
        tp: TopicPartition,
        offset: Offset,
        by: Option<NodeId>,
        /// The generation or member epoch of the request; −1 without membership.
        generation: Generation,
        /// When the coordinator took it.
        accepted_at: Instant,
    },
    /// The coordinator withholds offsets that a transaction is about to replace: the consumer has to ask again.
    OffsetsUnstable { client: NodeId, group: GroupId, partitions: Vec<TopicPartition> },
    /// A program made a record out of one it had read.
    RecordDerived { client: NodeId, from: RecordId, record: RecordId },
    /// Offsets of a group without members, or of topics it no longer reads, were kept long enough.
    OffsetsExpired { group: GroupId, partitions: Vec<TopicPartition> },
    /// `poll` threw, and the application ended.
    ConsumerFailed { client: NodeId, group: GroupId, why: PollFailure },
    /// A commit was refused.
    CommitRefused { client: NodeId, group: GroupId, error: ErrorCode },

    /// The leader of a share-partition has read its state and gives its records out from now on.
    SharePartitionLoaded {
        broker: BrokerId,
        group: GroupId,
        tp: TopicPartition,
        start: Offset,
        leader_epoch: LeaderEpoch,
    },
    /// A member of a share group acquired records: nobody else gets them while its lock lasts.
    RecordsAcquired {
        broker: BrokerId,
        group: GroupId,
        tp: TopicPartition,
        client: NodeId,
        first: Offset,
        last: Offset,
        /// Which delivery this is, from 1.
        delivery_count: i16,
    },
    /// Acquired records are not acquired any more.
    RecordsSettled {
        broker: BrokerId,
        group: GroupId,
        tp: TopicPartition,
        /// Who had them.
        client: NodeId,
        first: Offset,
        last: Offset,
        state: ShareRecordState,
        delivery_count: i16,
        why: ShareSettled,
    },
    /// A member's locks began anew (KIP-1222).
    LocksRenewed { broker: BrokerId, group: GroupId, tp: TopicPartition, client: NodeId, first: Offset, last: Offset },
    /// Everything below is done for a share group (SPSO).
    ShareStartAdvanced { broker: BrokerId, group: GroupId, tp: TopicPartition, from: Offset, to: Offset },
    /// `poll` handed acquired records to the application of a share group's member.
    ShareRecordsPolled {
        client: NodeId,
        group: GroupId,
        tp: TopicPartition,
        records: Vec<(Offset, RecordId)>,
        delivery_count: i16,
    },
    /// What a member said of its records was refused, or came to nothing.
    AcknowledgementRefused { client: NodeId, group: GroupId, tp: TopicPartition, error: ErrorCode },
    /// An application could not process a record.
    ProcessingFailed { client: NodeId, group: GroupId, tp: TopicPartition, offset: Offset, record: RecordId },

    /// A database applied a record's effect.
    EffectApplied { database: NodeId, record: RecordId, times: u32 },
    /// A database refused a record it had already applied.
    EffectDeduplicated { database: NodeId, record: RecordId },

    /// A queue took a message.
    QueueStored { queue: QueueId, record: RecordId },
    /// A queue handed a message to a consumer.
    QueueDelivered { queue: QueueId, record: RecordId, consumer: NodeId, redelivered: bool },
    /// A worker processed a message.
    QueueProcessed { queue: QueueId, record: RecordId, consumer: NodeId },
    /// A consumer acknowledged a message: it is gone.
    QueueRemoved { queue: QueueId, record: RecordId, consumer: NodeId },
    /// A message went back to its place in the queue.
    QueueRequeued { queue: QueueId, record: RecordId, consumer: NodeId },
    /// A message was discarded: it was refused without requeue.
    QueueDiscarded { queue: QueueId, record: RecordId, consumer: NodeId },
    /// A message was lost with the queue broker's process: it was not persistent.
    QueueLost { queue: QueueId, record: RecordId },

    /// An acknowledged record is not in the log of the new leader.
    AckedRecordLost { record: RecordId, tp: TopicPartition, offset: Offset, leader: BrokerId },
    /// A record stands a second time in a log.
    RecordDuplicated { record: RecordId, tp: TopicPartition, offset: Offset },
    /// A group's new owner starts behind a record no member has processed: the group will not see it.
    RecordSkipped { record: RecordId, group: GroupId, tp: TopicPartition, offset: Offset },
    /// A group processed a record a second time.
    RecordReprocessed { record: RecordId, group: GroupId, tp: TopicPartition, offset: Offset, times: u32 },

    /// Records sent with `acks=0` will never be in a log, and nobody is told.
    SendVanished { tp: TopicPartition, records: Vec<RecordId> },
    /// A promise was broken although nothing allowed it.
    PromiseBroken { promise: Promise, tp: Option<TopicPartition>, broker: Option<BrokerId>, group: Option<GroupId> },
    /// A guarantee was given up, as the configuration allows. `back` says that what was lost is there again.
    GuaranteeGivenUp {
        guarantee: Guarantee,
        tp: TopicPartition,
        record: Option<RecordId>,
        offset: Option<Offset>,
        group: Option<GroupId>,
        back: bool,
        because: Reasons,
    },
}

impl Event {
    /// The variant's name, as scenarios and filters write it.
    pub fn name(&self) -> &'static str {
        macro_rules! names {
            ($($variant:ident)*) => { match self { $( Event::$variant { .. } => stringify!($variant), )* } };
        }
        names! {
            NodeStarted NodeStopped NodePaused NodeResumed LinkCut LinkHealed MessageDropped CommandRejected
            ControllerElected BrokerRegistered BrokerFenced SessionExpired ControllerRefused BrokerUnfenced TopicCreated LeaderElected PartitionOffline IsrChanged
            ElrChanged ReassignmentChanged PartitionsCreated TopicDeleted ConfigChanged AdminRefused ReplicaDeleted
            LeaderActivated FollowerActivated RecordsAppended DuplicateRecognised HighWatermarkAdvanced LogTruncated
            IsrShrinkProposed IsrExpandProposed LogFlushed RecordSent RecordAcked SendFailed ProduceRetried
            TransactionBegun TransactionEnded TransactionFailed TransactionStateChanged MarkerWritten
            SendBlocked BatchSplit ProducerIdObtained ProducerEpochBumped
            LogStartRaised LogCompacted LogRecovered CorruptBatchFound LogDirFailed
            BrokerConfigChanged
            RequestTimedOut GroupStateChanged MemberJoined MemberLeft CoordinatorLoaded PartitionsAssigned
            PartitionsRevoked PositionSet ReadReplicaChanged RecordsPolled RecordProcessed OffsetCommitted OffsetsUnstable RecordDerived
            OffsetsExpired ConsumerFailed CommitRefused SharePartitionLoaded RecordsAcquired RecordsSettled LocksRenewed
            ShareStartAdvanced ShareRecordsPolled AcknowledgementRefused ProcessingFailed EffectApplied
            EffectDeduplicated QueueStored QueueDelivered QueueProcessed QueueRemoved QueueRequeued QueueDiscarded
            QueueLost AckedRecordLost RecordDuplicated RecordSkipped RecordReprocessed SendVanished PromiseBroken GuaranteeGivenUp
        }
    }

    /// Every name [`Event::name`] can return.
    pub const NAMES: &'static [&'static str] = &[
        "NodeStarted",
        "NodeStopped",
        "NodePaused",
        "NodeResumed",
        "LinkCut",
        "LinkHealed",
        "MessageDropped",
        "CommandRejected",
        "ControllerElected",
        "BrokerRegistered",
        "BrokerFenced",
        "SessionExpired",
        "ControllerRefused",
        "BrokerUnfenced",
        "TopicCreated",
        "LeaderElected",
        "PartitionOffline",
        "IsrChanged",
        "ElrChanged",
        "ReassignmentChanged",
        "PartitionsCreated",
        "TopicDeleted",
        "ConfigChanged",
        "AdminRefused",
        "ReplicaDeleted",
        "LeaderActivated",
        "FollowerActivated",
        "RecordsAppended",
        "DuplicateRecognised",
        "HighWatermarkAdvanced",
        "LogTruncated",
        "IsrShrinkProposed",
        "IsrExpandProposed",
        "LogFlushed",
        "LogStartRaised",
        "LogCompacted",
        "LogRecovered",
        "CorruptBatchFound",
        "LogDirFailed",
        "BrokerConfigChanged",
        "RecordSent",
        "RecordAcked",
        "SendFailed",
        "ProduceRetried",
        "TransactionBegun",
        "TransactionEnded",
        "TransactionFailed",
        "TransactionStateChanged",
        "MarkerWritten",
        "SendBlocked",
        "BatchSplit",
        "ProducerIdObtained",
        "ProducerEpochBumped",
        "RequestTimedOut",
        "GroupStateChanged",
        "MemberJoined",
        "MemberLeft",
        "CoordinatorLoaded",
        "PartitionsAssigned",
        "PartitionsRevoked",
        "PositionSet",
        "ReadReplicaChanged",
        "RecordsPolled",
        "RecordProcessed",
        "OffsetCommitted",
        "OffsetsUnstable",
        "RecordDerived",
        "OffsetsExpired",
        "ConsumerFailed",
        "CommitRefused",
        "SharePartitionLoaded",
        "RecordsAcquired",
        "RecordsSettled",
        "LocksRenewed",
        "ShareStartAdvanced",
        "ShareRecordsPolled",
        "AcknowledgementRefused",
        "ProcessingFailed",
        "EffectApplied",
        "EffectDeduplicated",
        "QueueStored",
        "QueueDelivered",
        "QueueProcessed",
        "QueueRemoved",
        "QueueRequeued",
        "QueueDiscarded",
        "QueueLost",
        "AckedRecordLost",
        "RecordDuplicated",
        "RecordSkipped",
        "RecordReprocessed",
        "SendVanished",
        "PromiseBroken",
        "GuaranteeGivenUp",
    ];
}
