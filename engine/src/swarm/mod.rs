//! Random worlds with random faults, every promise on, and the demand that all goes well again once the faults are over.
//!
//! Modelled: a world from a seed with a subset of fault kinds drawn from it (swarm testing); breaches; the liveness phase,
//! in which everything is healed and leaders, settled groups and answered sends are demanded within a bound; failures
//! shrunk to the commands they need, and written as scenarios; and worlds of producers and transactions that are judged
//! by counting what stands in the logs and what was read; and one small world in every order. Absent: worlds in which only a core is healed.

mod count;
mod exhaustive;
mod sessions;
mod trial;
pub mod world;

pub use exhaustive::{Breach, Exhausted, exhaust};
pub use sessions::{Sessions, sessions_world, try_sessions};
pub use trial::{Failure, Trial, scenario_of, shrink, try_recording, try_seed, world_of};
