//! Writing decisions into ZooKeeper, and telling brokers when they are written (`ZkPartitionStateMachine`,
//! `KafkaZkClient.retryRequestsUntilConnected` with `expectedControllerEpochZkVersion`).

use crate::broker::actor::Broker;
use crate::broker::keeper::KeeperAsk;
use crate::collections::{Map, Set};
use crate::controller::{MetadataImage, MetadataRecord, PartitionImage, ReplicationControl};
use crate::coordinator::ReplyTo;
use crate::effect::Effects;
use crate::ids::{BrokerId, Offset, TopicId, TopicPartition};
use crate::protocol::{ControlKind, Response};
use crate::zookeeper::{Assignment, PartitionState, ZnodeData, ZnodeOp, ZnodePath, ZooKeeperCode, ZooKeeperResponse};
use std::sync::Arc;

/// Decisions on their way into ZooKeeper.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Commit {
    number: u64,
    /// Writes that are not answered.
    left: usize,
    /// The last transaction of its writes.
    zxid: Offset,
    /// The partitions as decided; with those whose replicas have to hear of it.
    partitions: Map<TopicPartition, (PartitionImage, bool)>,
    /// Replicas that are to go.
    dropped: Vec<(TopicPartition, BrokerId)>,
    /// Topics whose settings changed, or that are new.
    topics: Set<TopicId>,
    /// Answers that wait for it.
    pub answers: Vec<(ReplyTo, Response)>,
}

impl Commit {
    fn of(number: u64) -> Commit {
        Commit {
            number,
            left: 0,
            zxid: Offset::ZERO,
            partitions: Map::new(),
            dropped: Vec::new(),
            topics: Set::new(),
            answers: Vec::new(),
        }
    }
}

impl Broker {
    /// Decides as the controller; the decision is on its way into ZooKeeper when this returns.
    pub(super) fn decide_here<T>(
        &mut self,
        what: impl FnOnce(&mut ReplicationControl<'_>, &mut Effects<'_>) -> T,
        out: &mut Effects<'_>,
    ) -> Option<T> {
        let controller = self.runtime.as_mut()?.kafka_controller.as_mut().filter(|controller| controller.active)?;
        let before = controller.image.clone();
        let mut control = ReplicationControl::new(&mut controller.image, &self.features);
        let result = what(&mut control, out);
        let decided = control.decided;
        if !decided.is_empty() {
            self.write_down(before, &decided, out);
        }
        Some(result)
    }

    /// Answers once all that was decided is written.
    pub(super) fn answer_when_written(&mut self, to: ReplyTo, response: Response, out: &mut Effects<'_>) {
        match self.deciding_controller().and_then(|controller| controller.commits.back_mut()) {
            Some(commit) => commit.answers.push((to, response)),
            None => self.respond(to, response, out),
        }
    }

    fn write_down(&mut self, before: MetadataImage, decided: &[Arc<MetadataRecord>], out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.commits += 1;
        let number = runtime.commits;
        let Some(controller) = &mut runtime.kafka_controller else { return };
        let (epoch, version) = (controller.epoch, controller.epoch_version);
        let mut image = before;
        let mut writes: Vec<Vec<ZnodeOp>> = Vec::new();
        let mut commit = Commit::of(number);
        for (index, record) in decided.iter().enumerate() {
            let old = match &**record {
                MetadataRecord::PartitionChange { tp, .. } => image.partition(*tp).cloned(),
                _ => None,
            };
            image.apply(record);
            match &**record {
                MetadataRecord::Topic { topic, config } => {
                    let placed = decided.iter().filter_map(|record| match &**record {
                        MetadataRecord::Partition { tp, replicas, .. } if tp.topic == *topic => {
                            Some(Assignment::of(replicas))
                        }
                        _ => None,
                    });
                    commit.topics.insert(*topic);
                    writes.push(vec![
                        ZnodeOp::create(ZnodePath::TopicConfig(*topic), ZnodeData::TopicConfig(config.clone())),
                        ZnodeOp::create(ZnodePath::Topic(*topic), ZnodeData::Topic(placed.collect())),
                    ]);
                }
                MetadataRecord::Partition { tp, .. } => {
                    let Some(new) = image.partition(*tp).cloned() else { continue };
                    // Partitions that join a topic are in its assignment first.
                    let topic = tp.topic;
                    let first = decided[..index].iter().all(|earlier| match &**earlier {
                        MetadataRecord::Partition { tp, .. } => tp.topic != topic,
                        MetadataRecord::Topic { topic: created, .. } => *created != topic,
                        _ => true,
                    });
                    if first && !controller.assigned {
                        let mut whole = image.clone();
                        decided[index + 1..].iter().for_each(|record| whole.apply(record));
                        writes.push(vec![ZnodeOp::Set(ZnodePath::Topic(topic), assignments(&whole, topic), None)]);
                    }
                    let state = ZnodeData::State(PartitionState::in_image(&new, epoch));
                    writes.push(vec![ZnodeOp::create(ZnodePath::PartitionState(*tp), state)]);
                    commit.topics.insert(topic);
                    commit.partitions.insert(*tp, (new, true));
                }
                MetadataRecord::PartitionChange { tp, .. } => {
                    let (Some(old), Some(new)) = (old, image.partition(*tp).cloned()) else { continue };
                    let mut ops = Vec::new();
                    let moved = Assignment::in_image(&old) != Assignment::in_image(&new);
                    if moved {
                        ops.push(ZnodeOp::Set(ZnodePath::Topic(tp.topic), assignments(&image, tp.topic), None));
                    }
                    let state = ZnodeData::State(PartitionState::in_image(&new, epoch));
                    ops.push(ZnodeOp::Set(ZnodePath::PartitionState(*tp), state, Some(old.partition_epoch.0)));
                    writes.push(ops);
                    let dropped = old.replicas.iter().filter(|replica| !new.replicas.contains(replica));
                    commit.dropped.extend(dropped.map(|replica| (*tp, *replica)));
                    let heard = commit.partitions.get(tp).is_some_and(|(_, heard)| *heard);
                    let heard = heard || moved || old.leader_epoch != new.leader_epoch;
                    commit.partitions.insert(*tp, (new, heard));
                }
                MetadataRecord::Config { topic, config } => {
                    commit.topics.insert(*topic);
                    let data = ZnodeData::TopicConfig(config.clone());
                    writes.push(vec![ZnodeOp::Set(ZnodePath::TopicConfig(*topic), data, None)]);
                }
                MetadataRecord::BrokerConfig { broker, name, value } => {
                    let path = ZnodePath::BrokerConfig(*broker);
                    let known = controller.broker_settings.contains_key(broker);
                    let settings = controller.broker_settings.entry(*broker).or_default();
                    settings.retain(|(known, _)| known != name);
                    settings.push((name.clone(), value.clone()));
                    let data = ZnodeData::BrokerConfig(settings.clone().into());
                    writes.push(vec![if known { ZnodeOp::Set(path, data, None) } else { ZnodeOp::create(path, data) }]);
                }
                MetadataRecord::ProducerIds { next_producer_id } => {
                    let (path, data) = (ZnodePath::ProducerIds, ZnodeData::ProducerIds(*next_producer_id));
                    let known = std::mem::replace(&mut controller.has_producer_ids, true);
                    writes.push(vec![if known { ZnodeOp::Set(path, data, None) } else { ZnodeOp::create(path, data) }]);
                }
                MetadataRecord::RemoveTopic { .. }
                | MetadataRecord::LeaderChange { .. }
                | MetadataRecord::RegisterBroker { .. }
                | MetadataRecord::BrokerRegistrationChange { .. } => {}
            }
        }
        commit.left = writes.len();
        controller.commits.push_back(commit);
        for mut ops in writes {
            ops.insert(0, ZnodeOp::Check(ZnodePath::ControllerEpoch, version));
            self.write_keeper(ops, KeeperAsk::Commit(number), out);
        }
    }

