//! The quorum at work (`KafkaRaftClient`): elections with pre-vote, fetching the metadata log, committing, resigning.

use super::actor::Controller;
use super::quorum::{Role, VoterProgress};
use super::record::MetadataRecord;
use crate::collections::{Map, Set};
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::fact::Fact;
use crate::ids::{CorrelationId, LeaderEpoch, NodeId, Offset};
use crate::protocol::{
    Body, Channel, EpochNotice, ErrorCode, FetchMetadataRequest, FetchMetadataResponse, Request, Response, VoteRequest,
    VoteResponse,
};
use crate::time::Duration;
use std::sync::Arc;

impl Controller {
    /// The process starts with what `quorum-state` and the log hold.
    pub(super) fn start_quorum(&mut self, out: &mut Effects<'_>) {
        self.quorum.role = Role::Unattached;
        self.quorum.known_leader = None;
        self.quorum.high_watermark = Offset::ZERO;
        if self.quorum.voters.len() == 1 {
            return self.become_candidate(out);
        }
        self.arm_election(out);
    }

    /// `controller.quorum.election.timeout.ms` and up to as much again, so that voters do not always tie.
    fn arm_election(&self, out: &mut Effects<'_>) {
        let timeout = self.config.controller_quorum_election_timeout_ms.pause();
        let extra = out.rng.up_to(timeout);
        out.set_timer(Timer::QuorumElection, timeout + extra);
    }

    fn tell_state(&self, out: &mut Effects<'_>) {
        let quorum = &self.quorum;
        out.note(|| Fact::QuorumState {
            node: quorum.me,
            epoch: quorum.epoch.0,
            role: quorum.role_name(),
            voted: quorum.voted,
            high_watermark: quorum.high_watermark,
            log_end_offset: self.log.end(),
        });
    }

    /// No leader of `epoch` is known.
    fn become_unattached(&mut self, epoch: LeaderEpoch, out: &mut Effects<'_>) {
        self.step_down(out);
        if epoch > self.quorum.epoch {
            self.quorum.epoch = epoch;
            self.quorum.voted = None;
            self.quorum.known_leader = None;
        }
        self.quorum.role = Role::Unattached;
        self.tell_state(out);
        self.arm_election(out);
    }

    pub(super) fn become_follower(&mut self, epoch: LeaderEpoch, leader: NodeId, out: &mut Effects<'_>) {
        if epoch == self.quorum.epoch && self.quorum.leader() == Some(leader) {
            return;
        }
        self.step_down(out);
        if epoch > self.quorum.epoch {
            self.quorum.epoch = epoch;
            self.quorum.voted = None;
            self.quorum.known_leader = None;
        }
        self.quorum.role = Role::Follower { leader, heard: false };
        self.quorum.known_leader = Some(leader);
        self.tell_state(out);
        out.set_timer(Timer::QuorumElection, self.config.controller_quorum_fetch_timeout_ms.pause());
        self.fetch_from_leader(out);
    }

    fn become_prospective(&mut self, out: &mut Effects<'_>) {
        let granted = [self.quorum.me].into_iter().collect();
        self.quorum.role = Role::Prospective { granted, refused: Set::new() };
        self.tell_state(out);
        self.arm_election(out);
        self.ask_for_votes(true, out);
    }

    /// An election could not be won now: back to the leader of this epoch, if one was heard of.
    fn give_up_asking(&mut self, out: &mut Effects<'_>) {
        match self.quorum.known_leader {
            Some(leader) => self.become_follower(self.quorum.epoch, leader, out),
            None => self.become_unattached(self.quorum.epoch, out),
        }
    }

    fn become_candidate(&mut self, out: &mut Effects<'_>) {
        self.quorum.epoch.0 += 1;
        self.quorum.voted = Some(self.quorum.me);
        self.quorum.known_leader = None;
        let granted = [self.quorum.me].into_iter().collect();
        self.quorum.role = Role::Candidate { granted, refused: Set::new() };
        self.tell_state(out);
        if self.quorum.voters.len() == 1 {
            return self.become_leader(out);
        }
        self.arm_election(out);
        self.ask_for_votes(false, out);
    }

    fn ask_for_votes(&mut self, pre_vote: bool, out: &mut Effects<'_>) {
        let request = VoteRequest {
            epoch: self.quorum.epoch,
            candidate: self.quorum.me,
            last_epoch: self.log.last_epoch(),
            last_offset: self.log.end(),
            pre_vote,
        };
        for voter in self.quorum.others() {
            out.send(voter, Channel::Quorum, Body::Request(CorrelationId(0), Request::Vote(request)));
        }
    }

