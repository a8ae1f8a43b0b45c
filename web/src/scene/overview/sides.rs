//! Around the tiles: heads and the controller above, producers left, groups right.

use super::Overview;
use super::grid::MOST_PRODUCERS;
use crate::scene::geometry::{Point, Rect, outline, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::pins;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use crate::scene::wide::seconds;
use highwater_engine::event::GroupState;
use highwater_engine::view::{BrokerView, GroupView, ProcessView, ProducerView};

impl Overview<'_> {
    fn state_of(&self, process: ProcessView) -> String {
        let time = process.for_how_long(self.input.view.now).map(seconds).unwrap_or_default();
        match process {
            ProcessView::Down(_) => self.labels.dead_for(time),
            ProcessView::Paused(_) => self.labels.paused_for(time),
            ProcessView::Running => self.labels.running(),
        }
    }

    pub(super) fn heads(&self, scene: &mut Scene) {
        let view = self.input.view;
        let y = self.grid.controller_y();
        for (place, column) in self.grid.columns.iter().enumerate() {
            let brokers = view.brokers.get(column.brokers.clone()).unwrap_or_default();
            let head = self.grid.head(place);
            match brokers {
                [broker] => self.head(broker, head, scene),
                _ => sum_head(brokers, head, place, scene),
            }
            let x = head.centre().x;
            for (index, broker) in brokers.iter().enumerate() {
                if let Some(controller) = &view.controller {
                    let points =
                        vec![Point::new(x, head.y), Point::new(x, y), Point::new(self.controller_box().right(), y)];
                    scene.routes.plain(broker.node, controller.node, points);
                }
                // Between brokers that share no partition: along the lobby.
                let before = view.brokers.get(..column.brokers.start + index).unwrap_or_default();
                for (other, peer) in before.iter().enumerate() {
                    let Some(to) = self.grid.column_of(other) else { continue };
                    let (lobby, to) = (self.grid.lobby_y(), self.grid.head(to).centre().x);
                    let points = [(x, head.bottom()), (x, lobby), (to, lobby), (to, head.bottom())];
                    scene.routes.plain(broker.node, peer.node, points.map(|(x, y)| Point::new(x, y)).to_vec());
                }
            }
        }
        self.controller(scene);
    }

    fn head(&self, broker: &BrokerView, head: Rect, scene: &mut Scene) {
        let dead = matches!(broker.process, ProcessView::Down(_));
        let paused = matches!(broker.process, ProcessView::Paused(_));
        let mut shapes = Vec::new();
        let mut room = head.w - 8.0;
        if dead {
            shapes.push(Shape::Rect { class: "dead-head", rect: head });
            shapes.push(symbols::cross("dead-x", Point::new(head.right() - 9.0, head.centre().y), 3.5));
            room -= 12.0;
        } else {
            shapes
                .push(Shape::path("frame", outline(Rect::new(head.x + 0.5, head.y + 0.5, head.w - 1.0, head.h - 1.0))));
        }
        if paused {
            shapes.push(Shape::rect("pause", head.right() - 11.0, head.y + 5.0, 3.0, 9.0));
            shapes.push(Shape::rect("pause", head.right() - 6.0, head.y + 5.0, 3.0, 9.0));
            room -= 12.0;
        }
        if broker.controls.is_some() && !dead {
            let width = TextStyle::MarkStrong.width("C").ceil() + 8.0;
            symbols::badge(&mut shapes, head.right() - width - 2.0, head.y + 2.0, "C");
            room -= width + 2.0;
        }
        let words = [self.labels.broker(broker.id), broker.id.to_string()];
        let class = if dead { "inv" } else { "" };
        if let Some(words) = TextStyle::LabelStrong.first_fitting(&words, room) {
            shapes.push(Shape::text(TextStyle::LabelStrong, class, head.x + 4.0, head.y + 13.5, words.clone()));
        }
        let state = if broker.fenced && !dead {
            self.labels.left_out(self.input.view.keeper.is_some())
        } else {
            self.state_of(broker.process)
        };
        self.push(scene, Group::of(Target::Node(broker.node), self.labels.say_broker(broker.id, state), head, shapes));
    }

    fn controller_box(&self) -> Rect {
        let width = (TextStyle::Label.width(&self.labels.head(self.input.view.keeper.is_some())) + 12.0)
            .min(self.grid.labels_width + 30.0);
        Rect::new(self.grid.labels_x - 4.0, self.grid.controller_y() - 10.0, width, 20.0)
    }

    fn controller(&self, scene: &mut Scene) {
        let view = self.input.view;
        let Some(controller) = &view.controller else { return };
        let y = self.grid.controller_y();
        let right = self.grid.columns.len().checked_sub(1).map_or(0.0, |last| self.grid.head(last).centre().x);
        let rect = self.controller_box();
        let mut d = polyline(&[Point::new(rect.right(), y), Point::new(right.max(rect.right()), y)]);
        for place in 0..self.grid.columns.len() {
            let x = self.grid.head(place).centre().x.floor() + 0.5;
            d.push_str(&polyline(&[Point::new(x, y), Point::new(x, self.grid.head(place).y)]));
        }
        scene.groups.push(Group::plain("heartbeats", vec![Shape::path("rail quiet", d)]));
        let down = matches!(controller.process, ProcessView::Down(_));
        let word = self.labels.head(controller.zookeeper);
        let class = if down { "dead-head" } else { "box" };
        let inner = Rect::new(rect.x + 0.5, rect.y + 0.5, rect.w - 1.0, rect.h - 1.0);
        let text = TextStyle::Label.fitted(&word, rect.w - 8.0);
        let shapes = vec![
            Shape::path(class, outline(inner)),
            Shape::text(TextStyle::Label, if down { "inv" } else { "q2" }, rect.x + 6.0, y + 4.0, text),
        ];
        let label = self.labels.say_head(controller.zookeeper, self.state_of(controller.process));
        self.push(scene, Group::of(Target::Node(controller.node), label, rect, shapes));
    }

    fn writers(&self) -> Vec<(usize, &ProducerView)> {
        self.input.view.producers.iter().enumerate().filter(|(_, producer)| producer.topic.is_some()).collect()
    }

    fn producer_box(&self, index: usize) -> Rect {
        let before = self.input.view.producers.iter().take(index).filter(|producer| producer.topic.is_some()).count();
        let place = before.min(MOST_PRODUCERS - 1) as f64;
        let height = self.grid.producer_height;
        Rect::new(10.5, self.grid.row(0) + place * height + 1.5, self.grid.producer_width - 1.0, height - 4.0)
    }

    /// Where a producer's wire leaves its box.
    pub(super) fn producer_exit(&self, index: usize) -> Point {
        let rect = self.producer_box(index);
        Point::new(rect.right(), rect.centre().y)
    }

    pub(super) fn producers(&self, scene: &mut Scene) {
        let view = self.input.view;
        scene.producers = view.producers.iter().map(|producer| producer.node).collect();
        let writers = self.writers();
        let shared = if writers.len() > MOST_PRODUCERS { MOST_PRODUCERS - 1 } else { writers.len() };
        if let Some((index, _)) = writers.get(shared) {
            let rect = self.producer_box(*index);
            let more = format!("+{}", writers.len() - shared);
            let words = Shape::text(TextStyle::Label, "q2", rect.x + 4.0, rect.centre().y + 4.0, more);
            scene.groups.push(Group::plain("more-producers", vec![words]));
        }
        for (place, (index, producer)) in writers.into_iter().enumerate() {
            self.producer_wires(index, producer, scene);
            if place >= shared {
                continue;
            }
            let rect = self.producer_box(index);
            let dead = matches!(producer.process, ProcessView::Down(_));
            let mut shapes = vec![Shape::Rect { class: if dead { "dead-head" } else { "box" }, rect }];
            let room = rect.w - 8.0;
            let base = if rect.h >= 34.0 { rect.y + 16.0 } else { rect.centre().y + 4.0 };
            let name = TextStyle::LabelStrong.fitted(&producer.name, room);
            let name_width = TextStyle::LabelStrong.width(&name);
            shapes.push(Shape::text(TextStyle::LabelStrong, if dead { "inv" } else { "" }, rect.x + 4.0, base, name));
            let waiting = producer.waiting.len();
            if waiting > 0 && !dead {
                let figures = waiting.to_string();
                let wide = symbols::chip_width(&figures);
                let at = if rect.h >= 34.0 {
                    Some((rect.x + 4.5, rect.y + 20.5))
                } else {
                    (name_width + wide + 6.0 <= room).then_some((rect.right() - wide - 3.5, rect.centre().y - 6.5))
                };
                if let Some((x, y)) = at {
                    symbols::chip(&mut shapes, symbols::chip_class(index), Rect::new(x, y, wide, 13.0), &figures);
                }
            }
            let label = self.labels.say_producer(&producer.name, self.state_of(producer.process), waiting);
            self.push(scene, Group::of(Target::Node(producer.node), label, rect, shapes));
        }
    }

    /// What a producer says to brokers about no partition.
    fn producer_wires(&self, index: usize, producer: &ProducerView, scene: &mut Scene) {
        for (at, broker) in self.input.view.brokers.iter().enumerate() {
            let Some(place) = self.grid.column_of(at) else { continue };
            let (exit, head, lobby) = (self.producer_exit(index), self.grid.head(place), self.grid.lobby_y());
            let (x, bus) = (head.centre().x, self.grid.bus_x());
            let points = [(exit.x, exit.y), (bus, exit.y), (bus, lobby), (x, lobby), (x, head.bottom())];
            scene.routes.plain(producer.node, broker.node, points.map(|(x, y)| Point::new(x, y)).to_vec());
        }
    }

    pub(super) fn groups(&self, scene: &mut Scene) {
        let view = self.input.view;
        for (index, group) in view.groups.iter().enumerate() {
            self.group_head(index, group, scene);
            for (row, of) in self.grid.rows.iter().enumerate() {
                self.group_cell(index, group, row, of.partitions.clone(), scene);
            }
            for (at, broker) in view.brokers.iter().enumerate() {
                let Some(place) = self.grid.column_of(at) else { continue };
                let (lobby, head) = (self.grid.lobby_y(), self.grid.head(place));
                let x = head.centre().x;
                for member in &group.members {
                    let points = [(self.grid.group(index), lobby), (x, lobby), (x, head.bottom())];
                    scene.routes.plain(member.node, broker.node, points.map(|(x, y)| Point::new(x, y)).to_vec());
                }
            }
        }
    }

    fn group_head(&self, index: usize, group: &GroupView, scene: &mut Scene) {
        let (x, width) = (self.grid.group(index), self.grid.group_width);
        let state = match group.state {
            GroupState::Empty => self.labels.group_empty(),
            GroupState::Stable => self.labels.group_stable(),
            _ => self.labels.group_rebalancing(),
        };
        let name = TextStyle::LabelStrong.fitted(&group.name, width);
        let class = if group.state == GroupState::Stable { "q2" } else { "only-t" };
        let word = TextStyle::Ruler.fitted(&state, width);
        let shapes = vec![
            Shape::text(TextStyle::LabelStrong, "", x, 26.0, name),
            Shape::text(TextStyle::Ruler, class, x, 40.0, word),
        ];
        let label = self.labels.say_group(&group.name, state, group.generation);
        let bounds = Rect::new(x - 2.0, 12.0, width + 2.0, 33.0);
        self.push(scene, Group::of(Target::Group(group.id), label, bounds, shapes));
    }

    /// Who reads a row for a group, and how far behind.
    fn group_cell(
        &self,
        index: usize,
        group: &GroupView,
        row: usize,
        partitions: std::ops::Range<usize>,
        scene: &mut Scene,
    ) {
        let single = partitions.len() == 1;
        let of = self.input.view.partitions.get(partitions).unwrap_or_default();
        let places: Vec<_> = of.iter().filter_map(|it| Some((it, pins::place(group, it.tp)?))).collect();
        let Some((first, place)) = places.first() else { return };
        let lag: i64 = places.iter().map(|(_, place)| place.lag).sum();
        let (x, width) = (self.grid.group(index), self.grid.group_width);
        let y = self.grid.middle(row) + 4.0;
        let figures = lag.to_string();
        let words = if single { self.labels.lag(lag) } else { format!("{figures} / {}", places.len()) };
        let words = if width >= 90.0 || !single { words } else { figures };
        let words = TextStyle::Ruler.fitted(&words, width);
        let class = if lag > 0 { "" } else { "q2" };
        let mut shapes = Vec::new();
        if single {
            let room = width - TextStyle::Ruler.width(&words) - 6.0;
            let name = TextStyle::Ruler.fitted(place.name, room);
            shapes.push(Shape::text(TextStyle::Ruler, "q2", x + 2.0, y, name));
        }
        shapes.push(Shape::text_end(TextStyle::Ruler, class, x + width - 2.0, y, words));
        let rule = self.grid.row(row) + self.grid.row_height;
        shapes.push(Shape::path("rule", polyline(&[Point::new(x, rule), Point::new(x + width, rule)])));
        let owner = group.members.iter().find(|member| member.positions.iter().any(|(tp, _)| *tp == first.tp));
        let Some(member) = owner.filter(|_| single) else {
            scene.groups.push(Group::plain(format!("group:{}:{row}", group.id.0), shapes));
            return;
        };
        let bounds = Rect::new(x, self.grid.row(row) + 1.0, width, self.grid.row_height - 2.0);
        let label = self.labels.say_member(&member.name, self.state_of(member.process), &first.name);
        let target = Group::of(Target::Node(member.node), label, bounds, shapes);
        self.push(scene, target.keyed(format!("member:{}:{row}", member.node.0)));
    }
}

/// A head for several brokers: which, and how many of them are down.
fn sum_head(brokers: &[BrokerView], head: Rect, place: usize, scene: &mut Scene) {
    let (Some(first), Some(last)) = (brokers.first(), brokers.last()) else { return };
    let down = brokers.iter().filter(|broker| matches!(broker.process, ProcessView::Down(_))).count();
    let mut shapes =
        vec![Shape::path("frame", outline(Rect::new(head.x + 0.5, head.y + 0.5, head.w - 1.0, head.h - 1.0)))];
    let range = format!("{}–{}", first.id, last.id);
    let (class, wordings) = match down {
        0 => ("", vec![range]),
        _ => ("only-t", vec![format!("{range} ✕{down}"), format!("✕{down}")]),
    };
    if let Some(words) = TextStyle::Label.first_fitting(&wordings, head.w - 6.0) {
        shapes.push(Shape::text(TextStyle::Label, class, head.x + 4.0, head.y + 13.5, words.clone()));
    }
    scene.groups.push(Group::plain(format!("head:{place}"), shapes));
}
