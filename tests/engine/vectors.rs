//! Golden vectors taken from Apache Kafka.

use crate::test;
use highwater_engine::vectors::run_suite;

#[track_caller]
fn check(name: &str, text: &str, cases: u64) {
    let outcome = run_suite(name, text);
    assert!(outcome.failures.is_empty(), "{}", outcome.failures.join("\n"));
    assert_eq!((outcome.passed, outcome.not_covered), (cases, 0));
}

#[test]
fn murmur2_chooses_kafkas_partitions() {
    check("clients_murmur2", include_str!("../vectors/clients_murmur2.json"), 121);
}

#[test]
fn a_groups_partition_is_kafkas() {
    check("broker_coordinator_partition", include_str!("../vectors/broker_coordinator_partition.json"), 13);
}

#[test]
fn the_leader_epoch_cache_answers_as_kafkas() {
    check("broker_leader_epoch_cache", include_str!("../vectors/broker_leader_epoch_cache.json"), 12);
}

#[test]
fn assignors_give_what_kafkas_give() {
    check("clients_assignors", include_str!("../vectors/clients_assignors.json"), 526);
}

#[test]
fn assignors_stay_kafkas_through_joins_leaves_and_growth() {
    check("clients_assignor_chains", include_str!("../vectors/clients_assignor_chains.json"), 132);
    check("clients_server_chains", include_str!("../vectors/clients_server_chains.json"), 80);
}

#[test]
fn variable_length_integers_are_kafkas() {
    check("broker_varint", include_str!("../vectors/broker_varint.json"), 22);
}

#[test]
fn the_checksum_is_castagnolis() {
    check("broker_crc32c", include_str!("../vectors/broker_crc32c.json"), 5);
}

#[test]
fn a_batch_has_kafkas_bytes_and_every_flipped_bit_is_caught() {
    check("broker_record_batch_v2", include_str!("../vectors/broker_record_batch_v2.json"), 12);
}

#[test]
fn the_offset_index_is_as_sparse_as_kafkas() {
    check("broker_offset_index", include_str!("../vectors/broker_offset_index.json"), 5);
}

#[test]
fn every_modelled_setting_has_kafkas_default_unit_and_range() {
    let outcome = run_suite("config_defaults", include_str!("../vectors/config_defaults.json"));
    assert!(outcome.failures.is_empty(), "{}", outcome.failures.join("\n"));
    assert!(outcome.passed >= 68, "only {} settings are modelled", outcome.passed);
}

#[test]
fn the_sticky_partitioner_chooses_as_kafkas() {
    check("clients_sticky_partitioner", include_str!("../vectors/clients_sticky_partitioner.json"), 32);
}

#[test]
fn producer_state_judges_as_kafkas() {
    check("broker_producer_state", include_str!("../vectors/broker_producer_state.json"), 8);
}

#[test]
fn the_aborted_transaction_index_is_kafkas() {
    check("broker_aborted_txn_index", include_str!("../vectors/broker_aborted_txn_index.json"), 7);
}

#[test]
fn the_high_watermark_is_kafkas() {
    check("broker_high_watermark", include_str!("../vectors/broker_high_watermark.json"), 6);
}

#[test]
fn leaders_are_elected_and_eligible_replicas_kept_as_kafkas_controller_does() {
    check("broker_leader_election", include_str!("../vectors/broker_leader_election.json"), 11);
}

#[test]
fn classic_placement_is_kafkas() {
    check("broker_replica_assignment", include_str!("../vectors/broker_replica_assignment.json"), 8);
}

#[test]
fn striped_placement_is_kafkas() {
    check("broker_striped_placement", include_str!("../vectors/broker_striped_placement.json"), 4);
}

#[test]
fn a_wrong_answer_fails_and_an_unknown_suite_is_not_covered() {
    let wrong = r#"{"kind":"murmur2","vectors":[{"name":"a","key_hex":"61","murmur2":1,"partition":{}}]}"#;
    assert_eq!(run_suite("x", wrong).failures.len(), 1);
    let wrong = r#"{"kind":"assignors","vectors":[{"id":"a","topics":{"t":1},"members":[{"id":"c","topics":["t"],
        "generation":-1,"owned":[]}],"expected":{"range":{"assignment":{"c":[]}},"fair":{"assignment":{}}}}]}"#;
    assert_eq!(run_suite("x", wrong).failures.len(), 2);
    assert_eq!(run_suite("x", r#"{"suite":"nonsense","cases":[{},{}]}"#).not_covered, 2);
    assert_eq!(run_suite("x", "{").failures.len(), 1);
}
