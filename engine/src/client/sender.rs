//! The producer's sender: expire, drain, send, and judge the answers (`Sender`, `TransactionManager` without transactions).

use super::accumulator::ProducerBatch;
use super::connection::{Asked, Backoff, InFlight};
use super::producer::{Producer, ProducerAsk};
use crate::collections::Map;
use crate::config::Acks;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{CorrelationId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::protocol::{
    Channel, ErrorCode, InitProducerIdResponse, MessageKind, PartitionProduceResponse, ProduceRequest, Request,
    Response,
};
use crate::storage::{ProducerStamp, RecordBatch, increment_sequence};
use crate::time::Instant;

impl Producer {
    /// One pass of the sender.
    pub(super) fn run_sender(&mut self, out: &mut Effects<'_>) {
        self.expire(out);
        if !self.ready_to_drain(out) {
            return self.arm_sender(out);
        }
        let mut requests: Map<NodeId, Vec<(TopicPartition, ProducerBatch)>> = Map::new();
        let Some(runtime) = &self.runtime else { return };
        let waiting: Vec<TopicPartition> = runtime.accumulator.queues.keys().copied().collect();
        for tp in waiting {
            if let Some((node, batch)) = self.drain(tp, &requests, out) {
                requests.entry(node).or_default().push((tp, batch));
            }
        }
        for (node, batches) in requests {
            self.send_request(node, batches, out);
        }
        self.arm_sender(out);
    }

    /// An idempotent producer sends nothing before it has its id.
    fn ready_to_drain(&mut self, out: &mut Effects<'_>) -> bool {
        let idempotent = self.config.idempotent();
        let Some(runtime) = &mut self.runtime else { return false };
        if !idempotent {
            return true;
        }
        let producing = |request: &InFlight<ProducerAsk>| matches!(request.what, Asked::Own(ProducerAsk::Produce(_)));
        if runtime.renew_producer_id {
            if runtime.net.in_flight.values().any(producing) {
                return false;
            }
            runtime.renew_producer_id = false;
            runtime.producer_id = None;
            runtime.sequences.clear();
            for batch in runtime.accumulator.queues.values_mut().flatten() {
                batch.stamp = None;
            }
        }
        if runtime.producer_id.is_some() {
            return true;
        }
        let anything = runtime.accumulator.queues.values().any(|queue| !queue.is_empty());
        if anything && !runtime.asking_producer_id {
            let nodes: Vec<NodeId> =
                runtime.net.metadata.nodes().filter(|node| runtime.net.usable(*node, out.now)).collect();
            if let Some(node) = out.rng.pick(&nodes).copied() {
                runtime.asking_producer_id = true;
                runtime.net.ask(node, Channel::Client, Request::InitProducerId, ProducerAsk::ProducerId, out);
            }
        }
        false
    }

    /// Takes the first batch of a partition if it may go now, and says to which node.
    fn drain(
        &mut self,
        tp: TopicPartition,
        planned: &Map<NodeId, Vec<(TopicPartition, ProducerBatch)>>,
        out: &mut Effects<'_>,
    ) -> Option<(NodeId, ProducerBatch)> {
        let (linger, idempotent) = (self.config.linger_ms, self.config.idempotent());
        let in_flight_max = self.config.max_in_flight_requests_per_connection as usize;
        let max_request_size = i64::from(self.config.max_request_size);
        let runtime = self.runtime.as_mut()?;
        let queue = runtime.accumulator.queues.get(&tp)?;
        let first = queue.front()?;
        let due = if first.attempts > 0 { first.retry_at } else { first.created_at + linger };
        let full = first.attempts == 0 && (first.closed || queue.len() > 1);
        if due > out.now && !full {
            return None;
        }
        let Some((node, _)) = runtime.net.metadata.leader(tp) else {
            runtime.net.want_refresh(out);
            return None;
        };
        if !runtime.net.usable(node, out.now) || runtime.net.in_flight_to(node) >= in_flight_max {
            return None;
        }
        let planned_bytes: i64 =
            planned.get(&node).into_iter().flatten().map(|(_, b)| i64::from(b.size_in_bytes)).sum();
        if planned_bytes > 0 && planned_bytes + i64::from(first.size_in_bytes) > max_request_size {
            return None;
        }
        // One batch at a time per partition keeps the order: always with one request in flight, and for an idempotent
        // producer while a batch is being retried.
        let out_there = runtime.net.in_flight.values().any(|request| match &request.what {
            Asked::Own(ProducerAsk::Produce(batches)) => batches.iter().any(|(other, _)| *other == tp),
            Asked::Own(ProducerAsk::ProducerId) | Asked::Metadata => false,
        });
        if out_there && (in_flight_max == 1 || (idempotent && first.attempts > 0)) {
            return None;
        }
        let queue = runtime.accumulator.queues.get_mut(&tp)?;
        let mut batch = queue.pop_front()?;
        if queue.is_empty() {
            runtime.accumulator.queues.remove(&tp);
        }
        batch.closed = true;
        batch.attempts += 1;
        if batch.stamp.is_none()
            && let Some((id, epoch)) = runtime.producer_id
        {
            let next = runtime.sequences.entry(tp).or_default();
            batch.stamp = Some(ProducerStamp { id, epoch, base_sequence: *next });
            *next = increment_sequence(*next, batch.records.len() as i32);
        }
        Some((node, batch))
    }

    fn send_request(&mut self, node: NodeId, batches: Vec<(TopicPartition, ProducerBatch)>, out: &mut Effects<'_>) {
        let (acks, timeout, producer) = (self.config.acks, self.config.request_timeout_ms, self.node);
        let Some(runtime) = &mut self.runtime else { return };
        let wire = batches.iter().map(|(tp, batch)| (*tp, RecordBatch::new(batch.stamp, batch.records.clone())));
        let request = Request::Produce(Box::new(ProduceRequest { acks, timeout, batches: wire.collect() }));
        if acks == Acks::None {
            // Written to the socket is all this producer wants to know.
            runtime.net.tell(node, Channel::Client, request, out);
            for (tp, batch) in &batches {
                for record in batch.ids() {
                    let (tp, offset, leader_epoch) = (*tp, Offset::NONE, LeaderEpoch::NONE);
                    out.emit(|| Event::RecordAcked { producer, record, tp, offset, leader_epoch });
                }
            }
        } else {
            runtime.net.ask(node, Channel::Client, request, ProducerAsk::Produce(batches), out);
        }
    }

    /// When the sender has something to do next without being told.
    fn arm_sender(&mut self, out: &mut Effects<'_>) {
        let (linger, delivery) = (self.config.linger_ms, self.config.delivery_timeout_ms);
        let Some(runtime) = &mut self.runtime else { return };
        let mut next: Option<Instant> = None;
        let mut want = |at: Instant| next = Some(next.map_or(at, |known| known.min(at)));
        for (tp, queue) in &runtime.accumulator.queues {
            let Some(first) = queue.front() else { continue };
            want(first.created_at + delivery);
            let due = if first.attempts > 0 { first.retry_at } else { first.created_at + linger };
            let reachable = runtime.net.metadata.leader(*tp).map(|(node, _)| runtime.net.usable_at(node));
            if let Some(usable_at) = reachable {
                let at = due.max(usable_at);
                if at > out.now {
                    want(at);
                }
            }
        }
        for request in runtime.net.in_flight.values() {
            if let Asked::Own(ProducerAsk::Produce(batches)) = &request.what {
                batches.iter().for_each(|(_, batch)| want(batch.created_at + delivery));
            }
        }
        if next != runtime.wake_at {
            runtime.wake_at = next;
            match next {
                Some(at) => out.set_timer_at(Timer::Sender, at),
                None => out.cancel_timer(Timer::Sender),
            }
        }
    }

    /// Gives up on batches that are older than `delivery.timeout.ms`, waiting or under way.
    fn expire(&mut self, out: &mut Effects<'_>) {
        let delivery = self.config.delivery_timeout_ms;
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.wake_at.is_some() {
            // Something may be due only when the timer has run out, or was never set.
            return;
        }
        let now = out.now;
        let mut dead: Vec<(TopicPartition, ProducerBatch)> = Vec::new();
        for (tp, queue) in &mut runtime.accumulator.queues {
            while queue.front().is_some_and(|batch| batch.created_at + delivery <= now) {
                dead.extend(queue.pop_front().map(|batch| (*tp, batch)));
            }
        }
        runtime.accumulator.queues.retain(|_, queue| !queue.is_empty());
        for request in runtime.net.in_flight.values_mut() {
            if let Asked::Own(ProducerAsk::Produce(batches)) = &mut request.what {
                let (late, kept) =
                    std::mem::take(batches).into_iter().partition(|(_, batch)| batch.created_at + delivery <= now);
                *batches = kept;
                dead.extend::<Vec<_>>(late);
            }
        }
        for (tp, batch) in dead {
            let sent_before = batch.attempts > 0;
            self.fail(tp, &batch, ErrorCode::RequestTimedOut, sent_before, out);
        }
    }

    fn fail(
        &mut self,
        tp: TopicPartition,
        batch: &ProducerBatch,
        error: ErrorCode,
        maybe: bool,
        out: &mut Effects<'_>,
    ) {
        let producer = self.node;
        for record in batch.ids() {
            out.emit(|| Event::SendFailed { producer, record, tp, error, maybe_written: maybe });
        }
        if let Some(runtime) = &mut self.runtime
            && batch.stamp.is_some()
        {
            // The broker will miss this batch's sequence: what follows needs a fresh start.
            runtime.renew_producer_id = true;
        }
    }

    pub(super) fn on_response(
        &mut self,
        from: NodeId,
        correlation: CorrelationId,
        response: Response,
        out: &mut Effects<'_>,
    ) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(request) = runtime.net.answered(from, correlation) else { return };
        match (request.what, response) {
            (Asked::Metadata, Response::Metadata(response)) => {
                runtime.net.refreshed(&response, out);
                self.unblock(out);
            }
            (Asked::Own(ProducerAsk::ProducerId), Response::InitProducerId(answer)) => self.on_producer_id(&answer),
            (Asked::Own(ProducerAsk::Produce(batches)), Response::Produce(response)) => {
                for (tp, batch) in batches {
                    if let Some(verdict) = response.partitions.iter().find(|partition| partition.tp == tp) {
                        self.on_verdict(tp, batch, verdict, out);
                    }
                }
            }
            _ => {}
        }
    }

    fn on_producer_id(&mut self, answer: &InitProducerIdResponse) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.asking_producer_id = false;
        if !answer.error.is_error() {
            runtime.producer_id = Some((answer.producer_id, answer.producer_epoch));
        }
    }

    fn on_verdict(
        &mut self,
        tp: TopicPartition,
        batch: ProducerBatch,
        verdict: &PartitionProduceResponse,
        out: &mut Effects<'_>,
    ) {
        let producer = self.node;
        match verdict.error {
            ErrorCode::None => {
                for (index, record) in batch.ids().enumerate() {
                    let offset = verdict.base_offset + index as i64;
                    let leader_epoch = verdict.leader_epoch;
                    out.emit(|| Event::RecordAcked { producer, record, tp, offset, leader_epoch });
                }
            }
            error => {
                let known = verdict.current_leader;
                let moved = known.is_some_and(|(leader, epoch)| {
                    self.runtime.as_mut().is_some_and(|runtime| runtime.net.metadata.set_leader(tp, leader, epoch))
                });
                self.retry_or_fail(tp, batch, error, moved, out);
            }
        }
    }

    /// A batch was refused or not answered: again, if that may help, else its records fail.
    fn retry_or_fail(
        &mut self,
        tp: TopicPartition,
        mut batch: ProducerBatch,
        error: ErrorCode,
        leader_moved: bool,
        out: &mut Effects<'_>,
    ) {
        let producer = self.node;
        let lost_sequence = error == ErrorCode::OutOfOrderSequenceNumber && batch.stamp.is_some();
        batch.maybe_written |= !error.is_before_append();
        let in_time = batch.created_at + self.config.delivery_timeout_ms > out.now;
        let may_retry = error.is_retriable() || lost_sequence;
        if !may_retry || !in_time || i64::from(batch.attempts) > i64::from(self.config.retries) {
            return self.fail(tp, &batch, error, batch.maybe_written, out);
        }
        let attempt = batch.attempts;
        out.emit(|| Event::ProduceRetried { producer, tp, error, attempt });
        let backoff = Backoff { base: self.config.retry_backoff_ms, max: self.config.retry_backoff_max_ms };
        // A new leader is a reason to go at once (KIP-951).
        batch.retry_at =
            if leader_moved { out.now } else { out.now + backoff.after(attempt.saturating_sub(1), out.rng) };
        let Some(runtime) = &mut self.runtime else { return };
        if lost_sequence && runtime.is_next_expected(tp, &batch) {
            runtime.renew_producer_id = true;
        }
        runtime.accumulator.requeue(tp, batch);
        if error != ErrorCode::NotEnoughReplicas && !leader_moved {
            runtime.net.stale(out);
        }
    }

    pub(super) fn on_disconnected(&mut self, peer: NodeId, channel: Option<Channel>, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let lost = runtime.net.disconnected(peer, channel, out);
        self.on_lost(lost, out);
        if let Some(runtime) = &mut self.runtime {
            runtime.net.stale(out);
        }
    }

    pub(super) fn on_request_timeouts(&mut self, out: &mut Effects<'_>) {
        let client = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let lost = runtime.net.timed_out(out);
        for request in &lost {
            let kind = match &request.what {
                Asked::Metadata => MessageKind::Metadata,
                Asked::Own(ProducerAsk::ProducerId) => MessageKind::InitProducerId,
                Asked::Own(ProducerAsk::Produce(_)) => MessageKind::Produce,
            };
            let to = request.to;
            out.emit(|| Event::RequestTimedOut { client, to, kind });
        }
        self.on_lost(lost, out);
    }

    /// Requests that will not be answered: the writes among them may or may not have happened.
    fn on_lost(&mut self, lost: Vec<InFlight<ProducerAsk>>, out: &mut Effects<'_>) {
        for request in lost {
            match request.what {
                Asked::Metadata => {
                    if let Some(runtime) = &mut self.runtime {
                        runtime.net.refresh_failed(out);
                    }
                }
                Asked::Own(ProducerAsk::ProducerId) => {
                    if let Some(runtime) = &mut self.runtime {
                        runtime.asking_producer_id = false;
                    }
                }
                Asked::Own(ProducerAsk::Produce(batches)) => {
                    for (tp, batch) in batches {
                        self.retry_or_fail(tp, batch, ErrorCode::NetworkException, false, out);
                    }
                }
            }
        }
    }
}

impl super::producer::Runtime {
    /// Whether no earlier batch of the partition is still unsettled: then a gap cannot close by itself.
    fn is_next_expected(&self, tp: TopicPartition, batch: &ProducerBatch) -> bool {
        let own = batch.stamp.map_or(0, |stamp| stamp.base_sequence);
        let earlier = |other: &ProducerBatch| other.stamp.is_some_and(|stamp| stamp.base_sequence < own);
        let queued = self.accumulator.queues.get(&tp).into_iter().flatten().any(earlier);
        let flying = self.net.in_flight.values().any(|request| match &request.what {
            Asked::Own(ProducerAsk::Produce(batches)) => {
                batches.iter().any(|(other_tp, other)| *other_tp == tp && earlier(other))
            }
            Asked::Own(ProducerAsk::ProducerId) | Asked::Metadata => false,
        });
        !queued && !flying
    }
}
