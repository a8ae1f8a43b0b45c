//! The range assignor: per topic, contiguous pieces, the first members one more (`RangeAssignor`).

use crate::collections::Map;
use crate::ids::{TopicId, TopicPartition};
use crate::protocol::{GroupAssignment, MemberId};

/// Gives each member of each topic a contiguous range. Topics do not influence one another, so the first members
/// collect the remainder of every topic.
pub fn range_assign(members: &[(MemberId, Vec<TopicId>)], partitions: &Map<TopicId, i32>) -> GroupAssignment {
    let members: Map<MemberId, &Vec<TopicId>> = members.iter().map(|(member, topics)| (*member, topics)).collect();
    let mut given: Map<MemberId, Vec<TopicPartition>> = members.keys().map(|member| (*member, Vec::new())).collect();
    for (topic, count) in partitions {
        let subscribed: Vec<MemberId> =
            members.iter().filter(|(_, topics)| topics.contains(topic)).map(|(member, _)| *member).collect();
        let Ok(members) = i32::try_from(subscribed.len()) else { continue };
        if members == 0 {
            continue;
        }
        let (each, extra) = (count / members, count % members);
        let mut next = 0;
        for (index, member) in subscribed.into_iter().enumerate() {
            let share = each + i32::from((index as i32) < extra);
            if let Some(list) = given.get_mut(&member) {
                list.extend((next..next + share).map(|partition| TopicPartition::new(*topic, partition)));
            }
            next += share;
        }
    }
    given.into_iter().collect()
}
