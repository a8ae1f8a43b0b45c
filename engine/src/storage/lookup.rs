//! How a log finds an offset, step by step, for the inspector (`LocalLog.read`, `LogSegment.translateOffset`).

use super::log::Log;
use crate::ids::Offset;

/// The way from an offset to a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookupSteps {
    /// Base offset of the segment: the largest that is not above the target.
    pub segment: Offset,
    /// The index entries the binary search looked at, in order.
    pub probes: Vec<usize>,
    /// The entry it found: an offset and a position; the segment's start without one.
    pub entry: (Offset, u32),
    /// Batches scanned from that position: base offset and position of each. The last holds the target.
    pub scanned: Vec<(Offset, u64)>,
}

impl LookupSteps {
    /// Looks `target` up; none when the log does not hold it.
    pub fn of(log: &Log, target: Offset) -> Option<LookupSteps> {
        if target < log.log_start_offset() || target >= log.log_end_offset() {
            return None;
        }
        let segment = log.segments().rfind(|segment| segment.base_offset() <= target)?;
        let relative = u32::try_from(target.since(segment.base_offset())).ok()?;
        let (entry, probes) = segment.indexes().offsets.lookup(relative);
        let base = segment.base_offset();
        let entry = entry.map_or((base, 0), |entry| (base + i64::from(entry.relative_offset), entry.position));
        let mut scanned = Vec::new();
        let mut position = 0;
        for batch in segment.batches() {
            if position >= u64::from(entry.1) {
                scanned.push((batch.base_offset, position));
                if batch.last_offset() >= target {
                    return Some(LookupSteps { segment: base, probes, entry, scanned });
                }
            }
            position += u64::from(batch.size_in_bytes);
        }
        None
    }
}
