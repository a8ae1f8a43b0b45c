//! A thing on the stage: its shapes, what it stands for and how it is said aloud.

use super::geometry::Rect;
use super::shape::Shape;
use super::target::Target;

/// A group of shapes that belong together and are redrawn together.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// The same from picture to picture.
    pub key: String,
    /// What it stands for, when it can be selected.
    pub target: Option<Target>,
    /// What it is, in a sentence; empty for decoration.
    pub label: String,
    /// Where it answers to pointer and focus.
    pub bounds: Option<Rect>,
    /// Whether it is selected.
    pub selected: bool,
    /// What to draw, first at the back.
    pub shapes: Vec<Shape>,
}

impl Group {
    /// Decoration, or something that is explained elsewhere.
    pub fn plain(key: impl Into<String>, shapes: Vec<Shape>) -> Group {
        Group { key: key.into(), target: None, label: String::new(), bounds: None, selected: false, shapes }
    }

    /// Something that can be selected; its key is its target's name.
    pub fn of(target: Target, label: String, bounds: Rect, shapes: Vec<Shape>) -> Group {
        Group { key: target.format(), target: Some(target), label, bounds: Some(bounds), selected: false, shapes }
    }

    /// The same with another key: one target may be drawn in several pieces.
    pub fn keyed(mut self, key: impl Into<String>) -> Group {
        self.key = key.into();
        self
    }

    /// The shapes as SVG.
    pub fn markup(&self) -> String {
        let mut out = String::new();
        for shape in &self.shapes {
            shape.write(&mut out);
        }
        if let Some(rect) = self.bounds {
            // The frame that answers hover, focus and selection.
            Shape::Rect { class: if self.selected { "hit sel" } else { "hit" }, rect }.write(&mut out);
        }
        out
    }
}
