//! What may be asked of a running simulation, by a person, a scenario or a test.

use crate::effect::SeekTo;
use crate::event::StopKind;
use crate::field::{Field, Strange};
use crate::ids::{EnvelopeId, FaultId, GroupId, NodeId, Offset, TopicId, TopicPartition};
use crate::protocol::{AdminRequest, ErrorCode, MessageKind};
use crate::time::Duration;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// A request to the simulation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", try_from = "Written")]
pub enum Command {
    /// End a process: kill it, cut its power, or stop it in order.
    Stop { node: NodeId, how: StopKind },
    /// Start a process that is down.
    Start { node: NodeId },
    /// Freeze a process; its connections stay open and messages wait.
    Pause { node: NodeId },
    /// Let it go on.
    Resume { node: NodeId },
    /// Cut the link between two nodes: both ways, or only from the first to the second.
    Cut { from: NodeId, to: NodeId, both_ways: bool },
    /// Cut a node off from all others.
    Isolate { node: NodeId },
    /// Lift one fault rule.
    Heal { fault: FaultId },
    /// Lift every fault rule.
    HealAll,
    /// Make a message that is under way vanish.
    Drop { envelope: EnvelopeId },
    /// Make the next message of a kind between two nodes vanish.
    DropNext { from: NodeId, to: NodeId, kind: MessageKind, response: bool },
    /// Make the next request of a kind between two nodes late by so much, as one that waits in the receiver's request
    /// queue. It is served even when its sender has given the connection up meanwhile.
    DelayNext { from: NodeId, to: NodeId, kind: MessageKind, by: Duration },
    /// A producer sends this many records at once, beside its program.
    Send { producer: NodeId, count: u32 },
    /// A producing program goes on at another pace: so long from record to record, so many more of them (none for "for
    /// ever"), with these keys in turn, a space between two; an empty text for records without a key.
    Workload { producer: NodeId, every: Duration, count: Option<u32>, keys: String },
    /// All members of a group move their positions.
    Seek { group: GroupId, to: SeekTo },
    /// Change how long a consumer or worker takes for one record.
    Processing { node: NodeId, takes: Duration },
    /// A consumer's application calls `pause` (or `resume`) on everything it is assigned: it polls on and gets nothing.
    PausePartitions { node: NodeId, paused: bool },
    /// An administrator asks the active controller.
    Admin { request: AdminRequest },
    /// Change the latency of every link.
    Latency { latency: Duration, jitter: Duration },
    /// Cut a broker's power when the operating system has written back some batches of each log's unflushed tail;
    /// `torn`: the next batch is half on the disk.
    PowerCut { node: NodeId, kept: u32, torn: bool },
    /// Flip a bit of the stored batch that holds an offset.
    Corrupt {
        node: NodeId,
        #[serde(flatten)]
        tp: TopicPartition,
        offset: Offset,
    },
    /// Something happens to a broker's disk.
    Disk { node: NodeId, what: DiskFault },
    /// Forget a partition's records below an offset (DeleteRecords); −1 for the high watermark.
    DeleteRecords {
        #[serde(flatten)]
        tp: TopicPartition,
        offset: Offset,
    },
    /// A producer sends a record with this key and no value.
    Tombstone { producer: NodeId, key: String },
    /// A client gets another setting, which it reads when it starts: it stops in order and starts again.
    Configure { node: NodeId, name: String, value: String },
    /// A process stops in order and is taken out of the world for good.
    Remove { node: NodeId },
    /// CreateTopics, for a topic that the world describes as late.
    CreateTopic { topic: TopicId },
}

/// What can happen to a disk as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum DiskFault {
    /// No byte more can be written.
    Full,
    /// There is room again.
    Freed,
    /// It is gone with all that was on it; an empty one takes its place.
    Lost,
}

/// A command as it is written: the derived reader of a tagged enum would be thirty times the machine code of this.
#[derive(Deserialize)]
struct Written(BTreeMap<String, Field>);

impl TryFrom<Written> for Command {
    type Error = String;

    fn try_from(written: Written) -> Result<Command, String> {
        Command::read(&|name| written.0.get(name).cloned())
    }
}

/// The fields of a command that is being read.
struct Fields<'a>(&'a dyn Fn(&str) -> Option<Field>);

