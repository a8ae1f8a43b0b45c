//! What must hold in every world, whatever goes wrong.

use crate::test;
use highwater_engine::audit::{Ledger, Promise, Promises, Totals};
use highwater_engine::controller::{MetadataRecord, PartitionChange};
use highwater_engine::event::{Event, GroupState, PositionReason};
use highwater_engine::fact::Fact;
use highwater_engine::ids::{
    BrokerId, Generation, GroupId, LeaderEpoch, NodeId, Offset, RecordId, TopicId, TopicPartition,
};
use highwater_engine::protocol::ErrorCode;
use highwater_engine::sim::{Actor, Observe, Simulation};
use highwater_engine::time::Instant;
use highwater_tests::random_world::{Faults, recording};
use std::collections::BTreeMap;
use std::sync::Arc;

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
fn the_sums_of_producers_and_of_partitions_add_up_to_those_of_all_records() {
    for seed in 0..10 {
        let recording = recording(seed, Faults::All);
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        while simulation.dispatched() < 20_000 && recording.step(&mut simulation).is_some() {
            simulation.take_emitted();
        }
        let ledger = simulation.ledger();
        let (all, nodes) = (ledger.totals(), simulation.directory().nodes().map(|(node, _)| node));
        let by_producer: Vec<Totals> = nodes.map(|producer| ledger.totals_of_producer(producer)).collect();
        let by_partition: Vec<Totals> = ledger.partitions().map(|tp| ledger.totals_of_partition(tp)).collect();
        let groups = (0..recording.spec.groups.len()).map(|group| ledger.totals_of_group(GroupId(group as u32)));
        for (name, of) in [
            ("sent", (|totals| totals.sent) as fn(&Totals) -> u64),
            ("acked", |totals| totals.acked),
            ("stored", |totals| totals.stored),
            ("lost", |totals| totals.lost),
            ("processed", |totals| totals.processed),
            ("processed again", |totals| totals.processed_again),
        ] {
            assert_eq!(by_producer.iter().map(of).sum::<u64>(), of(&all), "seed {seed}: {name} by producer");
            assert_eq!(by_partition.iter().map(of).sum::<u64>(), of(&all), "seed {seed}: {name} by partition");
        }
        assert_eq!(groups.map(|totals| totals.processed).sum::<u64>(), all.processed, "seed {seed}: by group");
        assert!(all.processed > 0, "seed {seed}: nothing happened");
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

#[test]
fn no_promise_breaks_without_a_reason_in_any_random_world() {
    for seed in 100..112 {
        let recording = recording(seed, Faults::All);
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        while simulation.dispatched() < 12_000 && recording.step(&mut simulation).is_some() {
            for emitted in simulation.take_emitted() {
                let broken = matches!(emitted.event, Event::PromiseBroken { .. });
                assert!(!broken, "seed {seed}, event {}: {:?}", emitted.n, emitted.event);
            }
        }
    }
}

/// What the promises say to events one after the other.
fn broken_by(events: &[Event]) -> Vec<Promise> {
    let (mut promises, mut ledger, mut verdicts) = (Promises::default(), Ledger::default(), Vec::new());
    for event in events {
        ledger.observe(event, 1, Instant(1_000_000));
        promises.observe(event, Instant(1_000_000), &ledger, &mut verdicts);
    }
    let broken = |event: Event| match event {
        Event::PromiseBroken { promise, .. } => promise,
        other => panic!("not a breach: {other:?}"),
    };
    verdicts.into_iter().map(broken).collect()
}

#[test]
fn every_promise_notices_when_it_is_broken() {
    let tp = TopicPartition::new(TopicId(1), 0);
    let leads = |id, epoch, mark| Event::LeaderActivated {
        broker: BrokerId(id),
        tp,
        epoch: LeaderEpoch(epoch),
        log_end_offset: Offset(10),
        high_watermark: Offset(mark),
    };
    let follows = |id, epoch| Event::FollowerActivated {
        broker: BrokerId(id),
        tp,
        epoch: LeaderEpoch(epoch),
        leader: BrokerId(9),
    };
    let mark = |from, to| Event::HighWatermarkAdvanced {
        broker: BrokerId(1),
        tp,
        from: Offset(from),
        to: Offset(to),
        as_leader: true,
    };
    let cut = |to| Event::LogTruncated {
        broker: BrokerId(1),
        tp,
        from: Offset(10),
        to: Offset(to),
        why: highwater_engine::event::TruncationReason::DivergingEpoch,
    };
    let acked = |offset| Event::RecordAcked {
        producer: NodeId(7),
        record: RecordId::new(NodeId(7), 1),
        tp,
        offset: Offset(offset),
        leader_epoch: LeaderEpoch(3),
    };
    let commits = |offset, generation, accepted_at| Event::OffsetCommitted {
        group: GroupId(0),
        tp,
        offset: Offset(offset),
        by: Some(NodeId(8)),
        generation: Generation(generation),
        accepted_at: Instant(accepted_at),
    };
    let committed = |offset| commits(offset, 1, 0);
    let begins = |generation| Event::GroupStateChanged {
        group: GroupId(0),
        state: GroupState::CompletingRebalance,
        generation: Generation(generation),
    };
    let assigned = |client, generation| Event::PartitionsAssigned {
        client: NodeId(client),
        group: GroupId(0),
        generation: Generation(generation),
        partitions: vec![tp],
    };
    let appended = Event::RecordsAppended {
        broker: BrokerId(1),
        tp,
        base_offset: Offset(0),
        end: Offset(9),
        records: Vec::new(),
        count: 9,
        epoch: LeaderEpoch(3),
        producer: None,
        as_leader: true,
    };
    let reset = Event::PositionSet {
        client: NodeId(8),
        group: GroupId(0),
        tp,
        to: Offset(0),
        why: PositionReason::ResetEarliest,
    };
    let polled = |offset, position| Event::RecordsPolled {
        client: NodeId(8),
        group: GroupId(0),
        tp,
        records: vec![(Offset(offset), RecordId::new(NodeId(7), 1))],
        position: Offset(position),
    };
    let copy = |broker, base, record, as_leader| Event::RecordsAppended {
        broker: BrokerId(broker),
        tp,
        base_offset: Offset(base),
        end: Offset(base + 1),
        records: vec![RecordId::new(NodeId(7), record)],
        count: 1,
        epoch: LeaderEpoch(3),
        producer: None,
        as_leader,
    };
    let sent =
        |record| Event::RecordSent { producer: NodeId(7), record: RecordId::new(NodeId(7), record), tp, key: None };
    let refused = Event::SendFailed {
        producer: NodeId(7),
        record: RecordId::new(NodeId(7), 1),
        tp,
        error: ErrorCode::NotEnoughReplicas,
        maybe_written: false,
    };
    let isr = |members: &[i32]| Event::IsrChanged {
        tp,
        from: vec![BrokerId(1)],
        isr: members.iter().map(|id| BrokerId(*id)).collect(),
    };
    for (promise, kept, last) in [
        (Promise::StrongIsr, vec![leads(1, 3, 5), isr(&[1])], isr(&[1, 2])),
        (
            Promise::LogMatching,
            vec![
                sent(1),
                sent(2),
                sent(9),
                leads(1, 3, 0),
                copy(1, 0, 1, true),
                copy(1, 1, 2, true),
                copy(2, 0, 9, false),
            ],
            copy(2, 1, 2, false),
        ),
        (Promise::Conservation, vec![sent(1), copy(1, 0, 1, true)], copy(1, 1, 2, true)),
        (Promise::Conservation, vec![sent(1), refused], copy(1, 0, 1, true)),
        (Promise::OneLeaderPerEpoch, vec![leads(1, 3, 0)], leads(2, 3, 0)),
        (Promise::EpochsNeverGoBack, vec![leads(1, 3, 0)], follows(1, 2)),
        (Promise::HighWatermarkWithinLog, vec![cut(4)], mark(0, 5)),
        (Promise::HighWatermarkNeverRetreats, vec![cut(9), leads(1, 3, 5)], mark(3, 4)),
        (Promise::AckedOnlyBelowHighWatermark, vec![leads(1, 3, 5), acked(4)], acked(5)),
        (Promise::CommittedOffsetWithinLog, vec![committed(0)], committed(1)),
        (Promise::NonmonotonicPoll, vec![polled(0, 1), polled(1, 2)], polled(1, 2)),
        // Everything here happens at 1 s; what was accepted at 2 s was accepted later than that.
        (
            Promise::StaleGenerationRefused,
            vec![appended.clone(), begins(2), commits(1, 2, 2_000_000), commits(1, 1, 500_000)],
            commits(1, 1, 2_000_000),
        ),
        (Promise::PartitionOwnedOnce, vec![assigned(8, 1), assigned(9, 2)], assigned(8, 2)),
        (
            Promise::InconsistentOffsets,
            vec![assigned(8, 1), reset.clone(), appended, committed(3), assigned(8, 2)],
            reset,
        ),
    ] {
        assert_eq!(broken_by(&kept), [], "{promise:?} is broken too early");
        let all: Vec<Event> = kept.into_iter().chain([last]).collect();
        assert_eq!(broken_by(&all), [promise]);
    }
    // What is nowhere is above every high watermark, too.
    let nowhere = broken_by(&[sent(1), acked(0)]);
    assert_eq!(nowhere, [Promise::AckedOnlyBelowHighWatermark, Promise::Conservation]);
}

/// What the promises say to facts one after the other.
fn broken_by_facts(facts: &[Fact]) -> Vec<Promise> {
    let mut promises = Promises::default();
    let broken = |event: Event| match event {
        Event::PromiseBroken { promise, .. } => promise,
        other => panic!("not a breach: {other:?}"),
    };
    facts.iter().flat_map(|fact| promises.observe_fact(fact)).map(broken).collect()
}

#[test]
fn promises_about_decisions_and_cleaning_notice_when_they_are_broken() {
    let tp = TopicPartition::new(TopicId(1), 0);
    let ids = |next_producer_id| Arc::new(MetadataRecord::ProducerIds { next_producer_id });
    let (one, other, third) = (ids(1_000), ids(2_000), ids(3_000));
    let wrote = |node, offset, epoch, record: &Arc<MetadataRecord>| Fact::MetadataAppended {
        node: NodeId(node),
        epoch,
        records: vec![(Offset(offset), record.clone())],
    };
    let commits = |offset, epoch, record: &Arc<MetadataRecord>| Fact::MetadataCommitted {
        epoch,
        records: vec![(Offset(offset), record.clone())],
    };
    let brokers = |ids: &[i32]| -> Arc<[BrokerId]> { ids.iter().map(|id| BrokerId(*id)).collect() };
    let topic = Arc::new(MetadataRecord::Topic { topic: TopicId(1), config: Arc::default() });
    let partition = |leader, isr: &[i32]| {
        let (replicas, isr, leader) = (brokers(&[1, 2, 3]), brokers(isr), BrokerId(leader));
        Arc::new(MetadataRecord::Partition { tp, replicas, isr, leader })
    };
    let eligible = |elr: &[i32]| {
        let change = PartitionChange { elr: Some(brokers(elr)), ..PartitionChange::default() };
        Arc::new(MetadataRecord::PartitionChange { tp, change: Box::new(change) })
    };
    let cleaned = |last: i64| Fact::ValuesCleaned {
        broker: BrokerId(1),
        tp,
        gone: vec![(Offset(3), b"k".to_vec())],
        last: [(b"k".to_vec(), Offset(last))].into_iter().collect(),
    };
    for (promise, kept, last) in [
        // An epoch without a commit leaves nothing that counts: epoch 3 goes on with what epoch 1 wrote.
        (
            Promise::MetadataLogMatching,
            vec![wrote(0, 5, 1, &one), wrote(1, 5, 2, &other), wrote(0, 6, 3, &third), commits(5, 3, &one)],
            commits(5, 4, &other),
        ),
        (Promise::MetadataLogMatching, vec![wrote(0, 5, 1, &one), wrote(1, 5, 1, &one)], wrote(2, 5, 1, &other)),
        (Promise::MetadataLogMatching, vec![wrote(0, 5, 1, &one), commits(5, 1, &one)], wrote(1, 5, 2, &other)),
        (Promise::LeaderInIsr, vec![commits(1, 1, &topic)], commits(2, 1, &partition(3, &[1, 2]))),
        (Promise::LeaderInIsr, vec![commits(1, 1, &topic)], commits(2, 1, &partition(1, &[1, 4]))),
        (
            Promise::IsrAndElrDisjoint,
            vec![commits(1, 1, &topic), commits(2, 1, &partition(1, &[1, 2])), commits(3, 1, &eligible(&[3]))],
            commits(4, 1, &eligible(&[2])),
        ),
        (Promise::CompactionKeepsLastValue, vec![cleaned(4)], cleaned(2)),
    ] {
        assert_eq!(broken_by_facts(&kept), [], "{promise:?} is broken too early");
        let all: Vec<Fact> = kept.into_iter().chain([last]).collect();
        assert_eq!(broken_by_facts(&all), [promise]);
    }
}
