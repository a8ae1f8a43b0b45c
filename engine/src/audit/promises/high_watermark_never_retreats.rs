//! A leader's high watermark only grows within its epoch.

use super::Breach;
use crate::collections::Map;
use crate::event::Event;
use crate::ids::{BrokerId, Offset, TopicPartition};

/// The high watermark of each leader, in the epoch it leads in.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct HighWatermarkNeverRetreats {
    marks: Map<(BrokerId, TopicPartition), Offset>,
}

impl HighWatermarkNeverRetreats {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<Breach> {
        match event {
            Event::LeaderActivated { broker, tp, high_watermark, .. } => {
                self.marks.insert((*broker, *tp), *high_watermark);
                None
            }
            Event::HighWatermarkAdvanced { broker, tp, to, as_leader: true, .. } => {
                let before = self.marks.insert((*broker, *tp), *to);
                before.is_some_and(|before| before >= *to).then_some((*tp, Some(*broker)))
            }
            _ => None,
        }
    }
}
