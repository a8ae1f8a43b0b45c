//! A program that works a queue off.

use super::frame::QueueFrame;
use crate::effect::{Effects, Input, Instruction, Timer};
use crate::event::Event;
use crate::ids::{NodeId, QueueId, RecordId};
use crate::protocol::{Body, Channel};
use crate::time::Duration;
use std::collections::VecDeque;

/// Pause before a broken connection is opened again.
const RECONNECT: Duration = Duration::from_millis(1_000);

/// A consumer of a queue.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Worker {
    node: NodeId,
    broker: NodeId,
    queue: QueueId,
    prefetch: u32,
    processing: Duration,
    /// Every nth delivery that comes for the first time is refused and requeued; 0 for none.
    nack_every: u32,
    deliveries: u32,
    running: bool,
    in_hand: VecDeque<(u64, RecordId, bool)>,
    processed: Vec<RecordId>,
}

impl Worker {
    /// A worker that has not started.
    pub fn new(
        node: NodeId,
        broker: NodeId,
        queue: QueueId,
        prefetch: u32,
        processing: Duration,
        nack_every: u32,
    ) -> Worker {
        Worker {
            node,
            broker,
            queue,
            prefetch,
            processing,
            nack_every,
            deliveries: 0,
            running: false,
            in_hand: VecDeque::new(),
            processed: Vec::new(),
        }
    }

    /// Most messages lent to it at once; 0 for no limit.
    pub fn prefetch(&self) -> u32 {
        self.prefetch
    }

    /// Its queue.
    pub fn queue(&self) -> QueueId {
        self.queue
    }

    /// How long it works on a message.
    pub fn takes(&self) -> Duration {
        self.processing
    }

    /// What it processes now.
    pub fn processing(&self) -> Option<RecordId> {
        self.in_hand.front().map(|(_, record, _)| *record)
    }

    /// What it has processed, in order.
    pub fn processed(&self) -> &[RecordId] {
        &self.processed
    }

    /// The process died: what it had in hand goes back to the queue.
    pub fn crash(&mut self) {
        self.running = false;
        self.in_hand.clear();
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        match input {
            Input::Started => {
                self.running = true;
                self.connect(out);
            }
            Input::TimerFired(Timer::Reconnect) => self.connect(out),
            Input::Disconnected { .. } => {
                self.in_hand.clear();
                out.cancel_timer(Timer::Processing);
                out.set_timer(Timer::Reconnect, RECONNECT);
            }
            Input::Delivered { body: Body::Queue(QueueFrame::Deliver { tag, record, redelivered, .. }), .. } => {
                self.in_hand.push_back((tag, record, redelivered));
                if self.in_hand.len() == 1 {
                    out.set_timer(Timer::Processing, self.processing);
                }
            }
            Input::TimerFired(Timer::Processing) => self.on_processed(out),
            Input::Told(Instruction::Processing(takes)) => self.processing = takes,
            Input::Told(Instruction::Stop) => out.exit(),
            _ => {}
        }
    }

    fn connect(&self, out: &mut Effects<'_>) {
        let frame = QueueFrame::Consume { queue: self.queue, prefetch: self.prefetch };
        out.send(self.broker, Channel::Queue, Body::Queue(frame));
    }

    fn on_processed(&mut self, out: &mut Effects<'_>) {
        let Some((tag, record, redelivered)) = self.in_hand.pop_front() else { return };
        let (queue, consumer) = (self.queue, self.node);
        self.deliveries += 1;
        let refuse = self.nack_every > 0 && !redelivered && self.deliveries.is_multiple_of(self.nack_every);
        let frame = if refuse {
            QueueFrame::Nack { queue, tag, record, requeue: true }
        } else {
            self.processed.push(record);
            out.emit(|| Event::QueueProcessed { queue, record, consumer });
            QueueFrame::Ack { queue, tag, record }
        };
        out.send(self.broker, Channel::Queue, Body::Queue(frame));
        if !self.in_hand.is_empty() {
            out.set_timer(Timer::Processing, self.processing);
        }
    }
}
