//! The stage: who is there and what each of them holds.

use super::group::GroupView;
use crate::client::ClientTransactionState;
use crate::config::Acks;
use crate::ids::*;
use crate::protocol::ErrorCode;
use crate::time::{Duration, Instant};
use crate::zookeeper::Zxid;

/// What of a simulation is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lens {
    /// Only these topics; empty for every user topic. Internal topics are only shown when named.
    pub topics: Vec<TopicId>,
    /// Of every log only the offsets so close below the end of one of the partition's logs, so that replicas can be
    /// compared where one of them ends; 0 for all.
    pub newest_offsets: u32,
}

/// Everything the stage shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StageView {
    /// The moment.
    pub now: Instant,
    /// The controller, when the world has a Kafka cluster.
    pub controller: Option<ControllerView>,
    /// What is in ZooKeeper, in a cluster that has it instead of a controller.
    pub keeper: Option<ZooKeeperView>,
    /// The voters of the quorum; empty with a single controller.
    pub quorum: Vec<VoterView>,
    /// The brokers by id.
    pub brokers: Vec<BrokerView>,
    /// The partitions shown, by topic and number.
    pub partitions: Vec<PartitionView>,
    /// The producers in the order of the scenario.
    pub producers: Vec<ProducerView>,
    /// The groups in the order of the scenario.
    pub groups: Vec<GroupView>,
    /// The queues of classic queue brokers.
    pub queues: Vec<QueueView>,
    /// What stands beside the brokers and keeps something: the applications' databases, and ZooKeeper.
    pub stores: Vec<StoreView>,
    /// Fault rules in force on the network.
    pub faults: Vec<FaultView>,
}

/// Whether a process works.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ProcessView {
    /// It works.
    #[default]
    Running,
    /// It is frozen since then.
    Paused(Instant),
    /// It is down since then.
    Down(Instant),
}

/// The controller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControllerView {
    /// Its address.
    pub node: NodeId,
    /// Whether it works.
    pub process: ProcessView,
    /// Committed end of the metadata log; with ZooKeeper its last transaction.
    pub metadata_offset: Offset,
    /// Whether it is the ZooKeeper through which one of the brokers became the controller.
    pub zookeeper: bool,
}

/// A voter of the controllers' quorum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoterView {
    /// Its address.
    pub node: NodeId,
    /// Whether it works.
    pub process: ProcessView,
    /// What it is in the quorum.
    pub role: crate::fact::QuorumRole,
    /// Whether it decides now.
    pub active: bool,
    /// The epoch it knows.
    pub epoch: LeaderEpoch,
    /// The end of its metadata log.
    pub log_end_offset: Offset,
    /// The committed end it knows.
    pub high_watermark: Offset,
    /// Whom it voted for in its epoch.
    pub voted: Option<NodeId>,
}

/// A broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerView {
    /// `node.id`.
    pub id: BrokerId,
    /// Its address.
    pub node: NodeId,
    /// Whether it works.
    pub process: ProcessView,
    /// Whether the controller has fenced it (or does not know it yet).
    pub fenced: bool,
    /// When the controller last heard it.
    pub last_heartbeat: Option<Instant>,
    /// Groups it coordinates.
    pub coordinates: Vec<GroupId>,
    /// In a cluster with ZooKeeper: the epoch in which it believes to be the controller.
    pub controls: Option<LeaderEpoch>,
    /// How far it has read the metadata log.
    pub metadata_offset: Offset,
}

/// A partition as the controller has it, with its replicas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionView {
    /// The partition.
    pub tp: TopicPartition,
    /// `orders-0`.
    pub name: String,
    /// The leader in the controller's record, or −1.
    pub leader: BrokerId,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
    /// The ISR in the controller's record.
    pub isr: Vec<BrokerId>,
    /// Eligible leader replicas: they left the ISR below `min.insync.replicas` (KIP-966).
    pub elr: Vec<BrokerId>,
    /// All replicas, preferred leader first.
    pub assignment: Vec<BrokerId>,
    /// Replicas a reassignment still has to fill.
    pub adding: Vec<BrokerId>,
    /// Replicas that leave when the reassignment is complete.
    pub removing: Vec<BrokerId>,
    /// `min.insync.replicas`.
    pub min_insync_replicas: i32,
    /// The replicas by broker id.
    pub replicas: Vec<ReplicaView>,
}

