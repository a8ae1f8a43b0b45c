//! The controller of the ZooKeeper era: sessions and ephemeral znodes, the race for `/controller`, decisions written into
//! ZooKeeper and pushed to brokers, and a controller that does not know that it was replaced.

use crate::checker::check as check_trace;
use crate::test;
use highwater_engine::event::Event;
use highwater_engine::history::{History, Recording};
use highwater_engine::ids::{NodeId, Offset, RecordId, TopicId, TopicPartition};
use highwater_engine::scenario::Scenario;
use highwater_engine::sim::{Actor, Observe, Simulation};
use highwater_engine::storage::RecordBody;
use highwater_engine::swarm::{try_recording, world_of};
use highwater_engine::time::{Duration, Instant};
use highwater_engine::trace::Exporter;
use highwater_engine::zookeeper::{ZnodeData, ZnodePath, ZooKeeper};
use highwater_tests::story::{check, check_seed, count};

fn zookeeper(simulation: &Simulation) -> &ZooKeeper {
    match simulation.actor(NodeId(0)) {
        Some(Actor::ZooKeeper(server)) => server,
        _ => panic!("there is no ZooKeeper"),
    }
}

/// When the nth event happened that a test accepts.
fn when(history: &History, nth: usize, test: impl Fn(&Event) -> bool) -> Instant {
    history.past_events().iter().filter(|emitted| test(&emitted.event)).nth(nth).unwrap().at
}

#[test]
fn a_dead_broker_leads_until_its_session_is_over() {
    let history = check(
        r#"
        scenario broker-failover
        features controller=zookeeper
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="6s" every="100ms" acks=all
        story {
            until acked ">=10"
            kill "broker 1"
            // ZooKeeper has not missed it yet: the znode of a dead process stays.
            run "11s"
            expect leader t-0 1
            wait SessionExpired within="10s"
            until leader t-0 2 within="1s"
            bind before acked
            until acked ">$before" within="2s"
            expect isr t-0 "2,3"
            start "broker 1"
            until isr t-0 "1,2,3" within="60s"
            run "1s"
            expect lost 0
            expect failed 0
        }
        "#,
    );
    let killed = when(&history, 0, |event| matches!(event, Event::NodeStopped { .. }));
    let expired = when(&history, 0, |event| matches!(event, Event::SessionExpired { .. }));
    let waited = expired.since(killed);
    assert!(waited >= Duration::from_secs(12) && waited <= Duration::from_millis(20_100), "{waited}");
    // The znodes say what everybody knows; the version of a state is the partition epoch.
    let tree = zookeeper(history.simulation()).tree();
    let tp = TopicPartition::new(TopicId(1), 0);
    let znode = tree.get(ZnodePath::PartitionState(tp)).unwrap();
    let ZnodeData::State(state) = &znode.data else { panic!("{znode:?}") };
    let (_, deciding) = history.simulation().active_controller().unwrap();
    let known = deciding.image.partition(tp).unwrap();
    assert_eq!((known.leader, known.leader_epoch), (state.leader, state.leader_epoch));
    assert_eq!(known.partition_epoch.0, znode.version);
    assert_eq!(known.isr, state.isr);
}

#[test]
fn a_session_lives_as_long_as_it_was_agreed_and_up_to_a_tick_longer() {
    for (timeout, least) in [("6000", 6), ("18000", 18), ("30000", 30)] {
        let history = check(&format!(
            r#"
            scenario session
            features controller=zookeeper
            brokers 2 zookeeper.session.timeout.ms={timeout}
            topic t partitions=1 replication-factor=2 {{ replicas 1 2 }}
            story {{ run "10s"; pause "broker 1"; wait SessionExpired within="40s"; until leader t-0 2 within="1s" }}
            "#
        ));
        let silent = history.past_events().iter().find_map(|emitted| match emitted.event {
            Event::SessionExpired { silent_for, .. } => Some(silent_for),
            _ => None,
        });
        let silent = silent.unwrap();
        assert!(silent >= Duration::from_secs(least), "{timeout}: {silent}");
        assert!(silent <= Duration::from_secs(least) + Duration::from_millis(2_010), "{timeout}: {silent}");
    }
}

