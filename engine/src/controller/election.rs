//! Who may lead (`PartitionChangeBuilder.electLeader`).
//!
//! The controller never looks at how long a log is: the order of the assignment decides.

use super::image::PartitionImage;
use crate::ids::BrokerId;

/// The outcome of an election.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Election {
    /// The present leader may stay.
    Unchanged,
    /// This replica of the ISR leads.
    Clean(BrokerId),
    /// No replica of the ISR is left; this one leads, and what only the others had is lost.
    Unclean(BrokerId),
    /// Nobody may lead.
    Leaderless,
}

/// Elects among the replicas for which `acceptable` holds, given the ISR that will be in force.
pub fn elect(
    partition: &PartitionImage,
    isr: &[BrokerId],
    acceptable: impl Fn(BrokerId) -> bool,
    unclean_allowed: bool,
) -> Election {
    if partition.leader.some().is_some() && isr.contains(&partition.leader) && acceptable(partition.leader) {
        return Election::Unchanged;
    }
    if let Some(leader) = partition.replicas.iter().find(|replica| isr.contains(replica) && acceptable(**replica)) {
        return Election::Clean(*leader);
    }
    if unclean_allowed && let Some(leader) = partition.replicas.iter().find(|replica| acceptable(**replica)) {
        return Election::Unclean(*leader);
    }
    Election::Leaderless
}
