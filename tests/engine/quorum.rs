//! Controllers as a quorum: elections, a log that a majority holds, and what happens when the active one is lost.

use crate::test;
use highwater_engine::command::Command;
use highwater_engine::event::{Event, StopKind};
use highwater_engine::ids::{NodeId, Offset};
use highwater_engine::scenario::Scenario;
use highwater_engine::sim::{Actor, Observe, Simulation};
use highwater_engine::time::{Duration, Instant};
use highwater_tests::story::{check, count};

#[test]
fn killing_the_active_controller_costs_two_seconds_of_decisions_and_no_record() {
    let history = check(
        r#"
        scenario controller-failover
        controllers 3
        brokers 3
        topic t partitions=3 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3; replicas 2 3 1; replicas 3 1 2 }
        producer p topic=t start="6s" every="100ms" acks=all { keys a b c d e f }
        story {
            until acked ">=10"
            bind boss active-controller
            bind epoch quorum-epoch
            kill "$boss"
            bind before acked
            run "1s"
            // Nobody decides, everybody works.
            expect active-controller none
            until acked ">$before"
            wait ControllerElected within="8s"
            until active-controller "!=none" within="1s"
            until quorum-epoch ">$epoch"
            // The new one decides: it fences, elects, and lets in.
            kill "broker 1"
            until leader t-0 2 within="20s"
            start "broker 1"
            until isr t-0 "1,2,3" within="60s"
            start "$boss"
            run "5s"
            // To come back is not to lead again.
            expect active-controller "!=$boss"
            expect lost 0
            expect failed 0
        }
        "#,
    );
    assert!(logs_agree(history.simulation()));
}

#[test]
fn five_controllers_bear_the_loss_of_two_and_not_of_three() {
    check(
        r#"
        scenario five
        controllers 5
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        producer p topic=t start="6s" every="200ms"
        story {
            until acked ">=3"
            bind first active-controller
            kill "$first"
            until active-controller "!=none" within="15s"
            bind second active-controller
            kill "$second"
            until active-controller "!=none" within="15s"
            bind third active-controller
            kill "$third"
            run "20s"
            expect active-controller none
            kill "broker 1"
            run "20s"
            expect leader t-0 1
            start "$first"
            until active-controller "!=none" within="15s"
            until leader t-0 2 within="20s"
        }
        "#,
    );
}

#[test]
fn a_controller_cut_off_from_the_others_resigns_and_cannot_depose_their_leader() {
    check(
        r#"
        scenario cut-off
        controllers 3
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        story {
            run "8s"
            bind boss active-controller
            isolate "$boss"
            // Without fetches from a majority for 1.5 x controller.quorum.fetch.timeout.ms it resigns.
            until active-controller "!=$boss" within="10s"
            until active-controller "!=none" within="10s"
            bind next active-controller
            bind epoch quorum-epoch
            run "20s"
            heal
            run "10s"
            // It asked for votes in vain all the time; pre-votes kept its epoch where it was.
            expect active-controller "$next"
            expect leader t-0 1
        }
        "#,
    );
}

#[test]
fn a_voter_that_hears_nobody_does_not_disturb_the_others_when_it_returns() {
    let history = check(
        r#"
        scenario pre-vote
        controllers 3
        brokers 1
        topic t partitions=1 replication-factor=1
        story {
            until active-controller "!=none" within="10s"
            run "2s"
            bind epoch quorum-epoch
            isolate "controller 3"
            run "30s"
            heal
            run "10s"
            expect quorum-epoch ">=1"
        }
        "#,
    );
    let elections = |event: &Event| matches!(event, Event::ControllerElected { .. });
    // One at the start; one more if it was the leader that was cut off.
    assert!(count(&history, elections) <= 2, "{}", count(&history, elections));
}

#[test]
fn a_controller_that_stops_in_order_hands_over_at_once() {
    check(
        r#"
        scenario resign
        controllers 3
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        story {
            run "8s"
            bind boss active-controller
            stop "$boss"
            // EndQuorumEpoch names successors: the first campaigns at once.
            wait ControllerElected within="500ms"
            until active-controller "!=none" within="500ms"
        }
        "#,
    );
}

/// Committed metadata is the same everywhere.
fn logs_agree(simulation: &Simulation) -> bool {
    let controllers: Vec<_> = simulation
        .actors()
        .filter_map(|(_, actor)| match actor {
            Actor::Controller(controller) => Some(controller),
            _ => None,
        })
        .collect();
    controllers.iter().all(|one| {
        controllers.iter().all(|other| {
            let common = one.high_watermark().min(other.high_watermark()).0 as usize;
            one.log().iter().take(common).eq(other.log().iter().take(common))
                && (0..common as i64).all(|at| one.epoch_at(Offset(at)) == other.epoch_at(Offset(at)))
        })
    })
}

#[test]
fn whatever_happens_to_controllers_committed_decisions_agree_and_a_term_has_one_leader() {
    let scenario = Scenario::parse(
        r#"
        scenario torture
        controllers 3
        brokers 3
        topic t partitions=4 replication-factor=3
        "#,
    )
    .unwrap();
    for seed in 0..40u64 {
        let mut rng = highwater_engine::rng::SimRng::stream(seed, "torture");
        let mut simulation = Simulation::new(&scenario.spec, seed, Observe::ALL).unwrap();
        let nodes: Vec<NodeId> = simulation.directory().nodes().map(|(node, _)| node).collect();
        let mut at = Instant::ZERO + Duration::from_secs(3);
        for _ in 0..25 {
            at += Duration::from_millis(100 + rng.below(4_000));
            let node = nodes[rng.below(nodes.len() as u64) as usize];
            let other = nodes[rng.below(nodes.len() as u64) as usize];
            let how = if rng.below(2) == 0 { StopKind::Crash } else { StopKind::Power };
            let command = match rng.below(6) {
                0 | 1 => Command::Stop { node, how },
                2 => Command::Pause { node },
                3 => Command::Isolate { node },
                4 => Command::Cut { from: node, to: other, both_ways: rng.below(2) == 0 },
                _ => Command::HealAll,
            };
            simulation.command(at, command);
            let back = at + Duration::from_millis(500 + rng.below(8_000));
            simulation.command(back, Command::Start { node });
            simulation.command(back, Command::Resume { node });
        }
        simulation.command(at + Duration::from_secs(10), Command::HealAll);
        for node in &nodes {
            simulation.command(at + Duration::from_secs(10), Command::Start { node: *node });
            simulation.command(at + Duration::from_secs(10), Command::Resume { node: *node });
        }
        let end = at + Duration::from_secs(60);
        let mut leaders = std::collections::BTreeMap::new();
        while simulation.now() < end && simulation.step().is_some() {
            for emitted in simulation.take_emitted() {
                if let Event::ControllerElected { node, epoch } = emitted.event {
                    assert_eq!(*leaders.entry(epoch).or_insert(node), node, "seed {seed}, epoch {epoch}");
                }
            }
            assert!(!simulation.dispatched().is_multiple_of(97) || logs_agree(&simulation), "seed {seed}");
        }
        assert!(logs_agree(&simulation), "seed {seed}");
        assert!(simulation.active_controller().is_some(), "seed {seed}: nobody decides");
    }
}
