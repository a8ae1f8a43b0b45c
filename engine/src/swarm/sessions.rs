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
//! What the ledger has announced with a reason (a record lost with the power of all its replicas, say) is counted apart.

use super::trial::heal;
use super::world::millis;
use crate::collections::{Map, Set};
use crate::command::Command;
use crate::event::{Event, StopKind};
use crate::history::{Recorded, Recording};
use crate::ids::{GroupId, NodeId, Offset, ProducerId, RecordId, TopicPartition};
use crate::rng::SimRng;
use crate::scenario::{Scenario, ScenarioError};
use crate::sim::{Actor, Observe, Simulation};
use crate::storage::Log;
use crate::time::{Duration, Instant};
use crate::view::{Lens, stage};

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
    /// Acknowledged records, or a coordinator's, were lost with a reason: counting would find what was announced.
    pub excused: bool,
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
        if (verdict.findings.is_empty() && verdict.all_sent) || healed >= end {
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
        excused: simulation.ledger().totals().lost > 0 || count.unclean,
        findings: verdict.findings,
        at: simulation.now(),
        recording,
    })
}

/// What a producer knows of one of its transactions.
#[derive(Default)]
struct Transaction {
    records: Vec<RecordId>,
    /// How it ended; none when its producer did not live to see it.
    outcome: Option<bool>,
}

#[derive(Default)]
struct Verdict {
    stored: u64,
    results: u64,
    announced: u64,
    all_sent: bool,
    findings: Vec<String>,
}

/// What was seen while the world ran.
#[derive(Default)]
struct Count {
    transactions: Vec<Transaction>,
    open: Map<NodeId, usize>,
    /// What each group was given.
    delivered: Map<GroupId, Set<RecordId>>,
    derived: Map<RecordId, RecordId>,
    /// A coordinator's log was led by a replica that lacked some of it.
    unclean: bool,
    /// Duplicates and reorderings that were announced.
    announced: Set<RecordId>,
    broken: Vec<String>,
}

impl Count {
    fn watch(&mut self, simulation: &mut Simulation) {
        for emitted in simulation.take_emitted() {
            match emitted.event {
                Event::TransactionBegun { producer, .. } => {
                    self.transactions.push(Transaction::default());
                    self.open.insert(producer, self.transactions.len() - 1);
                }
                Event::RecordSent { producer, record, .. } => {
                    let open = self.open.get(&producer).and_then(|index| self.transactions.get_mut(*index));
                    if let Some(transaction) = open {
                        transaction.records.push(record);
                    }
                }
                Event::TransactionEnded { producer, committed, .. } => {
                    if let Some(transaction) = self.open.remove(&producer).and_then(|at| self.transactions.get_mut(at))
                    {
                        transaction.outcome = Some(committed);
                    }
                }
                Event::NodeStopped { node, .. } => drop(self.open.remove(&node)),
                Event::RecordsPolled { group, records, .. } => {
                    let given = self.delivered.entry(group).or_default();
                    given.extend(records.iter().map(|(_, record)| *record));
                }
                Event::RecordDerived { from, record, .. } => drop(self.derived.insert(record, from)),
                // Coordinators' logs have no ledger: what an unclean election takes from them is not announced one by one.
                Event::LeaderElected { unclean: true, tp, .. } if tp.topic.is_internal() => self.unclean = true,
                Event::RecordDuplicated { record, .. } | Event::GuaranteeGivenUp { record: Some(record), .. } => {
                    self.announced.insert(record);
                }
                Event::PromiseBroken { promise, .. } => {
                    self.broken.push(format!("{} is broken at event {}", promise.name(), emitted.n));
                }
                _ => {}
            }
        }
    }

    fn judge(&self, simulation: &Simulation) -> Verdict {
        let mut verdict = Verdict { findings: self.broken.clone(), ..Verdict::default() };
        let directory = simulation.directory();
        let topic = |name: &str| directory.find_topic(name);
        let group = |name: &str| directory.find_group(name).and_then(|group| self.delivered.get(&group));
        let logs = leader_logs(simulation);
        for (tp, log) in &logs {
            self.judge_log(&directory.tp_name(*tp), log, &mut verdict);
        }
        let nothing = Set::new();
        let careful = group("careful").unwrap_or(&nothing);
        let ledger: Set<RecordId> = logs
            .iter()
            .filter(|(tp, _)| Some(tp.topic) == topic("ledger"))
            .flat_map(|(_, log)| log.batches().flat_map(|batch| batch.records.iter()).filter_map(|record| record.id()))
            .collect();
        for (number, transaction) in self.transactions.iter().enumerate() {
            let of_ledger = transaction.records.iter().any(|record| ledger.contains(record));
            let got = transaction.records.iter().filter(|record| careful.contains(record)).count();
            let wrong = match transaction.outcome {
                _ if !of_ledger => false,
                Some(true) => got != transaction.records.len(),
                Some(false) => got > 0,
                None => got > 0 && got < transaction.records.len(),
            };
            if wrong {
                let (all, outcome) = (transaction.records.len(), transaction.outcome);
                verdict.findings.push(format!("transaction {number}, committed {outcome:?}: {got} of {all} were read"));
            }
        }
        self.judge_copies(simulation, &logs, &mut verdict);
        verdict.all_sent = simulation.actors().all(|(_, actor)| match actor {
            Actor::Producer(producer) => producer.waiting().is_empty(),
            _ => true,
        });
        verdict
    }

