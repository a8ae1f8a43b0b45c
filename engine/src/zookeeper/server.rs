use super::request::{OffsetPath, Znode, ZooKeeperCode, ZooKeeperRequest, ZooKeeperResponse};
use crate::collections::Map;
use crate::effect::{DiskToken, Effects, Input, Instruction};
use crate::event::Event;
use crate::fact::{CommittedFact, Fact};
use crate::ids::{CorrelationId, Generation, NodeId, Offset};
use crate::protocol::{Body, Channel, Request, Response};
use crate::time::Instant;

/// A write that is not on disk yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Write {
    from: NodeId,
    channel: Channel,
    correlation: CorrelationId,
    path: OffsetPath,
    offset: Offset,
    asked_at: Instant,
}

/// A ZooKeeper server. What it has written survives everything.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ZooKeeper {
    znodes: Map<OffsetPath, Znode>,
    /// Writes under way to the transaction log, in order.
    writes: Map<u64, Write>,
    next_write: u64,
}

impl ZooKeeper {
    /// The znodes by path.
    pub fn znodes(&self) -> impl Iterator<Item = (OffsetPath, Znode)> {
        self.znodes.iter().map(|(path, znode)| (*path, *znode))
    }

    /// The process died, and with it what was not on disk.
    pub fn crash(&mut self) {
        self.writes = Map::new();
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        match input {
            Input::Delivered { from, channel, body: Body::Request(correlation, Request::ZooKeeper(request)) } => {
                self.on_request((from, channel, correlation), request, out);
            }
            Input::DiskDone(DiskToken::ZooKeeper(number)) => self.on_written(number, out),
            Input::Told(Instruction::Stop) => out.exit(),
            _ => {}
        }
    }

    fn on_request(&mut self, to: (NodeId, Channel, CorrelationId), request: ZooKeeperRequest, out: &mut Effects<'_>) {
        let path = request.path();
        let known = self.znodes.get(&path).copied();
        // A znode whose creation is under way is there for whoever asks after it.
        let there = known.is_some() || self.writes.values().any(|write| write.path == path);
        let refused = match request {
            ZooKeeperRequest::GetData(_) if known.is_some() => {
                return answer(to, ZooKeeperResponse { code: ZooKeeperCode::Ok, znode: known }, out);
            }
            ZooKeeperRequest::GetData(_) => ZooKeeperCode::NoNode,
            ZooKeeperRequest::SetData(_, offset) if there => return self.write(to, path, offset, out),
            ZooKeeperRequest::SetData(..) => ZooKeeperCode::NoNode,
            ZooKeeperRequest::Create(..) if there => ZooKeeperCode::NodeExists,
            ZooKeeperRequest::Create(_, offset) => return self.write(to, path, offset, out),
        };
        answer(to, ZooKeeperResponse { code: refused, znode: known }, out);
    }

    fn write(
        &mut self,
        (from, channel, correlation): (NodeId, Channel, CorrelationId),
        path: OffsetPath,
        offset: Offset,
        out: &mut Effects<'_>,
    ) {
        let number = self.next_write;
        self.next_write += 1;
        self.writes.insert(number, Write { from, channel, correlation, path, offset, asked_at: out.now });
        out.sync(DiskToken::ZooKeeper(number));
    }

    /// A write is on disk: it counts, and its client hears of it.
    fn on_written(&mut self, number: u64, out: &mut Effects<'_>) {
        let Some(write) = self.writes.remove(&number) else { return };
        let (path, offset, by) = (write.path, write.offset, write.from);
        let version = self.znodes.get(&path).map_or(0, |znode| znode.version + 1);
        let znode = Znode { offset, version, by };
        self.znodes.insert(path, znode);
        let OffsetPath { group, tp } = path;
        let (generation, accepted_at) = (Generation::NONE, write.asked_at);
        out.note(|| Fact::OffsetsCommitted {
            group,
            commits: vec![CommittedFact { tp, offset, generation, by: Some(by), accepted_at }],
        });
        out.emit(|| Event::OffsetCommitted { group, tp, offset, by: Some(by), generation, accepted_at });
        let response = ZooKeeperResponse { code: ZooKeeperCode::Ok, znode: Some(znode) };
        answer((by, write.channel, write.correlation), response, out);
    }
}

fn answer(
    (to, channel, correlation): (NodeId, Channel, CorrelationId),
    response: ZooKeeperResponse,
    out: &mut Effects<'_>,
) {
    out.send(to, channel, Body::Response(correlation, Response::ZooKeeper(response)));
}
