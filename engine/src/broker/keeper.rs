//! A broker's client of ZooKeeper (`KafkaZkClient`, `ZooKeeperClient`): its session, its watches, and its requests in order,
//! so many at a time.
//!
//! A connection that breaks is tried again with the same session, and what was not answered is asked again
//! (`retryRequestsUntilConnected`). Whether the session is over is for ZooKeeper to say.

use super::actor::Broker;
use crate::collections::{Map, Set};
use crate::effect::{Effects, Timer};
use crate::ids::{CorrelationId, NodeId};
use crate::protocol::{Body, Channel, Request};
use crate::time::{Duration, Instant};
use crate::zookeeper::{
    SessionId, WatchKind, ZnodeOp, ZnodePath, ZooKeeperCode, ZooKeeperRequest, ZooKeeperResponse, Zxid,
};
use std::collections::VecDeque;

/// Pause between two attempts to connect (`ClientCnxn` draws up to a second).
const RECONNECT: Duration = Duration::from_millis(500);

/// Why something is asked of ZooKeeper, and so what becomes of the answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum KeeperAsk {
    /// The connection, with its session.
    Connect,
    Ping,
    Close,
    /// `/brokers/ids/me` is created.
    Register,
    /// Who the controller is.
    WatchController,
    /// What `/controller_epoch` says, before this broker tries to become the controller; or, `true`, after it did and
    /// did not hear of it.
    ReadEpoch(bool),
    /// `/controller` is created, in the epoch after this version of `/controller_epoch`.
    Claim(i32, Option<i32>),
    /// This broker's own settings.
    OwnConfig,
    /// The controller reads the children of a znode; the number says in which reading of everything.
    Children(ZnodePath, u32),
    /// The controller reads a znode.
    Data(ZnodePath, u32),
    /// A write of the controller's commit of this number.
    Commit(u64),
}

/// The client's state; it goes with the process.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Keeper {
    pub connected: bool,
    pub session: Option<SessionId>,
    /// When the connection was tried last.
    tried_at: Instant,
    /// When the server was heard last.
    heard_at: Instant,
    seen: Zxid,
    pub watches: Set<(ZnodePath, WatchKind)>,
    waiting: VecDeque<(ZooKeeperRequest, KeeperAsk)>,
    in_flight: Map<CorrelationId, (ZooKeeperRequest, KeeperAsk)>,
    next: u32,
}

impl Keeper {
    /// Takes back what was not sent yet.
    pub(super) fn forget_waiting(&mut self, unwanted: impl Fn(KeeperAsk) -> bool) {
        self.waiting.retain(|(_, what)| !unwanted(*what));
    }
}

impl Broker {
    fn session_timeout(&self) -> Duration {
        self.controller_config.zookeeper_session_timeout_ms.pause()
    }

    /// The node of ZooKeeper in a cluster that has it.
    pub fn zookeeper(&self) -> Option<NodeId> {
        self.zookeeper
    }

    /// Whether this broker has a session with ZooKeeper, as far as it knows.
    pub fn session(&self) -> Option<SessionId> {
        self.runtime.as_ref().and_then(|runtime| runtime.keeper.session)
    }

    pub(super) fn connect_keeper(&mut self, out: &mut Effects<'_>) {
        let timeout = self.session_timeout();
        let Some(runtime) = &mut self.runtime else { return };
        let keeper = &mut runtime.keeper;
        keeper.tried_at = out.now;
        let request = ZooKeeperRequest::Connect {
            session: keeper.session,
            timeout,
            seen: keeper.seen,
            watches: keeper.watches.iter().copied().collect(),
        };
        self.send_keeper(request, KeeperAsk::Connect, out);
        out.set_timer(Timer::ZooKeeper, timeout.div(3));
    }

    /// Asks, as soon as it may: in order, so many at a time (`zookeeper.max.in.flight.requests`).
    pub(super) fn ask_keeper(&mut self, request: ZooKeeperRequest, what: KeeperAsk, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let watch = match &request {
            ZooKeeperRequest::GetData(path, true) => Some((*path, WatchKind::Data)),
            ZooKeeperRequest::GetChildren(path, true) => Some((*path, WatchKind::Children)),
            _ => None,
        };
        runtime.keeper.watches.extend(watch);
        runtime.keeper.waiting.push_back((request, what));
        self.pump_keeper(out);
    }

    fn pump_keeper(&mut self, out: &mut Effects<'_>) {
        let window = usize::try_from(self.controller_config.zookeeper_max_in_flight_requests).unwrap_or(1);
        while let Some(runtime) = &mut self.runtime
            && runtime.keeper.connected
            && runtime.keeper.in_flight.len() < window
            && let Some((request, what)) = runtime.keeper.waiting.pop_front()
        {
            self.send_keeper(request, what, out);
        }
    }

