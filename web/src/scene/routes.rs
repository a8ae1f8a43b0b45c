//! The wires packets travel.

use super::geometry::Point;
use highwater_engine::ids::{NodeId, RecordId, TopicId, TopicPartition};
use std::collections::BTreeMap;

/// A line from one process to another, with square corners.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wire {
    /// Its corners, from the first process to the second.
    pub points: Vec<Point>,
}

impl Wire {
    /// A wire along points.
    pub fn new(points: Vec<Point>) -> Wire {
        Wire { points }
    }

    /// How long it is.
    pub fn length(&self) -> f64 {
        self.points
            .windows(2)
            .map(|pair| match pair {
                [a, b] => a.distance(*b),
                _ => 0.0,
            })
            .sum()
    }

    /// The place a fraction of the way along, and the direction of travel there as a unit vector.
    pub fn at(&self, fraction: f64) -> Option<(Point, Point)> {
        let mut left = self.length() * fraction.clamp(0.0, 1.0);
        let mut last = None;
        for pair in self.points.windows(2) {
            let [a, b] = pair else { continue };
            let step = a.distance(*b);
            if step < 1e-9 {
                continue;
            }
            let heading = Point::new((b.x - a.x) / step, (b.y - a.y) / step);
            if left <= step {
                return Some((Point::new(a.x + heading.x * left, a.y + heading.y * left), heading));
            }
            left -= step;
            last = Some((*b, heading));
        }
        last.or_else(|| self.points.first().map(|point| (*point, Point::new(1.0, 0.0))))
    }
}

/// Every wire of a scene. A wire is kept once and travelled both ways.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Routes {
    by_partition: BTreeMap<(NodeId, NodeId, TopicPartition), Wire>,
    by_record: BTreeMap<(NodeId, NodeId, RecordId), Wire>,
    plain: BTreeMap<(NodeId, NodeId), Wire>,
}

impl Routes {
    /// The wire for what two processes say about a partition.
    pub fn for_partition(&mut self, from: NodeId, to: NodeId, tp: TopicPartition, points: Vec<Point>) {
        self.by_partition.insert((from, to, tp), Wire::new(points));
    }

    /// The wire for one record between two processes.
    pub fn for_record(&mut self, from: NodeId, to: NodeId, record: RecordId, points: Vec<Point>) {
        self.by_record.insert((from, to, record), Wire::new(points));
    }

    /// The wire for everything else two processes say.
    pub fn plain(&mut self, from: NodeId, to: NodeId, points: Vec<Point>) {
        self.plain.insert((from, to), Wire::new(points));
    }

    /// The most fitting wire (by record, by partition, else the plain one), and whether it is travelled backwards.
    pub fn find(
        &self,
        from: NodeId,
        to: NodeId,
        partitions: &[TopicPartition],
        records: &[RecordId],
    ) -> Option<(&Wire, bool)> {
        let by_record =
            || records.iter().find_map(|record| both_ways(&self.by_record, (from, to, *record), (to, from, *record)));
        let by_partition =
            || partitions.iter().find_map(|tp| both_ways(&self.by_partition, (from, to, *tp), (to, from, *tp)));
        by_record()
            .or_else(by_partition)
            .or_else(|| both_ways(&self.plain, (from, to), (to, from)))
            .or_else(|| self.any(from, to).map(|wire| (wire, false)))
            .or_else(|| self.any(to, from).map(|wire| (wire, true)))
    }

    /// Two processes that share partitions only: an idle fetch names none of them.
    fn any(&self, from: NodeId, to: NodeId) -> Option<&Wire> {
        let first = (from, to, TopicPartition { topic: TopicId(0), partition: 0 });
        let (key, wire) = self.by_partition.range(first..).next()?;
        (key.0 == from && key.1 == to).then_some(wire)
    }
}

fn both_ways<K: Ord>(wires: &BTreeMap<K, Wire>, there: K, back: K) -> Option<(&Wire, bool)> {
    wires.get(&there).map(|wire| (wire, false)).or_else(|| wires.get(&back).map(|wire| (wire, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corner() -> Vec<Point> {
        vec![Point::new(0.0, 0.0), Point::new(30.0, 0.0), Point::new(30.0, 10.0)]
    }

    #[test]
    fn a_place_on_a_wire_is_linear_in_its_length() {
        let wire = Wire::new(corner());
        assert_eq!(wire.at(0.0), Some((Point::new(0.0, 0.0), Point::new(1.0, 0.0))));
        assert_eq!(wire.at(0.5), Some((Point::new(20.0, 0.0), Point::new(1.0, 0.0))));
        assert_eq!(wire.at(1.0), Some((Point::new(30.0, 10.0), Point::new(0.0, 1.0))));
        assert_eq!(wire.at(7.0), wire.at(1.0));
        assert_eq!(Wire::default().at(0.3), None);
    }

    #[test]
    fn the_way_back_is_the_same_wire() {
        let tp = TopicPartition::new(TopicId(0), 1);
        let mut routes = Routes::default();
        routes.for_partition(NodeId(1), NodeId(2), tp, corner());
        assert!(matches!(routes.find(NodeId(2), NodeId(1), &[tp], &[]), Some((_, true))));
        assert!(matches!(routes.find(NodeId(2), NodeId(1), &[], &[]), Some((_, true))));
        assert!(matches!(routes.find(NodeId(1), NodeId(2), &[], &[]), Some((_, false))));
        assert!(routes.find(NodeId(2), NodeId(3), &[tp], &[]).is_none());
    }
}
