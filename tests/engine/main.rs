//! The engine's suites. Natively: `cargo test -p highwater-tests`; the same in Node and Chromium through wasm-pack.

#![allow(clippy::unwrap_used, reason = "a test may stop where a program may not")]

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use std::prelude::rust_2024::test;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(all(target_arch = "wasm32", feature = "browser"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

mod assignors;
mod branches;
mod checker;
mod client_invariants;
mod compression;
mod consuming;
mod controller;
mod error_codes;
mod exactly_once;
mod exhaustive;
mod fetching;
mod fsync;
#[cfg(not(target_arch = "wasm32"))]
mod fuzz;
mod group_coordinator;
mod groups;
mod guarantees;
mod joining;
mod lessons;
mod links;
mod log_cleaning;
mod partition_change;
#[cfg(feature = "planted-faults")]
mod planted;
mod producer_settings;
mod producer_states;
mod producers;
mod promises;
mod queues;
mod quorum;
mod rebalancing;
mod replay;
mod replicas;
mod replication;
mod saved;
mod scenario_errors;
mod segments;
mod setting_keys;
mod share_groups;
mod storage;
mod swarm;
mod swarm_finds;
mod time_travel;
mod toy_mistakes;
mod trace;
mod transaction_coordinator;
mod transactions;
mod truncation;
mod vectors;
mod verdicts;
#[cfg(not(target_arch = "wasm32"))]
mod wire_format;
mod zookeeper_controller;
