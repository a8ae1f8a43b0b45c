//! A reader of committed data gets records of committed transactions only, a transaction that is complete has its marker
//! in every partition it wrote to, it counts everywhere or nowhere, and somebody will end it.
//!
//! Before KIP-890 a write or a marker that is late touches the producer's next transaction, or opens one that nobody
//! knows of: then a guarantee is given up. With verification and the epochs of version 2 it would be a defect.
//!
//! Simplified: nothing is said of a transaction that was open while its coordinator was replaced.

use super::super::guarantee::{Because, Guarantee, Reasons};
use super::super::ledger::Ledger;
use super::super::promise::Promise;
use super::atomic::{Atomic, Place, Verdict};
use super::shaken;
use crate::collections::{Map, Set};
use crate::event::{Event, TransactionState};
use crate::ids::{GroupId, NodeId, Offset, ProducerId, RecordId, TopicPartition, TransactionalId};
use crate::sim::TRANSACTION_TOPIC;

/// What is open in one partition under one producer id.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Open {
    /// The transactions whose records it holds.
    of: Set<Place>,
    /// Whether it was announced that nobody will end it.
    hangs: bool,
}

/// What is known of each producer's transactions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Transactions {
    /// Whether brokers follow the protocol before KIP-890.
    old: bool,
    atomic: Atomic,
    /// Where each marker stands and what it says.
    markers: Map<(TopicPartition, ProducerId), Map<Offset, bool>>,
    /// Below, logs were deleted, and what is known of their markers with them.
    kept_from: Map<TopicPartition, Offset>,
    /// Partitions with records that have no marker yet.
    open: Map<ProducerId, Map<TopicPartition, Open>>,
    /// The partitions of the transaction that is open, as the coordinator says; none when none is. Absent while nobody
    /// knows, and while markers are being written.
    joined: Map<ProducerId, Set<TopicPartition>>,
    /// Records of whose early or wrong reading was told.
    told: Set<RecordId>,
    /// Partitions that lost records, and with them perhaps markers.
    shaken: Set<TopicPartition>,
}

impl Transactions {
    /// Brokers follow the protocol before KIP-890, or one of its two parts is missing.
    pub fn follow_old_protocol(&mut self) {
        self.old = true;
    }

    /// Which transactional id a program has from now on.
    pub fn set_id(&mut self, producer: NodeId, id: Option<TransactionalId>) {
        self.atomic.set_id(producer, id);
    }

    /// Takes in an event; adds what it breaks or gives up to `verdicts`.
    pub fn check(&mut self, event: &Event, ledger: &Ledger, verdicts: &mut Vec<Event>) {
        match event {
            Event::ProducerIdObtained { producer, id, epoch } | Event::ProducerEpochBumped { producer, id, epoch } => {
                self.atomic.obtained(*producer, (*id, *epoch));
            }
            Event::RecordSent { record, .. } => self.atomic.sent(*record),
            Event::TransactionBegun { producer, .. } => self.atomic.begun(*producer),
            Event::TransactionEnded { producer, committed, .. } => self.atomic.ended(*producer, *committed),
            Event::RecordsAppended { broker, tp, records, producer: Some((id, _)), epoch, as_leader: true, .. } => {
                let transactional = records.first().is_some_and(|record| ledger.terms(*record).transactional);
                if transactional && ledger.leads(*tp, *broker, *epoch) {
                    self.appended(*id, *tp, records, verdicts);
                }
            }
            Event::MarkerWritten { tp, id, committed, offset, .. } => {
                self.markers.entry((*tp, *id)).or_default().insert(*offset, *committed);
                let Some(ended) = self.open.get_mut(id).and_then(|open| open.remove(tp)) else { return };
                let torn = ended.of.iter().any(|place| self.atomic.marked(*place, *tp, *committed));
                if torn && !self.shaken.contains(tp) {
                    let what = (Guarantee::TornTxn, Promise::TornTransaction);
                    verdicts.push(self.give_up(what, *tp, None, Some(*offset), None));
                }
            }
            Event::LogStartRaised { tp, to, .. } => self.forget_below(*tp, *to),
            Event::TopicDeleted { topic } => {
                self.open.values_mut().for_each(|open| open.retain(|tp, _| tp.topic != *topic));
                self.markers.retain(|(tp, _), _| tp.topic != *topic);
            }
            Event::TransactionStateChanged { state, transactional, id, partitions, .. } => {
                self.joined.remove(id);
                match state {
                    TransactionState::PrepareCommit => self.atomic.decided(*transactional, true),
                    TransactionState::PrepareAbort => self.atomic.decided(*transactional, false),
                    TransactionState::Ongoing | TransactionState::Empty => {
                        self.joined.insert(*id, partitions.iter().copied().collect());
                    }
                    // The program may have begun its next transaction when the last one is complete.
                    TransactionState::CompleteCommit | TransactionState::CompleteAbort => self.completed(*id, verdicts),
                }
            }
            Event::RecordsPolled { client, group, tp, records, .. } => {
                self.read(*client, *group, *tp, records, ledger, verdicts);
            }
            // Its successor may know of states that were written and never announced.
            Event::LeaderActivated { tp, .. } if tp.topic == TRANSACTION_TOPIC => {
                self.joined.clear();
                self.atomic.doubt(true);
            }
            Event::BrokerConfigChanged { name, value, .. }
                if name == "transaction.partition.verification.enable" && value == "false" =>
            {
                self.old = true;
            }
            event => {
                let lost = shaken(event);
                if lost.is_some_and(|tp| tp.topic == TRANSACTION_TOPIC) {
                    self.joined.clear();
                    self.atomic.doubt(false);
                }
                self.shaken.extend(lost);
            }
        }
    }

