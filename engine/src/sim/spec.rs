//! The world a simulation begins with. Part of every recording and link, so it is plain text and numbers,
//! and new fields get defaults.

use crate::app::Workload;
use crate::client::{CommitMode, OnFailure};
use crate::config::{
    BrokerConfig, ConfigError, ConsumerConfig, ControllerConfig, FeatureConfig, GroupProtocol, NOT_FOR_SHARE_GROUPS,
    ProducerConfig, ShareAcknowledgementMode, ShareBrokerConfig, ShareConsumerConfig, ShareGroupConfig, TopicConfig,
    TopicDefaults,
};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use thiserror::Error;

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

/// Why a world cannot be.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SpecError {
    /// A setting is wrong.
    #[error("{owner}: {error}")]
    Config {
        /// Whose setting.
        owner: String,
        /// What is wrong with it.
        error: ConfigError,
    },
    /// A number is outside what a world can hold.
    #[error("{what} must be {least}..{most}, found {found}")]
    OutOfRange {
        /// Which number.
        what: String,
        /// Smallest allowed.
        least: i64,
        /// Largest allowed.
        most: i64,
        /// As written.
        found: i64,
    },
    /// A name is used that nothing has.
    #[error("{user} names the {kind} \"{name}\", which does not exist")]
    UnknownName {
        /// Who names it.
        user: String,
        /// What it should be.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A name is used twice.
    #[error("the name \"{0}\" is used twice")]
    DuplicateName(String),
    /// A name is empty or has characters Kafka refuses.
    #[error("\"{0}\" is not a possible name: letters, digits, '.', '_' and '-', at most 249")]
    BadName(String),
}

/// Most brokers a world can hold.
pub const BROKERS_MAX: u32 = 1_000;
/// Most partitions in all.
pub const PARTITIONS_MAX: i64 = 20_000;
/// Most programs of one kind.
pub const PROGRAMS_MAX: usize = 2_000;

impl Spec {
    /// Checks names, numbers and settings; a world that passes can be built.
    pub fn validate(&self) -> Result<(), SpecError> {
        within(format_args!("brokers"), 0, i64::from(BROKERS_MAX), i64::from(self.brokers))?;
        self.broker_configs()?;
        self.feature_config()?;
        within(format_args!("controllers"), 0, 5, i64::from(self.controllers))?;
        let brokers = i64::from(self.brokers);
        within(format_args!("brokers: stopped"), 0, (brokers - 1).max(0), i64::from(self.brokers_stopped))?;
        if !self.racks.is_empty() {
            within(format_args!("brokers: number of racks"), brokers, brokers, self.racks.len() as i64)?;
        }
        let partitions: i64 = self.topics.iter().map(|topic| i64::from(topic.partitions.max(0))).sum();
        within(format_args!("partitions in all"), 0, PARTITIONS_MAX, partitions)?;
        let programs = self.producers.len()
            + self.groups.iter().map(|group| group.consumers.len()).sum::<usize>()
            + self.queues.iter().map(|queue| queue.workers.len()).sum::<usize>();
        within(format_args!("programs in all"), 0, PROGRAMS_MAX as i64, programs as i64)?;
        self.validate_names()?;
        for topic in &self.topics {
            self.validate_topic(topic)?;
        }
        for producer in &self.producers {
            self.validate_producer(producer)?;
        }
        for group in &self.groups {
            if group.share {
                self.validate_share_group(group)?;
            } else {
                for consumer in &group.consumers {
                    group.consumer_config(consumer)?;
                }
                group.config()?;
            }
            for topic in &group.topics {
                known(&group.name, "topic", topic, self.topics.iter().map(|topic| &topic.name))?;
            }
            for consumer in &group.consumers {
                if let Some(database) = &consumer.database {
                    known(&consumer.name, "database", database, self.databases.iter().map(|d| &d.name))?;
                }
                if let Some(producer) = consumer.producer() {
                    self.validate_producer(&producer)?;
                }
            }
        }
        Ok(())
    }

