//! Serving followers: incremental fetch sessions (KIP-227; `KafkaApis.handleFetchRequest`, `DelayedFetch`).

use super::actor::Broker;
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
    to: ReplyTo,
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
    /// Epoch and role checks that every fetch passes (`Partition.checkCurrentLeaderEpoch`).
    pub(super) fn check_leader(&self, tp: TopicPartition, epoch: LeaderEpoch) -> ErrorCode {
        self.replicas.get(&tp).map_or(ErrorCode::UnknownTopicOrPartition, |replica| check_epoch(replica, epoch))
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
        // The answer is read before this fetch is taken note of: that is why a follower's mark trails by one fetch.
        let (mut partitions, mut worth_sending) = self.read_session(follower);
        let appends = self.with_runtime(|runtime| runtime.appends);
        for wanted in &request.partitions {
            self.note_follower_fetch(follower, broker_epoch, wanted, out);
        }
        // What this fetch confirmed may have let a coordinator go on and write: that is news for this very follower.
        if self.with_runtime(|runtime| runtime.appends) != appends {
            (partitions, worth_sending) = self.read_session(follower);
        }
        self.look_outside(follower, broker_epoch, out);
        if worth_sending || request.max_wait == crate::time::Duration::ZERO {
            self.commit_session_answer(follower, &partitions);
            let response = FetchResponse { session_error: false, partitions };
            return self.respond(to, Response::Fetch(Box::new(response)), out);
        }
        let deadline = out.now + request.max_wait;
        let id = self.next_park(deadline, out);
        self.with_runtime(|runtime| {
            if let Some(session) = runtime.sessions.get_mut(&follower) {
                session.parked = Some(ParkedSession { id, deadline, to });
            }
        });
    }

    /// What the session's dirty partitions have to say, and whether it is worth an answer at once: data or an error,
    /// not a high watermark alone.
    fn read_session(&self, follower: BrokerId) -> (Vec<PartitionFetchResponse>, bool) {
        let mut partitions = Vec::new();
        let mut worth_sending = false;
        let Some(session) = self.runtime.as_ref().and_then(|runtime| runtime.sessions.get(&follower)) else {
            return (partitions, false);
        };
        for tp in &session.dirty {
            let Some(known) = session.partitions.get(tp) else { continue };
            let answer = self.read_for_follower(follower, session.broker_epoch, &known.wanted);
            let says_more = answer.error.is_error() || answer.diverging_epoch.is_some() || !answer.batches.is_empty();
            worth_sending |= says_more;
            if says_more || answer.high_watermark != known.told_high_watermark {
                partitions.push(answer);
            }
        }
        (partitions, worth_sending)
    }

    /// Whether a fetch comes from an earlier incarnation than the registered one (KIP-903).
    fn is_stale(&self, follower: BrokerId, broker_epoch: BrokerEpoch) -> bool {
        let registered = self.image().and_then(|image| image.brokers.get(&follower)).map(|known| known.epoch);
        let unchecked = broker_epoch == BrokerEpoch(-1) || !self.features.broker_epoch_check;
        !unchecked && registered.is_some_and(|registered| broker_epoch < registered)
    }

    fn read_for_follower(
        &self,
        follower: BrokerId,
        broker_epoch: BrokerEpoch,
        wanted: &FetchPartition,
    ) -> PartitionFetchResponse {
        let Some(replica) = self.replicas.get(&wanted.tp) else {
            return self.fetch_error(wanted.tp, ErrorCode::UnknownTopicOrPartition);
        };
        let error = check_epoch(replica, wanted.current_leader_epoch);
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
            batches: Vec::new(),
        };
        if answer.diverging_epoch.is_none() {
            let end = replica.log.log_end_offset();
            if wanted.fetch_offset > end || wanted.fetch_offset < replica.log.log_start_offset() {
                return self.fetch_error(wanted.tp, ErrorCode::OffsetOutOfRange);
            }
            answer.batches = replica.log.read(wanted.fetch_offset, end, wanted.max_bytes);
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
        if check_epoch(replica, wanted.current_leader_epoch).is_error() {
            return;
        }
        let end = replica.log.log_end_offset();
        if replica.divergence(wanted.fetch_offset, wanted.last_fetched_epoch).is_some() || wanted.fetch_offset > end {
            return;
        }
        let Some(leadership) = replica.leadership_mut() else { return };
        let Some(progress) = leadership.followers.get_mut(&follower) else { return };
        progress.fetched(wanted.fetch_offset, end, out.now, broker_epoch);
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
        let check = self.features.broker_epoch_check;
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
    fn commit_session_answer(&mut self, follower: BrokerId, partitions: &[PartitionFetchResponse]) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(session) = runtime.sessions.get_mut(&follower) else { return };
        session.dirty.clear();
        for answer in partitions {
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
            if self.has_news(follower, tp) {
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

    fn answer_session(&mut self, follower: BrokerId, out: &mut Effects<'_>) {
        let parked = self.with_runtime(|runtime| {
            let parked = runtime.sessions.get_mut(&follower)?.parked.take()?;
            runtime.deadlines.remove(&(parked.deadline, parked.id));
            Some(parked)
        });
        let Some(parked) = parked else { return };
        let (partitions, _) = self.read_session(follower);
        self.commit_session_answer(follower, &partitions);
        let response = FetchResponse { session_error: false, partitions };
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
fn check_epoch(replica: &Replica, epoch: LeaderEpoch) -> ErrorCode {
    if epoch != LeaderEpoch::NONE {
        if epoch < replica.leader_epoch {
            return ErrorCode::FencedLeaderEpoch;
        }
        if epoch > replica.leader_epoch {
            return ErrorCode::UnknownLeaderEpoch;
        }
    }
    if replica.leadership().is_none() { ErrorCode::NotLeaderOrFollower } else { ErrorCode::None }
}
