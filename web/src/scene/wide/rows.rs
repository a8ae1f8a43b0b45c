//! Partitions: their names, and every replica's log with its star and pins.

use super::Stage;
use super::plan::{column_of, isr_text};
use crate::scene::geometry::{Point, Rect, number};
use crate::scene::group::Group;
use crate::scene::lost;
use crate::scene::mark::{Mark, MarkKind};
use crate::scene::picture::{CellsHit, Scene};
use crate::scene::pins;
use crate::scene::role::Look;
use crate::scene::shape::Shape;
use crate::scene::strip::{RULER_DROP, Strip};
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use crate::scene::window;
use highwater_engine::ids::BrokerId;
use highwater_engine::view::{CellView, PartitionView, ProcessView, ReplicaView, StageView};

impl Stage<'_> {
    pub(super) fn rows(&self, scene: &mut Scene) {
        for (row, partition) in self.input.view.partitions.iter().enumerate() {
            self.name(row, partition, scene);
            let marks: Vec<Mark> = self.input.marks.iter().filter(|mark| mark.tp == partition.tp).copied().collect();
            let windows = window::windows(partition, self.plan.capacity());
            for (replica, window) in partition.replicas.iter().zip(windows) {
                let Some(column) = column_of(self.input.view, replica.broker) else { continue };
                let Some(broker) = self.input.view.brokers.get(column) else { continue };
                let strip = Strip {
                    replica,
                    look: Look::of(replica, broker.process),
                    frame: self.plan.strip(row, column),
                    window,
                    epoch: partition.leader_epoch,
                    marks: &marks,
                    colour_by: self.input.colour_by,
                    files: self.shows_files(partition.tp),
                };
                self.replica(row, column, partition, &strip, scene);
            }
        }
    }

    fn name(&self, row: usize, partition: &PartitionView, scene: &mut Scene) {
        let (x, top, room) = (self.plan.labels_x, self.plan.base_of(row) - 5.0, self.plan.labels_width);
        let labels = self.labels;
        let mut shapes = Vec::new();
        let name = TextStyle::LabelStrong.fitted(&partition.name, room);
        shapes.push(Shape::text(TextStyle::LabelStrong, "", x, top, name));
        let (class, epoch) = match partition.leader.some() {
            Some(_) => ("q2", labels.epoch(partition.leader_epoch)),
            None => ("only-t", labels.no_leader()),
        };
        shapes.push(Shape::text(TextStyle::Word, class, x, top + 16.0, epoch));
        let under = (partition.isr.len() as i64) < i64::from(partition.min_insync_replicas);
        let class = if under { "only-t" } else { "q2" };
        let isr = TextStyle::Mark.fitted(&isr_text(&partition.isr), room);
        shapes.push(Shape::text(TextStyle::Mark, class, x, top + 31.0, isr));
        let mut y = top + 46.0;
        let mut more = |class: &'static str, words: String| {
            let wide = TextStyle::Word.width(&words);
            let fits = y + 4.0 <= self.plan.row(row) + self.plan.row_height && wide <= room + 4.0;
            fits.then(|| {
                shapes.push(Shape::text(TextStyle::Word, class, x, y, words));
                y += 14.0;
                Rect::new(x - 2.0, y - 25.0, wide + 4.0, 15.0)
            })
        };
        let mut lost_at = None;
        if under {
            more("only-t", labels.under_min(partition.min_insync_replicas));
        }
        let count = |kind| self.input.marks.iter().filter(|mark| mark.tp == partition.tp && mark.kind == kind).count();
        for (kind, found) in
            [(MarkKind::Lost, count(MarkKind::Lost)), (MarkKind::Duplicate, count(MarkKind::Duplicate))]
        {
            if found > 0 {
                let words = if kind == MarkKind::Lost { labels.lost(found) } else { labels.doubled(found) };
                let place = more("only-t", words);
                lost_at = lost_at.or(place.filter(|_| kind == MarkKind::Lost));
            }
        }
        let bounds = Rect::new(x - 4.0, self.plan.base_of(row) - 22.0, room + 6.0, 56.0);
        let leader = partition.leader.some().map_or_else(|| labels.none(), |leader| leader.to_string());
        let isr: Vec<String> = partition.isr.iter().map(ToString::to_string).collect();
        let label = labels.say_partition(&partition.name, leader, partition.leader_epoch, isr.join(", "));
        self.push(scene, Group::of(Target::Partition(partition.tp), label, bounds, shapes));
        // The count leads to the last of them, wherever the log has gone on to meanwhile.
        let lost = |mark: &&Mark| mark.tp == partition.tp && mark.kind == MarkKind::Lost;
        if let (Some(place), Some(mark)) = (lost_at, self.input.marks.iter().rev().find(lost)) {
            let record = self.input.directory.record_name(mark.record);
            let label = labels.say_lost(record, &partition.name, mark.offset);
            let group = Group::of(Target::Lost(mark.record), label, place, Vec::new());
            self.push(scene, group.keyed(format!("lost:{}", partition.name)));
        }
    }

    fn replica(&self, row: usize, column: usize, partition: &PartitionView, strip: &Strip<'_>, scene: &mut Scene) {
        let (replica, tp) = (strip.replica, partition.tp);
        let column_box = self.plan.broker(column);
        let bounds = Rect::new(column_box.x + 2.0, strip.frame.base - 37.0, column_box.w - 4.0, 37.0 + 42.0);
        let mut shapes = Vec::new();
        if let Some(before) = self.before(partition) {
            let was = before.replicas.iter().find(|was| was.broker == replica.broker);
            if let Some(was) = was {
                let old = if before.leader == replica.broker { Look::Leader } else { Look::Follower };
                strip.ghost(was, old, &mut shapes);
            }
        }
        strip.draw(&mut shapes);
        let leads = replica.broker == partition.leader;
        if leads && strip.look != Look::Offline {
            let radius = if Some(tp) == self.selected_partition() { 9.0 } else { 8.0 };
            shapes.push(symbols::star(
                "star",
                Point::new(self.plan.slot_x(column) - 0.5, self.plan.star_y(row)),
                radius,
            ));
        } else if leads || strip.look == Look::Leader {
            // Dead but not yet replaced, or replaced without knowing it.
            shapes.push(symbols::star(
                "star-ghost",
                Point::new(self.plan.slot_x(column) - 0.5, self.plan.star_y(row)),
                8.0,
            ));
        }
        only_here(self.input.view, partition, strip, &self.labels.only_here(), &mut shapes);
        if pins_on(partition) == Some(replica.broker) {
            pins::draw(self.input.view, tp, strip, strip.frame.base + RULER_DROP + 3.5, &mut shapes);
        }
        let cells = strip.cells_box();
        scene.cells.push(CellsHit {
            rect: Rect::new(cells.x, cells.y - 2.0, cells.w, cells.h + RULER_DROP),
            pitch: strip.frame.pitch,
            broker: replica.broker,
            tp,
            start: strip.window.start,
        });
        let role = match strip.look {
            Look::Leader => self.labels.role_leader(),
            Look::Follower => self.labels.role_follower(),
            Look::Lagging => self.labels.role_lagging(),
            Look::Offline => self.labels.role_offline(),
        };
        let (leo, hw) = (replica.log_end_offset, replica.high_watermark);
        let label = self.labels.say_replica(&partition.name, replica.broker, role, leo, hw);
        let mut group = Group::of(Target::Replica(replica.broker, tp), label, bounds, shapes);
        if let Some(Target::Record(broker, of, offset)) = self.input.selection
            && (broker, of) == (replica.broker, tp)
            && (strip.window.start..strip.window.end).contains(&offset.0)
        {
            let rect = Rect::new(strip.x_of(offset.0), cells.y, strip.frame.pitch, cells.h).grown(1.0);
            group.shapes.push(Shape::Rect { class: "picked", rect });
        }
        self.push(scene, group);
        if pins_on(partition) == Some(replica.broker) {
            for torn in lost::torn(strip, &partition.name, self.input.directory, self.labels) {
                self.push(scene, torn);
            }
        }
    }
}

