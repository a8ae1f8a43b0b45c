//! Nearer and farther.

use super::Action;
use crate::scene::{Depth, Extent, Target};
use crate::session::Session;
use highwater_engine::ids::{NodeId, TopicPartition};
use highwater_engine::view::has_inside;
use leptos::prelude::*;

/// Changes how near the reader stands; whether that was possible. What is selected stays in the picture.
pub fn zoom(action: Action, session: Session) -> bool {
    let here = session.extent.get_untracked();
    if let (Action::ZoomIn, Some(node)) = (action, opens(session, here)) {
        session.depth.set(Depth::Inside(node));
        return true;
    }
    let selected = match session.selection.get_untracked() {
        Some(Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _)) => Some(tp),
        _ => None,
    };
    let shown = match here {
        Extent::Part { first, .. } => Some(first),
        Extent::Whole | Extent::Glance | Extent::Inside(_) => None,
    };
    let counted = session.read(|run| {
        let view = run.view();
        let anchor = selected.or(shown).or_else(|| Some(view.partitions.first()?.tp))?;
        let of_topic = view.partitions.iter().filter(|it| it.tp.topic == anchor.topic).count();
        Some((anchor, of_topic, view.partitions.len()))
    });
    let Some((anchor, of_topic, of_all)) = counted.flatten() else { return false };
    let depth = match (action, here) {
        (Action::ZoomFit, _) => Depth::Fit,
        (Action::ZoomIn, Extent::Whole) if of_topic == of_all && of_all > 1 => Depth::Partition(anchor),
        (Action::ZoomIn, Extent::Whole | Extent::Glance) => Depth::Topic(anchor),
        (Action::ZoomIn, Extent::Part { shown, .. }) if shown > 1 => Depth::Partition(anchor),
        (Action::ZoomOut, Extent::Whole) => Depth::Glance,
        (Action::ZoomOut, Extent::Part { shown: 1, of, .. }) if of > 1 && of_topic < of_all => Depth::Topic(anchor),
        (Action::ZoomOut, Extent::Part { .. } | Extent::Inside(_)) => Depth::Fit,
        _ => return false,
    };
    session.depth.set(depth);
    true
}

/// The process that one step nearer opens: the one that is selected, or from the logs of one partition the broker whose log
/// is selected.
pub fn opens(session: Session, here: Extent) -> Option<NodeId> {
    let selected = session.selection.get()?;
    let one = matches!(here, Extent::Part { shown: 1, .. });
    session
        .follow(|run| {
            let view = run.view();
            let alone = one || (here == Extent::Whole && view.partitions.len() == 1);
            let node = match selected {
                Target::Node(node) => node,
                Target::Replica(id, _) | Target::Record(id, ..) if alone => {
                    view.brokers.iter().find(|broker| broker.id == id)?.node
                }
                _ => return None,
            };
            has_inside(run.simulation(), node).then_some(node)
        })
        .filter(|node| here != Extent::Inside(*node))
}

/// The page of partitions before or after the one shown.
pub fn turn(session: Session, forward: bool) {
    let Extent::Part { first, shown, of } = session.extent.get_untracked() else { return };
    let (shown, of) = (shown.max(1) as i32, of.max(1) as i32);
    let to = if forward { first.partition + shown } else { first.partition - shown };
    let anchor = TopicPartition::new(first.topic, to.clamp(0, of - 1));
    session.depth.set(if shown == 1 { Depth::Partition(anchor) } else { Depth::Topic(anchor) });
}
