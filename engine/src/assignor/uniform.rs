//! The coordinator's default assignor, all members subscribed alike (`UniformHomogeneousAssignmentBuilder`, KIP-848).

use super::GroupAssignment;
use super::numbering::Numbering;
use super::subscriber::{Subscriber, all_alike};
use super::uniform_general::assign_heterogeneous;
use crate::collections::Map;
use crate::ids::{TopicId, TopicPartition};

/// Who gets the one partition more that a division leaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UniformRule {
    /// 4.0: the first members in order, even if that moves partitions of a balanced group.
    FirstMembers,
    /// Since 4.1 (KAFKA-18688): who has it keeps it.
    KeepExtra,
}

/// Balanced, and members keep what they have up to their quota. Members are taken in the order given.
pub fn uniform_assign(members: &[Subscriber], partitions: &Map<TopicId, i32>, rule: UniformRule) -> GroupAssignment {
    let numbering = Numbering::of(partitions);
    let refs: Vec<&Subscriber> = members.iter().collect();
    let given = if all_alike(&refs) {
        assign_homogeneous(members, &numbering, rule)
    } else {
        assign_heterogeneous(members, &numbering)
    };
    let tps = |mut list: Vec<usize>| -> Vec<TopicPartition> {
        list.sort_unstable();
        list.into_iter().map(|number| numbering.tp(number)).collect()
    };
    let mut named: GroupAssignment =
        members.iter().zip(given).map(|(member, list)| (member.member, tps(list))).collect();
    named.sort_unstable_by_key(|(member, _)| *member);
    named
}

fn assign_homogeneous(members: &[Subscriber], numbering: &Numbering, rule: UniformRule) -> Vec<Vec<usize>> {
    let subscribed = members.first().map_or(&[][..], |member| &member.topics);
    let mut open = vec![false; numbering.len()];
    for topic in subscribed.iter().filter_map(|topic| numbering.topic(*topic)) {
        numbering.of_topic(topic).for_each(|number| open[number] = true);
    }
    let count = members.len().max(1);
    let partitions = open.iter().filter(|open| **open).count();
    let (least, mut extras) = (partitions / count, partitions % count);
    let mut free = open.clone();
    let mut excess = Vec::new();
    let mut given: Vec<Vec<usize>> = Vec::with_capacity(members.len());
    let mut quotas: Vec<usize> = Vec::with_capacity(members.len());
    for (at, member) in members.iter().enumerate() {
        let mut kept: Vec<usize> =
            member.owned.iter().filter_map(|tp| numbering.number(*tp)).filter(|number| open[*number]).collect();
        kept.sort_unstable();
        kept.iter().for_each(|number| free[*number] = false);
        let after = members.len() - at - 1;
        let takes_extra = extras > 0
            && match rule {
                UniformRule::FirstMembers => true,
                // A member that would not use it leaves it for later ones, while enough of them remain.
                UniformRule::KeepExtra => kept.len() > least || after < extras,
            };
        extras -= usize::from(takes_extra);
        let quota = least + usize::from(takes_extra);
        if kept.len() > quota {
            excess.extend(kept.drain(quota..));
        }
        quotas.push(quota);
        given.push(kept);
    }
    let mut unassigned = (0..free.len()).filter(|number| free[*number]).chain(excess);
    for (kept, quota) in given.iter_mut().zip(quotas) {
        kept.extend(unassigned.by_ref().take(quota - kept.len()));
    }
    given
}