/// What a replica believes it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReplicaRole {
    /// It takes writes. It may be wrong: a cut-off leader has not heard that it was deposed.
    Leader,
    /// It copies and is in the ISR of the controller's record.
    FollowerInSync,
    /// It copies but is not in the ISR.
    FollowerLagging,
    /// Its process is down, or it has no leader to follow.
    Offline,
}

/// One replica's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplicaView {
    /// Where it is.
    pub broker: BrokerId,
    /// What it believes it is.
    pub role: ReplicaRole,
    /// The leader epoch it has heard of.
    pub leader_epoch: LeaderEpoch,
    /// Log start offset.
    pub log_start_offset: Offset,
    /// Log end offset.
    pub log_end_offset: Offset,
    /// High watermark as this replica knows it.
    pub high_watermark: Offset,
    /// Last stable offset: readers of committed records go no further.
    pub last_stable_offset: Offset,
    /// Offsets below are fsynced.
    pub durable_to: Offset,
    /// Base offsets of its segments, ascending; the last is the active one.
    pub segments: Vec<Offset>,
    /// The newest records, ascending.
    pub cells: Vec<CellView>,
    /// Leader epochs with their first offset, ascending.
    pub epochs: Vec<(LeaderEpoch, Offset)>,
}

/// One record on the stage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CellView {
    /// Its offset.
    pub offset: Offset,
    /// The epoch of the leader that took it.
    pub leader_epoch: LeaderEpoch,
    /// Which record it is; none for a coordinator's record.
    pub record: Option<RecordId>,
    /// Its key, as a number: equal keys have equal numbers; none for a null key.
    pub key: Option<u32>,
    /// What a transaction makes of it.
    pub standing: CellStanding,
}

/// What a transaction makes of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum CellStanding {
    /// It counts: no transaction, or one that committed.
    #[default]
    Settled,
    /// Its transaction is open.
    Open,
    /// Its transaction was aborted: it stays in the log, and read_committed passes over it.
    Aborted,
    /// A marker: a transaction commits here.
    Commit,
    /// A marker: a transaction aborts here.
    Abort,
}

/// A producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerView {
    /// Its address.
    pub node: NodeId,
    /// Its name in the scenario.
    pub name: String,
    /// Whether it works.
    pub process: ProcessView,
    /// Its `acks`; none when it feeds a queue.
    pub acks: Option<Acks>,
    /// Whether it is idempotent.
    pub idempotent: bool,
    /// The topic it writes to, or none.
    pub topic: Option<TopicId>,
    /// The queue it feeds, or none.
    pub queue: Option<QueueId>,
    /// Records that were sent and have no verdict yet, with their partition, oldest first.
    pub waiting: Vec<WaitingView>,
    /// The record with the highest number so far.
    pub last_record: Option<RecordId>,
    /// What is inside a producer of a topic, while its process runs.
    pub inside: Option<Box<ProducerInside>>,
}

/// A producer opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerInside {
    /// Producer id and epoch, when it has them.
    pub producer_id: Option<(ProducerId, i16)>,
    /// Bytes of `buffer.memory` that are free.
    pub free_memory: i64,
    /// `buffer.memory`.
    pub buffer_memory: i64,
    /// `batch.size`.
    pub batch_size: i32,
    /// The number of its `transactional.id`.
    pub transactional: Option<TransactionalId>,
    /// The record whose `send` has not returned.
    pub blocked: Option<RecordId>,
    /// Its transaction: number, state, and how many partitions belong to it.
    pub transaction: Option<(u32, ClientTransactionState, usize)>,
    /// Batches without a verdict, oldest first.
    pub batches: Vec<BatchView>,
}

