//! A member as an assignor sees it.

use crate::ids::MemberId;
use crate::ids::{Generation, TopicId, TopicPartition};
use std::sync::Arc;

/// One member's subscription (`ConsumerPartitionAssignor.Subscription`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Subscriber {
    /// The member.
    pub member: MemberId,
    /// Its `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// Topics it subscribes to.
    pub topics: Vec<TopicId>,
    /// What it owns, or owned before an eager rebalance took it all away.
    pub owned: Vec<TopicPartition>,
    /// The generation in which it got that, −1 for none.
    pub generation: Generation,
}

/// Range and round robin count static members first, by instance id; then the others by member id.
pub(super) fn static_first(members: &[Subscriber]) -> Vec<&Subscriber> {
    let mut order: Vec<&Subscriber> = members.iter().collect();
    order.sort_by(|a, b| match (&a.instance, &b.instance) {
        (Some(left), Some(right)) => left.cmp(right),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.member.cmp(&b.member),
    });
    order
}

/// Whether all members subscribe to the same topics.
pub(super) fn all_alike(members: &[&Subscriber]) -> bool {
    let Some((first, rest)) = members.split_first() else { return true };
    let covers = |a: &Subscriber, b: &Subscriber| a.topics.iter().all(|topic| b.topics.contains(topic));
    rest.iter().all(|other| covers(first, other) && covers(other, first))
}
