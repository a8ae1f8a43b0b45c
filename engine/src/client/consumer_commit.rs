//! A consumer's commits: by themselves, waited for, and not waited for (`ConsumerCoordinator.commitOffsets…`).

use super::consumer::{CommitMode, Consumer, Position};
use super::consumer_epochs::is_worth_retrying;
use super::consumer_group::MemberState;
use super::consumer_runtime::{Activity, ConsumerAsk, PendingSync};
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::fact::Fact;
use crate::ids::TopicPartition;
use crate::planted::{Planted, planted};
use crate::protocol::{Channel, CommitOffset, ErrorCode, OffsetCommitRequest, Request};

impl Consumer {
    /// All positions: everything `poll` has ever returned, processed or not.
    pub(super) fn consumed(&self) -> Vec<CommitOffset> {
        let Some(runtime) = &self.runtime else { return Vec::new() };
        let commit = |(tp, position): (&TopicPartition, &Position)| {
            let mut offset = position.offset?;
            if planted(Planted::CommitBeyondEnd) {
                offset += 1_000;
            }
            Some(CommitOffset { tp: *tp, offset, leader_epoch: position.epoch })
        };
        runtime.positions.iter().filter_map(commit).collect()
    }

    /// `enable.auto.commit`: inside `poll`, when the interval has passed. Positions are those of earlier polls.
    pub(super) fn auto_commit_if_due(&mut self, out: &mut Effects<'_>) {
        let interval = self.config.auto_commit_interval_ms;
        if !self.auto_commits() {
            return;
        }
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.next_auto_commit <= out.now {
            runtime.next_auto_commit = out.now + interval;
            let offsets = self.consumed();
            self.commit_async(offsets, true, out);
        }
    }

    /// `commitAsync`: sent once, never again; a later commit may have gone through meanwhile.
    /// `auto` says that `enable.auto.commit` does it.
    pub(super) fn commit_async(&mut self, offsets: Vec<CommitOffset>, auto: bool, out: &mut Effects<'_>) {
        if offsets.is_empty() {
            return;
        }
        let commit = self.note_commit(&offsets, auto, out);
        if self.program.commit == CommitMode::AsyncRetry
            && let Some(runtime) = &mut self.runtime
        {
            runtime.async_commits.insert(commit, offsets.clone());
        }
        self.send_commit(offsets, false, commit, out);
    }

    /// Callbacks run inside `poll`: one that tries a failed commit again does it there, whatever was committed since.
    pub(super) fn retry_commits(&mut self, out: &mut Effects<'_>) {
        let can_commit = self.can_commit();
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.failed_commits.is_empty() || !can_commit {
            return;
        }
        for offsets in std::mem::take(&mut runtime.failed_commits) {
            self.commit_async(offsets, false, out);
        }
    }

    /// Numbers a commit and tells checkers of it.
    fn note_commit(&mut self, offsets: &[CommitOffset], auto: bool, out: &mut Effects<'_>) -> u32 {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return 0 };
        let (commit, generation) = (runtime.membership.commits, runtime.membership.generation);
        runtime.membership.commits += 1;
        out.note(|| Fact::CommitInvoked {
            client,
            group,
            commit,
            generation,
            offsets: offsets.iter().map(|commit| (commit.tp, commit.offset)).collect(),
            auto,
        });
        commit
    }

    /// `commitSync`: the application's thread stops until it is done, fails, or `default.api.timeout.ms` is over.
    pub(super) fn commit_sync(&mut self, offsets: Vec<CommitOffset>, out: &mut Effects<'_>) {
        let deadline = out.now + self.config.default_api_timeout_ms;
        if offsets.is_empty() {
            return self.process_next(out);
        }
        let commit = self.note_commit(&offsets, false, out);
        let Some(runtime) = &mut self.runtime else { return };
        runtime.activity = Activity::Committing;
        runtime.syncing = Some(PendingSync { offsets, commit, deadline, sent: false, maybe_written: false });
        out.set_timer_at(Timer::Poll, deadline);
        self.drive_commit(out);
    }

    /// Sends the commit that is waited for, as soon as there is a coordinator, until its time is over.
    pub(super) fn drive_commit(&mut self, out: &mut Effects<'_>) {
        let can_commit = self.can_commit();
        let Some(runtime) = &mut self.runtime else { return };
        let Some(sync) = &mut runtime.syncing else { return };
        if sync.deadline <= out.now {
            let (commit, maybe_written) = (sync.commit, sync.maybe_written);
            return self.fail_commit(commit, maybe_written, out);
        }
        if sync.sent || runtime.membership.coordinator.backing_off {
            return;
        }
        if !can_commit {
            return self.find_coordinator(out);
        }
        sync.sent = true;
        let (offsets, commit) = (sync.offsets.clone(), sync.commit);
        self.send_commit(offsets, true, commit, out);
    }