    fn become_leader(&mut self, out: &mut Effects<'_>) {
        let (me, epoch) = (self.quorum.me, self.quorum.epoch);
        let unknown = VoterProgress { end: None, last_fetch: out.now };
        let voters: Map<NodeId, VoterProgress> =
            self.quorum.others().into_iter().map(|voter| (voter, unknown)).collect();
        self.quorum.role = Role::Leader { epoch_start: self.log.end(), voters };
        self.followers = Default::default();
        self.tell_state(out);
        out.emit(|| Event::ControllerElected { node: me, epoch });
        out.cancel_timer(Timer::QuorumElection);
        self.log.append(epoch, Arc::new(MetadataRecord::LeaderChange { leader: me }));
        self.announce(out);
    }

    /// BeginQuorumEpoch to every voter that has not fetched yet.
    fn announce(&mut self, out: &mut Effects<'_>) {
        let Role::Leader { voters, .. } = &self.quorum.role else { return };
        if voters.is_empty() {
            return;
        }
        let notice = EpochNotice { epoch: self.quorum.epoch, leader: self.quorum.me, successors: Vec::new() };
        for (voter, progress) in voters {
            if progress.end.is_none() {
                let request = Request::BeginQuorumEpoch(Box::new(notice.clone()));
                out.send(*voter, Channel::Quorum, Body::Request(CorrelationId(0), request));
            }
        }
        out.set_timer(Timer::QuorumCheck, self.config.controller_quorum_fetch_timeout_ms.pause().div(2));
    }

    /// A leader that hears less than a majority for 1.5 × the fetch timeout resigns: another may have been elected.
    pub(super) fn on_quorum_check(&mut self, out: &mut Effects<'_>) {
        let Role::Leader { voters, .. } = &self.quorum.role else { return };
        let most = Duration(self.config.controller_quorum_fetch_timeout_ms.pause().0 / 2 * 3);
        let heard = 1 + voters.values().filter(|progress| out.now.since(progress.last_fetch) <= most).count();
        if heard < self.quorum.majority() {
            return self.resign(out);
        }
        self.announce(out);
    }

    /// Gives the leadership up; whoever has most of the log is asked to take over.
    pub(super) fn resign(&mut self, out: &mut Effects<'_>) {
        let Role::Leader { voters, .. } = &self.quorum.role else { return };
        let mut successors: Vec<(Offset, NodeId)> =
            voters.iter().map(|(voter, progress)| (progress.end.unwrap_or(Offset::NONE), *voter)).collect();
        successors.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let successors: Vec<NodeId> = successors.into_iter().map(|(_, voter)| voter).collect();
        let notice = EpochNotice { epoch: self.quorum.epoch, leader: self.quorum.me, successors: successors.clone() };
        for voter in successors {
            let request = Request::EndQuorumEpoch(Box::new(notice.clone()));
            out.send(voter, Channel::Quorum, Body::Request(CorrelationId(0), request));
        }
        self.step_down(out);
        self.quorum.role = Role::Resigned;
        self.tell_state(out);
        self.arm_election(out);
    }

    pub(super) fn on_election_timer(&mut self, out: &mut Effects<'_>) {
        match &self.quorum.role {
            Role::Leader { .. } => {}
            Role::Resigned => {
                let next = LeaderEpoch(self.quorum.epoch.0 + 1);
                self.become_unattached(next, out);
            }
            Role::Prospective { .. } => self.give_up_asking(out),
            Role::Unattached | Role::Candidate { .. } | Role::Follower { .. } => self.become_prospective(out),
        }
    }

    pub(super) fn on_vote(&mut self, request: VoteRequest, out: &mut Effects<'_>) -> VoteResponse {
        let mut granted = false;
        if request.epoch >= self.quorum.epoch {
            if !request.pre_vote && request.epoch > self.quorum.epoch {
                self.become_unattached(request.epoch, out);
            }
            let own = (self.log.last_epoch(), self.log.end());
            let theirs = (request.last_epoch, request.last_offset);
            granted = self.quorum.grants(request.candidate, request.pre_vote, theirs, own);
            if granted && !request.pre_vote {
                self.quorum.voted = Some(request.candidate);
                self.tell_state(out);
                self.arm_election(out);
            }
        }
        let (epoch, leader) = (self.quorum.epoch, self.quorum.leader());
        VoteResponse { epoch, leader, granted, pre_vote: request.pre_vote }
    }

