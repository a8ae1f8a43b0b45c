//! `kafka-metadata-quorum.sh describe` (`MetadataQuorumCommand`): `--status` and `--replication`.
//!
//! As the tool does: the lag is that of the voters alone; an observer stays listed for five minutes after its last fetch.
//! Simplified: the voters are those of `controller.quorum.voters` (`kraft.version` 0), who have no directory ids.

use super::offsets_topic::NOON;
use super::uuid;
use highwater_engine::controller::Controller;
use highwater_engine::history::Recording;
use highwater_engine::ids::NodeId;
use highwater_engine::sim::{Actor, NodeKind, Simulation};
use highwater_engine::time::Instant;
use std::fmt::Write as _;

/// `node.id` of the first controller in a cluster whose brokers count from 1.
const FIRST_CONTROLLER: usize = 3_000;

/// `Uuid.ZERO_UUID`, the directory id of a voter without one.
const NO_DIRECTORY: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// What the tool says when nobody leads the quorum.
const NO_LEADER: &str = "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. \
                         Call: describeMetadataQuorum\n";

/// One line of `--replication`.
struct Replica {
    id: i64,
    directory: String,
    end: i64,
    /// Milliseconds since the epoch; none before the first fetch.
    last_fetch: Option<i64>,
    last_caught_up: Option<i64>,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Leader,
    Follower,
    Observer,
}

/// Milliseconds since the epoch.
fn stamp(at: Instant) -> i64 {
    NOON as i64 + (at.0 / 1_000) as i64
}

/// The controllers with their addresses, in the order of their ids.
fn controllers(simulation: &Simulation) -> Vec<(NodeId, &Controller)> {
    let all = simulation.actors().filter_map(|(node, actor)| match actor {
        Actor::Controller(controller) => Some((node, controller.as_ref())),
        _ => None,
    });
    all.collect()
}

/// The answer to DescribeQuorum: voters in the order of their ids, then observers. None while nobody leads.
fn replicas(simulation: &Simulation, recording: &Recording) -> Option<(usize, Vec<Replica>)> {
    let all = controllers(simulation);
    let active = simulation.active_controller().map(|(node, _)| node);
    let leader = all.iter().position(|(node, _)| Some(*node) == active)?;
    let (now, controller) = (simulation.now(), all[leader].1);
    let known: Vec<_> = controller.followers(now).collect();
    let mut replicas = Vec::new();
    for (index, (node, _)) in all.iter().enumerate() {
        let follower = known.iter().find(|follower| follower.node == *node);
        let is_leader = index == leader;
        replicas.push(Replica {
            id: (FIRST_CONTROLLER + index) as i64,
            directory: NO_DIRECTORY.to_owned(),
            // Of a voter that has not fetched in this epoch the leader knows no end.
            end: if is_leader { controller.log_end_offset().0 } else { follower.map_or(-1, |it| it.log_end_offset.0) },
            last_fetch: if is_leader { Some(stamp(now)) } else { follower.map(|it| stamp(it.last_fetch)) },
            last_caught_up: if is_leader {
                Some(stamp(now))
            } else {
                follower.and_then(|it| it.last_caught_up).map(stamp)
            },
            role: if is_leader { Role::Leader } else { Role::Follower },
        });
    }
    for follower in known {
        let Some(NodeKind::Broker(id)) = simulation.directory().node_kind(follower.node) else { continue };
        replicas.push(Replica {
            id: id.0.into(),
            directory: uuid(recording.seed, 0xD1 + id.0 as u64),
            end: follower.log_end_offset.0,
            last_fetch: Some(stamp(follower.last_fetch)),
            last_caught_up: follower.last_caught_up.map(stamp),
            role: Role::Observer,
        });
    }
    Some((leader, replicas))
}

/// The output of `--status`; what the tool says when nobody leads the quorum.
pub fn describe_quorum(simulation: &Simulation, recording: &Recording) -> String {
    let Some((leader, replicas)) = replicas(simulation, recording) else { return NO_LEADER.to_owned() };
    let all = controllers(simulation);
    let controller = all[leader].1;
    let voters = || replicas.iter().filter(|replica| replica.role != Role::Observer);
    let leading = &replicas[leader];
    let behind = voters().min_by_key(|voter| voter.end).unwrap_or(leading);
    let time = match (leading.last_caught_up, behind.last_caught_up) {
        _ if behind.id == leading.id => 0,
        (Some(leading), Some(behind)) => leading - behind,
        _ => -1,
    };
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<24}{value}");
    };
    line("ClusterId:", &uuid(recording.seed, 0xC1));
    line("LeaderId:", &leading.id.to_string());
    line("LeaderEpoch:", &controller.epoch().to_string());
    line("HighWatermark:", &controller.high_watermark().to_string());
    line("MaxFollowerLag:", &(leading.end - behind.end).to_string());
    line("MaxFollowerLagTimeMs:", &time.to_string());
    let voter = |(index, voter): (usize, &Replica)| {
        let host = if all.len() > 1 { format!("controller{}", index + 1) } else { "controller".to_owned() };
        format!("{{\"id\": {}, \"endpoints\": [\"CONTROLLER://{host}:9093\"]}}", voter.id)
    };
    let named: Vec<String> = voters().enumerate().map(voter).collect();
    line("CurrentVoters:", &format!("[{}]", named.join(", ")));
    let observers = replicas.iter().filter(|replica| replica.role == Role::Observer);
    let observer = |it: &Replica| format!("{{\"id\": {}, \"directoryId\": \"{}\"}}", it.id, it.directory);
    let named: Vec<String> = observers.map(observer).collect();
    line("CurrentObservers:", &format!("[{}]", named.join(", ")));
    out
}

/// The output of `--replication`: the leader, the other voters, the observers.
pub fn describe_replication(simulation: &Simulation, recording: &Recording) -> String {
    let Some((leader, replicas)) = replicas(simulation, recording) else { return NO_LEADER.to_owned() };
    let end = replicas[leader].end;
    let or_never = |at: Option<i64>| at.unwrap_or(-1).to_string();
    let heading =
        ["NodeId", "DirectoryId", "LogEndOffset", "Lag", "LastFetchTimestamp", "LastCaughtUpTimestamp", "Status"];
    let mut rows = vec![heading.map(str::to_owned)];
    for (role, status) in [(Role::Leader, "Leader"), (Role::Follower, "Follower"), (Role::Observer, "Observer")] {
        rows.extend(replicas.iter().filter(|replica| replica.role == role).map(|it| {
            [
                it.id.to_string(),
                it.directory.clone(),
                it.end.to_string(),
                (end - it.end).to_string(),
                or_never(it.last_fetch),
                or_never(it.last_caught_up),
                status.to_owned(),
            ]
        }));
    }
    // `ToolsUtils.prettyPrintTable`: each column as wide as its widest cell, and a tab after it.
    let widths: Vec<usize> =
        (0..heading.len()).map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "{cell:width$}\t");
        }
        out.push('\n');
    }
    out
}
