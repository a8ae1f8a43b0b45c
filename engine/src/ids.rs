//! Newtypes for everything that has an identity or a place in an order.
//!
//! Kafka's words and widths: offsets are 64-bit, epochs and ids 32-bit, −1 means "none" on the wire.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

macro_rules! id {
    ($(#[$meta:meta])* $name:ident($inner:ty)) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One simulated process or machine: a broker, a controller, a client, a queue broker, a database.
    /// It is the address on the simulated network, given out in the order of creation.
    NodeId(u32)
);
id!(
    /// `node.id` of a broker as Kafka knows it.
    BrokerId(i32)
);
id!(
    /// A topic. Kafka uses a UUID; here topics are numbered in the order of their creation.
    TopicId(u32)
);
id!(
    /// The term of a partition leader (`leader_epoch`); grows with every election.
    LeaderEpoch(i32)
);
id!(
    /// The version of a partition's record in the controller (`partition_epoch`); grows with every change.
    PartitionEpoch(i32)
);
id!(
    /// The incarnation of a broker (`broker_epoch`): the metadata offset of its registration record.
    BrokerEpoch(i64)
);
id!(
    /// The generation of a classic consumer group, −1 for none.
    Generation(i32)
);
id!(
    /// A producer id given out by InitProducerId, −1 for none (KIP-98).
    ProducerId(i64)
);
id!(
    /// One record an application asked to send. Two sends of the same content are two records;
    /// a retry of the client is still the same record.
    RecordId(u64)
);
id!(
    /// One message on the simulated network.
    EnvelopeId(u64)
);
id!(
    /// Matches a response to its request on one connection.
    CorrelationId(u32)
);
id!(
    /// A consumer group, numbered in the order of its first appearance.
    GroupId(u32)
);
id!(
    /// A `transactional.id`, numbered in the order of its first appearance.
    TransactionalId(u32)
);
id!(
    /// A queue of the classic queue broker.
    QueueId(u32)
);
id!(
    /// A fault rule on the network, so that it can be lifted again.
    FaultId(u32)
);

impl RecordId {
    /// The `number`th record (from 1) that `producer` sent.
    pub fn new(producer: NodeId, number: u32) -> RecordId {
        RecordId((u64::from(producer.0) << 32) | u64::from(number))
    }

    /// Who sent it.
    pub fn producer(self) -> NodeId {
        NodeId((self.0 >> 32) as u32)
    }

    /// Which of the producer's records it is, from 1.
    pub fn number(self) -> u32 {
        self.0 as u32
    }
}

impl BrokerId {
    /// No broker: a partition without a leader.
    pub const NONE: BrokerId = BrokerId(-1);

    /// The id, unless it stands for "none".
    pub fn some(self) -> Option<BrokerId> {
        (self != BrokerId::NONE).then_some(self)
    }
}

impl TopicId {
    /// `__transaction_state`: the highest id, so that the users' topics keep theirs.
    pub const TRANSACTION_STATE: TopicId = TopicId(u32::MAX - 1);

    /// `__share_group_state`.
    pub const SHARE_GROUP_STATE: TopicId = TopicId(u32::MAX - 2);

    /// Whether Kafka itself writes to it.
    pub fn is_internal(self) -> bool {
        self.0 == 0 || self == TopicId::TRANSACTION_STATE || self == TopicId::SHARE_GROUP_STATE
    }
}

impl LeaderEpoch {
    /// No epoch known.
    pub const NONE: LeaderEpoch = LeaderEpoch(-1);
}

impl ProducerId {
    /// A producer without idempotence.
    pub const NONE: ProducerId = ProducerId(-1);
}

impl Generation {
    /// Not a member of any generation.
    pub const NONE: Generation = Generation(-1);
}

/// A position in a log: the number of a record, or of the one that would come next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub i64);

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Offset = Offset(0);
    /// Unknown or absent, as on the wire.
    pub const NONE: Offset = Offset(-1);

    /// How many offsets lie between `earlier` and this one.
    pub fn since(self, earlier: Offset) -> i64 {
        self.0 - earlier.0
    }
}

impl Add<i64> for Offset {
    type Output = Offset;
    fn add(self, records: i64) -> Offset {
        Offset(self.0 + records)
    }
}

impl AddAssign<i64> for Offset {
    fn add_assign(&mut self, records: i64) {
        self.0 += records;
    }
}

impl Sub<i64> for Offset {
    type Output = Offset;
    fn sub(self, records: i64) -> Offset {
        Offset(self.0 - records)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One partition of one topic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// Its partition, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// No partition: the record goes to a queue.
    pub const NONE: TopicPartition = TopicPartition { topic: TopicId(u32::MAX), partition: 0 };

    /// Partition `partition` of `topic`.
    pub fn new(topic: TopicId, partition: i32) -> TopicPartition {
        TopicPartition { topic, partition }
    }
}

impl TopicPartition {
    /// Topic and partition in one word: maps of partitions are searched on every hot path.
    fn order(self) -> u64 {
        (u64::from(self.topic.0) << 32) | u64::from(self.partition as u32)
    }
}

impl Ord for TopicPartition {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for TopicPartition {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A member's id: Kafka's is `client.id-UUID`; here the client's node and a number the coordinator counts up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MemberId {
    /// The client's node.
    pub client: u32,
    /// How many ids this client has been given; a restarted client is a new member.
    pub incarnation: u32,
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.client, self.incarnation)
    }
}
