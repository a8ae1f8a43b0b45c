//! Building the stage view from a simulation.

use super::build_group::group_view;
use super::ledger_view::LedgerView;
use super::stage::*;
use crate::broker::Broker;
use crate::client::Producer;
use crate::collections::{Set, sorted_by_number};
use crate::controller::{Controller, MetadataImage, PartitionImage};
use crate::ids::*;
use crate::queue::QueueBroker;
use crate::replication::{Replica, Role};
use crate::sim::{Actor, NodeKind, Process, Simulation};
use crate::storage::{Log, RecordBatch};
use crate::zookeeper::{OffsetPath, Znode, ZnodeData, ZnodePath, ZooKeeper};

/// Most znodes that are shown one by one.
const ZNODES_MAX: usize = 200;

/// What the stage shows at the simulation's present moment.
pub fn stage(simulation: &Simulation, lens: &Lens) -> StageView {
    let mut view = StageView { now: simulation.now(), ..StageView::default() };
    let controller = controller_of(simulation);
    if let Some((node, controller)) = controller {
        view.controller = Some(ControllerView {
            node,
            process: process(simulation, node),
            metadata_offset: controller.high_watermark(),
            zookeeper: false,
        });
    }
    let keeper = keeper(simulation);
    if let Some(server) = keeper {
        // Whom the brokers tell that they live.
        let (node, metadata_offset) = (NodeId(0), Offset(server.zxid().0));
        let process = process(simulation, node);
        view.controller = Some(ControllerView { node, process, metadata_offset, zookeeper: true });
    }
    let heard = |broker: &Broker| match keeper {
        Some(server) => server.sessions().filter(|(_, node, _)| *node == broker.node).map(|(.., heard)| heard).max(),
        None => controller.and_then(|(_, controller)| controller.last_contact(broker.id)),
    };
    view.quorum = quorum(simulation);
    let image = best_image(simulation);
    let groups = simulation.directory().group_names();
    for (node, actor) in simulation.actors() {
        match actor {
            // What was taken out of the world is gone from its picture; a broker as soon as no replica is assigned to it.
            Actor::Broker(broker) if simulation.is_removed(node) && !is_assigned(image, broker.id) => {}
            Actor::Broker(broker) => {
                let known = image.and_then(|image| image.brokers.get(&broker.id));
                let coordinates =
                    (0..groups.len() as u32).map(GroupId).filter(|group| broker.coordinates(*group)).collect();
                view.brokers.push(BrokerView {
                    id: broker.id,
                    node,
                    process: process(simulation, node),
                    fenced: known.is_none_or(|known| known.fenced),
                    last_heartbeat: heard(broker),
                    coordinates,
                    controls: broker.controls_in(),
                    metadata_offset: broker.metadata_offset(),
                });
            }
            _ if simulation.is_removed(node) => {}
            Actor::Producer(producer) => view.producers.push(producer_view(simulation, node, producer)),
            Actor::QueuePublisher(publisher) => view.producers.push(ProducerView {
                node,
                name: simulation.directory().node_name(node).to_owned(),
                process: process(simulation, node),
                acks: None,
                idempotent: false,
                topic: None,
                queue: Some(publisher.queue()),
                waiting: publisher
                    .unconfirmed()
                    .iter()
                    .map(|record| WaitingView {
                        record: *record,
                        tp: TopicPartition::NONE,
                        in_flight: true,
                        attempts: 1,
                    })
                    .collect(),
                last_record: (publisher.sent() > 0).then(|| RecordId::new(node, publisher.sent())),
                inside: None,
            }),
            Actor::QueueBroker(broker) => view.queues.push(queue_view(simulation, node, broker)),
            Actor::Database(database) => {
                let (applied, deduplicated) = (database.effects().collect(), database.deduplicated());
                let content = StoreContent::Effects { applied, deduplicated };
                view.stores.push(store(simulation, node, content));
            }
            Actor::ZooKeeper(server) => {
                let znodes = server.tree().iter().take(ZNODES_MAX);
                let znodes = znodes.map(|(path, znode)| znode_view(simulation, path, znode)).collect();
                if node == NodeId(0) {
                    let total = server.tree().iter().count();
                    let (zxid, watches) = (server.zxid(), server.watches());
                    view.keeper = Some(ZooKeeperView { znodes, total, watches, zxid });
                } else {
                    view.stores.push(store(simulation, node, StoreContent::Znodes(znodes)));
                }
            }
            Actor::Controller(_) | Actor::Consumer(_) | Actor::ShareConsumer(_) | Actor::Worker(_) => {}
        }
    }
    if let Some(image) = image {
        view.partitions = partitions(simulation, image, lens);
    }
    let groups = (0..groups.len() as u32).map(GroupId).filter(|group| !is_dissolved(simulation, *group));
    view.groups = groups.map(|id| group_view(simulation, id, image)).collect();
    view.faults = simulation
        .network()
        .faults()
        .iter()
        .map(|(id, fault)| FaultView { id: *id, from: fault.from, to: fault.to, both_ways: fault.both_ways })
        .collect();
    view
}

