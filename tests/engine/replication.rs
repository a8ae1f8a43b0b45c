//! How a record becomes committed, and what happens when replicas fall behind.

use crate::test;
use highwater_engine::event::{Event, TruncationReason};
use highwater_engine::protocol::ErrorCode;
use highwater_tests::story::{check, count};

#[test]
fn a_followers_high_watermark_trails_by_one_fetch() {
    let history = check(
        r#"
        scenario one-fetch-behind
        brokers 2
        topic t partitions=1 replication-factor=2 min.insync.replicas=2 { replicas 1 2 }
        producer p topic=t start="2s" count=1 linger.ms=0
        story {
            // Fetch 1 brings the record; the leader learns that the follower has it from fetch 2, and commits it.
            wait RecordsAppended broker=1 tp=t-0 as_leader=#true
            expect high-watermark t-0 1 0
            wait RecordsAppended broker=2 tp=t-0 as_leader=#false
            expect high-watermark t-0 1 0
            expect log-end t-0 2 1
            wait HighWatermarkAdvanced broker=1 tp=t-0 to=1
            // The leader has committed the record; its follower does not know it yet.
            expect high-watermark t-0 2 0
            wait RecordAcked
            expect high-watermark t-0 2 0
            // It hears of it with the next answer, at the latest after replica.fetch.wait.max.ms.
            wait HighWatermarkAdvanced broker=2 tp=t-0 to=1 within="510ms"
        }
        "#,
    );
    assert_eq!(history.simulation().ledger().totals().acked, 1);
}

#[test]
fn a_hung_follower_leaves_the_isr_after_replica_lag_time_and_comes_back() {
    check(
        r#"
        scenario isr
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="2s" every="200ms"
        story {
            until acked ">=5"
            // Cut off from the leader alone, broker 3 still sends heartbeats: only its lag can give it away.
            cut "broker 1" "broker 3"
            bind before acked
            run "25s"
            expect isr t-0 "1,2,3"
            // The maximal ISR still counts broker 3: nothing is committed without it.
            wait IsrShrinkProposed tp=t-0 within="21s"
            wait IsrChanged tp=t-0
            expect isr t-0 "1,2"
            expect leader t-0 1
            expect leader-epoch t-0 0
            until acked ">$before" within="2s"
            heal
            until isr t-0 "1,2,3" within="45s"
            until replicas-equal t-0 #true
            expect lost 0
        }
        "#,
    );
}

#[test]
fn a_slow_change_of_the_isr_holds_up_no_heartbeat() {
    let history = check(
        r#"
        scenario slow-alter-partition
        brokers 2 replica.lag.time.max.ms=3000
        topic t partitions=1 replication-factor=2 min.insync.replicas=1 { replicas 1 2 }
        producer p topic=t start="2s" count=100 every="200ms" acks=1
        story {
            run "4s"
            delay-next AlterPartition "broker 1" controller "15s"
            cut "broker 1" "broker 2"
            wait IsrShrinkProposed broker=1 tp=t-0
            run "14s"
            expect isr t-0 "1,2"
            run "2s"
            expect isr t-0 "1"
        }
        "#,
    );
    // It goes on a connection of its own, so the leader's session at the controller stays alive.
    assert_eq!(count(&history, |event| matches!(event, Event::BrokerFenced { .. })), 0);
}

#[test]
fn below_min_insync_replicas_acks_all_is_refused_and_acks_1_is_not() {
    let history = check(
        r#"
        scenario min-isr
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer all topic=t start="2s" every="500ms" acks=all
        producer one topic=t start="2s" every="500ms" acks=1
        story {
            until acked ">=6"
            kill "broker 2"
            kill "broker 3"
            until isr t-0 "1"
            wait ProduceRetried producer=all error=NotEnoughReplicas
            bind frozen high-watermark t-0 1
            wait RecordAcked producer=one
            run "3s"
            // acks=1 writes enter the log, but nothing is committed: the high watermark stands still.
            expect high-watermark t-0 1 "$frozen"
            start "broker 2"
            until isr t-0 "1,2" within="60s"
            wait RecordAcked producer=all
            expect lost 0
        }
        "#,
    );
    let refused = |event: &Event| matches!(event, Event::ProduceRetried { error: ErrorCode::NotEnoughReplicas, .. });
    assert!(count(&history, refused) >= 1);
}

