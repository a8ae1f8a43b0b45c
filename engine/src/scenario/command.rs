//! Commands in a scenario: names instead of ids, and `$name` for what a story has bound.

use super::document::{Line, Source};
use super::step::CommandTemplate;
use crate::command::{Command, DiskFault};
use crate::config::{BrokerConfig, TopicConfig};
use crate::effect::SeekTo;
use crate::event::StopKind;
use crate::ids::{BrokerId, EnvelopeId, FaultId, NodeId, Offset};
use crate::protocol::{AdminRequest, MessageKind};
use crate::sim::Directory;
use crate::time::Duration;
use std::collections::BTreeMap;

/// The verbs.
pub(super) const COMMANDS: &[&str] = &[
    "kill",
    "power-off",
    "stop",
    "start",
    "pause",
    "resume",
    "cut",
    "isolate",
    "heal",
    "drop",
    "drop-next",
    "delay-next",
    "send",
    "workload",
    "seek",
    "processing",
    "pause-partitions",
    "resume-partitions",
    "latency",
    "elect-leader",
    "reassign",
    "create-partitions",
    "create-topic",
    "delete-topic",
    "configure",
    "remove",
    "alter-config",
    "corrupt",
    "disk-full",
    "disk-freed",
    "disk-lost",
    "delete-records",
    "tombstone",
];

/// Kinds of messages by their names; the queue protocol's by its methods'.
pub(super) const KINDS: &[MessageKind] = &[
    MessageKind::Produce,
    MessageKind::Fetch,
    MessageKind::ListOffsets,
    MessageKind::OffsetsForLeaderEpoch,
    MessageKind::Metadata,
    MessageKind::FindCoordinator,
    MessageKind::JoinGroup,
    MessageKind::SyncGroup,
    MessageKind::Heartbeat,
    MessageKind::LeaveGroup,
    MessageKind::ConsumerGroupHeartbeat,
    MessageKind::ShareGroupHeartbeat,
    MessageKind::ShareFetch,
    MessageKind::ShareAcknowledge,
    MessageKind::InitializeShareGroupState,
    MessageKind::ReadShareGroupState,
    MessageKind::WriteShareGroupState,
    MessageKind::OffsetCommit,
    MessageKind::OffsetFetch,
    MessageKind::InitProducerId,
    MessageKind::AddPartitionsToTxn,
    MessageKind::AddOffsetsToTxn,
    MessageKind::TxnOffsetCommit,
    MessageKind::EndTxn,
    MessageKind::WriteTxnMarkers,
    MessageKind::BrokerRegistration,
    MessageKind::BrokerHeartbeat,
    MessageKind::AlterPartition,
    MessageKind::AllocateProducerIds,
    MessageKind::CreateTopics,
    MessageKind::FetchMetadata,
    MessageKind::Vote,
    MessageKind::BeginQuorumEpoch,
    MessageKind::EndQuorumEpoch,
    MessageKind::QueuePublish,
    MessageKind::QueueConfirm,
    MessageKind::QueueConsume,
    MessageKind::QueueDeliver,
    MessageKind::QueueAck,
    MessageKind::QueueNack,
    MessageKind::Database,
    MessageKind::ZooKeeper,
    MessageKind::ZooKeeperPing,
    MessageKind::ZooKeeperWatch,
    MessageKind::LeaderAndIsr,
    MessageKind::UpdateMetadata,
    MessageKind::StopReplica,
    MessageKind::ControlledShutdown,
];

