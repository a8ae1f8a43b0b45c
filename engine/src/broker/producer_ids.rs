//! Producer ids: each broker gives them out from a block it got from the controller (`ProducerIdManager`).

use super::actor::Broker;
use super::controller_channel::Asked;
use crate::coordinator::ReplyTo;
use crate::effect::Effects;
use crate::ids::ProducerId;
use crate::protocol::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, Channel, ErrorCode, InitProducerIdRequest,
    InitProducerIdResponse, Request, Response,
};

impl Broker {
    /// InitProducerId without a transactional id: a new producer id, epoch 0.
    pub(super) fn on_init_producer_id(&mut self, to: ReplyTo, request: InitProducerIdRequest, out: &mut Effects<'_>) {
        match self.runtime.as_mut().and_then(|runtime| runtime.producer_ids.next()) {
            Some(id) => self.answer_producer(to, ErrorCode::None, ProducerId(id), out),
            None => self.await_producer_ids(to, Request::InitProducerId(request), out),
        }
    }

    /// A request that needs a new producer id waits for the next block of them.
    pub(super) fn await_producer_ids(&mut self, to: ReplyTo, request: Request, out: &mut Effects<'_>) {
        let broker = self.id;
        let Some(runtime) = &mut self.runtime else { return };
        runtime.awaiting_producer_id.push((to, request));
        if runtime.awaiting_producer_id.len() == 1 {
            let request = AllocateProducerIdsRequest { broker, broker_epoch: runtime.broker_epoch };
            let request = Request::AllocateProducerIds(request);
            self.ask_controller(Channel::Controller, request, Asked::ProducerIds, out);
        }
    }

    fn answer_producer(&mut self, to: ReplyTo, error: ErrorCode, producer_id: ProducerId, out: &mut Effects<'_>) {
        let response = InitProducerIdResponse { error, producer_id, producer_epoch: 0, transaction_version: 0 };
        self.respond(to, Response::InitProducerId(response), out);
    }

    pub(super) fn on_producer_ids(&mut self, answer: &AllocateProducerIdsResponse, out: &mut Effects<'_>) {
        if answer.error.is_error() {
            return self.refuse_waiting_producers(out);
        }
        let waiting = self.with_runtime(|runtime| {
            runtime.producer_ids = answer.first_producer_id..answer.first_producer_id + i64::from(answer.length);
            std::mem::take(&mut runtime.awaiting_producer_id)
        });
        for (to, request) in waiting {
            self.handle_request(to, request, out);
        }
    }

    pub(super) fn refuse_waiting_producers(&mut self, out: &mut Effects<'_>) {
        for (to, _) in self.with_runtime(|runtime| std::mem::take(&mut runtime.awaiting_producer_id)) {
            self.answer_producer(to, ErrorCode::CoordinatorLoadInProgress, ProducerId::NONE, out);
        }
    }
}