    fn validate_topic(&self, topic: &TopicSpec) -> Result<(), SpecError> {
        let name = &topic.name;
        self.topic_config(topic)?;
        within(format_args!("topic {name}: partitions"), 1, PARTITIONS_MAX, i64::from(topic.partitions))?;
        // A topic that is created later may lie on brokers that join until then.
        let absent = if topic.late { 0 } else { self.brokers_stopped };
        let brokers = i64::from(self.brokers - absent);
        let factor = i64::from(topic.replication_factor);
        within(format_args!("topic {name}: replication-factor"), 1, brokers.max(1), factor)?;
        for replicas in &topic.assignment {
            for broker in replicas {
                within(format_args!("topic {name}: replicas"), 1, brokers, i64::from(*broker))?;
            }
            let found = replicas.len() as i64;
            within(format_args!("topic {name}: number of replicas"), factor, factor, found)?;
        }
        if !topic.assignment.is_empty() {
            let found = topic.assignment.len() as i64;
            let partitions = i64::from(topic.partitions);
            within(format_args!("topic {name}: assigned partitions"), partitions, partitions, found)?;
        }
        Ok(())
    }

    fn validate_producer(&self, producer: &ProducerSpec) -> Result<(), SpecError> {
        producer.config()?;
        let every = producer.workload.every.0;
        within(
            format_args!("producer {}: every (µs)", producer.name),
            100,
            i64::MAX,
            every.min(i64::MAX as u64) as i64,
        )?;
        let size = i64::from(producer.workload.size);
        within(format_args!("producer {}: size", producer.name), 0, 1_000_000, size)?;
        match &producer.target {
            Target::Topic(name) => known(&producer.name, "topic", name, self.topics.iter().map(|topic| &topic.name)),
            Target::Queue(name) => known(&producer.name, "queue", name, self.queues.iter().map(|queue| &queue.name)),
        }
    }

    fn validate_names(&self) -> Result<(), SpecError> {
        let programs = self.producers.iter().map(|producer| &producer.name);
        let consumers = self.groups.iter().flat_map(|group| group.consumers.iter().map(|consumer| &consumer.name));
        let workers = self.queues.iter().flat_map(|queue| queue.workers.iter().map(|worker| &worker.name));
        let databases = self.databases.iter().map(|database| &database.name);
        distinct(programs.chain(consumers).chain(workers).chain(databases))?;
        distinct(self.topics.iter().map(|topic| &topic.name).chain(self.queues.iter().map(|queue| &queue.name)))?;
        distinct(self.groups.iter().map(|group| &group.name))
    }

    /// The brokers' and the controller's settings. Kafka counts both as the broker's.
    pub fn broker_configs(&self) -> Result<(BrokerConfig, ControllerConfig), SpecError> {
        let mut broker = BrokerConfig::default();
        let mut controller = ControllerConfig::default();
        let started = self.brokers - self.brokers_stopped.min(self.brokers);
        // As in Kafka's own quick start: a cluster of fewer than three brokers cannot hold three copies.
        let factor = i16::try_from(started.clamp(1, 3)).unwrap_or(3);
        broker.offsets_topic_replication_factor = factor;
        broker.transaction_state_log_replication_factor = factor;
        for (name, value) in &self.broker_settings {
            let result = if TopicDefaults::default().get(name).is_some() {
                TopicDefaults::default().set(name, value)
            } else if controller.get(name).is_some() {
                controller.set(name, value)
            } else if ShareBrokerConfig::default().get(name).is_some() {
                ShareBrokerConfig::default().set(name, value)
            } else {
                broker.set(name, value)
            };
            result.map_err(|error| SpecError::Config { owner: "brokers".to_owned(), error })?;
        }
        Ok((broker, controller))
    }

    /// The brokers' settings about share groups.
    pub fn share_config(&self) -> Result<ShareBrokerConfig, SpecError> {
        let mut share = ShareBrokerConfig::default();
        let started = self.brokers - self.brokers_stopped.min(self.brokers);
        share.state_topic_replication_factor = i16::try_from(started.clamp(1, 3)).unwrap_or(3);
        for (name, value) in
            self.broker_settings.iter().filter(|(name, _)| ShareBrokerConfig::default().get(name).is_some())
        {
            let owner = "brokers".to_owned();
            share.set(name, value).map_err(|error| SpecError::Config { owner, error })?;
        }
        Ok(share)
    }

