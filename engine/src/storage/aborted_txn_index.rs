//! Which transactions of a log were aborted (`TransactionIndex`, `AbortedTxn`).
//!
//! Readers with `read_committed` get the entries that concern what they read, and skip the batches themselves.
//! Simplified: one index per log; Kafka keeps one per segment, which may hand out entries that do not matter.

use crate::ids::{Offset, ProducerId};
use std::sync::Arc;

/// An aborted transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AbortedTxn {
    /// Whose.
    pub producer_id: ProducerId,
    /// Offset of its first record in this partition.
    pub first_offset: Offset,
    /// Offset of its marker.
    pub last_offset: Offset,
    /// The last stable offset after its marker: a search up to there needs no later entry.
    pub last_stable_offset: Offset,
}

impl AbortedTxn {
    /// Bytes of an entry in the file.
    pub const SIZE: usize = 34;

    /// The entry as the file holds it: version 0 and four big-endian numbers.
    pub fn to_bytes(&self) -> [u8; AbortedTxn::SIZE] {
        let mut bytes = [0; AbortedTxn::SIZE];
        let fields = [self.producer_id.0, self.first_offset.0, self.last_offset.0, self.last_stable_offset.0];
        for (field, place) in fields.iter().zip(bytes[2..].chunks_exact_mut(8)) {
            place.copy_from_slice(&field.to_be_bytes());
        }
        bytes
    }

    /// Reads an entry; none when it is too short or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<AbortedTxn> {
        let (version, rest) = bytes.get(..AbortedTxn::SIZE)?.split_at(2);
        let mut fields = rest.chunks_exact(8).map(|field| i64::from_be_bytes(field.try_into().unwrap_or_default()));
        (version == [0, 0]).then_some(())?;
        Some(AbortedTxn {
            producer_id: ProducerId(fields.next()?),
            first_offset: Offset(fields.next()?),
            last_offset: Offset(fields.next()?),
            last_stable_offset: Offset(fields.next()?),
        })
    }
}

/// The index: entries in the order of their markers. Clones share them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct AbortedTxnIndex {
    entries: Arc<Vec<AbortedTxn>>,
}

impl AbortedTxnIndex {
    /// The entries in order.
    pub fn entries(&self) -> &[AbortedTxn] {
        &self.entries
    }

    /// Adds the newest entry, if there is one.
    pub fn extend(&mut self, entry: Option<AbortedTxn>) {
        if let Some(entry) = entry {
            Arc::make_mut(&mut self.entries).push(entry);
        }
    }

    /// Whether a producer's data at `offset` belongs to an aborted transaction.
    pub fn covers(&self, producer_id: ProducerId, offset: Offset) -> bool {
        let from = self.entries.partition_point(|entry| entry.last_offset < offset);
        self.entries[from..].iter().any(|entry| entry.producer_id == producer_id && entry.first_offset <= offset)
    }

    /// The entries that overlap `[fetch_offset, upper)`, and whether no later entry can.
    pub fn collect(&self, fetch_offset: Offset, upper: Offset) -> (Vec<AbortedTxn>, bool) {
        let mut found = Vec::new();
        let from = self.entries.partition_point(|entry| entry.last_offset < fetch_offset);
        for entry in &self.entries[from..] {
            if entry.first_offset < upper {
                found.push(*entry);
            }
            if entry.last_stable_offset >= upper {
                return (found, true);
            }
        }
        (found, false)
    }

    /// Drops entries whose marker is at or above `offset`.
    pub fn truncate_to(&mut self, offset: Offset) {
        if self.entries.last().is_some_and(|entry| entry.last_offset >= offset) {
            Arc::make_mut(&mut self.entries).retain(|entry| entry.last_offset < offset);
        }
    }

    /// Drops entries that end below the log's start.
    pub fn truncate_from_start(&mut self, offset: Offset) {
        if self.entries.first().is_some_and(|entry| entry.last_offset < offset) {
            Arc::make_mut(&mut self.entries).retain(|entry| entry.last_offset >= offset);
        }
    }
}

/// Runs the golden vectors of the index; `judge` gets each case's name and what is wrong with it, if anything.
pub fn run_aborted_txn_index(json: &serde_json::Value, judge: &mut impl FnMut(&str, Option<String>)) {
    let entry_of = |value: &serde_json::Value| {
        let int = |field: &str| value[field].as_i64().unwrap_or(i64::MIN);
        AbortedTxn {
            producer_id: ProducerId(int("producer_id")),
            first_offset: Offset(int("first_offset")),
            last_offset: Offset(int("last_offset")),
            last_stable_offset: Offset(int("last_stable_offset")),
        }
    };
    for case in json["cases"].as_array().into_iter().flatten() {
        let wrong = if case["entry"].is_object() {
            let entry = entry_of(&case["entry"]);
            let hex: String = entry.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let read_back = AbortedTxn::from_bytes(&entry.to_bytes());
            (case["expect_hex"] != *hex || read_back != Some(entry)).then(|| format!("{hex} reads {read_back:?}"))
        } else {
            let mut index = AbortedTxnIndex::default();
            case["entries"].as_array().into_iter().flatten().for_each(|entry| index.extend(Some(entry_of(entry))));
            let offset = |field: &str| Offset(case["query"][field].as_i64().unwrap_or_default());
            let (found, complete) = index.collect(offset("fetch_offset"), offset("upper_bound_offset"));
            let places: Vec<usize> =
                found.iter().filter_map(|entry| index.entries().iter().position(|known| known == entry)).collect();
            let expect = &case["expect"];
            let agrees = expect["entry_indexes"] == serde_json::json!(places) && expect["search_complete"] == complete;
            (!agrees).then(|| format!("entries {places:?}, complete {complete}"))
        };
        judge(case["id"].as_str().unwrap_or("unnamed"), wrong);
    }
}
