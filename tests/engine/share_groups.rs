//! Share groups (KIP-932): records shared out, acknowledged, given back, delivered again; and the state that survives.

use crate::test;
use highwater_engine::event::Event;
use highwater_engine::ids::{MemberId, Offset, RecordId};
use highwater_engine::protocol::ErrorCode;
use highwater_engine::share::{
    AcknowledgeBatch, AcknowledgeType, SharePartition, ShareRecordState, ShareSettled, StateBatch,
};
use highwater_engine::sim::{Observe, Simulation};
use highwater_engine::time::Duration;
use highwater_tests::long_run::{heal, number};
use highwater_tests::random_world::{Faults, recording};
use highwater_tests::story::{check, count};

#[test]
fn members_of_a_share_group_read_one_partition_together() {
    let history = check(
        r#"
        scenario together
        brokers 3
        topic jobs partitions=1 replication-factor=3
        producer p topic=jobs start="10s" every="50ms" count=100
        share-group workers topic=jobs share.auto.offset.reset=earliest max.poll.records=1 share.acquire.mode=record_limit {
            consumer w1 processing="200ms"
            consumer w2 processing="200ms"
            consumer w3 processing="300ms"
        }
        story {
            until members workers 3
            // One partition, and all three have it: in a consumer group two of them would be idle.
            until assigned w1 1 within="20s"
            until assigned w2 1 within="20s"
            until assigned w3 1 within="20s"
            expect group-state workers Stable
            until processed-by workers 100 within="60s"
            run "2s"
            expect processed-again 0
            expect skipped 0
            // Everything is done: the window is empty.
            expect share-start workers jobs-0 100
            expect share-end workers jobs-0 100
            expect lag workers 0
        }
        "#,
    );
    for name in ["w1", "w2", "w3"] {
        let member = history.simulation().directory().find_node(name).unwrap();
        let share =
            count(&history, |event| matches!(event, Event::RecordProcessed { client, .. } if *client == member));
        assert!(share >= 20, "{name} did {share} of 100");
    }
    // What it costs: order.
    let out_of_order = |event: &Event| matches!(event, Event::GuaranteeGivenUp { guarantee, .. } if guarantee.name() == "processed-out-of-order");
    assert_eq!(count(&history, out_of_order), 1);
}

#[test]
fn a_lock_that_ends_gives_the_record_to_somebody_else() {
    let history = check(
        r#"
        scenario lock
        brokers 3
        topic jobs partitions=1 replication-factor=3
        producer p topic=jobs start="10s" every="20ms" count=5
        share-group workers topic=jobs share.auto.offset.reset=earliest share.record.lock.duration.ms=15000 max.poll.records=1 share.acquire.mode=record_limit {
            consumer w1 processing="20s"
            consumer w2 processing="10ms" stopped=#true
        }
        story {
            until holds w1 1 within="30s"
            start w2
            // w1 is slow, but it lives: after 15 s its record is everybody's again, and w2 has it done before w1 has.
            until share-start workers jobs-0 5 within="30s"
            until processed-by workers 5
            run "15s"
            // Both did it, and no transaction could have prevented that.
            expect processed-again ">=1"
            expect skipped 0
        }
        "#,
    );
    let expired = |event: &Event| matches!(event, Event::RecordsSettled { why: ShareSettled::LockExpired, .. });
    assert!(count(&history, expired) > 0);
    let again = |event: &Event| matches!(event, Event::ShareRecordsPolled { delivery_count: 2, .. });
    assert!(count(&history, again) > 0);
    // The late acknowledgement of the slow one is worth nothing.
    let refused = |event: &Event| matches!(event, Event::AcknowledgementRefused { .. });
    assert!(count(&history, refused) > 0);
}

#[test]
fn a_member_that_dies_gives_back_what_it_had_at_once() {
    check(
        r#"
        scenario death
        brokers 3
        topic jobs partitions=1 replication-factor=3
        producer p topic=jobs start="10s" every="20ms" count=20
        share-group workers topic=jobs share.auto.offset.reset=earliest {
            consumer w1 processing="10s"
            consumer w2 processing="10ms"
        }
        story {
            until assigned w1 1 within="20s"
            until assigned w2 1 within="20s"
            until holds w1 ">=1" within="20s"
            kill w1
            // Its connection breaks, and with it its session: no lock has to run out.
            until processed-by workers 20 within="5s"
            run "1s"
            expect share-start workers jobs-0 20
            expect skipped 0
        }
        "#,
    );
}

