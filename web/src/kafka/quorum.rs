//! `kafka-metadata-quorum.sh describe` (`MetadataQuorumCommand`).

use super::uuid;
use highwater_engine::history::Recording;
use highwater_engine::view::StageView;
use std::fmt::Write as _;

/// `node.id` of the controller in a cluster whose brokers count from 1.
const CONTROLLER: u32 = 3_000;

/// The output of `--status`.
pub fn describe_quorum(view: &StageView, recording: &Recording) -> String {
    let Some(controller) = &view.controller else { return String::new() };
    let end = controller.metadata_offset.0;
    let behind = |offset: i64| (end - offset).max(0);
    let running = view.brokers.iter().filter(|broker| broker.process.is_running());
    let lag = running.clone().map(|broker| behind(broker.metadata_offset.0)).max().unwrap_or(0);
    let seed = recording.seed;
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<24}{value}");
    };
    line("ClusterId:", &uuid(seed, 0xC1));
    line("LeaderId:", &CONTROLLER.to_string());
    line("LeaderEpoch:", "1");
    line("HighWatermark:", &end.to_string());
    line("MaxFollowerLag:", &lag.to_string());
    line("MaxFollowerLagTimeMs:", if lag == 0 { "0" } else { "-1" });
    line("CurrentVoters:", &format!("[{{\"id\": {CONTROLLER}, \"endpoints\": [\"CONTROLLER://controller:9093\"]}}]"));
    let observers: Vec<String> = running
        .map(|broker| {
            format!("{{\"id\": {}, \"directoryId\": \"{}\"}}", broker.id, uuid(seed, 0xD1 + broker.id.0 as u64))
        })
        .collect();
    line("CurrentObservers:", &format!("[{}]", observers.join(", ")));
    out
}
