//! The promises by name, as `trace` and page call them.

use super::guarantee::named;
use serde::{Serialize, Serializer};

named! {
    /// A promise of the protocol, or an anomaly a client must never see unannounced.
    Promise {
        /// One broker leads a partition in one epoch.
        OneLeaderPerEpoch = "OneLeaderPerEpoch",
        /// A broker takes no role of an epoch older than its last one.
        EpochsNeverGoBack = "EpochsNeverGoBack",
        /// The leader that the controller wrote down is in the ISR, and only replicas are.
        LeaderInIsr = "LeaderInIsr",
        /// Nobody is in the ISR and among the eligible leader replicas at once.
        IsrAndElrDisjoint = "IsrAndElrDisjoint",
        /// Controllers that have a record of one epoch at an offset have the same one, and what is committed stays.
        MetadataLogMatching = "MetadataLogMatching",
        /// No high watermark lies beyond the end of its log.
        HighWatermarkWithinLog = "HighWatermarkWithinLog",
        /// A leader's high watermark does not fall within its epoch.
        HighWatermarkNeverRetreats = "HighWatermarkNeverRetreats",
        /// Every replica in the ISR holds everything below the high watermark.
        StrongIsr = "StrongIsr",
        /// Where a follower appends what its leader wrote, both logs held the same before.
        LogMatching = "LogMatching",
        /// A cleanly elected leader holds every record acknowledged with `acks=all`.
        LeaderCompleteness = "LeaderCompleteness",
        /// A record is in a log, refused, unknown to its producer, or retired: never two of them, and never none.
        Conservation = "Conservation",
        /// A cleaner takes a value only if a later record with the same key stays.
        CompactionKeepsLastValue = "CompactionKeepsLastValue",
        /// What a consumer was given stays.
        ConsistentRead = "ConsistentRead",
        /// `acks=all` is answered only below the high watermark and with enough replicas in sync.
        AckedOnlyBelowHighWatermark = "AckedOnlyBelowHighWatermark",
        /// Per producer and partition, sequences follow one another without gap or repetition.
        ProducerSequenceContiguous = "ProducerSequenceContiguous",
        /// No offset is committed beyond the partition's end.
        CommittedOffsetWithinLog = "CommittedOffsetWithinLog",
        /// A commit of an older generation is refused.
        StaleGenerationRefused = "StaleGenerationRefused",
        /// In one generation of a group a partition has one owner.
        PartitionOwnedOnce = "PartitionOwnedOnce",
        /// A reader of committed data gets records of committed transactions only.
        ReadCommittedSeesNoAborted = "ReadCommittedSeesNoAborted",
        /// A complete transaction has its marker in every partition it wrote to.
        TornTransaction = "torn-txn",
        /// Who takes a partition over begins where the group has committed.
        InconsistentOffsets = "inconsistent-offsets",
        /// Two acknowledged records stand in the wrong order without a reason.
        NonmonotonicSend = "nonmonotonic-send",
        /// A consumer got records out of order.
        NonmonotonicPoll = "nonmonotonic-poll",
        /// A consumer passed over records without a reason.
        PollSkip = "poll-skip",
        /// A record of a share group is acquired by one member at a time.
        AcquiredByOneMember = "AcquiredByOneMember",
        /// No record of a share group is delivered more often than `share.delivery.count.limit`.
        DeliveryCountWithinLimit = "DeliveryCountWithinLimit",
        /// What is acknowledged or archived for a share group is never given out again.
        ShareStateTerminal = "ShareStateTerminal",
        /// A share group's start offset never goes back.
        ShareStartNeverRetreats = "ShareStartNeverRetreats",
    }
}
