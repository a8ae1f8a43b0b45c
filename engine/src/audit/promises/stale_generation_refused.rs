//! A commit of an older generation is refused: the partitions may have another owner.
//!
//! A member of a classic group must be of the newest generation. A member of a KIP-848 group may rightly be an epoch behind
//! the group, and commit with an older epoch still what it has held since (KIP-1251); but not what was given to another
//! member in a later epoch. A commit that names no generation is not judged: ZooKeeper asks for none.

use super::offsets_topic_shaken;
use crate::collections::Map;
use crate::event::{Event, GroupState};
use crate::ids::{Generation, GroupId, NodeId, TopicPartition};
use crate::time::Instant;

/// What makes a commit stale.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct StaleGenerationRefused {
    /// When the newest generation of each classic group began.
    newest: Map<GroupId, (Generation, Instant)>,
    /// Who was given a partition last, in which epoch and when.
    given: Map<(GroupId, TopicPartition), (NodeId, Generation, Instant)>,
}

impl StaleGenerationRefused {
    /// Whether `event`, which happens `now`, breaks it, and where.
    pub fn check(&mut self, event: &Event, now: Instant) -> Option<(GroupId, TopicPartition)> {
        match event {
            Event::GroupStateChanged { group, state, generation } => {
                // What a new coordinator knows may be older, when its log was cut.
                self.given.retain(|(known, _), (_, given, _)| known != group || *given <= *generation);
                match state {
                    GroupState::CompletingRebalance => {
                        self.newest.insert(*group, (*generation, now));
                    }
                    GroupState::Assigning | GroupState::Reconciling => {
                        self.newest.remove(group);
                    }
                    _ => {}
                }
            }
            Event::CoordinatorLoaded { group, .. } => {
                self.newest.remove(group);
            }
            Event::PartitionsAssigned { client, group, generation, partitions } => {
                for tp in partitions {
                    self.given.insert((*group, *tp), (*client, *generation, now));
                }
            }
            Event::OffsetCommitted { group, tp, generation, accepted_at, by: Some(by), .. }
                if *generation != Generation::NONE =>
            {
                let ended =
                    self.newest.get(group).is_some_and(|(newest, since)| generation < newest && accepted_at > since);
                let given = self
                    .given
                    .get(&(*group, *tp))
                    .is_some_and(|(owner, given, since)| owner != by && generation < given && accepted_at > since);
                return (ended || given).then_some((*group, *tp));
            }
            event if offsets_topic_shaken(event) => *self = StaleGenerationRefused::default(),
            _ => {}
        }
        None
    }
}
