//! What administrators ask the active controller for.

use crate::ids::{BrokerId, TopicId, TopicPartition};
use serde::{Deserialize, Serialize};

/// One request of an administrator, about one thing.
///
/// It is written as one line of text: `elect-leader 1 0 preferred`, `reassign 1 0 4 2 3`, `create-partitions 1 6`,
/// `delete-topic 1`, `alter-config 1 min.insync.replicas 2`, `alter-broker-config 2 log.cleaner.backoff.ms 1000`, with
/// topics by id.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum AdminRequest {
    /// ElectLeaders: the preferred leader, or an unclean one.
    ElectLeader {
        /// The partition.
        tp: TopicPartition,
        /// Whether a replica outside the ISR may be elected.
        unclean: bool,
    },
    /// AlterPartitionReassignments: the replicas a partition shall have, the preferred leader first; none to cancel.
    AlterPartitionReassignments {
        /// The partition.
        tp: TopicPartition,
        /// Its replicas.
        replicas: Vec<BrokerId>,
    },
    /// CreatePartitions: how many partitions a topic shall have.
    CreatePartitions {
        /// The topic.
        topic: TopicId,
        /// The new number.
        count: i32,
    },
    /// DeleteTopics.
    DeleteTopic {
        /// The topic.
        topic: TopicId,
    },
    /// IncrementalAlterConfigs of a topic.
    AlterTopicConfig {
        /// The topic.
        topic: TopicId,
        /// The setting.
        name: String,
        /// Its new value.
        value: String,
    },
    /// IncrementalAlterConfigs of a broker: one of the settings that can be changed while it runs (KIP-226).
    AlterBrokerConfig {
        /// The broker.
        broker: BrokerId,
        /// The setting.
        name: String,
        /// Its new value.
        value: String,
    },
}

impl AdminRequest {
    /// Kafka's name of the API.
    pub fn api(&self) -> &'static str {
        match self {
            AdminRequest::ElectLeader { .. } => "ElectLeaders",
            AdminRequest::AlterPartitionReassignments { .. } => "AlterPartitionReassignments",
            AdminRequest::CreatePartitions { .. } => "CreatePartitions",
            AdminRequest::DeleteTopic { .. } => "DeleteTopics",
            AdminRequest::AlterTopicConfig { .. } | AdminRequest::AlterBrokerConfig { .. } => "IncrementalAlterConfigs",
        }
    }
}

impl From<AdminRequest> for String {
    fn from(request: AdminRequest) -> String {
        match request {
            AdminRequest::ElectLeader { tp, unclean } => {
                let how = if unclean { "unclean" } else { "preferred" };
                format!("elect-leader {} {} {how}", tp.topic, tp.partition)
            }
            AdminRequest::AlterPartitionReassignments { tp, replicas } => {
                let mut text = format!("reassign {} {}", tp.topic, tp.partition);
                for replica in replicas {
                    text.push_str(&format!(" {replica}"));
                }
                text
            }
            AdminRequest::CreatePartitions { topic, count } => format!("create-partitions {topic} {count}"),
            AdminRequest::DeleteTopic { topic } => format!("delete-topic {topic}"),
            AdminRequest::AlterTopicConfig { topic, name, value } => format!("alter-config {topic} {name} {value}"),
            AdminRequest::AlterBrokerConfig { broker, name, value } => {
                format!("alter-broker-config {broker} {name} {value}")
            }
        }
    }
}

impl TryFrom<String> for AdminRequest {
    type Error = String;

    fn try_from(text: String) -> Result<AdminRequest, String> {
        let wrong = || format!("\"{text}\" is no request to a controller");
        let mut words = text.split(' ');
        let mut next = || words.next().ok_or_else(wrong);
        let number = |word: &str| word.parse::<i32>().map_err(|_| wrong());
        let verb = next()?;
        let subject = next()?;
        if verb == "alter-broker-config" {
            let (broker, name) = (BrokerId(number(subject)?), next()?.to_owned());
            return Ok(AdminRequest::AlterBrokerConfig { broker, name, value: words.collect::<Vec<_>>().join(" ") });
        }
        let topic = TopicId(subject.parse().map_err(|_| wrong())?);
        Ok(match verb {
            "elect-leader" => {
                let tp = TopicPartition::new(topic, number(next()?)?);
                AdminRequest::ElectLeader { tp, unclean: next()? == "unclean" }
            }
            "reassign" => {
                let tp = TopicPartition::new(topic, number(next()?)?);
                let replicas = words.map(|word| number(word).map(BrokerId)).collect::<Result<_, _>>()?;
                AdminRequest::AlterPartitionReassignments { tp, replicas }
            }
            "create-partitions" => AdminRequest::CreatePartitions { topic, count: number(next()?)? },
            "delete-topic" => AdminRequest::DeleteTopic { topic },
            "alter-config" => {
                let name = next()?.to_owned();
                let value = words.collect::<Vec<_>>().join(" ");
                AdminRequest::AlterTopicConfig { topic, name, value }
            }
            _ => return Err(wrong()),
        })
    }
}
