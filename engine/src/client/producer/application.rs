//! The application's thread: it calls `send`, and may have to wait there (`KafkaProducer.doSend`).

use super::accumulator::Appended;
use super::actor::Producer;
use super::batch::ProducerBatch;
use super::transaction::ClientTransactionState;
use crate::client::partitioner::Topic;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{RecordId, TopicPartition};
use crate::protocol::ErrorCode;
use crate::storage::{Record, RecordBody, RecordKey};
use crate::time::Instant;
use std::collections::VecDeque;

/// Most calls the thread makes before others have their turn.
const CALLS_PER_TURN: u32 = 1_000;

/// What the application's thread is doing.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Application {
    /// Sends a person asked for.
    pub owed: u32,
    /// Keys a person wants to be sent without a value.
    pub tombstones: VecDeque<String>,
    /// The `send` that has not returned.
    pub pending: Option<PendingSend>,
    /// Sending synchronously: the record whose verdict it waits for.
    pub awaiting: Option<RecordId>,
    /// Inside `flush()`: everything that waits is ready, and nothing new is sent until all have their verdicts.
    pub flushing: bool,
    /// Records since the last `flush()`.
    pub unflushed: u32,
    /// What the program beside it wants sent: a record with this key.
    pub given: Option<Option<RecordKey>>,
    /// Sends that failed.
    pub failures: u32,
    /// Inside `close()`: a flush, and then the end.
    pub closing: bool,
    /// When the next record is due.
    pub wake_at: Option<Instant>,
}

/// A `send` that waits for metadata or memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PendingSend {
    pub record: RecordId,
    key: Option<String>,
    /// Its value is null.
    tombstone: bool,
    /// When `send` was called: `max.block.ms` counts from here.
    pub began: Instant,
    /// Chosen already; it waits for memory.
    partition: Option<i32>,
    /// Whether the world has been told that it waits.
    told: bool,
}

impl PendingSend {
    /// Its partition is chosen: what is missing is memory.
    pub fn waits_for_memory(&self) -> bool {
        self.partition.is_some()
    }
}

impl Application {
    /// The sender is to hold nothing back.
    pub fn flushes(&self) -> bool {
        self.flushing || self.closing
    }
}

impl Producer {
    /// Lets the thread go on as far as it can. True when it did anything.
    pub(super) fn run_application(&mut self, out: &mut Effects<'_>) -> bool {
        for calls in 0..CALLS_PER_TURN {
            if !self.next_call(out) {
                return calls > 0;
            }
        }
        self.wake_application(out.now, out);
        true
    }

    fn wake_application(&mut self, at: Instant, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.application.wake_at != Some(at) {
            runtime.application.wake_at = Some(at);
            out.set_timer_at(Timer::Workload, at);
        }
    }

    /// One call of the program, or the next part of one that waits. False when the thread can do nothing now.
    fn next_call(&mut self, out: &mut Effects<'_>) -> bool {
        let Some(runtime) = &mut self.runtime else { return false };
        let application = &mut runtime.application;
        if application.pending.is_some() {
            return self.go_on_sending(out);
        }
        if application.awaiting.is_some() {
            return false;
        }
        let idle = runtime.accumulator.batches.is_empty();
        if application.flushing {
            application.flushing = !idle;
            return idle;
        }
        if application.closing
            && let Some(transaction) = &runtime.transaction
        {
            match transaction.state {
                ClientTransactionState::InTransaction | ClientTransactionState::AbortableError => {
                    self.end_transaction(false, out);
                    return true;
                }
                ClientTransactionState::Committing | ClientTransactionState::Aborting => return false,
                _ => {}
            }
        }
        if application.closing {
            if idle {
                out.exit();
                self.runtime = None;
            }
            return false;
        }
        if self.is_driven() {
            let Some(key) = self.runtime.as_mut().and_then(|runtime| runtime.application.given.take()) else {
                return false;
            };
            self.sent += 1;
            self.begin_send(key.as_deref().map(str::to_owned), false, out);
            return true;
        }
        if let Some(moved) = self.transaction_call(out) {
            return moved;
        }
        let Some(runtime) = &mut self.runtime else { return false };
        let application = &mut runtime.application;
        if self.workload.flush_every.is_some_and(|every| application.unflushed >= every.max(1)) {
            application.unflushed = 0;
            application.flushing = true;
            return true;
        }
        let tombstone = application.tombstones.pop_front();
        if tombstone.is_some() {
            // A person's wish, like those that are owed.
        } else if application.owed > 0 {
            application.owed -= 1;
        } else {
            match self.workload.due(self.sent + 1) {
                Some(at) if at > out.now => {
                    self.wake_application(at, out);
                    return false;
                }
                Some(_) => {}
                None => return false,
            }
        }
        if self.runtime.as_ref().is_some_and(|runtime| runtime.transaction.is_some()) && !self.in_transaction() {
            self.begin_transaction(out);
        }
        self.sent += 1;
        let is_tombstone = tombstone.is_some();
        let key = tombstone.or_else(|| self.workload.key(self.sent).map(str::to_owned));
        self.begin_send(key, is_tombstone, out);
        true
    }

    fn in_transaction(&self) -> bool {
        let transaction = self.runtime.as_ref().and_then(|runtime| runtime.transaction.as_ref());
        transaction.is_some_and(|transaction| transaction.state == ClientTransactionState::InTransaction)
    }

