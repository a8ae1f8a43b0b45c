//! Inside a producer: the application's thread, the accumulator with its batches, the sender with what is in flight.

use super::{Inside, bar, bytes};
use crate::scene::geometry::Rect;
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::ids::BrokerId;
use highwater_engine::protocol::ErrorCode;
use highwater_engine::view::{BatchView, PartitionView, ProducerInside, ProducerView, SenderInside};

const LANE: f64 = 36.0;
const SLOT: f64 = 30.0;
/// A batch in the accumulator.
const BATCH: f64 = 62.0;

impl Inside<'_> {
    pub(super) fn producer(&self, sender: SenderInside, scene: &mut Scene) {
        let Some(producer) = self.input.view.producers.iter().find(|producer| producer.node == self.node) else {
            return;
        };
        let written = |partition: &&PartitionView| Some(partition.tp.topic) == producer.topic;
        let partitions: Vec<&PartitionView> = self.input.view.partitions.iter().filter(written).collect();
        let (left, top) = (self.frame.x + 12.0, self.top());
        let all = self.frame.w - 24.0;
        let (application, accumulator) = ((all * 0.22).floor(), (all * 0.42).floor());
        let height = self.frame.bottom() - top;
        self.application(producer, Rect::new(left, top, application - 14.0, height), scene);
        let batches = producer.inside.as_deref().map_or(&[][..], |inside| &inside.batches);
        let x = left + application;
        self.accumulator(
            producer.inside.as_deref(),
            &partitions,
            sender,
            Rect::new(x, top, accumulator - 14.0, height),
            scene,
        );
        let x = x + accumulator;
        self.sender(batches, &partitions, sender, Rect::new(x, top, self.frame.right() - 12.0 - x, height), scene);
    }

    fn application(&self, producer: &ProducerView, room: Rect, scene: &mut Scene) {
        let mut shapes = Vec::new();
        self.panel(room.x, room.y, room.w, &self.labels.inside_application(), &mut shapes);
        let mut y = room.y + 36.0;
        let mut line = |class: &'static str, style: TextStyle, text: String| {
            shapes.push(Shape::text(style, class, room.x, y, style.fitted(&text, room.w)));
            y += 17.0;
        };
        let sent = producer.last_record.map_or(0, |record| record.number());
        line("", TextStyle::Mono, "send()".to_owned());
        line("q2", TextStyle::Word, self.labels.inside_sent(sent));
        line("q2", TextStyle::Word, self.labels.inside_unanswered(producer.waiting.len()));
        let Some(inside) = producer.inside.as_deref() else {
            scene.groups.push(Group::plain("application", shapes));
            return;
        };
        if let Some(record) = inside.blocked {
            line("only-t", TextStyle::WordStrong, self.labels.inside_blocked(record.number()));
        }
        if let Some((id, epoch)) = inside.producer_id {
            line("q2", TextStyle::Mono, format!("PID {id} e{epoch}"));
        }
        if let Some((_, state, _)) = inside.transaction {
            line("q2", TextStyle::Mono, format!("{state:?}"));
        }
        y += 10.0;
        let used = (inside.buffer_memory - inside.free_memory).max(0);
        shapes.push(Shape::text(TextStyle::Mono, "", room.x, y, TextStyle::Mono.fitted("buffer.memory", room.w)));
        let part = used as f64 / inside.buffer_memory.max(1) as f64;
        bar(&mut shapes, "gauge-full", Rect::new(room.x, y + 6.0, room.w, 9.0), part);
        let text = format!("{} / {}", bytes(used as u64), bytes(inside.buffer_memory.max(0) as u64));
        shapes.push(Shape::text(TextStyle::Label, "q2", room.x, y + 30.0, TextStyle::Label.fitted(&text, room.w)));
        scene.groups.push(Group::plain("application", shapes));
    }

    fn accumulator(
        &self,
        inside: Option<&ProducerInside>,
        partitions: &[&PartitionView],
        sender: SenderInside,
        room: Rect,
        scene: &mut Scene,
    ) {
        let mut shapes = Vec::new();
        self.panel(room.x, room.y, room.w, &self.labels.inside_accumulator(), &mut shapes);
        let size = inside.map_or(0, |inside| inside.batch_size.max(0));
        let settings = format!("batch.size={size} linger.ms={}", sender.linger.as_millis());
        let settings = TextStyle::Mono.fitted(&settings, room.w);
        shapes.push(Shape::text(TextStyle::Mono, "q2", room.x, room.y + 32.0, settings));
        scene.groups.push(Group::plain("accumulator", shapes));
        let fits = ((room.h - 44.0 - 18.0) / LANE).floor().max(1.0) as usize;
        let shown = partitions.len().min(fits);
        for (index, partition) in partitions.iter().take(shown).enumerate() {
            let row = Rect::new(room.x, room.y + 42.0 + index as f64 * LANE, room.w, LANE);
            let batches = inside.map_or(&[][..], |inside| &inside.batches);
            let waiting: Vec<&BatchView> =
                batches.iter().filter(|batch| batch.tp == partition.tp && !batch.in_flight).collect();
            self.lane(partition, &waiting, size, row, scene);
        }
        if partitions.len() > shown {
            let y = room.y + 42.0 + shown as f64 * LANE + 12.0;
            let words = self.labels.inside_more(partitions.len() - shown);
            scene.groups.push(Group::plain("more", vec![Shape::text(TextStyle::Word, "q2", room.x, y, words)]));
        }
    }

    /// The batches of one partition that wait, oldest right: where they leave.
    fn lane(&self, partition: &PartitionView, waiting: &[&BatchView], size: i32, row: Rect, scene: &mut Scene) {
        let mut shapes = Vec::new();
        let name = TextStyle::LabelStrong.fitted(&partition.name, 78.0);
        shapes.push(Shape::text(TextStyle::LabelStrong, "", row.x, row.y + 14.0, name));
        let ground = Rect::new(row.x + 84.0, row.y + 2.0, row.w - 84.0, 18.0);
        shapes.push(Shape::Rect { class: "lane", rect: ground });
        let fits = (ground.w / BATCH).floor().max(1.0) as usize;
        let now = self.input.view.now;
        for (index, batch) in waiting.iter().take(fits).enumerate() {
            let right = ground.right() - index as f64 * BATCH;
            let rect = Rect::new(right - BATCH + 3.0, ground.y + 1.5, BATCH - 5.0, 15.0);
            bar(&mut shapes, "gauge-full", rect, f64::from(batch.bytes) / f64::from(size.max(1)));
            let count = format!("×{}", batch.records);
            shapes.push(Shape::text_middle(TextStyle::RulerStrong, "buf-t", rect.centre().x, rect.y + 11.5, count));
            let wordings = if batch.last_error != ErrorCode::None {
                let left = batch.due.since(now).as_millis();
                vec![format!("{} {left} ms", batch.last_error.name()), format!("↺{} {left} ms", batch.attempts)]
            } else if batch.due > now {
                vec![format!("{} ms", batch.due.since(now).as_millis())]
            } else {
                vec![self.labels.inside_ready()]
            };
            let class = if batch.last_error != ErrorCode::None { "only-t" } else { "r" };
            if let Some(text) = TextStyle::Ruler.first_fitting(&wordings, BATCH - 4.0) {
                shapes.push(Shape::text_end(TextStyle::Ruler, class, rect.right(), rect.bottom() + 11.0, text.clone()));
            }
        }
        let label = self.labels.say_lane(&partition.name, waiting.len());
        self.push(scene, Group::of(Target::Partition(partition.tp), label, row, shapes));
    }

    fn sender(
        &self,
        batches: &[BatchView],
        partitions: &[&PartitionView],
        sender: SenderInside,
        room: Rect,
        scene: &mut Scene,
    ) {
        let mut shapes = Vec::new();
        self.panel(room.x, room.y, room.w, &self.labels.inside_sender(), &mut shapes);
        let setting = TextStyle::Mono.fitted(&format!("max.in.flight={}", sender.max_in_flight), room.w);
        shapes.push(Shape::text(TextStyle::Mono, "q2", room.x, room.y + 32.0, setting));
        let brokers = &self.input.view.brokers;
        let step = ((room.h - 60.0) / brokers.len().max(1) as f64).min(48.0);
        let fits = ((room.h - 60.0) / 30.0).floor().max(1.0) as usize;
        let step = step.max(30.0);
        for (index, broker) in brokers.iter().take(fits).enumerate() {
            let y = (room.y + 44.0 + index as f64 * step).floor();
            let middle = y + 12.5;
            self.peer(broker.node, room.right() + 6.0, middle, scene);
            let leads = |batch: &&BatchView| leader_of(partitions, batch) == Some(broker.id) && batch.in_flight;
            let flying: Vec<&BatchView> = batches.iter().filter(leads).collect();
            let slots = (sender.max_in_flight.max(1) as usize).min((room.w / SLOT).floor().max(1.0) as usize);
            for slot in 0..slots {
                let rect = Rect::new(room.right() - (slot as f64 + 1.0) * SLOT + 4.0, y + 3.0, SLOT - 6.0, 19.0);
                match flying.get(slot) {
                    Some(batch) => {
                        shapes.push(Shape::Rect { class: "flying", rect });
                        let text =
                            batch.sequence.map_or_else(|| format!("×{}", batch.records), |first| first.to_string());
                        if TextStyle::RulerStrong.width(&text) <= rect.w {
                            let x = rect.centre().x;
                            shapes.push(Shape::text_middle(TextStyle::RulerStrong, "flying-t", x, y + 16.5, text));
                        }
                    }
                    None => shapes.push(Shape::Rect { class: "slot", rect }),
                }
            }
            if flying.len() > slots {
                let more = format!("+{}", flying.len() - slots);
                let x = room.right() - slots as f64 * SLOT - 2.0;
                if x - TextStyle::Ruler.width(&more) >= room.x {
                    shapes.push(Shape::text_end(TextStyle::Ruler, "q2", x, y + 16.5, more));
                }
            }
        }
        scene.groups.push(Group::plain("sender", shapes));
    }
}

/// Who leads the partition of a batch.
fn leader_of(partitions: &[&PartitionView], batch: &BatchView) -> Option<BrokerId> {
    partitions.iter().find(|partition| partition.tp == batch.tp)?.leader.some()
}
