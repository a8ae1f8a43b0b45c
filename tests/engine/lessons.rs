//! Every lesson holds on its own seed and on fifty others: no sentence of it is luck.

use crate::saved::check_saved;
use crate::test;
use highwater_engine::scenario::Scenario;
use highwater_tests::story::check_seed;

macro_rules! lessons {
    ($($test:ident = $folder:literal;)*) => { $(
        #[test]
        fn $test() {
            let scenario = Scenario::parse(include_str!(concat!("../../web/lessons/", $folder, "/script.kdl"))).unwrap();
            check_seed(&scenario, scenario.seed);
            check_saved(&scenario);
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
    a_log_is_a_row_of_files = "20-segments";
    retention_does_not_ask_whether_a_record_was_read = "21-retention";
    compaction_keeps_the_last_value_of_each_key = "22-compaction";
    a_power_failure_of_all_replicas_loses_what_was_not_flushed = "23a-power-loss";
    an_fsync_after_every_record_keeps_it = "23b-flush";
    a_torn_batch_is_found_by_its_checksum = "24-torn-write";
    an_unclean_election_loses_acknowledged_records = "25-unclean";
    the_last_replica_leads_even_when_it_is_empty = "26a-last-replica";
    an_eligible_replica_leads_instead = "26b-eligible-leaders";
    an_isr_of_one_acknowledges_what_it_cannot_keep = "26c-all-of-one";
    two_required_refuse_it = "26d-two-or-nothing";
    a_late_request_takes_an_empty_broker_back = "26e-late-request";
    a_broker_epoch_refuses_it = "26f-broker-epochs";
    truncating_to_the_high_watermark_loses_a_committed_record = "27a-truncate-to-hw";
    leader_epochs_keep_it = "27b-leader-epochs";
    two_logs_with_one_watermark_differ = "27c-two-histories";
    a_follower_that_compares_epochs_has_one_history = "27d-one-history";
    an_answer_that_does_not_name_its_epoch_misleads = "27e-double-failover";
    an_answer_that_names_it_does_not = "27f-named-epochs";
    a_reader_learns_that_its_log_was_cut = "27g-reader-behind-the-cut";
    a_zombie_leader_commits_nothing = "28-zombie";
    a_flapping_isr_stops_writes_each_time = "29-isr-flapping";
    a_failover_with_zookeeper = "50a-with-zookeeper";
    the_same_failover_with_kraft = "50b-with-kraft";
    a_lost_answer_and_a_retry_store_twice = "30a-lost-answer";
    idempotence_recognises_the_retry = "30b-idempotence";
    five_in_flight_overtake_one_another = "30c-overtaken";
    sequences_keep_the_order = "30d-in-order";
    a_buffer_dies_with_its_process = "30e-lost-buffer";
    a_short_linger_loses_less = "30f-short-linger";
    a_hot_key_has_one_reader = "30g-hot-key";
    more_partitions_move_keys = "30h-more-partitions";
    a_full_buffer_holds_its_caller_up = "30i-buffer-full";
    one_in_flight_keeps_the_order_at_a_price = "30j-one-in-flight";
    round_robin_fills_batches_badly = "30k-round-robin";
    sticky_fills_them_and_is_lumpy = "30l-sticky";
    acks_buy_safety_with_latency = "30m-acks";
    without_answers_nothing_ever_fails = "30n-acks-0";
    an_abort_is_seen_by_the_careless_only = "31a-abort";
    an_open_transaction_holds_everybody_up = "31b-open-transaction";
    a_zombie_is_fenced = "31c-zombie";
    a_copy_without_transactions_copies_twice = "31d-copy-twice";
    a_copy_in_transactions_survives_a_crash = "31e-exactly-once";
    a_late_write_leaves_a_transaction_open_for_ever = "31f-hanging-transaction";
    a_leader_that_asks_first_refuses_it = "31g-asked-first";
    the_next_coordinator_finishes_what_was_decided = "31h-decided-not-marked";
    a_late_commit_ends_the_next_transaction = "31i-late-end";
    an_epoch_for_each_transaction_refuses_it = "31j-an-epoch-each";
    an_eager_rebalance_stops_everybody = "40a-eager";
    a_cooperative_one_stops_only_what_moves = "40b-cooperative";
    the_consumer_protocol_leads_each_member_by_itself = "40c-consumer-protocol";
    a_rolling_restart_costs_two_rebalances_a_member = "40d-rolling-restart";
    static_members_restart_unnoticed = "40e-static-members";
    work_that_takes_too_long_is_done_twice = "41a-slow-processing";
    a_frozen_member_and_a_hanging_one_are_missed_by_two_clocks = "41b-two-clocks";
    a_zombie_may_work_but_not_commit = "41c-zombie-commit";
    a_group_outlives_its_coordinator = "41d-coordinator-dies";
    a_znode_takes_the_commit_of_a_zombie = "41e-kept-in-zookeeper";
    more_consumers_than_partitions_wait = "42a-more-consumers";
    two_groups_do_not_know_of_each_other = "42c-two-groups";
    a_commit_tried_again_too_late_goes_back = "43e-async-commit";
    a_poison_pill_stops_its_partition = "44a-poison-pill";
    a_share_group_archives_it = "44b-poison-shared";
    a_hot_partition_has_one_reader = "44c-hot-partition";
    a_share_group_shares_it = "44d-hot-shared";
    what_is_written_to_new_partitions_before_they_are_noticed_is_missed = "42b-partitions-added";
    what_auto_commit_has_not_covered_is_done_again = "43a-auto-commit";
    without_an_offset_the_reset_decides = "43b-reset";
    a_log_can_be_read_again = "43c-replay";
    offsets_of_an_empty_group_expire = "43d-offsets-expire";
    offsets_on_one_disk_are_gone_with_it = "43f-offsets-lost";
}
