//! When a segment's indexes get an entry (`LogSegment.append`).

use super::offset_index::{INDEX_ENTRY_BYTES, OffsetIndex};
use super::time_index::{TIME_ENTRY_BYTES, TimeIndex};

/// The indexes of a segment that is being written, and what decides about their next entry.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SegmentIndexes {
    /// Offsets to positions.
    pub offsets: OffsetIndex,
    /// Timestamps to offsets.
    pub times: TimeIndex,
    /// Bytes appended since the last entry.
    pub bytes_since_last_entry: u32,
    /// Largest timestamp so far; −1 for none.
    pub max_timestamp: i64,
    /// Relative offset of the batch that has it.
    pub offset_of_max: u32,
}

impl Default for SegmentIndexes {
    fn default() -> Self {
        SegmentIndexes {
            offsets: OffsetIndex::default(),
            times: TimeIndex::default(),
            bytes_since_last_entry: 0,
            max_timestamp: -1,
            offset_of_max: 0,
        }
    }
}

impl SegmentIndexes {
    /// Takes note of a batch of `size` bytes that begins at `position`, before it is appended. The first batch of a
    /// segment never makes an entry, and an entry names the **last** offset of its batch (KAFKA-806: once per batch).
    pub fn note(&mut self, last_relative_offset: u32, max_timestamp: i64, position: u32, size: u32, interval: u32) {
        if max_timestamp > self.max_timestamp {
            self.max_timestamp = max_timestamp;
            self.offset_of_max = last_relative_offset;
        }
        if self.bytes_since_last_entry > interval {
            self.offsets.append(last_relative_offset, position);
            self.times.maybe_append(self.max_timestamp, self.offset_of_max);
            self.bytes_since_last_entry = 0;
        }
        self.bytes_since_last_entry = self.bytes_since_last_entry.saturating_add(size);
    }

    /// Whether one of the files has reached `segment.index.bytes`; the time index keeps room for the entry of the roll.
    pub fn is_full(&self, max_bytes: u32) -> bool {
        self.offsets.entries().len() as u32 >= max_bytes / INDEX_ENTRY_BYTES
            || self.times.entries().len() as u32 + 1 >= max_bytes / TIME_ENTRY_BYTES
    }

    /// The segment becomes inactive: its largest timestamp gets an entry.
    pub fn close(&mut self) {
        if self.max_timestamp >= 0 {
            self.times.maybe_append(self.max_timestamp, self.offset_of_max);
        }
    }
}
