//! The third depth: inside one broker, one client, or the quorum of the controllers. Its neighbours stand at the right edge, and what is said between them
//! travels on the wires to it.

mod broker;
mod consumer;
mod controller;
mod producer;

use super::depth::Extent;
use super::geometry::{Point, Rect, polyline};
use super::group::Group;
use super::input::StageInput;
use super::picture::Scene;
use super::shape::Shape;
use super::target::Target;
use super::text::TextStyle;
use super::wide::seconds;
use crate::i18n::labels::Labels;
use highwater_engine::ids::{BrokerId, NodeId, TopicPartition};
use highwater_engine::view::{InsideKind, InsideView, ProcessView};

/// Width of the neighbours at the right, and of the gap their wires cross.
const PEER: f64 = 112.0;
const WIRES: f64 = 64.0;
const MARGIN: f64 = 8.0;
/// Above the panels: the name of what is opened.
const HEAD: f64 = 30.0;
/// In less room nothing can be read: then the whole is drawn smaller.
const LEAST: (f64, f64) = (720.0, 330.0);

/// Composes the inside of a process for a room of this size.
pub fn compose(input: &StageInput<'_>, view: &InsideView, labels: Labels, width: f64, height: f64) -> Scene {
    let scale = (width.max(320.0) / LEAST.0).min(height.max(160.0) / LEAST.1).min(1.0);
    let (width, height) = (width.max(320.0) / scale, height.max(160.0) / scale);
    let mut scene = Scene { width, height, extent: Extent::Inside(view.node), ..Scene::default() };
    scene.producers = input.view.producers.iter().map(|producer| producer.node).collect();
    let frame = Rect::new(MARGIN, MARGIN, width - 2.0 * MARGIN - PEER - WIRES, height - 2.0 * MARGIN);
    let inside = Inside { input, labels, node: view.node, frame };
    inside.outline(view.process, &mut scene);
    match &view.what {
        InsideKind::Broker(broker) => inside.broker(broker, &mut scene),
        InsideKind::Producer(sender) => inside.producer(*sender, &mut scene),
        InsideKind::Controller => inside.controller(&mut scene),
        InsideKind::Consumer(consumer) => inside.consumer(consumer, &mut scene),
    }
    scene
}

/// What the drawings share.
struct Inside<'a> {
    input: &'a StageInput<'a>,
    labels: Labels,
    node: NodeId,
    /// The process.
    frame: Rect,
}

