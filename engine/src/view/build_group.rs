//! Building the view of a group: the coordinator's side and the consumers'.

use super::build::{leader_mark, process};
use super::group::*;
use crate::broker::Broker;
use crate::client::{Consumer, ShareConsumer};
use crate::collections::{Map, Set};
use crate::config::OffsetsStorage;
use crate::controller::MetadataImage;
use crate::coordinator::Group;
use crate::event::GroupState;
use crate::ids::*;
use crate::share::SharePartition;
use crate::sim::{Actor, Simulation};
use crate::time::{Duration, Instant};

/// What a program of either kind of group is busy with.
fn activity(processing: Option<RecordId>, committing: bool, stable: bool) -> ConsumerActivity {
    match processing {
        Some(record) => ConsumerActivity::Processing(record),
        None if committing => ConsumerActivity::Committing,
        None if stable => ConsumerActivity::Polling,
        None => ConsumerActivity::Joining,
    }
}

/// Its two threads: the last heartbeat, and the last poll with the time it may take.
fn clocks(threads: Option<(Option<Instant>, Instant)>, max_poll_interval: Duration) -> Option<ClocksView> {
    threads.map(|(heartbeat_at, last_poll)| ClocksView { heartbeat_at, last_poll, max_poll_interval })
}

fn member_view(simulation: &Simulation, node: NodeId, consumer: &Consumer) -> MemberView {
    MemberView {
        node,
        name: simulation.directory().node_name(node).to_owned(),
        process: process(simulation, node),
        activity: activity(consumer.processing(), consumer.is_committing(), consumer.is_stable()),
        generation: consumer.generation(),
        positions: consumer.positions().map(|(tp, offset)| (tp, offset.unwrap_or(Offset::NONE))).collect(),
        inside: consumer.producer().and_then(|producer| producer.inside()).map(Box::new),
        clocks: clocks(consumer.threads(simulation.now()), consumer.config.max_poll_interval_ms),
    }
}

/// A share-partition as the broker that leads the partition now has it.
pub fn share_partition(simulation: &Simulation, group: GroupId, tp: TopicPartition) -> Option<&SharePartition> {
    let leads = |broker: &&Broker| broker.replicas().get(&tp).is_some_and(|replica| replica.leadership().is_some());
    let brokers = simulation.actors().filter_map(|(_, actor)| match actor {
        Actor::Broker(broker) => Some(&**broker),
        _ => None,
    });
    let newest =
        brokers.filter(leads).max_by_key(|broker| broker.replicas().get(&tp).map(|replica| replica.leader_epoch));
    let found = newest?.share_partitions().find(|(of, known, _)| (*of, *known) == (group, tp));
    found.map(|(_, _, partition)| partition)
}

/// A share-partition's records and their states.
fn share_view(simulation: &Simulation, group: GroupId, tp: TopicPartition) -> Option<SharePartitionView> {
    let partition = share_partition(simulation, group, tp)?;
    let cells = partition.cells().map(|(offset, cell)| ShareCellView {
        offset,
        state: cell.state,
        delivery_count: cell.delivery_count,
        holder: cell.lock.map(|(member, _)| NodeId(member.client)),
        until: cell.lock.map(|(_, until)| until),
    });
    Some(SharePartitionView { tp, start: partition.start(), end: partition.end(), cells: cells.collect() })
}

fn sharer_view(simulation: &Simulation, node: NodeId, consumer: &ShareConsumer) -> MemberView {
    MemberView {
        node,
        name: simulation.directory().node_name(node).to_owned(),
        process: process(simulation, node),
        activity: activity(consumer.processing(), consumer.is_committing(), consumer.is_stable()),
        generation: consumer.epoch(),
        positions: consumer.assigned().iter().map(|tp| (*tp, Offset::NONE)).collect(),
        inside: None,
        clocks: clocks(consumer.threads(simulation.now()), consumer.config.max_poll_interval_ms),
    }
}

