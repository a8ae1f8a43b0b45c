//! Points, rectangles, and numbers written short.

use std::fmt::Write;

/// A place on the stage, in stage units.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// A rectangle on the stage.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Point {
    /// A point.
    pub const fn new(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    /// How far away another point is.
    pub fn distance(self, other: Point) -> f64 {
        let (dx, dy) = (other.x - self.x, other.y - self.y);
        (dx * dx + dy * dy).sqrt()
    }
}

impl Rect {
    /// A rectangle by its corner and size.
    pub const fn new(x: f64, y: f64, w: f64, h: f64) -> Rect {
        Rect { x, y, w, h }
    }

    /// Right edge.
    pub fn right(self) -> f64 {
        self.x + self.w
    }

    /// Lower edge.
    pub fn bottom(self) -> f64 {
        self.y + self.h
    }

    /// The middle.
    pub fn centre(self) -> Point {
        Point::new(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Whether a point lies inside.
    pub fn contains(self, at: Point) -> bool {
        at.x >= self.x && at.x < self.right() && at.y >= self.y && at.y < self.bottom()
    }

    /// Whether two rectangles share more than an edge.
    pub fn overlaps(self, other: Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// The same rectangle, larger on all sides.
    pub fn grown(self, by: f64) -> Rect {
        Rect::new(self.x - by, self.y - by, self.w + 2.0 * by, self.h + 2.0 * by)
    }
}

/// A number as short as SVG allows, to a hundredth.
pub fn number(value: f64) -> String {
    let mut text = String::new();
    push_number(&mut text, value);
    text
}

/// Appends [`number`]. Whole numbers are all it prints: the page carries no code to print a float.
pub fn push_number(out: &mut String, value: f64) {
    let hundredths = (value * 100.0).round() as i64;
    if hundredths < 0 {
        out.push('-');
    }
    let (whole, part) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    let _ = match part {
        0 => write!(out, "{whole}"),
        _ if part % 10 == 0 => write!(out, "{whole}.{}", part / 10),
        _ => write!(out, "{whole}.{part:02}"),
    };
}

/// A share of a hundred, for styles.
pub fn percent(value: f64) -> String {
    let mut text = number(value);
    text.push('%');
    text
}

/// A path along points.
pub fn polyline(points: &[Point]) -> String {
    let mut d = String::new();
    for (index, point) in points.iter().enumerate() {
        d.push(if index == 0 { 'M' } else { 'L' });
        push_number(&mut d, point.x);
        d.push(' ');
        push_number(&mut d, point.y);
    }
    d
}

/// A path round a rectangle.
pub fn outline(rect: Rect) -> String {
    let mut d = String::from("M");
    push_number(&mut d, rect.x);
    d.push(' ');
    push_number(&mut d, rect.y);
    d.push('h');
    push_number(&mut d, rect.w);
    d.push('v');
    push_number(&mut d, rect.h);
    d.push('h');
    push_number(&mut d, -rect.w);
    d.push('z');
    d
}

/// Diagonal lines inside a rectangle, the mark of what is dead.
pub fn hatch(rect: Rect) -> String {
    const STEP: f64 = 8.5;
    let mut d = String::new();
    // Lines x + y = c, on one grid for the whole stage so that neighbouring pieces continue each other.
    let mut c = ((rect.x + rect.y) / STEP).ceil() * STEP;
    while c < rect.right() + rect.bottom() {
        let x0 = (c - rect.bottom()).max(rect.x);
        let x1 = (c - rect.y).min(rect.right());
        if x1 - x0 > 0.5 {
            d.push_str(&polyline(&[Point::new(x0, c - x0), Point::new(x1, c - x1)]));
        }
        c += STEP;
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(12.0), "12");
        assert_eq!(number(12.346), "12.35");
        assert_eq!(number(-0.001), "0");
        assert_eq!(number(-12.5), "-12.5");
        assert_eq!(number(0.07), "0.07");
    }

    #[test]
    fn hatching_stays_inside() {
        let rect = Rect::new(10.0, 20.0, 30.0, 12.0);
        let d = hatch(rect);
        assert!(!d.is_empty());
        for pair in d.split(['M', 'L']).filter(|part| !part.is_empty()) {
            let mut parts = pair.split(' ').map(|part| part.parse::<f64>().unwrap_or(f64::NAN));
            let (x, y) = (parts.next().unwrap_or(f64::NAN), parts.next().unwrap_or(f64::NAN));
            assert!((10.0..=40.0).contains(&x) && (19.99..=32.01).contains(&y), "{x} {y}");
        }
    }

    #[test]
    fn touching_rectangles_do_not_overlap() {
        let a = Rect::new(0.0, 0.0, 10.0, 10.0);
        assert!(!a.overlaps(Rect::new(10.0, 0.0, 5.0, 5.0)));
        assert!(a.overlaps(Rect::new(9.0, 9.0, 5.0, 5.0)));
    }
}