impl Fields<'_> {
    fn need(&self, name: &str) -> Result<Field, String> {
        (self.0)(name).filter(|field| *field != Field::None).ok_or_else(|| format!("missing field `{name}`"))
    }

    fn number(&self, name: &str) -> Result<i64, String> {
        self.need(name)?.number().ok_or_else(|| format!("field `{name}` is not a number"))
    }

    fn id<T: TryFrom<i64>>(&self, name: &str) -> Result<T, String> {
        T::try_from(self.number(name)?).map_err(|_| format!("field `{name}` is out of range"))
    }

    fn node(&self, name: &str) -> Result<NodeId, String> {
        self.id(name).map(NodeId)
    }

    fn span(&self, name: &str) -> Result<Duration, String> {
        self.id(name).map(Duration)
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        match self.need(name)? {
            Field::Flag(flag) => Ok(flag),
            _ => Err(format!("field `{name}` is not true or false")),
        }
    }

    fn text(&self, name: &str) -> Result<String, String> {
        match self.need(name)? {
            Field::Text(text) => Ok(text),
            _ => Err(format!("field `{name}` is not a text")),
        }
    }

    fn maybe<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, String> {
        match (self.0)(name) {
            None | Some(Field::None) => Ok(None),
            Some(_) => self.id(name).map(Some),
        }
    }

    fn tp(&self) -> Result<TopicPartition, String> {
        Ok(TopicPartition::new(TopicId(self.id("topic")?), self.id("partition")?))
    }

    fn word<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let Field::Text(word) = self.need(name)? else { return Err(format!("field `{name}` is not a word")) };
        let reader: StrDeserializer<'_, Strange> = word.as_str().into_deserializer();
        T::deserialize(reader).map_err(|_| format!("field `{name}`: unknown word `{word}`"))
    }
}

impl Command {
    /// Reads a command from its fields, named as in JSON: `do` is the verb in kebab case.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn read(field: &dyn Fn(&str) -> Option<Field>) -> Result<Command, String> {
        let fields = Fields(field);
        let Field::Text(verb) = fields.need("do")? else { return Err("field `do` is not a word".to_owned()) };
        Ok(match verb.as_str() {
            "stop" => Command::Stop { node: fields.node("node")?, how: fields.word("how")? },
            "start" => Command::Start { node: fields.node("node")? },
            "pause" => Command::Pause { node: fields.node("node")? },
            "resume" => Command::Resume { node: fields.node("node")? },
            "cut" => Command::Cut {
                from: fields.node("from")?,
                to: fields.node("to")?,
                both_ways: fields.flag("both_ways")?,
            },
            "isolate" => Command::Isolate { node: fields.node("node")? },
            "heal" => Command::Heal { fault: FaultId(fields.id("fault")?) },
            "heal-all" => Command::HealAll,
            "drop" => Command::Drop { envelope: EnvelopeId(fields.id("envelope")?) },
            "drop-next" => Command::DropNext {
                from: fields.node("from")?,
                to: fields.node("to")?,
                kind: fields.word("kind")?,
                response: fields.flag("response")?,
            },
            "delay-next" => Command::DelayNext {
                from: fields.node("from")?,
                to: fields.node("to")?,
                kind: fields.word("kind")?,
                by: fields.span("by")?,
            },
            "send" => Command::Send { producer: fields.node("producer")?, count: fields.id("count")? },
            "workload" => Command::Workload {
                producer: fields.node("producer")?,
                every: fields.span("every")?,
                count: fields.maybe("count")?,
                keys: fields.text("keys")?,
            },
            "seek" => Command::Seek { group: GroupId(fields.id("group")?), to: fields.word("to")? },
            "pause-partitions" => {
                Command::PausePartitions { node: fields.node("node")?, paused: fields.flag("paused")? }
            }
            "processing" => Command::Processing { node: fields.node("node")?, takes: fields.span("takes")? },
            "admin" => match fields.need("request")? {
                Field::Text(text) => Command::Admin { request: AdminRequest::try_from(text)? },
                _ => return Err("field `request` is not a text".to_owned()),
            },
            "latency" => Command::Latency { latency: fields.span("latency")?, jitter: fields.span("jitter")? },
            "power-cut" => {
                Command::PowerCut { node: fields.node("node")?, kept: fields.id("kept")?, torn: fields.flag("torn")? }
            }
            "corrupt" => Command::Corrupt {
                node: fields.node("node")?,
                tp: fields.tp()?,
                offset: Offset(fields.number("offset")?),
            },
            "disk" => Command::Disk { node: fields.node("node")?, what: fields.word("what")? },
            "delete-records" => Command::DeleteRecords { tp: fields.tp()?, offset: Offset(fields.number("offset")?) },
            "configure" => Command::Configure {
                node: fields.node("node")?,
                name: fields.text("name")?,
                value: fields.text("value")?,
            },
            "remove" => Command::Remove { node: fields.node("node")? },
            "create-topic" => Command::CreateTopic { topic: TopicId(fields.id("topic")?) },
            "tombstone" => Command::Tombstone { producer: fields.node("producer")?, key: fields.text("key")? },
            verb => return Err(format!("unknown variant `{verb}`")),
        })
    }
}

