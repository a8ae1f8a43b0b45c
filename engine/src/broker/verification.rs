//! Before the first transactional write of a producer to a partition, its leader asks the coordinator whether the
//! partition belongs to the transaction, or under version 2 has it added (`AddPartitionsToTxnManager`, KIP-890).
//! So a write that was delayed beyond the end of its transaction cannot open one that nobody would ever close.
//! Offsets are written by the group coordinator, which asks in the same way.

use super::actor::Broker;
use super::controller_channel::{Asked, Pending};
use crate::collections::Map;
use crate::coordinator::ReplyTo;
use crate::effect::{Effects, Timer};
use crate::ids::{ProducerId, TopicPartition, TransactionalId};
use crate::protocol::{AddPartitionsToTxnRequest, Channel, ErrorCode, ProduceRequest, Request, TxnOffsetCommitRequest};
use crate::storage::Verification;
use crate::time::{Duration, Instant};

/// `add.partitions.to.txn.retry.backoff.ms`.
const RETRY: Duration = Duration::from_millis(20);
/// `add.partitions.to.txn.retry.backoff.max.ms`: how long a busy transactional id is asked again.
const RETRY_MAX: Duration = Duration::from_millis(100);

/// Batches of a coordinator carry no sequence.
const OFFSETS_SEQUENCE: i32 = -1;

/// A request that waits for the coordinator's word.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Unverified {
    to: ReplyTo,
    request: Parked,
    question: AddPartitionsToTxnRequest,
    v2: bool,
    /// The guard of each partition at the time of asking: a marker written meanwhile takes it away.
    guards: Map<TopicPartition, u64>,
    ask_until: Instant,
}

/// What waits for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Parked {
    Produce(Box<ProduceRequest>),
    Offsets(Box<TxnOffsetCommitRequest>),
}

impl Broker {
    /// Parks a produce request whose partitions have to be verified. False when nothing has to be.
    pub(super) fn verify_produce(&mut self, to: ReplyTo, request: &ProduceRequest, out: &mut Effects<'_>) -> bool {
        let Some(id) = request.transactional.filter(|_| self.config.transaction_partition_verification_enable) else {
            return false;
        };
        let mut guards = Map::new();
        let mut producer = (ProducerId::NONE, -1);
        for (tp, batch) in &request.batches {
            let Some(stamp) = batch.producer else { continue };
            producer = (stamp.id, stamp.epoch);
            let Some(replica) = self.replicas.get_mut(tp) else { continue };
            if replica.log.producers().has_open_transaction(stamp.id, stamp.epoch) {
                continue;
            }
            let Some(leadership) = replica.leadership_mut() else { continue };
            guards.insert(*tp, leadership.guard(stamp.id, stamp.base_sequence));
        }
        if guards.is_empty() {
            return false;
        }
        let question = question(id, producer, !request.v2, guards.keys().copied().collect());
        let (ask_until, v2) = (out.now + RETRY_MAX, request.v2);
        let request = Parked::Produce(Box::new(request.clone()));
        self.park_unverified(Unverified { to, request, question, v2, guards, ask_until }, out);
        true
    }

    /// The same for offsets in a transaction, which go to the partition `tp` of `__consumer_offsets`.
    pub(super) fn verify_offsets(
        &mut self,
        to: ReplyTo,
        request: &TxnOffsetCommitRequest,
        tp: TopicPartition,
        out: &mut Effects<'_>,
    ) -> bool {
        let producer = (request.producer_id, request.producer_epoch);
        let Some(replica) = self.replicas.get_mut(&tp) else { return false };
        let open = replica.log.producers().has_open_transaction(producer.0, producer.1);
        if open || !self.config.transaction_partition_verification_enable {
            return false;
        }
        let Some(leadership) = replica.leadership_mut() else { return false };
        let mut guards = Map::new();
        guards.insert(tp, leadership.guard(producer.0, OFFSETS_SEQUENCE));
        let question = question(request.transactional, producer, !request.v2, vec![tp]);
        let (ask_until, v2) = (out.now + RETRY_MAX, request.v2);
        let request = Parked::Offsets(Box::new(request.clone()));
        self.park_unverified(Unverified { to, request, question, v2, guards, ask_until }, out);
        true
    }

