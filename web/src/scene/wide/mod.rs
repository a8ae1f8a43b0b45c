//! The cluster drawing: brokers are columns, partitions are rows, producers stand left and groups right.

mod brokers;
mod election;
mod groups;
mod plan;
mod producers;
mod rows;
mod stores;
mod wires;

use super::depth::Depth;
use super::group::Group;
use super::input::StageInput;
use super::picture::Scene;
use super::shape::Shape;
use super::target::Target;
use crate::i18n::labels::Labels;
use highwater_engine::ids::TopicPartition;
use highwater_engine::view::StageView;
use plan::Plan;

/// Composes the cluster drawing for a room of this size.
pub fn compose(input: &StageInput<'_>, labels: Labels, width: f64, height: f64) -> Scene {
    let plan = Plan::new(input.view, labels, width, height);
    let mut scene = Scene { width: plan.width, height: plan.height, ..Scene::default() };
    let stage = Stage { input, labels, plan };
    stage.band(&mut scene);
    stage.brokers(&mut scene);
    stage.wires(&mut scene);
    stage.rows(&mut scene);
    stage.elections(&mut scene);
    stage.producers(&mut scene);
    stage.groups(&mut scene);
    stage.stores(&mut scene);
    scene
}

/// How large the drawing is in a room of this size: 1 for words in the size they are designed for.
pub fn scale(view: &StageView, labels: Labels, width: f64, height: f64) -> f64 {
    width / Plan::new(view, labels, width, height).width
}

/// What the pieces of the drawing share.
struct Stage<'a> {
    input: &'a StageInput<'a>,
    labels: Labels,
    plan: Plan,
}

impl Stage<'_> {
    /// The partition that is selected, by itself or through one of its copies.
    fn selected_partition(&self) -> Option<TopicPartition> {
        match self.input.selection? {
            Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _) => Some(tp),
            _ => None,
        }
    }

    /// Whether the files behind a partition's logs are shown: when it is looked at alone, or selected.
    fn shows_files(&self, tp: TopicPartition) -> bool {
        matches!(self.input.depth, Depth::Partition(_)) || self.selected_partition() == Some(tp)
    }

    fn band(&self, scene: &mut Scene) {
        let view = self.input.view;
        let mut shapes = Vec::new();
        if let Some(row) = view.partitions.iter().position(|partition| Some(partition.tp) == self.selected_partition())
        {
            let x = self.plan.labels_x - 4.0;
            let width = self.plan.brokers_right() + 10.0 - x;
            shapes.push(Shape::rect("band", x, self.plan.row(row) + 1.0, width, self.plan.row_height - 2.0));
        }
        scene.groups.push(Group::plain("band", shapes));
    }

    /// Adds a group that can be selected.
    fn push(&self, scene: &mut Scene, mut group: Group) {
        group.selected = group.target.is_some() && group.target == self.input.selection;
        scene.groups.push(group);
    }
}

pub use brokers::seconds;
pub use brokers::silent_from;
pub use producers::acks_text;
pub use rows::{only_here, pins_on};
pub use stores::{sentence as store_sentence, words as store_words};
