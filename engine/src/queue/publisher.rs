//! A producing program that publishes to a queue, with publisher confirms.

use super::frame::QueueFrame;
use crate::app::{Program, Workload};
use crate::collections::Set;
use crate::effect::{Effects, Input, Instruction, Timer};
use crate::event::Event;
use crate::ids::{LeaderEpoch, NodeId, Offset, QueueId, RecordId, TopicPartition};
use crate::protocol::{Body, Channel};
use crate::time::Duration;

/// Pause before a broken connection is opened again.
const RECONNECT: Duration = Duration::from_millis(1_000);

/// A publisher.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QueuePublisher {
    node: NodeId,
    broker: NodeId,
    queue: QueueId,
    workload: Program,
    /// Records sent so far; the program's source of records survives its crash.
    sent: u32,
    running: bool,
    unconfirmed: Set<RecordId>,
}

impl QueuePublisher {
    /// A publisher that has not started.
    pub fn new(node: NodeId, broker: NodeId, queue: QueueId, workload: Workload) -> QueuePublisher {
        let workload = Program::new(workload);
        QueuePublisher { node, broker, queue, workload, sent: 0, running: false, unconfirmed: Set::new() }
    }

    /// Its queue.
    pub fn queue(&self) -> QueueId {
        self.queue
    }

    /// What its program does now.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// How many records it has sent.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// Published, but not confirmed.
    pub fn unconfirmed(&self) -> &Set<RecordId> {
        &self.unconfirmed
    }

    /// The process died.
    pub fn crash(&mut self) {
        self.running = false;
        self.unconfirmed.clear();
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        match input {
            Input::Started => {
                self.running = true;
                self.arm(out);
            }
            Input::TimerFired(Timer::Workload) => {
                self.publish(out);
                self.arm(out);
            }
            Input::Told(Instruction::Send(count)) => (0..count.min(10_000)).for_each(|_| self.publish(out)),
            Input::Told(Instruction::Repace(pace)) => {
                self.workload.repace(*pace, self.sent, out.now);
                out.cancel_timer(Timer::Workload);
                self.arm(out);
            }
            Input::Told(Instruction::Stop) => out.exit(),
            Input::Delivered { body: Body::Queue(QueueFrame::Confirm { record, .. }), .. } => {
                self.on_confirm(record, out)
            }
            Input::Disconnected { .. } => out.set_timer(Timer::Reconnect, RECONNECT),
            Input::TimerFired(Timer::Reconnect) => {
                // What was not confirmed may or may not have been taken: it is sent again, perhaps a second time.
                for record in self.unconfirmed.clone() {
                    self.send(record, out);
                }
            }
            _ => {}
        }
    }

    fn on_confirm(&mut self, record: RecordId, out: &mut Effects<'_>) {
        if self.unconfirmed.remove(&record) {
            let (producer, tp) = (self.node, TopicPartition::NONE);
            out.emit(|| Event::RecordAcked {
                producer,
                record,
                tp,
                offset: Offset::NONE,
                leader_epoch: LeaderEpoch::NONE,
            });
        }
    }

    fn arm(&self, out: &mut Effects<'_>) {
        if let Some(due) = self.workload.due(self.sent + 1) {
            out.set_timer_at(Timer::Workload, due);
        }
    }

    fn publish(&mut self, out: &mut Effects<'_>) {
        self.sent += 1;
        let record = RecordId::new(self.node, self.sent);
        let producer = self.node;
        let key = self.workload.key(self.sent).map(str::to_owned);
        out.emit(|| Event::RecordSent { producer, record, tp: TopicPartition::NONE, key });
        self.unconfirmed.insert(record);
        self.send(record, out);
    }

    fn send(&self, record: RecordId, out: &mut Effects<'_>) {
        let frame = QueueFrame::Publish { queue: self.queue, record };
        out.send(self.broker, Channel::Queue, Body::Queue(frame));
    }
}
