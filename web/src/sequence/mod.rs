//! The space-time diagram: a lane for every process, messages as arrows between them, time from left to right.
//!
//! [`diagram`] takes from a run only what lies in a [`Window`] of time, so a picture costs what it shows,
//! however long the run is. Pure, like `scene`: tests read it without a browser.

mod diagram;
mod lane;
mod window;

pub use diagram::{Arrow, COLUMNS, Diagram, Fate, Hit, Passing, Sign, SignKind, diagram};
pub use lane::{Lane, lanes};
pub use window::Window;

#[cfg(test)]
mod tests;
