//! Rebalancing: eager, cooperative, static members, and the coordinator's own protocol (KIP-848).

use crate::test;
use highwater_engine::event::{Event, GroupState, LeaveReason, PollFailure};
use highwater_engine::history::History;
use highwater_engine::ids::{NodeId, TopicPartition};
use highwater_tests::story::{check, count};
use std::collections::BTreeMap;

/// Partitions taken from `client`, not counting those it lost.
fn revoked(history: &History, client: &str) -> usize {
    let client = history.simulation().directory().find_node(client).unwrap();
    history
        .past_events()
        .iter()
        .map(|emitted| match &emitted.event {
            Event::PartitionsRevoked { client: from, partitions, lost: false, .. } if *from == client => {
                partitions.len()
            }
            _ => 0,
        })
        .sum()
}

/// No partition has two readers at any moment, as the members themselves see it.
#[track_caller]
fn check_one_owner(history: &History) {
    let mut owners: BTreeMap<TopicPartition, NodeId> = BTreeMap::new();
    for emitted in history.past_events() {
        match &emitted.event {
            Event::PartitionsAssigned { client, partitions, .. } => {
                for tp in partitions {
                    let before = owners.insert(*tp, *client);
                    assert!(before.is_none_or(|owner| owner == *client), "{tp:?} has two owners at {}", emitted.at);
                }
            }
            Event::PartitionsRevoked { client, partitions, .. } => {
                for tp in partitions {
                    assert_eq!(owners.remove(tp), Some(*client), "{tp:?} at {}", emitted.at);
                }
            }
            Event::NodeStopped { node, .. } => owners.retain(|_, owner| owner != node),
            _ => {}
        }
    }
}

fn generations(history: &History) -> usize {
    count(history, |event| matches!(event, Event::GroupStateChanged { state: GroupState::Stable, .. }))
}

const JOINING: &str = r#"
    scenario joining
    brokers 3
    topic t partitions=6 replication-factor=3
    producer p topic=t start="2s" every="20ms" { keys a b c d e f g h i j }
    group g topic=t auto.offset.reset=earliest PROTOCOL {
        consumer c1 processing="1ms"
        consumer c2 processing="1ms"
        consumer c3 processing="1ms" stopped=#true
    }
    story {
        until assigned c1 3
        until assigned c2 3
        run "8s"
        start c3
        until assigned c3 2 within="30s"
        until group-state g Stable
        run "10s"
        expect assigned c1 2
        expect assigned c2 2
        expect processed-again 0
        expect skipped 0
    }
"#;

#[test]
fn an_eager_rebalance_takes_everything_away_and_a_cooperative_one_only_what_moves() {
    let eager = check(&JOINING.replace("PROTOCOL", "partition.assignment.strategy=range"));
    // From both members all three.
    assert_eq!(revoked(&eager, "c1") + revoked(&eager, "c2"), 6);
    assert_eq!(generations(&eager), 2, "one round");

    let cooperative = check(&JOINING.replace("PROTOCOL", "partition.assignment.strategy=cooperative-sticky"));
    assert_eq!(revoked(&cooperative, "c1") + revoked(&cooperative, "c2"), 2);
    assert_eq!(generations(&cooperative), 3, "one round to revoke, one to hand over");
    check_one_owner(&cooperative);
}

#[test]
fn the_consumer_protocol_moves_members_one_by_one() {
    let history = check(&JOINING.replace("PROTOCOL", "group.protocol=consumer"));
    // The first member had all six and gave three to the second; the third took one from each.
    assert_eq!(revoked(&history, "c1") + revoked(&history, "c2"), 3 + 2);
    check_one_owner(&history);
    let joins = |event: &Event| matches!(event, Event::GroupStateChanged { state: GroupState::PreparingRebalance, .. });
    assert_eq!(count(&history, joins), 0, "there is no barrier");
}

#[test]
fn the_default_strategies_vote_for_range() {
    // range and cooperative-sticky are offered; range is first, and one eager assignor makes the member eager.
    let history = check(&JOINING.replace("PROTOCOL", ""));
    assert_eq!(revoked(&history, "c1") + revoked(&history, "c2"), 6);
}

