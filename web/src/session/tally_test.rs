//! What a run adds up to stays true through seeks and forks.

use super::{BUCKET, Meter, Moment, Run};
use highwater_engine::command::Command;
use highwater_engine::event::StopKind;
use highwater_engine::ids::NodeId;
use highwater_engine::scenario::Scenario;
use highwater_engine::time::Instant;

fn run() -> Run {
    let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                producer p1 topic=orders start=\"2s\" every=\"100ms\" acks=all\n\
                group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"300ms\" commit=each }\n";
    Run::of_scenario(Scenario::parse(text).unwrap()).unwrap()
}

fn kinds(run: &Run) -> Vec<Moment> {
    run.tally().marks.iter().map(|mark| mark.what).collect()
}

#[test]
fn meters_measure_what_happens() {
    let mut run = run();
    run.seek_time(Instant(12_000_000));
    let tally = run.tally();
    let rate = tally.meters.values(Meter::MessagesIn, run.now());
    // Ten records a second, once they flow.
    let from = (4_000_000 / BUCKET.0) as usize;
    let flowing = &rate[from..rate.len() - 1];
    let mean = flowing.iter().sum::<f64>() / flowing.len() as f64;
    assert!((9.5..10.5).contains(&mean), "{mean}");
    // A consumer that takes 300 ms for what comes every 100 ms falls behind.
    let lag = tally.meters.values(Meter::Lag, run.now());
    assert!(lag.last() > Some(&20.0), "{lag:?}");
    let latency = tally.meters.values(Meter::Latency, run.now());
    assert!(latency[from..].iter().any(|ms| (4.0..100.0).contains(ms)), "{latency:?}");
}

#[test]
fn seeking_changes_nothing_and_acting_in_the_past_starts_over() {
    let mut run = run();
    run.seek_time(Instant(30_000_000));
    assert!(!kinds(&run).contains(&Moment::Fault));
    let before = run.tally().meters.values(Meter::MessagesIn, Instant(8_000_000));
    run.seek_time(Instant(8_000_000));
    assert_eq!(run.tally().meters.values(Meter::MessagesIn, run.now()), before);
    run.act(Command::Stop { node: NodeId(1), how: StopKind::Crash }).unwrap();
    run.seek_time(Instant(30_000_000));
    let kinds = kinds(&run);
    for wanted in [Moment::Fault, Moment::Election, Moment::Isr] {
        assert!(kinds.contains(&wanted), "{wanted:?} in {kinds:?}");
    }
    let under = run.tally().meters.values(Meter::UnderReplicated, run.now());
    assert_eq!(under.last(), Some(&1.0));
    run.undo();
    assert!(!self::kinds(&run).contains(&Moment::Fault));
}

#[test]
fn a_command_between_two_events_does_not_move_the_clock_back() {
    let mut run = run();
    run.seek_time(Instant(8_000_123));
    let cursor_at = run.simulation().now();
    assert!(cursor_at < run.now());
    run.act(Command::Stop { node: NodeId(1), how: StopKind::Crash }).unwrap();
    assert!(run.now() >= Instant(8_000_123));
    assert_eq!(run.simulation().now(), Instant(8_000_123), "it happens at the moment shown");
}

#[test]
fn a_branch_is_marked_where_the_reader_acted_in_the_past() {
    let mut run = run();
    run.seek_time(Instant(12_000_000));
    run.act(Command::Send { producer: NodeId(4), count: 1 }).unwrap();
    assert_eq!(run.departures(), [], "at the end of what is known there is no other way to leave");
    run.seek_time(Instant(8_000_000));
    let here = run.cursor();
    run.act(Command::Stop { node: NodeId(1), how: StopKind::Crash }).unwrap();
    let places = |run: &Run| run.departures().iter().map(|mark| (mark.n, mark.at, mark.what)).collect::<Vec<_>>();
    let forked = vec![(here, Instant(8_000_000), Moment::Branch)];
    assert_eq!(places(&run), forked);
    run.seek_time(Instant(20_000_000));
    assert_eq!(places(&run), forked);
    assert!(run.undo());
    assert_eq!(run.departures(), []);
    assert!(run.redo());
    assert_eq!(places(&run), forked);
}
