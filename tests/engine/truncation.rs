//! Where logs part after a failover, and how that was found in each release of Kafka.

use crate::test;
use highwater_engine::event::{Event, TruncationReason};
use highwater_engine::history::History;
use highwater_engine::protocol::{Body, Request};
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
}

#[test]
fn asking_the_leader_first_loses_nothing() {
    for mode in ["KIP-101", "KIP-279", "KIP-320", "KIP-595"] {
        let history = loss_by_high_watermark(mode);
        assert_eq!(history.simulation().ledger().totals().lost, 0, "{mode}");
    }
}

/// Broker 2 leads and writes what broker 1 does not get; broker 1 leads for a moment and writes something of its own;
/// broker 2, which never heard of that, leads again, and broker 1 follows.
fn fast_double_failover(truncation: &str) -> History {
    check(&format!(
        r#"
        scenario kip-279
        features truncation="{truncation}" eligible.leader.replicas.version=0 broker.epoch.check=#false
        brokers 2 auto.leader.rebalance.enable=#false
        topic t partitions=1 replication-factor=2 unclean.leader.election.enable=#true {{ replicas 2 1 }}
        producer p topic=t acks=1 start="1h" linger.ms=0
        story {{
            run "2s"
            send p 10
            until acked 10
            run "2s"
            // Broker 1 gets nothing of what follows, and broker 2 cannot hear the controller.
            cut "broker 2" "broker 1"
            send p 5
            until acked 15
            power-off "broker 2"
            wait LeaderElected tp=t-0 leader=1
            until leader t-0 1
            run "1s"
            send p 2
            until acked 17
            run "1s"
            kill "broker 1"
            heal
            start "broker 2"
            wait LeaderActivated broker=2 tp=t-0 within="60s"
            start "broker 1"
            wait FollowerActivated broker=1 tp=t-0 within="30s"
            until isr t-0 "2,1" within="60s"
            send p 3
            run "5s"
        }}
        "#
    ))
}

#[test]
fn replicas_of_different_history_are_told_apart_by_epochs() {
    for mode in ["KIP-279", "KIP-320", "KIP-595"] {
        let history = fast_double_failover(mode);
        assert!(replicas_equal(&history), "{mode}");
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
    let scenario = highwater_engine::scenario::Scenario::parse(
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
