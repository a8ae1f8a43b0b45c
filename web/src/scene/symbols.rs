//! The signs of the stage: star, cross, pennant, pins, chips, badges.

use super::geometry::{Point, Rect, number, push_number};
use super::shape::Shape;
use super::text::TextStyle;

/// Sine and cosine of the ten corners of a five-pointed star, from its top.
const CORNERS: [(f64, f64); 10] = [
    (0.0, -1.0),
    (0.5878, -0.8090),
    (0.9511, -0.3090),
    (0.9511, 0.3090),
    (0.5878, 0.8090),
    (0.0, 1.0),
    (-0.5878, 0.8090),
    (-0.9511, 0.3090),
    (-0.9511, -0.3090),
    (-0.5878, -0.8090),
];

/// The mark of the leader.
pub fn star(class: &'static str, centre: Point, radius: f64) -> Shape {
    let mut d = String::from("M");
    for (index, (x, y)) in CORNERS.iter().enumerate() {
        let r = if index % 2 == 0 { radius } else { radius * 0.4 };
        if index > 0 {
            d.push('L');
        }
        push_number(&mut d, centre.x + x * r);
        d.push(' ');
        push_number(&mut d, centre.y + y * r);
    }
    d.push('z');
    Shape::path(class, d)
}

/// Two strokes crossing: dead, or cut.
pub fn cross(class: &'static str, centre: Point, arm: f64) -> Shape {
    let (l, r) = (number(centre.x - arm), number(centre.x + arm));
    let (t, b) = (number(centre.y - arm), number(centre.y + arm));
    Shape::path(class, format!("M{l} {t}L{r} {b}M{r} {t}L{l} {b}"))
}

/// The flag of the high watermark, flying left or right from the top of its line.
pub fn pennant(class: &'static str, x: f64, y: f64, left: bool) -> Shape {
    let (x, y) = (number(x), number(y));
    let d = if left { format!("M{x} {y}h-9l3 3.5l-3 3.5h9z") } else { format!("M{x} {y}h9l-3 3.5l3 3.5h-9z") };
    Shape::path(class, d)
}

/// A group's place: solid for the position, an outline for the committed offset. `tip` is where it points.
pub fn pin(solid: bool, tip: Point) -> Shape {
    let (x, y) = (number(tip.x), number(tip.y));
    if solid {
        Shape::path("ptr", format!("M{x} {y}l3.75 5.5v5h-7.5v-5z"))
    } else {
        let y = number(tip.y + 1.0);
        Shape::path("ptr-o", format!("M{x} {y}l3.25 5v4h-6.5v-4z"))
    }
}

/// Position and committed offset in one place.
pub fn pin_nested(tip: Point) -> [Shape; 2] {
    let x = number(tip.x);
    let (outer, inner) = (number(tip.y), number(tip.y + 3.5));
    [
        Shape::path("ptr-o", format!("M{x} {outer}l6 8v5h-12v-5z")),
        Shape::path("ptr", format!("M{x} {inner}l3 4.5v2.5h-6v-2.5z")),
    ]
}

/// Half the width of [`pin_nested`], which is the widest pin.
pub const PIN_HALF: f64 = 6.0;

/// Delivered before: an arrow that turns back.
pub fn again(class: &'static str, centre: Point) -> Shape {
    let (x, y) = (number(centre.x - 3.0), number(centre.y));
    Shape::path(class, format!("M{x} {y}a3 3 0 1 0 1.5 -2.6m-2 -.7l2 .7l-.7 2"))
}

/// One of four small signs: disc, square, triangle, diamond.
pub fn tint(number: usize, at: Point) -> String {
    let (x, y) = (super::geometry::number(at.x), super::geometry::number(at.y));
    match number {
        0 => format!("M{} {y}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", super::geometry::number(at.x - 3.5)),
        1 => format!("M{} {}h6v6h-6z", super::geometry::number(at.x - 3.0), super::geometry::number(at.y - 3.0)),
        2 => format!("M{x} {}l4 7h-8z", super::geometry::number(at.y - 4.0)),
        _ => format!("M{x} {}l4 4l-4 4l-4 -4z", super::geometry::number(at.y - 4.0)),
    }
}

/// A letter in a frame.
pub fn badge(shapes: &mut Vec<Shape>, x: f64, y: f64, letters: &str) -> f64 {
    let width = TextStyle::MarkStrong.width(letters).ceil() + 8.0;
    shapes.push(Shape::rect("badge", x + 0.5, y + 0.5, width - 1.0, 16.0));
    shapes.push(Shape::text_middle(TextStyle::MarkStrong, "", x + width / 2.0, y + 12.5, letters));
    width
}

/// The class of a record waiting at a producer.
pub fn chip_class(producer_index: usize) -> &'static str {
    match producer_index % 4 {
        0 => "buf p1",
        1 => "buf p2",
        2 => "buf p3",
        _ => "buf p4",
    }
}

/// How wide a chip with these figures is.
pub fn chip_width(figures: &str) -> f64 {
    (TextStyle::RulerStrong.width(figures) + 4.0).ceil().max(11.0)
}

/// A numbered record waiting at a producer.
pub fn chip(shapes: &mut Vec<Shape>, class: &'static str, rect: Rect, figures: &str) {
    shapes.push(Shape::Rect { class, rect });
    let centre = rect.centre();
    shapes.push(Shape::text_middle(TextStyle::RulerStrong, "buf-t", centre.x, centre.y + 4.0, figures));
}

/// Numbered chips in a line, as many as fit, and a count of the rest.
pub fn chips(shapes: &mut Vec<Shape>, class: &'static str, at: Point, width: f64, height: f64, numbers: &[u32]) {
    const GAP: f64 = 2.0;
    let mut x = at.x;
    for (index, number) in numbers.iter().enumerate() {
        let figures = number.to_string();
        let wide = chip_width(&figures);
        let left = numbers.len() - index;
        let more = format!("+{left}");
        let reserve = if left > 1 { GAP + TextStyle::Ruler.width(&format!("+{}", left - 1)) } else { 0.0 };
        if x + wide + reserve > at.x + width {
            shapes.push(Shape::text(TextStyle::Ruler, "q2", x, at.y + height / 2.0 + 4.0, more));
            return;
        }
        chip(shapes, class, Rect::new(x + 0.5, at.y + 0.5, wide, height), &figures);
        x += wide + GAP;
    }
}
