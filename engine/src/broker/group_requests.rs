//! Requests to the group coordinator: is it here, and if so, what does it say (`GroupCoordinatorService`).

use super::actor::Broker;
use super::controller_channel::Asked;
use crate::config::{CleanupPolicy, TopicConfig};
use crate::coordinator::{
    ConsumerGroupKey, GroupRecord, Outcome, ReplyTo, group_partition, heartbeat_refused, join_refused,
    share_heartbeat_refused, sync_refused,
};
use crate::effect::Effects;
use crate::event::Event;
use crate::fact::{CommittedFact, Fact};
use crate::ids::{GroupId, NodeId, TopicPartition};
use crate::protocol::{
    Channel, CreatableTopic, CreateTopicsRequest, ErrorCode, FindCoordinatorRequest, FindCoordinatorResponse,
    OffsetCommitResponse, OffsetFetchResponse, Request, Response,
};
use std::sync::Arc;

impl Broker {
    /// How many partitions `__consumer_offsets` has, as far as this broker knows.
    pub(super) fn offsets_partitions(&self) -> i32 {
        self.image()
            .and_then(|image| image.topics.get(&self.offsets_topic))
            .map_or(self.config.offsets_topic_num_partitions, |topic| topic.partitions.len() as i32)
    }

    /// The partition of `__consumer_offsets` that holds a group's records.
    pub(super) fn group_tp(&self, group: GroupId) -> Option<TopicPartition> {
        let name = self.group_names.get(group.0 as usize)?;
        Some(TopicPartition::new(self.offsets_topic, group_partition(name, self.offsets_partitions())))
    }

    pub(super) fn on_find_coordinator(&mut self, to: ReplyTo, request: &FindCoordinatorRequest, out: &mut Effects<'_>) {
        let known = self.image().is_some_and(|image| image.topics.contains_key(&self.offsets_topic));
        if !known {
            self.create_offsets_topic(out);
        }
        let coordinator = self
            .group_tp(request.group)
            .and_then(|tp| self.image()?.partition(tp))
            .and_then(|partition| partition.leader.some())
            .and_then(|leader| Some((leader, self.image()?.brokers.get(&leader)?.node)));
        let error = if coordinator.is_some() { ErrorCode::None } else { ErrorCode::CoordinatorNotAvailable };
        self.respond(to, Response::FindCoordinator(FindCoordinatorResponse { error, coordinator }), out);
    }

    /// The first group of a cluster brings `__consumer_offsets` into being.
    fn create_offsets_topic(&mut self, out: &mut Effects<'_>) {
        let requested = self.with_runtime(|runtime| std::mem::replace(&mut runtime.offsets_topic_requested, true));
        if requested {
            return;
        }
        let topic = CreatableTopic {
            topic: self.offsets_topic,
            partitions: self.config.offsets_topic_num_partitions,
            replication_factor: self.config.offsets_topic_replication_factor,
            assignment: Vec::new(),
            config: Arc::new(TopicConfig {
                cleanup_policy: CleanupPolicy::COMPACT,
                segment_bytes: self.config.offsets_topic_segment_bytes,
                ..TopicConfig::default()
            }),
        };
        let request = Request::CreateTopics(Box::new(CreateTopicsRequest { topics: vec![topic] }));
        self.ask_controller(Channel::Controller, request, Asked::OffsetsTopic, out);
    }

