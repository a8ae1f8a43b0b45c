//! Logs that are cut at the front, compacted, lost or damaged while a cluster works on them: nothing that is promised breaks,
//! and the trace says of every record how it left.

use crate::checker::check as check_trace;
use crate::test;
use highwater_engine::event::{Event, LogStartReason, TruncationReason};
use highwater_engine::history::History;
use highwater_engine::time::{Duration, Instant};
use highwater_engine::trace::Exporter;
use highwater_tests::story::{check, count};

/// Tells a story whose expectations have to hold, and whose trace an independent checker has to accept.
fn told(text: &str) -> History {
    let history = check(text);
    assert_eq!(count(&history, |event| matches!(event, Event::PromiseBroken { .. })), 0);
    let until = history.simulation().now() + Duration::from_millis(1);
    let trace = Exporter::new(history.recording(), until.max(Instant::ZERO), 1).unwrap().whole();
    let complaints = check_trace(&trace);
    assert!(
        complaints.is_empty(),
        "{} complaints\n{}",
        complaints.len(),
        complaints[..complaints.len().min(8)].join("\n")
    );
    history
}

#[test]
fn retention_deletes_what_a_slow_consumer_has_not_read() {
    let history = told(
        r#"
        scenario retention
        brokers 3 log.retention.check.interval.ms=5000
        topic t partitions=1 replication-factor=3 segment.ms=3000 retention.ms=8000 { replicas 1 2 3 }
        producer p topic=t start="5s" every="500ms" count=80
        group g topic=t auto.offset.reset=earliest { consumer c processing="20ms" }
        story {
            until acked 10
            pause c
            until log-start t-0 1 ">20"
            resume c
            wait PositionSet client=c why=ResetEarliest
            until acked 80
            run "60s"
            expect lost 0
            expect segments t-0 1 "<=3"
        }
        "#,
    );
    let skipped = |event: &Event| matches!(event, Event::GuaranteeGivenUp { because, .. } if !because.is_empty());
    assert!(count(&history, skipped) > 0, "a position jumped over records that retention had deleted");
}

#[test]
fn a_replica_that_ends_below_its_leaders_beginning_begins_anew() {
    let history = told(
        r#"
        scenario reset
        brokers 3 log.retention.check.interval.ms=5000
        topic t partitions=1 replication-factor=3 segment.ms=3000 retention.ms=8000 min.insync.replicas=1 { replicas 1 2 3 }
        producer p topic=t start="5s" every="500ms" count=200
        story {
            until acked 10
            stop "broker 3"
            until log-start t-0 1 ">40"
            start "broker 3"
            wait LogStartRaised broker=3 why=Reset
            until isr t-0 "1,2,3"
            // What it does not have was deleted on purpose: no loss, when it leads.
            kill "broker 1"
            until leader t-0 2
            kill "broker 2"
            until leader t-0 3
            run "10s"
            expect lost 0
        }
        "#,
    );
    let reset = |event: &Event| matches!(event, Event::LogStartRaised { why: LogStartReason::Reset, .. });
    assert_eq!(count(&history, reset), 1);
}

#[test]
fn delete_records_moves_the_log_start_of_every_replica() {
    told(
        r#"
        scenario delete-records
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        producer p topic=t start="5s" every="100ms" count=20
        story {
            until acked 10
            delete-records t-0 7
            until log-start t-0 1 7
            until log-start t-0 2 7
            until log-start t-0 3 7
            kill "broker 1"
            until leader t-0 2
            until acked 20
            expect lost 0
        }
        "#,
    );
}

