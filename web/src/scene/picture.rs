//! A finished picture.

use super::depth::Extent;
use super::geometry::{Point, Rect};
use super::group::Group;
use super::routes::Routes;
use super::target::Target;
use highwater_engine::ids::{BrokerId, Offset, TopicPartition};
use highwater_engine::time::Instant;
use highwater_engine::view::FlightView;

/// Where a packet is and where it goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Place {
    /// Its middle.
    pub at: Point,
    /// Its direction, as a unit vector.
    pub heading: Point,
}

/// The cells of one replica, for pointing at records.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CellsHit {
    /// Where they are.
    pub rect: Rect,
    /// From record to record.
    pub pitch: f64,
    /// Whose.
    pub broker: BrokerId,
    /// Of which partition.
    pub tp: TopicPartition,
    /// The first offset drawn.
    pub start: i64,
}

/// What to draw, what can be pointed at, and the wires.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scene {
    /// Width of the viewBox.
    pub width: f64,
    /// Height of the viewBox.
    pub height: f64,
    /// What it shows of the whole.
    pub extent: Extent,
    /// The picture in a sentence.
    pub label: String,
    /// What to draw, first at the back.
    pub groups: Vec<Group>,
    /// The wires packets travel.
    pub routes: Routes,
    /// Cells that can be pointed at.
    pub cells: Vec<CellsHit>,
    /// The producers in their order; the first four give their colours.
    pub producers: Vec<highwater_engine::ids::NodeId>,
}

impl Scene {
    /// Where a packet is at a moment: as far along its wire as it is in time.
    pub fn place(&self, flight: &FlightView, now: Instant) -> Option<Place> {
        let whole = flight.arrives_at.since(flight.sent_at).0;
        let passed = now.since(flight.sent_at).0.min(whole);
        let fraction = if whole == 0 { 1.0 } else { passed as f64 / whole as f64 };
        let (wire, backwards) = self.routes.find(flight.from, flight.to, &flight.partitions, &flight.records)?;
        if backwards {
            let (at, heading) = wire.at(1.0 - fraction)?;
            return Some(Place { at, heading: Point::new(-heading.x, -heading.y) });
        }
        let (at, heading) = wire.at(fraction)?;
        Some(Place { at, heading })
    }

    /// What lies under a point, the finest thing first.
    pub fn hit(&self, x: f64, y: f64) -> Option<Target> {
        let at = Point::new(x, y);
        let is_gone = |group: &&Group| matches!(group.target, Some(Target::Lost(_) | Target::Envelope(_)));
        let under = |group: &&Group| group.bounds.is_some_and(|rect| rect.contains(at));
        if let Some(gone) = self.groups.iter().rev().filter(is_gone).find(under) {
            return gone.target;
        }
        for cells in &self.cells {
            if cells.rect.contains(at) {
                let index = ((x - cells.rect.x) / cells.pitch).floor() as i64;
                return Some(Target::Record(cells.broker, cells.tp, Offset(cells.start + index)));
            }
        }
        self.groups.iter().rev().find(under)?.target
    }

    /// The group that stands for a target; a record's is its replica's.
    pub fn group_of(&self, target: Target) -> Option<&Group> {
        let wanted = match target {
            Target::Record(broker, tp, _) => Target::Replica(broker, tp),
            other => other,
        };
        self.groups.iter().find(|group| group.target == Some(wanted))
    }

    /// The nearest group in a direction given as a unit vector, from the group with this key.
    pub fn neighbour(&self, key: &str, direction: Point) -> Option<&Group> {
        let from = self.groups.iter().find(|group| group.key == key)?.bounds?.centre();
        let mut best: Option<(f64, &Group)> = None;
        for group in self.groups.iter().filter(|group| group.key != key && group.target.is_some()) {
            let Some(bounds) = group.bounds else { continue };
            let to = bounds.centre();
            let (dx, dy) = (to.x - from.x, to.y - from.y);
            let along = dx * direction.x + dy * direction.y;
            let across = (dx * direction.y - dy * direction.x).abs();
            // Ahead, and more ahead than aside.
            if along < 4.0 || across > along * 2.0 {
                continue;
            }
            let cost = along + 2.0 * across;
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, group));
            }
        }
        best.map(|(_, group)| group)
    }

    /// The whole picture as text: what the tests compare and an export saves.
    pub fn markup(&self) -> String {
        let mut out = String::new();
        for group in &self.groups {
            out.push_str("<g>");
            out.push_str(&group.markup());
            out.push_str("</g>\n");
        }
        out
    }
}
