//! When a guarantee is given up, and by what: announced once for each thing, with the reason the configuration allows it
//! for. Where no reason is found, a promise is broken.

use super::chunked::Chunked;
use super::guarantee::{Because, Guarantee, Reasons};
use super::ledger::Ledger;
use super::promise::Promise;
use crate::collections::{Map, Set};
use crate::config::{Acks, TruncationMode};
use crate::event::{Event, PositionReason, StopKind};
use crate::ids::*;

/// How far below a record an earlier one that overtook it is looked for.
const REORDER_WINDOW: u32 = 100_000;

/// What a client is allowed to lose.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProducerTerms {
    /// `acks`.
    pub acks: Acks,
    /// Whether the producer is idempotent.
    pub idempotent: bool,
    /// Whether it has a `transactional.id`.
    pub transactional: bool,
}

/// Why a member's position stands where it does, until something read again has been announced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Start {
    because: Reasons,
    /// A seek is the user's wish.
    wished: bool,
}

/// What the announcements need to remember beside the ledger.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Guarding {
    pub producers: Map<NodeId, ProducerTerms>,
    /// Consumers with `isolation.level=read_committed`.
    pub read_committed: Set<NodeId>,
    /// How followers find where their log parts from the leader's.
    pub truncation: TruncationMode,
    /// Epochs that began with an unclean election.
    pub(super) unclean: Map<TopicPartition, Vec<LeaderEpoch>>,
    /// Coordinators' logs that lost records on some disk.
    pub(super) unflushed: Set<TopicPartition>,
    /// The highest watermark of the leaders so far, as far as the present leader's log reaches.
    pub(super) high: Map<TopicPartition, Offset>,
    /// Where leaders began, by epoch: what an earlier epoch has from there on, no later watermark speaks of.
    pub(super) began: Map<TopicPartition, Vec<(LeaderEpoch, Offset)>>,
    /// Below, a replica is known to hold every acknowledged record.
    pub(super) verified: Map<(BrokerId, TopicPartition), Offset>,
    /// Lost records that may come back, with the offset they were acknowledged at.
    pub(super) lost: Map<TopicPartition, Map<RecordId, (Offset, LeaderEpoch)>>,
    /// The last number and the highest offset that were acknowledged.
    order: Map<(NodeId, TopicPartition), (u32, Offset)>,
    /// Who last owned a partition for a group, and whether it died with it.
    owners: Map<(GroupId, TopicPartition), (NodeId, bool)>,
    starts: Map<(NodeId, TopicPartition), Start>,
    /// Below, a group has read everything, or was told that it will not; and whether a truncation moved it back.
    passed: Map<(GroupId, TopicPartition), (Offset, bool)>,
    /// Below, records were given to some consumer.
    given_to: Map<TopicPartition, Offset>,
    /// What a group was given last at each offset.
    had: Map<(GroupId, TopicPartition), Chunked<RecordId>>,
    changed: Set<(TopicPartition, Offset)>,
    /// The highest offset a share group has processed, and whether it was told that it goes without order.
    shared: Map<(GroupId, TopicPartition), (Offset, bool)>,
}

impl Guarding {
    /// The record some group was given at an offset.
    fn given_at(&self, tp: TopicPartition, offset: Offset) -> Option<RecordId> {
        let of_tp = self.had.iter().filter(|((_, known), _)| *known == tp);
        of_tp.filter_map(|(_, had)| had.get(usize::try_from(offset.0).ok()?)).copied().find(|record| record.0 != 0)
    }

    /// Nobody can be given anything below `to` any more.
    pub(super) fn forget_below(&mut self, tp: TopicPartition, to: Offset) {
        for ((_, known), had) in self.had.iter_mut() {
            if *known == tp {
                had.forget_below(usize::try_from(to.0).unwrap_or(0));
            }
        }
    }
}

impl Ledger {
    pub(super) fn give_up(&self, given_up: Event, otherwise: Promise) -> Event {
        match given_up {
            Event::GuaranteeGivenUp { tp, because, .. } if because.is_empty() => {
                Event::PromiseBroken { promise: otherwise, tp: Some(tp), broker: None, group: None }
            }
            other => other,
        }
    }