    pub(super) fn on_group_request(&mut self, to: ReplyTo, request: Request, out: &mut Effects<'_>) {
        let group = match &request {
            Request::JoinGroup(request) => request.group,
            Request::SyncGroup(request) => request.group,
            Request::Heartbeat(request) => request.group,
            Request::LeaveGroup(request) => request.group,
            Request::OffsetCommit(request) => request.group,
            Request::TxnOffsetCommit(request) => request.commit.group,
            Request::OffsetFetch(request) => request.group,
            Request::ConsumerGroupHeartbeat(request) => request.group,
            Request::ShareGroupHeartbeat(request) => request.group,
            _ => return,
        };
        if !self.coordinates(group) {
            return self.respond(to, refusal(&request, ErrorCode::NotCoordinator), out);
        }
        let loading = self
            .group_tp(group)
            .is_some_and(|tp| self.runtime.as_ref().is_some_and(|runtime| runtime.groups.is_loading(tp.partition)));
        if loading {
            return self.respond(to, refusal(&request, ErrorCode::CoordinatorLoadInProgress), out);
        }
        let client = to.peer;
        let share_config = self.share_config(group);
        if let Request::TxnOffsetCommit(request) = &request {
            return self.on_txn_offset_commit(to, request, out);
        }
        let Some(runtime) = &mut self.runtime else { return };
        let groups = &mut runtime.groups;
        let outcome = match request {
            Request::JoinGroup(request) => groups.on_join(to, *request, &self.config, out),
            Request::SyncGroup(request) => groups.on_sync(to, *request, out),
            Request::LeaveGroup(request) => groups.on_leave(to, request, &self.config, out),
            Request::Heartbeat(request) => {
                let error = groups.on_heartbeat(&request, out);
                Outcome::answer(to, Response::Heartbeat(error))
            }
            Request::ConsumerGroupHeartbeat(request) => {
                let image = &runtime.image;
                let counts = |topic| image.topics.get(&topic).map_or(0, |topic| topic.partitions.len() as i32);
                groups.on_consumer_heartbeat(to, &request, &counts, &self.config, out)
            }
            Request::ShareGroupHeartbeat(request) => {
                let image = &runtime.image;
                let counts = |topic| image.topics.get(&topic).map_or(0, |topic| topic.partitions.len() as i32);
                groups.on_share_heartbeat(to, &request, &counts, (&share_config, self.share.max_size), out)
            }
            Request::OffsetCommit(request) => {
                let outcome = groups.on_offset_commit(to, &request, &self.config, out);
                if let Some((_, Response::OffsetCommit(OffsetCommitResponse { error }))) = outcome.answers.first() {
                    let error = *error;
                    out.emit(|| Event::CommitRefused { client, group, error });
                }
                outcome
            }
            Request::OffsetFetch(request) => {
                let answer = groups.on_offset_fetch(&request);
                Outcome::answer(to, Response::OffsetFetch(answer))
            }
            _ => return,
        };
        if let Some(runtime) = &self.runtime {
            runtime.groups.tell(group, out);
        }
        self.carry_out(outcome, out);
    }

    /// Sends the answers and writes the records a handler of the coordinator came to.
    pub(super) fn carry_out(&mut self, outcome: Outcome, out: &mut Effects<'_>) {
        for (to, response) in outcome.answers {
            self.respond(to, response, out);
        }
        if let Some((group, records, answer)) = outcome.write {
            self.write_group_records(group, records, None, answer, out);
        }
    }

    pub(super) fn on_groups_timer(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.groups_timer = None;
        let share_groups = &self.share_groups;
        let outcomes = runtime.groups.on_timer(self.id, &self.config, &|group| share_groups.get(&group), out);
        if out.noted {
            for group in runtime.groups.groups() {
                runtime.groups.tell(group.id, out);
            }
        }
        for outcome in outcomes {
            self.carry_out(outcome, out);
        }
        self.begin_share_states(out);
    }

    /// Records of the coordinator are committed: now they count, and now the answer leaves.
    pub(super) fn on_group_records_committed(
        &mut self,
        records: &[Arc<GroupRecord>],
        answer: Option<(ReplyTo, Response)>,
        out: &mut Effects<'_>,
    ) {
        self.tell_commits(records, out);
        let mut expired: Option<(GroupId, Vec<TopicPartition>)> = None;
        for record in records {
            let Some(runtime) = &mut self.runtime else { return };
            match &**record {
                GroupRecord::OffsetCommit { pending: Some(_), .. } => runtime.groups.replay(record, out.now),
                GroupRecord::OffsetCommit { group, tp, offset, by, generation, committed_at, .. } => {
                    runtime.groups.replay(record, out.now);
                    let (group, tp, offset) = (*group, *tp, *offset);
                    let by = by.map(|member| NodeId(member.client));
                    let (generation, accepted_at) = (*generation, *committed_at);
                    out.emit(|| Event::OffsetCommitted { group, tp, offset, by, generation, accepted_at });
                }
                GroupRecord::GroupMetadata { .. } => {
                    let outcome = runtime.groups.on_assignment_committed(record, out);
                    runtime.groups.tell(record.group(), out);
                    self.carry_out(outcome, out);
                }
                GroupRecord::OffsetTombstone { group, tp } => {
                    runtime.groups.replay(record, out.now);
                    expired.get_or_insert_with(|| (*group, Vec::new())).1.push(*tp);
                }
                GroupRecord::GroupTombstone { .. }
                | GroupRecord::ConsumerGroupTombstone { of: ConsumerGroupKey::Group, .. } => {
                    runtime.groups.replay(record, out.now);
                }
                // These count from the moment they are written; see `coordinator::group::heartbeat`.
                GroupRecord::ConsumerGroupMetadata { .. }
                | GroupRecord::ConsumerGroupMember { .. }
                | GroupRecord::ConsumerGroupTargetEpoch { .. }
                | GroupRecord::ConsumerGroupTarget { .. }
                | GroupRecord::ConsumerGroupCurrent { .. }
                | GroupRecord::ConsumerGroupTombstone { .. }
                | GroupRecord::Share { .. } => {}
            }
        }
        if let Some((group, partitions)) = expired {
            out.emit(|| Event::OffsetsExpired { group, partitions });
        }
        if let Some((to, response)) = answer {
            self.respond(to, response, out);
        }
        self.begin_share_states(out);
    }

