//! What comes next.

use crate::collections::sorted_by_number;
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

/// A place in the order; what happens there is in the slab, so that the heap moves little.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Place {
    at: Instant,
    seq: u64,
    index: u32,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        // A heap gives its greatest first; here the earliest must come first.
        (other.at, other.seq).cmp(&(self.at, self.seq))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The queue of everything that will happen, in the order of time and then of scheduling.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    heap: BinaryHeap<Place>,
    slab: Vec<Option<(u64, Item)>>,
    free: Vec<u32>,
    next_seq: u64,
    /// How many timers in it were set anew or cancelled since the last sweep.
    void: usize,
}

/// Fewer cancelled things than this are not worth a sweep.
const SWEEP_LEAST: usize = 64;

impl Schedule {
    /// Everything that will happen, in the order of scheduling: when, its number, its cause, and what. The order inside a
    /// heap depends on its history; this does not.
    pub fn items(&self) -> Vec<(Instant, u64, u64, &Item)> {
        let places: Vec<&Place> = self.heap.iter().collect();
        let item = |place: &Place| {
            let (cause, item) = self.slab.get(place.index as usize)?.as_ref()?;
            Some((place.at, place.seq, *cause, item))
        };
        sorted_by_number(&places, |place| place.seq).into_iter().filter_map(item).collect()
    }

    /// The number of what is scheduled next.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Adds something; returns its number.
    pub fn add(&mut self, at: Instant, cause: u64, item: Item) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        let index = match self.free.pop() {
            Some(index) => {
                self.slab[index as usize] = Some((cause, item));
                index
            }
            None => {
                self.slab.push(Some((cause, item)));
                (self.slab.len() - 1) as u32
            }
        };
        self.heap.push(Place { at, seq, index });
        seq
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|next| next.at)
    }

    /// The number and content of the next thing.
    pub fn peek(&self) -> Option<(u64, &Item)> {
        let next = self.heap.peek()?;
        let (_, item) = self.slab.get(next.index as usize)?.as_ref()?;
        Some((next.seq, item))
    }

    /// Takes the next thing: when, its number, its cause, and what.
    pub fn pop(&mut self) -> Option<(Instant, u64, u64, Item)> {
        let next = self.heap.pop()?;
        let (cause, item) = self.slab.get_mut(next.index as usize)?.take()?;
        self.free.push(next.index);
        Some((next.at, next.seq, cause, item))
    }

    /// Takes the thing with this number, wherever it stands: when, its cause, and what.
    pub fn take(&mut self, seq: u64) -> Option<(Instant, u64, Item)> {
        let place = *self.heap.iter().find(|place| place.seq == seq)?;
        self.heap.retain(|other| other.seq != seq);
        let (cause, item) = self.slab.get_mut(place.index as usize)?.take()?;
        self.free.push(place.index);
        Some((place.at, cause, item))
    }

    /// So many of the timers in it were set anew or cancelled.
    pub fn voided(&mut self, count: usize) {
        self.void += count;
    }

    /// Whether most of it is cancelled. A timer of 30 s that is set anew with every request would otherwise stay for those
    /// 30 s, and each step would cost more the longer a world runs.
    pub fn is_cluttered(&self) -> bool {
        self.void >= SWEEP_LEAST && self.void * 2 > self.heap.len()
    }

    /// Drops what is cancelled. The order of the rest is its own: nothing else changes.
    pub fn sweep(&mut self, is_void: impl Fn(u64, &Item) -> bool) {
        let Schedule { heap, slab, free, void, .. } = self;
        heap.retain(|place| {
            let Some(slot) = slab.get_mut(place.index as usize) else { return false };
            let drops = slot.as_ref().is_none_or(|(_, item)| is_void(place.seq, item));
            if drops {
                *slot = None;
                free.push(place.index);
            }
            !drops
        });
        *void = 0;
    }

    /// How many things are scheduled.
    pub fn len(&self) -> usize {
        self.heap.len()
    }
}
