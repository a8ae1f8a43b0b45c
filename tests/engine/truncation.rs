//! Where logs part after a failover, and how that was found in each release of Kafka.

use crate::test;
use highwater_engine::audit::{Because, Guarantee};
use highwater_engine::event::{Event, TruncationReason};
use highwater_engine::history::History;
use highwater_engine::ids::Offset;
use highwater_engine::protocol::{Body, Request};
use highwater_engine::scenario::{Scenario, Story};
use highwater_tests::story::{check, count};

/// All have the record, only the leader knows that it is committed. The leader dies; broker 3 becomes a follower of
/// broker 2, cannot reach it, and then broker 2 dies as well.
fn loss_by_high_watermark(truncation: &str) -> History {
    check(&format!(
        r#"
        scenario kip-101-loss
        features truncation="{truncation}" eligible.leader.replicas.version=0
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=1 {{ replicas 1 2 3 }}
        producer p topic=t start="2s" count=3 every="1s" linger.ms=0
        story {{
            until acked 2
            cut "broker 2" "broker 3"
            wait RecordAcked
            kill "broker 1"
            wait LeaderElected tp=t-0 leader=2
            wait FollowerActivated broker=3 tp=t-0
            run "1s"
            kill "broker 2"
            wait LeaderElected tp=t-0 leader=3
            run "1s"
        }}
        "#
    ))
}

#[test]
fn truncating_to_the_high_watermark_loses_committed_records() {
    let history = loss_by_high_watermark("high-watermark");
    let cut = |event: &Event| matches!(event, Event::LogTruncated { why: TruncationReason::HighWatermark, .. });
    assert_eq!(count(&history, cut), 1);
    assert_eq!(history.simulation().ledger().totals().lost, 1);
    // It is no defect of this engine, and said to be none.
    let blamed = |event: &Event| {
        matches!(event, Event::GuaranteeGivenUp { guarantee: Guarantee::AckedWriteLost, because, .. }
            if because.has(Because::TruncationMode))
    };
    assert_eq!(count(&history, blamed), 1);
}

#[test]
fn asking_the_leader_first_loses_nothing() {
    for mode in ["KIP-101", "KIP-279", "KIP-320", "KIP-595"] {
        let history = loss_by_high_watermark(mode);
        assert_eq!(history.simulation().ledger().totals().lost, 0, "{mode}");
    }
}

/// Broker 2 leads and writes what broker 1 does not get; broker 1 leads for a moment and writes something of its own;
/// broker 2, which has nothing of that epoch, leads again, and broker 1 follows. Every election is clean.
fn fast_double_failover(truncation: &str, last: &str) -> String {
    format!(
        r#"
        scenario kip-279
        features truncation="{truncation}" eligible.leader.replicas.version=0
        brokers 2 auto.leader.rebalance.enable=#false
        topic t partitions=1 replication-factor=2 min.insync.replicas=1 {{ replicas 1 2 }}
        producer p topic=t acks=1 start="1h" batch.size=0
        story {{
            run "2s"
            stop "broker 1"
            wait NodeStopped node="broker 1"
            start "broker 1"
            until isr t-0 "1,2"
            send p 10
            until acked 10
            run "2s"
            cut "broker 1" "broker 2"
            send p 5
            until acked 15
            run "1s"
            elect-leader t-0
            wait LeaderActivated broker=1 tp=t-0
            run "500ms"
            send p 2
            until acked 17
            expect leader-epoch t-0 2
            expect log-end t-0 1 12
            kill "broker 1"
            wait LeaderActivated broker=2 tp=t-0
            expect leader-epoch t-0 3
            expect log-end t-0 2 15
            heal
            start "broker 1"
            until isr t-0 "1,2"
            send p 3
            until acked 20
            run "5s"
            {last}
        }}
        "#
    )
}

#[test]
fn replicas_of_different_history_are_told_apart_by_epochs() {
    for mode in ["KIP-279", "KIP-320", "KIP-595"] {
        let history = check(&fast_double_failover(mode, ""));
        assert!(replicas_equal(&history), "{mode}");
        let cut = |event: &Event| matches!(event, Event::LogTruncated { from: Offset(12), to: Offset(10), .. });
        assert_eq!(count(&history, cut), 1, "{mode}");
    }
}

