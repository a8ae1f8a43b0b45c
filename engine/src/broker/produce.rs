//! Produce: append on the leader, and wait for the in-sync replicas when `acks=all` (`ReplicaManager.appendRecords`).

use super::actor::Broker;
use crate::collections::Map;
use crate::config::{Acks, TimestampType, TopicConfig};
use crate::coordinator::{GroupRecord, ReplyTo, ShareStateRecord, TransactionRecord};
use crate::effect::Effects;
use crate::event::Event;
use crate::fact::Fact;
use crate::ids::{GroupId, LeaderEpoch, Offset, ProducerId, TopicPartition};
use crate::planted::{Planted, planted};
use crate::protocol::{
    ErrorCode, PartitionProduceResponse, ProduceRequest, ProduceResponse, Response, WriteTxnMarkersResponse,
};
use crate::replication::Replica;
use crate::storage::{AppendVerdict, ProducerStamp, Record, RecordBatch, RecordBody, Verification};
use crate::time::Instant;
use std::sync::Arc;

/// A write that waits until the high watermark has passed it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct DelayedWrite {
    /// When it is given up.
    pub deadline: Instant,
    /// What waits.
    pub waiter: Waiter,
}

/// Who waits for a write.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Waiter {
    /// A producer; partitions still missing are counted.
    Producer { to: ReplyTo, acks: Acks, missing: u32, response: ProduceResponse },
    /// The group coordinator of this broker.
    Coordinator { group: GroupId, records: Vec<Arc<GroupRecord>>, answer: Option<(ReplyTo, Response)> },
    /// The transaction coordinator of this broker.
    Transaction { record: Arc<TransactionRecord>, answer: Option<(ReplyTo, Response)> },
    /// The share coordinator of this broker.
    ShareState { record: Arc<ShareStateRecord>, answer: (ReplyTo, Response) },
    /// A marker in a partition of `__consumer_offsets`: with it the transaction's offsets count, or are dropped.
    Offsets { producer: ProducerId, committed: bool },
    /// A transaction coordinator that sent markers; partitions still missing are counted.
    Markers { to: ReplyTo, missing: u32, response: WriteTxnMarkersResponse },
}

/// What became of one append.
pub(super) struct Appended {
    pub base_offset: Offset,
    /// The offset the high watermark must reach.
    pub required: Offset,
}

impl Broker {
    pub(super) fn on_produce(&mut self, to: ReplyTo, request: ProduceRequest, out: &mut Effects<'_>) {
        if !self.verify_produce(to, &request, out) {
            self.produce(to, request, &Map::new(), out);
        }
    }

    /// Appends what can be. `verdicts` hold the transaction coordinator's word on partitions that were verified, with the
    /// guard they were verified under.
    pub(super) fn produce(
        &mut self,
        to: ReplyTo,
        request: ProduceRequest,
        verdicts: &Map<TopicPartition, (ErrorCode, u64)>,
        out: &mut Effects<'_>,
    ) {
        let mut response = ProduceResponse { partitions: Vec::with_capacity(request.batches.len()) };
        let mut required = Vec::new();
        for (tp, batch) in request.batches {
            let ids = batch.records.clone();
            let verdict = match verdicts.get(&tp) {
                Some((error, _)) if error.is_error() => Err(*error),
                known => {
                    let verification = match batch.producer.filter(|_| batch.transactional) {
                        Some(stamp) => self.verification_of(tp, stamp.id, known.map(|(_, guard)| *guard), request.v2),
                        None => Verification::Off,
                    };
                    self.append_clients(tp, batch, request.acks == Acks::All, verification, out)
                }
            };
            if verdict.is_err() && request.acks == Acks::None {
                let records = ids.iter().filter_map(|record| record.id()).collect();
                out.emit(|| Event::SendVanished { tp, records });
            }
            let (error, base_offset) = match verdict {
                Ok(appended) => {
                    required.push((tp, appended.required));
                    (ErrorCode::None, appended.base_offset)
                }
                Err(error) => (error, Offset::NONE),
            };
            let current_leader = if error == ErrorCode::NotLeaderOrFollower { self.known_leader(tp) } else { None };
            let leader_epoch = self.replicas.get(&tp).map_or(LeaderEpoch::NONE, |replica| replica.leader_epoch);
            let log_start_offset =
                self.replicas.get(&tp).map_or(Offset::NONE, |replica| replica.log.log_start_offset());
            let answer =
                PartitionProduceResponse { tp, error, base_offset, leader_epoch, log_start_offset, current_leader };
            response.partitions.push(answer);
        }
        for (tp, _) in &required {
            self.after_append(*tp, out);
        }
        let acks = request.acks;
        let open: Vec<(TopicPartition, Offset)> =
            required.into_iter().filter(|(tp, offset)| self.is_open(*tp, *offset, acks)).collect();
        if open.is_empty() {
            return self.answer_produce(to, acks, response, out);
        }
        let waiter = Waiter::Producer { to, acks, missing: open.len() as u32, response };
        if acks == Acks::All {
            self.park_write(DelayedWrite { deadline: out.now + request.timeout, waiter }, &open, out);
        } else {
            self.await_fsync(waiter, &open);
        }
    }

