//! A topic beside a queue: every record stays, each group has its own place.

use super::Pair;
use super::half::{self, CELL, GOT, Half, Lane, PITCH, ROW};
use super::queue::got;
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::lost;
use crate::scene::mark::Mark;
use crate::scene::picture::{CellsHit, Scene};
use crate::scene::pins;
use crate::scene::shape::Shape;
use crate::scene::symbols::{self, PIN_HALF};
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use crate::scene::wide::pins_on;
use highwater_engine::ids::{Offset, RecordId};
use highwater_engine::view::{CellView, ConsumerActivity, GroupView, PartitionView, ProcessView, StageView};

/// Height of one group's lane of pins.
const LANE: f64 = 15.0;

/// How tall one partition is: its strip, its ruler, its pins and the groups' rows.
fn partition_height(view: &StageView) -> f64 {
    CELL + 44.0 + view.groups.len() as f64 * (LANE + ROW) + 10.0
}

/// How tall the topic's half is.
pub fn height(view: &StageView) -> f64 {
    86.0 + view.partitions.len() as f64 * partition_height(view)
}

/// A partition's strip in this drawing.
struct Strip<'a> {
    partition: &'a PartitionView,
    cells: Vec<&'a CellView>,
    start: i64,
    end: i64,
    high_watermark: i64,
    y: f64,
}

impl Strip<'_> {
    fn x_of(&self, half: &Half, offset: i64) -> f64 {
        half.cells_x() + (offset.clamp(self.start, self.end) - self.start) as f64 * PITCH
    }
}

