//! What a producing program sends, and when. The same program feeds a topic or a queue.

use crate::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// A producing program.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// When it sends its first record.
    pub start: Duration,
    /// The pause between two records.
    pub every: Duration,
    /// How many records it sends in all; none for "for ever".
    pub count: Option<u32>,
    /// The keys it uses in turn; empty for records without a key.
    pub keys: Vec<String>,
    /// Bytes of a value.
    pub size: u32,
    /// The partition every record names itself; none leaves the choice to the partitioner.
    pub partition: Option<i32>,
    /// Whether each `send` is waited for (`send(...).get()`) before the next.
    pub sync: bool,
    /// `flush()` after this many records; none for never.
    pub flush_every: Option<u32>,
    /// How it uses transactions, when it has a `transactional.id`.
    pub transaction: TransactionWorkload,
}

/// What a program with a `transactional.id` does between `beginTransaction()` and the end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct TransactionWorkload {
    /// Records in one transaction.
    pub records: u32,
    /// Every nth transaction is aborted; 0 for none.
    pub abort_every: u32,
    /// How long it thinks after the last record.
    pub hold: Duration,
}

impl Default for TransactionWorkload {
    /// Three records, then a commit at once.
    fn default() -> Self {
        TransactionWorkload { records: 3, abort_every: 0, hold: Duration::ZERO }
    }
}

impl Default for Workload {
    /// One 100-byte record every 500 ms, without a key, for ever.
    fn default() -> Self {
        Workload {
            start: Duration::from_secs(1),
            every: Duration::from_millis(500),
            count: None,
            keys: Vec::new(),
            size: 100,
            partition: None,
            sync: false,
            flush_every: None,
            transaction: TransactionWorkload::default(),
        }
    }
}

impl Workload {
    /// When record `number` (from 1) is due, unless the program ends before.
    pub fn due(&self, number: u32) -> Option<Instant> {
        if self.count.is_some_and(|count| number > count) {
            return None;
        }
        Some(Instant::ZERO + self.start + self.every.times(u64::from(number.saturating_sub(1))))
    }

    /// The key of record `number` (from 1).
    pub fn key(&self, number: u32) -> Option<&str> {
        if self.keys.is_empty() {
            return None;
        }
        self.keys.get((number.saturating_sub(1)) as usize % self.keys.len()).map(String::as_str)
    }
}
