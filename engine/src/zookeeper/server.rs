use super::meaning::told;
use super::path::{OffsetPath, ZnodePath};
use super::request::{WatchKind, WatchedEvent, ZnodeOp, ZooKeeperCode, ZooKeeperRequest, ZooKeeperResponse};
use super::tree::Tree;
use super::znode::{Assignment, SessionId, Znode, ZnodeData, Zxid};
use crate::collections::{Map, Set};
use crate::config::FeatureConfig;
use crate::controller::{BrokerImage, MetadataImage, place_topic};
use crate::effect::{DiskToken, Effects, Input, Instruction, Timer};
use crate::event::Event;
use crate::ids::{BrokerEpoch, CorrelationId, NodeId, Offset};
use crate::protocol::{Body, Channel, CreatableTopic, Request, Response};
use crate::time::{Duration, Instant};
use std::collections::VecDeque;

/// `tickTime`: sessions are looked after this often, so that one lives up to a tick longer than its timeout
/// (`ExpiryQueue`).
const TICK: Duration = Duration::from_millis(2_000);

/// Who waits for an answer.
type ReplyTo = (NodeId, Channel, CorrelationId);

/// A client's session. It survives its connections, and the server's process.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Session {
    node: NodeId,
    timeout: Duration,
    heard: Instant,
    /// Its end is being written down.
    closing: bool,
}

/// What waits its turn behind the disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Entry {
    /// Its place in the transaction log; none for a read, which only keeps its place behind its client's writes.
    number: Option<u64>,
    from: Option<ReplyTo>,
    session: Option<SessionId>,
    what: Transaction,
    asked_at: Instant,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Transaction {
    Write(Vec<ZnodeOp>),
    Open(Duration),
    Close(SessionId),
    Read(ZooKeeperRequest),
}

/// A ZooKeeper server. What it has written survives everything; so do sessions, whose time begins anew with the process.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ZooKeeper {
    tree: Tree,
    sessions: Map<SessionId, Session>,
    next_session: u32,
    /// What `kafka-topics.sh --zookeeper` was told to create, as soon as so many brokers are there.
    planned: (usize, Vec<CreatableTopic>),
    features: FeatureConfig,
    log: VecDeque<Entry>,
    next_write: u64,
    /// The last write that the fsync under way covers.
    syncing: Option<u64>,
    watches: Set<(ZnodePath, WatchKind, NodeId)>,
    connected: Map<NodeId, SessionId>,
}

impl ZooKeeper {
    /// The ZooKeeper of a cluster that was planned with so many brokers.
    pub fn of_cluster(expected_brokers: usize, features: FeatureConfig) -> ZooKeeper {
        ZooKeeper { planned: (expected_brokers, Vec::new()), features, ..ZooKeeper::default() }
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The offsets kept here: where, which, how often overwritten, and by whom last.
    pub fn offsets(&self) -> impl Iterator<Item = (OffsetPath, Offset, &Znode)> {
        self.tree.iter().filter_map(|(path, znode)| match (path, &znode.data) {
            (ZnodePath::Offset(path), ZnodeData::Offset(offset)) => Some((path, *offset, znode)),
            _ => None,
        })
    }

    /// The sessions: whose, and since when they have not been heard.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, NodeId, Instant)> {
        self.sessions.iter().map(|(id, session)| (*id, session.node, session.heard))
    }

    /// How many watches are set.
    pub fn watches(&self) -> usize {
        self.watches.len()
    }

    /// The process died, and with it what was not on disk.
    pub fn crash(&mut self) {
        self.log.clear();
        self.syncing = None;
        self.watches = Set::new();
        self.connected = Map::new();
        self.sessions.values_mut().for_each(|session| session.closing = false);
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        match input {
            Input::Started => {
                self.sessions.values_mut().for_each(|session| session.heard = out.now);
                if !self.sessions.is_empty() {
                    next_tick(out);
                }
            }
            Input::Delivered { from, channel, body: Body::Request(correlation, Request::ZooKeeper(request)) } => {
                self.on_request((from, channel, correlation), *request, out);
            }
            Input::DiskDone(DiskToken::ZooKeeper(number)) => self.on_written(number, out),
            Input::Disconnected { peer, channel: None | Some(Channel::ZooKeeper) } => self.disconnect(peer),
            Input::TimerFired(Timer::SessionCheck) => self.on_tick(out),
            Input::Told(Instruction::CreateTopic(topic)) => {
                self.planned.1.push(topic);
                self.create_planned(out);
            }
            Input::Told(Instruction::Stop) => out.exit(),
            _ => {}
        }
    }

