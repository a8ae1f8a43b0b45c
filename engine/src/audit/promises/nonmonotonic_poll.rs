//! A consumer gets a partition's records in order, and none before its position.

use super::Breach;
use crate::collections::Map;
use crate::event::Event;
use crate::ids::{NodeId, Offset, TopicPartition};

/// Where each consumer stands.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct NonmonotonicPoll {
    positions: Map<(NodeId, TopicPartition), Offset>,
}

impl NonmonotonicPoll {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<Breach> {
        match event {
            Event::PositionSet { client, tp, to, .. } => {
                self.positions.insert((*client, *tp), *to);
                None
            }
            Event::RecordsPolled { client, tp, records, position, .. } => {
                let before = self.positions.insert((*client, *tp), *position).unwrap_or_default();
                let mut next = before;
                for (offset, _) in records {
                    if *offset < next {
                        return Some((*tp, None));
                    }
                    next = *offset + 1;
                }
                (*position < next).then_some((*tp, None))
            }
            _ => None,
        }
    }
}
