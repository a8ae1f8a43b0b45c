//! Committed offsets (`OffsetMetadataManager`).

use super::record::GroupRecord;
use super::shards::{GroupShards, Outcome, ReplyTo};
use crate::config::BrokerConfig;
use crate::effect::Effects;
use crate::event::GroupState;
use crate::ids::{LeaderEpoch, Offset, ProducerId, TopicPartition};
use crate::planted::{Planted, planted};
use crate::protocol::{
    CommitOffset, ErrorCode, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
    Response, TxnOffsetCommitRequest,
};
use crate::time::Instant;
use std::sync::Arc;

impl GroupShards {
    /// OffsetCommit: answered when the records are committed. Offsets are not compared with any log.
    pub fn on_offset_commit(
        &mut self,
        to: ReplyTo,
        request: &OffsetCommitRequest,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Outcome {
        self.watch_age(config, out.now);
        let error = self.judge_commit(request, out);
        if error.is_error() {
            return Outcome::answer(to, Response::OffsetCommit(OffsetCommitResponse { error }));
        }
        let records = offset_records(request, None, out.now);
        let answer = Response::OffsetCommit(OffsetCommitResponse { error: ErrorCode::None });
        Outcome { answers: Vec::new(), write: Some((request.group, records, Some((to, answer)))) }
    }

    /// TxnOffsetCommit: the records to write in the producer's transaction, or why not. Whoever is not a member of the
    /// group's present generation is refused (KIP-447); a request that names no member is not checked.
    pub fn on_txn_offset_commit(
        &mut self,
        request: &TxnOffsetCommitRequest,
        config: &BrokerConfig,
        out: &mut Effects<'_>,
    ) -> Result<Vec<Arc<GroupRecord>>, ErrorCode> {
        self.watch_age(config, out.now);
        let commit = &request.commit;
        if commit.member.is_some() {
            match self.judge_commit(commit, out) {
                ErrorCode::None => {}
                // TxnOffsetCommit has no word of its own for an old member epoch.
                ErrorCode::StaleMemberEpoch => return Err(ErrorCode::IllegalGeneration),
                error => return Err(error),
            }
        }
        Ok(offset_records(commit, Some(request.producer_id), out.now))
    }

    /// A commit of an old generation is refused; one during PreparingRebalance is taken: that is how revocation commits.
    fn judge_commit(&mut self, request: &OffsetCommitRequest, out: &mut Effects<'_>) -> ErrorCode {
        let group = self.group_mut(request.group, out.now);
        let Some(member) = request.member else {
            return if group.has_members() { ErrorCode::UnknownMemberId } else { ErrorCode::None };
        };
        if group.consumer.as_ref().is_some_and(|consumer| !consumer.members.is_empty()) {
            let partitions = request.offsets.iter().map(|commit| commit.tp);
            return group.judge_epoch_commit(member, request.generation, partitions);
        }
        let error = group.check_instance(member, request.instance.as_ref());
        if error.is_error() {
            return error;
        }
        let generation = group.generation;
        let state = group.state;
        let Some(known) = group.members.get_mut(&member) else {
            let zombie = planted(Planted::ZombieCommitAccepted);
            return if zombie { ErrorCode::None } else { ErrorCode::UnknownMemberId };
        };
        if request.generation != generation {
            return if planted(Planted::StaleGenerationAccepted) {
                ErrorCode::None
            } else {
                ErrorCode::IllegalGeneration
            };
        }
        if state == GroupState::CompletingRebalance {
            return ErrorCode::RebalanceInProgress;
        }
        known.heard_at = out.now;
        ErrorCode::None
    }

    /// OffsetFetch.
    pub fn on_offset_fetch(&self, request: &OffsetFetchRequest) -> OffsetFetchResponse {
        let group = self.groups.get(&request.group);
        let is_unstable = |tp: &TopicPartition| group.is_some_and(|group| group.is_unstable(*tp));
        let unstable: Vec<TopicPartition> =
            request.partitions.iter().copied().filter(|tp| request.require_stable && is_unstable(tp)).collect();
        let offsets = request
            .partitions
            .iter()
            .map(|tp| {
                let committed = group.filter(|_| !unstable.contains(tp)).and_then(|group| group.offsets.get(tp));
                match committed {
                    Some(committed) => (*tp, committed.offset, committed.leader_epoch),
                    None => (*tp, Offset::NONE, LeaderEpoch::NONE),
                }
            })
            .collect();
        OffsetFetchResponse { error: ErrorCode::None, offsets, unstable }
    }
}

/// The records of a commit; `pending` is the producer whose transaction they stand in.
fn offset_records(request: &OffsetCommitRequest, pending: Option<ProducerId>, now: Instant) -> Vec<Arc<GroupRecord>> {
    let record = |commit: &CommitOffset| {
        Arc::new(GroupRecord::OffsetCommit {
            group: request.group,
            tp: commit.tp,
            offset: commit.offset,
            leader_epoch: commit.leader_epoch,
            committed_at: now,
            by: request.member,
            generation: request.generation,
            pending,
        })
    };
    request.offsets.iter().map(record).collect()
}
