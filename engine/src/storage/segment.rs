//! One segment: a stretch of the log in a file of its own, with its indexes (`LogSegment`).

use super::batch::RecordBatch;
use super::format::SegmentIndexes;
use super::log::ReadBatches;
use crate::collections::SharedList;
use crate::config::TopicConfig;
use crate::ids::Offset;

use std::sync::Arc;

/// A segment. Clones share the stored batches.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Segment {
    base_offset: Offset,
    batches: SharedList<Arc<RecordBatch>>,
    size: u64,
    indexes: SegmentIndexes,
    /// Timestamp of the first batch, in milliseconds: what `segment.ms` is counted from.
    first_timestamp: Option<i64>,
}

impl Segment {
    /// An empty segment.
    pub fn new(base_offset: Offset) -> Segment {
        Segment { base_offset, ..Segment::default() }
    }

    /// The offset its files are named by.
    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }

    /// Bytes of its `.log` file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its offset and time indexes.
    pub fn indexes(&self) -> &SegmentIndexes {
        &self.indexes
    }

    /// Largest timestamp of its records; none while it is empty.
    pub fn largest_timestamp(&self) -> Option<i64> {
        (self.indexes.max_timestamp >= 0).then_some(self.indexes.max_timestamp)
    }

    /// Its batches in order.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> {
        self.batches.iter().map(Arc::as_ref)
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// The offset after its last record; its base offset while it is empty.
    pub fn end_offset(&self) -> Offset {
        self.batches.last().map_or(self.base_offset, |batch| batch.next_offset())
    }

    /// Name of one of its files: twenty digits and a suffix.
    pub fn file_name(base_offset: Offset, suffix: &str) -> String {
        format!("{:020}{suffix}", base_offset.0)
    }

    /// Whether a batch must go to a new segment (`LogSegment.shouldRoll`). Time is that of the records, not of the wall.
    pub fn should_roll(&self, batch: &RecordBatch, config: &TopicConfig) -> bool {
        if self.is_empty() {
            return false;
        }
        let waited = self.first_timestamp.map_or(0, |first| batch.max_timestamp as i64 - first);
        self.size + u64::from(batch.size_in_bytes) > u64::from(config.segment_bytes.unsigned_abs())
            || waited > config.roll_ms()
            || self.indexes.is_full(config.segment_index_bytes.unsigned_abs())
            || batch.last_offset().since(self.base_offset) > i64::from(i32::MAX)
    }

    /// Appends a batch and notes it in the indexes.
    pub fn push(&mut self, batch: Arc<RecordBatch>, index_interval: u32) {
        self.note(&batch, index_interval);
        self.batches.push(batch);
    }

    fn note(&mut self, batch: &RecordBatch, index_interval: u32) {
        let relative = u32::try_from(batch.last_offset().since(self.base_offset)).unwrap_or(u32::MAX);
        let timestamp = batch.max_timestamp as i64;
        self.indexes.note(relative, timestamp, self.size as u32, batch.size_in_bytes, index_interval);
        self.first_timestamp.get_or_insert(timestamp);
        self.size += u64::from(batch.size_in_bytes);
    }

    /// The next segment has begun: the time index gets its last entry.
    pub fn close(&mut self) {
        self.indexes.close();
    }

    /// Collects batches from the one that holds `from`; false when `bound` or `max_bytes` was reached.
    /// The search is over the batches themselves; [`super::LookupSteps`] shows Kafka's way through the index, which a
    /// test holds against this one.
    pub fn read(&self, from: Offset, bound: Offset, max_bytes: i64, bytes: &mut i64, found: &mut ReadBatches) -> bool {
        for batch in self.shared_from(from) {
            if batch.next_offset() > bound {
                return false;
            }
            *bytes += i64::from(batch.size_in_bytes);
            if *bytes > max_bytes && !found.is_empty() {
                return false;
            }
            found.push(batch.clone());
        }
        true
    }

    /// The place of the batch that holds `offset`, or of the next one.
    fn place_of(&self, offset: Offset) -> usize {
        self.batches.partition_point(|batch| batch.next_offset() <= offset)
    }

    /// The newest batch.
    pub fn last(&self) -> Option<&Arc<RecordBatch>> {
        self.batches.last()
    }

    /// What replicas and readers share: the batches from the one that holds `from`.
    fn shared_from(&self, from: Offset) -> impl Iterator<Item = &Arc<RecordBatch>> {
        self.batches.starting_at(self.place_of(from))
    }

    /// The batches from the one that holds `from`.
    pub fn batches_from(&self, from: Offset) -> impl Iterator<Item = &RecordBatch> {
        self.shared_from(from).map(Arc::as_ref)
    }

    /// Keeps only what lies below `offset`, cut at the batch boundary below it; indexes are built anew.
    pub fn truncate_to(&mut self, offset: Offset, index_interval: u32) {
        let mut kept = Segment::new(self.base_offset);
        self.batches.truncate(self.place_of(offset));
        self.batches().for_each(|batch| kept.note(batch, index_interval));
        kept.batches = std::mem::take(&mut self.batches);
        *self = kept;
    }

    /// The same segment with other batches: after truncation, recovery or cleaning.
    pub fn replace(&mut self, batches: Vec<RecordBatch>, index_interval: u32) {
        *self = Segment::new(self.base_offset);
        for batch in batches {
            self.push(Arc::new(batch), index_interval);
        }
    }

    /// Damages the batch that holds `offset` on the disk. False when it is not here.
    pub fn damage(&mut self, offset: Offset, damage: super::Damage) -> bool {
        let place = self.place_of(offset);
        match self.batches.get_mut(place).filter(|batch| batch.base_offset <= offset) {
            Some(batch) => Arc::make_mut(batch).damage = Some(damage),
            None => return false,
        }
        true
    }
}
