//! The assignor of share groups (`SimpleAssignor`): partitions are shared, not divided.

use super::GroupAssignment;
use super::subscriber::Subscriber;
use crate::collections::Map;
use crate::ids::{MemberId, TopicId, TopicPartition};

/// Every partition gets ⌈members / partitions⌉ members, and the members' counts differ by one at most. What a member has
/// already it keeps as far as that allows. All members of a group subscribe to the same topics here.
pub fn simple_assign(members: &[Subscriber], counts: &Map<TopicId, i32>) -> GroupAssignment {
    let mut topics: Vec<TopicId> = members.iter().flat_map(|member| member.topics.iter().copied()).collect();
    topics.sort_unstable();
    topics.dedup();
    let partitions: Vec<TopicPartition> = topics
        .iter()
        .flat_map(|topic| {
            let count = counts.get(topic).copied().unwrap_or(0);
            (0..count).map(|partition| TopicPartition::new(*topic, partition))
        })
        .collect();
    let mut ids: Vec<&Subscriber> = members.iter().collect();
    ids.sort_by_key(|member| member.member);
    let (all, wanted) = (ids.len(), partitions.len());
    if all == 0 || wanted == 0 {
        return ids.iter().map(|member| (member.member, Vec::new())).collect();
    }
    let sharing = all.div_ceil(wanted);
    let total = sharing * wanted;
    let mut sharers: Map<TopicPartition, usize> = partitions.iter().map(|tp| (*tp, 0)).collect();
    let mut assignment: Vec<(MemberId, Vec<TopicPartition>)> = Vec::with_capacity(all);
    // How many each member shall have: the total spread evenly, as whole numbers.
    let desired = |index: usize| (total * (index + 1)).div_ceil(all) - (total * index).div_ceil(all);
    for (index, member) in ids.iter().enumerate() {
        let mut keeps = Vec::new();
        for tp in &member.owned {
            if keeps.len() < desired(index)
                && let Some(count) = sharers.get_mut(tp).filter(|count| **count < sharing)
            {
                *count += 1;
                keeps.push(*tp);
            }
        }
        assignment.push((member.member, keeps));
    }
    for (index, (_, has)) in assignment.iter_mut().enumerate() {
        while has.len() < desired(index) {
            let open = sharers.iter().filter(|(tp, count)| **count < sharing && !has.contains(tp));
            let Some(tp) = open.min_by_key(|(_, count)| **count).map(|(tp, _)| *tp) else { break };
            if let Some(count) = sharers.get_mut(&tp) {
                *count += 1;
            }
            has.push(tp);
        }
        has.sort_unstable();
    }
    // What stickiness has left without a member goes to whoever has least and not it.
    for tp in sharers.iter().filter(|(_, count)| **count == 0).map(|(tp, _)| tp) {
        if let Some((_, has)) = assignment.iter_mut().min_by_key(|(_, has)| has.len()) {
            has.push(*tp);
            has.sort_unstable();
        }
    }
    assignment
}
