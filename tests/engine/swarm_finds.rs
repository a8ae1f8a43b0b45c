//! What swarms found, each as the smallest story that shows it.

use crate::test;
use highwater_engine::audit::{Because, Guarantee, Ledger, Promise};
use highwater_engine::event::{Event, PositionReason};
use highwater_engine::history::History;
use highwater_engine::ids::{
    BrokerId, Generation, GroupId, LeaderEpoch, NodeId, Offset, RecordId, TopicId, TopicPartition,
};
use highwater_engine::scenario::{Scenario, Story};
use highwater_engine::sim::Actor;
use highwater_engine::time::Instant;

/// Tells a story and returns its history at its end. No promise may break on the way.
#[track_caller]
fn told(text: &str) -> History {
    let scenario = Scenario::parse(text).unwrap_or_else(|errors| panic!("{errors:?}"));
    let story = Story::tell(&scenario, scenario.seed).unwrap();
    assert_eq!(story.failures, []);
    let mut history = History::new(story.recording).unwrap();
    history.seek_event(story.end);
    let broken = history.events().iter().find(|emitted| matches!(emitted.event, Event::PromiseBroken { .. }));
    assert_eq!(broken, None);
    history
}

fn given_up(history: &History, wanted: Guarantee) -> Vec<Because> {
    let reasons = history.events().iter().filter_map(|emitted| match &emitted.event {
        Event::GuaranteeGivenUp { guarantee, because, .. } if *guarantee == wanted => Some(*because),
        _ => None,
    });
    reasons.flat_map(|because| because.iter()).collect()
}

#[test]
fn a_committed_offset_beyond_a_log_that_was_lost_leads_back_to_where_the_logs_part() {
    // One copy only, and its machine loses power: the new log grows past the old commit before the member is back.
    // Without the question of KIP-320 the member would go on in the middle of records nobody has read.
    let history = told(
        r#"scenario lost-log seed=1
        brokers 2
        topic orders partitions=1 replication-factor=1 {
            replicas 2
        }
        producer p1 topic=orders every="100ms" acks=all
        group billing topic=orders auto.offset.reset=earliest {
            consumer c1 commit=each
        }
        at "10s" { kill c1; power-off 2; }
        at "12s" { start 2; }
        at "60s" { start c1; }
        story {
            run "59s"
            expect log-end orders-0 2 ">100"
            run "40s"
        }"#,
    );
    let back = history.events().iter().find_map(|emitted| match emitted.event {
        Event::PositionSet { to, why: PositionReason::Truncation, .. } => Some(to),
        _ => None,
    });
    assert_eq!(back, Some(Offset(0)));
    assert_eq!(given_up(&history, Guarantee::Skipped), []);
}

#[test]
fn what_was_asked_for_before_a_seek_is_not_handed_out_after_it() {
    // The consumer waits at the end of the log when it is told to go back: the fetch that waits is answered with the next
    // record, which belongs to no position any more.
    let history = told(
        r#"scenario seek-race seed=1
        brokers 1
        topic orders
        producer p1 topic=orders every="300ms" acks=all
        group billing topic=orders auto.offset.reset=earliest {
            consumer c1 commit=each
        }
        at "10s" { seek billing beginning; }
        story { run "15s"; }"#,
    );
    let mut after_seek = history.events().iter().skip_while(|emitted| {
        !matches!(emitted.event, Event::PositionSet { why: PositionReason::Seek, to: Offset(0), .. })
    });
    let first = after_seek.find_map(|emitted| match &emitted.event {
        Event::RecordsPolled { records, .. } => records.first().map(|(offset, _)| *offset),
        _ => None,
    });
    assert_eq!(first, Some(Offset(0)));
}

#[test]
fn a_join_whose_answer_never_comes_is_asked_again_after_the_rebalance_timeout() {
    // Only the request's own timeout helps: max.poll.interval.ms (5 min) and five seconds.
    let history = told(
        r#"scenario lost-join seed=1
        brokers 1
        topic orders partitions=2
        group billing topic=orders {
            consumer c1
            consumer c2 stopped=#true
        }
        story {
            until group-state billing Stable
            drop-next JoinGroup 1 c2 response=#true
            start c2
            run "400s"
        }"#,
    );
    for (_, actor) in history.simulation().actors() {
        if let Actor::Consumer(consumer) = actor {
            assert!(consumer.is_stable());
        }
    }
}

