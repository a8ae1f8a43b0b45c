//! What clients invoked and were told.

use super::tracer::{OpenPoll, Tracer};
use crate::audit::Guarantee;
use crate::event::{Event, PositionReason};
use crate::fact::Fact;
use crate::ids::*;
use crate::protocol::ErrorCode;

impl Tracer {
    /// Numbers a send for good.
    fn name_send(&mut self, record: RecordId, op: u64) {
        let of_producer = self.operations.entry(record.producer()).or_default();
        let index = record.number() as usize;
        if of_producer.len() <= index {
            of_producer.resize(index + 1, 0);
        }
        of_producer[index] = op;
    }

    /// The operation of a send.
    pub(super) fn operation_of(&self, record: RecordId) -> Option<u64> {
        let op = *self.operations.get(&record.producer())?.get(record.number() as usize)?;
        (op > 0).then_some(op)
    }

    pub(super) fn client_event(&mut self, event: Event) {
        match event {
            Event::RecordSent { producer, record, tp, key } if tp != TopicPartition::NONE => {
                let op = self.operation();
                self.name_send(record, op);
                self.sends.insert(record, op);
                let line = self.line("invoke").int("op", op as i64).text("c", self.directory.node_name(producer));
                let line =
                    line.text("f", "send").tp("tp", tp).text("v", &self.value(record)).maybe("k", key.as_deref());
                self.put(line);
                self.busy();
            }
            Event::RecordAcked { producer, record, tp, offset, leader_epoch } => {
                let Some(op) = self.sends.remove(&record) else { return };
                let line = self.line("ok").int("op", op as i64).text("c", self.directory.node_name(producer));
                let line = line.text("f", "send").tp("tp", tp).int("off", offset.0).int("le", leader_epoch.0);
                self.put(line);
                self.busy();
            }
            Event::SendFailed { producer, record, error, maybe_written, .. } => {
                let Some(op) = self.sends.remove(&record) else { return };
                let outcome = if maybe_written || error == ErrorCode::RequestTimedOut { "info" } else { "fail" };
                let line = self.line(outcome).int("op", op as i64).text("c", self.directory.node_name(producer));
                self.put(line.text("f", "send").text("err", error.name()));
                self.busy();
            }
            Event::PartitionsAssigned { client, group, generation, partitions } => {
                self.generations.insert(client, generation);
                self.rebalanced(client, group, &partitions, &[], &[]);
            }
            Event::PartitionsRevoked { client, group, partitions, lost } => {
                if lost {
                    self.generations.insert(client, Generation::NONE);
                    self.rebalanced(client, group, &[], &[], &partitions);
                } else {
                    self.rebalanced(client, group, &[], &partitions, &[]);
                }
            }
            Event::PositionSet { client, tp, to, why, .. } => self.positioned(client, tp, to, why),
            _ => {}
        }
    }

    fn generation(&self, client: NodeId) -> Generation {
        self.generations.get(&client).copied().unwrap_or(Generation::NONE)
    }

    fn rebalanced(
        &mut self,
        client: NodeId,
        group: GroupId,
        assigned: &[TopicPartition],
        revoked: &[TopicPartition],
        lost: &[TopicPartition],
    ) {
        let line = self.line("rebalance").text("c", self.directory.node_name(client));
        let line = line.text("group", self.directory.group_name(group)).int("gen", self.generation(client).0);
        self.put(line.tps("revoked", revoked).tps("assigned", assigned).tps("lost", lost));
        self.busy();
    }

    fn positioned(&mut self, client: NodeId, tp: TopicPartition, to: Offset, why: PositionReason) {
        let name = match why {
            PositionReason::Committed => "committed",
            PositionReason::ResetEarliest => "reset-earliest",
            PositionReason::ResetLatest => "reset-latest",
            PositionReason::ResetByDuration => "reset-by-duration",
            PositionReason::Seek => "seek",
            PositionReason::Truncation => "truncation",
        };
        if why == PositionReason::Seek {
            let op = self.operation() as i64;
            let line = self.line("invoke").int("op", op).text("c", self.directory.node_name(client));
            self.put(line.text("f", "seek").tp("tp", tp).int("to", to.0));
            let line = self.line("ok").int("op", op).text("c", self.directory.node_name(client)).text("f", "seek");
            self.put(line);
        }
        let line = self.line("position").text("c", self.directory.node_name(client)).tp("tp", tp);
        self.put(line.int("to", to.0).text("why", name));
        self.busy();
    }

    /// A consumer started: its program subscribes at once.
    pub(super) fn subscribed(&mut self, client: NodeId) {
        let op = self.operation() as i64;
        self.generations.insert(client, Generation::NONE);
        let topics = self.subscriptions.get(&client).cloned().unwrap_or_default();
        let line = self.line("invoke").int("op", op).text("c", self.directory.node_name(client));
        self.put(line.text("f", "subscribe").texts("topics", topics.iter().map(String::as_str)));
        let line = self.line("ok").int("op", op).text("c", self.directory.node_name(client));
        self.put(line.text("f", "subscribe"));
    }

