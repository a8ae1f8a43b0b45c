//! What clients promise, checked over random worlds with faults, event by event: clients.md's invariants 6, 7, 9 and 12.

use crate::test;
use highwater_engine::command::Command;
use highwater_engine::event::{Event, GroupState, StopKind, TruncationReason};
use highwater_engine::ids::{Generation, GroupId, NodeId, Offset, RecordId, TopicId, TopicPartition};
use highwater_engine::sim::{Actor, NodeKind, OFFSETS_TOPIC, Observe, Simulation};
use highwater_engine::time::Duration;
use highwater_tests::long_run::{heal, number};
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

/// Who was told that a record is stored was told the truth, and every group gets it: unless the run announced that the
/// group passes over it, or that it was deleted first.
#[test]
fn random_worlds_with_faults_bring_every_acknowledged_record_to_every_group() {
    let (mut brought, mut passed_over) = (0u64, 0u64);
    for seed in number("FROM", 0)..number("SEEDS", 24) {
        let mut recording = recording(seed, Faults::OneBrokerAtATime);
        for group in &mut recording.spec.groups {
            group.settings.retain(|(name, _)| name != "auto.offset.reset");
            group.settings.push(("auto.offset.reset".to_owned(), "earliest".to_owned()));
        }
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        let mut see = |simulation: &mut Simulation| {
            for emitted in simulation.take_emitted() {
                match emitted.event {
                    Event::PromiseBroken { promise, .. } => panic!("seed {seed} at {}: {}", emitted.at, promise.name()),
                    Event::RecordsPolled { records, .. } => brought += records.len() as u64,
                    Event::RecordSkipped { .. } => passed_over += 1,
                    _ => {}
                }
            }
        };
        while simulation.dispatched() < number("EVENTS", 8_000) && recording.step(&mut simulation).is_some() {
            see(&mut simulation);
        }
        heal(&mut simulation);
        // Nothing new: some groups are slower than those who write for them.
        let (now, writers) = (simulation.now(), simulation.directory().nodes());
        let writers: Vec<NodeId> =
            writers.filter(|(_, kind)| *kind == NodeKind::Producer).map(|(node, _)| node).collect();
        for node in writers {
            simulation.command(now, Command::Stop { node, how: StopKind::Graceful });
        }
        // Whether a record of a transaction counts is decided later; `highwater swarm --sessions` counts those.
        let plain: BTreeSet<NodeId> = simulation
            .actors()
            .filter_map(|(node, actor)| match actor {
                Actor::Producer(producer) if producer.config.transactional_id.is_none() => Some(node),
                _ => None,
            })
            .collect();
        let acked: Vec<RecordId> = simulation
            .ledger()
            .all()
            .filter(|(record, fate)| fate.acked.is_some() && plain.contains(&record.producer()))
            .map(|(record, _)| record)
            .collect();
        let readers: Vec<(u32, Vec<TopicId>)> = (0..)
            .zip(recording.spec.groups.iter())
            .filter(|(_, group)| !group.share)
            .map(|(index, group)| {
                let directory = simulation.directory();
                (index, group.topics.iter().filter_map(|topic| directory.find_topic(topic)).collect())
            })
            .collect();
        let missing = |simulation: &Simulation| -> Option<(RecordId, u32)> {
            acked.iter().find_map(|record| {
                let fate = simulation.ledger().fate(*record)?;
                let topic = fate.tp?.topic;
                let has =
                    |group: u32| fate.readings.iter().any(|it| it.reader == group && (it.delivered > 0 || it.skipped));
                let gone = fate.lost || fate.deleted;
                let waits = readers.iter().find(|(group, topics)| topics.contains(&topic) && !gone && !has(*group));
                waits.map(|(group, _)| (*record, *group))
            })
        };
        // Elections and sessions end within two minutes; what has piled up meanwhile is read within twenty.
        let until = simulation.now() + Duration::from_secs(1_320);
        while missing(&simulation).is_some() && simulation.now() < until {
            for _ in 0..2_000 {
                simulation.step();
            }
            see(&mut simulation);
        }
        let missing = missing(&simulation).map(|(record, group)| (simulation.directory().record_name(record), group));
        assert_eq!(missing, None, "seed {seed}: a record that a group never got");
    }
    println!("{brought} records brought, {passed_over} passed over and announced");
    assert!(brought > 1_000, "only {brought}");
}
