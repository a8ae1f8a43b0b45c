//! The cluster at a glance: brokers are columns, partitions are rows, a replica is a tile. What is more than a screen
//! holds is drawn together: topics instead of partitions, ranges instead of brokers, and the picture says so.

mod grid;
mod sides;
mod tiles;

use super::group::Group;
use super::input::StageInput;
use super::picture::Scene;
use super::shape::Shape;
use super::text::TextStyle;
use crate::i18n::labels::Labels;
use grid::Grid;

/// Composes the overview for a room of this size.
pub fn compose(input: &StageInput<'_>, labels: Labels, width: f64, height: f64) -> Scene {
    let grid = Grid::new(input.view, labels, width, height);
    let mut scene = Scene { width: grid.width, height: grid.height, ..Scene::default() };
    let overview = Overview { input, labels, grid };
    overview.heads(&mut scene);
    overview.producers(&mut scene);
    overview.tiles(&mut scene);
    overview.groups(&mut scene);
    overview.note(&mut scene);
    scene
}

/// What the pieces of the drawing share.
struct Overview<'a> {
    input: &'a StageInput<'a>,
    labels: Labels,
    grid: Grid,
}

impl Overview<'_> {
    /// Says what was drawn together.
    fn note(&self, scene: &mut Scene) {
        let view = self.input.view;
        if !self.grid.is_summed() {
            return;
        }
        let words = self.labels.summed(
            view.partitions.len(),
            self.grid.rows.len(),
            view.brokers.len(),
            self.grid.columns.len(),
        );
        let y = self.grid.height - 5.0;
        let words = TextStyle::Word.fitted(&words, self.grid.width - 24.0);
        let shapes = vec![Shape::text(TextStyle::Word, "q2", self.grid.labels_x, y, words)];
        scene.groups.push(Group::plain("summed", shapes));
    }

    fn push(&self, scene: &mut Scene, mut group: Group) {
        group.selected = group.target.is_some() && group.target == self.input.selection;
        scene.groups.push(group);
    }
}
