//! Which drawing shows a state best.

use super::depth::{Depth, Extent};
use super::group::Group;
use super::input::{Layout, StageInput};
use super::picture::Scene;
use super::shape::Shape;
use super::text::TextStyle;
use super::{causes, depth, inside, lost, mixed, overview, pair, phone, wide};
use crate::i18n::Locale;
use crate::i18n::labels::Labels;
use highwater_engine::view::InsideView;

/// Composes the picture of a state: a cluster, a queue, or both side by side.
pub fn compose(input: &StageInput<'_>, locale: Locale) -> Scene {
    let labels = Labels::new(locale);
    let view = input.view;
    let mut scene = match input.layout {
        _ if view.brokers.is_empty() && view.queues.is_empty() => nothing(input.layout, labels),
        Layout::Wide { width, height } if opened(input).is_some() => {
            opened(input).map_or_else(Scene::default, |inside| inside::compose(input, inside, labels, width, height))
        }
        Layout::Wide { width, height } if view.queues.is_empty() => cluster(input, labels, width, height),
        Layout::Wide { width, height } => with_queues(input, labels, width, height),
        Layout::Phone { width, partition_index } if view.queues.is_empty() => {
            phone::compose(input, labels, width, partition_index)
        }
        Layout::Phone { width, .. } => pair::compose(input, labels, width, None),
    };
    causes::draw(&mut scene, input.causes);
    lost::vanished(&mut scene, input.vanished, input.selection, input.directory, labels);
    scene.label = labels.say_stage(view.brokers.len(), view.partitions.len(), view.queues.len());
    scene
}

/// The process whose inside is looked at, as long as it is there.
fn opened<'a>(input: &StageInput<'a>) -> Option<&'a InsideView> {
    input.inside.filter(|inside| input.depth == Depth::Inside(inside.node))
}

/// Queues with a small cluster are drawn side by side, if that can be read.
fn with_queues(input: &StageInput<'_>, labels: Labels, width: f64, height: f64) -> Scene {
    let both = pair::compose(input, labels, width, Some(height));
    let scale = width.max(320.0) / both.width.max(1.0);
    if input.view.brokers.len() < 2 || scale >= depth::READABLE {
        return both;
    }
    if mixed::is_about_queues(input.view, input.selection) {
        let alone = mixed::queues_of(input.view);
        return pair::compose(&StageInput { view: &alone, ..*input }, labels, width, Some(height));
    }
    let alone = mixed::cluster_of(input.view);
    let input_alone = StageInput { view: &alone, ..*input };
    let mut scene = cluster(&input_alone, labels, width, (height - mixed::LINE).max(160.0));
    mixed::name_queues(&mut scene, input, labels);
    scene
}

/// A cluster, as near as the reader stands.
fn cluster(input: &StageInput<'_>, labels: Labels, width: f64, height: f64) -> Scene {
    let glance = || Scene { extent: Extent::Glance, ..overview::compose(input, labels, width, height) };
    let (anchor, most) = match input.depth {
        // A process that is gone: the whole again.
        Depth::Fit | Depth::Inside(_) if depth::readable(input.view, labels, width, height) => {
            return wide::compose(input, labels, width, height);
        }
        Depth::Fit | Depth::Glance | Depth::Inside(_) => return glance(),
        Depth::Topic(anchor) => (anchor, depth::TOPIC),
        Depth::Partition(anchor) => (anchor, 1),
    };
    // A partition that is gone: the whole again.
    let Some((near, extent)) = depth::neighbourhood(input.view, labels, anchor, most, (width, height)) else {
        return glance();
    };
    let input = StageInput { view: &near, ..*input };
    Scene { extent, ..wide::compose(&input, labels, width, height) }
}

fn nothing(layout: Layout, labels: Labels) -> Scene {
    let (width, height) = match layout {
        Layout::Wide { width, height } => (width.max(320.0), height.max(120.0)),
        Layout::Phone { width, .. } => (width.max(320.0), 160.0),
    };
    let words = Shape::text_middle(TextStyle::Name, "q2", width / 2.0, height / 2.0, labels.nothing());
    Scene { width, height, groups: vec![Group::plain("nothing", vec![words])], ..Scene::default() }
}
