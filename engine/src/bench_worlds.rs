//! The worlds the benchmarks run, natively and in the browser.

use crate::app::Workload;
use crate::assignor::Subscriber;
use crate::collections::Map;
use crate::command::Command;
use crate::event::StopKind;
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
