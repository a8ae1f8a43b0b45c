//! Same recording, same run: in debug, in release, in Node and in a browser.

use crate::test;
use highwater_engine::hash::StableHasher;
use highwater_engine::sim::Observe;
use highwater_tests::random_world::{Faults, recording};
use std::hash::{Hash, Hasher};

/// Hash of everything that happens in the first 20,000 events of a random world, and of the state after them.
fn trace_hash(seed: u64) -> u64 {
    let recording = recording(seed, Faults::All);
    let mut simulation = recording.begin(Observe::ALL).unwrap();
    let mut hasher = StableHasher::default();
    while simulation.dispatched() < 20_000 {
        let Some(dispatched) = recording.step(&mut simulation) else { break };
        (simulation.now(), dispatched).hash(&mut hasher);
        simulation.take_emitted().hash(&mut hasher);
    }
    simulation.state_hash().hash(&mut hasher);
    hasher.finish()
}

/// Pinned from a native release build. A change of the engine's behaviour changes it; a change of machine must not.
const HUNDRED_SEEDS: u64 = 0xabe6_2b0a_f7e6_660e;

#[test]
fn a_hundred_random_worlds_with_faults_run_the_same_everywhere() {
    let mut all = StableHasher::default();
    for seed in 0..100 {
        trace_hash(seed).hash(&mut all);
    }
    assert_eq!(format!("{:#018x}", all.finish()), format!("{HUNDRED_SEEDS:#018x}"));
}

#[test]
fn watching_does_not_change_what_happens() {
    for seed in 0..10 {
        let recording = recording(seed, Faults::All);
        let mut watched = recording.begin(Observe::ALL).unwrap();
        let mut bare = recording.begin(Observe::NOTHING).unwrap();
        for _ in 0..5_000 {
            let (one, other) = (recording.step(&mut watched), recording.step(&mut bare));
            assert_eq!(one, other, "seed {seed}, event {}", watched.dispatched());
        }
    }
}
