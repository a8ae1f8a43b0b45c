//! The sticky assignors (`AbstractStickyAssignor`, KIP-54, KIP-341) and the cooperative one's held-back partitions (KIP-429).

use super::GroupAssignment;
use super::numbering::Numbering;
use super::sticky_general::assign_general;
use super::subscriber::{Subscriber, all_alike};
use crate::collections::Map;
use crate::ids::MemberId;
use crate::ids::{Generation, TopicId, TopicPartition};
use std::collections::VecDeque;

/// What a sticky assignor works on: members in ascending id, partitions by number.
pub(super) struct Sticky<'a> {
    pub members: Vec<&'a Subscriber>,
    pub numbering: Numbering,
    /// What each member keeps a claim on.
    pub owned: Vec<Vec<usize>>,
    /// Partitions two members claim in one generation: nobody keeps them.
    pub disputed: Vec<bool>,
}

/// An assignment by member, and the partitions that go from one owner straight to another.
pub(super) struct Placed {
    pub given: Vec<Vec<usize>>,
    pub moving: Vec<usize>,
}

/// Balanced, and moves as little as it can. Members have given everything up before they joined.
pub fn sticky_assign(members: &[Subscriber], partitions: &Map<TopicId, i32>) -> GroupAssignment {
    let sticky = Sticky::of(members, partitions);
    let placed = sticky.place();
    sticky.named(placed.given)
}

/// As sticky, but a partition that would change hands is left out until its owner has given it up.
pub fn cooperative_sticky_assign(members: &[Subscriber], partitions: &Map<TopicId, i32>) -> GroupAssignment {
    let sticky = Sticky::of(members, partitions);
    let mut placed = sticky.place();
    let mut moving = vec![false; sticky.numbering.len()];
    for number in placed.moving {
        moving[number] = true;
    }
    // What is moving is on its new owner's list only: the old one is off it already.
    for list in &mut placed.given {
        list.retain(|number| !moving[*number]);
    }
    sticky.named(placed.given)
}

impl<'a> Sticky<'a> {
    fn of(members: &'a [Subscriber], partitions: &Map<TopicId, i32>) -> Sticky<'a> {
        let mut members: Vec<&Subscriber> = members.iter().collect();
        members.sort_unstable_by_key(|member| member.member);
        let numbering = Numbering::of(partitions);
        let mut claims: Vec<Option<(usize, Generation)>> = vec![None; numbering.len()];
        let mut disputed = vec![false; numbering.len()];
        for (at, member) in members.iter().enumerate() {
            for number in member.owned.iter().filter_map(|tp| numbering.number(*tp)) {
                match claims[number] {
                    Some((_, held)) if held > member.generation => {}
                    Some((_, held)) if held == member.generation => disputed[number] = true,
                    // A later claim ends a quarrel among older ones.
                    _ => {
                        claims[number] = Some((at, member.generation));
                        disputed[number] = false;
                    }
                }
            }
        }
        let mut owned = vec![Vec::new(); members.len()];
        for (number, claim) in claims.iter().enumerate() {
            if let Some((at, _)) = claim
                && !disputed[number]
            {
                owned[*at].push(number);
            }
        }
        Sticky { members, numbering, owned, disputed }
    }

    fn place(&self) -> Placed {
        if all_alike(&self.members) { self.assign_constrained() } else { assign_general(self) }
    }

    fn named(&self, given: Vec<Vec<usize>>) -> GroupAssignment {
        let tps = |list: Vec<usize>| -> Vec<TopicPartition> {
            list.into_iter().map(|number| self.numbering.tp(number)).collect()
        };
        let named: Vec<(MemberId, Vec<TopicPartition>)> =
            self.members.iter().zip(given).map(|(member, list)| (member.member, tps(list))).collect();
        named
    }

    /// All members subscribe alike. Everyone keeps what it owns up to the quota; what is free goes round the ring of
    /// those below it; then those with exactly the least take one more each, as long as the division leaves any.
    fn assign_constrained(&self) -> Placed {
        let subscribed = self.members.first().map_or(&[][..], |member| &member.topics);
        let open: Vec<usize> = subscribed.iter().filter_map(|topic| self.numbering.topic(*topic)).collect();
        let mut free = vec![false; self.numbering.len()];
        for topic in open {
            self.numbering.of_topic(topic).for_each(|number| free[number] = true);
        }
        let members = self.members.len().max(1);
        let partitions = free.iter().filter(|free| **free).count();
        let (least, most, extras) = (partitions / members, partitions.div_ceil(members), partitions % members);
        let mut released = self.disputed.clone();
        let mut given: Vec<Vec<usize>> = Vec::with_capacity(self.members.len());
        let (mut under, mut exact) = (VecDeque::new(), VecDeque::new());
        let mut over = 0;
        for (at, owned) in self.owned.iter().enumerate() {
            let mut kept: Vec<usize> = owned.iter().copied().filter(|number| free[*number]).collect();
            kept.sort_by_key(|number| (self.numbering.tp(*number).partition, *number));
            let keep = if kept.len() < least {
                under.push_back(at);
                kept.len()
            } else if kept.len() >= most && over < extras {
                over += 1;
                if over == extras {
                    exact.clear();
                }
                most
            } else {
                if over < extras {
                    exact.push_back(at);
                }
                least
            };
            for number in kept.drain(keep..) {
                released[number] = true;
            }
            given.push(kept);
        }
        given.iter().flatten().for_each(|number| free[*number] = false);
        let mut moving = Vec::new();
        let mut ring = 0;
        for number in (0..free.len()).filter(|number| free[*number]) {
            let to = if under.is_empty() {
                // Each of these takes one more and is then full.
                let Some(to) = exact.pop_front() else { break };
                to
            } else {
                ring %= under.len();
                under[ring]
            };
            given[to].push(number);
            if released[number] {
                moving.push(number);
            }
            if !under.is_empty() {
                if given[to].len() >= least {
                    under.remove(ring);
                    if over < extras {
                        exact.push_back(to);
                    }
                } else {
                    ring += 1;
                }
            }
        }
        Placed { given, moving }
    }
}