    /// Whether an append that ends at `offset` cannot be answered yet: the high watermark has to pass it, or an fsync
    /// that `flush.messages` asked for is under way.
    fn is_open(&self, tp: TopicPartition, offset: Offset, acks: Acks) -> bool {
        let Some(replica) = self.replicas.get(&tp) else { return acks == Acks::All };
        let held = replica.leadership().is_some_and(|leadership| leadership.waiting.is_held(offset));
        let uncommitted =
            acks == Acks::All && replica.high_watermark < offset && !planted(Planted::AckBeforeHighWatermark);
        held || uncommitted
    }

    /// A produce request is done. With `acks=0` there is no answer, but the connection takes the next request now.
    pub(super) fn answer_produce(&mut self, to: ReplyTo, acks: Acks, response: ProduceResponse, out: &mut Effects<'_>) {
        if acks != Acks::None {
            self.respond(to, Response::Produce(Box::new(response)), out);
        } else if response.partitions.iter().any(|answer| answer.error.is_error()) {
            // Nobody waits for an answer: all that can tell of a failure is the end of the connection.
            self.hang_up(to, out);
        } else {
            self.release(to);
        }
    }

    /// Appends a client's batch, or says why not. Nothing is written on error.
    fn append_clients(
        &mut self,
        tp: TopicPartition,
        batch: RecordBatch,
        needs_isr: bool,
        verification: Verification,
        out: &mut Effects<'_>,
    ) -> Result<Appended, ErrorCode> {
        let broker = self.id;
        if tp.topic.is_internal() {
            return Err(ErrorCode::InvalidTopicException);
        }
        self.may_append(tp, &batch, needs_isr, out.now)?;
        let batch = self.recompress(tp, batch)?;
        if batch.producer.is_some()
            && let Some(replica) = self.replicas.get(&tp)
        {
            match replica.log.producers().check(&batch, verification) {
                AppendVerdict::Append => {}
                AppendVerdict::Duplicate { base_offset, last_offset } => {
                    out.emit(|| Event::DuplicateRecognised { broker, tp, base_offset });
                    return Ok(Appended { base_offset, required: last_offset + 1 });
                }
                AppendVerdict::Refuse(error) => return Err(error),
            }
        }
        self.store_as_leader(tp, batch, out)
    }

    /// The topic's `compression.type` has the last word (`LogValidator`); what it makes larger may be too large then.
    fn recompress(&self, tp: TopicPartition, batch: RecordBatch) -> Result<RecordBatch, ErrorCode> {
        let Some(replica) = self.replicas.get(&tp) else { return Ok(batch) };
        let target = replica.config.compression_type.target(batch.codec());
        if target == batch.codec() {
            return Ok(batch);
        }
        let batch = batch.compressed(target, replica.config.compression_gzip_level);
        let fits = i64::from(batch.size_in_bytes) <= i64::from(replica.config.max_message_bytes);
        if fits { Ok(batch) } else { Err(ErrorCode::MessageTooLarge) }
    }

