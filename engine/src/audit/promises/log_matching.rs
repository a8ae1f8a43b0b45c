//! Where a follower appends what its leader wrote, both logs held the same before: the same record, of the same epoch.

use super::super::ledger::Ledger;
use super::{Breach, shaken};
use crate::collections::{Map, Set};
use crate::event::{Event, LogStartReason};
use crate::ids::{BrokerId, LeaderEpoch, Offset, TopicPartition};

/// In which epochs a log was written: where each begins, and where the log ends.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Runs {
    starts: Vec<(Offset, LeaderEpoch)>,
    end: Offset,
}

impl Runs {
    fn at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.starts.iter().rev().find(|(start, _)| *start <= offset).map(|(_, epoch)| *epoch)
    }

    fn append(&mut self, base_offset: Offset, end: Offset, epoch: LeaderEpoch) {
        if self.starts.last().is_none_or(|(_, last)| *last != epoch) {
            self.starts.push((base_offset, epoch));
        }
        self.end = end;
    }

    /// Nothing is asked of what lies below the log's start.
    fn raise_start(&mut self, start: Offset) {
        let below = self.starts.partition_point(|(begin, _)| *begin <= start);
        self.starts.drain(..below.saturating_sub(1));
    }

    fn cut(&mut self, to: Offset) {
        self.starts.retain(|(start, _)| *start < to);
        self.end = to;
    }
}

/// Partitions that lost records which counted are not judged.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct LogMatching {
    logs: Map<(BrokerId, TopicPartition), Runs>,
    /// The epoch in which each replica last became a follower: whoever leads in it is whom it copies from.
    follows: Map<(BrokerId, TopicPartition), LeaderEpoch>,
    shaken: Set<TopicPartition>,
}

impl LogMatching {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event, ledger: &Ledger) -> Option<Breach> {
        self.shaken.extend(shaken(event));
        match event {
            Event::RecordsAppended { broker, tp, base_offset, end, epoch, as_leader, .. } => {
                let parts = !*as_leader && self.parts(*broker, *tp, *epoch, ledger);
                self.logs.entry((*broker, *tp)).or_default().append(*base_offset, *end, *epoch);
                return (parts && !self.shaken.contains(tp)).then_some((*tp, Some(*broker)));
            }
            Event::FollowerActivated { broker, tp, epoch, .. } => {
                self.follows.insert((*broker, *tp), *epoch);
            }
            Event::LogTruncated { broker, tp, to, .. } => {
                self.logs.entry((*broker, *tp)).or_default().cut(*to);
            }
            Event::LogStartRaised { broker, tp, to, why: LogStartReason::Reset, .. } => {
                self.logs.insert((*broker, *tp), Runs { starts: Vec::new(), end: *to });
            }
            Event::LogStartRaised { broker, tp, to, .. } => {
                if let Some(log) = self.logs.get_mut(&(*broker, *tp)) {
                    log.raise_start(*to);
                }
            }
            Event::ReplicaDeleted { broker, tp } => {
                self.logs.remove(&(*broker, *tp));
                self.follows.remove(&(*broker, *tp));
            }
            Event::TopicDeleted { topic } => {
                self.logs.retain(|(_, tp), _| tp.topic != *topic);
                self.follows.retain(|(_, tp), _| tp.topic != *topic);
            }
            _ => {}
        }
        None
    }

    /// Whether this log and the leader's differ in what the follower has last, whoever wrote the batch that it appends.
    /// Who follows an earlier leader is judged when it follows the present one.
    fn parts(&self, broker: BrokerId, tp: TopicPartition, written: LeaderEpoch, ledger: &Ledger) -> bool {
        let differ = || {
            let epoch = self.follows.get(&(broker, tp)).copied().unwrap_or(written);
            let leader = ledger.leader_in(tp, epoch).filter(|leader| *leader != broker)?;
            let own = self.logs.get(&(broker, tp))?;
            let last = Offset(own.end.0.checked_sub(1)?);
            let epochs = own.at(last)? != self.logs.get(&(leader, tp))?.at(last)?;
            let records = || Some(ledger.record_at(broker, tp, last)? != ledger.record_at(leader, tp, last)?);
            Some(epochs || records().unwrap_or(false))
        };
        differ().unwrap_or(false)
    }
}
