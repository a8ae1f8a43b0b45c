//! What the controller decides: who leads, where replicas are, what an administrator may ask for.

use crate::test;
use highwater_engine::command::{Command, Rejected};
use highwater_engine::event::{Event, StopKind};
use highwater_engine::ids::{BrokerId, NodeId, Offset, TopicId, TopicPartition};
use highwater_engine::protocol::{AdminRequest, ErrorCode};
use highwater_engine::scenario::Scenario;
use highwater_engine::sim::{Actor, Observe, Simulation};
use highwater_engine::time::{Duration, Instant};
use highwater_tests::story::{check, count};

#[test]
fn a_broker_that_returns_leads_again_only_when_the_controller_rebalances() {
    check(
        r#"
        scenario preferred
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="2s" every="200ms"
        story {
            until acked ">=5"
            kill "broker 1"
            until leader t-0 2
            start "broker 1"
            until isr t-0 "1,2,3" within="60s"
            run "60s"
            // To come back is not to lead again.
            expect leader t-0 2
            // leader.imbalance.check.interval.seconds=300
            until leader t-0 1 within="300s"
            expect isr t-0 "1,2,3"
            expect lost 0
        }
        "#,
    );
}

#[test]
fn without_auto_rebalance_leaders_stay_where_they_are_until_somebody_asks() {
    check(
        r#"
        scenario by-hand
        brokers 3 auto.leader.rebalance.enable=#false
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        story {
            run "2s"
            kill "broker 1"
            until leader t-0 2
            start "broker 1"
            until isr t-0 "1,2,3" within="60s"
            run "400s"
            expect leader t-0 2
            elect-leader t-0
            until leader t-0 1 within="1s"
            expect leader-epoch t-0 2
        }
        "#,
    );
}

#[test]
fn the_imbalance_check_runs_as_often_as_it_is_told() {
    check(
        r#"
        scenario soon
        brokers 3 leader.imbalance.check.interval.seconds=30
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        story {
            run "2s"
            kill "broker 1"
            until leader t-0 2
            start "broker 1"
            until isr t-0 "1,2,3" within="60s"
            until leader t-0 1 within="31s"
        }
        "#,
    );
}

#[test]
fn with_eligible_leader_replicas_the_last_replica_standing_does_not_take_all_with_it() {
    check(
        r#"
        scenario last-replica-standing
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="2s" count=20 every="100ms"
        story {
            until acked 20
            stop "broker 1"
            until running "broker 1" #false
            until isr t-0 "2,3"
            kill "broker 2"
            until isr t-0 "3"
            // Broker 2 left when nothing could be committed any more: whatever was committed, it has.
            expect elr t-0 "2"
            power-off "broker 3"
            until leader t-0 "-1"
            expect isr t-0 ""
            expect elr t-0 "2,3"
            start "broker 3"
            wait BrokerUnfenced broker=3 within="20s"
            // Broker 3 lost its page cache: it may not lead.
            expect leader t-0 "-1"
            expect elr t-0 "2"
        }
        "#,
    );
}

#[test]
fn without_them_the_last_replica_takes_committed_records_from_all() {
    check(
        r#"
        scenario last-replica-standing-before-kip-966
        features eligible.leader.replicas.version=0
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="2s" count=20 every="100ms"
        story {
            until acked 20
            stop "broker 1"
            until running "broker 1" #false
            until isr t-0 "2,3"
            kill "broker 2"
            until isr t-0 "3"
            power-off "broker 3"
            until leader t-0 "-1"
            expect isr t-0 "3"
            start "broker 1"
            start "broker 2"
            wait BrokerUnfenced broker=2 within="20s"
            run "5s"
            // Both have every acknowledged record, and neither may lead.
            expect leader t-0 "-1"
            start "broker 3"
            until leader t-0 3 within="30s"
            wait AckedRecordLost tp=t-0
            expect lost ">=15"
            until isr t-0 "1,2,3" within="60s"
            // One local loss has become everybody's.
            until replicas-equal t-0 #true
        }
        "#,
    );
}