impl Inside<'_> {
    fn outline(&self, process: ProcessView, scene: &mut Scene) {
        let rect = Rect::new(self.frame.x + 0.5, self.frame.y + 0.5, self.frame.w - 1.0, self.frame.h - 1.0);
        let down = matches!(process, ProcessView::Down(_));
        let mut shapes = vec![Shape::Rect { class: if down { "frame-dead" } else { "frame" }, rect }];
        let head = Rect::new(self.frame.x, self.frame.y, self.frame.w, HEAD - 4.0);
        if down {
            shapes.push(Shape::Rect { class: "dead-head", rect: head });
        }
        let class = if down { "inv" } else { "" };
        let (x, y) = (head.x + 12.0, head.y + 17.5);
        let name = self.name(self.node);
        let wide = TextStyle::NameStrong.width(&name);
        shapes.push(Shape::text(TextStyle::NameStrong, class, x, y, name.clone()));
        let time = process.for_how_long(self.input.view.now).map(seconds).unwrap_or_default();
        let state = match process {
            ProcessView::Down(_) => self.labels.dead_for(time),
            ProcessView::Paused(_) => self.labels.paused_for(time),
            ProcessView::Running => self.labels.running(),
        };
        shapes.push(Shape::text(TextStyle::Word, if down { "inv" } else { "q2" }, x + wide + 12.0, y, state.clone()));
        let label = self.labels.say_inside(name, state);
        self.push(scene, Group::of(Target::Node(self.node), label, head, shapes));
    }

    /// The name of a process as the stage writes it.
    fn name(&self, node: NodeId) -> String {
        let view = self.input.view;
        if let Some(broker) = view.brokers.iter().find(|broker| broker.node == node) {
            return self.labels.broker(broker.id);
        }
        if view.quorum.is_empty() && view.controller.as_ref().is_some_and(|controller| controller.node == node) {
            return self.labels.controller();
        }
        self.input.directory.node_name(node).to_owned()
    }

    fn tp(&self, tp: TopicPartition) -> String {
        let known = self.input.view.partitions.iter().find(|partition| partition.tp == tp);
        known.map_or_else(|| self.input.directory.tp_name(tp), |partition| partition.name.clone())
    }

    fn node_of(&self, broker: BrokerId) -> Option<NodeId> {
        self.input.view.brokers.iter().find(|known| known.id == broker).map(|known| known.node)
    }

    /// Where the panels begin.
    fn top(&self) -> f64 {
        self.frame.y + HEAD
    }

    /// The heading of a panel, and a line under it.
    fn panel(&self, x: f64, y: f64, width: f64, words: &str, shapes: &mut Vec<Shape>) {
        let words = TextStyle::WordStrong.fitted(words, width);
        shapes.push(Shape::text(TextStyle::WordStrong, "", x, y + 12.0, words));
        shapes.push(Shape::path("rule", polyline(&[Point::new(x, y + 17.5), Point::new(x + width, y + 17.5)])));
    }

    /// A neighbour at the right edge, and its wire to `x` inside the process.
    fn peer(&self, node: NodeId, x: f64, y: f64, scene: &mut Scene) {
        let rect = Rect::new(self.frame.right() + WIRES, y - 10.0, PEER, 20.0);
        let points = vec![Point::new(rect.x, y), Point::new(x, y)];
        scene.groups.push(Group::plain(format!("wire:{}", node.0), vec![Shape::path("rail", polyline(&points))]));
        for tp in self.input.view.partitions.iter().map(|partition| partition.tp) {
            scene.routes.for_partition(node, self.node, tp, points.clone());
        }
        scene.routes.plain(node, self.node, points);
        let name = self.name(node);
        let view = self.input.view;
        let brokers = view.brokers.iter().map(|broker| (broker.node, broker.process));
        let clients = view.producers.iter().map(|producer| (producer.node, producer.process));
        let members = view.groups.iter().flat_map(|group| &group.members).map(|member| (member.node, member.process));
        let process =
            brokers.chain(clients).chain(members).find(|(known, _)| *known == node).map(|(_, process)| process);
        let down = matches!(process, Some(ProcessView::Down(_)));
        let inner = Rect::new(rect.x + 0.5, rect.y + 0.5, rect.w - 1.0, rect.h - 1.0);
        let shown = TextStyle::Label.fitted(&name, rect.w - 12.0);
        let shapes = vec![
            Shape::Rect { class: if down { "dead-head" } else { "box" }, rect: inner },
            Shape::text(TextStyle::Label, if down { "inv" } else { "" }, rect.x + 6.0, y + 4.5, shown),
        ];
        self.push(scene, Group::of(Target::Node(node), name, rect, shapes));
    }

    fn push(&self, scene: &mut Scene, mut group: Group) {
        group.selected = group.target.is_some() && group.target == self.input.selection;
        scene.groups.push(group);
    }
}

/// How much of something there is: a bar that is `part` of `whole` full.
fn bar(shapes: &mut Vec<Shape>, class: &'static str, rect: Rect, part: f64) {
    shapes.push(Shape::Rect { class: "gauge", rect });
    let width = rect.w * part.clamp(0.0, 1.0);
    if width >= 0.5 {
        shapes.push(Shape::Rect { class, rect: Rect::new(rect.x, rect.y, width, rect.h) });
    }
}

/// Labels on one line, the more important first: each where it belongs, or not at all where another stands.
struct Line {
    y: f64,
    left: f64,
    right: f64,
    taken: Vec<(f64, f64)>,
}

impl Line {
    fn new(y: f64, left: f64, right: f64) -> Line {
        Line { y, left, right, taken: Vec::new() }
    }

    /// Writes a label round `x`, pushed inside; whether there was room.
    fn round(&mut self, shapes: &mut Vec<Shape>, class: &'static str, x: f64, text: String) -> bool {
        let wide = TextStyle::Ruler.width(&text);
        if wide > self.right - self.left {
            return false;
        }
        let from = (x - wide / 2.0).clamp(self.left, self.right - wide);
        let to = from + wide;
        if self.taken.iter().any(|(a, b)| from < b + 5.0 && to > a - 5.0) {
            return false;
        }
        self.taken.push((from, to));
        shapes.push(Shape::text(TextStyle::Ruler, class, from, self.y, text));
        true
    }
}

/// A number of bytes, short: `640 B`, `1.5 kB`.
fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{}.{} kB", size / 1_000, size % 1_000 / 100),
        _ => format!("{}.{} MB", size / 1_000_000, size % 1_000_000 / 100_000),
    }
}
