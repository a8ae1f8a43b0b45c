//! Acknowledged records that are lost, or back again: announced with what allows it.

use super::guarantee::{Because, Guarantee, Reasons};
use super::guarantees::ProducerTerms;
use super::ledger::Ledger;
use super::promise::Promise;
use crate::config::Acks;
use crate::event::Event;
use crate::ids::*;

impl Ledger {
    /// A producer's settings changed: what it is allowed to lose from now on.
    pub fn set_terms(&mut self, producer: NodeId, terms: ProducerTerms) {
        self.guarding.producers.insert(producer, terms);
    }

    pub(super) fn terms(&self, record: RecordId) -> ProducerTerms {
        let known = self.guarding.producers.get(&record.producer()).copied();
        known.unwrap_or(ProducerTerms { acks: Acks::All, idempotent: false, transactional: false })
    }

    /// An acknowledged record is not in the log of `leader`, or of no log at all.
    pub(super) fn announce_loss(
        &mut self,
        tp: TopicPartition,
        record: RecordId,
        offset: Offset,
        epoch: LeaderEpoch,
    ) -> Event {
        let mut because = Reasons::default();
        let began = self.guarding.began.get(&tp).map(Vec::as_slice).unwrap_or_default();
        let replaced = began.iter().any(|(later, end)| *later > epoch && *end <= offset);
        let committed = !replaced && self.guarding.high.get(&tp).is_some_and(|high| offset < *high);
        match self.terms(record).acks {
            Acks::None => because.add(Because::AcksNone),
            Acks::Leader if !committed => because.add(Because::AcksLeader),
            Acks::Leader | Acks::All => {}
        }
        if self.guarding.unclean.get(&tp).is_some_and(|epochs| epochs.iter().any(|unclean| *unclean > epoch)) {
            because.add(Because::UncleanElection);
        }
        if self.fate(record).is_some_and(|fate| fate.unflushed_lost) {
            because.add(Because::UnflushedLost);
        }
        self.blame_truncation(&mut because);
        self.guarding.lost.entry(tp).or_default().insert(record, (offset, epoch));
        let given_up = Event::GuaranteeGivenUp {
            guarantee: Guarantee::AckedWriteLost,
            tp,
            record: Some(record),
            offset: None,
            group: None,
            back: false,
            because,
        };
        self.give_up(given_up, Promise::LeaderCompleteness)
    }

    /// Followers that truncate by the rules before KIP-279 cut what is committed, or keep what no leader has: the reason for
    /// what nothing else explains.
    pub(super) fn blame_truncation(&self, because: &mut Reasons) {
        if because.is_empty() && self.guarding.truncation.lets_replicas_differ() {
            because.add(Because::TruncationMode);
        }
    }

    /// A record sent with `acks=0` will never be in a log.
    pub(super) fn vanished(&mut self, tp: TopicPartition, record: RecordId, verdicts: &mut Vec<Event>) {
        let stored = self.fate(record).is_some_and(|fate| fate.is_stored() || fate.lost);
        if stored || self.terms(record).acks != Acks::None {
            return;
        }
        self.lose(record, 0);
        verdicts.push(self.announce_loss(tp, record, Offset::NONE, LeaderEpoch::NONE));
    }

    /// A leader begins: what of the lost records it holds is back.
    pub(super) fn announce_return(&mut self, leader: BrokerId, tp: TopicPartition, verdicts: &mut Vec<Event>) {
        let Some(lost) = self.guarding.lost.get(&tp) else { return };
        let back: Vec<(RecordId, (Offset, LeaderEpoch))> =
            lost.iter().filter(|(record, _)| self.holds(leader, **record)).map(|(r, place)| (*r, *place)).collect();
        for (record, (offset, epoch)) in back {
            if let Some(lost) = self.guarding.lost.get_mut(&tp) {
                lost.remove(&record);
            }
            let event = self.announce_loss(tp, record, offset, epoch);
            if let Some(lost) = self.guarding.lost.get_mut(&tp) {
                lost.remove(&record);
            }
            self.found(tp, record, offset, epoch);
            if let Event::GuaranteeGivenUp { guarantee, because, .. } = event {
                let (record, offset, group, back) = (Some(record), None, None, true);
                verdicts.push(Event::GuaranteeGivenUp { guarantee, tp, record, offset, group, back, because });
            }
        }
    }

    /// A broker begins to lead a coordinator's log, and it ends below what was committed. The records are nobody's that was
    /// told so one by one; who relies on them learns that they are gone.
    pub(super) fn announce_coordinator_loss(&mut self, tp: TopicPartition, end: Offset, verdicts: &mut Vec<Event>) {
        let committed = self.guarding.high.get(&tp).copied().unwrap_or_default();
        if !tp.topic.is_internal() || committed <= end {
            return;
        }
        let mut because = Reasons::default();
        if self.guarding.unclean.contains_key(&tp) {
            because.add(Because::UncleanElection);
        }
        if self.guarding.unflushed.contains(&tp) {
            because.add(Because::UnflushedLost);
        }
        self.blame_truncation(&mut because);
        let given_up = Event::GuaranteeGivenUp {
            guarantee: Guarantee::AckedWriteLost,
            tp,
            record: None,
            offset: Some(end),
            group: None,
            back: false,
            because,
        };
        verdicts.push(self.give_up(given_up, Promise::LeaderCompleteness));
    }

    /// Where a leader's log must be compared with what was acknowledged, now that it begins to lead with this end.
    pub(super) fn verify_from(
        &mut self,
        (leader, epoch): (BrokerId, LeaderEpoch),
        tp: TopicPartition,
        end: Offset,
    ) -> Offset {
        let began = self.guarding.began.entry(tp).or_default();
        // An epoch that began further down makes the earlier ones needless.
        began.retain(|(_, known)| *known < end);
        began.push((epoch, end));
        let high = self.guarding.high.entry(tp).or_default();
        *high = (*high).min(end);
        self.guarding.verified.insert((leader, tp), end).unwrap_or(Offset::ZERO)
    }

    /// From `offset` on nothing is known about any replica, or about one.
    pub(super) fn unverify(&mut self, broker: Option<BrokerId>, tp: TopicPartition, offset: Offset) {
        for ((holder, known), verified) in self.guarding.verified.iter_mut() {
            if *known == tp && broker.is_none_or(|broker| broker == *holder) {
                *verified = (*verified).min(offset);
            }
        }
    }
}
