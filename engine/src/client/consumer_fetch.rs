//! A consumer's positions and fetches (`OffsetFetcher`, `Fetcher`).

use super::connection::Asked;
use super::consumer::{Consumer, Position};
use super::consumer_runtime::{ConsumerAsk, InHand};
use crate::collections::Map;
use crate::config::{AutoOffsetReset, IsolationLevel};
use crate::effect::{Effects, SeekTo};
use crate::event::{Event, PollFailure, PositionReason};
use crate::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::protocol::{
    Channel, ErrorCode, FetchPartition, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetFetchRequest, OffsetFetchResponse, OffsetSpec, PartitionFetchResponse, Request,
};
use crate::storage::AbortedReads;
use std::collections::VecDeque;

impl Consumer {
    /// Asks the coordinator where the group left off.
    pub(super) fn fetch_committed(&mut self, out: &mut Effects<'_>) {
        let (group, keeper, reads_znodes) = (self.group, self.keeper(), self.reads_znodes());
        let Some(runtime) = &mut self.runtime else { return };
        let open = |(tp, position): (&TopicPartition, &Position)| {
            (position.offset.is_none() && !runtime.lookups.contains_key(tp)).then_some(*tp)
        };
        let partitions: Vec<TopicPartition> = runtime.positions.iter().filter_map(open).collect();
        let asked = runtime.net.in_flight.values().any(|request| {
            matches!(request.what, Asked::Own(ConsumerAsk::OffsetFetch(_) | ConsumerAsk::ListOffsets(_)))
        });
        if partitions.is_empty() || asked || reads_znodes {
            return;
        }
        if let Some(keeper) = keeper {
            return self.read_znodes(keeper, &partitions, out);
        }
        let Some(coordinator) = runtime.membership.coordinator.node else { return };
        let request = Request::OffsetFetch(OffsetFetchRequest { group, partitions, require_stable: true });
        let what = ConsumerAsk::OffsetFetch(runtime.membership.generation);
        runtime.net.ask(coordinator, Channel::Coordinator, request, what, out);
    }

    /// `poll`'s second step: partitions without a position get one.
    pub(super) fn update_positions(&mut self, out: &mut Effects<'_>) {
        let reads = self.reads();
        let Some(runtime) = &self.runtime else { return };
        if reads
            && !runtime.resetting
            && runtime.fetch_after <= out.now
            && runtime.positions.values().any(|position| position.offset.is_none())
        {
            let lookups: Vec<_> = runtime.lookups.iter().map(|(tp, (spec, _))| (*tp, *spec)).collect();
            self.list_offsets(&lookups, out);
            self.fetch_committed(out);
        }
    }

    pub(super) fn on_committed_offsets(&mut self, answer: OffsetFetchResponse, out: &mut Effects<'_>) {
        if answer.error.is_error() {
            return self.on_coordinator_error(answer.error, out);
        }
        if !answer.unstable.is_empty() {
            // The client takes none of the answer, and asks again after a pause.
            let (client, group, partitions) = (self.node, self.group, answer.unstable);
            if let Some(runtime) = &mut self.runtime {
                runtime.fetch_after = out.now + self.config.retry_backoff_ms;
            }
            return out.emit(|| Event::OffsetsUnstable { client, group, partitions });
        }
        let mut without = Vec::new();
        for (tp, offset, epoch) in answer.offsets {
            // A `seek` may have been quicker.
            let Some(runtime) = &mut self.runtime else { return };
            let open = runtime.positions.get(&tp).is_some_and(|position| position.offset.is_none());
            if !open || runtime.lookups.contains_key(&tp) {
                continue;
            }
            let before = runtime.rewinding.remove(&tp);
            if let Some(began) = before.filter(|_| offset == Offset::NONE) {
                self.set_position(tp, began, LeaderEpoch::NONE, PositionReason::Seek, out);
            } else if offset == Offset::NONE {
                without.push(tp);
            } else {
                self.set_position(tp, offset, epoch, PositionReason::Committed, out);
            }
        }
        self.reset(&without, PollFailure::NoOffsetForPartition, out);
    }