#[test]
fn a_connection_that_is_cut_for_less_than_the_session_costs_nothing() {
    let history = check(
        r#"
        scenario reconnect
        features controller=zookeeper
        // With every way equally long broker 1 is always the first at /controller.
        network latency="2ms" jitter="0ms"
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="6s" every="100ms" acks=all
        story {
            run "10s"
            expect active-controller "broker 1"
            cut "broker 1" zookeeper
            cut "broker 2" zookeeper
            run "13s"
            heal
            run "30s"
            expect leader t-0 1
            expect active-controller "broker 1"
            expect isr t-0 "1,2,3"
            // It is still heard: what it watches, and what it writes.
            kill "broker 3"
            until isr t-0 "1,2" within="25s"
            expect failed 0
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::ControllerElected { .. })), 1);
}

#[test]
fn the_next_controller_reads_everything_and_goes_on() {
    let history = check(
        r#"
        scenario controller-failover
        features controller=zookeeper
        brokers 4
        topic t partitions=3 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3; replicas 2 3 1; replicas 3 1 2 }
        producer p topic=t start="6s" every="100ms" acks=all { keys a b c d e f }
        story {
            until acked ">=10"
            bind boss active-controller
            bind epoch quorum-epoch
            kill "$boss"
            run "5s"
            // Nobody decides; what needs no decision goes on.
            expect active-controller none
            wait ControllerElected within="20s"
            until active-controller "!=none" within="1s"
            expect quorum-epoch ">$epoch"
            run "1s"
            start "$boss"
            until isr t-0 "1,2,3" within="60s"
            until isr t-1 "2,3,1" within="60s"
            until isr t-2 "3,1,2" within="60s"
            // To come back is not to decide again.
            expect active-controller "!=$boss"
            expect lost 0
            expect failed 0
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::ControllerElected { .. })), 2);
}

#[test]
fn nobody_listens_to_a_controller_that_was_replaced_while_it_slept() {
    let history = check(
        r#"
        scenario zombie-controller
        features controller=zookeeper
        brokers 4
        topic t partitions=2 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3; replicas 2 1 3 }
        producer p topic=t start="6s" every="100ms" acks=all { keys a b c d }
        story {
            until acked ">=10"
            bind boss active-controller
            delete-topic t
            // Its decision is on the way into ZooKeeper, and it falls asleep before it has told anybody.
            pause "$boss"
            wait SessionExpired within="30s"
            wait ControllerElected within="5s"
            until active-controller "!=none"
            run "2s"
            resume "$boss"
            wait ControllerRefused within="1s"
            run "5s"
            expect active-controller "!=$boss"
        }
        "#,
    );
    // It hears that its session is over, and begins a new one: as a broker like any other.
    let tree = zookeeper(history.simulation()).tree();
    assert_eq!(tree.children(ZnodePath::BrokerIds).len(), 4);
    assert_eq!(tree.get(ZnodePath::ControllerEpoch).unwrap().data, ZnodeData::Epoch(2));
    let refused = history.past_events().iter().find_map(|emitted| match emitted.event {
        Event::ControllerRefused { epoch, known, .. } => Some((epoch, known)),
        _ => None,
    });
    assert_eq!(refused, Some((1, 2)));
}

#[test]
fn a_leader_that_sleeps_through_its_session_leads_on_in_its_own_eyes() {
    // S22: what it is sent meanwhile waits at its door, and it takes it when it wakes up; acks=1 is told a lie.
    let history = check(
        r#"
        scenario expired-by-a-pause
        features controller=zookeeper
        brokers 4
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        producer p topic=t start="6s" every="500ms" acks=1 linger.ms=0 enable.idempotence=#false
        story {
            until acked ">=5"
            pause "broker 1"
            wait SessionExpired within="21s"
            until leader t-0 2 within="10s"
            resume "broker 1"
            run "30s"
            until isr t-0 "1,2,3" within="60s"
        }
        "#,
    );
    let log = |broker: u32| log_of(history.simulation(), NodeId(broker), 0);
    assert_eq!(log(1), log(2));
}

#[test]
fn while_zookeeper_is_away_leaders_go_on_and_nothing_is_decided() {
    check(
        r#"
        scenario without-zookeeper
        features controller=zookeeper
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        producer p topic=t start="6s" every="200ms" acks=all
        story {
            until acked ">=5"
            kill zookeeper
            bind before acked
            run "10s"
            expect acked ">$before"
            kill "broker 1"
            // Sessions do not end while nobody counts.
            run "60s"
            expect leader t-0 1
            start zookeeper
            // Everybody gets a full session again.
            until leader t-0 2 within="25s"
            start "broker 1"
            until isr t-0 "1,2,3" within="60s"
            expect lost 0
        }
        "#,
    );
}

