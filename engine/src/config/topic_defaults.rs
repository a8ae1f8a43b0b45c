//! The broker's settings that give topics their defaults (`LogConfig.extractLogConfigMap`).

use super::compression::{BrokerCompressionType, GzipLevel};
use super::config_struct;
use super::topic::TopicConfig;
use super::value::NEVER;
use super::words::{ANY_INT, CleanupPolicy, Millis, Ratio, TimestampType};
use crate::time::Duration;

const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;
const ANY_LONG: (i64, i64) = (i64::MIN, i64::MAX);

config_struct! {
    /// What a topic has where it says nothing itself. Kafka counts these among the broker's settings.
    TopicDefaults, owner "broker";
    /// Default of `min.insync.replicas`.
    "min.insync.replicas" => min_insync_replicas: i32 = 1, Some((1, INT)), "replicas";
    /// Default of `unclean.leader.election.enable`.
    "unclean.leader.election.enable" => unclean_leader_election_enable: bool = false, None;
    /// Default of `max.message.bytes`.
    "message.max.bytes" => message_max_bytes: i32 = 1_048_588, Some((0, INT)), "B";
    /// Default of the topic's `compression.type`.
    "compression.type" => compression_type: BrokerCompressionType = BrokerCompressionType::Producer, None;
    /// Default of the topic's `compression.gzip.level`.
    "compression.gzip.level" => compression_gzip_level: GzipLevel = GzipLevel::DEFAULT, None;
    /// Default of `message.timestamp.type`.
    "log.message.timestamp.type" => log_message_timestamp_type: TimestampType = TimestampType::CreateTime, None;
    /// Default of `message.timestamp.before.max.ms`.
    "log.message.timestamp.before.max.ms" => log_message_timestamp_before_max_ms: i64 = LONG, Some((0, LONG)), "ms";
    /// Default of `message.timestamp.after.max.ms`.
    "log.message.timestamp.after.max.ms" => log_message_timestamp_after_max_ms: i64 = 3_600_000, Some((0, LONG)), "ms";
    /// Default of `segment.bytes`.
    "log.segment.bytes" => log_segment_bytes: i32 = 1_073_741_824, Some((1_048_576, INT)), "B";
    /// Default of `segment.ms`; unset, `log.roll.hours` applies.
    "log.roll.ms" => log_roll_ms: Option<i64> = None, Some(ANY_LONG), "ms";
    /// Default of `segment.ms` in hours.
    "log.roll.hours" => log_roll_hours: i32 = 168, Some((1, INT)), "h";
    /// Default of `segment.index.bytes`.
    "log.index.size.max.bytes" => log_index_size_max_bytes: i32 = 10_485_760, Some((4, INT)), "B";
    /// Default of `index.interval.bytes`.
    "log.index.interval.bytes" => log_index_interval_bytes: i32 = 4_096, Some((0, INT)), "B";
    /// Default of `cleanup.policy`.
    "log.cleanup.policy" => log_cleanup_policy: CleanupPolicy = CleanupPolicy::DELETE, None;
    /// Default of `retention.ms`; unset, `log.retention.minutes` and then `log.retention.hours` apply.
    "log.retention.ms" => log_retention_ms: Option<i64> = None, Some(ANY_LONG), "ms";
    /// Default of `retention.ms` in minutes.
    "log.retention.minutes" => log_retention_minutes: Option<i64> = None, Some(ANY_INT), "min";
    /// Default of `retention.ms` in hours.
    "log.retention.hours" => log_retention_hours: i32 = 168, Some(ANY_INT), "h";
    /// Default of `retention.bytes`.
    "log.retention.bytes" => log_retention_bytes: i64 = -1, Some(ANY_LONG), "B";
    /// Default of `flush.messages`.
    "log.flush.interval.messages" => log_flush_interval_messages: i64 = LONG, Some((1, LONG)), "records";
    /// Default of `flush.ms`; unset, the operating system decides.
    "log.flush.interval.ms" => log_flush_interval_ms: Option<i64> = None, Some(ANY_LONG), "ms";
    /// Default of `min.cleanable.dirty.ratio`.
    "log.cleaner.min.cleanable.ratio" => log_cleaner_min_cleanable_ratio: Ratio = Ratio(500_000), Some((0, 1));
    /// Default of `delete.retention.ms`.
    "log.cleaner.delete.retention.ms" => log_cleaner_delete_retention_ms: i64 = 86_400_000, Some((0, LONG)), "ms";
    /// Default of `min.compaction.lag.ms`.
    "log.cleaner.min.compaction.lag.ms" => log_cleaner_min_compaction_lag_ms: i64 = 0, Some((0, LONG)), "ms";
    /// Default of `max.compaction.lag.ms`.
    "log.cleaner.max.compaction.lag.ms" => log_cleaner_max_compaction_lag_ms: i64 = LONG, Some((1, LONG)), "ms";
}

impl TopicDefaults {
    /// A topic that says nothing itself.
    pub fn topic(&self) -> TopicConfig {
        const MINUTE: i64 = 60_000;
        let retention = self
            .log_retention_ms
            .or(self.log_retention_minutes.map(|minutes| minutes.saturating_mul(MINUTE)))
            .unwrap_or_else(|| i64::from(self.log_retention_hours).saturating_mul(60 * MINUTE));
        let roll = self.log_roll_ms.unwrap_or_else(|| i64::from(self.log_roll_hours).saturating_mul(60 * MINUTE));
        let span = |millis: i64| Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        TopicConfig {
            min_insync_replicas: self.min_insync_replicas,
            unclean_leader_election_enable: self.unclean_leader_election_enable,
            max_message_bytes: self.message_max_bytes,
            compression_type: self.compression_type,
            compression_gzip_level: self.compression_gzip_level,
            message_timestamp_type: self.log_message_timestamp_type,
            message_timestamp_before_max_ms: self.log_message_timestamp_before_max_ms,
            message_timestamp_after_max_ms: self.log_message_timestamp_after_max_ms,
            segment_bytes: self.log_segment_bytes,
            segment_ms: roll.max(1),
            segment_index_bytes: self.log_index_size_max_bytes,
            index_interval_bytes: self.log_index_interval_bytes,
            cleanup_policy: self.log_cleanup_policy,
            // As `KafkaConfig.logRetentionTimeMillis`: every negative number is "never".
            retention_ms: Millis(retention.max(-1)),
            retention_bytes: self.log_retention_bytes,
            flush_messages: self.log_flush_interval_messages,
            flush_ms: self.log_flush_interval_ms.map_or(NEVER, span),
            min_cleanable_dirty_ratio: self.log_cleaner_min_cleanable_ratio,
            delete_retention_ms: self.log_cleaner_delete_retention_ms,
            min_compaction_lag_ms: self.log_cleaner_min_compaction_lag_ms,
            max_compaction_lag_ms: self.log_cleaner_max_compaction_lag_ms,
        }
    }
}
