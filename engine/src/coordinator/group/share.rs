//! Share groups at their coordinator (`ShareGroup`, `GroupMetadataManager.shareGroupHeartbeat`, KIP-932): members with
//! epochs as in KIP-848, but nothing has to be given up before another member may have it, so that a target assignment is
//! the assignment.
//!
//! Before a partition is given to anybody its state is begun at the share coordinator; until that has answered the
//! assignment does without it. Records change the state as soon as they are written, the answer leaves when they are
//! committed.

use super::heartbeat::Counts;
use super::record::GroupRecord;
use super::shards::{GroupShards, Outcome, ReplyTo};
use super::state::Group;
use crate::assignor::{Subscriber, simple_assign};
use crate::collections::{Map, Set};
use crate::config::ShareGroupConfig;
use crate::effect::Effects;
use crate::event::{Event, GroupState, LeaveReason};
use crate::ids::{Generation, GroupId, MemberId, NodeId, TopicId, TopicPartition};
use crate::protocol::{ErrorCode, Response, ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// What a member of a share group has (`ShareGroupCurrentMemberAssignmentValue`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ShareAssignment {
    /// The member epoch.
    pub epoch: Generation,
    /// The epoch before that: what a member whose answer was lost still believes in.
    pub previous_epoch: Generation,
    /// What it may read.
    pub partitions: Vec<TopicPartition>,
}

/// A record of a share group in `__consumer_offsets`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ShareGroupRecord {
    /// `ShareGroupMemberMetadataValue`: the topics it subscribes to; none when it is gone.
    Member(MemberId, Option<Vec<TopicId>>),
    /// `ShareGroupMetadataValue`: the group epoch.
    Epoch(Generation),
    /// `ShareGroupTargetAssignmentMetadataValue`: the epoch the target was computed for.
    TargetEpoch(Generation),
    /// `ShareGroupTargetAssignmentMemberValue`; none when the member is gone.
    Target(MemberId, Option<Vec<TopicPartition>>),
    /// `ShareGroupCurrentMemberAssignmentValue`; none when the member is gone.
    Current(MemberId, Option<ShareAssignment>),
    /// `ShareGroupStatePartitionMetadataValue`: whose state is being begun, and whose has been.
    StatePartitions(Vec<TopicPartition>, Vec<TopicPartition>),
}

impl ShareGroupRecord {
    /// Kafka's number of the key.
    pub fn key_version(&self) -> u8 {
        match self {
            ShareGroupRecord::Member(..) => 10,
            ShareGroupRecord::Epoch(_) => 11,
            ShareGroupRecord::TargetEpoch(_) => 12,
            ShareGroupRecord::Target(..) => 13,
            ShareGroupRecord::Current(..) => 14,
            ShareGroupRecord::StatePartitions(..) => 15,
        }
    }

    /// Whose record it is, where it is a member's.
    pub fn member(&self) -> Option<MemberId> {
        match self {
            ShareGroupRecord::Member(member, _)
            | ShareGroupRecord::Target(member, _)
            | ShareGroupRecord::Current(member, _) => Some(*member),
            _ => None,
        }
    }

    /// Whether its value is null.
    pub fn is_tombstone(&self) -> bool {
        matches!(
            self,
            ShareGroupRecord::Member(_, None) | ShareGroupRecord::Target(_, None) | ShareGroupRecord::Current(_, None)
        )
    }

    /// Bytes of the value, near enough to Kafka's for batch sizes.
    pub fn size_in_bytes(&self) -> u32 {
        match self {
            _ if self.is_tombstone() => 0,
            ShareGroupRecord::Member(..) => 60,
            ShareGroupRecord::Epoch(_) | ShareGroupRecord::TargetEpoch(_) => 16,
            ShareGroupRecord::Target(_, partitions) => 24 + 4 * partitions.as_ref().map_or(0, Vec::len) as u32,
            ShareGroupRecord::Current(_, current) => {
                32 + 4 * current.as_ref().map_or(0, |current| current.partitions.len()) as u32
            }
            ShareGroupRecord::StatePartitions(beginning, begun) => 24 + 4 * (beginning.len() + begun.len()) as u32,
        }
    }
}

/// A member.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareMember {
    /// Topics it subscribes to.
    pub topics: Vec<TopicId>,
    /// What it has.
    pub current: ShareAssignment,
    /// When it was last heard.
    pub heard_at: Instant,
}

