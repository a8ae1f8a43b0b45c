//! Every lesson holds on its own seed and on fifty others: no sentence of it is luck.

use crate::test;
use highwater_engine::scenario::Scenario;
use highwater_tests::story::check_seed;

macro_rules! lessons {
    ($($test:ident = $folder:literal;)*) => { $(
        #[test]
        fn $test() {
            let scenario = Scenario::parse(include_str!(concat!("../../web/lessons/", $folder, "/script.kdl"))).unwrap();
            check_seed(&scenario, scenario.seed);
            for seed in 1..=50 {
                check_seed(&scenario, seed);
            }
        }
    )* };
}

lessons! {
    a_queue_forgets_and_a_topic_remembers = "01-queue-and-pubsub";
    a_dead_leader_costs_time_but_no_record = "02-leader-failover";
    acks_1_loses_an_acknowledged_record = "03a-acks-1";
    acks_all_does_not = "03b-acks-all";
    commit_before_processing_skips = "03c-commit-before";
    commit_after_processing_repeats = "03d-commit-after";
    a_dedupe_table_makes_repetition_harmless = "03e-dedupe";
}
