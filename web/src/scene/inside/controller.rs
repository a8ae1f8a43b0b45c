//! Inside the controllers: who leads the quorum, in which epoch, and how far each has the metadata log; below them the
//! brokers, which read it as observers.

use super::{Inside, Line};
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::strip::vertical;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::fact::QuorumRole;
use highwater_engine::ids::{LeaderEpoch, NodeId, Offset};
use highwater_engine::view::ProcessView;

const ROW: f64 = 46.0;
const NAME: f64 = 150.0;

/// A copy of the metadata log.
struct Held {
    node: NodeId,
    process: ProcessView,
    /// Its role in the quorum and its epoch; none for an observer.
    voter: Option<(QuorumRole, LeaderEpoch, Option<NodeId>)>,
    leads: bool,
    end: Offset,
    high_watermark: Option<Offset>,
}

impl Inside<'_> {
    pub(super) fn controller(&self, scene: &mut Scene) {
        let view = self.input.view;
        let mut copies: Vec<Held> = view
            .quorum
            .iter()
            .map(|voter| Held {
                node: voter.node,
                process: voter.process,
                voter: Some((voter.role, voter.epoch, voter.voted)),
                leads: voter.active,
                end: voter.log_end_offset,
                high_watermark: Some(voter.high_watermark),
            })
            .collect();
        if copies.is_empty() {
            // A quorum of one: what it has is committed.
            copies.extend(view.controller.iter().map(|controller| Held {
                node: controller.node,
                process: controller.process,
                voter: None,
                leads: controller.process.is_running(),
                end: controller.metadata_offset,
                high_watermark: Some(controller.metadata_offset),
            }));
        }
        let room = Rect::new(self.frame.x + 12.0, self.top(), self.frame.w - 24.0, self.frame.bottom() - self.top());
        let mut shapes = Vec::new();
        self.panel(room.x, room.y, room.w, &self.labels.inside_quorum(), &mut shapes);
        let voters = copies.len();
        copies.extend(view.brokers.iter().map(|broker| Held {
            node: broker.node,
            process: broker.process,
            voter: None,
            leads: false,
            end: broker.metadata_offset,
            high_watermark: None,
        }));
        // The latest changes side by side: what is older than that all of them have.
        let newest = copies.iter().map(|copy| copy.end.0).max().unwrap_or(0);
        let oldest = copies.iter().map(|copy| copy.end.0).filter(|end| *end > 0).min().unwrap_or(0);
        let from = (oldest - 4).max(newest - 40).max(0);
        let fits = ((room.h - 26.0) / ROW).floor().max(1.0) as usize;
        for (index, copy) in copies.iter().take(fits).enumerate() {
            let row = Rect::new(room.x, room.y + 26.0 + index as f64 * ROW, room.w, ROW);
            if index >= voters {
                self.peer(copy.node, self.frame.right(), (row.y + 22.0).floor() + 0.5, scene);
            }
            self.copy(copy, row, (from, newest), scene);
        }
        scene.groups.push(Group::plain("quorum", shapes));
    }

    fn copy(&self, copy: &Held, row: Rect, (from, newest): (i64, i64), scene: &mut Scene) {
        let mut shapes = Vec::new();
        let name = self.name(copy.node);
        let down = matches!(copy.process, ProcessView::Down(_));
        let role = match copy.voter {
            _ if down => self.labels.dead(),
            Some((QuorumRole::Leader, epoch, _)) => format!("{} · e{epoch}", self.labels.role_leader()),
            Some((role, epoch, voted)) => {
                let word = match role {
                    QuorumRole::Follower => self.labels.quorum_follower(),
                    QuorumRole::Unattached => self.labels.quorum_unattached(),
                    _ => self.labels.quorum_candidate(),
                };
                let voted = voted.filter(|voted| *voted != copy.node && role != QuorumRole::Follower);
                let voted = voted.map(|voted| format!(" → {}", self.name(voted))).unwrap_or_default();
                format!("{word} · e{epoch}{voted}")
            }
            None if copy.leads => self.labels.role_leader(),
            None => self.labels.quorum_observer(),
        };
        if copy.leads && !down {
            shapes.push(symbols::star("star", Point::new(row.x + 7.0, row.y + 18.0), 7.0));
        }
        let room = NAME - 26.0;
        let shown = TextStyle::LabelStrong.fitted(&name, room);
        shapes.push(Shape::text(TextStyle::LabelStrong, "", row.x + 18.0, row.y + 17.0, shown));
        let class = if down { "only-t" } else { "q2" };
        let words = TextStyle::Word.fitted(&role, room);
        shapes.push(Shape::text(TextStyle::Word, class, row.x + 18.0, row.y + 32.0, words));
        let log = Rect::new(row.x + NAME, row.y + 16.0, row.w - NAME - 70.0, 14.0);
        let step = log.w / (newest - from + 1).max(1) as f64;
        let x_of = |offset: i64| log.x + (offset.clamp(from, newest + 1) - from) as f64 * step;
        let (end, hw) = (copy.end.0, copy.high_watermark.map_or(copy.end.0, |hw| hw.0));
        shapes.push(Shape::path(
            "rule",
            polyline(&[Point::new(log.x, log.bottom() + 2.5), Point::new(log.right(), log.bottom() + 2.5)]),
        ));
        let role = if down {
            ("cell offline done", "cell offline open")
        } else if copy.leads {
            ("cell leader done", "cell leader open")
        } else {
            ("cell follower done", "cell follower open")
        };
        let committed = x_of(hw.min(end)) - log.x;
        if committed > 0.0 {
            shapes.push(Shape::Rect { class: role.0, rect: Rect::new(log.x, log.y, committed, log.h) });
        }
        if end > hw {
            let rect = Rect::new(x_of(hw) + 0.75, log.y + 0.75, (x_of(end) - x_of(hw) - 1.5).max(1.0), log.h - 1.5);
            shapes.push(Shape::Rect { class: role.1, rect });
        }
        let mut line = Line::new(log.y - 4.0, log.x, row.right());
        shapes.push(Shape::path("leo", vertical(x_of(end), log.y - 3.0, log.bottom() + 4.0)));
        line.round(&mut shapes, "r-leo", x_of(end), format!("LEO {end}"));
        if let Some(hw) = copy.high_watermark.filter(|hw| hw.0 < end) {
            shapes.push(Shape::path("hw", vertical(x_of(hw.0), log.y - 3.0, log.bottom() + 4.0)));
            line.round(&mut shapes, "hw-t", x_of(hw.0), format!("HW {hw}"));
        }
        let hw = copy.high_watermark.unwrap_or(copy.end);
        let label = self.labels.say_voter(name, words_of(&shapes), end, hw);
        let group = Group::of(Target::Node(copy.node), label, row, shapes);
        self.push(scene, group.keyed(format!("copy:{}", copy.node.0)));
    }
}

/// The role as it is written under the name.
fn words_of(shapes: &[Shape]) -> String {
    let mut texts = shapes.iter().filter_map(|shape| match shape {
        Shape::Text { style: TextStyle::Word, text, .. } => Some(text.clone()),
        _ => None,
    });
    texts.next().unwrap_or_default()
}
