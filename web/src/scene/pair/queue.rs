//! A queue: what was acknowledged is gone, what is lent is outlined, the rest waits.

use super::Pair;
use super::half::{self, CELL, GOT, Half, Lane, PITCH, ROW};
use crate::scene::geometry::{Point, Rect, number, outline, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::ids::RecordId;
use highwater_engine::view::{ProcessView, QueueCellState, QueueCellView, QueueView};

/// From the top of a half to its first reader.
const READERS: f64 = 168.0;

/// How tall a queue's half is.
pub fn height(queue: &QueueView) -> f64 {
    READERS + queue.workers.len() as f64 * ROW
}

/// A state as the strip shows it, whoever it is lent to.
fn phase(state: QueueCellState) -> u8 {
    match state {
        QueueCellState::Removed => 0,
        QueueCellState::Unacked(_) => 1,
        QueueCellState::Ready => 2,
    }
}

/// The first message drawn: a few removed ones before the head of the queue, in steps.
fn first_shown(queue: &QueueView, newest: u64, capacity: u64) -> u64 {
    let head =
        queue.cells.iter().find(|cell| cell.state != QueueCellState::Removed).map_or(newest, |cell| cell.position);
    let first = head.saturating_sub(capacity / 2).min(newest.saturating_sub(capacity));
    let step = (capacity / 4).max(1);
    let oldest = queue.cells.first().map_or(1, |cell| cell.position);
    // Rounded up where the newest ones would fall off the end otherwise.
    let stepped = if first + capacity >= newest { first.div_ceil(step) } else { first / step } * step;
    (stepped + 1).max(oldest)
}

impl Pair<'_> {
    pub(super) fn queue(&self, queue: &QueueView, half: &Half, scene: &mut Scene, lanes: &mut Vec<Lane>) {
        let newest = queue.cells.last().map_or(0, |cell| cell.position);
        let (first, capacity) = (first_shown(queue, newest, half.capacity() as u64), half.capacity() as u64);
        let cells: Vec<(usize, &QueueCellView)> = queue
            .cells
            .iter()
            .filter(|cell| cell.position >= first && cell.position < first + capacity)
            .map(|cell| ((cell.position - first) as usize, cell))
            .collect();
        let dead = matches!(queue.process, ProcessView::Down(_));
        let key = queue.id.0.to_string();
        self.title(half, self.labels.queue(), scene, &key);
        self.queue_feed(queue, half, cells.len(), scene);
        self.workers(queue, half, &cells, scene, lanes);

        let mut shapes = vec![half::ground(half, half.strip_y())];
        let kept = queue.cells.iter().filter(|cell| cell.state != QueueCellState::Removed).count();
        let y = half.strip_y();
        let room = half.names - 20.0;
        shapes.push(Shape::text(
            TextStyle::NameStrong,
            "",
            half.x,
            y + 14.0,
            TextStyle::NameStrong.fitted(&queue.name, room),
        ));
        let (class, below) =
            if dead { ("only-t", self.state_of(queue.process)) } else { ("q2", self.labels.kept(kept)) };
        shapes.push(Shape::text(TextStyle::Label, class, half.x, y + 30.0, TextStyle::Label.fitted(&below, room)));
        for (index, cell) in &cells {
            let rect = Rect::new(half.cell_x(*index) + 1.5, y, PITCH - 3.0, CELL);
            let (shape, text) = match (cell.state, dead) {
                (QueueCellState::Removed, _) => (Shape::Rect { class: "ghost", rect: rect.grown(-0.5) }, "q3"),
                (QueueCellState::Unacked(_), _) => {
                    (Shape::Rect { class: "cell leader open", rect: rect.grown(-0.75) }, "lead-n")
                }
                (QueueCellState::Ready, false) => (Shape::Rect { class: "cell leader done", rect }, "on-lead"),
                (QueueCellState::Ready, true) => (Shape::Rect { class: "cell offline done", rect }, "on-lead"),
            };
            shapes.push(shape);
            half::figure(&mut shapes, text, rect, cell.record.number());
            if cell.redelivered && cell.state != QueueCellState::Removed {
                let class = if text == "on-lead" { "again on-lead" } else { "again" };
                shapes.push(symbols::again(class, Point::new(rect.right() - 6.0, rect.y + 6.0)));
            }
        }
        let ends = [(first > 1, half.cells_x() - 3.0), (newest >= first + capacity, half.cells_right() + 2.0)];
        for (_, x) in ends.into_iter().filter(|(more, _)| *more) {
            for dot in 0..3 {
                let at = Point::new(x, y + CELL - 10.0 + f64::from(dot) * 4.0);
                shapes.push(Shape::Circle { class: "more", at, r: 1.0 });
            }
        }
        self.brackets(half, &cells, &mut shapes);
        if dead {
            shapes.push(Shape::path(
                "frame-dead",
                outline(Rect::new(
                    half.cells_x() - 1.5,
                    y - 4.5,
                    half.cells_right() - half.cells_x() + 4.0,
                    CELL + 9.0,
                )),
            ));
            shapes.push(symbols::cross("cut", Point::new(half.tail_x(cells.len()), y - 7.0), 4.0));
        }
        let count = |wanted: u8| queue.cells.iter().filter(|cell| phase(cell.state) == wanted).count();
        let label = self.labels.say_queue(&queue.name, self.state_of(queue.process), count(2), count(1), count(0));
        let bounds = Rect::new(half.x, y - 6.0, half.width, CELL + 40.0);
        self.push(scene, Group::of(Target::Queue(queue.id), label, bounds, shapes));
    }

    fn queue_feed(&self, queue: &QueueView, half: &Half, records: usize, scene: &mut Scene) {
        let ways = self.feeders(half, |producer| producer.queue == Some(queue.id), scene);
        let (x, y, end) = (half.tail_x(records), half.feed_y(), half.strip_y());
        if let Some((_, first)) = ways.first() {
            let from = first.last().map_or(half.x, |point| point.x);
            let d = polyline(&[Point::new(from, y), Point::new(x, y), Point::new(x, end)]);
            let shapes = vec![Shape::path("rail", d), half::head(x, end)];
            scene.groups.push(Group::plain(format!("feed:{}", queue.id.0), shapes));
        }
        for (node, mut way) in ways {
            way.extend([Point::new(x, y), Point::new(x, end)]);
            scene.routes.plain(node, queue.node, way);
        }
    }

    fn brackets(&self, half: &Half, cells: &[(usize, &QueueCellView)], shapes: &mut Vec<Shape>) {
        let y = half.strip_y() + CELL + 6.0;
        let mut from = 0;
        let mut taken = half.cells_x() - 12.0;
        while let Some((first, cell)) = cells.get(from) {
            let this = phase(cell.state);
            let run = cells.iter().skip(from).take_while(|(_, cell)| phase(cell.state) == this).count();
            let last = cells.get(from + run - 1).map_or(*first, |(last, _)| *last);
            let (x0, x1) = (half.cell_x(*first) + 2.5, half.cell_x(last + 1) - 2.5);
            shapes.push(Shape::path("note", format!("M{} {}v5H{}v-5", number(x0), number(y), number(x1))));
            let words = match this {
                0 => self.labels.removed(),
                1 => self.labels.lent(),
                _ => self.labels.ready(),
            };
            let width = TextStyle::Label.width(&words);
            let middle = (x0 + x1) / 2.0;
            let is_last = from + run >= cells.len();
            let begin = (middle - width / 2.0).max(taken + 8.0);
            let fits = begin + width <= x1 + 12.0 || (is_last && begin + width <= half.x + half.width);
            if fits {
                shapes.push(Shape::text(TextStyle::Label, "q2", begin, y + 19.0, words));
                taken = begin + width;
            }
            from += run;
        }
    }

    fn workers(
        &self,
        queue: &QueueView,
        half: &Half,
        cells: &[(usize, &QueueCellView)],
        scene: &mut Scene,
        lanes: &mut Vec<Lane>,
    ) {
        let strip = half.strip_y() + CELL;
        let top = half.y + READERS;
        let (lane, edge) = (half.lane_x(), half.cells_x());
        let row = |index: usize| top + index as f64 * ROW;
        let mut arrows = Vec::new();
        for (index, cell) in cells {
            let x = (half.cell_x(*index) + PITCH / 2.0).floor() + 0.5;
            let mut from = strip + 30.0;
            for (number, worker) in queue.workers.iter().enumerate() {
                let has = worker.processing == Some(cell.record) || worker.processed.contains(&cell.record);
                if has {
                    half::arrow(&mut arrows, x, from, row(number) - 1.0);
                    from = row(number) + GOT + 2.0;
                }
                let way = vec![Point::new(x, strip), Point::new(x, row(number) + GOT / 2.0)];
                scene.routes.for_record(queue.node, worker.node, cell.record, way);
            }
        }
        let mut d = String::new();
        for (number, worker) in queue.workers.iter().enumerate() {
            let y = row(number) + GOT / 2.0;
            let way = vec![
                Point::new(edge, strip - CELL / 2.0),
                Point::new(lane, strip - CELL / 2.0),
                Point::new(lane, y),
                Point::new(edge, y),
            ];
            d.push_str(&polyline(&way));
            scene.routes.plain(queue.node, worker.node, way);
            lanes.push(Lane { x: lane, y, nodes: vec![worker.node] });
        }
        arrows.insert(0, Shape::path("rail quiet", d));
        scene.groups.push(Group::plain(format!("deliveries:{}", queue.id.0), arrows));
        for (number, worker) in queue.workers.iter().enumerate() {
            let mut shapes = Vec::new();
            let done = worker.processed.len();
            let below = match worker.process {
                ProcessView::Running => ("q2", self.labels.processed(done)),
                process => ("only-t", self.state_of(process)),
            };
            self.reader(half, row(number), &self.labels.worker(&worker.name), below, &mut shapes);
            for (index, cell) in cells {
                let rect = Rect::new(half.cell_x(*index) + 1.5, row(number), PITCH - 3.0, GOT);
                let done = worker.processed.contains(&cell.record);
                got(&mut shapes, rect, cell.record, worker.processing, done);
                if cell.redelivered && (done || worker.processing == Some(cell.record)) {
                    let class = if worker.processing == Some(cell.record) { "again" } else { "again got-t" };
                    shapes.push(symbols::again(class, Point::new(rect.right() - 5.5, rect.y + 5.5)));
                }
            }
            let label = self.labels.say_worker(&worker.name, self.state_of(worker.process), done);
            let bounds = Rect::new(half.x, row(number) - 3.0, half.width, GOT + 8.0);
            self.push(scene, Group::of(Target::Node(worker.node), label, bounds, shapes));
        }
    }
}

/// What a reader has: an outline while it works on it, filled when it is done.
pub fn got(shapes: &mut Vec<Shape>, rect: Rect, record: RecordId, processing: Option<RecordId>, done: bool) {
    if processing == Some(record) {
        shapes.push(Shape::Rect { class: "got-o", rect: rect.grown(-0.75) });
        half::figure(shapes, "", rect, record.number());
    } else if done {
        shapes.push(Shape::Rect { class: "got", rect });
        half::figure(shapes, "got-t", rect, record.number());
    }
}
