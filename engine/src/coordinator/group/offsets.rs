//! Committed offsets (`OffsetMetadataManager`).

use super::record::GroupRecord;
use super::shards::{GroupShards, Outcome, ReplyTo};
use crate::config::BrokerConfig;
use crate::effect::Effects;
use crate::event::GroupState;
use crate::ids::{LeaderEpoch, Offset};
use crate::protocol::{
    ErrorCode, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, Response,
};
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
        let records = request.offsets.iter().map(|commit| {
            Arc::new(GroupRecord::OffsetCommit {
                group: request.group,
                tp: commit.tp,
                offset: commit.offset,
                leader_epoch: commit.leader_epoch,
                committed_at: out.now,
                by: request.member,
                generation: request.generation,
            })
        });
        let answer = Response::OffsetCommit(OffsetCommitResponse { error: ErrorCode::None });
        Outcome { answers: Vec::new(), write: Some((request.group, records.collect(), Some((to, answer)))) }
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
        let Some(known) = group.members.get_mut(&member) else { return ErrorCode::UnknownMemberId };
        if request.generation != generation {
            return ErrorCode::IllegalGeneration;
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
        let offsets = request
            .partitions
            .iter()
            .map(|tp| {
                let committed = group.and_then(|group| group.offsets.get(tp));
                match committed {
                    Some(committed) => (*tp, committed.offset, committed.leader_epoch),
                    None => (*tp, Offset::NONE, LeaderEpoch::NONE),
                }
            })
            .collect();
        OffsetFetchResponse { error: ErrorCode::None, offsets }
    }
}