    fn send_keeper(&mut self, request: ZooKeeperRequest, what: KeeperAsk, out: &mut Effects<'_>) {
        let (Some(to), Some(runtime)) = (self.zookeeper, &mut self.runtime) else { return };
        let correlation = CorrelationId(runtime.keeper.next);
        runtime.keeper.next = (runtime.keeper.next + 1) % u32::MAX;
        runtime.keeper.in_flight.insert(correlation, (request.clone(), what));
        out.send(to, Channel::ZooKeeper, Body::Request(correlation, Request::ZooKeeper(Box::new(request))));
    }

    pub(super) fn on_keeper_answer(
        &mut self,
        correlation: CorrelationId,
        answer: ZooKeeperResponse,
        out: &mut Effects<'_>,
    ) {
        let Some(runtime) = &mut self.runtime else { return };
        let keeper = &mut runtime.keeper;
        keeper.heard_at = out.now;
        keeper.seen = keeper.seen.max(answer.zxid);
        if let Some(event) = answer.event {
            if keeper.watches.remove(&(event.path, event.kind)) {
                self.on_watched(event.path, out);
            }
            return;
        }
        let Some((_, what)) = keeper.in_flight.remove(&correlation) else { return };
        match what {
            KeeperAsk::Connect if answer.code == ZooKeeperCode::Ok => {
                let begins = keeper.session.is_none();
                (keeper.session, keeper.connected) = (answer.session, true);
                if begins {
                    self.on_session_begun(out);
                }
            }
            _ if answer.code == ZooKeeperCode::SessionExpired => return self.on_session_expired(out),
            KeeperAsk::Connect | KeeperAsk::Ping => {}
            KeeperAsk::Close => return self.on_session_closed(out),
            _ => self.on_kept(what, answer, out),
        }
        self.pump_keeper(out);
    }

    /// The connection broke. What was not answered will be asked again, before everything else.
    pub(super) fn on_keeper_lost(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let keeper = &mut runtime.keeper;
        keeper.connected = false;
        let closing = keeper.in_flight.values().any(|(_, what)| *what == KeeperAsk::Close);
        for (request, what) in std::mem::take(&mut keeper.in_flight).into_values().collect::<Vec<_>>().into_iter().rev()
        {
            if !matches!(what, KeeperAsk::Connect | KeeperAsk::Ping | KeeperAsk::Close) {
                keeper.waiting.push_front((request, what));
            }
        }
        if closing {
            return self.on_session_closed(out);
        }
        out.set_timer(Timer::ZooKeeper, RECONNECT);
    }

    /// A third of the session has passed: a ping, or the connection is given up (`ClientCnxn.SendThread`).
    pub(super) fn on_keeper_timer(&mut self, out: &mut Effects<'_>) {
        let timeout = self.session_timeout();
        let Some(runtime) = &self.runtime else { return };
        let keeper = &runtime.keeper;
        let trying = keeper.in_flight.values().any(|(_, what)| *what == KeeperAsk::Connect);
        let silent_since = if keeper.connected { keeper.heard_at } else { keeper.tried_at };
        if keeper.connected && out.now.since(silent_since) < timeout.div(3) + timeout.div(3) {
            self.send_keeper(ZooKeeperRequest::Ping, KeeperAsk::Ping, out);
            return out.set_timer(Timer::ZooKeeper, timeout.div(3));
        }
        if let Some(to) = self.zookeeper.filter(|_| keeper.connected || trying) {
            out.close(to, Channel::ZooKeeper);
            self.on_keeper_lost(out);
        }
        if !self.with_runtime(|runtime| runtime.leaving_keeper) {
            self.connect_keeper(out);
        }
    }

    /// The session is over, and this broker hears of it only now: its znodes are gone (`Expire`).
    fn on_session_expired(&mut self, out: &mut Effects<'_>) {
        self.resign_controller(out);
        let leaving = self.with_runtime(|runtime| {
            let keeper = &mut runtime.keeper;
            let next = keeper.next;
            *keeper = Keeper { next, ..Keeper::default() };
            runtime.leaving_keeper
        });
        if leaving {
            return self.on_session_closed(out);
        }
        self.connect_keeper(out);
    }

    /// Leaves ZooKeeper in order: what is ephemeral goes at once.
    pub(super) fn close_session(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.leaving_keeper = true;
        runtime.keeper.waiting.clear();
        if runtime.keeper.connected {
            self.send_keeper(ZooKeeperRequest::Close, KeeperAsk::Close, out);
        } else {
            self.on_session_closed(out);
        }
    }

    /// Reads a znode, and wants to hear of its next change.
    pub(super) fn watch(&mut self, path: ZnodePath, what: KeeperAsk, out: &mut Effects<'_>) {
        self.ask_keeper(ZooKeeperRequest::GetData(path, true), what, out);
    }

    /// Writes one thing, or several together.
    pub(super) fn write_keeper(&mut self, ops: Vec<ZnodeOp>, what: KeeperAsk, out: &mut Effects<'_>) {
        self.ask_keeper(ZooKeeperRequest::Write(ops), what, out);
    }
}
