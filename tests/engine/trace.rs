//! The exported trace: the same bytes on every machine, in the order the rules ask for.

use crate::test;
use highwater_engine::hash::StableHasher;
use highwater_engine::sim::Observe;
use highwater_engine::time::{Duration, Instant};
use highwater_engine::trace::Exporter;
use highwater_tests::random_world::{Faults, recording};
use serde_json::Value;
use std::hash::Hasher;

fn until(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn trace_of(seed: u64, seconds: u64, level: u8) -> String {
    Exporter::new(&recording(seed, Faults::All), until(seconds), level).unwrap().whole()
}

/// Of the traces of seeds 0 to 5 at level 2. Pinned from a native build, like the replay's hash: natively, in Node and in
/// Chromium the bytes are these. A change of the engine's behaviour, or of the trace, changes it.
const SIX_TRACES: u64 = 0x8dd1_c2c2_52f9_9f67;

#[test]
fn the_same_recording_gives_the_same_bytes_everywhere() {
    let mut hasher = StableHasher::default();
    for seed in 0..6 {
        hasher.write(trace_of(seed, 40, 2).as_bytes());
    }
    assert_eq!(format!("{:#018x}", hasher.finish()), format!("{SIX_TRACES:#018x}"));
}

#[test]
fn every_line_has_its_number_and_time_never_runs_back() {
    for seed in 0..4 {
        let text = trace_of(seed, 30, 2);
        let mut last = 0;
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (n, line) in lines.iter().enumerate() {
            assert_eq!(line["n"], n as u64);
            let t = line["t"].as_u64().unwrap();
            assert!(t >= last, "seed {seed}, line {n}: time goes from {last} to {t}");
            last = t;
        }
        assert_eq!(lines[0]["ev"], "header");
        let end = lines.last().unwrap();
        assert_eq!((end["ev"].as_str(), end["t"].as_u64()), (Some("end"), Some(30_000_000)));
    }
}

#[test]
fn level_one_is_level_two_without_messages() {
    let without = |text: String| -> Vec<Value> {
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["ev"] != "net" && line["ev"] != "hash")
            .map(|mut line| {
                line.as_object_mut().unwrap().remove("n");
                line
            })
            .collect()
    };
    assert_eq!(without(trace_of(1, 20, 1)), without(trace_of(1, 20, 2)));
}

#[test]
fn tracing_does_not_change_what_happens() {
    let recording = recording(3, Faults::All);
    let mut traced = recording.begin(Observe { messages: true, ..Observe::TRACE }).unwrap();
    let mut watched = recording.begin(Observe::ALL).unwrap();
    for _ in 0..5_000 {
        assert_eq!(recording.step(&mut traced), recording.step(&mut watched));
        traced.take_told();
    }
    assert_eq!(traced.state_hash(), watched.state_hash());
}
