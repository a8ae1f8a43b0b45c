//! A broker takes no role of an epoch older than its last one.

use super::Breach;
use crate::collections::Map;
use crate::event::Event;
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};

/// The epoch of each replica's last role, as long as its process runs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct EpochsNeverGoBack {
    epochs: Map<(BrokerId, TopicPartition), LeaderEpoch>,
}

impl EpochsNeverGoBack {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<Breach> {
        match event {
            Event::LeaderActivated { broker, tp, epoch, .. } | Event::FollowerActivated { broker, tp, epoch, .. } => {
                let before = self.epochs.insert((*broker, *tp), *epoch);
                before.is_some_and(|before| before > *epoch).then_some((*tp, Some(*broker)))
            }
            // A new process reads the metadata log from its beginning.
            Event::NodeStarted { node } => {
                self.epochs.retain(|(broker, _), _| i64::from(broker.0) != i64::from(node.0));
                None
            }
            _ => None,
        }
    }
}
