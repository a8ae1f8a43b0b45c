//! Consumer groups, classic protocol.

use crate::test;
use highwater_engine::event::{Event, LeaveReason};
use highwater_tests::story::{check, count};

#[test]
fn members_share_the_partitions_and_take_over_from_one_that_leaves() {
    let history = check(
        r#"
        scenario take-over
        brokers 3
        topic t partitions=4 replication-factor=3
        producer p topic=t start="2s" every="50ms" { keys a b c d e f g h }
        group g topic=t auto.offset.reset=earliest {
            consumer c1
            consumer c2
        }
        story {
            until group-state g Stable
            until assigned c1 2
            until assigned c2 2
            run "8s"
            stop c2
            until assigned c1 4 within="10s"
            expect group-state g Stable
            start c2
            until assigned c2 2 within="10s"
            run "10s"
            // A graceful leave commits first: nothing is read twice, nothing is skipped.
            expect processed-again 0
            expect skipped 0
        }
        "#,
    );
    let left = |event: &Event| matches!(event, Event::MemberLeft { why: LeaveReason::Leave, .. });
    assert_eq!(count(&history, left), 1);
}

#[test]
fn a_crashed_member_is_missed_after_its_session_timeout() {
    let history = check(
        r#"
        scenario session
        brokers 3
        topic t partitions=2 replication-factor=3
        producer p topic=t start="2s" every="100ms" { keys a b c d e f g h }
        group g topic=t auto.offset.reset=earliest {
            consumer c1
            consumer c2
        }
        story {
            until assigned c1 1
            until assigned c2 1
            run "8s"
            kill c2
            run "35s"
            // session.timeout.ms is 45 s: until then its partition has no reader.
            expect assigned c1 1
            until assigned c1 2 within="20s"
            run "5s"
            // What c2 had read since its last automatic commit is read again.
            expect processed-again ">=1"
            expect skipped 0
        }
        "#,
    );
    let left = |event: &Event| matches!(event, Event::MemberLeft { why: LeaveReason::SessionTimeout, .. });
    assert_eq!(count(&history, left), 1);
}

#[test]
fn more_members_than_partitions_leave_one_idle() {
    check(
        r#"
        scenario idle-member
        brokers 1
        topic t partitions=2 replication-factor=1
        group g topic=t {
            consumer c1
            consumer c2
            consumer c3
        }
        story {
            until group-state g Stable
            run "10s"
            expect assigned c1 1
            expect assigned c2 1
            expect assigned c3 0
        }
        "#,
    );
}

#[test]
fn every_group_reads_everything_at_its_own_pace() {
    check(
        r#"
        scenario two-groups
        brokers 3
        topic t partitions=3 replication-factor=3
        producer p topic=t start="2s" every="50ms" count=60 { keys a b c d e f g h }
        group fast topic=t auto.offset.reset=earliest { consumer f1 }
        group slow topic=t auto.offset.reset=earliest { consumer s1 processing="200ms" }
        story {
            until processed-by fast 60
            expect processed-by slow "<60"
            until processed-by slow 60
            expect processed-again 0
        }
        "#,
    );
}

#[test]
fn a_group_survives_its_coordinator_because_its_offsets_are_a_log() {
    // The group "g" belongs to partition 3 of 50; whichever broker leads that, all three are killed in turn.
    let history = check(
        r#"
        scenario coordinator-failover
        brokers 3
        topic t partitions=3 replication-factor=3 min.insync.replicas=2
        producer p topic=t start="2s" every="100ms" count=600 { keys a b c d e f g h }
        group g topic=t auto.offset.reset=earliest { consumer c1 commit=each }
        story {
            until processed-by g ">=20"
            kill "broker 1"
            run "25s"
            start "broker 1"
            run "20s"
            kill "broker 2"
            run "25s"
            start "broker 2"
            run "20s"
            kill "broker 3"
            run "25s"
            start "broker 3"
            until processed-by g 600 within="200s"
            expect skipped 0
        }
        "#,
    );
    assert!(count(&history, |event| matches!(event, Event::CoordinatorLoaded { .. })) >= 1);
}

#[test]
fn a_member_of_an_old_generation_cannot_commit() {
    let history = check(
        r#"
        scenario zombie-commit
        brokers 3
        topic t partitions=2 replication-factor=3
        producer p topic=t start="2s" every="100ms" { keys a b c d e f g h }
        group g topic=t auto.offset.reset=earliest session.timeout.ms=6000 {
            consumer c1 commit=each
            consumer c2 commit=each
        }
        story {
            until assigned c1 1
            until assigned c2 1
            until processed-by g ">=10"
            // A long pause: the coordinator gives c2's partition to c1, and c2 does not know.
            pause c2
            until assigned c1 2 within="20s"
            resume c2
            wait CommitRefused client=c2 within="10s"
            wait PartitionsRevoked client=c2 lost=#true within="10s"
            until assigned c2 1 within="20s"
            expect skipped 0
        }
        "#,
    );
    assert!(count(&history, |event| matches!(event, Event::PartitionsRevoked { lost: true, .. })) >= 1);
}

#[test]
fn processing_longer_than_max_poll_interval_makes_the_client_leave() {
    let history = check(
        r#"
        scenario slow-processing
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=5
        group g topic=t auto.offset.reset=earliest max.poll.interval.ms=5000 max.poll.records=1 {
            consumer c1 processing="8s"
        }
        story {
            until group-state g Stable
            wait MemberLeft group=g within="30s"
            wait PartitionsRevoked lost=#true within="30s"
            until group-state g Stable within="30s"
        }
        "#,
    );
    let left = |event: &Event| matches!(event, Event::MemberLeft { why: LeaveReason::Leave, .. });
    assert!(count(&history, left) >= 1, "the heartbeat thread says good-bye itself");
}

#[test]
fn reset_to_latest_skips_the_backlog_and_earliest_reads_it() {
    check(
        r#"
        scenario reset
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="500ms" every="100ms" count=50
        group early topic=t auto.offset.reset=earliest { consumer e1 }
        group late topic=t auto.offset.reset=latest { consumer l1 }
        story {
            until processed-by early 50
            run "2s"
            expect processed-by late "<50"
        }
        "#,
    );
}

#[test]
fn seek_to_the_beginning_reads_everything_again() {
    check(
        r#"
        scenario replay
        brokers 1
        topic t partitions=2 replication-factor=1
        producer p topic=t start="2s" every="20ms" count=30 { keys a b c d e f g h }
        group g topic=t auto.offset.reset=earliest { consumer c1 }
        story {
            until processed-by g 30
            seek g beginning
            until processed-again 30
            expect lost 0
        }
        "#,
    );
}
