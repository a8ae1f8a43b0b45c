//! The language of lessons, tests and saved worlds: verb-first lines in KDL.
//!
//! The first part describes a world; `at` gives commands at fixed times; `story` tells what to wait for, what to say,
//! what to ask and what must be true. A story waits for what happens, never for milliseconds, and every wait has a bound.
//! A text with a mistake is refused as a whole; every mistake is reported with line, column, what and what to do.
//! A run can be written as a scenario ([`print`]) and reads back as the same run.

mod command;
mod document;
mod error;
mod fact;
mod guard;
mod matcher;
mod node;
mod print;
mod step;
mod story;
mod world;

pub use error::ScenarioError;
pub use fact::{Fact, FactKind, FactValue};
pub use matcher::EventPattern;
pub use print::{Unwritable, print};
pub use step::{CommandTemplate, Expectation, Step, StepKind, Timed};
pub use story::{Beat, Failure, Predict, Story};
pub use world::Scenario;
