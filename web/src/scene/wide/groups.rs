//! Consumer groups at the right: a member's box is as tall as the rows it owns.

use super::Stage;
use crate::scene::geometry::{Point, Rect, polyline};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::pins::{self, Place};
use crate::scene::shape::Shape;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use highwater_engine::event::GroupState;
use highwater_engine::ids::{Offset, TopicPartition};
use highwater_engine::view::{ConsumerActivity, GroupView, MemberView, ProcessView};

/// Height of a consumer without partitions.
const IDLE: f64 = 19.0;

impl Stage<'_> {
    pub(super) fn groups(&self, scene: &mut Scene) {
        for (index, group) in self.input.view.groups.iter().enumerate() {
            let Some((x, width)) = self.plan.groups.get(index).copied() else { continue };
            self.group_heading(group, x, width, scene);
            let mut idle: Vec<&MemberView> =
                group.members.iter().filter(|member| self.rows_owned(member).is_empty()).collect();
            if group.share {
                idle.clear();
                self.sharer_boxes(group, x, width, scene);
            } else {
                for member in &group.members {
                    self.member_boxes(member, x, width, scene);
                }
            }
            self.idle_members(&mut idle, group, x, width, scene);
            self.figures(group, index, x, width, scene);
        }
    }

    fn state_word(&self, group: &GroupView) -> String {
        match group.state {
            GroupState::Empty => self.labels.group_empty(),
            GroupState::PreparingRebalance
            | GroupState::CompletingRebalance
            | GroupState::Assigning
            | GroupState::Reconciling => self.labels.group_rebalancing(),
            GroupState::Stable => self.labels.group_stable(),
        }
    }

    fn group_heading(&self, group: &GroupView, x: f64, width: f64, scene: &mut Scene) {
        let top = self.plan.top;
        let name = TextStyle::NameStrong.fitted(&group.name, width);
        let mut shapes = vec![
            Shape::text(TextStyle::Word, "q2", x, top + 22.0, self.labels.group()),
            Shape::text(TextStyle::NameStrong, "", x, top + 38.0, name),
        ];
        let state = self.state_word(group);
        if group.state != GroupState::Stable {
            let empty = group.state == GroupState::Empty;
            let (style, class) = if empty { (TextStyle::Word, "q2") } else { (TextStyle::WordStrong, "") };
            shapes.push(Shape::text(style, class, x, top + 53.0, style.fitted(&state, width)));
        }
        let offset = |offset: Option<Offset>| offset.map_or_else(|| self.labels.none(), |offset| offset.to_string());
        let mut label = self.labels.say_group(&group.name, state, group.generation);
        for partition in &self.input.view.partitions {
            if let Some(place) = pins::place(group, partition.tp) {
                let (position, committed) = (offset(place.position), offset(place.committed));
                label.push_str("; ");
                label.push_str(&self.labels.say_group_offset(&partition.name, position, committed, place.lag));
            }
        }
        let bounds = Rect::new(x - 3.0, top + 8.0, width + 4.0, 49.0);
        self.push(scene, Group::of(Target::Group(group.id), label, bounds, shapes));
    }

    fn rows_owned(&self, member: &MemberView) -> Vec<usize> {
        let owned = |tp: TopicPartition| member.positions.iter().any(|(own, _)| *own == tp);
        let partitions = self.input.view.partitions.iter().enumerate();
        partitions.filter(|(_, partition)| owned(partition.tp)).map(|(row, _)| row).collect()
    }

    fn member_label(&self, member: &MemberView) -> String {
        let names: Vec<String> = member.positions.iter().map(|(tp, _)| self.input.directory.tp_name(*tp)).collect();
        let reads = if names.is_empty() { self.labels.none() } else { names.join(", ") };
        let mut state = self.state_of(member.process, false);
        let doing = match member.activity {
            ConsumerActivity::Processing(record) => self.labels.processing(record.number()),
            ConsumerActivity::Committing => self.labels.committing(),
            ConsumerActivity::Joining | ConsumerActivity::Polling => String::new(),
        };
        if member.process.is_running() && !doing.is_empty() {
            state = doing;
        }
        self.labels.say_member(&member.name, state, reads)
    }

    fn member_boxes(&self, member: &MemberView, x: f64, width: f64, scene: &mut Scene) {
        let rows = self.rows_owned(member);
        let mut from = 0;
        while let Some(first) = rows.get(from).copied() {
            let mut to = from;
            while rows.get(to + 1) == Some(&(rows.get(to).copied().unwrap_or(first) + 1)) {
                to += 1;
            }
            let last = rows.get(to).copied().unwrap_or(first);
            let (top, bottom) = (self.plan.row(first) + 4.5, self.plan.row(last + 1) - 8.5);
            let rect = Rect::new(x + 0.5, top, width - 1.0, bottom - top);
            let mut shapes = vec![Shape::Rect { class: "box", rect }];
            let mut rule = String::new();
            for row in first + 1..=last {
                let y = self.plan.row(row) - 0.5;
                rule.push_str(&polyline(&[Point::new(rect.x + 1.0, y), Point::new(rect.right() - 1.0, y)]));
            }
            if !rule.is_empty() {
                shapes.push(Shape::path("rule", rule));
            }
            // With several groups the row's wire runs on through the box: the name stands under it.
            let under = if self.plan.groups.len() > 1 { self.plan.rail(first) + 2.0 - top } else { 0.0 };
            let named = Rect::new(rect.x, rect.y + under, rect.w, rect.h - under);
            self.client_name(&member.name, member.process, named, &mut shapes);
            if from == 0 && member.process.is_running() {
                self.activity(member, named, under == 0.0, &mut shapes);
            }
            let key = format!("node:{}:{first}", member.node.0);
            let group = Group::of(Target::Node(member.node), self.member_label(member), rect, shapes);
            self.push(scene, if from == 0 { group } else { group.keyed(key) });
            from = to + 1;
        }
    }

    /// The members of a share group share its rows: boxes of one size, in as few columns as there is height for.
    fn sharer_boxes(&self, group: &GroupView, x: f64, width: f64, scene: &mut Scene) {
        let rows: Vec<usize> = (0..self.input.view.partitions.len())
            .filter(|row| pins::place(group, self.input.view.partitions[*row].tp).is_some())
            .collect();
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
        let top = self.plan.row(*first) + 4.5;
        let bottom = if first == last { self.plan.base_of(*first) - 8.0 } else { self.plan.base_of(*last) - 20.0 };
        let count = group.members.len().max(1);
        let (tall, gap) = (IDLE, 3.0);
        let fit = (((bottom - top + gap) / (tall + gap)).floor() as usize).max(1);
        let columns = count.div_ceil(fit);
        let wide = ((width - gap * (columns as f64 - 1.0)) / columns as f64).max(22.0);
        for (index, member) in group.members.iter().enumerate() {
            let (column, row) = (index / fit, index % fit);
            let left = x + column as f64 * (wide + gap);
            if left + wide > x + width + 1.0 {
                return;
            }
            let y = top + row as f64 * (tall + gap);
            let rect = Rect::new(left + 0.5, y.floor() + 0.5, wide - 1.0, tall - 1.0);
            let dead = matches!(member.process, ProcessView::Down(_));
            let mut shapes = vec![Shape::Rect { class: if dead { "dead-head" } else { "box" }, rect }];
            let name = TextStyle::NameStrong.fitted(&member.name, wide - 12.0);
            let class = if dead { "inv" } else { "" };
            if !dead {
                // Its colour among the cells it has acquired.
                let swatch = ["sh-acq", "sh-acq s1", "sh-acq s2", "sh-acq s3"][index % 4];
                shapes.push(Shape::rect(swatch, rect.x, rect.y, 4.0, rect.h));
            }
            shapes.push(Shape::text(TextStyle::NameStrong, class, rect.x + 8.0, rect.centre().y + 4.5, name));
            if member.process.is_running() {
                let chip_box = Rect::new(rect.x, rect.y - 4.5, rect.w, rect.h);
                self.activity(member, chip_box, false, &mut shapes);
            }
            self.push(scene, Group::of(Target::Node(member.node), self.member_label(member), rect, shapes));
        }
    }

    /// What a member does: the record it works on, or words; beside its name, or under it where there is a line free.
    fn activity(&self, member: &MemberView, rect: Rect, has_line: bool, shapes: &mut Vec<Shape>) {
        let (words, record) = match member.activity {
            ConsumerActivity::Polling => return,
            ConsumerActivity::Processing(record) => (String::new(), Some(record)),
            ConsumerActivity::Committing => (self.labels.committing(), None),
            ConsumerActivity::Joining => (self.labels.joining(), None),
        };
        let room = rect.w - 14.0;
        let Some(record) = record else {
            let words = TextStyle::Word.first_fitting(std::slice::from_ref(&words), room).filter(|_| has_line);
            if let Some(words) = words {
                shapes.push(Shape::text(TextStyle::Word, "q2", rect.x + 9.5, rect.y + 34.0, words.clone()));
            } else if member.activity == ConsumerActivity::Committing {
                shapes.push(symbols::pin(false, Point::new(rect.right() - 10.0, rect.y + 8.0)));
            }
            return;
        };
        let figures = record.number().to_string();
        let wide = symbols::chip_width(&figures);
        let name = TextStyle::NameStrong.width(&member.name);
        if name + wide + 6.0 > room {
            return;
        }
        let producers = &self.input.view.producers;
        let producer = producers.iter().position(|producer| producer.node == record.producer()).unwrap_or(3);
        let chip = Rect::new((rect.right() - wide - 6.0).floor() + 0.5, rect.y + 6.0, wide, 15.0);
        symbols::chip(shapes, symbols::chip_class(producer), chip, &figures);
    }

    /// Consumers that own nothing: in rows nobody owns, else under the rows.
    fn idle_members(&self, idle: &mut Vec<&MemberView>, group: &GroupView, x: f64, width: f64, scene: &mut Scene) {
        let owned = |row: usize| group.members.iter().any(|member| self.rows_owned(member).contains(&row));
        let mine = |row: usize| {
            let partition = self.input.view.partitions.get(row);
            partition.is_some_and(|partition| pins::place(group, partition.tp).is_some())
        };
        let free = (0..self.plan.rows).find(|row| mine(*row) && !owned(*row));
        let (mut y, bottom) = match free {
            Some(row) => (self.plan.rail(row) + 8.0, self.plan.base_of(row) + 6.0),
            None => (self.plan.rows_bottom() + 2.0, self.plan.rows_bottom() + 2.0 + IDLE),
        };
        let mut left = x;
        for member in idle.drain(..) {
            let wide = (TextStyle::NameStrong.width(&member.name) + 13.0).min(width);
            if left + wide > x + width {
                left = x;
                y += IDLE + 2.0;
            }
            if y + IDLE > bottom + 0.5 {
                return;
            }
            let rect = Rect::new(left + 0.5, y.floor() + 0.5, wide - 1.0, IDLE - 1.0);
            let dead = matches!(member.process, ProcessView::Down(_));
            let name = TextStyle::NameStrong.fitted(&member.name, wide - 8.0);
            let mut shapes = vec![Shape::Rect { class: if dead { "dead-head" } else { "box" }, rect }];
            let at = rect.centre();
            shapes.push(Shape::text_middle(
                TextStyle::NameStrong,
                if dead { "inv" } else { "" },
                at.x,
                at.y + 4.5,
                name,
            ));
            self.push(scene, Group::of(Target::Node(member.node), self.member_label(member), rect, shapes));
            left += wide + 4.0;
        }
    }

    fn figures(&self, group: &GroupView, index: usize, x: f64, width: f64, scene: &mut Scene) {
        let mut shapes = Vec::new();
        let several = self.plan.groups.len() > 1;
        for (row, partition) in self.input.view.partitions.iter().enumerate() {
            let Some(place) = pins::place(group, partition.tp) else { continue };
            self.row_figures(row, &place, x, width, &mut shapes);
            if several {
                // The wire goes on to the groups behind: drawn over the box, with a knot where this group hangs on.
                let y = self.plan.rail(row);
                let mut further = self.plan.groups.iter().zip(&self.input.view.groups).skip(index + 1);
                if further.any(|(_, group)| pins::place(group, partition.tp).is_some()) {
                    let to = x + width + 10.0;
                    shapes.push(Shape::path("rail", polyline(&[Point::new(x, y), Point::new(to, y)])));
                }
                shapes.push(Shape::Circle { class: "knot", at: Point::new(x + 0.5, y), r: 2.0 });
            }
        }
        scene.groups.push(Group::plain(format!("offsets:{}", group.id.0), shapes));
    }

    fn row_figures(&self, row: usize, place: &Place<'_>, x: f64, width: f64, shapes: &mut Vec<Shape>) {
        const STEP: f64 = 16.0;
        let mut y = self.plan.base_of(row) - 6.0;
        let pin_x = x + 14.0;
        let room = width - 28.0;
        if let Some(position) = place.position {
            shapes.push(symbols::pin(true, Point::new(pin_x, y - 9.5)));
            let text = TextStyle::LabelStrong.fitted(&position.to_string(), room);
            shapes.push(Shape::text(TextStyle::LabelStrong, "", pin_x + 12.0, y, text));
        }
        y += STEP;
        if let Some(committed) = place.committed {
            shapes.push(symbols::pin(false, Point::new(pin_x, y - 9.5)));
            let text = TextStyle::Label.fitted(&committed.to_string(), room);
            shapes.push(Shape::text(TextStyle::Label, "", pin_x + 12.0, y, text));
        }
        y += STEP;
        let lag = TextStyle::Word.fitted(&self.labels.lag(place.lag), width - 12.0);
        shapes.push(Shape::text(TextStyle::Word, "q2", x + 10.0, y, lag));
    }
}
