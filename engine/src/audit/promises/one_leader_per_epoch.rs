//! One broker leads a partition in one epoch.

use super::Breach;
use super::per_epoch::PerEpoch;
use crate::event::Event;
use crate::ids::BrokerId;

/// Who led in each epoch.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct OneLeaderPerEpoch {
    leaders: PerEpoch<BrokerId>,
}

impl OneLeaderPerEpoch {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<Breach> {
        let Event::LeaderActivated { broker, tp, epoch, .. } = event else { return None };
        match self.leaders.get(*tp, *epoch) {
            Some(known) => (known != *broker).then_some((*tp, Some(*broker))),
            None => {
                self.leaders.insert(*tp, *epoch, *broker);
                None
            }
        }
    }
}
