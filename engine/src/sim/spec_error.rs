use crate::config::ConfigError;
use thiserror::Error;

/// Why a world cannot be.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SpecError {
    /// A setting is wrong.
    #[error("{owner}: {error}")]
    Config {
        /// Whose setting.
        owner: String,
        /// What is wrong with it.
        error: ConfigError,
    },
    /// A number is outside what a world can hold.
    #[error("{what} must be {least}..{most}, found {found}")]
    OutOfRange {
        /// Which number.
        what: String,
        /// Smallest allowed.
        least: i64,
        /// Largest allowed.
        most: i64,
        /// As written.
        found: i64,
    },
    /// A name is used that nothing has.
    #[error("{user} names the {kind} \"{name}\", which does not exist")]
    UnknownName {
        /// Who names it.
        user: String,
        /// What it should be.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A name is used twice.
    #[error("the name \"{0}\" is used twice")]
    DuplicateName(String),
    /// Two topics differ only in '.' and '_', which Kafka's metrics cannot tell apart.
    #[error("topic \"{0}\" collides with topic \"{1}\": '.' and '_' are one in the names of metrics")]
    CollidingTopics(String, String),
    /// A name is empty or has characters Kafka refuses.
    #[error("\"{0}\" is not a possible name: letters, digits, '.', '_' and '-', at most 249")]
    BadName(String),
}
