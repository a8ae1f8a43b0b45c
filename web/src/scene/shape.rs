//! What a scene is made of.

use super::geometry::{Point, Rect, push_number};
use super::text::TextStyle;

/// Which end of a text its place names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// One shape. Its class is a role, never a look: a theme changes no geometry.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// A rectangle.
    Rect {
        /// Role.
        class: &'static str,
        /// Where.
        rect: Rect,
    },
    /// A path, in SVG's words.
    Path {
        /// Role.
        class: &'static str,
        /// `d`.
        d: String,
    },
    /// A circle.
    Circle {
        /// Role.
        class: &'static str,
        /// Its middle.
        at: Point,
        /// Its radius.
        r: f64,
    },
    /// Words.
    Text {
        /// Role.
        class: &'static str,
        /// Size and weight.
        style: TextStyle,
        /// The end named by `anchor`, on the base line.
        at: Point,
        /// Which end.
        anchor: Anchor,
        /// The words.
        text: String,
    },
}

impl Shape {
    /// A rectangle.
    pub fn rect(class: &'static str, x: f64, y: f64, w: f64, h: f64) -> Shape {
        Shape::Rect { class, rect: Rect::new(x, y, w, h) }
    }

    /// A path.
    pub fn path(class: &'static str, d: impl Into<String>) -> Shape {
        Shape::Path { class, d: d.into() }
    }

    /// A text beginning at a place.
    pub fn text(style: TextStyle, class: &'static str, x: f64, y: f64, text: impl Into<String>) -> Shape {
        Shape::Text { class, style, at: Point::new(x, y), anchor: Anchor::Start, text: text.into() }
    }

    /// A text ending at a place.
    pub fn text_end(style: TextStyle, class: &'static str, x: f64, y: f64, text: impl Into<String>) -> Shape {
        Shape::Text { class, style, at: Point::new(x, y), anchor: Anchor::End, text: text.into() }
    }

    /// A text round a place.
    pub fn text_middle(style: TextStyle, class: &'static str, x: f64, y: f64, text: impl Into<String>) -> Shape {
        Shape::Text { class, style, at: Point::new(x, y), anchor: Anchor::Middle, text: text.into() }
    }

    /// The room a text takes at most, from the top of a capital to just under the base line; none for other shapes.
    pub fn text_box(&self) -> Option<Rect> {
        let Shape::Text { style, at, anchor, text, .. } = self else { return None };
        let width = style.width(text);
        let x = match anchor {
            Anchor::Start => at.x,
            Anchor::Middle => at.x - width / 2.0,
            Anchor::End => at.x - width,
        };
        let size = style.size();
        Some(Rect::new(x, at.y - size * 0.76, width, size * 0.9))
    }

    /// The shape as SVG.
    pub fn write(&self, out: &mut String) {
        match self {
            Shape::Rect { class, rect } => {
                open(out, "rect", class);
                attribute(out, "x", rect.x);
                attribute(out, "y", rect.y);
                attribute(out, "width", rect.w);
                attribute(out, "height", rect.h);
                out.push_str("/>");
            }
            Shape::Path { class, d } => {
                open(out, "path", class);
                out.push_str(" d=\"");
                out.push_str(d);
                out.push_str("\"/>");
            }
            Shape::Circle { class, at, r } => {
                open(out, "circle", class);
                attribute(out, "cx", at.x);
                attribute(out, "cy", at.y);
                attribute(out, "r", *r);
                out.push_str("/>");
            }
            Shape::Text { class, style, at, anchor, text } => {
                out.push_str("<text class=\"");
                out.push_str(style.class());
                if !class.is_empty() {
                    out.push(' ');
                    out.push_str(class);
                }
                out.push('"');
                attribute(out, "x", at.x);
                attribute(out, "y", at.y);
                match anchor {
                    Anchor::Start => {}
                    Anchor::Middle => out.push_str(" text-anchor=\"middle\""),
                    Anchor::End => out.push_str(" text-anchor=\"end\""),
                }
                out.push('>');
                escape(out, text);
                out.push_str("</text>");
            }
        }
    }
}

fn open(out: &mut String, element: &str, class: &str) {
    out.push('<');
    out.push_str(element);
    out.push_str(" class=\"");
    out.push_str(class);
    out.push('"');
}

fn attribute(out: &mut String, name: &str, value: f64) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    push_number(out, value);
    out.push('"');
}

/// Names come from scenarios, which anybody may have written.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_become_markup() {
        let mut out = String::new();
        Shape::text(TextStyle::Name, "", 0.0, 0.0, "<script>&\"").write(&mut out);
        assert_eq!(out, r#"<text class="t-b" x="0" y="0">&lt;script&gt;&amp;&quot;</text>"#);
    }
}
