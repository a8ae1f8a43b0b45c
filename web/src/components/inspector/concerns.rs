//! Which events are about a thing.

use crate::scene::Target;
use crate::session::Run;
use highwater_engine::event::Event;
use highwater_engine::ids::*;

use highwater_engine::view::QueueView;

/// What an event names.
#[derive(Default)]
struct Named {
    nodes: Vec<NodeId>,
    brokers: Vec<BrokerId>,
    tps: Vec<TopicPartition>,
    records: Vec<RecordId>,
    groups: Vec<GroupId>,
    queues: Vec<QueueId>,
}

/// Whether an event is about a target.
pub fn concerns(event: &Event, target: Target, run: &Run) -> bool {
    let named = named(event);
    let directory = run.simulation().directory();
    // The groups' own topic is not on the stage; what matters of it is told as commits and coordinators.
    if !named.tps.is_empty() && named.tps.iter().all(|tp| directory.topic_name(tp.topic).starts_with("__")) {
        return false;
    }
    match target {
        Target::Node(node) => {
            let broker = match directory.node_kind(node) {
                Some(highwater_engine::sim::NodeKind::Broker(id)) => Some(id),
                _ => None,
            };
            named.nodes.contains(&node) || broker.is_some_and(|id| named.brokers.contains(&id))
        }
        Target::Partition(tp) => named.tps.contains(&tp),
        Target::Replica(broker, tp) => {
            named.tps.contains(&tp) && (named.brokers.is_empty() || named.brokers.contains(&broker))
        }
        Target::Record(broker, tp, offset) => {
            crate::session::record_at(run, broker, tp, offset).is_some_and(|record| named.records.contains(&record))
        }
        Target::Lost(record) => named.records.contains(&record),
        Target::Group(group) => named.groups.contains(&group),
        Target::Queue(queue) => {
            let node = run.view().queues.iter().find(|known: &&QueueView| known.id == queue).map(|queue| queue.node);
            named.queues.contains(&queue) || node.is_some_and(|node| named.nodes.contains(&node))
        }
        Target::Envelope(envelope) => {
            matches!(event, Event::MessageDropped { envelope: dropped, .. } if *dropped == envelope)
        }
    }
}

