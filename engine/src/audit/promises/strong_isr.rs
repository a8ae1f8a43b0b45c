//! Every replica in the ISR holds everything below the high watermark.
//!
//! A partition that lost records with the power, with a disk or by an unclean election is not judged any more. Nor is a
//! partition whose first ISR is not known because its replicas were changed before it was.

use super::super::ledger::Ledger;
use super::{Breach, shaken};
use crate::collections::{Map, Set};
use crate::event::{Event, LogStartReason, TruncationReason};
use crate::ids::{BrokerId, Offset, TopicPartition};

/// Logs' ends, the leaders' watermarks and the ISRs as the controller wrote them down.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct StrongIsr {
    ends: Map<(BrokerId, TopicPartition), Offset>,
    marks: Map<TopicPartition, (BrokerId, Offset)>,
    isrs: Map<TopicPartition, Vec<BrokerId>>,
    shaken: Set<TopicPartition>,
}

impl StrongIsr {
    /// Whether `event` breaks it, and where.
    pub fn check(&mut self, event: &Event, ledger: &Ledger) -> Option<Breach> {
        self.shaken.extend(shaken(event));
        match event {
            Event::RecordsAppended { broker, tp, end, .. } => {
                self.ends.insert((*broker, *tp), *end);
            }
            Event::LogStartRaised { broker, tp, to, why: LogStartReason::Reset, .. } => {
                self.ends.insert((*broker, *tp), *to);
            }
            Event::ReplicaDeleted { broker, tp } => {
                self.ends.remove(&(*broker, *tp));
            }
            Event::LogTruncated { broker, tp, to, why, .. } => {
                self.ends.insert((*broker, *tp), *to);
                let (_, mark) = self.marks.get(tp)?;
                let member = self.isrs.get(tp).is_none_or(|isr| isr.contains(broker));
                let breach = *why == TruncationReason::DivergingEpoch && member && to < mark;
                return self.judge(breach, *tp, *broker);
            }
            Event::LeaderActivated { broker, tp, epoch, high_watermark, .. } if ledger.leads(*tp, *broker, *epoch) => {
                self.marks.insert(*tp, (*broker, *high_watermark));
            }
            Event::HighWatermarkAdvanced { broker, tp, to, as_leader: true, .. } => {
                let (leader, mark) = self.marks.get_mut(tp)?;
                if leader != broker {
                    return None;
                }
                *mark = *to;
                let behind = self.isrs.get(tp)?.iter().find(|member| self.end(**member, *tp) < *to).copied()?;
                return self.judge(true, *tp, behind);
            }
            Event::ReassignmentChanged { tp, .. } if !self.isrs.contains_key(tp) => {
                self.shaken.insert(*tp);
            }
            Event::IsrChanged { tp, from, isr } => {
                let mark = self.marks.get(tp).map_or(Offset::ZERO, |(_, mark)| *mark);
                let joins = |member: &&BrokerId| !from.contains(member) && self.end(**member, *tp) < mark;
                let behind = isr.iter().find(joins).copied();
                self.isrs.insert(*tp, isr.clone());
                return self.judge(behind.is_some(), *tp, behind.unwrap_or(BrokerId::NONE));
            }
            Event::TopicDeleted { topic } => {
                self.ends.retain(|(_, tp), _| tp.topic != *topic);
                self.marks.retain(|tp, _| tp.topic != *topic);
                self.isrs.retain(|tp, _| tp.topic != *topic);
            }
            _ => {}
        }
        None
    }

    fn end(&self, broker: BrokerId, tp: TopicPartition) -> Offset {
        self.ends.get(&(broker, tp)).copied().unwrap_or_default()
    }

    fn judge(&self, breach: bool, tp: TopicPartition, broker: BrokerId) -> Option<Breach> {
        (breach && !self.shaken.contains(&tp)).then_some((tp, Some(broker)))
    }
}
