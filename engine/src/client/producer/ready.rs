//! Which brokers have something to be sent, and what of it (`RecordAccumulator.ready`, `drain`).

use super::actor::Producer;
use super::batch::{BatchId, ProducerBatch};
use super::transaction::Transaction;
use crate::collections::Set;
use crate::effect::Effects;
use crate::ids::{NodeId, TopicPartition};
use crate::time::Instant;

impl Producer {
    /// The brokers that lead a partition whose first batch may go. One such partition opens its broker for all.
    pub(super) fn ready_nodes(&mut self, out: &mut Effects<'_>) -> Set<NodeId> {
        let mut ready = Set::new();
        let mut unknown = false;
        let Some(runtime) = &self.runtime else { return ready };
        for (tp, queue) in &runtime.accumulator.queues {
            let Some(first) = queue.front().and_then(|id| runtime.accumulator.batches.get(id)) else { continue };
            let Some((node, _)) = runtime.net.metadata.leader(*tp) else {
                unknown = true;
                continue;
            };
            if !ready.contains(&node) && self.ready_at(first, queue.len()) <= out.now && !self.is_muted(*tp) {
                ready.insert(node);
            }
        }
        self.weigh_partitions();
        if let Some(runtime) = &mut self.runtime
            && unknown
        {
            runtime.net.want_topics(self.config.metadata_max_idle_ms, out);
            runtime.net.want_refresh(out);
        }
        let timeout = self.config.partitioner_availability_timeout_ms;
        let in_flight_max = self.config.max_in_flight_requests_per_connection as usize;
        let Some(runtime) = &mut self.runtime else { return Set::new() };
        ready.retain(|node| {
            let open = runtime.net.usable(*node, out.now) && runtime.net.in_flight_to(*node) < in_flight_max;
            if timeout > crate::time::Duration::ZERO {
                let times = runtime.drained.entry(*node).or_insert((out.now, out.now));
                times.0 = out.now;
                if open {
                    times.1 = out.now;
                }
            }
            open
        });
        ready
    }

    /// When the first batch of a queue may go, as far as time decides.
    pub(super) fn ready_at(&self, first: &ProducerBatch, queued: usize) -> Instant {
        let Some(runtime) = &self.runtime else { return Instant::ZERO };
        if first.attempts > 0 {
            let epoch = runtime.net.metadata.epoch(first.tp);
            // A new leader is a reason to go at once (KIP-951).
            return if epoch > first.leader_epoch { Instant::ZERO } else { first.retry_at };
        }
        let exhausted = runtime.application.pending.as_ref().is_some_and(|pending| pending.waits_for_memory());
        let completing = runtime.transaction.as_ref().is_some_and(Transaction::is_completing);
        if first.closed || queued > 1 || exhausted || completing || runtime.application.flushes() {
            return Instant::ZERO;
        }
        first.created_at + self.config.linger_ms
    }

    /// With one request in flight, a partition waits until its batch is back: that keeps the order.
    fn is_muted(&self, tp: TopicPartition) -> bool {
        self.config.max_in_flight_requests_per_connection == 1
            && self.runtime.as_ref().is_some_and(|runtime| runtime.accumulator.is_out(tp))
    }

