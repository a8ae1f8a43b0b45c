//! Which replica a consumer should read from (KIP-392; `ReplicaManager.findPreferredReadReplica`,
//! `RackAwareReplicaSelector`).

use super::actor::Broker;
use crate::config::ReplicaSelector;
use crate::ids::{BrokerId, Offset};
use crate::replication::Replica;
use crate::time::Instant;

impl Broker {
    /// A follower in the reader's rack that is in the ISR and holds `offset`, the one that is furthest; none when the
    /// leader itself should be read from.
    pub(super) fn preferred_read_replica(
        &self,
        replica: &Replica,
        rack: &str,
        offset: Offset,
        now: Instant,
    ) -> Option<BrokerId> {
        if self.config.replica_selector_class == ReplicaSelector::Leader {
            return None;
        }
        let (leadership, image) = (replica.leadership()?, self.image()?);
        let is_near = |broker: BrokerId| {
            let known = image.brokers.get(&broker).filter(|known| !known.fenced);
            known.is_some_and(|known| known.rack.as_deref() == Some(rack))
        };
        if is_near(self.id) {
            return None;
        }
        let near = leadership.followers.iter().filter(|(broker, progress)| {
            leadership.isr.committed.contains(broker)
                && progress.log_end_offset.is_some_and(|end| end >= offset)
                && progress.log_start_offset <= offset
                && is_near(**broker)
        });
        let best = near.max_by_key(|(broker, progress)| {
            (progress.log_end_offset, std::cmp::Reverse(now.since(progress.last_caught_up)), **broker)
        });
        best.map(|(broker, _)| *broker)
    }
}
