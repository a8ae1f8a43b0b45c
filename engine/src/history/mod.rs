//! Time as a thing to hold: recordings, checkpoints, seeking, acting in the past.
//!
//! A [`Recording`] is the truth; everything else is derived from it. Modelled: checkpoints thinned with their age, exact
//! seeking by event and by time, running on to the next thing of a kind, forks with undo and redo, the chain of causes of
//! every event.
//! What is remembered of steps and events is capped; what the brokers of the world store is not, but by their retention.
//! Absent: named branches.

mod cause;
mod goal;
mod recording;
mod timeline;

pub use cause::{Cause, CauseKind};
pub use goal::{Goal, Hunt, Search};
pub use recording::{Recorded, Recording};
pub use timeline::History;
