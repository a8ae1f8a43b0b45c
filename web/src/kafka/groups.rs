//! `kafka-consumer-groups.sh --describe` (`ConsumerGroupCommand` of 4.x): offsets, members and state of one group.
//!
//! As the tool does: a partition without a committed offset has `-` for offset and lag; while a classic group
//! rebalances nobody has an assignment, because the coordinator does not tell it; dead members stand there until their
//! session ends. Simplified: every process has a host of its own, `/10.0.0.` and its number; `client.id` is its name.

use super::uuid;
use highwater_engine::event::GroupState;
use highwater_engine::ids::{MemberId, TopicPartition};
use highwater_engine::sim::Directory;
use highwater_engine::view::{GroupView, RegisteredView};
use std::fmt::Write as _;

/// What is printed where there is nothing.
const MISSING: &str = "-";

/// What of a group is described.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Describe {
    /// `--offsets`, the default.
    Offsets,
    /// `--members --verbose`.
    Members,
    /// `--state`.
    State,
}

/// A member's id as Kafka makes it: a classic one of the client's name and a UUID that the coordinator draws, a KIP-848
/// one of a UUID that the client draws.
pub fn member_id(seed: u64, name: &str, instance: Option<&str>, id: MemberId, modern: bool) -> String {
    let salt = 0x3E3B_0000_0000 ^ u64::from(id.client) << 16 ^ u64::from(id.incarnation);
    if modern {
        return uuid(seed, salt);
    }
    let bits = (u128::from(super::mix(seed ^ salt)) << 64) | u128::from(super::mix(seed ^ !salt));
    // Version 4, variant 1, as `java.util.UUID.randomUUID` sets them.
    let bits = bits & !(0xF << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let hex = format!("{bits:032x}");
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    format!("{}-{}", instance.unwrap_or(name), parts.join("-"))
}

/// The host of a process.
pub fn host(node: u32) -> String {
    format!("/10.0.0.{node}")
}

/// One member's columns.
struct Member<'a> {
    known: &'a RegisteredView,
    id: String,
    host: String,
    client: &'a str,
    assigned: Vec<TopicPartition>,
}

/// The members as the coordinator describes them, those with the most partitions first.
fn members<'a>(group: &'a GroupView, seed: u64, directory: &'a Directory) -> Vec<Member<'a>> {
    let tells = group.modern || group.state == GroupState::Stable;
    let mut members: Vec<Member<'_>> = group
        .registered
        .iter()
        .map(|known| {
            let client = directory.node_name(known.node);
            Member {
                known,
                id: member_id(seed, client, known.instance.as_deref(), known.member, group.modern),
                host: host(known.node.0),
                client,
                assigned: if tells { known.assigned.clone() } else { Vec::new() },
            }
        })
        .collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.assigned.len()));
    members
}

/// The output for one group.
pub fn describe_group(group: &GroupView, seed: u64, directory: &Directory, what: Describe) -> String {
    let name = &group.name;
    if group.coordinator.is_none() {
        return "\nError: Executing consumer group command failed due to \
                org.apache.kafka.common.errors.CoordinatorNotAvailableException: The coordinator is not available.\n"
            .to_owned();
    }
    let members = members(group, seed, directory);
    let known = group.generation.0 >= 0 || !members.is_empty();
    if !known {
        return format!("\nError: Consumer group '{name}' does not exist.\n");
    }
    let mut out = String::new();
    match group.state {
        GroupState::Empty => {
            let _ = writeln!(out, "\nConsumer group '{name}' has no active members.");
        }
        GroupState::Stable => {}
        _ => {
            let _ = writeln!(out, "\nWarning: Consumer group '{name}' is rebalancing.");
        }
    }
    match what {
        Describe::Offsets => offsets(group, &members, directory, &mut out),
        Describe::Members => verbose_members(group, &members, directory, &mut out),
        Describe::State => state(group, &mut out),
    }
    out
}

fn or_missing(value: Option<impl ToString>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| value.to_string())
}

