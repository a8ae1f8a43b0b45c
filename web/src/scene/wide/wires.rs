//! The network: clients' wires above each row, replication under them, and who hears whom no more.

use super::Stage;
use super::plan::column_of;
use crate::scene::geometry::{Point, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::pins;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use highwater_engine::ids::NodeId;
use highwater_engine::view::{PartitionView, ProcessView};

/// From the star's middle to the end of a wire above it.
const STAR_TOP: f64 = 11.0;

impl Stage<'_> {
    pub(super) fn wires(&self, scene: &mut Scene) {
        let view = self.input.view;
        for (row, partition) in view.partitions.iter().enumerate() {
            let mut shapes = Vec::new();
            self.client_wire(row, partition, &mut shapes);
            self.replication_wires(row, partition, &mut shapes);
            scene.groups.push(Group::plain(format!("wires:{}", partition.name), shapes));
            self.row_routes(row, partition, scene);
        }
        self.coordinator_wires(scene);
    }

    /// Whether nothing passes from one process to another, or back.
    pub(super) fn is_cut(&self, a: NodeId, b: NodeId) -> bool {
        self.input.view.faults.iter().any(|fault| match fault.to {
            Some(to) => (fault.from, to) == (a, b) || (fault.from, to) == (b, a),
            None => fault.from == a || fault.from == b,
        })
    }

    fn is_down(&self, column: usize) -> bool {
        let broker = self.input.view.brokers.get(column);
        broker.is_none_or(|broker| matches!(broker.process, ProcessView::Down(_)))
    }

    fn star(&self, row: usize, column: usize) -> Point {
        Point::new(self.plan.slot_x(column), self.plan.star_y(row) - STAR_TOP)
    }

    fn client_wire(&self, row: usize, partition: &PartitionView, shapes: &mut Vec<Shape>) {
        let view = self.input.view;
        let y = self.plan.rail(row);
        let leader = column_of(view, partition.leader);
        let writers = super::plan::writers(view, partition.tp.topic).count();
        let readers: Vec<usize> = (0..view.groups.len())
            .filter(|index| view.groups.get(*index).is_some_and(|group| pins::place(group, partition.tp).is_some()))
            .collect();
        let left = match writers {
            0 => leader.map(|column| self.plan.slot_x(column)),
            1 => Some(self.plan.producers_x + self.plan.producer_width),
            _ => Some(self.bus_x()),
        };
        let right = match readers.last().and_then(|last| self.plan.groups.get(*last)) {
            Some((x, _)) => Some(*x),
            None => leader.map(|column| self.plan.slot_x(column)),
        };
        if let (Some(left), Some(right)) = (left, right) {
            let mut d = polyline(&[Point::new(left, y), Point::new(right, y)]);
            if let Some(column) = leader {
                let star = self.star(row, column);
                if self.is_down(column) {
                    // It is still the leader on paper; nobody answers there.
                    shapes.push(Shape::path("ghostline", polyline(&[Point::new(star.x, y + 3.0), star])));
                    shapes.push(symbols::cross("cut", Point::new(star.x, y + 12.0), 4.5));
                } else {
                    d.push_str(&polyline(&[Point::new(star.x, y), star]));
                }
            }
            shapes.insert(0, Shape::path("rail", d));
        }
        // A client that is cut off from this row's leader.
        let Some(column) = leader else { return };
        let Some(broker) = view.brokers.get(column) else { return };
        let clients = super::plan::writers(view, partition.tp.topic).map(|producer| producer.node);
        let members = view.groups.iter().flat_map(|group| group.members.iter());
        let owners = members.filter(|member| member.positions.iter().any(|(tp, _)| *tp == partition.tp));
        if clients.chain(owners.map(|member| member.node)).any(|node| self.is_cut(node, broker.node)) {
            shapes.push(symbols::cross("cut", Point::new(self.plan.slot_x(column), y + 6.0), 4.0));
        }
    }

    /// The way from a follower's log to its leader's star, on the green wire.
    fn replication(&self, row: usize, follower: usize, leader: usize) -> Vec<Point> {
        let base = self.plan.base_of(row);
        let strip = self.plan.strip(row, follower);
        let (from, to) = (self.plan.slot_x(follower), self.plan.slot_x(leader));
        let side = if follower > leader { 8.0 } else { -8.0 };
        let y = self.plan.rail_r(row);
        vec![
            Point::new(strip.x - 2.0, base - 6.5),
            Point::new(from, base - 6.5),
            Point::new(from, y),
            Point::new(to + side, y),
            Point::new(to + side, self.plan.star_y(row) - STAR_TOP),
        ]
    }

    fn replication_wires(&self, row: usize, partition: &PartitionView, shapes: &mut Vec<Shape>) {
        let view = self.input.view;
        let running = |column: usize| !self.is_down(column);
        let Some(leader) = column_of(view, partition.leader).filter(|column| running(*column)) else { return };
        let mut d = String::new();
        let mut cuts = Vec::new();
        for replica in &partition.replicas {
            let Some(column) = column_of(view, replica.broker) else { continue };
            if column == leader || !running(column) {
                continue;
            }
            d.push_str(&polyline(&self.replication(row, column, leader)));
            let (Some(from), Some(to)) = (view.brokers.get(column), view.brokers.get(leader)) else { continue };
            if self.is_cut(from.node, to.node) {
                cuts.push(Point::new(self.plan.slot_x(column), self.plan.rail_r(row) + 14.0));
            }
        }
        if !d.is_empty() {
            shapes.push(Shape::path("rail-r", d));
        }
        shapes.extend(cuts.into_iter().map(|at| symbols::cross("cut", at, 4.0)));
    }

    fn row_routes(&self, row: usize, partition: &PartitionView, scene: &mut Scene) {
        let view = self.input.view;
        let y = self.plan.rail(row);
        for replica in &partition.replicas {
            let Some(column) = column_of(view, replica.broker) else { continue };
            let Some(broker) = view.brokers.get(column) else { continue };
            let star = self.star(row, column);
            let end = [Point::new(star.x, y), star];
            for producer in super::plan::writers(view, partition.tp.topic) {
                let mut points = self.producer_exit(producer.node, row);
                points.extend(end);
                scene.routes.for_partition(producer.node, broker.node, partition.tp, points);
            }
            for (group, (x, _)) in view.groups.iter().zip(&self.plan.groups) {
                for member in &group.members {
                    let mut points = vec![Point::new(*x, y)];
                    points.extend(end);
                    scene.routes.for_partition(member.node, broker.node, partition.tp, points);
                }
            }
            for other in &partition.replicas {
                let Some(to) = column_of(view, other.broker) else { continue };
                let Some(to_broker) = view.brokers.get(to) else { continue };
                // One wire per pair: towards the leader, else towards the first.
                let towards = other.broker == partition.leader
                    || (replica.broker != partition.leader && other.broker < replica.broker);
                if other.broker != replica.broker && towards {
                    let points = self.replication(row, column, to);
                    scene.routes.for_partition(broker.node, to_broker.node, partition.tp, points);
                }
            }
        }
    }

    /// Joining, syncing, committing: between the groups and the head of the broker that coordinates them.
    fn coordinator_wires(&self, scene: &mut Scene) {
        let view = self.input.view;
        let (lobby, head) = (self.plan.lobby_y(), self.plan.head_bottom());
        let mut d = String::new();
        let at = |column: usize| (self.plan.broker(column).right() - 20.0).floor() + 0.5;
        for (column, broker) in view.brokers.iter().enumerate() {
            let end = [Point::new(at(column), lobby), Point::new(at(column), head)];
            for (group, (x, _)) in view.groups.iter().zip(&self.plan.groups) {
                let points: Vec<Point> = std::iter::once(Point::new(*x, lobby)).chain(end).collect();
                if group.coordinator == Some(broker.id) {
                    d.push_str(&polyline(&points));
                }
                for member in &group.members {
                    scene.routes.plain(member.node, broker.node, points.clone());
                }
            }
            for producer in view.producers.iter().filter(|producer| producer.topic.is_some()) {
                let x = self.bus_x();
                let first = self.producer_exit(producer.node, 0).first().copied().unwrap_or_default();
                let points = [first, Point::new(x, first.y), Point::new(x, lobby)].into_iter().chain(end).collect();
                scene.routes.plain(producer.node, broker.node, points);
            }
            for (other, peer) in view.brokers.iter().enumerate().filter(|(other, _)| *other > column) {
                let points = vec![
                    Point::new(at(column), head),
                    Point::new(at(column), lobby),
                    Point::new(at(other), lobby),
                    Point::new(at(other), head),
                ];
                scene.routes.plain(broker.node, peer.node, points);
            }
        }
        let shapes = if d.is_empty() { Vec::new() } else { vec![Shape::path("rail quiet", d)] };
        scene.groups.push(Group::plain("coordinators", shapes));
    }
}
