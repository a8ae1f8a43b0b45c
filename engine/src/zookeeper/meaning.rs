//! What a transaction means for the cluster, for those who follow it from outside.

use super::path::{OffsetPath, ZnodePath};
use super::request::ZnodeOp;
use super::tree::Tree;
use super::znode::{PartitionState, Znode, ZnodeData};
use crate::controller::{MetadataRecord, PartitionChange};
use crate::effect::Effects;
use crate::event::Event;
use crate::fact::{CommittedFact, Fact};
use crate::ids::{BrokerEpoch, Generation, NodeId, Offset, TopicPartition};
use crate::time::Instant;
use std::sync::Arc;

/// Tells what a transaction that was just carried out means: each change as the record a controller with a log of its own
/// would have written.
pub(super) fn told(
    tree: &Tree,
    ops: &[ZnodeOp],
    before: &[Option<Znode>],
    (by, asked_at): (NodeId, Instant),
    out: &mut Effects<'_>,
) {
    for (op, before) in ops.iter().zip(before) {
        if let (ZnodePath::Offset(path), ZnodeOp::Create { data, .. } | ZnodeOp::Set(_, data, _)) = (op.path(), op) {
            if let ZnodeData::Offset(offset) = data {
                offset_written(path, *offset, by, asked_at, out);
            }
            continue;
        }
        if let ZnodeOp::Create { path: ZnodePath::Broker(broker), .. } = op {
            let (broker, epoch) = (*broker, BrokerEpoch(tree.zxid().0));
            out.emit(|| Event::BrokerRegistered { broker, epoch });
        }
        out.note_rare(|| {
            let records: Vec<Arc<MetadataRecord>> =
                records(tree, op, before.as_ref()).into_iter().map(Arc::new).collect();
            let epoch = match tree.get(ZnodePath::ControllerEpoch).map(|znode| &znode.data) {
                Some(ZnodeData::Epoch(epoch)) => *epoch,
                _ => 0,
            };
            let partitions = match op {
                ZnodeOp::Create { data: ZnodeData::Topic(placed), .. } => {
                    (placed.len(), placed.first().map_or(0, |first| first.replicas.len()))
                }
                _ => (0, 0),
            };
            Fact::ZnodeWritten { epoch, offset: Offset(tree.zxid().0), records, partitions }
        });
    }
}

fn offset_written(path: OffsetPath, offset: Offset, by: NodeId, asked_at: Instant, out: &mut Effects<'_>) {
    let OffsetPath { group, tp } = path;
    let (generation, accepted_at) = (Generation::NONE, asked_at);
    out.note(|| Fact::OffsetsCommitted {
        group,
        commits: vec![CommittedFact { tp, offset, generation, by: Some(by), accepted_at }],
    });
    out.emit(|| Event::OffsetCommitted { group, tp, offset, by: Some(by), generation, accepted_at });
}

fn records(tree: &Tree, op: &ZnodeOp, before: Option<&Znode>) -> Vec<MetadataRecord> {
    match op {
        ZnodeOp::Create {
            path: ZnodePath::Broker(broker),
            data: ZnodeData::Broker { node, rack, incarnation },
            ..
        } => {
            let epoch = BrokerEpoch(tree.zxid().0);
            let (broker, node, incarnation, rack) = (*broker, *node, *incarnation, rack.clone());
            let alive =
                MetadataRecord::BrokerRegistrationChange { broker, fenced: false, in_controlled_shutdown: false };
            vec![MetadataRecord::RegisterBroker { broker, node, epoch, incarnation, rack }, alive]
        }
        ZnodeOp::Delete(ZnodePath::Broker(broker)) => {
            let (fenced, in_controlled_shutdown) = (true, false);
            vec![MetadataRecord::BrokerRegistrationChange { broker: *broker, fenced, in_controlled_shutdown }]
        }
        ZnodeOp::Create { path: ZnodePath::Topic(topic), .. } => {
            match tree.get(ZnodePath::TopicConfig(*topic)).map(|znode| &znode.data) {
                Some(ZnodeData::TopicConfig(config)) => {
                    vec![MetadataRecord::Topic { topic: *topic, config: config.clone() }]
                }
                _ => Vec::new(),
            }
        }
        ZnodeOp::Delete(ZnodePath::Topic(topic)) => vec![MetadataRecord::RemoveTopic { topic: *topic }],
        ZnodeOp::Create { path: ZnodePath::PartitionState(tp), data: ZnodeData::State(state), .. } => {
            let (tp, leader, isr) = (*tp, state.leader, state.isr.clone());
            let replicas = replicas(tree, tp).unwrap_or_else(|| isr.clone());
            vec![MetadataRecord::Partition { tp, replicas, isr, leader }]
        }
        ZnodeOp::Set(ZnodePath::PartitionState(tp), ZnodeData::State(state), _) => {
            let Some(ZnodeData::State(old)) = before.map(|znode| &znode.data) else { return Vec::new() };
            vec![MetadataRecord::PartitionChange { tp: *tp, change: Box::new(change(tree, *tp, old, state)) }]
        }
        _ => Vec::new(),
    }
}

fn replicas(tree: &Tree, tp: TopicPartition) -> Option<Arc<[crate::ids::BrokerId]>> {
    match &tree.get(ZnodePath::Topic(tp.topic))?.data {
        ZnodeData::Topic(placed) => Some(placed.get(usize::try_from(tp.partition).ok()?)?.replicas.clone()),
        _ => None,
    }
}

fn change(tree: &Tree, tp: TopicPartition, old: &PartitionState, new: &PartitionState) -> PartitionChange {
    PartitionChange {
        isr: Some(new.isr.clone()),
        leader: (new.leader_epoch != old.leader_epoch).then_some(new.leader),
        replicas: replicas(tree, tp),
        recovery_state: Some(new.recovery_state),
        ..PartitionChange::default()
    }
}