    /// Sets a position. One that comes with the epoch of what was read last is not yet known to stand: it counts, and is
    /// told of, when the leader has confirmed it.
    pub(super) fn set_position(
        &mut self,
        tp: TopicPartition,
        to: Offset,
        epoch: LeaderEpoch,
        why: PositionReason,
        out: &mut Effects<'_>,
    ) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        let Some(position) = runtime.positions.get_mut(&tp) else { return };
        let moved = why == PositionReason::Truncation || epoch == LeaderEpoch::NONE;
        let leader_epoch = if moved { runtime.net.metadata.epoch(tp) } else { LeaderEpoch::NONE };
        *position = Position { offset: Some(to), epoch, leader_epoch };
        runtime.buffer.remove(&tp);
        runtime.lookups.remove(&tp);
        if moved {
            out.emit(|| Event::PositionSet { client, group, tp, to, why });
        }
    }

    /// No committed offset, or one that is out of range: `auto.offset.reset` decides.
    pub(super) fn reset(&mut self, partitions: &[TopicPartition], otherwise: PollFailure, out: &mut Effects<'_>) {
        if partitions.is_empty() {
            return;
        }
        let (spec, why) = match self.config.auto_offset_reset {
            AutoOffsetReset::Earliest => (OffsetSpec::Earliest, PositionReason::ResetEarliest),
            AutoOffsetReset::Latest => (OffsetSpec::Latest, PositionReason::ResetLatest),
            AutoOffsetReset::ByDuration(span) => {
                let since = out.now.as_millis().saturating_sub(span.as_millis());
                (OffsetSpec::Timestamp(since), PositionReason::ResetByDuration)
            }
            AutoOffsetReset::None => return self.fail(otherwise, out),
        };
        self.look_up(partitions, spec, why, out);
    }

    /// These positions are what the log says, at once or as soon as somebody answers.
    fn look_up(&mut self, partitions: &[TopicPartition], spec: OffsetSpec, why: PositionReason, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        for tp in partitions {
            if let Some(position) = runtime.positions.get_mut(tp) {
                position.offset = None;
                runtime.lookups.insert(*tp, (spec, why));
            }
        }
        let lookups: Vec<_> = partitions.iter().map(|tp| (*tp, spec)).collect();
        self.list_offsets(&lookups, out);
    }

    fn list_offsets(&mut self, partitions: &[(TopicPartition, OffsetSpec)], out: &mut Effects<'_>) {
        let read_committed = self.config.isolation_level == IsolationLevel::ReadCommitted;
        let Some(runtime) = &mut self.runtime else { return };
        let mut requests: Map<NodeId, Vec<(TopicPartition, LeaderEpoch, OffsetSpec)>> = Map::new();
        for (tp, spec) in partitions {
            match runtime.net.metadata.leader(*tp) {
                Some((node, epoch)) if runtime.net.usable(node, out.now) => {
                    requests.entry(node).or_default().push((*tp, epoch, *spec));
                }
                _ => {
                    runtime.fetch_after = out.now + self.config.retry_backoff_ms;
                    runtime.net.stale(out);
                }
            }
        }
        for (node, partitions) in requests {
            runtime.resetting = true;
            let asked = partitions.iter().map(|(tp, _, spec)| (*tp, *spec)).collect();
            let request = Request::ListOffsets(ListOffsetsRequest { replica: None, read_committed, partitions });
            runtime.net.ask(node, Channel::Client, request, ConsumerAsk::ListOffsets(asked), out);
        }
    }

    pub(super) fn on_listed(
        &mut self,
        asked: &[(TopicPartition, OffsetSpec)],
        answer: &ListOffsetsResponse,
        out: &mut Effects<'_>,
    ) {
        let backoff = self.config.retry_backoff_ms;
        let mut later = Vec::new();
        if let Some(runtime) = &mut self.runtime {
            runtime.resetting = runtime.net.in_flight.values().any(|request| is_lookup(&request.what));
        }
        for (tp, error, offset) in &answer.partitions {
            let Some(runtime) = &mut self.runtime else { return };
            // What is wanted may have changed since the question.
            let wanted = runtime.lookups.get_mut(tp).filter(|(spec, _)| asked.contains(&(*tp, *spec)));
            let Some((spec, why)) = wanted else { continue };
            if error.is_error() {
                runtime.fetch_after = out.now + backoff;
                runtime.net.stale(out);
            } else if *offset == Offset::NONE {
                // Nothing is as young as that: the end.
                *spec = OffsetSpec::Latest;
                later.push((*tp, *spec));
            } else {
                let why = *why;
                self.set_position(*tp, *offset, LeaderEpoch::NONE, why, out);
            }
        }
        if !later.is_empty() {
            self.list_offsets(&later, out);
        }
    }

    /// `seek`, `seekToBeginning`, `seekToEnd`, or a seek to what `offsetsForTimes` finds, on everything assigned.
    pub(super) fn seek(&mut self, to: SeekTo, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let partitions: Vec<TopicPartition> = runtime.positions.keys().copied().collect();
        runtime.buffer.clear();
        runtime.arrival.clear();
        let spec = match to {
            SeekTo::Offset(offset) => {
                for tp in partitions {
                    self.set_position(tp, Offset(offset as i64), LeaderEpoch::NONE, PositionReason::Seek, out);
                }
                return;
            }
            SeekTo::Beginning => OffsetSpec::Earliest,
            SeekTo::End => OffsetSpec::Latest,
            SeekTo::Time(at) => OffsetSpec::Timestamp(at),
        };
        self.look_up(&partitions, spec, PositionReason::Seek, out);
    }

    /// One fetch per broker, for the partitions that have a position and nothing in the buffer.
    pub(super) fn send_fetches(&mut self, out: &mut Effects<'_>) {
        let read_committed = self.config.isolation_level == IsolationLevel::ReadCommitted;
        let (max_wait, min_bytes, max_bytes) =
            (self.config.fetch_max_wait_ms, self.config.fetch_min_bytes, self.config.max_partition_fetch_bytes);
        let reads = self.reads();
        let Some(runtime) = &mut self.runtime else { return };
        if !reads || runtime.fetch_after > out.now {
            return;
        }
        let mut requests: Map<NodeId, Vec<FetchPartition>> = Map::new();
        let mut unknown = false;
        let mut elsewhere = Vec::new();
        for (tp, position) in &runtime.positions {
            let Some(fetch_offset) = position.offset.filter(|_| !runtime.membership.is_revoking(*tp)) else { continue };
            if runtime.paused.contains(tp) {
                continue;
            }
            if position.leader_epoch != runtime.net.metadata.epoch(*tp) {
                unknown |= runtime.net.metadata.leader(*tp).is_none();
                continue;
            }
            if runtime.buffer.get(tp).is_some_and(|queue| !queue.is_empty()) {
                continue;
            }
            let Some((leader, epoch)) = runtime.net.metadata.leader(*tp) else {
                unknown = true;
                continue;
            };
            let node = match runtime.read_from.get(tp) {
                None => leader,
                // Its time is over, or it is gone: the leader is asked, and may name one again.
                Some((_, until)) if *until <= out.now => {
                    elsewhere.push(*tp);
                    leader
                }
                Some((replica, _)) => runtime.net.metadata.node(*replica).unwrap_or_else(|| {
                    elsewhere.push(*tp);
                    unknown = true;
                    leader
                }),
            };
            requests.entry(node).or_default().push(FetchPartition {
                tp: *tp,
                current_leader_epoch: epoch,
                fetch_offset,
                last_fetched_epoch: LeaderEpoch::NONE,
                log_start_offset: Offset::NONE,
                max_bytes,
            });
        }
        if unknown {
            runtime.net.want_refresh(out);
        }
        for tp in elsewhere {
            runtime.read_from.remove(&tp);
        }
        let fetching = &mut runtime.fetching;
        for (node, partitions) in requests {
            let busy = runtime
                .net
                .in_flight
                .values()
                .any(|request| request.to == node && request.what == Asked::Own(ConsumerAsk::Fetch));
            if busy || !runtime.net.usable(node, out.now) {
                continue;
            }
            fetching.extend(partitions.iter().map(|partition| (partition.tp, partition.fetch_offset)));
            let request = FetchRequest {
                replica: None,
                read_committed,
                max_wait,
                min_bytes,
                max_bytes: self.config.fetch_max_bytes,
                rack: self.config.client_rack.0.clone(),
                incremental: false,
                forgotten: Vec::new(),
                partitions,
            };
            runtime.net.ask(node, Channel::Client, Request::Fetch(Box::new(request)), ConsumerAsk::Fetch, out);
        }
    }

    pub(super) fn on_fetched(&mut self, answer: FetchResponse, out: &mut Effects<'_>) {
        for partition in answer.partitions {
            self.take_partition(partition, out);
        }
    }

    fn take_partition(&mut self, answer: PartitionFetchResponse, out: &mut Effects<'_>) {
        let tp = answer.tp;
        let backoff = self.config.retry_backoff_ms;
        let (client, group, validated) = (self.node, self.group, self.is_validated(tp));
        let Some(runtime) = &mut self.runtime else { return };
        // Stale answers, of partitions that were revoked or moved meanwhile, are dropped silently.
        let asked = runtime.fetching.remove(&tp);
        let Some(Position { offset: Some(wanted), .. }) = runtime.positions.get(&tp).copied() else { return };
        // So are answers to what was asked before the position was set anew, or is no longer sure to stand.
        if asked != Some(wanted) || (!validated && !answer.error.is_error()) {
            return;
        }
        match answer.error {
            ErrorCode::None => {}
            // A replica that trails does not have it yet: the leader decides.
            ErrorCode::OffsetOutOfRange if runtime.read_from.contains_key(&tp) => {
                return self.read_from_leader(tp, out);
            }
            ErrorCode::OffsetOutOfRange => {
                return self.reset(&[tp], PollFailure::OffsetOutOfRange, out);
            }
            _ => {
                self.read_from_leader(tp, out);
                let Some(runtime) = &mut self.runtime else { return };
                let moved = answer
                    .current_leader
                    .is_some_and(|(leader, epoch)| runtime.net.metadata.set_leader(tp, leader, epoch));
                if !moved {
                    runtime.fetch_after = out.now + backoff;
                    runtime.net.stale(out);
                }
                return;
            }
        }
        if let Some(replica) = answer.preferred_read_replica {
            let until = out.now + self.config.metadata_max_age_ms;
            runtime.read_from.insert(tp, (replica, until));
            return out.emit(|| Event::ReadReplicaChanged { client, group, tp, replica: Some(replica) });
        }
        let Some(end) = answer.batches.last().map(|batch| batch.next_offset()) else { return };
        let records = visible_records(&answer, wanted);
        if records.is_empty() {
            // Only markers, or only what was aborted: `poll` returns nothing, but the position moves on.
            let to = end.max(wanted);
            if let Some(position) = runtime.positions.get_mut(&tp) {
                position.offset = Some(to);
                position.epoch = answer.batches.last().map_or(position.epoch, |batch| batch.leader_epoch);
            }
            let records = Vec::new();
            return out.emit(|| Event::RecordsPolled { client, group, tp, records, position: to });
        }
        runtime.buffer_ends.insert(tp, end);
        if !records.is_empty() {
            runtime.buffer.insert(tp, records);
            runtime.arrival.push_back(tp);
        }
    }
}

