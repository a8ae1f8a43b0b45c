//! What the controllers have committed, and the promises about it.

use super::super::promise::Promise;
use super::isr_and_elr_disjoint::isr_and_elr_disjoint;
use super::leader_in_isr::leader_in_isr;
use crate::controller::{MetadataImage, MetadataRecord};
use crate::ids::{Offset, TopicPartition};
use std::sync::Arc;

/// The image of everything committed so far.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct CommittedMetadata {
    image: MetadataImage,
    /// Records below are in it. A leader that begins says again what its predecessor said.
    end: Offset,
}

impl CommittedMetadata {
    /// Takes in what is committed; what it breaks, and where.
    pub fn check(&mut self, records: &[(Offset, Arc<MetadataRecord>)]) -> Vec<(Promise, TopicPartition)> {
        let mut breaches = Vec::new();
        for (_, record) in records.iter().filter(|(offset, _)| *offset >= self.end) {
            let before = partition_of(record).and_then(|tp| self.image.partition(tp)).cloned();
            self.image.apply(record);
            let Some(tp) = partition_of(record) else { continue };
            let Some(now) = self.image.partition(tp) else { continue };
            let mut demand = |holds: bool, promise: Promise| {
                if !holds {
                    breaches.push((promise, tp));
                }
            };
            demand(leader_in_isr(now), Promise::LeaderInIsr);
            demand(isr_and_elr_disjoint(now), Promise::IsrAndElrDisjoint);
            if let Some(before) = before {
                let (led, leads) = (before.leader_epoch.0, now.leader_epoch.0);
                let grows = now.partition_epoch.0 == before.partition_epoch.0 + 1;
                demand(grows && (led..=led + 1).contains(&leads), Promise::EpochsNeverGoBack);
            }
        }
        if let Some((last, _)) = records.last() {
            self.end = self.end.max(*last + 1);
        }
        breaches
    }
}

fn partition_of(record: &MetadataRecord) -> Option<TopicPartition> {
    match record {
        MetadataRecord::Partition { tp, .. } | MetadataRecord::PartitionChange { tp, .. } => Some(*tp),
        _ => None,
    }
}
