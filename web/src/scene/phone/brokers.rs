//! Brokers with their copy of the partition, the wires to and between them, and an election.

use super::{CELLS, LEFT, PITCH, Phone, RAIL, RAIL_R, STAR};
use crate::scene::geometry::{Point, Rect, hatch, number, polyline};
use crate::scene::group::Group;
use crate::scene::lost;
use crate::scene::mark::Mark;
use crate::scene::picture::{CellsHit, Scene};
use crate::scene::pins;
use crate::scene::role::Look;
use crate::scene::shape::Shape;
use crate::scene::strip::{RULER_DROP, Strip, StripFrame};
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use crate::scene::wide::{only_here, pins_on};
use crate::scene::window;
use highwater_engine::view::{BrokerView, ProcessView, ReplicaView};

impl Phone<'_> {
    fn frame(&self, place: usize) -> Rect {
        Rect::new(LEFT, self.broker_y(place), self.width - LEFT - 16.0, self.step - 13.0)
    }

    fn strip_frame(&self, place: usize) -> StripFrame {
        let right = self.width - 21.0;
        StripFrame { x: CELLS, base: self.base(place), right, left: CELLS - 4.0, pitch: PITCH, tall: 24.0, low: 16.0 }
    }

    pub(super) fn wires(&self, scene: &mut Scene) {
        let tp = self.partition.tp;
        let leader = self.place_of(self.partition.leader);
        let first = (!self.producers.is_empty()).then(|| self.producer_y(0));
        let last = self.groups.len().checked_sub(1).map(|last| self.group_y(last));
        let star_y = leader.map(|place| self.star(place).y);
        let (mut shapes, mut rail) = (Vec::new(), String::new());
        if let (Some(top), Some(bottom)) = (first.or(star_y), last.or(star_y)) {
            rail.push_str(&polyline(&[Point::new(RAIL, top), Point::new(RAIL, bottom)]));
        }
        if let Some(y) = star_y {
            let stub = [Point::new(RAIL, y + 0.5), Point::new(STAR - 11.0, y + 0.5)];
            let down = self
                .view()
                .brokers
                .iter()
                .any(|broker| broker.id == self.partition.leader && matches!(broker.process, ProcessView::Down(_)));
            if down {
                shapes.push(Shape::path("ghostline", polyline(&stub)));
                shapes.push(symbols::cross("cut", Point::new(RAIL + 10.0, y + 0.5), 4.0));
            } else {
                rail.push_str(&polyline(&stub));
            }
        }
        shapes.insert(0, Shape::path("rail", rail));
        let mut green = String::new();
        for (place, index) in self.brokers.iter().enumerate() {
            let Some(broker) = self.view().brokers.get(*index) else { continue };
            for (at, client) in self.producers.iter().enumerate() {
                let Some(client) = self.view().producers.get(*client) else { continue };
                let points = self.client_way(self.producer_y(at), place);
                scene.routes.for_partition(client.node, broker.node, tp, points);
            }
            for (at, group) in self.groups.iter().enumerate() {
                let Some(group) = self.view().groups.get(*group) else { continue };
                for member in &group.members {
                    let points = self.client_way(self.group_y(at), place);
                    scene.routes.plain(member.node, broker.node, points);
                }
            }
            for (to, other) in self.brokers.iter().enumerate() {
                let Some(other) = self.view().brokers.get(*other) else { continue };
                let towards = Some(to) == leader || (Some(place) != leader && to < place);
                if to != place && towards {
                    let points = vec![
                        Point::new(CELLS - 3.0, self.base(place) - 8.5),
                        Point::new(RAIL_R, self.base(place) - 8.5),
                        Point::new(RAIL_R, self.star(to).y + 0.5),
                        Point::new(STAR + 9.0, self.star(to).y + 0.5),
                    ];
                    let both_up = [broker, other].iter().all(|broker| !matches!(broker.process, ProcessView::Down(_)));
                    if Some(to) == leader && both_up {
                        green.push_str(&polyline(&points));
                    }
                    scene.routes.plain(broker.node, other.node, points);
                }
            }
        }
        shapes.push(Shape::path("rail-r", green));
        // The wires lie over the frames, which are drawn first.
        self.frames(scene);
        scene.groups.push(Group::plain("wires", shapes));
    }

    fn client_way(&self, y: f64, place: usize) -> Vec<Point> {
        let star = self.star(place);
        vec![
            Point::new(LEFT - 6.0, y),
            Point::new(RAIL, y),
            Point::new(RAIL, star.y + 0.5),
            Point::new(STAR - 11.0, star.y + 0.5),
        ]
    }

    fn frames(&self, scene: &mut Scene) {
        let mut shapes = Vec::new();
        for (place, index) in self.brokers.iter().enumerate() {
            let Some(broker) = self.view().brokers.get(*index) else { continue };
            let rect = self.frame(place);
            let inner = Rect::new(rect.x + 0.5, rect.y + 0.5, rect.w - 1.0, rect.h - 1.0);
            if matches!(broker.process, ProcessView::Down(_)) {
                shapes.push(Shape::path("hatch-line", hatch(Rect::new(rect.x, rect.bottom() - 5.0, rect.w, 5.0))));
                shapes.push(Shape::path("hatch-line", hatch(Rect::new(rect.x, rect.y + 26.0, rect.w, 5.0))));
                shapes.push(Shape::Rect { class: "frame-dead", rect: inner });
            } else {
                shapes.push(Shape::Rect { class: "frame", rect: inner });
            }
        }
        scene.groups.push(Group::plain("frames", shapes));
    }

    pub(super) fn brokers(&self, scene: &mut Scene) {
        // A little less than fits, so that the next offset has its figure.
        let capacity = ((self.width - CELLS - 40.0) / PITCH).floor().max(3.0) as usize;
        let marks: Vec<Mark> = self.input.marks.iter().filter(|mark| mark.tp == self.partition.tp).copied().collect();
        let windows = window::windows(self.partition, capacity);
        for (replica, window) in self.partition.replicas.iter().zip(windows) {
            let Some(place) = self.place_of(replica.broker) else { continue };
            let found = self.brokers.get(place).and_then(|index| self.view().brokers.get(*index));
            let Some(broker) = found else { continue };
            self.heading(place, broker, scene);
            let strip = Strip {
                replica,
                look: Look::of(replica, broker.process),
                frame: self.strip_frame(place),
                window,
                epoch: self.partition.leader_epoch,
                marks: &marks,
                colour_by: self.input.colour_by,
                files: self.shows_files(),
            };
            self.replica(place, replica, &strip, scene);
        }
    }

    fn heading(&self, place: usize, broker: &BrokerView, scene: &mut Scene) {
        let rect = self.frame(place);
        let head = Rect::new(rect.x, rect.y, rect.w, 26.0);
        let dead = matches!(broker.process, ProcessView::Down(_));
        let mut shapes = Vec::new();
        if dead {
            shapes.push(Shape::Rect { class: "dead-head", rect: head });
            shapes.push(symbols::cross("dead-x", Point::new(STAR, head.y + 13.0), 5.0));
        }
        let class = if dead { "inv" } else { "" };
        let name = self.labels.broker(broker.id);
        if broker.controls.is_some() && !dead {
            symbols::badge(&mut shapes, 76.0 + TextStyle::NameStrong.width(&name).ceil(), head.y + 4.0, "C");
        }
        shapes.push(Shape::text(TextStyle::NameStrong, class, 68.0, head.y + 18.0, name));
        let (class, words) = match broker.process {
            ProcessView::Running if broker.fenced => ("only-t", self.labels.left_out(self.view().keeper.is_some())),
            ProcessView::Running if !broker.coordinates.is_empty() => ("q2", self.labels.coordinator()),
            ProcessView::Running => ("", String::new()),
            process => (class, self.state_of(process)),
        };
        if !words.is_empty() {
            shapes.push(Shape::text_end(TextStyle::Word, class, head.right() - 10.0, head.y + 17.5, words));
        }
        let label = self.labels.say_broker(broker.id, self.state_of(broker.process));
        self.push(scene, Group::of(Target::Node(broker.node), label, head, shapes));
    }

    fn replica(&self, place: usize, replica: &ReplicaView, strip: &Strip<'_>, scene: &mut Scene) {
        let tp = self.partition.tp;
        let before = self.input.previous.and_then(|view| view.partitions.iter().find(|before| before.tp == tp));
        let mut shapes = Vec::new();
        if let Some(before) = before
            && let Some(was) = before.replicas.iter().find(|was| was.broker == replica.broker)
        {
            let old = if before.leader == replica.broker { Look::Leader } else { Look::Follower };
            strip.ghost(was, old, &mut shapes);
        }
        strip.draw(&mut shapes);
        if replica.broker == self.partition.leader && strip.look != Look::Offline {
            shapes.push(symbols::star("star", self.star(place), 10.0));
        } else if replica.broker == self.partition.leader || strip.look == Look::Leader {
            shapes.push(symbols::star("star-ghost", self.star(place), 9.0));
        }
        only_here(self.view(), self.partition, strip, &self.labels.only_here(), &mut shapes);
        if pins_on(self.partition) == Some(replica.broker) {
            pins::draw(self.view(), tp, strip, strip.frame.base + RULER_DROP + 3.5, &mut shapes);
        }
        let cells = strip.cells_box();
        scene.cells.push(CellsHit {
            rect: Rect::new(cells.x, cells.y - 4.0, cells.w, cells.h + RULER_DROP + 4.0),
            pitch: PITCH,
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
        let label = self.labels.say_replica(&self.partition.name, replica.broker, role, leo, hw);
        let frame = self.frame(place);
        let bounds = Rect::new(frame.x + 2.0, frame.y + 28.0, frame.w - 4.0, frame.h - 30.0);
        self.push(scene, Group::of(Target::Replica(replica.broker, tp), label, bounds, shapes));
        if pins_on(self.partition) == Some(replica.broker) {
            for torn in lost::torn(strip, &self.partition.name, self.input.directory, self.labels) {
                self.push(scene, torn);
            }
        }
    }

    /// Whether the files behind the logs are shown: when one of them is selected.
    fn shows_files(&self) -> bool {
        let here = self.partition.tp;
        matches!(self.input.selection, Some(Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _)) if tp == here)
    }

    pub(super) fn election(&self, scene: &mut Scene) {
        let previous = self.input.previous;
        let found = previous.and_then(|view| view.partitions.iter().find(|was| was.tp == self.partition.tp));
        let Some(before) = found.filter(|before| before.leader != self.partition.leader) else { return };
        let Some(old) = before.leader.some().and_then(|old| self.place_of(old)) else { return };
        let star = self.star(old);
        let stub = [Point::new(RAIL + 3.0, star.y + 0.5), Point::new(STAR - 11.0, star.y + 0.5)];
        let mut shapes = vec![
            Shape::path("ghostline", polyline(&stub)),
            symbols::cross("cut", Point::new(RAIL + 10.0, star.y + 0.5), 4.0),
            symbols::star("star-ghost", star, 9.0),
        ];
        if let Some(new) = self.place_of(self.partition.leader) {
            let to = self.star(new);
            let down = to.y > star.y;
            let sign = if down { 1.0 } else { -1.0 };
            let (from_y, to_y) = (star.y + sign * 13.0, to.y - sign * 13.0);
            let path = polyline(&[Point::new(STAR, from_y), Point::new(STAR, to_y - sign * 6.0)]);
            shapes.push(Shape::path("halo elect-halo", path.clone()));
            shapes.push(Shape::path("elect", path));
            let head = format!("M{} {}l5 {}h-10z", number(STAR), number(to_y), number(-sign * 9.0));
            shapes.push(Shape::path("elect-head", head));
            // In the gap under the upper one of the two.
            let y = self.frame(if down { old } else { old.saturating_sub(1) }).bottom() + 11.0;
            let words = self.labels.elected(before.leader_epoch, self.partition.leader_epoch);
            shapes.push(Shape::text(TextStyle::LabelStrong, "elect-t", 72.0, y, words));
        }
        scene.groups.push(Group::plain("election", shapes));
    }
}