/// Why a command was refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, Error)]
pub enum Rejected {
    /// There is no such node.
    #[error("there is no node {0}")]
    UnknownNode(NodeId),
    /// The process is not running.
    #[error("node {0} is not running")]
    NotRunning(NodeId),
    /// The process is running already.
    #[error("node {0} is running already")]
    AlreadyRunning(NodeId),
    /// The message is no longer under way.
    #[error("message {0} is no longer under way")]
    NotInFlight(EnvelopeId),
    /// There is no such fault.
    #[error("there is no fault {0} to heal")]
    UnknownFault(FaultId),
    /// A node has no link to itself.
    #[error("node {0} has no link to itself")]
    SameNode(NodeId),
    /// The node is of another kind.
    #[error("node {0} is not {1}")]
    WrongKind(NodeId, String),
    /// No controller is active.
    #[error("no controller is active: nobody can decide")]
    NoController,
    /// The controller refuses.
    #[error("the controller refuses: {}", .0.name())]
    Refused(ErrorCode),
    /// The setting does not exist, cannot be changed so, or has no such value.
    #[error("node {0}: {1}")]
    BadSetting(NodeId, String),
    /// There is no such group.
    #[error("there is no group {0}")]
    UnknownGroup(GroupId),
    /// The partition has no leader, or no such offset there.
    #[error("the partition has no leader that could do this, or no such offset")]
    NotThere(TopicPartition),
    /// The topic is compacted and never deletes: DeleteRecords is against its policy (POLICY_VIOLATION).
    #[error("the topic is only compacted: its records cannot be deleted by offset")]
    CompactedOnly(TopicPartition),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_reads_back_as_it_was_written() {
        let (node, from, to) = (NodeId(1), NodeId(2), NodeId(3));
        let span = Duration::from_millis(7);
        let all = [
            Command::Stop { node, how: StopKind::Power },
            Command::Start { node },
            Command::Pause { node },
            Command::Resume { node },
            Command::Cut { from, to, both_ways: false },
            Command::Isolate { node },
            Command::Heal { fault: FaultId(4) },
            Command::HealAll,
            Command::Drop { envelope: EnvelopeId(5) },
            Command::DropNext { from, to, kind: MessageKind::Fetch, response: true },
            Command::DelayNext { from, to, kind: MessageKind::Produce, by: Duration::from_secs(3) },
            Command::Send { producer: node, count: 6 },
            Command::Workload { producer: node, every: span, count: None, keys: String::new() },
            Command::Workload { producer: node, every: span, count: Some(0), keys: "a b".into() },
            Command::Seek { group: GroupId(0), to: SeekTo::End },
            Command::Seek { group: GroupId(0), to: SeekTo::Beginning },
            Command::Seek { group: GroupId(0), to: SeekTo::Offset(7) },
            Command::Seek { group: GroupId(0), to: SeekTo::Time(12_000) },
            Command::Processing { node, takes: span },
            Command::PausePartitions { node, paused: true },
            Command::Latency { latency: span, jitter: Duration::ZERO },
            Command::Admin { request: AdminRequest::DeleteTopic { topic: TopicId(1) } },
            Command::PowerCut { node, kept: 3, torn: true },
            Command::Corrupt { node, tp: TopicPartition::new(TopicId(1), 0), offset: Offset(5) },
            Command::Disk { node, what: DiskFault::Lost },
            Command::DeleteRecords { tp: TopicPartition::new(TopicId(1), 0), offset: Offset(-1) },
            Command::Tombstone { producer: node, key: "k".into() },
            Command::Configure { node, name: "acks".into(), value: "1".into() },
            Command::Remove { node },
            Command::CreateTopic { topic: TopicId(2) },
        ];
        for command in all {
            let json = serde_json::to_string(&command).unwrap();
            assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), command, "{json}");
        }
        for (json, why) in [
            (r#"{"node":1}"#, "missing field `do`"),
            (r#"{"do":"jump"}"#, "unknown variant `jump`"),
            (r#"{"do":"cut","from":1,"both_ways":true}"#, "missing field `to`"),
        ] {
            let error = serde_json::from_str::<Command>(json).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