    pub(super) fn on_vote_answer(&mut self, from: NodeId, answer: VoteResponse, out: &mut Effects<'_>) {
        if self.learn_epoch(answer.epoch, answer.leader, out) || answer.epoch < self.quorum.epoch && !answer.pre_vote {
            return;
        }
        let (majority, voters) = (self.quorum.majority(), self.quorum.voters.len());
        let verdict = |granted: &mut Set<NodeId>, refused: &mut Set<NodeId>| {
            if answer.granted {
                granted.insert(from)
            } else {
                refused.insert(from)
            };
            (granted.len() >= majority, refused.len() > voters - majority)
        };
        match (&mut self.quorum.role, answer.pre_vote) {
            (Role::Prospective { granted, refused }, true) => match verdict(granted, refused) {
                (true, _) => self.become_candidate(out),
                (_, true) => self.give_up_asking(out),
                _ => {}
            },
            (Role::Candidate { granted, refused }, false) => {
                // Beaten, it waits out the rest of its timer.
                let (elected, _) = verdict(granted, refused);
                if elected {
                    self.become_leader(out);
                }
            }
            _ => {}
        }
    }

    /// Another's newer epoch, or a leader of this one that was not known. True when it changed this voter's part.
    fn learn_epoch(&mut self, epoch: LeaderEpoch, leader: Option<NodeId>, out: &mut Effects<'_>) -> bool {
        let newer = epoch > self.quorum.epoch;
        match leader.filter(|leader| *leader != self.quorum.me) {
            Some(leader)
                if newer
                    || (epoch == self.quorum.epoch
                        && self.quorum.known_leader.is_none()
                        && self.quorum.leader().is_none()) =>
            {
                self.become_follower(epoch, leader, out);
                true
            }
            _ if newer => {
                self.become_unattached(epoch, out);
                true
            }
            _ => false,
        }
    }

    pub(super) fn on_begin_epoch(&mut self, notice: &EpochNotice, out: &mut Effects<'_>) {
        self.learn_epoch(notice.epoch, Some(notice.leader), out);
    }

    /// The leader resigns: the first of its successors campaigns at once, the others a little later.
    pub(super) fn on_end_epoch(&mut self, notice: &EpochNotice, out: &mut Effects<'_>) {
        if notice.epoch < self.quorum.epoch || matches!(self.quorum.role, Role::Leader { .. }) {
            return;
        }
        self.become_unattached(notice.epoch, out);
        let count = notice.successors.len() as u32;
        let Some(place) = notice.successors.iter().position(|voter| *voter == self.quorum.me) else { return };
        if place == 0 {
            return self.become_prospective(out);
        }
        let most = self.config.controller_quorum_election_backoff_max_ms.pause().0;
        let first = most >> count.saturating_sub(1).min(20);
        out.set_timer(Timer::QuorumElection, Duration(most.min(first << (place - 1).min(20))));
    }

    /// A follower asks for what comes after its log. Everything it has is on its disk: that is its acknowledgement.
    pub(super) fn fetch_from_leader(&mut self, out: &mut Effects<'_>) {
        let Role::Follower { leader, .. } = self.quorum.role else { return };
        if self.log.durable_to < self.log.end() {
            return;
        }
        let request = FetchMetadataRequest {
            voter: Some(self.quorum.me),
            epoch: self.quorum.epoch,
            fetch_offset: self.log.end(),
            last_fetched_epoch: self.log.last_epoch(),
            high_watermark: self.quorum.high_watermark,
        };
        out.send(leader, Channel::Metadata, Body::Request(CorrelationId(0), Request::FetchMetadata(request)));
    }

    pub(super) fn on_metadata_fetched(&mut self, from: NodeId, answer: FetchMetadataResponse, out: &mut Effects<'_>) {
        if self.learn_epoch(answer.epoch, answer.leader, out) {
            return;
        }
        let current = answer.epoch == self.quorum.epoch && self.quorum.leader() == Some(from);
        let Role::Follower { heard, .. } = &mut self.quorum.role else { return };
        if !current {
            return;
        }
        if answer.error.is_error() {
            out.set_timer(Timer::QuorumFetch, self.config.controller_quorum_retry_backoff_ms.pause());
            return;
        }
        *heard = true;
        out.set_timer(Timer::QuorumElection, self.config.controller_quorum_fetch_timeout_ms.pause());
        if let Some(end) = answer.diverging_epoch {
            let to = self.log.truncation_point(end);
            self.truncate_log(to, out);
            return self.fetch_from_leader(out);
        }
        for (offset, epoch, record) in answer.records {
            if offset == self.log.end() {
                self.log.append(epoch, record);
            }
        }
        self.raise_high_watermark(answer.high_watermark.min(self.log.end()), out);
        self.fetch_from_leader(out);
    }

