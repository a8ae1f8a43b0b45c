//! Serving followers: incremental fetch sessions (KIP-227; `KafkaApis.handleFetchRequest`, `DelayedFetch`).

use super::actor::Broker;
use super::read_budget::ReadBudget;
use crate::collections::{Map, Set};
use crate::coordinator::ReplyTo;
use crate::effect::Effects;
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::protocol::{ErrorCode, FetchPartition, FetchRequest, FetchResponse, PartitionFetchResponse, Response};
use crate::replication::{PendingIsr, Replica};
use crate::time::Instant;
use crate::view::{ParkedKind, ParkedView};

/// What one follower's session asks for. Partitions it has all of are not named again in its requests.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct FollowerSession {
    partitions: Map<TopicPartition, SessionPartition>,
    /// Partitions with data or a high watermark the follower has not been told.
    dirty: Set<TopicPartition>,
    /// Partitions in whose ISR the follower is not: looked at with every fetch, named or not.
    outside: Set<TopicPartition>,
    /// Most bytes of one answer.
    max_bytes: i32,
    /// Where an answer was full: the next one begins there, so that no partition waits for ever.
    resume_at: Option<TopicPartition>,
    /// When the follower last fetched: it had everything of the partitions it did not name.
    pub last_fetch: Instant,
    /// The incarnation that fetches.
    broker_epoch: BrokerEpoch,
    parked: Option<ParkedSession>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct SessionPartition {
    wanted: FetchPartition,
    told_high_watermark: Offset,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct ParkedSession {
    id: u64,
    deadline: Instant,
    min_bytes: i32,
    to: ReplyTo,
}

/// What a session's answer would be.
#[derive(Default)]
struct SessionRead {
    partitions: Vec<PartitionFetchResponse>,
    bytes: i64,
    /// An error, or a log to cut: worth an answer without any data.
    at_once: bool,
    /// Partitions whose data does not fit.
    left: Vec<TopicPartition>,
}

impl SessionRead {
    /// Whether it is worth an answer now. A high watermark alone is not.
    fn is_enough(&self, min_bytes: i32) -> bool {
        self.at_once || self.bytes >= i64::from(min_bytes)
    }
}

impl FollowerSession {
    /// This broker no longer leads the partition.
    pub fn forget(&mut self, tp: TopicPartition) {
        self.dirty.insert(tp);
    }

    /// Its parked fetch, as a picture shows it.
    pub fn parked_view(&self) -> Option<ParkedView> {
        let parked = self.parked.as_ref()?;
        let needs = self.partitions.values().map(|known| (known.wanted.tp, known.wanted.fetch_offset)).collect();
        let (peer, what) = (Some(parked.to.peer), ParkedKind::FollowerFetch);
        Some(ParkedView { peer, what, needs, deadline: Some(parked.deadline) })
    }
}

impl Broker {
    /// Epoch and role checks that every request to a leader passes (`Partition.checkCurrentLeaderEpoch`).
    pub(super) fn check_leader(&self, tp: TopicPartition, epoch: LeaderEpoch) -> ErrorCode {
        self.replicas.get(&tp).map_or_else(|| self.error_without_replica(tp), |replica| check_leader(replica, epoch))
    }

    /// The same for a reader who is served by any replica (KIP-392).
    pub(super) fn check_replica(&self, tp: TopicPartition, epoch: LeaderEpoch) -> ErrorCode {
        self.replicas.get(&tp).map_or_else(|| self.error_without_replica(tp), |replica| check_epoch(replica, epoch))
    }

    /// The partition is on other brokers, or nowhere.
    fn error_without_replica(&self, tp: TopicPartition) -> ErrorCode {
        let known = self.image().is_some_and(|image| image.partition(tp).is_some());
        if known { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition }
    }

    pub(super) fn fetch_error(&self, tp: TopicPartition, error: ErrorCode) -> PartitionFetchResponse {
        let mut response = PartitionFetchResponse::failed(tp, error);
        if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) {
            response.current_leader = self.known_leader(tp);
        }
        response
    }

    pub(super) fn on_follower_fetch(&mut self, to: ReplyTo, request: FetchRequest, out: &mut Effects<'_>) {
        let Some((follower, broker_epoch)) = request.replica else { return };
        let Some(runtime) = &mut self.runtime else { return };
        if request.incremental && !runtime.sessions.contains_key(&follower) {
            let response = FetchResponse { session_error: true, partitions: Vec::new() };
            return self.respond(to, Response::Fetch(Box::new(response)), out);
        }
        let session = runtime.sessions.entry(follower).or_default();
        if !request.incremental {
            *session = FollowerSession::default();
        }
        session.parked = None;
        session.broker_epoch = broker_epoch;
        session.last_fetch = out.now;
        for tp in &request.forgotten {
            session.partitions.remove(tp);
            session.dirty.remove(tp);
            session.outside.remove(tp);
        }
        for wanted in &request.partitions {
            session.partitions.insert(wanted.tp, SessionPartition { wanted: *wanted, told_high_watermark: Offset(-2) });
            session.dirty.insert(wanted.tp);
        }
        session.max_bytes = request.max_bytes.min(self.config.fetch_max_bytes);
        // The answer is read before this fetch is taken note of: that is why a follower's mark trails by one fetch.
        let mut read = self.read_session(follower);
        let appends = self.with_runtime(|runtime| runtime.appends);
        for wanted in &request.partitions {
            self.note_follower_fetch(follower, broker_epoch, wanted, out);
        }
        // What this fetch confirmed may have let a coordinator go on and write: that is news for this very follower.
        if self.with_runtime(|runtime| runtime.appends) != appends {
            read = self.read_session(follower);
        }
        self.look_outside(follower, broker_epoch, out);
        if read.is_enough(request.min_bytes) || request.max_wait == crate::time::Duration::ZERO {
            self.commit_session_answer(follower, &read);
            let response = FetchResponse { session_error: false, partitions: read.partitions };
            return self.respond(to, Response::Fetch(Box::new(response)), out);
        }
        let deadline = out.now + request.max_wait;
        let id = self.next_park(deadline, out);
        self.with_runtime(|runtime| {
            if let Some(session) = runtime.sessions.get_mut(&follower) {
                session.parked = Some(ParkedSession { id, deadline, min_bytes: request.min_bytes, to });
            }
        });
    }

    /// What the session's dirty partitions have to say: data, an error, or a high watermark that moved.
    fn read_session(&self, follower: BrokerId) -> SessionRead {
        let mut read = SessionRead::default();
        let Some(session) = self.runtime.as_ref().and_then(|runtime| runtime.sessions.get(&follower)) else {
            return read;
        };
        let mut budget = ReadBudget::new(session.max_bytes);
        let first = session.resume_at.unwrap_or_default();
        let (later, earlier) = (session.dirty.iter(), session.dirty.iter());
        for tp in later.filter(|tp| **tp >= first).chain(earlier.filter(|tp| **tp < first)) {
            let Some(known) = session.partitions.get(tp) else { continue };
            let answer = self.read_for_follower(follower, session.broker_epoch, &known.wanted, &mut budget);
            let at_once = answer.error.is_error() || answer.diverging_epoch.is_some();
            if budget.was_short() {
                read.left.push(*tp);
            }
            read.at_once |= at_once;
            read.bytes += answer.batches.iter().map(|batch| i64::from(batch.size_in_bytes)).sum::<i64>();
            if at_once || !answer.batches.is_empty() || answer.high_watermark != known.told_high_watermark {
                read.partitions.push(answer);
            }
        }
        read
    }

    /// Whether a fetch comes from an earlier incarnation than the registered one (KIP-903).
    fn is_stale(&self, follower: BrokerId, broker_epoch: BrokerEpoch) -> bool {
        let registered = self.image().and_then(|image| image.brokers.get(&follower)).map(|known| known.epoch);
        let unchecked = broker_epoch == BrokerEpoch(-1) || !self.features.checks_incarnations();
        !unchecked && registered.is_some_and(|registered| broker_epoch < registered)
    }

    fn read_for_follower(
        &self,
        follower: BrokerId,
        broker_epoch: BrokerEpoch,
        wanted: &FetchPartition,
        budget: &mut ReadBudget,
    ) -> PartitionFetchResponse {
        let Some(replica) = self.replicas.get(&wanted.tp) else {
            return self.fetch_error(wanted.tp, self.error_without_replica(wanted.tp));
        };
        let error = check_leader(replica, wanted.current_leader_epoch);
        if error.is_error() {
            return self.fetch_error(wanted.tp, error);
        }
        if !replica.assignment.contains(&follower) {
            let without_epoch = wanted.current_leader_epoch == LeaderEpoch::NONE;
            let error = if without_epoch { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownLeaderEpoch };
            return self.fetch_error(wanted.tp, error);
        }
        if self.is_stale(follower, broker_epoch) {
            return self.fetch_error(wanted.tp, ErrorCode::NotLeaderOrFollower);
        }
        let mut answer = PartitionFetchResponse {
            tp: wanted.tp,
            error: ErrorCode::None,
            high_watermark: replica.high_watermark,
            last_stable_offset: Offset::NONE,
            aborted_transactions: Vec::new(),
            log_start_offset: replica.log.log_start_offset(),
            diverging_epoch: replica.divergence(wanted.fetch_offset, wanted.last_fetched_epoch),
            current_leader: None,
            preferred_read_replica: None,
            batches: Vec::new(),
        };
        if answer.diverging_epoch.is_none() {
            let end = replica.log.log_end_offset();
            if wanted.fetch_offset > end || wanted.fetch_offset < replica.log.log_start_offset() {
                return self.fetch_error(wanted.tp, ErrorCode::OffsetOutOfRange);
            }
            answer.batches = budget.read(&replica.log, wanted.fetch_offset, end, wanted.max_bytes);
        }
        answer
    }

    /// A fetch at an offset is the acknowledgement of everything below it.
    fn note_follower_fetch(
        &mut self,
        follower: BrokerId,
        broker_epoch: BrokerEpoch,
        wanted: &FetchPartition,
        out: &mut Effects<'_>,
    ) {
        let tp = wanted.tp;
        if self.is_stale(follower, broker_epoch) {
            return;
        }
        let Some(replica) = self.replicas.get_mut(&tp) else { return };
        if check_leader(replica, wanted.current_leader_epoch).is_error() {
            return;
        }
        let end = replica.log.log_end_offset();
        if replica.divergence(wanted.fetch_offset, wanted.last_fetched_epoch).is_some() || wanted.fetch_offset > end {
            return;
        }
        let Some(leadership) = replica.leadership_mut() else { return };
        let Some(progress) = leadership.followers.get_mut(&follower) else { return };
        progress.fetched(wanted.fetch_offset, end, out.now, broker_epoch);
        progress.log_start_offset = wanted.log_start_offset;
        let outside = !leadership.isr.committed.contains(&follower);
        if outside && let Some(session) = self.runtime.as_mut().and_then(|runtime| runtime.sessions.get_mut(&follower))
        {
            session.outside.insert(tp);
        }
        self.after_follower_fetch(tp, follower, broker_epoch, out);
    }

    /// Whoever is not in the ISR may be let in by now, although neither its log nor the leader's has moved.
    fn look_outside(&mut self, follower: BrokerId, broker_epoch: BrokerEpoch, out: &mut Effects<'_>) {
        let session = self.runtime.as_ref().and_then(|runtime| runtime.sessions.get(&follower));
        let Some(session) = session.filter(|session| !session.outside.is_empty()) else { return };
        for tp in session.outside.clone() {
            let leadership = self.replicas.get(&tp).and_then(Replica::leadership);
            if leadership.is_some_and(|leadership| !leadership.isr.committed.contains(&follower)) {
                self.after_follower_fetch(tp, follower, broker_epoch, out);
            } else if let Some(session) = self.runtime.as_mut().and_then(|runtime| runtime.sessions.get_mut(&follower))
            {
                session.outside.remove(&tp);
            }
        }
    }

    /// A follower's log is known to have moved, or time has passed: it may join the ISR, and the high watermark may move.
    fn after_follower_fetch(
        &mut self,
        tp: TopicPartition,
        follower: BrokerId,
        broker_epoch: BrokerEpoch,
        out: &mut Effects<'_>,
    ) {
        let Some(runtime) = &self.runtime else { return };
        let Some(replica) = self.replicas.get_mut(&tp) else { return };
        let (high_watermark, end) = (replica.high_watermark, replica.log.log_end_offset());
        let check = self.features.checks_incarnations();
        let eligible = || {
            let registered = runtime.image.brokers.get(&follower).map(|known| known.epoch);
            runtime.image.is_active(follower) && (!check || registered == Some(broker_epoch))
        };
        if replica.may_expand(follower) && eligible() {
            replica.propose(PendingIsr::Expand(follower));
            let broker = self.id;
            out.emit(|| crate::event::Event::IsrExpandProposed { broker, tp, joining: follower });
            self.request_alter(tp, out);
        }
        // A high watermark at the end of the log cannot move: most fetches of idle partitions stop here.
        if high_watermark < end && self.try_advance(tp, out) {
            self.answer_consumers_of(tp, out);
        }
    }

    /// The answer is about to leave: the session remembers what the follower has been told.
    fn commit_session_answer(&mut self, follower: BrokerId, read: &SessionRead) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(session) = runtime.sessions.get_mut(&follower) else { return };
        session.dirty.clear();
        session.dirty.extend(read.left.iter().copied());
        session.resume_at = read.left.first().copied();
        for answer in &read.partitions {
            if let Some(known) = session.partitions.get_mut(&answer.tp) {
                known.told_high_watermark = answer.high_watermark;
            }
        }
    }

    /// `tp` has news for the sessions that want it.
    pub(super) fn mark_session_dirty(&mut self, tp: TopicPartition) {
        self.with_runtime(|runtime| {
            for session in runtime.sessions.values_mut() {
                if session.partitions.contains_key(&tp) {
                    session.dirty.insert(tp);
                }
            }
        });
    }

    /// `tp` has data, or no longer a leader here: answer who waits for that.
    pub(super) fn answer_fetches_of(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        self.mark_session_dirty(tp);
        let Some(runtime) = &self.runtime else { return };
        let waiting: Vec<BrokerId> = runtime
            .sessions
            .iter()
            .filter(|(_, session)| session.parked.is_some() && session.partitions.contains_key(&tp))
            .map(|(follower, _)| *follower)
            .collect();
        for follower in waiting {
            if self.has_news(follower, tp) && self.has_enough(follower) {
                self.answer_session(follower, out);
            }
        }
        self.answer_consumers_of(tp, out);
    }

    /// Whether a partition has something for a waiting follower that is worth an answer at once: data, or an error.
    fn has_news(&self, follower: BrokerId, tp: TopicPartition) -> bool {
        let session = self.runtime.as_ref().and_then(|runtime| runtime.sessions.get(&follower));
        let Some(wanted) = session.and_then(|session| session.partitions.get(&tp)).map(|known| &known.wanted) else {
            return false;
        };
        let settled = self.replicas.get(&tp).is_some_and(|replica| {
            replica.leadership().is_some()
                && replica.leader_epoch == wanted.current_leader_epoch
                && replica.log.log_end_offset() == wanted.fetch_offset
        });
        !settled
    }

    /// Whether all that is new together is as much as a waiting follower wants (`replica.fetch.min.bytes`).
    fn has_enough(&self, follower: BrokerId) -> bool {
        let session = self.runtime.as_ref().and_then(|runtime| runtime.sessions.get(&follower));
        let min_bytes = session.and_then(|session| session.parked.as_ref()).map_or(0, |parked| parked.min_bytes);
        min_bytes <= 1 || self.read_session(follower).is_enough(min_bytes)
    }

    fn answer_session(&mut self, follower: BrokerId, out: &mut Effects<'_>) {
        let parked = self.with_runtime(|runtime| {
            let parked = runtime.sessions.get_mut(&follower)?.parked.take()?;
            runtime.deadlines.remove(&(parked.deadline, parked.id));
            Some(parked)
        });
        let Some(parked) = parked else { return };
        let read = self.read_session(follower);
        self.commit_session_answer(follower, &read);
        let response = FetchResponse { session_error: false, partitions: read.partitions };
        self.respond(parked.to, Response::Fetch(Box::new(response)), out);
    }

    pub(super) fn expire_session_fetch(&mut self, id: u64, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let follower = runtime
            .sessions
            .iter()
            .find(|(_, session)| session.parked.as_ref().is_some_and(|parked| parked.id == id))
            .map(|(follower, _)| *follower);
        if let Some(follower) = follower {
            self.answer_session(follower, out);
        }
    }
}

/// Whether a request that believes in `epoch` may be served by this replica as the leader.
fn check_leader(replica: &Replica, epoch: LeaderEpoch) -> ErrorCode {
    match check_epoch(replica, epoch) {
        ErrorCode::None if replica.leadership().is_none() => ErrorCode::NotLeaderOrFollower,
        error => error,
    }
}

/// Whether a request that believes in `epoch` may be served by this replica at all.
fn check_epoch(replica: &Replica, epoch: LeaderEpoch) -> ErrorCode {
    if replica.leader_epoch == LeaderEpoch::NONE {
        // The process has not read yet what it is to do with it.
        return ErrorCode::NotLeaderOrFollower;
    }
    if epoch == LeaderEpoch::NONE || epoch == replica.leader_epoch {
        return ErrorCode::None;
    }
    if epoch < replica.leader_epoch { ErrorCode::FencedLeaderEpoch } else { ErrorCode::UnknownLeaderEpoch }
}
