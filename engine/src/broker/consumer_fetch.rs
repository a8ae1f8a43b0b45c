//! Serving consumers: fetches in full, which may wait for data, and where in the log an offset, a time or an epoch is
//! (`KafkaApis.handleFetchRequest`, `handleListOffsetRequest`, `handleOffsetForLeaderEpochRequest`).

use super::actor::Broker;
use super::read_budget::ReadBudget;
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

/// What a consumer's fetch found.
struct ConsumerRead {
    partitions: Vec<PartitionFetchResponse>,
    bytes: i64,
    /// An error, or another replica to go to: worth an answer without any data.
    at_once: bool,
}

impl ConsumerRead {
    fn is_enough(&self, min_bytes: i32) -> bool {
        self.at_once || self.bytes >= i64::from(min_bytes)
    }
}

impl Broker {
    pub(super) fn on_consumer_fetch(&mut self, to: ReplyTo, request: FetchRequest, out: &mut Effects<'_>) {
        let read = self.read_for_consumer(&request, out.now);
        if read.is_enough(request.min_bytes) || request.max_wait == crate::time::Duration::ZERO {
            let response = FetchResponse { session_error: false, partitions: read.partitions };
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

    /// What each partition has to say to a consumer: from the leader, or from any replica that is asked.
    fn read_for_consumer(&self, request: &FetchRequest, now: Instant) -> ConsumerRead {
        let mut read =
            ConsumerRead { bytes: 0, at_once: false, partitions: Vec::with_capacity(request.partitions.len()) };
        let mut budget = ReadBudget::new(request.max_bytes.min(self.config.fetch_max_bytes));
        for wanted in &request.partitions {
            let mut error = self.check_replica(wanted.tp, wanted.current_leader_epoch);
            let replica = self.replicas.get(&wanted.tp);
            let preferred = replica.filter(|_| !error.is_error()).and_then(|replica| {
                self.preferred_read_replica(replica, request.rack.as_deref()?, wanted.fetch_offset, now)
            });
            if let Some(replica) = replica
                && !error.is_error()
                && preferred.is_none()
                && (wanted.fetch_offset > replica.log.log_end_offset()
                    || wanted.fetch_offset < replica.log.log_start_offset())
            {
                error = ErrorCode::OffsetOutOfRange;
            }
            let Some(replica) = replica.filter(|_| !error.is_error()) else {
                read.at_once = true;
                read.partitions.push(self.fetch_error(wanted.tp, error));
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
            let batches = match preferred {
                Some(_) => Vec::new(),
                None => budget.read(&replica.log, wanted.fetch_offset, bound, wanted.max_bytes),
            };
            let aborted_transactions = match batches.last().filter(|_| request.read_committed) {
                Some(last) => replica.log.aborted().collect(wanted.fetch_offset, last.next_offset()).0,
                None => Vec::new(),
            };
            read.bytes += batches.iter().map(|batch| i64::from(batch.size_in_bytes)).sum::<i64>();
            read.at_once |= preferred.is_some();
            read.partitions.push(PartitionFetchResponse {
                tp: wanted.tp,
                error,
                high_watermark: replica.high_watermark,
                last_stable_offset: stable,
                aborted_transactions,
                log_start_offset: replica.log.log_start_offset(),
                diverging_epoch: None,
                current_leader: None,
                preferred_read_replica: preferred,
                batches,
            });
        }
        read
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
            if self.read_for_consumer(&parked.request, out.now).is_enough(parked.request.min_bytes) {
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
        let partitions = self.read_for_consumer(&parked.request, out.now).partitions;
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
                let found = match (spec, request.replica) {
                    (OffsetSpec::Latest, Some(_)) => Ok(replica.log.log_end_offset()),
                    (spec, _) => list_offset(replica, *spec, request.read_committed),
                };
                (*tp, found.err().unwrap_or(ErrorCode::None), found.unwrap_or(Offset::NONE))
            })
            .collect();
        self.respond(to, Response::ListOffsets(ListOffsetsResponse { partitions }), out);
    }
}

/// What a client finds where (`Partition.fetchOffsetForTimestamp`): nothing it may not read yet. −1 when there is none.
fn list_offset(replica: &Replica, spec: OffsetSpec, read_committed: bool) -> Result<Offset, ErrorCode> {
    let bound = if read_committed { replica.last_stable_offset() } else { replica.high_watermark };
    let found = match spec {
        OffsetSpec::Earliest | OffsetSpec::EarliestLocal => return Ok(replica.log.log_start_offset()),
        OffsetSpec::LatestTiered => return Ok(Offset::NONE),
        OffsetSpec::Latest => None,
        OffsetSpec::Timestamp(at) => replica.log.offset_for_timestamp(i64::try_from(at).unwrap_or(i64::MAX)),
        OffsetSpec::MaxTimestamp => replica.log.offset_of_max_timestamp(),
    };
    if let Some((offset, _)) = found.filter(|(offset, _)| *offset < bound) {
        return Ok(offset);
    }
    // A new leader does not know yet how much its predecessor had exposed.
    let started = replica.leadership().map_or(Offset::ZERO, |leadership| leadership.epoch_start_offset);
    if replica.high_watermark < started {
        return Err(ErrorCode::OffsetNotAvailable);
    }
    Ok(if spec == OffsetSpec::Latest { bound } else { Offset::NONE })
}

/// The first offset below the high watermark whose record is not older than `at`, in milliseconds; none without one.
pub(super) fn first_since(replica: &Replica, at: u64) -> Option<Offset> {
    list_offset(replica, OffsetSpec::Timestamp(at), false).ok().filter(|found| *found != Offset::NONE)
}
