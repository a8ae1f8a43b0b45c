//! The share coordinator's requests, from both sides: this broker as the coordinator of share-partitions whose state it
//! keeps in `__share_group_state`, and as the leader or group coordinator that asks another one (`ShareCoordinatorService`,
//! `DefaultStatePersister`).

use super::actor::Broker;
use super::controller_channel::{Asked, Pending};
use super::produce::{DelayedWrite, Waiter};
use super::share_leader::{ATTEMPTS, BACKOFF, Beginning};
use crate::config::{Millis, TopicConfig};
use crate::coordinator::{ReplyTo, ShareStateKey, ShareStateRecord, ShareStateShards, share_state_partition};
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{GroupId, Offset, TopicId, TopicPartition};
use crate::protocol::{
    Channel, CreatableTopic, CreateTopicsRequest, ErrorCode, MessageKind, Request, Response, ShareGroupStateRequest,
    ShareGroupStateResponse, ShareStateRequest,
};
use crate::storage::{Record, RecordBatch, RecordBody};
use std::sync::Arc;

impl Broker {
    /// The partition of `__share_group_state` that holds a share-partition's state.
    pub(super) fn share_state_tp(&self, (group, tp): ShareStateKey) -> Option<TopicPartition> {
        let name = self.group_names.get(group.0 as usize)?;
        let image = self.image()?.topics.get(&TopicId::SHARE_GROUP_STATE)?;
        let partition = share_state_partition(name, tp, image.partitions.len() as i32);
        Some(TopicPartition::new(TopicId::SHARE_GROUP_STATE, partition))
    }

    /// Whether this broker coordinates a share-partition.
    pub fn coordinates_share(&self, key: ShareStateKey) -> bool {
        let led = |tp| self.replicas.get(&tp).is_some_and(|replica| replica.leadership().is_some());
        self.share_state_tp(key).is_some_and(led)
    }

    /// The states of the share-partitions it coordinates.
    pub fn share_states(&self) -> Option<&ShareStateShards> {
        self.runtime.as_ref().map(|runtime| &runtime.share_states)
    }

    /// The first share group of a cluster brings `__share_group_state` into being.
    fn create_share_topic(&mut self, out: &mut Effects<'_>) {
        if self.with_runtime(|runtime| std::mem::replace(&mut runtime.share_topic_requested, true)) {
            return;
        }
        let replicas = self.share.state_topic_replication_factor;
        let config = TopicConfig {
            min_insync_replicas: i32::from(self.share.state_topic_min_isr.min(replicas)),
            segment_bytes: self.share.state_topic_segment_bytes,
            // Records end when the coordinator deletes what its snapshots have replaced, not by age.
            retention_ms: Millis(-1),
            ..TopicConfig::default()
        };
        let topic = CreatableTopic {
            topic: TopicId::SHARE_GROUP_STATE,
            partitions: self.share.state_topic_num_partitions,
            replication_factor: replicas,
            assignment: Vec::new(),
            config: Arc::new(config),
        };
        let request = Request::CreateTopics(Box::new(CreateTopicsRequest { topics: vec![topic] }));
        self.ask_controller(Channel::Controller, request, Asked::ShareTopic, out);
    }

    /// Asks the share coordinator; false when it is not known.
    fn ask_share_coordinator(
        &mut self,
        key: ShareStateKey,
        what: ShareStateRequest,
        number: u64,
        out: &mut Effects<'_>,
    ) -> bool {
        if self.image().is_some_and(|image| !image.topics.contains_key(&TopicId::SHARE_GROUP_STATE)) {
            self.create_share_topic(out);
            return false;
        }
        let node = self.share_state_tp(key).and_then(|tp| {
            let image = self.image()?;
            Some(image.brokers.get(&image.partition(tp)?.leader.some()?)?.node)
        });
        let Some(node) = node else { return false };
        let asked = Asked::ShareState(key, what.kind(), number);
        let request = Request::ShareGroupState(Box::new(ShareGroupStateRequest { group: key.0, tp: key.1, what }));
        let pending = Pending { to: node, sent_at: out.now, what: asked };
        self.ask_broker(node, Channel::ShareState, request, pending, out);
        true
    }

    /// A group coordinated here has new partitions: their state is begun, and where to start is left to
    /// `share.auto.offset.reset`.
    pub(super) fn begin_share_states(&mut self, out: &mut Effects<'_>) {
        if self.share_groups.is_empty() {
            return;
        }
        let wanted = self.with_runtime(|runtime| runtime.groups.take_uninitialized());
        for (group, tp, state_epoch) in wanted {
            let beginning = Beginning { state_epoch, attempts: 0, retry_at: None };
            self.with_runtime(|runtime| {
                runtime.share.get_or_insert_default().beginnings.insert((group, tp), beginning);
            });
            self.begin_share_state((group, tp), out);
        }
    }

