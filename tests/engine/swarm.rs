//! Random worlds with random faults: no promise breaks, and when the faults are over all goes well again.

use crate::test;
use highwater_engine::swarm::{try_seed, try_sessions};

#[test]
fn random_worlds_keep_their_promises_and_recover() {
    for seed in 0..6 {
        let trial = try_seed(seed, 8_000).unwrap();
        assert_eq!(trial.failure, None, "seed {seed}");
        assert!(trial.events >= 1_000, "seed {seed}: only {} events", trial.events);
    }
}

#[test]
fn sessions_repeat_and_reorder_nothing_and_transactions_count_whole_or_not_at_all() {
    let (mut committed, mut aborted, mut results) = (0, 0, 0);
    for seed in 0..8 {
        let trial = try_sessions(seed, 12_000).unwrap();
        assert!(trial.findings.is_empty(), "seed {seed}: {}", trial.findings.join("\n"));
        committed += trial.transactions.0;
        aborted += trial.transactions.1;
        results += trial.results;
    }
    assert!(committed > 500 && aborted > 100 && results > 1_000, "{committed} {aborted} {results}");
}