/// The coordinator's members by id.
fn registered(group: &Group) -> Vec<RegisteredView> {
    let classic = group.members.iter().map(|(id, member)| RegisteredView {
        member: *id,
        node: NodeId(id.client),
        instance: member.instance.clone(),
        epoch: group.generation,
        assigned: member.assignment.clone(),
        target: Vec::new(),
        phase: None,
        heard_at: member.heard_at,
        session_timeout: member.session_timeout,
        waits: member.session_end().is_none(),
    });
    let modern = group.consumer.iter().flat_map(|consumer| {
        consumer.members.iter().map(|(id, member)| RegisteredView {
            member: *id,
            node: NodeId(id.client),
            instance: member.instance.clone(),
            epoch: member.current.epoch,
            assigned: member.current.partitions(),
            target: consumer.target.get(id).cloned().unwrap_or_default(),
            phase: Some(member.current.phase),
            heard_at: member.heard_at,
            session_timeout: consumer.session_timeout(),
            waits: false,
        })
    });
    let sharers = group.share.iter().flat_map(|share| {
        share.members.iter().map(|(id, member)| RegisteredView {
            member: *id,
            node: NodeId(id.client),
            instance: None,
            epoch: member.current.epoch,
            assigned: member.current.partitions.clone(),
            target: share.target.get(id).cloned().unwrap_or_default(),
            phase: None,
            heard_at: member.heard_at,
            session_timeout: share.session_timeout(),
            waits: false,
        })
    });
    classic.chain(modern).chain(sharers).collect()
}

/// A group with its members and offsets.
pub(super) fn group_view(simulation: &Simulation, id: GroupId, image: Option<&MetadataImage>) -> GroupView {
    let mut view = GroupView {
        id,
        name: simulation.directory().group_name(id).to_owned(),
        state: GroupState::Empty,
        generation: Generation::NONE,
        modern: false,
        share: false,
        shared: Vec::new(),
        assignor: None,
        target_epoch: None,
        coordinator: None,
        registered: Vec::new(),
        members: Vec::new(),
        offsets: Vec::new(),
    };
    let mut topics: Set<TopicId> = Set::new();
    let (mut committed, mut znodes) = (Map::new(), None);
    for (node, actor) in simulation.actors() {
        match actor {
            Actor::Consumer(_) | Actor::ShareConsumer(_) if simulation.is_removed(node) => {}
            Actor::Consumer(consumer) if consumer.group() == id => {
                if consumer.config.offsets_storage == OffsetsStorage::ZooKeeper {
                    znodes.get_or_insert_with(Map::new);
                }
                topics.extend(consumer.topics().iter().copied());
                view.members.push(member_view(simulation, node, consumer));
            }
            Actor::ShareConsumer(consumer) if consumer.group() == id => {
                topics.extend(consumer.topics().iter().copied());
                view.share = true;
                view.members.push(sharer_view(simulation, node, consumer));
            }
            Actor::Broker(broker) if broker.coordinates(id) => {
                view.coordinator = Some(broker.id);
                if let Some(group) = broker.groups().and_then(|groups| groups.group(id)) {
                    view.state = group.state;
                    view.generation = group.generation;
                    view.registered = registered(group);
                    view.modern = group.consumer.is_some();
                    view.assignor = match &group.consumer {
                        Some(consumer) => {
                            let asked = consumer.members.values().find_map(|member| member.assignor);
                            asked.or(broker.config.group_consumer_assignors.0.first().copied()).map(|it| it.name())
                        }
                        None => group.protocol.map(|assignor| assignor.name()),
                    };
                    if group.share.is_some() {
                        view.assignor = Some("simple");
                    }
                    view.target_epoch = group.consumer.as_ref().map(|consumer| consumer.target_epoch);
                    committed = group.offsets.iter().map(|(tp, offset)| (*tp, offset.offset)).collect();
                }
            }
            Actor::ZooKeeper(server) => {
                if let Some(znodes) = &mut znodes {
                    let own = server.offsets().filter(|(path, ..)| path.group == id);
                    znodes.extend(own.map(|(path, offset, _)| (path.tp, offset)));
                }
            }
            _ => {}
        }
    }
    let committed = znodes.unwrap_or(committed);
    let Some(image) = image else { return view };
    for topic in topics {
        let count = image.topics.get(&topic).map_or(0, |topic| topic.partitions.len());
        for partition in 0..count as i32 {
            let tp = TopicPartition::new(topic, partition);
            let high_watermark = leader_mark(simulation, image, tp);
            let share = share_view(simulation, id, tp).filter(|_| view.share);
            let committed = share.as_ref().map(|share| share.start).or(committed.get(&tp).copied());
            // What is done above a share group's start offset is no lag.
            let done = share.iter().flat_map(|share| &share.cells).filter(|cell| cell.state.is_terminal()).count();
            view.shared.extend(share);
            let lag = (high_watermark.0 - committed.unwrap_or(Offset::ZERO).0 - done as i64).max(0);
            view.offsets.push(GroupOffsetView { tp, committed, high_watermark, lag });
        }
    }
    view
}