    pub(super) fn begin_share_state(&mut self, key: ShareStateKey, out: &mut Effects<'_>) {
        let beginning = self.with_runtime(|runtime| {
            let beginning = runtime.share.as_mut()?.beginnings.get_mut(&key)?;
            beginning.retry_at = None;
            Some(*beginning)
        });
        let Some(beginning) = beginning else { return };
        let what = ShareStateRequest::Initialize { state_epoch: beginning.state_epoch, start_offset: Offset::NONE };
        if !self.ask_share_coordinator(key, what, 0, out) {
            self.on_share_state_answer(
                key,
                MessageKind::InitializeShareGroupState,
                0,
                ShareGroupStateResponse::of(ErrorCode::CoordinatorNotAvailable),
                out,
            );
        }
    }

    fn on_share_begun(&mut self, key: ShareStateKey, error: ErrorCode, out: &mut Effects<'_>) {
        let again = error.is_retriable() && self.coordinates(key.0);
        let pause = BACKOFF;
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        let Some(beginning) = share.beginnings.get_mut(&key) else { return };
        if again && beginning.attempts < ATTEMPTS {
            beginning.retry_at = Some(out.now + pause.after(beginning.attempts, out.rng));
            beginning.attempts += 1;
            return;
        }
        share.beginnings.remove(&key);
        if !self.coordinates(key.0) {
            return;
        }
        let begun = !error.is_error() || error == ErrorCode::FencedStateEpoch;
        let Some(runtime) = &mut self.runtime else { return };
        let outcome = runtime.groups.on_share_state_begun(key.0, key.1, begun, out.now);
        self.carry_out(outcome, out);
    }

    /// Reads the state of a share-partition, or writes its oldest change down, unless the coordinator is being asked.
    pub(super) fn pump_share(&mut self, key: ShareStateKey, out: &mut Effects<'_>) {
        let question = self.with_runtime(|runtime| {
            let led = runtime.share.as_mut()?.partitions.get_mut(&key)?;
            if led.asked || led.retry_at.is_some() {
                return None;
            }
            let question = match (&led.partition, led.writes.front()) {
                (None, _) => (0, ShareStateRequest::Read { leader_epoch: led.leader_epoch }),
                (Some(partition), Some(write)) => (
                    write.number,
                    ShareStateRequest::Write {
                        state_epoch: led.state_epoch,
                        leader_epoch: led.leader_epoch,
                        start_offset: partition.start(),
                        batches: write.batches.clone(),
                    },
                ),
                (Some(_), None) => return None,
            };
            led.asked = true;
            Some(question)
        });
        let Some((number, what)) = question else { return };
        let kind = what.kind();
        if !self.ask_share_coordinator(key, what, number, out) {
            let answer = ShareGroupStateResponse::of(ErrorCode::CoordinatorNotAvailable);
            self.on_share_state_answer(key, kind, number, answer, out);
        }
    }

    pub(super) fn on_share_state_answer(
        &mut self,
        key: ShareStateKey,
        kind: MessageKind,
        number: u64,
        answer: ShareGroupStateResponse,
        out: &mut Effects<'_>,
    ) {
        if kind == MessageKind::InitializeShareGroupState {
            return self.on_share_begun(key, answer.error, out);
        }
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        let Some(led) = share.partitions.get_mut(&key).filter(|led| led.asked) else { return };
        let current = match kind {
            MessageKind::ReadShareGroupState => led.partition.is_none(),
            _ => led.partition.is_some() && led.writes.front().is_some_and(|write| write.number == number),
        };
        if !current {
            // An answer to what an earlier leadership of this broker asked.
            return;
        }
        led.asked = false;
        if answer.error.is_retriable() && answer.error != ErrorCode::FencedLeaderEpoch && led.attempts < ATTEMPTS {
            // Not known, because it is not begun, is worth no patience; a coordinator that cannot be reached is.
            if answer.error != ErrorCode::UnknownTopicOrPartition {
                led.retry_at = Some(out.now + BACKOFF.after(led.attempts, out.rng));
                led.attempts += 1;
                return;
            }
        }
        led.attempts = 0;
        match (kind, answer.error) {
            (MessageKind::ReadShareGroupState, ErrorCode::None) => self.on_share_read(key, &answer, out),
            (MessageKind::ReadShareGroupState, error) => self.drop_share(key, error, out),
            (_, ErrorCode::None) => self.on_share_written(key, number, out),
            (_, ErrorCode::FencedLeaderEpoch | ErrorCode::FencedStateEpoch | ErrorCode::UnknownTopicOrPartition) => {
                // Another broker leads this share-partition: nothing that is known here counts.
                self.drop_share(key, ErrorCode::NotLeaderOrFollower, out);
            }
            (_, error) => self.on_share_write_failed(key, number, error, out),
        }
    }