#[test]
fn without_unclean_election_a_partition_waits_for_its_last_in_sync_replica() {
    check(
        r#"
        scenario wait-for-the-isr
        features eligible.leader.replicas.version=0
        brokers 2
        topic t partitions=1 replication-factor=2 { replicas 1 2 }
        producer p topic=t start="2s" every="500ms" count=40
        story {
            until acked ">=3"
            kill "broker 2"
            until isr t-0 "1"
            until acked ">=8"
            kill "broker 1"
            wait PartitionOffline tp=t-0
            start "broker 2"
            wait BrokerUnfenced broker=2
            run "5s"
            // Broker 2 is back, but it lacks records that were acknowledged: it may not lead.
            expect leader t-0 "-1"
            expect isr t-0 "1"
            start "broker 1"
            until leader t-0 1
            until acked 40 within="200s"
            expect lost 0
        }
        "#,
    );
}

#[test]
fn with_eligible_leader_replicas_the_last_leader_is_waited_for_too() {
    check(
        r#"
        scenario wait-for-the-last-leader
        brokers 2
        topic t partitions=1 replication-factor=2 { replicas 1 2 }
        producer p topic=t start="2s" every="500ms" count=40
        story {
            until acked ">=3"
            kill "broker 2"
            until isr t-0 "1"
            until acked ">=8"
            kill "broker 1"
            wait PartitionOffline tp=t-0
            start "broker 2"
            wait BrokerUnfenced broker=2
            run "5s"
            // Broker 2 is back, but it lacks records that were acknowledged: it may not lead.
            expect leader t-0 "-1"
            // With eligible leader replicas an ISR may be empty: broker 1 is eligible, and was the last to lead.
            expect isr t-0 ""
            expect elr t-0 "1"
            start "broker 1"
            // It was killed, so it may have lost what was not fsynced: it is not eligible any more.
            wait ElrChanged tp=t-0 elr=""
            // But nobody can have more than the last leader had.
            wait LeaderElected tp=t-0 leader=1 unclean=#true
            until leader t-0 1
            until acked 40 within="200s"
            expect lost 0
        }
        "#,
    );
}

#[test]
fn an_unclean_election_makes_the_partition_available_and_loses_records() {
    let history = check(
        r#"
        scenario unclean
        brokers 2
        topic t partitions=1 replication-factor=2 unclean.leader.election.enable=#true { replicas 1 2 }
        producer p topic=t start="2s" every="500ms" count=60
        story {
            until acked ">=3"
            kill "broker 2"
            until isr t-0 "1"
            until acked ">=8"
            kill "broker 1"
            wait PartitionOffline tp=t-0
            start "broker 2"
            wait LeaderElected tp=t-0 unclean=#true
            expect leader t-0 2
            wait AckedRecordLost tp=t-0
            expect lost ">=5"
            start "broker 1"
            wait LogTruncated broker=1 tp=t-0
            until isr t-0 "1,2"
            until replicas-equal t-0 #true
        }
        "#,
    );
    let cut = |event: &Event| matches!(event, Event::LogTruncated { why: TruncationReason::DivergingEpoch, .. });
    assert!(count(&history, cut) >= 1);
}

#[test]
fn a_power_cut_of_the_whole_isr_loses_what_was_not_fsynced() {
    check(
        r#"
        scenario power
        brokers 3
        topic unsafe partitions=1 replication-factor=3 min.insync.replicas=2
        topic safe partitions=1 replication-factor=3 min.insync.replicas=2 flush.messages=1
        producer p topic=unsafe start="2s" every="100ms" count=20
        producer q topic=safe start="2s" every="100ms" count=20
        story {
            until acked 40
            run "3s"
            power-off "broker 1"
            power-off "broker 2"
            power-off "broker 3"
            run "20s"
            start "broker 1"
            start "broker 2"
            start "broker 3"
            until leader unsafe-0 ">=1" within="60s"
            until leader safe-0 ">=1" within="60s"
            run "10s"
            // acks=all means in the page cache of every in-sync replica, not on its disk.
            expect lost 20
            expect log-end unsafe-0 1 0
            expect log-end safe-0 1 20
        }
        "#,
    );
}