#[test]
fn a_member_that_shares_no_assignor_is_refused() {
    check(
        r#"
        scenario no-common-assignor
        brokers 1
        topic t partitions=2 replication-factor=1
        group g topic=t {
            consumer c1 partition.assignment.strategy="range"
            consumer c2 partition.assignment.strategy="sticky" stopped=#true
        }
        story {
            until assigned c1 2
            start c2
            wait ConsumerFailed client=c2 within="10s"
            expect running c2 "false"
            expect assigned c1 2
        }
        "#,
    );
}

#[test]
fn a_static_member_that_restarts_in_time_moves_nothing() {
    let history = check(
        r#"
        scenario static-restart
        brokers 3
        topic t partitions=4 replication-factor=3
        producer p topic=t start="2s" every="50ms" { keys a b c d e f g h }
        group g topic=t auto.offset.reset=earliest {
            consumer c1 group.instance.id=one commit=each
            consumer c2 group.instance.id=two commit=each
        }
        story {
            until assigned c1 2
            until assigned c2 2
            run "5s"
            bind before generation g
            stop c2
            run "10s"
            // Nobody takes its partitions over.
            expect assigned c1 2
            start c2
            until assigned c2 2 within="10s"
            expect generation g "$before"
            run "5s"
            expect skipped 0
            expect processed-again 0
        }
        "#,
    );
    assert_eq!(revoked(&history, "c1"), 0);
}

#[test]
fn a_dead_static_member_is_missed_after_its_session() {
    let history = check(
        r#"
        scenario static-dead
        brokers 3
        topic t partitions=4 replication-factor=3
        group g topic=t {
            consumer c1 group.instance.id=one
            consumer c2 group.instance.id=two
        }
        story {
            until assigned c1 2
            until assigned c2 2
            stop c2
            run "30s"
            expect assigned c1 2
            until assigned c1 4 within="30s"
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::MemberLeft { why: LeaveReason::SessionTimeout, .. })), 1);
}

#[test]
fn two_processes_with_one_instance_id_cannot_both_live() {
    for protocol in ["classic", "consumer"] {
        let history = check(&format!(
            r#"
            scenario fenced-instance
            brokers 3
            topic t partitions=2 replication-factor=3
            group g topic=t group.instance.id=same group.protocol={protocol} {{
                consumer c1
                consumer c2 stopped=#true
            }}
            story {{
                until assigned c1 2
                start c2
                wait ConsumerFailed within="20s"
            }}
            "#
        ));
        let fenced = |event: &Event| matches!(event, Event::ConsumerFailed { why: PollFailure::FencedInstanceId, .. });
        let refused = |event: &Event| matches!(event, Event::ConsumerFailed { why: PollFailure::Refused(_), .. });
        // Classic: the older one is fenced. KIP-848: the id is not given out while its holder is there.
        assert_eq!(
            (count(&history, fenced), count(&history, refused)),
            if protocol == "classic" { (1, 0) } else { (0, 1) }
        );
    }
}

#[test]
fn a_kip_848_member_that_leaves_crashes_or_freezes_is_replaced() {
    let history = check(
        r#"
        scenario epochs
        brokers 3
        topic t partitions=6 replication-factor=3
        producer p topic=t start="2s" every="50ms" { keys a b c d e f g h }
        group g topic=t auto.offset.reset=earliest group.protocol=consumer {
            consumer c1 commit=each
            consumer c2 commit=each
            consumer c3 commit=each
        }
        story {
            until assigned c1 2
            until assigned c2 2
            until assigned c3 2
            run "5s"
            stop c3
            until assigned c1 3 within="20s"
            until assigned c2 3 within="20s"
            kill c2
            run "30s"
            expect assigned c1 3
            until assigned c1 6 within="40s"
            start c2
            until assigned c2 3 within="30s"
            // A long freeze: the coordinator fences it, its commit is refused, it starts over.
            pause c2
            until assigned c1 6 within="60s"
            resume c2
            wait PartitionsRevoked client=c2 lost=#true within="20s"
            until assigned c2 3 within="30s"
            until group-state g Stable within="30s"
            expect skipped 0
        }
        "#,
    );
    assert!(count(&history, |event| matches!(event, Event::MemberLeft { why: LeaveReason::SessionTimeout, .. })) >= 2);
}

