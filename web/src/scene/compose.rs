//! Which drawing shows a state best.

use super::group::Group;
use super::input::{Layout, StageInput};
use super::picture::Scene;
use super::shape::Shape;
use super::text::TextStyle;
use super::{pair, phone, wide};
use crate::i18n::Locale;
use crate::i18n::labels::Labels;

/// Composes the picture of a state: a cluster, a queue, or both side by side.
pub fn compose(input: &StageInput<'_>, locale: Locale) -> Scene {
    let labels = Labels::new(locale);
    let view = input.view;
    let mut scene = match input.layout {
        _ if view.brokers.is_empty() && view.queues.is_empty() => nothing(input.layout, labels),
        Layout::Wide { width, height } if view.queues.is_empty() => wide::compose(input, labels, width, height),
        Layout::Wide { width, height } => pair::compose(input, labels, width, Some(height)),
        Layout::Phone { width, partition_index } if view.queues.is_empty() => {
            phone::compose(input, labels, width, partition_index)
        }
        Layout::Phone { width, .. } => pair::compose(input, labels, width, None),
    };
    scene.label = labels.say_stage(view.brokers.len(), view.partitions.len(), view.queues.len());
    scene
}

fn nothing(layout: Layout, labels: Labels) -> Scene {
    let (width, height) = match layout {
        Layout::Wide { width, height } => (width.max(320.0), height.max(120.0)),
        Layout::Phone { width, .. } => (width.max(320.0), 160.0),
    };
    let words = Shape::text_middle(TextStyle::Name, "q2", width / 2.0, height / 2.0, labels.nothing());
    Scene { width, height, groups: vec![Group::plain("nothing", vec![words])], ..Scene::default() }
}
