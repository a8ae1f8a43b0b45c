//! Who gets which partitions.
//!
//! Pure functions: members, their subscriptions and what they own go in, an assignment comes out. The classic protocol's
//! leader runs the client-side ones, the coordinator of a KIP-848 group the server-side ones.
//! Where the Java code iterates a hash map, members are taken in ascending id here; topics are ordered by id, that is by
//! creation, where Kafka orders them by name.
//! Absent: racks.

mod numbering;
mod range;
mod round_robin;
mod simple;
mod sticky;
mod sticky_general;
mod strategy;
mod subscriber;
mod uniform;
mod uniform_general;
mod vectors;

use crate::ids::{MemberId, TopicPartition};

/// What each member gets.
pub type GroupAssignment = Vec<(MemberId, Vec<TopicPartition>)>;

pub use range::range_assign;
pub use round_robin::round_robin_assign;
pub use simple::simple_assign;
pub use sticky::{cooperative_sticky_assign, sticky_assign};
pub use strategy::{Assignor, RebalanceProtocol, ServerAssignor};
pub use subscriber::Subscriber;
pub use uniform::{UniformRule, uniform_assign};
pub(crate) use vectors::{run_assignors, run_chains};