    fn appended(&mut self, id: ProducerId, tp: TopicPartition, records: &[RecordId], verdicts: &mut Vec<Event>) {
        let open = self.open.entry(id).or_default().entry(tp).or_default();
        open.of.extend(records.iter().filter_map(|record| self.atomic.place(*record)));
        let stranger = self.joined.get(&id).is_some_and(|joined| !joined.contains(&tp));
        let hangs = self.old && stranger && !self.shaken.contains(&tp);
        if hangs && !std::mem::replace(&mut open.hangs, true) {
            let what = (Guarantee::HangingTransaction, Promise::TornTransaction);
            verdicts.push(self.give_up(what, tp, records.first().copied(), None, None));
        }
    }

    /// The coordinator says that every partition has its marker: what is open there still, nobody will end.
    fn completed(&mut self, id: ProducerId, verdicts: &mut Vec<Event>) {
        self.joined.insert(id, Set::new());
        let Some(open) = self.open.get_mut(&id) else { return };
        let mut left = Vec::new();
        for (tp, open) in open.iter_mut() {
            if !self.shaken.contains(tp) && !std::mem::replace(&mut open.hangs, true) {
                left.push(*tp);
            }
        }
        for tp in left {
            let what = (Guarantee::HangingTransaction, Promise::TornTransaction);
            verdicts.push(self.give_up(what, tp, None, None, None));
        }
    }

    fn forget_below(&mut self, tp: TopicPartition, to: Offset) {
        let kept = self.kept_from.entry(tp).or_default();
        *kept = (*kept).max(to);
        for ((known, _), markers) in self.markers.iter_mut() {
            if *known == tp {
                *markers = markers.split_off(&to);
            }
        }
    }

    fn read(
        &mut self,
        client: NodeId,
        group: GroupId,
        tp: TopicPartition,
        records: &[(Offset, RecordId)],
        ledger: &Ledger,
        verdicts: &mut Vec<Event>,
    ) {
        if self.shaken.contains(&tp) || !ledger.reads_committed(client) {
            return;
        }
        let kept = self.kept_from.get(&tp).copied().unwrap_or_default();
        let mut unsettled = false;
        for (offset, record) in records.iter().filter(|(offset, _)| *offset >= kept) {
            let stamp = ledger.fate(*record).and_then(|fate| fate.stamp).flatten();
            let Some((id, _)) = stamp.filter(|_| ledger.terms(*record).transactional) else { continue };
            let marker = self.markers.get(&(tp, id)).and_then(|markers| markers.starting_at(offset).next());
            unsettled |= marker.is_none_or(|(_, committed)| !*committed);
            let guarantee = match self.atomic.verdict(*record) {
                Verdict::Fine => continue,
                Verdict::Open => Guarantee::PrecommittedRead,
                Verdict::Aborted => Guarantee::AbortedRead,
            };
            if self.told.insert(*record) {
                let what = (guarantee, Promise::ReadCommittedSeesNoAborted);
                verdicts.push(self.give_up(what, tp, Some(*record), Some(*offset), Some(group)));
            }
        }
        if unsettled {
            let promise = Promise::ReadCommittedSeesNoAborted;
            verdicts.push(Event::PromiseBroken { promise, tp: Some(tp), broker: None, group: None });
        }
    }

    /// The older protocol allows it; any other does not.
    fn give_up(
        &self,
        (guarantee, otherwise): (Guarantee, Promise),
        tp: TopicPartition,
        record: Option<RecordId>,
        offset: Option<Offset>,
        group: Option<GroupId>,
    ) -> Event {
        if !self.old {
            return Event::PromiseBroken { promise: otherwise, tp: Some(tp), broker: None, group };
        }
        let because = Reasons::of(&[Because::OldTransactions]);
        Event::GuaranteeGivenUp { guarantee, tp, record, offset, group, back: false, because }
    }
}
