//! Commands of every kind, wished and mistaken, while a world runs, is rewound and runs again.

use super::{fuzz, odd_number, one_of};
use highwater_engine::command::{Command, DiskFault};
use highwater_engine::effect::SeekTo;
use highwater_engine::event::StopKind;
use highwater_engine::history::History;
use highwater_engine::ids::*;
use highwater_engine::protocol::{AdminRequest, MessageKind};
use highwater_engine::rng::SimRng;
use highwater_engine::sim::{Observe, Spec};
use highwater_engine::time::Duration;
use highwater_tests::random_world::{Faults, recording};

fn node(rng: &mut SimRng, nodes: u32) -> NodeId {
    NodeId(if rng.below(12) == 0 { odd_number(rng) as u32 } else { rng.below(u64::from(nodes)) as u32 })
}

fn tp(rng: &mut SimRng, spec: &Spec) -> TopicPartition {
    match rng.below(10) {
        0 => TopicPartition::new(TopicId(odd_number(rng) as u32), odd_number(rng) as i32),
        _ => TopicPartition::new(TopicId(rng.below(spec.topics.len() as u64 + 2) as u32), rng.below(5) as i32),
    }
}

fn span(rng: &mut SimRng) -> Duration {
    match rng.below(8) {
        0 => Duration(odd_number(rng).unsigned_abs()),
        _ => Duration::from_millis(rng.below(20_000)),
    }
}

/// A word of the page's: every setting some client has, and others.
const SETTINGS: &[(&str, &str)] = &[
    ("acks", "0"),
    ("acks", "all"),
    ("acks", "many"),
    ("enable.idempotence", "false"),
    ("linger.ms", "-1"),
    ("linger.ms", "50"),
    ("retries", "0"),
    ("isolation.level", "read_committed"),
    ("auto.offset.reset", "earliest"),
    ("max.poll.records", "1"),
    ("session.timeout.ms", "6000"),
    ("transactional.id", "x"),
    ("batch.size", "0"),
    ("compression.type", "zstd"),
    ("buffer.memory", "1"),
    ("", ""),
    ("no.such.key", "1"),
];

fn command(rng: &mut SimRng, spec: &Spec, nodes: u32) -> Command {
    let (one, other) = (node(rng, nodes), node(rng, nodes));
    let kinds = [MessageKind::Fetch, MessageKind::Produce, MessageKind::Metadata, MessageKind::Heartbeat];
    let kind = *one_of(rng, &kinds);
    let offset = Offset(if rng.below(4) == 0 { odd_number(rng) } else { rng.below(60) as i64 });
    match rng.below(26) {
        0 | 1 => {
            Command::Stop { node: one, how: *one_of(rng, &[StopKind::Crash, StopKind::Power, StopKind::Graceful]) }
        }
        2..=4 => Command::Start { node: one },
        5 => Command::Pause { node: one },
        6 | 7 => Command::Resume { node: one },
        8 => Command::Cut { from: one, to: other, both_ways: rng.below(2) == 0 },
        9 => Command::Isolate { node: one },
        10 => Command::Heal { fault: FaultId(rng.below(6) as u32) },
        11 | 12 => Command::HealAll,
        13 => Command::Drop { envelope: EnvelopeId(rng.below(3_000)) },
        14 => Command::DropNext { from: one, to: other, kind, response: rng.below(2) == 0 },
        15 => Command::DelayNext { from: one, to: other, kind, by: span(rng) },
        16 => Command::Send {
            producer: one,
            count: if rng.below(6) == 0 { odd_number(rng) as u32 % 5_000 } else { rng.below(20) as u32 },
        },
        17 => {
            let to = match rng.below(3) {
                0 => SeekTo::Beginning,
                1 => SeekTo::End,
                _ => SeekTo::Offset(offset.0.unsigned_abs() >> 1),
            };
            Command::Seek { group: GroupId(rng.below(4) as u32), to }
        }
        18 => Command::Processing { node: one, takes: span(rng) },
        19 => Command::PowerCut { node: one, kept: rng.below(6) as u32, torn: rng.below(2) == 0 },
        20 => Command::Corrupt { node: one, tp: tp(rng, spec), offset },
        21 => Command::Disk { node: one, what: *one_of(rng, &[DiskFault::Full, DiskFault::Freed, DiskFault::Lost]) },
        22 => Command::DeleteRecords { tp: tp(rng, spec), offset },
        23 => {
            let (name, value) = *one_of(rng, SETTINGS);
            Command::Configure { node: one, name: name.to_owned(), value: value.to_owned() }
        }
        24 => Command::Admin { request: admin(rng, spec) },
        _ => match rng.below(6) {
            5 => Command::Workload {
                producer: one,
                every: span(rng),
                count: (rng.below(2) == 0).then(|| rng.below(50) as u32),
                keys: ["", "a b", "💥 k0  k1"][rng.below(3) as usize].to_owned(),
            },
            0 => Command::Remove { node: one },
            1 => Command::Tombstone { producer: one, key: ["", "k0", "💥"][rng.below(3) as usize].to_owned() },
            2 => Command::PausePartitions { node: one, paused: rng.below(2) == 0 },
            3 => Command::CreateTopic { topic: TopicId(rng.below(4) as u32) },
            _ => Command::Latency {
                latency: Duration::from_millis(rng.below(300)),
                jitter: Duration::from_millis(rng.below(50)),
            },
        },
    }
}