    /// A request of a leader or of a group coordinator.
    pub(super) fn on_share_state_request(
        &mut self,
        to: ReplyTo,
        request: &ShareGroupStateRequest,
        out: &mut Effects<'_>,
    ) {
        let (key, kind) = ((request.group, request.tp), request.what.kind());
        if !self.coordinates_share(key) {
            let refused = ShareGroupStateResponse::of(ErrorCode::NotCoordinator);
            return self.respond(to, Response::ShareGroupState(kind, Box::new(refused)), out);
        }
        let per_snapshot = self.share.snapshot_update_records_per_snapshot;
        let Some(runtime) = &mut self.runtime else { return };
        let (answer, record) = runtime.share_states.handle(key, &request.what, per_snapshot);
        let answer = Response::ShareGroupState(kind, Box::new(answer));
        let (Some(record), Some(tp)) = (record, self.share_state_tp(key)) else {
            return self.respond(to, answer, out);
        };
        let waiter = Waiter::ShareState { record: record.clone(), answer: (to, answer) };
        let stored = Record { timestamp: out.now.as_millis(), body: RecordBody::ShareState(record) };
        match self.append_as_leader(tp, RecordBatch::new(None, vec![stored]), out) {
            Err(error) => self.fail_waiter(waiter, tp, error, out),
            Ok(appended) => {
                let deadline = out.now + self.share.write_timeout_ms;
                self.park_write(DelayedWrite { deadline, waiter }, &[(tp, appended.required)], out);
                self.after_append(tp, out);
            }
        }
    }

    /// A state could not be committed: what was believed ahead of the log is taken back.
    pub(super) fn on_share_state_failed(
        &mut self,
        record: &ShareStateRecord,
        (to, answer): (ReplyTo, Response),
        error: ErrorCode,
        out: &mut Effects<'_>,
    ) {
        if let Response::ShareGroupState(kind, _) = answer {
            let refused = Box::new(ShareGroupStateResponse::of(error));
            self.respond(to, Response::ShareGroupState(kind, refused), out);
        }
        let Some(tp) = self.share_state_tp(record.key) else { return };
        let records = self.share_records(tp);
        self.with_runtime(|runtime| {
            runtime.share_states.unload(|key| key == record.key);
            for known in records.iter().filter(|known| known.key == record.key) {
                runtime.share_states.replay(known);
            }
        });
    }

    fn share_records(&self, tp: TopicPartition) -> Vec<Arc<ShareStateRecord>> {
        let Some(replica) = self.replicas.get(&tp) else { return Vec::new() };
        let record = |record: &Record| match &record.body {
            RecordBody::ShareState(record) => Some(Arc::clone(record)),
            _ => None,
        };
        replica.log.batches().flat_map(|batch| batch.records.iter()).filter_map(record).collect()
    }

    /// This broker leads a partition of `__share_group_state` now: it reads what it says.
    pub(super) fn load_share_states(&mut self, tp: TopicPartition) {
        let records = self.share_records(tp);
        self.with_runtime(|runtime| {
            for record in &records {
                runtime.share_states.replay(record);
            }
        });
    }

    /// Another broker leads it now.
    pub(super) fn unload_share_states(&mut self, tp: TopicPartition) {
        let states = self.share_states().into_iter().flat_map(ShareStateShards::iter);
        let keys: Vec<ShareStateKey> = states.map(|(key, _)| *key).collect();
        let gone: Vec<ShareStateKey> = keys.into_iter().filter(|key| self.share_state_tp(*key) == Some(tp)).collect();
        self.with_runtime(|runtime| runtime.share_states.unload(|key| gone.contains(&key)));
    }

    /// The state of a share-partition is here: its records can be given out.
    fn on_share_read(&mut self, key: ShareStateKey, answer: &ShareGroupStateResponse, out: &mut Effects<'_>) {
        let (group, tp): (GroupId, TopicPartition) = key;
        let start = match answer.start_offset {
            Offset::NONE => self.first_share_offset(key, out),
            known => known,
        };
        let (broker, log_start) =
            (self.id, self.replicas.get(&tp).map_or(Offset::ZERO, |replica| replica.log.log_start_offset()));
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        let Some(led) = share.partitions.get_mut(&key) else { return };
        let mut partition = crate::share::SharePartition::new(start, &answer.batches);
        partition.advance(log_start);
        let (start, leader_epoch) = (partition.start(), led.leader_epoch);
        led.state_epoch = answer.state_epoch;
        led.partition = Some(partition);
        out.emit(|| Event::SharePartitionLoaded { broker, group, tp, start, leader_epoch });
        self.wake_shares(tp, out);
    }
}
