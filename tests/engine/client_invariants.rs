//! What clients promise, checked over random worlds with faults, event by event: clients.md's invariants 6, 7, 9 and 12.

use crate::test;
use highwater_engine::event::{Event, GroupState, TruncationReason};
use highwater_engine::ids::{Generation, GroupId, NodeId, Offset, TopicPartition};
use highwater_engine::sim::{OFFSETS_TOPIC, Observe};
use highwater_tests::random_world::{Faults, recording};
use std::collections::{BTreeMap, BTreeSet};

/// What the events have told so far.
#[derive(Default)]
struct Oracle {
    held: BTreeMap<NodeId, BTreeSet<TopicPartition>>,
    positions: BTreeMap<(NodeId, TopicPartition), Offset>,
    generations: BTreeMap<GroupId, Generation>,
    polls: u32,
}

impl Oracle {
    fn see(&mut self, event: &Event, place: &str) {
        match event {
            Event::PartitionsAssigned { client, partitions, .. } => {
                let held = self.held.entry(*client).or_default();
                for tp in partitions {
                    assert!(held.insert(*tp), "{place}: {tp:?} is given to a member that has it");
                    self.positions.remove(&(*client, *tp));
                }
            }
            Event::PartitionsRevoked { client, partitions, .. } => {
                let held = self.held.entry(*client).or_default();
                for tp in partitions {
                    assert!(held.remove(tp), "{place}: {tp:?} is taken from a member that does not have it");
                }
            }
            Event::PositionSet { client, tp, to, .. } => {
                self.positions.insert((*client, *tp), *to);
            }
            Event::NodeStopped { node, .. } => {
                self.held.remove(node);
            }
            Event::RecordsPolled { client, tp, records, position, .. } => {
                self.polls += 1;
                // 9: what `poll` returns is of partitions the member has at that moment.
                assert!(self.held.get(client).is_some_and(|held| held.contains(tp)), "{place}: {tp:?} was given up");
                // 6: offsets rise, and none is returned twice, between two settings of the position.
                let mut at = self.positions.get(&(*client, *tp)).copied();
                for (offset, _) in records {
                    assert!(at.is_none_or(|at| *offset >= at), "{place}: {tp:?} goes back to {offset}");
                    at = Some(*offset + 1);
                }
                assert!(at.is_none_or(|at| *position >= at), "{place}: the position is behind what was returned");
                self.positions.insert((*client, *tp), *position);
            }
            // A log of offsets that was lost takes the generations with it.
            Event::LogTruncated { tp, why, .. }
                if tp.topic == OFFSETS_TOPIC && *why != TruncationReason::DivergingEpoch =>
            {
                self.generations.clear();
            }
            Event::LeaderElected { tp, unclean: true, .. } if tp.topic == OFFSETS_TOPIC => self.generations.clear(),
            // 12: a coordinator that has read the log knows every generation that anybody was told of.
            Event::GroupStateChanged { group, state: GroupState::Stable, generation } => {
                let before = self.generations.insert(*group, *generation);
                assert!(
                    before.is_none_or(|before| before <= *generation),
                    "{place}: generation {generation} is an old one"
                );
            }
            _ => {}
        }
    }
}

#[test]
fn positions_only_rise_polls_stay_inside_the_assignment_and_generations_do_not_go_back() {
    let mut polls = 0;
    for seed in 0..60 {
        let recording = recording(seed, Faults::All);
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        let mut oracle = Oracle::default();
        while simulation.dispatched() < 15_000 && recording.step(&mut simulation).is_some() {
            for emitted in simulation.take_emitted() {
                oracle.see(&emitted.event, &format!("seed {seed} at {}", emitted.at));
            }
        }
        polls += oracle.polls;
    }
    assert!(polls > 1_000, "only {polls} polls returned something");
}
