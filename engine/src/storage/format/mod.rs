//! Kafka's bytes: batches of format v2 and the indexes beside a segment.
//!
//! The simulation passes batches around as values and computes their sizes; bytes are made when someone looks at them,
//! when a disk fault damages them, and in the tests, which compare them with Kafka's. Records that are compressed are
//! compressed once, by who decides so, and the block travels with the batch.

mod attributes;
mod codec;
mod crc32c;
mod error;
mod fields;
mod offset_index;
mod segment_indexes;
mod time_index;
mod varint;
mod wire_batch;
mod wire_record;

pub use attributes::Attributes;
pub use codec::{compress, expand};
pub use crc32c::crc32c;
pub use error::DecodeError;
pub use fields::{Field, fields_of};
pub use offset_index::{INDEX_ENTRY_BYTES, IndexEntry, OffsetIndex, WARM_ENTRIES};
pub use segment_indexes::SegmentIndexes;
pub use time_index::{TIME_ENTRY_BYTES, TimeEntry, TimeIndex};
pub use varint::{put_unsigned, put_varint, put_varlong, size_of_varlong, take_unsigned, take_varint, take_varlong};
pub use wire_batch::{CRC_FROM, HEADER_BYTES, WireBatch, checked_size};
pub use wire_record::{WireHeader, WireRecord};
