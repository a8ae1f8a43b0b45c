//! A broker's life with ZooKeeper: it is alive while its znode is there, and any broker may become the controller
//! (`KafkaServer.startup`, `KafkaController.elect`, `ControllerChangeHandler`, `KafkaServer.controlledShutdown`).

use super::actor::{Broker, BrokerStatus};
use super::controller_channel::Asked;
use super::keeper::KeeperAsk;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{BrokerEpoch, LeaderEpoch};
use crate::protocol::{Channel, ControlledShutdownRequest, ControlledShutdownResponse, ErrorCode, Request};
use crate::time::Duration;
use crate::zookeeper::{ZnodeData, ZnodeOp, ZnodePath, ZooKeeperCode, ZooKeeperRequest, ZooKeeperResponse};

/// Kafka's process ends when the znode of its predecessor is still there, and its supervisor starts it again; here it tries
/// again after this pause.
const REGISTRATION_RETRY: Duration = Duration::from_millis(2_000);

impl Broker {
    /// A session has begun: the broker says that it is there.
    pub(super) fn on_session_begun(&mut self, out: &mut Effects<'_>) {
        self.register_znode(out);
        self.watch(ZnodePath::BrokerConfig(self.id), KeeperAsk::OwnConfig, out);
    }

    pub(super) fn register_znode(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let (node, rack, incarnation) = (self.node, self.rack.clone(), runtime.incarnation);
        let data = ZnodeData::Broker { node, rack, incarnation };
        let op = ZnodeOp::Create { path: ZnodePath::Broker(self.id), data, ephemeral: true };
        self.write_keeper(vec![op], KeeperAsk::Register, out);
    }

    /// A watch of this broker has spoken.
    pub(super) fn on_watched(&mut self, path: ZnodePath, out: &mut Effects<'_>) {
        match path {
            ZnodePath::Controller => self.watch(path, KeeperAsk::WatchController, out),
            ZnodePath::BrokerConfig(_) => self.watch(path, KeeperAsk::OwnConfig, out),
            _ => self.on_cluster_changed(path, out),
        }
    }

    /// ZooKeeper has answered.
    pub(super) fn on_kept(&mut self, what: KeeperAsk, answer: ZooKeeperResponse, out: &mut Effects<'_>) {
        match what {
            KeeperAsk::Register => self.on_registered(answer, out),
            KeeperAsk::WatchController => self.on_controller_read(answer, out),
            KeeperAsk::ReadEpoch(claimed) => {
                let epoch = answer.znode.as_ref().and_then(|znode| match znode.data {
                    ZnodeData::Epoch(epoch) => Some((epoch, znode.version)),
                    _ => None,
                });
                match epoch {
                    Some((epoch, version)) if claimed => self.begin_control(epoch, version, out),
                    known => self.claim(known, out),
                }
            }
            KeeperAsk::Claim(epoch, version) => {
                if answer.code == ZooKeeperCode::Ok {
                    self.begin_control(epoch, version.map_or(0, |version| version + 1), out);
                } else {
                    // Another was quicker; or this broker had won already and the answer was lost.
                    self.watch(ZnodePath::Controller, KeeperAsk::WatchController, out);
                }
            }
            KeeperAsk::OwnConfig => {
                if let Some(ZnodeData::BrokerConfig(settings)) = answer.znode.map(|znode| znode.data) {
                    for (name, value) in settings.iter() {
                        // The controller has checked them.
                        let _ = self.config.set(name, value);
                    }
                }
            }
            KeeperAsk::Children(..) | KeeperAsk::Data(..) | KeeperAsk::Commit(_) => {
                self.on_controller_answer(what, answer, out);
            }
            KeeperAsk::Connect | KeeperAsk::Ping | KeeperAsk::Close => {}
        }
    }

