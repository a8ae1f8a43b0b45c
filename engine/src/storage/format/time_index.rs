//! The sparse time index of a segment (`TimeIndex`): up to which offset no record is younger.

/// An entry: the largest timestamp so far, and the offset that has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimeEntry {
    /// Milliseconds.
    pub timestamp: i64,
    /// Offset − base offset of the segment.
    pub relative_offset: u32,
}

/// Bytes of an entry.
pub const TIME_ENTRY_BYTES: u32 = 12;

/// The time index of one segment; timestamps strictly increase.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct TimeIndex {
    entries: Vec<TimeEntry>,
}

impl TimeIndex {
    /// The entries in order.
    pub fn entries(&self) -> &[TimeEntry] {
        &self.entries
    }

    /// Adds an entry if its timestamp is larger than the last one's (`maybeAppend`).
    pub fn maybe_append(&mut self, timestamp: i64, relative_offset: u32) {
        if self.entries.last().is_none_or(|last| timestamp > last.timestamp) {
            self.entries.push(TimeEntry { timestamp, relative_offset });
        }
    }

    /// The last entry that is not younger than `timestamp`.
    pub fn lookup(&self, timestamp: i64) -> Option<TimeEntry> {
        let after = self.entries.partition_point(|entry| entry.timestamp <= timestamp);
        after.checked_sub(1).and_then(|at| self.entries.get(at)).copied()
    }

    /// Drops entries at or behind an offset.
    pub fn truncate(&mut self, relative_offset: u32) {
        self.entries.retain(|entry| entry.relative_offset < relative_offset);
    }

    /// The file: timestamp and relative offset, big-endian.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.entries.len() * TIME_ENTRY_BYTES as usize);
        for entry in &self.entries {
            out.extend(entry.timestamp.to_be_bytes());
            out.extend(entry.relative_offset.to_be_bytes());
        }
        out
    }

    /// Reads a file; a partial entry at the end is ignored, as Kafka's size check rounds down.
    pub fn decode(bytes: &[u8]) -> TimeIndex {
        let mut index = TimeIndex::default();
        for [a, b, c, d, e, f, g, h, i, j, k, l] in bytes.as_chunks().0 {
            let timestamp = i64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            index.maybe_append(timestamp, u32::from_be_bytes([*i, *j, *k, *l]));
        }
        index
    }
}