/// Reads one command; none when the verb is not one.
pub(super) fn read_command(
    line: &mut Line<'_>,
    directory: &Directory,
    source: &mut Source<'_>,
) -> Option<CommandTemplate> {
    let verb = COMMANDS.iter().find(|verb| **verb == line.name())?;
    let mut template = CommandTemplate { verb, nodes: Vec::new(), words: Vec::new(), span: None, flag: false };
    let node = |line: &mut Line<'_>, source: &mut Source<'_>| {
        let name = line.required("a node", source);
        if !name.starts_with('$') && !name.is_empty() && directory.find_node(&name).is_none() {
            let known: Vec<&str> = directory.nodes().map(|(node, _)| directory.node_name(node)).collect();
            source.unknown(line.node, "node", &name, &known);
        }
        name
    };
    match *verb {
        "kill" | "stop" | "start" | "pause" | "resume" | "isolate" | "remove" | "pause-partitions"
        | "resume-partitions" | "disk-full" | "disk-freed" | "disk-lost" => {
            template.nodes.push(node(line, source));
        }
        "power-off" => {
            template.nodes.push(node(line, source));
            template.words.extend(line.number::<u32>("kept", source).map(|kept| kept.to_string()));
            template.flag = line.flag("torn", source);
        }
        "corrupt" | "delete-records" => {
            if *verb == "corrupt" {
                template.nodes.push(node(line, source));
            }
            let partition = line.required("a partition", source);
            if directory.find_tp(&partition).is_none() {
                source.unknown(line.node, "partition", &partition, &[]);
            }
            let offset = line.required("an offset", source);
            if offset.parse::<i64>().is_err() {
                source.error(line.node, format!("\"{offset}\" is not an offset"), "write: delete-records orders-0 5");
            }
            template.words = vec![partition, offset];
        }
        "alter-config" => {
            let subject = line.required("a topic or a broker", source);
            let broker = directory.find_topic(&subject).is_none().then(|| directory.find_broker(&subject)).flatten();
            if broker.is_none() && directory.find_topic(&subject).is_none() {
                let known: Vec<&str> = directory.topic_names().collect();
                source.unknown(line.node, "topic or broker", &subject, &known);
            }
            let settings = line.settings();
            for (name, value) in &settings {
                let (set, help) = match broker {
                    Some(_) if !BrokerConfig::DYNAMIC.contains(&name.as_str()) => {
                        source.unknown(line.node, "setting that a running broker takes", name, BrokerConfig::DYNAMIC);
                        continue;
                    }
                    Some(_) => (BrokerConfig::default().set(name, value), "a broker setting by Kafka's name"),
                    None => (TopicConfig::default().set(name, value), "a topic setting by Kafka's name, and its value"),
                };
                if let Err(error) = set {
                    source.error(line.node, error.to_string(), help);
                }
            }
            template.words.push(subject);
            match <[_; 1]>::try_from(settings) {
                Ok([(name, value)]) => template.words.extend([name, value]),
                Err(_) => source.error(
                    line.node,
                    "alter-config takes one setting",
                    "write: alter-config orders min.insync.replicas=2",
                ),
            }
        }
        "configure" => {
            template.nodes.push(node(line, source));
            match <[_; 1]>::try_from(line.settings()) {
                Ok([(name, value)]) => template.words.extend([name, value]),
                Err(_) => source.error(line.node, "configure takes one setting", "write: configure p1 acks=all"),
            }
        }
        "tombstone" => {
            template.nodes.push(node(line, source));
            template.words.push(line.required("a key", source));
        }
        "cut" => {
            template.nodes.push(node(line, source));
            template.nodes.push(node(line, source));
            template.flag = line.flag("one-way", source);
        }
        "heal" => template.words.extend(line.argument()),
        "drop" => template.words.push(line.required("the number of a message", source)),
        "drop-next" | "delay-next" => {
            let kind = line.required("a kind of message", source);
            if !KINDS.iter().any(|known| known.name() == kind) {
                let known: Vec<&str> = KINDS.iter().map(|known| known.name()).collect();
                source.unknown(line.node, "kind of message", &kind, &known);
            }
            template.words.push(kind);
            template.nodes.push(node(line, source));
            template.nodes.push(node(line, source));
            if *verb == "drop-next" {
                template.flag = line.flag("response", source);
            } else {
                let by = line.required("a duration", source);
                template.span = line.read_duration("delay-next", &by, source);
            }
        }
        "send" => {
            template.nodes.push(node(line, source));
            let count = line.required("a number of records", source);
            if count.parse::<u32>().is_err() {
                source.error(line.node, format!("\"{count}\" is not a number of records"), "write: send p1 3");
            }
            template.words.push(count);
        }
        "workload" => {
            template.nodes.push(node(line, source));
            let every = line.required("a duration", source);
            template.span = line.read_duration("workload", &every, source);
            let count = line.number::<u32>("count", source);
            template.words.push(count.map(|count| count.to_string()).unwrap_or_default());
            while let Some(key) = line.argument() {
                if key.is_empty() || key.contains(char::is_whitespace) {
                    let help = "write: workload p1 \"100ms\" a b count=50";
                    source.error(line.node, format!("\"{key}\" is not a key"), help);
                }
                template.words.push(key);
            }
        }
        "seek" => {
            let group = line.required("a group", source);
            if directory.find_group(&group).is_none() {
                let names = directory.group_names();
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                source.unknown(line.node, "group", &group, &known);
            }
            let to = line.required("beginning, end, an offset or a time", source);
            if seek_to(&to).is_none() {
                source.unknown(line.node, "place", &to, &["beginning", "end", "17", "90s"]);
            }
            template.words = vec![group, to];
        }
        "elect-leader" | "reassign" => {
            let tp = line.required("a partition", source);
            if directory.find_tp(&tp).is_none() {
                let known: Vec<&str> = directory.topic_names().collect();
                source.unknown(line.node, "partition", &tp, &known);
            }
            template.words.push(tp);
            template.flag = *verb == "elect-leader" && line.flag("unclean", source);
            while *verb == "reassign"
                && let Some(id) = line.argument()
            {
                if id.parse::<i32>().is_err() {
                    source.error(line.node, format!("\"{id}\" is not a broker id"), "write: reassign orders-0 1 2 4");
                }
                template.words.push(id);
            }
        }
        "create-partitions" | "create-topic" | "delete-topic" => {
            let topic = line.required("a topic", source);
            if directory.find_topic(&topic).is_none() {
                let known: Vec<&str> = directory.topic_names().collect();
                source.unknown(line.node, "topic", &topic, &known);
            }
            template.words.push(topic);
            if *verb == "create-partitions" {
                let count = line.required("a number of partitions", source);
                if count.parse::<i32>().is_err() {
                    let help = "write: create-partitions orders 6";
                    source.error(line.node, format!("\"{count}\" is not a number of partitions"), help);
                }
                template.words.push(count);
            }
        }
        "processing" => {
            template.nodes.push(node(line, source));
            let takes = line.required("a duration", source);
            template.span = line.read_duration("processing", &takes, source);
        }
        _ => {
            let latency = line.required("a duration", source);
            template.span = line.read_duration("latency", &latency, source);
            template.words.extend(line.duration("jitter", source).map(|jitter| jitter.0.to_string()));
        }
    }
    if matches!(*verb, "heal" | "drop")
        && let Some(number) = template.words.first()
        && number.parse::<u64>().is_err()
    {
        source.error(line.node, format!("\"{number}\" is not a number"), format!("write: {verb} 3"));
    }
    line.finish(&["one-way", "response", "unclean", "jitter", "kept", "torn", "count"], source);
    Some(template)
}

