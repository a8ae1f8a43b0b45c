//! Who takes a partition over begins where the group has committed, not where `auto.offset.reset` says.

use super::shaken;
use crate::collections::{Map, Set};
use crate::event::{Event, PositionReason};
use crate::ids::{GroupId, NodeId, Offset, TopicPartition};
use crate::sim::OFFSETS_TOPIC;

/// What groups had committed when a member was given a partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct InconsistentOffsets {
    committed: Map<(GroupId, TopicPartition), Offset>,
    /// Partitions a member has been given and has no position in yet; those for which something was committed then.
    fresh: Map<(NodeId, TopicPartition), bool>,
    /// Partitions that lost records with the power or by an unclean election; the coordinators' count for all.
    shaken: Set<TopicPartition>,
    offsets_shaken: bool,
}

impl InconsistentOffsets {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<(GroupId, TopicPartition)> {
        match event {
            Event::OffsetCommitted { group, tp, offset, .. } => {
                self.committed.insert((*group, *tp), *offset);
            }
            Event::OffsetsExpired { group, partitions } => {
                for tp in partitions {
                    self.committed.remove(&(*group, *tp));
                }
            }
            Event::TopicDeleted { topic } => self.committed.retain(|(_, tp), _| tp.topic != *topic),
            Event::PartitionsAssigned { client, group, partitions, .. } => {
                for tp in partitions {
                    self.fresh.insert((*client, *tp), self.committed.contains_key(&(*group, *tp)));
                }
            }
            Event::PositionSet { client, group, tp, why, .. } => {
                let known = self.fresh.remove(&(*client, *tp))?;
                let reset = matches!(
                    why,
                    PositionReason::ResetEarliest | PositionReason::ResetLatest | PositionReason::ResetByDuration
                );
                let excused = self.offsets_shaken || self.shaken.contains(tp);
                return (known && reset && !excused).then_some((*group, *tp));
            }
            event => {
                if let Some(tp) = shaken(event) {
                    self.offsets_shaken |= tp.topic == OFFSETS_TOPIC;
                    self.shaken.insert(tp);
                }
            }
        }
        None
    }
}