#[test]
fn a_clean_shutdown_keeps_a_broker_eligible() {
    check(
        r#"
        scenario clean
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=3 { replicas 1 2 3 }
        producer p topic=t start="2s" count=5 every="100ms"
        story {
            until acked 5
            stop "broker 1"
            until running "broker 1" #false
            expect elr t-0 "1"
            run "10s"
            start "broker 1"
            wait BrokerRegistered broker=1
            // The clean-shutdown file holds its broker epoch: its log is whole.
            expect elr t-0 "1"
            until isr t-0 "1,2,3" within="60s"
            expect elr t-0 ""
        }
        "#,
    );
}

#[test]
fn an_old_incarnations_session_holds_a_registration_up() {
    let history = check(
        r#"
        scenario duplicate-registration
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        story {
            run "5s"
            kill "broker 1"
            run "1s"
            start "broker 1"
            // DUPLICATE_BROKER_REGISTRATION until nine seconds after the last heartbeat of the dead one.
            run "4s"
            expect leader t-0 1
            wait BrokerRegistered broker=1 within="10s"
            until leader t-0 2
            until isr t-0 "1,2,3" within="30s"
        }
        "#,
    );
    let registered = |event: &Event| matches!(event, Event::BrokerRegistered { broker: BrokerId(1), .. });
    assert_eq!(count(&history, registered), 2);
}

#[test]
fn a_reassignment_copies_first_and_drops_afterwards() {
    let history = check(
        r#"
        scenario reassignment
        brokers 4
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="2s" every="100ms"
        story {
            until acked ">=20"
            reassign t-0 4 2 3
            wait ReassignmentChanged tp=t-0
            expect replicas t-0 "4,2,3,1"
            expect leader t-0 1
            // Broker 4 is in sync: broker 1 goes, and with it the leadership, to the first of the new list.
            wait ReplicaDeleted broker=1 tp=t-0
            expect replicas t-0 "4,2,3"
            expect isr t-0 "4,2,3"
            expect leader t-0 4
            bind before acked
            run "5s"
            expect lost 0
            expect failed 0
            until replicas-equal t-0 #true
        }
        "#,
    );
    let ledger = history.simulation().ledger();
    assert!(ledger.totals().acked > 40);
    let producer = history.simulation().directory().find_node("p").unwrap();
    let on_first = |copies: &[(BrokerId, Offset)]| copies.iter().any(|(broker, _)| *broker == BrokerId(1));
    let held = ledger.fates(producer).filter(|(_, fate)| on_first(&fate.copies)).count();
    assert_eq!(held, 0, "what broker 1 has deleted it holds no more");
}

#[test]
fn the_replication_factor_can_be_changed_both_ways() {
    check(
        r#"
        scenario factor
        brokers 3
        topic t partitions=1 replication-factor=1 { replicas 1 }
        producer p topic=t start="2s" every="100ms"
        story {
            until acked ">=20"
            reassign t-0 1 2 3
            until isr t-0 "1,2,3"
            expect replicas t-0 "1,2,3"
            reassign t-0 1 3
            until replicas t-0 "1,3"
            wait ReplicaDeleted broker=2
            // A replica was dropped: a new leader epoch, though the leader stays.
            expect leader t-0 1
            expect leader-epoch t-0 1
            run "3s"
            expect failed 0
            expect lost 0
        }
        "#,
    );
}

#[test]
fn a_reassignment_that_cannot_finish_can_be_cancelled() {
    check(
        r#"
        scenario cancel
        brokers 4 stopped=1
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        story {
            run "3s"
            start "broker 4"
            wait BrokerUnfenced broker=4
            kill "broker 4"
            wait BrokerFenced broker=4
            reassign t-0 4 2 3
            run "20s"
            expect replicas t-0 "4,2,3,1"
            expect isr t-0 "2,3,1"
            reassign t-0
            until replicas t-0 "2,3,1" within="1s"
            expect leader t-0 1
        }
        "#,
    );
}

#[test]
fn a_broker_that_is_added_gets_nothing_until_somebody_gives_it_something() {
    check(
        r#"
        scenario add-a-broker
        brokers 4 stopped=1
        topic t partitions=3 replication-factor=2
        producer p topic=t start="2s" every="100ms" { keys a b c d e f }
        story {
            until acked ">=20"
            start "broker 4"
            wait BrokerUnfenced broker=4
            run "20s"
            expect replicas t-0 "!=4"
            reassign t-0 4 1
            until isr t-0 "4,1" within="30s"
            until leader t-0 4 within="1s"
            run "2s"
            expect lost 0
            expect failed 0
        }
        "#,
    );
}