#[test]
fn who_leaves_in_order_hands_over_first_and_is_gone_at_once() {
    let history = check(
        r#"
        scenario controlled-shutdown
        features controller=zookeeper
        brokers 3
        topic t partitions=3 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3; replicas 2 3 1; replicas 3 1 2 }
        producer p topic=t start="6s" every="50ms" acks=all { keys a b c d e f }
        story {
            until acked ">=10"
            stop "broker 1"
            until leader t-0 2 within="1s"
            until running "broker 1" #false within="2s"
            expect isr t-0 "2,3"
            expect isr t-1 "2,3"
            run "5s"
            start "broker 1"
            until isr t-0 "1,2,3" within="30s"
            until isr t-2 "3,1,2" within="30s"
            // Leaderships come back when the controller looks: 300 s.
            until leader t-0 1 within="310s"
            expect lost 0
            expect failed 0
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::SessionExpired { .. })), 0);
}

#[test]
fn topics_grow_move_and_go_through_znodes() {
    let history = check(
        r#"
        scenario admin
        features controller=zookeeper
        brokers 4
        topic t partitions=1 replication-factor=2 { replicas 1 2 }
        topic u partitions=2 replication-factor=2 { replicas 1 2; replicas 3 4 }
        producer p topic=t start="6s" every="100ms" acks=all
        story {
            run "10s"
            create-partitions t 3
            run "2s"
            expect leader t-2 "!=-1"
            reassign t-0 4 3
            until isr t-0 "4,3" within="30s"
            until leader t-0 4 within="5s"
            alter-config t min.insync.replicas=2
            kill "broker 2"
            delete-topic u
            run "30s"
        }
        "#,
    );
    let tree = zookeeper(history.simulation()).tree();
    let tp = |topic, partition| TopicPartition::new(TopicId(topic), partition);
    assert!(tree.get(ZnodePath::PartitionState(tp(1, 2))).is_some());
    // Broker 2 has not deleted its replica yet: the topic is marked, and waits for it.
    assert!(tree.get(ZnodePath::DeletedTopic(TopicId(2))).is_some());
    assert!(tree.get(ZnodePath::Topic(TopicId(2))).is_some());
    let mut simulation = history.simulation().clone();
    let at = simulation.now();
    simulation.command(at, highwater_engine::command::Command::Start { node: NodeId(2) });
    simulation.run_until(at + Duration::from_secs(30));
    let tree = zookeeper(&simulation).tree();
    assert!(tree.get(ZnodePath::Topic(TopicId(2))).is_none());
    assert!(tree.get(ZnodePath::DeletedTopic(TopicId(2))).is_none());
    let moved = log_of(&simulation, NodeId(4), 0);
    assert!(moved.len() > 10);
    match simulation.actor(NodeId(1)) {
        Some(Actor::Broker(broker)) => assert!(!broker.replicas().contains_key(&tp(1, 0)), "it was moved away"),
        _ => panic!("no broker 1"),
    }
}

#[test]
fn a_controller_needs_the_longer_the_more_partitions_there_are() {
    let span = |partitions: i32| {
        let text = format!(
            r#"
            scenario load
            features controller=zookeeper
            brokers 3
            topic t partitions={partitions} replication-factor=3
            story {{
                run "20s"
                bind boss active-controller
                kill "$boss"
                wait ControllerElected within="25s"
                until active-controller "!=none" within="30s"
            }}
            "#
        );
        let history = check(&text);
        let elected = when(&history, 1, |event| matches!(event, Event::ControllerElected { .. }));
        history.simulation().now().since(elected)
    };
    let (few, many) = (span(10), span(1_000));
    assert!(few < Duration::from_millis(200), "{few}");
    // Ten reads at a time, one way and back: a hundred rounds.
    assert!(many > Duration::from_millis(400) && many < Duration::from_secs(3), "{many}");
}

/// The records in a replica's log.
fn log_of(simulation: &Simulation, node: NodeId, partition: i32) -> Vec<(Offset, RecordId)> {
    let Some(Actor::Broker(broker)) = simulation.actor(node) else { panic!("no broker") };
    let replica = broker.replicas().get(&TopicPartition::new(TopicId(1), partition)).unwrap();
    let batches = replica.log.batches().flat_map(|batch| batch.iter());
    let user = batches.filter_map(|(offset, record)| match record.body {
        RecordBody::User { id, .. } => Some((offset, id)),
        _ => None,
    });
    user.collect()
}

