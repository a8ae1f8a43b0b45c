//! The settings of a world's parts, typed: what is written there, else Kafka's defaults.

use super::spec::{ConsumerSpec, GroupSpec, ProducerSpec, Spec, Target, TopicSpec};
use super::spec_error::SpecError;
use crate::app::Workload;
use crate::config::{
    BrokerConfig, ConfigError, ConsumerConfig, ControllerConfig, ControllerMode, FeatureConfig, GroupProtocol,
    NOT_FOR_SHARE_GROUPS, OffsetsStorage, ProducerConfig, ShareBrokerConfig, ShareConsumerConfig, ShareGroupConfig,
    TopicConfig, TopicDefaults,
};

impl Spec {
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

    /// The rules in force.
    pub fn feature_config(&self) -> Result<FeatureConfig, SpecError> {
        let mut features = FeatureConfig::default();
        for (name, value) in &self.features {
            let result = features.set(name, value);
            result.map_err(|error| SpecError::Config { owner: "features".to_owned(), error })?;
        }
        if features.controller == ControllerMode::ZooKeeper {
            // What came with KRaft cannot be asked for beside ZooKeeper.
            const ONLY_KRAFT: [(&str, &str); 3] = [
                ("eligible.leader.replicas.version", "1"),
                ("broker.epoch.check", "true"),
                ("replica.placement", "striped"),
            ];
            for (name, value) in ONLY_KRAFT {
                if self.features.iter().any(|(known, wanted)| known == name && wanted == value) {
                    let (value, default) = (value.to_owned(), value.to_owned());
                    let error = ConfigError::Conflict { name, value, rule: "needs controller=kraft", default };
                    return Err(SpecError::Config { owner: "features".to_owned(), error });
                }
            }
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
        let kept = config.offsets_storage == OffsetsStorage::ZooKeeper;
        if kept && config.group_protocol == GroupProtocol::Consumer {
            return Err(conflict(&config, "offsets.storage", "must be kafka with group.protocol=consumer"));
        }
        if kept
            && consumer
                .processor
                .as_ref()
                .is_some_and(|it| it.settings.iter().any(|(name, _)| name == "transactional.id"))
        {
            return Err(conflict(&config, "offsets.storage", "must be kafka where offsets are part of a transaction"));
        }
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
