//! What transactions make of records: open ones have a corner, aborted ones are struck through, markers are signs.

use super::geometry::{Rect, number, outline, push_number};
use super::shape::Shape;
use highwater_engine::view::CellStanding;

/// The signs over one row of cells, gathered kind by kind.
#[derive(Default)]
pub struct Standings {
    corners: String,
    veils: String,
    strikes: String,
    markers: String,
    signs: String,
}

impl Standings {
    /// Whether a cell is a marker: a sign of its own, and no record.
    pub fn is_marker(standing: CellStanding) -> bool {
        matches!(standing, CellStanding::Commit | CellStanding::Abort)
    }

    /// Adds the sign of one cell.
    pub fn add(&mut self, standing: CellStanding, cell: Rect) {
        let (x, y) = (cell.centre().x, cell.centre().y);
        match standing {
            CellStanding::Settled => {}
            CellStanding::Open => {
                let size = (cell.w / 2.0).min(cell.h / 2.0).round();
                line(&mut self.corners, &[cell.x, cell.y]);
                self.corners.push_str(&format!("h{}l-{} {}z", number(size), number(size), number(size)));
            }
            CellStanding::Aborted => {
                self.veils.push_str(&outline(cell));
                line(&mut self.strikes, &[cell.x - 1.0, y]);
                self.strikes.push_str(&format!("h{}", number(cell.w + 2.0)));
            }
            CellStanding::Commit => {
                self.markers.push_str(&outline(cell.grown(-0.75)));
                line(&mut self.signs, &[x - 3.5, y]);
                self.signs.push_str("l2.5 3l4.5 -6");
            }
            CellStanding::Abort => {
                self.markers.push_str(&outline(cell.grown(-0.75)));
                line(&mut self.signs, &[x - 3.0, y - 3.0]);
                self.signs.push_str("l6 6m0 -6l-6 6");
            }
        }
    }

    /// The signs as shapes.
    pub fn draw(self, shapes: &mut Vec<Shape>) {
        let kinds = [
            ("tx-corner", self.corners),
            ("tx-veil", self.veils),
            ("tx-strike", self.strikes),
            ("tx-marker", self.markers),
            ("tx-sign", self.signs),
        ];
        shapes.extend(kinds.into_iter().filter(|(_, d)| !d.is_empty()).map(|(class, d)| Shape::path(class, d)));
    }
}

fn line(d: &mut String, at: &[f64; 2]) {
    d.push('M');
    push_number(d, at[0]);
    d.push(' ');
    push_number(d, at[1]);
}