/// A share group. Its group epoch is [`super::Group::generation`].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ShareGroup {
    /// The members.
    pub members: Map<MemberId, ShareMember>,
    /// The group epoch the target was computed for.
    pub target_epoch: Generation,
    /// Who shall have what.
    pub target: Map<MemberId, Vec<TopicPartition>>,
    /// Partitions whose state the share coordinator has begun.
    pub initialized: Set<TopicPartition>,
    /// Partitions whose state it was asked to begin.
    pub initializing: Set<TopicPartition>,
    /// Of those, the ones whose answer is outstanding.
    asked: Set<TopicPartition>,
    assign_after: Instant,
    assign_at: Option<Instant>,
    session_timeout: Duration,
    assignment_interval: Duration,
}

impl ShareGroup {
    /// Silence after which a member is removed.
    pub fn session_timeout(&self) -> Duration {
        self.session_timeout
    }

    /// What the state of the group is called: a share group is never between two assignments.
    pub fn state(&self) -> GroupState {
        if self.members.is_empty() { GroupState::Empty } else { GroupState::Stable }
    }

    /// Whether a partition could be given to somebody and is not.
    fn has_unassigned(&self) -> bool {
        let given = |tp: &TopicPartition| self.target.values().any(|partitions| partitions.contains(tp));
        !self.members.is_empty() && self.initialized.iter().any(|tp| !given(tp))
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.members.values().map(|member| member.heard_at + self.session_timeout).chain(self.assign_at).min()
    }

    pub(super) fn replay(&mut self, record: &ShareGroupRecord, now: Instant) {
        match record {
            ShareGroupRecord::Member(member, Some(topics)) => {
                let unknown = ShareMember { topics: Vec::new(), current: ShareAssignment::default(), heard_at: now };
                self.members.entry(*member).or_insert(unknown).topics.clone_from(topics);
            }
            ShareGroupRecord::Member(member, None) => {
                self.members.remove(member);
                self.target.remove(member);
            }
            ShareGroupRecord::Epoch(_) => {}
            ShareGroupRecord::TargetEpoch(epoch) => self.target_epoch = *epoch,
            ShareGroupRecord::Target(member, Some(partitions)) => {
                self.target.insert(*member, partitions.clone());
            }
            ShareGroupRecord::Target(member, None) => {
                self.target.remove(member);
            }
            ShareGroupRecord::Current(member, current) => {
                if let Some(known) = self.members.get_mut(member) {
                    known.current = current.clone().unwrap_or_default();
                } else if let Some(current) = current.clone() {
                    // Of a compacted log the member's own record may come later.
                    self.members.insert(*member, ShareMember { topics: Vec::new(), current, heard_at: now });
                }
            }
            ShareGroupRecord::StatePartitions(beginning, begun) => {
                self.initializing = beginning.iter().copied().collect();
                self.initialized = begun.iter().copied().collect();
            }
        }
    }

    /// The group was read from the log: sessions begin now.
    pub(super) fn begin_sessions(&mut self, config: &ShareGroupConfig, now: Instant) {
        (self.session_timeout, self.assignment_interval) = (config.session_timeout_ms, config.assignment_interval_ms);
        self.members.values_mut().for_each(|member| member.heard_at = now);
    }
}

/// A heartbeat's answer that carries only an error.
pub(crate) fn share_heartbeat_refused(error: ErrorCode) -> Response {
    Response::ShareGroupHeartbeat(Box::new(ShareGroupHeartbeatResponse {
        error,
        member_epoch: Generation::NONE,
        heartbeat_interval: Duration::ZERO,
        assignment: None,
    }))
}

impl GroupShards {
    /// ShareGroupHeartbeat.
    pub fn on_share_heartbeat(
        &mut self,
        to: ReplyTo,
        request: &ShareGroupHeartbeatRequest,
        counts: &Counts<'_>,
        (config, max_size): (&ShareGroupConfig, i32),
        out: &mut Effects<'_>,
    ) -> Outcome {
        let group = self.group_mut(request.group, out.now);
        let mut records = Vec::new();
        match group.share_heartbeat(request, counts, config, max_size, &mut records, out) {
            Err(error) => Outcome::answer(to, share_heartbeat_refused(error)),
            Ok(response) => {
                let response = Response::ShareGroupHeartbeat(Box::new(response));
                if records.is_empty() {
                    return Outcome::answer(to, response);
                }
                Outcome { answers: Vec::new(), write: Some((request.group, records, Some((to, response)))) }
            }
        }
    }

    /// Partitions whose state the share coordinator must be asked to begin, each with the group's epoch. They count as
    /// asked for from now on.
    pub fn take_uninitialized(&mut self) -> Vec<(GroupId, TopicPartition, i32)> {
        let mut wanted = Vec::new();
        for (id, group) in self.groups.iter_mut() {
            let epoch = group.generation.0;
            let Some(share) = &mut group.share else { continue };
            for tp in &share.initializing {
                if share.asked.insert(*tp) {
                    wanted.push((*id, *tp, epoch));
                }
            }
        }
        wanted
    }

