//! Producers above and groups below, a line each.

use super::{LEFT, Phone, RAIL};
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::pins;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use crate::scene::wide::acks_text;
use highwater_engine::view::ProcessView;

impl Phone<'_> {
    pub(super) fn producers(&self, scene: &mut Scene) {
        for (place, index) in self.producers.iter().enumerate() {
            let Some(producer) = self.view().producers.get(*index) else { continue };
            let y = self.producer_y(place);
            let mut shapes = vec![stub(y)];
            let down = matches!(producer.process, ProcessView::Down(_));
            let name = TextStyle::NameStrong.fitted(&producer.name, 90.0);
            let mut x = LEFT + TextStyle::NameStrong.width(&name) + 8.0;
            shapes.push(Shape::text(TextStyle::NameStrong, "", LEFT, y + 4.5, name));
            let (class, words) =
                if down { ("only-t", self.labels.dead()) } else { ("q2", acks_text(producer.acks).to_owned()) };
            let style = if down { TextStyle::WordStrong } else { TextStyle::Mono };
            let width = style.width(&words);
            shapes.push(Shape::text(style, class, x, y + 4.5, words));
            x += width + 12.0;
            let waiting = producer.waiting.iter().filter(|waiting| waiting.tp == self.partition.tp);
            let numbers: Vec<u32> = waiting.map(|waiting| waiting.record.number()).collect();
            if !numbers.is_empty() && !down {
                let word = self.labels.waiting();
                let width = TextStyle::Word.width(&word);
                shapes.push(Shape::text(TextStyle::Word, "q2", x, y + 4.5, word));
                x += width + 8.0;
                let room = self.width - 16.0 - x;
                symbols::chips(&mut shapes, symbols::chip_class(*index), Point::new(x, y - 10.5), room, 20.0, &numbers);
            }
            let label =
                self.labels.say_producer(&producer.name, self.state_of(producer.process), producer.waiting.len());
            let bounds = Rect::new(8.0, y - 15.0, self.width - 16.0, 30.0);
            self.push(scene, Group::of(Target::Node(producer.node), label, bounds, shapes));
        }
    }

    pub(super) fn groups(&self, scene: &mut Scene) {
        for (place, index) in self.groups.iter().enumerate() {
            let Some(group) = self.view().groups.get(*index) else { continue };
            let Some(at) = pins::place(group, self.partition.tp) else { continue };
            let y = self.group_y(place);
            let base = y + 4.5;
            let mut shapes = vec![stub(y)];
            // From the right: lag, committed offset, position; names take what is left.
            let mut right = self.width - 16.0;
            let lag = self.labels.lag(at.lag);
            let lag_width = TextStyle::Word.width(&lag);
            shapes.push(Shape::text_end(TextStyle::Word, "q2", right, base, lag));
            right -= lag_width + 14.0;
            for (offset, solid, style) in
                [(at.committed, false, TextStyle::Label), (at.position, true, TextStyle::LabelStrong)]
            {
                let Some(offset) = offset else { continue };
                let text = offset.to_string();
                let width = style.width(&text);
                shapes.push(Shape::text_end(style, "", right, base, text));
                shapes.push(symbols::pin(solid, Point::new(right - width - 10.0, base - 10.0)));
                right -= width + 28.0;
            }
            let room = (right - LEFT).max(20.0);
            let name = if at.name == group.name { String::new() } else { at.name.to_owned() };
            let mut x = LEFT;
            if !name.is_empty() {
                let name = TextStyle::NameStrong.fitted(&name, room * 0.5);
                x += TextStyle::NameStrong.width(&name) + 8.0;
                shapes.push(Shape::text(TextStyle::NameStrong, "", LEFT, base, name));
            }
            let group_name = TextStyle::Word.fitted(&group.name, (right - x).max(12.0));
            shapes.push(Shape::text(TextStyle::Word, "q2", x, base, group_name));
            let label = self.labels.say_group(&group.name, self.labels.lag(at.lag), group.generation);
            let bounds = Rect::new(8.0, y - 13.0, self.width - 16.0, 26.0);
            self.push(scene, Group::of(Target::Group(group.id), label, bounds, shapes));
        }
    }
}

/// A client's way to the wire.
fn stub(y: f64) -> Shape {
    Shape::path("rail", polyline(&[Point::new(RAIL, y), Point::new(LEFT - 6.0, y)]))
}
