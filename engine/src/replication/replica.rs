//! A replica: its log, its high watermark and its role.

use super::high_watermark::{MarkInputs, next_high_watermark};
use super::isr::{IsrState, PendingIsr};
use super::leadership::{FollowerProgress, Leadership};
use crate::config::TopicConfig;
use crate::controller::PartitionImage;
use crate::ids::{BrokerId, LeaderEpoch, Offset, PartitionEpoch};
use crate::planted::{Planted, planted};
use crate::storage::{EpochEnd, Log};
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// What a replica does.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Role {
    /// Nothing: the process is down or has not heard from the controller, or the partition has no leader.
    #[default]
    None,
    /// It takes writes.
    Leader(Box<Leadership>),
    /// It copies from this broker.
    Follower(BrokerId),
}

/// One replica of a partition on one broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Replica {
    /// The log; it survives the process.
    pub log: Log,
    /// Offsets below are committed as far as this replica knows.
    pub high_watermark: Offset,
    /// The high watermark in the checkpoint file: what a restarted process begins with.
    pub checkpointed_high_watermark: Offset,
    /// What it does.
    pub role: Role,
    /// The leader epoch it has heard of.
    pub leader_epoch: LeaderEpoch,
    /// The version of the partition's record it has heard of.
    pub partition_epoch: PartitionEpoch,
    /// All replicas of the partition, preferred leader first.
    pub assignment: Arc<[BrokerId]>,
    /// The topic's settings.
    pub config: Arc<TopicConfig>,
    /// When the log was last fsynced, or read in.
    pub last_flush: Instant,
}

impl Replica {
    /// An empty replica.
    pub fn new(config: Arc<TopicConfig>) -> Replica {
        let mut log = Log::default();
        log.set_config(config.clone());
        Replica {
            log,
            high_watermark: Offset::ZERO,
            checkpointed_high_watermark: Offset::ZERO,
            role: Role::None,
            leader_epoch: LeaderEpoch::NONE,
            partition_epoch: PartitionEpoch(-1),
            assignment: Arc::new([]),
            config,
            last_flush: Instant::ZERO,
        }
    }

    /// The topic's settings as they are now.
    pub fn set_config(&mut self, config: Arc<TopicConfig>) {
        self.log.set_config(config.clone());
        self.config = config;
    }

    /// The leader's side, when this replica leads.
    pub fn leadership(&self) -> Option<&Leadership> {
        match &self.role {
            Role::Leader(leadership) => Some(leadership),
            Role::None | Role::Follower(_) => None,
        }
    }

    /// The leader's side, to change it.
    pub fn leadership_mut(&mut self) -> Option<&mut Leadership> {
        match &mut self.role {
            Role::Leader(leadership) => Some(leadership),
            Role::None | Role::Follower(_) => None,
        }
    }

    /// `min.insync.replicas`, but never more than there are replicas.
    pub fn effective_min_isr(&self) -> usize {
        usize::try_from(self.config.min_insync_replicas).unwrap_or(1).min(self.assignment.len().max(1))
    }

    /// Offsets below belong to no open transaction, and the markers of all closed ones are replicated (LSO).
    pub fn last_stable_offset(&self) -> Offset {
        let unstable = self.log.first_unstable_offset(self.high_watermark);
        unstable.map_or(self.high_watermark, |offset| offset.min(self.high_watermark))
    }

    /// The process died: its role is gone. The high watermark it knew stays readable until a new process starts.
    pub fn stop(&mut self) {
        self.role = Role::None;
        self.log.abandon_flushes();
        self.high_watermark = self.high_watermark.min(self.log.log_end_offset());
    }

    /// A new process starts: it knows the log and the checkpoint, nothing else.
    pub fn load(&mut self, now: Instant) {
        self.role = Role::None;
        self.log.reload_producers();
        self.leader_epoch = LeaderEpoch::NONE;
        self.partition_epoch = PartitionEpoch(-1);
        self.last_flush = now;
        // The checkpoint may be from a time when the log ended later, or began earlier.
        let (start, end) = (self.log.log_start_offset(), self.log.log_end_offset());
        self.high_watermark = self.checkpointed_high_watermark.max(start).min(end);
    }

    /// Leads from now on, as the controller's record says. True when a new epoch began.
    pub fn become_leader(&mut self, me: BrokerId, image: &PartitionImage, now: Instant) -> bool {
        let new_epoch = image.leader_epoch > self.leader_epoch;
        let was_leader = self.leadership().is_some();
        self.partition_epoch = image.partition_epoch;
        self.assignment = image.replicas.clone();
        let isr = IsrState { committed: image.isr.clone(), pending: None };
        if !new_epoch && let Role::Leader(leadership) = &mut self.role {
            leadership.isr = isr;
            leadership.alter_requested = false;
            // A reassignment brings followers and takes them.
            leadership.followers.retain(|follower, _| image.replicas.contains(follower));
            for follower in image.replicas.iter().filter(|replica| **replica != me) {
                if !leadership.followers.contains_key(follower) {
                    leadership.followers.insert(*follower, FollowerProgress::unknown(Instant::ZERO));
                }
            }
            return false;
        }
        self.leader_epoch = image.leader_epoch;
        self.log.begin_epoch(image.leader_epoch);
        let old = self.leadership().map(|leadership| leadership.followers.clone()).unwrap_or_default();
        let followers = image
            .replicas
            .iter()
            .filter(|replica| **replica != me)
            .map(|replica| {
                let caught_up = if image.isr.contains(replica) { now } else { Instant::ZERO };
                let mut progress = FollowerProgress::unknown(caught_up);
                if was_leader && let Some(known) = old.get(replica) {
                    progress.log_end_offset = known.log_end_offset;
                }
                (*replica, progress)
            })
            .collect();
        let leadership = Leadership::new(self.log.log_end_offset(), isr, followers);
        self.role = Role::Leader(Box::new(leadership));
        true
    }

