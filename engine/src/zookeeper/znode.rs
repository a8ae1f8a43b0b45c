use crate::config::TopicConfig;
use crate::controller::{LeaderRecoveryState, PartitionImage};
use crate::ids::{BrokerId, LeaderEpoch, NodeId, Offset};
use std::sync::Arc;

/// The number of a transaction: every change of the tree has the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Zxid(pub i64);

/// A client's session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub u32);

/// A znode with what ZooKeeper keeps about it (`Stat`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Znode {
    /// The data.
    pub data: ZnodeData,
    /// `dataVersion`: how often it was overwritten.
    pub version: i32,
    /// `czxid`: the transaction that created it.
    pub created: Zxid,
    /// `mzxid`: the transaction that wrote it last.
    pub modified: Zxid,
    /// `ephemeralOwner`: the session it goes with.
    pub owner: Option<SessionId>,
    /// The client that wrote last; ZooKeeper does not say, the page wants to know.
    pub by: NodeId,
}

/// What a znode holds. ZooKeeper's are bytes; here they are what Kafka's JSON spells.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ZnodeData {
    /// Nothing: the path says it all.
    Empty,
    /// `/controller`: `{"brokerid":1}`.
    Controller(BrokerId),
    /// `/controller_epoch`.
    Epoch(i32),
    /// `/brokers/ids/1`.
    Broker {
        /// Its address.
        node: NodeId,
        /// `broker.rack`.
        rack: Option<Arc<str>>,
        /// The random id of its start. Kafka's has none; the trace of the cluster wants one.
        incarnation: u64,
    },
    /// `/brokers/topics/orders`: the replicas of each partition, by number.
    Topic(Arc<[Assignment]>),
    /// `/brokers/topics/orders/partitions/0/state`.
    State(PartitionState),
    /// `/config/topics/orders`.
    TopicConfig(Arc<TopicConfig>),
    /// `/config/brokers/1`: names and values.
    BrokerConfig(Arc<[(String, String)]>),
    /// `/latest_producer_id_block`: the first id that is not given out.
    ProducerIds(i64),
    /// An offset.
    Offset(Offset),
}

/// One partition's replicas (`ReplicaAssignment`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Assignment {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Arc<[BrokerId]>,
    /// Those a reassignment still has to fill.
    pub adding: Arc<[BrokerId]>,
    /// Those that leave when it is complete.
    pub removing: Arc<[BrokerId]>,
}

impl Assignment {
    /// An assignment that is complete.
    pub fn of(replicas: &[BrokerId]) -> Assignment {
        Assignment { replicas: replicas.into(), adding: Arc::new([]), removing: Arc::new([]) }
    }

    /// The assignment in a partition's image.
    pub fn in_image(partition: &PartitionImage) -> Assignment {
        Assignment {
            replicas: partition.replicas.clone(),
            adding: partition.adding.clone(),
            removing: partition.removing.clone(),
        }
    }
}

/// Who leads a partition and who is in sync (`LeaderIsrAndControllerEpoch`). The version of its znode is the partition
/// epoch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartitionState {
    /// The leader, or −1.
    pub leader: BrokerId,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// The replicas in sync.
    pub isr: Arc<[BrokerId]>,
    /// Whether the leader was elected uncleanly and has not reported that it has recovered.
    pub recovery_state: LeaderRecoveryState,
    /// The controller that wrote it.
    pub controller_epoch: i32,
}

impl PartitionState {
    /// The state in a partition's image, as the controller of an epoch writes it.
    pub fn in_image(partition: &PartitionImage, controller_epoch: i32) -> PartitionState {
        PartitionState {
            leader: partition.leader,
            leader_epoch: partition.leader_epoch,
            isr: partition.isr.clone(),
            recovery_state: partition.recovery_state,
            controller_epoch,
        }
    }
}
