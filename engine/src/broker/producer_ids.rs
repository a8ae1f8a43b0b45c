//! Producer ids: each broker gives them out from a block it got from the controller (`ProducerIdManager`).

use super::actor::Broker;
use super::controller_channel::Asked;
use crate::coordinator::ReplyTo;
use crate::effect::Effects;
use crate::ids::ProducerId;
use crate::protocol::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, Channel, ErrorCode, InitProducerIdResponse, Request,
    Response,
};

impl Broker {
    pub(super) fn on_init_producer_id(&mut self, to: ReplyTo, out: &mut Effects<'_>) {
        let broker = self.id;
        let Some(runtime) = &mut self.runtime else { return };
        if let Some(id) = runtime.producer_ids.next() {
            return self.answer_producer(to, ErrorCode::None, ProducerId(id), out);
        }
        runtime.awaiting_producer_id.push(to);
        if runtime.awaiting_producer_id.len() == 1 {
            let request = AllocateProducerIdsRequest { broker, broker_epoch: runtime.broker_epoch };
            let request = Request::AllocateProducerIds(request);
            self.ask_controller(Channel::Controller, request, Asked::ProducerIds, out);
        }
    }

    fn answer_producer(&mut self, to: ReplyTo, error: ErrorCode, producer_id: ProducerId, out: &mut Effects<'_>) {
        let response = InitProducerIdResponse { error, producer_id, producer_epoch: 0 };
        self.respond(to, Response::InitProducerId(response), out);
    }

    pub(super) fn on_producer_ids(&mut self, answer: &AllocateProducerIdsResponse, out: &mut Effects<'_>) {
        let waiting = self.with_runtime(|runtime| {
            runtime.producer_ids = answer.first_producer_id..answer.first_producer_id + i64::from(answer.length);
            std::mem::take(&mut runtime.awaiting_producer_id)
        });
        for to in waiting {
            self.on_init_producer_id(to, out);
        }
    }

    pub(super) fn refuse_waiting_producers(&mut self, out: &mut Effects<'_>) {
        for to in self.with_runtime(|runtime| std::mem::take(&mut runtime.awaiting_producer_id)) {
            self.answer_producer(to, ErrorCode::CoordinatorLoadInProgress, ProducerId::NONE, out);
        }
    }
}
