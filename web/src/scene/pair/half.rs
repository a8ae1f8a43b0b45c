//! What a queue and a topic have in common on the stage.

use super::Pair;
use crate::scene::geometry::{Point, Rect, number, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::ids::NodeId;
use highwater_engine::view::{ProcessView, ProducerView};

/// From record to record.
pub const PITCH: f64 = 28.0;
/// Height of the records on the strip.
pub const CELL: f64 = 32.0;
/// From one reader to the next.
pub const ROW: f64 = 46.0;
/// Height of what a reader has.
pub const GOT: f64 = 26.0;

/// One half of the drawing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Half {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Room for names at the left.
    pub names: f64,
}

/// Where the line of some readers starts, for wires that go on to a database.
#[derive(Clone, PartialEq, Debug)]
pub struct Lane {
    /// Across.
    pub x: f64,
    /// Down.
    pub y: f64,
    /// Who travels it.
    pub nodes: Vec<NodeId>,
}

impl Half {
    /// Left end of the first record.
    pub fn cells_x(&self) -> f64 {
        self.x + self.names
    }

    /// How many records have room.
    pub fn capacity(&self) -> usize {
        ((self.width - self.names - 30.0) / PITCH).floor().max(4.0) as usize
    }

    /// The line between a strip and its readers.
    pub fn lane_x(&self) -> f64 {
        self.cells_x() - 9.5
    }

    /// Left end of the record drawn at a place.
    pub fn cell_x(&self, index: usize) -> f64 {
        self.cells_x() + index as f64 * PITCH
    }

    /// Right edge of the records.
    pub fn cells_right(&self) -> f64 {
        self.cell_x(self.capacity())
    }

    /// Where new records come in behind so many.
    pub fn tail_x(&self, records: usize) -> f64 {
        (self.cell_x(records.min(self.capacity())) + PITCH / 2.0).min(self.x + self.width - 6.0).floor() + 0.5
    }

    /// The line from the producers.
    pub fn feed_y(&self) -> f64 {
        self.y + 70.5
    }

    /// Top of the (first) strip.
    pub fn strip_y(&self) -> f64 {
        self.y + 86.0
    }
}

/// A number in a record's cell.
pub fn figure(shapes: &mut Vec<Shape>, class: &'static str, rect: Rect, number: u32) {
    let text = number.to_string();
    let style =
        if TextStyle::CellStrong.width(&text) <= rect.w { TextStyle::CellStrong } else { TextStyle::RulerStrong };
    let at = rect.centre();
    shapes.push(Shape::text_middle(style, class, at.x, at.y + 4.5, text));
}

/// The line a strip's records stand on, as far as there is room for them.
pub fn ground(half: &Half, y: f64) -> Shape {
    let line = [Point::new(half.cells_x() - 4.0, y + CELL + 1.5), Point::new(half.cells_right(), y + CELL + 1.5)];
    Shape::path("rule", polyline(&line))
}

/// The head of a line into a strip.
pub fn head(x: f64, y: f64) -> Shape {
    Shape::path("arrow", format!("M{} {}l-4 -7h8z", number(x), number(y)))
}

/// A line down with a head.
pub fn arrow(shapes: &mut Vec<Shape>, x: f64, from: f64, to: f64) {
    shapes.push(Shape::path("rail", polyline(&[Point::new(x, from), Point::new(x, to - 3.0)])));
    shapes.push(head(x, to));
}

impl Pair<'_> {
    /// The heading of a half.
    pub(super) fn title(&self, half: &Half, words: String, scene: &mut Scene, key: &str) {
        let line = polyline(&[Point::new(half.x, half.y + 0.5), Point::new(half.x + half.width, half.y + 0.5)]);
        let shapes =
            vec![Shape::path("title-rule", line), Shape::text(TextStyle::HeadStrong, "", half.x, half.y + 22.0, words)];
        scene.groups.push(Group::plain(format!("title:{key}"), shapes));
    }

    /// Producers in a line, and the line from them; gives each one's way to the feed.
    pub(super) fn feeders(
        &self,
        half: &Half,
        feeds: impl Fn(&ProducerView) -> bool,
        scene: &mut Scene,
    ) -> Vec<(NodeId, Vec<Point>)> {
        let mut ways = Vec::new();
        let mut x = half.x;
        let y = half.y + 32.5;
        for (index, producer) in self.input.view.producers.iter().enumerate() {
            if !feeds(producer) {
                continue;
            }
            let name = TextStyle::NameStrong.width(&producer.name);
            let rect = Rect::new(x.floor() + 0.5, y, (name + 76.0).ceil(), 26.0);
            if rect.right() > half.x + half.width {
                break;
            }
            let down = matches!(producer.process, ProcessView::Down(_));
            let mut shapes = vec![Shape::Rect { class: if down { "dead-head" } else { "box" }, rect }];
            let class = if down { "inv" } else { "" };
            shapes.push(Shape::text(TextStyle::NameStrong, class, rect.x + 8.5, rect.y + 17.5, &producer.name));
            let numbers: Vec<u32> = producer.waiting.iter().map(|waiting| waiting.record.number()).collect();
            let at = Point::new(rect.x + name + 15.0, rect.y + 5.0);
            if !down {
                symbols::chips(&mut shapes, symbols::chip_class(index), at, 56.0, 15.0, &numbers);
            }
            let drop = (rect.x + 12.0).floor() + 0.5;
            let way = vec![Point::new(drop, rect.bottom()), Point::new(drop, half.feed_y())];
            shapes.push(Shape::path("rail", polyline(&way)));
            let label = self.labels.say_producer(&producer.name, self.state_of(producer.process), numbers.len());
            self.push(scene, Group::of(Target::Node(producer.node), label, rect, shapes));
            ways.push((producer.node, way));
            x = rect.right() + 12.0;
        }
        ways
    }

    /// A reader's name at the left of its row, what it has done, and the line its cells stand on.
    pub(super) fn reader(
        &self,
        half: &Half,
        y: f64,
        name: &str,
        below: (&'static str, String),
        shapes: &mut Vec<Shape>,
    ) {
        let room = half.names - 20.0;
        shapes.push(Shape::text(TextStyle::NameStrong, "", half.x, y + 13.0, TextStyle::NameStrong.fitted(name, room)));
        shapes.push(Shape::text(TextStyle::Label, below.0, half.x, y + 29.0, TextStyle::Label.fitted(&below.1, room)));
        let rule = [Point::new(half.cells_x() - 4.0, y + GOT + 3.5), Point::new(half.cells_right(), y + GOT + 3.5)];
        shapes.push(Shape::path("rule", polyline(&rule)));
    }
}
