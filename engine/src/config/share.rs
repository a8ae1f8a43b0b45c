//! Settings of share groups (`ShareGroupConfig`, `ShareCoordinatorConfig`, `GroupConfig`, `ConsumerConfig`; KIP-932).

use super::config_struct;
use super::consumer::IsolationLevel;
use super::group_values::AutoOffsetReset;
use super::value::ConfigValue;
use crate::time::Duration;

const INT: i64 = i32::MAX as i64;

/// `share.acknowledgement.mode`: who says what became of a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ShareAcknowledgementMode {
    /// The next `poll` or commit accepts everything the last `poll` returned.
    #[default]
    Implicit,
    /// The application says it of every record.
    Explicit,
}

impl ConfigValue for ShareAcknowledgementMode {
    const WORDS: &'static [&'static str] = &["implicit", "explicit"];
    const EXPECTED: &'static str = "implicit or explicit";
    fn print(&self) -> String {
        Self::WORDS[*self as usize].to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "implicit" => Some(ShareAcknowledgementMode::Implicit),
            "explicit" => Some(ShareAcknowledgementMode::Explicit),
            _ => None,
        }
    }
}

/// `share.acquire.mode` (KIP-1206): how strictly `max.poll.records` limits what is acquired.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ShareAcquireMode {
    /// Whole batches: the last one may go over the limit.
    #[default]
    BatchOptimized,
    /// Never more than the limit.
    RecordLimit,
}

impl ConfigValue for ShareAcquireMode {
    const WORDS: &'static [&'static str] = &["batch_optimized", "record_limit"];
    const EXPECTED: &'static str = "batch_optimized or record_limit";
    fn print(&self) -> String {
        Self::WORDS[*self as usize].to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "batch_optimized" => Some(ShareAcquireMode::BatchOptimized),
            "record_limit" => Some(ShareAcquireMode::RecordLimit),
            _ => None,
        }
    }
}