    /// What an event means for the guarantees, beyond what the ledger sees by itself.
    pub(super) fn guard(&mut self, event: &Event, verdicts: &mut Vec<Event>) {
        match event {
            Event::LeaderElected { tp, epoch, unclean: true, .. } => {
                self.guarding.unclean.entry(*tp).or_default().push(*epoch);
            }
            Event::HighWatermarkAdvanced { tp, to, as_leader: true, .. } => {
                let high = self.guarding.high.entry(*tp).or_default();
                *high = (*high).max(*to);
            }
            Event::LogTruncated { tp, why, .. } if tp.topic.is_internal() && why.loses_unflushed() => {
                self.guarding.unflushed.insert(*tp);
            }
            Event::NodeStopped { node, how } => {
                for owner in self.guarding.owners.values_mut().filter(|owner| owner.0 == *node) {
                    owner.1 = *how != StopKind::Graceful;
                }
            }
            Event::RecordsPolled { client, group, tp, records, position } => {
                self.guard_poll(*client, *group, *tp, records, *position, verdicts);
            }
            Event::ShareRecordsPolled { group, tp, records, delivery_count, .. } if *delivery_count > 1 => {
                verdicts.push(Event::GuaranteeGivenUp {
                    guarantee: Guarantee::ReRead,
                    tp: *tp,
                    record: None,
                    offset: records.first().map(|(offset, _)| *offset),
                    group: Some(*group),
                    back: false,
                    because: Reasons::of(&[Because::Redelivery]),
                });
            }
            Event::SharePartitionLoaded { group, tp, .. } => {
                self.guarding.shared.entry((*group, *tp)).or_insert((Offset::NONE, false));
            }
            Event::RecordProcessed { group, tp, offset, record, .. } => {
                let Some((highest, told)) = self.guarding.shared.get_mut(&(*group, *tp)) else { return };
                let late = *offset < *highest;
                *highest = (*highest).max(*offset);
                if late && !std::mem::replace(told, true) {
                    verdicts.push(Event::GuaranteeGivenUp {
                        guarantee: Guarantee::ProcessedOutOfOrder,
                        tp: *tp,
                        record: Some(*record),
                        offset: Some(*offset),
                        group: Some(*group),
                        back: false,
                        because: Reasons::of(&[Because::ShareGroup]),
                    });
                }
            }
            Event::PositionSet { client, group, tp, to, why } => {
                self.guard_position(*client, *group, *tp, *to, *why, verdicts);
            }
            Event::SendVanished { tp, records } => {
                for record in records {
                    self.vanished(*tp, *record, verdicts);
                }
            }
            _ => {}
        }
    }

    /// A leader appended a record it already has elsewhere in its log.
    pub(super) fn announce_duplicate(
        &self,
        tp: TopicPartition,
        record: RecordId,
        offset: Offset,
        before: Option<(ProducerId, i16)>,
        now: Option<(ProducerId, i16)>,
    ) -> Event {
        let because = match (before, now) {
            (Some(before), Some(now)) if before.0 != now.0 => Reasons::of(&[Because::NewSession]),
            (Some(before), Some(now)) if before.1 != now.1 => Reasons::of(&[Because::ProducerEpochBump]),
            (Some(_), Some(_)) => Reasons::default(),
            _ => Reasons::of(&[Because::NoIdempotence]),
        };
        let given_up = Event::GuaranteeGivenUp {
            guarantee: Guarantee::Duplicate,
            tp,
            record: Some(record),
            offset: Some(offset),
            group: None,
            back: false,
            because,
        };
        self.give_up(given_up, Promise::ProducerSequenceContiguous)
    }

    /// A leader appended at `base`: what was given to consumers at these offsets is replaced.
    pub(super) fn guard_append(
        &mut self,
        tp: TopicPartition,
        base: Offset,
        records: &[RecordId],
        verdicts: &mut Vec<Event>,
    ) {
        for ((_, known), (passed, moved_back)) in self.guarding.passed.iter_mut() {
            if *known == tp && *passed > base {
                (*passed, *moved_back) = (base, true);
            }
        }
        self.guard_reads(tp, base, records, verdicts);
    }

