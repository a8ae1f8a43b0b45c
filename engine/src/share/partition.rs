//! A share-partition: the records in flight for one share group in one partition (`SharePartition`).

use super::state::StateBatch;
use super::state::{AcknowledgeBatch, AcknowledgeType, AcquiredRecords, Settled, ShareRecordState, ShareSettled};
use crate::ids::{MemberId, Offset};
use crate::protocol::ErrorCode;
use crate::storage::RecordBatch;
use crate::time::Instant;
use std::collections::VecDeque;
use std::sync::Arc;

/// A record in the window.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ShareCell {
    /// Its state.
    pub state: ShareRecordState,
    /// How often it was delivered.
    pub delivery_count: i16,
    /// Who has it, and until when; only while Acquired.
    pub lock: Option<(MemberId, Instant)>,
    /// A change on its way to the share coordinator: the number of the write, and what it was before.
    change: Option<Change>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Change {
    write: u64,
    lock: Option<(MemberId, Instant)>,
    why: ShareSettled,
}

/// What limits an acquisition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AcquireTerms {
    /// Most records; whole batches may go over it unless `strict`.
    pub max_records: usize,
    /// `share.acquire.mode=record_limit`.
    pub strict: bool,
    /// `group.share.partition.max.record.locks`.
    pub max_locks: usize,
    /// `group.share.delivery.count.limit`.
    pub delivery_limit: i16,
    /// When the locks end.
    pub until: Instant,
}

/// A share-partition. Offsets from the start offset on have a cell each.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SharePartition {
    start: Offset,
    cells: VecDeque<ShareCell>,
    /// Cells that are neither acknowledged nor archived.
    in_flight: usize,
    /// No lock ends before then.
    earliest: Option<Instant>,
}

impl SharePartition {
    /// What was written down of it: everything below `start` is done.
    pub fn new(start: Offset, batches: &[StateBatch]) -> SharePartition {
        let mut partition = SharePartition { start, cells: VecDeque::new(), in_flight: 0, earliest: None };
        for batch in batches {
            let mut offset = batch.first.max(start);
            while offset <= batch.last {
                // What nobody has written about in between is available.
                while partition.end() < offset {
                    partition.cells.push_back(ShareCell::default());
                }
                let cell =
                    ShareCell { state: batch.state, delivery_count: batch.delivery_count, ..ShareCell::default() };
                match usize::try_from(offset.since(start)).ok().and_then(|index| partition.cells.get_mut(index)) {
                    Some(known) => *known = cell,
                    None => partition.cells.push_back(cell),
                }
                offset += 1;
            }
        }
        partition.in_flight = partition.cells.iter().filter(|cell| !cell.state.is_terminal()).count();
        partition
    }

    /// SPSO: everything below is done.
    pub fn start(&self) -> Offset {
        self.start
    }

    /// SPEO: nothing from here on was ever acquired.
    pub fn end(&self) -> Offset {
        self.start + self.cells.len() as i64
    }

    /// The records between the two, with their offsets.
    pub fn cells(&self) -> impl Iterator<Item = (Offset, &ShareCell)> {
        let start = self.start;
        self.cells.iter().enumerate().map(move |(index, cell)| (start + index as i64, cell))
    }

    /// One record of the window.
    pub fn cell(&self, offset: Offset) -> Option<&ShareCell> {
        self.cells.get(usize::try_from(offset.since(self.start)).ok()?)
    }

