//! Serving consumers: fetches in full, which may wait for data, and where in the log an offset, a time or an epoch is
//! (`KafkaApis.handleFetchRequest`, `handleListOffsetRequest`, `handleOffsetForLeaderEpochRequest`).

use super::actor::Broker;
use crate::coordinator::ReplyTo;
use crate::effect::Effects;
use crate::ids::{Offset, TopicPartition};
use crate::planted::{Planted, planted};
use crate::protocol::{
    ErrorCode, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse, OffsetSpec,
    OffsetsForLeaderEpochRequest, OffsetsForLeaderEpochResponse, PartitionFetchResponse, Response,
};
use crate::replication::Replica;
use crate::storage::EpochEnd;
use crate::time::Instant;
use crate::view::{ParkedKind, ParkedView};

/// A consumer's fetch that waits for data.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct ParkedFetch {
    to: ReplyTo,
    deadline: Instant,
    request: FetchRequest,
}

impl ParkedFetch {
    /// The fetch, as a picture shows it.
    pub fn view(&self) -> ParkedView {
        let needs = self.request.partitions.iter().map(|wanted| (wanted.tp, wanted.fetch_offset)).collect();
        ParkedView { peer: Some(self.to.peer), what: ParkedKind::ConsumerFetch, needs, deadline: Some(self.deadline) }
    }
}

impl Broker {
    pub(super) fn on_consumer_fetch(&mut self, to: ReplyTo, request: FetchRequest, out: &mut Effects<'_>) {
        let (partitions, bytes, failed) = self.read_for_consumer(&request);
        if failed || bytes >= i64::from(request.min_bytes) || request.max_wait == crate::time::Duration::ZERO {
            let response = FetchResponse { session_error: false, partitions };
            return self.respond(to, Response::Fetch(Box::new(response)), out);
        }
        let deadline = out.now + request.max_wait;
        let id = self.next_park(deadline, out);
        self.with_runtime(|runtime| {
            for wanted in &request.partitions {
                runtime.fetch_watch.entry(wanted.tp).or_default().insert(id);
            }
            runtime.parked_fetches.insert(id, ParkedFetch { to, deadline, request });
        });
    }

    fn read_for_consumer(&self, request: &FetchRequest) -> (Vec<PartitionFetchResponse>, i64, bool) {
        let (mut bytes, mut failed) = (0, false);
        let mut partitions = Vec::with_capacity(request.partitions.len());
        for wanted in &request.partitions {
            let mut error = self.check_leader(wanted.tp, wanted.current_leader_epoch);
            let replica = self.replicas.get(&wanted.tp);
            if let Some(replica) = replica
                && !error.is_error()
                && (wanted.fetch_offset > replica.log.log_end_offset()
                    || wanted.fetch_offset < replica.log.log_start_offset())
            {
                error = ErrorCode::OffsetOutOfRange;
            }
            let Some(replica) = replica.filter(|_| !error.is_error()) else {
                failed = true;
                partitions.push(self.fetch_error(wanted.tp, error));
                continue;
            };
            // A consumer never sees beyond the high watermark; with read_committed, nor beyond the last stable offset.
            let mut stable = replica.last_stable_offset();
            if planted(Planted::LastStableOffsetIgnored) {
                stable = replica.high_watermark;
            }
            let mut bound = if request.read_committed { stable } else { replica.high_watermark };
            if planted(Planted::ReadsBeyondHighWatermark) {
                bound = replica.log.log_end_offset();
            }
            let batches = replica.log.read(wanted.fetch_offset, bound, wanted.max_bytes);
            let aborted_transactions = match batches.last().filter(|_| request.read_committed) {
                Some(last) => replica.log.aborted().collect(wanted.fetch_offset, last.next_offset()).0,
                None => Vec::new(),
            };
            bytes += batches.iter().map(|batch| i64::from(batch.size_in_bytes)).sum::<i64>();
            partitions.push(PartitionFetchResponse {
                tp: wanted.tp,
                error,
                high_watermark: replica.high_watermark,
                last_stable_offset: stable,
                aborted_transactions,
                log_start_offset: replica.log.log_start_offset(),
                diverging_epoch: None,
                current_leader: None,
                batches,
            });
        }
        (partitions, bytes, failed)
    }

