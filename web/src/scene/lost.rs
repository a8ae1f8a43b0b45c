//! What is gone leaves a mark: a torn cell where an acknowledged record stood that is lost, a cross where a message
//! vanished. Each tells its story when it is selected.

use super::geometry::{Point, Rect, push_number};
use super::group::Group;
use super::mark::{Mark, MarkKind};
use super::picture::Scene;
use super::shape::Shape;
use super::strip::Strip;
use super::symbols;
use super::target::Target;
use crate::i18n::labels::Labels;
use highwater_engine::ids::RecordId;
use highwater_engine::sim::Directory;
use highwater_engine::time::Instant;
use highwater_engine::view::FlightView;

/// A message that was under way and will never arrive.
#[derive(Clone, PartialEq, Debug)]
pub struct Vanished {
    /// The message as it was.
    pub flight: FlightView,
    /// When it was last seen.
    pub at: Instant,
}

/// How high the torn strip over a cell is that another record has taken.
const TORN: f64 = 7.0;

/// The lost records of a partition, at their offsets in the log its readers read: torn off the record that took their place,
/// or torn out where nothing has. One that this log still holds, or none that is drawn, has its cell or its count.
pub fn torn(strip: &Strip<'_>, partition: &str, directory: &Directory, labels: Labels) -> Vec<Group> {
    let cell = |record: RecordId, offset: i64| {
        if offset < strip.window.start || strip.replica.cells.iter().any(|cell| cell.record == Some(record)) {
            return None;
        }
        let x = strip.frame.x + (offset - strip.window.start) as f64 * strip.frame.pitch;
        let height = strip.height();
        let rect = Rect::new(x + 1.0, strip.frame.base - height, strip.frame.pitch - 2.0, height);
        (rect.right() <= strip.frame.right).then_some((rect, offset < strip.window.end))
    };
    marks(strip.marks, cell, partition, directory, labels)
}

/// The same for a drawing that places its cells by itself: `cell` says where a record was, and whether another is there.
pub fn marks(
    marks: &[Mark],
    cell: impl Fn(RecordId, i64) -> Option<(Rect, bool)>,
    partition: &str,
    directory: &Directory,
    labels: Labels,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for mark in marks.iter().filter(|mark| mark.kind == MarkKind::Lost) {
        let Some((rect, taken)) = cell(mark.record, mark.offset.0) else { continue };
        let (shape, bounds) = if taken {
            let strip = Rect::new(rect.x - 0.5, rect.y - 1.5, rect.w + 1.0, TORN);
            (Shape::path("torn", jagged(strip, false)), strip.grown(1.0))
        } else {
            (Shape::path("torn-out", jagged(rect.grown(-0.5), true)), rect)
        };
        let label = labels.say_lost(directory.record_name(mark.record), partition, mark.offset);
        let group = Group::of(Target::Lost(mark.record), label, bounds, vec![shape]);
        // Lost twice, or two at one offset: the later one is on top.
        groups.retain(|known| known.bounds != Some(bounds) && known.key != group.key);
        groups.push(group);
    }
    groups
}

/// A rectangle one of whose sides is torn.
fn jagged(rect: Rect, top: bool) -> String {
    const TEETH: i32 = 4;
    let depth = if top { 3.0 } else { -3.0 };
    let (torn, whole) = if top { (rect.y, rect.bottom()) } else { (rect.bottom(), rect.y) };
    let mut d = String::from("M");
    let mut to = |x: f64, y: f64, last: bool| {
        push_number(&mut d, x);
        d.push(' ');
        push_number(&mut d, y);
        d.push(if last { 'z' } else { 'L' });
    };
    to(rect.x, whole, false);
    for tooth in 0..=TEETH {
        let y = if tooth % 2 == 0 { torn } else { torn + depth };
        to(rect.x + rect.w * f64::from(tooth) / f64::from(TEETH), y, false);
    }
    to(rect.right(), whole, true);
    d
}

/// A cross where a message vanished, on its wire.
pub fn vanished(
    scene: &mut Scene,
    messages: &[Vanished],
    selection: Option<Target>,
    directory: &Directory,
    labels: Labels,
) {
    let mut taken: Vec<Point> = Vec::new();
    for message in messages {
        let Some(place) = scene.place(&message.flight, message.at) else { continue };
        let at = place.at;
        if taken.iter().any(|known| known.distance(at) < 8.0) {
            continue;
        }
        taken.push(at);
        let flight = &message.flight;
        let kind = format!("{:?}", flight.message);
        let label = labels.say_vanished(kind, directory.node_name(flight.from), directory.node_name(flight.to));
        let bounds = Rect::new(at.x - 9.0, at.y - 9.0, 18.0, 18.0);
        let shapes = vec![Shape::Circle { class: "vanished", at, r: 7.5 }, symbols::cross("vanished-x", at, 3.75)];
        let mut group = Group::of(Target::Envelope(flight.id), label, bounds, shapes);
        group.selected = group.target == selection;
        scene.groups.push(group);
    }
}
