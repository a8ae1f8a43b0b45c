//! The share-partitions one broker coordinates: those whose partition of `__share_group_state` it leads.

use super::record::{ShareStateKey, ShareStateRecord};
use super::state::ShareState;
use crate::collections::Map;
use crate::ids::Offset;
use crate::protocol::{ErrorCode, ShareGroupStateResponse, ShareStateRequest};
use std::sync::Arc;

/// All share-partitions of one broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ShareStateShards {
    states: Map<ShareStateKey, ShareState>,
}

impl ShareStateShards {
    /// The states coordinated here.
    pub fn iter(&self) -> impl Iterator<Item = (&ShareStateKey, &ShareState)> {
        self.states.iter()
    }

    /// The state of one share-partition.
    pub fn get(&self, key: ShareStateKey) -> Option<&ShareState> {
        self.states.get(&key)
    }

    /// The only way a state changes.
    pub fn replay(&mut self, record: &ShareStateRecord) {
        let known = self.states.remove(&record.key);
        self.states.insert(record.key, ShareState::replay(known, record));
    }

    /// This broker no longer leads the partition of these states, or has to read them again.
    pub fn unload(&mut self, is_mine: impl Fn(ShareStateKey) -> bool) {
        self.states.retain(|key, _| !is_mine(*key));
    }

    /// What a request comes to: its answer, and the record that must be committed before it leaves.
    pub fn handle(
        &mut self,
        key: ShareStateKey,
        what: &ShareStateRequest,
        updates_per_snapshot: i32,
    ) -> (ShareGroupStateResponse, Option<Arc<ShareStateRecord>>) {
        let known = self.states.get(&key);
        let refused = |error| (ShareGroupStateResponse::of(error), None);
        let record = match what {
            ShareStateRequest::Initialize { state_epoch, start_offset } => {
                if known.is_some_and(|known| known.state_epoch > *state_epoch) {
                    return refused(ErrorCode::FencedStateEpoch);
                }
                if known.is_some_and(|known| known.state_epoch == *state_epoch) {
                    // Asked again, because the answer was lost.
                    return refused(ErrorCode::None);
                }
                ShareStateRecord {
                    key,
                    snapshot: true,
                    snapshot_epoch: known.map_or(0, |known| known.snapshot_epoch + 1),
                    state_epoch: *state_epoch,
                    leader_epoch: known.map_or(crate::ids::LeaderEpoch::NONE, |known| known.leader_epoch),
                    start_offset: *start_offset,
                    batches: Vec::new(),
                }
            }
            ShareStateRequest::Read { leader_epoch } => {
                let Some(known) = known else { return refused(ErrorCode::UnknownTopicOrPartition) };
                if known.leader_epoch > *leader_epoch {
                    return refused(ErrorCode::FencedLeaderEpoch);
                }
                let answer = ShareGroupStateResponse {
                    error: ErrorCode::None,
                    state_epoch: known.state_epoch,
                    start_offset: known.start_offset,
                    batches: known.batches.clone(),
                };
                if known.leader_epoch == *leader_epoch {
                    return (answer, None);
                }
                // The new leader's epoch is written down first: an older leader's writes are refused from now on.
                let record = Arc::new(ShareStateRecord {
                    key,
                    snapshot: false,
                    snapshot_epoch: known.snapshot_epoch,
                    state_epoch: known.state_epoch,
                    leader_epoch: *leader_epoch,
                    start_offset: Offset::NONE,
                    batches: Vec::new(),
                });
                self.replay(&record);
                return (answer, Some(record));
            }
            ShareStateRequest::Write { state_epoch, leader_epoch, start_offset, batches } => {
                let Some(known) = known else { return refused(ErrorCode::UnknownTopicOrPartition) };
                if known.leader_epoch > *leader_epoch {
                    return refused(ErrorCode::FencedLeaderEpoch);
                }
                if known.state_epoch > *state_epoch {
                    return refused(ErrorCode::FencedStateEpoch);
                }
                let update = ShareStateRecord {
                    key,
                    snapshot: false,
                    snapshot_epoch: known.snapshot_epoch,
                    state_epoch: known.state_epoch,
                    leader_epoch: *leader_epoch,
                    start_offset: *start_offset,
                    batches: batches.clone(),
                };
                if known.updates >= updates_per_snapshot {
                    ShareState::replay(Some(known.clone()), &update).snapshot(key)
                } else {
                    update
                }
            }
        };
        let record = Arc::new(record);
        self.replay(&record);
        (ShareGroupStateResponse::of(ErrorCode::None), Some(record))
    }
}
