//! What a world may be: names, numbers, and settings that go together.

use super::spec::{GroupSpec, ProducerSpec, Spec, Target, TopicSpec};
use super::spec_error::SpecError;
use crate::client::{CommitMode, OnFailure};
use crate::config::{ConfigError, OffsetsStorage, ShareAcknowledgementMode, ShareGroupConfig};

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
        let most = if self.has_zookeeper_controller() { 0 } else { 5 };
        within(format_args!("controllers"), 0, most, i64::from(self.controllers))?;
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
                    let config = group.consumer_config(consumer)?;
                    if config.offsets_storage == OffsetsStorage::ZooKeeper
                        && !self.zookeeper
                        && !self.has_zookeeper_controller()
                    {
                        let (value, default) = ("zookeeper".to_owned(), "kafka".to_owned());
                        let rule = "needs a ZooKeeper: write the line `zookeeper`";
                        let error = ConfigError::Conflict { name: "offsets.storage", value, rule, default };
                        return Err(SpecError::Config { owner: format!("consumer {}", consumer.name), error });
                    }
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
            crate::app::PAUSE_MIN.0 as i64,
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
        distinct(self.groups.iter().map(|group| &group.name))?;
        self.validate_collisions()
    }

    /// As `Topic.hasCollision`: in the names of metrics a '.' becomes a '_'.
    fn validate_collisions(&self) -> Result<(), SpecError> {
        let mut seen = crate::collections::Map::new();
        for topic in &self.topics {
            if let Some(other) = seen.insert(topic.name.replace('.', "_"), &topic.name) {
                return Err(SpecError::CollidingTopics(topic.name.clone(), other.clone()));
            }
        }
        Ok(())
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
