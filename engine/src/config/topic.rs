//! Topic settings (`TopicConfig`, `LogConfig`).

use super::compression::{BrokerCompressionType, GzipLevel};
use super::config_struct;
use super::value::NEVER;
use super::words::{CleanupPolicy, Millis, Ratio, TimestampType};
use crate::time::Duration;

const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;

config_struct! {
    /// Settings of one topic.
    TopicConfig, owner "topic";
    /// How many in-sync replicas an `acks=all` write needs.
    "min.insync.replicas" => min_insync_replicas: i32 = 1, Some((1, INT)), "replicas";
    /// Whether a replica outside the ISR may lead when no other is left.
    "unclean.leader.election.enable" => unclean_leader_election_enable: bool = false, None;
    /// Largest record batch the topic takes.
    "max.message.bytes" => max_message_bytes: i32 = 1_048_588, Some((0, INT)), "B";
    /// Which codec the log's batches have; `producer` keeps the producer's.
    "compression.type" => compression_type: BrokerCompressionType = BrokerCompressionType::Producer, None;
    /// How hard gzip tries when the leader compresses anew.
    "compression.gzip.level" => compression_gzip_level: GzipLevel = GzipLevel::DEFAULT, None;
    /// Whose clock the records' timestamps are.
    "message.timestamp.type" => message_timestamp_type: TimestampType = TimestampType::CreateTime, None;
    /// How far a record's timestamp may lie behind the leader's clock.
    "message.timestamp.before.max.ms" => message_timestamp_before_max_ms: i64 = LONG, Some((0, LONG)), "ms";
    /// How far a record's timestamp may lie ahead of the leader's clock.
    "message.timestamp.after.max.ms" => message_timestamp_after_max_ms: i64 = 3_600_000, Some((0, LONG)), "ms";
    /// Size at which a segment is closed and a new one begun. This is not retention.
    "segment.bytes" => segment_bytes: i32 = 1_073_741_824, Some((1_048_576, INT)), "B";
    /// Age, by record timestamps, at which a segment is closed.
    "segment.ms" => segment_ms: i64 = 604_800_000, Some((1, LONG)), "ms";
    /// Largest size of an index file; a full index closes its segment.
    "segment.index.bytes" => segment_index_bytes: i32 = 10_485_760, Some((4, INT)), "B";
    /// A batch gets an index entry when more than this was appended since the last one.
    "index.interval.bytes" => index_interval_bytes: i32 = 4_096, Some((0, INT)), "B";
    /// What happens to old data: `delete`, `compact`, both or neither.
    "cleanup.policy" => cleanup_policy: CleanupPolicy = CleanupPolicy::DELETE, None;
    /// Age at which a segment may be deleted; −1 for never.
    "retention.ms" => retention_ms: Millis = Millis(604_800_000), Some((-1, LONG));
    /// Size of a partition above which old segments may be deleted; −1 for no limit.
    "retention.bytes" => retention_bytes: i64 = -1, Some((i64::MIN, LONG)), "B";
    /// fsync after this many records; the default leaves it to the operating system.
    "flush.messages" => flush_messages: i64 = LONG, Some((1, LONG)), "records";
    /// fsync when the oldest unflushed record is this old; the default leaves it to the operating system.
    "flush.ms" => flush_ms: Duration = NEVER, Some((0, LONG));
    /// Share of the log that must be uncleaned before it is compacted.
    "min.cleanable.dirty.ratio" => min_cleanable_dirty_ratio: Ratio = Ratio(500_000), Some((0, 1));
    /// How long a tombstone stays readable after the cleaner first met it.
    "delete.retention.ms" => delete_retention_ms: i64 = 86_400_000, Some((0, LONG)), "ms";
    /// Records younger than this are not compacted.
    "min.compaction.lag.ms" => min_compaction_lag_ms: i64 = 0, Some((0, LONG)), "ms";
    /// Records older than this are compacted whatever the ratio.
    "max.compaction.lag.ms" => max_compaction_lag_ms: i64 = LONG, Some((1, LONG)), "ms";
}

impl TopicConfig {
    /// Age at which a segment is closed: compaction may need it earlier, since it never touches the active segment.
    pub fn roll_ms(&self) -> i64 {
        if self.cleanup_policy.compact { self.segment_ms.min(self.max_compaction_lag_ms) } else { self.segment_ms }
    }
}
