use crate::ids::{GroupId, NodeId, Offset, TopicPartition};
use crate::sim::Directory;

/// The path of the znode that holds an offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OffsetPath {
    /// Whose offset.
    pub group: GroupId,
    /// In which partition.
    pub tp: TopicPartition,
}

impl OffsetPath {
    /// The path as ZooKeeper has it.
    pub fn text(&self, directory: &Directory) -> String {
        let (group, topic) = (directory.group_name(self.group), directory.topic_name(self.tp.topic));
        format!("/consumers/{group}/offsets/{topic}/{}", self.tp.partition)
    }
}

/// What a znode holds. ZooKeeper's are bytes; here they are the offset those bytes spell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Znode {
    /// The data.
    pub offset: Offset,
    /// `dataVersion`: how often it was overwritten.
    pub version: u32,
    /// The client that wrote last; ZooKeeper does not say, the page wants to know.
    pub by: NodeId,
}

/// A request to ZooKeeper.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ZooKeeperRequest {
    /// `getData`.
    GetData(OffsetPath),
    /// `setData` with version −1: whatever version stands there.
    SetData(OffsetPath, Offset),
    /// `create`, a persistent znode; its parents with it, which Kafka creates one by one.
    Create(OffsetPath, Offset),
}

impl ZooKeeperRequest {
    /// Which znode it is about.
    pub fn path(&self) -> OffsetPath {
        match self {
            ZooKeeperRequest::GetData(path)
            | ZooKeeperRequest::SetData(path, _)
            | ZooKeeperRequest::Create(path, _) => *path,
        }
    }
}

/// `KeeperException.Code`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ZooKeeperCode {
    /// It is done.
    Ok,
    /// There is no such znode (−101).
    NoNode,
    /// There is one already (−110).
    NodeExists,
}

/// ZooKeeper's answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ZooKeeperResponse {
    /// Whether it is done.
    pub code: ZooKeeperCode,
    /// The znode as it stands now.
    pub znode: Option<Znode>,
}
