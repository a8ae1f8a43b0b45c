//! Nothing collides, whatever the crowd.

use super::fixtures::{self, Crowd, cluster, flight};
use super::geometry::Rect;
use super::shape::Shape;
use super::{Depth, Extent, Layout, Scene, StageInput, Target, compose};
use crate::i18n::Locale;
use highwater_engine::ids::*;
use highwater_engine::sim::{Directory, Spec};
use highwater_engine::time::Instant;
use highwater_engine::view::{PacketKind, StageView};

const SMALL: Crowd =
    Crowd { brokers: 3, partitions: 3, producers: 1, groups: 1, members: 2, records: 7, dead: false, elected: true };

fn picture(view: &StageView, previous: Option<&StageView>, layout: Layout, locale: Locale) -> Scene {
    at_depth(view, previous, layout, Depth::Fit, locale)
}

fn at_depth(view: &StageView, previous: Option<&StageView>, layout: Layout, depth: Depth, locale: Locale) -> Scene {
    let directory = Directory::of(&Spec::default());
    let input = StageInput {
        view,
        previous,
        directory: &directory,
        selection: None,
        layout,
        depth,
        colour_by: Default::default(),
        inside: None,
        causes: &[],
        vanished: &[],
        marks: &[],
    };
    compose(&input, locale)
}

/// The pieces of every wire, as thin boxes.
fn wires(scene: &Scene) -> Vec<Rect> {
    let mut pieces = Vec::new();
    for shape in scene.groups.iter().flat_map(|group| &group.shapes) {
        let Shape::Path { class: "rail" | "rail-r" | "rail quiet" | "elect", d } = shape else { continue };
        for line in d.split('M').filter(|line| !line.is_empty() && !line.contains(['Q', 'V'])) {
            let corners: Vec<(f64, f64)> = line
                .split('L')
                .filter_map(|corner| corner.split_once(' ').and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?))))
                .collect();
            for pair in corners.windows(2) {
                let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
                pieces.push(Rect::new(x0.min(x1), y0.min(y1), (x1 - x0).abs(), (y1 - y0).abs()).grown(0.5));
            }
        }
    }
    pieces
}

/// Pairs of labels that overlap, labels that leave the picture, and labels on a wire.
fn faults(scene: &Scene) -> Vec<String> {
    let wires = wires(scene);
    let texts: Vec<(Rect, &str)> = scene
        .groups
        .iter()
        .flat_map(|group| &group.shapes)
        .filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some((shape.text_box()?, text.as_str())),
            _ => None,
        })
        .collect();
    let mut faults = Vec::new();
    for (index, (a, first)) in texts.iter().enumerate() {
        let inside = a.x >= -1.0 && a.y >= -1.0 && a.right() <= scene.width + 1.0 && a.bottom() <= scene.height + 1.0;
        if !inside {
            faults.push(format!("“{first}” leaves the picture: {a:?} of {}×{}", scene.width, scene.height));
        }
        if let Some(wire) = wires.iter().find(|wire| a.grown(-0.5).overlaps(**wire)) {
            faults.push(format!("“{first}” {a:?} stands on the wire {wire:?}"));
        }
        for (b, second) in texts.iter().skip(index + 1) {
            // A tenth of a unit is rounding.
            if a.grown(-0.1).overlaps(*b) {
                faults.push(format!("“{first}” {a:?} and “{second}” {b:?}"));
            }
        }
    }
    faults
}

#[track_caller]
pub(super) fn check(name: &str, scene: &Scene) {
    let faults = faults(scene);
    assert!(
        faults.is_empty(),
        "{name}: {} faults, first: {:#?}",
        faults.len(),
        faults.iter().take(4).collect::<Vec<_>>()
    );
    let mut keys: Vec<&str> = scene.groups.iter().map(|group| group.key.as_str()).collect();
    keys.sort_unstable();
    let before = keys.len();
    keys.dedup();
    assert_eq!(before, keys.len(), "{name}: a key occurs twice");
}

