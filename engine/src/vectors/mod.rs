//! Golden vectors: files of cases whose answers were taken from Apache Kafka itself.

mod config;
mod storage;

use crate::client::{murmur2, partition_for_key};
use serde_json::Value;

/// What running a file came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Cases that gave the expected answer.
    pub passed: u64,
    /// What went wrong in the others.
    pub failures: Vec<String>,
    /// Cases of suites this engine has no code for.
    pub not_covered: u64,
}

impl Outcome {
    /// Adds another file's outcome.
    pub fn add(&mut self, other: Outcome) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.not_covered += other.not_covered;
    }

    fn judge(&mut self, case: &str, wrong: Option<String>) {
        match wrong {
            None => self.passed += 1,
            Some(wrong) => self.failures.push(format!("{case}: {wrong}")),
        }
    }
}

/// Runs one file. Which suite it is says its `suite` or `kind` field, else the file's name.
pub fn run_suite(name: &str, text: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let json: Value = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(error) => {
            outcome.failures.push(format!("not JSON: {error}"));
            return outcome;
        }
    };
    let suite = json.get("suite").or(json.get("kind")).and_then(Value::as_str).unwrap_or(name);
    match suite.trim_start_matches("clients_").trim_start_matches("broker_") {
        "murmur2" => run_murmur2(&json, &mut outcome),
        "coordinator_partition" => run_coordinator_partition(&json, &mut outcome),
        "leader_epoch_cache" => {
            crate::storage::run_leader_epoch_cache(&json, &mut |case, wrong| outcome.judge(case, wrong))
        }
        "assignors" => crate::assignor::run_assignors(cases(&json), &mut |case, wrong| outcome.judge(case, wrong)),
        "assignor_chains" | "server_chains" => {
            crate::assignor::run_chains(cases(&json), &mut |case, wrong| outcome.judge(case, wrong));
        }
        "varint" => storage::run_varint(&json, &mut outcome),
        "crc32c" => storage::run_crc32c(&json, &mut outcome),
        "record_batch_v2" => storage::run_record_batch(&json, &mut outcome),
        "offset_index" => storage::run_offset_index(&json, &mut outcome),
        "config_defaults" => config::run_config_defaults(&json, &mut outcome),
        "sticky_partitioner" => {
            crate::client::run_sticky_partitioner(&json, &mut |case, wrong| outcome.judge(case, wrong))
        }
        "producer_state" => crate::storage::run_producer_state(&json, &mut |case, wrong| outcome.judge(case, wrong)),
        "aborted_txn_index" => {
            crate::storage::run_aborted_txn_index(&json, &mut |case, wrong| outcome.judge(case, wrong))
        }
        "high_watermark" => {
            crate::replication::run_high_watermark(&json, &mut |case, wrong| outcome.judge(case, wrong))
        }
        "leader_election" => {
            crate::controller::run_leader_election(&json, &mut |case, wrong| outcome.judge(case, wrong))
        }
        "replica_assignment" => {
            crate::controller::run_replica_assignment(&json, &mut |case, wrong| outcome.judge(case, wrong))
        }
        "striped_placement" => {
            crate::controller::run_striped_placement(&json, &mut |case, wrong| outcome.judge(case, wrong))
        }
        _ => outcome.not_covered = count_cases(&json),
    }
    outcome
}

fn cases(json: &Value) -> &[Value] {
    let list = json.get("cases").or(json.get("vectors")).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn count_cases(json: &Value) -> u64 {
    let listed = cases(json).len() as u64;
    let lists = json.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
    if listed > 0 { listed } else { lists.map(|list| list.len() as u64).sum::<u64>().max(1) }
}

fn run_murmur2(json: &Value, outcome: &mut Outcome) {
    for case in cases(json) {
        let name = case["name"].as_str().unwrap_or("unnamed");
        let wrong = (|| {
            let Some(key) = case["key_hex"].as_str().and_then(bytes_of) else {
                return Some("key_hex is not hexadecimal".to_owned());
            };
            let hash = murmur2(&key);
            if case["murmur2"].as_i64() != Some(i64::from(hash)) {
                return Some(format!("murmur2 is {hash}, expected {}", case["murmur2"]));
            }
            let partitions = case["partition"].as_object()?;
            partitions.iter().find_map(|(count, expected)| {
                let found = partition_for_key(&key, count.parse().ok()?);
                (expected.as_i64() != Some(i64::from(found)))
                    .then(|| format!("partition of {count} is {found}, expected {expected}"))
            })
        })();
        outcome.judge(name, wrong);
    }
}

fn run_coordinator_partition(json: &Value, outcome: &mut Outcome) {
    for case in cases(json) {
        let name = case["id"].as_str().unwrap_or("unnamed");
        let wrong = (|| {
            let Some(text) = case["string"].as_str() else { return Some("no string".to_owned()) };
            [("partition_of_50", 50), ("partition_of_10", 10), ("partition_of_3", 3)].into_iter().find_map(
                |(field, count)| {
                    let found = crate::coordinator::group_partition(text, count);
                    let expected = case["expect"][field].as_i64()?;
                    (expected != i64::from(found)).then(|| format!("{field} is {found}, expected {expected}"))
                },
            )
        })();
        outcome.judge(name, wrong);
    }
}

/// Lower-case hexadecimal without separators.
pub fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

/// Bytes as lower-case hexadecimal.
pub fn hex_of(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
