//! What is known of each of the last epochs of a partition.

use crate::collections::Map;
use crate::ids::{LeaderEpoch, TopicPartition};

/// Epochs that are remembered of each partition. A broker that was frozen comes back in its last one, and answers come
/// late; nothing that happens is older than this.
const REMEMBERED: usize = 16;

/// One value for each of the last epochs of each partition: a run with elections may go on for ever.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PerEpoch<V> {
    partitions: Map<TopicPartition, Vec<(LeaderEpoch, V)>>,
}

impl<V> Default for PerEpoch<V> {
    fn default() -> Self {
        PerEpoch { partitions: Map::default() }
    }
}

impl<V: Copy> PerEpoch<V> {
    /// What is known of an epoch.
    pub fn get(&self, tp: TopicPartition, epoch: LeaderEpoch) -> Option<V> {
        let epochs = self.partitions.get(&tp)?;
        epochs.iter().rev().find(|(known, _)| *known == epoch).map(|(_, value)| *value)
    }

    /// From now on this is known of an epoch.
    pub fn insert(&mut self, tp: TopicPartition, epoch: LeaderEpoch, value: V) {
        let epochs = self.partitions.entry(tp).or_default();
        match epochs.iter_mut().rev().find(|(known, _)| *known == epoch) {
            Some((_, known)) => *known = value,
            None => {
                epochs.push((epoch, value));
                epochs.drain(..epochs.len().saturating_sub(REMEMBERED));
            }
        }
    }
}
