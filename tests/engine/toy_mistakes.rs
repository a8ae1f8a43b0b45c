//! What a toy Kafka gets wrong and no other suite would notice; the table of all such mistakes is in tests/README.md.

use crate::test;
use highwater_engine::event::Event;
use highwater_engine::history::History;
use highwater_engine::ids::{BrokerId, LeaderEpoch, NodeId, Offset, ProducerId, RecordId};
use highwater_engine::sim::Actor;
use highwater_engine::storage::{AppendVerdict, Log, ProducerStamp, Record, RecordBatch, RecordBody, Verification};
use highwater_engine::time::Duration;
use highwater_tests::story::{check, count};

/// How long after the first event of one kind the first of another kind comes.
fn between(history: &History, from: impl Fn(&Event) -> bool, to: impl Fn(&Event) -> bool) -> Duration {
    let past = history.past_events();
    let first = past.iter().position(|emitted| from(&emitted.event)).unwrap();
    let second = past[first..].iter().find(|emitted| to(&emitted.event)).unwrap();
    second.at.since(past[first].at)
}

fn seconds(least: u64, most: u64, found: Duration) {
    let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
    assert!(least <= found && found <= most, "{found:?} is not in {least:?}..{most:?}");
}

/// Three brokers with a busy partition led by the first.
fn busy(story: &str) -> History {
    check(&format!(
        r#"
        scenario busy
        brokers 3
        topic t partitions=1 replication-factor=3 {{ replicas 1 2 3 }}
        producer p topic=t start="2s" every="50ms"
        story {{
            until acked 20
            {story}
        }}
        "#
    ))
}

fn isr_has(event: &Event, broker: i32, wanted: bool) -> bool {
    matches!(event, Event::IsrChanged { isr, .. } if isr.contains(&BrokerId(broker)) == wanted)
}

#[test]
fn a_restarted_broker_leaves_the_isr_first_and_comes_back_when_it_has_caught_up() {
    let history = busy(
        r#"
        kill "broker 2"
        start "broker 2"
        until isr t-0 "1,3" within="30s"
        until isr t-0 "1,2,3" within="60s"
        "#,
    );
    let past = history.past_events();
    let place = |what: &dyn Fn(&Event) -> bool| past.iter().position(|emitted| what(&emitted.event)).unwrap();
    let stopped = place(&|event| matches!(event, Event::NodeStopped { .. }));
    let steps = [
        place(&|event| isr_has(event, 2, false)),
        stopped + past[stopped..].iter().position(|e| matches!(e.event, Event::BrokerUnfenced { .. })).unwrap(),
        place(&|event| matches!(event, Event::IsrExpandProposed { joining: BrokerId(2), .. })),
        stopped + past[stopped..].iter().position(|e| isr_has(&e.event, 2, true)).unwrap(),
    ];
    assert!(steps.is_sorted() && steps[0] > stopped, "{steps:?} after {stopped}");
}

#[test]
fn a_crash_is_noticed_by_the_silence_it_leaves() {
    let history = busy("kill \"broker 1\"\nuntil leader t-0 2 within=\"20s\"");
    let stopped = |event: &Event| matches!(event, Event::NodeStopped { .. });
    // Between the last heartbeat and the crash up to two seconds have passed, the session is nine seconds long.
    seconds(7_000, 10_200, between(&history, stopped, |event| matches!(event, Event::LeaderElected { .. })));
}

#[test]
fn a_follower_is_dropped_after_its_lag_and_taken_back_after_it_has_caught_up() {
    let history = busy(
        r#"
        cut "broker 1" "broker 2"
        until isr t-0 "1,3" within="60s"
        run "5s"
        heal
        until isr t-0 "1,2,3" within="60s"
        "#,
    );
    let cut = |event: &Event| matches!(event, Event::LinkCut { .. });
    let healed = |event: &Event| matches!(event, Event::LinkHealed { .. });
    // `replica.lag.time.max.ms` after it last had everything, at the next look, which comes every half of it.
    seconds(29_000, 45_500, between(&history, cut, |event| isr_has(event, 2, false)));
    // Not at once: it has a connection to make and a log to copy, and the controller is asked.
    seconds(4, 40_000, between(&history, healed, |event| isr_has(event, 2, true)));
    // Neither cost a leader epoch: the leader is the same.
    assert_eq!(count(&history, |event| matches!(event, Event::LeaderActivated { tp, .. } if tp.topic.0 != 0)), 1);
}

fn stamped(id: i64, sequence: i32) -> RecordBatch {
    let body = RecordBody::User { id: RecordId::new(NodeId(9), 1), key: Some("k".into()), size: 10 };
    let stamp = ProducerStamp { id: ProducerId(id), epoch: 0, base_sequence: sequence };
    RecordBatch::new(Some(stamp), vec![Record { timestamp: 0, body }])
}

