//! A write with `acks=all` is acknowledged only when the high watermark of the answering leader has passed it.

use super::Breach;
use super::per_epoch::PerEpoch;
use crate::collections::Map;
use crate::config::Acks;
use crate::event::Event;
use crate::ids::{BrokerId, LeaderEpoch, Offset, RecordId, TopicPartition};

/// The high watermark each epoch's leader has reached.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct AckedOnlyBelowHighWatermark {
    epochs: Map<(BrokerId, TopicPartition), LeaderEpoch>,
    marks: PerEpoch<Offset>,
}

impl AckedOnlyBelowHighWatermark {
    /// Whether `event` breaks it, and where. `acks` tells what the record's producer asked for.
    pub fn check(&mut self, event: &Event, acks: impl Fn(RecordId) -> Acks) -> Option<Breach> {
        match event {
            Event::LeaderActivated { broker, tp, epoch, high_watermark, .. } => {
                self.epochs.insert((*broker, *tp), *epoch);
                self.marks.insert(*tp, *epoch, *high_watermark);
                None
            }
            Event::HighWatermarkAdvanced { broker, tp, to, as_leader: true, .. } => {
                let epoch = *self.epochs.get(&(*broker, *tp))?;
                self.marks.insert(*tp, epoch, *to);
                None
            }
            Event::RecordAcked { record, tp, offset, leader_epoch, .. } if *offset >= Offset::ZERO => {
                let mark = self.marks.get(*tp, *leader_epoch).unwrap_or_default();
                (*offset >= mark && acks(*record) == Acks::All).then_some((*tp, None))
            }
            _ => None,
        }
    }
}
