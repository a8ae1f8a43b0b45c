//! The world a simulation begins with. Part of every recording and link, so it is plain text and numbers,
//! and new fields get defaults.

use crate::app::Workload;
use crate::client::{CommitMode, OnFailure};
use crate::config::ControllerMode;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// Settings by Kafka's name, as written.
pub type Settings = Vec<(String, String)>;

/// A world: a cluster, queues, and the programs around them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// How many brokers; 0 for a world without Kafka.
    pub brokers: u32,
    /// How many controllers: 1, 3 or 5; 0 stands for 1.
    pub controllers: u32,
    /// How many of the brokers, the last ones, do not start with the simulation: starting one adds a broker to the cluster.
    pub brokers_stopped: u32,
    /// `broker.rack` of each broker; empty for no racks.
    pub racks: Vec<String>,
    /// Settings of all brokers and of the controller.
    pub broker_settings: Settings,
    /// Kafka features and rules of earlier releases, see [`FeatureConfig`].
    pub features: Settings,
    /// The network.
    pub network: NetworkSpec,
    /// How long an fsync takes.
    pub fsync: Option<Duration>,
    /// Topics to create at the start.
    pub topics: Vec<TopicSpec>,
    /// Producing programs.
    pub producers: Vec<ProducerSpec>,
    /// Consumer groups.
    pub groups: Vec<GroupSpec>,
    /// Queues, each with its own queue broker.
    pub queues: Vec<QueueSpec>,
    /// Databases.
    pub databases: Vec<DatabaseSpec>,
    /// Whether there is a ZooKeeper, for consumers that keep their offsets there. A cluster whose controller is elected
    /// through ZooKeeper has one anyway.
    pub zookeeper: bool,
}

impl Spec {
    /// Whether brokers find their controller through ZooKeeper.
    pub fn has_zookeeper_controller(&self) -> bool {
        self.brokers > 0 && self.feature_config().is_ok_and(|features| features.controller == ControllerMode::ZooKeeper)
    }
}

/// The network between all nodes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSpec {
    /// One way.
    pub latency: Duration,
    /// Added to it, drawn evenly from zero to this.
    pub jitter: Duration,
    /// Chance of one transmission to get lost, in a million.
    pub loss_per_million: u32,
}

impl Default for NetworkSpec {
    /// Machines in neighbouring data centres: 2 ms and up to half a millisecond more.
    fn default() -> Self {
        NetworkSpec { latency: Duration::from_millis(2), jitter: Duration::from_micros(500), loss_per_million: 0 }
    }
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Replicas per partition.
    pub replication_factor: i16,
    /// Brokers of each partition, preferred leader first; empty for automatic placement.
    pub assignment: Vec<Vec<i32>>,
    /// Its settings.
    pub settings: Settings,
    /// Whether it is there only from the moment somebody creates it ([`crate::command::Command::CreateTopic`]).
    pub late: bool,
}

/// Where a producing program writes to.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A topic, by name.
    Topic(String),
    /// A queue, by name.
    Queue(String),
}

impl Default for Target {
    fn default() -> Self {
        Target::Topic(String::new())
    }
}

/// A producing program.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProducerSpec {
    /// Its name.
    pub name: String,
    /// Where it writes to.
    pub target: Target,
    /// What it sends and when.
    pub workload: Workload,
    /// Whose defaults it has where nothing is said: `4.x` (or empty) or `2.x`.
    pub defaults: String,
    /// The client's settings.
    pub settings: Settings,
    /// Whether it waits to be started, instead of starting with the simulation.
    pub stopped: bool,
}

/// A consumer group.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupSpec {
    /// `group.id`.
    pub name: String,
    /// Whether it is a share group (KIP-932).
    pub share: bool,
    /// Topics its members subscribe to.
    pub topics: Vec<String>,
    /// Its members.
    pub consumers: Vec<ConsumerSpec>,
    /// The clients' settings.
    pub settings: Settings,
}

/// A consumer.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsumerSpec {
    /// Its name.
    pub name: String,
    /// How long it takes for one record.
    pub processing: Duration,
    /// When it commits.
    pub commit: CommitMode,
    /// The database it writes its effects to.
    pub database: Option<String>,
    /// Whether that database has a dedupe table.
    pub dedupe: bool,
    /// Whether it starts with the simulation.
    pub stopped: bool,
    /// Settings of this client alone, on top of the group's.
    pub settings: Settings,
    /// What it writes, when it writes what it makes of what it reads.
    pub processor: Option<ProcessorSpec>,
    /// Keys of records its application cannot process.
    pub fails_on: Vec<String>,
    /// What it does with such a record; none for `retry`, in a share group for `release`, or `skip` where it cannot say so.
    pub on_failure: Option<OnFailure>,
    /// Share group: it renews the locks of what it has at this interval.
    pub renew: Option<Duration>,
}

/// The producer of a program that writes what it makes of what it reads.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessorSpec {
    /// The topic it writes to.
    pub topic: String,
    /// Whose defaults its producer has where nothing is said: `4.x` (or empty) or `2.x`.
    pub defaults: String,
    /// The producer's settings.
    pub settings: Settings,
}

/// A queue and its workers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueSpec {
    /// Its name.
    pub name: String,
    /// Whether it is durable and its messages persistent.
    pub persistent: bool,
    /// Whether its broker waits to be started, instead of starting with the simulation.
    pub stopped: bool,
    /// Its consumers.
    pub workers: Vec<WorkerSpec>,
}

/// A queue's consumer.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerSpec {
    /// Its name.
    pub name: String,
    /// Most messages lent to it at once; 0 for no limit.
    pub prefetch: u32,
    /// How long it takes for one message.
    pub processing: Duration,
    /// Every nth first delivery is refused and requeued; 0 for none.
    pub nack_every: u32,
    /// Whether it starts with the simulation.
    pub stopped: bool,
}

/// A database.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DatabaseSpec {
    /// Its name.
    pub name: String,
}
