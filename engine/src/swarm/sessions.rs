//! Random worlds of idempotent and transactional programs, judged by counting.
//!
//! An idempotent producer, two transactional ones (now and then with the same `transactional.id`, so that one fences the
//! other), and two programs that read, process and write in transactions, under crashes, power cuts, pauses and cut links
//! of brokers, controllers and clients. When the faults are over and all is read, it is counted:
//!
//! - within a producer's session (one process, one producer id) no record stands twice in a log, and none behind a
//!   later one;
//! - readers of committed data have got all of a committed transaction, nothing of an aborted one, and all or nothing of
//!   one whose producer never learned how it ended;
//! - of every record below the committed offset of the programs that copy there is one result, of the others none.
//!
//! What was announced with a reason is set apart, and nothing else: an acknowledged record that is lost, and what depends
//! on a coordinator's log that lost committed records (see [`super::count`]).

use super::count::{Count, Transaction};
use super::trial::heal;
use super::world::millis;
use crate::command::Command;
use crate::event::StopKind;
use crate::history::{Recorded, Recording};
use crate::ids::NodeId;
use crate::rng::SimRng;
use crate::scenario::{Scenario, ScenarioError};
use crate::sim::Observe;
use crate::time::{Duration, Instant};

/// How long after the last fault everything may take to be read.
const PATIENCE: Duration = Duration::from_secs(600);

/// What one seed came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sessions {
    /// Events dispatched.
    pub events: u64,
    /// Users' records in the leaders' logs.
    pub stored: u64,
    /// Transactions that were committed, that were aborted, and whose producer did not live to see the end.
    pub transactions: (u64, u64, u64),
    /// Results of the programs that copy, read by somebody.
    pub results: u64,
    /// Duplicates and reorderings that were announced with a reason.
    pub announced: u64,
    /// What does not add up because of a loss that was announced with its reason.
    pub excused: Vec<String>,
    /// What does not add up.
    pub findings: Vec<String>,
    /// The run, with the commands that healed it.
    pub recording: Recording,
    /// When it ended.
    pub at: Instant,
}

/// The world of a seed.
pub fn sessions_world(seed: u64) -> Result<Recording, String> {
    let mut rng = SimRng::stream(seed, "session world");
    let rng = &mut rng;
    let brokers = 3 + rng.below(3);
    let version = 1 + rng.below(2);
    let twin = if rng.below(4) == 0 { "x" } else { "y" };
    let codec = ["none", "none", "gzip", "lz4"][rng.below(4) as usize];
    let protocol = ["classic", "consumer"][rng.below(2) as usize];
    let session = if protocol == "classic" { "session.timeout.ms=6000 heartbeat.interval.ms=1000" } else { "" };
    let parts = |rng: &mut SimRng| 1 + rng.below(3);
    let (input, ledger, output) = (parts(rng), parts(rng), parts(rng));
    let linger = ["0", "5", "50"][rng.below(3) as usize];
    let (in_flight, timeout) = (1 + rng.below(5), 1_000 + rng.below(3_000));
    let (every, delivery) = (20 + rng.below(60), timeout + 50 + rng.below(20_000));
    let (abort, hold) = (2 + rng.below(3), rng.below(200));
    let client = format!(
        "linger.ms={linger} request.timeout.ms={timeout} delivery.timeout.ms={delivery} compression.type={codec}"
    );
    let txn =
        format!("{client} transaction.timeout.ms=10000 transaction-records=3 abort-every={abort} hold=\"{hold}ms\"");
    let text = format!(
        r#"
        scenario sessions
        brokers {brokers} transaction.version={version}
        topic in partitions={input} replication-factor=3 min.insync.replicas=2
        topic ledger partitions={ledger} replication-factor=3 min.insync.replicas=2
        topic out partitions={output} replication-factor=3 min.insync.replicas=2
        producer plain topic=in start="2s" every="{every}ms" count=400 max.in.flight.requests.per.connection={in_flight} {client}
        producer t1 topic=ledger start="2s" every="{every}ms" count=300 transactional.id=x {txn} {{ keys a b c d e }}
        producer t2 topic=ledger start="3s" every="{every}ms" count=300 transactional.id={twin} {txn}
        group copiers topic=in auto.offset.reset=earliest isolation.level=read_committed group.protocol={protocol} {session} {{
            processor copy-1 to=out processing="5ms" max.poll.records=5 {{ producer transactional.id=copy-1 transaction.timeout.ms=10000 {client} }}
            processor copy-2 to=out processing="5ms" max.poll.records=5 {{ producer transactional.id=copy-2 transaction.timeout.ms=10000 {client} }}
        }}
        group readers topic=out auto.offset.reset=earliest isolation.level=read_committed {{ consumer r1 }}
        group careful topic=ledger auto.offset.reset=earliest isolation.level=read_committed {{
            consumer c1
            consumer c2
        }}
        "#
    );
    let reasons =
        |errors: Vec<ScenarioError>| errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; ");
    let mut scenario = Scenario::parse(&text).map_err(reasons)?;
    scenario.spec.network.latency = millis(rng, 1, 8);
    scenario.spec.network.jitter = millis(rng, 0, 4);
    scenario.spec.network.loss_per_million = [0, 0, 3_000][rng.below(3) as usize];
    let commands = faults(brokers, rng);
    Ok(Recording { seed, spec: scenario.spec, commands })
}

