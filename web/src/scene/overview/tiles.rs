//! Replicas as tiles, with the rows' names.

use super::Overview;
use super::grid::{Column, Row};
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::role::Look;
use crate::scene::shape::Shape;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::ids::BrokerId;
use highwater_engine::view::{BrokerView, PartitionView, ReplicaView};

/// How many replicas of a kind stand in a tile.
#[derive(Clone, Copy, Default)]
struct Counts {
    leader: usize,
    follower: usize,
    lagging: usize,
    offline: usize,
}

impl Counts {
    fn add(&mut self, look: Look) {
        *match look {
            Look::Leader => &mut self.leader,
            Look::Follower => &mut self.follower,
            Look::Lagging => &mut self.lagging,
            Look::Offline => &mut self.offline,
        } += 1;
    }

    fn all(self) -> usize {
        self.leader + self.follower + self.lagging + self.offline
    }
}

impl Overview<'_> {
    pub(super) fn tiles(&self, scene: &mut Scene) {
        for (index, row) in self.grid.rows.iter().enumerate() {
            self.name(index, row, scene);
            for (place, column) in self.grid.columns.iter().enumerate() {
                match (self.single(row), self.grid.columns.get(place).map(|it| it.brokers.len())) {
                    (Some(partition), Some(1)) => self.replica(index, place, partition, column, scene),
                    _ => self.sum(index, place, row, column, scene),
                }
            }
        }
        self.row_routes(scene);
    }

    fn single(&self, row: &Row) -> Option<&PartitionView> {
        if row.partitions.len() == 1 { self.input.view.partitions.get(row.partitions.start) } else { None }
    }

    fn of(&self, row: &Row) -> &[PartitionView] {
        self.input.view.partitions.get(row.partitions.clone()).unwrap_or_default()
    }

    fn brokers(&self, column: &Column) -> &[BrokerView] {
        self.input.view.brokers.get(column.brokers.clone()).unwrap_or_default()
    }

    /// A row's name; in the colour of trouble with how many replicas are in sync, when some are not.
    fn name(&self, index: usize, row: &Row, scene: &mut Scene) {
        let grid = &self.grid;
        let (mut replicas, mut in_sync, mut leaderless) = (0, 0, 0);
        for partition in self.of(row) {
            replicas += partition.assignment.len();
            in_sync += partition.isr.len();
            leaderless += usize::from(partition.leader.some().is_none());
        }
        let y = grid.middle(index) + 4.0;
        let mut shapes = Vec::new();
        let trouble = if leaderless > 0 {
            Some(self.labels.no_leader())
        } else {
            (in_sync < replicas).then(|| format!("{in_sync}/{replicas}"))
        };
        let mut room = grid.labels_width;
        if let Some(words) = trouble {
            let words = TextStyle::RulerStrong.fitted(&words, room * 0.6);
            room -= TextStyle::RulerStrong.width(&words) + 4.0;
            let right = grid.labels_x + grid.labels_width;
            shapes.push(Shape::text_end(TextStyle::RulerStrong, "only-t", right, y, words));
        }
        let name = TextStyle::Label.fitted(&row.name, room);
        shapes.push(Shape::text(TextStyle::Label, "", grid.labels_x, y, name));
        let rule = grid.row(index) + grid.row_height;
        let right = grid.columns_x + grid.columns.len() as f64 * (grid.column + 3.0);
        let d = polyline(&[Point::new(grid.labels_x, rule), Point::new(right, rule)]);
        shapes.insert(0, Shape::path("rule", d));
        let bounds =
            Rect::new(grid.labels_x - 4.0, grid.row(index) + 1.0, grid.labels_width + 6.0, grid.row_height - 2.0);
        let label = match self.single(row) {
            Some(partition) => {
                let leader = partition.leader.some().map_or_else(|| self.labels.none(), |leader| leader.to_string());
                let isr: Vec<String> = partition.isr.iter().map(ToString::to_string).collect();
                self.labels.say_partition(&partition.name, leader, partition.leader_epoch, isr.join(", "))
            }
            None => self.labels.say_sum(&row.name, self.of(row).len(), in_sync, replicas),
        };
        self.push(scene, Group::of(Target::Partition(row.first), label, bounds, shapes));
    }

    /// One replica: the leader tall and filled with its log end, a follower a low bar as long as it has caught up.
    fn replica(&self, row: usize, place: usize, partition: &PartitionView, column: &Column, scene: &mut Scene) {
        let Some(broker) = self.brokers(column).first() else { return };
        let Some(replica) = partition.replicas.iter().find(|replica| replica.broker == broker.id) else { return };
        let look = Look::of(replica, broker.process);
        let rect = self.grid.tile(row, place);
        let mut shapes = Vec::new();
        let end = replica.log_end_offset.0;
        let longest = partition.replicas.iter().map(|it| it.log_end_offset.0).max().unwrap_or(0);
        if look == Look::Leader {
            leader_tile(rect, replica, &mut shapes);
        } else {
            let bar = Rect::new(rect.x + 1.0, rect.bottom() - 5.0, rect.w - 2.0, 4.0);
            let share = if longest == 0 { 1.0 } else { end as f64 / longest as f64 };
            shapes
                .push(Shape::Rect { class: look.open(), rect: Rect::new(bar.x + 0.5, bar.y + 0.5, bar.w - 1.0, 3.0) });
            shapes.push(Shape::Rect { class: look.done(), rect: Rect::new(bar.x, bar.y, bar.w * share, 4.0) });
            if end < longest || look != Look::Follower {
                let class = if look == Look::Lagging { "only-t" } else { "q2" };
                let text = TextStyle::Ruler.fitted(&end.to_string(), rect.w);
                shapes.push(Shape::text(TextStyle::Ruler, class, rect.x + 1.0, bar.y - 1.5, text));
            }
        }
        if self.led_before(partition, replica.broker) {
            shapes.push(Shape::Rect { class: "ghost", rect: rect.grown(-0.5) });
        }
        let role = match look {
            Look::Leader => self.labels.role_leader(),
            Look::Follower => self.labels.role_follower(),
            Look::Lagging => self.labels.role_lagging(),
            Look::Offline => self.labels.role_offline(),
        };
        let (leo, hw) = (replica.log_end_offset, replica.high_watermark);
        let label = self.labels.say_replica(&partition.name, replica.broker, role, leo, hw);
        self.push(scene, Group::of(Target::Replica(replica.broker, partition.tp), label, rect, shapes));
    }

    /// Whether a broker led a partition in the state before, and does no more.
    fn led_before(&self, partition: &PartitionView, broker: BrokerId) -> bool {
        let before = self.input.previous.and_then(|view| view.partitions.iter().find(|was| was.tp == partition.tp));
        partition.leader != broker && before.is_some_and(|before| before.leader == broker)
    }

    /// Several replicas: how many lead, out of how many, and a bar of what they are.
    fn sum(&self, row: usize, place: usize, of: &Row, column: &Column, scene: &mut Scene) {
        let brokers = self.brokers(column);
        let mut counts = Counts::default();
        for partition in self.of(of) {
            for replica in &partition.replicas {
                if let Some(broker) = brokers.iter().find(|broker| broker.id == replica.broker) {
                    counts.add(Look::of(replica, broker.process));
                }
            }
        }
        if counts.all() == 0 {
            return;
        }
        let rect = self.grid.tile(row, place);
        let mut shapes = Vec::new();
        let words = [format!("★{} / {}", counts.leader, counts.all()), counts.all().to_string()];
        if let Some(words) = TextStyle::Ruler.first_fitting(&words, rect.w - 2.0) {
            shapes.push(Shape::text(TextStyle::Ruler, "", rect.x + 1.0, rect.bottom() - 6.5, words.clone()));
        }
        let mut x = rect.x + 1.0;
        for (look, count) in [
            (Look::Leader, counts.leader),
            (Look::Follower, counts.follower),
            (Look::Lagging, counts.lagging),
            (Look::Offline, counts.offline),
        ] {
            let width = (rect.w - 2.0) * count as f64 / counts.all() as f64;
            if count > 0 {
                shapes.push(Shape::rect(look.done(), x, rect.bottom() - 5.0, width, 4.0));
            }
            x += width;
        }
        scene.groups.push(Group::plain(format!("sum:{row}:{place}"), shapes));
    }

    /// The ways of packets: level with a row between its brokers, from the sides to the tiles.
    fn row_routes(&self, scene: &mut Scene) {
        let view = self.input.view;
        let grid = &self.grid;
        for (at, partition) in view.partitions.iter().enumerate() {
            let Some(row) = grid.row_of(at) else { continue };
            let y = grid.middle(row);
            let place = |broker| {
                let index = view.brokers.iter().position(|it| it.id == broker)?;
                Some((view.brokers.get(index)?.node, grid.tile(row, grid.column_of(index)?).centre().x))
            };
            for replica in &partition.replicas {
                let Some((node, x)) = place(replica.broker) else { continue };
                let end = Point::new(x, y);
                for (index, producer) in view.producers.iter().enumerate() {
                    if producer.topic == Some(partition.tp.topic) {
                        let exit = self.producer_exit(index);
                        let bus = Point::new(grid.bus_x(), exit.y);
                        let points = vec![exit, bus, Point::new(bus.x, y), end];
                        scene.routes.for_partition(producer.node, node, partition.tp, points);
                    }
                }
                for (index, group) in view.groups.iter().enumerate() {
                    for member in &group.members {
                        let points = vec![Point::new(grid.group(index), y), end];
                        scene.routes.for_partition(member.node, node, partition.tp, points);
                    }
                }
                for other in partition.replicas.iter().filter(|other| other.broker < replica.broker) {
                    if let Some((peer, to)) = place(other.broker) {
                        let points = vec![end, Point::new(to, y)];
                        scene.routes.for_partition(node, peer, partition.tp, points);
                    }
                }
            }
        }
    }
}

fn leader_tile(rect: Rect, replica: &ReplicaView, shapes: &mut Vec<Shape>) {
    let end = replica.log_end_offset.0;
    let waiting = end > replica.high_watermark.0;
    let reserve = if waiting { 8.0 } else { 0.0 };
    let fill = Rect::new(rect.x, rect.y, rect.w - reserve, rect.h);
    shapes.push(Shape::Rect { class: Look::Leader.done(), rect: fill });
    if waiting {
        // Not committed yet: an outline, as in the log itself.
        let rest = Rect::new(fill.right() + 1.75, rect.y + 0.75, reserve - 2.5, rect.h - 1.5);
        shapes.push(Shape::Rect { class: Look::Leader.open(), rect: rest });
    }
    let words = [format!("★ {end}"), end.to_string(), "★".to_owned()];
    if let Some(words) = TextStyle::RulerStrong.first_fitting(&words, fill.w - 4.0) {
        let y = rect.centre().y + 4.0;
        shapes.push(Shape::text(TextStyle::RulerStrong, "on-lead", rect.x + 3.0, y, words.clone()));
    }
}