    /// Within a session no record twice, and none behind a later one.
    fn judge_log(&self, partition: &str, log: &Log, verdict: &mut Verdict) {
        let mut latest: Map<(ProducerId, NodeId), u32> = Map::new();
        for batch in log.batches() {
            let Some(stamp) = batch.producer else { continue };
            for record in batch.records.iter().filter_map(|record| record.id()) {
                verdict.stored += 1;
                let known = latest.entry((stamp.id, record.producer())).or_default();
                if record.number() > *known {
                    *known = record.number();
                } else if self.announced.contains(&record) {
                    verdict.announced += 1;
                } else {
                    let (record, id) = (record.number(), stamp.id);
                    verdict
                        .findings
                        .push(format!("{partition}: record {record} of producer id {id} stands behind {known}"));
                }
            }
        }
    }

    /// One result of everything below the committed offset, none of what lies above.
    fn judge_copies(&self, simulation: &Simulation, logs: &[(TopicPartition, &Log)], verdict: &mut Verdict) {
        let directory = simulation.directory();
        let (Some(input), Some(copiers)) = (directory.find_topic("in"), directory.find_group("copiers")) else {
            return;
        };
        let mut results: Map<RecordId, i64> = Map::new();
        let read = directory.find_group("readers").and_then(|readers| self.delivered.get(&readers));
        for record in read.into_iter().flatten() {
            if let Some(from) = self.derived.get(record) {
                *results.entry(*from).or_default() += 1;
                verdict.results += 1;
            }
        }
        // What the coordinator answers, not what was seen to be committed: it may have read it from its log.
        let view = stage(simulation, &Lens::default());
        let offsets = view.groups.iter().filter(|group| group.id == copiers).flat_map(|group| &group.offsets);
        let committed: Map<TopicPartition, Offset> =
            offsets.filter_map(|offset| Some((offset.tp, offset.committed?))).collect();
        for (tp, log) in logs.iter().filter(|(tp, _)| tp.topic == input) {
            let committed = committed.get(tp).copied().unwrap_or(Offset::ZERO);
            for (offset, record) in log.batches().flat_map(|batch| batch.iter()) {
                let Some(record) = record.id() else { continue };
                *results.entry(record).or_default() -= i64::from(offset < committed);
            }
        }
        for (record, balance) in results.iter().filter(|(_, balance)| **balance != 0) {
            let record = record.number();
            verdict.findings.push(format!("record {record} of the input has {balance:+} results beside its offset"));
        }
        let wanted: i64 = logs.iter().filter(|(tp, _)| tp.topic == input).map(|(_, log)| log.log_end_offset().0).sum();
        let reached: i64 = committed.iter().filter(|(tp, _)| tp.topic == input).map(|(_, offset)| offset.0).sum();
        if reached != wanted {
            verdict.findings.push(format!("the programs that copy committed {reached} of {wanted} offsets"));
        }
    }
}

/// The users' partitions with the logs of their leaders.
fn leader_logs(simulation: &Simulation) -> Vec<(TopicPartition, &Log)> {
    let mut logs: Map<TopicPartition, (crate::ids::LeaderEpoch, &Log)> = Map::new();
    for (_, actor) in simulation.actors() {
        let Actor::Broker(broker) = actor else { continue };
        for (tp, replica) in broker.replicas().iter().filter(|(tp, _)| !tp.topic.is_internal()) {
            let newest = logs.get(tp).is_none_or(|(epoch, _)| *epoch < replica.leader_epoch);
            if replica.leadership().is_some() && newest {
                logs.insert(*tp, (replica.leader_epoch, &replica.log));
            }
        }
    }
    logs.iter().map(|(tp, (_, log))| (*tp, *log)).collect()
}
