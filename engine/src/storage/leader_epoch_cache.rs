//! Which leader epoch begins at which offset (`LeaderEpochFileCache`, KIP-101, KIP-279).
//!
//! Followers compare these with the leader's to find where their logs part, without comparing records.

use crate::ids::{LeaderEpoch, Offset};

/// The first offset written in an epoch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EpochEntry {
    /// The leader's epoch.
    pub epoch: LeaderEpoch,
    /// The first offset of that epoch.
    pub start_offset: Offset,
}

/// Answer to "where does this epoch end in your log?" (OffsetsForLeaderEpoch).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EpochEnd {
    /// The largest epoch known that is not above the one asked for; −1 when the question cannot be answered.
    pub epoch: LeaderEpoch,
    /// The offset after the last record of that epoch; −1 when the question cannot be answered.
    pub end_offset: Offset,
}

impl EpochEnd {
    /// "I do not know."
    pub const UNDEFINED: EpochEnd = EpochEnd { epoch: LeaderEpoch::NONE, end_offset: Offset::NONE };
}

/// The epochs of one log; epochs and start offsets both strictly increase.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct LeaderEpochCache {
    entries: Vec<EpochEntry>,
}

impl LeaderEpochCache {
    /// The epochs in order.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The newest epoch, or none for an empty log.
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.epoch)
    }

    /// Notes that `epoch` starts at `start_offset`, dropping entries it overtakes.
    pub fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) {
        if let Some(last) = self.entries.last()
            && last.epoch == epoch
            && start_offset >= last.start_offset
        {
            return;
        }
        self.entries.retain(|entry| entry.epoch < epoch && entry.start_offset < start_offset);
        self.entries.push(EpochEntry { epoch, start_offset });
    }

    /// Drops epochs that start at or above `offset`.
    pub fn truncate_from_end(&mut self, offset: Offset) {
        self.entries.retain(|entry| entry.start_offset < offset);
    }

    /// Drops what ended before `offset`; the epoch that covers `offset` now starts there.
    pub fn truncate_from_start(&mut self, offset: Offset) {
        let Some(covering) = self.entries.iter().rposition(|entry| entry.start_offset <= offset) else { return };
        self.entries.drain(..covering);
        self.entries[0].start_offset = offset;
    }

    /// Where `requested` ends in a log that ends at `log_end_offset`.
    pub fn end_offset_for(&self, requested: LeaderEpoch, log_end_offset: Offset) -> EpochEnd {
        if requested == LeaderEpoch::NONE {
            return EpochEnd::UNDEFINED;
        }
        if self.latest() == Some(requested) {
            return EpochEnd { epoch: requested, end_offset: log_end_offset };
        }
        let Some(higher) = self.entries.iter().position(|entry| entry.epoch > requested) else {
            return EpochEnd::UNDEFINED;
        };
        let floor = higher.checked_sub(1).map_or(requested, |index| self.entries[index].epoch);
        EpochEnd { epoch: floor, end_offset: self.entries[higher].start_offset }
    }
}

/// Runs the golden vectors of this cache; `judge` gets each case's name and what is wrong with it, if anything.
pub fn run_leader_epoch_cache(json: &serde_json::Value, judge: &mut impl FnMut(&str, Option<String>)) {
    let int = |value: &serde_json::Value, field: &str| value[field].as_i64().unwrap_or(i64::MIN);
    let epoch =
        |value: &serde_json::Value, field: &str| LeaderEpoch(i32::try_from(int(value, field)).unwrap_or(i32::MIN));
    for case in json["cases"].as_array().into_iter().flatten() {
        let mut cache = LeaderEpochCache::default();
        for op in case["ops"].as_array().into_iter().flatten() {
            match op["op"].as_str() {
                Some("assign") => cache.assign(epoch(op, "epoch"), Offset(int(op, "start_offset"))),
                Some("truncate_from_end") => cache.truncate_from_end(Offset(int(op, "offset"))),
                Some("truncate_from_start") => cache.truncate_from_start(Offset(int(op, "offset"))),
                _ => {}
            }
        }
        let found: Vec<(i64, i64)> =
            cache.entries.iter().map(|entry| (i64::from(entry.epoch.0), entry.start_offset.0)).collect();
        let expected: Vec<(i64, i64)> = case["expect_entries"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| (int(entry, "epoch"), int(entry, "start_offset")))
            .collect();
        let mut wrong = (found != expected).then(|| format!("entries are {found:?}, expected {expected:?}"));
        for query in case["queries"].as_array().into_iter().flatten() {
            let end = cache.end_offset_for(epoch(query, "requested_epoch"), Offset(int(query, "log_end_offset")));
            if end.epoch != epoch(query, "expect_epoch") || end.end_offset.0 != int(query, "expect_end_offset") {
                wrong = wrong.or_else(|| Some(format!("{query} answered ({}, {})", end.epoch, end.end_offset)));
            }
        }
        judge(case["id"].as_str().unwrap_or("unnamed"), wrong);
    }
}