    fn disconnect(&mut self, node: NodeId) {
        self.connected.remove(&node);
        self.watches.retain(|(_, _, watcher)| *watcher != node);
    }

    fn on_request(&mut self, to: ReplyTo, request: ZooKeeperRequest, out: &mut Effects<'_>) {
        let session = self.connected.get(&to.0).copied();
        if let Some(session) = session.and_then(|id| self.sessions.get_mut(&id)) {
            session.heard = out.now;
        }
        match request {
            ZooKeeperRequest::Connect { session: None, timeout, .. } => {
                self.append(Some(to), None, Transaction::Open(timeout), out);
            }
            ZooKeeperRequest::Connect { session: Some(id), seen, watches, .. } => {
                let known = self.sessions.get_mut(&id).filter(|known| known.node == to.0 && !known.closing);
                let Some(known) = known else {
                    return self.answer(to, ZooKeeperCode::SessionExpired, |_| {}, out);
                };
                known.heard = out.now;
                self.connected.insert(to.0, id);
                self.answer(to, ZooKeeperCode::Ok, |answer| answer.session = Some(id), out);
                for (path, kind) in watches {
                    self.watches.insert((path, kind, to.0));
                    if self.tree.changed_since(path, kind, seen) {
                        self.tell_watchers(&[WatchedEvent { path, kind }], Some(to.0), out);
                    }
                }
            }
            ZooKeeperRequest::Ping => {
                let code = if session.is_some() { ZooKeeperCode::Ok } else { ZooKeeperCode::SessionExpired };
                self.answer(to, code, |answer| answer.pong = true, out);
            }
            ZooKeeperRequest::Close => match session {
                Some(id) => self.append(Some(to), session, Transaction::Close(id), out),
                None => self.answer(to, ZooKeeperCode::SessionExpired, |_| {}, out),
            },
            ZooKeeperRequest::GetData(..) | ZooKeeperRequest::GetChildren(..) => {
                // A client reads what it has written: its requests keep their order.
                let writes = self.log.iter().any(|entry| entry.from.is_some_and(|(node, ..)| node == to.0));
                if writes {
                    let (what, asked_at) = (Transaction::Read(request), out.now);
                    self.log.push_back(Entry { number: None, from: Some(to), session, what, asked_at });
                } else {
                    self.read(to, &request, out);
                }
            }
            ZooKeeperRequest::Write(ops) => self.append(Some(to), session, Transaction::Write(ops), out),
        }
    }

    fn read(&mut self, to: ReplyTo, request: &ZooKeeperRequest, out: &mut Effects<'_>) {
        match request {
            ZooKeeperRequest::GetData(path, watch) => {
                if *watch {
                    self.watches.insert((*path, WatchKind::Data, to.0));
                }
                let znode = self.tree.get(*path).cloned();
                let code = if znode.is_some() { ZooKeeperCode::Ok } else { ZooKeeperCode::NoNode };
                self.answer(to, code, |answer| answer.znode = znode, out);
            }
            ZooKeeperRequest::GetChildren(path, watch) => {
                if *watch {
                    self.watches.insert((*path, WatchKind::Children, to.0));
                }
                let children = self.tree.children(*path);
                self.answer(to, ZooKeeperCode::Ok, |answer| answer.children = children, out);
            }
            _ => {}
        }
    }

    /// Puts a transaction into the log. One fsync covers all that has gathered while the last one was under way.
    fn append(&mut self, from: Option<ReplyTo>, session: Option<SessionId>, what: Transaction, out: &mut Effects<'_>) {
        let number = self.next_write;
        self.next_write += 1;
        self.log.push_back(Entry { number: Some(number), from, session, what, asked_at: out.now });
        self.sync(out);
    }

