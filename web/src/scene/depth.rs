//! How near the drawing is: the cluster at a glance, a topic's logs, one partition, the inside of one process.

use super::wide;
use crate::i18n::labels::Labels;
use highwater_engine::ids::{NodeId, TopicPartition};
use highwater_engine::view::StageView;

/// How near the reader stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Depth {
    /// As near as everything can be read.
    #[default]
    Fit,
    /// Every partition as a tile.
    Glance,
    /// The logs of this partition and of its neighbours in the topic, as many as can be read.
    Topic(TopicPartition),
    /// The logs of one partition.
    Partition(TopicPartition),
    /// Inside one broker or client.
    Inside(NodeId),
}

/// What a drawing shows of the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Extent {
    /// Every log.
    #[default]
    Whole,
    /// Tiles only.
    Glance,
    /// Some partitions of a topic.
    Part {
        /// The first of them.
        first: TopicPartition,
        /// How many of them.
        shown: usize,
        /// How many the topic has.
        of: usize,
    },
    /// The inside of one process.
    Inside(NodeId),
}

/// Below this scale the words on the stage are too small to read.
pub const READABLE: f64 = 0.74;

/// Up to so many partitions the logs are shown down to this scale.
const FEW: usize = 3;
const SMALL: f64 = 0.5;

/// The most logs one under the other, and the most brokers side by side, that are looked at together.
const MOST_ROWS: usize = 8;

/// Whether the logs of all partitions can be read in a room of this size.
pub fn readable(view: &StageView, labels: Labels, width: f64, height: f64) -> bool {
    // A few logs say more than a few tiles, even when they are small.
    let least = if view.partitions.len() <= FEW { SMALL } else { READABLE };
    wide::scale(view, labels, width, height) >= least
}

/// The neighbourhood of a partition: as many partitions of its topic as can be read together, at most `most`, in pages,
/// so that turning from one to the next shows each once.
pub fn neighbourhood(
    view: &StageView,
    labels: Labels,
    anchor: TopicPartition,
    most: usize,
    (width, height): (f64, f64),
) -> Option<(StageView, Extent)> {
    let of_topic = |view: &StageView| view.partitions.iter().filter(|it| it.tp.topic == anchor.topic).count();
    let of = of_topic(view);
    let first = view.partitions.iter().position(|it| it.tp.topic == anchor.topic)?;
    let index = view.partitions.iter().position(|it| it.tp == anchor)?.saturating_sub(first);
    for count in (1..=most.min(MOST_ROWS).min(of)).rev() {
        let from = first + index / count * count;
        let to = (from + count).min(first + of);
        let near = only(view, from, to);
        if count == 1 || readable(&near, labels, width, height) {
            let first = near.partitions.first()?.tp;
            return Some((near, Extent::Part { first, shown: to - from, of }));
        }
    }
    None
}

/// The most partitions that are looked at together from [`Depth::Topic`].
pub const TOPIC: usize = MOST_ROWS;

/// The state with these partitions only, and with whoever has to do with them.
fn only(view: &StageView, from: usize, to: usize) -> StageView {
    let mut near = StageView {
        now: view.now,
        controller: view.controller.clone(),
        keeper: view.keeper.clone(),
        quorum: view.quorum.clone(),
        partitions: view.partitions.get(from..to).unwrap_or_default().to_vec(),
        stores: view.stores.clone(),
        faults: view.faults.clone(),
        ..StageView::default()
    };
    let shown = |tp: &TopicPartition| near.partitions.iter().any(|it| it.tp == *tp);
    let brokers = view.brokers.iter().filter(|broker| {
        near.partitions.iter().any(|it| it.replicas.iter().any(|replica| replica.broker == broker.id))
    });
    let brokers = brokers.cloned().collect();
    let topic = |topic| near.partitions.iter().any(|it| Some(it.tp.topic) == topic);
    let producers = view.producers.iter().filter(|producer| topic(producer.topic)).cloned().collect();
    let mut groups = view.groups.clone();
    for group in &mut groups {
        group.offsets.retain(|offset| shown(&offset.tp));
        for member in &mut group.members {
            member.positions.retain(|(tp, _)| shown(tp));
        }
        group.members.retain(|member| !member.positions.is_empty());
    }
    groups.retain(|group| !group.members.is_empty() || !group.offsets.is_empty());
    (near.brokers, near.producers, near.groups) = (brokers, producers, groups);
    near
}
