//! Assignors: whatever the group looks like, some things must hold.

use crate::test;
use highwater_engine::assignor::{Assignor, ServerAssignor, Subscriber};
use highwater_engine::collections::Map;
use highwater_engine::ids::{Generation, TopicId, TopicPartition};
use highwater_engine::protocol::{GroupAssignment, MemberId};
use highwater_engine::rng::SimRng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Assign = fn(&[Subscriber], &Map<TopicId, i32>) -> GroupAssignment;

/// Every assignor with whether it is sticky.
fn assignors() -> Vec<(&'static str, Assign, bool)> {
    vec![
        ("range", |members, topics| Assignor::Range.assign(members, topics), false),
        ("roundrobin", |members, topics| Assignor::RoundRobin.assign(members, topics), false),
        ("sticky", |members, topics| Assignor::Sticky.assign(members, topics), true),
        ("cooperative-sticky", |members, topics| Assignor::CooperativeSticky.assign(members, topics), true),
        ("server uniform", |members, topics| ServerAssignor::Uniform.assign(members, topics), true),
        ("server range", |members, topics| ServerAssignor::Range.assign(members, topics), false),
    ]
}

fn group(rng: &mut SimRng, alike: bool) -> (Vec<Subscriber>, Map<TopicId, i32>) {
    let topics: Vec<TopicId> = (0..1 + rng.below(4) as u32).map(TopicId).collect();
    let partitions = topics.iter().map(|topic| (*topic, 1 + rng.below(9) as i32)).collect();
    let members = (0..1 + rng.below(8) as u32)
        .map(|client| {
            let mut own: Vec<TopicId> = topics.iter().copied().filter(|_| alike || rng.below(2) == 0).collect();
            if own.is_empty() {
                own.push(topics[0]);
            }
            Subscriber {
                member: MemberId { client, incarnation: 1 },
                instance: (rng.below(4) == 0).then(|| Arc::from(format!("i{}", rng.below(100)))),
                topics: own,
                owned: Vec::new(),
                generation: Generation::NONE,
            }
        })
        .collect();
    (members, partitions)
}

/// Everybody owns what it was given.
fn hand_over(members: &mut [Subscriber], given: &GroupAssignment, generation: i32) {
    let given: BTreeMap<MemberId, Vec<TopicPartition>> = given.iter().cloned().collect();
    for member in members {
        member.owned = given.get(&member.member).cloned().unwrap_or_default();
        member.generation = Generation(generation);
    }
}

fn sizes(given: &GroupAssignment) -> (usize, usize) {
    let sizes = || given.iter().map(|(_, list)| list.len());
    (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0))
}

fn total(members: &[Subscriber], topics: &Map<TopicId, i32>) -> usize {
    let wanted = |topic: &TopicId| members.iter().any(|member| member.topics.contains(topic));
    topics.iter().filter(|(topic, _)| wanted(topic)).map(|(_, count)| *count as usize).sum()
}

/// Each partition of a subscribed topic has one owner (or, once, none), and owners are subscribed.
#[track_caller]
fn check_valid(place: &str, members: &[Subscriber], topics: &Map<TopicId, i32>, given: &GroupAssignment, whole: bool) {
    let mut seen = BTreeSet::new();
    for (member, list) in given {
        let subscriber = members.iter().find(|known| known.member == *member).unwrap();
        for tp in list {
            assert!(seen.insert(*tp), "{place}: {tp:?} is given twice");
            assert!(subscriber.topics.contains(&tp.topic), "{place}: {member} is not subscribed to {tp:?}");
        }
    }
    let wanted = total(members, topics);
    assert!(seen.len() <= wanted && (!whole || seen.len() == wanted), "{place}: {} of {wanted} are given", seen.len());
}

#[test]
fn every_partition_has_one_owner_and_sticky_ones_move_nothing_without_need() {
    for seed in 0..400 {
        let mut rng = SimRng::stream(seed, "assignors");
        let alike = rng.below(2) == 0;
        let (fresh, topics) = group(&mut rng, alike);
        for (name, assign, sticky) in assignors() {
            let place = format!("{name}, seed {seed}");
            let mut members = fresh.clone();
            let first = assign(&members, &topics);
            check_valid(&place, &members, &topics, &first, true);
            if sticky && alike {
                let (least, most) = sizes(&first);
                assert!(most <= least + 1, "{place}: from {least} to {most}");
            }
            hand_over(&mut members, &first, 1);
            let again = assign(&members, &topics);
            let sorted = |given: &GroupAssignment| -> Vec<(MemberId, BTreeSet<TopicPartition>)> {
                given.iter().map(|(member, list)| (*member, list.iter().copied().collect())).collect()
            };
            assert_eq!(sorted(&first), sorted(&again), "{place}: an unchanged group moved");
        }
    }
}

#[test]
fn a_cooperative_rebalance_never_gives_away_what_someone_still_owns_and_ends_whole() {
    for seed in 0..400 {
        let mut rng = SimRng::stream(seed, "cooperative");
        let alike = rng.below(2) == 0;
        let (mut members, topics) = group(&mut rng, alike);
        let newcomers: Vec<Subscriber> = members.split_off(members.len() / 2 + 1);
        let first = Assignor::CooperativeSticky.assign(&members, &topics);
        hand_over(&mut members, &first, 1);
        members.extend(newcomers);
        let owners = |members: &[Subscriber]| -> BTreeMap<TopicPartition, MemberId> {
            members.iter().flat_map(|member| member.owned.iter().map(|tp| (*tp, member.member))).collect()
        };
        let before = owners(&members);
        let round = Assignor::CooperativeSticky.assign(&members, &topics);
        check_valid(&format!("seed {seed}"), &members, &topics, &round, false);
        for (member, list) in &round {
            for tp in list {
                assert!(before.get(tp).is_none_or(|owner| owner == member), "seed {seed}: {tp:?} has two owners");
            }
        }
        // As in Kafka, members join again while something had to be given up.
        let mut settled = false;
        let mut given = round;
        for generation in 2..6 {
            hand_over(&mut members, &given, generation);
            let next = Assignor::CooperativeSticky.assign(&members, &topics);
            settled = next.iter().map(|(_, list)| list.len()).sum::<usize>() == total(&members, &topics);
            if settled {
                check_valid(&format!("seed {seed}, last round"), &members, &topics, &next, true);
                break;
            }
            given = next;
        }
        assert!(settled, "seed {seed}: some partition never finds an owner");
    }
}

#[test]
fn when_a_member_leaves_sticky_moves_only_its_partitions() {
    for seed in 0..200 {
        let mut rng = SimRng::stream(seed, "leave");
        let (mut members, topics) = group(&mut rng, true);
        if members.len() < 2 {
            continue;
        }
        let first = Assignor::Sticky.assign(&members, &topics);
        hand_over(&mut members, &first, 1);
        let gone = members.remove(0);
        let after = Assignor::Sticky.assign(&members, &topics);
        for member in &members {
            let (_, list) = after.iter().find(|(known, _)| *known == member.member).unwrap();
            let kept = member.owned.iter().all(|tp| list.contains(tp));
            assert!(kept, "seed {seed}: {} lost something although {} left", member.member, gone.member);
        }
    }
}

#[test]
fn kafkas_names_find_the_assignors() {
    for assignor in Assignor::ALL {
        assert_eq!(Assignor::find(assignor.name()), Some(assignor));
    }
    let class = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    assert_eq!(Assignor::find(class), Some(Assignor::CooperativeSticky));
    assert_eq!(Assignor::find("fair"), None);
}
