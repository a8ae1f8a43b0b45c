//! The attribute bits of a batch.

/// Attributes of a batch, as in bytes 21 and 22 of its header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Attributes(pub i16);

impl Attributes {
    /// Codec 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub fn codec(self) -> u8 {
        (self.0 & 7) as u8
    }

    /// Whether every record's timestamp is the moment of the append.
    pub fn log_append_time(self) -> bool {
        self.0 & 8 != 0
    }

    /// Whether the batch belongs to a transaction.
    pub fn transactional(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Whether it holds a control record: no consumer is given it.
    pub fn control(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Whether the base timestamp is the moment from which tombstones may go (KIP-534).
    pub fn delete_horizon(self) -> bool {
        self.0 & 0x40 != 0
    }
}
