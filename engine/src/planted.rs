//! Protocol bugs on purpose: each is what a real broker or client got wrong once, or could. The suites plant one after the
//! other and show that a promise catches it.
//!
//! Without the feature `planted-faults` nothing of this is compiled: [`planted`] is `false` and every place that asks for
//! it is as if it were not there.

/// A bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// A follower cuts its log at its own high watermark when it begins to follow, as before KIP-101.
    TruncateToHighWatermark,
    /// A follower is let into the ISR before it has reached the high watermark.
    IsrExpandsEarly,
    /// `acks=all` is answered as soon as the leader has written.
    AckBeforeHighWatermark,
    /// The leader takes any sequence of an idempotent producer.
    NoSequenceCheck,
    /// A gap in the sequence is taken for a repetition: answered as written, and not written.
    GapTakenForDuplicate,
    /// A commit of an old generation is taken; and a member between two generations sends it.
    StaleGenerationAccepted,
    /// A commit of a member that was thrown out is taken.
    ZombieCommitAccepted,
    /// A reader of committed data gets everything below the high watermark.
    LastStableOffsetIgnored,
    /// A leader lowers its high watermark when a follower falls behind.
    HighWatermarkMovesBack,
    /// The high watermark is the leader's log end, wherever the followers are.
    HighWatermarkIgnoresIsr,
    /// A follower believes its leader's high watermark beyond the end of its own log.
    HighWatermarkBeyondEnd,
    /// A leader gives consumers what is above the high watermark.
    ReadsBeyondHighWatermark,
    /// The controller elects a replica outside the ISR and calls it a clean election.
    UncleanElectionUnannounced,
    /// A new leader leads in its predecessor's epoch.
    LeaderEpochNotBumped,
    /// Of the partitions of a transaction one gets no marker.
    MarkerSkipped,
    /// Two members get the same partition.
    PartitionAssignedTwice,
    /// A new coordinator does not read the committed offsets.
    OffsetsLostAtFailover,
    /// A consumer commits beyond what it has read.
    CommitBeyondEnd,
    /// A consumer's position stays where it was when records are handed out.
    PositionNotMoved,
    /// A leader answers a fetch beyond a difference of the logs as if there were none.
    DivergenceIgnored,
}

#[cfg(feature = "planted-faults")]
mod active {
    use super::Planted;
    use std::cell::Cell;

    impl Planted {
        /// All of them.
        pub const ALL: [Planted; 20] = [
            Planted::TruncateToHighWatermark,
            Planted::IsrExpandsEarly,
            Planted::AckBeforeHighWatermark,
            Planted::NoSequenceCheck,
            Planted::GapTakenForDuplicate,
            Planted::StaleGenerationAccepted,
            Planted::ZombieCommitAccepted,
            Planted::LastStableOffsetIgnored,
            Planted::HighWatermarkMovesBack,
            Planted::HighWatermarkIgnoresIsr,
            Planted::HighWatermarkBeyondEnd,
            Planted::ReadsBeyondHighWatermark,
            Planted::UncleanElectionUnannounced,
            Planted::LeaderEpochNotBumped,
            Planted::MarkerSkipped,
            Planted::PartitionAssignedTwice,
            Planted::OffsetsLostAtFailover,
            Planted::CommitBeyondEnd,
            Planted::PositionNotMoved,
            Planted::DivergenceIgnored,
        ];
    }

    std::thread_local! {
        static PLANTED: Cell<Option<Planted>> = const { Cell::new(None) };
    }

    /// Plants a bug in every world this thread runs; none takes it out.
    pub fn plant(bug: Option<Planted>) {
        PLANTED.set(bug);
    }

    pub(crate) fn planted(bug: Planted) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-faults")]
pub use active::plant;
#[cfg(feature = "planted-faults")]
pub(crate) use active::planted;

/// Whether this bug is planted: never.
#[cfg(not(feature = "planted-faults"))]
#[inline(always)]
pub(crate) const fn planted(_: Planted) -> bool {
    false
}