    fn on_registered(&mut self, answer: ZooKeeperResponse, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(znode) = answer.znode else { return };
        // One that is there may be this session's own, whose creation was asked for twice.
        if answer.code != ZooKeeperCode::Ok && znode.owner != runtime.keeper.session {
            return out.set_timer(Timer::Registration, REGISTRATION_RETRY);
        }
        runtime.broker_epoch = BrokerEpoch(znode.created.0);
        runtime.acting = true;
        if runtime.status != BrokerStatus::ShuttingDown {
            runtime.status = BrokerStatus::Running;
        }
        self.watch(ZnodePath::Controller, KeeperAsk::WatchController, out);
    }

    /// Who the controller is; if there is none, this broker would like to be it.
    fn on_controller_read(&mut self, answer: ZooKeeperResponse, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let session = runtime.keeper.session;
        match answer.znode {
            Some(znode) if znode.owner == session => {
                if runtime.kafka_controller.is_none() {
                    let request = ZooKeeperRequest::GetData(ZnodePath::ControllerEpoch, false);
                    self.ask_keeper(request, KeeperAsk::ReadEpoch(true), out);
                }
            }
            Some(_) => self.resign_controller(out),
            None => {
                self.resign_controller(out);
                if self.status() == Some(BrokerStatus::Running) {
                    let request = ZooKeeperRequest::GetData(ZnodePath::ControllerEpoch, false);
                    self.ask_keeper(request, KeeperAsk::ReadEpoch(false), out);
                }
            }
        }
    }

    /// Tries to become the controller: the znode and the next epoch in one transaction
    /// (`registerControllerAndIncrementControllerEpoch`).
    fn claim(&mut self, known: Option<(i32, i32)>, out: &mut Effects<'_>) {
        let epoch = known.map_or(1, |(epoch, _)| epoch + 1);
        let version = known.map(|(_, version)| version);
        let count = match version {
            Some(version) => ZnodeOp::Set(ZnodePath::ControllerEpoch, ZnodeData::Epoch(epoch), Some(version)),
            None => ZnodeOp::create(ZnodePath::ControllerEpoch, ZnodeData::Epoch(epoch)),
        };
        let data = ZnodeData::Controller(self.id);
        let claim = ZnodeOp::Create { path: ZnodePath::Controller, data, ephemeral: true };
        self.write_keeper(vec![claim, count], KeeperAsk::Claim(epoch, version), out);
    }

    fn begin_control(&mut self, epoch: i32, version: i32, out: &mut Effects<'_>) {
        let node = self.node;
        out.emit(|| Event::ControllerElected { node, epoch: LeaderEpoch(epoch) });
        // Its own znode is watched, too: it may be taken away.
        self.watch(ZnodePath::Controller, KeeperAsk::WatchController, out);
        self.load_cluster(epoch, version, out);
    }

    /// Asks the controller to have others lead what this broker leads; without success it leaves all the same.
    pub(super) fn ask_to_leave(&mut self, out: &mut Effects<'_>) {
        let (retries, pause) = (
            self.controller_config.controlled_shutdown_max_retries,
            self.controller_config.controlled_shutdown_retry_backoff_ms.pause(),
        );
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.leaving_keeper {
            return;
        }
        if runtime.shutdown_attempts > i64::from(retries) || runtime.keeper.session.is_none() {
            return self.close_session(out);
        }
        runtime.shutdown_attempts += 1;
        let request = ControlledShutdownRequest { broker: self.id, broker_epoch: runtime.broker_epoch };
        out.set_timer(Timer::ControlledShutdown, pause);
        let request = Request::ControlledShutdown(request);
        self.ask_controller(Channel::Controller, request, Asked::ControlledShutdown, out);
    }

    pub(super) fn on_may_leave(&mut self, answer: &ControlledShutdownResponse, out: &mut Effects<'_>) {
        if answer.error == ErrorCode::None && answer.remaining.is_empty() {
            out.cancel_timer(Timer::ControlledShutdown);
            self.close_session(out);
        }
    }

    /// The session is closed: nothing of this broker is left in ZooKeeper, and the process may end.
    pub(super) fn on_session_closed(&mut self, out: &mut Effects<'_>) {
        self.shut_down(out);
    }
}
