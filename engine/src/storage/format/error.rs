//! Why bytes are not a batch.

use thiserror::Error;

/// Why bytes are not a record batch of format v2 (`CorruptRecordException`, `InvalidRecordException`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
pub enum DecodeError {
    /// The bytes end too early: a torn write, or a fetch that was cut at its limit.
    #[error("the bytes end in the middle of a batch")]
    Truncated,
    /// The length field cannot be: shorter than a header, or not the length of what follows.
    #[error("batch length {0} does not fit")]
    BadLength(i32),
    /// Not format v2.
    #[error("magic byte {0} is not 2")]
    UnknownMagic(i8),
    /// The checksum does not match bytes 21 to the end.
    #[error("CRC-32C is {computed:08x} but the header says {stored:08x}")]
    CrcMismatch {
        /// What the header says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// A codec this program cannot undo.
    #[error("compression codec {0} cannot be read here")]
    UnknownCodec(u8),
    /// Compressed bytes do not decompress.
    #[error("the compressed records cannot be expanded")]
    BadCompression,
    /// A variable-length integer has more groups than its type allows.
    #[error("a variable-length integer is too long")]
    VarintTooLong,
    /// The number of records does not fit the last offset delta.
    #[error("{0} records do not fit the last offset delta")]
    BadCount(i32),
    /// A length is negative where none may be, or a record's length does not match its fields.
    #[error("a length inside record {0} does not fit")]
    BadRecord(i32),
    /// A header's key is not UTF-8.
    #[error("a header key of record {0} is not UTF-8")]
    BadHeaderKey(i32),
    /// Bytes are left over after the last record.
    #[error("{0} bytes follow the last record")]
    Leftover(usize),
}
