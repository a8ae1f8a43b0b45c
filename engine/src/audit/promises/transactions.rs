//! A reader of committed data gets records of committed transactions only, and a transaction that is complete has its
//! marker in every partition it wrote to.

use super::super::ledger::Ledger;
use super::super::promise::Promise;
use super::shaken;
use crate::collections::{Map, Set};
use crate::event::{Event, TransactionState};
use crate::ids::{NodeId, Offset, ProducerId, RecordId, TopicPartition};

/// What is known of each producer's transactions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Transactions {
    /// Where each marker stands and what it says.
    markers: Map<(TopicPartition, ProducerId), Map<Offset, bool>>,
    /// Partitions with records that have no marker yet.
    open: Map<ProducerId, Set<TopicPartition>>,
    /// Partitions that lost records, and with them perhaps markers.
    shaken: Set<TopicPartition>,
}

impl Transactions {
    /// Whether `event` breaks one of the two promises, and where.
    pub fn check(&mut self, event: &Event, ledger: &Ledger) -> Option<(Promise, TopicPartition)> {
        match event {
            Event::RecordsAppended { broker, tp, records, producer: Some((id, _)), epoch, as_leader: true, .. } => {
                let transactional = records.first().is_some_and(|record| ledger.terms(*record).transactional);
                if transactional && ledger.leads(*tp, *broker, *epoch) {
                    self.open.entry(*id).or_default().insert(*tp);
                }
            }
            Event::MarkerWritten { tp, id, committed, offset, .. } => {
                self.markers.entry((*tp, *id)).or_default().insert(*offset, *committed);
                if let Some(open) = self.open.get_mut(id) {
                    open.remove(tp);
                }
            }
            Event::TopicDeleted { topic } => {
                self.open.values_mut().for_each(|open| open.retain(|tp| tp.topic != *topic))
            }
            Event::TransactionStateChanged {
                state: TransactionState::CompleteCommit | TransactionState::CompleteAbort,
                id,
                ..
            } => {
                let open = self.open.remove(id)?;
                let left = open.iter().find(|tp| !self.shaken.contains(tp))?;
                return Some((Promise::TornTransaction, *left));
            }
            Event::RecordsPolled { client, tp, records, .. } => {
                return self.read(*client, *tp, records, ledger);
            }
            event => self.shaken.extend(shaken(event)),
        }
        None
    }

    fn read(
        &self,
        client: NodeId,
        tp: TopicPartition,
        records: &[(Offset, RecordId)],
        ledger: &Ledger,
    ) -> Option<(Promise, TopicPartition)> {
        if self.shaken.contains(&tp) || !ledger.reads_committed(client) {
            return None;
        }
        let unsettled = |(offset, record): &&(Offset, RecordId)| {
            let stamp = ledger.fate(*record).and_then(|fate| fate.stamp).flatten();
            let Some((id, _)) = stamp.filter(|_| ledger.terms(*record).transactional) else { return false };
            let marker = self.markers.get(&(tp, id)).and_then(|markers| markers.starting_at(offset).next());
            marker.is_none_or(|(_, committed)| !*committed)
        };
        records.iter().find(unsettled).map(|_| (Promise::ReadCommittedSeesNoAborted, tp))
    }
}
