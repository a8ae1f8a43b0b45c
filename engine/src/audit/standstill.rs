//! How long the partitions of a group stood still: the price of a rebalance.

use crate::collections::{Map, Set};
use crate::event::Event;
use crate::ids::{GroupId, NodeId, TopicPartition};
use crate::time::{Duration, Instant};

/// Who reads a partition for a group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Reader {
    /// The member that has it; none between two owners.
    by: Option<NodeId>,
    /// Since when.
    since: Instant,
    /// Time without a reader, ended stretches only.
    stood: Duration,
}

/// Time in which a partition that had a reader before had none, per group and partition. It begins when its reader gives
/// it up or its process ends, and ends when a member gets it; what a frozen reader still believes it has, it has.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Standstill {
    readers: Map<(GroupId, TopicPartition), Reader>,
    /// Share groups: several members read a partition, and none of them is its reader.
    shared: Set<GroupId>,
}

impl Standstill {
    /// Takes an event in.
    pub(super) fn observe(&mut self, event: &Event, at: Instant) {
        match event {
            Event::SharePartitionLoaded { group, .. } => {
                let is_new = self.shared.insert(*group);
                if is_new {
                    self.readers.retain(|(of, _), _| of != group);
                }
            }
            Event::PartitionsAssigned { group, .. } if self.shared.contains(group) => {}
            Event::PartitionsAssigned { client, group, partitions, .. } => {
                for tp in partitions {
                    let known = self.readers.get(&(*group, *tp)).copied();
                    let stood = known.map_or(Duration::ZERO, |reader| reader.stood_until(at));
                    self.readers.insert((*group, *tp), Reader { by: Some(*client), since: at, stood });
                }
            }
            Event::PartitionsRevoked { client, group, partitions, .. } => {
                for tp in partitions {
                    self.let_go(*client, at, |(of, known)| of == group && known == tp);
                }
            }
            Event::NodeStopped { node, .. } => self.let_go(*node, at, |_| true),
            _ => {}
        }
    }

    fn let_go(&mut self, client: NodeId, at: Instant, test: impl Fn(&(GroupId, TopicPartition)) -> bool) {
        for (key, reader) in self.readers.iter_mut() {
            if reader.by == Some(client) && test(key) {
                *reader = Reader { by: None, since: at, stood: reader.stood };
            }
        }
    }

    /// The sum over a group's partitions up to a moment; over all groups when none is named.
    pub fn total(&self, group: Option<GroupId>, now: Instant) -> Duration {
        let of = self.readers.iter().filter(|((of, _), _)| group.is_none_or(|group| group == *of));
        of.fold(Duration::ZERO, |sum, (_, reader)| sum + reader.stood_until(now))
    }
}

impl Reader {
    fn stood_until(&self, now: Instant) -> Duration {
        if self.by.is_some() { self.stood } else { self.stood + now.since(self.since) }
    }
}
