//! Why a link cannot be opened.

use crate::scenario::{ScenarioError, Unwritable};
use crate::sim::SpecError;
use std::fmt;
use thiserror::Error;

/// What a link can have too much of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Brokers.
    Brokers,
    /// Partitions of all topics.
    Partitions,
    /// Producers, consumers, workers.
    Programs,
    /// What somebody did, or the lines it takes to write that down.
    Commands,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Brokers => "brokers",
            What::Partitions => "partitions",
            What::Programs => "programs",
            What::Commands => "commands",
        })
    }
}

/// What is wrong with a link. Nothing of it was taken.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LinkError {
    /// There is nothing after the slash.
    #[error("the link says nothing")]
    Empty,
    /// A version that does not exist yet.
    #[error("the link was made by a newer version")]
    Newer,
    /// Something of it is missing or was changed: its check characters do not fit.
    #[error("the link is damaged or was cut off: copy it again")]
    Cut,
    /// It holds what no link holds.
    #[error("this is not a link of Highwater")]
    Damaged,
    /// It is longer, or would be when unpacked, than any link that was made here.
    #[error("the link holds {found} bytes or more; at most {most} are read")]
    TooLong {
        /// Bytes seen.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// Its world is larger than a link may bring.
    #[error("the link asks for {found} {what}; at most {most} can be opened")]
    TooLarge {
        /// Of what.
        what: What,
        /// As written.
        found: i64,
        /// Allowed.
        most: i64,
    },
    /// Its story takes more events than one from anywhere may.
    #[error("the story takes more than {most} events")]
    Endless {
        /// Allowed.
        most: u64,
    },
    /// Its world cannot be.
    #[error("such a world cannot be: {0}")]
    World(Box<SpecError>),
    /// It cannot be made: the recording names what its world does not have.
    #[error("{0}")]
    Unwritable(Unwritable),
    /// Its text is not a scenario.
    #[error("the link's scenario has {} mistakes", .0.len())]
    Scenario(Vec<ScenarioError>),
}
