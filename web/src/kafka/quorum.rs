//! `kafka-metadata-quorum.sh describe` (`MetadataQuorumCommand`).

use super::uuid;
use highwater_engine::controller::Controller;
use highwater_engine::history::Recording;
use highwater_engine::ids::NodeId;
use highwater_engine::sim::{Actor, Simulation};
use highwater_engine::view::StageView;
use std::fmt::Write as _;

/// `node.id` of the first controller in a cluster whose brokers count from 1.
const FIRST_CONTROLLER: usize = 3_000;

/// The controllers with their addresses, in the order of their ids.
fn controllers(simulation: &Simulation) -> Vec<(NodeId, &Controller)> {
    let all = simulation.actors().filter_map(|(node, actor)| match actor {
        Actor::Controller(controller) => Some((node, controller.as_ref())),
        _ => None,
    });
    all.collect()
}

/// The output of `--status`; what the tool says when nobody leads the quorum.
pub fn describe_quorum(simulation: &Simulation, view: &StageView, recording: &Recording) -> String {
    let all = controllers(simulation);
    let active = simulation.active_controller().map(|(node, _)| node);
    let Some(leader) = all.iter().position(|(node, _)| Some(*node) == active) else {
        return "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. \
                Call: describeMetadataQuorum\n"
            .to_owned();
    };
    let (_, controller) = all[leader];
    let (end, seed) = (controller.log_end_offset().0, recording.seed);
    let behind = |offset: i64| (end - offset).max(0);
    let running = view.brokers.iter().filter(|broker| broker.process.is_running());
    let voters = all.iter().map(|(_, voter)| behind(voter.log_end_offset().0));
    let lag = running.clone().map(|broker| behind(broker.metadata_offset.0)).chain(voters).max().unwrap_or(0);
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<24}{value}");
    };
    line("ClusterId:", &uuid(seed, 0xC1));
    line("LeaderId:", &(FIRST_CONTROLLER + leader).to_string());
    line("LeaderEpoch:", &controller.epoch().to_string());
    line("HighWatermark:", &controller.high_watermark().to_string());
    line("MaxFollowerLag:", &lag.to_string());
    line("MaxFollowerLagTimeMs:", if lag == 0 { "0" } else { "-1" });
    let voter = |(index, _): (usize, &(NodeId, &Controller))| {
        let id = FIRST_CONTROLLER + index;
        let host = if all.len() > 1 { format!("controller{}", index + 1) } else { "controller".to_owned() };
        format!("{{\"id\": {id}, \"endpoints\": [\"CONTROLLER://{host}:9093\"]}}")
    };
    let voters: Vec<String> = all.iter().enumerate().map(voter).collect();
    line("CurrentVoters:", &format!("[{}]", voters.join(", ")));
    let observers: Vec<String> = running
        .map(|broker| {
            format!("{{\"id\": {}, \"directoryId\": \"{}\"}}", broker.id, uuid(seed, 0xD1 + broker.id.0 as u64))
        })
        .collect();
    line("CurrentObservers:", &format!("[{}]", observers.join(", ")));
    out
}
