//! Reading the cluster from ZooKeeper: everything at the beginning (`onControllerFailover`), then what watches speak of.

use super::KafkaController;
use crate::broker::actor::Broker;
use crate::broker::keeper::KeeperAsk;
use crate::collections::{Map, Set};
use crate::config::TopicConfig;
use crate::controller::{BrokerImage, PartitionImage, TopicImage};
use crate::effect::{Effects, Timer};
use crate::ids::{BrokerEpoch, BrokerId, Offset, PartitionEpoch, TopicId};
use crate::protocol::ControlKind;
use crate::time::Duration;
use crate::zookeeper::{Assignment, PartitionState, Znode, ZnodeData, ZnodePath, ZooKeeperRequest, ZooKeeperResponse};
use std::sync::Arc;

/// A new controller looks for leaders that are not preferred after this (`scheduleAutoLeaderRebalanceTask`).
const FIRST_REBALANCE: Duration = Duration::from_millis(5_000);

/// What is being read.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Reading {
    /// The number of this reading of everything.
    number: u32,
    /// Answers to come, of everything.
    left: usize,
    /// The brokers named last, and answers to come about brokers.
    expected: Set<BrokerId>,
    brokers_left: usize,
    brokers: Map<BrokerId, BrokerImage>,
    topics: Map<TopicId, TopicRead>,
    deleted: Vec<TopicId>,
}

/// A topic of which not everything is read.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct TopicRead {
    left: usize,
    config: Option<Arc<TopicConfig>>,
    placed: Arc<[Assignment]>,
    states: Map<i32, (PartitionState, i32)>,
}

impl Broker {
    /// This broker is the controller: it reads everything, and watches what may change without it.
    pub(in crate::broker) fn load_cluster(&mut self, epoch: i32, epoch_version: i32, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.readings = runtime.readings.wrapping_add(1);
        let reading = Reading { number: runtime.readings, ..Reading::default() };
        let controller = KafkaController { epoch, epoch_version, reading, ..KafkaController::default() };
        runtime.kafka_controller = Some(Box::new(controller));
        for parent in [ZnodePath::BrokerIds, ZnodePath::DeletedTopics, ZnodePath::Topics] {
            self.read_children(parent, out);
        }
        self.read_znode(ZnodePath::ProducerIds, out);
    }

    /// What was asked for as the controller is of no interest any more.
    pub(super) fn forget_controllers_asks(&mut self) {
        self.with_runtime(|runtime| {
            runtime.readings = runtime.readings.wrapping_add(1);
            runtime.keeper.forget_waiting(|what| {
                matches!(what, KeeperAsk::Children(..) | KeeperAsk::Data(..) | KeeperAsk::Commit(_))
            });
        });
    }

    fn read_children(&mut self, parent: ZnodePath, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        controller.reading.left += 1;
        let what = KeeperAsk::Children(parent, controller.reading.number);
        let watched = parent != ZnodePath::DeletedTopics;
        self.ask_keeper(ZooKeeperRequest::GetChildren(parent, watched), what, out);
    }

    fn read_znode(&mut self, path: ZnodePath, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        controller.reading.left += 1;
        let what = KeeperAsk::Data(path, controller.reading.number);
        self.ask_keeper(ZooKeeperRequest::GetData(path, false), what, out);
    }

    /// Brokers have come or gone, or topics.
    pub(in crate::broker) fn on_cluster_changed(&mut self, path: ZnodePath, out: &mut Effects<'_>) {
        if matches!(path, ZnodePath::BrokerIds | ZnodePath::Topics) {
            self.read_children(path, out);
        }
    }

    /// ZooKeeper has answered the controller.
    pub(in crate::broker) fn on_controller_answer(
        &mut self,
        what: KeeperAsk,
        answer: ZooKeeperResponse,
        out: &mut Effects<'_>,
    ) {
        let Some(controller) = self.kafka_controller() else { return };
        if !controller.active {
            controller.zxid = controller.zxid.max(Offset(answer.zxid.0));
        }
        match what {
            KeeperAsk::Commit(number) => return self.on_committed(number, &answer, out),
            KeeperAsk::Children(_, number) | KeeperAsk::Data(_, number) if number != controller.reading.number => {
                return;
            }
            KeeperAsk::Children(parent, _) => {
                controller.reading.left -= 1;
                self.on_children(parent, &answer.children, out);
            }
            KeeperAsk::Data(path, _) => {
                controller.reading.left -= 1;
                self.on_data(path, answer.znode, out);
            }
            _ => return,
        }
        if self.kafka_controller().is_some_and(|controller| !controller.active && controller.reading.left == 0) {
            self.activate_controller(out);
        }
    }

