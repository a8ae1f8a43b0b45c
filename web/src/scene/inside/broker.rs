//! Inside a broker: its log directories with their segments, what of them is fsynced, its connections, and what is parked.

use super::{Inside, Line, bytes};
use crate::scene::geometry::{Point, Rect};
use crate::scene::group::Group;
use crate::scene::picture::Scene;
use crate::scene::shape::Shape;
use crate::scene::strip::vertical;
use crate::scene::symbols;
use crate::scene::target::Target;
use crate::scene::text::TextStyle;
use crate::scene::wide::seconds;
use highwater_engine::ids::{NodeId, Offset};
use highwater_engine::protocol::Channel;
use highwater_engine::view::{BrokerInside, ConnectionView, DirectoryView, ParkedKind, ParkedView, SegmentView};

/// A directory's row: labels, its files, their names.
const ROW: f64 = 50.0;
/// Room for a directory's name.
const NAME: f64 = 112.0;
/// A segment is not drawn narrower.
const SEGMENT: f64 = 34.0;
/// A connection's row, and a parked request's.
const CONNECTION: f64 = 22.0;
const PARKED: f64 = 32.0;

impl Inside<'_> {
    pub(super) fn broker(&self, broker: &BrokerInside, scene: &mut Scene) {
        let split = self.frame.x + (self.frame.w * 0.56).floor();
        let disk =
            Rect::new(self.frame.x + 12.0, self.top(), split - self.frame.x - 24.0, self.frame.bottom() - self.top());
        self.disk(broker, disk, scene);
        let net = Rect::new(split, disk.y, self.frame.right() - split - 12.0, disk.h);
        let below = self.connections(broker, net, scene);
        self.purgatory(broker, Rect::new(net.x, below, net.w, net.bottom() - below), scene);
    }

    fn disk(&self, broker: &BrokerInside, room: Rect, scene: &mut Scene) {
        let mut shapes = Vec::new();
        let words = if broker.disk.full { self.labels.inside_disk_full() } else { self.labels.inside_disk() };
        self.panel(room.x, room.y, room.w, &words, &mut shapes);
        let fits = ((room.h - 24.0 - 18.0) / ROW).floor().max(1.0) as usize;
        let shown = if broker.directories.len() > fits { fits } else { broker.directories.len() };
        let hidden = broker.directories.len() - shown;
        if hidden > 0 {
            let y = room.y + 24.0 + shown as f64 * ROW + 10.0;
            shapes.push(Shape::text(TextStyle::Word, "q2", room.x, y, self.labels.inside_more(hidden)));
        }
        scene.groups.push(Group::plain("disk", shapes));
        for (index, directory) in broker.directories.iter().take(shown).enumerate() {
            let row = Rect::new(room.x, room.y + 24.0 + index as f64 * ROW, room.w, ROW);
            self.directory(broker, directory, row, scene);
        }
    }

    fn directory(&self, broker: &BrokerInside, directory: &DirectoryView, row: Rect, scene: &mut Scene) {
        let mut shapes = Vec::new();
        let name = format!("{}/", self.tp(directory.tp));
        let files = Rect::new(row.x + NAME, row.y + 15.0, row.w - NAME - 8.0, 18.0);
        if directory.leads {
            shapes.push(symbols::star("star", Point::new(row.x + 7.0, files.centre().y), 7.0));
        }
        let at = row.x + 18.0;
        let text = TextStyle::LabelStrong.fitted(&name, NAME - 24.0);
        shapes.push(Shape::text(TextStyle::LabelStrong, "", at, files.centre().y + 4.5, text));
        // The newest segments that fit; older ones are there, to the left.
        let fits = (files.w / SEGMENT).floor().max(1.0) as usize;
        let from = directory.segments.len().saturating_sub(fits);
        let segments = directory.segments.get(from..).unwrap_or_default();
        if from > 0 {
            for dot in 0..3 {
                let at = Point::new(files.x - 4.0 - f64::from(dot) * 3.5, files.bottom() - 2.0);
                shapes.push(Shape::Circle { class: "more", at, r: 1.0 });
            }
        }
        let places = places(segments, files);
        let mut names = Line::new(files.bottom() + 11.0, files.x, row.right());
        for (index, (segment, place)) in segments.iter().zip(&places).enumerate().rev() {
            let active = index + 1 == segments.len();
            let kept = share(segment, directory.durable_to);
            let split = place.x + place.w * kept;
            if kept > 0.0 {
                let rect = Rect::new(place.x, place.y, place.w * kept, place.h);
                shapes.push(Shape::Rect { class: "on-disk", rect });
            }
            if kept < 1.0 && segment.end_offset > segment.base_offset {
                let rect = Rect::new(split, place.y, place.right() - split, place.h);
                shapes.push(Shape::Rect { class: "in-cache", rect });
            }
            let inner = Rect::new(place.x + 0.5, place.y + 0.5, place.w - 1.0, place.h - 1.0);
            shapes.push(Shape::Rect { class: if active { "file active" } else { "file" }, rect: inner });
            let (size, base) = (bytes(segment.size), segment.base_offset);
            let short = [format!("{:020}.log · {size}", base.0), format!("…{:03}.log", base.0), base.to_string()];
            let room = if active { row.right() - place.x } else { place.w };
            if let Some(file) = TextStyle::Ruler.first_fitting(&short, room) {
                let x = place.x + TextStyle::Ruler.width(file) / 2.0;
                names.round(&mut shapes, "r", x, file.clone());
            }
        }
        self.marks(directory, segments, &places, row, &mut shapes);
        let (leo, hw, durable) = (directory.log_end_offset, directory.high_watermark, directory.durable_to);
        let count = directory.segments.len();
        let label = self.labels.say_directory(name, count, leo, hw, durable);
        self.push(scene, Group::of(Target::Replica(broker.broker, directory.tp), label, row, shapes));
    }

    /// Fsync line, high watermark and log end over the files.
    fn marks(
        &self,
        directory: &DirectoryView,
        segments: &[SegmentView],
        places: &[Rect],
        row: Rect,
        shapes: &mut Vec<Shape>,
    ) {
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
        let x_of = |offset: Offset| {
            let found = segments.iter().zip(places).find(|(segment, _)| offset < segment.end_offset);
            let Some((segment, place)) = found else { return last.right() };
            place.x + place.w * share(segment, offset)
        };
        let (top, foot) = (first.y - 3.0, first.bottom() + 2.0);
        let mut line = Line::new(first.y - 5.0, first.x - 8.0, row.right());
        let (durable, hw, leo) = (directory.durable_to, directory.high_watermark, directory.log_end_offset);
        shapes.push(Shape::path("leo", vertical(x_of(leo), top, foot)));
        line.round(shapes, "r-leo", x_of(leo), format!("LEO {leo}"));
        if durable < leo {
            shapes.push(Shape::path("fsync", vertical(x_of(durable), top, foot)));
            line.round(shapes, "", x_of(durable), format!("fsync {durable}"));
        }
        if hw < leo {
            shapes.push(Shape::path("hw", vertical(x_of(hw), top, foot)));
            line.round(shapes, "hw-t", x_of(hw), format!("HW {hw}"));
        }
    }

    /// One row for each neighbour; returns where the rows end.
    fn connections(&self, broker: &BrokerInside, room: Rect, scene: &mut Scene) -> f64 {
        let mut shapes = Vec::new();
        self.panel(room.x, room.y, room.w, &self.labels.inside_connections(), &mut shapes);
        let view = self.input.view;
        let mut peers: Vec<NodeId> = view.controller.iter().map(|controller| controller.node).collect();
        peers.extend(view.brokers.iter().map(|other| other.node).filter(|node| *node != self.node));
        peers.extend(broker.connections.iter().map(|connection| connection.peer));
        peers.sort_unstable();
        peers.dedup();
        let most = (((room.h - 24.0) * 0.6 / CONNECTION).floor().max(2.0)) as usize;
        let shown = peers.len().min(most);
        let mut y = room.y + 24.0;
        for peer in peers.iter().take(shown) {
            let middle = y + CONNECTION / 2.0 + 0.5;
            self.peer(*peer, self.frame.right() - 6.0, middle.floor() + 0.5, scene);
            self.connection(*peer, broker, Rect::new(room.x, y, room.w, CONNECTION), &mut shapes);
            y += CONNECTION;
        }
        if peers.len() > shown {
            let words = self.labels.inside_more(peers.len() - shown);
            shapes.push(Shape::text(TextStyle::Word, "q2", room.x, y + 13.0, words));
            y += 18.0;
        }
        scene.groups.push(Group::plain("connections", shapes));
        y + 6.0
    }

    fn connection(&self, peer: NodeId, broker: &BrokerInside, row: Rect, shapes: &mut Vec<Shape>) {
        let own: Vec<&ConnectionView> = broker.connections.iter().filter(|known| known.peer == peer).collect();
        let base = row.y + 15.0;
        let busy = own.iter().any(|connection| connection.busy);
        let parked = broker.parked.iter().any(|parked| parked.peer == Some(peer));
        let backlog: usize = own.iter().map(|connection| connection.backlog).sum();
        let mut words: Vec<String> = Vec::new();
        for connection in &own {
            let word = self.channel(connection.channel);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let (class, state) = match (busy, parked) {
            (_, true) => ("", self.labels.inside_parked()),
            (true, false) => ("", self.labels.inside_served()),
            // This broker asks, nobody asks it.
            _ if own.is_empty() => return,
            _ => ("q2", self.labels.inside_idle()),
        };
        let dot = Point::new(row.right() - 5.0, row.y + 10.5);
        shapes.push(Shape::Circle { class: if busy { "conn busy" } else { "conn" }, at: dot, r: 3.5 });
        let mut right = row.right() - 14.0;
        shapes.push(Shape::text_end(TextStyle::Word, class, right, base, state.clone()));
        right -= TextStyle::Word.width(&state) + 8.0;
        if backlog > 0 {
            let text = self.labels.inside_backlog(backlog);
            let wide = TextStyle::WordStrong.width(&text);
            if right - wide >= row.x {
                shapes.push(Shape::text_end(TextStyle::WordStrong, "only-t", right, base, text));
                right -= wide + 8.0;
            }
        }
        let text = TextStyle::Word.fitted(&words.join(" · "), (right - row.x).max(0.0));
        if TextStyle::Word.width(&text) <= right - row.x && !words.is_empty() {
            shapes.push(Shape::text(TextStyle::Word, "q2", row.x, base, text));
        }
    }

    fn channel(&self, channel: Channel) -> String {
        match channel {
            Channel::Client | Channel::Producer => self.labels.channel_data(),
            Channel::Coordinator => self.labels.coordinator(),
            Channel::Replication => self.labels.channel_replication(),
            Channel::Verification | Channel::Markers => self.labels.channel_transactions(),
            _ => self.labels.channel_other(),
        }
    }

    fn purgatory(&self, broker: &BrokerInside, room: Rect, scene: &mut Scene) {
        let mut shapes = Vec::new();
        self.panel(room.x, room.y, room.w, &self.labels.inside_purgatory(), &mut shapes);
        let fits = ((room.h - 24.0 - 16.0) / PARKED).floor().max(0.0) as usize;
        let mut y = room.y + 24.0;
        if broker.parked.is_empty() && fits > 0 {
            shapes.push(Shape::text(TextStyle::Word, "q2", room.x, y + 12.0, self.labels.inside_nothing_parked()));
        }
        let all = broker.parked.len();
        let shown = all.min(fits);
        for parked in broker.parked.iter().take(shown) {
            self.parked(parked, Rect::new(room.x, y, room.w, PARKED), &mut shapes);
            y += PARKED;
        }
        if all > shown {
            shapes.push(Shape::text(TextStyle::Word, "q2", room.x, y + 11.0, self.labels.inside_more(all - shown)));
        }
        scene.groups.push(Group::plain("purgatory", shapes));
    }

    fn parked(&self, parked: &ParkedView, row: Rect, shapes: &mut Vec<Shape>) {
        let name = parked.peer.map(|peer| self.name(peer)).unwrap_or_default();
        let title = match parked.what {
            ParkedKind::Produce => format!("Produce · {name}"),
            ParkedKind::Coordinator if name.is_empty() => self.labels.coordinator(),
            ParkedKind::Coordinator => format!("{} · {name}", self.labels.coordinator()),
            ParkedKind::FollowerFetch | ParkedKind::ConsumerFetch => format!("Fetch · {name}"),
        };
        let left = parked
            .deadline
            .map(|deadline| seconds(deadline.since(self.input.view.now)))
            .map(|left| format!("≤ {left}"));
        let mut right = row.right();
        if let Some(left) = left {
            shapes.push(Shape::text_end(TextStyle::Label, "q2", right, row.y + 12.0, left.clone()));
            right -= TextStyle::Label.width(&left) + 8.0;
        }
        let title = TextStyle::WordStrong.fitted(&title, right - row.x);
        shapes.push(Shape::text(TextStyle::WordStrong, "", row.x, row.y + 12.0, title));
        let writes = matches!(parked.what, ParkedKind::Produce | ParkedKind::Coordinator);
        let needs: Vec<String> = parked
            .needs
            .iter()
            .take(4)
            .map(|(tp, offset)| format!("{} {} {offset}", self.tp(*tp), if writes { "HW ≥" } else { "→" }))
            .collect();
        let words = if writes { self.labels.inside_waits_hw() } else { self.labels.inside_waits_data() };
        let text = TextStyle::Word.fitted(&format!("{words} {}", needs.join(", ")), row.w);
        shapes.push(Shape::text(TextStyle::Word, "q2", row.x, row.y + 26.0, text));
    }
}

/// How far into a segment an offset is.
fn share(segment: &SegmentView, offset: Offset) -> f64 {
    let all = segment.end_offset.since(segment.base_offset).max(1) as f64;
    (offset.since(segment.base_offset) as f64 / all).clamp(0.0, 1.0)
}

/// A place for each segment, wider for more records.
fn places(segments: &[SegmentView], room: Rect) -> Vec<Rect> {
    let count = segments.len().max(1) as f64;
    let records = |segment: &SegmentView| segment.end_offset.since(segment.base_offset).max(1) as f64;
    let all: f64 = segments.iter().map(records).sum();
    // A short log does not fill the line.
    let wanted = (all * 16.0).max(SEGMENT).min(room.w - count * SEGMENT);
    let spare = wanted.max(0.0);
    let mut x = room.x;
    segments
        .iter()
        .map(|segment| {
            let width = (SEGMENT + spare * records(segment) / all.max(1.0)).min(room.right() - x).floor();
            let place = Rect::new(x, room.y, (width - 2.0).max(4.0), room.h);
            x += width;
            place
        })
        .collect()
}