/// The replica whose log the groups read: the leader's, or the longest while there is none.
pub fn pins_on(partition: &PartitionView) -> Option<BrokerId> {
    partition.leader.some().or_else(|| {
        partition.replicas.iter().max_by_key(|replica| replica.log_end_offset).map(|replica| replica.broker)
    })
}

/// Marks the end of a dead broker's log that no running replica holds.
pub fn only_here(view: &StageView, partition: &PartitionView, strip: &Strip<'_>, words: &str, shapes: &mut Vec<Shape>) {
    let down = |broker: BrokerId| {
        let found = view.brokers.iter().find(|candidate| candidate.id == broker);
        found.is_some_and(|broker| matches!(broker.process, ProcessView::Down(_)))
    };
    if !down(strip.replica.broker) {
        return;
    }
    let others: Vec<&ReplicaView> = partition
        .replicas
        .iter()
        .filter(|replica| replica.broker != strip.replica.broker && !down(replica.broker))
        .collect();
    if others.is_empty() {
        return;
    }
    let same = |a: &CellView, b: &CellView| match (a.record, b.record) {
        (None, None) => (a.offset, a.leader_epoch) == (b.offset, b.leader_epoch),
        (a, b) => a == b,
    };
    let elsewhere = |cell: &CellView| others.iter().any(|replica| replica.cells.iter().any(|other| same(cell, other)));
    // The others may not show records this old: then nothing can be said.
    let known = others.iter().filter_map(|replica| replica.cells.first()).map(|cell| cell.offset).min();
    let mut from = strip.window.end;
    for cell in strip.replica.cells.iter().rev() {
        let sure = known.is_none_or(|known| cell.offset >= known);
        if !sure || elsewhere(cell) || cell.offset.0 < strip.window.start {
            break;
        }
        from = cell.offset.0;
    }
    if from >= strip.window.end {
        return;
    }
    let (x0, x1) = (strip.x_of(from) + 1.0, strip.x_of(strip.window.end) - 1.0);
    let width = TextStyle::WordStrong.width(words);
    let mut y = strip.frame.base + RULER_DROP + 4.0;
    let next = TextStyle::RulerStrong.width(&strip.replica.log_end_offset.to_string());
    let beside = x1 + 1.0 + strip.frame.pitch / 2.0 + next / 2.0 + 8.0;
    let has_room = beside + width <= strip.frame.right;
    let words_beside =
        || Shape::text(TextStyle::WordStrong, "only-t", beside, strip.frame.base + RULER_DROP, words.to_owned());
    if pins_on(partition) == Some(strip.replica.broker) {
        // The groups' pins stand under this log: the bracket goes over the records, the words beside the ruler.
        let over = strip.frame.base - strip.height() - 3.0;
        let d = format!("M{} {}v-3h{}v3", number(x0), number(over), number(x1 - x0));
        shapes.push(Shape::path("only", d));
        if has_room {
            shapes.push(words_beside());
            return;
        }
        let lanes = view.groups.iter().filter(|group| pins::place(group, partition.tp).is_some()).count();
        y += pins::LANE * lanes as f64 - 1.0;
    } else {
        let d = format!("M{} {}v4h{}v-4", number(x0), number(y), number(x1 - x0));
        shapes.push(Shape::path("only", d));
        // Wide cells: the frame ends soon under the ruler.
        if has_room && strip.frame.pitch > 20.0 {
            shapes.push(words_beside());
            return;
        }
    }
    let end = (x1 + 1.0).max(strip.frame.left + width).min(strip.frame.right);
    if end - width >= strip.frame.left - 0.01 {
        shapes.push(Shape::text_end(TextStyle::WordStrong, "only-t", end, y + 15.0, words));
    }
}
