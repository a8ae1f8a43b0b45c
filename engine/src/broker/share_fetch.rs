//! ShareFetch and ShareAcknowledge: members of share groups acquire records of the partitions led here and say what became
//! of them (`KafkaApis.handleShareFetchRequest`, `SharePartitionManager`, `DelayedShareFetch`).

use super::actor::Broker;
use super::share_leader::{LedShare, ParkedShare, StateWrite, Wanted};
use crate::collections::{Map, Set};
use crate::config::{AutoOffsetReset, IsolationLevel, ShareAcquireMode, ShareGroupConfig};
use crate::coordinator::{ReplyTo, ShareStateKey};
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{GroupId, LeaderEpoch, MemberId, NodeId, Offset, ProducerId, TopicPartition};
use crate::protocol::{
    Channel, ErrorCode, Response, ShareAcknowledgeRequest, ShareAcknowledgeResponse, ShareFetchRequest,
    ShareFetchResponse, SharePartitionFetched, SharePartitionRequest,
};
use crate::replication::Replica;
use crate::share::{AcknowledgeType, AcquireTerms, AcquiredRecords, Settled, SharePartition, ShareSession};
use crate::storage::{ReadBatches, RecordBatch};
use crate::time::Instant;
use std::collections::VecDeque;

impl Broker {
    /// The share-partitions it leads and has read the state of.
    pub fn share_partitions(&self) -> impl Iterator<Item = (GroupId, TopicPartition, &SharePartition)> {
        let share = self.runtime.as_ref().and_then(|runtime| runtime.share.as_ref());
        let led = share.into_iter().flat_map(|share| share.partitions.iter());
        led.filter_map(|((group, tp), led)| Some((*group, *tp, led.partition.as_ref()?)))
    }

    /// The settings of a share group.
    pub(super) fn share_config(&self, group: GroupId) -> ShareGroupConfig {
        self.share_groups.get(&group).cloned().unwrap_or_else(|| ShareGroupConfig::of(&self.share))
    }

    fn share_leader_epoch(&self, tp: TopicPartition) -> Result<LeaderEpoch, ErrorCode> {
        let replica = self.replicas.get(&tp).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        replica.leadership().map(|_| replica.leader_epoch).ok_or(ErrorCode::NotLeaderOrFollower)
    }