    /// A fetch of the metadata log by a voter or a broker.
    pub(super) fn on_fetch_metadata(
        &mut self,
        from: NodeId,
        correlation: CorrelationId,
        fetch: FetchMetadataRequest,
        out: &mut Effects<'_>,
    ) {
        let error = match (&self.quorum.role, fetch.voter) {
            (Role::Leader { .. }, Some(_)) if fetch.epoch < self.quorum.epoch => ErrorCode::FencedLeaderEpoch,
            (Role::Leader { .. }, Some(_)) if fetch.epoch > self.quorum.epoch => ErrorCode::UnknownLeaderEpoch,
            (Role::Leader { .. }, _) => ErrorCode::None,
            _ => ErrorCode::NotLeaderOrFollower,
        };
        if error.is_error() {
            let answer = FetchMetadataResponse::failed(error, self.quorum.epoch, self.quorum.leader());
            return out.send(from, Channel::Metadata, Body::Response(correlation, Response::FetchMetadata(answer)));
        }
        if fetch.voter.is_some() {
            let diverged = self.log.divergence(fetch.fetch_offset, fetch.last_fetched_epoch);
            if diverged.is_none()
                && let Role::Leader { voters, .. } = &mut self.quorum.role
                && let Some(progress) = voters.get_mut(&from)
            {
                *progress = VoterProgress { end: Some(fetch.fetch_offset), last_fetch: out.now };
                self.try_commit(out);
            }
        }
        self.followers.on_fetch(from, fetch.fetch_offset, self.log.end(), out.now);
        if self.has_metadata_for(&fetch) {
            return self.answer_metadata_fetch(from, correlation, &fetch, out);
        }
        let deadline = out.now + super::actor::METADATA_FETCH_WAIT;
        let Some(runtime) = &mut self.runtime else { return };
        runtime.waiting_fetches.retain(|(_, waiting, ..)| *waiting != from);
        runtime.waiting_fetches.push((deadline, from, correlation, fetch));
        if runtime.waiting_fetches.len() == 1 {
            out.set_timer_at(Timer::MetadataPurgatory, deadline);
        }
    }

    /// Whether a fetch is answered at once: with records, a divergence, or a high watermark the voter does not know
    /// (KIP-1166). Brokers only get what is committed.
    fn has_metadata_for(&self, fetch: &FetchMetadataRequest) -> bool {
        match fetch.voter {
            Some(_) => {
                fetch.fetch_offset != self.log.end()
                    || fetch.high_watermark < self.quorum.high_watermark
                    || self.log.divergence(fetch.fetch_offset, fetch.last_fetched_epoch).is_some()
            }
            None => fetch.fetch_offset < self.quorum.high_watermark,
        }
    }

    pub(super) fn answer_metadata_fetch(
        &self,
        to: NodeId,
        correlation: CorrelationId,
        fetch: &FetchMetadataRequest,
        out: &mut Effects<'_>,
    ) {
        let mut answer = FetchMetadataResponse::failed(ErrorCode::None, self.quorum.epoch, self.quorum.leader());
        answer.high_watermark = self.quorum.high_watermark;
        let bound = if fetch.voter.is_some() { self.log.end() } else { self.quorum.high_watermark };
        answer.diverging_epoch =
            fetch.voter.and_then(|_| self.log.divergence(fetch.fetch_offset, fetch.last_fetched_epoch));
        if answer.diverging_epoch.is_none() {
            let begins = fetch.voter.is_none() && fetch.fetch_offset == Offset::ZERO;
            answer.snapshot = Some(&self.log.snapshot).filter(|known| begins && known.end > Offset::ZERO).cloned();
            let from = answer.snapshot.as_ref().map_or(fetch.fetch_offset, |known| known.end);
            let read = self.log.read(from, bound).into_iter();
            answer.records = read.map(|(offset, record)| (offset, self.log.epoch_at(offset), record)).collect();
        }
        out.send(to, Channel::Metadata, Body::Response(correlation, Response::FetchMetadata(answer)));
    }

    /// Answers the waiting fetches that have something to get by now.
    pub(super) fn answer_waiting_fetches(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let waiting = std::mem::take(&mut runtime.waiting_fetches);
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(.., fetch)| self.has_metadata_for(fetch));
        if let Some(runtime) = &mut self.runtime {
            runtime.waiting_fetches = rest;
        }
        for (_, to, correlation, fetch) in ready {
            self.answer_metadata_fetch(to, correlation, &fetch, out);
        }
    }

    /// What a majority has on disk is committed.
    pub(super) fn try_commit(&mut self, out: &mut Effects<'_>) {
        if let Some(mark) = self.quorum.committed(self.log.durable_to) {
            self.raise_high_watermark(mark, out);
        }
    }

    fn truncate_log(&mut self, to: Offset, out: &mut Effects<'_>) {
        if to >= self.log.end() {
            return;
        }
        let node = self.quorum.me;
        self.log.truncate_to(to);
        self.told.0 = self.told.0.min(to);
        self.syncing_to = self.syncing_to.min(to);
        out.note(|| Fact::MetadataTruncated { node, to });
    }
}
