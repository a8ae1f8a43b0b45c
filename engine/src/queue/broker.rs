//! The queue broker.

use super::frame::QueueFrame;
use crate::collections::{Line, Map};
use crate::effect::{DiskToken, Effects, Input, Instruction};
use crate::event::Event;
use crate::ids::{NodeId, QueueId, RecordId};
use crate::protocol::{Body, Channel};

/// A message in the queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct QueueMessage {
    /// Which record it is.
    pub record: RecordId,
    /// Whether it was delivered before.
    pub redelivered: bool,
    /// The consumer it is lent to.
    pub lent_to: Option<NodeId>,
    /// Whether it is on disk.
    durable: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Consumer {
    prefetch: u32,
    unacked: u32,
}

/// A queue broker with one queue.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QueueBroker {
    queue: QueueId,
    persistent: bool,
    /// Messages by place in the queue; a place is also the delivery tag.
    messages: Line<u64, QueueMessage>,
    /// Places and records of messages that were acknowledged, for the picture.
    removed: Vec<(u64, RecordId)>,
    next_place: u64,
    running: bool,
    consumers: Map<NodeId, Consumer>,
    /// Where the round robin goes on.
    last_served: NodeId,
    /// Publishers that wait for the fsync of their message.
    unconfirmed: Map<u64, NodeId>,
}

impl QueueBroker {
    /// A broker with one empty queue.
    pub fn new(queue: QueueId, persistent: bool) -> QueueBroker {
        QueueBroker {
            queue,
            persistent,
            messages: Line::default(),
            removed: Vec::new(),
            next_place: 1,
            running: false,
            consumers: Map::new(),
            last_served: NodeId::default(),
            unconfirmed: Map::new(),
        }
    }

    /// Its queue.
    pub fn queue(&self) -> QueueId {
        self.queue
    }

    /// Whether messages survive the process.
    pub fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// Messages that are ready or lent, by place.
    pub fn messages(&self) -> &Line<u64, QueueMessage> {
        &self.messages
    }

    /// Messages that were acknowledged, in the order of their acks.
    pub fn removed(&self) -> &[(u64, RecordId)] {
        &self.removed
    }

    /// The process died. Transient messages die with it; a persistent one does when it was not on disk yet.
    pub fn crash(&mut self, out: &mut Effects<'_>) {
        self.running = false;
        self.consumers.clear();
        self.unconfirmed.clear();
        let queue = self.queue;
        self.messages.retain(|_, message| {
            message.lent_to = None;
            if !message.durable {
                let record = message.record;
                out.emit(|| Event::QueueLost { queue, record });
            }
            message.durable
        });
        // Whoever gets them now may be the second: the broker no longer knows.
        for message in self.messages.values_mut() {
            message.redelivered = true;
        }
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        match input {
            Input::Started => self.running = true,
            Input::Delivered { from, body: Body::Queue(frame), .. } if self.running => self.on_frame(from, frame, out),
            Input::Disconnected { peer, .. } => self.on_disconnected(peer, out),
            Input::DiskDone(DiskToken::Queue(place)) => self.on_flushed(place, out),
            Input::Told(Instruction::Stop) => out.exit(),
            _ => {}
        }
    }

    fn on_frame(&mut self, from: NodeId, frame: QueueFrame, out: &mut Effects<'_>) {
        let queue = self.queue;
        match frame {
            QueueFrame::Publish { record, .. } => {
                let place = self.next_place;
                self.next_place += 1;
                self.messages.insert(place, QueueMessage { record, redelivered: false, lent_to: None, durable: false });
                out.emit(|| Event::QueueStored { queue, record });
                if self.persistent {
                    self.unconfirmed.insert(place, from);
                    out.sync(DiskToken::Queue(place));
                } else {
                    self.tell(from, QueueFrame::Confirm { queue, record }, out);
                }
            }
            QueueFrame::Consume { prefetch, .. } => {
                self.consumers.insert(from, Consumer { prefetch, unacked: 0 });
            }
            QueueFrame::Ack { tag, .. } => {
                // A tag counts only on the channel it was delivered on.
                let record = self.take_back(from, tag).map(|message| message.record);
                if let Some(record) = record {
                    self.messages.remove(&tag);
                    self.removed.push((tag, record));
                    out.emit(|| Event::QueueRemoved { queue, record, consumer: from });
                }
            }
            QueueFrame::Nack { tag, requeue, .. } => {
                let record = self.take_back(from, tag).map(|message| message.record);
                if let Some(record) = record {
                    if requeue {
                        out.emit(|| Event::QueueRequeued { queue, record, consumer: from });
                    } else {
                        self.messages.remove(&tag);
                        out.emit(|| Event::QueueDiscarded { queue, record, consumer: from });
                    }
                }
            }
            QueueFrame::Confirm { .. } | QueueFrame::Deliver { .. } => {}
        }
        self.push(out);
    }

