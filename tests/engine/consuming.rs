//! What one consumer does: reset, seek, commits and how they fail, settings and their refusals.

use crate::test;
use highwater_engine::event::{Event, PollFailure};
use highwater_engine::ids::GroupId;
use highwater_engine::scenario::Scenario;
use highwater_engine::sim::Actor;
use highwater_tests::story::{check, count};

#[test]
fn without_an_offset_and_with_reset_none_the_application_ends() {
    let history = check(
        r#"
        scenario reset-none
        brokers 1
        topic t partitions=1 replication-factor=1
        group g topic=t auto.offset.reset=none { consumer c1 }
        story {
            wait ConsumerFailed client=c1 within="20s"
            expect running c1 "false"
        }
        "#,
    );
    let failed = |event: &Event| matches!(event, Event::ConsumerFailed { why: PollFailure::NoOffsetForPartition, .. });
    assert_eq!(count(&history, failed), 1);
}

#[test]
fn reset_by_duration_goes_back_that_far() {
    check(
        r#"
        scenario by-duration
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="1s" every="1s" count=60
        group g topic=t auto.offset.reset="by_duration:PT10S" { consumer c1 stopped=#true }
        story {
            run "50s"
            start c1
            run "30s"
            // The newest are there, and of the older ones only those of ten seconds before it started.
            expect processed-by g ">=15"
            expect processed-by g "<=25"
        }
        "#,
    );
    let history = check(
        r#"
        scenario by-duration-too-young
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="1s" every="100ms" count=20
        group g topic=t auto.offset.reset="by_duration:PT10S" { consumer c1 stopped=#true }
        story {
            run "60s"
            start c1
            run "10s"
            // Nothing is as young as that: it starts at the end.
            expect processed-by g 0
        }
        "#,
    );
    let end = |event: &Event| matches!(event, Event::PositionSet { to, .. } if to.0 == 20);
    assert_eq!(count(&history, end), 1);
}

#[test]
fn seek_goes_to_an_offset_or_to_a_moment() {
    check(
        r#"
        scenario seek
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=30
        group g topic=t auto.offset.reset=earliest { consumer c1 }
        story {
            until processed-by g 30
            seek g 25
            until processed-again 5 within="10s"
            // Record 21 is sent at 4 s.
            seek g "4s"
            until processed-again 15 within="10s"
            seek g end
            run "5s"
            expect processed-again 15
        }
        "#,
    );
}

#[test]
fn an_offset_beyond_the_log_is_reset() {
    let history = check(
        r#"
        scenario out-of-range
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=10
        group g topic=t auto.offset.reset=earliest { consumer c1 }
        story {
            until processed-by g 10
            seek g 1000
            until processed-again 10 within="10s"
        }
        "#,
    );
    assert!(count(&history, |event| matches!(event, Event::PositionSet { to, .. } if to.0 == 0)) >= 1);
}

#[test]
fn a_paused_consumer_polls_on_and_gets_nothing() {
    let history = check(
        r#"
        scenario paused seed=2
        brokers 3
        topic t partitions=2 replication-factor=3
        producer p topic=t start="2s" every="100ms" { keys a b c d }
        group g topic=t auto.offset.reset=earliest max.poll.interval.ms=10000 {
            consumer c1
            consumer c2 stopped=#true
        }
        story {
            until processed-by g ">=10"
            pause-partitions c1
            run "100ms"
            bind before processed-by g
            run "30s"
            // Three poll intervals later it is still a member, and nothing was lost or given away.
            expect processed-by g $before
            expect members g 1
            expect assigned c1 2
            resume-partitions c1
            until lag g "<=60"
            expect skipped 0
            expect processed-again 0
            // A partition that moves is not paused for its next owner, nor for the same one after a rebalance.
            pause-partitions c1
            run "1s"
            bind paused processed-by g
            start c2
            until assigned c2 1
            run "5s"
            expect processed-by g ">$paused"
            until lag g "<=60"
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::MemberLeft { .. })), 0);
}

#[test]
fn commit_sync_waits_for_a_coordinator_and_commit_async_does_not() {
    // With the only broker frozen, the synchronous commit outlasts it; the asynchronous one is lost and not repeated.
    let sync = check(
        r#"
        scenario commit-sync
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="1s" count=5
        group g topic=t auto.offset.reset=earliest { consumer c1 commit=after }
        story {
            until processed-by g 3
            kill "broker 1"
            run "15s"
            start "broker 1"
            until committed g t-0 5 within="60s"
            expect processed-again 0
        }
        "#,
    );
    assert!(count(&sync, |event| matches!(event, Event::RecordProcessed { .. })) >= 5);
    check(
        r#"
        scenario commit-async
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="200ms" count=5
        group g topic=t auto.offset.reset=earliest { consumer c1 commit=async }
        story {
            until processed-by g 5
            until committed g t-0 5 within="10s"
        }
        "#,
    );
}

#[test]
fn auto_commit_happens_in_poll_and_covers_only_earlier_polls() {
    let history = check(
        r#"
        scenario auto-commit
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="10ms" count=50
        group g topic=t auto.offset.reset=earliest max.poll.records=10 auto.commit.interval.ms=0 {
            consumer c1 processing="100ms"
        }
        story {
            until processed-by g ">=25"
            kill c1
            run "2s"
            // Ten records a poll: the third batch is in hand, the second is committed, whatever was processed since.
            expect committed g t-0 20
        }
        "#,
    );
    assert!(count(&history, |event| matches!(event, Event::OffsetCommitted { .. })) >= 2);
}

#[track_caller]
fn refused(settings: &str, words: &[&str]) {
    let text = format!(
        "scenario s\nbrokers 1\ntopic t\ngroup g topic=t {settings} {{ consumer c1 }}\nstory {{ run \"1s\" }}\n"
    );
    let errors = Scenario::parse(&text).unwrap_err();
    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for word in words {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn wrong_settings_are_refused_by_name_range_and_default() {
    refused("max.poll.records=0", &["max.poll.records=0", "1..2147483647", "default 500"]);
    refused("max.poll.interval.msec=1", &["max.poll.interval.msec", "did you mean \"max.poll.interval.ms\""]);
    refused("auto.offset.reset=newest", &["auto.offset.reset", "by_duration:PT1H30M", "default latest"]);
    refused("partition.assignment.strategy=fair", &["partition.assignment.strategy", "cooperative-sticky"]);
    refused("partition.assignment.strategy=\"range,range\"", &["each once", "default range,cooperative-sticky"]);
    refused("group.protocol=modern", &["classic or consumer", "default classic"]);
    refused("group.protocol=consumer session.timeout.ms=6000", &["session.timeout.ms", "cannot be set"]);
    refused(
        "heartbeat.interval.ms=45000",
        &["heartbeat.interval.ms", "must be below session.timeout.ms", "default 3000"],
    );
    refused("group.remote.assignor=range", &["needs group.protocol=consumer"]);
}

/// `offsets.storage=zookeeper`: what the consumers before Kafka 0.9 did.
#[test]
fn offsets_in_zookeeper_outlive_it_and_are_no_records() {
    let history = check(
        r#"
        scenario kept
        brokers 3
        zookeeper
        topic orders partitions=2 replication-factor=3
        producer p1 topic=orders start="5s" every="100ms" count=100 partition=0
        group billing topic=orders auto.offset.reset=earliest offsets.storage=zookeeper auto.commit.interval.ms=1000 {
            consumer c1 processing="5ms"
        }
        story {
            until processed-by billing 30 within="40s"
            until committed billing orders-0 ">=20"
            kill zookeeper
            // Its commits fail, and the application hears of it; polls go on.
            wait CommitRefused client=c1 error=NetworkException
            until processed-by billing 60 within="40s"
            expect committed billing orders-0 "<40"
            kill c1
            start zookeeper
            start c1
            // What the znode says outlived both.
            wait PositionSet client=c1 tp=orders-0 why=Committed within="60s"
            expect position c1 orders-0 "<40"
            until processed-by billing 100 within="60s"
            until committed billing orders-0 100 within="10s"
            expect skipped 0
            expect processed-again ">=20"
        }
        "#,
    );
    // Nothing of it went into `__consumer_offsets`.
    let brokers = history.simulation().actors().filter_map(|(_, actor)| match actor {
        Actor::Broker(broker) => Some(broker),
        _ => None,
    });
    let offsets: usize =
        brokers.filter_map(|broker| broker.groups()?.group(GroupId(0))).map(|group| group.offsets.len()).sum();
    assert_eq!(offsets, 0);
}

#[test]
fn a_zookeeper_is_asked_for_where_offsets_are_kept_there() {
    let text = r#"
        scenario kept
        brokers 1
        topic orders partitions=1 replication-factor=1
        group billing topic=orders offsets.storage=zookeeper {
            consumer c1
        }
        story {
            run "1s"
        }
    "#;
    let refused = |text: &str| Scenario::parse(text).map(|_| ()).map_err(|errors| errors[0].to_string());
    let said = refused(text).unwrap_err();
    assert!(said.contains("offsets.storage") && said.contains("zookeeper"), "{said}");
    assert_eq!(refused(&text.replace("brokers 1", "brokers 1\nzookeeper")), Ok(()));
}