#[test]
fn a_restarted_producer_has_another_id_and_what_it_sends_again_is_stored_again() {
    let mut log = Log::default();
    log.append_as_leader(stamped(1, 0), LeaderEpoch(0));
    let judge = |log: &Log, batch: &RecordBatch| log.producers().check(batch, Verification::Off);
    let known = AppendVerdict::Duplicate { base_offset: Offset(0), last_offset: Offset(0) };
    assert_eq!(judge(&log, &stamped(1, 0)), known);
    // The same record with the same key, from the process that took the first one's place.
    assert_eq!(judge(&log, &stamped(2, 0)), AppendVerdict::Append);
}

#[test]
fn sequences_count_in_each_partition_alone() {
    let history = check(
        r#"
        scenario sequences
        brokers 1
        topic t partitions=3 replication-factor=1
        producer p topic=t start="2s" every="20ms" count=60 { keys a b c d e f g h }
        story { until acked 60 }
        "#,
    );
    let mut partitions = 0;
    for (_, actor) in history.simulation().actors() {
        let Actor::Broker(broker) = actor else { continue };
        for replica in broker.replicas().values() {
            let stamps = replica.log.batches().filter_map(|batch| Some((batch.producer?, batch.records.len() as i32)));
            let mut next = 0;
            for (stamp, records) in stamps {
                assert_eq!(stamp.base_sequence, next);
                next += records;
            }
            partitions += i32::from(next > 0);
        }
    }
    assert_eq!(partitions, 3);
}

#[test]
fn a_zookeeper_that_is_gone_stops_no_record() {
    check(
        r#"
        scenario no-zookeeper
        zookeeper
        brokers 3
        topic t partitions=2 replication-factor=3
        producer p topic=t start="2s" every="50ms" count=200 acks=all
        group g topic=t auto.offset.reset=earliest { consumer c1 }
        story {
            until processed-by g 20
            kill zookeeper
            until acked 200 within="20s"
            until processed-by g 200 within="20s"
        }
        "#,
    );
}

#[test]
fn brokers_know_of_a_decision_when_they_have_read_it_and_not_before() {
    let history = busy(
        r#"
        cut "broker 3" controller
        kill "broker 1"
        until leader t-0 ">=2" within="20s"
        run "500ms"
        "#,
    );
    let mut leaders = Vec::new();
    for (_, actor) in history.simulation().actors() {
        if let Actor::Broker(broker) = actor
            && let Some(image) = broker.image()
            && let Some(tp) = broker.replicas().keys().find(|tp| tp.topic.0 != 0)
            && let Some(partition) = image.partition(*tp)
        {
            leaders.push((broker.id.0, partition.leader.0));
        }
    }
    // The one that is cut off from the controller still believes in the old leader.
    assert!(leaders.contains(&(2, 2)) && leaders.contains(&(3, 1)), "{leaders:?}");
}

#[test]
fn min_insync_replicas_does_not_concern_acks_1() {
    check(
        r#"
        scenario acks-1
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="2s" every="100ms" count=300 acks=1 enable.idempotence=#false
        story {
            until acked 10
            kill "broker 2"
            kill "broker 3"
            until isr t-0 1 within="60s"
            bind before acked
            run "2s"
            expect acked ">$before"
        }
        "#,
    );
}

const TABLE: &str = include_str!("../README.md");

const SOURCES: [(&str, &str); 15] = [
    ("controller", include_str!("controller.rs")),
    ("fetching", include_str!("fetching.rs")),
    ("fsync", include_str!("fsync.rs")),
    ("partition_change", include_str!("partition_change.rs")),
    ("producer_states", include_str!("producer_states.rs")),
    ("producers", include_str!("producers.rs")),
    ("promises", include_str!("promises.rs")),
    ("replicas", include_str!("replicas.rs")),
    ("replication", include_str!("replication.rs")),
    ("segments", include_str!("segments.rs")),
    ("storage", include_str!("storage.rs")),
    ("toy_mistakes", include_str!("toy_mistakes.rs")),
    ("transaction_coordinator", include_str!("transaction_coordinator.rs")),
    ("transactions", include_str!("transactions.rs")),
    ("vectors", include_str!("vectors.rs")),
];

#[test]
fn every_mistake_has_its_test() {
    let (_, table) = TABLE.split_once("## Toy mistakes, one by one").expect("the table is gone");
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #")).collect();
    assert_eq!(rows.len(), 34);
    let mut before: Vec<&str> = Vec::new();
    for (row, number) in rows.iter().zip(1..) {
        assert!(row.starts_with(&format!("| {number} | ")), "{row}");
        let last = row.rsplit(" | ").next().unwrap_or_default();
        let mut tests: Vec<&str> = last.split('`').filter(|word| word.contains("::")).collect();
        if last.starts_with("the same") {
            tests = before;
        }
        assert!(!tests.is_empty(), "{row}");
        for (module, name) in tests.iter().filter_map(|test| test.split_once("::")) {
            let source = SOURCES.iter().find(|(known, _)| *known == module).map(|(_, source)| *source);
            let source = source.unwrap_or_else(|| panic!("{module} is not among the sources here"));
            assert!(source.contains(&format!("#[test]\nfn {name}()")), "there is no test {module}::{name}");
        }
        before = tests;
    }
}