#[test]
fn the_checker_finds_a_collision() {
    let view = cluster(SMALL);
    let mut scene = picture(&view, None, Layout::Wide { width: 860.0, height: 468.0 }, Locale::en);
    assert!(faults(&scene).is_empty());
    let copy = scene.groups.iter().flat_map(|group| &group.shapes).find(|shape| shape.text_box().is_some()).cloned();
    let mut shapes = Vec::from_iter(copy);
    shapes.push(Shape::text(super::TextStyle::Word, "", -50.0, 20.0, "out"));
    scene.groups.push(super::Group::plain("again", shapes));
    assert_eq!(faults(&scene).len(), 2);
}

#[test]
fn no_labels_overlap_in_the_cluster_drawing() {
    for locale in [Locale::en, Locale::zh_CN] {
        for brokers in 1..=9 {
            for partitions in 1..=6 {
                for (producers, groups, members) in [(0, 0, 0), (1, 1, 1), (2, 2, 4), (4, 3, 3), (3, 1, 4)] {
                    for records in [0, 1, 2, 4, 7, 8, 9, 26, 1234] {
                        for (dead, elected) in [(false, true), (true, false), (true, true)] {
                            let crowd =
                                Crowd { brokers, partitions, producers, groups, members, records, dead, elected };
                            let view = cluster(crowd);
                            let before = cluster(Crowd { dead: false, ..crowd });
                            let layout = Layout::Wide { width: 860.0, height: 468.0 };
                            let name = format!("{locale:?} {crowd:?}");
                            check(&name, &picture(&view, Some(&before), layout, locale));
                        }
                    }
                }
            }
        }
    }
}

