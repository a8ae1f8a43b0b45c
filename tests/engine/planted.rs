//! Every planted bug is caught by a promise within two hundred random worlds: what the promises do not see they do not
//! promise. Run with `cargo test -p highwater-tests --features planted-faults`.

use highwater_engine::planted::{Planted, plant};
use highwater_engine::swarm::{Failure, exhaust, try_seed};

/// Random worlds a bug may hide in.
const SEEDS: u64 = 200;
/// Events in each.
const STEPS: u64 = 12_000;

/// The first seed that shows the bug, and the promise it breaks.
fn caught(bug: Planted) -> Option<(u64, String)> {
    plant(Some(bug));
    let found = (0..SEEDS).find_map(|seed| match try_seed(seed, STEPS).ok()?.failure {
        Some(Failure::Broken { promise, .. }) => Some((seed, promise.name().to_owned())),
        _ => None,
    });
    plant(None);
    found
}

#[test]
fn the_search_through_every_order_finds_planted_bugs_as_well() {
    for bug in [Planted::AckBeforeHighWatermark, Planted::HighWatermarkIgnoresIsr, Planted::LeaderEpochNotBumped] {
        plant(Some(bug));
        let found = exhaust(u64::MAX);
        plant(None);
        let breaches = found.unwrap().breaches;
        assert!(!breaches.is_empty(), "{bug:?} is not found");
        println!("{bug:?}: {breaches:?}");
    }
}

#[test]
fn every_planted_bug_breaks_a_promise_within_two_hundred_seeds() {
    let mut missed = Vec::new();
    for bug in Planted::ALL {
        match caught(bug) {
            Some((seed, promise)) => println!("{bug:?}: seed {seed} breaks {promise}"),
            None => missed.push(bug),
        }
    }
    assert_eq!(missed, [], "no promise catches these");
}
