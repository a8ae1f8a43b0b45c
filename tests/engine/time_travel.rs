//! Back is exactly back.

use crate::test;
use highwater_engine::audit::Guarantee;
use highwater_engine::command::Command;
use highwater_engine::event::{Event, StopKind};
use highwater_engine::history::{CauseKind, Goal, History, Search};
use highwater_engine::ids::NodeId;
use highwater_engine::sim::Observe;
use highwater_engine::time::{Duration, Instant};
use highwater_tests::random_world::{Faults, recording};

fn history(seed: u64) -> History {
    History::new(recording(seed, Faults::All)).unwrap()
}

#[test]
fn seeking_equals_a_fresh_run() {
    for seed in 0..6 {
        let mut history = history(seed);
        history.seek_event(12_000);
        for n in [11_999, 300, 7_777, 0, 1, 5_120, 9_001, 12_000] {
            history.seek_event(n);
            let mut fresh = history.recording().begin(Observe::ALL).unwrap();
            while fresh.dispatched() < n {
                history.recording().step(&mut fresh).unwrap();
            }
            assert_eq!(history.simulation().state_hash(), fresh.state_hash(), "seed {seed}, event {n}");
        }
    }
}

#[test]
fn seeking_to_a_time_shows_everything_up_to_it_and_nothing_after() {
    let mut history = history(3);
    history.seek_event(8_000);
    let mut fresh = history.recording().begin(Observe::ALL).unwrap();
    let at = Instant::ZERO + Duration::from_millis(6_543);
    history.seek_time(at);
    while fresh.next_at().is_some_and(|next| next <= at) {
        history.recording().step(&mut fresh).unwrap();
    }
    assert!(history.simulation().now() <= at);
    assert!(history.next_event_at().unwrap() > at);
    assert_eq!(history.simulation().state_hash(), fresh.state_hash());
}

#[test]
fn fifty_steps_back_and_forward_again_is_the_identical_state() {
    let mut history = history(1);
    history.seek_event(6_000);
    let here = history.simulation().state_hash();
    let mut passed = Vec::new();
    for _ in 0..50 {
        passed.push(history.simulation().state_hash());
        assert!(history.step_back());
    }
    for expected in passed.iter().rev() {
        assert!(history.step_forward());
        assert_eq!(history.simulation().state_hash(), *expected);
    }
    assert_eq!(history.simulation().state_hash(), here);
}

#[test]
fn acting_in_the_past_forks_and_undo_brings_the_old_future_back() {
    let mut history = History::new(recording(2, Faults::OneBrokerAtATime)).unwrap();
    history.seek_event(4_000);
    let old_future = history.simulation().state_hash();
    history.seek_event(2_000);
    let before = history.simulation().state_hash();
    let kills = (1..=3).map(|node| Command::Stop { node: NodeId(node), how: StopKind::Crash });
    let kill = kills.into_iter().find(|kill| history.simulation().check(kill).is_ok()).unwrap();
    history.act(kill.clone()).unwrap();
    let killed = |event: &Event| matches!(event, Event::NodeStopped { .. });
    assert!(history.past_events().iter().any(|emitted| killed(&emitted.event)));
    // What is known beyond the cursor is gone; the recording says what was done and where.
    assert!(history.is_at_end());
    assert_eq!(history.recording().commands.last().unwrap().command, kill);
    history.seek_event(4_000);
    let new_future = history.simulation().state_hash();
    assert_ne!(new_future, old_future);

    // The fork, run afresh from its recording, is the same.
    let mut fresh = history.recording().begin(Observe::ALL).unwrap();
    while fresh.dispatched() < 4_000 {
        history.recording().step(&mut fresh).unwrap();
    }
    assert_eq!(fresh.state_hash(), new_future);

    assert!(history.undo());
    history.seek_event(4_000);
    assert_eq!(history.simulation().state_hash(), old_future);
    history.seek_event(2_000);
    assert_eq!(history.simulation().state_hash(), before);
    assert!(history.redo());
    history.seek_event(4_000);
    assert_eq!(history.simulation().state_hash(), new_future);
}

#[test]
fn a_refused_command_changes_nothing() {
    let mut history = history(4);
    history.seek_event(1_000);
    let before = (history.simulation().state_hash(), history.recording().clone());
    assert!(history.act(Command::Stop { node: NodeId(999), how: StopKind::Crash }).is_err());
    assert!(history.act(Command::Start { node: NodeId(0) }).is_err());
    assert_eq!((history.simulation().state_hash(), history.recording().clone()), before);
}

#[test]
fn every_election_traces_back_to_a_command_or_the_beginning() {
    let mut history = History::new(recording(5, Faults::OneBrokerAtATime)).unwrap();
    history.seek_time(Instant::ZERO + Duration::from_secs(60));
    let elections: Vec<u64> = history
        .past_events()
        .iter()
        .filter(|emitted| matches!(emitted.event, Event::LeaderElected { .. }))
        .map(|emitted| emitted.n)
        .collect();
    assert!(!elections.is_empty());
    for n in elections {
        let chain = history.why(n);
        assert!(chain.len() >= 2, "event {n} has no cause");
        assert!(chain.windows(2).all(|pair| pair[0].n > pair[1].n && pair[0].at >= pair[1].at));
        let root = &chain.last().unwrap().what;
        assert!(matches!(root, CauseKind::Start { .. } | CauseKind::Command(_)), "{root:?}");
    }
}

