//! Pictures of real runs, as text. `UPDATE=1 cargo test -p highwater-web` writes them anew; read the difference.

use super::shape::{Anchor, Shape};
use super::{Depth, Layout, Scene, StageInput, Target, compose};
use crate::i18n::Locale;
use highwater_engine::history::History;
use highwater_engine::scenario::{Scenario, Story};
use highwater_engine::view::{self, Lens, PacketKind, StageView};
use std::fmt::Write;
use std::path::Path;

const FAILOVER: &str = r#"
scenario failover seed=3
brokers 3
network latency="8ms" jitter="3ms"
topic orders partitions=2 replication-factor=3 min.insync.replicas=2 {
    replicas 1 2 3
    replicas 2 3 1
}
producer p1 topic=orders start="5s" every="300ms" count=12 acks=all {
    keys a b c d
}
group billing topic=orders auto.offset.reset=earliest {
    consumer c1 processing="20ms"
    consumer c2 processing="20ms"
}
story {
    until group-state billing Stable
    until acked ">=6"
    say before
    kill "broker 1"
    wait LeaderElected tp=orders-0
    say elected
}
"#;

const PAIR: &str = r#"
scenario pair seed=7
brokers 1
network latency="6ms" jitter="2ms"
topic orders partitions=1 replication-factor=1
queue tasks persistent=#true {
    worker w1 prefetch=1 processing="120ms"
    worker w2 prefetch=1 processing="120ms"
}
group billing topic=orders auto.offset.reset=earliest {
    consumer b1 processing="60ms" commit=each
}
producer p1 queue=tasks start="5s" every="150ms" count=8
producer p2 topic=orders start="5s" every="150ms" count=8
story {
    until group-state billing Stable
    until queue-removed tasks 4
    say halfway
}
"#;

/// A scenario at its beats, and the run at the last one.
pub(super) fn run(text: &str) -> (Vec<StageView>, History) {
    let scenario = Scenario::parse(text).expect("the scenario is sound");
    let story = Story::tell(&scenario, scenario.seed).expect("the world is sound");
    assert!(story.failures.is_empty(), "{:?}", story.failures);
    let mut history = History::new(story.recording.clone()).expect("the world is sound");
    let mut views = Vec::new();
    for beat in &story.beats {
        history.seek_event(beat.event);
        views.push(view::stage(history.simulation(), &Lens::default()));
    }
    (views, history)
}

fn picture(views: &[StageView], history: &History, layout: Layout, locale: Locale) -> Scene {
    let (view, before) = views.split_last().expect("a beat was told");
    let directory = history.simulation().directory();
    let input = StageInput {
        view,
        previous: before.last(),
        directory,
        selection: None,
        layout,
        depth: Depth::Fit,
        colour_by: Default::default(),
        inside: None,
        causes: &[],
        vanished: &[],
        marks: &[],
    };
    compose(&input, locale)
}

/// The picture in words: what can be selected with its sentence, every label with its place, how many shapes of each role.
fn text_of(scene: &Scene) -> String {
    let mut out = format!("{} × {}: {}\n", scene.width.round(), scene.height.round(), scene.label);
    for group in &scene.groups {
        let _ = writeln!(out, "\n{}{}{}", group.key, if group.label.is_empty() { "" } else { ": " }, group.label);
        let mut roles: Vec<(&str, usize)> = Vec::new();
        for shape in &group.shapes {
            match shape {
                Shape::Text { at, anchor, text, .. } => {
                    let side = match anchor {
                        Anchor::Start => "from",
                        Anchor::Middle => "round",
                        Anchor::End => "to",
                    };
                    let _ = writeln!(out, "  “{text}” {side} {},{}", at.x.round(), at.y.round());
                }
                Shape::Rect { class, .. } | Shape::Path { class, .. } | Shape::Circle { class, .. } => {
                    match roles.iter_mut().find(|(role, _)| role == class) {
                        Some((_, count)) => *count += 1,
                        None => roles.push((class, 1)),
                    }
                }
            }
        }
        for (role, count) in roles {
            let _ = writeln!(out, "  {role} × {count}");
        }
    }
    out
}

