//! Consume, process, produce: a program that makes records of the records it reads, and writes them to another topic.
//!
//! With a `transactional.id` each batch `poll` returns is one transaction: begin, send, `sendOffsetsToTransaction` with the
//! group's metadata, commit; what was read and what was written count together, or neither does. After an abort the
//! program goes back to the committed offsets. Without one it flushes, and then commits as its commit mode says.

use super::consumer::{CommitMode, Consumer};
use super::consumer_runtime::{Activity, InHand};
use super::producer::{ClientTransactionState, Producer};
use crate::collections::Map;
use crate::effect::{Effects, Input, Timer};
use crate::event::Event;
use crate::ids::{Generation, MemberId, Offset, RecordId, TopicPartition};
use crate::protocol::{Channel, CommitOffset, OffsetCommitRequest};

/// The writing half of such a program.
#[derive(Clone, Hash, Debug)]
pub(super) struct Processor {
    producer: Producer,
    stage: Stage,
    /// What the batch in hand moves on to, per partition.
    offsets: Map<TopicPartition, CommitOffset>,
    /// Where it began.
    began: Map<TopicPartition, Offset>,
    /// `groupMetadata()` when it was handed out: stale metadata is what gives a zombie away.
    member: (Generation, Option<MemberId>),
    /// Failed sends of the producer before this batch.
    failures: u32,
    /// It closes when the batch is done.
    stopping: bool,
}

/// What of its producer's the program's thread is inside of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum Stage {
    /// Nothing.
    #[default]
    Idle,
    /// `send`.
    Sending,
    /// `flush`.
    Flushing,
    /// `sendOffsetsToTransaction`.
    SendingOffsets,
    /// `commitTransaction`.
    Committing,
    /// `abortTransaction`.
    Aborting,
}

impl Processor {
    pub fn crash(&mut self) {
        self.producer.crash();
        self.stage = Stage::Idle;
        self.stopping = false;
    }

    pub fn is_transactional(&self) -> bool {
        self.producer.config.transactional_id.is_some()
    }
}

/// Whether a program is still inside `initTransactions()`, before its first `poll`.
pub(super) trait Starting {
    fn is_starting(&self) -> bool;
}

impl Starting for Option<Box<Processor>> {
    fn is_starting(&self) -> bool {
        self.as_ref().is_some_and(|processor| {
            processor.is_transactional()
                && processor.producer.transaction_state() == Some(ClientTransactionState::Initializing)
        })
    }
}

impl Consumer {
    /// The same consumer in a program that also writes.
    pub fn writing_with(mut self, producer: Producer) -> Consumer {
        self.processor = Some(Box::new(Processor {
            producer: producer.beside_a_consumer(),
            stage: Stage::Idle,
            offsets: Map::new(),
            began: Map::new(),
            member: (Generation::NONE, None),
            failures: 0,
            stopping: false,
        }));
        self
    }

    /// The producer beside it, when the program also writes.
    pub fn producer(&self) -> Option<&Producer> {
        self.processor.as_ref().map(|processor| &processor.producer)
    }

    pub(super) fn start_processor(&mut self, out: &mut Effects<'_>) {
        self.tell_producer(Input::Started, out);
    }

    /// Whether something is for the producer alone.
    pub(super) fn is_producers(&self, input: &Input) -> bool {
        match input {
            Input::Delivered { channel, .. } => *channel == Channel::Producer,
            Input::Disconnected { channel, .. } => *channel == Some(Channel::Producer),
            Input::TimerFired(timer) => matches!(
                timer,
                Timer::ProducerRequestTimeout | Timer::ProducerMetadataRefresh | Timer::Sender | Timer::Workload
            ),
            _ => false,
        }
    }

    pub(super) fn tell_producer(&mut self, input: Input, out: &mut Effects<'_>) {
        if let Some(processor) = &mut self.processor {
            processor.producer.handle(input, out);
            self.drive_processor(out);
        }
    }

    /// `close`: what is in hand is finished first.
    pub(super) fn stop(&mut self, out: &mut Effects<'_>) {
        let busy = self.runtime.as_ref().is_some_and(|runtime| runtime.activity != Activity::Polling);
        match &mut self.processor {
            Some(processor) if busy => processor.stopping = true,
            _ => self.close(out),
        }
    }

    /// `poll` has returned records: a transaction begins.
    pub(super) fn begin_processing(&mut self, out: &mut Effects<'_>) {
        let (Some(processor), Some(runtime)) = (&mut self.processor, &self.runtime) else { return };
        processor.offsets.clear();
        processor.began.clear();
        for in_hand in &runtime.in_hand {
            let tp = in_hand.tp;
            processor.began.entry(tp).or_insert(in_hand.offset);
            if let Some(position) = runtime.positions.get(&tp)
                && let Some(offset) = position.offset
            {
                processor.offsets.insert(tp, CommitOffset { tp, offset, leader_epoch: position.epoch });
            }
        }
        processor.member = (runtime.membership.generation, runtime.membership.member);
        processor.failures = processor.producer.failures();
        if processor.is_transactional() {
            processor.producer.begin_transaction(out);
        }
    }

