//! What must hold in every world, whatever goes wrong.

use crate::test;
use highwater_engine::event::Event;
use highwater_engine::ids::{BrokerId, LeaderEpoch, Offset, TopicId, TopicPartition};
use highwater_engine::sim::{Actor, Observe, Simulation};
use highwater_tests::random_world::{Faults, recording};
use std::collections::BTreeMap;

#[track_caller]
fn check_replicas(simulation: &Simulation, seed: u64) {
    for (_, actor) in simulation.actors() {
        let Actor::Broker(broker) = actor else { continue };
        for (tp, replica) in broker.replicas() {
            let (start, mark, end) =
                (replica.log.log_start_offset(), replica.high_watermark, replica.log.log_end_offset());
            let place = format!("seed {seed}, event {}, broker {}, {tp:?}", simulation.dispatched(), broker.id);
            assert!(start <= mark && mark <= end, "{place}: start {start}, high watermark {mark}, end {end}");
            assert!(replica.log.durable_to() <= end, "{place}");
            let epochs = replica.log.epochs().entries();
            let ascending = epochs
                .windows(2)
                .all(|pair| pair[0].epoch < pair[1].epoch && pair[0].start_offset < pair[1].start_offset);
            assert!(ascending, "{place}: {epochs:?}");
        }
    }
}

#[test]
fn watermarks_stay_within_logs_and_epochs_ascend() {
    for seed in 0..30 {
        let recording = recording(seed, Faults::All);
        let mut simulation = recording.begin(Observe::NOTHING).unwrap();
        for n in 0..10_000 {
            if recording.step(&mut simulation).is_none() {
                break;
            }
            if n % 25 == 0 {
                check_replicas(&simulation, seed);
            }
        }
    }
}

#[test]
fn a_leader_epoch_has_one_leader_and_its_high_watermark_never_retreats() {
    for seed in 0..40 {
        let recording = recording(seed, Faults::All);
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        let mut leaders: BTreeMap<(TopicPartition, LeaderEpoch), BrokerId> = BTreeMap::new();
        let mut marks: BTreeMap<(TopicPartition, BrokerId), Offset> = BTreeMap::new();
        for _ in 0..15_000 {
            if recording.step(&mut simulation).is_none() {
                break;
            }
            for emitted in simulation.take_emitted() {
                match emitted.event {
                    Event::LeaderActivated { broker, tp, epoch, .. } => {
                        let known = *leaders.entry((tp, epoch)).or_insert(broker);
                        assert_eq!(known, broker, "seed {seed}: two leaders of {tp:?} in epoch {epoch}");
                        marks.remove(&(tp, broker));
                    }
                    Event::HighWatermarkAdvanced { broker, tp, to, as_leader: true, .. } => {
                        let mark = marks.entry((tp, broker)).or_default();
                        assert!(to > *mark, "seed {seed}: the high watermark of {tp:?} went from {mark} to {to}");
                        *mark = to;
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn with_acks_all_one_dead_broker_at_a_time_loses_nothing_and_stores_nothing_twice() {
    for seed in 0..60 {
        let recording = recording(seed, Faults::OneBrokerAtATime);
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        while simulation.dispatched() < 20_000 && recording.step(&mut simulation).is_some() {
            simulation.take_emitted();
        }
        let totals = simulation.ledger().totals();
        assert!(totals.acked > 50, "seed {seed}: only {} acknowledged", totals.acked);
        assert_eq!((totals.lost, totals.stored_twice), (0, 0), "seed {seed}");
    }
}

#[test]
fn when_faults_stop_replicas_agree_and_groups_settle() {
    for seed in 0..20 {
        let recording = recording(seed, Faults::OneBrokerAtATime);
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        let end = recording.commands.last().unwrap().at + highwater_engine::time::Duration::from_secs(90);
        while simulation.next_at().is_some_and(|at| at <= end) && recording.step(&mut simulation).is_some() {
            simulation.take_emitted();
        }
        let view = highwater_engine::view::stage(&simulation, &highwater_engine::view::Lens::default());
        for partition in &view.partitions {
            assert_eq!(partition.isr.len(), 3, "seed {seed}: {} has the ISR {:?}", partition.name, partition.isr);
            assert_ne!(partition.tp.topic, TopicId(0));
        }
        for group in &view.groups {
            let assigned: usize = group.members.iter().map(|member| member.positions.len()).sum();
            assert_eq!(assigned, group.offsets.len(), "seed {seed}: group {} left partitions unread", group.name);
        }
    }
}