    fn park_unverified(&mut self, unverified: Unverified, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let number = runtime.next_park;
        runtime.next_park += 1;
        runtime.unverified.insert(number, unverified);
        self.ask_verification(number, out);
    }

    pub(super) fn ask_verification(&mut self, number: u64, out: &mut Effects<'_>) {
        let Some(unverified) = self.runtime.as_ref().and_then(|runtime| runtime.unverified.get(&number)) else {
            return;
        };
        let question = unverified.question.clone();
        let Some((_, node)) = self.transaction_coordinator(question.transactional) else {
            return self.on_verified(number, ErrorCode::CoordinatorNotAvailable, out);
        };
        let pending = Pending { to: node, sent_at: out.now, what: Asked::Verification(number) };
        self.ask_broker(node, Channel::Verification, Request::AddPartitionsToTxn(Box::new(question)), pending, out);
    }

    /// The coordinator has spoken, or cannot be reached.
    pub(super) fn on_verified(&mut self, number: u64, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(unverified) = runtime.unverified.get(&number) else { return };
        if error == ErrorCode::ConcurrentTransactions && unverified.v2 && out.now + RETRY <= unverified.ask_until {
            return out.set_timer(Timer::Verification(number), RETRY);
        }
        let v2 = unverified.v2;
        let Some(unverified) = runtime.unverified.remove(&number) else { return };
        let request = match unverified.request {
            Parked::Produce(request) => request,
            Parked::Offsets(request) => {
                // A marker may have come in between: then the guard is gone.
                let guarded = |(tp, guard): (&TopicPartition, &u64)| {
                    let known = self.replicas.get(tp).and_then(|replica| replica.leadership());
                    let verifying = known.and_then(|leadership| leadership.verifying.get(&request.producer_id));
                    verifying.is_some_and(|known| known.number == *guard)
                };
                let stands = unverified.guards.iter().all(guarded);
                let error = if error.is_error() || stands { error } else { ErrorCode::InvalidTxnState };
                return self.commit_in_transaction(unverified.to, &request, error, out);
            }
        };
        let error = match error {
            ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
            ErrorCode::ConcurrentTransactions if v2 => error,
            ErrorCode::ConcurrentTransactions
            | ErrorCode::NetworkException
            | ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::CoordinatorNotAvailable => ErrorCode::NotEnoughReplicas,
            other => other,
        };
        let verdict = |tp: &TopicPartition| unverified.guards.get(tp).map(|guard| (error, *guard));
        let verdicts = request.batches.iter().filter_map(|(tp, _)| Some((*tp, verdict(tp)?))).collect();
        self.produce(unverified.to, *request, &verdicts, out);
    }

    /// What the leader knows of a batch it is about to append: whether its guard is still the one it asked with.
    pub(super) fn verification_of(
        &self,
        tp: TopicPartition,
        producer: ProducerId,
        guard: Option<u64>,
        v2: bool,
    ) -> Verification {
        if !self.config.transaction_partition_verification_enable {
            return Verification::Off;
        }
        let known = self.replicas.get(&tp).and_then(|replica| replica.leadership()?.verifying.get(&producer));
        match known.filter(|known| Some(known.number) == guard) {
            Some(known) => Verification::Passed { lowest_sequence: known.lowest_sequence, v2 },
            None => Verification::Missing,
        }
    }
}

fn question(
    transactional: TransactionalId,
    (producer_id, producer_epoch): (ProducerId, i16),
    verify_only: bool,
    partitions: Vec<TopicPartition>,
) -> AddPartitionsToTxnRequest {
    AddPartitionsToTxnRequest { transactional, producer_id, producer_epoch, verify_only, partitions }
}