/// A batch in a producer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchView {
    /// Where it goes.
    pub tp: TopicPartition,
    /// How many records it holds.
    pub records: u32,
    /// Its size so far.
    pub bytes: u32,
    /// Sequence of its first record, once it was drained.
    pub sequence: Option<i32>,
    /// Whether it is under way.
    pub in_flight: bool,
    /// How often it was sent.
    pub attempts: u32,
    /// Why it is sent again.
    pub last_error: ErrorCode,
    /// When it lingers or backs off no more.
    pub due: Instant,
}

/// A record without a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WaitingView {
    /// The record.
    pub record: RecordId,
    /// Where it goes.
    pub tp: TopicPartition,
    /// Whether it is on its way, rather than still in the accumulator.
    pub in_flight: bool,
    /// How often its batch has been tried.
    pub attempts: u32,
}

/// A message in a queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QueueCellState {
    /// It waits.
    Ready,
    /// It is lent to this consumer.
    Unacked(NodeId),
    /// It was acknowledged and is gone.
    Removed,
}

/// One message that is, or was, in a queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct QueueCellView {
    /// Its number in the queue, from 1.
    pub position: u64,
    /// Which record it is.
    pub record: RecordId,
    /// Where it is in its life.
    pub state: QueueCellState,
    /// Whether it was delivered before.
    pub redelivered: bool,
}

/// A queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueView {
    /// Which queue.
    pub id: QueueId,
    /// Its name.
    pub name: String,
    /// The queue broker.
    pub node: NodeId,
    /// Whether the broker works.
    pub process: ProcessView,
    /// Whether it is durable and its messages persistent.
    pub persistent: bool,
    /// Messages by position, removed ones included (the newest 200).
    pub cells: Vec<QueueCellView>,
    /// Its consumers.
    pub workers: Vec<WorkerView>,
}

/// A queue's consumer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerView {
    /// Its address.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub process: ProcessView,
    /// Most messages lent to it at once.
    pub prefetch: u32,
    /// What it processes now.
    pub processing: Option<RecordId>,
    /// What it has processed, in order.
    pub processed: Vec<RecordId>,
}

/// A store beside the brokers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreView {
    /// Its address.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub process: ProcessView,
    /// What it keeps.
    pub content: StoreContent,
}

/// What a store keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreContent {
    /// A database: effects of records.
    Effects {
        /// How often each record's effect was applied.
        applied: Vec<(RecordId, u32)>,
        /// How many repetitions the dedupe table refused.
        deduplicated: u32,
    },
    /// ZooKeeper that only keeps offsets: its znodes in the order of their paths.
    Znodes(Vec<ZnodeView>),
}

/// The ZooKeeper of a cluster: its znodes and who is connected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZooKeeperView {
    /// The znodes in an order that keeps what belongs together; of very many the first.
    pub znodes: Vec<ZnodeView>,
    /// How many there are.
    pub total: usize,
    /// How many watches are set.
    pub watches: usize,
    /// The last transaction.
    pub zxid: Zxid,
}

/// A znode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZnodeView {
    /// Its path.
    pub path: String,
    /// The offset it keeps, if it is one of a group: whose, in which partition, and which.
    pub offset: Option<(GroupId, TopicPartition, Offset)>,
    /// What it holds, as Kafka's JSON has it.
    pub data: String,
    /// `dataVersion`: how often it was overwritten.
    pub version: i32,
    /// Whether it goes with its writer's session.
    pub ephemeral: bool,
    /// The client that wrote last.
    pub by: NodeId,
}

/// A fault rule in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FaultView {
    /// Its id, to heal it.
    pub id: FaultId,
    /// From.
    pub from: NodeId,
    /// To; none for "to everybody".
    pub to: Option<NodeId>,
    /// Whether it works both ways.
    pub both_ways: bool,
}

/// How long a process has been as it is, if it is not running.
impl ProcessView {
    /// Time since it stopped or froze.
    pub fn for_how_long(self, now: Instant) -> Option<Duration> {
        match self {
            ProcessView::Running => None,
            ProcessView::Paused(since) | ProcessView::Down(since) => Some(now.since(since)),
        }
    }

    /// Whether it works.
    pub fn is_running(self) -> bool {
        self == ProcessView::Running
    }
}
