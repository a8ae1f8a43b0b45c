//! Facts: questions about a simulation that have one answer.

use crate::audit::Promise;
use crate::collections::Map;
use crate::ids::{NodeId, Offset, RecordId};
use crate::sim::{Actor, Simulation};
use crate::view::{LedgerView, Lens, StageView, ledger, stage};

/// A question, as a scenario writes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// What is asked.
    pub kind: FactKind,
    /// What it is asked of.
    pub subjects: Vec<String>,
}

/// The answer as text: a number, a name, or a list.
pub type FactValue = String;

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $subjects:literal;)*) => {
        /// What can be asked.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum FactKind { $( $(#[$doc])* $variant, )* }

        impl FactKind {
            /// Every kind.
            pub const ALL: &'static [FactKind] = &[$(FactKind::$variant,)*];
            /// Its word.
            pub fn name(self) -> &'static str {
                match self { $(FactKind::$variant => $name,)* }
            }
            /// How many subjects it has.
            pub fn subjects(self) -> usize {
                match self { $(FactKind::$variant => $subjects,)* }
            }
        }
    };
}

facts! {
    /// Records sent.
    Sent = "sent", 0;
    /// Records acknowledged.
    Acked = "acked", 0;
    /// Records given up.
    Failed = "failed", 0;
    /// Records stored somewhere.
    Stored = "stored", 0;
    /// Acknowledged records lost.
    Lost = "lost", 0;
    /// Acknowledged records of a producer.
    AckedBy = "acked-by", 1;
    /// Acknowledged records of a producer that are lost.
    LostBy = "lost-by", 1;
    /// How many batches the log of a partition, or of each partition of a topic, holds on a broker, markers among them.
    Batches = "batches", 2;
    /// Records of a partition's log on a broker that stand behind a later one of their producer.
    Overtaken = "overtaken", 2;
    /// Records that stand twice in a log.
    StoredTwice = "stored-twice", 0;
    /// How often a promise, by its name, was broken. A story that expects it may break it; any other fails.
    Broken = "broken", 1;
    /// Repetitions of processing.
    ProcessedAgain = "processed-again", 0;
    /// Records passed over by a group.
    Skipped = "skipped", 0;
    /// Records a group has processed at least once.
    ProcessedBy = "processed-by", 1;
    /// Records whose result, written by a program that reads and writes, a group has processed.
    Results = "results", 1;
    /// Records of which a group has processed more than one result.
    ResultsRepeated = "results-repeated", 1;
    /// The leader of a partition: a broker id, −1 for none.
    Leader = "leader", 1;
    /// A partition's leader epoch.
    LeaderEpoch = "leader-epoch", 1;
    /// A partition's ISR: broker ids in the order of the assignment.
    Isr = "isr", 1;
    /// A partition's eligible leader replicas, in the order of the assignment.
    Elr = "elr", 1;
    /// All replicas of a partition, the preferred leader first.
    Replicas = "replicas", 1;
    /// The end of a partition's log on a broker.
    LogEnd = "log-end", 2;
    /// A partition's high watermark on a broker.
    HighWatermark = "high-watermark", 2;
    /// Where a partition's log begins on a broker.
    LogStart = "log-start", 2;
    /// Below this offset a broker's log is on the disk; the rest is in the page cache only.
    Flushed = "flushed", 2;
    /// How many segments a partition's log has on a broker.
    Segments = "segments", 2;
    /// How many records a partition's log holds on a broker.
    Records = "records", 2;
    /// A partition's last stable offset on a broker.
    LastStable = "last-stable", 2;
    /// The broker that coordinates a `transactional.id`.
    TransactionCoordinator = "transaction-coordinator", 1;
    /// The state of a `transactional.id` at its coordinator.
    TransactionState = "transaction-state", 1;
    /// Whether all replicas of a partition hold the same records: true or false.
    ReplicasEqual = "replicas-equal", 1;
    /// A group's committed offset in a partition, −1 for none.
    Committed = "committed", 2;
    /// A group's state.
    GroupState = "group-state", 1;
    /// A group's generation.
    Generation = "generation", 1;
    /// Records between a group's committed offsets and the high watermarks, summed up.
    Lag = "lag", 1;
    /// The broker that coordinates a group, or none.
    CoordinatorOf = "coordinator", 1;
    /// How many members the coordinator of a group counts.
    Members = "members", 1;
    /// Milliseconds in which partitions a group had been reading had no reader, summed up.
    StoppedMs = "stopped-ms", 1;
    /// The next offset `poll` of a consumer returns of a partition, −1 while it is looked up.
    PositionOf = "position", 2;
    /// How many partitions a consumer has.
    Assigned = "assigned", 1;
    /// Below this offset everything is done for a share group (SPSO).
    ShareStart = "share-start", 2;
    /// From this offset on a share group has acquired nothing (SPEO).
    ShareEnd = "share-end", 2;
    /// The state of a record for a share group: Available, Acquired, Acknowledged, Archived; its group, partition, offset.
    ShareState = "share-state", 3;
    /// How often a record was delivered to a share group: its group, partition, offset.
    Deliveries = "deliveries", 3;
    /// How many records a member of a share group has acquired and not finished.
    Holds = "holds", 1;
    /// Messages in a queue that were not acknowledged.
    QueueDepth = "queue-depth", 1;
    /// Messages acknowledged and removed from a queue.
    QueueRemoved = "queue-removed", 1;
    /// Messages a worker has processed.
    WorkerProcessed = "worker-processed", 1;
    /// Effects in a database, repetitions included.
    Effects = "effects", 1;
    /// Records whose effect a database holds more than once.
    EffectsRepeated = "effects-repeated", 1;
    /// Repetitions a dedupe table refused.
    Deduplicated = "deduplicated", 1;
    /// The name of the controller that decides, or none.
    ActiveController = "active-controller", 0;
    /// The largest epoch of the quorum that a running controller knows.
    QuorumEpoch = "quorum-epoch", 0;
    /// The largest committed end of the metadata log that a running controller knows.
    MetadataCommitted = "metadata-committed", 0;
    /// Whether a node's process runs: true or false.
    Running = "running", 1;
}