impl CommandTemplate {
    /// The command, with what the story has bound filled in; the unbound name on failure.
    pub fn fill(&self, directory: &Directory, bindings: &BTreeMap<String, String>) -> Result<Command, String> {
        let node = |index: usize| -> Result<NodeId, String> {
            let name = self.nodes.get(index).cloned().unwrap_or_default();
            let name = match name.strip_prefix('$') {
                Some(bound) => bindings.get(bound).cloned().ok_or_else(|| name.clone())?,
                None => name,
            };
            directory.find_node(&name).ok_or(name)
        };
        let word = |index: usize| self.words.get(index).map(String::as_str).unwrap_or_default();
        let tp = |index: usize| directory.find_tp(word(index)).ok_or_else(|| word(index).to_owned());
        let topic = |index: usize| directory.find_topic(word(index)).ok_or_else(|| word(index).to_owned());
        let admin = |request: AdminRequest| Command::Admin { request };
        Ok(match self.verb {
            "kill" => Command::Stop { node: node(0)?, how: StopKind::Crash },
            "power-off" if self.flag || !self.words.is_empty() => {
                Command::PowerCut { node: node(0)?, kept: word(0).parse().unwrap_or(0), torn: self.flag }
            }
            "corrupt" | "delete-records" => {
                let tp = directory.find_tp(word(0)).ok_or(word(0))?;
                let offset = Offset(word(1).parse().map_err(|_| word(1).to_owned())?);
                match self.verb {
                    "corrupt" => Command::Corrupt { node: node(0)?, tp, offset },
                    _ => Command::DeleteRecords { tp, offset },
                }
            }
            "disk-full" => Command::Disk { node: node(0)?, what: DiskFault::Full },
            "disk-freed" => Command::Disk { node: node(0)?, what: DiskFault::Freed },
            "disk-lost" => Command::Disk { node: node(0)?, what: DiskFault::Lost },
            "alter-config" => {
                let (name, value) = (word(1).to_owned(), word(2).to_owned());
                admin(match directory.find_topic(word(0)) {
                    Some(topic) => AdminRequest::AlterTopicConfig { topic, name, value },
                    None => {
                        let broker = directory.find_broker(word(0)).ok_or(word(0))?;
                        AdminRequest::AlterBrokerConfig { broker, name, value }
                    }
                })
            }
            "tombstone" => Command::Tombstone { producer: node(0)?, key: word(0).to_owned() },
            "power-off" => Command::Stop { node: node(0)?, how: StopKind::Power },
            "stop" => Command::Stop { node: node(0)?, how: StopKind::Graceful },
            "start" => Command::Start { node: node(0)? },
            "pause" => Command::Pause { node: node(0)? },
            "resume" => Command::Resume { node: node(0)? },
            "isolate" => Command::Isolate { node: node(0)? },
            "cut" => Command::Cut { from: node(0)?, to: node(1)?, both_ways: !self.flag },
            "heal" => match self.words.first() {
                Some(fault) => Command::Heal { fault: FaultId(fault.parse().map_err(|_| fault.clone())?) },
                None => Command::HealAll,
            },
            "drop" => Command::Drop { envelope: EnvelopeId(word(0).parse().map_err(|_| word(0).to_owned())?) },
            "drop-next" => Command::DropNext {
                from: node(0)?,
                to: node(1)?,
                kind: *KINDS.iter().find(|known| known.name() == word(0)).ok_or(word(0))?,
                response: self.flag,
            },
            "delay-next" => Command::DelayNext {
                from: node(0)?,
                to: node(1)?,
                kind: *KINDS.iter().find(|known| known.name() == word(0)).ok_or(word(0))?,
                by: self.span.unwrap_or_default(),
            },
            "send" => Command::Send { producer: node(0)?, count: word(0).parse().map_err(|_| word(0).to_owned())? },
            "workload" => Command::Workload {
                producer: node(0)?,
                every: self.span.unwrap_or_default(),
                count: word(0).parse().ok(),
                keys: self.words.get(1..).unwrap_or_default().join(" "),
            },
            "seek" => Command::Seek {
                group: directory.find_group(word(0)).ok_or(word(0))?,
                to: seek_to(word(1)).unwrap_or(SeekTo::Beginning),
            },
            "elect-leader" => admin(AdminRequest::ElectLeader { tp: tp(0)?, unclean: self.flag }),
            "reassign" => {
                let ids = self.words.iter().skip(1).filter_map(|id| id.parse().ok()).map(BrokerId).collect();
                admin(AdminRequest::AlterPartitionReassignments { tp: tp(0)?, replicas: ids })
            }
            "create-partitions" => {
                let count = word(1).parse().map_err(|_| word(1).to_owned())?;
                admin(AdminRequest::CreatePartitions { topic: topic(0)?, count })
            }
            "configure" => Command::Configure { node: node(0)?, name: word(0).to_owned(), value: word(1).to_owned() },
            "remove" => Command::Remove { node: node(0)? },
            "create-topic" => Command::CreateTopic { topic: topic(0)? },
            "delete-topic" => admin(AdminRequest::DeleteTopic { topic: topic(0)? }),
            "pause-partitions" => Command::PausePartitions { node: node(0)?, paused: true },
            "resume-partitions" => Command::PausePartitions { node: node(0)?, paused: false },
            "processing" => Command::Processing { node: node(0)?, takes: self.span.unwrap_or(Duration::ZERO) },
            _ => {
                let jitter = Duration(word(0).parse().unwrap_or(0));
                Command::Latency { latency: self.span.unwrap_or(Duration::ZERO), jitter }
            }
        })
    }
}

/// `beginning`, `end`, an offset as `17`, or a moment as `90s`.
fn seek_to(word: &str) -> Option<SeekTo> {
    match word {
        "beginning" => Some(SeekTo::Beginning),
        "end" => Some(SeekTo::End),
        _ => match word.parse::<i64>() {
            Ok(offset) => u64::try_from(offset).ok().map(SeekTo::Offset),
            Err(_) => Duration::parse(word).map(|at| SeekTo::Time(at.as_millis())),
        },
    }
}