    /// The sticky partitioner learns how much waits where, once every partition has had something.
    fn weigh_partitions(&mut self) {
        let (adaptive, timeout) =
            (self.config.partitioner_adaptive_partitioning_enable, self.config.partitioner_availability_timeout_ms);
        let topic = self.topic;
        let Some(runtime) = &mut self.runtime else { return };
        let all = runtime.accumulator.queues.len();
        if !adaptive || all < 2 || (all as i32) < runtime.net.metadata.partition_count(topic) {
            return runtime.partitioner.sticky.forget_load();
        }
        let mut waiting = Vec::with_capacity(all);
        let own = self.config.own_rack();
        let near = |tp: TopicPartition| own.is_some_and(|rack| runtime.net.metadata.led_in(tp, rack));
        let any_near = runtime.accumulator.queues.keys().any(|tp| near(*tp));
        for (tp, queue) in &runtime.accumulator.queues {
            let Some((node, _)) = runtime.net.metadata.leader(*tp) else { continue };
            if any_near && !near(*tp) {
                continue;
            }
            let stuck = |(ready, drained): &(Instant, Instant)| ready.since(*drained) > timeout;
            if timeout > crate::time::Duration::ZERO && runtime.drained.get(&node).is_some_and(stuck) {
                continue;
            }
            waiting.push((tp.partition, queue.len() as u32));
        }
        runtime.partitioner.sticky.update_load(&waiting, all);
    }

    /// At most one batch per partition for one request to `node`, beginning where the last round ended.
    pub(super) fn drain(&mut self, node: NodeId, out: &mut Effects<'_>) -> Vec<BatchId> {
        let max_request_size = i64::from(self.config.max_request_size);
        let mut drained = Vec::new();
        let Some(runtime) = &self.runtime else { return drained };
        let led = |tp: &TopicPartition| runtime.net.metadata.leader(*tp).is_some_and(|(leader, _)| leader == node);
        let partitions: Vec<TopicPartition> = runtime.accumulator.queues.keys().copied().filter(led).collect();
        let start = runtime.accumulator.drain_index.get(&node).copied().unwrap_or(0) % partitions.len().max(1);
        let (mut size, mut index) = (0, start);
        for _ in 0..partitions.len() {
            let at = index;
            index = (index + 1) % partitions.len();
            self.remember_drain(node, at);
            let tp = partitions[at];
            let Some(runtime) = &self.runtime else { return drained };
            let Some(first) = runtime.accumulator.queue(tp).next() else { continue };
            if self.is_muted(tp) || (first.attempts > 0 && self.ready_at(first, 1) > out.now) {
                continue;
            }
            let bytes = i64::from(first.size_in_bytes);
            if size + bytes > max_request_size && !drained.is_empty() {
                break;
            }
            // One partition that must wait for the sake of its sequence ends the round for the whole broker.
            if self.must_hold_back(tp, first) {
                break;
            }
            let Some((id, bytes)) = self.take(tp) else { continue };
            size += i64::from(bytes);
            drained.push(id);
        }
        drained
    }

    fn remember_drain(&mut self, node: NodeId, index: usize) {
        if let Some(runtime) = &mut self.runtime {
            runtime.accumulator.drain_index.insert(node, index);
        }
    }

    fn must_hold_back(&self, tp: TopicPartition, first: &ProducerBatch) -> bool {
        let Some(runtime) = &self.runtime else { return true };
        if !self.config.idempotent() {
            return false;
        }
        if runtime.transaction.as_ref().is_some_and(|transaction| !transaction.may_send_to(tp)) {
            return true;
        }
        let sequence = first.stamp.map(|stamp| stamp.base_sequence);
        runtime.sequences.id.is_none() || runtime.sequences.holds_back(tp, sequence, &runtime.accumulator)
    }

    /// Takes a partition's first batch out of its queue and closes it; its size is final now.
    fn take(&mut self, tp: TopicPartition) -> Option<(BatchId, u32)> {
        let idempotent = self.config.idempotent();
        let runtime = self.runtime.as_mut()?;
        let id = runtime.accumulator.take_first(tp)?;
        runtime.pack(id, &self.config);
        let leader_epoch = runtime.net.metadata.epoch(tp);
        let batch = runtime.accumulator.batches.get_mut(&id)?;
        batch.attempts += 1;
        batch.leader_epoch = leader_epoch;
        if idempotent && batch.stamp.is_none() {
            batch.stamp = runtime.sequences.assign(tp, id, batch.records.len() as i32);
        }
        Some((id, batch.size_in_bytes))
    }
}
