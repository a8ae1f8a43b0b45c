//! The ledger: follows every record from `send` to its end. It costs what an event touches.

use super::fate::{Fate, Verdicts};
use crate::collections::Map;
use crate::event::{Event, TruncationReason};
use crate::ids::{BrokerId, GroupId, LeaderEpoch, NodeId, Offset, QueueId, RecordId, TopicPartition};
use std::sync::Arc;

/// Queues are readers too; their numbers begin here, groups' at 0.
const FIRST_QUEUE: u32 = 1 << 16;
/// Fates per shared chunk.
const CHUNK: usize = 64;

/// The records of one replica's log by the base offset of their batch.
type Contents = Map<Offset, Arc<[RecordId]>>;

/// Sums over all records.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(missing_docs, reason = "see view::LedgerView, which shows them")]
pub struct Totals {
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
    pub stored: u64,
    pub delivered: u64,
    pub processed: u64,
    pub lost: u64,
    pub stored_twice: u64,
    pub processed_again: u64,
    pub skipped: u64,
    pub effects_repeated: u64,
}

/// What became of every record. Clones share the fates that did not change.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Ledger {
    /// Fates by producer and record number.
    producers: Map<NodeId, Vec<Arc<Vec<Fate>>>>,
    /// Which record stands where, per replica: what a truncation takes away.
    logs: Map<(BrokerId, TopicPartition), Contents>,
    /// Acknowledged records per partition that have not been lost, by offset.
    acked: Map<TopicPartition, Map<Offset, RecordId>>,
    /// The broker that leads in the newest epoch so far, per partition. A broker that restarts may for a moment
    /// believe in an older one.
    leaders: Map<TopicPartition, (LeaderEpoch, BrokerId)>,
    /// Committed offset per group and partition.
    committed: Map<(GroupId, TopicPartition), Offset>,
    totals: Totals,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(_topics: usize) -> Ledger {
        Ledger::default()
    }

    /// The sums.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The fate of one record.
    pub fn fate(&self, record: RecordId) -> Option<&Fate> {
        let index = record.number().checked_sub(1)? as usize;
        self.producers.get(&record.producer())?.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// The records of one producer with their fates.
    pub fn fates(&self, producer: NodeId) -> impl Iterator<Item = (RecordId, &Fate)> {
        let fates = self.producers.get(&producer).into_iter().flatten().flat_map(|chunk| chunk.iter());
        fates.enumerate().map(move |(index, fate)| (RecordId::new(producer, index as u32 + 1), fate))
    }

    /// All records with their fates.
    pub fn all(&self) -> impl Iterator<Item = (RecordId, &Fate)> {
        self.producers.keys().flat_map(|producer| self.fates(*producer))
    }

    /// The number under which a queue's workers appear in [`super::Reading::reader`].
    pub fn queue_reader(queue: QueueId) -> u32 {
        FIRST_QUEUE + queue.0
    }

    fn fate_mut(&mut self, record: RecordId) -> &mut Fate {
        let index = record.number().saturating_sub(1) as usize;
        let chunks = self.producers.entry(record.producer()).or_default();
        while chunks.len() <= index / CHUNK {
            chunks.push(Arc::new(vec![Fate::default(); CHUNK]));
        }
        &mut Arc::make_mut(&mut chunks[index / CHUNK])[index % CHUNK]
    }

    /// Takes an event in; returns the verdicts it seals.
    pub fn observe(&mut self, event: &Event, n: u64) -> Verdicts {
        let mut verdicts = Verdicts::new();
        match event {
            Event::RecordSent { record, tp, .. } => {
                self.totals.sent += 1;
                self.fate_mut(*record).tp = (*tp != TopicPartition::NONE).then_some(*tp);
            }
            Event::RecordAcked { record, tp, offset, .. } => self.acknowledged(*record, *tp, *offset, n, &mut verdicts),
            Event::SendFailed { record, .. } => {
                let fate = self.fate_mut(*record);
                if !fate.failed {
                    fate.failed = true;
                    self.totals.failed += 1;
                }
            }
            Event::RecordsAppended { broker, tp, base_offset, records, as_leader, .. } => {
                self.appended(*broker, *tp, *base_offset, records, *as_leader, n, &mut verdicts);
            }
            Event::LogTruncated { broker, tp, to, why, .. } => self.truncated(*broker, *tp, *to, *why),
            Event::LeaderActivated { broker, tp, epoch, log_end_offset, .. }
                if self.leaders.get(tp).is_none_or(|(known, _)| known <= epoch) =>
            {
                self.leaders.insert(*tp, (*epoch, *broker));
                self.leader_activated(*broker, *tp, *log_end_offset, n, &mut verdicts);
            }
            Event::RecordsPolled { group, records, .. } => {
                for (_, record) in records {
                    self.delivered(*record, group.0);
                }
            }
            Event::RecordProcessed { group, tp, offset, record, .. } => {
                let times = self.processed(*record, group.0);
                if times > 1 {
                    let (record, group, tp, offset) = (*record, *group, *tp, *offset);
                    verdicts.push(Event::RecordReprocessed { record, group, tp, offset, times });
                }
            }
            Event::OffsetCommitted { group, tp, offset, .. } => {
                self.committed.insert((*group, *tp), *offset);
            }
            Event::PositionSet { group, tp, to, .. } => self.position_set(*group, *tp, *to, n, &mut verdicts),
            Event::EffectApplied { record, times, .. } => {
                self.fate_mut(*record).effects = *times;
                self.totals.effects_repeated += u64::from(*times > 1);
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
                    self.totals.stored -= 1;
                }
                if acked {
                    self.lose(*record, n);
                }
            }
            _ => {}
        }
        verdicts
    }

    fn acknowledged(&mut self, record: RecordId, tp: TopicPartition, offset: Offset, n: u64, verdicts: &mut Verdicts) {
        let fate = self.fate_mut(record);
        if fate.acked.is_some() {
            return;
        }
        fate.acked = Some(offset);
        self.totals.acked += 1;
        if offset < Offset::ZERO {
            return;
        }
        // The answer may arrive after another broker has begun to lead without the record.
        match self.leaders.get(&tp).copied() {
            Some((_, leader)) if !self.holds(leader, record) => {
                self.lose(record, n);
                verdicts.push(Event::AckedRecordLost { record, tp, offset, leader });
            }
            _ => {
                self.acked.entry(tp).or_default().insert(offset, record);
            }
        }
    }

    fn holds(&self, broker: BrokerId, record: RecordId) -> bool {
        self.fate(record).is_some_and(|fate| fate.copies.iter().any(|(holder, _)| *holder == broker))
    }

    fn queued(&mut self, record: RecordId) {
        let fate = self.fate_mut(record);
        if std::mem::replace(&mut fate.queued, true) {
            if !std::mem::replace(&mut fate.stored_twice, true) {
                self.totals.stored_twice += 1;
            }
        } else {
            self.totals.stored += 1;
        }
    }

    fn delivered(&mut self, record: RecordId, reader: u32) {
        let reading = self.fate_mut(record).reading(reader);
        reading.delivered += 1;
        let first = reading.delivered == 1;
        self.totals.delivered += u64::from(first);
    }

    fn processed(&mut self, record: RecordId, reader: u32) -> u32 {
        let reading = self.fate_mut(record).reading(reader);
        reading.processed += 1;
        let (times, was_skipped) = (reading.processed, std::mem::take(&mut reading.skipped));
        if was_skipped {
            self.totals.skipped -= 1;
        }
        match times {
            1 => self.totals.processed += 1,
            _ => self.totals.processed_again += 1,
        }
        times
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one event")]
    fn appended(
        &mut self,
        broker: BrokerId,
        tp: TopicPartition,
        base_offset: Offset,
        records: &[RecordId],
        as_leader: bool,
        n: u64,
        verdicts: &mut Verdicts,
    ) {
        if records.is_empty() {
            return;
        }
        self.logs.entry((broker, tp)).or_default().insert(base_offset, records.into());
        for (index, record) in records.iter().enumerate() {
            let offset = base_offset + index as i64;
            let fate = self.fate_mut(*record);
            let twice = fate.copies.iter().any(|(holder, other)| *holder == broker && *other != offset);
            let fresh = !fate.is_stored();
            fate.copies.push((broker, offset));
            let first_repeat = twice && !std::mem::replace(&mut fate.stored_twice, true);
            self.totals.stored += u64::from(fresh);
            self.totals.stored_twice += u64::from(first_repeat);
            if first_repeat && as_leader {
                self.fate_mut(*record).sealed_by = n;
                verdicts.push(Event::RecordDuplicated { record: *record, tp, offset });
            }
        }
    }

    fn truncated(&mut self, broker: BrokerId, tp: TopicPartition, to: Offset, _why: TruncationReason) {
        let Some(log) = self.logs.get_mut(&(broker, tp)) else { return };
        let gone = log.split_off(&to);
        for (base_offset, records) in gone {
            for (index, record) in records.iter().enumerate() {
                let offset = base_offset + index as i64;
                let fate = self.fate_mut(*record);
                fate.copies.retain(|copy| *copy != (broker, offset));
                self.totals.stored -= u64::from(!self.fate(*record).is_some_and(Fate::is_stored));
            }
        }
    }

    /// A leader begins with what it has: acknowledged records beyond its log are lost.
    fn leader_activated(&mut self, leader: BrokerId, tp: TopicPartition, end: Offset, n: u64, verdicts: &mut Verdicts) {
        let Some(acked) = self.acked.get(&tp) else { return };
        // Logs agree below the end of the shorter one, so only the tail can be missing; a few more are looked at
        // because after an unclean election they may not agree.
        let from = Offset((end.0 - 64).max(0));
        let missing: Vec<(Offset, RecordId)> = acked
            .starting_at(&from)
            .filter(|(_, record)| !self.holds(leader, **record))
            .map(|(offset, record)| (*offset, *record))
            .collect();
        for (offset, record) in missing {
            if let Some(acked) = self.acked.get_mut(&tp) {
                acked.remove(&offset);
            }
            self.lose(record, n);
            verdicts.push(Event::AckedRecordLost { record, tp, offset, leader });
        }
    }

    fn lose(&mut self, record: RecordId, n: u64) {
        let fate = self.fate_mut(record);
        if !std::mem::replace(&mut fate.lost, true) {
            fate.sealed_by = n;
            self.totals.lost += 1;
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
            .below(&to)
            .rev()
            .take(1_000)
            .filter(|(_, record)| unprocessed(record))
            .map(|(offset, record)| (*offset, *record))
            .collect();
        for (offset, record) in passed.into_iter().rev() {
            let fate = self.fate_mut(record);
            fate.reading(group.0).skipped = true;
            fate.sealed_by = n;
            self.totals.skipped += 1;
            verdicts.push(Event::RecordSkipped { record, group, tp, offset });
        }
    }
}
