//! The cluster on a phone: one partition, its brokers one under the other.

mod brokers;
mod clients;
mod controller;

use super::geometry::Point;
use super::group::Group;
use super::input::StageInput;
use super::picture::Scene;
use super::shape::Shape;
use super::text::TextStyle;
use crate::i18n::labels::Labels;
use highwater_engine::view::{PartitionView, ProcessView, StageView};

/// Height of a producer's line.
const PRODUCER: f64 = 32.0;
/// Height of a group's line.
const GROUP: f64 = 28.0;
/// Clients' wire.
const RAIL: f64 = 16.5;
/// Left edge of the brokers.
const LEFT: f64 = 32.0;
/// The middle of the stars.
const STAR: f64 = 50.0;
/// The followers' wire.
const RAIL_R: f64 = 62.5;
/// Height of the controller's line.
const CONTROLLER: f64 = 30.0;
/// Left end of the first record.
const CELLS: f64 = 74.0;
/// From record to record.
const PITCH: f64 = 28.0;

/// Composes one partition; the height follows from how many brokers hold it.
pub fn compose(input: &StageInput<'_>, labels: Labels, width: f64, index: usize) -> Scene {
    let width = width.max(280.0);
    let view = input.view;
    let mut scene = Scene { width, ..Scene::default() };
    scene.producers = view.producers.iter().map(|producer| producer.node).collect();
    let shown = view.partitions.get(index).or_else(|| view.partitions.first());
    let Some(partition) = shown else {
        scene.height = 160.0;
        let words = Shape::text_middle(TextStyle::Name, "q2", width / 2.0, 80.0, labels.nothing());
        scene.groups.push(Group::plain("nothing", vec![words]));
        return scene;
    };
    let phone = Phone::new(input, labels, width, partition);
    scene.height = phone.height;
    phone.wires(&mut scene);
    phone.brokers(&mut scene);
    phone.election(&mut scene);
    phone.controller(&mut scene);
    phone.producers(&mut scene);
    phone.groups(&mut scene);
    scene
}

/// What the pieces of the drawing share.
struct Phone<'a> {
    input: &'a StageInput<'a>,
    labels: Labels,
    partition: &'a PartitionView,
    width: f64,
    height: f64,
    /// Indices of the producers that write the partition.
    producers: Vec<usize>,
    /// Indices of the groups that read it.
    groups: Vec<usize>,
    /// Indices of the brokers that hold it.
    brokers: Vec<usize>,
    head: f64,
    top: f64,
    step: f64,
}

impl<'a> Phone<'a> {
    fn new(input: &'a StageInput<'a>, labels: Labels, width: f64, partition: &'a PartitionView) -> Phone<'a> {
        let view = input.view;
        let holds = |id| partition.replicas.iter().any(|replica| replica.broker == id);
        let brokers: Vec<usize> = indices(&view.brokers, |broker| holds(broker.id));
        let producers = indices(&view.producers, |producer| producer.topic == Some(partition.tp.topic));
        let groups = indices(&view.groups, |group| super::pins::place(group, partition.tp).is_some());
        let lanes = groups.len().saturating_sub(1) as f64 * super::pins::LANE;
        let step = 122.0 + lanes;
        let head = if view.controller.is_some() { CONTROLLER } else { 0.0 };
        let top = 8.0 + head + producers.len() as f64 * PRODUCER + 8.0;
        let height = top + brokers.len() as f64 * step + groups.len() as f64 * GROUP + 6.0;
        Phone { input, labels, partition, width, height, producers, groups, brokers, head, top, step }
    }

    fn view(&self) -> &'a StageView {
        self.input.view
    }

    /// Top of a broker's frame.
    fn broker_y(&self, place: usize) -> f64 {
        self.top + place as f64 * self.step
    }

    /// Base line of a broker's cells.
    fn base(&self, place: usize) -> f64 {
        self.broker_y(place) + 70.0
    }

    /// Where the line of a producer is.
    fn producer_y(&self, place: usize) -> f64 {
        8.0 + self.head + place as f64 * PRODUCER + 14.5
    }

    /// Where the line of a group is.
    fn group_y(&self, place: usize) -> f64 {
        self.broker_y(self.brokers.len()) + place as f64 * GROUP + 10.5
    }

    /// The middle of a broker's star.
    fn star(&self, place: usize) -> Point {
        Point::new(STAR, self.base(place) - 12.0)
    }

    /// Where a broker stands among those shown.
    fn place_of(&self, id: highwater_engine::ids::BrokerId) -> Option<usize> {
        self.brokers.iter().position(|index| self.view().brokers.get(*index).is_some_and(|broker| broker.id == id))
    }

    fn state_of(&self, process: ProcessView) -> String {
        let time = process.for_how_long(self.view().now).map(super::wide::seconds).unwrap_or_default();
        match process {
            ProcessView::Down(_) => self.labels.dead_for(time),
            ProcessView::Paused(_) => self.labels.paused_for(time),
            ProcessView::Running => self.labels.running(),
        }
    }

    fn push(&self, scene: &mut Scene, mut group: Group) {
        group.selected = group.target.is_some() && group.target == self.input.selection;
        scene.groups.push(group);
    }
}

fn indices<T>(items: &[T], wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    items.iter().enumerate().filter(|(_, item)| wanted(item)).map(|(index, _)| index).collect()
}