    fn sync(&mut self, out: &mut Effects<'_>) {
        let last = self.log.iter().filter_map(|entry| entry.number).next_back();
        if let (None, Some(last)) = (self.syncing, last) {
            self.syncing = Some(last);
            out.sync(DiskToken::ZooKeeper(last));
        }
    }

    /// Transactions are on disk: they count, in their order, and their clients hear of them.
    fn on_written(&mut self, number: u64, out: &mut Effects<'_>) {
        self.syncing = None;
        while self.log.front().is_some_and(|entry| entry.number.is_none_or(|it| it <= number)) {
            let Some(entry) = self.log.pop_front() else { break };
            self.carry_out(entry, out);
        }
        self.sync(out);
    }

    fn carry_out(&mut self, entry: Entry, out: &mut Effects<'_>) {
        match entry.what {
            Transaction::Read(request) => {
                if let Some(to) = entry.from {
                    self.read(to, &request, out);
                }
            }
            Transaction::Open(timeout) => {
                let Some(to) = entry.from else { return };
                let id = SessionId(self.next_session);
                self.next_session += 1;
                if self.sessions.is_empty() {
                    next_tick(out);
                }
                self.sessions.insert(id, Session { node: to.0, timeout, heard: out.now, closing: false });
                self.connected.insert(to.0, id);
                self.answer(to, ZooKeeperCode::Ok, |answer| answer.session = Some(id), out);
            }
            Transaction::Close(id) => self.close(id, entry.from, out),
            Transaction::Write(ops) => {
                let over = entry.session.is_some_and(|id| !self.sessions.contains_key(&id));
                // What is about the cluster needs a session; the offsets of old consumers are written without.
                let without = entry.session.is_none()
                    && entry.from.is_some()
                    && !ops.iter().all(|op| matches!(op.path(), ZnodePath::Offset(_)));
                let judged = match ops.last() {
                    Some(last) if over || without => Err((ZooKeeperCode::SessionExpired, last.path())),
                    _ => self.tree.judge(&ops),
                };
                match judged {
                    Ok(()) => self.write(&ops, entry.from, entry.session, entry.asked_at, out),
                    Err((code, path)) => {
                        if let Some(to) = entry.from {
                            let znode = self.tree.get(path).cloned();
                            let fill = |answer: &mut ZooKeeperResponse| {
                                (answer.refused, answer.znode) = (Some(path), znode);
                            };
                            self.answer(to, code, fill, out);
                        }
                    }
                }
            }
        }
    }

    fn write(
        &mut self,
        ops: &[ZnodeOp],
        from: Option<ReplyTo>,
        session: Option<SessionId>,
        asked_at: Instant,
        out: &mut Effects<'_>,
    ) {
        let by = from.map_or(NodeId(0), |(node, ..)| node);
        let before: Vec<Option<Znode>> = ops.iter().map(|op| self.tree.get(op.path()).cloned()).collect();
        let events = self.tree.apply(ops, by, session);
        told(&self.tree, ops, &before, (by, asked_at), out);
        if from.is_none() {
            for op in ops {
                if let ZnodeOp::Create { path: ZnodePath::Topic(topic), data: ZnodeData::Topic(placed), .. } = op {
                    let (topic, partitions) = (*topic, placed.len() as i32);
                    out.emit(|| Event::TopicCreated { topic, partitions });
                }
            }
        }
        self.tell_watchers(&events, None, out);
        if let (Some(to), Some(last)) = (from, ops.last()) {
            let znode = self.tree.get(last.path()).cloned();
            self.answer(to, ZooKeeperCode::Ok, |answer| answer.znode = znode, out);
        }
        let registered = ops.iter().any(|op| matches!(op, ZnodeOp::Create { path: ZnodePath::Broker(_), .. }));
        if registered {
            self.create_planned(out);
        }
    }

    fn close(&mut self, id: SessionId, from: Option<ReplyTo>, out: &mut Effects<'_>) {
        let Some(session) = self.sessions.remove(&id) else { return };
        let node = session.node;
        let ops: Vec<ZnodeOp> = self.tree.owned_by(id).into_iter().map(ZnodeOp::Delete).collect();
        let before: Vec<Option<Znode>> = ops.iter().map(|op| self.tree.get(op.path()).cloned()).collect();
        if from.is_none() {
            let silent_for = out.now.since(session.heard);
            out.emit(|| Event::SessionExpired { node, silent_for });
        }
        let events = self.tree.apply(&ops, node, None);
        told(&self.tree, &ops, &before, (node, out.now), out);
        if self.connected.get(&node) == Some(&id) {
            self.disconnect(node);
            if from.is_none() {
                out.close(node, Channel::ZooKeeper);
            }
        }
        self.tell_watchers(&events, None, out);
        if let Some(to) = from {
            self.answer(to, ZooKeeperCode::Ok, |_| {}, out);
        }
    }

