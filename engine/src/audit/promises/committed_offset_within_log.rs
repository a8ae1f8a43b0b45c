//! No group commits an offset that no log of the partition has ever reached.

use super::Breach;
use crate::collections::Map;
use crate::event::Event;
use crate::ids::{Offset, TopicPartition};

/// The furthest end any replica's log has had.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct CommittedOffsetWithinLog {
    ends: Map<TopicPartition, Offset>,
}

impl CommittedOffsetWithinLog {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<Breach> {
        match event {
            Event::RecordsAppended { tp, end, .. } => {
                let furthest = self.ends.entry(*tp).or_default();
                *furthest = (*furthest).max(*end);
                None
            }
            Event::OffsetCommitted { tp, offset, .. } => {
                let end = self.ends.get(tp).copied().unwrap_or_default();
                (*offset > end).then_some((*tp, None))
            }
            _ => None,
        }
    }
}