config_struct! {
    /// What the brokers say of all share groups.
    ShareBrokerConfig, owner "share";
    /// Without a heartbeat for this long the coordinator removes a member.
    "group.share.session.timeout.ms" => session_timeout_ms: Duration = Duration::from_millis(45_000), Some((1, INT));
    /// How often the coordinator tells members to speak.
    "group.share.heartbeat.interval.ms" => heartbeat_interval_ms: Duration = Duration::from_millis(5_000), Some((1, INT));
    /// Shortest and longest `share.session.timeout.ms` a group may have.
    "group.share.min.session.timeout.ms" => min_session_timeout_ms: Duration = Duration::from_millis(45_000), Some((1, INT));
    "group.share.max.session.timeout.ms" => max_session_timeout_ms: Duration = Duration::from_millis(60_000), Some((1, INT));
    /// Shortest and longest `share.heartbeat.interval.ms` a group may have.
    "group.share.min.heartbeat.interval.ms" => min_heartbeat_interval_ms: Duration = Duration::from_millis(5_000), Some((1, INT));
    "group.share.max.heartbeat.interval.ms" => max_heartbeat_interval_ms: Duration = Duration::from_millis(15_000), Some((1, INT));
    /// Most members in one share group.
    "group.share.max.size" => max_size: i32 = 200, Some((1, 1_000)), "members";
    /// A new assignment is computed at most this often; 0 for at every change.
    "group.share.assignment.interval.ms" => assignment_interval_ms: Duration = Duration::from_millis(1_000), Some((0, INT));
    /// Most share sessions on one broker.
    "group.share.max.share.sessions" => max_share_sessions: i32 = 2_000, Some((1, INT)), "sessions";
    /// How long an acquired record stays acquired without an acknowledgement.
    "group.share.record.lock.duration.ms" => record_lock_duration_ms: Duration = Duration::from_millis(30_000), Some((1_000, 3_600_000));
    /// Shortest and longest `share.record.lock.duration.ms` a group may have.
    "group.share.min.record.lock.duration.ms" => min_record_lock_duration_ms: Duration = Duration::from_millis(15_000), Some((1_000, 30_000));
    "group.share.max.record.lock.duration.ms" => max_record_lock_duration_ms: Duration = Duration::from_millis(60_000), Some((30_000, 3_600_000));
    /// How often a record is delivered at most; then it is archived.
    "group.share.delivery.count.limit" => delivery_count_limit: i32 = 5, Some((2, 10)), "deliveries";
    /// Smallest and largest `share.delivery.count.limit` a group may have.
    "group.share.min.delivery.count.limit" => min_delivery_count_limit: i32 = 2, Some((2, 5)), "deliveries";
    "group.share.max.delivery.count.limit" => max_delivery_count_limit: i32 = 10, Some((5, 25)), "deliveries";
    /// Most records of a share-partition in flight: neither acknowledged nor archived.
    "group.share.partition.max.record.locks" => partition_max_record_locks: i32 = 2_000, Some((100, 10_000)), "records";
    /// Smallest and largest `share.partition.max.record.locks` a group may have.
    "group.share.min.partition.max.record.locks" => min_partition_max_record_locks: i32 = 100, Some((100, 2_000)), "records";
    "group.share.max.partition.max.record.locks" => max_partition_max_record_locks: i32 = 4_000, Some((2_000, 10_000)), "records";
    /// Partitions of `__share_group_state`.
    "share.coordinator.state.topic.num.partitions" => state_topic_num_partitions: i32 = 50, Some((1, INT)), "partitions";
    /// Replicas of each partition of `__share_group_state`.
    "share.coordinator.state.topic.replication.factor" => state_topic_replication_factor: i16 = 3, Some((1, i16::MAX as i64)), "replicas";
    /// In-sync replicas a record of `__share_group_state` needs.
    "share.coordinator.state.topic.min.isr" => state_topic_min_isr: i16 = 2, Some((1, i16::MAX as i64)), "replicas";
    /// `segment.bytes` of `__share_group_state`.
    "share.coordinator.state.topic.segment.bytes" => state_topic_segment_bytes: i32 = 104_857_600, Some((1, INT)), "B";
    /// How long a write of a share-partition's state may take to be replicated.
    "share.coordinator.write.timeout.ms" => write_timeout_ms: Duration = Duration::from_millis(5_000), Some((1, INT));
    /// After so many updates of a share-partition's state all of it is written again.
    "share.coordinator.snapshot.update.records.per.snapshot" => snapshot_update_records_per_snapshot: i32 = 500, Some((0, 500)), "records";
}

config_struct! {
    /// What is set for one share group (`kafka-configs.sh --entity-type groups`); else the brokers' settings count.
    ShareGroupConfig, owner "share";
    /// Where the group begins in a partition it has never read.
    "share.auto.offset.reset" => auto_offset_reset: AutoOffsetReset = AutoOffsetReset::Latest, None;
    /// Whether records of open and aborted transactions are read.
    "share.isolation.level" => isolation_level: IsolationLevel = IsolationLevel::ReadUncommitted, None;
    /// Instead of `group.share.record.lock.duration.ms`.
    "share.record.lock.duration.ms" => record_lock_duration_ms: Duration = Duration::from_millis(30_000), Some((1_000, INT));
    /// Instead of `group.share.delivery.count.limit`.
    "share.delivery.count.limit" => delivery_count_limit: i32 = 5, Some((2, INT)), "deliveries";
    /// Instead of `group.share.partition.max.record.locks`.
    "share.partition.max.record.locks" => partition_max_record_locks: i32 = 2_000, Some((100, INT)), "records";
    /// Instead of `group.share.session.timeout.ms`.
    "share.session.timeout.ms" => session_timeout_ms: Duration = Duration::from_millis(45_000), Some((1, INT));
    /// Instead of `group.share.heartbeat.interval.ms`.
    "share.heartbeat.interval.ms" => heartbeat_interval_ms: Duration = Duration::from_millis(5_000), Some((1, INT));
    /// Instead of `group.share.assignment.interval.ms`.
    "share.assignment.interval.ms" => assignment_interval_ms: Duration = Duration::from_millis(1_000), Some((0, INT));
    /// Whether members may renew their locks (KIP-1222).
    "share.renew.acknowledge.enable" => renew_acknowledge_enable: bool = true, None;
}