fn offsets(group: &GroupView, members: &[Member<'_>], directory: &Directory, out: &mut String) {
    let mut rows: Vec<[String; 8]> = Vec::new();
    let mut row = |tp: TopicPartition, id: &str, host: &str, client: &str| {
        let place = group.offsets.iter().find(|offset| offset.tp == tp);
        let committed = place.and_then(|place| place.committed);
        rows.push([
            directory.topic_name(tp.topic).to_owned(),
            tp.partition.to_string(),
            or_missing(committed),
            or_missing(place.map(|place| place.high_watermark)),
            or_missing(place.and_then(|place| Some(place.high_watermark.0 - committed?.0))),
            id.to_owned(),
            host.to_owned(),
            client.to_owned(),
        ]);
    };
    for member in members {
        for tp in &member.assigned {
            row(*tp, &member.id, &member.host, member.client);
        }
    }
    for place in &group.offsets {
        if place.committed.is_some() && !members.iter().any(|member| member.assigned.contains(&place.tp)) {
            row(place.tp, MISSING, MISSING, MISSING);
        }
    }
    if rows.is_empty() {
        return;
    }
    let longest = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0).max(15);
    let (groups, topics, ids, hosts) = (group.name.len().max(15), longest(0), longest(5), longest(6));
    let mut line = |first: &str, row: [&str; 8]| {
        let [topic, partition, offset, end, lag, id, host, client] = row;
        let _ = write!(
            out,
            "\n{first:groups$} {topic:topics$} {partition:10} {offset:15} {end:15} {lag:15} {id:ids$} {host:hosts$} {client}"
        );
    };
    let heading = ["TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"];
    line("GROUP", heading);
    for row in &rows {
        line(&group.name, row.each_ref().map(String::as_str));
    }
    out.push('\n');
}

/// `orders:0,2;payments:1`.
pub(super) fn assignment(partitions: &[TopicPartition], directory: &Directory) -> String {
    let mut by_topic: std::collections::BTreeMap<&str, Vec<i32>> = Default::default();
    for tp in partitions {
        by_topic.entry(directory.topic_name(tp.topic)).or_default().push(tp.partition);
    }
    let of_topic = |(topic, mut numbers): (&str, Vec<i32>)| {
        numbers.sort_unstable();
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        format!("{topic}:{}", numbers.join(","))
    };
    let all: Vec<String> = by_topic.into_iter().map(of_topic).collect();
    if all.is_empty() { MISSING.to_owned() } else { all.join(";") }
}

fn verbose_members(group: &GroupView, members: &[Member<'_>], directory: &Directory, out: &mut String) {
    if members.is_empty() {
        return;
    }
    let instances = members.iter().any(|member| member.known.instance.is_some());
    let instance = |member: &Member<'_>| member.known.instance.as_deref().unwrap_or_default().to_owned();
    let current = |member: &Member<'_>| assignment(&member.assigned, directory);
    let target = |member: &Member<'_>| assignment(&member.known.target, directory);
    let longest =
        |least: usize, of: &dyn Fn(&Member<'_>) -> usize| members.iter().map(of).max().unwrap_or(0).max(least);
    let groups = group.name.len().max(15);
    let ids = longest(15, &|member| member.id.len());
    let names = longest(17, &|member| instance(member).len());
    let hosts = longest(15, &|member| member.host.len());
    let clients = longest(15, &|member| member.client.len());
    let currents = longest(20, &|member| current(member).len());
    let targets = longest(20, &|member| target(member).len());
    let mut line = |row: [&str; 10]| {
        let [name, id, instance, host, client, count, epoch, current, target_epoch, target] = row;
        let _ = write!(out, "{name:groups$} {id:ids$} ");
        if instances {
            let _ = write!(out, "{instance:names$} ");
        }
        let _ = writeln!(
            out,
            "{host:hosts$} {client:clients$} {count:15} {epoch:15} {current:currents$} {target_epoch:15} {target:targets$}"
        );
    };
    let heading = [
        "GROUP",
        "CONSUMER-ID",
        "GROUP-INSTANCE-ID",
        "HOST",
        "CLIENT-ID",
        "#PARTITIONS",
        "CURRENT-EPOCH",
        "CURRENT-ASSIGNMENT",
        "TARGET-EPOCH",
        "TARGET-ASSIGNMENT",
    ];
    let mut lines = vec![heading.map(str::to_owned)];
    for member in members {
        lines.push([
            group.name.clone(),
            member.id.clone(),
            instance(member),
            member.host.clone(),
            member.client.to_owned(),
            member.assigned.len().to_string(),
            or_missing(group.modern.then_some(member.known.epoch)),
            current(member),
            or_missing(group.target_epoch),
            target(member),
        ]);
    }
    for row in &lines {
        line(row.each_ref().map(String::as_str));
    }
    out.insert(0, '\n');
}

fn state(group: &GroupView, out: &mut String) {
    let id = or_missing(group.coordinator);
    let coordinator = format!("broker{id}:9092  ({id})");
    let (groups, coordinators) = (group.name.len().max(15), coordinator.len().max(25));
    // While a classic group rebalances its coordinator names no assignor.
    let told = group.assignor.filter(|_| group.modern || group.state == GroupState::Stable).unwrap_or(MISSING);
    let mut line = |row: [&str; 5]| {
        let [name, coordinator, strategy, state, members] = row;
        let _ = write!(out, "\n{name:groups$} {coordinator:coordinators$} {strategy:20} {state:20} {members}");
    };
    line(["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"]);
    let count = group.registered.len().to_string();
    line([&group.name, &coordinator, told, group.state.name(), &count]);
    out.push('\n');
}
