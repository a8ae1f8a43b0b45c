use crate::ids::{BrokerId, GroupId, TopicId, TopicPartition};
use crate::sim::Directory;

/// The path of the znode that holds an offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OffsetPath {
    /// Whose offset.
    pub group: GroupId,
    /// In which partition.
    pub tp: TopicPartition,
}

/// The path of a znode (`ZkData`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ZnodePath {
    /// `/controller`: which broker is the controller. Ephemeral.
    Controller,
    /// `/controller_epoch`: how often there was a new one.
    ControllerEpoch,
    /// `/brokers/ids`: the parent of those that are alive.
    BrokerIds,
    /// `/brokers/ids/1`: a broker that is alive. Ephemeral; the transaction that created it is the broker's epoch.
    Broker(BrokerId),
    /// `/brokers/topics`: the parent of the topics.
    Topics,
    /// `/brokers/topics/orders`: which brokers hold which partition.
    Topic(TopicId),
    /// `/brokers/topics/orders/partitions/0/state`: who leads and who is in sync.
    PartitionState(TopicPartition),
    /// `/config/topics/orders`: a topic's settings.
    TopicConfig(TopicId),
    /// `/config/brokers/1`: what was changed of a broker's settings while it ran.
    BrokerConfig(BrokerId),
    /// `/admin/delete_topics`: the parent of topics that are being deleted.
    DeletedTopics,
    /// `/admin/delete_topics/orders`: a topic that is being deleted.
    DeletedTopic(TopicId),
    /// `/latest_producer_id_block`: the producer ids given out last.
    ProducerIds,
    /// `/consumers/group/offsets/orders/0`: an offset of a consumer before 0.9.
    Offset(OffsetPath),
}

impl ZnodePath {
    /// The znode whose children somebody may watch.
    pub fn parent(self) -> Option<ZnodePath> {
        match self {
            ZnodePath::Broker(_) => Some(ZnodePath::BrokerIds),
            ZnodePath::Topic(_) => Some(ZnodePath::Topics),
            ZnodePath::DeletedTopic(_) => Some(ZnodePath::DeletedTopics),
            _ => None,
        }
    }

    /// The path as ZooKeeper has it.
    pub fn text(self, directory: &Directory) -> String {
        let topic = |topic| directory.topic_name(topic);
        match self {
            ZnodePath::Controller => "/controller".to_owned(),
            ZnodePath::ControllerEpoch => "/controller_epoch".to_owned(),
            ZnodePath::BrokerIds => "/brokers/ids".to_owned(),
            ZnodePath::Broker(broker) => format!("/brokers/ids/{broker}"),
            ZnodePath::Topics => "/brokers/topics".to_owned(),
            ZnodePath::Topic(id) => format!("/brokers/topics/{}", topic(id)),
            ZnodePath::PartitionState(tp) => {
                format!("/brokers/topics/{}/partitions/{}/state", topic(tp.topic), tp.partition)
            }
            ZnodePath::TopicConfig(id) => format!("/config/topics/{}", topic(id)),
            ZnodePath::BrokerConfig(broker) => format!("/config/brokers/{broker}"),
            ZnodePath::DeletedTopics => "/admin/delete_topics".to_owned(),
            ZnodePath::DeletedTopic(id) => format!("/admin/delete_topics/{}", topic(id)),
            ZnodePath::ProducerIds => "/latest_producer_id_block".to_owned(),
            ZnodePath::Offset(OffsetPath { group, tp }) => {
                let group = directory.group_name(group);
                format!("/consumers/{group}/offsets/{}/{}", topic(tp.topic), tp.partition)
            }
        }
    }
}