#[test]
fn an_answer_that_does_not_name_its_epoch_lets_replicas_differ_for_ever() {
    let history = check(&fast_double_failover("KIP-101", "expect broken LogMatching \">0\""));
    assert!(!replicas_equal(&history));
    assert_eq!(count(&history, |event| matches!(event, Event::LogTruncated { .. })), 0);
    let cells = |replica: usize| {
        let view = highwater_engine::view::stage(history.simulation(), &Default::default());
        view.partitions[0].replicas[replica].cells.clone()
    };
    let different: Vec<usize> = (0..18).filter(|at| cells(0)[*at] != cells(1)[*at]).collect();
    assert_eq!(different, [10, 11]);
}

#[test]
fn a_story_fails_when_a_promise_is_broken_that_it_does_not_expect() {
    let scenario = Scenario::parse(&fast_double_failover("KIP-101", "")).unwrap();
    let failures = Story::tell(&scenario, scenario.seed).unwrap().failures;
    let messages: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
    assert_eq!(messages, ["the promise LogMatching was broken"]);
}

/// Both lose their power: broker 2 its last record, broker 1 nothing. Broker 2 leads and writes another one there.
fn lost_tail(truncation: &str) -> History {
    check(&format!(
        r#"
        scenario kip-101-divergence
        features truncation="{truncation}" eligible.leader.replicas.version=0
        brokers 2
        topic t partitions=1 replication-factor=2 min.insync.replicas=1 {{ replicas 1 2 }}
        producer p topic=t start="1h" linger.ms=0 request.timeout.ms=2000
        story {{
            run "2s"
            send p 1
            until acked 1
            send p 1
            until acked 2
            run "6s"
            power-off "broker 1" kept=2
            run "1s"
            power-off "broker 2" kept=1
            wait PartitionOffline tp=t-0
            start "broker 2"
            wait LeaderActivated broker=2 tp=t-0
            send p 1
            until acked 3
            start "broker 1"
            until isr t-0 "1,2"
            send p 1
            until acked 4
            run "2s"
        }}
        "#
    ))
}

#[test]
fn two_logs_of_the_same_length_differ_when_only_watermarks_are_compared() {
    assert!(!replicas_equal(&lost_tail("high-watermark")));
    for mode in ["KIP-101", "KIP-279", "KIP-320", "KIP-595"] {
        assert!(replicas_equal(&lost_tail(mode)), "{mode}");
    }
}

fn replicas_equal(history: &History) -> bool {
    let view = highwater_engine::view::stage(history.simulation(), &Default::default());
    view.partitions.iter().all(|partition| {
        let first = &partition.replicas[0].cells;
        partition.replicas.iter().all(|replica| replica.cells == *first)
    })
}

#[test]
fn a_high_watermark_alone_is_not_answered_by_naming_the_partition_again() {
    let scenario = Scenario::parse(
        r#"
        scenario session
        brokers 2
        topic t partitions=1 replication-factor=2 { replicas 1 2 }
        producer p topic=t start="2s" count=1 linger.ms=0
        "#,
    )
    .unwrap();
    let observe = highwater_engine::sim::Observe::NOTHING;
    let mut simulation = highwater_engine::sim::Simulation::new(&scenario.spec, 1, observe).unwrap();
    let mut named = std::collections::BTreeMap::new();
    while simulation.now() < highwater_engine::time::Instant(5_000_000) && simulation.step().is_some() {
        for envelope in simulation.network().in_flight() {
            if let Body::Request(_, Request::Fetch(fetch)) = &envelope.body
                && fetch.replica.is_some()
                && simulation.now().0 > 2_100_000
            {
                named.insert(envelope.id, fetch.partitions.len());
            }
        }
    }
    // The record is acknowledged; the high watermark that follows is news to the follower, not to the leader.
    assert!(named.values().all(|count| *count == 0), "{named:?}");
    assert!(named.len() >= 5);
}
