//! What a share group has done with the records of a log: a row of small cells under it, one for each record between SPSO
//! and SPEO.

use super::geometry::{Point, Rect, outline, polyline};
use super::pins::LANE;
use super::shape::Shape;
use super::strip::Strip;
use super::text::TextStyle;
use highwater_engine::share::ShareRecordState;
use highwater_engine::view::{GroupView, ShareCellView, SharePartitionView};

/// The classes of acquired cells, by member.
const HOLDERS: [&str; 4] = ["sh-acq", "sh-acq s1", "sh-acq s2", "sh-acq s3"];

/// Draws one share-partition in the lane that begins at `top`.
pub fn draw(group: &GroupView, share: &SharePartitionView, strip: &Strip<'_>, top: f64, shapes: &mut Vec<Shape>) {
    let (first, last) = (strip.window.start, strip.window.end);
    let (y, height, pitch) = (top + 1.0, LANE - 4.0, strip.frame.pitch);
    let (mut free, mut done, mut gone, mut crosses) = (String::new(), String::new(), String::new(), String::new());
    let mut held: [String; 4] = Default::default();
    let mut counts = Vec::new();
    for cell in share.cells.iter().filter(|cell| cell.offset.0 >= first && cell.offset.0 < last) {
        let rect = Rect::new(strip.x_of(cell.offset.0) + 1.5, y, (pitch - 3.0).max(1.0), height);
        match cell.state {
            ShareRecordState::Available => free.push_str(&outline(rect.grown(-0.5))),
            ShareRecordState::Acknowledged => done.push_str(&outline(rect)),
            ShareRecordState::Archived => {
                gone.push_str(&outline(rect.grown(-0.5)));
                let (from, to) = (Point::new(rect.x, rect.y), Point::new(rect.right(), rect.y + rect.h));
                crosses.push_str(&polyline(&[from, to]));
            }
            ShareRecordState::Acquired => held[holder(group, cell)].push_str(&outline(rect)),
        }
        let text = cell.delivery_count.to_string();
        if cell.delivery_count > 1 && TextStyle::Ruler.width(&text) <= rect.w {
            let class = if cell.state == ShareRecordState::Acquired { "sh-n inv" } else { "sh-n" };
            counts.push(Shape::text_middle(TextStyle::Ruler, class, rect.centre().x, rect.y + height - 1.5, text));
        }
    }
    let [h0, h1, h2, h3] = held;
    let kinds = [
        ("sh-free", free),
        ("sh-done", done),
        ("sh-gone", gone),
        (HOLDERS[0], h0),
        (HOLDERS[1], h1),
        (HOLDERS[2], h2),
        (HOLDERS[3], h3),
        ("sh-cross", crosses),
    ];
    shapes.extend(kinds.into_iter().filter(|(_, d)| !d.is_empty()).map(|(class, d)| Shape::path(class, d)));
    shapes.append(&mut counts);
    marks(share, strip, y, height, shapes);
}

/// SPSO and SPEO as brackets, with their names where there is room outside.
fn marks(share: &SharePartitionView, strip: &Strip<'_>, y: f64, height: f64, shapes: &mut Vec<Shape>) {
    const STYLE: TextStyle = TextStyle::Mark;
    let (left, right) = (strip.x_of(share.start.0), strip.x_of(share.end.0));
    let (top, foot) = (y - 1.0, y + height + 1.0);
    let corner = |x: f64, reach: f64| {
        polyline(&[Point::new(x + reach, top), Point::new(x, top), Point::new(x, foot), Point::new(x + reach, foot)])
    };
    shapes.push(Shape::path("sh-mark", format!("{}{}", corner(left, 3.0), corner(right, -3.0))));
    let start = format!("SPSO {}", share.start);
    let end = format!("SPEO {}", share.end);
    let base = y + height - 1.0;
    let mut free_from = right + 4.0;
    if left - 4.0 - STYLE.width(&start) >= strip.frame.left {
        shapes.push(Shape::text_end(STYLE, "", left - 4.0, base, start));
    } else if free_from + STYLE.width(&start) <= strip.frame.right {
        let wide = STYLE.width(&start);
        shapes.push(Shape::text(STYLE, "", free_from, base, start));
        free_from += wide + 8.0;
    }
    if share.end > share.start && free_from + STYLE.width(&end) <= strip.frame.right {
        shapes.push(Shape::text(STYLE, "", free_from, base, end));
    }
}

/// The number of a cell's holder among the group's members, as colours go.
pub fn holder(group: &GroupView, cell: &ShareCellView) -> usize {
    let index = group.members.iter().position(|member| Some(member.node) == cell.holder);
    index.unwrap_or(0) % HOLDERS.len()
}
