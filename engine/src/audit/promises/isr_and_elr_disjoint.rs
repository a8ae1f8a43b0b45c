//! Nobody is in the ISR and among the eligible leader replicas at once (KIP-966).

use crate::controller::PartitionImage;

/// Whether it holds for a partition as it was committed.
pub(super) fn isr_and_elr_disjoint(partition: &PartitionImage) -> bool {
    !partition.elr.iter().any(|member| partition.isr.contains(member))
}
