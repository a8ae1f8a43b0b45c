//! Inside a consumer: the application in its loop of `poll`, its two clocks, positions and fetched records by partition.

use super::{Inside, bar};
use crate::scene::geometry::{Point, Rect};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use crate::scene::wide::seconds;
use highwater_engine::ids::NodeId;
use highwater_engine::view::{BufferView, ConsumerActivity, ConsumerInside, GroupView, MemberView};

const LANE: f64 = 46.0;

impl Inside<'_> {
    pub(super) fn consumer(&self, consumer: &ConsumerInside, scene: &mut Scene) {
        let Some(group) = self.input.view.groups.iter().find(|group| group.id == consumer.group) else { return };
        let member = group.members.iter().find(|member| member.node == self.node);
        let (left, top) = (self.frame.x + 12.0, self.top());
        let all = self.frame.w - 24.0;
        let application = (all * 0.36).floor();
        let height = self.frame.bottom() - top;
        self.poll_loop(consumer, group, member, Rect::new(left, top, application - 18.0, height), scene);
        let x = left + application;
        self.buffers(consumer, group, Rect::new(x, top, self.frame.right() - 12.0 - x, height), scene);
        let step = (height / self.input.view.brokers.len().max(1) as f64).clamp(24.0, 60.0);
        let fits = (height / step).floor().max(1.0) as usize;
        let coordinator = group.coordinator.and_then(|broker| self.node_of(broker));
        let mut shapes = Vec::new();
        for (index, broker) in self.input.view.brokers.iter().take(fits).enumerate() {
            let y = (top + 14.0 + index as f64 * step).floor() + 0.5;
            self.peer(broker.node, self.frame.right(), y, scene);
            let at = Point::new(self.frame.right() + super::WIRES + super::PEER, y);
            self.tags(broker.node, consumer, coordinator, at, &mut shapes);
        }
        scene.groups.push(Group::plain("asked", shapes));
    }

    /// What a broker is to this consumer: it has a fetch of it, it coordinates its group.
    fn tags(
        &self,
        broker: NodeId,
        consumer: &ConsumerInside,
        coordinator: Option<NodeId>,
        at: Point,
        shapes: &mut Vec<Shape>,
    ) {
        if consumer.fetches.contains(&broker) {
            shapes.push(Shape::Circle { class: "conn busy", at: Point::new(at.x - 8.0, at.y), r: 3.5 });
        }
        if coordinator == Some(broker) {
            let wide = TextStyle::MarkStrong.width("GC").ceil() + 8.0;
            symbols::badge(shapes, at.x - wide - 15.0, at.y - 8.0, "GC");
        }
    }

    fn poll_loop(
        &self,
        consumer: &ConsumerInside,
        group: &GroupView,
        member: Option<&MemberView>,
        room: Rect,
        scene: &mut Scene,
    ) {
        let mut shapes = Vec::new();
        self.panel(room.x, room.y, room.w, &self.labels.inside_application(), &mut shapes);
        let mut y = room.y + 34.0;
        let words = match member.map(|member| member.activity) {
            Some(ConsumerActivity::Processing(record)) => self.labels.processing(record.number()),
            Some(ConsumerActivity::Committing) => self.labels.committing(),
            Some(ConsumerActivity::Joining) => self.labels.joining(),
            Some(ConsumerActivity::Polling) | None => "poll()".to_owned(),
        };
        shapes.push(Shape::text(TextStyle::WordStrong, "", room.x, y, TextStyle::WordStrong.fitted(&words, room.w)));
        y += 18.0;
        let setting = format!("max.poll.records={}", consumer.max_poll_records);
        shapes.push(Shape::text(TextStyle::Mono, "q2", room.x, y, TextStyle::Mono.fitted(&setting, room.w)));
        y += 8.0;
        let held: Vec<u32> = consumer.in_hand.iter().filter_map(|held| Some(held.record?.number())).collect();
        symbols::chips(&mut shapes, "buf p1", Point::new(room.x, y), room.w, 15.0, &held);
        y += 40.0;
        if let Some(clocks) = member.and_then(|member| member.clocks) {
            let now = self.input.view.now;
            let polled = now.since(clocks.last_poll);
            self.clock(room, y, "max.poll.interval.ms", (polled.0, clocks.max_poll_interval.0), &mut shapes);
            y += 44.0;
            let timeout =
                group.registered.iter().find(|known| known.node == self.node).map(|known| known.session_timeout);
            if let (Some(heard), Some(timeout)) = (clocks.heartbeat_at, timeout) {
                self.clock(room, y, "session.timeout.ms", (now.since(heard).0, timeout.0), &mut shapes);
            }
        }
        scene.groups.push(Group::plain("application", shapes));
    }

    /// A clock that must not run out: how long since, of how long.
    fn clock(&self, room: Rect, y: f64, key: &str, (since, limit): (u64, u64), shapes: &mut Vec<Shape>) {
        shapes.push(Shape::text(TextStyle::Mono, "", room.x, y, TextStyle::Mono.fitted(key, room.w)));
        let part = since as f64 / limit.max(1) as f64;
        let class = if part > 0.7 { "gauge-late" } else { "gauge-full" };
        bar(shapes, class, Rect::new(room.x, y + 6.0, room.w, 7.0), part);
        let span = |micros: u64| seconds(highwater_engine::time::Duration(micros));
        let text = format!("{} / {}", span(since), span(limit));
        shapes.push(Shape::text(TextStyle::Label, "q2", room.x, y + 27.0, TextStyle::Label.fitted(&text, room.w)));
    }

    fn buffers(&self, consumer: &ConsumerInside, group: &GroupView, room: Rect, scene: &mut Scene) {
        let mut shapes = Vec::new();
        self.panel(room.x, room.y, room.w, &self.labels.inside_fetched(), &mut shapes);
        if consumer.partitions.is_empty() {
            let words = TextStyle::Word.fitted(&self.labels.inside_no_partitions(), room.w);
            shapes.push(Shape::text(TextStyle::Word, "q2", room.x, room.y + 36.0, words));
        }
        let fits = ((room.h - 28.0 - 18.0) / LANE).floor().max(1.0) as usize;
        let shown = consumer.partitions.len().min(fits);
        if consumer.partitions.len() > shown {
            let y = room.y + 26.0 + shown as f64 * LANE + 11.0;
            let words = self.labels.inside_more(consumer.partitions.len() - shown);
            shapes.push(Shape::text(TextStyle::Word, "q2", room.x, y, words));
        }
        scene.groups.push(Group::plain("fetched", shapes));
        for (index, buffer) in consumer.partitions.iter().take(shown).enumerate() {
            let row = Rect::new(room.x, room.y + 26.0 + index as f64 * LANE, room.w, LANE);
            self.buffer(buffer, group, row, scene);
        }
    }

    fn buffer(&self, buffer: &BufferView, group: &GroupView, row: Rect, scene: &mut Scene) {
        let mut shapes = Vec::new();
        let name = self.tp(buffer.tp);
        let shown = TextStyle::LabelStrong.fitted(&name, 96.0);
        shapes.push(Shape::text(TextStyle::LabelStrong, "", row.x, row.y + 15.0, shown));
        if buffer.paused {
            let words = TextStyle::WordStrong.fitted(&self.labels.paused(), 96.0);
            shapes.push(Shape::text(TextStyle::WordStrong, "only-t", row.x, row.y + 31.0, words));
        }
        let ground = Rect::new(row.x + 104.0, row.y + 2.0, row.w - 104.0, 20.0);
        shapes.push(Shape::Rect { class: "lane", rect: ground });
        let numbers: Vec<u32> = buffer.fetched.iter().filter_map(|held| Some(held.record?.number())).collect();
        symbols::chips(
            &mut shapes,
            "buf p1",
            Point::new(ground.x + 2.0, ground.y + 2.0),
            ground.w - 4.0,
            15.0,
            &numbers,
        );
        let offset = group.offsets.iter().find(|offset| offset.tp == buffer.tp);
        let committed = offset.and_then(|offset| offset.committed);
        let position = buffer.position.map_or_else(|| "–".to_owned(), |position| position.to_string());
        let committed = committed.map_or_else(|| "–".to_owned(), |committed| committed.to_string());
        let lag = offset.map_or(0, |offset| offset.lag);
        let wordings =
            [self.labels.inside_place(&position, &committed, lag), format!("{position} · {committed} · {lag}")];
        if let Some(text) = TextStyle::Word.first_fitting(&wordings, ground.w) {
            shapes.push(Shape::text(TextStyle::Word, "q2", ground.x, row.y + 36.0, text.clone()));
        }
        let label = self.labels.say_group_offset(&name, &position, &committed, lag);
        self.push(scene, Group::of(Target::Partition(buffer.tp), label, row, shapes));
    }
}
