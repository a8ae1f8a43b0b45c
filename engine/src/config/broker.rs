//! Broker settings (`ReplicationConfigs`, `ServerConfigs`, `KRaftConfigs`, `GroupCoordinatorConfig`).

use super::config_struct;
use super::group_values::ServerAssignors;
use super::value::NEVER;
use super::words::{ANY_INT, Millis, ReplicaSelector};
use crate::time::Duration;

const INT: i64 = i32::MAX as i64;

config_struct! {
    /// Settings of one broker.
    BrokerConfig, owner "broker";
    /// A follower that has not caught up for this long leaves the ISR.
    "replica.lag.time.max.ms" => replica_lag_time_max_ms: Millis = Millis(30_000), Some((i64::MIN, i64::MAX));
    /// How long a leader holds a follower's fetch that finds nothing.
    "replica.fetch.wait.max.ms" => replica_fetch_wait_max_ms: Duration = Duration::from_millis(500), Some((0, INT));
    /// Least data that answers a follower's fetch at once.
    "replica.fetch.min.bytes" => replica_fetch_min_bytes: i32 = 1, Some((0, INT)), "B";
    /// Most data per partition in one follower fetch.
    "replica.fetch.max.bytes" => replica_fetch_max_bytes: i32 = 1_048_576, Some((0, INT)), "B";
    /// Most data of all partitions together in one follower fetch.
    "replica.fetch.response.max.bytes" => replica_fetch_response_max_bytes: i32 = 10_485_760, Some((0, INT)), "B";
    /// Most data in one answer to a fetch, whatever was asked for.
    "fetch.max.bytes" => fetch_max_bytes: i32 = 57_671_680, Some((1_024, INT)), "B";
    /// Which replica consumers are sent to (KIP-392).
    "replica.selector.class" => replica_selector_class: ReplicaSelector = ReplicaSelector::Leader, None;
    /// Pause of a fetcher after an error.
    "replica.fetch.backoff.ms" => replica_fetch_backoff_ms: Duration = Duration::from_millis(1_000), Some((0, INT));
    /// A follower's request that stays unanswered this long breaks its connection.
    "replica.socket.timeout.ms" => replica_socket_timeout_ms: Duration = Duration::from_millis(30_000), Some((0, INT));
    /// How often the high watermarks are written to their checkpoint file.
    "replica.high.watermark.checkpoint.interval.ms" => replica_high_watermark_checkpoint_interval_ms: Duration = Duration::from_millis(5_000), Some((0, i64::MAX));
    /// A producer silent for this long is forgotten; never one with an open transaction.
    "producer.id.expiration.ms" => producer_id_expiration_ms: Duration = Duration::from_millis(86_400_000), Some((1, INT));
    /// How often silent producers are looked for.
    "producer.id.expiration.check.interval.ms" => producer_id_expiration_check_interval_ms: Duration = Duration::from_millis(600_000), Some((1, INT));
    /// Partitions of `__transaction_state`.
    "transaction.state.log.num.partitions" => transaction_state_log_num_partitions: i32 = 50, Some((1, INT)), "partitions";
    /// Replicas of each partition of `__transaction_state`.
    "transaction.state.log.replication.factor" => transaction_state_log_replication_factor: i16 = 3, Some((1, i16::MAX as i64)), "replicas";
    /// In-sync replicas a record of `__transaction_state` needs.
    "transaction.state.log.min.isr" => transaction_state_log_min_isr: i32 = 2, Some((1, INT)), "replicas";
    /// Longest `transaction.timeout.ms` a producer may ask for.
    "transaction.max.timeout.ms" => transaction_max_timeout_ms: Duration = Duration::from_millis(900_000), Some((1, INT));
    /// How often transactions that are open too long are looked for.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms" => transaction_abort_timed_out_transaction_cleanup_interval_ms: Duration = Duration::from_millis(10_000), Some((1, INT));
    /// Whether a leader asks the coordinator before a producer's first write in a transaction (KIP-890).
    "transaction.partition.verification.enable" => transaction_partition_verification_enable: bool = true, None;
    /// Feature level rather than setting: 0 or 1 is the older protocol, 2 a new epoch for every transaction (KIP-890).
    "transaction.version" => transaction_version: i16 = 2, Some((0, 2));
    /// Whether producers may ask for transactions that never time out (KIP-939).
    "transaction.two.phase.commit.enable" => transaction_two_phase_commit_enable: bool = false, None;
    /// How often a broker tells the controller that it lives.
    "broker.heartbeat.interval.ms" => broker_heartbeat_interval_ms: Millis = Millis(2_000), Some(ANY_INT);
    /// How often a broker looks for segments to delete.
    "log.retention.check.interval.ms" => log_retention_check_interval_ms: Duration = Duration::from_millis(300_000), Some((1, i64::MAX));
    /// How long a started broker waits before its first retention, checkpoint and cleaning. Internal in Kafka.
    "log.initial.task.delay.ms" => log_initial_task_delay_ms: Duration = Duration::from_millis(30_000), Some((0, i64::MAX));
    /// How often the flusher looks for logs that were not fsynced for `flush.ms`; by default never.
    "log.flush.scheduler.interval.ms" => log_flush_scheduler_interval_ms: Duration = NEVER, Some((i64::MIN, i64::MAX));
    /// How often recovery points and log start offsets are written down.
    "log.flush.offset.checkpoint.interval.ms" => log_flush_offset_checkpoint_interval_ms: Millis = Millis(60_000), Some((0, INT));
    /// Pause of the cleaner between two rounds.
    "log.cleaner.backoff.ms" => log_cleaner_backoff_ms: Duration = Duration::from_millis(15_000), Some((0, i64::MAX));
    /// Partitions of `__consumer_offsets`.
    "offsets.topic.num.partitions" => offsets_topic_num_partitions: i32 = 50, Some((1, INT)), "partitions";
    /// Replicas of each partition of `__consumer_offsets`.
    "offsets.topic.replication.factor" => offsets_topic_replication_factor: i16 = 3, Some((1, i16::MAX as i64)), "replicas";
    /// `segment.bytes` of `__consumer_offsets`.
    "offsets.topic.segment.bytes" => offsets_topic_segment_bytes: i32 = 104_857_600, Some((1, INT)), "B";
    /// How long a new, empty group waits for more members before its first rebalance.
    "group.initial.rebalance.delay.ms" => group_initial_rebalance_delay_ms: Millis = Millis(3_000), Some(ANY_INT);
    /// Shortest session timeout a member may ask for.
    "group.min.session.timeout.ms" => group_min_session_timeout_ms: Millis = Millis(6_000), Some(ANY_INT);
    /// Longest session timeout a member may ask for.
    "group.max.session.timeout.ms" => group_max_session_timeout_ms: Millis = Millis(1_800_000), Some(ANY_INT);
    /// Most members in one group.
    "group.max.size" => group_max_size: i32 = i32::MAX, Some((1, INT)), "members";
    /// How long the offsets of a group without members are kept.
    "offsets.retention.minutes" => offsets_retention_minutes: i32 = 10_080, Some((1, INT)), "min";
    /// How often the coordinator looks for offsets that are too old.
    "offsets.retention.check.interval.ms" => offsets_retention_check_interval_ms: Duration = Duration::from_millis(600_000), Some((1, i64::MAX));
    /// Without a heartbeat for this long the coordinator removes a member of a KIP-848 group.
    "group.consumer.session.timeout.ms" => group_consumer_session_timeout_ms: Duration = Duration::from_millis(45_000), Some((1, INT));
    /// How often the coordinator tells such members to speak.
    "group.consumer.heartbeat.interval.ms" => group_consumer_heartbeat_interval_ms: Duration = Duration::from_millis(5_000), Some((1, INT));
    /// Most members in one such group.
    "group.consumer.max.size" => group_consumer_max_size: i32 = i32::MAX, Some((1, INT)), "members";
    /// Assignors the coordinator offers; the first is used unless a member asks for another.
    "group.consumer.assignors" => group_consumer_assignors: ServerAssignors = ServerAssignors::default(), None;
    /// A new target assignment is computed at most this often; 0 for at every change.
    "group.consumer.assignment.interval.ms" => group_consumer_assignment_interval_ms: Duration = Duration::from_millis(1_000), Some((0, INT));
}

impl BrokerConfig {
    /// The settings a running broker takes (`DynamicBrokerConfig`); the others are read at its start.
    pub const DYNAMIC: &'static [&'static str] =
        &["log.cleaner.backoff.ms", "producer.id.expiration.ms", "transaction.partition.verification.enable"];
}
