//! Why something happened: the chain of what led to it.

use crate::command::Command;
use crate::effect::Timer;
use crate::ids::NodeId;
use crate::protocol::MessageKind;
use crate::sim::Dispatched;
use crate::time::Instant;

/// One link of a chain of causes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// The number of the event.
    pub n: u64,
    /// When.
    pub at: Instant,
    /// What it was.
    pub what: CauseKind,
}

/// What can cause something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CauseKind {
    /// A message arrived.
    Message {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// The API.
        kind: MessageKind,
        /// Whether it was an answer.
        is_response: bool,
    },
    /// A timer ran out; see [`Timer`] for the setting behind it.
    Timer {
        /// Whose.
        node: NodeId,
        /// Which.
        timer: Timer,
    },
    /// An fsync was done.
    Disk {
        /// Whose disk.
        node: NodeId,
    },
    /// A person or a scenario asked for it.
    Command(Command),
    /// A process started.
    Start {
        /// Which.
        node: NodeId,
    },
    /// A connection broke.
    Disconnected {
        /// Who noticed.
        node: NodeId,
        /// The other side.
        peer: NodeId,
    },
}

impl CauseKind {
    /// The kind of a dispatch; none for one that did nothing.
    pub(super) fn of(dispatched: &Dispatched) -> Option<CauseKind> {
        Some(match dispatched {
            Dispatched::Start { node } | Dispatched::Told { node } => CauseKind::Start { node: *node },
            Dispatched::Message { from, to, kind, is_response } => {
                CauseKind::Message { from: *from, to: *to, kind: *kind, is_response: *is_response }
            }
            Dispatched::Timer { node, timer } => CauseKind::Timer { node: *node, timer: *timer },
            Dispatched::Disk { node } => CauseKind::Disk { node: *node },
            Dispatched::Disconnected { node, peer } => CauseKind::Disconnected { node: *node, peer: *peer },
            Dispatched::Command(command) => CauseKind::Command((**command).clone()),
            Dispatched::Nothing => return None,
        })
    }
}
