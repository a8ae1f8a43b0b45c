//! What a reader can point at.

use highwater_engine::ids::{
    BrokerId, EnvelopeId, GroupId, NodeId, Offset, QueueId, RecordId, TopicId, TopicPartition,
};

/// Something on the stage that can be selected and asked about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// A process: a broker, the controller, a client, a database.
    Node(NodeId),
    /// A partition, all its replicas together.
    Partition(TopicPartition),
    /// One broker's copy of a partition.
    Replica(BrokerId, TopicPartition),
    /// One record in one copy.
    Record(BrokerId, TopicPartition, Offset),
    /// A consumer group.
    Group(GroupId),
    /// A queue.
    Queue(QueueId),
    /// A message under way.
    Envelope(EnvelopeId),
    /// A record that was acknowledged and is lost, wherever it stood.
    Lost(RecordId),
}

impl Target {
    /// The target as a word for `data-target` and links: `replica:2:0:1`.
    pub fn format(self) -> String {
        match self {
            Target::Node(node) => format!("node:{}", node.0),
            Target::Partition(tp) => format!("partition:{}:{}", tp.topic.0, tp.partition),
            Target::Replica(broker, tp) => format!("replica:{}:{}:{}", broker.0, tp.topic.0, tp.partition),
            Target::Record(broker, tp, offset) => {
                format!("record:{}:{}:{}:{}", broker.0, tp.topic.0, tp.partition, offset.0)
            }
            Target::Group(group) => format!("group:{}", group.0),
            Target::Queue(queue) => format!("queue:{}", queue.0),
            Target::Envelope(envelope) => format!("envelope:{}", envelope.0),
            Target::Lost(record) => format!("lost:{}", record.0),
        }
    }

    /// Reads what [`Target::format`] wrote, and nothing else.
    pub fn parse(text: &str) -> Option<Target> {
        let mut parts = text.split(':');
        let kind = parts.next()?;
        let mut next = || parts.next();
        let target = match kind {
            "node" => Target::Node(NodeId(next()?.parse().ok()?)),
            "partition" => Target::Partition(partition(next()?, next()?)?),
            "replica" => Target::Replica(BrokerId(next()?.parse().ok()?), partition(next()?, next()?)?),
            "record" => Target::Record(
                BrokerId(next()?.parse().ok()?),
                partition(next()?, next()?)?,
                Offset(next()?.parse().ok()?),
            ),
            "group" => Target::Group(GroupId(next()?.parse().ok()?)),
            "queue" => Target::Queue(QueueId(next()?.parse().ok()?)),
            "envelope" => Target::Envelope(EnvelopeId(next()?.parse().ok()?)),
            "lost" => Target::Lost(RecordId(next()?.parse().ok()?)),
            _ => return None,
        };
        parts.next().is_none().then_some(target)
    }
}

fn partition(topic: &str, partition: &str) -> Option<TopicPartition> {
    Some(TopicPartition::new(TopicId(topic.parse().ok()?), partition.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_target_comes_back() {
        let tp = TopicPartition::new(TopicId(3), 2);
        let all = [
            Target::Node(NodeId(7)),
            Target::Partition(tp),
            Target::Replica(BrokerId(1), tp),
            Target::Record(BrokerId(1), tp, Offset(41)),
            Target::Group(GroupId(0)),
            Target::Queue(QueueId(5)),
            Target::Envelope(EnvelopeId(123_456)),
            Target::Lost(RecordId((20 << 32) | 7)),
        ];
        for target in all {
            assert_eq!(Target::parse(&target.format()), Some(target));
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in ["", "node", "node:x", "node:1:2", "replica:1:2", "record:1:2:3:4:5", "disk:1"] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }
}
