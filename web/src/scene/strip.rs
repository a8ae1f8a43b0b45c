//! One replica's log: cells, high watermark, log end, epochs and ruler.

use super::colouring::ColourBy;
use super::geometry::{Point, Rect, outline, polyline};
use super::mark::{Mark, MarkKind};
use super::role::Look;
use super::shape::Shape;
use super::standing::Standings;
use super::symbols;
use super::text::TextStyle;
use super::window::Window;
use highwater_engine::ids::{LeaderEpoch, RecordId};
use highwater_engine::view::{CellView, ReplicaView};

/// Where a replica's log is drawn. All verticals are measured from the base line of the cells.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StripFrame {
    /// Left end of the first cell.
    pub x: f64,
    /// Base line of the cells.
    pub base: f64,
    /// Labels and lines must end left of this.
    pub right: f64,
    /// Labels must begin right of this.
    pub left: f64,
    /// From record to record.
    pub pitch: f64,
    /// Height of a leader's cells.
    pub tall: f64,
    /// Height of a follower's cells.
    pub low: f64,
}

/// A replica and where to draw it.
pub struct Strip<'a> {
    /// The replica.
    pub replica: &'a ReplicaView,
    /// What it looks like.
    pub look: Look,
    /// Where.
    pub frame: StripFrame,
    /// Which offsets.
    pub window: Window,
    /// The partition's present epoch.
    pub epoch: LeaderEpoch,
    /// Lost and doubled records of the partition.
    pub marks: &'a [Mark],
    /// What colours tell.
    pub colour_by: ColourBy,
    /// Whether its files are shown: where segments begin, and how far the log is fsynced.
    pub files: bool,
}

/// From the top of a leader's cells up to the base line of HW and LEO.
const LABEL_RISE: f64 = 5.0;
/// From the top of a leader's cells up to the top of the lines.
const LINE_RISE: f64 = 12.0;
/// From the base line down to the ruler's base line.
pub const RULER_DROP: f64 = 18.0;