    /// A broker begins to lead with what it has from `from` on.
    pub(super) fn guard_contents(
        &mut self,
        leader: BrokerId,
        tp: TopicPartition,
        from: Offset,
        verdicts: &mut Vec<Event>,
    ) {
        if self.guarding.given_to.get(&tp).is_some_and(|given_to| *given_to > from) {
            for (offset, record) in self.contents(leader, tp, from) {
                self.guard_reads(tp, offset, &[record], verdicts);
            }
        }
    }

    /// These records stand at these offsets now: what was given to consumers there must be the same.
    fn guard_reads(&mut self, tp: TopicPartition, base: Offset, records: &[RecordId], verdicts: &mut Vec<Event>) {
        if self.guarding.given_to.get(&tp).is_none_or(|given_to| *given_to <= base) {
            return;
        }
        for (index, record) in records.iter().enumerate() {
            let offset = base + index as i64;
            let Some(replaced) = self.guarding.given_at(tp, offset).filter(|given| given != record) else { continue };
            if !self.guarding.changed.insert((tp, offset)) {
                continue;
            }
            let mut because = Reasons::default();
            if self.guarding.unclean.contains_key(&tp) {
                because.add(Because::UncleanElection);
            }
            if self.fate(replaced).is_some_and(|fate| fate.unflushed_lost) {
                because.add(Because::UnflushedLost);
            }
            self.blame_truncation(&mut because);
            let given_up = Event::GuaranteeGivenUp {
                guarantee: Guarantee::ReadChanged,
                tp,
                record: None,
                offset: Some(offset),
                group: None,
                back: false,
                because,
            };
            verdicts.push(self.give_up(given_up, Promise::ConsistentRead));
        }
    }

    /// Two acknowledged records of one producer stand in the wrong order.
    pub(super) fn guard_order(
        &mut self,
        tp: TopicPartition,
        record: RecordId,
        offset: Offset,
        verdicts: &mut Vec<Event>,
    ) {
        let producer = record.producer();
        let number = record.number();
        let (last, highest) = self.guarding.order.get(&(producer, tp)).copied().unwrap_or((0, Offset::NONE));
        let in_order = number > last && offset > highest;
        self.guarding.order.insert((producer, tp), (last.max(number), highest.max(offset)));
        if in_order {
            return;
        }
        let stands = |ledger: &Ledger, other: u32| {
            let fate = ledger.fate(RecordId::new(producer, other))?;
            let known = fate.acked.filter(|offset| *offset >= Offset::ZERO)?;
            (fate.tp == Some(tp) && !fate.lost).then_some(known)
        };
        // Each record that stands too late, with one that was sent after it and overtook it.
        let mut behind = Vec::new();
        let overtook = (number + 1..=last).find(|other| stands(self, *other).is_some_and(|known| known < offset));
        behind.extend(overtook.map(|other| (record, RecordId::new(producer, other))));
        if offset < highest {
            let first = number.saturating_sub(REORDER_WINDOW).max(1);
            let overtaken = (first..number).filter(|other| stands(self, *other).is_some_and(|known| known > offset));
            behind.extend(overtaken.map(|other| (RecordId::new(producer, other), record)));
        }
        for (record, other) in behind {
            let because = self.why_reordered(record, other);
            if std::mem::replace(&mut self.fate_mut(record).reordered, true) {
                continue;
            }
            let given_up = Event::GuaranteeGivenUp {
                guarantee: Guarantee::Reordered,
                tp,
                record: Some(record),
                offset: None,
                group: None,
                back: false,
                because,
            };
            verdicts.push(self.give_up(given_up, Promise::NonmonotonicSend));
        }
    }

    /// Why `record` could be overtaken by `other`. A leader that does not know a producer takes any first sequence
    /// (KIP-360): so a batch sent after a change of leader can go before those still under way to the old leader. They are
    /// refused until the producer bumps its epoch.
    fn why_reordered(&self, record: RecordId, other: RecordId) -> Reasons {
        if !self.terms(record).idempotent {
            return Reasons::of(&[Because::NoIdempotence]);
        }
        let stamp = |record: RecordId| self.fate(record).and_then(|fate| fate.stamp).flatten();
        match (stamp(record), stamp(other)) {
            (Some(late), Some(early)) if late.0 != early.0 => Reasons::of(&[Because::NewSession]),
            (Some(late), Some(early)) if late.1 > early.1 => Reasons::of(&[Because::ProducerEpochBump]),
            _ => Reasons::default(),
        }
    }