impl Pair<'_> {
    pub(super) fn topic(&self, half: &Half, scene: &mut Scene, lanes: &mut Vec<Lane>) {
        self.title(half, self.labels.topic(), scene, "topic");
        let view = self.input.view;
        let ways = self.feeders(half, |producer| producer.topic.is_some(), scene);
        let (mut d, mut heads) = (String::new(), Vec::new());
        for (index, partition) in view.partitions.iter().enumerate() {
            let y = half.strip_y() + index as f64 * partition_height(view);
            let strip = self.strip(half, partition, y);
            let (x, feed, end) = (half.tail_x(strip.cells.len()), half.feed_y(), y);
            heads.push(half::head(x, end));
            let entry = if index == 0 {
                vec![Point::new(x, feed), Point::new(x, end)]
            } else {
                // Past the strips above, at the far right.
                let (side, over) = ((half.x + half.width - 5.0).floor() + 0.5, end - 13.5);
                vec![Point::new(side, feed), Point::new(side, over), Point::new(x, over), Point::new(x, end)]
            };
            for (node, way) in &ways {
                let points: Vec<Point> = way.iter().chain(&entry).copied().collect();
                d.push_str(&polyline(points.get(1..).unwrap_or_default()));
                for broker in &view.brokers {
                    scene.routes.for_partition(*node, broker.node, partition.tp, points.clone());
                }
            }
            self.readers(half, &strip, scene, lanes);
            self.draw_strip(half, &strip, scene);
        }
        heads.insert(0, Shape::path("rail", d));
        scene.groups.push(Group::plain("feed:topic", heads));
    }

    fn strip<'b>(&self, half: &Half, partition: &'b PartitionView, y: f64) -> Strip<'b> {
        let shown = pins_on(partition);
        let replica = partition.replicas.iter().find(|replica| Some(replica.broker) == shown);
        let end = replica.map_or(0, |replica| replica.log_end_offset.0);
        let capacity = half.capacity() as i64;
        let step = (capacity / 3).max(1);
        let first = if end <= capacity { 0 } else { (end - capacity + step - 1) / step * step };
        let start = replica.map_or(0, |replica| first.max(replica.log_start_offset.0).min(end));
        let cells =
            replica.map_or(Vec::new(), |replica| replica.cells.iter().filter(|cell| cell.offset.0 >= start).collect());
        let high_watermark = replica.map_or(0, |replica| replica.high_watermark.0);
        Strip { partition, cells, start, end, high_watermark, y }
    }

    fn draw_strip(&self, half: &Half, strip: &Strip<'_>, scene: &mut Scene) {
        let (partition, y) = (strip.partition, strip.y);
        let mut shapes = vec![half::ground(half, y)];
        let room = half.names - 20.0;
        let name = TextStyle::NameStrong.fitted(&partition.name, room);
        shapes.push(Shape::text(TextStyle::NameStrong, "", half.x, y + 14.0, name));
        let leads = self
            .input
            .view
            .brokers
            .iter()
            .any(|broker| broker.id == partition.leader && !matches!(broker.process, ProcessView::Down(_)));
        let (class, below) = match partition.leader.some() {
            Some(_) => ("q2", self.labels.kept(strip.end)),
            None => ("only-t", self.labels.no_leader()),
        };
        shapes.push(Shape::text(TextStyle::Label, class, half.x, y + 30.0, TextStyle::Label.fitted(&below, room)));
        let (done, open) =
            if leads { ("cell leader done", "cell leader open") } else { ("cell offline done", "cell offline open") };
        for cell in &strip.cells {
            let rect = Rect::new(strip.x_of(half, cell.offset.0) + 1.5, y, PITCH - 3.0, CELL);
            let committed = cell.offset.0 < strip.high_watermark;
            let shown = if committed { rect } else { rect.grown(-0.75) };
            shapes.push(Shape::Rect { class: if committed { done } else { open }, rect: shown });
            if let Some(record) = cell.record {
                half::figure(&mut shapes, if committed { "on-lead" } else { "lead-n" }, rect, record.number());
            }
            let middle = rect.centre().x;
            shapes.push(Shape::text_middle(TextStyle::Ruler, "r", middle, y + CELL + 14.0, cell.offset.to_string()));
        }
        let next = strip.x_of(half, strip.end) + 9.0;
        shapes.push(Shape::text_middle(TextStyle::RulerStrong, "r-leo", next, y + CELL + 14.0, strip.end.to_string()));
        followers(half, strip, &mut shapes);
        self.topic_pins(half, strip, &mut shapes);
        let width = (strip.end - strip.start) as f64 * PITCH;
        if let Some(broker) = pins_on(partition) {
            let rect = Rect::new(half.cells_x(), y, width, CELL + 16.0);
            scene.cells.push(CellsHit { rect, pitch: PITCH, broker, tp: partition.tp, start: strip.start });
        }
        let isr: Vec<String> = partition.isr.iter().map(ToString::to_string).collect();
        let leader = partition.leader.some().map_or_else(|| self.labels.none(), |leader| leader.to_string());
        let label = self.labels.say_partition(&partition.name, leader, partition.leader_epoch, isr.join(", "));
        let bounds = Rect::new(half.x, y - 6.0, half.width, CELL + 26.0);
        self.push(scene, Group::of(Target::Partition(partition.tp), label, bounds, shapes));
        let marks: Vec<Mark> = self.input.marks.iter().filter(|mark| mark.tp == partition.tp).copied().collect();
        let cell = |record: RecordId, offset: i64| {
            let seen = offset >= strip.start && !strip.cells.iter().any(|cell| cell.record == Some(record));
            let x = half.cells_x() + (offset - strip.start) as f64 * PITCH;
            let rect = Rect::new(x + 1.5, y, PITCH - 3.0, CELL);
            (seen && rect.right() <= half.x + half.width).then_some((rect, offset < strip.end))
        };
        for torn in lost::marks(&marks, cell, &partition.name, self.input.directory, self.labels) {
            self.push(scene, torn);
        }
    }

    fn topic_pins(&self, half: &Half, strip: &Strip<'_>, shapes: &mut Vec<Shape>) {
        let mut top = strip.y + CELL + 18.5;
        let mut ticked: Vec<f64> = Vec::new();
        for group in &self.input.view.groups {
            let Some(place) = pins::place(group, strip.partition.tp) else { continue };
            let at = |offset: Offset| Point::new(strip.x_of(half, offset.0), top);
            let (mut left, mut right) = (f64::MAX, f64::MIN);
            if let Some(committed) = place.committed.filter(|committed| Some(*committed) != place.position) {
                shapes.push(symbols::pin(false, at(committed)));
                right = right.max(at(committed).x);
                left = left.min(at(committed).x);
            }
            if let Some(position) = place.position {
                let x = at(position).x;
                let tick = [Point::new(x, strip.y + CELL + 2.0), Point::new(x, top + 2.0)];
                if !ticked.contains(&x) {
                    shapes.push(Shape::path("tickpos", polyline(&tick)));
                    ticked.push(x);
                }
                if place.committed == Some(position) {
                    shapes.extend(symbols::pin_nested(at(position)));
                } else {
                    shapes.push(symbols::pin(true, at(position)));
                }
                right = right.max(x);
                left = left.min(x);
            }
            if right > f64::MIN {
                let x = right + PIN_HALF + 3.0;
                let room = half.x + half.width - 12.0 - x;
                let wide = TextStyle::LabelStrong.width(&group.name);
                let before = left - PIN_HALF - 3.0;
                if wide > room && before - wide >= half.cells_x() {
                    shapes.push(Shape::text_end(TextStyle::LabelStrong, "", before, top + 11.0, &group.name));
                } else {
                    let name = TextStyle::LabelStrong.fitted(&group.name, room.max(20.0));
                    shapes.push(Shape::text(TextStyle::LabelStrong, "", x, top + 11.0, name));
                }
            }
            top += LANE;
        }
    }

    /// The groups' rows: what each has read stands under the record it is.
    fn readers(&self, half: &Half, strip: &Strip<'_>, scene: &mut Scene, lanes: &mut Vec<Lane>) {
        let view = self.input.view;
        let tp = strip.partition.tp;
        let bottom = strip.y + CELL;
        let top = bottom + 44.0 + view.groups.len() as f64 * LANE;
        let row = |index: usize| top + index as f64 * ROW;
        let (lane, edge) = (half.lane_x(), half.cells_x());
        let mut wires = Vec::new();
        let mut d = String::new();
        for cell in &strip.cells {
            let x = (strip.x_of(half, cell.offset.0) + PITCH / 2.0).floor() + 0.5;
            let mut from = bottom + 20.0 + view.groups.len() as f64 * LANE;
            for (index, group) in view.groups.iter().enumerate() {
                if reads(group, strip, cell) {
                    half::arrow(&mut wires, x, from, row(index) - 1.0);
                    from = row(index) + GOT + 2.0;
                }
                let Some(record) = cell.record else { continue };
                let way = vec![Point::new(x, bottom), Point::new(x, row(index) + GOT / 2.0)];
                for member in &group.members {
                    for broker in &view.brokers {
                        scene.routes.for_record(broker.node, member.node, record, way.clone());
                    }
                }
            }
        }
        for (index, group) in view.groups.iter().enumerate() {
            let y = row(index) + GOT / 2.0;
            let way = vec![
                Point::new(edge, strip.y + CELL / 2.0),
                Point::new(lane, strip.y + CELL / 2.0),
                Point::new(lane, y),
                Point::new(edge, y),
            ];
            d.push_str(&polyline(&way));
            for member in &group.members {
                for broker in &view.brokers {
                    scene.routes.for_partition(broker.node, member.node, tp, way.clone());
                }
            }
            lanes.push(Lane { x: lane, y, nodes: group.members.iter().map(|member| member.node).collect() });
        }
        wires.insert(0, Shape::path("rail quiet", d));
        scene.groups.push(Group::plain(format!("reads:{}", strip.partition.name), wires));
        for (index, group) in view.groups.iter().enumerate() {
            self.group_row(half, strip, group, row(index), scene);
        }
    }

    fn group_row(&self, half: &Half, strip: &Strip<'_>, group: &GroupView, y: f64, scene: &mut Scene) {
        let mut shapes = Vec::new();
        let place = pins::place(group, strip.partition.tp);
        let read = place.as_ref().and_then(|place| place.position.or(place.committed)).map_or(0, |offset| offset.0);
        let down = group.members.iter().find(|member| matches!(member.process, ProcessView::Down(_)));
        let below = match down {
            Some(member) => ("only-t", format!("{} {}", member.name, self.labels.dead())),
            None => ("q2", self.labels.read(read)),
        };
        self.reader(half, y, &group.name, below, &mut shapes);
        let processing = group.members.iter().find_map(|member| match member.activity {
            ConsumerActivity::Processing(record) => Some(record),
            _ => None,
        });
        for cell in &strip.cells {
            let Some(record) = cell.record else { continue };
            let rect = Rect::new(strip.x_of(half, cell.offset.0) + 1.5, y, PITCH - 3.0, GOT);
            if reads(group, strip, cell) {
                got(&mut shapes, rect, record, processing, true);
            }
        }
        let label = self.labels.say_group(&group.name, self.labels.read(read), group.generation);
        let bounds = Rect::new(half.x, y - 3.0, half.width, GOT + 8.0);
        let key = format!("group:{}:{}", group.id.0, strip.partition.name);
        self.push(scene, Group::of(Target::Group(group.id), label, bounds, shapes).keyed(key));
    }
}

