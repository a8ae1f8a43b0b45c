//! Offsets in transactions: the group coordinator writes them as part of the producer's transaction, and they count when
//! its marker is replicated (`GroupCoordinatorService.commitTransactionalOffsets`, `OffsetMetadataManager`).

use super::actor::Broker;
use crate::coordinator::ReplyTo;
use crate::effect::Effects;
use crate::event::Event;
use crate::fact::Fact;
use crate::ids::{GroupId, NodeId, ProducerId, TopicPartition};
use crate::protocol::{ErrorCode, Response, TxnOffsetCommitRequest};
use crate::storage::ProducerStamp;

impl Broker {
    /// TxnOffsetCommit: first the transaction coordinator's word, then the group's.
    pub(super) fn on_txn_offset_commit(
        &mut self,
        to: ReplyTo,
        request: &TxnOffsetCommitRequest,
        out: &mut Effects<'_>,
    ) {
        let Some(tp) = self.group_tp(request.commit.group) else { return };
        if !self.verify_offsets(to, request, tp, out) {
            self.commit_in_transaction(to, request, ErrorCode::None, out);
        }
    }

    /// Writes the offsets, unless the transaction coordinator (`verdict`) or the group has something against it.
    pub(super) fn commit_in_transaction(
        &mut self,
        to: ReplyTo,
        request: &TxnOffsetCommitRequest,
        verdict: ErrorCode,
        out: &mut Effects<'_>,
    ) {
        let (group, stamp) = (request.commit.group, (request.producer_id, request.producer_epoch));
        match self.offsets_to_write(request, verdict, out) {
            Ok(records) => {
                let stamp = ProducerStamp { id: stamp.0, epoch: stamp.1, base_sequence: -1 };
                let answer = Some((to, Response::TxnOffsetCommit(ErrorCode::None)));
                self.write_group_records(group, records, Some(stamp), answer, out);
            }
            Err(error) => {
                let client = to.peer;
                out.emit(|| Event::CommitRefused { client, group, error });
                self.respond(to, Response::TxnOffsetCommit(error), out);
            }
        }
    }

    fn offsets_to_write(
        &mut self,
        request: &TxnOffsetCommitRequest,
        verdict: ErrorCode,
        out: &mut Effects<'_>,
    ) -> Result<Vec<std::sync::Arc<crate::coordinator::GroupRecord>>, ErrorCode> {
        match verdict {
            ErrorCode::None => {}
            ErrorCode::ProducerFenced => return Err(ErrorCode::InvalidProducerEpoch),
            ErrorCode::ConcurrentTransactions if request.v2 => return Err(verdict),
            // The transaction coordinator cannot be asked now: the client is to come back, and to the same broker.
            ErrorCode::ConcurrentTransactions
            | ErrorCode::NetworkException
            | ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::CoordinatorNotAvailable => return Err(ErrorCode::CoordinatorLoadInProgress),
            error => return Err(error),
        }
        let tp = self.group_tp(request.commit.group).filter(|_| self.coordinates(request.commit.group));
        let Some(replica) = tp.and_then(|tp| self.replicas.get(&tp)) else { return Err(ErrorCode::NotCoordinator) };
        let known = replica.log.producers().get(request.producer_id);
        if known.is_some_and(|known| known.epoch > request.producer_epoch) {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        let Some(runtime) = &mut self.runtime else { return Err(ErrorCode::NotCoordinator) };
        runtime.groups.on_txn_offset_commit(request, &self.config, out)
    }

    /// The marker of a transaction is replicated in a partition of `__consumer_offsets`.
    pub(super) fn on_offsets_decided(
        &mut self,
        tp: TopicPartition,
        producer: ProducerId,
        committed: bool,
        out: &mut Effects<'_>,
    ) {
        let (names, partitions) = (self.group_names.clone(), self.offsets_partitions());
        let in_partition = |group: GroupId| {
            let name = names.get(group.0 as usize);
            name.is_some_and(|name| crate::coordinator::group_partition(name, partitions) == tp.partition)
        };
        let Some(runtime) = &mut self.runtime else { return };
        for (group, commits) in runtime.groups.on_transaction_end(tp.partition, producer, committed, in_partition) {
            for commit in &commits {
                let (tp, offset, by): (TopicPartition, _, Option<NodeId>) = (commit.tp, commit.offset, commit.by);
                let (generation, accepted_at) = (commit.generation, commit.accepted_at);
                out.emit(|| Event::OffsetCommitted { group, tp, offset, by, generation, accepted_at });
            }
            if !commits.is_empty() {
                out.note(|| Fact::OffsetsCommitted { group, commits });
            }
        }
    }
}