    /// Takes a request's session epoch. A new session may have to be refused, an old one is replaced.
    fn step_share_session(
        &mut self,
        peer: NodeId,
        key: (GroupId, MemberId),
        epoch: i32,
        may_open: bool,
        out: &mut Effects<'_>,
    ) -> Result<(), ErrorCode> {
        let most = self.share.max_share_sessions as usize;
        if epoch == ShareSession::INITIAL {
            if !may_open {
                return Err(ErrorCode::InvalidShareSessionEpoch);
            }
            self.close_share_session(key, out);
            let Some(runtime) = &mut self.runtime else { return Err(ErrorCode::UnknownTopicOrPartition) };
            let share = runtime.share.get_or_insert_default();
            if share.sessions.len() >= most {
                return Err(ErrorCode::ShareSessionLimitReached);
            }
            share.sessions.insert(key, ShareSession::new(peer));
            return Ok(());
        }
        let share = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut());
        let session = share.and_then(|share| share.sessions.get_mut(&key)).ok_or(ErrorCode::ShareSessionNotFound)?;
        if epoch == ShareSession::FINAL { Ok(()) } else { session.step(epoch) }
    }

    pub(super) fn on_share_fetch(&mut self, to: ReplyTo, request: ShareFetchRequest, out: &mut Effects<'_>) {
        let key = (request.group, request.member);
        if let Err(error) = self.step_share_session(to.peer, key, request.session_epoch, true, out) {
            let lock_timeout = self.share_config(request.group).record_lock_duration_ms;
            let refused = ShareFetchResponse { error, lock_timeout, partitions: Vec::new() };
            return self.respond(to, Response::ShareFetch(Box::new(refused)), out);
        }
        let last = request.session_epoch == ShareSession::FINAL;
        self.with_runtime(|runtime| {
            let Some(session) = runtime.share.as_mut().and_then(|share| share.sessions.get_mut(&key)) else { return };
            session.partitions.extend(request.partitions.iter().map(|partition| partition.tp));
            for tp in &request.forgotten {
                session.partitions.remove(tp);
            }
        });
        let wanted = Wanted {
            max_bytes: request.max_bytes,
            max_records: request.max_records,
            acquire_mode: request.acquire_mode,
        };
        let parked = ParkedShare {
            to,
            deadline: out.now + request.max_wait,
            group: request.group,
            member: request.member,
            awaiting: 1,
            results: Map::new(),
            wanted: (!last).then_some(wanted),
            is_fetch: true,
        };
        self.take_share_request(parked, request.partitions, last, out);
    }

    pub(super) fn on_share_acknowledge(
        &mut self,
        to: ReplyTo,
        request: ShareAcknowledgeRequest,
        out: &mut Effects<'_>,
    ) {
        let key = (request.group, request.member);
        if let Err(error) = self.step_share_session(to.peer, key, request.session_epoch, false, out) {
            let refused = ShareAcknowledgeResponse { error, partitions: Vec::new() };
            return self.respond(to, Response::ShareAcknowledge(Box::new(refused)), out);
        }
        let last = request.session_epoch == ShareSession::FINAL;
        let parked = ParkedShare {
            to,
            // Its acknowledgements have their own patience.
            deadline: Instant(u64::MAX),
            group: request.group,
            member: request.member,
            awaiting: 1,
            results: Map::new(),
            wanted: None,
            is_fetch: false,
        };
        self.take_share_request(parked, request.partitions, last, out);
    }

    /// Acknowledgements first; then, if it asks for records, those.
    fn take_share_request(
        &mut self,
        parked: ParkedShare,
        partitions: Vec<SharePartitionRequest>,
        last: bool,
        out: &mut Effects<'_>,
    ) {
        let (group, member, deadline) = (parked.group, parked.member, parked.deadline);
        let id = self.next_park(deadline, out);
        self.with_runtime(|runtime| {
            runtime.share.get_or_insert_default().parked.insert(id, parked);
        });
        for partition in partitions.into_iter().filter(|partition| !partition.acknowledgements.is_empty()) {
            let taken = self.acknowledge_share((group, partition.tp), member, &partition, id, out);
            let Some(parked) = self.parked_share(id) else { return };
            match taken {
                Ok(true) => {
                    parked.awaiting += 1;
                    self.pump_share((group, partition.tp), out);
                }
                Ok(false) => {
                    parked.results.insert(partition.tp, ErrorCode::None);
                }
                Err(error) => {
                    parked.results.insert(partition.tp, error);
                }
            }
        }
        if last {
            self.close_share_session((group, member), out);
        }
        self.share_write_done(id, out);
    }

    fn parked_share(&mut self, id: u64) -> Option<&mut ParkedShare> {
        self.runtime.as_mut()?.share.as_mut()?.parked.get_mut(&id)
    }

    fn led_share(&mut self, key: ShareStateKey) -> Option<&mut LedShare> {
        self.runtime.as_mut()?.share.as_mut()?.partitions.get_mut(&key)
    }

    /// Takes a member's word. True when it has to be written down before it stands.
    fn acknowledge_share(
        &mut self,
        key: ShareStateKey,
        member: MemberId,
        request: &SharePartitionRequest,
        id: u64,
        out: &mut Effects<'_>,
    ) -> Result<bool, ErrorCode> {
        let config = self.share_config(key.0);
        self.share_leader_epoch(key.1)?;
        let renewed = config.renew_acknowledge_enable.then(|| out.now + config.record_lock_duration_ms);
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else {
            return Err(ErrorCode::InvalidRecordState);
        };
        let number = share.next_number();
        let led = share.partitions.get_mut(&key).ok_or(ErrorCode::InvalidRecordState)?;
        let partition = led.partition.as_mut().ok_or(ErrorCode::InvalidRecordState)?;
        let limit = config.delivery_count_limit as i16;
        let batches = partition.acknowledge(member, &request.acknowledgements, limit, renewed, number)?;
        let (broker, group, tp, client) = (self.id, key.0, key.1, NodeId(member.client));
        for said in request.acknowledgements.iter().filter(|said| said.kind == AcknowledgeType::Renew) {
            let (first, last) = (said.first, said.last);
            out.emit(|| Event::LocksRenewed { broker, group, tp, client, first, last });
        }
        if batches.is_empty() {
            return Ok(false);
        }
        led.writes.push_back(StateWrite { number, batches, waiter: Some(id) });
        Ok(true)
    }

    /// A change is written down.
    pub(super) fn on_share_written(&mut self, key: ShareStateKey, number: u64, out: &mut Effects<'_>) {
        let Some(led) = self.led_share(key) else { return };
        let Some(write) = led.writes.pop_front() else { return };
        let settled = led.partition.as_mut().map(|partition| partition.commit(number)).unwrap_or_default();
        self.tell_settled(key, &settled, out);
        self.advance_share(key, out);
        if let Some(id) = write.waiter {
            if let Some(parked) = self.parked_share(id) {
                parked.results.entry(key.1).or_insert(ErrorCode::None);
            }
            self.share_write_done(id, out);
        }
        self.pump_share(key, out);
        self.wake_shares(key.1, out);
    }

    /// A change could not be written down.
    pub(super) fn on_share_write_failed(
        &mut self,
        key: ShareStateKey,
        number: u64,
        error: ErrorCode,
        out: &mut Effects<'_>,
    ) {
        let Some(led) = self.led_share(key) else { return };
        let Some(write) = led.writes.pop_front() else { return };
        if let (Some(_), Some(partition)) = (write.waiter, &mut led.partition) {
            partition.roll_back(number);
        }
        if let Some(id) = write.waiter {
            if let Some(parked) = self.parked_share(id) {
                parked.results.insert(key.1, error);
            }
            self.share_write_done(id, out);
        }
        self.pump_share(key, out);
    }

    fn share_write_done(&mut self, id: u64, out: &mut Effects<'_>) {
        let Some(parked) = self.parked_share(id) else { return };
        parked.awaiting = parked.awaiting.saturating_sub(1);
        self.try_share(id, out);
    }

    /// What is known of a share-partition counts no more: it is led elsewhere, or its state could not be read.
    pub(super) fn drop_share(&mut self, key: ShareStateKey, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        let Some(led) = share.partitions.remove(&key) else { return };
        let never_read = led.partition.is_none();
        for id in led.writes.iter().filter_map(|write| write.waiter) {
            if let Some(parked) = self.parked_share(id) {
                parked.results.insert(key.1, error);
            }
            self.share_write_done(id, out);
        }
        if never_read {
            // Whoever waits is told, and asks again.
            let waiting = self.with_runtime(|runtime| {
                runtime.share.as_ref().map(|share| share.waiting_for(key.1)).unwrap_or_default()
            });
            for id in waiting.into_iter().filter(|_| error != ErrorCode::NotLeaderOrFollower) {
                if self.parked_share(id).is_some_and(|parked| parked.group == key.0 && parked.awaiting == 0) {
                    self.answer_share(id, vec![failed(key.1, error)], out);
                }
            }
        }
    }

    /// This broker does not lead a partition any more, or in another epoch.
    pub(super) fn drop_shares(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let Some(share) = self.runtime.as_ref().and_then(|runtime| runtime.share.as_ref()) else { return };
        let keys: Vec<ShareStateKey> = share.partitions.keys().filter(|(_, known)| *known == tp).copied().collect();
        for key in keys {
            self.drop_share(key, ErrorCode::NotLeaderOrFollower, out);
        }
    }

    /// A session ends: what its member has is available again.
    fn close_share_session(&mut self, key: (GroupId, MemberId), out: &mut Effects<'_>) {
        let limit = self.share_config(key.0).delivery_count_limit as i16;
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        if share.sessions.remove(&key).is_none() {
            return;
        }
        let led: Vec<ShareStateKey> = share.partitions.keys().filter(|(group, _)| *group == key.0).copied().collect();
        for share_key in led {
            self.end_locks(share_key, out, |partition, number| partition.release_all(key.1, limit, number));
        }
    }

    /// The connection of a process broke: its sessions end with it.
    pub(super) fn close_share_sessions_of(&mut self, peer: NodeId, channel: Option<Channel>, out: &mut Effects<'_>) {
        if channel.is_some_and(|channel| channel != Channel::Client) {
            return;
        }
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        share.parked.retain(|_, parked| parked.to.peer != peer);
        let ended = share.sessions.iter().filter(|(_, session)| session.peer == peer).map(|(key, _)| *key);
        for key in ended.collect::<Vec<_>>() {
            self.close_share_session(key, out);
        }
    }

    /// Locks end without a word of their member. That stands at once, whether it can be written down or not.
    fn end_locks(
        &mut self,
        key: ShareStateKey,
        out: &mut Effects<'_>,
        end: impl FnOnce(&mut SharePartition, u64) -> Vec<crate::share::StateBatch>,
    ) {
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        let number = share.next_number();
        let Some(led) = share.partitions.get_mut(&key) else { return };
        let Some(partition) = &mut led.partition else { return };
        let batches = end(partition, number);
        if batches.is_empty() {
            return;
        }
        let settled = partition.commit(number);
        led.writes.push_back(StateWrite { number, batches, waiter: None });
        self.tell_settled(key, &settled, out);
        self.advance_share(key, out);
        self.pump_share(key, out);
        self.wake_shares(key.1, out);
    }

    pub(super) fn on_share_timer(&mut self, out: &mut Effects<'_>) {
        let now = out.now;
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        share.armed = None;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let again: Vec<ShareStateKey> =
            share.partitions.iter().filter(|(_, led)| due(led.retry_at)).map(|(key, _)| *key).collect();
        let begin: Vec<ShareStateKey> =
            share.beginnings.iter().filter(|(_, beginning)| due(beginning.retry_at)).map(|(key, _)| *key).collect();
        let locked = |led: &LedShare| due(led.partition.as_ref().and_then(SharePartition::next_deadline));
        let expired: Vec<ShareStateKey> =
            share.partitions.iter().filter(|(_, led)| locked(led)).map(|(key, _)| *key).collect();
        for key in again {
            if let Some(led) = self.led_share(key) {
                led.retry_at = None;
            }
            self.pump_share(key, out);
        }
        for key in begin {
            self.begin_share_state(key, out);
        }
        for key in expired {
            let limit = self.share_config(key.0).delivery_count_limit as i16;
            self.end_locks(key, out, |partition, number| partition.expire(now, limit, number));
        }
    }

    fn tell_settled(&self, (group, tp): ShareStateKey, settled: &[Settled], out: &mut Effects<'_>) {
        if !out.observed {
            return;
        }
        let broker = self.id;
        let alike = |a: &Settled, b: &Settled| {
            b.offset == a.offset + 1
                && (a.state, a.delivery_count, a.member, a.why) == (b.state, b.delivery_count, b.member, b.why)
        };
        for run in settled.chunk_by(alike) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            out.emit(|| Event::RecordsSettled {
                broker,
                group,
                tp,
                client: NodeId(first.member.client),
                first: first.offset,
                last: last.offset,
                state: first.state,
                delivery_count: first.delivery_count,
                why: first.why,
            });
        }
    }

    /// The start offset moves as far as everything is done.
    fn advance_share(&mut self, key: ShareStateKey, out: &mut Effects<'_>) {
        let (broker, group, tp) = (self.id, key.0, key.1);
        let log_start = self.replicas.get(&tp).map_or(Offset::ZERO, |replica| replica.log.log_start_offset());
        let Some(partition) = self.led_share(key).and_then(|led| led.partition.as_mut()) else { return };
        if let Some((from, to)) = partition.advance(log_start) {
            out.emit(|| Event::ShareStartAdvanced { broker, group, tp, from, to });
        }
    }

    /// `tp` has something for those who wait for records: more of them, or another leader.
    pub(super) fn wake_shares(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let Some(share) = self.runtime.as_ref().and_then(|runtime| runtime.share.as_ref()) else { return };
        for id in share.waiting_for(tp) {
            self.try_share(id, out);
        }
    }

    /// A request may have waited long enough.
    pub(super) fn expire_share(&mut self, id: u64, out: &mut Effects<'_>) {
        if let Some(parked) = self.parked_share(id) {
            parked.deadline = out.now;
            self.try_share(id, out);
        }
    }

    /// Answers a request, if there is something to say.
    fn try_share(&mut self, id: u64, out: &mut Effects<'_>) {
        let Some(parked) = self.parked_share(id).cloned() else { return };
        if parked.awaiting > 0 {
            return;
        }
        let Some(wanted) = parked.wanted else { return self.answer_share(id, Vec::new(), out) };
        let found = self.acquire_for(&parked, &wanted, out);
        let said = parked.results.values().any(|error| error.is_error());
        if !found.is_empty() || said || parked.deadline <= out.now {
            self.answer_share(id, found, out);
        }
    }

    fn answer_share(&mut self, id: u64, mut partitions: Vec<SharePartitionFetched>, out: &mut Effects<'_>) {
        let parked = self.with_runtime(|runtime| {
            let parked = runtime.share.as_mut()?.parked.remove(&id)?;
            runtime.deadlines.remove(&(parked.deadline, id));
            Some(parked)
        });
        let Some(parked) = parked else { return };
        if !parked.is_fetch {
            let partitions = parked.results.iter().map(|(tp, error)| (*tp, *error)).collect();
            let answer = ShareAcknowledgeResponse { error: ErrorCode::None, partitions };
            return self.respond(parked.to, Response::ShareAcknowledge(Box::new(answer)), out);
        }
        for (tp, error) in parked.results.iter() {
            match partitions.iter_mut().find(|partition| partition.tp == *tp) {
                Some(partition) => partition.acknowledge_error = *error,
                None => {
                    partitions.push(SharePartitionFetched { acknowledge_error: *error, ..failed(*tp, ErrorCode::None) })
                }
            }
        }
        let lock_timeout = self.share_config(parked.group).record_lock_duration_ms;
        let answer = ShareFetchResponse { error: ErrorCode::None, lock_timeout, partitions };
        self.respond(parked.to, Response::ShareFetch(Box::new(answer)), out);
    }

    /// What a member gets now, from the partitions of its session, each time beginning with another one.
    fn acquire_for(
        &mut self,
        parked: &ParkedShare,
        wanted: &Wanted,
        out: &mut Effects<'_>,
    ) -> Vec<SharePartitionFetched> {
        let session = self.runtime.as_ref().and_then(|runtime| runtime.share.as_ref());
        let session = session.and_then(|share| share.sessions.get(&(parked.group, parked.member)));
        let Some(session) = session else {
            // Closed meanwhile: the member opens a new one.
            return Vec::new();
        };
        let mut order: Vec<TopicPartition> = session.partitions.iter().copied().collect();
        if !order.is_empty() {
            let first = session.epoch as usize % order.len();
            order.rotate_left(first);
        }
        let mut found = Vec::new();
        let mut left = wanted.max_records.max(1) as usize;
        for tp in order {
            let epoch = match self.share_leader_epoch(tp) {
                Ok(epoch) => epoch,
                Err(error) => {
                    found.push(SharePartitionFetched { current_leader: self.known_leader(tp), ..failed(tp, error) });
                    continue;
                }
            };
            let key = (parked.group, tp);
            let stale = self.led_share(key).is_some_and(|led| led.leader_epoch != epoch);
            if stale {
                self.drop_share(key, ErrorCode::NotLeaderOrFollower, out);
            }
            if self.led_share(key).is_none() {
                let led = LedShare {
                    leader_epoch: epoch,
                    state_epoch: 0,
                    partition: None,
                    writes: VecDeque::new(),
                    asked: false,
                    attempts: 0,
                    retry_at: None,
                };
                self.with_runtime(|runtime| {
                    runtime.share.get_or_insert_default().partitions.insert(key, led);
                });
                self.pump_share(key, out);
                if self.parked_share_gone(parked) {
                    return Vec::new();
                }
            }
            if left == 0 {
                continue;
            }
            let (batches, acquired) = self.acquire_share(key, parked.member, wanted, left, out);
            if acquired.is_empty() {
                continue;
            }
            let count: i64 = acquired.iter().map(|run| run.last.since(run.first) + 1).sum();
            left = left.saturating_sub(count as usize);
            found.push(SharePartitionFetched { batches, acquired, ..failed(tp, ErrorCode::None) });
        }
        found
    }

    /// The state may be read at once, by this very broker, and then the request was answered on the way.
    fn parked_share_gone(&self, parked: &ParkedShare) -> bool {
        let share = self.runtime.as_ref().and_then(|runtime| runtime.share.as_ref());
        !share.is_some_and(|share| share.parked.values().any(|known| known.to == parked.to))
    }

    fn acquire_share(
        &mut self,
        key: ShareStateKey,
        member: MemberId,
        wanted: &Wanted,
        left: usize,
        out: &mut Effects<'_>,
    ) -> (ReadBatches, Vec<AcquiredRecords>) {
        let config = self.share_config(key.0);
        let (broker, group, tp) = (self.id, key.0, key.1);
        let terms = AcquireTerms {
            max_records: left,
            strict: wanted.acquire_mode == ShareAcquireMode::RecordLimit,
            max_locks: config.partition_max_record_locks as usize,
            delivery_limit: config.delivery_count_limit as i16,
            until: out.now + config.record_lock_duration_ms,
        };
        let read_committed = config.isolation_level == IsolationLevel::ReadCommitted;
        loop {
            self.advance_share(key, out);
            let Some(replica) = self.replicas.get(&tp) else { return Default::default() };
            let share = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut());
            let Some(partition) = share.and_then(|share| share.partitions.get_mut(&key)?.partition.as_mut()) else {
                return Default::default();
            };
            let Some(from) = partition.next_fetch_offset(terms.max_locks) else { return Default::default() };
            let bound = if read_committed { replica.last_stable_offset() } else { replica.high_watermark };
            let batches = replica.log.read(from, bound, wanted.max_bytes);
            let hidden = hidden_batches(replica, &batches, read_committed);
            let readable = |batch: &RecordBatch, offset: Offset| {
                !hidden.contains(&batch.base_offset)
                    && (batch.compacted.is_none() || batch.iter().any(|(at, _)| at == offset))
            };
            let acquired = partition.acquire(member, &batches, &readable, &terms);
            if acquired.is_empty() {
                let moved = partition.next_fetch_offset(terms.max_locks) != Some(from);
                if batches.is_empty() || !moved {
                    return Default::default();
                }
                // All there was to read were markers and the like: what comes after them?
                continue;
            }
            let client = NodeId(member.client);
            for run in &acquired {
                let AcquiredRecords { first, last, delivery_count } = *run;
                out.emit(|| Event::RecordsAcquired { broker, group, tp, client, first, last, delivery_count });
            }
            let touched = |batch: &RecordBatch| {
                acquired.iter().any(|run| run.first <= batch.last_offset() && run.last >= batch.base_offset)
            };
            let batches = batches.into_iter().filter(|batch| touched(batch)).collect();
            self.advance_share(key, out);
            return (batches, acquired);
        }
    }

    /// Where a group begins that has never read this partition (`share.auto.offset.reset`).
    pub(super) fn first_share_offset(&self, key: ShareStateKey, out: &Effects<'_>) -> Offset {
        let Some(replica) = self.replicas.get(&key.1) else { return Offset::ZERO };
        match self.share_config(key.0).auto_offset_reset {
            AutoOffsetReset::Earliest => replica.log.log_start_offset(),
            AutoOffsetReset::Latest | AutoOffsetReset::None => replica.high_watermark,
            AutoOffsetReset::ByDuration(span) => {
                let since = out.now.as_millis().saturating_sub(span.as_millis());
                match super::fetch::first_since(replica, since) {
                    Offset::NONE => replica.high_watermark,
                    found => found,
                }
            }
        }
    }
}

