//! Acting in the past keeps both futures: the tree of what was tried, and the first event in which two of them differ.

use crate::test;
use highwater_engine::command::Command;
use highwater_engine::event::{Event, StopKind};
use highwater_engine::history::{BRANCHES_MAX, Compared, Comparison, History, Recording, TurnId};
use highwater_engine::ids::NodeId;
use highwater_engine::scenario::{Scenario, Story};
use highwater_engine::sim::{Emitted, Observe};
use highwater_engine::time::{Duration, Instant};
use highwater_tests::random_world::{Faults, recording};

fn orders() -> History {
    let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                producer p1 topic=orders start=\"2s\" every=\"100ms\" acks=all\n\
                group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"30ms\" commit=each }\n";
    let scenario = Scenario::parse(text).unwrap();
    History::new(Story::tell(&scenario, scenario.seed).unwrap().recording).unwrap()
}

fn seconds(at: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(at)
}

fn kill(broker: u32) -> Command {
    Command::Stop { node: NodeId(broker), how: StopKind::Crash }
}

fn start(broker: u32) -> Command {
    Command::Start { node: NodeId(broker) }
}

/// The state after so many events of a run that nobody ever turned.
fn fresh_hash(recording: &Recording, n: u64) -> u64 {
    let mut fresh = recording.begin(Observe::ALL).unwrap();
    while fresh.dispatched() < n && recording.step(&mut fresh).is_some() {}
    fresh.state_hash()
}

/// For each branch when it left which other one, how many acts it has and until when it is known.
fn outline(history: &History) -> Vec<(Option<usize>, u64, usize, u64)> {
    let whole = |at: Instant| at.0 / 1_000_000;
    let list = history.branches().list(history.known());
    list.iter().map(|it| (it.parent, whole(it.from.at), it.acts.len(), whole(it.known.at))).collect()
}

#[test]
fn acting_in_the_past_keeps_both_futures_and_one_can_turn_from_one_to_the_other() {
    let mut history = orders();
    history.seek_time(seconds(30));
    history.seek_time(seconds(10));
    history.act_at(seconds(10), kill(1)).unwrap();
    history.seek_time(seconds(25));
    // The first future is known for 30 seconds, the second one leaves it at 10.
    assert_eq!(outline(&history), [(None, 0, 0, 30), (Some(0), 10, 1, 25)]);
    let with_two = history.simulation().state_hash();
    let list = history.branches().list(history.known());
    assert!(list[1].shown && !list[0].shown);

    assert!(history.show(list[0].tip, seconds(25)));
    history.seek_time(seconds(25));
    let with_three = history.simulation().state_hash();
    assert_eq!(with_three, fresh_hash(history.recording(), history.cursor()));
    assert_ne!(with_three, with_two);
    assert!(history.recording().commands.is_empty());
    // Nobody waits on a branch that is not shown: it costs its commands.
    assert_eq!(outline(&history), [(None, 0, 0, 30), (Some(0), 10, 1, 25)]);

    history.rename(list[1].tip, "  without broker 1 ");
    assert_eq!(history.branches().list(history.known())[1].name, "without broker 1");
    assert!(history.show(list[1].tip, seconds(25)));
    history.seek_time(seconds(25));
    assert_eq!(history.simulation().state_hash(), with_two);
    assert!(!history.show(TurnId(99), seconds(25)), "there is no such turn");
}

#[test]
fn acts_at_the_end_of_what_is_known_are_one_branch_and_undo_walks_back_along_it() {
    let mut history = orders();
    for (at, command) in [(10, kill(1)), (20, start(1)), (30, kill(2))] {
        history.seek_time(seconds(at));
        history.act_at(seconds(at), command).unwrap();
    }
    assert_eq!(outline(&history), [(None, 0, 3, 30)]);
    assert!(history.undo() && history.undo());
    assert_eq!(history.recording().commands.len(), 1);
    // What was taken back is still the branch's future. Once something else is done there, both are kept.
    assert_eq!(outline(&history), [(None, 0, 3, 30)]);
    history.act(kill(3)).unwrap();
    assert_eq!(outline(&history), [(None, 0, 3, 30), (Some(0), 20, 1, 20)]);
    // Undo goes to the parent, redo to the child that was shown last.
    assert!(history.undo());
    assert!(history.redo());
    assert_eq!(history.recording().commands.last().unwrap().command, kill(3));
    assert!(!history.redo());
    let first = history.branches().list(history.known())[0].tip;
    assert!(history.show(first, seconds(20)));
    assert!(history.undo() && history.undo() && history.redo());
    assert_eq!(history.recording().commands.last().unwrap().command, start(1));
}

#[test]
fn time_that_passes_after_undo_is_a_future_of_its_own() {
    let mut history = orders();
    history.seek_time(seconds(10));
    history.act_at(seconds(10), kill(1)).unwrap();
    history.seek_time(seconds(20));
    assert!(history.undo());
    assert_eq!(outline(&history).len(), 1);
    history.seek_time(seconds(15));
    assert_eq!(outline(&history), [(None, 0, 0, 15), (Some(0), 10, 1, 20)]);
}