    pub(super) fn answer_consumers_of(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        if runtime.share.is_some() {
            self.wake_shares(tp, out);
        }
        let Some(runtime) = &self.runtime else { return };
        let Some(waiting) = runtime.fetch_watch.get(&tp).cloned() else { return };
        for id in waiting {
            let Some(parked) = self.runtime.as_ref().and_then(|runtime| runtime.parked_fetches.get(&id)) else {
                continue;
            };
            let (_, bytes, failed) = self.read_for_consumer(&parked.request);
            if failed || bytes >= i64::from(parked.request.min_bytes) {
                self.answer_parked_fetch(id, out);
            }
        }
    }

    pub(super) fn answer_parked_fetch(&mut self, id: u64, out: &mut Effects<'_>) {
        let parked = self.with_runtime(|runtime| {
            let parked = runtime.parked_fetches.remove(&id)?;
            runtime.deadlines.remove(&(parked.deadline, id));
            for wanted in &parked.request.partitions {
                if let Some(waiting) = runtime.fetch_watch.get_mut(&wanted.tp) {
                    waiting.remove(&id);
                    if waiting.is_empty() {
                        runtime.fetch_watch.remove(&wanted.tp);
                    }
                }
            }
            Some(parked)
        });
        let Some(parked) = parked else { return };
        let (partitions, ..) = self.read_for_consumer(&parked.request);
        let response = FetchResponse { session_error: false, partitions };
        self.respond(parked.to, Response::Fetch(Box::new(response)), out);
    }

    pub(super) fn on_offsets_for_leader_epoch(
        &mut self,
        to: ReplyTo,
        request: &OffsetsForLeaderEpochRequest,
        out: &mut Effects<'_>,
    ) {
        let partitions = request
            .partitions
            .iter()
            .map(|(tp, current, asked)| {
                let error = self.check_leader(*tp, *current);
                let Some(replica) = self.replicas.get(tp).filter(|_| !error.is_error()) else {
                    return (*tp, error, EpochEnd::UNDEFINED);
                };
                (*tp, error, replica.log.epochs().end_offset_for(*asked, replica.log.log_end_offset()))
            })
            .collect();
        let response = Response::OffsetsForLeaderEpoch(Box::new(OffsetsForLeaderEpochResponse { partitions }));
        self.respond(to, response, out);
    }

    pub(super) fn on_list_offsets(&mut self, to: ReplyTo, request: &ListOffsetsRequest, out: &mut Effects<'_>) {
        let partitions = request
            .partitions
            .iter()
            .map(|(tp, epoch, spec)| {
                let error = self.check_leader(*tp, *epoch);
                let Some(replica) = self.replicas.get(tp).filter(|_| !error.is_error()) else {
                    return (*tp, error, Offset::NONE);
                };
                let started = replica.leadership().map_or(Offset::ZERO, |leadership| leadership.epoch_start_offset);
                match spec {
                    OffsetSpec::Latest if request.replica.is_some() => {
                        (*tp, ErrorCode::None, replica.log.log_end_offset())
                    }
                    OffsetSpec::Earliest => (*tp, ErrorCode::None, replica.log.log_start_offset()),
                    // A new leader does not know yet how much its predecessor had exposed.
                    OffsetSpec::Latest if replica.high_watermark < started => {
                        (*tp, ErrorCode::OffsetNotAvailable, Offset::NONE)
                    }
                    OffsetSpec::Latest if request.read_committed => {
                        (*tp, ErrorCode::None, replica.last_stable_offset())
                    }
                    OffsetSpec::Latest => (*tp, ErrorCode::None, replica.high_watermark),
                    OffsetSpec::Timestamp(at) => (*tp, ErrorCode::None, first_since(replica, *at)),
                }
            })
            .collect();
        self.respond(to, Response::ListOffsets(ListOffsetsResponse { partitions }), out);
    }
}

/// The first offset below the high watermark whose record is not older than `at`; −1 when there is none.
pub(super) fn first_since(replica: &Replica, at: u64) -> Offset {
    let mut records = replica.log.batches().flat_map(|batch| batch.iter());
    let found = records.find(|(offset, record)| record.timestamp >= at && *offset < replica.high_watermark);
    found.map_or(Offset::NONE, |(offset, _)| offset)
}
