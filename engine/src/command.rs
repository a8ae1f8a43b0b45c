//! What may be asked of a running simulation, by a person, a scenario or a test.

use crate::effect::SeekTo;
use crate::event::StopKind;
use crate::ids::{EnvelopeId, FaultId, GroupId, NodeId};
use crate::protocol::MessageKind;
use crate::time::Duration;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
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
    /// A producer sends this many records at once, beside its program.
    Send { producer: NodeId, count: u32 },
    /// All members of a group move their positions.
    Seek { group: GroupId, to: SeekTo },
    /// Change how long a consumer or worker takes for one record.
    Processing { node: NodeId, takes: Duration },
    /// Change the latency of every link.
    Latency { latency: Duration, jitter: Duration },
}

/// A command as it is written: the derived reader of a tagged enum would be thirty times the machine code of this.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    #[serde(rename = "do")]
    verb: String,
    node: Option<NodeId>,
    from: Option<NodeId>,
    to: Option<To>,
    how: Option<StopKind>,
    both_ways: Option<bool>,
    fault: Option<FaultId>,
    envelope: Option<EnvelopeId>,
    kind: Option<MessageKind>,
    response: Option<bool>,
    producer: Option<NodeId>,
    count: Option<u32>,
    group: Option<GroupId>,
    takes: Option<Duration>,
    latency: Option<Duration>,
    jitter: Option<Duration>,
}

/// What `to` says: the other end of a link, or a place in a log.
#[derive(Clone, Copy)]
enum To {
    Node(NodeId),
    Place(SeekTo),
}

impl<'de> Deserialize<'de> for To {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = To;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node, `Beginning` or `End`")
            }
            fn visit_u64<E: de::Error>(self, node: u64) -> Result<To, E> {
                u32::try_from(node).map(|node| To::Node(NodeId(node))).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, place: &str) -> Result<To, E> {
                match place {
                    "Beginning" => Ok(To::Place(SeekTo::Beginning)),
                    "End" => Ok(To::Place(SeekTo::End)),
                    _ => Err(E::custom(format!("unknown place `{place}`"))),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl TryFrom<Written> for Command {
    type Error = String;

    fn try_from(written: Written) -> Result<Command, String> {
        fn need<T>(field: Option<T>, name: &str) -> Result<T, String> {
            field.ok_or_else(|| format!("missing field `{name}`"))
        }
        let node = || need(written.node, "node");
        let from = || need(written.from, "from");
        let to = || match written.to {
            Some(To::Node(node)) => Ok(node),
            _ => need(None, "to"),
        };
        Ok(match written.verb.as_str() {
            "stop" => Command::Stop { node: node()?, how: need(written.how, "how")? },
            "start" => Command::Start { node: node()? },
            "pause" => Command::Pause { node: node()? },
            "resume" => Command::Resume { node: node()? },
            "cut" => Command::Cut { from: from()?, to: to()?, both_ways: need(written.both_ways, "both_ways")? },
            "isolate" => Command::Isolate { node: node()? },
            "heal" => Command::Heal { fault: need(written.fault, "fault")? },
            "heal-all" => Command::HealAll,
            "drop" => Command::Drop { envelope: need(written.envelope, "envelope")? },
            "drop-next" => Command::DropNext {
                from: from()?,
                to: to()?,
                kind: need(written.kind, "kind")?,
                response: need(written.response, "response")?,
            },
            "send" => {
                Command::Send { producer: need(written.producer, "producer")?, count: need(written.count, "count")? }
            }
            "seek" => Command::Seek {
                group: need(written.group, "group")?,
                to: match written.to {
                    Some(To::Place(place)) => place,
                    _ => need(None, "to")?,
                },
            },
            "processing" => Command::Processing { node: node()?, takes: need(written.takes, "takes")? },
            "latency" => {
                Command::Latency { latency: need(written.latency, "latency")?, jitter: need(written.jitter, "jitter")? }
            }
            "" => return need(None, "do"),
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
    /// There is no such group.
    #[error("there is no group {0}")]
    UnknownGroup(GroupId),
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
            Command::Send { producer: node, count: 6 },
            Command::Seek { group: GroupId(0), to: SeekTo::End },
            Command::Seek { group: GroupId(0), to: SeekTo::Beginning },
            Command::Processing { node, takes: span },
            Command::Latency { latency: span, jitter: Duration::ZERO },
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
