//! What comes next.

use crate::command::Command;
use crate::effect::{DiskToken, Instruction, Timer};
use crate::ids::{EnvelopeId, NodeId};
use crate::protocol::Channel;
use crate::time::Instant;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Something that will happen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Item {
    /// A process starts.
    Start { node: NodeId },
    /// A message arrives.
    Deliver { envelope: EnvelopeId },
    /// A timer runs out.
    Timer { node: NodeId, timer: Timer },
    /// An fsync is done.
    Disk { node: NodeId, incarnation: u32, token: DiskToken },
    /// A node notices that a connection broke.
    Disconnect { node: NodeId, peer: NodeId, channel: Option<Channel> },
    /// A command is carried out.
    Command(Box<Command>),
    /// A node is told something by the world's beginning.
    Told { node: NodeId, instruction: Box<Instruction> },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Scheduled {
    at: Instant,
    seq: u64,
    cause: u64,
    item: Item,
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        // A heap gives its greatest first; here the earliest must come first.
        (other.at, other.seq).cmp(&(self.at, self.seq))
    }
}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The queue of everything that will happen, in the order of time and then of scheduling.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    heap: BinaryHeap<Scheduled>,
    next_seq: u64,
}

impl std::hash::Hash for Schedule {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // The order inside a heap depends on its history; the set of what is in it does not.
        let mut items: Vec<&Scheduled> = self.heap.iter().collect();
        items.sort_unstable_by_key(|item| item.seq);
        items.hash(state);
        self.next_seq.hash(state);
    }
}

impl Schedule {
    /// Adds something; returns its number.
    pub fn add(&mut self, at: Instant, cause: u64, item: Item) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.heap.push(Scheduled { at, seq, cause, item });
        seq
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|next| next.at)
    }

    /// The number and content of the next thing.
    pub fn peek(&self) -> Option<(u64, &Item)> {
        self.heap.peek().map(|next| (next.seq, &next.item))
    }

    /// Takes the next thing: when, its number, its cause, and what.
    pub fn pop(&mut self) -> Option<(Instant, u64, u64, Item)> {
        self.heap.pop().map(|next| (next.at, next.seq, next.cause, next.item))
    }

    /// How many things are scheduled.
    pub fn len(&self) -> usize {
        self.heap.len()
    }
}
