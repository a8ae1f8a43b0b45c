//! ShareFetch and ShareAcknowledge: members of share groups acquire records of the partitions led here and say what became
//! of them (`KafkaApis.handleShareFetchRequest`, `SharePartitionManager`, `DelayedShareFetch`).

use super::actor::Broker;
use super::share_leader::{LedShare, ParkedShare, Wanted};
use crate::collections::Map;
use crate::config::ShareGroupConfig;
use crate::coordinator::{ReplyTo, ShareStateKey};
use crate::effect::Effects;
use crate::ids::{GroupId, LeaderEpoch, MemberId, NodeId, TopicPartition};
use crate::protocol::{
    ErrorCode, Response, ShareAcknowledgeRequest, ShareAcknowledgeResponse, ShareFetchRequest, ShareFetchResponse,
    SharePartitionFetched, SharePartitionRequest,
};
use crate::share::{SharePartition, ShareSession};
use crate::time::Instant;

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

    pub(super) fn share_leader_epoch(&self, tp: TopicPartition) -> Result<LeaderEpoch, ErrorCode> {
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

    pub(super) fn parked_share(&mut self, id: u64) -> Option<&mut ParkedShare> {
        self.runtime.as_mut()?.share.as_mut()?.parked.get_mut(&id)
    }

    pub(super) fn led_share(&mut self, key: ShareStateKey) -> Option<&mut LedShare> {
        self.runtime.as_mut()?.share.as_mut()?.partitions.get_mut(&key)
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
    pub(super) fn try_share(&mut self, id: u64, out: &mut Effects<'_>) {
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

    pub(super) fn answer_share(&mut self, id: u64, mut partitions: Vec<SharePartitionFetched>, out: &mut Effects<'_>) {
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
                None => partitions.push(SharePartitionFetched {
                    acknowledge_error: *error,
                    ..SharePartitionFetched::without_records(*tp, ErrorCode::None)
                }),
            }
        }
        let lock_timeout = self.share_config(parked.group).record_lock_duration_ms;
        let answer = ShareFetchResponse { error: ErrorCode::None, lock_timeout, partitions };
        self.respond(parked.to, Response::ShareFetch(Box::new(answer)), out);
    }

    pub(super) fn parked_share_gone(&self, parked: &ParkedShare) -> bool {
        let share = self.runtime.as_ref().and_then(|runtime| runtime.share.as_ref());
        !share.is_some_and(|share| share.parked.values().any(|known| known.to == parked.to))
    }
}