    fn validate_share_group(&self, group: &GroupSpec) -> Result<(), SpecError> {
        let brokers = self.share_config()?;
        let config = group.share_group_config(&brokers)?;
        if let Some((name, rule)) = config.outside(&brokers) {
            let (value, default) =
                (config.get(name).unwrap_or_default(), ShareGroupConfig::of(&brokers).get(name).unwrap_or_default());
            let error = ConfigError::Conflict { name, value, rule, default };
            return Err(SpecError::Config { owner: format!("share-group {}", group.name), error });
        }
        for consumer in &group.consumers {
            let (_, share) = group.share_consumer_config(consumer)?;
            let explicit = share.acknowledgement_mode == ShareAcknowledgementMode::Explicit;
            let says = matches!(consumer.on_failure, Some(OnFailure::Release | OnFailure::Reject));
            if !explicit && (says || consumer.renew.is_some() || consumer.commit == CommitMode::Each) {
                let error = ConfigError::Conflict {
                    name: "share.acknowledgement.mode",
                    value: "implicit".to_owned(),
                    rule: "must be explicit where the program releases, rejects or renews, or commits after each record",
                    default: "implicit".to_owned(),
                };
                return Err(SpecError::Config { owner: format!("consumer {}", consumer.name), error });
            }
        }
        Ok(())
    }

    /// A topic's settings: its own, else the brokers' (`log.segment.bytes` and so on), else Kafka's defaults.
    pub fn topic_config(&self, topic: &TopicSpec) -> Result<TopicConfig, SpecError> {
        let mut defaults = TopicDefaults::default();
        for (name, value) in &self.broker_settings {
            if defaults.get(name).is_none() {
                continue;
            }
            let owner = "brokers".to_owned();
            defaults.set(name, value).map_err(|error| SpecError::Config { owner, error })?;
        }
        let mut config = defaults.topic();
        for (name, value) in &topic.settings {
            let owner = || format!("topic {}", topic.name);
            config.set(name, value).map_err(|error| SpecError::Config { owner: owner(), error })?;
        }
        Ok(config)
    }
}

impl Spec {
    /// The rules in force.
    pub fn feature_config(&self) -> Result<FeatureConfig, SpecError> {
        let mut features = FeatureConfig::default();
        for (name, value) in &self.features {
            let result = features.set(name, value);
            result.map_err(|error| SpecError::Config { owner: "features".to_owned(), error })?;
        }
        Ok(features)
    }
}

macro_rules! settings_of {
    ($spec:ty, $config:ty, $kind:literal) => {
        impl $spec {
            /// The settings, typed; Kafka's defaults where nothing is said.
            pub fn config(&self) -> Result<$config, SpecError> {
                let mut config = <$config>::default();
                for (name, value) in &self.settings {
                    config.set(name, value).map_err(|error| SpecError::Config {
                        owner: format!(concat!($kind, " {}"), self.name),
                        error,
                    })?;
                }
                Ok(config)
            }
        }
    };
}

impl ConsumerSpec {
    /// The producer beside it, when it also writes: it sends what it is given.
    pub fn producer(&self) -> Option<ProducerSpec> {
        let processor = self.processor.as_ref()?;
        Some(ProducerSpec {
            name: self.name.clone(),
            target: Target::Topic(processor.topic.clone()),
            workload: Workload { count: Some(0), ..Workload::default() },
            defaults: processor.defaults.clone(),
            settings: processor.settings.clone(),
            stopped: self.stopped,
        })
    }
}

impl ProducerSpec {
    /// The settings, typed; Kafka's defaults where nothing is said.
    pub fn config(&self) -> Result<ProducerConfig, SpecError> {
        let owner = || format!("producer {}", self.name);
        let wrong = |error| SpecError::Config { owner: owner(), error };
        let mut config = ProducerConfig::of_line(&self.defaults).ok_or_else(|| SpecError::UnknownName {
            user: owner(),
            kind: "line of clients (4.x or 2.x)",
            name: self.defaults.clone(),
        })?;
        for (name, value) in &self.settings {
            config.set(name, value).map_err(wrong)?;
        }
        let set: Vec<&str> = self.settings.iter().map(|(name, _)| name.as_str()).collect();
        config.resolve(&set).map_err(wrong)
    }
}
settings_of!(GroupSpec, ConsumerConfig, "group");

