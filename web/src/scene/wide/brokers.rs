//! Columns, their headings, and the controller with its heartbeats.

use super::Stage;
use crate::scene::geometry::{Point, Rect, hatch, outline, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::ids::BrokerId;
use highwater_engine::time::Duration;
use highwater_engine::view::{BrokerView, ProcessView};

/// A broker is said to be silent when the controller has not heard it for this long: more than one interval.
const SILENT: Duration = Duration::from_millis(3_000);
/// Pings to ZooKeeper are further apart: a third of the session.
const SILENT_SESSION: Duration = Duration::from_millis(7_000);

/// From when on a broker's silence is worth words.
pub fn silent_from(zookeeper: bool) -> Duration {
    if zookeeper { SILENT_SESSION } else { SILENT }
}

/// A span as a reader says it: `9.0 s`.
pub fn seconds(span: Duration) -> String {
    let tenths = span.0 / 100_000;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

impl Stage<'_> {
    pub(super) fn brokers(&self, scene: &mut Scene) {
        let view = self.input.view;
        let mut shapes = Vec::new();
        for (column, broker) in view.brokers.iter().enumerate() {
            let rect = self.plan.broker(column);
            let inner = Rect::new(rect.x + 0.5, rect.y + 0.5, rect.w - 1.0, rect.h - 1.0);
            if matches!(broker.process, ProcessView::Down(_)) {
                self.dead_column(broker.id, rect, &mut shapes);
                shapes.push(Shape::Rect { class: "frame-dead", rect: inner });
            } else {
                shapes.push(Shape::Rect { class: "frame", rect: inner });
                let y = self.plan.head_bottom() - 0.5;
                shapes.push(Shape::path("rule", polyline(&[Point::new(rect.x, y), Point::new(rect.right(), y)])));
            }
        }
        self.rules(&mut shapes);
        scene.groups.push(Group::plain("columns", shapes));
        self.controller(scene);
        for (column, broker) in view.brokers.iter().enumerate() {
            self.heading(column, broker, scene);
        }
    }

    /// Hatching between the replicas: a dead broker's data stays readable.
    fn dead_column(&self, broker: BrokerId, rect: Rect, shapes: &mut Vec<Shape>) {
        let mut d = String::new();
        let mut from = self.plan.head_bottom();
        for row in 0..self.plan.rows {
            let rail = self.plan.rail(row);
            let window = self.plan.base_of(row) - 34.0;
            d.push_str(&hatch(Rect::new(rect.x, from, rect.w, rail - 4.0 - from)));
            let partition = self.input.view.partitions.get(row);
            if !partition.is_some_and(|partition| partition.replicas.iter().any(|replica| replica.broker == broker)) {
                from = rail + 4.0;
                continue;
            }
            d.push_str(&hatch(Rect::new(rect.x, rail + 4.0, rect.w, (window - rail - 4.0).max(0.0))));
            from = self.plan.election(row) - 8.0;
        }
        d.push_str(&hatch(Rect::new(rect.x, from, rect.w, rect.bottom() - from)));
        shapes.push(Shape::path("hatch-line", d));
    }

    fn rules(&self, shapes: &mut Vec<Shape>) {
        let (left, right) = (self.plan.labels_x - 4.0, self.plan.brokers_right() + 12.0);
        let mut d = String::new();
        for row in 1..self.plan.rows {
            let y = self.plan.row(row) - 0.5;
            d.push_str(&polyline(&[Point::new(left, y), Point::new(right, y)]));
        }
        shapes.push(Shape::path("rule", d));
    }

    fn heading(&self, column: usize, broker: &BrokerView, scene: &mut Scene) {
        let rect = self.plan.broker(column);
        let head = Rect::new(rect.x, rect.y, rect.w, self.plan.head_bottom() - rect.y);
        let base = head.y + 18.0;
        let labels = self.labels;
        let now = self.input.view.now;
        let name = labels.broker(broker.id);
        let dead = matches!(broker.process, ProcessView::Down(_));
        let mut shapes = Vec::new();
        let name_x = if dead { head.x + 34.0 } else { head.x + 13.0 };
        let name_right = name_x + TextStyle::NameStrong.width(&name);
        if dead {
            shapes.push(Shape::Rect { class: "dead-head", rect: head });
            shapes.push(symbols::cross("dead-x", Point::new(head.x + 19.0, head.y + 13.0), 5.0));
        }
        shapes.push(Shape::text(TextStyle::NameStrong, if dead { "inv" } else { "" }, name_x, base, name));

        let mut right = head.right() - 10.0;
        if !broker.coordinates.is_empty() && !dead {
            right -= TextStyle::MarkStrong.width("GC").ceil() + 8.0;
            symbols::badge(&mut shapes, right, head.y + 5.0, "GC");
            right -= 7.0;
        }
        if broker.controls.is_some() && !dead {
            right -= TextStyle::MarkStrong.width("C").ceil() + 8.0;
            symbols::badge(&mut shapes, right, head.y + 5.0, "C");
            right -= 7.0;
        }
        let how_long = broker.process.for_how_long(now).map(seconds);
        let cut_off = self.input.view.faults.iter().any(|fault| fault.from == broker.node && fault.to.is_none());
        let (class, style, wordings) = match (broker.process, how_long) {
            (ProcessView::Down(_), Some(time)) => ("inv", TextStyle::Word, vec![labels.dead_for(&time), time]),
            (ProcessView::Paused(_), Some(time)) => {
                ("", TextStyle::WordStrong, vec![labels.paused_for(&time), labels.paused(), time])
            }
            _ if cut_off => ("only-t", TextStyle::WordStrong, vec![labels.cut_off()]),
            _ if broker.fenced => {
                ("only-t", TextStyle::WordStrong, vec![labels.left_out(self.input.view.keeper.is_some())])
            }
            _ if !broker.coordinates.is_empty() => ("q2", TextStyle::Word, vec![labels.coordinator()]),
            _ => ("", TextStyle::Word, Vec::new()),
        };
        if let Some(words) = style.first_fitting(&wordings, right - name_right - 8.0) {
            shapes.push(Shape::text_end(style, class, right, base - 1.0, words.clone()));
        }
        let state = self.state_of(broker.process, broker.fenced);
        let group = Group::of(Target::Node(broker.node), labels.say_broker(broker.id, state), head, shapes);
        self.push(scene, group);
    }

    pub(super) fn state_of(&self, process: ProcessView, fenced: bool) -> String {
        let time = process.for_how_long(self.input.view.now).map(seconds).unwrap_or_default();
        match process {
            ProcessView::Down(_) => self.labels.dead_for(time),
            ProcessView::Paused(_) => self.labels.paused_for(time),
            ProcessView::Running if fenced => self.labels.left_out(self.input.view.keeper.is_some()),
            ProcessView::Running => self.labels.running(),
        }
    }

    fn controller(&self, scene: &mut Scene) {
        let view = self.input.view;
        let Some(controller) = &view.controller else { return };
        let y = self.plan.heartbeat_y();
        let word = self.labels.head(controller.zookeeper);
        let mark = if controller.zookeeper { "ZK" } else { "C" };
        let badge = TextStyle::MarkStrong.width(mark).ceil() + 8.0;
        let width = badge + TextStyle::Word.width(&word).ceil() + 17.0;
        let rect = Rect::new((self.plan.brokers_x - 8.0 - width).max(2.0), y - 11.5, width, 22.0);
        let (mut rails, mut gone) = (String::new(), String::new());
        let mut shapes = Vec::new();
        for (column, broker) in view.brokers.iter().enumerate() {
            let column_box = self.plan.broker(column);
            let x = column_box.centre().x.floor() + 0.5;
            let path = [Point::new(rect.right(), y), Point::new(x, y), Point::new(x, column_box.y)];
            scene.routes.plain(broker.node, controller.node, path.iter().rev().copied().collect());
            let alive = !matches!(broker.process, ProcessView::Down(_));
            if alive {
                rails.push_str(&polyline(&path));
            } else {
                gone.push_str(&polyline(&[Point::new(x, y + 3.0), Point::new(x, column_box.y)]));
            }
            let silent = broker
                .last_heartbeat
                .map(|heard| view.now.since(heard))
                .filter(|span| *span >= silent_from(controller.zookeeper));
            if let Some(span) = silent {
                let words = [self.labels.silence(controller.zookeeper, seconds(span)), seconds(span)];
                if let Some(words) = TextStyle::WordStrong.first_fitting(&words, column_box.w - 8.0) {
                    let at = column_box.centre().x;
                    shapes.push(Shape::text_middle(TextStyle::WordStrong, "only-t", at, y - 6.5, words.clone()));
                }
            }
            if self.is_cut(broker.node, controller.node) {
                shapes.push(symbols::cross("cut", Point::new(x, y + 4.5), 4.0));
            }
        }
        shapes.insert(0, Shape::path("rail", rails));
        shapes.insert(1, Shape::path("ghostline", gone));
        scene.groups.push(Group::plain("heartbeats", shapes));

        let down = matches!(controller.process, ProcessView::Down(_));
        let inner = Rect::new(rect.x + 0.5, rect.y + 0.5, rect.w - 1.0, rect.h - 1.0);
        let mut shapes = vec![Shape::path(if down { "dead-head" } else { "box" }, outline(inner))];
        symbols::badge(&mut shapes, rect.x + 5.0, rect.y + 2.0, mark);
        let class = if down { "inv" } else { "q2" };
        shapes.push(Shape::text(TextStyle::Word, class, rect.x + badge + 11.0, rect.y + 15.0, word));
        let label = self.labels.say_head(controller.zookeeper, self.state_of(controller.process, false));
        self.push(scene, Group::of(Target::Node(controller.node), label, rect, shapes));
    }
}
