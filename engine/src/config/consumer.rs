//! Consumer settings (`ConsumerConfig`).

use super::config_struct;
use super::group_values::{AutoOffsetReset, GroupProtocol, OptionalName, Strategies};
use super::value::ConfigValue;
use super::words::{ANY_INT, Millis};
use crate::time::Duration;

const INT: i64 = i32::MAX as i64;

/// Which records a consumer reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum IsolationLevel {
    /// All below the high watermark, also those of transactions that are open or were aborted.
    #[default]
    ReadUncommitted,
    /// Those below the last stable offset, without those of aborted transactions.
    ReadCommitted,
}

impl ConfigValue for IsolationLevel {
    const EXPECTED: &'static str = "read_uncommitted or read_committed";
    fn print(&self) -> String {
        match self {
            IsolationLevel::ReadUncommitted => "read_uncommitted",
            IsolationLevel::ReadCommitted => "read_committed",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "read_uncommitted" => Some(IsolationLevel::ReadUncommitted),
            "read_committed" => Some(IsolationLevel::ReadCommitted),
            _ => None,
        }
    }
}

/// Where a group's offsets are kept: a setting of consumers before 0.9, whose default was `zookeeper`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum OffsetsStorage {
    /// In `__consumer_offsets`, the only place since 2.0.
    #[default]
    Kafka,
    /// In znodes.
    ZooKeeper,
}

impl ConfigValue for OffsetsStorage {
    const WORDS: &'static [&'static str] = &["kafka", "zookeeper"];
    const EXPECTED: &'static str = "kafka or zookeeper";
    fn print(&self) -> String {
        Self::WORDS[*self as usize].to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "kafka" => Some(OffsetsStorage::Kafka),
            "zookeeper" => Some(OffsetsStorage::ZooKeeper),
            _ => None,
        }
    }
}

config_struct! {
    /// Settings of one consumer.
    ConsumerConfig, owner "consumer";
    /// How the consumer takes part in its group: `classic`, or `consumer` for KIP-848.
    "group.protocol" => group_protocol: GroupProtocol = GroupProtocol::Classic, None;
    /// With `group.protocol=consumer`: the coordinator's assignor the member asks for.
    "group.remote.assignor" => group_remote_assignor: OptionalName = OptionalName(None), None;
    /// Makes the consumer a static member (KIP-345).
    "group.instance.id" => group_instance_id: OptionalName = OptionalName(None), None;
    /// Assignors the member offers, most wanted first; classic protocol only.
    "partition.assignment.strategy" => partition_assignment_strategy: Strategies = Strategies::default(), None;
    /// Whether positions are committed by `poll` when the interval has passed.
    "enable.auto.commit" => enable_auto_commit: bool = true, None;
    /// The interval of automatic commits.
    "auto.commit.interval.ms" => auto_commit_interval_ms: Duration = Duration::from_millis(5_000), Some((0, INT));
    /// Where to start without a committed offset.
    "auto.offset.reset" => auto_offset_reset: AutoOffsetReset = AutoOffsetReset::Latest, None;
    /// Before 0.9: where offsets are kept. `zookeeper` needs one in the world.
    "offsets.storage" => offsets_storage: OffsetsStorage = OffsetsStorage::Kafka, None;
    /// Least data that answers a fetch at once.
    "fetch.min.bytes" => fetch_min_bytes: i32 = 1, Some((0, INT)), "B";
    /// How long the broker holds a fetch that finds too little.
    "fetch.max.wait.ms" => fetch_max_wait_ms: Duration = Duration::from_millis(500), Some((0, INT));
    /// Most data of all partitions together in one fetch.
    "fetch.max.bytes" => fetch_max_bytes: i32 = 52_428_800, Some((0, INT)), "B";
    /// Where the consumer is: a leader may send it to a replica in the same rack (KIP-392).
    "client.rack" => client_rack: OptionalName = OptionalName(None), None;
    /// Most data per partition in one fetch.
    "max.partition.fetch.bytes" => max_partition_fetch_bytes: i32 = 1_048_576, Some((0, INT)), "B";
    /// Whether records of open and aborted transactions are read.
    "isolation.level" => isolation_level: IsolationLevel = IsolationLevel::ReadUncommitted, None;
    /// Most records one `poll` returns.
    "max.poll.records" => max_poll_records: i32 = 500, Some((1, INT)), "records";
    /// Longest time between two polls before the client leaves its group.
    "max.poll.interval.ms" => max_poll_interval_ms: Duration = Duration::from_millis(300_000), Some((1, INT));
    /// Without a heartbeat for this long the coordinator removes the member.
    "session.timeout.ms" => session_timeout_ms: Duration = Duration::from_millis(45_000), Some((0, INT));
    /// How often the heartbeat thread speaks.
    "heartbeat.interval.ms" => heartbeat_interval_ms: Millis = Millis(3_000), Some(ANY_INT);
    /// How long `commitSync` keeps trying.
    "default.api.timeout.ms" => default_api_timeout_ms: Duration = Duration::from_millis(60_000), Some((0, INT));
    /// How long one request may stay unanswered.
    "request.timeout.ms" => request_timeout_ms: Duration = Duration::from_millis(30_000), Some((0, INT));
    /// Pause before the first retry; doubles with each further one.
    "retry.backoff.ms" => retry_backoff_ms: Duration = Duration::from_millis(100), Some((0, i64::MAX));
    /// Longest pause before a retry.
    "retry.backoff.max.ms" => retry_backoff_max_ms: Duration = Duration::from_millis(1_000), Some((0, i64::MAX));
    /// Forced refresh of the metadata.
    "metadata.max.age.ms" => metadata_max_age_ms: Duration = Duration::from_millis(300_000), Some((0, i64::MAX));
}
