//! Whom a consumer reads from (KIP-392), how much an answer holds (KIP-74), and what a time leads to.

use crate::test;
use highwater_engine::event::{Event, PositionReason};
use highwater_engine::history::History;
use highwater_engine::ids::{BrokerId, Offset};
use highwater_engine::time::Duration;
use highwater_tests::story::{check, count};

/// The replicas a consumer was sent to, in order; none for the leader.
fn read_from(history: &History) -> Vec<Option<i32>> {
    let past = history.past_events();
    let of = |event: &Event| match event {
        Event::ReadReplicaChanged { replica, .. } => Some(replica.map(|broker| broker.0)),
        _ => None,
    };
    past.iter().filter_map(|emitted| of(&emitted.event)).collect()
}

/// Three racks, the partition led in rack a.
fn racks(brokers: &str, consumer: &str, story: &str) -> History {
    check(&format!(
        r#"
        scenario racks
        brokers 3 racks="a,b,c" {brokers}
        topic t partitions=1 replication-factor=3 {{ replicas 1 2 3 }}
        producer p topic=t start="2s" every="100ms" count=150
        group g topic=t auto.offset.reset=earliest {{ consumer c1 {consumer} }}
        story {{
            until processed-by g 30
            {story}
            until acked 150
            until processed-by g 150
            expect skipped 0
        }}
        "#
    ))
}

const NEARBY: &str = "replica.selector.class=RackAwareReplicaSelector";

#[test]
fn a_consumer_reads_from_a_replica_in_its_rack() {
    let history = racks(NEARBY, "client.rack=b", "");
    assert_eq!(read_from(&history), [Some(2)]);
    // A follower shows what it knows to be committed, and that trails the leader's high watermark.
    let past = history.past_events();
    let mut mark = Offset(0);
    for emitted in past {
        match &emitted.event {
            Event::HighWatermarkAdvanced { broker: BrokerId(2), tp, to, .. } if tp.topic.0 != 0 => mark = *to,
            Event::RecordsPolled { records, .. } if emitted.at.0 > 6_000_000 => {
                assert!(records.iter().all(|(offset, _)| *offset < mark), "{:?}", emitted.at);
            }
            _ => {}
        }
    }
}

#[test]
fn a_consumer_reads_from_the_leader_unless_both_sides_say_otherwise() {
    assert_eq!(read_from(&racks("", "client.rack=b", "")), [], "no replica.selector.class");
    assert_eq!(read_from(&racks(NEARBY, "", "")), [], "no client.rack");
    assert_eq!(read_from(&racks(NEARBY, "client.rack=a", "")), [], "the leader is near");
    assert_eq!(read_from(&racks(NEARBY, "client.rack=z", "")), [], "nobody is near");
}

#[test]
fn when_the_replica_nearby_fails_the_leader_is_read_from_again() {
    let story = r#"
        kill "broker 2"
        run "3s"
        start "broker 2"
        until isr t-0 "1,3" within="30s"
        until isr t-0 "1,2,3" within="60s"
        run "5s"
    "#;
    let replicas = read_from(&racks(NEARBY, "client.rack=b metadata.max.age.ms=2000", story));
    assert!(replicas.contains(&None), "{replicas:?}");
    // When it is in sync again the leader names it again.
    assert_eq!((replicas.first(), replicas.last()), (Some(&Some(2)), Some(&Some(2))));
}

#[test]
fn a_replica_nearby_is_read_from_as_long_as_metadata_is_valid() {
    let history = racks(NEARBY, "client.rack=b metadata.max.age.ms=2000", "");
    // Every two seconds the leader is asked anew, and says the same.
    let replicas = read_from(&history);
    assert!(replicas.len() >= 4 && replicas.iter().all(|replica| *replica == Some(2)), "{replicas:?}");
}

#[test]
fn a_replica_that_does_not_have_the_offset_yet_is_no_reason_to_reset() {
    let history = check(
        r#"
        scenario behind
        brokers 2 racks="a,b" replica.selector.class=RackAwareReplicaSelector replica.lag.time.max.ms=3000
        topic t partitions=1 replication-factor=2 { replicas 1 2 }
        producer p topic=t start="2s" every="100ms" count=200
        group g topic=t auto.offset.reset=earliest { consumer c1 client.rack=b }
        story {
            until processed-by g 30
            // The follower copies nothing any more; the leader goes on without it.
            cut "broker 1" "broker 2"
            until isr t-0 1 within="30s"
            run "1s"
            seek g end
            until lag g "<=2" within="20s"
            until acked 200
            until lag g 0
        }
        "#,
    );
    assert_eq!(read_from(&history), [Some(2), None]);
    let reset = |event: &Event| {
        matches!(event, Event::PositionSet { why: PositionReason::ResetEarliest | PositionReason::ResetLatest, .. })
    };
    assert_eq!(count(&history, reset), 1, "only at the beginning");
}

#[test]
fn a_follower_is_answered_when_there_is_as_much_as_it_wants() {
    let longest = |settings: &str| {
        let history = check(&format!(
            r#"
            scenario min-bytes
            brokers 2 {settings}
            topic t partitions=1 replication-factor=2 {{ replicas 1 2 }}
            producer p topic=t start="2s" every="2130ms" count=5
            story {{ until acked 5 }}
            "#
        ));
        let past = history.past_events();
        let sent = past.iter().filter(|emitted| matches!(emitted.event, Event::RecordSent { .. })).map(|e| e.at);
        let acked = past.iter().filter(|emitted| matches!(emitted.event, Event::RecordAcked { .. })).map(|e| e.at);
        sent.zip(acked).map(|(sent, acked)| acked.since(sent)).max().unwrap()
    };
    assert!(longest("") < Duration::from_millis(40));
    // One small record is not enough: the leader holds the fetch until it has waited long enough.
    assert!(longest("replica.fetch.min.bytes=10000") > Duration::from_millis(200));
}

#[test]
fn answers_that_are_full_leave_nobody_out() {
    for settings in ["replica.fetch.response.max.bytes=1", "fetch.max.bytes=1024"] {
        check(&format!(
            r#"
            scenario full-answers
            brokers 2 {settings}
            topic t partitions=6 replication-factor=2
            producer p topic=t start="2s" every="20ms" count=300 size=600 {{ keys a b c d e f g h i }}
            group g topic=t auto.offset.reset=earliest fetch.max.bytes=1 {{ consumer c1 }}
            story {{
                until acked 300 within="60s"
                until processed-by g 300 within="60s"
            }}
            "#
        ));
    }
}

#[test]
fn a_seek_to_a_moment_does_not_find_what_was_deleted() {
    let history = check(
        r#"
        scenario deleted
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=30
        group g topic=t auto.offset.reset=earliest { consumer c1 }
        story {
            until processed-by g 30
            delete-records t-0 10
            seek g "1s"
            until processed-again 20 within="10s"
        }
        "#,
    );
    let sought = |event: &Event| match event {
        Event::PositionSet { to, why: PositionReason::Seek, .. } => Some(*to),
        _ => None,
    };
    let past = history.past_events();
    let positions: Vec<Offset> = past.iter().filter_map(|emitted| sought(&emitted.event)).collect();
    assert_eq!(positions, [Offset(10)]);
}
