//! The assignors by their Kafka names.

use super::GroupAssignment;
use super::range::range_assign;
use super::round_robin::round_robin_assign;
use super::sticky::{cooperative_sticky_assign, sticky_assign};
use super::subscriber::Subscriber;
use super::uniform::{UniformRule, uniform_assign};
use crate::collections::Map;
use crate::ids::TopicId;

/// What a rebalance costs a member (`ConsumerPartitionAssignor.RebalanceProtocol`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RebalanceProtocol {
    /// It gives everything up before it joins.
    Eager,
    /// It keeps what it owns and gives up only what the new assignment takes away (KIP-429).
    Cooperative,
}

/// A client-side assignor, an entry of `partition.assignment.strategy`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Assignor {
    /// `RangeAssignor`.
    Range,
    /// `RoundRobinAssignor`.
    RoundRobin,
    /// `StickyAssignor`.
    Sticky,
    /// `CooperativeStickyAssignor`.
    CooperativeSticky,
}

impl Assignor {
    /// All of them.
    pub const ALL: [Assignor; 4] =
        [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky];

    /// The name members vote with.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor with this name, or with this name of a Java class.
    pub fn find(name: &str) -> Option<Assignor> {
        let class = name.rsplit('.').next().unwrap_or(name);
        let short = match class {
            "RangeAssignor" => "range",
            "RoundRobinAssignor" => "roundrobin",
            "StickyAssignor" => "sticky",
            "CooperativeStickyAssignor" => "cooperative-sticky",
            other => other,
        };
        Assignor::ALL.into_iter().find(|assignor| assignor.name() == short)
    }

    /// The highest protocol it supports.
    pub fn protocol(self) -> RebalanceProtocol {
        match self {
            Assignor::CooperativeSticky => RebalanceProtocol::Cooperative,
            Assignor::Range | Assignor::RoundRobin | Assignor::Sticky => RebalanceProtocol::Eager,
        }
    }

    /// Computes an assignment.
    pub fn assign(self, members: &[Subscriber], partitions: &Map<TopicId, i32>) -> GroupAssignment {
        match self {
            Assignor::Range => range_assign(members, partitions),
            Assignor::RoundRobin => round_robin_assign(members, partitions),
            Assignor::Sticky => sticky_assign(members, partitions),
            Assignor::CooperativeSticky => cooperative_sticky_assign(members, partitions),
        }
    }
}

/// An assignor of the coordinator, an entry of `group.consumer.assignors` (KIP-848).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ServerAssignor {
    /// `UniformAssignor`, the default.
    Uniform,
    /// `RangeAssignor`.
    Range,
}

impl ServerAssignor {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            ServerAssignor::Uniform => "uniform",
            ServerAssignor::Range => "range",
        }
    }

    /// The assignor with this name.
    pub fn find(name: &str) -> Option<ServerAssignor> {
        [ServerAssignor::Uniform, ServerAssignor::Range].into_iter().find(|assignor| assignor.name() == name)
    }

    /// Computes a target assignment. `owned` is what the last target gave each member.
    pub fn assign(self, members: &[Subscriber], partitions: &Map<TopicId, i32>) -> GroupAssignment {
        match self {
            ServerAssignor::Uniform => uniform_assign(members, partitions, UniformRule::KeepExtra),
            ServerAssignor::Range => range_assign(members, partitions),
        }
    }
}
