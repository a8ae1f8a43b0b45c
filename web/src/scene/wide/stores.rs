//! Stores under the groups: databases with what was applied to them, ZooKeeper with the offsets it keeps.

use super::Stage;
use crate::i18n::labels::Labels;
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::ids::RecordId;
use highwater_engine::view::{ProcessView, StoreContent, StoreView, ZnodeView};

impl Stage<'_> {
    pub(super) fn stores(&self, scene: &mut Scene) {
        let view = self.input.view;
        let y = self.plan.rows_bottom() + self.plan.idle_height + 12.5;
        let mut right = self.plan.groups.last().map_or(self.plan.brokers_right(), |(x, width)| x + width);
        for store in view.stores.iter().rev() {
            let rect_width = self.store_width(store);
            let rect = Rect::new(right - rect_width + 0.5, y, rect_width - 1.0, 36.0);
            right -= rect_width + 12.0;
            let entry = Point::new((rect.x + 20.0).floor() + 0.5, rect.y);
            let lane = y - 6.0;
            let mut rails = String::new();
            for (group, (x, width)) in view.groups.iter().zip(&self.plan.groups) {
                let side = x + width + 4.5;
                for member in &group.members {
                    let owned = view
                        .partitions
                        .iter()
                        .position(|partition| member.positions.iter().any(|(tp, _)| *tp == partition.tp));
                    let from = self.plan.base_of(owned.unwrap_or(0)) - 24.5;
                    let points = vec![
                        Point::new(x + width, from),
                        Point::new(side, from),
                        Point::new(side, lane),
                        Point::new(entry.x, lane),
                        entry,
                    ];
                    rails.push_str(&polyline(&points));
                    scene.routes.plain(member.node, store.node, points);
                }
            }
            scene.groups.push(Group::plain(format!("db-wire:{}", store.node.0), vec![Shape::path("rail", rails)]));
            self.store(store, rect, scene);
        }
    }

    fn store_width(&self, store: &StoreView) -> f64 {
        let (name, words) = (&store.name, words(store, self.labels));
        let line: f64 = words.iter().map(|(_, word)| TextStyle::WordStrong.width(word) + 10.0).sum();
        (TextStyle::NameStrong.width(name).max(line) + 22.0).max(132.0).ceil()
    }

    fn store(&self, store: &StoreView, rect: Rect, scene: &mut Scene) {
        let (name, words) = (&store.name, words(store, self.labels));
        let down = matches!(store.process, ProcessView::Down(_));
        let mut shapes = vec![Shape::Rect { class: "box", rect }];
        if down {
            shapes.push(Shape::rect("dead-head", rect.x, rect.y, rect.w, 18.0));
        }
        let class = if down { "inv" } else { "" };
        shapes.push(Shape::text(TextStyle::NameStrong, class, rect.x + 9.5, rect.y + 14.0, name));
        let mut x = rect.x + 9.5;
        for (class, word) in words {
            let width = TextStyle::WordStrong.width(&word);
            shapes.push(Shape::text(TextStyle::Word, class, x, rect.y + 30.0, word));
            x += width + 10.0;
        }
        let label = sentence(store, self.state_of(store.process, false), self.labels);
        self.push(scene, Group::of(Target::Node(store.node), label, rect, shapes));
    }
}

/// More znodes than this are counted.
const ZNODES: usize = 3;

/// What a store keeps, piece by piece with its class.
pub fn words(store: &StoreView, labels: Labels) -> Vec<(&'static str, String)> {
    match &store.content {
        StoreContent::Effects { applied, deduplicated } => {
            let (count, twice) = totals(applied);
            let mut words = vec![("q2", labels.applied(count))];
            if twice > 0 {
                words.push(("only-t", labels.applied_twice(twice)));
            }
            if *deduplicated > 0 {
                words.push(("q2", labels.refused(*deduplicated)));
            }
            words
        }
        StoreContent::Znodes(znodes) if znodes.is_empty() || znodes.len() > ZNODES => {
            vec![("q2", labels.znodes(znodes.len()))]
        }
        StoreContent::Znodes(znodes) => {
            // The partition, as the end of its path says it.
            let place = |it: &ZnodeView| it.path.rsplit_once("/offsets/").map_or("", |(_, place)| place).to_owned();
            znodes.iter().map(|it| ("q2", format!("{} {}", place(it), it.data))).collect()
        }
    }
}

/// A store in one sentence, for those who do not see it.
pub fn sentence(store: &StoreView, state: String, labels: Labels) -> String {
    match &store.content {
        StoreContent::Effects { applied, .. } => {
            let (count, twice) = totals(applied);
            labels.say_database(&store.name, state, count, twice)
        }
        StoreContent::Znodes(znodes) => {
            let said: Vec<String> = znodes.iter().map(|it| format!("{} {}", it.path, it.data)).collect();
            labels.say_zookeeper(&store.name, state, said.join(", "))
        }
    }
}

/// Effects applied, and records whose effect was applied more than once.
fn totals(effects: &[(RecordId, u32)]) -> (u32, usize) {
    (effects.iter().map(|(_, times)| *times).sum(), effects.iter().filter(|(_, times)| *times > 1).count())
}
