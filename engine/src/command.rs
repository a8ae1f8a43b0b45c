//! What may be asked of a running simulation, by a person, a scenario or a test.

use crate::effect::SeekTo;
use crate::event::StopKind;
use crate::ids::{EnvelopeId, FaultId, GroupId, NodeId};
use crate::protocol::MessageKind;
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A request to the simulation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
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