    /// What the program does about its transaction before it sends the next record; none when it may send. False
    /// when it has to wait.
    fn transaction_call(&mut self, out: &mut Effects<'_>) -> Option<bool> {
        let plan = self.workload.transaction;
        let runtime = self.runtime.as_mut()?;
        let transaction = runtime.transaction.as_ref()?;
        match transaction.state {
            ClientTransactionState::Ready => None,
            ClientTransactionState::Initializing
            | ClientTransactionState::Committing
            | ClientTransactionState::Aborting => Some(false),
            ClientTransactionState::AbortableError => {
                self.end_transaction(false, out);
                Some(true)
            }
            // There is only close() left.
            ClientTransactionState::FatalError => {
                out.exit();
                self.runtime = None;
                Some(false)
            }
            ClientTransactionState::InTransaction if transaction.records < plan.records => None,
            ClientTransactionState::InTransaction => {
                let at = transaction.last_send + plan.hold;
                if at > out.now {
                    self.wake_application(at, out);
                    return Some(false);
                }
                let aborts = plan.abort_every > 0 && transaction.number.is_multiple_of(plan.abort_every);
                self.end_transaction(!aborts, out);
                Some(true)
            }
        }
    }

    fn begin_send(&mut self, key: Option<String>, tombstone: bool, out: &mut Effects<'_>) {
        let record = RecordId::new(self.node, self.sent);
        let pending = PendingSend { record, key, tombstone, began: out.now, partition: None, told: false };
        if let Some(runtime) = &mut self.runtime {
            runtime.application.unflushed += 1;
            runtime.application.pending = Some(pending);
        }
    }

    /// Inside `send`: metadata, size, partition, memory, in this order. False while it has to wait.
    fn go_on_sending(&mut self, out: &mut Effects<'_>) -> bool {
        let (producer, max_block) = (self.node, self.config.max_block_ms);
        let (named, synchronous) = (self.workload.partition, self.workload.sync);
        let limits = i64::from(self.config.max_request_size).min(self.config.buffer_memory);
        let Some(runtime) = &mut self.runtime else { return false };
        let Some(mut pending) = runtime.application.pending.take() else { return false };
        let in_time = pending.began + max_block > out.now;
        runtime.net.want_topics(self.config.metadata_max_idle_ms, out);
        let mut topic = Topic::of(&runtime.net.metadata, self.topic);
        if let Some(rack) = self.config.own_rack() {
            topic.prefer_rack(&runtime.net.metadata, self.topic, rack);
        }
        if topic.count <= named.unwrap_or(0) {
            runtime.net.want_refresh(out);
            return self.wait_or_fail(pending, in_time, ErrorCode::RequestTimedOut, out);
        }
        let key = pending.key.as_deref();
        let id = pending.record;
        let body = match key {
            Some(key) if pending.tombstone => RecordBody::Tombstone { id, key: key.into() },
            _ => RecordBody::User { id, key: key.map(Into::into), size: self.workload.size },
        };
        let record = Record { timestamp: out.now.as_millis(), body };
        if i64::from(ProducerBatch::upper_bound(&record)) > limits {
            self.fail_send(pending, ErrorCode::MessageTooLarge, out);
            return true;
        }
        let sticky = named.is_none() && runtime.partitioner.is_sticky(key);
        let fixed = named.or(pending.partition.filter(|_| !sticky));
        let mut partition = fixed.unwrap_or_else(|| runtime.partitioner.choose(key, &topic, out));
        let asks_again = fixed.is_none() && runtime.partitioner.asks_twice();
        let mut tp = TopicPartition::new(self.topic, partition);
        let transactional = runtime.transaction.is_some();
        let mut appended = runtime.accumulator.append(tp, &record, !asks_again, transactional, out.now);
        if let Appended::NewBatchNeeded = appended {
            partition = runtime.partitioner.choose(key, &topic, out);
            tp = TopicPartition::new(self.topic, partition);
            appended = runtime.accumulator.append(tp, &record, true, transactional, out.now);
        }
        match appended {
            Appended::NewBatchNeeded | Appended::NoMemory => {
                pending.partition = Some(partition);
                self.wait_or_fail(pending, in_time, ErrorCode::BufferExhausted, out)
            }
            Appended::Bytes(bytes) => {
                if sticky {
                    let all_full = runtime.accumulator.all_full(tp);
                    runtime.partitioner.produced(bytes, all_full, &topic, out);
                }
                if let Some(transaction) = &mut runtime.transaction {
                    transaction.add_partition(tp);
                    transaction.records += 1;
                    transaction.last_send = out.now;
                }
                runtime.application.awaiting = synchronous.then_some(pending.record);
                let PendingSend { record, key, .. } = pending;
                out.emit(|| Event::RecordSent { producer, record, tp, key });
                true
            }
        }
    }

    fn wait_or_fail(&mut self, mut pending: PendingSend, in_time: bool, why: ErrorCode, out: &mut Effects<'_>) -> bool {
        if !in_time {
            self.fail_send(pending, why, out);
            return true;
        }
        let (producer, record) = (self.node, pending.record);
        if why == ErrorCode::BufferExhausted && !std::mem::replace(&mut pending.told, true) {
            out.emit(|| Event::SendBlocked { producer, record });
        }
        if let Some(runtime) = &mut self.runtime {
            runtime.application.pending = Some(pending);
        }
        false
    }

    /// `send` fails before the record is in any batch: through the callback, as all API errors do.
    fn fail_send(&mut self, pending: PendingSend, error: ErrorCode, out: &mut Effects<'_>) {
        let (producer, tp) = (self.node, TopicPartition::NONE);
        let PendingSend { record, key, .. } = pending;
        if let Some(runtime) = &mut self.runtime {
            runtime.application.failures += 1;
        }
        out.emit(|| Event::RecordSent { producer, record, tp, key });
        out.emit(|| Event::SendFailed { producer, record, tp, error, maybe_written: false });
    }
}