#[test]
fn a_process_crash_of_the_whole_isr_loses_nothing() {
    check(
        r#"
        scenario crash-of-all
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2
        producer p topic=t start="2s" every="100ms" count=20
        story {
            until acked 20
            kill "broker 1"
            kill "broker 2"
            kill "broker 3"
            run "20s"
            start "broker 1"
            start "broker 2"
            start "broker 3"
            until leader t-0 ">=1" within="60s"
            until replicas-equal t-0 #true
            expect lost 0
            expect log-end t-0 1 20
        }
        "#,
    );
}

#[test]
fn a_dead_controller_stops_decisions_and_nothing_else() {
    check(
        r#"
        scenario no-controller
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="2s" every="200ms"
        story {
            until acked ">=5"
            kill controller
            bind before acked
            run "5s"
            until acked ">$before"
            kill "broker 1"
            run "30s"
            // Nobody notices: broker 1 still leads in everybody's metadata.
            expect leader t-0 1
            bind stalled acked
            run "5s"
            expect acked "$stalled"
            start controller
            // It gives every broker a full session before it judges.
            wait BrokerFenced broker=1 within="12s"
            until leader t-0 2
            until acked ">$stalled"
            expect lost 0
        }
        "#,
    );
}

#[test]
fn a_graceful_stop_moves_leaders_before_the_broker_goes() {
    let history = check(
        r#"
        scenario controlled-shutdown
        brokers 3
        topic t partitions=3 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3; replicas 2 3 1; replicas 3 1 2 }
        producer p topic=t start="2s" every="100ms" { keys a b c d e f }
        story {
            until acked ">=20"
            stop "broker 1"
            until running "broker 1" #false within="5s"
            until leader t-0 2
            expect isr t-0 "2,3"
            expect lost 0
        }
        "#,
    );
    let refused = |event: &Event| matches!(event, Event::PartitionOffline { .. });
    assert_eq!(count(&history, refused), 0, "no partition is ever without a leader");
}

#[test]
fn a_cut_off_leader_keeps_leading_in_its_own_eyes_but_commits_nothing() {
    check(
        r#"
        scenario zombie-leader
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="2s" every="200ms" acks=1
        story {
            until acked ">=5"
            // Cut off from controller and followers; the producer still reaches it.
            cut "broker 1" controller
            cut "broker 1" "broker 2"
            cut "broker 1" "broker 3"
            bind committed high-watermark t-0 1
            wait LeaderActivated broker=2 tp=t-0
            expect leader t-0 2
            expect high-watermark t-0 1 "$committed"
            heal
            wait LogTruncated broker=1 tp=t-0 within="60s"
            until isr t-0 "1,2,3" within="60s"
            // Those were acknowledged with acks=1 by a leader that was none any more.
            expect lost ">=1"
        }
        "#,
    );
}

#[test]
fn a_leader_that_lost_its_log_with_the_power_does_not_lead_on_in_its_old_epoch() {
    // It is back before the controller misses it, and the metadata log still calls it the leader of epoch 0. Led on, it
    // would hand out offsets a second time in that epoch: only what the controller says about its new incarnation counts.
    let history = check(
        r#"
        scenario power
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=1 { replicas 1 2 3 }
        producer p topic=t start="2s" every="100ms" acks=1
        story {
            until acked ">=10"
            power-off "broker 1"
            run "1s"
            start "broker 1"
            until acked ">=40" within="60s"
            expect leader-epoch t-0 ">=1"
        }
        "#,
    );
    let mut led = Vec::new();
    for emitted in history.past_events() {
        if let Event::LeaderActivated { broker, tp, epoch, .. } = &emitted.event
            && tp.topic.0 == 1
        {
            assert!(led.iter().all(|(_, known)| known != epoch), "epoch {epoch} begins twice: {led:?}");
            led.push((*broker, *epoch));
        }
    }
}

#[test]
fn a_broker_that_was_cut_off_for_long_is_taken_back_when_the_link_heals() {
    check(
        r#"
        scenario cut-off-for-long
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="5s" every="300ms" count=80
        story {
            until acked 8
            cut "broker 1" "broker 2"
            cut "broker 1" "broker 3"
            cut "broker 1" controller
            run "65s"
            heal
            until isr t-0 "1,2,3"
        }
        "#,
    );
}
