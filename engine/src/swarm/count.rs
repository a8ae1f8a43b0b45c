//! What stands in the logs and what was read, counted.
//!
//! A loss that was announced is no finding, and neither is what follows from it:
//!
//! - a record that was announced as lost is missing;
//! - a transaction whose coordinator's log lost committed records may never be ended: its records, and all above them in
//!   their partitions, are not read;
//! - a group whose coordinator's log lost committed records begins where its settings say and makes results again.

use crate::audit::Guarantee;
use crate::collections::{Map, Set};
use crate::coordinator::group_partition;
use crate::event::Event;
use crate::ids::{GroupId, NodeId, Offset, ProducerId, RecordId, TopicId, TopicPartition, TransactionalId};
use crate::replication::Replica;
use crate::sim::{Actor, Simulation};
use crate::storage::Log;
use crate::view::{Lens, stage};

/// `offsets.topic.num.partitions` and `transaction.state.log.num.partitions`: worlds of sessions have the default.
const COORDINATORS: i32 = 50;

/// What a producer knows of one of its transactions.
#[derive(Default)]
pub(super) struct Transaction {
    producer: NodeId,
    pub records: Vec<RecordId>,
    /// How it ended; none when its producer did not live to see it.
    pub outcome: Option<bool>,
}

#[derive(Default)]
pub(super) struct Verdict {
    pub stored: u64,
    pub results: u64,
    pub announced: u64,
    pub all_sent: bool,
    pub findings: Vec<String>,
    /// Findings that follow from an announced loss.
    pub excused: Vec<String>,
}

impl Verdict {
    fn find(&mut self, excused: bool, finding: String) {
        if excused { &mut self.excused } else { &mut self.findings }.push(finding);
    }
}

/// What was seen while the world ran.
#[derive(Default)]
pub(super) struct Count {
    pub transactions: Vec<Transaction>,
    open: Map<NodeId, usize>,
    /// What each group was given.
    delivered: Map<GroupId, Set<RecordId>>,
    derived: Map<RecordId, RecordId>,
    /// Duplicates and reorderings that were announced.
    announced: Set<RecordId>,
    /// Acknowledged records that were announced as lost, and are not back.
    lost: Set<RecordId>,
    /// Coordinators' logs that were announced to have lost committed records.
    forgetful: Set<TopicPartition>,
    /// Whose transactions a producer id stands for, and the ids a process had.
    transactional: Map<ProducerId, TransactionalId>,
    ids: Map<NodeId, Set<ProducerId>>,
    broken: Vec<String>,
}

