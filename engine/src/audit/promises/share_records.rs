//! A record of a share group is acquired by one member at a time, delivered no more often than the limit says, and stays
//! acknowledged or archived; the start offset does not go back. As one leader sees it: a leader that does not know yet that
//! it was replaced may give out what the new one gives out too, and is refused when it writes that down.

use super::Breach;
use crate::audit::promise::Promise;
use crate::collections::Map;
use crate::event::Event;
use crate::ids::{BrokerId, GroupId, NodeId, Offset, TopicPartition};

/// What a leader has given out.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Given {
    start: Offset,
    held: Map<Offset, NodeId>,
    /// Done, above the start.
    done: Map<Offset, ()>,
}

/// Per leader, group and partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct ShareRecords {
    given: Map<(GroupId, TopicPartition, BrokerId), Given>,
    /// `share.delivery.count.limit` of each share group.
    pub limits: Map<GroupId, i16>,
}

fn offsets(first: Offset, last: Offset) -> impl Iterator<Item = Offset> {
    (first.0..=last.0).map(Offset)
}

impl ShareRecords {
    /// What `event` breaks, and where.
    pub fn check(&mut self, event: &Event) -> Option<(Promise, Breach)> {
        match event {
            Event::SharePartitionLoaded { broker, group, tp, start, .. } => {
                let fresh = Given { start: *start, ..Given::default() };
                self.given.insert((*group, *tp, *broker), fresh);
                None
            }
            Event::RecordsAcquired { broker, group, tp, client, first, last, delivery_count } => {
                let breach = (*tp, Some(*broker));
                if self.limits.get(group).is_some_and(|limit| delivery_count > limit) {
                    return Some((Promise::DeliveryCountWithinLimit, breach));
                }
                let given = self.given.entry((*group, *tp, *broker)).or_default();
                for offset in offsets(*first, *last) {
                    if offset < given.start || given.done.contains_key(&offset) {
                        return Some((Promise::ShareStateTerminal, breach));
                    }
                    if given.held.insert(offset, *client).is_some() {
                        return Some((Promise::AcquiredByOneMember, breach));
                    }
                }
                None
            }
            Event::RecordsSettled { broker, group, tp, client, first, last, state, .. } => {
                let breach = (*tp, Some(*broker));
                let given = self.given.entry((*group, *tp, *broker)).or_default();
                for offset in offsets(*first, *last) {
                    if given.held.remove(&offset).is_some_and(|holder| holder != *client) {
                        return Some((Promise::AcquiredByOneMember, breach));
                    }
                    if state.is_terminal() && offset >= given.start {
                        given.done.insert(offset, ());
                    }
                }
                None
            }
            Event::ShareStartAdvanced { broker, group, tp, from, to } => {
                let given = self.given.entry((*group, *tp, *broker)).or_default();
                let retreats = to < from || *to < given.start;
                given.start = *to;
                given.done = given.done.split_off(to);
                given.held = given.held.split_off(to);
                retreats.then_some((Promise::ShareStartNeverRetreats, (*tp, Some(*broker))))
            }
            _ => None,
        }
    }
}