/// What an event names, variant by variant.
fn named(event: &Event) -> Named {
    let mut out = Named::default();
    match event {
        Event::NodeStarted { node }
        | Event::NodeStopped { node, .. }
        | Event::NodePaused { node }
        | Event::ControllerElected { node, .. }
        | Event::NodeResumed { node } => out.nodes.push(*node),
        Event::LinkCut { from, to, .. }
        | Event::LinkHealed { from, to, .. }
        | Event::MessageDropped { from, to, .. } => {
            out.nodes.extend([*from, *to]);
        }
        Event::CommandRejected { .. }
        | Event::TopicCreated { .. }
        | Event::PartitionsCreated { .. }
        | Event::TopicDeleted { .. }
        | Event::ConfigChanged { .. }
        | Event::AdminRefused { .. } => {}
        Event::ElrChanged { tp, from, elr } => {
            out.tps.push(*tp);
            out.brokers.extend(from.iter().chain(elr));
        }
        Event::ReassignmentChanged { tp, replicas, .. } => {
            out.tps.push(*tp);
            out.brokers.extend(replicas);
        }
        Event::LogDirFailed { broker } | Event::BrokerConfigChanged { broker, .. } => out.brokers.push(*broker),
        Event::CorruptBatchFound { node, tp, .. } => {
            out.nodes.push(*node);
            out.tps.push(*tp);
        }
        Event::SessionExpired { node, .. } => out.nodes.push(*node),
        Event::ControllerRefused { broker, controller, .. } => out.brokers.extend([*broker, *controller]),
        Event::BrokerRegistered { broker, .. }
        | Event::BrokerFenced { broker, .. }
        | Event::BrokerUnfenced { broker } => out.brokers.push(*broker),
        Event::LeaderElected { tp, from, leader, .. } => {
            out.tps.push(*tp);
            out.brokers.extend([*from, *leader]);
        }
        Event::PartitionOffline { tp, .. } => out.tps.push(*tp),
        Event::IsrChanged { tp, from, isr } => {
            out.tps.push(*tp);
            out.brokers.extend(from.iter().chain(isr));
        }
        Event::LeaderActivated { broker, tp, .. }
        | Event::FollowerActivated { broker, tp, .. }
        | Event::DuplicateRecognised { broker, tp, .. }
        | Event::HighWatermarkAdvanced { broker, tp, .. }
        | Event::LogTruncated { broker, tp, .. }
        | Event::IsrShrinkProposed { broker, tp, .. }
        | Event::IsrExpandProposed { broker, tp, .. }
        | Event::ReplicaDeleted { broker, tp }
        | Event::LogStartRaised { broker, tp, .. }
        | Event::LogCompacted { broker, tp, .. }
        | Event::LogRecovered { broker, tp, .. }
        | Event::LogFlushed { broker, tp, .. } => {
            out.brokers.push(*broker);
            out.tps.push(*tp);
        }
        Event::RecordsAppended { broker, tp, records, .. } => {
            out.brokers.push(*broker);
            out.tps.push(*tp);
            out.records.extend(records);
        }
        Event::RecordSent { producer, record, tp, .. }
        | Event::RecordAcked { producer, record, tp, .. }
        | Event::SendFailed { producer, record, tp, .. } => {
            out.nodes.push(*producer);
            out.records.push(*record);
            out.tps.push(*tp);
        }
        Event::SendBlocked { producer, record } => {
            out.nodes.push(*producer);
            out.records.push(*record);
        }
        Event::TransactionStateChanged { broker, .. } => out.brokers.push(*broker),
        Event::MarkerWritten { broker, tp, .. } => {
            out.brokers.push(*broker);
            out.tps.push(*tp);
        }
        Event::TransactionBegun { producer, .. }
        | Event::TransactionEnded { producer, .. }
        | Event::TransactionFailed { producer, .. } => out.nodes.push(*producer),
        Event::ProducerIdObtained { producer, .. } | Event::ProducerEpochBumped { producer, .. } => {
            out.nodes.push(*producer);
        }
        Event::ProduceRetried { producer, tp, .. } | Event::BatchSplit { producer, tp, .. } => {
            out.nodes.push(*producer);
            out.tps.push(*tp);
        }
        Event::RequestTimedOut { client, to, .. } => out.nodes.extend([*client, *to]),
        Event::GroupStateChanged { group, .. } => out.groups.push(*group),
        Event::OffsetsExpired { group, partitions } => {
            out.groups.push(*group);
            out.tps.extend(partitions);
        }
        Event::MemberJoined { group, client }
        | Event::MemberLeft { group, client, .. }
        | Event::ConsumerFailed { group, client, .. }
        | Event::CommitRefused { group, client, .. } => {
            out.groups.push(*group);
            out.nodes.push(*client);
        }
        Event::CoordinatorLoaded { broker, group } => {
            out.brokers.push(*broker);
            out.groups.push(*group);
        }
        Event::PartitionsAssigned { client, group, partitions, .. }
        | Event::PartitionsRevoked { client, group, partitions, .. } => {
            out.nodes.push(*client);
            out.groups.push(*group);
            out.tps.extend(partitions);
        }
        Event::PositionSet { client, group, tp, .. } | Event::ReadReplicaChanged { client, group, tp, .. } => {
            out.nodes.push(*client);
            out.groups.push(*group);
            out.tps.push(*tp);
        }
        Event::RecordsPolled { client, group, tp, records, .. } => {
            out.nodes.push(*client);
            out.groups.push(*group);
            out.tps.push(*tp);
            out.records.extend(records.iter().map(|(_, record)| *record));
        }
        Event::SharePartitionLoaded { broker, group, tp, .. } | Event::ShareStartAdvanced { broker, group, tp, .. } => {
            out.brokers.push(*broker);
            out.groups.push(*group);
            out.tps.push(*tp);
        }
        Event::RecordsAcquired { broker, group, tp, client, .. }
        | Event::RecordsSettled { broker, group, tp, client, .. }
        | Event::LocksRenewed { broker, group, tp, client, .. } => {
            out.brokers.push(*broker);
            out.nodes.push(*client);
            out.groups.push(*group);
            out.tps.push(*tp);
        }
        Event::ShareRecordsPolled { client, group, tp, records, .. } => {
            out.nodes.push(*client);
            out.groups.push(*group);
            out.tps.push(*tp);
            out.records.extend(records.iter().map(|(_, record)| *record));
        }
        Event::AcknowledgementRefused { client, group, tp, .. } => {
            out.nodes.push(*client);
            out.groups.push(*group);
            out.tps.push(*tp);
        }
        Event::ProcessingFailed { client, group, tp, record, .. }
        | Event::RecordProcessed { client, group, tp, record, .. } => {
            out.nodes.push(*client);
            out.groups.push(*group);
            out.tps.push(*tp);
            out.records.push(*record);
        }
        Event::OffsetsUnstable { client, group, partitions } => {
            out.nodes.push(*client);
            out.groups.push(*group);
            out.tps.extend(partitions);
        }
        Event::RecordDerived { client, from, record } => {
            out.nodes.push(*client);
            out.records.extend([*from, *record]);
        }
        Event::OffsetCommitted { group, tp, by, .. } => {
            out.groups.push(*group);
            out.tps.push(*tp);
            out.nodes.extend(by);
        }
        Event::EffectApplied { database, record, .. } | Event::EffectDeduplicated { database, record } => {
            out.nodes.push(*database);
            out.records.push(*record);
        }
        Event::QueueStored { queue, record } | Event::QueueLost { queue, record } => {
            out.queues.push(*queue);
            out.records.push(*record);
        }
        Event::QueueDelivered { queue, record, consumer, .. }
        | Event::QueueProcessed { queue, record, consumer }
        | Event::QueueRemoved { queue, record, consumer }
        | Event::QueueRequeued { queue, record, consumer }
        | Event::QueueDiscarded { queue, record, consumer } => {
            out.queues.push(*queue);
            out.records.push(*record);
            out.nodes.push(*consumer);
        }
        Event::AckedRecordLost { record, tp, leader, .. } => {
            out.records.push(*record);
            out.tps.push(*tp);
            out.brokers.push(*leader);
        }
        Event::RecordDuplicated { record, tp, .. } => {
            out.records.push(*record);
            out.tps.push(*tp);
        }
        Event::SendVanished { tp, records } => {
            out.tps.push(*tp);
            out.records.extend(records);
        }
        Event::PromiseBroken { tp, broker, group, .. } => {
            out.tps.extend(tp);
            out.brokers.extend(broker);
            out.groups.extend(group);
        }
        Event::GuaranteeGivenUp { tp, record, group, .. } => {
            out.tps.push(*tp);
            out.records.extend(record);
            out.groups.extend(group);
        }
        Event::RecordSkipped { record, group, tp, .. } | Event::RecordReprocessed { record, group, tp, .. } => {
            out.records.push(*record);
            out.groups.push(*group);
            out.tps.push(*tp);
        }
    }
    out
}
