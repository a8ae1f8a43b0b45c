//! The ledger: follows every record from `send` to its end. It costs what an event touches.

use super::chunked::Chunked;
use super::contents::Contents;
use super::fate::{Fate, Verdicts};
use super::guarantees::{Guarding, ProducerTerms};
use super::standstill::Standstill;
use super::totals::{Tally, Totals};
use crate::collections::{Map, Set, SharedMap};
use crate::config::TruncationMode;
use crate::event::{Event, TruncationReason};
use crate::ids::{BrokerId, GroupId, LeaderEpoch, NodeId, Offset, ProducerId, QueueId, RecordId, TopicPartition};
use crate::share::{ShareRecordState, ShareSettled};
use crate::time::Instant;

/// Queues are readers too; their numbers begin here, groups' at 0.
const FIRST_QUEUE: u32 = 1 << 16;

/// A record that was deleted keeps its fate until so many more were sent: a consumer may still be at work on it.
const REMEMBERED: usize = 2_048;

/// Where a batch was appended.
#[derive(Clone, Copy)]
struct Place {
    broker: BrokerId,
    tp: TopicPartition,
    base_offset: Offset,
    epoch: LeaderEpoch,
}

/// What became of every record. Clones share the fates that did not change.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Ledger {
    /// Fates by producer and record number.
    producers: Map<NodeId, Chunked<Fate>>,
    /// Which record stands where, per replica: what a truncation takes away.
    logs: Map<(BrokerId, TopicPartition), Contents>,
    /// Acknowledged records per partition that have not been lost, by offset.
    acked: Map<TopicPartition, SharedMap<(Offset, RecordId), LeaderEpoch>>,
    /// The broker that leads in the newest epoch so far, per partition. A broker that is late with the metadata may for
    /// a moment begin to lead in an older one.
    leaders: Map<TopicPartition, (LeaderEpoch, BrokerId)>,
    /// Committed offset per group and partition.
    pub(super) committed: Map<(GroupId, TopicPartition), Offset>,
    tally: Tally,
    standstill: Standstill,
    pub(super) guarding: Guarding,
    /// Where fates of deleted records lie that may be forgotten soon: the first place of a chunk.
    fading: Set<(NodeId, usize)>,
}

