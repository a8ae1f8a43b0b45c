//! Which transaction of a program each record belongs to, and what became of that transaction: the coordinator's decision,
//! and what the markers in the partitions say. Under the protocol before KIP-890 the two may differ.

use crate::collections::Map;
use crate::ids::{NodeId, ProducerId, RecordId, TopicPartition, TransactionalId};
use std::collections::VecDeque;

/// So many transactions of each program are remembered.
const REMEMBERED: usize = 1_024;

/// One transaction of a program.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Transaction {
    serial: u32,
    /// The number of its first record.
    first: u32,
    /// What the coordinator decided: commit or abort. None while it is open.
    decided: Option<bool>,
    /// A coordinator was replaced, or its log lost records, while this was open: nothing is said about it.
    doubtful: bool,
    /// What the markers say that ended it, by partition.
    marks: Vec<(TopicPartition, bool)>,
    torn: bool,
}

/// A program that writes in transactions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Program {
    id: Option<TransactionalId>,
    /// The newest producer id and epoch it was given.
    epoch: (ProducerId, i16),
    sent: u32,
    begun: u32,
    transactions: VecDeque<Transaction>,
}

/// The place of a transaction: the program, and which of its transactions.
pub(super) type Place = (NodeId, u32);

/// What a reader of committed data must know of a record's transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Committed, or nothing is known that speaks against it.
    Fine,
    /// Nobody has decided yet.
    Open,
    /// It was aborted.
    Aborted,
}

/// The transactions of all programs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Atomic {
    programs: Map<NodeId, Program>,
}

impl Atomic {
    /// Which transactional id a program has from now on.
    pub fn set_id(&mut self, producer: NodeId, id: Option<TransactionalId>) {
        if id.is_some() || self.programs.contains_key(&producer) {
            self.programs.entry(producer).or_default().id = id;
        }
    }

    pub fn obtained(&mut self, producer: NodeId, epoch: (ProducerId, i16)) {
        if let Some(program) = self.programs.get_mut(&producer) {
            program.epoch = epoch;
        }
    }

    pub fn sent(&mut self, record: RecordId) {
        if let Some(program) = self.programs.get_mut(&record.producer()) {
            program.sent = record.number();
        }
    }

    /// A program begins its next transaction: whatever it left undecided before will never be committed.
    pub fn begun(&mut self, producer: NodeId) {
        let Some(program) = self.programs.get_mut(&producer) else { return };
        program.decide(false);
        program.begun += 1;
        let (serial, first) = (program.begun, program.sent + 1);
        let (decided, doubtful, marks, torn) = (None, false, Vec::new(), false);
        program.transactions.push_back(Transaction { serial, first, decided, doubtful, marks, torn });
        if program.transactions.len() > REMEMBERED {
            program.transactions.pop_front();
        }
    }

    /// A program was told how its transaction ended: one that no coordinator knew ends like this.
    pub fn ended(&mut self, producer: NodeId, committed: bool) {
        if let Some(program) = self.programs.get_mut(&producer) {
            program.decide(committed);
        }
    }

    /// The coordinator has decided about whatever is open under a transactional id. Of several programs with this id only
    /// the one with the newest epoch can commit: the others are fenced.
    pub fn decided(&mut self, id: TransactionalId, committed: bool) {
        let same = |program: &&mut Program| program.id == Some(id);
        let newest = self.programs.values_mut().filter(same).map(|program| program.epoch).max();
        for program in self.programs.values_mut().filter(same) {
            program.decide(committed && Some(program.epoch) == newest);
        }
    }

    /// What the coordinators know may differ from what was announced: nothing is said about what is remembered here.
    pub fn doubt(&mut self, only_open: bool) {
        let all = self.programs.values_mut().flat_map(|program| &mut program.transactions);
        for transaction in all.filter(|transaction| !only_open || transaction.decided.is_none()) {
            transaction.doubtful = true;
        }
    }

    fn of(&self, record: RecordId) -> Option<&Transaction> {
        let transactions = &self.programs.get(&record.producer())?.transactions;
        let after = transactions.partition_point(|transaction| transaction.first <= record.number());
        transactions.get(after.checked_sub(1)?)
    }

    /// The transaction a record belongs to.
    pub fn place(&self, record: RecordId) -> Option<Place> {
        self.of(record).map(|transaction| (record.producer(), transaction.serial))
    }

    /// What became of a record's transaction.
    pub fn verdict(&self, record: RecordId) -> Verdict {
        match self.of(record) {
            Some(Transaction { doubtful: false, decided: None, .. }) => Verdict::Open,
            Some(Transaction { doubtful: false, decided: Some(false), .. }) => Verdict::Aborted,
            _ => Verdict::Fine,
        }
    }

    /// A marker in `tp` ended this transaction there. True when it counts in one partition and not in another, once.
    pub fn marked(&mut self, (producer, serial): Place, tp: TopicPartition, committed: bool) -> bool {
        let Some(program) = self.programs.get_mut(&producer) else { return false };
        let Some(found) = program.transactions.iter_mut().find(|known| known.serial == serial) else { return false };
        if !found.marks.contains(&(tp, committed)) {
            found.marks.push((tp, committed));
        }
        let differs = found.marks.iter().any(|(other, how)| *other != tp && *how != committed);
        differs && !found.doubtful && !std::mem::replace(&mut found.torn, true)
    }
}

impl Program {
    fn decide(&mut self, committed: bool) {
        if let Some(last) = self.transactions.back_mut() {
            last.decided.get_or_insert(committed);
        }
    }
}
