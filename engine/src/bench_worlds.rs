//! The worlds the benchmarks run, natively and in the browser.

use crate::app::Workload;
use crate::assignor::Subscriber;
use crate::collections::Map;
use crate::command::Command;
use crate::event::StopKind;
use crate::history::{Recorded, Recording};
use crate::ids::{Generation, NodeId, TopicId};
use crate::protocol::MemberId;
use crate::sim::{ConsumerSpec, GroupSpec, Observe, ProducerSpec, Simulation, Spec, SpecError, Target, TopicSpec};
use crate::time::{Duration, Instant};

/// A world to measure.
pub struct World {
    /// Its name in the figures.
    pub name: &'static str,
    /// What it consists of.
    pub spec: Spec,
    /// How long it is run, in simulated time.
    pub length: Duration,
    /// Whether a broker is killed and started again and again.
    pub failover: bool,
}

impl World {
    /// Gives the world's commands.
    pub fn give_commands(&self, simulation: &mut Simulation) {
        if !self.failover {
            return;
        }
        let node = NodeId(1);
        for round in 0..self.length.0 / 60_000_000 {
            let at = Instant::ZERO + Duration::from_secs(20 + 60 * round);
            simulation.command(at, Command::Stop { node, how: StopKind::Crash });
            simulation.command(at + Duration::from_secs(20), Command::Start { node });
        }
    }
}

impl World {
    /// Runs the world from its start to its end; how many events that took.
    ///
    /// # Errors
    /// A world that cannot be built.
    pub fn run(&self, observe: Observe) -> Result<u64, SpecError> {
        let mut simulation = Simulation::new(&self.spec, 1, observe)?;
        self.give_commands(&mut simulation);
        while simulation.now().0 < self.length.0 && simulation.step().is_some() {
            // Somebody listens now and then; nothing piles up.
            if observe.events && simulation.dispatched().is_multiple_of(1_024) {
                simulation.take_emitted();
                simulation.take_told();
            }
        }
        Ok(simulation.dispatched())
    }
}

/// The classroom's cluster with something going wrong every half minute, for as long as anybody looks.
pub fn history() -> Recording {
    let spec = classroom(Duration::from_millis(300));
    Recording { seed: 1, spec, commands: troubles(Duration::from_secs(30), Duration::from_secs(6 * 3_600)) }
}

/// The same for a day, with retention on one topic and compaction on another.
pub fn day() -> Recording {
    let mut spec = classroom(Duration::from_millis(1_000));
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    // The cleaner never touches an active segment; that of `__consumer_offsets` would take days to fill at 100 MB.
    spec.broker_settings = [
        ("log.retention.check.interval.ms", "60000"),
        ("log.cleaner.backoff.ms", "15000"),
        ("offsets.topic.segment.bytes", "1048576"),
    ]
    .map(|(name, value)| set(name, value))
    .to_vec();
    spec.topics[0].settings.extend([set("retention.ms", "600000"), set("segment.ms", "300000")]);
    let mut latest = TopicSpec { name: "latest".to_owned(), ..spec.topics[0].clone() };
    latest.settings =
        ["min.insync.replicas=2", "cleanup.policy=compact", "segment.ms=300000", "min.cleanable.dirty.ratio=0.1"]
            .iter()
            .filter_map(|text| text.split_once('='))
            .map(|(name, value)| set(name, value))
            .collect();
    let mut producer = spec.producers[0].clone();
    (producer.name, producer.target) = ("p3".to_owned(), Target::Topic(latest.name.clone()));
    spec.topics.push(latest);
    spec.producers.push(producer);
    Recording { seed: 1, spec, commands: troubles(Duration::from_secs(300), Duration::from_secs(24 * 3_600)) }
}

/// A broker dies, freezes, is cut off or loses its power, one after the other, and is well again after ten seconds.
fn troubles(every: Duration, length: Duration) -> Vec<Recorded> {
    let mut commands = Vec::new();
    for round in 0..length.0 / every.0 {
        let node = NodeId(1 + round as u32 % 3);
        let (wrong, right) = match round % 4 {
            0 => (Command::Stop { node, how: StopKind::Crash }, Command::Start { node }),
            1 => (Command::Pause { node }, Command::Resume { node }),
            2 => (Command::Isolate { node }, Command::HealAll),
            _ => (Command::Stop { node, how: StopKind::Power }, Command::Start { node }),
        };
        let at = Instant::ZERO + Duration(every.0 * round) + Duration::from_secs(15);
        commands.push(Recorded { after: 0, at, command: wrong });
        commands.push(Recorded { after: 0, at: at + Duration::from_secs(10), command: right });
    }
    commands
}

/// Every benchmark world.
pub fn all() -> Vec<World> {
    let length = Duration::from_secs(600);
    vec![
        World { name: "failover", spec: classroom(Duration::from_millis(300)), length, failover: true },
        World { name: "failover-busy", spec: classroom(Duration::from_millis(50)), length, failover: true },
        World { name: "classroom", spec: classroom(Duration::from_millis(500)), length, failover: false },
    ]
}

/// Three brokers, six partitions, two producers, three consumers.
fn classroom(every: Duration) -> Spec {
    let producer = |name: &str| ProducerSpec {
        name: name.to_owned(),
        target: Target::Topic("orders".to_owned()),
        defaults: String::new(),
        workload: Workload {
            every,
            keys: ["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned).to_vec(),
            ..Workload::default()
        },
        settings: Vec::new(),
        stopped: false,
    };
    let consumer = |name: &str| ConsumerSpec { name: name.to_owned(), ..ConsumerSpec::default() };
    Spec {
        brokers: 3,
        topics: vec![TopicSpec {
            name: "orders".to_owned(),
            partitions: 6,
            replication_factor: 3,
            settings: vec![("min.insync.replicas".to_owned(), "2".to_owned())],
            ..TopicSpec::default()
        }],
        producers: vec![producer("p1"), producer("p2")],
        groups: vec![GroupSpec {
            share: false,
            name: "billing".to_owned(),
            topics: vec!["orders".to_owned()],
            consumers: vec![consumer("c1"), consumer("c2"), consumer("c3")],
            settings: Vec::new(),
        }],
        ..Spec::default()
    }
}

/// Members of one large group, in ascending id, and the partitions of ten topics. `alike` members all subscribe to all
/// topics; others to seven of ten, each to different ones.
pub fn crowd(members: u32, partitions: i32, alike: bool) -> (Vec<Subscriber>, Map<TopicId, i32>) {
    let topics = 10;
    let counts = (0..topics).map(|topic| (TopicId(topic), partitions / topics as i32)).collect();
    let subscribed = |client: u32| (0..topics).filter(move |topic| alike || (client + topic) % topics < 7);
    let members = (0..members)
        .map(|client| Subscriber {
            member: MemberId { client, incarnation: 1 },
            instance: None,
            topics: subscribed(client).map(TopicId).collect(),
            owned: Vec::new(),
            generation: Generation::NONE,
        })
        .collect();
    (members, counts)
}