    fn guard_poll(
        &mut self,
        client: NodeId,
        group: GroupId,
        tp: TopicPartition,
        records: &[(Offset, RecordId)],
        position: Offset,
        verdicts: &mut Vec<Event>,
    ) {
        let given = self.guarding.given_to.entry(tp).or_default();
        *given = (*given).max(position);
        let had = self.guarding.had.entry((group, tp)).or_default();
        let mut again = None;
        for (offset, record) in records {
            let known = had.get_mut(usize::try_from(offset.0).unwrap_or(0));
            if std::mem::replace(known, *record) == *record && again.is_none() {
                again = Some(*offset);
            }
        }
        if let Some(offset) = again
            && let Some(start) = self.guarding.starts.remove(&(client, tp))
            && !start.wished
        {
            verdicts.push(Event::GuaranteeGivenUp {
                guarantee: Guarantee::ReRead,
                tp,
                record: None,
                offset: Some(offset),
                group: Some(group),
                back: false,
                because: start.because,
            });
        }
        let (passed, moved_back) = self.guarding.passed.get(&(group, tp)).copied().unwrap_or_default();
        if let Some((first, _)) = records.first()
            && moved_back
            && *first > passed
            && let Some(skipped) = self.first_readable(tp, passed, *first)
        {
            verdicts.push(skip(group, tp, skipped, Reasons::of(&[Because::Truncation])));
        }
        self.guarding.passed.insert((group, tp), (passed.max(position), moved_back && passed >= position));
    }

    fn guard_position(
        &mut self,
        client: NodeId,
        group: GroupId,
        tp: TopicPartition,
        to: Offset,
        why: PositionReason,
        verdicts: &mut Vec<Event>,
    ) {
        let owner = self.guarding.owners.insert((group, tp), (client, false));
        let mut because = Reasons::default();
        match why {
            PositionReason::Committed => {
                if self.committed.get(&(group, tp)).is_some_and(|committed| to < *committed) {
                    because.add(Because::CommitLost);
                } else if owner.is_some_and(|(_, died)| died) {
                    because.add(Because::ClientCrash);
                } else {
                    because.add(Because::Rebalance);
                }
            }
            PositionReason::ResetEarliest | PositionReason::ResetLatest | PositionReason::ResetByDuration => {
                because.add(Because::Reset);
            }
            PositionReason::Truncation => because.add(Because::Truncation),
            PositionReason::Seek => {}
        }
        let wished = why == PositionReason::Seek;
        self.guarding.starts.insert((client, tp), Start { because, wished });
        let (passed, moved_back) = self.guarding.passed.get(&(group, tp)).copied().unwrap_or_default();
        if to <= passed {
            return;
        }
        self.guarding.passed.insert((group, tp), (to, false));
        let Some(first) = self.first_readable(tp, passed, to).filter(|_| !wished) else { return };
        let mut because = Reasons::default();
        match why {
            PositionReason::ResetLatest | PositionReason::ResetByDuration => because.add(Because::ResetLatest),
            PositionReason::ResetEarliest => because.add(Because::Retention),
            PositionReason::Committed | PositionReason::Seek | PositionReason::Truncation => {}
        }
        if moved_back {
            because.add(Because::Truncation);
        }
        verdicts.push(self.give_up(skip(group, tp, first, because), Promise::PollSkip));
    }
}

/// A share group will never process a record: it was rejected, or delivered as often as it may.
pub(super) fn given_up_by_share(
    group: GroupId,
    tp: TopicPartition,
    offset: Offset,
    record: RecordId,
    rejected: bool,
) -> Event {
    let because = Reasons::of(&[if rejected { Because::Rejected } else { Because::DeliveryLimit }]);
    let (guarantee, record, offset) = (Guarantee::Skipped, Some(record), Some(offset));
    Event::GuaranteeGivenUp { guarantee, tp, record, offset, group: Some(group), back: false, because }
}

fn skip(group: GroupId, tp: TopicPartition, offset: Offset, because: Reasons) -> Event {
    Event::GuaranteeGivenUp {
        guarantee: Guarantee::Skipped,
        tp,
        record: None,
        offset: Some(offset),
        group: Some(group),
        back: false,
        because,
    }
}
