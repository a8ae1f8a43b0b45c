//! The ledger in figures.

/// What became of all records so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct LedgerView {
    /// Handed to a producer by an application.
    pub sent: u64,
    /// The producer was told that they are stored.
    pub acked: u64,
    /// The producer gave up on them.
    pub failed: u64,
    /// In at least one log or queue now, or removed from a queue by an ack.
    pub stored: u64,
    /// Handed to an application, once per group or queue that got them.
    pub delivered: u64,
    /// Processed by an application, once per group or queue, repetitions not counted.
    pub processed: u64,
    /// Acknowledged and not in the log of the leader that followed, or lost with a queue.
    pub lost: u64,
    /// Stored a second time in a log.
    pub stored_twice: u64,
    /// Processed again by a group or a queue's workers.
    pub processed_again: u64,
    /// Passed over by a group's committed offset without having been processed.
    pub skipped: u64,
    /// Effects applied more than once in a database.
    pub effects_repeated: u64,
    /// Milliseconds in which partitions that groups had been reading had no reader, summed up.
    pub stopped_ms: u64,
    /// Partitions with fewer in-sync replicas than replicas.
    pub under_replicated: u64,
}
