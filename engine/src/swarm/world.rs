//! A random small world from a seed: cluster, settings, programs and faults.

use crate::app::Workload;
use crate::client::CommitMode;
use crate::command::Command;
use crate::event::StopKind;
use crate::history::{Recorded, Recording};
use crate::ids::NodeId;
use crate::rng::SimRng;
use crate::sim::{ConsumerSpec, GroupSpec, NetworkSpec, ProducerSpec, QueueSpec, Spec, Target, TopicSpec, WorkerSpec};
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
            ProducerSpec {
                name: format!("p{index}"),
                target: Target::Topic(topic.name.clone()),
                workload: Workload {
                    every: millis(rng, 20, 400),
                    keys: if rng.below(2) == 0 { Vec::new() } else { (0..5).map(|k| format!("k{k}")).collect() },
                    ..Workload::default()
                },
                defaults: String::new(),
                settings: vec![set("acks", acks), set("linger.ms", ["0", "5", "50"][rng.below(3) as usize])],
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
                    ..ConsumerSpec::default()
                })
                .collect(),
            settings: vec![set("auto.offset.reset", "earliest"), set("session.timeout.ms", "10000")],
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
    Spec { brokers, network, topics, producers, groups, queues, ..Spec::default() }
}

fn any_faults(spec: &Spec, rng: &mut SimRng) -> Vec<Recorded> {
    let nodes = 1 + u64::from(spec.brokers) + 1;
    let mut at = Instant::ZERO + Duration::from_secs(4);
    let mut commands = Vec::new();
    for _ in 0..12 {
        at += millis(rng, 200, 8_000);
        let node = NodeId(rng.below(nodes + 3) as u32);
        let other = NodeId(rng.below(nodes) as u32);
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
