//! The controller above everybody, and the wire on which it hears the brokers.

use super::{CONTROLLER, LEFT, Phone};
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use crate::scene::wide::{seconds, silent_from};
use highwater_engine::view::ProcessView;

impl Phone<'_> {
    pub(super) fn controller(&self, scene: &mut Scene) {
        let Some(controller) = &self.view().controller else { return };
        let word = self.labels.head(controller.zookeeper);
        let mark = if controller.zookeeper { "ZK" } else { "C" };
        let badge = TextStyle::MarkStrong.width(mark).ceil() + 8.0;
        let width = badge + TextStyle::Word.width(&word).ceil() + 17.0;
        let rect = Rect::new(LEFT, 6.0, width, CONTROLLER - 8.0);
        // The wire leaves low: above it is room for words.
        let (side, y) = (self.width - 7.5, rect.bottom() - 3.5);
        let (mut rails, mut gone, mut cuts) = (String::new(), String::new(), Vec::new());
        let mut silent = None;
        for (place, index) in self.brokers.iter().enumerate() {
            let Some(broker) = self.view().brokers.get(*index) else { continue };
            let head = self.broker_y(place) + 13.5;
            let edge = self.width - 16.0;
            let path =
                [Point::new(edge, head), Point::new(side, head), Point::new(side, y), Point::new(rect.right(), y)];
            scene.routes.plain(broker.node, controller.node, path.to_vec());
            if matches!(broker.process, ProcessView::Down(_)) {
                gone.push_str(&polyline(&path[..2]));
            } else {
                rails.push_str(&polyline(&path));
            }
            if self.view().faults.iter().any(|fault| {
                let ends = [Some(fault.from), fault.to];
                (fault.to.is_none() && fault.from == broker.node)
                    || (ends.contains(&Some(broker.node)) && ends.contains(&Some(controller.node)))
            }) {
                cuts.push(symbols::cross("cut", Point::new(side, head + 8.0), 3.5));
            }
            let span = broker.last_heartbeat.map(|heard| self.view().now.since(heard));
            silent = silent.max(span.filter(|span| *span >= silent_from(controller.zookeeper)));
        }
        let mut shapes = vec![Shape::path("rail", rails), Shape::path("ghostline", gone)];
        shapes.extend(cuts);
        if let Some(span) = silent {
            let words = self.labels.silence(controller.zookeeper, seconds(span));
            let x = side - 8.0;
            let wide = TextStyle::WordStrong.width(&words);
            if x - wide > rect.right() + 8.0 {
                shapes.push(Shape::text_end(TextStyle::WordStrong, "only-t", x, y - 6.0, words));
            }
        }
        scene.groups.push(Group::plain("heartbeats", shapes));
        let down = matches!(controller.process, ProcessView::Down(_));
        let inner = Rect::new(rect.x + 0.5, rect.y + 0.5, rect.w - 1.0, rect.h - 1.0);
        let mut shapes = vec![Shape::Rect { class: if down { "dead-head" } else { "box" }, rect: inner }];
        symbols::badge(&mut shapes, rect.x + 5.0, rect.y + 2.0, mark);
        let class = if down { "inv" } else { "q2" };
        shapes.push(Shape::text(TextStyle::Word, class, rect.x + badge + 11.0, rect.y + 15.0, word));
        let label = self.labels.say_head(controller.zookeeper, self.state_of(controller.process));
        self.push(scene, Group::of(Target::Node(controller.node), label, rect, shapes));
    }
}