#[test]
fn the_same_failover_in_both_modes_commits_the_same_records() {
    let story = r#"
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
        producer p topic=t start="6s" every="100ms" count=200 acks=all
        story {
            until acked ">=20"
            kill "broker 1"
            until leader t-0 2 within="25s"
            until acked 200 within="60s"
            start "broker 1"
            until isr t-0 "1,2,3" within="60s"
            run "5s"
            expect lost 0
            expect failed 0
        }
    "#;
    let told = |mode: &str| {
        let scenario = Scenario::parse(&format!("scenario both\nfeatures controller={mode}\n{story}")).unwrap();
        let history = check_seed(&scenario, 7);
        let logs: Vec<_> = (1..=3).map(|broker| log_of(history.simulation(), NodeId(broker), 0)).collect();
        assert!(logs.iter().all(|log| *log == logs[0]), "{mode}");
        let elected = when(&history, 0, |event| matches!(event, Event::LeaderElected { .. }));
        let killed = when(&history, 0, |event| matches!(event, Event::NodeStopped { .. }));
        (logs[0].clone(), elected.since(killed))
    };
    let (kraft, soon) = told("kraft");
    let (zookeeper, late) = told("zookeeper");
    assert_eq!(kraft.len(), 200);
    assert_eq!(kraft, zookeeper);
    // Nine seconds of heartbeats, eighteen of a session.
    assert!(soon < Duration::from_secs(11) && late > Duration::from_secs(12), "{soon}, {late}");
}

#[test]
fn the_two_stories_of_one_failover_hold_with_other_seeds() {
    let seeds = std::env::var("STORY_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(4);
    let stories = [
        include_str!("../../web/lessons/50a-with-zookeeper/script.kdl"),
        include_str!("../../web/lessons/50b-with-kraft/script.kdl"),
    ];
    for text in stories {
        let scenario = Scenario::parse(text).unwrap();
        for seed in 1..=seeds {
            check_seed(&scenario, seed);
        }
    }
}

/// The random world of a seed, with ZooKeeper.
fn world(seed: u64) -> Recording {
    let mut recording = world_of(seed);
    recording.spec.controllers = 0;
    recording.spec.features.push(("controller".to_owned(), "zookeeper".to_owned()));
    recording
}

#[test]
fn random_worlds_with_zookeeper_keep_their_promises_and_recover() {
    for seed in 0..10 {
        let trial = try_recording(&world(seed), 8_000).unwrap();
        assert_eq!(trial.failure, None, "seed {seed}");
        assert!(trial.events >= 1_000, "seed {seed}: only {} events", trial.events);
    }
}

#[test]
fn an_independent_checker_believes_their_traces() {
    for seed in 0..10 {
        let until = Instant::ZERO + Duration::from_secs(60);
        let trace = Exporter::new(&world(seed), until, 1).unwrap().whole();
        assert!(trace.lines().next().unwrap().contains(r#""controller":"zookeeper""#));
        let complaints = check_trace(&trace);
        let some = complaints[..complaints.len().min(12)].join("\n");
        assert!(complaints.is_empty(), "seed {seed}: {} complaints\n{some}", complaints.len());
    }
}

#[test]
fn the_same_seed_gives_the_same_events() {
    let run = |seed| {
        let mut simulation = world(seed).begin(Observe::ALL).unwrap();
        simulation.run_until(Instant::ZERO + Duration::from_secs(40));
        simulation.state_hash()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn what_there_is_only_with_a_quorum_cannot_be_had_beside_zookeeper() {
    let wrong = [
        ("features controller=zookeeper\ncontrollers 3\nbrokers 3", "controllers"),
        ("features controller=zookeeper eligible.leader.replicas.version=1\nbrokers 3", "eligible.leader.replicas"),
        ("features controller=zookeeper replica.placement=striped\nbrokers 3", "replica.placement"),
        ("features controller=paper\nbrokers 3", "kraft or zookeeper"),
    ];
    for (text, said) in wrong {
        let errors = Scenario::parse(&format!("scenario wrong\n{text}")).unwrap_err();
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(errors.iter().any(|error| error.contains(said)), "{text}: {errors:?}");
    }
}

#[test]
fn such_a_world_is_written_as_it_was_read() {
    let mut recording = world(5);
    recording.commands.clear();
    let printed =
        highwater_engine::scenario::print("again", &recording, Instant::ZERO + Duration::from_secs(30)).unwrap();
    let read = Scenario::parse(&printed).unwrap();
    assert_eq!(read.spec, recording.spec);
}