    fn on_children(&mut self, parent: ZnodePath, children: &[ZnodePath], out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        match parent {
            ZnodePath::BrokerIds => {
                let ids = children.iter().filter_map(|path| match path {
                    ZnodePath::Broker(id) => Some(*id),
                    _ => None,
                });
                let ids: Vec<BrokerId> = ids.collect();
                controller.reading.expected = ids.iter().copied().collect();
                controller.reading.brokers_left += ids.len();
                for id in ids {
                    self.read_znode(ZnodePath::BrokerConfig(id), out);
                    self.read_znode(ZnodePath::Broker(id), out);
                }
                self.brokers_read(out);
            }
            ZnodePath::Topics => {
                for path in children {
                    let ZnodePath::Topic(topic) = path else { continue };
                    let Some(controller) = self.kafka_controller() else { return };
                    let known = controller.image.topics.contains_key(topic) || controller.deleting.contains_key(topic);
                    if known || controller.reading.topics.contains_key(topic) {
                        continue;
                    }
                    controller.reading.topics.insert(*topic, TopicRead { left: 2, ..TopicRead::default() });
                    self.read_znode(ZnodePath::TopicConfig(*topic), out);
                    self.read_znode(*path, out);
                }
            }
            ZnodePath::DeletedTopics => {
                controller.reading.deleted = children
                    .iter()
                    .filter_map(|path| match path {
                        ZnodePath::DeletedTopic(topic) => Some(*topic),
                        _ => None,
                    })
                    .collect();
            }
            _ => {}
        }
    }

    fn on_data(&mut self, path: ZnodePath, znode: Option<Znode>, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        let reading = &mut controller.reading;
        match (path, znode.as_ref().map(|znode| &znode.data)) {
            (ZnodePath::Broker(id), data) => {
                reading.brokers_left -= 1;
                reading.brokers.remove(&id);
                if let (Some(ZnodeData::Broker { node, rack, incarnation }), Some(znode)) = (data, &znode) {
                    let image = BrokerImage {
                        node: *node,
                        epoch: BrokerEpoch(znode.created.0),
                        incarnation: *incarnation,
                        rack: rack.clone(),
                        fenced: false,
                        in_controlled_shutdown: false,
                    };
                    reading.brokers.insert(id, image);
                }
                self.brokers_read(out);
            }
            (ZnodePath::BrokerConfig(id), Some(ZnodeData::BrokerConfig(settings))) => {
                controller.broker_settings.insert(id, settings.to_vec());
            }
            (ZnodePath::ProducerIds, Some(ZnodeData::ProducerIds(next))) => {
                controller.image.next_producer_id = *next;
                controller.has_producer_ids = true;
            }
            (ZnodePath::TopicConfig(topic), data) => {
                let Some(read) = reading.topics.get_mut(&topic) else { return };
                read.left -= 1;
                if let Some(ZnodeData::TopicConfig(config)) = data {
                    read.config = Some(config.clone());
                }
                self.topic_read(topic, out);
            }
            (ZnodePath::Topic(topic), data) => {
                let Some(read) = reading.topics.get_mut(&topic) else { return };
                read.left -= 1;
                if let Some(ZnodeData::Topic(placed)) = data {
                    read.placed = placed.clone();
                    read.left += placed.len();
                    for partition in 0..placed.len() as i32 {
                        let tp = crate::ids::TopicPartition::new(topic, partition);
                        self.read_znode(ZnodePath::PartitionState(tp), out);
                    }
                }
                self.topic_read(topic, out);
            }
            (ZnodePath::PartitionState(tp), data) => {
                let Some(read) = reading.topics.get_mut(&tp.topic) else { return };
                read.left -= 1;
                if let (Some(ZnodeData::State(state)), Some(znode)) = (data, &znode) {
                    read.states.insert(tp.partition, (state.clone(), znode.version));
                }
                self.topic_read(tp.topic, out);
            }
            _ => {}
        }
    }

    /// All is known about a topic that was created since.
    fn topic_read(&mut self, topic: TopicId, out: &mut Effects<'_>) {
        let Some(controller) = self.deciding_controller() else { return };
        if controller.reading.topics.get(&topic).is_none_or(|read| read.left > 0) {
            return;
        }
        let missing = controller.take_topic(topic);
        self.begin_partitions(vec![(topic, missing)], out);
    }

    /// Partitions that have no state yet get their first.
    fn begin_partitions(&mut self, topics: Vec<(TopicId, Vec<Assignment>)>, out: &mut Effects<'_>) {
        for (topic, missing) in topics.into_iter().filter(|(_, missing)| !missing.is_empty()) {
            let placed = missing.iter().map(|assignment| assignment.replicas.to_vec()).collect();
            if let Some(controller) = self.kafka_controller() {
                controller.assigned = true;
            }
            self.decide_here(
                |control, _| {
                    let first = control.image.topics.get(&topic).map_or(0, |topic| topic.partitions.len() as i32);
                    control.append_partitions(topic, first, placed);
                },
                out,
            );
            if let Some(controller) = self.kafka_controller() {
                controller.assigned = false;
            }
        }
    }