impl Ledger {
    /// An empty ledger of a world with these producers, these readers of committed data, and this way of truncating.
    pub fn new(
        producers: Map<NodeId, ProducerTerms>,
        read_committed: Set<NodeId>,
        truncation: TruncationMode,
    ) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.guarding.producers = producers;
        ledger.guarding.read_committed = read_committed;
        ledger.guarding.truncation = truncation;
        ledger
    }

    /// Whether a consumer reads committed data only.
    pub(super) fn reads_committed(&self, client: NodeId) -> bool {
        self.guarding.read_committed.contains(&client)
    }

    /// Whether a broker leads in the newest epoch so far.
    pub(super) fn leads(&self, tp: TopicPartition, broker: BrokerId, epoch: LeaderEpoch) -> bool {
        self.leaders.get(&tp) == Some(&(epoch, broker))
    }

    /// The sums over all records.
    pub fn totals(&self) -> Totals {
        self.tally.all
    }

    /// The sums over the records of one producer.
    pub fn totals_of_producer(&self, producer: NodeId) -> Totals {
        self.tally.producers.get(&producer).copied().unwrap_or_default()
    }

    /// The sums over the records sent to one partition.
    pub fn totals_of_partition(&self, tp: TopicPartition) -> Totals {
        self.tally.partitions.get(&tp).copied().unwrap_or_default()
    }

    /// The sums over what one group did: delivered, processed, processed again, skipped. The rest is 0.
    pub fn totals_of_group(&self, group: GroupId) -> Totals {
        self.tally.readers.get(&group.0).copied().unwrap_or_default()
    }

    /// The partitions to which anything was sent.
    pub fn partitions(&self) -> impl Iterator<Item = TopicPartition> {
        self.tally.partitions.keys().copied()
    }

    fn count(&mut self, record: RecordId, change: impl Fn(&mut Totals)) {
        let tp = self.fate(record).and_then(|fate| fate.tp);
        self.tally.count(record, tp, change);
    }

    fn count_reading(&mut self, record: RecordId, reader: u32, change: impl Fn(&mut Totals)) {
        let tp = self.fate(record).and_then(|fate| fate.tp);
        self.tally.count_reading(record, tp, reader, change);
    }

    /// How long the partitions of groups stood still.
    pub fn standstill(&self) -> &Standstill {
        &self.standstill
    }

    /// The fate of one record.
    pub fn fate(&self, record: RecordId) -> Option<&Fate> {
        self.producers.get(&record.producer())?.get(record.number().checked_sub(1)? as usize)
    }

    /// The records of one producer with their fates.
    pub fn fates(&self, producer: NodeId) -> impl Iterator<Item = (RecordId, &Fate)> {
        let fates = self.producers.get(&producer).into_iter().flat_map(Chunked::iter);
        fates.map(move |(index, fate)| (RecordId::new(producer, index as u32 + 1), fate))
    }

    /// All records with their fates.
    pub fn all(&self) -> impl Iterator<Item = (RecordId, &Fate)> {
        self.producers.keys().flat_map(|producer| self.fates(*producer))
    }

    /// The number under which a queue's workers appear in [`super::Reading::reader`].
    pub fn queue_reader(queue: QueueId) -> u32 {
        FIRST_QUEUE + queue.0
    }

    pub(super) fn fate_mut(&mut self, record: RecordId) -> &mut Fate {
        let index = record.number().saturating_sub(1) as usize;
        self.producers.entry(record.producer()).or_default().get_mut(index)
    }

    /// Takes an event in; returns the verdicts it seals.
    pub fn observe(&mut self, event: &Event, n: u64, at: Instant) -> Verdicts {
        let mut verdicts = Verdicts::new();
        self.standstill.observe(event, at);
        self.guard(event, &mut verdicts);
        match event {
            Event::RecordSent { record, tp, .. } => {
                self.fate_mut(*record).tp = (*tp != TopicPartition::NONE).then_some(*tp);
                self.count(*record, |totals| totals.sent += 1);
            }
            Event::RecordAcked { record, tp, offset, leader_epoch, .. } => {
                self.acknowledged(*record, *tp, *offset, *leader_epoch, n, &mut verdicts);
            }
            Event::SendFailed { record, maybe_written, .. } => {
                let fate = self.fate_mut(*record);
                fate.refused |= !maybe_written;
                if !fate.failed {
                    fate.failed = true;
                    self.count(*record, |totals| totals.failed += 1);
                }
            }
            Event::RecordsAppended { broker, tp, base_offset, records, producer, as_leader, epoch, .. } => {
                let place = Place { broker: *broker, tp: *tp, base_offset: *base_offset, epoch: *epoch };
                self.appended(place, records, *producer, *as_leader, n, &mut verdicts);
            }
            Event::LogTruncated { broker, tp, to, why, .. } => self.truncated(*broker, *tp, *to, *why),
            Event::LogStartRaised { broker, tp, to, .. } => self.deleted_below(*broker, *tp, *to),
            Event::ReplicaDeleted { broker, tp } => self.replica_deleted(*broker, *tp),
            Event::LogCompacted { broker, tp, gone, .. } => self.compacted(*broker, *tp, gone),
            Event::LeaderActivated { broker, tp, epoch, log_end_offset, .. }
                if self.leaders.get(tp).is_none_or(|(known, _)| known <= epoch) =>
            {
                self.leaders.insert(*tp, (*epoch, *broker));
                self.leader_activated((*broker, *epoch), *tp, *log_end_offset, n, &mut verdicts);
            }
            Event::RecordsPolled { group, records, .. } => {
                for (_, record) in records {
                    self.delivered(*record, group.0);
                }
            }
            Event::ShareRecordsPolled { group, records, .. } => {
                for (_, record) in records {
                    self.delivered(*record, group.0);
                }
            }
            Event::RecordsSettled { broker, group, tp, first, last, state, why, .. }
                if *state == ShareRecordState::Archived && *why != ShareSettled::Gap =>
            {
                let place = (*broker, *tp);
                self.share_archived(place, *group, (*first, *last), *why == ShareSettled::Rejected, n, &mut verdicts);
            }
            Event::RecordProcessed { group, tp, offset, record, .. } => {
                let times = self.processed(*record, group.0);
                if times > 1 {
                    let (record, group, tp, offset) = (*record, *group, *tp, *offset);
                    verdicts.push(Event::RecordReprocessed { record, group, tp, offset, times });
                }
            }
            Event::RecordDerived { from, record, .. } => self.fate_mut(*record).from = Some(*from),
            Event::OffsetCommitted { group, tp, offset, .. } => {
                self.committed.insert((*group, *tp), *offset);
            }
            Event::PositionSet { group, tp, to, .. } => self.position_set(*group, *tp, *to, n, &mut verdicts),
            Event::EffectApplied { record, times, .. } => {
                self.fate_mut(*record).effects = *times;
                self.count(*record, |totals| totals.effects_repeated += u64::from(*times > 1));
            }
            Event::QueueStored { record, .. } => self.queued(*record),
            Event::QueueDelivered { queue, record, .. } => self.delivered(*record, Ledger::queue_reader(*queue)),
            Event::QueueProcessed { queue, record, .. } => {
                self.processed(*record, Ledger::queue_reader(*queue));
            }
            Event::QueueLost { record, .. } => {
                let fate = self.fate_mut(*record);
                let acked = fate.acked.is_some();
                if std::mem::take(&mut fate.queued) {
                    self.count(*record, |totals| totals.stored -= 1);
                }
                if acked {
                    self.lose(*record, n);
                }
            }
            _ => {}
        }
        verdicts
    }

    fn acknowledged(
        &mut self,
        record: RecordId,
        tp: TopicPartition,
        offset: Offset,
        epoch: LeaderEpoch,
        n: u64,
        verdicts: &mut Verdicts,
    ) {
        let fate = self.fate_mut(record);
        if fate.acked.is_some() {
            return;
        }
        fate.acked = Some(offset);
        self.count(record, |totals| totals.acked += 1);
        if offset < Offset::ZERO {
            return;
        }
        // The answer may arrive after another broker has begun to lead without the record.
        match self.leaders.get(&tp).copied() {
            Some((_, leader)) if !self.holds(leader, record) => {
                self.lose(record, n);
                verdicts.push(Event::AckedRecordLost { record, tp, offset, leader });
                verdicts.push(self.announce_loss(tp, record, offset, epoch));
            }
            _ => {
                self.count_on(tp, record, offset, epoch);
                self.guard_order(tp, record, offset, verdicts);
            }
        }
    }

    /// From now on leaders must hold this record.
    fn count_on(&mut self, tp: TopicPartition, record: RecordId, offset: Offset, epoch: LeaderEpoch) {
        self.acked.entry(tp).or_default().insert((offset, record), epoch);
        self.unverify(None, tp, offset);
    }

    /// A lost record is in the log of a leader again.
    pub(super) fn found(&mut self, tp: TopicPartition, record: RecordId, offset: Offset, epoch: LeaderEpoch) {
        if std::mem::take(&mut self.fate_mut(record).lost) {
            self.count(record, |totals| totals.lost -= 1);
        }
        if offset >= Offset::ZERO {
            self.count_on(tp, record, offset, epoch);
        }
    }

    /// What the log of a broker holds from an offset on.
    pub(super) fn contents(&self, broker: BrokerId, tp: TopicPartition, from: Offset) -> Vec<(Offset, RecordId)> {
        let Some(log) = self.logs.get(&(broker, tp)) else { return Vec::new() };
        log.starting_at(from).copied().collect()
    }

    /// The broker that leads, if this is the newest epoch so far.
    pub(super) fn leader_in(&self, tp: TopicPartition, epoch: LeaderEpoch) -> Option<BrokerId> {
        self.leaders.get(&tp).filter(|(known, _)| *known == epoch).map(|(_, leader)| *leader)
    }

    /// The record at an offset of a broker's log.
    pub(super) fn record_at(&self, broker: BrokerId, tp: TopicPartition, offset: Offset) -> Option<RecordId> {
        self.logs.get(&(broker, tp))?.at(offset)
    }

    /// The first record between two offsets in the log of the present leader.
    pub(super) fn first_readable(&self, tp: TopicPartition, from: Offset, to: Offset) -> Option<Offset> {
        let (_, leader) = self.leaders.get(&tp)?;
        self.logs.get(&(*leader, tp))?.first_between(from, to)
    }

    pub(super) fn holds(&self, broker: BrokerId, record: RecordId) -> bool {
        self.fate(record).is_some_and(|fate| fate.copies.iter().any(|(holder, _)| *holder == broker))
    }

    fn queued(&mut self, record: RecordId) {
        let fate = self.fate_mut(record);
        if std::mem::replace(&mut fate.queued, true) {
            if !std::mem::replace(&mut fate.stored_twice, true) {
                self.count(record, |totals| totals.stored_twice += 1);
            }
        } else {
            self.count(record, |totals| totals.stored += 1);
        }
    }

    fn delivered(&mut self, record: RecordId, reader: u32) {
        let reading = self.fate_mut(record).reading(reader);
        reading.delivered += 1;
        let first = reading.delivered == 1;
        if first {
            self.count_reading(record, reader, |totals| totals.delivered += 1);
        }
    }

    fn processed(&mut self, record: RecordId, reader: u32) -> u32 {
        let reading = self.fate_mut(record).reading(reader);
        reading.processed += 1;
        let (times, was_skipped) = (reading.processed, std::mem::take(&mut reading.skipped));
        if was_skipped {
            self.count_reading(record, reader, |totals| totals.skipped -= 1);
        }
        match times {
            1 => self.count_reading(record, reader, |totals| totals.processed += 1),
            _ => self.count_reading(record, reader, |totals| totals.processed_again += 1),
        }
        times
    }

    fn appended(
        &mut self,
        place: Place,
        records: &[RecordId],
        producer: Option<(ProducerId, i16)>,
        as_leader: bool,
        n: u64,
        verdicts: &mut Verdicts,
    ) {
        let Place { broker, tp, base_offset, epoch } = place;
        if records.is_empty() {
            return;
        }
        // A leader that does not know yet that it was replaced appends what will never be committed.
        if as_leader && self.leads(tp, broker, epoch) {
            self.guard_append(tp, base_offset, records, verdicts);
        }
        self.logs.entry((broker, tp)).or_default().insert(base_offset, records);
        for (index, record) in records.iter().enumerate() {
            let offset = base_offset + index as i64;
            let fate = self.fate_mut(*record);
            let twice = fate.copies.iter().any(|(holder, other)| *holder == broker && *other != offset);
            let fresh = !fate.is_stored();
            let before = *fate.stamp.get_or_insert(producer);
            // There are as many copies as replicas, not twice as many: it counts with a hundred thousand records.
            fate.copies.reserve_exact(1);
            fate.copies.push((broker, offset));
            let first_repeat = twice && !std::mem::replace(&mut fate.stored_twice, true);
            // Nobody will say so, but a record sent without acknowledgement counts from now on.
            let silent = as_leader && fate.acked == Some(Offset::NONE) && !fate.lost;
            if fresh {
                self.count(*record, |totals| totals.stored += 1);
            }
            if first_repeat {
                self.count(*record, |totals| totals.stored_twice += 1);
            }
            if first_repeat && as_leader {
                self.fate_mut(*record).sealed_by = n;
                verdicts.push(Event::RecordDuplicated { record: *record, tp, offset });
            }
            if twice && as_leader {
                verdicts.push(self.announce_duplicate(tp, *record, offset, before, producer));
            }
            if silent {
                self.count_on(tp, *record, offset, epoch);
            }
        }
    }

    fn truncated(&mut self, broker: BrokerId, tp: TopicPartition, to: Offset, why: TruncationReason) {
        self.unverify(Some(broker), tp, to);
        let Some(log) = self.logs.get_mut(&(broker, tp)) else { return };
        for (offset, record) in log.truncate(to) {
            self.fate_mut(record).unflushed_lost |= why.loses_unflushed();
            self.remove_copy(record, broker, offset);
        }
    }

    /// A broker has given its replica up, with all that was in it. If it led, its successor is asked for what it has
    /// acknowledged, also when the word of that comes later.
    fn replica_deleted(&mut self, broker: BrokerId, tp: TopicPartition) {
        if self.leaders.get(&tp).is_some_and(|(_, leader)| *leader == broker) {
            self.leaders.remove(&tp);
        }
        self.unverify(Some(broker), tp, Offset::ZERO);
        let gone = self.contents(broker, tp, Offset::ZERO);
        self.logs.remove(&(broker, tp));
        for (offset, record) in gone {
            self.remove_copy(record, broker, offset);
        }
    }

    fn remove_copy(&mut self, record: RecordId, broker: BrokerId, offset: Offset) {
        let fate = self.fate_mut(record);
        let before = fate.is_stored();
        fate.copies.retain(|copy| *copy != (broker, offset));
        let gone = before && !fate.is_stored();
        if gone {
            self.count(record, |totals| totals.stored -= 1);
        }
    }

    /// A topic's policy or a person has deleted what lies below: nobody has to hold it any more. What stood where is kept
    /// for a while, for a reader who comes too late.
    fn deleted_below(&mut self, broker: BrokerId, tp: TopicPartition, to: Offset) {
        if let Some(acked) = self.acked.get_mut(&tp) {
            for ((offset, record), _) in acked.split_below(&(to, RecordId(0))) {
                self.fate_mut(record).deleted = true;
                self.remove_copy(record, broker, offset);
            }
        }
        let Some(log) = self.logs.get_mut(&(broker, tp)) else { return };
        for (offset, record) in log.raise_start(to) {
            self.remove_copy(record, broker, offset);
            self.fade(record);
        }
        self.guarding.forget_below(tp, to);
        self.forget_fates();
    }

    /// Forgets records that were deleted long ago and of which there is nothing to tell: a log with a retention may run
    /// for ever. Their sums stay.
    fn forget_fates(&mut self) {
        let producers = &mut self.producers;
        self.fading.retain(|(producer, first)| {
            let Some(fates) = producers.get_mut(producer) else { return false };
            let is_late = first + REMEMBERED < fates.len();
            !(is_late && fates.forget_chunk(*first, |fate| fate.is_over()))
        });
    }

    /// A later record with the same key has replaced these, or their keys are to be forgotten.
    fn compacted(&mut self, broker: BrokerId, tp: TopicPartition, gone: &[Offset]) {
        let Some(log) = self.logs.get_mut(&(broker, tp)) else { return };
        let mut records = Vec::new();
        for offset in gone {
            if let Some(record) = log.at(*offset) {
                records.push((record, *offset));
                log.remove(*offset);
            }
        }
        for (record, offset) in records {
            if let Some(acked) = self.acked.get_mut(&tp) {
                acked.remove(&(offset, record));
            }
            self.fate_mut(record).deleted = true;
            self.remove_copy(record, broker, offset);
            self.fade(record);
        }
        self.forget_fates();
    }

    /// This record was deleted: its fate may be forgotten some time.
    fn fade(&mut self, record: RecordId) {
        self.fading.insert((record.producer(), Chunked::<Fate>::chunk_of(record.number() as usize - 1)));
    }

    /// A leader begins with what it has: acknowledged records that are not in its log are lost.
    fn leader_activated(
        &mut self,
        (leader, epoch): (BrokerId, LeaderEpoch),
        tp: TopicPartition,
        end: Offset,
        n: u64,
        verdicts: &mut Verdicts,
    ) {
        self.announce_coordinator_loss(tp, end, verdicts);
        self.announce_return(leader, tp, verdicts);
        let from = self.verify_from((leader, epoch), tp, end);
        self.guard_contents(leader, tp, from, verdicts);
        let Some(acked) = self.acked.get(&tp) else { return };
        let missing: Vec<((Offset, RecordId), LeaderEpoch)> = acked
            .starting_at(&(from, RecordId(0)))
            .filter(|((_, record), _)| !self.holds(leader, *record))
            .map(|(place, epoch)| (*place, *epoch))
            .collect();
        for ((offset, record), epoch) in missing {
            if let Some(acked) = self.acked.get_mut(&tp) {
                acked.remove(&(offset, record));
            }
            self.lose(record, n);
            verdicts.push(Event::AckedRecordLost { record, tp, offset, leader });
            verdicts.push(self.announce_loss(tp, record, offset, epoch));
        }
    }

    pub(super) fn lose(&mut self, record: RecordId, n: u64) {
        let fate = self.fate_mut(record);
        if !std::mem::replace(&mut fate.lost, true) {
            fate.sealed_by = n;
            self.count(record, |totals| totals.lost += 1);
        }
    }

    /// A share group gives records up: those nobody in it has processed are passed over.
    fn share_archived(
        &mut self,
        (broker, tp): (BrokerId, TopicPartition),
        group: GroupId,
        (first, last): (Offset, Offset),
        rejected: bool,
        n: u64,
        verdicts: &mut Verdicts,
    ) {
        for offset in (first.0..=last.0).map(Offset) {
            let Some(record) = self.record_at(broker, tp, offset) else { continue };
            let fate = self.fate_mut(record);
            let reading = fate.reading(group.0);
            if reading.processed > 0 || std::mem::replace(&mut reading.skipped, true) {
                continue;
            }
            fate.sealed_by = n;
            self.count_reading(record, group.0, |totals| totals.skipped += 1);
            verdicts.push(Event::RecordSkipped { record, group, tp, offset });
            verdicts.push(super::guarantees::given_up_by_share(group, tp, offset, record, rejected));
        }
    }

    /// A group's member begins at `to`: acknowledged records below that nobody in the group has processed are passed over.
    fn position_set(&mut self, group: GroupId, tp: TopicPartition, to: Offset, n: u64, verdicts: &mut Verdicts) {
        // A group that never committed starts where `auto.offset.reset` says: nothing was promised to it.
        if self.committed.get(&(group, tp)).is_none_or(|committed| *committed < to) {
            return;
        }
        let Some(acked) = self.acked.get(&tp) else { return };
        let unprocessed = |record: &RecordId| {
            self.fate(*record).is_some_and(|fate| {
                fate.readings.iter().any(|r| r.reader == group.0 && r.processed == 0 && r.delivered > 0 && !r.skipped)
            })
        };
        let passed: Vec<(Offset, RecordId)> = acked
            .below(&(to, RecordId(0)))
            .rev()
            .take(1_000)
            .filter(|((_, record), _)| unprocessed(record))
            .map(|(place, _)| *place)
            .collect();
        for (offset, record) in passed.into_iter().rev() {
            let fate = self.fate_mut(record);
            fate.reading(group.0).skipped = true;
            fate.sealed_by = n;
            self.count_reading(record, group.0, |totals| totals.skipped += 1);
            verdicts.push(Event::RecordSkipped { record, group, tp, offset });
        }
    }
}