/// Faults of every kind the seed allows, of any process; each is over after a while.
fn faults(brokers: u64, rng: &mut SimRng) -> Vec<Recorded> {
    // The controller and the brokers, then the eight programs.
    let nodes = 1 + brokers + 8;
    let kinds = rng.bits();
    let mut at = Instant::ZERO + Duration::from_secs(3);
    let mut commands = Vec::new();
    for _ in 0..14 {
        at += millis(rng, 100, 5_000);
        let node = NodeId(rng.below(nodes) as u32);
        let other = NodeId(rng.below(nodes) as u32);
        let kind = rng.below(7);
        let command = match kind {
            0 | 1 => Command::Stop { node, how: StopKind::Crash },
            2 => Command::Stop { node, how: StopKind::Power },
            3 => Command::Stop { node, how: StopKind::Graceful },
            4 => Command::Pause { node },
            5 => Command::Cut { from: node, to: other, both_ways: rng.below(2) == 0 },
            _ => Command::Isolate { node },
        };
        let back = at + millis(rng, 300, 12_000);
        if kinds >> kind & 1 == 0 {
            continue;
        }
        commands.push(Recorded { after: 0, at, command });
        commands.push(Recorded { after: 0, at: back, command: Command::Start { node } });
        commands.push(Recorded { after: 0, at: back, command: Command::Resume { node } });
        commands.push(Recorded { after: 0, at: back, command: Command::HealAll });
    }
    commands.sort_by_key(|recorded| recorded.at);
    commands
}

/// Runs the world of a seed for `steps` events, heals it, waits until all is read, and counts.
pub fn try_sessions(seed: u64, steps: u64) -> Result<Sessions, String> {
    let mut recording = sessions_world(seed)?;
    let mut simulation = recording.begin(Observe::ALL).map_err(|error| error.to_string())?;
    let mut count = Count::default();
    while simulation.dispatched() < steps && recording.step(&mut simulation).is_some() {
        count.watch(&mut simulation);
    }
    let mut healed = simulation.now();
    let end = healed + PATIENCE;
    let mut verdict;
    loop {
        heal(&mut simulation, healed, &mut recording);
        healed += Duration::from_secs(20);
        while simulation.next_at().is_some_and(|at| at <= healed) && simulation.step().is_some() {
            count.watch(&mut simulation);
        }
        verdict = count.judge(&simulation);
        let settled = verdict.findings.is_empty() && verdict.excused.is_empty() && verdict.all_sent;
        if settled || healed >= end {
            break;
        }
    }
    let decided = |wanted: Option<bool>| {
        let ended = |txn: &&Transaction| txn.outcome == wanted && !txn.records.is_empty();
        count.transactions.iter().filter(ended).count() as u64
    };
    Ok(Sessions {
        events: simulation.dispatched(),
        stored: verdict.stored,
        transactions: (decided(Some(true)), decided(Some(false)), decided(None)),
        results: verdict.results,
        announced: verdict.announced,
        excused: verdict.excused,
        findings: verdict.findings,
        at: simulation.now(),
        recording,
    })
}
