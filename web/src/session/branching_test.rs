//! Going from branch to branch shows what was left there, story and all.

use super::{Parting, Run, Verdict};
use highwater_engine::command::Command;
use highwater_engine::event::{Event, StopKind};
use highwater_engine::history::Place;
use highwater_engine::ids::NodeId;
use highwater_engine::scenario::Scenario;
use highwater_engine::time::Instant;

fn sandbox() -> Run {
    let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                producer p1 topic=orders start=\"2s\" every=\"100ms\" acks=all\n";
    Run::of_scenario(Scenario::parse(text).unwrap()).unwrap()
}

const fn second(at: u64) -> Instant {
    Instant(at * 1_000_000)
}

fn kill(broker: u32) -> Command {
    Command::Stop { node: NodeId(broker), how: StopKind::Crash }
}

fn turn_to(run: &mut Run, branch: usize) -> bool {
    run.turn_to(branch, None).is_some_and(|place| run.hurry(place, || true))
}

#[test]
fn another_branch_is_shown_at_the_same_moment_or_at_its_end() {
    let mut run = sandbox();
    run.seek_time(second(20));
    run.seek_time(second(10));
    run.act(kill(1)).unwrap();
    run.seek_time(second(15));
    let without = run.simulation().state_hash();
    assert_eq!(run.end_at(), second(15));
    assert!(turn_to(&mut run, 0));
    assert_eq!(run.now(), second(15));
    assert!(run.end_at() > second(19), "it is still known for 20 seconds");
    assert_ne!(run.simulation().state_hash(), without);
    run.seek_time(second(30));
    // The other one is known for 15 seconds only: that is where it goes on.
    assert!(turn_to(&mut run, 1));
    assert!(run.now() <= second(15) && run.now() > second(14), "{}", run.now());
    run.seek_time(second(15));
    assert_eq!(run.simulation().state_hash(), without);
    assert!(!turn_to(&mut run, 1), "it is shown already");
    assert!(!turn_to(&mut run, 7), "there is no such branch");
    // In small tasks it arrives at the same place.
    let place = run.turn_to(0, Some(Place { n: 900, at: second(60) })).unwrap();
    while !run.hurry(place, || false) {}
    assert_eq!(run.cursor(), 900);
}

#[test]
fn a_story_that_was_left_is_still_told_on_its_own_branch() {
    let mut run =
        Run::of_scenario(Scenario::parse(include_str!("../../lessons/02-leader-failover/script.kdl")).unwrap())
            .unwrap();
    let (beats, end) = (run.beats().to_vec(), run.end());
    run.seek_event(beats[1].event);
    run.act(kill(3)).unwrap();
    assert_eq!(run.branch_list().len(), 2);
    assert!(turn_to(&mut run, 0));
    assert_eq!((run.beats(), run.end()), (&beats[..], end));
    run.seek_event(run.end());
    assert!(turn_to(&mut run, 1));
    assert!(run.beats() != beats || run.end() != end, "the story goes another way here");
    assert!(run.undo());
    assert_eq!((run.beats(), run.cursor()), (&beats[..], beats[1].event));
}

/// The first event that differs from branch `branch`.
fn parting(run: &Run, branch: usize, end: Instant) -> Verdict {
    let tip = run.branch_list()[branch].tip;
    let mut comparison = run.compare(tip).unwrap();
    let mut parting = Parting { tips: [run.branches().here(), tip], verdict: Verdict::Goes };
    while parting.verdict == Verdict::Goes {
        let mut steps = 0;
        parting.follow(&mut comparison, end, || {
            steps += 1;
            steps <= 100
        });
    }
    parting.verdict
}

#[test]
fn branches_part_at_the_act_also_where_something_joined_and_everything_has_another_number() {
    let mut run = sandbox();
    run.seek_time(second(20));
    run.seek_time(second(10));
    run.act(kill(1)).unwrap();
    run.seek_time(second(12));
    let Verdict::Differ(found, _) = parting(&run, 0, second(20)) else { panic!("they differ") };
    let here = found.one.unwrap();
    assert_eq!((here.at, here.event), (second(10), Event::NodeStopped { node: NodeId(1), how: StopKind::Crash }));

    let mut run = sandbox();
    run.seek_time(second(20));
    run.seek_time(second(10));
    run.join(|spec| {
        spec.brokers += 1;
        spec.brokers_stopped += 1;
        vec![super::Joining::Process("broker 4".to_owned())]
    })
    .unwrap();
    run.seek_time(second(12));
    let Verdict::Differ(difference, directories) = parting(&run, 0, second(20)) else { panic!("they differ") };
    let [names, others] = *directories;
    let here = difference.one.unwrap();
    let Event::NodeStarted { node } = here.event else { panic!("{here:?}") };
    assert_eq!((here.at, names.node_name(node)), (second(10), "broker 4"));
    assert!(difference.other.unwrap().at > second(10) && others.find_node("broker 4").is_none());
}

#[test]
fn what_was_refused_is_no_branch() {
    let mut run = sandbox();
    run.seek_time(second(10));
    run.act(kill(1)).unwrap();
    run.seek_time(second(12));
    assert!(run.undo());
    let before = run.simulation().state_hash();
    assert!(run.act_together(vec![kill(2), kill(99)]).is_err());
    assert_eq!((run.simulation().state_hash(), run.now()), (before, second(10)));
    assert_eq!(run.branch_list().len(), 1);
    assert!(run.redo(), "what was taken back can still be given again");
    assert_eq!(run.now(), second(12));
}
