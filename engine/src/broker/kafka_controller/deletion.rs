//! Deleting topics (`TopicDeletionManager`): a topic is gone when every replica of it is, and until then waits for brokers
//! that are away.

use crate::broker::actor::Broker;
use crate::collections::Set;
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{BrokerId, TopicId, TopicPartition};
use crate::zookeeper::{ZnodeData, ZnodeOp, ZnodePath};

impl Broker {
    /// An administrator wants a topic to be gone: that is written down, so that the next controller goes on with it.
    pub(super) fn delete_topic(&mut self, topic: TopicId, out: &mut Effects<'_>) {
        self.write_deletion(vec![ZnodeOp::create(ZnodePath::DeletedTopic(topic), ZnodeData::Empty)], out);
        out.emit(|| Event::TopicDeleted { topic });
        self.begin_deletion(topic, out);
    }

    /// Nobody leads the topic any more, and its replicas are deleted.
    pub(super) fn begin_deletion(&mut self, topic: TopicId, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        let Some(image) = controller.image.topics.remove(&topic) else { return };
        let partitions =
            (0..).zip(&image.partitions).map(|(number, image)| (TopicPartition::new(topic, number), image));
        let replicas = partitions.flat_map(|(tp, image)| image.replicas.iter().map(move |replica| (tp, *replica)));
        let there: Set<(TopicPartition, BrokerId)> = replicas.collect();
        let holders: Set<BrokerId> = there.iter().map(|(_, broker)| *broker).collect();
        controller.deleting.insert(topic, there);
        controller.deleted_sizes.insert(topic, image.partitions.len() as i32);
        self.tell_gone(topic, out);
        for broker in holders.iter().copied().collect::<Vec<_>>() {
            self.go_on_deleting(broker, out);
        }
        self.end_deletion(topic, out);
    }

    /// A broker is told to delete what is to go.
    pub(super) fn go_on_deleting(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        let there = controller.deleting.values().flat_map(|replicas| replicas.iter());
        let own: Vec<TopicPartition> = there.filter(|(_, holder)| *holder == broker).map(|(tp, _)| *tp).collect();
        self.tell_stop(broker, own, true, out);
    }

    pub(super) fn replicas_deleted(&mut self, broker: BrokerId, tps: &[TopicPartition], out: &mut Effects<'_>) {
        let mut topics = Set::new();
        for tp in tps {
            let Some(controller) = self.kafka_controller() else { return };
            if let Some(there) = controller.deleting.get_mut(&tp.topic) {
                there.remove(&(*tp, broker));
                topics.insert(tp.topic);
            }
        }
        for topic in topics.iter().copied().collect::<Vec<_>>() {
            self.end_deletion(topic, out);
        }
    }

    /// No replica is left: its znodes go.
    fn end_deletion(&mut self, topic: TopicId, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        if !controller.deleting.get(&topic).is_some_and(|there| there.is_empty()) {
            return;
        }
        controller.deleting.remove(&topic);
        let partitions = controller.deleted_sizes.remove(&topic).unwrap_or(0);
        let state = |number| ZnodeOp::Delete(ZnodePath::PartitionState(TopicPartition::new(topic, number)));
        let mut ops: Vec<ZnodeOp> = (0..partitions).map(state).collect();
        let rest = [ZnodePath::Topic(topic), ZnodePath::TopicConfig(topic), ZnodePath::DeletedTopic(topic)];
        ops.extend(rest.map(ZnodeOp::Delete));
        self.write_deletion(ops, out);
    }
}