#[test]
fn every_turn_of_a_tree_shows_what_a_run_from_its_start_would() {
    for seed in 0..4 {
        let mut history = History::new(recording(seed, Faults::OneBrokerAtATime)).unwrap();
        history.seek_event(3_000);
        let mut turns = vec![history.branches().here()];
        // At the beginning, on a checkpoint, beside one, and where other turns were taken.
        for (step, at) in [0, 256, 257, 1_024, 2_048, 700, 256, 1_500].into_iter().enumerate() {
            assert!(history.show(turns[step / 2], history.simulation().now()));
            history.seek_event(at);
            let stop = (1..=3).map(kill).find(|kill| history.simulation().check(kill).is_ok());
            history.act(stop.unwrap_or(Command::HealAll)).unwrap();
            turns.push(history.branches().here());
            history.seek_event(at + 400);
        }
        for turn in turns.iter().rev().chain(&turns) {
            assert!(history.show(*turn, history.simulation().now()));
            let recording = history.branches().recording(*turn).unwrap();
            assert_eq!(&recording, history.recording());
            for n in [3_000, 255, 256, 1_025, 0, 1] {
                history.seek_event(n);
                assert_eq!(
                    history.simulation().state_hash(),
                    fresh_hash(&recording, n),
                    "seed {seed}, {turn:?} at {n}"
                );
            }
        }
    }
}

#[test]
fn a_tree_has_a_bound_and_what_is_shown_or_named_stays() {
    let mut history = orders();
    history.seek_time(seconds(6));
    for index in 0..60 {
        let root = history.branches().list(history.known())[0].tip;
        assert!(history.show(root, seconds(5)));
        history.seek_time(seconds(5));
        history.act_at(seconds(5), Command::Send { producer: NodeId(4), count: index + 1 }).unwrap();
        if index == 3 {
            let here = history.branches().here();
            history.rename(here, "mine");
        }
    }
    let list = history.branches().list(history.known());
    assert_eq!((list.len(), history.branches().forgotten()), (BRANCHES_MAX, 13));
    assert!(list.iter().any(|branch| branch.name == "mine") && list.iter().any(|branch| branch.shown));
    assert_eq!(list[0].parent, None);
}

fn compare(mut comparison: Comparison, end: Instant) -> Compared {
    comparison.run(end, || true, |_, _, _, _| unreachable!("the worlds are the same"))
}

#[test]
fn the_first_event_that_differs_is_found_in_slices_as_at_once() {
    let mut history = orders();
    history.seek_time(seconds(30));
    let first = history.branches().here();
    history.seek_time(seconds(10));
    history.act_at(seconds(10), kill(1)).unwrap();
    history.seek_time(seconds(20));
    let Compared::Differ(difference) = compare(history.compare(first).unwrap(), seconds(20)) else {
        panic!("a broker that dies makes a difference")
    };
    let here = difference.one.clone().unwrap();
    assert_eq!((here.at, here.event), (seconds(10), Event::NodeStopped { node: NodeId(1), how: StopKind::Crash }));
    assert!(difference.other.as_ref().unwrap().at > seconds(10));
    assert_eq!((difference.at(), difference.field()), (seconds(10), None));

    // From the beginning and one event at a time it is the same.
    let other = history.branches().recording(first).unwrap();
    let mut slowly = Comparison::new(history.recording().clone(), other).unwrap();
    let mut slices = 0;
    let found = loop {
        let mut steps = 0;
        let go_on = || {
            steps += 1;
            steps <= 10
        };
        match slowly.run(seconds(20), go_on, |_, _, _, _| false) {
            Compared::Goes => slices += 1,
            done => break done,
        }
    };
    assert_eq!(found, Compared::Differ(difference));
    assert!(slices > 100, "{slices} slices");
}

#[test]
fn a_run_is_the_same_as_itself_and_another_setting_differs_from_its_moment_on() {
    let mut history = orders();
    history.seek_time(seconds(12));
    let first = history.branches().here();
    assert_eq!(compare(history.compare(first).unwrap(), seconds(12)), Compared::Same);
    history.seek_time(seconds(8));
    history.act_at(seconds(8), Command::Configure { node: NodeId(4), name: "acks".into(), value: "1".into() }).unwrap();
    let Compared::Differ(later) = compare(history.compare(first).unwrap(), seconds(12)) else {
        panic!("other settings are noticed")
    };
    assert!(later.at() >= seconds(8));
}

#[test]
fn in_random_worlds_the_difference_is_where_the_lists_of_events_part() {
    let told = |recording: &Recording, end: Instant| {
        let mut simulation = recording.begin(Observe::ALL).unwrap();
        let mut told: Vec<Emitted> = Vec::new();
        while simulation.next_at().is_some_and(|at| at <= end) && recording.step(&mut simulation).is_some() {
            told.extend(simulation.take_emitted());
        }
        told
    };
    let end = seconds(15);
    for seed in 0..12 {
        let mut one = recording(seed, Faults::All);
        let mut other = one.clone();
        if seed % 3 == 0 {
            other.commands.pop();
        } else if let Some(last) = other.commands.last_mut() {
            last.command = Command::HealAll;
        }
        if seed % 4 == 3 {
            one.seed += 1;
        }
        let (events, others) = (told(&one, end), told(&other, end));
        let same = |(one, other): &(&Emitted, &Emitted)| one.at == other.at && one.event == other.event;
        let parted = events.iter().zip(&others).take_while(same).count();
        let found = compare(Comparison::new(one, other).unwrap(), end);
        match (events.get(parted), others.get(parted)) {
            (None, None) => assert_eq!(found, Compared::Same, "seed {seed}"),
            (one, other) => {
                let Compared::Differ(difference) = found else { panic!("seed {seed}: {found:?}") };
                assert_eq!((difference.one.as_ref(), difference.other.as_ref()), (one, other), "seed {seed}");
                if let Some((name, one, other)) = difference.field() {
                    assert!(!name.is_empty() && one != other);
                }
            }
        }
    }
}
