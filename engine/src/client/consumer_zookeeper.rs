//! Offsets kept in ZooKeeper: `offsets.storage=zookeeper` of the consumers before 0.9
//! (`ZookeeperConsumerConnector.commitOffsetToZooKeeper`, `fetchOffsetFromZooKeeper`).
//!
//! A commit is one write per partition, and done when all of them are.

use super::connection::Asked;
use super::consumer::Consumer;
use super::consumer_runtime::ConsumerAsk;
use crate::config::OffsetsStorage;
use crate::effect::Effects;
use crate::event::Event;
use crate::fact::Fact;
use crate::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::protocol::{Channel, CommitOffset, ErrorCode, OffsetFetchResponse, Request};
use crate::zookeeper::{OffsetPath, ZnodeData, ZnodeOp, ZnodePath, ZooKeeperCode, ZooKeeperRequest, ZooKeeperResponse};

/// A commit of which some writes are not answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Writing {
    left: usize,
    failed: bool,
    wait: bool,
}

/// How an offset is written: over what stands there, or for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum OffsetWrite {
    Set(TopicPartition, Offset),
    Create(TopicPartition, Offset),
}

impl Consumer {
    /// The same consumer in a world with a ZooKeeper.
    pub fn beside_zookeeper(mut self, zookeeper: Option<NodeId>) -> Consumer {
        self.zookeeper = zookeeper;
        self
    }

    /// The ZooKeeper that has its offsets, if they are there.
    pub(super) fn keeper(&self) -> Option<NodeId> {
        self.zookeeper.filter(|_| self.config.offsets_storage == OffsetsStorage::ZooKeeper)
    }

    /// Whether there is somebody to commit to.
    pub(super) fn can_commit(&self) -> bool {
        let knows = |runtime: &super::consumer_runtime::Runtime| runtime.membership.coordinator.node.is_some();
        self.keeper().is_some() || self.runtime.as_deref().is_some_and(knows)
    }

    fn path(&self, tp: TopicPartition) -> ZnodePath {
        ZnodePath::Offset(OffsetPath { group: self.group, tp })
    }

    /// Asks for what stands in the znodes of these partitions.
    pub(super) fn read_znodes(&mut self, keeper: NodeId, partitions: &[TopicPartition], out: &mut Effects<'_>) {
        for tp in partitions {
            let request = Request::ZooKeeper(Box::new(ZooKeeperRequest::GetData(self.path(*tp), false)));
            let Some(runtime) = &mut self.runtime else { return };
            let what = ConsumerAsk::Znode(runtime.membership.generation, *tp);
            runtime.net.ask(keeper, Channel::ZooKeeper, request, what, out);
        }
    }

    /// What stands there: an offset, or nothing.
    pub(super) fn on_znode(&mut self, tp: TopicPartition, answer: ZooKeeperResponse, out: &mut Effects<'_>) {
        let offset = match answer.znode.map(|znode| znode.data) {
            Some(ZnodeData::Offset(offset)) => offset,
            _ => Offset::NONE,
        };
        let offsets = vec![(tp, offset, LeaderEpoch::NONE)];
        self.on_committed_offsets(OffsetFetchResponse { error: ErrorCode::None, offsets, unstable: Vec::new() }, out);
    }

    /// Writes every offset of a commit.
    pub(super) fn write_znodes(
        &mut self,
        keeper: NodeId,
        offsets: &[CommitOffset],
        (wait, commit): (bool, u32),
        out: &mut Effects<'_>,
    ) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.commits_out += 1;
        runtime.writing.insert(commit, Writing { left: offsets.len(), failed: false, wait });
        for CommitOffset { tp, offset, .. } in offsets {
            self.write_znode(keeper, OffsetWrite::Set(*tp, *offset), commit, out);
        }
    }

    fn write_znode(&mut self, keeper: NodeId, write: OffsetWrite, commit: u32, out: &mut Effects<'_>) {
        let op = match write {
            // With no version: whatever stands there.
            OffsetWrite::Set(tp, offset) => ZnodeOp::Set(self.path(tp), ZnodeData::Offset(offset), None),
            OffsetWrite::Create(tp, offset) => ZnodeOp::create(self.path(tp), ZnodeData::Offset(offset)),
        };
        let request = Request::ZooKeeper(Box::new(ZooKeeperRequest::Write(vec![op])));
        let Some(runtime) = &mut self.runtime else { return };
        runtime.net.ask(keeper, Channel::ZooKeeper, request, ConsumerAsk::WriteZnode(write, commit), out);
    }

    /// A write is answered: done, or there is no znode yet (or, asked to create it, already one).
    pub(super) fn on_znode_written(
        &mut self,
        asked: OffsetWrite,
        commit: u32,
        answer: ZooKeeperResponse,
        out: &mut Effects<'_>,
    ) {
        let again = match (answer.code, asked) {
            (ZooKeeperCode::NoNode, OffsetWrite::Set(tp, offset)) => OffsetWrite::Create(tp, offset),
            (ZooKeeperCode::NodeExists, OffsetWrite::Create(tp, offset)) => OffsetWrite::Set(tp, offset),
            _ => return self.znode_done(commit, false, out),
        };
        match self.keeper() {
            Some(keeper) => self.write_znode(keeper, again, commit, out),
            // The setting was changed meanwhile.
            None => self.znode_done(commit, true, out),
        }
    }

    /// One write less to wait for; after the last one the commit returns.
    pub(super) fn znode_done(&mut self, commit: u32, lost: bool, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        let Some(writing) = runtime.writing.get_mut(&commit) else { return };
        writing.left = writing.left.saturating_sub(1);
        writing.failed |= lost;
        if writing.left > 0 {
            return;
        }
        let Writing { failed, wait, .. } = *writing;
        runtime.writing.remove(&commit);
        runtime.membership.commits_out = runtime.membership.commits_out.saturating_sub(1);
        let error = if failed { ErrorCode::NetworkException } else { ErrorCode::None };
        if let Some(offsets) = runtime.async_commits.remove(&commit).filter(|_| failed) {
            runtime.failed_commits.push(offsets);
        }
        if wait {
            self.sync_answered(error, failed, out);
        } else {
            if failed {
                out.emit(|| Event::CommitRefused { client, group, error });
            }
            out.note(|| Fact::CommitReturned { client, commit, error, maybe_written: failed });
        }
        self.leave_when_committed(out);
    }

    /// Whether its znodes are being asked for.
    pub(super) fn reads_znodes(&self) -> bool {
        let reads = |runtime: &super::consumer_runtime::Runtime| {
            runtime.net.in_flight.values().any(|request| matches!(request.what, Asked::Own(ConsumerAsk::Znode(..))))
        };
        self.runtime.as_deref().is_some_and(reads)
    }
}
