//! A random small world from a seed: cluster, settings, programs and faults.

use crate::app::{TransactionWorkload, Workload};
use crate::client::CommitMode;
use crate::command::Command;
use crate::event::StopKind;
use crate::history::{Recorded, Recording};
use crate::ids::{BrokerId, NodeId, TopicId, TopicPartition};
use crate::protocol::AdminRequest;
use crate::rng::SimRng;
use crate::sim::{
    ConsumerSpec, Directory, GroupSpec, NetworkSpec, NodeKind, ProducerSpec, QueueSpec, Spec, Target, TopicSpec,
    WorkerSpec,
};
use crate::time::{Duration, Instant};

/// Which faults a world may suffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Faults {
    /// Crashes, power cuts, pauses, cut links.
    All,
    /// Only processes of brokers that die and come back, one at a time.
    OneBrokerAtATime,
}

/// The recording of seed `seed`: the same seed gives the same world.
pub fn recording(seed: u64, faults: Faults) -> Recording {
    let mut rng = SimRng::stream(seed, "random world");
    let spec = spec(&mut rng, faults);
    let commands = match faults {
        Faults::All => any_faults(&spec, &mut rng),
        Faults::OneBrokerAtATime => crashes(&spec, &mut rng),
    };
    Recording { seed, spec, commands }
}

pub(super) fn millis(rng: &mut SimRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(from + rng.below(to - from + 1))
}

fn spec(rng: &mut SimRng, faults: Faults) -> Spec {
    let safe = faults == Faults::OneBrokerAtATime;
    let brokers = if safe { 3 } else { 1 + rng.below(5) as u32 };
    let controllers = if safe { 1 } else { [1, 1, 3, 5][rng.below(4) as usize] };
    let topics = 1 + rng.below(2);
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let topics: Vec<TopicSpec> = (0..topics)
        .map(|index| {
            let factor = if safe { 3 } else { 1 + rng.below(u64::from(brokers.min(3))) as i16 };
            let mut settings = vec![set("min.insync.replicas", if factor > 1 { "2" } else { "1" })];
            if !safe && rng.below(4) == 0 {
                settings.push(set("unclean.leader.election.enable", "true"));
            }
            TopicSpec {
                name: format!("t{index}"),
                partitions: 1 + rng.below(4) as i32,
                replication_factor: factor,
                settings,
                ..TopicSpec::default()
            }
        })
        .collect();
    let producers = (0..1 + rng.below(3))
        .map(|index| {
            let topic = &topics[rng.below(topics.len() as u64) as usize];
            let acks = if safe { "all" } else { ["0", "1", "all", "all"][rng.below(4) as usize] };
            let transaction = TransactionWorkload {
                records: 1 + rng.below(5) as u32,
                abort_every: [0, 2, 3][rng.below(3) as usize],
                hold: millis(rng, 0, 500),
            };
            ProducerSpec {
                name: format!("p{index}"),
                target: Target::Topic(topic.name.clone()),
                workload: Workload {
                    every: millis(rng, 20, 400),
                    keys: if rng.below(2) == 0 { Vec::new() } else { (0..5).map(|k| format!("k{k}")).collect() },
                    transaction,
                    ..Workload::default()
                },
                defaults: String::new(),
                settings: producer_settings(index, acks, safe, rng),
                stopped: false,
            }
        })
        .collect();
    let groups = (0..1 + rng.below(2))
        .map(|index| GroupSpec {
            share: false,
            name: format!("g{index}"),
            topics: topics.iter().map(|topic| topic.name.clone()).collect(),
            consumers: (0..1 + rng.below(3))
                .map(|member| ConsumerSpec {
                    name: format!("c{index}{member}"),
                    processing: millis(rng, 0, 100),
                    commit: [CommitMode::Auto, CommitMode::Before, CommitMode::After, CommitMode::Each]
                        [rng.below(4) as usize],
                    stopped: !safe && member > 0 && rng.below(4) == 0,
                    settings: match rng.below(6) {
                        0 => vec![set("group.instance.id", &format!("i{index}{member}"))],
                        _ => Vec::new(),
                    },
                    ..ConsumerSpec::default()
                })
                .collect(),
            settings: group_settings(safe, rng),
        })
        .collect();
    let queues = vec![QueueSpec {
        name: "q".to_owned(),
        persistent: rng.below(2) == 0,
        stopped: false,
        workers: vec![WorkerSpec {
            name: "w".to_owned(),
            prefetch: 1,
            processing: millis(rng, 1, 50),
            ..WorkerSpec::default()
        }],
    }];
    let loss_per_million = if safe { 0 } else { [0, 0, 5_000][rng.below(3) as usize] };
    let network = NetworkSpec { latency: millis(rng, 1, 10), jitter: millis(rng, 0, 5), loss_per_million };
    // At times a follower cannot have all it lacks in one answer.
    let narrow = !safe && rng.below(4) == 0;
    let broker_settings = if narrow { vec![set("replica.fetch.max.bytes", "300")] } else { Vec::new() };
    Spec { brokers, broker_settings, controllers, network, topics, producers, groups, queues, ..Spec::default() }
}