    /// Sessions that were not heard for too long end. The end is a transaction like any other.
    fn on_tick(&mut self, out: &mut Effects<'_>) {
        if !self.sessions.is_empty() {
            next_tick(out);
        }
        let over = |session: &Session| !session.closing && out.now >= session.heard + session.timeout;
        let expired: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| over(session)).map(|(id, _)| *id).collect();
        for id in expired {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.closing = true;
            }
            self.append(None, None, Transaction::Close(id), out);
        }
    }

    /// What an administrator wanted to be created is written down once every broker of the cluster is there.
    fn create_planned(&mut self, out: &mut Effects<'_>) {
        let brokers = self.tree.iter().filter_map(|(path, znode)| match (path, &znode.data) {
            (ZnodePath::Broker(id), ZnodeData::Broker { node, rack, incarnation }) => {
                let (epoch, rack) = (BrokerEpoch(znode.created.0), rack.clone());
                let (fenced, in_controlled_shutdown) = (false, false);
                let incarnation = *incarnation;
                Some((id, BrokerImage { node: *node, epoch, incarnation, rack, fenced, in_controlled_shutdown }))
            }
            _ => None,
        });
        let image = MetadataImage { brokers: brokers.collect(), ..MetadataImage::default() };
        if image.brokers.len() < self.planned.0 {
            return;
        }
        for topic in std::mem::take(&mut self.planned.1) {
            let Ok(placed) = place_topic(&image, &self.features, &topic, out.rng) else { continue };
            let placed: Vec<Assignment> = placed.iter().map(|replicas| Assignment::of(replicas)).collect();
            let ops = vec![
                ZnodeOp::create(ZnodePath::TopicConfig(topic.topic), ZnodeData::TopicConfig(topic.config.clone())),
                ZnodeOp::create(ZnodePath::Topic(topic.topic), ZnodeData::Topic(placed.into())),
            ];
            self.append(None, None, Transaction::Write(ops), out);
        }
    }

    /// Watches that waited for this speak, and are gone.
    fn tell_watchers(&mut self, events: &[WatchedEvent], only: Option<NodeId>, out: &mut Effects<'_>) {
        for event in events {
            let waits = |(path, kind, node): &&(ZnodePath, WatchKind, NodeId)| {
                *path == event.path && *kind == event.kind && only.is_none_or(|only| only == *node)
            };
            let watchers: Vec<NodeId> = self.watches.iter().filter(waits).map(|(_, _, node)| *node).collect();
            for node in watchers {
                self.watches.remove(&(event.path, event.kind, node));
                let mut word = ZooKeeperResponse::of(ZooKeeperCode::Ok, self.tree.zxid());
                word.event = Some(*event);
                let response = Response::ZooKeeper(Box::new(word));
                out.send(node, Channel::ZooKeeper, Body::Response(CorrelationId(u32::MAX), response));
            }
        }
    }

    fn answer(
        &self,
        (to, channel, correlation): ReplyTo,
        code: ZooKeeperCode,
        fill: impl FnOnce(&mut ZooKeeperResponse),
        out: &mut Effects<'_>,
    ) {
        let mut answer = ZooKeeperResponse::of(code, self.tree.zxid());
        fill(&mut answer);
        out.send(to, channel, Body::Response(correlation, Response::ZooKeeper(Box::new(answer))));
    }

    /// The last transaction.
    pub fn zxid(&self) -> Zxid {
        self.tree.zxid()
    }
}

/// Ticks are at the same moments for all sessions.
fn next_tick(out: &mut Effects<'_>) {
    let next = (out.now.0 / TICK.0 + 1) * TICK.0;
    out.set_timer_at(Timer::SessionCheck, Instant(next));
}
