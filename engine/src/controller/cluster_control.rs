//! Which brokers are alive: registration, heartbeats, sessions, controlled shutdown
//! (`ClusterControlManager`, `BrokerHeartbeatManager`).

use super::actor::Controller;
use super::record::MetadataRecord;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, Offset};
use crate::protocol::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse, ErrorCode,
};

impl Controller {
    pub(super) fn on_registration(
        &mut self,
        request: BrokerRegistrationRequest,
        out: &mut Effects<'_>,
    ) -> BrokerRegistrationResponse {
        let refused = |error| BrokerRegistrationResponse { error, broker_epoch: BrokerEpoch(-1) };
        let session = self.config.broker_session_timeout_ms.span();
        let Some(runtime) = self.runtime.as_mut().filter(|runtime| runtime.active) else {
            return refused(ErrorCode::NotController);
        };
        let mut clean_shutdown = true;
        if let Some(known) = runtime.image.brokers.get(&request.broker) {
            if known.incarnation == request.incarnation {
                return BrokerRegistrationResponse { error: ErrorCode::None, broker_epoch: known.epoch };
            }
            // The session of the old incarnation lasts, however it ended (`BrokerHeartbeatTracker`).
            let heard = runtime.contacts.get(&request.broker);
            if heard.is_some_and(|at| out.now.since(*at) <= session) {
                return refused(ErrorCode::DuplicateBrokerRegistration);
            }
            clean_shutdown = request.previous_broker_epoch == known.epoch;
        }
        runtime.contacts.insert(request.broker, out.now);
        let epoch = BrokerEpoch(self.log_end_offset().0);
        self.append(MetadataRecord::RegisterBroker {
            broker: request.broker,
            node: request.node,
            epoch,
            incarnation: request.incarnation,
            rack: request.rack,
        });
        out.emit(|| Event::BrokerRegistered { broker: request.broker, epoch });
        // What an earlier incarnation promised as an in-sync replica, this one has not proved yet.
        if clean_shutdown || !self.features.elr() {
            self.decide(|control| control.leave_all_isrs(request.broker, out));
        } else {
            self.decide(|control| control.forget_unclean_broker(request.broker, out));
        }
        BrokerRegistrationResponse { error: ErrorCode::None, broker_epoch: epoch }
    }

    pub(super) fn on_heartbeat(
        &mut self,
        request: BrokerHeartbeatRequest,
        out: &mut Effects<'_>,
    ) -> BrokerHeartbeatResponse {
        let answer =
            |error, is_fenced, should_shut_down| BrokerHeartbeatResponse { error, is_fenced, should_shut_down };
        let Some(runtime) = self.runtime.as_mut().filter(|runtime| runtime.active) else {
            return answer(ErrorCode::NotController, true, false);
        };
        let Some(known) = runtime.image.brokers.get(&request.broker).cloned() else {
            return answer(ErrorCode::StaleBrokerEpoch, true, false);
        };
        if known.epoch != request.broker_epoch {
            return answer(ErrorCode::StaleBrokerEpoch, true, false);
        }
        runtime.contacts.insert(request.broker, out.now);
        runtime.replayed.insert(request.broker, request.metadata_offset);
        if request.want_shut_down {
            let done = self.shut_down_in_order(request.broker, out);
            return answer(ErrorCode::None, known.fenced, done);
        }
        let caught_up = request.metadata_offset > Offset(known.epoch.0);
        if known.fenced && !request.want_fence && caught_up {
            self.append(MetadataRecord::BrokerRegistrationChange {
                broker: request.broker,
                fenced: false,
                in_controlled_shutdown: false,
            });
            out.emit(|| Event::BrokerUnfenced { broker: request.broker });
            self.decide(|control| control.elect_leaderless(Some(request.broker), out));
            self.create_pending_topics(out);
            return answer(ErrorCode::None, false, false);
        }
        answer(ErrorCode::None, known.fenced, false)
    }

    pub(super) fn on_session_check(&mut self, out: &mut Effects<'_>) {
        let session = self.config.broker_session_timeout_ms.span();
        out.set_timer(Timer::SessionCheck, session.div(8));
        let Some(runtime) = &self.runtime else { return };
        let silent: Vec<BrokerId> = runtime
            .image
            .brokers
            .iter()
            .filter(|(_, image)| !image.fenced)
            .filter(|(broker, _)| runtime.contacts.get(broker).is_none_or(|at| out.now.since(*at) > session))
            .map(|(broker, _)| *broker)
            .collect();
        for broker in silent {
            self.fence(broker, out);
        }
    }

    fn fence(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        let silent_for = self
            .runtime
            .as_ref()
            .and_then(|runtime| runtime.contacts.get(&broker))
            .map_or(crate::time::Duration::ZERO, |at| out.now.since(*at));
        self.append(MetadataRecord::BrokerRegistrationChange { broker, fenced: true, in_controlled_shutdown: false });
        out.emit(|| Event::BrokerFenced { broker, silent_for });
        self.decide(|control| control.leave_all_isrs(broker, out));
    }

    /// Moves leaderships away from a broker that wants to stop; true once it may: it leads nothing, and every broker in
    /// service knows.
    fn shut_down_in_order(&mut self, broker: BrokerId, out: &mut Effects<'_>) -> bool {
        let Some(image) = self.image() else { return false };
        let Some(known) = image.brokers.get(&broker).cloned() else { return true };
        if !known.in_controlled_shutdown && !known.fenced {
            self.append(MetadataRecord::BrokerRegistrationChange {
                broker,
                fenced: false,
                in_controlled_shutdown: true,
            });
            self.decide(|control| control.leave_all_isrs(broker, out));
            let end = self.log_end_offset();
            if let Some(runtime) = &mut self.runtime {
                runtime.shutdown_offsets.insert(broker, end);
            }
        }
        let leads = self.image().is_some_and(|image| image.partitions().any(|(_, p)| p.leader == broker));
        let Some(runtime) = &self.runtime else { return false };
        let needed = runtime.shutdown_offsets.get(&broker).copied().unwrap_or(Offset::ZERO);
        let ignorant = |other: &&BrokerId| runtime.replayed.get(other).is_none_or(|offset| *offset < needed);
        let image = &runtime.image;
        let all_know = !image.brokers.keys().any(|other| image.is_active(*other) && ignorant(&other));
        let done = !leads && (known.fenced || all_know);
        if done && !known.fenced {
            self.fence(broker, out);
        }
        done
    }
}