#[test]
fn a_long_run_forgets_the_list_of_its_oldest_events_and_can_still_go_there() {
    let recording = recording(3, Faults::All);
    let (mut whole, mut short) = (History::new(recording.clone()).unwrap(), History::new(recording).unwrap());
    short.remember(1_000);
    for history in [&mut whole, &mut short] {
        history.seek_event(5_000);
    }
    assert!(short.forgotten() >= 4_000 && whole.forgotten() == 0);
    assert_eq!(short.end(), 5_000);
    let kept: Vec<_> = whole.events().iter().filter(|emitted| emitted.n > short.forgotten()).cloned().collect();
    assert_eq!(short.events(), kept);
    // The world itself goes anywhere, by number and by time, and a command there begins another future.
    for n in [0, 17, 1_234, 4_999] {
        let at = whole.at(n);
        whole.seek_event(n);
        short.seek_event(n);
        assert_eq!(short.simulation().state_hash(), whole.simulation().state_hash(), "event {n}");
        whole.seek_time(at);
        short.seek_time(at);
        assert_eq!(short.simulation().state_hash(), whole.simulation().state_hash(), "at {at}");
    }
    whole.seek_event(1_234);
    short.seek_event(1_234);
    for history in [&mut whole, &mut short] {
        history.act(Command::HealAll).unwrap();
        history.seek_event(3_000);
    }
    assert_eq!(short.simulation().state_hash(), whole.simulation().state_hash());
    assert_eq!(short.events().last(), whole.events().last());
}

#[test]
fn running_until_something_stops_with_the_first_event_of_the_kind() {
    let goals = ["loss", "election", "rebalance", "isr", "breach", "lag>20"].map(|text| Goal::parse(text).unwrap());
    let end = Instant::ZERO + Duration::from_secs(60);
    for goal in goals {
        let mut found = 0;
        for seed in 0..80 {
            if found == 3 {
                break;
            }
            let mut history = history(seed);
            let search = history.run_until(&mut goal.into(), end, u64::MAX, || true);
            let n = history.cursor();
            let met = |first, last| history.events_between(first, last).iter().any(|it| goal.is_met_by(&it.event));
            assert!(!met(1, n.saturating_sub(1)), "{goal:?}: something earlier was passed over");
            assert_eq!(search == Search::Found && !matches!(goal, Goal::Lag(_)), met(n, n), "{goal:?}, seed {seed}");
            found += u32::from(search == Search::Found);
            // In slices it stops at the same place.
            let mut slowly = self::history(seed);
            let mut turns = 0;
            let mut hunt = goal.into();
            while slowly.run_until(&mut hunt, end, u64::MAX, || {
                turns += 1;
                turns % 7 != 0
            }) == Search::Goes
            {}
            assert_eq!(slowly.cursor(), n, "{goal:?}, seed {seed}");
        }
        assert!(found > 0, "{goal:?} was never met");
    }
    assert_eq!(Goal::parse("lag > 7"), Some(Goal::Lag(7)));
    assert_eq!(Goal::parse("lag>many"), None);
}

#[test]
fn what_was_given_up_long_ago_is_not_forgotten_with_its_event_and_comes_back_with_the_moment() {
    // Of 12,000 steps about the last 1,000 are remembered.
    let (mut whole, mut brief) = (history(2), history(2));
    brief.remember(1_000);
    whole.seek_event(12_000);
    brief.seek_event(12_000);
    let given_up = |history: &History| -> Vec<(u64, Instant, Guarantee)> {
        let given = |emitted: &highwater_engine::sim::Emitted| match emitted.event {
            Event::GuaranteeGivenUp { guarantee, back: false, .. } => Some((emitted.n, emitted.at, guarantee)),
            _ => None,
        };
        history.past_events().iter().filter_map(given).collect()
    };
    let all = given_up(&whole);
    let (first, at, guarantee) = all[0];
    assert!(given_up(&brief).len() < all.len(), "nothing was forgotten");
    let standing = brief.simulation().standings().guarantee(guarantee);
    assert_eq!((standing.first, standing.first_at), (first, at));
    for guarantee in Guarantee::ALL {
        let times = all.iter().filter(|(_, _, other)| other == guarantee).count();
        let standing = brief.simulation().standings().guarantee(*guarantee);
        assert_eq!((standing.times as usize, standing.because.is_empty()), (times, times == 0), "{guarantee:?}");
    }
    brief.seek_event(first - 1);
    assert_eq!(brief.simulation().standings().guarantee(guarantee).times, 0);
    brief.seek_event(first);
    assert!(brief.simulation().standings().guarantee(guarantee).times > 0);
}