impl Strip<'_> {
    /// Where an offset begins, kept inside the window.
    pub fn x_of(&self, offset: i64) -> f64 {
        let from = offset.clamp(self.window.start, self.window.end) - self.window.start;
        self.frame.x + from as f64 * self.frame.pitch
    }

    /// Height of this replica's cells.
    pub fn height(&self) -> f64 {
        if self.look == Look::Leader { self.frame.tall } else { self.frame.low }
    }

    /// Where the cells are, for pointing at records.
    pub fn cells_box(&self) -> Rect {
        let height = self.height();
        let width = (self.window.end - self.window.start) as f64 * self.frame.pitch;
        Rect::new(self.frame.x, self.frame.base - height, width, height)
    }

    /// Everything but stars and pins.
    pub fn draw(&self, shapes: &mut Vec<Shape>) {
        self.cells(shapes);
        self.epochs(shapes);
        if self.files {
            self.disk(shapes);
        }
        self.ruler(shapes);
        self.lines(shapes);
    }

    /// A bracket over each segment; dots under what is only in the page cache, from the fsync line on.
    fn disk(&self, shapes: &mut Vec<Shape>) {
        let (base, top) = (self.frame.base, self.frame.base - self.height() - 3.0);
        let mut brackets = String::new();
        let segments = &self.replica.segments;
        for (index, from) in segments.iter().enumerate() {
            let to = segments.get(index + 1).map_or(self.window.end, |next| next.0);
            if to <= self.window.start || from.0 >= self.window.end {
                continue;
            }
            let (x0, x1) = (self.x_of(from.0) + 1.5, self.x_of(to) - 1.5);
            // What begins or ends outside the picture has no corner there.
            let mut points = vec![Point::new(x0, top), Point::new(x1, top)];
            if from.0 >= self.window.start {
                points.insert(0, Point::new(x0, top + 3.0));
            }
            if index + 1 < segments.len() {
                points.push(Point::new(x1, top + 3.0));
            }
            brackets.push_str(&polyline(&points));
        }
        if !brackets.is_empty() {
            shapes.push(Shape::path("segment", brackets));
        }
        let durable = self.replica.durable_to.0;
        let (from, to, y) = (self.x_of(durable), self.x_of(self.window.end), base + 7.0);
        if durable < self.window.end {
            shapes.push(Shape::path("cached", polyline(&[Point::new(from + 1.0, y), Point::new(to, y)])));
        }
        shapes.push(Shape::path("fsync", vertical(from, base - self.height() - 1.0, base + 9.0)));
    }

    fn marked(&self, record: Option<RecordId>) -> Option<MarkKind> {
        let record = record?;
        self.marks.iter().find(|mark| mark.record == record).map(|mark| mark.kind)
    }

    fn cells(&self, shapes: &mut Vec<Shape>) {
        let (height, gap) = (self.height(), 1.0);
        let width = self.frame.pitch - 2.0 * gap;
        let top = self.frame.base - height;
        let hw = self.replica.high_watermark.0;
        let mut standings = Standings::default();
        let (mut done, mut open, mut lost, mut twice) = (String::new(), String::new(), String::new(), String::new());
        for cell in self.replica.cells.iter().filter(|cell| cell.offset.0 >= self.window.start) {
            let x = self.x_of(cell.offset.0) + gap;
            let full = Rect::new(x, top, width, height);
            standings.add(cell.standing, full);
            if Standings::is_marker(cell.standing) {
                continue;
            }
            match self.marked(cell.record) {
                Some(MarkKind::Lost) => lost.push_str(&outline(full)),
                mark => {
                    if cell.offset.0 < hw {
                        done.push_str(&outline(full));
                    } else {
                        open.push_str(&outline(full.grown(-0.75)));
                    }
                    if mark == Some(MarkKind::Duplicate) {
                        twice.push_str(&outline(full.grown(-1.0)));
                    }
                }
            }
        }
        let kinds = [(self.look.done(), done), (self.look.open(), open), ("cell lost", lost), ("cell twice", twice)];
        shapes.extend(kinds.into_iter().filter(|(_, d)| !d.is_empty()).map(|(class, d)| Shape::path(class, d)));
        self.tints(shapes);
        standings.draw(shapes);
        if self.window.cut {
            // Older records are there, to the left.
            for dot in 0..3 {
                let at = Point::new(self.frame.x - 4.0 - f64::from(dot) * 3.5, self.frame.base - 2.0);
                shapes.push(Shape::Circle { class: "more", at, r: 1.0 });
            }
        }
    }

    /// A sign in each record: by its key, or by the epoch it was written in. Form and colour say the same.
    fn tints(&self, shapes: &mut Vec<Shape>) {
        let number = |cell: &CellView| match self.colour_by {
            ColourBy::Producer => None,
            ColourBy::Key => cell.key.map(|key| key as usize),
            ColourBy::Epoch => Some(cell.leader_epoch.0.unsigned_abs() as usize),
        };
        let (half, y) = (self.frame.pitch / 2.0, self.frame.base - self.height() / 2.0);
        let mut paths: [String; 4] = Default::default();
        for cell in self.replica.cells.iter().filter(|cell| cell.offset.0 >= self.window.start) {
            if let Some(number) = number(cell).filter(|_| !Standings::is_marker(cell.standing)) {
                let at = Point::new(self.x_of(cell.offset.0) + half, y);
                paths[number % 4].push_str(&symbols::tint(number % 4, at));
            }
        }
        let classes = ["tint p1", "tint p2", "tint p3", "tint p4"];
        let drawn = classes.into_iter().zip(paths).filter(|(_, d)| !d.is_empty());
        shapes.extend(drawn.map(|(class, d)| Shape::path(class, d)));
    }

    fn epochs(&self, shapes: &mut Vec<Shape>) {
        let y = self.frame.base + 3.0;
        let epochs = &self.replica.epochs;
        let mut last = None;
        for (index, (epoch, from)) in epochs.iter().enumerate() {
            let to = epochs.get(index + 1).map_or(self.window.end, |(_, next)| next.0);
            let current = *epoch == self.epoch;
            let class = match (current, (epochs.len() - index) % 2) {
                (true, _) => "ep cur",
                (false, 0) => "ep old2",
                (false, _) => "ep old",
            };
            last = Some((*epoch, current));
            if from.0 >= self.window.end && index + 1 == epochs.len() && self.look == Look::Leader {
                // A term that has begun and holds no record yet.
                let x = self.x_of(self.window.end) + 1.0;
                shapes.push(Shape::rect(class, x, y, self.frame.pitch - 2.0, 2.0));
            } else if to > self.window.start && from.0 < to.min(self.window.end) {
                let (x0, x1) = (self.x_of(from.0) + 1.0, self.x_of(to) - 1.0);
                shapes.push(Shape::rect(class, x0, y, x1 - x0, 2.0));
            }
        }
        let Some((epoch, current)) = last else { return };
        let begun = epochs.last().is_some_and(|(_, from)| from.0 >= self.window.end) && self.look == Look::Leader;
        let x = self.x_of(self.window.end) + if begun { self.frame.pitch + 4.0 } else { 4.0 };
        let text = format!("e{epoch}");
        if x + TextStyle::Ruler.width(&text) <= self.frame.right {
            let class = if current { "ep-t cur" } else { "ep-t" };
            shapes.push(Shape::text(TextStyle::Ruler, class, x, y + 5.0, text));
        }
    }

    fn ruler(&self, shapes: &mut Vec<Shape>) {
        let y = self.frame.base + RULER_DROP;
        let half = self.frame.pitch / 2.0;
        let next = self.replica.log_end_offset.0.to_string();
        let wide = TextStyle::RulerStrong.width(&next);
        let next_x = (self.x_of(self.window.end) + half).min(self.frame.right - wide / 2.0);
        let widest = TextStyle::Ruler.width(&(self.window.end - 1).max(0).to_string());
        let every = ((widest + 3.0) / self.frame.pitch).ceil().max(1.0) as i64;
        for offset in self.window.start..self.window.end {
            let x = self.x_of(offset) + half;
            let clear = x + widest / 2.0 + 2.0 <= next_x - wide / 2.0;
            if (offset - self.window.start) % every == 0 && clear {
                shapes.push(Shape::text_middle(TextStyle::Ruler, "r", x, y, offset.to_string()));
            }
        }
        shapes.push(Shape::text_middle(TextStyle::RulerStrong, "r-leo", next_x, y, next));
    }

    /// HW and LEO. The flag flies left, the label of LEO stands right; each goes to the other side where there is no
    /// room, and keeps silent where there is none at all: the ruler's bold figure still says LEO.
    fn lines(&self, shapes: &mut Vec<Shape>) {
        const STYLE: TextStyle = TextStyle::Mark;
        let [hw_class, leo_class, flag_class, hw_text, leo_text] = self.look.lines();
        let (hw, leo) = (self.replica.high_watermark.0.min(self.window.end), self.window.end);
        let (hw_x, leo_x) = (self.x_of(hw), self.x_of(leo));
        let (top, foot) = (self.frame.base - self.frame.tall - LINE_RISE, self.frame.base + 6.0);
        let y = self.frame.base - self.frame.tall - LABEL_RISE;
        let hw_label = format!("HW {}", self.replica.high_watermark);
        let leo_label = format!("LEO {}", self.replica.log_end_offset);
        let (hw_w, leo_w) = (STYLE.width(&hw_label), STYLE.width(&leo_label));

        let flies_left = hw_x - 12.0 - hw_w >= self.frame.left;
        let hw_end = hw_x + 12.0 + hw_w;
        let flies_right = !flies_left && hw_end + 4.0 <= self.frame.right;
        // Where LEO may begin on its right side, and whether it fits between HW and its own line.
        let leo_right = if flies_right { (leo_x + 4.0).max(hw_end + 6.0) } else { leo_x + 4.0 };
        let between = if flies_left { hw_x } else { hw_end } + 4.0;
        let stands_left = leo_x - 4.0 - leo_w >= between && hw < leo;
        let stands_right = leo_right + leo_w <= self.frame.right;

        if leo_w + 8.0 <= leo_x - hw_x && stands_left {
            shapes.push(Shape::text_end(STYLE, leo_text, leo_x - 4.0, y, leo_label));
        } else if stands_right {
            shapes.push(Shape::text(STYLE, leo_text, leo_right, y, leo_label));
        } else if hw == leo && flies_left && hw_x - 12.0 - hw_w - 8.0 - leo_w >= self.frame.left {
            shapes.push(Shape::text_end(STYLE, leo_text, hw_x - 12.0 - hw_w - 8.0, y, leo_label));
        }
        // A line that would cross a label begins under it.
        let leo_top = if flies_right && hw < leo && leo_x < hw_end + 2.0 { y + 4.0 } else { top };
        shapes.push(Shape::path(leo_class, vertical(leo_x, leo_top, foot)));
        if hw < leo {
            shapes.push(Shape::path(hw_class, vertical(hw_x, top, foot)));
        }
        if flies_left {
            shapes.push(symbols::pennant(flag_class, hw_x, top - 1.0, true));
            shapes.push(Shape::text_end(STYLE, hw_text, hw_x - 12.0, y, hw_label));
        } else {
            shapes.push(symbols::pennant(flag_class, hw_x, top - 1.0, false));
            if flies_right {
                shapes.push(Shape::text(STYLE, hw_text, hw_x + 12.0, y, hw_label));
            }
        }
        self.last_stable(if flies_left { hw_x - 12.0 - hw_w - 8.0 } else { hw_x - 4.0 }, shapes);
    }

    /// The last stable offset, where it stands behind the high watermark: an open transaction holds it. Its label must
    /// end left of `end`, or keeps silent.
    fn last_stable(&self, end: f64, shapes: &mut Vec<Shape>) {
        let lso = self.replica.last_stable_offset;
        if lso >= self.replica.high_watermark || self.look == Look::Offline {
            return;
        }
        let x = self.x_of(lso.0);
        let y = self.frame.base - self.frame.tall - LABEL_RISE;
        // Under the labels: it may stand anywhere left of HW.
        shapes.push(Shape::path("lso", vertical(x, y + 3.0, self.frame.base + 6.0)));
        let label = format!("LSO {lso}");
        let wide = TextStyle::Mark.width(&label);
        if x + 4.0 + wide <= end {
            shapes.push(Shape::text(TextStyle::Mark, "lso-t", x + 4.0, y, label));
        } else if (x - 4.0).min(end) - wide >= self.frame.left {
            shapes.push(Shape::text_end(TextStyle::Mark, "lso-t", (x - 4.0).min(end), y, label));
        }
    }

    /// The replica as it was one beat ago, in dots: taller, longer, or with its high watermark elsewhere.
    pub fn ghost(&self, before: &ReplicaView, was: Look, shapes: &mut Vec<Shape>) {
        let (start, end) = (self.window.start, before.log_end_offset.0.min(self.window.end));
        if was == Look::Leader && self.look != Look::Leader && end > start {
            let width = (end - start) as f64 * self.frame.pitch - 1.0;
            let rect =
                Rect::new(self.frame.x + 0.5, self.frame.base - self.frame.tall - 0.5, width, self.frame.tall + 1.0);
            shapes.push(Shape::Rect { class: "ghost", rect });
        }
        if before.log_end_offset.0 > self.window.end {
            let cut = (before.log_end_offset.0 - self.window.end) as f64 * self.frame.pitch;
            let x = self.x_of(self.window.end);
            let width = cut.min(self.frame.right - x) - 2.0;
            if width > 4.0 {
                let rect = Rect::new(x + 1.5, self.frame.base - self.frame.low - 0.5, width, self.frame.low);
                shapes.push(Shape::Rect { class: "ghost", rect });
            }
        }
        let hw = before.high_watermark.0;
        if self.look == Look::Leader && hw < self.replica.high_watermark.0 && hw > start {
            let x = self.x_of(hw);
            shapes.push(Shape::path(
                "ghostline",
                vertical(x, self.frame.base - self.height() - 2.0, self.frame.base + 6.0),
            ));
        }
    }
}

/// A vertical line.
pub fn vertical(x: f64, from: f64, to: f64) -> String {
    polyline(&[Point::new(x, from), Point::new(x, to)])
}
