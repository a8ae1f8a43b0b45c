//! What a run adds up to as it goes on: marks, meters, turning points, and who was down when.
//!
//! Everything is taken from the events known so far, each event once. Seeking changes nothing (readers stop at the
//! moment shown); acting in the past starts over, because the events after it are others.

use super::advance::is_decisive;
use super::levels::Levels;
use super::meters::Meters;
use highwater_engine::event::{Event, GroupState};
use highwater_engine::ids::NodeId;
use highwater_engine::sim::Emitted;
use highwater_engine::time::Instant;

/// What a mark on a time line stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Moment {
    /// Somebody broke something.
    Fault,
    /// Something works again.
    Repair,
    /// A partition got another leader.
    Election,
    /// An ISR shrank or grew.
    Isr,
    /// A group began to share out its partitions anew.
    Rebalance,
    /// A record was lost, skipped or doubled.
    Loss,
    /// The reader acted in the past, and what was known from there on became another future.
    Branch,
}

impl Moment {
    /// In the order of the legend.
    pub const ALL: [Moment; 7] =
        [Moment::Fault, Moment::Repair, Moment::Election, Moment::Isr, Moment::Rebalance, Moment::Loss, Moment::Branch];

    /// What an event is marked as.
    fn of(event: &Event) -> Option<Moment> {
        Some(match event {
            Event::NodeStopped { .. } | Event::NodePaused { .. } | Event::LinkCut { .. } => Moment::Fault,
            Event::NodeResumed { .. } | Event::LinkHealed { .. } => Moment::Repair,
            Event::LeaderElected { from, .. } if from.some().is_some() => Moment::Election,
            Event::PartitionOffline { .. } => Moment::Election,
            Event::IsrChanged { .. } => Moment::Isr,
            Event::GroupStateChanged { state: GroupState::PreparingRebalance, .. } => Moment::Rebalance,
            Event::AckedRecordLost { .. }
            | Event::RecordSkipped { .. }
            | Event::RecordDuplicated { .. }
            | Event::QueueLost { .. } => Moment::Loss,
            _ => return None,
        })
    }
}

/// So many turning points are remembered.
const TURNS: usize = 1 << 16;

/// A mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marked {
    /// When.
    pub at: Instant,
    /// The step.
    pub n: u64,
    /// What.
    pub what: Moment,
}

/// Whether an event is decisive, or one that others are traced back to.
fn is_turn(event: &Event) -> bool {
    is_decisive(event)
        || matches!(
            event,
            Event::LeaderActivated { .. }
                | Event::FollowerActivated { .. }
                | Event::IsrShrinkProposed { .. }
                | Event::RequestTimedOut { .. }
        )
}

/// What a run adds up to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    turned: u64,
    /// The last step whose events were taken in.
    seen: u64,
    /// Marks in order, several of one kind and moment once.
    pub marks: Vec<Marked>,
    /// The meters.
    pub meters: Meters,
    /// Records that were sent and have no answer yet.
    pub unanswered: Levels,
    /// Messages that wait in classic queues.
    pub queued: Levels,
    turns: Vec<Emitted>,
    lives: Vec<(Instant, NodeId, bool)>,
    started: Vec<NodeId>,
}

impl Tally {
    /// Takes in what is new; after another turn it starts over.
    pub fn follow(&mut self, turned: u64, events: &[Emitted]) {
        let last = events.last().map_or(0, |emitted| emitted.n);
        if turned != self.turned || last < self.seen {
            *self = Tally { turned, ..Tally::default() };
        }
        if last == self.seen {
            return;
        }
        let new = events.partition_point(|emitted| emitted.n <= self.seen);
        for emitted in &events[new..] {
            self.take(emitted);
        }
        self.seen = last;
    }

    fn take(&mut self, emitted: &Emitted) {
        let (at, n) = (emitted.at, emitted.n);
        let mut what = Moment::of(&emitted.event);
        match &emitted.event {
            Event::NodeStopped { node, .. } => self.lives.push((at, *node, false)),
            Event::NodeStarted { node } => {
                // The first start is the beginning, a later one repairs something.
                if self.started.contains(node) {
                    self.lives.push((at, *node, true));
                    what = Some(Moment::Repair);
                } else {
                    self.started.push(*node);
                }
            }
            _ => {}
        }
        if let Some(what) = what
            && self.marks.last().is_none_or(|last| (last.at, last.what) != (at, what))
        {
            self.marks.push(Marked { at, n, what });
        }
        match &emitted.event {
            Event::RecordSent { .. } => self.unanswered.shift(at, 1),
            Event::RecordAcked { .. } | Event::SendFailed { .. } => self.unanswered.shift(at, -1),
            Event::QueueStored { .. } => self.queued.shift(at, 1),
            Event::QueueRemoved { .. } | Event::QueueLost { .. } => self.queued.shift(at, -1),
            _ => {}
        }
        if is_turn(&emitted.event) {
            if self.turns.len() == TURNS {
                self.turns.drain(..TURNS / 8);
            }
            self.turns.push(emitted.clone());
        }
        self.meters.take(emitted);
    }

    /// Turning points up to a step, in order: remembered when the history has forgotten them.
    pub fn turns(&self, step: u64) -> &[Emitted] {
        &self.turns[..self.turns.partition_point(|emitted| emitted.n <= step)]
    }

    /// Since when a process was down at a moment, if it was.
    pub fn down_since(&self, node: NodeId, at: Instant) -> Option<Instant> {
        let before = self.lives.partition_point(|(when, ..)| *when < at);
        let last = self.lives[..before].iter().rev().find(|(_, of, _)| *of == node)?;
        (!last.2).then_some(last.0)
    }
}
