//! The producer: the application's thread, the accumulator, and the sender beside it (`KafkaProducer`, `Sender`).

mod accumulator;
mod actor;
mod application;
mod batch;
mod compression;
mod offsets;
mod outcome;
mod ready;
mod sender;
mod sequences;
mod transaction;

pub use actor::Producer;
pub use sequences::ProducerIdAndEpoch;
pub use transaction::ClientTransactionState;
