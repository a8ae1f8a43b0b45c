//! The round robin assignor: one partition after the other to one member after the other (`RoundRobinAssignor`).

use super::GroupAssignment;
use super::numbering::Numbering;
use super::subscriber::{Subscriber, static_first};
use crate::collections::Map;
use crate::ids::MemberId;
use crate::ids::{TopicId, TopicPartition};

/// Deals all partitions out in a ring of members; who is not subscribed to a topic is passed over.
/// It has no memory: one member less and almost everything moves.
pub fn round_robin_assign(members: &[Subscriber], partitions: &Map<TopicId, i32>) -> GroupAssignment {
    let order = static_first(members);
    let mut given: Vec<(MemberId, Vec<TopicPartition>)> =
        order.iter().map(|member| (member.member, Vec::new())).collect();
    let numbering = Numbering::of(partitions);
    let mut at = 0;
    for number in 0..numbering.len() {
        let tp = numbering.tp(number);
        let ring = (0..order.len()).map(|step| (at + step) % order.len());
        let Some(next) = ring.into_iter().find(|next| order[*next].topics.contains(&tp.topic)) else { continue };
        given[next].1.push(tp);
        at = (next + 1) % order.len();
    }
    given.sort_unstable_by_key(|(member, _)| *member);
    given
}