#[test]
fn more_partitions_take_keys_elsewhere() {
    let history = check(
        r#"
        scenario grow
        brokers 3
        topic t partitions=2 replication-factor=3
        producer p topic=t start="2s" every="50ms" metadata.max.age.ms=5000 { keys a b c d e f g h }
        story {
            until acked ">=50"
            create-partitions t 4
            wait PartitionsCreated partitions=4
            until leader t-3 ">=1" within="1s"
            run "12s"
            expect log-end t-3 1 ">=1"
        }
        "#,
    );
    // Records of one key stand in two partitions now: order by key holds only within each.
    let mut homes = std::collections::BTreeMap::<String, std::collections::BTreeSet<i32>>::new();
    for emitted in history.events() {
        if let Event::RecordSent { key: Some(key), tp, .. } = &emitted.event {
            homes.entry(key.clone()).or_default().insert(tp.partition);
        }
    }
    assert!(homes.values().any(|partitions| partitions.len() > 1), "{homes:?}");
}

#[test]
fn a_deleted_topic_is_gone_from_every_disk() {
    let history = check(
        r#"
        scenario delete
        brokers 3
        topic t partitions=2 replication-factor=3
        topic other partitions=1 replication-factor=3
        producer p topic=t start="2s" every="100ms" count=20
        story {
            until acked 20
            kill "broker 3"
            delete-topic t
            wait ReplicaDeleted broker=1
            wait ReplicaDeleted broker=2
            // Broker 3 was away. It learns of it when it has read the metadata log.
            start "broker 3"
            wait ReplicaDeleted broker=3 within="20s"
            expect leader other-0 ">=1"
        }
        "#,
    );
    let deleted = |event: &Event| matches!(event, Event::ReplicaDeleted { .. });
    assert_eq!(count(&history, deleted), 6);
}

#[test]
fn unclean_elections_allowed_later_are_held_at_the_next_check() {
    check(
        r#"
        scenario allow-unclean
        brokers 2
        topic t partitions=1 replication-factor=2 { replicas 1 2 }
        producer p topic=t start="2s" every="100ms" count=40
        story {
            until acked ">=5"
            kill "broker 2"
            until isr t-0 "1"
            kill "broker 1"
            wait PartitionOffline tp=t-0
            start "broker 2"
            wait BrokerUnfenced broker=2
            alter-config t unclean.leader.election.enable=#true
            run "60s"
            expect leader t-0 "-1"
            // unclean.leader.election.interval.ms=300000
            wait LeaderElected tp=t-0 unclean=#true within="300s"
            expect leader t-0 2
        }
        "#,
    );
}

#[test]
fn min_insync_replicas_can_be_raised_while_the_topic_is_used() {
    check(
        r#"
        scenario alter-min-isr
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        producer p topic=t start="2s" every="100ms" acks=all
        story {
            until acked ">=5"
            kill "broker 2"
            kill "broker 3"
            until isr t-0 "1"
            bind alone acked
            until acked ">$alone"
            alter-config t min.insync.replicas=2
            wait ConfigChanged
            wait ProduceRetried error=NotEnoughReplicas
        }
        "#,
    );
}

#[test]
fn racks_share_the_replicas_of_every_partition() {
    let history = check(
        r#"
        scenario racks seed=3
        brokers 6 racks="a,a,b,b,c,c"
        topic t partitions=12 replication-factor=3
        story {
            until leader t-11 ">=1"
        }
        "#,
    );
    let (_, controller) = history.simulation().active_controller().unwrap();
    let rack = |broker: &BrokerId| (broker.0 - 1) / 2;
    let user = controller.image.topics.get(&TopicId(1)).unwrap();
    for partition in &user.partitions {
        let mut racks: Vec<i32> = partition.replicas.iter().map(rack).collect();
        racks.sort_unstable();
        assert_eq!(racks, [0, 1, 2], "{:?}", partition.replicas);
    }
}

