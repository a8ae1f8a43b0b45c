//! No high watermark lies beyond the end of its log.

use super::Breach;
use crate::collections::Map;
use crate::event::{Event, LogStartReason};
use crate::ids::{BrokerId, Offset, TopicPartition};

/// Where each replica's log ends.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct HighWatermarkWithinLog {
    ends: Map<(BrokerId, TopicPartition), Offset>,
}

impl HighWatermarkWithinLog {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<Breach> {
        match event {
            Event::RecordsAppended { broker, tp, end, .. } => {
                self.ends.insert((*broker, *tp), *end);
                None
            }
            Event::LogTruncated { broker, tp, to, .. }
            | Event::LogStartRaised { broker, tp, to, why: LogStartReason::Reset, .. } => {
                self.ends.insert((*broker, *tp), *to);
                None
            }
            Event::HighWatermarkAdvanced { broker, tp, to, .. } => {
                let end = self.ends.get(&(*broker, *tp)).copied().unwrap_or_default();
                (*to > end).then_some((*tp, Some(*broker)))
            }
            _ => None,
        }
    }
}