    /// One partition's part of what a `poll` returns.
    pub(super) fn polled(&mut self, event: Event) {
        let Event::RecordsPolled { client, tp, records, position, .. } = event else { return };
        if self.poll.as_ref().is_some_and(|open| open.client != client) {
            self.close_poll();
        }
        let open = self.poll.get_or_insert_with(|| OpenPoll { client, records: Vec::new(), positions: Vec::new() });
        open.records.extend(records.into_iter().map(|(offset, record)| (tp, offset, record)));
        match open.positions.iter_mut().find(|(known, _)| *known == tp) {
            Some(known) => known.1 = position,
            None => open.positions.push((tp, position)),
        }
    }

    /// Writes the `poll` whose parts have come, and what had to wait for it.
    pub(super) fn close_poll(&mut self) {
        let Some(poll) = self.poll.take() else { return };
        let op = self.operation() as i64;
        let line = self.line("invoke").int("op", op).text("c", self.directory.node_name(poll.client));
        self.put(line.text("f", "poll"));
        let records: Vec<(TopicPartition, Offset, String)> =
            poll.records.iter().map(|(tp, offset, record)| (*tp, *offset, self.value(*record))).collect();
        let line = self.line("ok").int("op", op).text("c", self.directory.node_name(poll.client)).text("f", "poll");
        let line = line.int("gen", self.generation(poll.client).0);
        let line = line.list("recs", records, |item, (tp, offset, value)| item.record(tp, offset, &value));
        self.put(line.positions("pos", poll.positions));
        self.busy();
        for event in std::mem::take(&mut self.held_back) {
            self.guarantee(event);
        }
    }

    pub(super) fn commit_fact(&mut self, fact: Fact) {
        match fact {
            Fact::CommitInvoked { client, commit, generation, offsets, auto, group } => {
                let op = self.operation();
                self.commits.insert((client, commit), op);
                let changed = offsets.iter().any(|(tp, offset)| self.committed.get(&(group, *tp)) != Some(offset));
                let line = self.line("invoke").int("op", op as i64).text("c", self.directory.node_name(client));
                let line = line.text("f", "commitOffsets").positions("offs", offsets).int("gen", generation.0);
                self.put(if auto { line.flag("auto", true) } else { line });
                if changed {
                    self.busy();
                }
            }
            Fact::CommitReturned { client, commit, error, maybe_written } => {
                let Some(op) = self.commits.remove(&(client, commit)) else { return };
                let outcome = match (error, maybe_written) {
                    (ErrorCode::None, _) => "ok",
                    (_, true) => "info",
                    (_, false) => "fail",
                };
                let line = self.line(outcome).int("op", op as i64).text("c", self.directory.node_name(client));
                let line = line.text("f", "commitOffsets");
                self.put(if error.is_error() { line.text("err", error.name()) } else { line });
            }
            _ => {}
        }
    }

    /// A client's process is gone: nobody will ever know what became of what it had asked for.
    pub(super) fn forget_operations(&mut self, client: NodeId) {
        let mut open: Vec<(u64, &str)> = Vec::new();
        open.extend(self.sends.iter().filter(|(record, _)| record.producer() == client).map(|(_, op)| (*op, "send")));
        open.extend(self.commits.iter().filter(|((node, _), _)| *node == client).map(|(_, op)| (*op, "commitOffsets")));
        self.sends.retain(|record, _| record.producer() != client);
        self.commits.retain(|(node, _), _| *node != client);
        self.generations.remove(&client);
        let open = crate::collections::sorted_by_number(&open, |(op, _)| *op);
        for (op, kind) in open {
            let line = self.line("info").int("op", op as i64).text("c", self.directory.node_name(client));
            self.put(line.text("f", kind).text("err", "CLIENT_STOPPED"));
        }
    }

    /// The engine's own announcement.
    pub(super) fn guarantee(&mut self, event: Event) {
        let Event::GuaranteeGivenUp { guarantee, tp, record, offset, group, back, because } = event else { return };
        // The format has no line for it: what a coordinator's log lost stands in its `truncate` and `role` lines.
        if guarantee == Guarantee::AckedWriteLost && record.is_none() {
            return;
        }
        let line = self.line("guarantee").text("g", guarantee.name());
        let line = match group {
            Some(group) => line.text("group", self.directory.group_name(group)),
            None => line,
        };
        let line = line.tp("tp", tp);
        let line = match record.and_then(|record| self.operation_of(record)) {
            Some(op) => line.int("op", op as i64),
            None => line,
        };
        let line = match offset {
            Some(offset) => line.int("off", offset.0),
            None => line,
        };
        let line = line.texts("because", because.iter().map(|reason| reason.name()));
        self.put(if back { line.flag("back", true) } else { line });
        self.busy();
    }
}