    /// Follows from now on. True when the leader or its epoch is new.
    pub fn become_follower(&mut self, image: &PartitionImage) -> bool {
        let new_epoch = image.leader_epoch > self.leader_epoch;
        self.partition_epoch = image.partition_epoch;
        self.leader_epoch = image.leader_epoch;
        self.assignment = image.replicas.clone();
        let role = match image.leader.some() {
            Some(leader) => Role::Follower(leader),
            None => Role::None,
        };
        let changed = new_epoch || role != self.role;
        self.role = role;
        changed
    }

    /// Raises the leader's high watermark as far as the maximal ISR allows. Returns the old value if it moved.
    pub fn advance_high_watermark(
        &mut self,
        now: Instant,
        lag_max: Duration,
        strict_min_isr: bool,
        may_join: impl Fn(BrokerId) -> bool,
    ) -> Option<Offset> {
        let Role::Leader(leadership) = &self.role else { return None };
        let inputs = MarkInputs {
            leader_end: self.log.log_end_offset(),
            high_watermark: self.high_watermark,
            isr: &leadership.isr,
            followers: &leadership.followers,
            min_isr: if strict_min_isr { self.effective_min_isr() } else { 0 },
            lag_max,
            now,
        };
        let mark = next_high_watermark(&inputs, may_join)?;
        self.log.replicated_to(mark);
        Some(std::mem::replace(&mut self.high_watermark, mark))
    }

    /// Whether a follower may be proposed for the ISR: it has reached the high watermark and the present leader's start.
    pub fn may_expand(&self, follower: BrokerId) -> bool {
        let Some(leadership) = self.leadership() else { return false };
        if leadership.isr.pending.is_some() || leadership.isr.committed.contains(&follower) {
            return false;
        }
        if planted(Planted::IsrExpandsEarly) {
            return true;
        }
        leadership
            .followers
            .get(&follower)
            .and_then(|progress| progress.log_end_offset)
            .is_some_and(|end| end >= self.high_watermark && end >= leadership.epoch_start_offset)
    }

    /// Followers in the ISR that have not caught up for too long.
    pub fn lagging(&self, now: Instant, lag_max: Duration) -> Vec<BrokerId> {
        let end = self.log.log_end_offset();
        let Some(leadership) = self.leadership() else { return Vec::new() };
        if leadership.isr.pending.is_some() {
            return Vec::new();
        }
        let in_isr = leadership.followers.iter().filter(|(broker, _)| leadership.isr.committed.contains(broker));
        in_isr.filter(|(_, p)| !p.is_caught_up(end, now, lag_max)).map(|(broker, _)| *broker).collect()
    }

    /// Asks for a change of the ISR. It counts as pending until the controller answers.
    pub fn propose(&mut self, change: PendingIsr) {
        if let Some(leadership) = self.leadership_mut() {
            leadership.isr.pending = Some(change);
            leadership.alter_requested = false;
        }
    }

    /// Where a follower's log parts from this leader's, if it does (`Partition.readRecords`).
    pub fn divergence(&self, fetch_offset: Offset, last_fetched_epoch: LeaderEpoch) -> Option<EpochEnd> {
        if last_fetched_epoch == LeaderEpoch::NONE || planted(Planted::DivergenceIgnored) {
            return None;
        }
        if self.log.epochs().latest() == Some(last_fetched_epoch) && fetch_offset <= self.log.log_end_offset() {
            return None;
        }
        let end = self.log.epochs().end_offset_for(last_fetched_epoch, self.log.log_end_offset());
        (end.epoch < last_fetched_epoch || end.end_offset < fetch_offset).then_some(end)
    }

    /// Where to cut when the leader answered that the logs part at `end` (`AbstractFetcherThread.getOffsetTruncationState`).
    pub fn truncation_point(&self, end: EpochEnd) -> Offset {
        let own_end = self.log.log_end_offset();
        if end == EpochEnd::UNDEFINED {
            return self.high_watermark.min(own_end);
        }
        let own = self.log.epochs().end_offset_for(end.epoch, own_end);
        if own == EpochEnd::UNDEFINED {
            return end.end_offset.min(own_end);
        }
        if own.epoch == end.epoch {
            own.end_offset.min(end.end_offset).min(own_end)
        } else {
            // This log does not know the leader's epoch: drop back one epoch and ask again.
            own.end_offset.min(own_end)
        }
    }

    /// Cuts the log; the high watermark cannot stay beyond its end. Returns the old and the new end when something went.
    pub fn truncate_to(&mut self, offset: Offset) -> Option<(Offset, Offset)> {
        let from = self.log.log_end_offset();
        let to = self.log.truncate_to(offset);
        self.high_watermark = self.high_watermark.min(to);
        (to < from).then_some((from, to))
    }
}