impl ShareGroupConfig {
    /// A group of which nothing is set.
    pub fn of(brokers: &ShareBrokerConfig) -> ShareGroupConfig {
        ShareGroupConfig {
            record_lock_duration_ms: brokers.record_lock_duration_ms,
            delivery_count_limit: brokers.delivery_count_limit,
            partition_max_record_locks: brokers.partition_max_record_locks,
            session_timeout_ms: brokers.session_timeout_ms,
            heartbeat_interval_ms: brokers.heartbeat_interval_ms,
            assignment_interval_ms: brokers.assignment_interval_ms,
            ..ShareGroupConfig::default()
        }
    }

    /// The first setting that lies outside what the brokers allow: its name and the bounds.
    pub fn outside(&self, brokers: &ShareBrokerConfig) -> Option<(&'static str, &'static str)> {
        let within = |value: Duration, least: Duration, most: Duration| (least..=most).contains(&value);
        let counts = |value: i32, least: i32, most: i32| (least..=most).contains(&value);
        let b = brokers;
        if !within(self.record_lock_duration_ms, b.min_record_lock_duration_ms, b.max_record_lock_duration_ms) {
            return Some((
                "share.record.lock.duration.ms",
                "must lie between the brokers' group.share.min.record.lock.duration.ms and group.share.max.record.lock.duration.ms",
            ));
        }
        if !counts(self.delivery_count_limit, b.min_delivery_count_limit, b.max_delivery_count_limit) {
            return Some((
                "share.delivery.count.limit",
                "must lie between the brokers' group.share.min.delivery.count.limit and group.share.max.delivery.count.limit",
            ));
        }
        if !counts(self.partition_max_record_locks, b.min_partition_max_record_locks, b.max_partition_max_record_locks)
        {
            return Some((
                "share.partition.max.record.locks",
                "must lie between the brokers' group.share.min.partition.max.record.locks and group.share.max.partition.max.record.locks",
            ));
        }
        if !within(self.session_timeout_ms, b.min_session_timeout_ms, b.max_session_timeout_ms) {
            return Some((
                "share.session.timeout.ms",
                "must lie between the brokers' group.share.min.session.timeout.ms and group.share.max.session.timeout.ms",
            ));
        }
        if !within(self.heartbeat_interval_ms, b.min_heartbeat_interval_ms, b.max_heartbeat_interval_ms) {
            return Some((
                "share.heartbeat.interval.ms",
                "must lie between the brokers' group.share.min.heartbeat.interval.ms and group.share.max.heartbeat.interval.ms",
            ));
        }
        None
    }
}

config_struct! {
    /// What a member of a share group sets beside the settings every consumer has.
    ShareConsumerConfig, owner "share";
    /// Who says what became of a record.
    "share.acknowledgement.mode" => acknowledgement_mode: ShareAcknowledgementMode = ShareAcknowledgementMode::Implicit, None;
    /// How strictly `max.poll.records` limits what is acquired.
    "share.acquire.mode" => acquire_mode: ShareAcquireMode = ShareAcquireMode::BatchOptimized, None;
}

/// Settings of a consumer that a share consumer refuses (`ShareConsumerConfig`).
pub const NOT_FOR_SHARE_GROUPS: &[&str] = &[
    "offsets.storage",
    "auto.offset.reset",
    "enable.auto.commit",
    "group.instance.id",
    "isolation.level",
    "partition.assignment.strategy",
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "group.protocol",
    "group.remote.assignor",
];
