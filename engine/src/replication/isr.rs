//! The ISR as its leader sees it: what the controller has confirmed, and what is still asked for.

use crate::ids::BrokerId;
use std::sync::Arc;

/// A change the controller has not confirmed yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum PendingIsr {
    /// A follower caught up. It counts for the high watermark at once, for nothing else yet.
    Expand(BrokerId),
    /// Followers lag. They still count for the high watermark until the controller agrees.
    Shrink(Vec<BrokerId>),
}

/// Confirmed ISR and pending change (`PartitionState`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IsrState {
    /// The ISR in the controller's record.
    pub committed: Arc<[BrokerId]>,
    /// The change under way, at most one.
    pub pending: Option<PendingIsr>,
}

impl IsrState {
    /// Whether a broker counts for the high watermark: in the larger of the sets that may be in force.
    pub fn in_maximal(&self, broker: BrokerId) -> bool {
        self.committed.contains(&broker) || self.pending == Some(PendingIsr::Expand(broker))
    }

    /// Size of the larger set.
    pub fn maximal_len(&self) -> usize {
        self.committed.len() + usize::from(matches!(self.pending, Some(PendingIsr::Expand(_))))
    }

    /// The ISR the pending change asks for.
    pub fn proposed(&self) -> Vec<BrokerId> {
        let mut isr = self.committed.to_vec();
        match &self.pending {
            Some(PendingIsr::Expand(joining)) => isr.push(*joining),
            Some(PendingIsr::Shrink(out)) => isr.retain(|member| !out.contains(member)),
            None => {}
        }
        isr
    }
}