/// An answer for a partition without records.
fn failed(tp: TopicPartition, error: ErrorCode) -> SharePartitionFetched {
    SharePartitionFetched {
        tp,
        error,
        acknowledge_error: ErrorCode::None,
        current_leader: None,
        batches: Default::default(),
        acquired: Vec::new(),
    }
}

/// Batches without anything for a reader: markers, and, for one of committed data, those of aborted transactions.
fn hidden_batches(replica: &Replica, batches: &[RecordBatch], read_committed: bool) -> Set<Offset> {
    let (Some(first), Some(last)) = (batches.first(), batches.last()) else { return Set::new() };
    let mut entries = if read_committed {
        replica.log.aborted().collect(first.base_offset, last.next_offset()).0
    } else {
        Vec::new()
    };
    entries.sort_unstable_by_key(|entry| entry.first_offset);
    let mut entries = entries.into_iter().peekable();
    let mut aborted: Set<ProducerId> = Set::new();
    let mut hidden = Set::new();
    for batch in batches {
        while let Some(entry) = entries.next_if(|entry| entry.first_offset <= batch.last_offset()) {
            aborted.insert(entry.producer_id);
        }
        let producer = batch.producer.filter(|_| batch.transactional).map(|stamp| stamp.id);
        if let Some(marker) = batch.marker() {
            if let Some(id) = producer.filter(|_| !marker.committed) {
                aborted.remove(&id);
            }
            hidden.insert(batch.base_offset);
        } else if producer.is_some_and(|id| aborted.contains(&id)) {
            hidden.insert(batch.base_offset);
        }
    }
    hidden
}
