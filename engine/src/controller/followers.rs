//! What the leader of the quorum notes of everyone who fetches the metadata log, for DescribeQuorum
//! (`LeaderState.ReplicaState`). Nothing decides by it.

use crate::collections::Map;
use crate::ids::{NodeId, Offset};
use crate::time::{Duration, Instant};
use std::hash::{Hash, Hasher};

/// An observer that has not fetched for so long is forgotten (`LeaderState.OBSERVER_SESSION_TIMEOUT_MS`).
const OBSERVER_SESSION: Duration = Duration::from_secs(300);

/// One process that copies the metadata log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QuorumFollower {
    /// The process.
    pub node: NodeId,
    /// The end of its log, as its last fetch said.
    pub log_end_offset: Offset,
    /// When it last fetched.
    pub last_fetch: Instant,
    /// When it last had all that the leader had; none while that has not happened in this epoch.
    pub last_caught_up: Option<Instant>,
    /// The end of the leader's log when it last fetched: who fetches from there had caught up then.
    leader_end_then: Offset,
}

/// All of them. No part of the state's hash: it only tells how the state came about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Followers(Map<NodeId, QuorumFollower>);

impl Hash for Followers {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Followers {
    /// A fetch that was in order (`LeaderState.ReplicaState.updateFollowerState`).
    pub fn on_fetch(&mut self, node: NodeId, end: Offset, leader_end: Offset, now: Instant) {
        let before = self.0.get(&node).copied();
        let caught_up = match before {
            _ if end >= leader_end => Some(now),
            Some(before) if end >= before.leader_end_then => before.last_caught_up.max(Some(before.last_fetch)),
            Some(before) => before.last_caught_up,
            None => None,
        };
        let known = QuorumFollower {
            node,
            log_end_offset: end,
            last_fetch: now,
            last_caught_up: caught_up,
            leader_end_then: leader_end,
        };
        self.0.insert(node, known);
    }

    /// Who fetched lately, by address.
    pub fn at(&self, now: Instant) -> impl Iterator<Item = QuorumFollower> {
        self.0.values().copied().filter(move |known| now.since(known.last_fetch) <= OBSERVER_SESSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fetches_from_where_the_leader_ended_last_time_had_caught_up_then() {
        let (node, mut followers) = (NodeId(1), Followers::default());
        let mut fetch = |end, leader_end, at| {
            followers.on_fetch(node, Offset(end), Offset(leader_end), Instant(at));
            followers.0[&node].last_caught_up
        };
        assert_eq!(fetch(0, 5, 10), None);
        assert_eq!(fetch(3, 5, 20), None, "it never had all");
        assert_eq!(fetch(5, 8, 30), Some(Instant(20)), "it has what the leader had at its last fetch");
        assert_eq!(fetch(7, 9, 40), Some(Instant(20)));
        assert_eq!(fetch(9, 9, 50), Some(Instant(50)));
    }
}
