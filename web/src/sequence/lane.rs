//! The processes, one lane each.

use highwater_engine::ids::NodeId;
use highwater_engine::sim::{Directory, NodeKind};

/// A process in the diagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lane {
    /// Who.
    pub node: NodeId,
    /// What it is.
    pub kind: NodeKind,
}

/// More lanes than this have no room; the rest is counted.
const MOST: usize = 24;

/// The lanes from the top: who writes, who keeps, who reads, so that most arrows are short. And how many were left out.
pub fn lanes(directory: &Directory, has_brokers: bool) -> (Vec<Lane>, usize) {
    let place = |kind: NodeKind| match kind {
        NodeKind::Producer => 0,
        NodeKind::Broker(_) => 1,
        NodeKind::QueueBroker(_) => 2,
        NodeKind::Controller => 3,
        NodeKind::Consumer(_) => 4,
        NodeKind::Worker(_) => 5,
        NodeKind::Database | NodeKind::ZooKeeper => 6,
    };
    let place = |lane: &Lane| match lane.kind {
        // The ZooKeeper of a cluster stands where a controller would.
        NodeKind::ZooKeeper if lane.node.0 == 0 => 3,
        kind => place(kind),
    };
    let shown = directory.nodes().filter(|(_, kind)| has_brokers || *kind != NodeKind::Controller);
    let mut lanes: Vec<Lane> = shown.map(|(node, kind)| Lane { node, kind }).collect();
    lanes.sort_by_key(place);
    let left_out = lanes.len().saturating_sub(MOST);
    lanes.truncate(MOST);
    (lanes, left_out)
}
