use super::*;
use crate::session::Run;
use highwater_engine::ids::NodeId;
use highwater_engine::scenario::Scenario;
use highwater_engine::sim::NodeKind;
use highwater_engine::time::{Duration, Instant};
use highwater_engine::view::PacketKind;

fn run(to: u64) -> Run {
    let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                producer p1 topic=orders start=\"2s\" every=\"100ms\" acks=all\n\
                at \"4s\" { kill \"broker 1\" }\nat \"6s\" { start \"broker 1\" }\n";
    let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
    run.seek_time(Instant(to));
    run
}

fn window(from: u64, span: u64) -> Window {
    Window { from: Instant(from), span: Duration(span) }
}

#[test]
fn an_arrow_leaves_before_it_arrives_and_only_kinds_that_are_shown_are_there() {
    let run = run(3_000_000);
    let all = diagram(&run, window(2_500_000, 500_000), |_| false);
    assert!(all.arrows.len() > 20, "{}", all.arrows.len());
    for arrow in &all.arrows {
        assert!(arrow.sent_at < arrow.ends_at && arrow.from != arrow.to, "{arrow:?}");
    }
    let produce = diagram(&run, window(2_500_000, 500_000), |passing| passing.packet != PacketKind::Produce);
    assert!(!produce.arrows.is_empty());
    assert!(produce.arrows.iter().all(|arrow| arrow.packet == PacketKind::Produce));
    // A record every 100 ms: five produce requests in half a second.
    assert!((4..=6).contains(&produce.arrows.len()), "{}", produce.arrows.len());
}

#[test]
fn nothing_of_the_future_is_drawn() {
    let mut run = run(5_000_000);
    run.seek_time(Instant(3_000_000));
    let all = diagram(&run, window(2_900_000, 2_000_000), |_| false);
    let now = run.now();
    assert!(all.arrows.iter().all(|arrow| arrow.sent_at <= now));
    assert!(all.arrows.iter().all(|arrow| arrow.ends_at <= now || matches!(arrow.fate, Fate::Flying(_))));
    assert!(all.signs.is_empty(), "broker 1 has not died yet: {:?}", all.signs);
}

#[test]
fn a_death_and_a_restart_leave_their_signs_and_a_silence_between_them() {
    let run = run(7_000_000);
    let all = diagram(&run, window(3_500_000, 3_500_000), |_| true);
    let lane = all.lane(NodeId(1)).unwrap();
    let kinds: Vec<SignKind> = all.signs.iter().filter(|sign| sign.lane == lane).map(|sign| sign.kind).collect();
    assert_eq!(kinds.first(), Some(&SignKind::Flag));
    assert!(kinds.contains(&SignKind::Up), "{kinds:?}");
    assert_eq!(all.downs, [(lane, Instant(4_000_000), Instant(6_000_000))]);
    // Seen from the middle of the silence it began before the window.
    let later = diagram(&run, window(5_000_000, 500_000), |_| true);
    assert_eq!(later.downs, [(lane, Instant(4_000_000), Instant(5_500_000))]);
}

#[test]
fn too_many_messages_become_a_measure_of_how_busy_lanes_are() {
    let run = run(40_000_000);
    let all = diagram(&run, window(0, 60_000_000), |_| false);
    assert!(all.arrows.is_empty() && all.messages > 1_500, "{} {}", all.arrows.len(), all.messages);
    let total: u64 = all.busy.iter().flatten().map(|count| u64::from(*count)).sum();
    assert_eq!(total, 2 * all.messages as u64, "every message has two ends");
}

#[test]
fn a_pointer_finds_the_line_it_is_on() {
    let run = run(3_000_000);
    let window = window(2_900_000, 100_000);
    let all = diagram(&run, window, |passing| passing.packet != PacketKind::Produce);
    let arrow = all.arrows[0];
    let (width, pitch) = (800.0, 20.0);
    let x = (window.x(arrow.sent_at, width) + window.x(arrow.ends_at, width)) / 2.0;
    let y = (arrow.from + arrow.to + 1) as f64 / 2.0 * pitch;
    assert_eq!(all.hit(x, y, window, width, pitch, 6.0), Some(Hit::Arrow(arrow)));
    assert_eq!(all.hit(x, y + 300.0, window, width, pitch, 6.0), None);
}

#[test]
fn one_processs_messages_can_be_told_apart_among_many_and_walked_through() {
    let run = run(9_000_000);
    let all = diagram(&run, window(0, 60_000_000), |_| false);
    let node = all.lanes.iter().find(|lane| lane.kind == NodeKind::Producer).expect("it has a lane").node;
    let elsewhere =
        |passing: &Passing| passing.from != node && passing.to != node || passing.message.name() != "Produce";
    let few = diagram(&run, window(2_500_000, 2_000_000), elsewhere);
    assert!(!few.arrows.is_empty() && few.busy.is_empty());
    let lane = few.lane(node).expect("it has a lane");
    assert!(few.arrows.iter().all(|arrow| arrow.from == lane || arrow.to == lane));
    let mut here = few.next_to(None, Instant::ZERO, true);
    let mut seen = 0;
    while let Some(arrow) = here {
        seen += 1;
        let next = few.next_to(Some(&arrow), Instant::ZERO, true);
        assert!(next.is_none_or(|next| few.next_to(Some(&next), Instant::ZERO, false) == Some(arrow)));
        here = next;
    }
    assert_eq!(seen, few.arrows.len(), "every message is reached once");
}
