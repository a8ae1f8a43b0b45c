//! Random worlds with random faults: no promise breaks, and when the faults are over all goes well again.

use crate::test;
use highwater_engine::swarm::try_seed;

#[test]
fn random_worlds_keep_their_promises_and_recover() {
    for seed in 0..6 {
        let trial = try_seed(seed, 8_000).unwrap();
        assert_eq!(trial.failure, None, "seed {seed}");
        assert!(trial.events >= 1_000, "seed {seed}: only {} events", trial.events);
    }
}