    /// How many are neither acknowledged nor archived.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// No lock ends before this.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.earliest
    }

    /// The first offset somebody may acquire, or none while too many are in flight.
    pub fn next_fetch_offset(&self, max_locks: usize) -> Option<Offset> {
        let free = self.cells().find(|(_, cell)| cell.is_free()).map(|(offset, _)| offset);
        free.or_else(|| (self.in_flight < max_locks).then(|| self.end()))
    }

    /// Gives a member what is available in these batches of the log, oldest first. `readable` says whether a reader sees
    /// anything at an offset of a batch.
    pub fn acquire(
        &mut self,
        member: MemberId,
        batches: &[Arc<RecordBatch>],
        readable: &dyn Fn(&RecordBatch, Offset) -> bool,
        terms: &AcquireTerms,
    ) -> Vec<AcquiredRecords> {
        let mut acquired: Vec<AcquiredRecords> = Vec::new();
        let mut taken = 0;
        let hard = if terms.strict { terms.max_records } else { usize::MAX };
        for batch in batches {
            if taken >= terms.max_records {
                break;
            }
            let mut offset = batch.base_offset.max(self.start);
            while offset <= batch.last_offset() && taken < hard {
                if !self.reach(offset, terms.max_locks) {
                    return acquired;
                }
                if !readable(batch, offset) {
                    self.archive(offset);
                    offset += 1;
                    continue;
                }
                let portion = self.portion(offset, batch.last_offset(), terms);
                if portion == 0 {
                    offset += 1;
                    continue;
                }
                let alone = self.is_suspect(offset, terms);
                if alone && taken > 0 {
                    // What failed often comes by itself.
                    return acquired;
                }
                for _ in 0..portion.min(hard - taken) {
                    self.take(offset, member, terms, &mut acquired);
                    taken += 1;
                    offset += 1;
                }
                if alone {
                    return acquired;
                }
            }
        }
        acquired
    }

    /// Makes sure that `offset` has a cell. False when too many records are in flight for that.
    fn reach(&mut self, offset: Offset, max_locks: usize) -> bool {
        while self.end() < offset {
            // Compaction left no batch for these offsets.
            self.cells.push_back(ShareCell { state: ShareRecordState::Archived, ..ShareCell::default() });
        }
        if self.end() == offset {
            if self.in_flight >= max_locks {
                return false;
            }
            self.cells.push_back(ShareCell::default());
            self.in_flight += 1;
        }
        true
    }

    fn index(&self, offset: Offset) -> Option<usize> {
        usize::try_from(offset.since(self.start)).ok().filter(|index| *index < self.cells.len())
    }

    fn archive(&mut self, offset: Offset) {
        let Some(index) = self.index(offset) else { return };
        let cell = &mut self.cells[index];
        if cell.is_free() {
            *cell = ShareCell { state: ShareRecordState::Archived, ..*cell };
            self.in_flight -= 1;
        }
    }

    /// From half the limit on a record is suspected to be what fails.
    fn is_suspect(&self, offset: Offset, terms: &AcquireTerms) -> bool {
        self.cell(offset).is_some_and(|cell| cell.delivery_count >= throttle_from(terms.delivery_limit))
    }

    /// How many records from `offset` on go together: those that are free and were delivered as often. Of suspects only a
    /// part: half with each further delivery, and one alone at the last.
    fn portion(&self, offset: Offset, last: Offset, terms: &AcquireTerms) -> usize {
        let Some(first) = self.cell(offset).filter(|cell| cell.is_free()) else { return 0 };
        let count = first.delivery_count;
        let Some(index) = self.index(offset) else { return 0 };
        let most = usize::try_from(last.since(offset) + 1).unwrap_or(0);
        let alike = self.cells.iter().skip(index).take(most);
        let run = alike.take_while(|cell| cell.is_free() && cell.delivery_count == count).count();
        let from = throttle_from(terms.delivery_limit);
        if count < from {
            return run;
        }
        if count + 1 >= terms.delivery_limit {
            return 1;
        }
        (run >> (count - from + 1).clamp(0, 16)).max(1)
    }

    fn take(&mut self, offset: Offset, member: MemberId, terms: &AcquireTerms, acquired: &mut Vec<AcquiredRecords>) {
        if !self.reach(offset, terms.max_locks) {
            return;
        }
        let Some(index) = self.index(offset) else { return };
        let cell = &mut self.cells[index];
        cell.state = ShareRecordState::Acquired;
        cell.delivery_count += 1;
        cell.lock = Some((member, terms.until));
        let delivery_count = cell.delivery_count;
        self.earliest = Some(self.earliest.map_or(terms.until, |at| at.min(terms.until)));
        match acquired.last_mut() {
            Some(run) if run.last + 1 == offset && run.delivery_count == delivery_count => run.last = offset,
            _ => acquired.push(AcquiredRecords { first: offset, last: offset, delivery_count }),
        }
    }

    /// Takes a member's word about records it has: all of it, or nothing. What changes is on its way into the log under
    /// the number `write` until [`SharePartition::commit`] or [`SharePartition::roll_back`]; returned is what to write.
    pub fn acknowledge(
        &mut self,
        member: MemberId,
        said: &[AcknowledgeBatch],
        limit: i16,
        renewed_until: Option<Instant>,
        write: u64,
    ) -> Result<Vec<StateBatch>, ErrorCode> {
        let mut spoken: Option<Offset> = None;
        for batch in said {
            // In the order of the offsets, and of each record once.
            let overlaps = spoken.is_some_and(|last| batch.first <= last);
            if overlaps || batch.last < batch.first || batch.last >= self.end() {
                return Err(ErrorCode::InvalidRequest);
            }
            spoken = Some(batch.last);
        }
        for batch in said {
            if batch.kind == AcknowledgeType::Renew && renewed_until.is_none() {
                return Err(ErrorCode::InvalidRequest);
            }
            if batch.last < self.start {
                return Err(ErrorCode::InvalidRecordState);
            }
            // What the start offset has passed within the batch, the log has deleted meanwhile.
            let mut offset = batch.first.max(self.start);
            while offset <= batch.last {
                let held = self.cell(offset).is_some_and(|cell| {
                    cell.state == ShareRecordState::Acquired && cell.lock.is_some_and(|(holder, _)| holder == member)
                });
                if !held {
                    return Err(ErrorCode::InvalidRecordState);
                }
                offset += 1;
            }
        }
        let mut changed = Vec::new();
        for batch in said {
            let mut offset = batch.first.max(self.start);
            while offset <= batch.last {
                let why = match batch.kind {
                    AcknowledgeType::Accept => Some(ShareSettled::Accepted),
                    AcknowledgeType::Release => Some(ShareSettled::Released),
                    AcknowledgeType::Reject => Some(ShareSettled::Rejected),
                    AcknowledgeType::Gap => Some(ShareSettled::Gap),
                    AcknowledgeType::Renew => None,
                };
                match why {
                    Some(why) => self.leave(offset, why, limit, write, &mut changed),
                    None => self.renew(offset, member, renewed_until),
                }
                offset += 1;
            }
        }
        Ok(changed)
    }

    fn renew(&mut self, offset: Offset, member: MemberId, until: Option<Instant>) {
        let Some(index) = self.index(offset) else { return };
        self.cells[index].lock = until.map(|until| (member, until));
        self.look_for_earliest();
    }

    /// A record is Acquired no more.
    fn leave(&mut self, offset: Offset, why: ShareSettled, limit: i16, write: u64, changed: &mut Vec<StateBatch>) {
        let Some(index) = self.index(offset) else { return };
        let cell = &mut self.cells[index];
        let exhausted = cell.delivery_count >= limit;
        let state = match why {
            ShareSettled::Accepted => ShareRecordState::Acknowledged,
            ShareSettled::Rejected | ShareSettled::Gap => ShareRecordState::Archived,
            ShareSettled::Released | ShareSettled::LockExpired | ShareSettled::SessionClosed if exhausted => {
                ShareRecordState::Archived
            }
            ShareSettled::Released | ShareSettled::LockExpired | ShareSettled::SessionClosed => {
                ShareRecordState::Available
            }
        };
        cell.change = Some(Change { write, lock: cell.lock, why });
        cell.state = state;
        cell.lock = None;
        let delivery_count = cell.delivery_count;
        if state.is_terminal() {
            self.in_flight -= 1;
        }
        match changed.last_mut() {
            Some(run) if run.last + 1 == offset && run.state == state && run.delivery_count == delivery_count => {
                run.last = offset;
            }
            _ => changed.push(StateBatch { first: offset, last: offset, state, delivery_count }),
        }
    }

    /// All locks of a member end: its session is closed.
    pub fn release_all(&mut self, member: MemberId, limit: i16, write: u64) -> Vec<StateBatch> {
        let held = |cell: &ShareCell| cell.lock.is_some_and(|(holder, _)| holder == member);
        self.leave_all(held, ShareSettled::SessionClosed, limit, write)
    }

    /// Locks that have ended by now.
    pub fn expire(&mut self, now: Instant, limit: i16, write: u64) -> Vec<StateBatch> {
        let late = |cell: &ShareCell| cell.lock.is_some_and(|(_, until)| until <= now);
        let changed = self.leave_all(late, ShareSettled::LockExpired, limit, write);
        self.look_for_earliest();
        changed
    }

    fn leave_all(
        &mut self,
        which: impl Fn(&ShareCell) -> bool,
        why: ShareSettled,
        limit: i16,
        write: u64,
    ) -> Vec<StateBatch> {
        let due: Vec<Offset> = self.cells().filter(|(_, cell)| which(cell)).map(|(offset, _)| offset).collect();
        let mut changed = Vec::new();
        for offset in due {
            self.leave(offset, why, limit, write, &mut changed);
        }
        changed
    }

    fn look_for_earliest(&mut self) {
        self.earliest = self.cells.iter().filter_map(|cell| cell.lock).map(|(_, until)| until).min();
    }

    /// The write is in the log: what it says stands. Returns what to tell.
    pub fn commit(&mut self, write: u64) -> Vec<Settled> {
        let mut told = Vec::new();
        let start = self.start;
        for (index, cell) in self.cells.iter_mut().enumerate() {
            let Some(change) = cell.change.take_if(|change| change.write == write) else { continue };
            let Some((member, _)) = change.lock else { continue };
            let (state, delivery_count, why) = (cell.state, cell.delivery_count, change.why);
            told.push(Settled { offset: start + index as i64, state, delivery_count, member, why });
        }
        told
    }

    /// The write failed: what it says never happened. Locks that ended meanwhile end now.
    pub fn roll_back(&mut self, write: u64) {
        for cell in &mut self.cells {
            let Some(change) = cell.change.take_if(|change| change.write == write) else { continue };
            if cell.state.is_terminal() {
                self.in_flight += 1;
            }
            cell.state = ShareRecordState::Acquired;
            cell.lock = change.lock;
        }
        self.look_for_earliest();
    }

    /// The start offset moves over everything that is done, and over what the log has deleted. Returns where it was and
    /// where it is, when it moved.
    pub fn advance(&mut self, log_start: Offset) -> Option<(Offset, Offset)> {
        let from = self.start;
        while let Some(cell) = self.cells.front() {
            let done = cell.state.is_terminal() && cell.change.is_none();
            if !done && self.start >= log_start {
                break;
            }
            if !cell.state.is_terminal() {
                self.in_flight -= 1;
            }
            self.cells.pop_front();
            self.start += 1;
        }
        if self.cells.is_empty() {
            self.start = self.start.max(log_start);
        }
        (self.start > from).then_some((from, self.start))
    }
}

/// The delivery count from which records are given out in portions (`SharePartition.throttleRecordsDeliveryLimit`).
fn throttle_from(limit: i16) -> i16 {
    ((limit + 1) / 2).max(2)
}

impl ShareCell {
    /// Whether somebody may have it.
    fn is_free(&self) -> bool {
        self.state == ShareRecordState::Available && self.change.is_none()
    }

    /// Whether a change of it is on its way to the share coordinator.
    pub fn is_changing(&self) -> bool {
        self.change.is_some()
    }
}
