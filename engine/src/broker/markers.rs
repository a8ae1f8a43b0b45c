//! Transaction markers: the coordinator sends them, the leaders write them (`TransactionMarkerChannelManager`,
//! `KafkaApis.handleWriteTxnMarkersRequest`).

use super::actor::Broker;
use super::controller_channel::{Asked, Pending};
use super::produce::{Appended, DelayedWrite, Waiter};
use crate::collections::Map;
use crate::coordinator::ReplyTo;
use crate::effect::{Effects, Timer};
use crate::event::{Event, TransactionState};
use crate::ids::{NodeId, Offset, ProducerId, TopicPartition, TransactionalId};
use crate::planted::{Planted, planted};
use crate::protocol::{Channel, ErrorCode, Request, Response, WriteTxnMarkersRequest, WriteTxnMarkersResponse};
use crate::storage::{EndTxnMarker, MarkerRule, RecordBatch};
use crate::time::Duration;

/// Pause before markers that found no leader, or an unwilling one, are sent again.
pub(super) const MARKER_RETRY: Duration = Duration::from_millis(100);

impl Broker {
    /// Sends the markers of a decided transaction to the leaders of its partitions; without any it is complete.
    pub(super) fn send_markers(&mut self, id: TransactionalId, out: &mut Effects<'_>) {
        let coordinator_epoch =
            self.transaction_tp(id).and_then(|tp| self.replicas.get(&tp)).map_or(-1, |replica| replica.leader_epoch.0);
        let Some(runtime) = &self.runtime else { return };
        let Some(metadata) = runtime.transactions.get(id) else { return };
        let marker = EndTxnMarker { committed: metadata.state == TransactionState::PrepareCommit, coordinator_epoch };
        // When the epochs were used up the markers still close the old producer's transaction.
        let (producer_id, producer_epoch) = if metadata.v2 && metadata.producer_epoch == 0 {
            (metadata.previous_producer_id, i16::MAX)
        } else {
            (metadata.producer_id, metadata.producer_epoch)
        };
        let v2 = metadata.v2;
        let mut by_leader: Map<NodeId, Vec<TopicPartition>> = Map::new();
        let (mut again, mut gone) = (false, Vec::new());
        for tp in runtime.transactions.unmarked(id) {
            if !runtime.image.topics.contains_key(&tp.topic) {
                gone.push(tp);
                continue;
            }
            let leader = runtime.image.partition(tp).and_then(|partition| partition.leader.some());
            match leader.and_then(|leader| runtime.image.brokers.get(&leader)) {
                Some(broker) => by_leader.entry(broker.node).or_default().push(tp),
                None => again = true,
            }
        }
        for (node, partitions) in by_leader {
            let request = WriteTxnMarkersRequest { producer_id, producer_epoch, marker, v2, partitions };
            let pending = Pending { to: node, sent_at: out.now, what: Asked::Markers(id) };
            self.ask_broker(node, Channel::Markers, Request::WriteTxnMarkers(Box::new(request)), pending, out);
        }
        if again {
            out.set_timer(Timer::Markers, MARKER_RETRY);
        }
        // A topic that was deleted needs no marker.
        for tp in gone {
            self.on_marked(id, tp, out);
        }
        let outcome = self.with_runtime_or(|runtime| runtime.transactions.complete(id, out.now));
        self.carry_out_transaction(outcome, out);
    }

    fn on_marked(&mut self, id: TransactionalId, tp: TopicPartition, out: &mut Effects<'_>) {
        let outcome = self.with_runtime_or(|runtime| runtime.transactions.marked(id, tp, out.now));
        self.carry_out_transaction(outcome, out);
    }

    pub(super) fn on_markers_answer(
        &mut self,
        id: TransactionalId,
        answer: &WriteTxnMarkersResponse,
        out: &mut Effects<'_>,
    ) {
        for (tp, error) in &answer.partitions {
            match error {
                ErrorCode::None => self.on_marked(id, *tp, out),
                // The partition has seen a newer epoch or coordinator: this one has nothing to say any more.
                ErrorCode::InvalidProducerEpoch | ErrorCode::TransactionCoordinatorFenced => {
                    self.with_runtime(|runtime| runtime.transactions.give_up_marking(id));
                    let outcome = self.with_runtime_or(|runtime| runtime.transactions.complete(id, out.now));
                    self.carry_out_transaction(outcome, out);
                }
                _ => out.set_timer(Timer::Markers, MARKER_RETRY),
            }
        }
    }

    pub(super) fn on_markers_timer(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        for id in runtime.transactions.ending() {
            self.send_markers(id, out);
        }
    }

    /// A leader writes markers, and answers when they are replicated.
    pub(super) fn on_write_markers(&mut self, to: ReplyTo, request: &WriteTxnMarkersRequest, out: &mut Effects<'_>) {
        let rule = if request.v2 { MarkerRule::Greater } else { MarkerRule::AtLeast };
        let mut response = WriteTxnMarkersResponse { partitions: Vec::with_capacity(request.partitions.len()) };
        let mut required = Vec::new();
        for (index, tp) in request.partitions.iter().enumerate() {
            if planted(Planted::MarkerSkipped) && index == 1 {
                response.partitions.push((*tp, ErrorCode::None));
                continue;
            }
            let written =
                self.append_marker(*tp, request.producer_id, request.producer_epoch, request.marker, rule, out);
            let error = written.as_ref().err().copied().unwrap_or(ErrorCode::None);
            response.partitions.push((*tp, error));
            required.extend(written.ok().map(|appended| (*tp, appended.required)));
        }
        for (tp, offset) in &required {
            if tp.topic == self.offsets_topic {
                let waiter = Waiter::Offsets { producer: request.producer_id, committed: request.marker.committed };
                self.await_write(waiter, &[(*tp, *offset)]);
            }
        }
        for (tp, _) in &required {
            self.after_append(*tp, out);
        }
        let open: Vec<(TopicPartition, Offset)> = required
            .into_iter()
            .filter(|(tp, offset)| self.replicas.get(tp).is_none_or(|replica| replica.high_watermark < *offset))
            .collect();
        if open.is_empty() {
            return self.respond(to, Response::WriteTxnMarkers(Box::new(response)), out);
        }
        let waiter = Waiter::Markers { to, missing: open.len() as u32, response };
        let deadline = out.now + self.config.replica_socket_timeout_ms;
        self.park_write(DelayedWrite { deadline, waiter }, &open, out);
    }

    fn append_marker(
        &mut self,
        tp: TopicPartition,
        id: ProducerId,
        epoch: i16,
        marker: EndTxnMarker,
        rule: MarkerRule,
        out: &mut Effects<'_>,
    ) -> Result<Appended, ErrorCode> {
        let broker = self.id;
        let batch = RecordBatch::of_marker(id, epoch, marker, out.now.as_millis());
        let replica = self.replicas.get(&tp).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let leadership = replica.leadership().ok_or(ErrorCode::NotLeaderOrFollower)?;
        if leadership.isr.committed.len() < replica.effective_min_isr() {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        match replica.log.producers().check_marker(&batch, rule) {
            ErrorCode::None => {}
            error => return Err(error),
        }
        let appended = self.store_as_leader(tp, batch, out);
        if let (Ok(appended), committed) = (&appended, marker.committed) {
            let offset = appended.base_offset;
            out.emit(|| Event::MarkerWritten { broker, tp, id, committed, offset });
        }
        appended
    }
}
