//! Databases under the groups, with what was applied to them.

use super::Stage;
use crate::i18n::labels::Labels;
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::view::{DatabaseView, ProcessView};

impl Stage<'_> {
    pub(super) fn databases(&self, scene: &mut Scene) {
        let view = self.input.view;
        let y = self.plan.rows_bottom() + self.plan.idle_height + 12.5;
        let mut right = self.plan.groups.last().map_or(self.plan.brokers_right(), |(x, width)| x + width);
        for database in view.databases.iter().rev() {
            let rect_width = self.database_width(database);
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
                    scene.routes.plain(member.node, database.node, points);
                }
            }
            scene.groups.push(Group::plain(format!("db-wire:{}", database.node.0), vec![Shape::path("rail", rails)]));
            self.database(database, rect, scene);
        }
    }

    fn database_width(&self, database: &DatabaseView) -> f64 {
        let (name, words) = (&database.name, words(database, self.labels));
        let line: f64 = words.iter().map(|(_, word)| TextStyle::WordStrong.width(word) + 10.0).sum();
        (TextStyle::NameStrong.width(name).max(line) + 22.0).max(132.0).ceil()
    }

    fn database(&self, database: &DatabaseView, rect: Rect, scene: &mut Scene) {
        let (name, words) = (&database.name, words(database, self.labels));
        let down = matches!(database.process, ProcessView::Down(_));
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
        let (applied, twice) = totals(database);
        let label = self.labels.say_database(&database.name, self.state_of(database.process, false), applied, twice);
        self.push(scene, Group::of(Target::Node(database.node), label, rect, shapes));
    }
}

/// What was applied to a database, piece by piece with its class.
pub fn words(database: &DatabaseView, labels: Labels) -> Vec<(&'static str, String)> {
    let (applied, twice) = totals(database);
    let mut words = vec![("q2", labels.applied(applied))];
    if twice > 0 {
        words.push(("only-t", labels.applied_twice(twice)));
    }
    if database.deduplicated > 0 {
        words.push(("q2", labels.refused(database.deduplicated)));
    }
    words
}

/// Effects applied, and records whose effect was applied more than once.
pub fn totals(database: &DatabaseView) -> (u32, usize) {
    let applied = database.effects.iter().map(|(_, times)| *times).sum();
    let twice = database.effects.iter().filter(|(_, times)| *times > 1).count();
    (applied, twice)
}