impl GroupSpec {
    /// What is set for a share group, on top of what the brokers say.
    pub fn share_group_config(&self, brokers: &ShareBrokerConfig) -> Result<ShareGroupConfig, SpecError> {
        let mut config = ShareGroupConfig::of(brokers);
        let wrong = |error| SpecError::Config { owner: format!("share-group {}", self.name), error };
        for (name, value) in &self.settings {
            if config.get(name).is_some() {
                config.set(name, value).map_err(wrong)?;
            }
        }
        if config.auto_offset_reset == crate::config::AutoOffsetReset::None {
            return Err(wrong(ConfigError::Malformed {
                name: "share.auto.offset.reset",
                value: "none".to_owned(),
                expected: "earliest, latest or by_duration:PT1H30M",
                default: "latest".to_owned(),
            }));
        }
        Ok(config)
    }

    /// One member's settings in a share group: those of every consumer, and those of a share consumer.
    pub fn share_consumer_config(
        &self,
        consumer: &ConsumerSpec,
    ) -> Result<(ConsumerConfig, ShareConsumerConfig), SpecError> {
        let (mut config, mut share) = (ConsumerConfig::default(), ShareConsumerConfig::default());
        let of_group = self.settings.iter().filter(|(name, _)| ShareGroupConfig::default().get(name).is_none());
        for (name, value) in of_group.chain(&consumer.settings) {
            let owner = format!("consumer {}", consumer.name);
            let result = match NOT_FOR_SHARE_GROUPS.iter().find(|refused| *refused == name) {
                Some(refused) => Err(ConfigError::Conflict {
                    name: refused,
                    value: value.clone(),
                    rule: "cannot be set for a member of a share group",
                    default: config.get(name).unwrap_or_default(),
                }),
                None if share.get(name).is_some() => share.set(name, value),
                None => config.set(name, value),
            };
            result.map_err(|error| SpecError::Config { owner, error })?;
        }
        Ok((config, share))
    }

    /// One member's settings: its own on top of the group's. Settings that contradict each other are refused, as
    /// `ConsumerConfig` does.
    pub fn consumer_config(&self, consumer: &ConsumerSpec) -> Result<ConsumerConfig, SpecError> {
        let mut config = self.config()?;
        let owner = || format!("consumer {}", consumer.name);
        for (name, value) in &consumer.settings {
            config.set(name, value).map_err(|error| SpecError::Config { owner: owner(), error })?;
        }
        let conflict = |config: &ConsumerConfig, name: &'static str, rule: &'static str| SpecError::Config {
            owner: owner(),
            error: ConfigError::Conflict {
                name,
                value: config.get(name).unwrap_or_default(),
                rule,
                default: ConsumerConfig::default().get(name).unwrap_or_default(),
            },
        };
        let written = |name: &str| self.settings.iter().chain(&consumer.settings).any(|(known, _)| known == name);
        if config.group_protocol == GroupProtocol::Consumer {
            for name in ["session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"] {
                if written(name) {
                    return Err(conflict(
                        &config,
                        name,
                        "cannot be set with group.protocol=consumer: the coordinator decides",
                    ));
                }
            }
        } else if config.heartbeat_interval_ms.span() >= config.session_timeout_ms {
            return Err(conflict(&config, "heartbeat.interval.ms", "must be below session.timeout.ms"));
        } else if config.group_remote_assignor.0.is_some() {
            return Err(conflict(&config, "group.remote.assignor", "needs group.protocol=consumer"));
        }
        Ok(config)
    }
}

fn within(what: std::fmt::Arguments<'_>, least: i64, most: i64, found: i64) -> Result<(), SpecError> {
    if (least..=most).contains(&found) {
        Ok(())
    } else {
        Err(SpecError::OutOfRange { what: what.to_string(), least, most, found })
    }
}

fn known<'a>(
    user: &str,
    kind: &'static str,
    name: &String,
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), SpecError> {
    if names.any(|known| known == name) {
        Ok(())
    } else {
        Err(SpecError::UnknownName { user: user.to_owned(), kind, name: name.clone() })
    }
}

/// Topic names as Kafka allows them; the same rule serves every other name.
fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), SpecError> {
    let mut seen = crate::collections::Set::new();
    for name in names {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 249 || !name.chars().all(allowed) || name == "." || name == ".." {
            return Err(SpecError::BadName(name.clone()));
        }
        if !seen.insert(name) {
            return Err(SpecError::DuplicateName(name.clone()));
        }
    }
    Ok(())
}
