//! In one generation of a group a partition has one owner.

use super::offsets_topic_shaken;
use crate::collections::Map;
use crate::event::{Event, LeaveReason};
use crate::ids::{Generation, GroupId, NodeId, TopicPartition};

/// A generation that says nothing: what a new coordinator counts may begin anew.
const UNKNOWN: Generation = Generation(-2);

/// Who owns what, and in which generation it was last told so.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct PartitionOwnedOnce {
    owners: Map<(GroupId, TopicPartition), (NodeId, Generation)>,
}

impl PartitionOwnedOnce {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event) -> Option<(GroupId, TopicPartition)> {
        match event {
            Event::PartitionsAssigned { client, group, generation, partitions } => {
                for ((known, _), (owner, told)) in self.owners.iter_mut() {
                    if known == group && owner == client {
                        *told = *generation;
                    }
                }
                let mut breach = None;
                for tp in partitions {
                    let before = self.owners.insert((*group, *tp), (*client, *generation));
                    if before.is_some_and(|(owner, told)| owner != *client && told == *generation) {
                        breach = Some((*group, *tp));
                    }
                }
                return breach;
            }
            Event::PartitionsRevoked { client, group, partitions, .. } => {
                for tp in partitions {
                    if self.owners.get(&(*group, *tp)).is_some_and(|(owner, _)| owner == client) {
                        self.owners.remove(&(*group, *tp));
                    }
                }
            }
            // A process with the same `group.instance.id` has its place: what it goes on doing counts for nothing.
            Event::MemberLeft { group, client, why: LeaveReason::Replaced } => {
                self.owners.retain(|(known, _), (owner, _)| known != group || owner != client);
            }
            Event::NodeStopped { node, .. } => self.owners.retain(|_, (owner, _)| owner != node),
            Event::CoordinatorLoaded { group, .. } => {
                for ((known, _), (_, told)) in self.owners.iter_mut() {
                    if known == group {
                        *told = UNKNOWN;
                    }
                }
            }
            // Groups of which the log knows nothing any more begin with generation 1 again.
            event if offsets_topic_shaken(event) => {
                self.owners.values_mut().for_each(|(_, told)| *told = UNKNOWN);
            }
            _ => {}
        }
        None
    }
}
