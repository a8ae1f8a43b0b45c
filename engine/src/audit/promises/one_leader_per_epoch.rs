//! One broker leads a partition in one epoch.

use super::Breach;
use crate::collections::Map;
use crate::event::Event;
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};

/// Who led in each epoch.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct OneLeaderPerEpoch {
    leaders: Map<(TopicPartition, LeaderEpoch), BrokerId>,
}

impl OneLeaderPerEpoch {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<Breach> {
        let Event::LeaderActivated { broker, tp, epoch, .. } = event else { return None };
        let known = *self.leaders.entry((*tp, *epoch)).or_insert(*broker);
        (known != *broker).then_some((*tp, Some(*broker)))
    }
}