#[test]
fn a_poison_pill_is_delivered_five_times_and_archived() {
    let history = check(
        r#"
        scenario poison
        brokers 3
        topic jobs partitions=1 replication-factor=3
        producer p topic=jobs start="10s" every="20ms" count=20 { keys a b bad c d e f g h i j k l m n o q r s t }
        share-group workers topic=jobs share.auto.offset.reset=earliest share.acknowledgement.mode=explicit {
            consumer w1 processing="10ms" fails-on=bad on-failure=release
            consumer w2 processing="10ms" fails-on=bad on-failure=release
        }
        story {
            until processed-by workers 19 within="60s"
            until share-start workers jobs-0 20 within="60s"
            // The group goes without it: 19 processed, one passed over, and said so.
            expect processed-by workers 19
            expect skipped 1
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::ProcessingFailed { .. })), 5);
    let archived = |event: &Event| {
        matches!(event, Event::RecordsSettled { state: ShareRecordState::Archived, delivery_count: 5, .. })
    };
    assert_eq!(count(&history, archived), 1);
}

#[test]
fn a_rejected_record_is_archived_after_one_delivery() {
    let history = check(
        r#"
        scenario reject
        brokers 3
        topic jobs partitions=1 replication-factor=3
        producer p topic=jobs start="10s" every="20ms" count=6 { keys a b bad c d e }
        share-group workers topic=jobs share.auto.offset.reset=earliest share.acknowledgement.mode=explicit {
            consumer w1 processing="10ms" commit=each fails-on=bad on-failure=reject
        }
        story {
            until share-start workers jobs-0 6 within="60s"
            expect processed-by workers 5
            expect skipped 1
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::ProcessingFailed { .. })), 1);
}