    /// Appends a batch of a coordinator on this broker: it needs the in-sync replicas, and its order is its own affair.
    pub(super) fn append_as_leader(
        &mut self,
        tp: TopicPartition,
        batch: RecordBatch,
        out: &mut Effects<'_>,
    ) -> Result<Appended, ErrorCode> {
        self.may_append(tp, &batch, true, out.now)?;
        self.store_as_leader(tp, batch, out)
    }

    fn may_append(
        &self,
        tp: TopicPartition,
        batch: &RecordBatch,
        needs_isr: bool,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        let replica = self.replicas.get(&tp).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let leadership = replica.leadership().ok_or(ErrorCode::NotLeaderOrFollower)?;
        if needs_isr && leadership.isr.committed.len() < replica.effective_min_isr() {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        validate(batch, &replica.config, now)
    }

    /// Writes a batch that has passed its checks.
    pub(super) fn store_as_leader(
        &mut self,
        tp: TopicPartition,
        mut batch: RecordBatch,
        out: &mut Effects<'_>,
    ) -> Result<Appended, ErrorCode> {
        let broker = self.id;
        if self.disk.full {
            return Err(self.disk_failed(out));
        }
        let replica = self.replicas.get_mut(&tp).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if replica.config.message_timestamp_type == TimestampType::LogAppendTime {
            batch.log_append_time = true;
            batch.max_timestamp = out.now.as_millis();
        }
        if let Some(runtime) = &mut self.runtime {
            runtime.appends += 1;
        }
        let runtime_sessions = self.runtime.as_deref().map(|runtime| &runtime.sessions);
        note_idle_followers(replica, runtime_sessions);
        if let Some(stamp) = batch.producer.filter(|_| batch.transactional)
            && let Some(leadership) = replica.leadership_mut()
        {
            leadership.verifying.remove(&stamp.id);
        }
        let epoch = replica.leader_epoch;
        let records = batch.records.clone();
        let producer = batch.producer.map(|stamp| (stamp.id, stamp.epoch));
        let base_offset = replica.log.append_as_leader(batch, epoch);
        if let Some(batch) = replica.log.active().last().cloned() {
            out.note(|| Fact::Appended { broker, tp, batch, as_leader: true });
        }
        out.emit(|| Event::RecordsAppended {
            broker,
            tp,
            base_offset,
            records: records.iter().filter_map(|record| record.id()).collect(),
            count: records.len() as u32,
            end: base_offset + records.len() as i64,
            epoch,
            producer,
            as_leader: true,
        });
        Ok(Appended { base_offset, required: base_offset + records.len() as i64 })
    }

    /// What a longer log sets in motion: fsync, a high watermark that only this broker has to reach, waiting fetches.
    /// Where `flush.messages` asks for an fsync, all else waits until it is done (`UnifiedLog.append`).
    pub(super) fn after_append(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        if !self.flush_after_append(tp, out) {
            self.try_advance(tp, out);
            self.answer_fetches_of(tp, out);
        }
    }

    /// Raises the high watermark if it can be, and lets those go who waited for it.
    pub(super) fn try_advance(&mut self, tp: TopicPartition, out: &mut Effects<'_>) -> bool {
        let (broker, lag_max) = (self.id, self.config.replica_lag_time_max_ms.span());
        let strict = self.features.strict_min_isr;
        let Some(runtime) = &self.runtime else { return false };
        let Some(replica) = self.replicas.get_mut(&tp) else { return false };
        let now = out.now;
        let Some(from) =
            replica.advance_high_watermark(now, lag_max, strict, |other| Broker::is_eligible(runtime, other))
        else {
            return false;
        };
        let to = replica.high_watermark;
        out.emit(|| Event::HighWatermarkAdvanced { broker, tp, from, to, as_leader: true });
        let too_few = replica.leadership().is_some_and(|l| l.isr.maximal_len() < replica.effective_min_isr());
        let done = replica.leadership_mut().map(|leadership| leadership.waiting.take_committed(to)).unwrap_or_default();
        let error = if too_few { ErrorCode::NotEnoughReplicasAfterAppend } else { ErrorCode::None };
        for id in done {
            self.pass_delayed(id, tp, error, out);
        }
        self.mark_session_dirty(tp);
        true
    }

    /// Writes records of a group coordinated here, with a `producer` as part of its transaction; the answer leaves when
    /// they are committed.
    pub(super) fn write_group_records(
        &mut self,
        group: GroupId,
        records: Vec<Arc<GroupRecord>>,
        producer: Option<ProducerStamp>,
        answer: Option<(ReplyTo, Response)>,
        out: &mut Effects<'_>,
    ) {
        let Some(tp) = self.group_tp(group) else { return };
        let timestamp = out.now.as_millis();
        let batch = RecordBatch::new(
            producer,
            records
                .iter()
                .map(|record| crate::storage::Record {
                    timestamp,
                    body: crate::storage::RecordBody::Group(record.clone()),
                })
                .collect(),
        );
        let batch = RecordBatch { transactional: producer.is_some(), ..batch };
        let waiter = Waiter::Coordinator { group, records, answer };
        match self.append_as_leader(tp, batch, out) {
            Err(error) => self.fail_waiter(waiter, tp, error, out),
            Ok(appended) => {
                // `offsets.commit.timeout.ms`
                let deadline = out.now + crate::time::Duration::from_millis(5_000);
                self.park_write(DelayedWrite { deadline, waiter }, &[(tp, appended.required)], out);
                self.after_append(tp, out);
            }
        }
    }
}

/// What a leader checks of a batch before anything else (`LogValidator`, `UnifiedLog.analyzeAndValidateRecords`). One bad
/// record fails the whole batch.
fn validate(batch: &RecordBatch, config: &TopicConfig, now: Instant) -> Result<(), ErrorCode> {
    if i64::from(batch.size_in_bytes) > i64::from(config.max_message_bytes) {
        return Err(ErrorCode::MessageTooLarge);
    }
    if batch.check().is_err() {
        return Err(ErrorCode::CorruptMessage);
    }
    if i64::from(batch.size_in_bytes) > i64::from(config.segment_bytes) {
        return Err(ErrorCode::RecordListTooLarge);
    }
    if batch.is_control() {
        return Ok(());
    }
    let now = now.as_millis() as i64;
    let keyless = |record: &Record| matches!(&record.body, RecordBody::User { key: None, .. });
    if config.cleanup_policy.compact && batch.records.iter().any(keyless) {
        return Err(ErrorCode::InvalidRecord);
    }
    if config.message_timestamp_type == TimestampType::CreateTime {
        let limit = config.message_timestamp_before_max_ms;
        let too_old = |record: &Record| now - record.timestamp as i64 > limit;
        if batch.max_timestamp as i64 - now > config.message_timestamp_after_max_ms
            || (limit < i64::MAX && batch.records.iter().any(too_old))
        {
            return Err(ErrorCode::InvalidTimestamp);
        }
    }
    Ok(())
}

/// Idle followers fetch without naming partitions they have all of. Before the log grows, what their last fetch said
/// about this partition is written down, so that the lag clock starts at the right moment.
fn note_idle_followers(
    replica: &mut Replica,
    sessions: Option<&crate::collections::Map<crate::ids::BrokerId, super::fetch::FollowerSession>>,
) {
    let end = replica.log.log_end_offset();
    let Some(sessions) = sessions else { return };
    let Some(leadership) = replica.leadership_mut() else { return };
    for (follower, progress) in &mut leadership.followers {
        if progress.log_end_offset == Some(end)
            && let Some(session) = sessions.get(follower)
        {
            progress.last_caught_up = progress.last_caught_up.max(session.last_fetch);
            progress.last_fetch = progress.last_fetch.max(session.last_fetch);
            progress.last_fetch_leader_end = progress.last_fetch_leader_end.max(end);
        }
    }
}
