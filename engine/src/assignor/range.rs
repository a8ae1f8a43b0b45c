//! The range assignor: per topic, contiguous pieces, the first members one more (`RangeAssignor`, on both sides).

use super::GroupAssignment;
use super::subscriber::{Subscriber, static_first};
use crate::collections::Map;
use crate::ids::MemberId;
use crate::ids::{TopicId, TopicPartition};

/// Gives each member of each topic a contiguous range. Topics do not influence one another, so the first members
/// collect the remainder of every topic.
pub fn range_assign(members: &[Subscriber], partitions: &Map<TopicId, i32>) -> GroupAssignment {
    let order = static_first(members);
    let mut given: Vec<(MemberId, Vec<TopicPartition>)> =
        order.iter().map(|member| (member.member, Vec::new())).collect();
    for (topic, count) in partitions {
        let subscribed: Vec<usize> =
            order.iter().enumerate().filter(|(_, member)| member.topics.contains(topic)).map(|(at, _)| at).collect();
        let Ok(members @ 1..) = i32::try_from(subscribed.len()) else { continue };
        let (each, extra) = (count / members, count % members);
        let mut next = 0;
        for (index, member) in subscribed.into_iter().enumerate() {
            let share = each + i32::from((index as i32) < extra);
            given[member].1.extend((next..next + share).map(|partition| TopicPartition::new(*topic, partition)));
            next += share;
        }
    }
    given.sort_unstable_by_key(|(member, _)| *member);
    given
}
