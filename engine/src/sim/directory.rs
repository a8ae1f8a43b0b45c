//! Names: what the ids of a simulation are called by people.

use super::spec::{Spec, Target};
use crate::ids::{BrokerId, GroupId, NodeId, QueueId, RecordId, TopicId, TopicPartition, TransactionalId};
use std::sync::Arc;

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NodeKind {
    /// The controller.
    Controller,
    /// A broker.
    Broker(BrokerId),
    /// A producer, of a topic or a queue.
    Producer,
    /// A member of a group.
    Consumer(GroupId),
    /// A queue broker.
    QueueBroker(QueueId),
    /// A queue's consumer.
    Worker(QueueId),
    /// A database.
    Database,
    /// ZooKeeper.
    ZooKeeper,
}

/// The names of one world.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Directory {
    nodes: Vec<(String, NodeKind)>,
    topics: Vec<String>,
    groups: Arc<[String]>,
    queues: Vec<String>,
    transactional: Arc<[String]>,
}

/// `__consumer_offsets`, in every world the first topic id.
pub const OFFSETS_TOPIC: TopicId = TopicId(0);

/// `__transaction_state`.
pub const TRANSACTION_TOPIC: TopicId = TopicId::TRANSACTION_STATE;

impl Directory {
    /// The names of a world. Node ids follow the order: controller (or the ZooKeeper that brokers find theirs through), brokers (node id = broker id), queue brokers,
    /// databases, producers, consumers by group, workers by queue, the other controllers of a
    /// quorum, and at the end ZooKeeper.
    pub fn of(spec: &Spec) -> Directory {
        let first = if spec.controllers > 1 { "controller 1" } else { "controller" };
        let keeper = spec.has_zookeeper_controller();
        let mut nodes = vec![match keeper {
            true => ("zookeeper".to_owned(), NodeKind::ZooKeeper),
            false => (first.to_owned(), NodeKind::Controller),
        }];
        for id in 1..=spec.brokers {
            nodes.push((format!("broker {id}"), NodeKind::Broker(BrokerId(id as i32))));
        }
        for (index, queue) in spec.queues.iter().enumerate() {
            nodes.push((queue.name.clone(), NodeKind::QueueBroker(QueueId(index as u32))));
        }
        nodes.extend(spec.databases.iter().map(|database| (database.name.clone(), NodeKind::Database)));
        nodes.extend(spec.producers.iter().map(|producer| (producer.name.clone(), NodeKind::Producer)));
        for (index, group) in spec.groups.iter().enumerate() {
            let kind = NodeKind::Consumer(GroupId(index as u32));
            nodes.extend(group.consumers.iter().map(|consumer| (consumer.name.clone(), kind)));
        }
        for (index, queue) in spec.queues.iter().enumerate() {
            let kind = NodeKind::Worker(QueueId(index as u32));
            nodes.extend(queue.workers.iter().map(|worker| (worker.name.clone(), kind)));
        }
        let more = (2..=spec.controllers).map(|id| (format!("controller {id}"), NodeKind::Controller));
        nodes.extend(more);
        nodes.extend((spec.zookeeper && !keeper).then(|| ("zookeeper".to_owned(), NodeKind::ZooKeeper)));
        let mut topics = vec!["__consumer_offsets".to_owned()];
        topics.extend(spec.topics.iter().map(|topic| topic.name.clone()));
        Directory {
            nodes,
            topics,
            groups: spec.groups.iter().map(|group| group.name.clone()).collect(),
            queues: spec.queues.iter().map(|queue| queue.name.clone()).collect(),
            transactional: transactional_ids(spec),
        }
    }