#[test]
fn a_renewed_lock_does_not_end() {
    let twin = |renew: &str| {
        format!(
            r#"
        scenario renew
        brokers 3
        topic jobs partitions=1 replication-factor=3
        producer p topic=jobs start="10s" every="20ms" count=2
        share-group workers topic=jobs share.auto.offset.reset=earliest share.acknowledgement.mode=explicit share.record.lock.duration.ms=15000 {{
            consumer w1 processing="25s" {renew}
        }}
        story {{
            until holds w1 ">=1" within="30s"
            run "80s"
        }}
        "#
        )
    };
    let expired = |event: &Event| matches!(event, Event::RecordsSettled { why: ShareSettled::LockExpired, .. });
    let with = check(&twin(r#"renew="5s""#));
    assert_eq!(count(&with, expired), 0);
    assert_eq!(count(&with, |event| matches!(event, Event::RecordProcessed { .. })), 2);
    let without = check(&twin(""));
    assert!(count(&without, expired) > 0);
}

#[test]
fn the_leader_dies_and_the_next_one_knows_what_was_acknowledged() {
    let history = check(
        r#"
        scenario leader-dies
        brokers 3
        topic jobs partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 2 3 1 }
        producer p topic=jobs start="10s" every="100ms" count=100
        share-group workers topic=jobs share.auto.offset.reset=earliest share.acknowledgement.mode=explicit {
            consumer w1 processing="50ms" commit=each
            consumer w2 processing="50ms" commit=each
        }
        story {
            until processed-by workers ">=30" within="60s"
            expect leader jobs-0 2
            kill 2
            until processed-by workers 100 within="90s"
            run "35s"
            expect share-start workers jobs-0 100
            expect skipped 0
            expect lost 0
        }
        "#,
    );
    let loaded = count(&history, |event| matches!(event, Event::SharePartitionLoaded { .. }));
    assert!(loaded >= 2, "the state was read {loaded} times");
}

#[test]
fn the_coordinators_die_one_after_the_other() {
    check(
        r#"
        scenario coordinators-die
        brokers 3
        topic jobs partitions=3 replication-factor=3 min.insync.replicas=2
        producer p topic=jobs start="10s" every="50ms" count=600 { keys a b c d e f g h }
        share-group workers topic=jobs share.auto.offset.reset=earliest {
            consumer w1 processing="20ms"
            consumer w2 processing="20ms"
        }
        story {
            until processed-by workers ">=50" within="60s"
            kill 1
            run "15s"
            start 1
            run "15s"
            kill 2
            run "15s"
            start 2
            until processed-by workers 600 within="90s"
            run "40s"
            expect skipped 0
            expect lost 0
            expect lag workers 0
        }
        "#,
    );
}

#[test]
fn no_more_than_the_limit_of_records_is_in_flight() {
    check(
        r#"
        scenario locks
        brokers 1
        topic jobs partitions=1
        producer p topic=jobs start="3s" every="2ms" count=400
        share-group workers topic=jobs share.auto.offset.reset=earliest share.partition.max.record.locks=100 {
            consumer w1 processing="1h"
        }
        story {
            until acked 400 within="20s"
            until holds w1 ">=1" within="30s"
            run "60s"
            expect share-end workers jobs-0 "<=100"
        }
        "#,
    );
}

#[test]
fn committed_readers_of_a_share_group_see_no_aborted_record() {
    check(
        r#"
        scenario committed
        brokers 3
        topic jobs partitions=1 replication-factor=3
        producer p topic=jobs start="10s" every="50ms" count=30 abort-every=2 transactional.id=t
        share-group workers topic=jobs share.auto.offset.reset=earliest share.isolation.level=read_committed {
            consumer w1 processing="1ms"
        }
        story {
            until acked ">=15" within="60s"
            run "20s"
            // Every other transaction of three is aborted.
            expect processed-by workers 15
            expect lag workers 0
        }
        "#,
    );
}

#[test]
fn partitions_added_reach_the_members() {
    check(
        r#"
        scenario more-partitions
        brokers 3
        topic jobs partitions=1 replication-factor=3
        producer p topic=jobs start="10s" every="100ms" count=200 { keys a b c d e f g h }
        share-group workers topic=jobs share.auto.offset.reset=earliest {
            consumer w1 processing="10ms"
            consumer w2 processing="10ms"
        }
        story {
            until processed-by workers ">=20" within="40s"
            create-partitions jobs 4
            until processed-by workers 200 within="90s"
            expect skipped 0
            expect lost 0
        }
        "#,
    );
}

#[test]
fn a_request_that_says_something_twice_of_a_record_is_refused_whole() {
    let taken = StateBatch { first: Offset(0), last: Offset(3), state: ShareRecordState::Available, delivery_count: 1 };
    let mut partition = SharePartition::new(Offset(0), &[taken]);
    let (before, member) = (partition.clone(), MemberId { client: 7, incarnation: 0 });
    let said =
        |first, last| AcknowledgeBatch { first: Offset(first), last: Offset(last), kind: AcknowledgeType::Accept };
    for twice in [[said(0, 2), said(2, 3)], [said(2, 3), said(0, 1)]] {
        assert_eq!(partition.acknowledge(member, &twice, 5, None, 0), Err(ErrorCode::InvalidRequest));
    }
    assert_eq!(partition, before);
}

#[test]
fn random_worlds_with_faults_lose_no_record_of_a_share_group() {
    let events = number("EVENTS", 8_000);
    let (mut delivered, mut again, mut archived) = (0u64, 0u64, 0u64);
    for seed in number("FROM", 0)..number("SEEDS", 40) {
        // Every other world suffers everything; the others keep what they acknowledge, so that nothing may be missing.
        let faults = if seed % 2 == 0 { Faults::OneBrokerAtATime } else { Faults::All };
        let mut recording = recording(seed, faults);
        for group in &mut recording.spec.groups {
            group.share = true;
            // Few at a time: whoever acquires more than it can process within the lock delivers the rest for nothing.
            let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            group.settings = vec![set("share.auto.offset.reset", "earliest"), set("max.poll.records", "20")];
            for consumer in &mut group.consumers {
                consumer.commit = Default::default();
                consumer.settings.clear();
                (consumer.database, consumer.processor) = (None, None);
            }
        }
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        let mut see = |simulation: &mut Simulation| {
            for emitted in simulation.take_emitted() {
                match emitted.event {
                    Event::PromiseBroken { promise, .. } => {
                        panic!("seed {seed} at {}: {} is broken", emitted.at, promise.name());
                    }
                    Event::ShareRecordsPolled { delivery_count, records, .. } => {
                        delivered += records.len() as u64;
                        again += u64::from(delivery_count > 1) * records.len() as u64;
                    }
                    Event::RecordSkipped { .. } => archived += 1,
                    _ => {}
                }
            }
        };
        while simulation.dispatched() < events && recording.step(&mut simulation).is_some() {
            see(&mut simulation);
        }
        heal(&mut simulation);
        if faults == Faults::All {
            continue;
        }
        let groups = recording.spec.groups.len() as u32;
        let acked: Vec<RecordId> =
            simulation.ledger().all().filter(|(_, fate)| fate.acked.is_some()).map(|(record, _)| record).collect();
        let open = |simulation: &Simulation| {
            let missing = |record: &&RecordId| {
                let done = |group: u32| {
                    simulation.ledger().fate(**record).is_some_and(|fate| {
                        fate.readings.iter().any(|r| r.reader == group && (r.processed > 0 || r.skipped))
                    })
                };
                !(0..groups).all(done)
            };
            acked.iter().filter(missing).count()
        };
        // Elections, sessions and locks end within two minutes; what has piled up meanwhile is done within ten.
        let until = simulation.now() + Duration::from_secs(720);
        while open(&simulation) > 0 && simulation.now() < until {
            for _ in 0..2_000 {
                simulation.step();
            }
            see(&mut simulation);
        }
        assert_eq!(open(&simulation), 0, "seed {seed}: records nobody processed and nobody gave up");
    }
    println!("{delivered} deliveries, {again} of them again, {archived} archived unprocessed");
    assert!(delivered > 500 && again > 0, "{delivered} deliveries, {again} of them again");
}
