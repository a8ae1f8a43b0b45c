//! The classic queue broker beside Kafka: point to point, push, forget on ack (AMQP 0-9-1's model).
//!
//! Modelled: push delivery round robin among consumers with credit (`basic.qos` prefetch), ack, nack with and without
//! requeue, requeue at the original place, redelivered flag, requeue of everything unacked when a consumer's channel
//! breaks, competing consumers, publisher confirms, durable queues with persistent messages (fsync before the confirm)
//! or transient ones that die with the process.
//! Simplified: one queue per broker, published to directly.
//! Absent: exchanges and routing, dead-letter queues, time to live, length limits, priorities, transactions.

mod broker;
mod frame;
mod publisher;
mod worker;

pub use broker::{QueueBroker, QueueMessage};
pub use frame::QueueFrame;
pub use publisher::QueuePublisher;
pub use worker::Worker;
