//! A cluster of several brokers with queues beside it: too much for both side by side. The cluster is drawn, with a line
//! that names the queues; who selects one of them, or what feeds or empties it, sees the queues instead.

use super::geometry::Rect;
use super::group::Group;
use super::input::StageInput;
use super::picture::Scene;
use super::shape::Shape;
use super::target::Target;
use super::text::TextStyle;
use crate::i18n::labels::Labels;
use highwater_engine::ids::NodeId;
use highwater_engine::view::StageView;

/// Height of the line of queues.
pub const LINE: f64 = 28.0;
/// Between queues, and at the edge.
const GAP: f64 = 12.0;

/// Whether something selected belongs to a queue.
pub fn is_about_queues(view: &StageView, selection: Option<Target>) -> bool {
    let feeds = |node: NodeId| view.producers.iter().any(|producer| producer.node == node && producer.queue.is_some());
    let serves = |node: NodeId| {
        view.queues.iter().any(|queue| queue.node == node || queue.workers.iter().any(|worker| worker.node == node))
    };
    match selection {
        Some(Target::Queue(_)) => true,
        Some(Target::Node(node)) => feeds(node) || serves(node),
        _ => false,
    }
}

/// The queues alone.
pub fn queues_of(view: &StageView) -> StageView {
    let mut alone = view.clone();
    alone.partitions.clear();
    alone.groups.clear();
    alone.producers.retain(|producer| producer.queue.is_some());
    alone
}

/// The cluster alone.
pub fn cluster_of(view: &StageView) -> StageView {
    let mut alone = view.clone();
    alone.queues.clear();
    alone.producers.retain(|producer| producer.queue.is_none());
    alone
}

/// Adds the line of queues under a cluster that was drawn without them.
pub fn name_queues(scene: &mut Scene, input: &StageInput<'_>, labels: Labels) {
    let top = scene.height;
    scene.height += LINE;
    let mut x = GAP;
    for queue in &input.view.queues {
        let word = format!("{} {}", labels.queue(), queue.name);
        let rect = Rect::new(x, top + 2.0, TextStyle::NameStrong.width(&word) + 17.0, LINE - 4.0);
        if rect.right() > scene.width {
            break;
        }
        let shapes = vec![
            Shape::Rect { class: "box", rect },
            Shape::text(TextStyle::NameStrong, "", rect.x + 8.5, rect.y + 16.5, &word),
        ];
        let target = Target::Queue(queue.id);
        let mut group = Group::of(target, word, rect, shapes);
        group.selected = input.selection == Some(target);
        scene.groups.push(group);
        x = rect.right() + GAP;
    }
}
