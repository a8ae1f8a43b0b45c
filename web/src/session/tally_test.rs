//! What a run adds up to stays true through seeks and forks.

use super::{BUCKET, Meter, Moment, Run, is_decisive};
use highwater_engine::command::Command;
use highwater_engine::event::{Event, StopKind};
use highwater_engine::ids::{NodeId, Offset};
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

#[test]
fn a_picture_has_the_newest_records_and_an_old_one_is_looked_up() {
    let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                producer p1 topic=orders start=\"2s\" every=\"20ms\" acks=all\n";
    let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
    run.seek_time(Instant(30_000_000));
    let view = run.view();
    assert!(std::rc::Rc::ptr_eq(&view, &run.view()), "one picture of one state");
    let leader = view.partitions[0].replicas.iter().max_by_key(|replica| replica.log_end_offset).unwrap();
    assert!(leader.log_end_offset.0 > 1_000);
    assert!((256..=512).contains(&leader.cells.len()), "{}", leader.cells.len());
    assert_eq!(leader.cells.last().map(|cell| cell.offset + 1), Some(leader.log_end_offset));
    let tp = view.partitions[0].tp;
    let old = highwater_engine::view::cell(run.simulation(), leader.broker, tp, Offset(3)).unwrap();
    assert_eq!(old.record, crate::session::record_at(&run, leader.broker, tp, Offset(3)));
    assert!(run.step_forward());
    assert!(!std::rc::Rc::ptr_eq(&view, &run.view()), "another state, another picture");
}

#[test]
fn a_dead_brokers_log_can_be_compared_with_the_others_however_far_they_went_on() {
    let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                producer p1 topic=orders start=\"2s\" every=\"20ms\" acks=all\n";
    let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
    run.seek_time(Instant(4_000_000));
    run.act(Command::Stop { node: NodeId(2), how: StopKind::Crash }).unwrap();
    run.seek_time(Instant(40_000_000));
    let view = run.view();
    let replicas = &view.partitions[0].replicas;
    let dead = replicas.iter().min_by_key(|replica| replica.log_end_offset).unwrap();
    for other in replicas {
        assert!(other.log_end_offset.0 > dead.log_end_offset.0 + 1_000 || other.broker == dead.broker);
        let shown = |offset| other.cells.iter().any(|cell| cell.offset == offset);
        assert!(
            dead.cells.iter().all(|cell| shown(cell.offset)),
            "what it has is shown of broker {} too",
            other.broker
        );
    }
}

#[test]
fn what_is_remembered_is_what_the_events_say() {
    let mut run = run();
    run.seek_time(Instant(8_000_000));
    run.act(Command::Stop { node: NodeId(1), how: StopKind::Crash }).unwrap();
    run.seek_time(Instant(30_000_000));
    let told = |run: &Run, at: Instant| run.tally().unanswered.until(at).last().map_or(0, |(_, level)| *level);
    let counted = |run: &Run, at: Instant| {
        let change = |event: &Event| match event {
            Event::RecordSent { .. } => 1,
            Event::RecordAcked { .. } | Event::SendFailed { .. } => -1,
            _ => 0,
        };
        run.events().iter().filter(|emitted| emitted.at <= at).map(|emitted| change(&emitted.event)).sum::<i64>()
    };
    for seconds in [3, 9, 12, 30] {
        let at = Instant(seconds * 1_000_000);
        assert_eq!(i64::try_from(told(&run, at)).unwrap(), counted(&run, at), "after {seconds} s");
    }
    let decisive = run.past().iter().filter(|emitted| is_decisive(&emitted.event)).count();
    let turns = run.tally().turns(run.cursor()).iter().filter(|emitted| is_decisive(&emitted.event)).count();
    assert_eq!(turns, decisive);
    run.seek_time(Instant(5_000_000));
    assert!(run.tally().turns(run.cursor()).iter().all(|emitted| emitted.at <= run.now()), "the future is not told");
}
