//! The promises by name, as `trace` and page call them.

use super::guarantee::named;
use serde::{Serialize, Serializer};

named! {
    /// A promise of the protocol, or an anomaly a client must never see unannounced.
    Promise {
        /// A partition's leader is in its ISR, and the ISR among the replicas.
        LeaderInIsr = "LeaderInIsr",
        /// One broker leads a partition in one epoch.
        OneLeaderPerEpoch = "OneLeaderPerEpoch",
        /// Leader, partition, broker and metadata epochs only grow.
        EpochsNeverGoBack = "EpochsNeverGoBack",
        /// Log start, high watermark and log end stand in this order.
        HighWatermarkWithinLog = "HighWatermarkWithinLog",
        /// A leader's high watermark does not fall within its epoch.
        HighWatermarkNeverRetreats = "HighWatermarkNeverRetreats",
        /// Every in-sync replica the leader counts has all records below the high watermark.
        WeakIsr = "WeakIsr",
        /// So has every member of the committed ISR.
        StrongIsr = "StrongIsr",
        /// Where two logs have the same offset and epoch, they have the same record.
        LogMatching = "LogMatching",
        /// A cleanly elected leader holds every record acknowledged with `acks=all`.
        LeaderCompleteness = "LeaderCompleteness",
        /// What a consumer was given stays.
        ConsistentRead = "ConsistentRead",
        /// `acks=all` is answered only below the high watermark and with enough replicas in sync.
        AckedOnlyBelowHighWatermark = "AckedOnlyBelowHighWatermark",
        /// Per producer and partition, sequences follow one another without gap or repetition.
        ProducerSequenceContiguous = "ProducerSequenceContiguous",
        /// A partition has one owner in one generation.
        PartitionOwnedOnce = "PartitionOwnedOnce",
        /// A commit of an old generation is refused.
        StaleGenerationRefused = "StaleGenerationRefused",
        /// No offset is committed beyond the partition's end.
        CommittedOffsetWithinLog = "CommittedOffsetWithinLog",
        /// A broker's metadata is a prefix of the controller's.
        MetadataLogMatching = "MetadataLogMatching",
        /// Each record has one fate.
        Conservation = "Conservation",
        /// Two acknowledged records stand in the wrong order without a reason.
        NonmonotonicSend = "nonmonotonic-send",
        /// A consumer got records out of order.
        NonmonotonicPoll = "nonmonotonic-poll",
        /// A consumer passed over records without a reason.
        PollSkip = "poll-skip",
    }
}