fn admin(rng: &mut SimRng, spec: &Spec) -> AdminRequest {
    let tp = tp(rng, spec);
    match rng.below(4) {
        0 => AdminRequest::CreatePartitions {
            topic: tp.topic,
            count: if rng.below(3) == 0 { odd_number(rng) as i32 } else { rng.below(8) as i32 },
        },
        1 => AdminRequest::ElectLeader { tp, unclean: rng.below(2) == 0 },
        2 => AdminRequest::DeleteTopic { topic: tp.topic },
        _ => {
            let replicas = (0..rng.below(5)).map(|_| BrokerId(rng.below(7) as i32)).collect();
            AdminRequest::AlterPartitionReassignments { tp, replicas }
        }
    }
}

#[test]
fn commands_are_carried_out_or_change_nothing_and_the_run_can_be_told_again() {
    fuzz("commands", 60, |rng, input| {
        let mut world = recording(rng.below(10_000), Faults::All);
        world.commands.clear();
        let mut history = History::new(world).map_err(|error| error.to_string())?;
        let nodes = history.simulation().actors().count() as u32;
        for _ in 0..5 + rng.below(40) {
            let target = history.cursor() + rng.below(400);
            history.seek_event(target);
            match rng.below(12) {
                0 => history.seek_event(rng.below(history.end() + 1)),
                1 => {
                    history.undo();
                }
                2 => {
                    history.redo();
                }
                3 => {
                    history.step_back();
                }
                _ => {}
            }
            let wish = command(rng, &history.recording().spec.clone(), nodes);
            *input += &format!("{} {wish:?}\n", history.cursor());
            let before = (history.simulation().state_hash(), history.cursor(), history.recording().commands.len());
            if history.simulation().check(&wish).is_err() {
                if history.act(wish).is_ok() {
                    return Err("taken although its check refuses it".to_owned());
                }
                let after = (history.simulation().state_hash(), history.cursor(), history.recording().commands.len());
                if before != after {
                    return Err("refused, and something changed".to_owned());
                }
            } else if history.act(wish).is_err() {
                return Err("refused although its check takes it".to_owned());
            }
        }
        let end = history.cursor() + 500;
        history.seek_event(end);
        let (end, here) = (history.cursor(), history.simulation().state_hash());
        let mut fresh = history.recording().begin(Observe::ALL).map_err(|error| error.to_string())?;
        while fresh.dispatched() < end && history.recording().step(&mut fresh).is_some() {}
        if fresh.state_hash() != here {
            return Err("told again it is another run".to_owned());
        }
        Ok(())
    });
}