/// Whether a partition of a user's topic has a replica on a broker, as the controller knows it.
fn is_assigned(image: Option<&MetadataImage>, broker: BrokerId) -> bool {
    image.is_some_and(|image| {
        let mut user = image.partitions().filter(|(tp, _)| !tp.topic.is_internal());
        user.any(|(_, partition)| partition.replicas.contains(&broker))
    })
}

/// Whether a group had members and all of them were taken out of the world.
fn is_dissolved(simulation: &Simulation, group: GroupId) -> bool {
    let members = simulation.directory().nodes().filter(|(_, kind)| *kind == NodeKind::Consumer(group));
    let mut members = members.map(|(node, _)| simulation.is_removed(node)).peekable();
    members.peek().is_some() && members.all(|removed| removed)
}

/// The ledger in figures.
pub fn ledger(simulation: &Simulation) -> LedgerView {
    let totals = simulation.ledger().totals();
    let under_replicated = best_image(simulation).map_or(0, |image| {
        let user = image.partitions().filter(|(tp, _)| !tp.topic.is_internal());
        user.filter(|(_, partition)| partition.isr.len() < partition.replicas.len()).count() as u64
    });
    LedgerView {
        sent: totals.sent,
        acked: totals.acked,
        failed: totals.failed,
        stored: totals.stored,
        delivered: totals.delivered,
        processed: totals.processed,
        lost: totals.lost,
        stored_twice: totals.stored_twice,
        processed_again: totals.processed_again,
        skipped: totals.skipped,
        effects_repeated: totals.effects_repeated,
        stopped_ms: simulation.ledger().standstill().total(None, simulation.now()).as_millis(),
        under_replicated,
    }
}

/// The controllers of a world with brokers.
fn controllers(simulation: &Simulation) -> impl Iterator<Item = (NodeId, &Controller)> {
    let kafka = simulation.actors().any(|(_, actor)| matches!(actor, Actor::Broker(_)));
    simulation.actors().filter(move |_| kafka).filter_map(|(node, actor)| match actor {
        Actor::Controller(controller) => Some((node, &**controller)),
        _ => None,
    })
}

/// The controller that decides; without one, the one that knows most.
fn controller_of(simulation: &Simulation) -> Option<(NodeId, &Controller)> {
    let key =
        |controller: &Controller| (controller.is_active(), controller.image().is_some(), controller.high_watermark());
    let mut best: Option<(NodeId, &Controller)> = None;
    for (node, controller) in controllers(simulation) {
        if best.is_none_or(|(_, known)| key(controller) > key(known)) {
            best = Some((node, controller));
        }
    }
    best
}

/// The ZooKeeper through which brokers find their controller, in a cluster that has one.
fn keeper(simulation: &Simulation) -> Option<&ZooKeeper> {
    match simulation.actor(NodeId(0))? {
        Actor::ZooKeeper(server) => Some(server),
        _ => None,
    }
}