impl Count {
    pub fn watch(&mut self, simulation: &mut Simulation) {
        for emitted in simulation.take_emitted() {
            match emitted.event {
                Event::TransactionBegun { producer, .. } => {
                    self.transactions.push(Transaction { producer, ..Transaction::default() });
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
                Event::ProducerIdObtained { producer, id, .. } => {
                    self.ids.entry(producer).or_default().insert(id);
                }
                Event::TransactionStateChanged { id, transactional, .. } => {
                    self.transactional.insert(id, transactional);
                }
                Event::GuaranteeGivenUp { guarantee, tp, record, back, .. } => match (guarantee, record) {
                    (Guarantee::AckedWriteLost, None) => drop(self.forgetful.insert(tp)),
                    (Guarantee::AckedWriteLost, Some(record)) if back => drop(self.lost.remove(&record)),
                    (Guarantee::AckedWriteLost, Some(record)) => drop(self.lost.insert(record)),
                    (Guarantee::Duplicate | Guarantee::Reordered, Some(record)) => {
                        self.announced.insert(record);
                    }
                    _ => {}
                },
                Event::PromiseBroken { promise, .. } => {
                    self.broken.push(format!("{} is broken at event {}", promise.name(), emitted.n));
                }
                _ => {}
            }
        }
    }

    pub fn judge(&self, simulation: &Simulation) -> Verdict {
        let mut verdict = Verdict { findings: self.broken.clone(), ..Verdict::default() };
        let directory = simulation.directory();
        let group = |name: &str| directory.find_group(name).and_then(|group| self.delivered.get(&group));
        let leaders = leaders(simulation);
        for (tp, replica) in &leaders {
            self.judge_log(&directory.tp_name(*tp), &replica.log, &mut verdict);
        }
        let losses = Losses::of(self, simulation, &leaders);
        let nothing = Set::new();
        let careful = group("careful").unwrap_or(&nothing);
        let ledger = directory.find_topic("ledger");
        for (number, transaction) in self.transactions.iter().enumerate() {
            let of_ledger =
                |record: &RecordId| losses.stored.get(record).is_some_and(|(tp, _)| Some(tp.topic) == ledger);
            if !transaction.records.iter().any(of_ledger) {
                continue;
            }
            let missing = transaction.records.iter().filter(|record| !careful.contains(record));
            let (all, missed) = (transaction.records.len(), missing.clone().count());
            let wrong = match transaction.outcome {
                Some(true) => missed > 0,
                Some(false) => missed < all,
                None => missed > 0 && missed < all,
            };
            if wrong {
                let (got, outcome) = (all - missed, transaction.outcome);
                let excused = outcome != Some(false)
                    && (losses.forgotten.contains(&transaction.producer)
                        || missing.into_iter().all(|record| losses.explain(self, *record)));
                verdict.find(excused, format!("transaction {number}, committed {outcome:?}: {got} of {all} were read"));
            }
        }
        self.judge_copies(simulation, &losses, &leaders, &mut verdict);
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
    fn judge_copies(
        &self,
        simulation: &Simulation,
        losses: &Losses,
        leaders: &[(TopicPartition, &Replica)],
        verdict: &mut Verdict,
    ) {
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
        for (tp, replica) in leaders.iter().filter(|(tp, _)| tp.topic == input) {
            let committed = committed.get(tp).copied().unwrap_or(Offset::ZERO);
            for (offset, record) in replica.log.batches().flat_map(|batch| batch.iter()) {
                let Some(record) = record.id() else { continue };
                *results.entry(record).or_default() -= i64::from(offset < committed);
            }
        }
        let of_copiers = TopicPartition::new(TopicId(0), group_partition(directory.group_name(copiers), COORDINATORS));
        let offsets_lost = self.forgetful.contains(&of_copiers);
        let copier_forgotten = ["copy-1", "copy-2"]
            .iter()
            .filter_map(|name| directory.find_node(name))
            .any(|node| losses.forgotten.contains(&node));
        for (record, balance) in results.iter().filter(|(_, balance)| **balance != 0) {
            let mut made = self.derived.iter().filter(|(_, from)| *from == record).map(|(made, _)| *made);
            let excused = if *balance > 0 {
                offsets_lost || copier_forgotten || self.lost.contains(record)
            } else {
                copier_forgotten || made.any(|made| losses.explain(self, made))
            };
            let record = record.number();
            verdict.find(excused, format!("record {record} of the input has {balance:+} results beside its offset"));
        }
        let wanted: i64 =
            leaders.iter().filter(|(tp, _)| tp.topic == input).map(|(_, known)| known.log.log_end_offset().0).sum();
        let reached: i64 = committed.iter().filter(|(tp, _)| tp.topic == input).map(|(_, offset)| offset.0).sum();
        if reached != wanted {
            let input_lost = self.lost.iter().any(|record| losses.inputs.contains(&record.producer()));
            let excused = copier_forgotten || (reached > wanted && input_lost);
            verdict.find(excused, format!("the programs that copy committed {reached} of {wanted} offsets"));
        }
    }
}

/// What the announced losses explain.
struct Losses {
    /// Processes whose transactions' coordinator lost what it knew.
    forgotten: Set<NodeId>,
    /// Where a transaction of theirs is still open: what stands there and above is not read.
    held: Map<TopicPartition, Offset>,
    /// Where the users' records stand.
    stored: Map<RecordId, (TopicPartition, Offset)>,
    /// Who writes what is copied.
    inputs: Set<NodeId>,
}

impl Losses {
    fn of(count: &Count, simulation: &Simulation, leaders: &[(TopicPartition, &Replica)]) -> Losses {
        let directory = simulation.directory();
        let forgotten_id = |id: &ProducerId| {
            count.transactional.get(id).is_some_and(|transactional| {
                let partition = group_partition(directory.transactional_name(*transactional), COORDINATORS);
                count.forgetful.contains(&TopicPartition::new(TopicId::TRANSACTION_STATE, partition))
            })
        };
        let forgotten = count.ids.iter().filter(|(_, ids)| ids.iter().any(forgotten_id)).map(|(node, _)| *node);
        let held = leaders.iter().filter_map(|(tp, replica)| {
            let (first, id) = replica.log.producers().open_transactions().next()?;
            forgotten_id(&id).then_some((*tp, first))
        });
        let stored = leaders.iter().flat_map(|(tp, replica)| {
            let records = replica.log.batches().flat_map(|batch| batch.iter());
            records.filter_map(|(offset, record)| Some((record.id()?, (*tp, offset))))
        });
        Losses {
            forgotten: forgotten.collect(),
            held: held.collect(),
            stored: stored.collect(),
            inputs: directory.find_node("plain").into_iter().collect(),
        }
    }

    /// Whether it was announced that this record is lost, or it stands where nobody reads because of such a loss.
    fn explain(&self, count: &Count, record: RecordId) -> bool {
        let held = |(tp, offset): &(TopicPartition, Offset)| self.held.get(tp).is_some_and(|from| offset >= from);
        count.lost.contains(&record) || self.stored.get(&record).is_some_and(held)
    }
}

/// The users' partitions with their leaders' replicas.
fn leaders(simulation: &Simulation) -> Vec<(TopicPartition, &Replica)> {
    let mut leaders: Map<TopicPartition, &Replica> = Map::new();
    for (_, actor) in simulation.actors() {
        let Actor::Broker(broker) = actor else { continue };
        for (tp, replica) in broker.replicas().iter().filter(|(tp, _)| !tp.topic.is_internal()) {
            let newest = leaders.get(tp).is_none_or(|known| known.leader_epoch < replica.leader_epoch);
            if replica.leadership().is_some() && newest {
                leaders.insert(*tp, replica);
            }
        }
    }
    leaders.iter().map(|(tp, replica)| (*tp, *replica)).collect()
}
