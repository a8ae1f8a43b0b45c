//! Queue and topic in one grammar: numbered records on a strip, and under it who got which.

mod half;
mod queue;
mod topic;

use super::geometry::{Point, Rect, polyline};
use super::group::Group;
use super::input::StageInput;
use super::picture::Scene;
use super::shape::Shape;
use super::target::Target;
use super::text::TextStyle;
use super::wide::{seconds, store_sentence, store_words};
use crate::i18n::labels::Labels;
use half::Half;
use highwater_engine::view::ProcessView;

/// Between the halves, and at the edges.
const GAP: f64 = 32.0;
const MARGIN: f64 = 12.0;
/// How many records a half shows at least, and from record to record.
const CELLS: f64 = 12.0;
/// Height of a store with the room above it.
const STORE: f64 = 54.0;

/// Composes queues, and topics beside them; without a height, one under the other.
pub fn compose(input: &StageInput<'_>, labels: Labels, width: f64, height: Option<f64>) -> Scene {
    let pair = Pair { input, labels };
    let view = input.view;
    let names = pair.names_width();
    let natural = names + CELLS * half::PITCH + 30.0;
    let mut heights: Vec<f64> = view.queues.iter().map(queue::height).collect();
    if !view.partitions.is_empty() {
        heights.push(topic::height(view));
    }
    // One line of stores where there is room, one under the other on a phone.
    let lines = if height.is_some() { view.stores.len().min(1) } else { view.stores.len() };
    let stores = if lines == 0 { 0.0 } else { 4.0 + lines as f64 * STORE };
    let count = heights.len() as f64;
    let tallest = heights.iter().copied().fold(0.0, f64::max);
    let total: f64 = heights.iter().map(|height| height + 16.0).sum();
    let beside = (2.0 * MARGIN + natural * count + GAP * (count - 1.0), tallest + 16.0 + stores);
    let stacked = (2.0 * MARGIN + natural, total + stores);
    let (scale, is_beside) = match height {
        Some(height) => {
            let fit = |(w, h): (f64, f64)| (width.max(320.0) / w).min(height.max(160.0) / h);
            if fit(beside) * 1.3 >= fit(stacked) { (fit(beside), true) } else { (fit(stacked), false) }
        }
        None => (1.0, count < 2.0),
    };
    let scene_width = width.max(320.0) / scale;
    let natural_height = if is_beside { beside.1 } else { stacked.1 };
    let scene_height = height.map_or(natural_height, |height| (height.max(160.0) / scale).max(natural_height));
    let mut scene = Scene { width: scene_width, height: scene_height, ..Scene::default() };
    scene.producers = view.producers.iter().map(|producer| producer.node).collect();

    let inner = scene_width - 2.0 * MARGIN;
    let half_width = if is_beside { (inner - GAP * (count - 1.0)) / count } else { inner };
    let top = ((scene_height - natural_height) / 3.0).max(0.0).floor() + 8.0;
    let (mut x, mut y) = (MARGIN, top);
    let mut lanes = Vec::new();
    let halves = view.queues.iter().map(Some).chain((!view.partitions.is_empty()).then_some(None));
    for (part, part_height) in halves.zip(&heights) {
        let half = Half { x: x.floor(), y, width: half_width, names };
        match part {
            Some(queue) => pair.queue(queue, &half, &mut scene, &mut lanes),
            None => pair.topic(&half, &mut scene, &mut lanes),
        }
        if is_beside {
            x += half_width + GAP;
        } else {
            y += part_height + 16.0;
        }
    }
    let bottom = top + natural_height - 16.0 - stores;
    pair.stores(bottom, height.is_none(), &lanes, &mut scene);
    scene
}

/// What the halves share.
struct Pair<'a> {
    input: &'a StageInput<'a>,
    labels: Labels,
}

impl Pair<'_> {
    fn push(&self, scene: &mut Scene, mut group: Group) {
        group.selected = group.target.is_some() && group.target == self.input.selection;
        scene.groups.push(group);
    }

    fn state_of(&self, process: ProcessView) -> String {
        let time = process.for_how_long(self.input.view.now).map(seconds).unwrap_or_default();
        match process {
            ProcessView::Down(_) => self.labels.dead_for(time),
            ProcessView::Paused(_) => self.labels.paused_for(time),
            ProcessView::Running => self.labels.running(),
        }
    }

    /// Room for the names at the left of a half.
    fn names_width(&self) -> f64 {
        let view = self.input.view;
        let strong = |name: &str| TextStyle::NameStrong.width(name);
        let mut width =
            TextStyle::Label.width(&self.labels.processed(999)).max(TextStyle::Label.width(&self.labels.kept(999)));
        for queue in &view.queues {
            width = width.max(strong(&queue.name));
            for worker in &queue.workers {
                width = width.max(strong(&self.labels.worker(&worker.name)));
            }
        }
        let topics = view.partitions.iter().map(|partition| strong(&partition.name));
        let groups = view.groups.iter().map(|group| strong(&group.name));
        topics.chain(groups).fold(width, f64::max).min(150.0).ceil() + 22.0
    }

    /// In a line with wires from above, or one under the other with wires from the left.
    fn stores(&self, bottom: f64, stacked: bool, lanes: &[half::Lane], scene: &mut Scene) {
        let mut x = MARGIN + 40.0;
        if stacked {
            x = lanes.iter().map(|lane| lane.x + 14.0).fold(x, f64::max);
        }
        let mut y = bottom + 14.5;
        for store in &self.input.view.stores {
            let words = store_words(store, self.labels);
            let line: f64 = words.iter().map(|(_, word)| TextStyle::WordStrong.width(word) + 10.0).sum();
            let width = (TextStyle::NameStrong.width(&store.name).max(line) + 22.0).max(140.0);
            let rect = Rect::new(x.floor() + 0.5, y, width.ceil(), 38.0);
            let down = matches!(store.process, ProcessView::Down(_));
            let entry = Point::new(rect.x + 20.0, rect.y);
            let mut d = String::new();
            for lane in lanes {
                let from = Point::new(lane.x, lane.y);
                let points = if stacked {
                    let middle = rect.centre().y.floor() + 0.5;
                    vec![from, Point::new(lane.x, middle), Point::new(rect.x, middle)]
                } else {
                    vec![from, Point::new(lane.x, rect.y - 8.0), Point::new(entry.x, rect.y - 8.0), entry]
                };
                d.push_str(&polyline(&points));
                for node in &lane.nodes {
                    scene.routes.plain(*node, store.node, points.clone());
                }
            }
            let mut shapes = vec![Shape::path("rail", d), Shape::Rect { class: "box", rect }];
            if down {
                shapes.push(Shape::rect("dead-head", rect.x, rect.y, rect.w, 19.0));
            }
            let class = if down { "inv" } else { "" };
            shapes.push(Shape::text(TextStyle::NameStrong, class, rect.x + 9.5, rect.y + 14.5, &store.name));
            let mut at = rect.x + 9.5;
            for (class, word) in words {
                let wide = TextStyle::WordStrong.width(&word);
                shapes.push(Shape::text(TextStyle::Word, class, at, rect.y + 31.0, word));
                at += wide + 10.0;
            }
            let label = store_sentence(store, self.state_of(store.process), self.labels);
            self.push(scene, Group::of(Target::Node(store.node), label, rect, shapes));
            if stacked {
                y += STORE;
            } else {
                x += width + 16.0;
            }
        }
    }
}