#[test]
fn a_leader_that_does_not_know_the_producer_takes_a_later_batch_first_and_that_is_announced() {
    // The producer has just got its id when the leader loses power (the seed decides which broker gives the id). The first
    // five batches are under way to a leader that has lost power; the producer hears of its successor with the
    // next routine refresh of its metadata, long before the requests time out. The successor has never heard of this
    // producer and takes any first sequence (KIP-360), so the sixth batch overtakes them. They are refused until the
    // first of them is given up and the producer's epoch is bumped; then they are stored, behind.
    let history = told(
        r#"scenario overtaken seed=6
        brokers 3
        topic orders partitions=1 replication-factor=3 min.insync.replicas=2 {
            replicas 1 2 3
        }
        producer before topic=orders every="200ms" count=20 acks=all
        producer p1 topic=orders start="11s" every="300ms" count=60 acks=all linger.ms=0 metadata.max.age.ms=5000
        at "11008ms" { power-off 1; }
        story { run "200s"; }"#,
    );
    let reasons = given_up(&history, Guarantee::Reordered);
    assert!(!reasons.is_empty() && reasons.iter().all(|because| *because == Because::ProducerEpochBump), "{reasons:?}");
}

#[test]
fn an_old_leader_that_does_not_know_its_successor_changes_nothing_that_was_read() {
    let tp = TopicPartition::new(TopicId(1), 0);
    let record = |number| RecordId::new(NodeId(7), number);
    let leads = |id, epoch, end| Event::LeaderActivated {
        broker: BrokerId(id),
        tp,
        epoch: LeaderEpoch(epoch),
        log_end_offset: Offset(end),
        high_watermark: Offset(0),
    };
    let appends = |id, epoch, base, number, as_leader| Event::RecordsAppended {
        broker: BrokerId(id),
        tp,
        base_offset: Offset(base),
        end: Offset(base + 1),
        records: vec![record(number)],
        count: 1,
        epoch: LeaderEpoch(epoch),
        producer: None,
        as_leader,
    };
    let read = |offset, number| Event::RecordsPolled {
        client: NodeId(8),
        group: GroupId(0),
        tp,
        records: vec![(Offset(offset), record(number))],
        position: Offset(offset + 1),
    };
    let story = [
        leads(3, 1, 0),
        leads(1, 2, 0),
        appends(1, 2, 0, 1, true),
        read(0, 1),
        // Broker 3 has not heard of epoch 2: what it appends will never be committed.
        appends(3, 1, 0, 2, true),
    ];
    let mut ledger = Ledger::default();
    let said: Vec<Event> = story.iter().flat_map(|event| ledger.observe(event, 1, Instant::ZERO)).collect();
    assert_eq!(said, []);
    // But if it began to lead with that, somebody would have read what no longer is.
    let said = ledger.observe(&leads(3, 3, 1), 2, Instant::ZERO);
    let changed = |event: &Event| matches!(event, Event::PromiseBroken { promise: Promise::ConsistentRead, .. });
    assert!(said.iter().any(changed), "{said:?}");
}

#[test]
fn a_coordinator_that_forgets_with_the_power_is_announced() {
    // All replicas lose their page cache within one session timeout: no setting can save what was never written back.
    let history = told(
        r#"
        scenario forget
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2
        producer p topic=t start="2s" every="20ms" count=50
        group g topic=t auto.offset.reset=earliest { consumer c; }
        story {
            until processed-by g 50
            run "6s"
            power-off "broker 1"
            power-off "broker 2"
            power-off "broker 3"
            run "1s"
            start "broker 1"
            start "broker 2"
            start "broker 3"
            run "60s"
        }
        "#,
    );
    let forgotten: Vec<_> = history
        .events()
        .iter()
        .filter_map(|emitted| match &emitted.event {
            Event::GuaranteeGivenUp { guarantee: Guarantee::AckedWriteLost, record: None, tp, because, .. } => {
                Some((tp.topic.is_internal(), because.has(Because::UnflushedLost)))
            }
            _ => None,
        })
        .collect();
    assert_eq!(forgotten, [(true, true)], "once, for the partition of the group");
}

#[test]
fn what_a_sleeping_leader_takes_is_not_committed_by_its_successors_records() {
    // A leader that slept wakes up, knows nothing of its successor yet, and acknowledges alone (acks=1) what waited for it.
    // At that offset the successor has another record, and that one is committed: no promise was made about the sleeper's.
    assert_eq!(highwater_engine::swarm::try_seed(989, 8_000).unwrap().failure, None);
}