    /// The message of `tag` if it is lent to `consumer`; it is back in its place, marked as delivered before.
    fn take_back(&mut self, consumer: NodeId, tag: u64) -> Option<QueueMessage> {
        let message = self.messages.get_mut(&tag).filter(|message| message.lent_to == Some(consumer))?;
        message.lent_to = None;
        message.redelivered = true;
        let message = *message;
        if let Some(state) = self.consumers.get_mut(&consumer) {
            state.unacked = state.unacked.saturating_sub(1);
        }
        Some(message)
    }

    /// A consumer's channel broke: everything it had not acknowledged goes back to its place.
    fn on_disconnected(&mut self, peer: NodeId, out: &mut Effects<'_>) {
        self.unconfirmed.retain(|_, publisher| *publisher != peer);
        if self.consumers.remove(&peer).is_none() {
            return;
        }
        let queue = self.queue;
        for message in self.messages.values_mut().filter(|message| message.lent_to == Some(peer)) {
            message.lent_to = None;
            message.redelivered = true;
            let record = message.record;
            out.emit(|| Event::QueueRequeued { queue, record, consumer: peer });
        }
        self.push(out);
    }

    fn on_flushed(&mut self, place: u64, out: &mut Effects<'_>) {
        let queue = self.queue;
        let Some(message) = self.messages.get_mut(&place) else { return };
        message.durable = true;
        let record = message.record;
        if let Some(publisher) = self.unconfirmed.remove(&place) {
            self.tell(publisher, QueueFrame::Confirm { queue, record }, out);
        }
    }

    /// Hands ready messages out, oldest first, to the next consumer in turn that has credit.
    fn push(&mut self, out: &mut Effects<'_>) {
        let queue = self.queue;
        let ready: Vec<u64> = self
            .messages
            .iter()
            .filter(|(_, message)| message.lent_to.is_none())
            .map(|(place, _)| *place)
            .take(self.credit())
            .collect();
        for place in ready {
            let Some(consumer) = self.next_consumer() else { return };
            let Some(message) = self.messages.get_mut(&place) else { return };
            message.lent_to = Some(consumer);
            let (record, redelivered) = (message.record, message.redelivered);
            if let Some(state) = self.consumers.get_mut(&consumer) {
                state.unacked += 1;
            }
            self.last_served = consumer;
            out.emit(|| Event::QueueDelivered { queue, record, consumer, redelivered });
            self.tell(consumer, QueueFrame::Deliver { queue, tag: place, record, redelivered }, out);
        }
    }

    fn credit(&self) -> usize {
        self.consumers
            .values()
            .map(|consumer| {
                if consumer.prefetch == 0 { 1_000 } else { consumer.prefetch.saturating_sub(consumer.unacked) as usize }
            })
            .sum()
    }

    fn next_consumer(&self) -> Option<NodeId> {
        let free = |consumer: &Consumer| consumer.prefetch == 0 || consumer.unacked < consumer.prefetch;
        let mut candidates = self.consumers.iter().filter(|(_, consumer)| free(consumer)).map(|(node, _)| *node);
        let first = candidates.clone().next();
        candidates.find(|node| *node > self.last_served).or(first)
    }

    fn tell(&self, to: NodeId, frame: QueueFrame, out: &mut Effects<'_>) {
        out.send(to, Channel::Queue, Body::Queue(frame));
    }
}
