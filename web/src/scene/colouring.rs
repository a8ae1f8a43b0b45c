//! What the colours of records and packets tell.

/// What a colour stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ColourBy {
    /// Who produced it.
    #[default]
    Producer,
    /// Its key: equal keys have equal colours.
    Key,
    /// The leader epoch it was written in.
    Epoch,
}

impl ColourBy {
    /// All of them.
    pub const ALL: [ColourBy; 3] = [ColourBy::Producer, ColourBy::Key, ColourBy::Epoch];

    /// A word for class names.
    pub fn word(self) -> &'static str {
        match self {
            ColourBy::Producer => "by-producer",
            ColourBy::Key => "by-key",
            ColourBy::Epoch => "by-epoch",
        }
    }
}
