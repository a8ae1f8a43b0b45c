//! Partitions numbered through: all of the first topic, then all of the second.

use crate::collections::Map;
use crate::ids::{TopicId, TopicPartition};

/// The partitions of the topics that exist, in the order (topic, partition).
pub(super) struct Numbering {
    /// Topic, number of its first partition, how many it has.
    topics: Vec<(TopicId, usize, usize)>,
    total: usize,
}

impl Numbering {
    /// Unknown and empty topics are left out.
    pub fn of(partitions: &Map<TopicId, i32>) -> Numbering {
        let mut total = 0;
        let mut topics = Vec::new();
        for (topic, count) in partitions {
            let Ok(count @ 1..) = usize::try_from(*count) else { continue };
            topics.push((*topic, total, count));
            total += count;
        }
        Numbering { topics, total }
    }

    /// How many partitions there are.
    pub fn len(&self) -> usize {
        self.total
    }

    /// How many topics there are.
    pub fn topics(&self) -> usize {
        self.topics.len()
    }

    /// The place of a topic.
    pub fn topic(&self, topic: TopicId) -> Option<usize> {
        self.topics.binary_search_by_key(&topic, |entry| entry.0).ok()
    }

    /// The numbers of a topic's partitions.
    pub fn of_topic(&self, topic: usize) -> std::ops::Range<usize> {
        let (_, first, count) = self.topics[topic];
        first..first + count
    }

    /// The topic of a partition.
    pub fn topic_of(&self, number: usize) -> usize {
        self.topics.partition_point(|entry| entry.1 <= number).saturating_sub(1)
    }

    /// A partition's number; none for one that does not exist.
    pub fn number(&self, tp: TopicPartition) -> Option<usize> {
        let (_, first, count) = self.topics[self.topic(tp.topic)?];
        let partition = usize::try_from(tp.partition).ok()?;
        (partition < count).then_some(first + partition)
    }

    /// The partition with a number.
    pub fn tp(&self, number: usize) -> TopicPartition {
        let (topic, first, _) = self.topics[self.topic_of(number)];
        TopicPartition::new(topic, (number - first) as i32)
    }
}