#[test]
fn a_compacted_log_is_copied_and_led_without_a_loss() {
    let history = told(
        r#"
        scenario compaction
        brokers 3 log.cleaner.backoff.ms=2000
        topic t partitions=1 replication-factor=3 cleanup.policy=compact segment.ms=3000 min.cleanable.dirty.ratio=0.1 delete.retention.ms=5000 { replicas 1 2 3 }
        producer p topic=t start="5s" every="300ms" count=60 { keys a b c }
        story {
            until acked 20
            tombstone p b
            wait LogCompacted broker=1
            disk-lost "broker 3"
            run "30s"
            start "broker 3"
            until isr t-0 "1,2,3"
            until acked 60
            run "5s"
            kill "broker 1"
            until leader t-0 2
            kill "broker 2"
            until leader t-0 3
            run "10s"
            expect lost 0
            expect records t-0 3 "<30"
            expect log-end t-0 3 60
        }
        "#,
    );
    let compacted = |event: &Event| matches!(event, Event::LogCompacted { .. });
    assert!(count(&history, compacted) >= 3);
}

#[test]
fn records_of_an_aborted_transaction_replace_nothing() {
    told(
        r#"
        scenario aborted-compaction
        brokers 1 log.cleaner.backoff.ms=2000 transaction.state.log.replication.factor=1 transaction.state.log.min.isr=1
        topic t partitions=1 replication-factor=1 cleanup.policy=compact segment.ms=3000 min.cleanable.dirty.ratio=0.01 { replicas 1 }
        producer w topic=t start="3s" count=1 { keys a }
        producer x topic=t start="6s" every="4s" count=4 transactional.id=x transaction-records=1 abort-every=1 hold="1s" { keys a }
        group g topic=t auto.offset.reset=earliest isolation.level=read_committed { consumer c processing="5ms" }
        story {
            until acked 1
            wait LogCompacted broker=1
            run "30s"
            expect processed-by g 1
            expect processed-again 0
            // The committed value of key a is still there for who begins anew.
            seek g beginning
            run "5s"
            expect processed-again 1
        }
        "#,
    );
}

#[test]
fn the_offsets_topic_is_compacted_and_a_new_coordinator_reads_the_same() {
    for protocol in ["classic", "consumer"] {
        // The checker knows generations of classic groups only.
        let tell = if protocol == "classic" { told } else { check };
        tell(&format!(
            r#"
            scenario offsets
            brokers 3 log.cleaner.backoff.ms=1000 offsets.topic.num.partitions=1 offsets.topic.segment.bytes=1048576
            topic t partitions=2 replication-factor=3 {{ replicas 1 2 3; replicas 2 3 1 }}
            producer p topic=t start="5s" every="150ms" count=1500
            group g topic=t auto.offset.reset=earliest group.protocol={protocol} auto.commit.interval.ms=100 {{
                consumer c1 processing="5ms"
                consumer c2 processing="5ms"
            }}
            story {{
                until processed-by g 50
                alter-config __consumer_offsets segment.ms=2000
                alter-config __consumer_offsets min.cleanable.dirty.ratio=0
                wait LogCompacted
                kill c2
                wait LogCompacted within="120s"
                run "20s"
                // One of them coordinates the group.
                kill "broker 1"
                run "40s"
                start "broker 1"
                run "40s"
                kill "broker 2"
                run "40s"
                start "broker 2"
                run "40s"
                kill "broker 3"
                until processed-by g 1500
                run "5s"
                expect lost 0
                expect processed-again "<=60"
            }}
            "#
        ));
    }
}

#[test]
fn a_torn_batch_is_found_by_its_crc_and_cut() {
    let history = told(
        r#"
        scenario torn
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=1 { replicas 1 2 3 }
        producer p topic=t start="5s" every="100ms" count=60 linger.ms=0
        story {
            until acked 20
            power-off "broker 3" kept=2 torn=#true
            run "5s"
            start "broker 3"
            wait LogTruncated broker=3 why=Corrupt
            until isr t-0 "1,2,3"
            until acked 60
            expect lost 0
        }
        "#,
    );
    let cut = |event: &Event| matches!(event, Event::LogTruncated { why: TruncationReason::Corrupt, .. });
    assert_eq!(count(&history, cut), 1);
}
