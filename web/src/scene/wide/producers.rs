//! Producers at the left, as tall as the rows they write.

use super::Stage;
use super::plan::{topics, writers};
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::config::Acks;
use highwater_engine::ids::{NodeId, TopicId};
use highwater_engine::view::{ProcessView, ProducerView};

/// `acks=all`, as it is written in a configuration.
pub fn acks_text(acks: Option<Acks>) -> &'static str {
    match acks {
        Some(Acks::None) => "acks=0",
        Some(Acks::Leader) => "acks=1",
        Some(Acks::All) => "acks=all",
        None => "",
    }
}

impl Stage<'_> {
    /// The line that joins several producers of a topic to its rows.
    pub(super) fn bus_x(&self) -> f64 {
        self.plan.producers_x + self.plan.producer_width + 10.5
    }

    fn rows_of(&self, topic: TopicId) -> (usize, usize) {
        let partitions = &self.input.view.partitions;
        let first = partitions.iter().position(|partition| partition.tp.topic == topic).unwrap_or(0);
        let count = partitions.iter().filter(|partition| partition.tp.topic == topic).count();
        (first, count)
    }

    /// A producer's box.
    fn producer_rect(&self, producer: &ProducerView, topic: TopicId) -> Rect {
        let (first, count) = self.rows_of(topic);
        let (top, bottom) = (self.plan.row(first) + 4.5, self.plan.row(first + count) - 8.5);
        let writers: Vec<NodeId> = writers(self.input.view, topic).map(|writer| writer.node).collect();
        let index = writers.iter().position(|writer| *writer == producer.node).unwrap_or(0);
        let height = (bottom - top + 8.0) / writers.len().max(1) as f64 - 8.0;
        let y = top + index as f64 * (height + 8.0);
        Rect::new(self.plan.producers_x + 0.5, y, self.plan.producer_width - 1.0, height)
    }

    /// The way from a producer to the wire of a row.
    pub(super) fn producer_exit(&self, producer: NodeId, row: usize) -> Vec<Point> {
        let view = self.input.view;
        let edge = self.plan.producers_x + self.plan.producer_width;
        let found = view.producers.iter().find(|candidate| candidate.node == producer);
        let Some((producer, topic)) = found.and_then(|found| Some((found, found.topic?))) else { return Vec::new() };
        let y = self.plan.rail(row);
        if writers(view, topic).count() < 2 {
            return vec![Point::new(edge, y)];
        }
        let middle = self.producer_rect(producer, topic).centre().y.floor() + 0.5;
        vec![Point::new(edge, middle), Point::new(self.bus_x(), middle), Point::new(self.bus_x(), y)]
    }

    pub(super) fn producers(&self, scene: &mut Scene) {
        let view = self.input.view;
        scene.producers = view.producers.iter().map(|producer| producer.node).collect();
        if self.plan.producer_width <= 0.0 {
            return;
        }
        let word =
            Shape::text(TextStyle::Word, "q2", self.plan.producers_x, self.plan.top + 46.0, self.labels.producers());
        let mut shapes = vec![word];
        let mut d = String::new();
        for topic in topics(view).filter(|topic| writers(view, *topic).count() > 1) {
            let (first, count) = self.rows_of(topic);
            let mut ends = vec![self.plan.rail(first), self.plan.rail(first + count.saturating_sub(1))];
            for producer in writers(view, topic) {
                let exit = self.producer_exit(producer.node, first);
                d.push_str(&polyline(exit.get(..2).unwrap_or_default()));
                ends.extend(exit.first().map(|point| point.y));
            }
            let (top, bottom) = ends.iter().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(*y), high.max(*y)));
            d.push_str(&polyline(&[Point::new(self.bus_x(), top), Point::new(self.bus_x(), bottom)]));
        }
        shapes.push(Shape::path("rail", d));
        scene.groups.push(Group::plain("producers", shapes));
        for (index, producer) in view.producers.iter().enumerate() {
            let Some(topic) = producer.topic else { continue };
            if self.rows_of(topic).1 > 0 {
                self.producer(index, producer, topic, scene);
            }
        }
    }

    fn producer(&self, index: usize, producer: &ProducerView, topic: TopicId, scene: &mut Scene) {
        let rect = self.producer_rect(producer, topic);
        let down = matches!(producer.process, ProcessView::Down(_));
        let x = rect.x + 9.5;
        let room = rect.w - 14.0;
        let mut shapes = vec![Shape::Rect { class: "box", rect }];
        self.client_name(&producer.name, producer.process, rect, &mut shapes);
        shapes.push(Shape::text(TextStyle::Mono, "q2", x, rect.y + 34.5, acks_text(producer.acks)));
        let class = symbols::chip_class(index);
        let single = writers(self.input.view, topic).count() < 2;
        if single && !down {
            let (first, count) = self.rows_of(topic);
            for row in first..first + count {
                let Some(partition) = self.input.view.partitions.get(row) else { continue };
                let waiting = producer.waiting.iter().filter(|waiting| waiting.tp == partition.tp);
                let numbers: Vec<u32> = waiting.map(|waiting| waiting.record.number()).collect();
                if !numbers.is_empty() {
                    let base = self.plan.base_of(row);
                    self.waiting(&mut shapes, x, base - 2.0, room);
                    symbols::chips(&mut shapes, class, Point::new(x, base + 6.0), room, 15.0, &numbers);
                }
            }
        } else if !producer.waiting.is_empty() && !down {
            let numbers: Vec<u32> = producer.waiting.iter().map(|waiting| waiting.record.number()).collect();
            let y = if rect.h >= 78.0 {
                self.waiting(&mut shapes, x, rect.y + 52.5, room);
                rect.y + 58.0
            } else {
                rect.y + 41.0
            };
            symbols::chips(&mut shapes, class, Point::new(x, y.floor()), room, 15.0, &numbers);
        }
        let state = self.state_of(producer.process, false);
        let label = self.labels.say_producer(&producer.name, state, producer.waiting.len());
        self.push(scene, Group::of(Target::Node(producer.node), label, rect, shapes));
    }

    fn waiting(&self, shapes: &mut Vec<Shape>, x: f64, y: f64, room: f64) {
        let word = self.labels.waiting();
        if TextStyle::Word.width(&word) <= room + 4.0 {
            shapes.push(Shape::text(TextStyle::Word, "q2", x, y, word));
        }
    }

    /// A client's name at the top of its box; in reverse with a cross when it is dead.
    pub(super) fn client_name(&self, name: &str, process: ProcessView, rect: Rect, shapes: &mut Vec<Shape>) {
        let x = rect.x + 9.5;
        let room = rect.w - 14.0;
        match process {
            ProcessView::Down(_) => {
                shapes.push(Shape::rect("dead-head", rect.x, rect.y, rect.w, 24.0));
                let name = TextStyle::NameStrong.fitted(name, room - 14.0);
                shapes.push(Shape::text(TextStyle::NameStrong, "inv", x, rect.y + 17.0, name));
                shapes.push(symbols::cross("dead-x", Point::new(rect.right() - 11.0, rect.y + 12.0), 4.0));
            }
            process => {
                let paused = matches!(process, ProcessView::Paused(_));
                let name = TextStyle::NameStrong.fitted(name, if paused { room - 12.0 } else { room });
                shapes.push(Shape::text(TextStyle::NameStrong, "", x, rect.y + 18.5, name));
                if paused {
                    shapes.push(Shape::rect("pause", rect.right() - 14.0, rect.y + 9.0, 3.0, 10.0));
                    shapes.push(Shape::rect("pause", rect.right() - 9.0, rect.y + 9.0, 3.0, 10.0));
                }
            }
        }
    }
}
