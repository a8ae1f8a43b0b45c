//! Made-up states for layout tests: any number of everybody, in the shapes that crowd a picture most.

use highwater_engine::config::Acks;
use highwater_engine::event::GroupState;
use highwater_engine::ids::*;
use highwater_engine::time::Instant;
use highwater_engine::view::*;

/// How many of everybody.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub brokers: usize,
    pub partitions: usize,
    pub producers: usize,
    pub groups: usize,
    pub members: usize,
    pub records: i64,
    /// Whether broker 1 is dead.
    pub dead: bool,
    /// Whether its partitions have new leaders already.
    pub elected: bool,
}

pub const TOPIC: TopicId = TopicId(0);

fn record(producer: u32, number: i64) -> RecordId {
    RecordId((u64::from(producer) << 32) | number as u64)
}

/// A cluster.
pub fn cluster(crowd: Crowd) -> StageView {
    let now = Instant(13_206_000);
    let broker_node = |index: usize| NodeId(1 + index as u32);
    let brokers = (0..crowd.brokers).map(|index| BrokerView {
        id: BrokerId(index as i32 + 1),
        node: broker_node(index),
        process: if crowd.dead && index == 0 { ProcessView::Down(Instant(4_200_000)) } else { ProcessView::Running },
        fenced: crowd.dead && index == 0,
        last_heartbeat: Some(if crowd.dead && index == 0 { Instant(4_100_000) } else { Instant(12_500_000) }),
        coordinates: if index == 1 || crowd.brokers == 1 { vec![GroupId(0)] } else { Vec::new() },
        controls: None,
        metadata_offset: Offset(9),
    });
    let mut view = StageView { now, brokers: brokers.collect(), ..StageView::default() };
    view.controller = Some(ControllerView {
        node: NodeId(0),
        process: ProcessView::Running,
        metadata_offset: Offset(9),
        zookeeper: false,
    });
    view.partitions = (0..crowd.partitions).map(|index| partition(crowd, index)).collect();
    for index in 0..crowd.producers {
        let waiting = (0..5).map(|number| WaitingView {
            record: record(20 + index as u32, number + crowd.records),
            tp: TopicPartition::new(TOPIC, (number % crowd.partitions.max(1) as i64) as i32),
            in_flight: true,
            attempts: 1,
        });
        view.producers.push(ProducerView {
            node: NodeId(20 + index as u32),
            name: format!("p{}", index + 1),
            process: ProcessView::Running,
            acks: Some(Acks::All),
            idempotent: true,
            topic: Some(TOPIC),
            queue: None,
            waiting: waiting.collect(),
            last_record: None,
            inside: None,
        });
    }
    for index in 0..crowd.groups {
        view.groups.push(group(crowd, index));
    }
    view
}

fn partition(crowd: Crowd, index: usize) -> PartitionView {
    let tp = TopicPartition::new(TOPIC, index as i32);
    let replication = crowd.brokers.min(3);
    let assignment: Vec<BrokerId> =
        (0..replication).map(|place| BrokerId(((index + place) % crowd.brokers) as i32 + 1)).collect();
    let dead = |broker: BrokerId| crowd.dead && broker == BrokerId(1);
    let isr: Vec<BrokerId> = assignment.iter().copied().filter(|broker| !crowd.elected || !dead(*broker)).collect();
    let leader = isr.first().copied().unwrap_or(BrokerId::NONE);
    let mut replicas: Vec<ReplicaView> = assignment
        .iter()
        .map(|broker| {
            let extra = if dead(*broker) { 2 } else { 0 };
            let behind = if *broker == leader || dead(*broker) { 0 } else { 1 };
            let end = (crowd.records + extra - behind - (index as i64 % 2)).max(0);
            let cells = (0..end).map(|offset| CellView {
                offset: Offset(offset),
                leader_epoch: LeaderEpoch(if offset < 3 { 2 } else { 3 }),
                record: Some(record(if offset >= crowd.records { 99 } else { 20 }, offset)),
                key: (offset % 3 > 0).then_some(offset as u32),
                standing: CellStanding::Settled,
            });
            ReplicaView {
                broker: *broker,
                role: if *broker == leader { ReplicaRole::Leader } else { ReplicaRole::FollowerInSync },
                leader_epoch: LeaderEpoch(4),
                log_start_offset: Offset(0),
                log_end_offset: Offset(end),
                high_watermark: Offset((end - 1).max(0)),
                last_stable_offset: Offset((end - 1).max(0)),
                durable_to: Offset(0),
                segments: vec![Offset(0)],
                cells: cells.collect(),
                epochs: vec![(LeaderEpoch(2), Offset(0)), (LeaderEpoch(3), Offset(3.min(end)))],
            }
        })
        .collect();
    replicas.sort_by_key(|replica| replica.broker);
    PartitionView {
        tp,
        name: format!("orders-{index}"),
        leader,
        leader_epoch: LeaderEpoch(3 + i32::from(crowd.dead)),
        isr,
        elr: Vec::new(),
        adding: Vec::new(),
        removing: Vec::new(),
        assignment,
        min_insync_replicas: 2,
        replicas,
    }
}

