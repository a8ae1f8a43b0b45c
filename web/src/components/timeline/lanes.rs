//! What the timeline shows, as plain numbers: who led when, how large the ISR was, what was unacknowledged.

use crate::scene::Target;
use crate::session::Run;
use highwater_engine::event::{Event, StopKind};
use highwater_engine::ids::*;
use highwater_engine::time::Instant;

/// Somebody led, or nobody could.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reign {
    /// From.
    pub from: Instant,
    /// Until, or until now.
    pub to: Instant,
    /// Who; none while the leader was dead or there was none.
    pub leader: Option<BrokerId>,
}

/// Something to be found again on the timeline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flag {
    /// When.
    pub at: Instant,
    /// What.
    pub what: FlagKind,
}

/// What a flag stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlagKind {
    /// A process ended.
    Down(NodeId, StopKind),
    /// A process froze.
    Frozen(NodeId),
    /// A link was cut.
    Cut,
    /// An election after the first.
    Election,
    /// An acknowledged record was lost.
    Loss,
}

/// Everything on the timeline.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lanes {
    /// The moment it was made.
    pub now: Instant,
    /// The right end.
    pub end: Instant,
    /// The partition it is about.
    pub partition: Option<TopicPartition>,
    /// Who led.
    pub reigns: Vec<Reign>,
    /// How many were in the ISR, from when.
    pub isr: Vec<(Instant, u64)>,
    /// How many records were sent and not yet acknowledged, from when; in a world of queues, how many waited.
    pub open: Vec<(Instant, u64)>,
    /// Flags in order.
    pub flags: Vec<Flag>,
}

/// A world that has no end yet gets room for this much at first.
const ROOM: u64 = 5_000_000;

/// The lanes of a run.
pub fn lanes(run: &Run, selection: Option<Target>) -> Lanes {
    let partition = partition_of(run, selection);
    let mut lanes = Lanes { now: run.now(), end: end_of(run), partition, ..Lanes::default() };
    let has_kafka = run.recording().spec.brokers > 0;
    let tally = run.tally();
    lanes.open = if has_kafka { &tally.unanswered } else { &tally.queued }.until(lanes.now);
    let mut leader = BrokerId::NONE;
    for emitted in tally.turns(run.cursor()) {
        let at = emitted.at;
        match &emitted.event {
            Event::LeaderElected { tp, from, leader: next, .. } => {
                if Some(*tp) == partition {
                    lanes.reign(at, Some(*next));
                    leader = *next;
                }
                if from.some().is_some() {
                    lanes.flag(at, FlagKind::Election);
                }
            }
            Event::PartitionOffline { tp, .. } if Some(*tp) == partition => {
                leader = BrokerId::NONE;
                lanes.reign(at, None);
            }
            Event::LeaderActivated { tp, broker, .. } if Some(*tp) == partition && lanes.reigns.is_empty() => {
                leader = *broker;
                lanes.reign(at, Some(leader));
            }
            Event::IsrChanged { tp, from, isr } if Some(*tp) == partition => {
                if lanes.isr.is_empty() {
                    let since = lanes.reigns.first().map_or(Instant::ZERO, |reign| reign.from);
                    lanes.isr.push((since, from.len() as u64));
                }
                lanes.isr.push((at, isr.len() as u64));
            }
            Event::NodeStopped { node, how } => {
                lanes.flag(at, FlagKind::Down(*node, *how));
                if is_broker(run, *node, leader) {
                    lanes.reign(at, None);
                }
            }
            Event::NodeStarted { node } if is_broker(run, *node, leader) && !lanes.reigns.is_empty() => {
                lanes.reign(at, Some(leader));
            }
            Event::NodePaused { node } => lanes.flag(at, FlagKind::Frozen(*node)),
            Event::LinkCut { .. } => lanes.flag(at, FlagKind::Cut),
            Event::AckedRecordLost { .. } | Event::QueueLost { .. } => lanes.flag(at, FlagKind::Loss),
            _ => {}
        }
    }
    if let Some(last) = lanes.reigns.last_mut() {
        last.to = lanes.now;
    }
    if lanes.isr.is_empty()
        && let Some(tp) = partition
        && let Some(partition) = run.view().partitions.iter().find(|known| known.tp == tp)
    {
        // It never changed: it is what it was from the first reign on.
        let from = lanes.reigns.first().map_or(Instant::ZERO, |reign| reign.from);
        lanes.isr.push((from, partition.isr.len() as u64));
    }
    lanes
}

impl Lanes {
    fn reign(&mut self, at: Instant, leader: Option<BrokerId>) {
        if let Some(last) = self.reigns.last_mut() {
            if last.leader == leader {
                return;
            }
            last.to = at;
        }
        self.reigns.push(Reign { from: at, to: at, leader });
    }

    fn flag(&mut self, at: Instant, what: FlagKind) {
        let flag = Flag { at, what };
        if self.flags.last() != Some(&flag) {
            self.flags.push(flag);
        }
    }

    /// A moment's place, in per cent of the width.
    pub fn place(&self, at: Instant) -> f64 {
        at.0.min(self.end.0) as f64 * 100.0 / self.end.0.max(1) as f64
    }
}

fn is_broker(run: &Run, node: NodeId, broker: BrokerId) -> bool {
    run.simulation().directory().node_kind(node) == Some(highwater_engine::sim::NodeKind::Broker(broker))
}

/// The partition that is selected, or that the beat is about, or else the first.
fn partition_of(run: &Run, selection: Option<Target>) -> Option<TopicPartition> {
    let selected = match selection {
        Some(Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _)) => Some(tp),
        _ => None,
    };
    let focus = || {
        let focus = run.beats().get(run.beat()?)?.focus.clone()?;
        run.simulation().directory().find_tp(&focus)
    };
    let first = || {
        let spec = &run.recording().spec;
        let directory = run.simulation().directory();
        directory.find_topic(&spec.topics.first()?.name).map(|topic| TopicPartition::new(topic, 0))
    };
    selected.or_else(focus).or_else(first)
}

/// A story has its end; a free run gets room that grows in steps, so that the picture does not creep.
pub fn end_of(run: &Run) -> Instant {
    if run.has_story() {
        return run.end_at();
    }
    let mut room = ROOM;
    while room < run.now().0 + room / 10 || room < run.end_at().0 {
        room = room.saturating_mul(2);
    }
    Instant(room)
}

/// Steps of an axis: at most this many figures.
pub fn axis(end: Instant) -> Vec<u64> {
    const STEPS: [u64; 12] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600];
    let seconds = end.0 / 1_000_000;
    let step = STEPS.into_iter().find(|step| seconds / step <= 9).unwrap_or(seconds.max(1));
    (0..=seconds / step).map(|index| index * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_few_round_figures() {
        assert_eq!(axis(Instant(8_000_000)), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(axis(Instant(16_000_000)), [0, 2, 4, 6, 8, 10, 12, 14, 16]);
        assert_eq!(axis(Instant(700_000)), [0]);
        assert!(axis(Instant(90_000_000_000)).len() < 40);
    }

    #[test]
    fn nobody_reigns_twice_in_a_row() {
        let mut lanes = Lanes::default();
        for (at, leader) in [(1, Some(1)), (2, Some(1)), (3, None), (4, Some(2))] {
            lanes.reign(Instant(at), leader.map(BrokerId));
        }
        let reigns: Vec<_> = lanes.reigns.iter().map(|reign| (reign.from.0, reign.leader)).collect();
        assert_eq!(reigns, [(1, Some(BrokerId(1))), (3, None), (4, Some(BrokerId(2)))]);
    }
}
