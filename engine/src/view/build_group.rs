//! Building the view of a group: the coordinator's side and the consumers'.

use super::build::{leader_mark, process};
use super::group::*;
use crate::client::Consumer;
use crate::collections::{Map, Set};
use crate::controller::MetadataImage;
use crate::coordinator::Group;
use crate::event::GroupState;
use crate::ids::*;
use crate::sim::{Actor, Simulation};

fn member_view(simulation: &Simulation, node: NodeId, consumer: &Consumer) -> MemberView {
    let activity = match consumer.processing() {
        Some(record) => ConsumerActivity::Processing(record),
        None if consumer.is_committing() => ConsumerActivity::Committing,
        None if consumer.is_stable() => ConsumerActivity::Polling,
        None => ConsumerActivity::Joining,
    };
    MemberView {
        node,
        name: simulation.directory().node_name(node).to_owned(),
        process: process(simulation, node),
        activity,
        generation: consumer.generation(),
        positions: consumer.positions().map(|(tp, offset)| (tp, offset.unwrap_or(Offset::NONE))).collect(),
        inside: consumer.producer().and_then(|producer| producer.inside()).map(Box::new),
        clocks: consumer.threads(simulation.now()).map(|(heartbeat_at, last_poll)| ClocksView {
            heartbeat_at,
            last_poll,
            max_poll_interval: consumer.config.max_poll_interval_ms,
        }),
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
    classic.chain(modern).collect()
}

/// A group with its members and offsets.
pub(super) fn group_view(simulation: &Simulation, id: GroupId, image: Option<&MetadataImage>) -> GroupView {
    let mut view = GroupView {
        id,
        name: simulation.directory().group_name(id).to_owned(),
        state: GroupState::Empty,
        generation: Generation::NONE,
        modern: false,
        assignor: None,
        target_epoch: None,
        coordinator: None,
        registered: Vec::new(),
        members: Vec::new(),
        offsets: Vec::new(),
    };
    let mut topics: Set<TopicId> = Set::new();
    let mut committed = Map::new();
    for (node, actor) in simulation.actors() {
        match actor {
            Actor::Consumer(consumer) if consumer.group() == id => {
                topics.extend(consumer.topics().iter().copied());
                view.members.push(member_view(simulation, node, consumer));
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
                    view.target_epoch = group.consumer.as_ref().map(|consumer| consumer.target_epoch);
                    committed = group.offsets.iter().map(|(tp, offset)| (*tp, offset.offset)).collect();
                }
            }
            _ => {}
        }
    }
    let Some(image) = image else { return view };
    for topic in topics {
        let count = image.topics.get(&topic).map_or(0, |topic| topic.partitions.len());
        for partition in 0..count as i32 {
            let tp = TopicPartition::new(topic, partition);
            let high_watermark = leader_mark(simulation, image, tp);
            let committed = committed.get(&tp).copied();
            let lag = (high_watermark.0 - committed.unwrap_or(Offset::ZERO).0).max(0);
            view.offsets.push(GroupOffsetView { tp, committed, high_watermark, lag });
        }
    }
    view
}