impl Consumer {
    /// A replica that was read from has failed: it is the leader's turn again (`clearPreferredReadReplica`).
    fn read_from_leader(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        if self.runtime.as_mut().is_some_and(|runtime| runtime.read_from.remove(&tp).is_some()) {
            out.emit(|| Event::ReadReplicaChanged { client, group, tp, replica: None });
        }
    }

    /// A fetch from `node` failed: what was read from there is read from the leaders again.
    pub(super) fn read_from_leaders(&mut self, node: NodeId, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let lost: Vec<TopicPartition> = runtime
            .read_from
            .iter()
            .filter(|(_, (replica, _))| runtime.net.metadata.node(*replica).is_none_or(|known| known == node))
            .map(|(tp, _)| *tp)
            .collect();
        for tp in lost {
            self.read_from_leader(tp, out);
        }
    }
}

fn is_lookup(asked: &Asked<ConsumerAsk>) -> bool {
    matches!(asked, Asked::Own(ConsumerAsk::ListOffsets(_)))
}

/// What an application may see of an answer: no markers, and nothing of the transactions it names as aborted.
fn visible_records(answer: &PartitionFetchResponse, wanted: Offset) -> VecDeque<InHand> {
    let tp = answer.tp;
    let mut aborted = AbortedReads::new(answer.aborted_transactions.clone());
    let mut records = VecDeque::new();
    for batch in &answer.batches {
        if aborted.hides(batch) {
            continue;
        }
        let epoch = batch.leader_epoch;
        let seen = batch.iter().filter(|(offset, _)| *offset >= wanted);
        records.extend(seen.map(|(offset, record)| InHand {
            tp,
            offset,
            record: record.id(),
            key: record.key(),
            epoch,
        }));
    }
    records
}