#[test]
fn a_record_under_way_is_in_doubt_when_another_one_ends_the_transaction_for_good() {
    // The leader of one partition refuses its batch, and the producer gives everything up, also what is under way to
    // another leader: that arrives and is stored, so its producer must not have been told that it certainly is not.
    let history = told(
        r#"scenario under-way seed=94
        controllers 5
        brokers 2 replica.fetch.max.bytes=300
        network latency="3ms" jitter="1ms" loss-per-million=5000
        topic t0 partitions=3 replication-factor=1 min.insync.replicas=1
        queue q persistent=#true {
            worker w prefetch=1 processing="6ms"
        }
        producer p0 topic=t0 start="1s" every="139ms" size=100 transaction-records=5 abort-every=3 hold="204ms" linger.ms=0 acks=all transactional.id=x0 transaction.timeout.ms=10000 {
            keys k0 k1 k2 k3 k4
        }
        producer p1 topic=t0 start="1s" every="239ms" size=100 transaction-records=2 hold="431ms" linger.ms=50 acks=1
        group g0 topic=t0 auto.offset.reset=earliest group.protocol=consumer isolation.level=read_committed {
            consumer c00 processing="94ms" commit=each
            consumer c01 processing="20ms" commit=before
            consumer c02 processing="91ms" commit=auto
        }
        at "11640ms" { processing c02 "1823ms"; }
        at "18880ms" { processing c02 "1301ms"; }
        at "29359ms" { heal; }
        story {
            run "37s"
        }"#,
    );
    let in_doubt = history.events().iter().filter_map(|emitted| match emitted.event {
        Event::SendFailed { record, maybe_written: true, .. } => Some(record),
        _ => None,
    });
    let stored_all_the_same: Vec<_> = in_doubt
        .filter(|record| history.simulation().ledger().fate(*record).is_some_and(|fate| fate.is_stored()))
        .collect();
    assert_eq!(stored_all_the_same.len(), 1);
}

#[test]
fn an_assignment_that_comes_after_the_generation_was_given_up_is_not_taken() {
    // Between JoinGroup and SyncGroup an old commit comes back with ILLEGAL_GENERATION: the member drops its generation.
    // What SyncGroup then brings would be owned without one, beside the next owner.
    let history = told(
        r#"scenario late-assignment seed=3456
        controllers 5
        brokers 2
        network latency="7ms" jitter="5ms" loss-per-million=5000
        topic t0 partitions=1 replication-factor=2 min.insync.replicas=2
        queue q {
            worker w prefetch=1 processing="8ms"
        }
        producer p0 topic=t0 start="1s" every="400ms" size=100 transaction-records=2 abort-every=3 hold="140ms" linger.ms=5 acks=all metadata.max.age.ms=5000 {
            keys k0 k1 k2 k3 k4
        }
        group g0 topic=t0 auto.offset.reset=earliest session.timeout.ms=10000 partition.assignment.strategy=cooperative-sticky isolation.level=read_committed {
            consumer c00 processing="91ms" commit=before group.instance.id=i00
            consumer c01 processing="70ms" commit=each
        }
        group g1 topic=t0 auto.offset.reset=earliest session.timeout.ms=10000 partition.assignment.strategy=cooperative-sticky {
            consumer c10 processing="1ms" commit=each group.instance.id=i10
            consumer c11 processing="37ms" commit=after
            consumer c12 processing="31ms" commit=auto
        }
        at "5744ms" { kill "controller 3"; }
        at "10271ms" { reassign t0-0 1 2; }
        at "10481ms" { create-partitions t0 3; }
        at "11303ms" { start "controller 3"; }
        at "18365ms" {
            processing c00 "1015ms"
            stop "controller 1"
        }
        at "20125ms" { start "controller 1"; }
        at "25373ms" { elect-leader t0-0; }
        at "29732ms" {
            processing c11 "370ms"
            kill c10
        }
        at "32183ms" { start c10; }
        at "38167ms" { power-off w; }
        at "39189ms" { start w; }
        at "45558ms" { kill "controller 2"; }
        at "48835ms" { pause 1; }
        at "55486ms" { processing c12 "1069ms"; }
        at "62673ms" { start "controller 2"; }
        at "65469ms" { resume 1; }
        at "67245ms" { start c10; }
        story {
            run "470s"
        }"#,
    );
    let without = history.events().iter().find(
        |emitted| matches!(&emitted.event, Event::PartitionsAssigned { generation, .. } if *generation == Generation::NONE),
    );
    assert_eq!(without, None);
}
