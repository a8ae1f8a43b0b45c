//! The scheduler: it alone owns the queue of what comes next, the random streams and the actors.
//!
//! Order is total: `(at, seq)`, where `seq` counts what was scheduled. Dispatching one item is one *event* of the
//! simulation; everything it sets in motion carries its number as cause.

mod actor;
mod choices;
mod commands;
mod directory;
mod schedule;
mod settings;
mod simulation;
mod spec;
mod spec_error;
mod start;
mod validate;

pub use actor::{Actor, Process};
pub use directory::{Directory, NodeKind, OFFSETS_TOPIC, TRANSACTION_TOPIC};
pub use schedule::Item;
pub use simulation::{Dispatched, Emitted, Observe, Simulation, Told};
pub use spec::{
    ConsumerSpec, DatabaseSpec, GroupSpec, NetworkSpec, ProcessorSpec, ProducerSpec, QueueSpec, Spec, Target,
    TopicSpec, WorkerSpec,
};
pub use spec_error::SpecError;