#[test]
fn what_cannot_be_is_refused_by_kafkas_name_and_changes_nothing() {
    let scenario = Scenario::parse(
        r#"
        scenario refused
        brokers 3
        topic t partitions=2 replication-factor=2 { replicas 1 2; replicas 2 3 }
        "#,
    )
    .unwrap();
    let mut simulation = Simulation::new(&scenario.spec, 1, Observe::ALL).unwrap();
    let tp = TopicPartition::new(TopicId(1), 0);
    let elect = |unclean| AdminRequest::ElectLeader { tp, unclean };
    let reassign = |ids: &[i32]| AdminRequest::AlterPartitionReassignments {
        tp,
        replicas: ids.iter().map(|id| BrokerId(*id)).collect(),
    };
    let grow = |count| AdminRequest::CreatePartitions { topic: TopicId(1), count };
    let verdict = |simulation: &Simulation, request: AdminRequest| simulation.check(&Command::Admin { request });
    assert_eq!(verdict(&simulation, elect(false)), Err(Rejected::NoController));
    simulation.run_until(Instant::ZERO + Duration::from_secs(5));
    let set = |name: &str, value: &str| AdminRequest::AlterTopicConfig {
        topic: TopicId(1),
        name: name.to_owned(),
        value: value.to_owned(),
    };
    for (request, error) in [
        (elect(false), ErrorCode::ElectionNotNeeded),
        (elect(true), ErrorCode::ElectionNotNeeded),
        (reassign(&[]), ErrorCode::NoReassignmentInProgress),
        (reassign(&[1, 1]), ErrorCode::InvalidReplicaAssignment),
        (reassign(&[1, 9]), ErrorCode::InvalidReplicaAssignment),
        (grow(2), ErrorCode::InvalidPartitions),
        (grow(1), ErrorCode::InvalidPartitions),
        (AdminRequest::DeleteTopic { topic: TopicId(7) }, ErrorCode::UnknownTopicOrPartition),
        (set("min.insync.replicas", "0"), ErrorCode::InvalidConfig),
        (set("min.insync", "1"), ErrorCode::InvalidConfig),
    ] {
        assert_eq!(verdict(&simulation, request), Err(Rejected::Refused(error)));
    }
    // The preferred leader is dead, then everybody is.
    let node = |id: u32| highwater_engine::ids::NodeId(id);
    let at = simulation.now();
    let kill = |id| Command::Stop { node: node(id), how: highwater_engine::event::StopKind::Crash };
    simulation.command(at, kill(1));
    simulation.run_until(at + Duration::from_secs(15));
    assert_eq!(verdict(&simulation, elect(false)), Err(Rejected::Refused(ErrorCode::PreferredLeaderNotAvailable)));
    simulation.command(at + Duration::from_secs(15), kill(2));
    simulation.run_until(at + Duration::from_secs(30));
    assert_eq!(verdict(&simulation, elect(true)), Err(Rejected::Refused(ErrorCode::EligibleLeadersNotAvailable)));
}

#[test]
fn a_broker_that_starts_takes_in_a_snapshot_of_what_happened_long_ago() {
    let text = r#"
        scenario restarts
        brokers 3
        topic t partitions=40 replication-factor=3 min.insync.replicas=2
        "#;
    let spec = Scenario::parse(text).unwrap().spec;
    let mut simulation = Simulation::new(&spec, 1, Observe::NOTHING).unwrap();
    let (node, seconds) = (NodeId(2), |n| Instant::ZERO + Duration::from_secs(n));
    // Every round makes the metadata log longer by some records for each of forty partitions.
    for round in 0..20 {
        simulation.command(seconds(20 + 40 * round), Command::Stop { node, how: StopKind::Crash });
        simulation.command(seconds(35 + 40 * round), Command::Start { node });
    }
    while simulation.now() < seconds(850) {
        simulation.step().unwrap();
    }
    let mut known = Vec::new();
    let mut decided = None;
    for (_, actor) in simulation.actors() {
        match actor {
            Actor::Broker(broker) => known.push((broker.metadata_offset(), broker.image().unwrap())),
            Actor::Controller(controller) => decided = controller.image(),
            _ => {}
        }
    }
    assert!(known[1].0 > Offset(1_024), "long enough for a snapshot: {}", known[1].0);
    // Who never stopped has read every record, who has just started the snapshot and the rest: they know the same.
    for (offset, image) in &known {
        assert_eq!((*offset, Some(*image)), (known[0].0, decided));
    }
}
