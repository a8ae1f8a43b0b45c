//! What queue clients and the queue broker say to each other.

use crate::ids::{QueueId, RecordId};
use crate::protocol::MessageKind;

/// A frame of the queue protocol.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum QueueFrame {
    /// `basic.publish`.
    Publish { queue: QueueId, record: RecordId },
    /// The broker has taken responsibility for a published message.
    Confirm { queue: QueueId, record: RecordId },
    /// `basic.consume` with `basic.qos`.
    Consume { queue: QueueId, prefetch: u32 },
    /// `basic.deliver`: a message is lent to a consumer.
    Deliver { queue: QueueId, tag: u64, record: RecordId, redelivered: bool },
    /// `basic.ack`: done, forget it.
    Ack { queue: QueueId, tag: u64, record: RecordId },
    /// `basic.nack`: not done.
    Nack { queue: QueueId, tag: u64, record: RecordId, requeue: bool },
}

impl QueueFrame {
    /// The method.
    pub fn kind(&self) -> MessageKind {
        match self {
            QueueFrame::Publish { .. } => MessageKind::QueuePublish,
            QueueFrame::Confirm { .. } => MessageKind::QueueConfirm,
            QueueFrame::Consume { .. } => MessageKind::QueueConsume,
            QueueFrame::Deliver { .. } => MessageKind::QueueDeliver,
            QueueFrame::Ack { .. } => MessageKind::QueueAck,
            QueueFrame::Nack { .. } => MessageKind::QueueNack,
        }
    }
}