/// From a small cluster to one that is drawn in sums: at every depth, whoever is there.
#[test]
fn no_labels_overlap_at_any_depth() {
    let anchor = |partition| TopicPartition::new(fixtures::TOPIC, partition);
    for locale in [Locale::en, Locale::zh_CN] {
        for brokers in [1, 3, 8, 12, 14] {
            for partitions in [1, 2, 6, 12, 24, 60] {
                for (producers, groups, members) in [(0, 0, 0), (1, 1, 3), (8, 4, 12)] {
                    for records in [0, 26, 1_234] {
                        for dead in [false, true] {
                            let crowd =
                                Crowd { brokers, partitions, producers, groups, members, records, dead, elected: true };
                            let view = cluster(crowd);
                            for (width, height) in [(822.0, 450.0), (640.0, 300.0)] {
                                let layout = Layout::Wide { width, height };
                                for depth in
                                    [Depth::Glance, Depth::Topic(anchor(1)), Depth::Partition(anchor(1)), Depth::Fit]
                                {
                                    let scene = at_depth(&view, None, layout, depth, locale);
                                    check(&format!("{locale:?} {crowd:?} {width} {depth:?}"), &scene);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_crowd_is_seen_at_a_glance_and_a_few_logs_from_near() {
    let layout = Layout::Wide { width: 822.0, height: 450.0 };
    let few = cluster(SMALL);
    let extent = |view: &StageView, depth| at_depth(view, None, layout, depth, Locale::en).extent;
    assert_eq!(extent(&few, Depth::Fit), Extent::Whole);
    let many = cluster(Crowd { brokers: 9, partitions: 24, ..SMALL });
    assert_eq!(extent(&many, Depth::Fit), Extent::Glance);
    let tp = |partition| TopicPartition::new(fixtures::TOPIC, partition);
    // Pages: every partition is on exactly one of them.
    let mut at = 0;
    while at < 24 {
        let Extent::Part { first, shown, of: 24 } = extent(&many, Depth::Topic(tp(at))) else { panic!("at {at}") };
        assert_eq!(first, tp(at));
        at += shown as i32;
    }
    assert_eq!(extent(&many, Depth::Partition(tp(7))), Extent::Part { first: tp(7), shown: 1, of: 24 });
    // A partition that has been deleted meanwhile.
    assert_eq!(extent(&few, Depth::Partition(tp(9))), Extent::Glance);
    let crowd = cluster(Crowd { brokers: 14, partitions: 60, ..SMALL });
    assert!(at_depth(&crowd, None, layout, Depth::Fit, Locale::en).markup().contains("60 partitions in 1 rows"));
}

#[test]
fn no_labels_overlap_in_other_rooms() {
    let mut view = cluster(Crowd { dead: true, groups: 2, ..SMALL });
    fixtures::add_databases(&mut view);
    for (width, height) in [(320.0, 240.0), (700.0, 300.0), (860.0, 700.0), (1366.0, 620.0), (1920.0, 900.0)] {
        for locale in [Locale::en, Locale::zh_CN] {
            check(&format!("{width}×{height}"), &picture(&view, None, Layout::Wide { width, height }, locale));
        }
    }
}

#[test]
fn no_labels_overlap_on_a_phone() {
    for locale in [Locale::en, Locale::zh_CN] {
        for brokers in [1, 3, 5] {
            for records in [0, 1, 3, 8, 9, 40, 1234] {
                for (dead, elected, groups) in [(false, true, 1), (true, true, 3), (true, false, 1)] {
                    let crowd = Crowd { brokers, groups, producers: 2, records, dead, elected, ..SMALL };
                    let (view, before) = (cluster(crowd), cluster(Crowd { dead: false, ..crowd }));
                    for partition_index in 0..3 {
                        let layout = Layout::Phone { width: 390.0, partition_index };
                        check(&format!("{locale:?} {crowd:?}"), &picture(&view, Some(&before), layout, locale));
                    }
                }
            }
        }
    }
}

#[test]
fn no_labels_overlap_beside_a_queue() {
    for locale in [Locale::en, Locale::zh_CN] {
        for records in [0, 1, 5, 12, 13, 30, 400] {
            for (partitions, workers) in [(0, 1), (1, 2), (2, 3)] {
                let mut view = StageView::default();
                if partitions > 0 {
                    view = cluster(Crowd { partitions, groups: 2, records: records as i64, ..SMALL });
                }
                fixtures::add_queue(&mut view, records, workers);
                fixtures::add_databases(&mut view);
                let name = format!("{locale:?} {records} {partitions}");
                check(&name, &picture(&view, None, Layout::Wide { width: 860.0, height: 468.0 }, locale));
                check(&name, &picture(&view, None, Layout::Phone { width: 390.0, partition_index: 0 }, locale));
            }
        }
    }
}

#[test]
fn an_empty_world_says_so() {
    let view = StageView::default();
    let scene = picture(&view, None, Layout::Wide { width: 860.0, height: 468.0 }, Locale::zh_CN);
    assert!(scene.markup().contains("还没有主题"));
}

#[test]
fn every_conversation_has_a_wire_that_starts_and_ends_in_the_picture() {
    let view = cluster(Crowd { brokers: 4, producers: 2, groups: 2, ..SMALL });
    for layout in [Layout::Wide { width: 860.0, height: 468.0 }, Layout::Phone { width: 390.0, partition_index: 0 }] {
        let scene = picture(&view, None, layout, Locale::en);
        let mut pairs = vec![
            (NodeId(20), NodeId(1), PacketKind::Produce, Some(0)),
            (NodeId(1), NodeId(21), PacketKind::Ack, Some(0)),
            (NodeId(100), NodeId(1), PacketKind::Fetch, Some(0)),
            (NodeId(2), NodeId(1), PacketKind::Fetch, Some(0)),
            (NodeId(2), NodeId(1), PacketKind::Fetch, None),
        ];
        if matches!(layout, Layout::Wide { .. }) {
            pairs.extend([
                (NodeId(1), NodeId(0), PacketKind::Heartbeat, None),
                (NodeId(100), NodeId(2), PacketKind::Rebalance, None),
                (NodeId(20), NodeId(4), PacketKind::Metadata, None),
                (NodeId(4), NodeId(1), PacketKind::Fetch, None),
            ]);
        }
        for (from, to, packet, partition) in pairs {
            let flight = flight(from, to, packet, partition);
            for at in [500, 1_000, 1_500, 2_000, 9_000] {
                let place = scene.place(&flight, Instant(at));
                let whole = Rect::new(0.0, 0.0, scene.width, scene.height);
                assert!(place.is_some_and(|place| whole.contains(place.at)), "{layout:?} {from} → {to}: {place:?}");
            }
        }
    }
}

#[test]
fn a_packet_is_as_far_as_its_time() {
    let view = cluster(SMALL);
    let scene = picture(&view, None, Layout::Wide { width: 860.0, height: 468.0 }, Locale::en);
    let there = flight(NodeId(20), NodeId(2), PacketKind::Produce, Some(1));
    let back = flight(NodeId(2), NodeId(20), PacketKind::Ack, Some(1));
    let at = |flight, now| scene.place(flight, Instant(now)).map(|place| (place.at.x.round(), place.at.y.round()));
    assert_eq!(at(&there, 1_000), at(&back, 2_000));
    assert_eq!(at(&there, 1_250), at(&back, 1_750));
    let (x0, x1) = (at(&there, 1_000), at(&there, 1_500));
    assert!(x0 < x1, "{x0:?} {x1:?}");
}

#[test]
fn pointing_finds_the_record_then_the_replica_then_the_partition() {
    let view = cluster(SMALL);
    let scene = picture(&view, None, Layout::Wide { width: 860.0, height: 468.0 }, Locale::en);
    let tp = TopicPartition::new(fixtures::TOPIC, 0);
    let cells = scene.cells.iter().find(|cells| cells.broker == BrokerId(1) && cells.tp == tp).map(|cells| cells.rect);
    let rect = cells.unwrap_or_default();
    assert_eq!(scene.hit(rect.x + 8.0, rect.y + 8.0), Some(Target::Record(BrokerId(1), tp, Offset(0))));
    assert_eq!(scene.hit(rect.x + 40.0, rect.y + 8.0), Some(Target::Record(BrokerId(1), tp, Offset(2))));
    assert_eq!(scene.hit(rect.x - 20.0, rect.y + 8.0), Some(Target::Replica(BrokerId(1), tp)));
    for group in scene.groups.iter().filter(|group| group.target.is_some()) {
        assert!(!group.label.is_empty(), "{} has no sentence", group.key);
    }
}

#[test]
fn arrows_lead_to_the_neighbour() {
    use super::Point;
    let view = cluster(SMALL);
    let scene = picture(&view, None, Layout::Wide { width: 860.0, height: 468.0 }, Locale::en);
    let step = |key: &str, x, y| scene.neighbour(key, Point::new(x, y)).map(|group| group.key.clone());
    assert_eq!(step("replica:1:0:0", 1.0, 0.0).as_deref(), Some("replica:2:0:0"));
    assert_eq!(step("replica:2:0:0", 0.0, 1.0).as_deref(), Some("replica:2:0:1"));
    assert_eq!(step("replica:2:0:0", -1.0, 0.0).as_deref(), Some("replica:1:0:0"));
    assert_eq!(step("replica:1:0:0", 0.0, -1.0).as_deref(), Some("node:1"));
}

#[test]
fn chinese_and_english_differ_in_words_only() {
    let view = cluster(Crowd { dead: true, ..SMALL });
    let picture = |locale| picture(&view, None, Layout::Phone { width: 390.0, partition_index: 0 }, locale);
    let cells = |scene: &Scene| scene.cells.clone();
    assert_eq!(cells(&picture(Locale::en)), cells(&picture(Locale::zh_CN)));
    assert!(picture(Locale::zh_CN).markup().contains("宕机 9.0 s"));
    assert!(picture(Locale::en).markup().contains("only here"));
}