#[test]
fn slow_processing_leaves_a_kip_848_group_too_and_a_static_member_falls_silent() {
    for (settings, why) in [
        ("group.protocol=consumer", LeaveReason::Leave),
        ("group.instance.id=one session.timeout.ms=6000", LeaveReason::SessionTimeout),
    ] {
        let history = check(&format!(
            r#"
            scenario slow
            brokers 1
            topic t partitions=1 replication-factor=1
            producer p topic=t start="2s" every="100ms" count=3
            group g topic=t auto.offset.reset=earliest max.poll.interval.ms=5000 max.poll.records=1 {settings} {{
                consumer c1 processing="20s"
            }}
            story {{
                until assigned c1 1
                wait MemberLeft group=g within="40s"
                wait PartitionsRevoked lost=#true within="40s"
                until assigned c1 1 within="40s"
            }}
            "#
        ));
        assert!(
            count(&history, |event| matches!(event, Event::MemberLeft { why: w, .. } if *w == why)) >= 1,
            "{settings}"
        );
    }
}

#[test]
fn a_group_of_either_protocol_survives_its_coordinator() {
    for settings in [
        "partition.assignment.strategy=cooperative-sticky",
        "group.protocol=consumer",
        "group.protocol=consumer group.remote.assignor=range",
    ] {
        let history = check(&format!(
            r#"
            scenario coordinator-dies
            brokers 3
            topic t partitions=4 replication-factor=3 min.insync.replicas=2
            producer p topic=t start="2s" every="100ms" count=500 {{ keys a b c d e f g h }}
            group g topic=t auto.offset.reset=earliest {settings} {{
                consumer c1 commit=each
                consumer c2 commit=each
            }}
            story {{
                until processed-by g ">=20"
                kill "broker 1"
                run "20s"
                start "broker 1"
                run "20s"
                kill "broker 2"
                run "20s"
                start "broker 2"
                run "20s"
                kill "broker 3"
                run "20s"
                start "broker 3"
                until processed-by g 500 within="200s"
                until group-state g Stable within="60s"
                expect assigned c1 2
                expect assigned c2 2
                expect skipped 0
            }}
            "#
        ));
        assert!(count(&history, |event| matches!(event, Event::CoordinatorLoaded { .. })) >= 1, "{settings}");
    }
}

#[test]
fn the_initial_delay_is_extended_while_members_come() {
    // Three members two seconds apart; with single windows of 3 s the third would need a second rebalance.
    let history = check(
        r#"
        scenario initial-delay
        brokers 1
        topic t partitions=3 replication-factor=1
        group g topic=t {
            consumer c1
            consumer c2 stopped=#true
            consumer c3 stopped=#true
        }
        at "2s" { start c2 }
        at "4s" { start c3 }
        story {
            until assigned c1 1 within="30s"
            until assigned c2 1 within="10s"
            until assigned c3 1 within="10s"
            expect generation g 1
        }
        "#,
    );
    assert_eq!(generations(&history), 1);
}

#[test]
fn offsets_of_a_group_without_members_expire() {
    let history = check(
        r#"
        scenario offsets-expire
        brokers 1 offsets.retention.minutes=1 offsets.retention.check.interval.ms=10000
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=20
        group g topic=t auto.offset.reset=earliest { consumer c1 }
        story {
            until processed-by g 20
            run "10s"
            expect committed g t-0 20
            stop c1
            run "55s"
            expect committed g t-0 20
            wait OffsetsExpired group=g within="60s"
            expect committed g t-0 -1
            // Nothing committed: earliest reads everything again.
            start c1
            until processed-again 20 within="30s"
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::OffsetsExpired { .. })), 1);
}

#[test]
fn offsets_of_a_group_at_work_do_not_expire() {
    check(
        r#"
        scenario offsets-stay
        brokers 1 offsets.retention.minutes=1 offsets.retention.check.interval.ms=10000
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=20
        group g topic=t auto.offset.reset=earliest { consumer c1 commit=each }
        story {
            until processed-by g 20
            run "180s"
            expect committed g t-0 20
        }
        "#,
    );
}
