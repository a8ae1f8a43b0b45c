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
    a_lost_answer_and_a_retry_store_twice = "30a-lost-answer";
    idempotence_recognises_the_retry = "30b-idempotence";
    five_in_flight_overtake_one_another = "30c-overtaken";
    sequences_keep_the_order = "30d-in-order";
    a_buffer_dies_with_its_process = "30e-lost-buffer";
    a_short_linger_loses_less = "30f-short-linger";
    a_hot_key_has_one_reader = "30g-hot-key";
    more_partitions_move_keys = "30h-more-partitions";
    a_full_buffer_holds_its_caller_up = "30i-buffer-full";
    an_abort_is_seen_by_the_careless_only = "31a-abort";
    an_open_transaction_holds_everybody_up = "31b-open-transaction";
    a_zombie_is_fenced = "31c-zombie";
    a_copy_without_transactions_copies_twice = "31d-copy-twice";
    a_copy_in_transactions_survives_a_crash = "31e-exactly-once";
}