fn group(crowd: Crowd, index: usize) -> GroupView {
    let names = ["billing", "audit", "warehouse"];
    let members = (0..crowd.members).map(|member| {
        let own =
            (0..crowd.partitions).filter(|partition| partition * crowd.members / crowd.partitions.max(1) == member);
        MemberView {
            node: NodeId(100 + (index * 16 + member) as u32),
            name: format!("c{}", index * 4 + member + 1),
            process: ProcessView::Running,
            activity: ConsumerActivity::Polling,
            generation: Generation(3),
            positions: own
                .map(|own| (TopicPartition::new(TOPIC, own as i32), Offset((crowd.records - 1).max(0))))
                .collect(),
            clocks: None,
            inside: None,
        }
    });
    let offsets = (0..crowd.partitions).map(|partition| GroupOffsetView {
        tp: TopicPartition::new(TOPIC, partition as i32),
        committed: Some(Offset((crowd.records - 1 - index as i64).max(0))),
        high_watermark: Offset(crowd.records),
        lag: 2,
    });
    GroupView {
        id: GroupId(index as u32),
        name: names.get(index).copied().unwrap_or("more").to_owned(),
        state: if index == 0 { GroupState::Stable } else { GroupState::PreparingRebalance },
        generation: Generation(3),
        modern: false,
        share: false,
        shared: Vec::new(),
        assignor: Some("range"),
        target_epoch: None,
        coordinator: Some(BrokerId(2)),
        registered: Vec::new(),
        members: members.collect(),
        offsets: offsets.collect(),
    }
}

/// A queue beside whatever there is.
pub fn add_queue(view: &mut StageView, records: u64, workers: usize) {
    let cells = (1..=records).map(|position| QueueCellView {
        position,
        record: record(30, position as i64),
        state: match position {
            _ if position * 3 <= records => QueueCellState::Removed,
            _ if position * 2 <= records => QueueCellState::Unacked(NodeId(80)),
            _ => QueueCellState::Ready,
        },
        redelivered: false,
    });
    let cells: Vec<QueueCellView> = cells.collect();
    let workers = (0..workers).map(|index| WorkerView {
        node: NodeId(80 + index as u32),
        name: format!("w{}", index + 1),
        process: ProcessView::Running,
        prefetch: 1,
        processing: cells.iter().rfind(|cell| cell.state != QueueCellState::Ready).map(|cell| cell.record),
        processed: cells
            .iter()
            .filter(|cell| cell.state == QueueCellState::Removed && cell.position as usize % 2 == index % 2)
            .map(|cell| cell.record)
            .collect(),
    });
    let workers = workers.collect();
    view.queues.push(QueueView {
        id: QueueId(0),
        name: "orders".to_owned(),
        node: NodeId(70),
        process: ProcessView::Running,
        persistent: true,
        cells,
        workers,
    });
    view.producers.push(ProducerView {
        node: NodeId(30),
        name: "shop".to_owned(),
        process: ProcessView::Running,
        acks: None,
        idempotent: false,
        topic: None,
        queue: Some(QueueId(0)),
        waiting: Vec::new(),
        last_record: None,
        inside: None,
    });
}

/// The two databases of a lesson on effects.
pub fn add_databases(view: &mut StageView) {
    for (index, name) in ["ledger", "stock"].into_iter().enumerate() {
        view.stores.push(StoreView {
            node: NodeId(90 + index as u32),
            name: name.to_owned(),
            process: ProcessView::Running,
            content: StoreContent::Effects {
                applied: vec![(record(20, 1), 1), (record(20, 2), 2)],
                deduplicated: index as u32,
            },
        });
    }
}

/// A message of a record about a partition.
pub fn flight(from: NodeId, to: NodeId, packet: PacketKind, partition: Option<i32>) -> FlightView {
    FlightView {
        id: EnvelopeId(1),
        from,
        to,
        packet,
        message: highwater_engine::protocol::MessageKind::Produce,
        is_response: false,
        sent_at: Instant(1_000),
        arrives_at: Instant(2_000),
        partitions: partition.map(|partition| TopicPartition::new(TOPIC, partition)).into_iter().collect(),
        records: Vec::new(),
        key: None,
        producer: None,
        failed: false,
        matters: true,
        replication: false,
    }
}