fn producer_settings(index: u64, acks: &str, safe: bool, rng: &mut SimRng) -> Vec<(String, String)> {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut settings = vec![set("linger.ms", ["0", "5", "50"][rng.below(3) as usize])];
    match rng.below(8) {
        0 | 1 if !safe => {
            settings.push(set("acks", "all"));
            settings.push(set("transactional.id", &format!("x{index}")));
            settings.push(set("transaction.timeout.ms", ["10000", "60000"][rng.below(2) as usize]));
        }
        2 if !safe => {
            settings.push(set("acks", acks));
            settings.push(set("enable.idempotence", "false"));
            settings.push(set("max.in.flight.requests.per.connection", ["1", "5", "20"][rng.below(3) as usize]));
        }
        _ => settings.push(set("acks", acks)),
    }
    if !safe && rng.below(5) == 0 {
        settings.push(set("metadata.max.age.ms", "5000"));
    }
    settings
}

fn group_settings(safe: bool, rng: &mut SimRng) -> Vec<(String, String)> {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut settings = vec![set("auto.offset.reset", "earliest")];
    if !safe && rng.below(3) == 0 {
        settings.push(set("group.protocol", "consumer"));
    } else {
        let assignors = ["range", "roundrobin", "sticky", "cooperative-sticky"];
        settings.push(set("session.timeout.ms", "10000"));
        settings.push(set("partition.assignment.strategy", assignors[rng.below(4) as usize]));
    }
    if rng.below(2) == 0 {
        settings.push(set("isolation.level", "read_committed"));
    }
    settings
}

/// Something people ask for while a cluster runs.
fn wish(spec: &Spec, consumers: &[NodeId], rng: &mut SimRng) -> Command {
    let topic = rng.below(spec.topics.len() as u64) as u32;
    let (id, partitions) = (TopicId(topic + 1), spec.topics[topic as usize].partitions);
    let tp = TopicPartition::new(id, rng.below(partitions as u64) as i32);
    let consumer = consumers[rng.below(consumers.len() as u64) as usize];
    let admin = |request| Command::Admin { request };
    match rng.below(6) {
        0 => admin(AdminRequest::CreatePartitions { topic: id, count: partitions + 1 + rng.below(3) as i32 }),
        1 => admin(AdminRequest::ElectLeader { tp, unclean: false }),
        2 => {
            let first = 1 + rng.below(u64::from(spec.brokers)) as i32;
            let replicas = (0..i32::from(spec.topics[topic as usize].replication_factor))
                .map(|step| BrokerId((first - 1 + step) % spec.brokers as i32 + 1));
            admin(AdminRequest::AlterPartitionReassignments { tp, replicas: replicas.collect() })
        }
        3 => Command::Processing { node: consumer, takes: millis(rng, 0, 2_000) },
        4 => Command::Stop { node: consumer, how: StopKind::Graceful },
        _ => Command::Start { node: consumer },
    }
}

fn any_faults(spec: &Spec, rng: &mut SimRng) -> Vec<Recorded> {
    let directory = Directory::of(spec);
    let nodes = directory.nodes().count() as u64;
    let is_consumer = |kind: NodeKind| matches!(kind, NodeKind::Consumer(_));
    let consumers: Vec<NodeId> =
        directory.nodes().filter(|(_, kind)| is_consumer(*kind)).map(|(node, _)| node).collect();
    let mut at = Instant::ZERO + Duration::from_secs(4);
    let mut commands = Vec::new();
    for _ in 0..12 {
        at += millis(rng, 200, 8_000);
        let node = NodeId(rng.below(nodes) as u32);
        let other = NodeId(rng.below(nodes) as u32);
        if rng.below(2) == 0 {
            commands.push(Recorded { after: 0, at, command: wish(spec, &consumers, rng) });
        }
        let command = match rng.below(8) {
            0 | 1 => Command::Stop { node, how: StopKind::Crash },
            2 => Command::Stop { node, how: StopKind::Power },
            3 => Command::Stop { node, how: StopKind::Graceful },
            4 => Command::Pause { node },
            5 => Command::Cut { from: node, to: other, both_ways: rng.below(2) == 0 },
            6 => Command::Isolate { node },
            _ => Command::HealAll,
        };
        commands.push(Recorded { after: 0, at, command });
        let back = at + millis(rng, 1_000, 20_000);
        commands.push(Recorded { after: 0, at: back, command: Command::Start { node } });
        commands.push(Recorded { after: 0, at: back, command: Command::Resume { node } });
        commands.push(Recorded { after: 0, at: back, command: Command::HealAll });
    }
    commands.sort_by_key(|recorded| recorded.at);
    commands
}

fn crashes(spec: &Spec, rng: &mut SimRng) -> Vec<Recorded> {
    let mut at = Instant::ZERO + Duration::from_secs(5);
    let mut commands = Vec::new();
    for _ in 0..4 {
        let node = NodeId(1 + rng.below(u64::from(spec.brokers)) as u32);
        at += millis(rng, 0, 3_000);
        commands.push(Recorded { after: 0, at, command: Command::Stop { node, how: StopKind::Crash } });
        at += millis(rng, 500, 20_000);
        commands.push(Recorded { after: 0, at, command: Command::Start { node } });
        // Long enough for the broker to be fenced or registered again, to catch up, and to be back in every ISR.
        at += Duration::from_secs(25);
    }
    commands
}
