//! Time as a thing to hold: recordings, checkpoints, seeking, acting in the past.
//!
//! A [`Recording`] is the truth; everything else is derived from it. Modelled: checkpoints thinned with their age, exact
//! seeking by event and by time, running on to the next thing of a kind, a tree of branches with undo and redo, the first
//! event in which two runs differ, the chain of causes of every event.
//! What is remembered of steps and events is capped; what the brokers of the world store is not, but by their retention.
//! Absent: bringing two branches together. A run has one past.

mod branches;
mod cause;
mod checkpoints;
mod difference;
mod goal;
mod recording;
mod timeline;

pub use branches::{BRANCHES_MAX, Branch, Branches, Kept, Place, TurnId};
pub use cause::{Cause, CauseKind};
pub use difference::{Compared, Comparison, Difference};
pub use goal::{Goal, Hunt, Search};
pub use recording::{Recorded, Recording};
pub use timeline::History;