    /// Everything is read: the controller begins (`onControllerFailover`).
    fn activate_controller(&mut self, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        controller.active = true;
        controller.image.brokers = controller.reading.living();
        let deleted = std::mem::take(&mut controller.reading.deleted);
        let topics: Vec<TopicId> = controller.reading.topics.keys().copied().collect();
        let missing: Vec<(TopicId, Vec<Assignment>)> =
            topics.into_iter().map(|topic| (topic, controller.take_topic(topic))).collect();
        let living: Vec<BrokerId> = controller.image.brokers.keys().copied().collect();
        for topic in deleted {
            self.begin_deletion(topic, out);
        }
        for broker in &living {
            self.open_channel(*broker);
            self.tell_everything(*broker, ControlKind::UpdateMetadata, out);
        }
        for broker in &living {
            self.tell_everything(*broker, ControlKind::LeaderAndIsr, out);
        }
        let deleting = |topic: &TopicId| {
            self.runtime.as_ref().is_some_and(|runtime| {
                runtime.kafka_controller.as_ref().is_some_and(|controller| controller.deleting.contains_key(topic))
            })
        };
        let missing = missing.into_iter().filter(|(topic, _)| !deleting(topic)).collect();
        self.begin_partitions(missing, out);
        // What happened while there was no controller.
        let Some(controller) = self.kafka_controller() else { return };
        let members = controller.image.partitions().flat_map(|(_, partition)| partition.isr.iter().copied());
        let gone: Set<BrokerId> = members.filter(|broker| !living.contains(broker)).collect();
        for broker in gone.iter().copied().collect::<Vec<_>>() {
            self.decide_here(|control, out| control.leave_all_isrs(broker, out), out);
        }
        self.look_for_leaders(None, out);
        if self.controller_config.auto_leader_rebalance_enable {
            out.set_timer(Timer::LeaderRebalance, FIRST_REBALANCE);
        }
    }

    /// Partitions without a leader are looked at again.
    pub(super) fn look_for_leaders(&mut self, added: Option<BrokerId>, out: &mut Effects<'_>) {
        self.decide_here(|control, out| control.elect_leaderless(added, out), out);
    }

    /// The brokers that are alive are known: who is new, who is gone (`processBrokerChange`).
    fn brokers_read(&mut self, out: &mut Effects<'_>) {
        let Some(controller) = self.deciding_controller() else { return };
        if controller.reading.brokers_left > 0 {
            return;
        }
        let living = controller.reading.living();
        let known = &controller.image.brokers;
        let same = |id: &BrokerId, image: &BrokerImage| known.get(id).is_some_and(|known| known.epoch == image.epoch);
        let gone: Vec<BrokerId> = known
            .iter()
            .filter(|(id, image)| living.get(id).is_none_or(|new| new.epoch != image.epoch))
            .map(|(id, _)| *id)
            .collect();
        let new: Vec<BrokerId> = living.iter().filter(|(id, image)| !same(id, image)).map(|(id, _)| *id).collect();
        if gone.is_empty() && new.is_empty() {
            return;
        }
        for broker in gone {
            if let Some(controller) = self.kafka_controller() {
                controller.image.brokers.remove(&broker);
                controller.channels.remove(&broker);
            }
            self.decide_here(|control, out| control.leave_all_isrs(broker, out), out);
        }
        for broker in &new {
            let image = living.get(broker).cloned();
            if let (Some(controller), Some(image)) = (self.kafka_controller(), image) {
                controller.image.brokers.insert(*broker, image);
            }
            self.open_channel(*broker);
        }
        self.tell_brokers(&new, out);
        for broker in &new {
            self.tell_everything(*broker, ControlKind::UpdateMetadata, out);
            self.tell_everything(*broker, ControlKind::LeaderAndIsr, out);
        }
        for broker in new {
            self.look_for_leaders(Some(broker), out);
            self.go_on_deleting(broker, out);
        }
    }
}

impl Reading {
    fn living(&self) -> Map<BrokerId, BrokerImage> {
        let named = self.brokers.iter().filter(|(id, _)| self.expected.contains(id));
        named.map(|(id, image)| (*id, image.clone())).collect()
    }
}

impl KafkaController {
    /// A topic that was read enters the image. Returns the partitions that have no state yet: always the last ones.
    fn take_topic(&mut self, topic: TopicId) -> Vec<Assignment> {
        let Some(read) = self.reading.topics.remove(&topic) else { return Vec::new() };
        let Some(config) = read.config.filter(|_| !read.placed.is_empty()) else { return Vec::new() };
        let mut partitions = Vec::new();
        for (number, assignment) in (0..).zip(read.placed.iter()) {
            let Some((state, version)) = read.states.get(&number) else { break };
            let mut image = PartitionImage::new(assignment.replicas.clone(), state.isr.clone(), state.leader);
            (image.adding, image.removing) = (assignment.adding.clone(), assignment.removing.clone());
            (image.leader_epoch, image.partition_epoch) = (state.leader_epoch, PartitionEpoch(*version));
            image.recovery_state = state.recovery_state;
            partitions.push(image);
        }
        let missing = read.placed[partitions.len()..].to_vec();
        self.image.topics.insert(topic, Arc::new(TopicImage { config, partitions }));
        missing
    }
}