    /// All nodes with what they are.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, NodeKind)> {
        self.nodes.iter().enumerate().map(|(index, (_, kind))| (NodeId(index as u32), *kind))
    }

    /// All `transactional.id`s by number.
    pub fn transactional_names(&self) -> Arc<[String]> {
        self.transactional.clone()
    }

    /// The number of a `transactional.id`.
    pub fn find_transactional(&self, name: &str) -> Option<TransactionalId> {
        self.transactional.iter().position(|known| known == name).map(|index| TransactionalId(index as u32))
    }

    /// A `transactional.id` by its number.
    pub fn transactional_name(&self, id: TransactionalId) -> &str {
        self.transactional.get(id.0 as usize).map_or("", String::as_str)
    }

    /// What a node is called; empty for an unknown one.
    pub fn node_name(&self, node: NodeId) -> &str {
        self.nodes.get(node.0 as usize).map_or("", |(name, _)| name)
    }

    /// What a node is.
    pub fn node_kind(&self, node: NodeId) -> Option<NodeKind> {
        self.nodes.get(node.0 as usize).map(|(_, kind)| *kind)
    }

    /// A node by its name; brokers also by `1` or `broker-1`.
    pub fn find_node(&self, name: &str) -> Option<NodeId> {
        let find = |wanted: &str| self.nodes.iter().position(|(known, _)| known == wanted);
        let id = name.strip_prefix("broker-").unwrap_or(name);
        let found = find(name).or_else(|| id.parse::<u32>().ok().and_then(|id| find(&format!("broker {id}"))));
        found.map(|index| NodeId(index as u32))
    }

    /// A broker by its name, as `broker-1` or `1`.
    pub fn find_broker(&self, name: &str) -> Option<BrokerId> {
        match self.node_kind(self.find_node(name)?)? {
            NodeKind::Broker(id) => Some(id),
            _ => None,
        }
    }

    /// A topic's name.
    pub fn topic_name(&self, topic: TopicId) -> &str {
        if topic == TRANSACTION_TOPIC {
            return "__transaction_state";
        }
        if topic == TopicId::SHARE_GROUP_STATE {
            return "__share_group_state";
        }
        self.topics.get(topic.0 as usize).map_or("", String::as_str)
    }

    /// All topic names by id.
    pub fn topic_names(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(String::as_str)
    }

    /// A topic by its name.
    pub fn find_topic(&self, name: &str) -> Option<TopicId> {
        self.topics.iter().position(|known| known == name).map(|index| TopicId(index as u32))
    }

    /// A partition's name: `orders-0`; empty for a topic that does not exist.
    pub fn tp_name(&self, tp: TopicPartition) -> String {
        if self.topic_name(tp.topic).is_empty() {
            return String::new();
        }
        format!("{}-{}", self.topic_name(tp.topic), tp.partition)
    }

    /// A partition by its name.
    pub fn find_tp(&self, name: &str) -> Option<TopicPartition> {
        let (topic, partition) = name.rsplit_once('-')?;
        Some(TopicPartition::new(self.find_topic(topic)?, partition.parse().ok()?))
    }

    /// A group's name.
    pub fn group_name(&self, group: GroupId) -> &str {
        self.groups.get(group.0 as usize).map_or("", String::as_str)
    }

    /// All group names by id.
    pub fn group_names(&self) -> Arc<[String]> {
        self.groups.clone()
    }

    /// A group by its name.
    pub fn find_group(&self, name: &str) -> Option<GroupId> {
        self.groups.iter().position(|known| known == name).map(|index| GroupId(index as u32))
    }

    /// A queue's name.
    pub fn queue_name(&self, queue: QueueId) -> &str {
        self.queues.get(queue.0 as usize).map_or("", String::as_str)
    }

    /// A queue by its name.
    pub fn find_queue(&self, name: &str) -> Option<QueueId> {
        self.queues.iter().position(|known| known == name).map(|index| QueueId(index as u32))
    }

    /// A record's name: its producer and its number, as `p1-17`.
    pub fn record_name(&self, record: RecordId) -> String {
        format!("{}-{}", self.node_name(record.producer()), record.number())
    }

    /// Where a producing program's records go.
    pub(super) fn resolve(&self, target: &Target) -> Option<Result<TopicId, QueueId>> {
        match target {
            Target::Topic(name) => self.find_topic(name).map(Ok),
            Target::Queue(name) => self.find_queue(name).map(Err),
        }
    }
}

/// The distinct `transactional.id`s of a world, in the order of the producers.
fn transactional_ids(spec: &Spec) -> Arc<[String]> {
    let mut ids: Vec<String> = Vec::new();
    let processors = spec.groups.iter().flat_map(|group| &group.consumers).filter_map(|c| c.processor.as_ref());
    let settings = spec.producers.iter().map(|producer| &producer.settings);
    for (name, value) in settings.chain(processors.map(|processor| &processor.settings)).flatten() {
        if name == "transactional.id" && !ids.contains(value) {
            ids.push(value.clone());
        }
    }
    ids.into()
}
