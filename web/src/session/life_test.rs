//! A record's life is told whole, in order, and every frame leads to its moment.

use super::Run;
use super::life::{Frame, Scene, life, record_at};
use highwater_engine::ids::{BrokerId, NodeId, Offset, RecordId, TopicId, TopicPartition};
use highwater_engine::scenario::Scenario;
use highwater_engine::time::Instant;

const ORDERS: TopicPartition = TopicPartition { topic: TopicId(1), partition: 0 };

/// A story, played to its end.
fn told(text: &str) -> Run {
    let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
    run.seek_event(run.end());
    run
}

fn scenes(frames: &[Frame<'_>]) -> Vec<Scene> {
    frames.iter().map(|frame| frame.scene).collect()
}

fn told_record(text: &str, offset: i64) -> (Run, RecordId) {
    let run = told(text);
    let record = record_at(&run, BrokerId(1), ORDERS, Offset(offset)).unwrap();
    (run, record)
}

#[test]
fn a_record_is_followed_from_send_to_the_commit_of_its_offset() {
    let (mut run, record) = told_record(include_str!("../../lessons/30b-idempotence/script.kdl"), 1);
    let frames = life(&run, record);
    let told = scenes(&frames);
    let position = |wanted: &dyn Fn(&Scene) -> bool| told.iter().position(wanted).expect("a frame is missing");
    let sent = position(&|scene| *scene == Scene::Sent);
    let leaves = position(&|scene| *scene == Scene::Leaves);
    let appended = position(&|scene| *scene == Scene::Appended(BrokerId(1)));
    let copied = position(&|scene| *scene == Scene::Copied(BrokerId(2)));
    let committed = position(&|scene| *scene == Scene::Committed);
    let acked = position(&|scene| *scene == Scene::Acked);
    let polled = position(&|scene| matches!(scene, Scene::Polled(_)));
    let processed = position(&|scene| matches!(scene, Scene::Processed(_)));
    assert!(sent < leaves && leaves < appended && appended < copied && copied < committed && committed < acked);
    assert!(committed < polled && polled < processed);
    assert!(frames.windows(2).all(|pair| pair[0].n <= pair[1].n && pair[0].at <= pair[1].at));
    assert!(frames[copied].place.brokers.contains(&BrokerId(2)));
    assert!(!frames[appended].place.committed && frames[committed].place.committed && !frames[acked].place.pending);
    // Each frame is a link: going there shows the world just after it.
    let (n, at) = (frames[appended].n, frames[appended].at);
    run.seek_event(n);
    assert_eq!(run.now(), at);
    assert_eq!(record_at(&run, BrokerId(1), ORDERS, Offset(1)), Some(record));
    // What is known of the time after is still part of the life, and the record is found before it is written.
    run.seek_time(Instant::ZERO);
    assert_eq!(record_at(&run, BrokerId(1), ORDERS, Offset(1)), Some(record));
    assert_eq!(scenes(&life(&run, record)), told);
}

#[test]
fn a_repetition_that_is_recognised_a_loss_and_an_abort_have_their_frames() {
    let (run, record) = told_record(include_str!("../../lessons/30b-idempotence/script.kdl"), 5);
    let recognised = scenes(&life(&run, record));
    assert!(recognised.contains(&Scene::Recognised(BrokerId(1))), "{recognised:?}");

    // Written by a leader that died with it.
    let run = told(include_str!("../../lessons/03a-acks-1/script.kdl"));
    let directory = run.simulation().directory();
    let p1 = directory.find_node("p1").unwrap_or(NodeId(0));
    let lost = scenes(&life(&run, RecordId::new(p1, 6)));
    let place = |wanted: Scene| lost.iter().position(|scene| *scene == wanted).expect("a frame is missing");
    assert!(place(Scene::Acked) < place(Scene::Lost) && place(Scene::Lost) < place(Scene::Cut(BrokerId(1))));
    assert!(!lost.iter().any(|scene| matches!(scene, Scene::Polled(_))), "{lost:?}");

    let (run, record) = told_record(include_str!("../../lessons/31a-abort/script.kdl"), 3);
    let aborted = scenes(&life(&run, record));
    assert!(aborted.contains(&Scene::Marker(false)) && !aborted.contains(&Scene::Marker(true)), "{aborted:?}");
}

#[test]
fn what_never_happened_has_no_life() {
    let run = told(include_str!("../../lessons/30b-idempotence/script.kdl"));
    assert!(life(&run, RecordId::new(NodeId(99), 1)).is_empty());
    assert_eq!(record_at(&run, BrokerId(1), ORDERS, Offset(1_000)), None);
}
