//! The leader that the controller wrote down is in the ISR, and only replicas are.

use crate::controller::PartitionImage;
use crate::ids::BrokerId;

/// Whether it holds for a partition as it was committed.
pub(super) fn leader_in_isr(partition: &PartitionImage) -> bool {
    let has_leader = partition.leader == BrokerId::NONE || partition.isr.contains(&partition.leader);
    has_leader && partition.isr.iter().all(|member| partition.replicas.contains(member))
}
