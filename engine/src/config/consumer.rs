//! Consumer settings (`ConsumerConfig`).

use super::config_struct;
use super::value::ConfigValue;
use super::words::{ANY_INT, Millis};
use crate::time::Duration;
use serde::{Deserialize, Serialize};

const INT: i64 = i32::MAX as i64;

/// Where a group starts that has no committed offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum AutoOffsetReset {
    /// At the first record that is still there.
    Earliest,
    /// At the high watermark: only what comes from now on.
    #[default]
    Latest,
    /// Nowhere: the application gets an error.
    None,
}

impl ConfigValue for AutoOffsetReset {
    const WORDS: &'static [&'static str] = &["latest", "earliest", "none"];
    const EXPECTED: &'static str = "earliest, latest or none";
    fn print(&self) -> String {
        match self {
            AutoOffsetReset::Earliest => "earliest",
            AutoOffsetReset::Latest => "latest",
            AutoOffsetReset::None => "none",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "earliest" => Some(AutoOffsetReset::Earliest),
            "latest" => Some(AutoOffsetReset::Latest),
            "none" => Some(AutoOffsetReset::None),
            _ => None,
        }
    }
}

config_struct! {
    /// Settings of one consumer.
    ConsumerConfig, owner "consumer";
    /// Whether positions are committed by `poll` when the interval has passed.
    "enable.auto.commit" => enable_auto_commit: bool = true, None;
    /// The interval of automatic commits.
    "auto.commit.interval.ms" => auto_commit_interval_ms: Duration = Duration::from_millis(5_000), Some((0, INT));
    /// Where to start without a committed offset.
    "auto.offset.reset" => auto_offset_reset: AutoOffsetReset = AutoOffsetReset::Latest, None;
    /// Least data that answers a fetch at once.
    "fetch.min.bytes" => fetch_min_bytes: i32 = 1, Some((0, INT)), "B";
    /// How long the broker holds a fetch that finds too little.
    "fetch.max.wait.ms" => fetch_max_wait_ms: Duration = Duration::from_millis(500), Some((0, INT));
    /// Most data per partition in one fetch.
    "max.partition.fetch.bytes" => max_partition_fetch_bytes: i32 = 1_048_576, Some((0, INT)), "B";
    /// Most records one `poll` returns.
    "max.poll.records" => max_poll_records: i32 = 500, Some((1, INT)), "records";
    /// Longest time between two polls before the client leaves its group.
    "max.poll.interval.ms" => max_poll_interval_ms: Duration = Duration::from_millis(300_000), Some((1, INT));
    /// Without a heartbeat for this long the coordinator removes the member.
    "session.timeout.ms" => session_timeout_ms: Duration = Duration::from_millis(45_000), Some((0, INT));
    /// How often the heartbeat thread speaks.
    "heartbeat.interval.ms" => heartbeat_interval_ms: Millis = Millis(3_000), Some(ANY_INT);
    /// How long one request may stay unanswered.
    "request.timeout.ms" => request_timeout_ms: Duration = Duration::from_millis(30_000), Some((0, INT));
    /// Pause before the first retry; doubles with each further one.
    "retry.backoff.ms" => retry_backoff_ms: Duration = Duration::from_millis(100), Some((0, i64::MAX));
    /// Longest pause before a retry.
    "retry.backoff.max.ms" => retry_backoff_max_ms: Duration = Duration::from_millis(1_000), Some((0, i64::MAX));
    /// Forced refresh of the metadata.
    "metadata.max.age.ms" => metadata_max_age_ms: Duration = Duration::from_millis(300_000), Some((0, i64::MAX));
}