impl FactKind {
    /// The kind with this word.
    pub fn find(name: &str) -> Option<FactKind> {
        FactKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl Fact {
    /// The answer now; none when the subject does not exist (yet).
    pub fn value(&self, simulation: &Simulation, resolve: impl Fn(&str) -> String) -> Option<FactValue> {
        let subject = |index: usize| self.subjects.get(index).map(|word| resolve(word)).unwrap_or_default();
        if let Some(value) = self.ledger_value(&ledger(simulation)) {
            return Some(value.to_string());
        }
        let directory = simulation.directory();
        let node = |name: &str| directory.find_node(name);
        match self.kind {
            FactKind::ActiveController => {
                let active = simulation.active_controller().map(|(node, _)| directory.node_name(node).to_owned());
                Some(active.unwrap_or_else(|| "none".to_owned()))
            }
            FactKind::QuorumEpoch | FactKind::MetadataCommitted => {
                let number = |actor: &Actor| match actor {
                    Actor::Controller(controller) if self.kind == FactKind::QuorumEpoch => {
                        Some(i64::from(controller.epoch().0))
                    }
                    Actor::Controller(controller) => Some(controller.high_watermark().0),
                    Actor::Broker(broker) if self.kind == FactKind::QuorumEpoch => {
                        Some(i64::from(broker.controls_in()?.0))
                    }
                    Actor::ZooKeeper(server) if self.kind == FactKind::MetadataCommitted => Some(server.zxid().0),
                    _ => None,
                };
                simulation.actors().filter_map(|(_, actor)| number(actor)).max().map(|largest| largest.to_string())
            }
            FactKind::Running => {
                let running = simulation.process(node(&subject(0))?)? == crate::sim::Process::Running;
                Some(running.to_string())
            }
            FactKind::Broken => {
                let promise = Promise::ALL.iter().find(|promise| promise.name() == subject(0))?;
                Some(simulation.standings().promise(*promise).times.to_string())
            }
            FactKind::AckedBy | FactKind::LostBy => {
                let producer = node(&subject(0))?;
                let counts = |fate: &crate::audit::Fate| match self.kind {
                    FactKind::AckedBy => fate.acked.is_some(),
                    _ => fate.lost,
                };
                let fates = simulation.ledger().fates(producer);
                Some(fates.filter(|(_, fate)| counts(fate)).count().to_string())
            }
            FactKind::Batches | FactKind::Overtaken => {
                let (topic, tp) = (directory.find_topic(&subject(0)), directory.find_tp(&subject(0)));
                let id = subject(1);
                let id = id.trim_start_matches("broker").trim_start_matches(['-', ' ']);
                let broker = simulation.actors().find_map(|(_, actor)| match actor {
                    Actor::Broker(broker) if broker.id.to_string() == id => Some(broker),
                    _ => None,
                })?;
                let asked = broker.replicas().iter().filter(|(at, _)| Some(**at) == tp || Some(at.topic) == topic);
                let counts = asked.map(|(_, replica)| match self.kind {
                    FactKind::Batches => replica.log.batches().count(),
                    _ => overtaken(&replica.log),
                });
                Some(counts.sum::<usize>().to_string())
            }
            FactKind::ProcessedBy => {
                let group = directory.find_group(&subject(0))?;
                let done = |fate: &crate::audit::Fate| {
                    fate.readings.iter().any(|reading| reading.reader == group.0 && reading.processed > 0)
                };
                Some(simulation.ledger().all().filter(|(_, fate)| done(fate)).count().to_string())
            }
            FactKind::Results | FactKind::ResultsRepeated => {
                let group = directory.find_group(&subject(0))?;
                let read = |fate: &crate::audit::Fate| {
                    fate.readings.iter().any(|reading| reading.reader == group.0 && reading.processed > 0)
                };
                let results =
                    simulation.ledger().all().filter(|(_, fate)| read(fate)).filter_map(|(_, fate)| fate.from);
                let mut times: Map<RecordId, u32> = Map::new();
                results.for_each(|from| *times.entry(from).or_default() += 1);
                let least = if self.kind == FactKind::Results { 1 } else { 2 };
                Some(times.values().filter(|times| **times >= least).count().to_string())
            }
            FactKind::TransactionCoordinator | FactKind::TransactionState => {
                let id = directory.find_transactional(&subject(0))?;
                simulation.actors().find_map(|(_, actor)| match actor {
                    Actor::Broker(broker) if broker.coordinates_transaction(id) => match self.kind {
                        FactKind::TransactionCoordinator => Some(format!("broker {}", broker.id)),
                        _ => Some(broker.transactions()?.get(id)?.state.name().to_owned()),
                    },
                    _ => None,
                })
            }
            FactKind::StoppedMs => {
                let group = directory.find_group(&subject(0))?;
                let stood = simulation.ledger().standstill().total(Some(group), simulation.now());
                Some(stood.as_millis().to_string())
            }
            FactKind::PositionOf => match simulation.actor(node(&subject(0))?)? {
                Actor::Consumer(consumer) => {
                    let tp = directory.find_tp(&subject(1))?;
                    let position = consumer.positions().find(|(known, _)| *known == tp)?.1;
                    Some(position.unwrap_or(Offset::NONE).to_string())
                }
                _ => None,
            },
            FactKind::Assigned => match simulation.actor(node(&subject(0))?)? {
                Actor::Consumer(consumer) => Some(consumer.positions().count().to_string()),
                Actor::ShareConsumer(consumer) => Some(consumer.assigned().len().to_string()),
                _ => None,
            },
            FactKind::Holds => match simulation.actor(node(&subject(0))?)? {
                Actor::ShareConsumer(consumer) => Some(consumer.holds().count().to_string()),
                _ => None,
            },
            FactKind::ShareStart | FactKind::ShareEnd | FactKind::ShareState | FactKind::Deliveries => {
                let (group, tp) = (directory.find_group(&subject(0))?, directory.find_tp(&subject(1))?);
                let share = crate::view::share_partition(simulation, group, tp)?;
                let cell = || share.cell(Offset(subject(2).parse().ok()?));
                match self.kind {
                    FactKind::ShareStart => Some(share.start().to_string()),
                    FactKind::ShareEnd => Some(share.end().to_string()),
                    FactKind::ShareState => Some(format!("{:?}", cell()?.state)),
                    _ => Some(cell()?.delivery_count.to_string()),
                }
            }
            FactKind::WorkerProcessed => match simulation.actor(node(&subject(0))?)? {
                Actor::Worker(worker) => Some(worker.processed().len().to_string()),
                _ => None,
            },
            FactKind::Effects | FactKind::EffectsRepeated | FactKind::Deduplicated => {
                self.of_database(simulation, node(&subject(0))?)
            }
            FactKind::QueueDepth | FactKind::QueueRemoved => {
                let queue = directory.find_queue(&subject(0))?;
                simulation.actors().find_map(|(_, actor)| match actor {
                    Actor::QueueBroker(broker) if broker.queue() == queue => Some(match self.kind {
                        FactKind::QueueDepth => broker.messages().len().to_string(),
                        _ => broker.removed().len().to_string(),
                    }),
                    _ => None,
                })
            }
            _ => self.stage_value(&stage(simulation, &Lens::default()), &subject(0), &subject(1)),
        }
    }

    fn ledger_value(&self, ledger: &LedgerView) -> Option<u64> {
        Some(match self.kind {
            FactKind::Sent => ledger.sent,
            FactKind::Acked => ledger.acked,
            FactKind::Failed => ledger.failed,
            FactKind::Stored => ledger.stored,
            FactKind::Lost => ledger.lost,
            FactKind::StoredTwice => ledger.stored_twice,
            FactKind::ProcessedAgain => ledger.processed_again,
            FactKind::Skipped => ledger.skipped,
            _ => return None,
        })
    }

    fn of_database(&self, simulation: &Simulation, node: NodeId) -> Option<FactValue> {
        let Actor::Database(database) = simulation.actor(node)? else { return None };
        let value = match self.kind {
            FactKind::Effects => database.effects().map(|(_, times)| u64::from(times)).sum(),
            FactKind::EffectsRepeated => database.effects().filter(|(_, times)| *times > 1).count() as u64,
            _ => u64::from(database.deduplicated()),
        };
        Some(value.to_string())
    }

    fn stage_value(&self, view: &StageView, first: &str, second: &str) -> Option<FactValue> {
        match self.kind {
            FactKind::GroupState
            | FactKind::Generation
            | FactKind::Committed
            | FactKind::Lag
            | FactKind::CoordinatorOf
            | FactKind::Members => {
                let group = view.groups.iter().find(|group| group.name == first)?;
                match self.kind {
                    FactKind::GroupState => Some(group.state.name().to_owned()),
                    FactKind::Generation => Some(group.generation.to_string()),
                    FactKind::Lag => Some(group.offsets.iter().map(|offset| offset.lag).sum::<i64>().to_string()),
                    FactKind::CoordinatorOf => {
                        Some(group.coordinator.map_or_else(|| "none".to_owned(), |broker| format!("broker {broker}")))
                    }
                    FactKind::Members => Some(group.registered.len().to_string()),
                    _ => {
                        let tp = view.partitions.iter().find(|partition| partition.name == second)?.tp;
                        let offset = group.offsets.iter().find(|offset| offset.tp == tp)?;
                        Some(offset.committed.unwrap_or(Offset::NONE).to_string())
                    }
                }
            }
            _ => {
                let partition = view.partitions.iter().find(|partition| partition.name == first)?;
                let broker = second.trim_start_matches("broker").trim_start_matches(['-', ' ']);
                let replica = partition.replicas.iter().find(|replica| replica.broker.to_string() == broker);
                Some(match self.kind {
                    FactKind::Leader => partition.leader.to_string(),
                    FactKind::LeaderEpoch => partition.leader_epoch.to_string(),
                    FactKind::LogEnd => replica?.log_end_offset.to_string(),
                    FactKind::HighWatermark => replica?.high_watermark.to_string(),
                    FactKind::LogStart => replica?.log_start_offset.to_string(),
                    FactKind::Flushed => replica?.durable_to.to_string(),
                    FactKind::Segments => replica?.segments.len().to_string(),
                    FactKind::Records => replica?.cells.len().to_string(),
                    FactKind::LastStable => replica?.last_stable_offset.to_string(),
                    FactKind::ReplicasEqual => {
                        let mut replicas = partition.replicas.iter();
                        let cells = &replicas.next()?.cells;
                        replicas.all(|replica| replica.cells == *cells).to_string()
                    }
                    FactKind::Replicas => listed(partition.assignment.iter()),
                    FactKind::Elr => {
                        listed(partition.assignment.iter().filter(|broker| partition.elr.contains(broker)))
                    }
                    _ => listed(partition.assignment.iter().filter(|broker| partition.isr.contains(broker))),
                })
            }
        }
    }
}

fn listed<'a>(brokers: impl Iterator<Item = &'a crate::ids::BrokerId>) -> String {
    brokers.map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn overtaken(log: &crate::storage::Log) -> usize {
    let mut latest: Map<NodeId, u32> = Map::new();
    let ids = log.batches().flat_map(|batch| batch.records.iter()).filter_map(crate::storage::Record::id);
    let is_late = |id: &RecordId| {
        let known = latest.entry(id.producer()).or_default();
        let late = id.number() < *known;
        *known = id.number().max(*known);
        late
    };
    ids.filter(is_late).count()
}