#[track_caller]
fn check(name: &str, scene: &Scene) {
    let actual = text_of(scene);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scene/golden").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
        std::fs::write(&path, &actual).expect("the file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if actual != expected {
        let line = actual.lines().zip(expected.lines()).position(|(a, b)| a != b).unwrap_or(0);
        let here = |text: &str| text.lines().skip(line.saturating_sub(2)).take(6).collect::<Vec<_>>().join("\n");
        panic!("{name} differs at line {}:\n{}\n--- expected ---\n{}", line + 1, here(&actual), here(&expected));
    }
}

#[test]
fn a_failover_in_english_and_chinese() {
    let (views, history) = run(FAILOVER);
    let wide = Layout::Wide { width: 860.0, height: 468.0 };
    check("failover-en", &picture(&views, &history, wide, Locale::en));
    check(
        "failover-zh-phone",
        &picture(&views, &history, Layout::Phone { width: 390.0, partition_index: 0 }, Locale::zh_CN),
    );
}

#[test]
fn a_queue_beside_a_topic() {
    let (views, history) = run(PAIR);
    check("pair-en", &picture(&views, &history, Layout::Wide { width: 860.0, height: 468.0 }, Locale::en));
}

/// Every message of a whole run has a wire on the wide stage, but for those the drawing leaves out on purpose.
#[test]
fn every_message_of_a_run_can_be_drawn() {
    for text in [FAILOVER, PAIR] {
        let (views, mut history) = run(text);
        let scene = picture(&views, &history, Layout::Wide { width: 860.0, height: 468.0 }, Locale::en);
        let (mut drawn, mut kinds) = (0, std::collections::BTreeSet::new());
        history.seek_event(0);
        while history.cursor() < history.end() && history.step_forward() {
            let now = history.simulation().now();
            for flight in view::flights(history.simulation()) {
                // Beside a queue the cluster's own business is not drawn.
                let between_brokers = matches!(
                    flight.packet,
                    PacketKind::Control
                        | PacketKind::Heartbeat
                        | PacketKind::Metadata
                        | PacketKind::Offsets
                        | PacketKind::Rebalance
                );
                match scene.place(&flight, now) {
                    Some(_) => {
                        drawn += 1;
                        kinds.insert(flight.packet);
                    }
                    None => {
                        assert!(!scene.cells.is_empty() && text == PAIR && between_brokers, "{flight:?} has no wire")
                    }
                }
            }
        }
        assert!(drawn > 100 && kinds.len() >= 5, "{drawn} {kinds:?}");
    }
}

/// With several brokers and partitions both would be too small to read: the cluster stays, and names the queues.
#[test]
fn a_queue_beside_a_larger_cluster_is_named_and_shown_when_it_is_selected() {
    let larger = PAIR.replace("brokers 1", "brokers 3").replace("partitions=1", "partitions=6");
    let (views, history) = run(&larger);
    let view = views.last().expect("there is a beat");
    let queue = Target::Queue(view.queues[0].id);
    let scene = |selection| {
        let input = StageInput {
            view,
            previous: None,
            directory: history.simulation().directory(),
            selection,
            layout: Layout::Wide { width: 822.0, height: 468.0 },
            depth: Depth::Fit,
            colour_by: Default::default(),
            inside: None,
            causes: &[],
            vanished: &[],
            marks: &[],
        };
        compose(&input, Locale::en)
    };
    let shows = |scene: &Scene, target| scene.groups.iter().any(|group| group.target == Some(target));
    let broker = Target::Node(view.brokers[2].node);
    let cluster = scene(None);
    assert!(shows(&cluster, broker) && shows(&cluster, queue), "nothing is hidden without a word");
    let worker = Target::Node(view.queues[0].workers[0].node);
    for selected in [queue, worker] {
        let near = scene(Some(selected));
        assert!(shows(&near, worker) && shows(&near, queue) && !shows(&near, broker));
    }
}
