//! Who waits at a leader, and for what (`DelayedProduce`, and the handler threads that are inside an fsync).

use crate::collections::Set;
use crate::ids::Offset;

/// The writes that are not answered yet, by the offset each needs, and the number they are parked under.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Waiting {
    /// `acks=all`: they need the high watermark, and this broker's fsync where one was asked for.
    pub replication: Set<(Offset, u64)>,
    /// `acks=0` and `acks=1`: they need this broker's fsync only (`flush.messages`).
    pub fsync: Set<(Offset, u64)>,
    /// Appends that end above this offset are not answered yet: their fsync is under way. None when there is none.
    pub held_above: Option<Offset>,
}

impl Waiting {
    /// Whether the append that ends at `offset` has its fsync still before it.
    pub fn is_held(&self, offset: Offset) -> bool {
        self.held_above.is_some_and(|held| offset > held)
    }

    /// Takes out what `high_watermark` lets go.
    pub fn take_committed(&mut self, high_watermark: Offset) -> Vec<u64> {
        let mut done = Vec::new();
        while let Some(key) = self.replication.first().copied().filter(|key| key.0 <= high_watermark)
            && !self.is_held(key.0)
        {
            self.replication.remove(&key);
            done.push(key.1);
        }
        done
    }

    /// Takes out what only waited for an fsync that is done.
    pub fn take_synced(&mut self) -> Vec<u64> {
        let mut done = Vec::new();
        while let Some(key) = self.fsync.first().copied().filter(|key| !self.is_held(key.0)) {
            self.fsync.remove(&key);
            done.push(key.1);
        }
        done
    }
}