    /// The share coordinator has begun the state of a partition, or could not: then it is asked again with the next
    /// heartbeat.
    pub fn on_share_state_begun(&mut self, id: GroupId, tp: TopicPartition, begun: bool, now: Instant) -> Outcome {
        let group = self.group_mut(id, now);
        let Some(share) = &mut group.share else { return Outcome::default() };
        share.asked.remove(&tp);
        if !begun || !share.initializing.contains(&tp) {
            return Outcome::default();
        }
        let beginning = share.initializing.iter().copied().filter(|other| *other != tp).collect();
        let mut done: Vec<TopicPartition> = share.initialized.iter().copied().collect();
        done.push(tp);
        let mut records = Vec::new();
        group.put_share(ShareGroupRecord::StatePartitions(beginning, done), &mut records, now);
        Outcome { answers: Vec::new(), write: Some((id, records, None)) }
    }
}

impl Group {
    fn put_share(&mut self, record: ShareGroupRecord, records: &mut Vec<Arc<GroupRecord>>, now: Instant) {
        let record = GroupRecord::Share { group: self.id, record };
        self.replay(&record, now);
        records.push(Arc::new(record));
    }

    fn bump_share(&mut self, records: &mut Vec<Arc<GroupRecord>>, now: Instant) {
        let epoch = Generation(self.generation.0 + 1);
        self.put_share(ShareGroupRecord::Epoch(epoch), records, now);
    }

    fn share_heartbeat(
        &mut self,
        request: &ShareGroupHeartbeatRequest,
        counts: &Counts<'_>,
        config: &ShareGroupConfig,
        max_size: i32,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) -> Result<ShareGroupHeartbeatResponse, ErrorCode> {
        if !self.members.is_empty() || self.consumer.is_some() {
            return Err(ErrorCode::GroupIdNotFound);
        }
        let (member, now) = (request.member, out.now);
        let share = self.share.get_or_insert_default();
        (share.session_timeout, share.assignment_interval) = (config.session_timeout_ms, config.assignment_interval_ms);
        if request.member_epoch.0 < 0 {
            if !share.members.contains_key(&member) {
                return Err(ErrorCode::UnknownMemberId);
            }
            self.drop_sharer(member, LeaveReason::Leave, records, out);
            self.assign_share(records, now);
            self.note_share_state(out);
            return Ok(ShareGroupHeartbeatResponse {
                error: ErrorCode::None,
                member_epoch: request.member_epoch,
                heartbeat_interval: config.heartbeat_interval_ms,
                assignment: None,
            });
        }
        if request.member_epoch.0 == 0 {
            self.enrol_sharer(request, max_size, records, out)?;
        } else {
            let known = share.members.get(&member).ok_or(ErrorCode::UnknownMemberId)?;
            let (epoch, before) = (known.current.epoch, known.current.previous_epoch);
            if request.member_epoch != epoch && request.member_epoch != before {
                return Err(ErrorCode::FencedMemberEpoch);
            }
        }
        self.begin_share_states(counts, records, now);
        if self.share.as_ref().is_some_and(|share| share.target_epoch == self.generation && share.has_unassigned()) {
            self.bump_share(records, now);
        }
        self.assign_share(records, now);
        let changed = self.advance_sharer(member, records, now);
        self.note_share_state(out);
        let share = self.share.get_or_insert_default();
        let known = share.members.get_mut(&member).ok_or(ErrorCode::UnknownMemberId)?;
        known.heard_at = now;
        let stale = request.member_epoch != known.current.epoch;
        Ok(ShareGroupHeartbeatResponse {
            error: ErrorCode::None,
            member_epoch: known.current.epoch,
            heartbeat_interval: config.heartbeat_interval_ms,
            assignment: (changed || stale || request.topics.is_some()).then(|| known.current.partitions.clone()),
        })
    }

