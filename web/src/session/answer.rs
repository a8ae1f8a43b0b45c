//! What the reader expects to happen.

/// A prediction, kept by this page only.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// The option chosen, from 1.
    pub choice: Option<u32>,
    /// Whether it has been shown.
    pub shown: bool,
}
