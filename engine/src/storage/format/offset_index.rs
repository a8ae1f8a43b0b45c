//! The sparse offset index of a segment (`OffsetIndex`): which offset begins at which byte, every few kilobytes.

use crate::ids::Offset;

/// An entry: the last offset of a batch, and where in the `.log` file that batch begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IndexEntry {
    /// Last offset of the batch − base offset of the segment.
    pub relative_offset: u32,
    /// Where the batch begins, in bytes from the start of the file.
    pub position: u32,
}

/// Bytes of an entry.
pub const INDEX_ENTRY_BYTES: u32 = 8;
/// Lookups look here first: the newest entries, which are in the page cache (`AbstractIndex`, 8192 bytes).
pub const WARM_ENTRIES: usize = 1024;

/// The index of one segment; offsets and positions both increase.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct OffsetIndex {
    entries: Vec<IndexEntry>,
}

impl OffsetIndex {
    /// The entries in order.
    pub fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// Adds an entry. One that does not lie behind the last is refused.
    pub fn append(&mut self, relative_offset: u32, position: u32) -> bool {
        if self.entries.last().is_some_and(|last| last.relative_offset >= relative_offset) {
            return false;
        }
        self.entries.push(IndexEntry { relative_offset, position });
        true
    }

    /// The largest entry at or below the target, and the entries a binary search looked at on the way.
    pub fn lookup(&self, relative_offset: u32) -> (Option<IndexEntry>, Vec<usize>) {
        let mut probes = Vec::new();
        let (mut low, mut high) = (0, self.entries.len());
        // The warm section: most readers are near the end.
        if high > WARM_ENTRIES {
            let warm = high - WARM_ENTRIES;
            probes.push(warm);
            if self.entries.get(warm).is_some_and(|entry| entry.relative_offset <= relative_offset) {
                low = warm;
            } else {
                high = warm;
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            probes.push(middle);
            if self.entries.get(middle).is_some_and(|entry| entry.relative_offset <= relative_offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low.checked_sub(1).and_then(|at| self.entries.get(at)).copied(), probes)
    }

    /// Where to begin to scan for `target` in a segment: an offset and a position (`OffsetIndex.lookup`).
    pub fn position_of(&self, base_offset: Offset, target: Offset) -> (Offset, u32) {
        let relative = u32::try_from(target.since(base_offset)).unwrap_or(0);
        let (entry, _) = self.lookup(relative);
        entry.map_or((base_offset, 0), |entry| (base_offset + i64::from(entry.relative_offset), entry.position))
    }

    /// Drops entries whose batch begins at or behind `position`.
    pub fn truncate(&mut self, position: u32) {
        self.entries.retain(|entry| entry.position < position);
    }

    /// The file: relative offset and position, big-endian.
    pub fn encode(&self) -> Vec<u8> {
        let bytes = |entry: &IndexEntry| [entry.relative_offset.to_be_bytes(), entry.position.to_be_bytes()];
        self.entries.iter().flat_map(bytes).flatten().collect()
    }

    /// Reads a file; a partial entry at the end is ignored, as Kafka's size check rounds down.
    pub fn decode(bytes: &[u8]) -> OffsetIndex {
        let mut index = OffsetIndex::default();
        for [a, b, c, d, e, f, g, h] in bytes.as_chunks().0 {
            index.append(u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h]));
        }
        index
    }
}
