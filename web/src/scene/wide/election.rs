//! A leader that changed since the moment before: what was, and the line from old star to new.

use super::Stage;
use super::plan::column_of;
use crate::scene::geometry::{Point, number, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::text::TextStyle;
use highwater_engine::ids::BrokerId;
use highwater_engine::view::PartitionView;

impl Stage<'_> {
    /// The partition as it was one beat ago.
    pub(super) fn before(&self, partition: &PartitionView) -> Option<&PartitionView> {
        self.input.previous?.partitions.iter().find(|before| before.tp == partition.tp)
    }

    /// The broker that led a beat ago and does not lead now.
    pub(super) fn deposed(&self, partition: &PartitionView) -> Option<(usize, BrokerId)> {
        let before = self.before(partition)?;
        let old = before.leader.some().filter(|old| *old != partition.leader)?;
        Some((column_of(self.input.view, old)?, old))
    }

    pub(super) fn elections(&self, scene: &mut Scene) {
        for (row, partition) in self.input.view.partitions.iter().enumerate() {
            let Some((old, _)) = self.deposed(partition) else { continue };
            let Some(before) = self.before(partition) else { continue };
            let mut shapes = Vec::new();
            let (x, rail) = (self.plan.slot_x(old), self.plan.rail(row));
            let star = Point::new(x - 0.5, self.plan.star_y(row));
            shapes.push(Shape::path("ghostline", polyline(&[Point::new(x, rail + 3.0), Point::new(x, star.y - 11.0)])));
            shapes.push(symbols::cross("cut", Point::new(x, rail + 12.0), 4.5));
            shapes.push(symbols::star("star-ghost", star, 8.0));
            if let Some(new) = column_of(self.input.view, partition.leader) {
                let words = [
                    self.labels.elected(before.leader_epoch, partition.leader_epoch),
                    self.labels.elected_short(before.leader_epoch, partition.leader_epoch),
                ];
                self.line(row, old, new, &words, &mut shapes);
            }
            scene.groups.push(Group::plain(format!("election:{}", partition.name), shapes));
        }
    }

    fn line(&self, row: usize, old: usize, new: usize, words: &[String], shapes: &mut Vec<Shape>) {
        let (from, to) = (self.plan.slot_x(old) - 0.5, self.plan.slot_x(new) - 0.5);
        let (base, lane) = (self.plan.base_of(row), self.plan.election(row));
        let turn = if to > from { 4.0 } else { -4.0 };
        let path = format!(
            "M{f} {start}V{down}Q{f} {lane} {f_turn} {lane}H{t_turn}Q{t} {lane} {t} {down}V{end}",
            f = number(from),
            t = number(to),
            f_turn = number(from + turn),
            t_turn = number(to - turn),
            start = number(base + 4.0),
            down = number(lane - 4.0),
            lane = number(lane),
            end = number(base + 8.0),
        );
        shapes.push(Shape::path("halo elect-halo", path.clone()));
        shapes.push(Shape::path("elect", path));
        shapes.push(Shape::path("elect-head", format!("M{} {}l5 9h-10z", number(to), number(base + 1.0))));
        // The words stand in one column beside the old star, on the side of the new one.
        let column = if new > old { old } else { old.saturating_sub(1) };
        let rect = self.plan.broker(column);
        let room = rect.w - 36.0;
        if let Some(words) = TextStyle::LabelStrong.first_fitting(words, room) {
            let middle = rect.x + 24.0 + (rect.w - 30.0) / 2.0;
            let width = TextStyle::LabelStrong.width(words) + 8.0;
            shapes.push(Shape::rect("window", middle - width / 2.0, lane - 9.0, width, 18.0));
            shapes.push(Shape::text_middle(TextStyle::LabelStrong, "elect-t", middle, lane + 4.5, words.clone()));
        }
    }
}
