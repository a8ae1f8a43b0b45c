//! The third depth over real runs: whoever is opened, at whatever moment, nothing collides.

use super::golden_test::run;
use super::layout_test::check;
use super::{ColourBy, Depth, Extent, Layout, StageInput, Target, compose};
use crate::i18n::Locale;
use highwater_engine::command::Command;
use highwater_engine::event::StopKind;
use highwater_engine::history::History;
use highwater_engine::ids::NodeId;
use highwater_engine::sim::NodeKind;
use highwater_engine::view::{self, InsideKind, Lens};

const BUSY: &str = r#"
scenario busy seed=5
brokers 3
controllers 3
network latency="20ms" jitter="8ms"
topic orders partitions=4 replication-factor=3 min.insync.replicas=2 flush.messages=7
producer p1 topic=orders start="3s" every="20ms" count=120 acks=all linger.ms=40 { keys a b c d e }
producer p2 topic=orders start="3s" every="25ms" count=90 acks=all transactional.id=t transaction-records=5
group billing topic=orders auto.offset.reset=earliest {
    consumer c1 processing="60ms"
    consumer c2 processing="60ms"
}
story {
    until acked ">=40"
    say middle
    until acked ">=120"
    say later
}
"#;

fn open_everybody(history: &History, name: &str) -> usize {
    let simulation = history.simulation();
    let view = view::stage(simulation, &Lens { newest_offsets: 64, ..Lens::default() });
    let mut opened = 0;
    for (node, _) in simulation.directory().nodes() {
        let Some(inside) = view::inside(simulation, node) else { continue };
        opened += 1;
        for (width, height) in [(640.0, 300.0), (720.0, 330.0), (822.0, 450.0), (1366.0, 700.0)] {
            for locale in [Locale::en, Locale::zh_CN] {
                let input = StageInput {
                    view: &view,
                    previous: None,
                    directory: simulation.directory(),
                    selection: Some(Target::Node(node)),
                    layout: Layout::Wide { width, height },
                    depth: Depth::Inside(node),
                    colour_by: ColourBy::Producer,
                    inside: Some(&inside),
                    causes: &[],
                    vanished: &[],
                    marks: &[],
                };
                let scene = compose(&input, locale);
                assert_eq!(scene.extent, Extent::Inside(node));
                check(&format!("{name}: inside {node} {width}×{height} {locale:?}"), &scene);
                for group in scene.groups.iter().filter(|group| group.target.is_some()) {
                    assert!(!group.label.is_empty(), "{} has no sentence", group.key);
                }
            }
        }
    }
    opened
}

#[test]
fn no_labels_overlap_inside_anybody() {
    let (_, mut history) = run(BUSY);
    let end = history.end();
    for part in 1..=12 {
        history.seek_event(end * part / 12);
        let opened = open_everybody(&history, &format!("at {part}/12"));
        assert_eq!(opened, 3 + 3 + 2 + 2, "brokers, controllers, producers, consumers");
    }
    // Many segments.
    let lesson = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons/20-segments/script.kdl");
    let (_, segments) = run(&std::fs::read_to_string(lesson).expect("the lesson is there"));
    open_everybody(&segments, "segments");
    // A dead broker's disk is there all the same.
    let broker = history.simulation().directory().nodes().find(|(_, kind)| matches!(kind, NodeKind::Broker(_)));
    let node = broker.map_or(NodeId(1), |(node, _)| node);
    history.act(Command::Stop { node, how: StopKind::Power }).expect("it runs");
    open_everybody(&history, "after a power cut");
}

#[test]
fn a_write_waits_in_purgatory_until_its_followers_have_it() {
    let (_, mut history) = run(BUSY);
    let end = history.end();
    history.seek_event(0);
    let (mut writes, mut fetches, mut cached) = (0, 0, 0);
    while history.cursor() < end && history.step_forward() {
        if !history.cursor().is_multiple_of(7) {
            continue;
        }
        for (node, _) in history.simulation().directory().nodes() {
            let Some(inside) = view::inside(history.simulation(), node) else { continue };
            let InsideKind::Broker(broker) = inside.what else { continue };
            for parked in &broker.parked {
                match parked.what {
                    view::ParkedKind::Produce => {
                        writes += 1;
                        for (tp, offset) in &parked.needs {
                            let directory = broker.directories.iter().find(|directory| directory.tp == *tp);
                            let directory = directory.expect("it leads what it waits for");
                            assert!(directory.high_watermark < *offset, "what is committed waits no longer");
                        }
                    }
                    view::ParkedKind::FollowerFetch | view::ParkedKind::ConsumerFetch => fetches += 1,
                    view::ParkedKind::Coordinator => {}
                }
                // A broker asks itself without a connection.
                let peer = parked.peer.filter(|peer| *peer != node);
                let connection = broker.connections.iter().find(|known| Some(known.peer) == peer && known.busy);
                assert!(peer.is_none() || connection.is_some(), "a parked request mutes its connection");
            }
            cached += broker.directories.iter().filter(|it| it.durable_to < it.log_end_offset).count();
        }
    }
    assert!(writes > 5 && fetches > 5 && cached > 5, "{writes} {fetches} {cached}");
}