/// In a cluster with ZooKeeper: the running broker that was elected controller last.
fn elected(simulation: &Simulation) -> Option<(NodeId, &Broker)> {
    let brokers = simulation.actors().filter_map(|(node, actor)| match actor {
        Actor::Broker(broker) => Some((broker.controls_in()?, node, &**broker)),
        _ => None,
    });
    brokers.max_by_key(|(epoch, ..)| *epoch).map(|(_, node, broker)| (node, broker))
}

fn quorum(simulation: &Simulation) -> Vec<VoterView> {
    let voters: Vec<VoterView> = controllers(simulation)
        .map(|(node, controller)| VoterView {
            node,
            process: process(simulation, node),
            role: controller.role(),
            active: controller.is_active(),
            epoch: controller.epoch(),
            log_end_offset: controller.log_end_offset(),
            high_watermark: controller.high_watermark(),
            voted: controller.voted(),
        })
        .collect();
    if voters.len() > 1 { voters } else { Vec::new() }
}

/// The controller's metadata; while none has any, that of the broker that has read furthest.
pub fn best_image(simulation: &Simulation) -> Option<&MetadataImage> {
    if let Some((_, deciding)) = elected(simulation).and_then(|(_, broker)| broker.deciding()) {
        return Some(deciding.image);
    }
    let brokers = simulation.actors().filter_map(|(_, actor)| match actor {
        Actor::Broker(broker) => Some((broker.metadata_offset(), broker.image()?)),
        _ => None,
    });
    let furthest = brokers.max_by_key(|(offset, _)| *offset);
    if let Some((_, controller)) = controller_of(simulation)
        && let Some(image) = controller.image()
        && (controller.is_active() || furthest.is_none_or(|(offset, _)| controller.high_watermark() >= offset))
    {
        return Some(image);
    }
    furthest.map(|(_, image)| image)
}

pub(super) fn process(simulation: &Simulation, node: NodeId) -> ProcessView {
    match simulation.process(node) {
        Some(Process::Paused(since)) => ProcessView::Paused(since),
        Some(Process::Down { since, .. }) => ProcessView::Down(since),
        Some(Process::Running) | None => ProcessView::Running,
    }
}

fn partitions(simulation: &Simulation, image: &MetadataImage, lens: &Lens) -> Vec<PartitionView> {
    let wanted = |tp: &TopicPartition| {
        if lens.topics.is_empty() { !tp.topic.is_internal() } else { lens.topics.contains(&tp.topic) }
    };
    image
        .partitions()
        .filter(|(tp, _)| wanted(tp))
        .map(|(tp, partition)| {
            let brokers = partition.replicas.iter().collect::<Set<_>>();
            let replicas: Vec<(BrokerId, &Replica)> = brokers
                .into_iter()
                .filter_map(|broker| Some((*broker, replica_of(simulation, *broker, tp)?)))
                .collect();
            let ranges = ranges(replicas.iter().map(|(_, replica)| &replica.log), lens);
            PartitionView {
                tp,
                name: simulation.directory().tp_name(tp),
                leader: partition.leader,
                leader_epoch: partition.leader_epoch,
                isr: partition.isr.to_vec(),
                elr: partition.elr.to_vec(),
                assignment: partition.replicas.to_vec(),
                adding: partition.adding.to_vec(),
                removing: partition.removing.to_vec(),
                min_insync_replicas: image.topics.get(&tp.topic).map_or(1, |topic| topic.config.min_insync_replicas),
                replicas: replicas
                    .into_iter()
                    .map(|(broker, replica)| replica_view(broker, replica, partition, &ranges))
                    .collect(),
            }
        })
        .collect()
}

fn replica_of(simulation: &Simulation, broker: BrokerId, tp: TopicPartition) -> Option<&Replica> {
    let Actor::Broker(actor) = simulation.actor(NodeId(u32::try_from(broker.0).ok()?))? else { return None };
    actor.replicas().get(&tp)
}