    /// Tells checkers which offsets became the group's.
    fn tell_commits(&self, records: &[Arc<GroupRecord>], out: &mut Effects<'_>) {
        let fact = |record: &Arc<GroupRecord>| match &**record {
            GroupRecord::OffsetCommit { tp, offset, by, generation, committed_at, pending: None, .. } => {
                Some(CommittedFact {
                    tp: *tp,
                    offset: *offset,
                    generation: *generation,
                    by: by.map(|member| NodeId(member.client)),
                    accepted_at: *committed_at,
                })
            }
            _ => None,
        };
        let Some(group) = records.first().map(|record| record.group()).filter(|_| out.noted) else { return };
        let commits: Vec<CommittedFact> = records.iter().filter_map(fact).collect();
        if !commits.is_empty() {
            out.note(|| Fact::OffsetsCommitted { group, commits });
        }
    }

    /// Records of the coordinator were not committed.
    pub(super) fn on_group_records_failed(
        &mut self,
        records: &[Arc<GroupRecord>],
        answer: Option<(ReplyTo, Response)>,
        error: ErrorCode,
        out: &mut Effects<'_>,
    ) {
        if let Some((to, response)) = answer {
            let refused = match response {
                Response::JoinGroup(response) => join_refused(error, response.member),
                Response::ConsumerGroupHeartbeat(_) => heartbeat_refused(error),
                Response::ShareGroupHeartbeat(_) => share_heartbeat_refused(error),
                Response::TxnOffsetCommit(_) => Response::TxnOffsetCommit(error),
                _ => Response::OffsetCommit(OffsetCommitResponse { error }),
            };
            self.respond(to, refused, out);
        }
        let mut reload = None;
        for record in records {
            let Some(runtime) = &mut self.runtime else { return };
            match &**record {
                GroupRecord::GroupMetadata { .. } => {
                    let outcome = runtime.groups.on_assignment_failed(record, error);
                    runtime.groups.tell(record.group(), out);
                    self.carry_out(outcome, out);
                }
                GroupRecord::OffsetCommit { .. }
                | GroupRecord::OffsetTombstone { .. }
                | GroupRecord::GroupTombstone { .. } => {}
                _ => reload = Some(record.group()),
            }
        }
        // What was believed ahead of the log is taken back.
        if let Some(group) = reload
            && let Some(tp) = self.group_tp(group)
        {
            let entries = self.group_entries(tp);
            if let Some(runtime) = &mut self.runtime {
                runtime.groups.reload(group, entries, out);
            }
        }
    }
}

/// The answer of the right kind that carries only an error.
fn refusal(request: &Request, error: ErrorCode) -> Response {
    match request {
        Request::JoinGroup(request) => join_refused(error, request.member),
        Request::SyncGroup(_) => sync_refused(error),
        Request::ConsumerGroupHeartbeat(_) => heartbeat_refused(error),
        Request::ShareGroupHeartbeat(_) => share_heartbeat_refused(error),
        Request::LeaveGroup(_) => Response::LeaveGroup(error),
        Request::OffsetCommit(_) => Response::OffsetCommit(OffsetCommitResponse { error }),
        Request::TxnOffsetCommit(_) => Response::TxnOffsetCommit(error),
        Request::OffsetFetch(_) => {
            Response::OffsetFetch(OffsetFetchResponse { error, offsets: Vec::new(), unstable: Vec::new() })
        }
        _ => Response::Heartbeat(error),
    }
}
