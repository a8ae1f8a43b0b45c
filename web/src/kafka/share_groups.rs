//! `kafka-share-groups.sh --describe` (`ShareGroupCommand` of 4.2): start offsets, members and state of one share group.

use super::groups::{Describe, assignment, host, member_id};
use highwater_engine::ids::Offset;
use highwater_engine::sim::Directory;
use highwater_engine::view::GroupView;
use std::fmt::Write as _;

/// The output for one share group.
pub fn describe_share_group(group: &GroupView, seed: u64, directory: &Directory, what: Describe) -> String {
    let name = &group.name;
    if group.coordinator.is_none() {
        return "\nError: Executing share group command failed due to \
                org.apache.kafka.common.errors.CoordinatorNotAvailableException: The coordinator is not available.\n"
            .to_owned();
    }
    if group.generation.0 < 0 && group.registered.is_empty() {
        return format!("\nError: Share group '{name}' does not exist.\n");
    }
    let mut out = String::new();
    if group.registered.is_empty() {
        let _ = writeln!(out, "\nShare group '{name}' has no active members.");
    }
    let rows: Vec<Vec<String>> = match what {
        Describe::Offsets => {
            let mut rows = vec![heading(&["GROUP", "TOPIC", "PARTITION", "START-OFFSET", "LAG"])];
            for place in &group.offsets {
                let start = place.committed.filter(|start| *start >= Offset::ZERO);
                let lag = start.map(|_| place.lag);
                let or_missing = |value: Option<i64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
                rows.push(vec![
                    name.clone(),
                    directory.topic_name(place.tp.topic).to_owned(),
                    place.tp.partition.to_string(),
                    or_missing(start.map(|start| start.0)),
                    or_missing(lag),
                ]);
            }
            rows
        }
        Describe::Members => {
            let columns = ["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS", "MEMBER-EPOCH", "ASSIGNMENT"];
            let mut rows = vec![heading(&columns)];
            for member in &group.registered {
                let client = directory.node_name(member.node);
                rows.push(vec![
                    name.clone(),
                    member_id(seed, client, None, member.member, true),
                    host(member.node.0),
                    client.to_owned(),
                    member.assigned.len().to_string(),
                    member.epoch.to_string(),
                    assignment(&member.assigned, directory),
                ]);
            }
            rows
        }
        Describe::State => {
            let id = group.coordinator.map(|id| id.to_string()).unwrap_or_default();
            vec![
                heading(&["GROUP", "COORDINATOR (ID)", "STATE", "#MEMBERS"]),
                vec![
                    name.clone(),
                    format!("broker{id}:9092 ({id})"),
                    group.state.name().to_owned(),
                    group.registered.len().to_string(),
                ],
            ]
        }
    };
    let widths: Vec<usize> =
        (0..rows[0].len()).map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0)).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = write!(out, "\n{}", cells.join("  ").trim_end());
    }
    out.push('\n');
    out
}

fn heading(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}