/// The offsets that are shown of each of a partition's logs: ranges in order that do not touch.
fn ranges<'a>(logs: impl Iterator<Item = &'a Log>, lens: &Lens) -> Vec<(Offset, Offset)> {
    if lens.newest_offsets == 0 {
        return vec![(Offset::ZERO, Offset(i64::MAX))];
    }
    let ends = logs.map(Log::log_end_offset).collect::<Set<_>>();
    let mut ranges: Vec<(Offset, Offset)> = Vec::new();
    for end in ends {
        let from = Offset((end.0 - i64::from(lens.newest_offsets)).max(0));
        match ranges.last_mut() {
            Some(last) if last.1 >= from => last.1 = end,
            _ => ranges.push((from, end)),
        }
    }
    ranges
}

/// One record of a replica's log; none when there is none at that offset.
pub fn cell(simulation: &Simulation, broker: BrokerId, tp: TopicPartition, offset: Offset) -> Option<CellView> {
    cells(replica_of(simulation, broker, tp)?, (offset, offset + 1)).next()
}

fn cells(replica: &Replica, (from, to): (Offset, Offset)) -> impl Iterator<Item = CellView> {
    let batches = replica.log.batches_from(from).take_while(move |batch| batch.base_offset < to);
    batches.flat_map(move |batch| {
        let here = batch.iter().filter(move |(offset, _)| (from..to).contains(offset));
        here.map(move |(offset, record)| CellView {
            offset,
            leader_epoch: batch.leader_epoch,
            record: record.id(),
            key: record.key_number(),
            standing: standing_of(replica, batch, offset),
        })
    })
}

fn replica_view(
    broker: BrokerId,
    replica: &Replica,
    partition: &PartitionImage,
    ranges: &[(Offset, Offset)],
) -> ReplicaView {
    let role = match &replica.role {
        Role::Leader(_) => ReplicaRole::Leader,
        Role::Follower(_) if partition.isr.contains(&broker) => ReplicaRole::FollowerInSync,
        Role::Follower(_) => ReplicaRole::FollowerLagging,
        Role::None => ReplicaRole::Offline,
    };
    ReplicaView {
        broker,
        role,
        leader_epoch: replica.leader_epoch,
        log_start_offset: replica.log.log_start_offset(),
        log_end_offset: replica.log.log_end_offset(),
        high_watermark: replica.high_watermark,
        last_stable_offset: replica.last_stable_offset(),
        durable_to: replica.log.durable_to(),
        segments: replica.log.segments().map(|segment| segment.base_offset()).collect(),
        cells: ranges.iter().flat_map(|range| cells(replica, *range)).collect(),
        epochs: replica.log.epochs().entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect(),
    }
}

/// What the transaction of a record's batch makes of it, as this replica's log says.
fn standing_of(replica: &Replica, batch: &RecordBatch, offset: Offset) -> CellStanding {
    if let Some(marker) = batch.marker() {
        return if marker.committed { CellStanding::Commit } else { CellStanding::Abort };
    }
    let Some(stamp) = batch.producer.filter(|_| batch.transactional) else { return CellStanding::Settled };
    let open = replica.log.producers().get(stamp.id).and_then(|entry| entry.transaction_start);
    if open.is_some_and(|start| start <= offset) {
        return CellStanding::Open;
    }
    let (aborted, _) = replica.log.aborted().collect(offset, offset + 1);
    let is_aborted = aborted.iter().any(|entry| entry.producer_id == stamp.id && entry.first_offset <= offset);
    if is_aborted { CellStanding::Aborted } else { CellStanding::Settled }
}

fn producer_view(simulation: &Simulation, node: NodeId, producer: &Producer) -> ProducerView {
    ProducerView {
        node,
        name: simulation.directory().node_name(node).to_owned(),
        process: process(simulation, node),
        acks: Some(producer.config.acks),
        idempotent: producer.config.idempotent(),
        topic: Some(producer.topic()),
        queue: None,
        waiting: producer
            .waiting()
            .into_iter()
            .map(|(record, tp, in_flight, attempts)| WaitingView { record, tp, in_flight, attempts })
            .collect(),
        last_record: (producer.sent() > 0).then(|| RecordId::new(node, producer.sent())),
        inside: producer.inside().map(Box::new),
    }
}