/// How far the other replicas are: a tick over the strip at each log end, with the brokers' numbers.
fn followers(half: &Half, strip: &Strip<'_>, shapes: &mut Vec<Shape>) {
    let shown = pins_on(strip.partition);
    let others = || strip.partition.replicas.iter().filter(|replica| Some(replica.broker) != shown);
    let mut ends: Vec<i64> = others().map(|replica| replica.log_end_offset.0).collect();
    ends.sort_unstable();
    ends.dedup();
    let mut taken = half.cells_x() - 14.0;
    for end in ends {
        let x = strip.x_of(half, end).floor() + 0.5;
        shapes.push(Shape::path("reach", polyline(&[Point::new(x, strip.y - 9.0), Point::new(x, strip.y + 6.0)])));
        let at_end = others().filter(|replica| replica.log_end_offset.0 == end);
        let ids: Vec<String> = at_end.map(|replica| replica.broker.to_string()).collect();
        let ids = ids.join(",");
        if x - 3.0 - TextStyle::MarkStrong.width(&ids) >= taken {
            shapes.push(Shape::text_end(TextStyle::MarkStrong, "foll-t", x - 3.0, strip.y - 1.5, ids));
            taken = x + 2.0;
        }
    }
}

/// Whether a group has read a record: its position, or its committed offset while nobody reads, lies behind it.
fn reads(group: &GroupView, strip: &Strip<'_>, cell: &CellView) -> bool {
    let place = pins::place(group, strip.partition.tp);
    let place = place.and_then(|place| place.position.or(place.committed));
    place.is_some_and(|place| cell.offset < place)
}
