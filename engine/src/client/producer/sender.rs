//! The sender's loop: expire, get an id, drain, send (`Sender.runOnce`).

use super::actor::{Producer, ProducerAsk};
use super::batch::BatchId;
use super::transaction::Transaction;
use crate::config::Acks;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{LeaderEpoch, NodeId, Offset};
use crate::protocol::{ErrorCode, InitProducerIdRequest, ProduceRequest, Request};
use crate::time::Instant;

impl Producer {
    /// One pass of the sender.
    pub(super) fn run_sender(&mut self, out: &mut Effects<'_>) {
        self.expire(out);
        self.settle_sequences(out);
        if !self.run_transaction(out) {
            return;
        }
        for node in self.ready_nodes(out).iter() {
            let batches = self.drain(*node, out);
            if !batches.is_empty() {
                self.send_request(*node, batches, out);
            }
        }
    }

    /// Sequences in doubt, a new epoch, a new producer id: an idempotent producer sends nothing before it has its id.
    fn settle_sequences(&mut self, out: &mut Effects<'_>) {
        let producer = self.node;
        let idempotent = self.config.idempotent();
        let Some(runtime) = self.runtime.as_mut().filter(|_| idempotent) else { return };
        let transactional = runtime.transaction.is_some();
        let mut in_doubt = false;
        for (tp, lost) in runtime.sequences.resolve() {
            if lost && transactional {
                in_doubt = true;
            } else if lost {
                runtime.sequences.request_bump(tp);
            }
        }
        if in_doubt {
            // What was sent can neither be confirmed nor sent again: only a new epoch settles it.
            return self.fail_transaction(ErrorCode::RequestTimedOut, false, true, out);
        }
        if transactional {
            return;
        }
        if runtime.sequences.bump_required
            && runtime.sequences.id.is_some()
            && let Some((id, epoch)) = runtime.sequences.bump(&mut runtime.accumulator)
        {
            out.emit(|| Event::ProducerEpochBumped { producer, id, epoch });
        }
        let wanted = runtime.sequences.id.is_none() && !runtime.accumulator.batches.is_empty();
        if wanted && !runtime.asking_producer_id && runtime.ask_producer_id_at <= out.now {
            let usable = |node: &NodeId| runtime.net.usable(*node, out.now);
            let nodes: Vec<NodeId> = runtime.net.metadata.nodes().filter(usable).collect();
            if let Some(node) = out.rng.pick(&nodes).copied() {
                runtime.asking_producer_id = true;
                let request = Request::InitProducerId(InitProducerIdRequest::default());
                runtime.net.ask(node, runtime.net.channel, request, ProducerAsk::ProducerId, out);
            }
        }
    }

    fn send_request(&mut self, node: NodeId, batches: Vec<BatchId>, out: &mut Effects<'_>) {
        let (acks, timeout) = (self.config.acks, self.config.request_timeout_ms);
        let Some(runtime) = &mut self.runtime else { return };
        let wire = batches.iter().filter_map(|id| {
            let batch = runtime.accumulator.batches.get(id)?;
            Some((batch.tp, batch.wire()))
        });
        let request = Request::Produce(Box::new(ProduceRequest {
            acks,
            timeout,
            transactional: runtime.transaction.as_ref().map(|transaction| transaction.id),
            v2: runtime.transaction.as_ref().is_some_and(|transaction| transaction.v2),
            batches: wire.collect(),
        }));
        if acks == Acks::None {
            // Written to the socket is all this producer wants to know.
            runtime.net.tell(node, runtime.net.channel, request, out);
            for id in batches {
                self.complete(id, Offset::NONE, LeaderEpoch::NONE, out);
            }
        } else {
            runtime.net.ask(node, runtime.net.channel, request, ProducerAsk::Produce(batches), out);
        }
    }

    /// Gives up on batches older than `delivery.timeout.ms`, waiting or under way: the broker may have them all the same.
    fn expire(&mut self, out: &mut Effects<'_>) {
        let delivery = self.config.delivery_timeout_ms;
        let Some(runtime) = &self.runtime else { return };
        let late = |created_at: Instant| created_at + delivery <= out.now;
        if !runtime.accumulator.batches.first_key_value().is_some_and(|(_, batch)| late(batch.created_at)) {
            return;
        }
        let dead: Vec<BatchId> =
            runtime.accumulator.batches.iter().filter(|(_, batch)| late(batch.created_at)).map(|(id, _)| *id).collect();
        for id in dead {
            self.give_up(id, ErrorCode::RequestTimedOut, out);
        }
    }

    /// When the sender has something to do next without being told.
    pub(super) fn arm_sender(&mut self, out: &mut Effects<'_>) {
        let (delivery, max_block) = (self.config.delivery_timeout_ms, self.config.max_block_ms);
        let Some(runtime) = &self.runtime else { return };
        let mut next: Option<Instant> = None;
        let mut want = |at: Instant| next = Some(next.map_or(at, |known| known.min(at)));
        if let Some((_, oldest)) = runtime.accumulator.batches.first_key_value() {
            want(oldest.created_at + delivery);
        }
        if let Some(pending) = &runtime.application.pending {
            want(pending.began + max_block);
        }
        for (tp, queue) in &runtime.accumulator.queues {
            let Some(first) = queue.front().and_then(|id| runtime.accumulator.batches.get(id)) else { continue };
            if let Some((node, _)) = runtime.net.metadata.leader(*tp) {
                let at = self.ready_at(first, queue.len()).max(runtime.net.usable_at(node));
                if at > out.now {
                    want(at);
                }
            }
        }
        if let Some(at) = runtime.transaction.as_ref().map(Transaction::wakes_at).filter(|at| *at > out.now) {
            want(at);
        }
        if runtime.ask_producer_id_at > out.now {
            want(runtime.ask_producer_id_at);
        }
        let Some(runtime) = &mut self.runtime else { return };
        if next != runtime.wake_at {
            runtime.wake_at = next;
            match next {
                Some(at) => out.set_timer_at(Timer::Sender, at),
                None => out.cancel_timer(Timer::Sender),
            }
        }
    }
}
