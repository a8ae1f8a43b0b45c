//! What is gone leaves a mark on the stage that leads to its story.

use super::{Run, Scene as FilmScene, life};
use crate::i18n::Locale;
use crate::scene::{ColourBy, Depth, Layout, MarkKind, Scene, StageInput, Target, compose};
use highwater_engine::command::Command;
use highwater_engine::scenario::Scenario;
use highwater_engine::view::PacketKind;

fn picture(run: &Run) -> Scene {
    let (view, marks, vanished) = (run.view(), run.marks(), run.vanished());
    let input = StageInput {
        view: &view,
        previous: run.ghost(),
        directory: run.simulation().directory(),
        selection: None,
        layout: Layout::Wide { width: 860.0, height: 468.0 },
        depth: Depth::Fit,
        colour_by: ColourBy::Producer,
        inside: None,
        causes: &[],
        vanished: &vanished,
        marks: &marks,
    };
    compose(&input, Locale::en)
}

fn lesson(name: &str) -> Run {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons").join(name).join("script.kdl");
    let text = std::fs::read_to_string(path).expect("the lesson is there");
    Run::of_scenario(Scenario::parse(&text).expect("it is sound")).expect("it can be told")
}

#[test]
fn a_lost_record_leaves_a_mark_that_tells_its_story() {
    let mut run = lesson("03a-acks-1");
    run.seek_event(run.end());
    let marks = run.marks();
    let lost = *marks.iter().find(|mark| mark.kind == MarkKind::Lost).expect("acks=1 loses something here");
    let scene = picture(&run);
    let group = scene.group_of(Target::Lost(lost.record)).expect("the stage has its mark");
    assert!(group.label.contains(&format!("offset {}", lost.offset)), "{}", group.label);
    let at = group.bounds.expect("it can be pointed at").centre();
    assert_eq!(scene.hit(at.x, at.y), Some(Target::Lost(lost.record)), "the mark lies over what took its place");
    let loss = run.loss_of(lost.record).expect("it is known when");
    run.seek_event(loss.n);
    let torn = Target::Lost(lost.record).format();
    assert!(picture(&run).groups.iter().any(|group| group.key == torn), "a torn cell at its offset");
    let film = life(&run, lost.record);
    assert!(film.iter().any(|frame| frame.scene == FilmScene::Lost), "its film ends where it was lost");
}

#[test]
fn a_message_that_a_person_drops_leaves_a_cross_on_its_wire() {
    let text = "scenario t seed=3\nbrokers 3\nnetwork latency=\"20ms\"\n\
                topic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                producer p1 topic=orders start=\"2s\" every=\"100ms\" acks=all\n";
    let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
    let flight = loop {
        assert!(run.step_forward());
        if let Some(flight) = run.flights().into_iter().find(|flight| flight.packet == PacketKind::Produce) {
            break flight;
        }
    };
    assert!(run.vanished().is_empty());
    run.act(Command::Drop { envelope: flight.id }).unwrap();
    assert_eq!(run.vanished().len(), 1);
    let scene = picture(&run);
    assert!(scene.groups.iter().any(|group| group.target == Some(Target::Envelope(flight.id))));
    run.seek_event(run.cursor() + 1);
    assert!(run.vanished().is_empty(), "it was a moment ago");
}