    fn fail_commit(&mut self, commit: u32, maybe_written: bool, out: &mut Effects<'_>) {
        let (client, group, error) = (self.node, self.group, ErrorCode::RequestTimedOut);
        out.note(|| Fact::CommitReturned { client, commit, error, maybe_written });
        out.emit(|| Event::CommitRefused { client, group, error });
        self.commit_returned(out);
    }

    fn send_commit(&mut self, offsets: Vec<CommitOffset>, wait: bool, commit: u32, out: &mut Effects<'_>) {
        if let Some(keeper) = self.keeper() {
            return self.write_znodes(keeper, &offsets, (wait, commit), out);
        }
        let (client, group, instance, is_848) = (self.node, self.group, self.instance(), self.is_848());
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        let is_between = !is_848 && matches!(membership.state, MemberState::Joining | MemberState::Syncing);
        // Planted, neither side looks at generations: otherwise only a frozen member would ever send an old one.
        if is_between && !planted(Planted::StaleGenerationAccepted) {
            // Between two generations nothing is sent (`generationIfStable`): the commit fails here.
            runtime.async_commits.remove(&commit);
            let error = ErrorCode::RebalanceInProgress;
            out.note(|| Fact::CommitReturned { client, commit, error, maybe_written: false });
            out.emit(|| Event::CommitRefused { client, group, error });
            if wait {
                self.commit_returned(out);
            }
            return;
        }
        let Some(coordinator) = membership.coordinator.node else {
            let error = ErrorCode::CoordinatorNotAvailable;
            out.note(|| Fact::CommitReturned { client, commit, error, maybe_written: false });
            return out.emit(|| Event::CommitRefused { client, group, error });
        };
        membership.commits_out += 1;
        let request = OffsetCommitRequest {
            group,
            generation: membership.generation,
            member: membership.member,
            instance,
            offsets,
        };
        let request = Request::OffsetCommit(Box::new(request));
        runtime.net.ask(coordinator, Channel::Coordinator, request, ConsumerAsk::Commit(wait, commit), out);
    }

    pub(super) fn on_committed(&mut self, error: ErrorCode, wait: bool, commit: u32, out: &mut Effects<'_>) {
        self.commit_answered(error, wait, commit, !error.is_before_append(), out);
    }

    fn commit_answered(
        &mut self,
        error: ErrorCode,
        wait: bool,
        commit: u32,
        maybe_written: bool,
        out: &mut Effects<'_>,
    ) {
        let (client, backoff) = (self.node, self.config.retry_backoff_ms);
        let Some(runtime) = &mut self.runtime else { return };
        let membership = &mut runtime.membership;
        membership.commits_out = membership.commits_out.saturating_sub(1);
        if let Some(offsets) = runtime.async_commits.remove(&commit).filter(|_| error.is_retriable()) {
            runtime.failed_commits.push(offsets);
        }
        let membership = &mut runtime.membership;
        match error {
            ErrorCode::None => membership.coordinator.is_well(),
            ErrorCode::RebalanceInProgress => membership.rejoin = true,
            error => {
                if is_worth_retrying(error) && !wait {
                    membership.recommit = membership.state == MemberState::Revoking;
                    runtime.next_auto_commit = runtime.next_auto_commit.min(out.now + backoff);
                }
                self.on_coordinator_error(error, out);
            }
        }
        if wait {
            self.sync_answered(error, maybe_written, out);
        } else {
            out.note(|| Fact::CommitReturned { client, commit, error, maybe_written });
        }
        self.leave_when_committed(out);
    }

    pub(super) fn sync_answered(&mut self, error: ErrorCode, maybe_written: bool, out: &mut Effects<'_>) {
        let client = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let Some(sync) = &mut runtime.syncing else { return };
        sync.maybe_written |= maybe_written;
        if is_worth_retrying(error) && out.now < sync.deadline {
            sync.sent = false;
            if !runtime.membership.coordinator.backing_off {
                self.back_off(out);
            }
            return;
        }
        let (commit, maybe_written) = (sync.commit, sync.maybe_written);
        out.note(|| Fact::CommitReturned { client, commit, error, maybe_written });
        // The refusal itself is the coordinator's to tell.
        self.commit_returned(out);
    }

    /// The commit's answer will not come.
    pub(super) fn on_commit_lost(&mut self, wait: bool, commit: u32, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        if !wait {
            out.emit(|| Event::CommitRefused { client, group, error: ErrorCode::NetworkException });
        }
        self.commit_answered(ErrorCode::NetworkException, wait, commit, true, out);
    }

    /// `commitSync` returns or throws: the application goes on.
    fn commit_returned(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.syncing = None;
        if runtime.activity == Activity::Committing {
            self.process_next(out);
        }
    }
}