    fn enrol_sharer(
        &mut self,
        request: &ShareGroupHeartbeatRequest,
        max_size: i32,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) -> Result<(), ErrorCode> {
        let (group, member, now) = (self.id, request.member, out.now);
        let share = self.share.get_or_insert_default();
        let topics = request.topics.clone().unwrap_or_default();
        let known = share.members.get(&member).map(|known| known.topics == topics);
        if known.is_none() && share.members.len() >= max_size as usize {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        if known != Some(true) {
            self.put_share(ShareGroupRecord::Member(member, Some(topics)), records, now);
            self.put_share(ShareGroupRecord::Current(member, Some(ShareAssignment::default())), records, now);
            self.bump_share(records, now);
        }
        if known.is_none() {
            out.emit(|| Event::MemberJoined { group, client: NodeId(member.client) });
        }
        Ok(())
    }

    fn drop_sharer(
        &mut self,
        member: MemberId,
        why: LeaveReason,
        records: &mut Vec<Arc<GroupRecord>>,
        out: &mut Effects<'_>,
    ) {
        let (group, now) = (self.id, out.now);
        self.put_share(ShareGroupRecord::Current(member, None), records, now);
        self.put_share(ShareGroupRecord::Target(member, None), records, now);
        self.put_share(ShareGroupRecord::Member(member, None), records, now);
        self.bump_share(records, now);
        out.emit(|| Event::MemberLeft { group, client: NodeId(member.client), why });
    }

    /// Subscribed partitions nobody has begun the state of.
    fn begin_share_states(&mut self, counts: &Counts<'_>, records: &mut Vec<Arc<GroupRecord>>, now: Instant) {
        let Some(share) = &self.share else { return };
        let mut topics: Vec<TopicId> =
            share.members.values().flat_map(|member| member.topics.iter().copied()).collect();
        topics.sort_unstable();
        topics.dedup();
        let all = topics
            .into_iter()
            .flat_map(|topic| (0..counts(topic)).map(move |partition| TopicPartition::new(topic, partition)));
        let fresh: Vec<TopicPartition> =
            all.filter(|tp| !share.initialized.contains(tp) && !share.initializing.contains(tp)).collect();
        if fresh.is_empty() {
            return;
        }
        let beginning = share.initializing.iter().copied().chain(fresh).collect();
        let begun = share.initialized.iter().copied().collect();
        self.put_share(ShareGroupRecord::StatePartitions(beginning, begun), records, now);
    }

    /// Computes the target again when the group's epoch has moved on, at most once per interval.
    fn assign_share(&mut self, records: &mut Vec<Arc<GroupRecord>>, now: Instant) {
        let epoch = self.generation;
        let share = self.share.get_or_insert_default();
        if share.target_epoch >= epoch {
            share.assign_at = None;
            return;
        }
        if share.assign_after > now {
            share.assign_at = Some(share.assign_after);
            return;
        }
        share.assign_at = None;
        share.assign_after = now + share.assignment_interval;
        let mut counts: Map<TopicId, i32> = Map::new();
        for tp in &share.initialized {
            let count = counts.entry(tp.topic).or_default();
            *count = (*count).max(tp.partition + 1);
        }
        let none = Vec::new();
        let members: Vec<Subscriber> = share
            .members
            .iter()
            .map(|(id, member)| Subscriber {
                member: *id,
                instance: None,
                topics: member.topics.clone(),
                owned: share.target.get(id).unwrap_or(&none).clone(),
                generation: Generation::NONE,
            })
            .collect();
        let initialized = share.initialized.clone();
        for (member, mut partitions) in simple_assign(&members, &counts) {
            partitions.retain(|tp| initialized.contains(tp));
            let known = self.share.as_ref().and_then(|share| share.target.get(&member));
            if known.is_none_or(|known| *known != partitions) {
                self.put_share(ShareGroupRecord::Target(member, Some(partitions)), records, now);
            }
        }
        self.put_share(ShareGroupRecord::TargetEpoch(epoch), records, now);
    }

    /// A member takes its target over, at once. True when what it may read has changed.
    fn advance_sharer(&mut self, member: MemberId, records: &mut Vec<Arc<GroupRecord>>, now: Instant) -> bool {
        let Some(share) = &self.share else { return false };
        let Some(known) = share.members.get(&member) else { return false };
        let partitions = share.target.get(&member).cloned().unwrap_or_default();
        if known.current.epoch == share.target_epoch {
            return false;
        }
        let changed = known.current.partitions != partitions;
        let current = ShareAssignment { epoch: share.target_epoch, previous_epoch: known.current.epoch, partitions };
        self.put_share(ShareGroupRecord::Current(member, Some(current)), records, now);
        changed
    }

    fn note_share_state(&mut self, out: &mut Effects<'_>) {
        let Some(share) = &self.share else { return };
        let state = share.state();
        if state != self.state {
            if state == GroupState::Empty {
                self.empty_since = out.now;
            }
            self.enter(state, out);
        }
    }

    /// A session or the assignment interval may have run out. What is returned is to be written.
    pub(super) fn on_share_deadline(&mut self, out: &mut Effects<'_>) -> Vec<Arc<GroupRecord>> {
        let mut records = Vec::new();
        let now = out.now;
        let Some(share) = &self.share else { return records };
        let late = |member: &ShareMember| member.heard_at + share.session_timeout <= now;
        let gone: Vec<MemberId> = share.members.iter().filter(|(_, member)| late(member)).map(|(id, _)| *id).collect();
        for member in gone {
            self.drop_sharer(member, LeaveReason::SessionTimeout, &mut records, out);
        }
        self.assign_share(&mut records, now);
        self.note_share_state(out);
        records
    }
}