/// The high watermark as the partition's leader has it.
pub(super) fn leader_mark(simulation: &Simulation, image: &MetadataImage, tp: TopicPartition) -> Offset {
    let leader = image.partition(tp).and_then(|partition| partition.leader.some());
    let node = leader.and_then(|leader| u32::try_from(leader.0).ok()).map(NodeId);
    match node.and_then(|node| simulation.actor(node)) {
        Some(Actor::Broker(broker)) => {
            broker.replicas().get(&tp).map_or(Offset::ZERO, |replica| replica.high_watermark)
        }
        _ => Offset::ZERO,
    }
}

fn queue_view(simulation: &Simulation, node: NodeId, broker: &QueueBroker) -> QueueView {
    let id = broker.queue();
    let mut cells: Vec<QueueCellView> = broker
        .removed()
        .iter()
        .rev()
        .take(200)
        .map(|(position, record)| QueueCellView {
            position: *position,
            record: *record,
            state: QueueCellState::Removed,
            redelivered: false,
        })
        .collect();
    cells.extend(broker.messages().iter().map(|(position, message)| QueueCellView {
        position: *position,
        record: message.record,
        state: message.lent_to.map_or(QueueCellState::Ready, QueueCellState::Unacked),
        redelivered: message.redelivered,
    }));
    let cells = sorted_by_number(&cells, |cell| cell.position);
    let kinds = simulation.directory().nodes().filter(|(_, kind)| *kind == NodeKind::Worker(id));
    let workers = kinds
        .filter(|(node, _)| !simulation.is_removed(*node))
        .filter_map(|(node, _)| match simulation.actor(node) {
            Some(Actor::Worker(worker)) => Some(WorkerView {
                node,
                name: simulation.directory().node_name(node).to_owned(),
                process: process(simulation, node),
                prefetch: worker.prefetch(),
                processing: worker.processing(),
                processed: worker.processed().to_vec(),
            }),
            _ => None,
        })
        .collect();
    QueueView {
        id,
        name: simulation.directory().queue_name(id).to_owned(),
        node,
        process: process(simulation, node),
        persistent: broker.is_persistent(),
        cells,
        workers,
    }
}

fn store(simulation: &Simulation, node: NodeId, content: StoreContent) -> StoreView {
    let name = simulation.directory().node_name(node).to_owned();
    StoreView { node, name, process: process(simulation, node), content }
}

fn znode_view(simulation: &Simulation, path: ZnodePath, znode: &Znode) -> ZnodeView {
    let directory = simulation.directory();
    let ids = |list: &[BrokerId]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let offset = match (path, &znode.data) {
        (ZnodePath::Offset(OffsetPath { group, tp }), ZnodeData::Offset(offset)) => Some((group, tp, *offset)),
        _ => None,
    };
    let data = match &znode.data {
        ZnodeData::Empty => String::new(),
        ZnodeData::Controller(broker) => format!("{{\"brokerid\":{broker}}}"),
        ZnodeData::Epoch(epoch) => epoch.to_string(),
        ZnodeData::Broker { rack, .. } => match rack {
            Some(rack) => format!("{{\"rack\":\"{rack}\"}}"),
            None => "{}".to_owned(),
        },
        ZnodeData::Topic(placed) => {
            let each = (0..).zip(placed.iter()).map(|(number, it)| format!("\"{number}\":[{}]", ids(&it.replicas)));
            format!("{{\"partitions\":{{{}}}}}", each.collect::<Vec<_>>().join(","))
        }
        ZnodeData::State(state) => format!(
            "{{\"controller_epoch\":{},\"leader\":{},\"leader_epoch\":{},\"isr\":[{}]}}",
            state.controller_epoch,
            state.leader,
            state.leader_epoch,
            ids(&state.isr)
        ),
        // Settings are shown where they can be changed.
        ZnodeData::TopicConfig(_) => "{}".to_owned(),
        ZnodeData::BrokerConfig(settings) => {
            settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
        }
        ZnodeData::ProducerIds(next) => next.to_string(),
        ZnodeData::Offset(offset) => offset.to_string(),
    };
    ZnodeView {
        path: path.text(directory),
        offset,
        data,
        version: znode.version,
        ephemeral: znode.owner.is_some(),
        by: znode.by,
    }
}