    /// Writes a topic's deletion down, and nothing else.
    pub(super) fn write_deletion(&mut self, ops: Vec<ZnodeOp>, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.commits += 1;
        let number = runtime.commits;
        let Some(controller) = &mut runtime.kafka_controller else { return };
        let mut all = vec![ZnodeOp::Check(ZnodePath::ControllerEpoch, controller.epoch_version)];
        all.extend(ops);
        controller.commits.push_back(Commit { left: 1, ..Commit::of(number) });
        self.write_keeper(all, KeeperAsk::Commit(number), out);
    }

    /// A write is answered.
    pub(super) fn on_committed(&mut self, number: u64, answer: &ZooKeeperResponse, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        if !controller.commits.iter().any(|commit| commit.number == number) {
            // Of an earlier time as the controller.
            return;
        }
        if answer.code != ZooKeeperCode::Ok {
            if answer.refused == Some(ZnodePath::ControllerEpoch) {
                // There is a newer controller (`ControllerMovedException`).
                return self.resign_controller(out);
            }
            // Something is not as this controller believes; it may be its own doing, before a connection broke.
            let (epoch, version) = (controller.epoch, controller.epoch_version);
            self.resign_controller(out);
            return self.load_cluster(epoch, version, out);
        }
        let zxid = answer.znode.as_ref().map_or(answer.zxid.0, |znode| znode.modified.0);
        if let Some(commit) = controller.commits.iter_mut().find(|commit| commit.number == number) {
            commit.left -= 1;
            commit.zxid = commit.zxid.max(Offset(zxid));
        }
        while let Some(controller) = self.kafka_controller()
            && controller.commits.front().is_some_and(|commit| commit.left == 0)
            && let Some(commit) = controller.commits.pop_front()
        {
            self.announce(commit, out);
        }
    }

    /// Decisions are written: those whom they concern are told, then whoever waits is answered.
    fn announce(&mut self, commit: Commit, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        controller.zxid = controller.zxid.max(commit.zxid);
        let living: Vec<BrokerId> = controller.channels.keys().copied().collect();
        for broker in &living {
            let concerned = |tp: &TopicPartition, partition: &PartitionImage, heard: bool| {
                (heard && partition.replicas.contains(broker)).then(|| (*tp, partition.clone()))
            };
            let own = commit.partitions.iter().filter_map(|(tp, (partition, heard))| concerned(tp, partition, *heard));
            let own: Vec<(TopicPartition, PartitionImage)> = own.collect();
            if !own.is_empty() {
                self.tell(*broker, ControlKind::LeaderAndIsr, own, Set::new(), commit.zxid, out);
            }
        }
        if !commit.partitions.is_empty() || !commit.topics.is_empty() {
            let all: Vec<(TopicPartition, PartitionImage)> =
                commit.partitions.iter().map(|(tp, (partition, _))| (*tp, partition.clone())).collect();
            for broker in &living {
                let topics = commit.topics.clone();
                self.tell(*broker, ControlKind::UpdateMetadata, all.clone(), topics, commit.zxid, out);
            }
        }
        for (tp, broker) in commit.dropped {
            self.tell_stop(broker, vec![tp], true, out);
        }
        for (to, response) in commit.answers {
            self.respond(to, response, out);
        }
    }
}

fn assignments(image: &MetadataImage, topic: TopicId) -> ZnodeData {
    let partitions = image.topics.get(&topic).into_iter().flat_map(|topic| topic.partitions.iter());
    ZnodeData::Topic(partitions.map(Assignment::in_image).collect())
}