    /// A record is processed: what came of it is sent.
    pub(super) fn write_on(&mut self, in_hand: &InHand, out: &mut Effects<'_>) {
        let (Some(processor), Some(runtime)) = (&mut self.processor, &mut self.runtime) else { return };
        runtime.activity = Activity::Producing;
        processor.stage = Stage::Sending;
        if processor.producer.transaction_state() != Some(ClientTransactionState::AbortableError) {
            let (client, record) = (self.node, RecordId::new(self.node, processor.producer.sent() + 1));
            if let Some(from) = in_hand.record {
                out.emit(|| Event::RecordDerived { client, from, record });
            }
            processor.producer.give(in_hand.key.clone());
            processor.producer.run(out);
        }
        self.drive_processor(out);
    }

    /// The whole batch is processed.
    pub(super) fn finish_processing(&mut self, out: &mut Effects<'_>) {
        let (group, instance) = (self.group, self.instance());
        let (Some(processor), Some(runtime)) = (&mut self.processor, &mut self.runtime) else { return };
        runtime.activity = Activity::Producing;
        if processor.is_transactional() {
            // A member that is in its group again has new metadata; one that is not still has what it had.
            let membership = &runtime.membership;
            let present = membership.member.filter(|_| membership.generation.0 >= 0);
            let (generation, member) = present.map_or(processor.member, |member| (membership.generation, Some(member)));
            let offsets = processor.offsets.values().copied().collect();
            processor.producer.commit_offsets(OffsetCommitRequest { group, generation, member, instance, offsets });
            processor.stage = Stage::SendingOffsets;
        } else {
            processor.producer.flush();
            processor.stage = Stage::Flushing;
        }
        processor.producer.run(out);
        self.drive_processor(out);
    }

    /// Goes on as far as the producer lets it.
    fn drive_processor(&mut self, out: &mut Effects<'_>) {
        use ClientTransactionState as S;
        loop {
            let (Some(processor), Some(_)) = (&mut self.processor, &self.runtime) else { return };
            let state = processor.producer.transaction_state();
            if state == Some(S::FatalError) {
                // Another process has this transactional id, or nobody can tell what became of the transaction: both
                // clients are closed.
                processor.crash();
                if let Some(runtime) = &mut self.runtime {
                    runtime.in_hand.clear();
                    runtime.activity = Activity::Polling;
                }
                return self.close(out);
            }
            let producer = &mut processor.producer;
            match processor.stage {
                Stage::Idle => return,
                Stage::Sending | Stage::SendingOffsets | Stage::Committing if state == Some(S::AbortableError) => {
                    processor.stage = Stage::Aborting;
                    producer.end_transaction(false, out);
                    producer.run(out);
                }
                Stage::Sending if producer.is_sending() => return,
                Stage::Sending => {
                    processor.stage = Stage::Idle;
                    self.finish_record(out);
                }
                Stage::Flushing if producer.is_flushing() => return,
                Stage::Flushing => {
                    processor.stage = Stage::Idle;
                    let failed = producer.failures() > processor.failures;
                    return if failed { self.rewind(out) } else { self.commit_after_flush(out) };
                }
                Stage::SendingOffsets if producer.is_committing_offsets() => return,
                Stage::SendingOffsets => {
                    processor.stage = Stage::Committing;
                    producer.end_transaction(true, out);
                    producer.run(out);
                }
                Stage::Committing | Stage::Aborting if state != Some(S::Ready) => {
                    // An abort may need a new epoch before the next transaction.
                    return;
                }
                Stage::Committing => {
                    processor.stage = Stage::Idle;
                    self.process_next(out);
                    return self.stop_if_told(out);
                }
                Stage::Aborting => {
                    processor.stage = Stage::Idle;
                    return self.rewind(out);
                }
            }
        }
    }

    fn commit_after_flush(&mut self, out: &mut Effects<'_>) {
        let Some(processor) = &self.processor else { return };
        let offsets: Vec<CommitOffset> = processor.offsets.values().copied().collect();
        match self.program.commit {
            CommitMode::After | CommitMode::Each => self.commit_sync(offsets, out),
            CommitMode::Async | CommitMode::AsyncRetry => {
                self.commit_async(offsets, false, out);
                self.process_next(out);
            }
            CommitMode::Auto | CommitMode::Before => self.process_next(out),
        }
        self.stop_if_told(out);
    }

    fn stop_if_told(&mut self, out: &mut Effects<'_>) {
        if let Some(processor) = &mut self.processor
            && std::mem::take(&mut processor.stopping)
        {
            self.close(out);
        }
    }

    /// The batch counts for nothing: the program seeks to what is committed and reads it again.
    fn rewind(&mut self, out: &mut Effects<'_>) {
        let (Some(processor), Some(runtime)) = (&self.processor, &mut self.runtime) else { return };
        runtime.in_hand.clear();
        for (tp, began) in &processor.began {
            let Some(position) = runtime.positions.get_mut(tp) else { continue };
            position.offset = None;
            runtime.buffer.remove(tp);
            runtime.buffer_ends.remove(tp);
            runtime.arrival.retain(|other| other != tp);
            runtime.rewinding.insert(*tp, *began);
        }
        runtime.activity = Activity::Polling;
        self.stop_if_told(out);
    }
}
