//! The partitioner of one producer.

use super::built_in::BuiltInPartitioner;
use super::murmur2::partition_for_key;
use crate::client::metadata::ClientMetadata;
use crate::config::{PartitionerClass, ProducerConfig};
use crate::effect::Effects;
use crate::ids::{TopicId, TopicPartition};

/// How a producer chooses partitions in its topic.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Partitioner {
    class: PartitionerClass,
    ignore_keys: bool,
    pub(in crate::client) sticky: BuiltInPartitioner,
    /// How often the round robin was asked.
    asked: u32,
}

/// What a choice depends on.
pub(in crate::client) struct Topic {
    /// Number of partitions, with or without a leader.
    pub count: i32,
    /// Those with a leader.
    pub available: Vec<i32>,
}

impl Topic {
    pub fn of(metadata: &ClientMetadata, topic: TopicId) -> Topic {
        let count = metadata.partition_count(topic);
        let led = |partition: &i32| metadata.leader(TopicPartition::new(topic, *partition)).is_some();
        Topic { count, available: (0..count).filter(led).collect() }
    }

    /// Leaves of the available partitions those that a broker of this rack leads, if there are any.
    pub fn prefer_rack(&mut self, metadata: &ClientMetadata, topic: TopicId, rack: &str) {
        let near = |partition: &&i32| metadata.led_in(TopicPartition::new(topic, **partition), rack);
        let near: Vec<i32> = self.available.iter().filter(near).copied().collect();
        if !near.is_empty() {
            self.available = near;
        }
    }
}

impl Partitioner {
    /// As a producer's settings say.
    pub fn new(config: &ProducerConfig) -> Partitioner {
        Partitioner {
            class: config.partitioner_class,
            ignore_keys: config.partitioner_ignore_keys,
            sticky: BuiltInPartitioner::new(u32::try_from(config.batch_size).unwrap_or(0)),
            asked: 0,
        }
    }

    /// Whether records of this key go to the sticky partition.
    pub(in crate::client) fn is_sticky(&self, key: Option<&str>) -> bool {
        self.class == PartitionerClass::BuiltIn && (key.is_none() || self.ignore_keys)
    }

    /// Whether the class is asked again when its choice begins a new batch (KAFKA-9965).
    pub(in crate::client) fn asks_twice(&self) -> bool {
        self.class == PartitionerClass::RoundRobin
    }

    /// The partition of a record with this key.
    pub(in crate::client) fn choose(&mut self, key: Option<&str>, topic: &Topic, out: &mut Effects<'_>) -> i32 {
        let round_robin = match self.class {
            PartitionerClass::BuiltIn => false,
            PartitionerClass::RoundRobin => true,
            PartitionerClass::Default => key.is_none(),
        };
        if round_robin {
            let asked = self.asked;
            self.asked = self.asked.wrapping_add(1) & 0x7fff_ffff;
            return match topic.available.as_slice() {
                [] => (asked % topic.count.max(1) as u32) as i32,
                available => available[asked as usize % available.len()],
            };
        }
        match key.filter(|_| !self.is_sticky(key)) {
            Some(key) => partition_for_key(key.as_bytes(), topic.count),
            None => self.sticky.current(&topic.available, topic.count, &mut || draw(out)),
        }
    }

    /// Notes what the sticky partition was given.
    pub(in crate::client) fn produced(&mut self, bytes: u32, all_full: bool, topic: &Topic, out: &mut Effects<'_>) {
        self.sticky.produced(bytes, all_full, &topic.available, topic.count, &mut || draw(out));
    }
}

fn draw(out: &mut Effects<'_>) -> u32 {
    (out.rng.bits() & 0x7fff_ffff) as u32
}
