//! Producer settings (`ProducerConfig`).

use super::config_struct;
use super::value::ConfigValue;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

const INT: i64 = i32::MAX as i64;

/// When a write counts as acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Acks {
    /// `acks=0`: as soon as the request is written to the socket.
    None,
    /// `acks=1`: when the leader has appended it.
    Leader,
    /// `acks=all`: when every in-sync replica has it.
    #[default]
    All,
}

impl ConfigValue for Acks {
    const WORDS: &'static [&'static str] = &["all", "-1", "0", "1"];
    const EXPECTED: &'static str = "0, 1 or all";
    fn print(&self) -> String {
        match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "0" => Some(Acks::None),
            "1" => Some(Acks::Leader),
            "all" | "-1" => Some(Acks::All),
            _ => None,
        }
    }
}

config_struct! {
    /// Settings of one producer.
    ProducerConfig, owner "producer";
    /// When a write counts as acknowledged.
    "acks" => acks: Acks = Acks::All, None;
    /// Whether retries are recognised by producer id and sequence. With `acks` other than `all` it is silently off.
    "enable.idempotence" => enable_idempotence: bool = true, None;
    /// Most bytes of one batch; 0 disables batching.
    "batch.size" => batch_size: i32 = 16_384, Some((0, INT)), "B";
    /// How long a batch waits for more records.
    "linger.ms" => linger_ms: Duration = Duration::from_millis(5), Some((0, i64::MAX));
    /// Requests in flight per connection.
    "max.in.flight.requests.per.connection" => max_in_flight_requests_per_connection: i32 = 5, Some((1, INT)), "requests";
    /// How often a batch is sent again, within `delivery.timeout.ms`.
    "retries" => retries: i32 = i32::MAX, Some((0, INT)), "attempts";
    /// From the creation of a batch to its final verdict.
    "delivery.timeout.ms" => delivery_timeout_ms: Duration = Duration::from_millis(120_000), Some((0, INT));
    /// How long one request may stay unanswered.
    "request.timeout.ms" => request_timeout_ms: Duration = Duration::from_millis(30_000), Some((0, INT));
    /// Pause before the first retry; doubles with each further one.
    "retry.backoff.ms" => retry_backoff_ms: Duration = Duration::from_millis(100), Some((0, i64::MAX));
    /// Longest pause before a retry.
    "retry.backoff.max.ms" => retry_backoff_max_ms: Duration = Duration::from_millis(1_000), Some((0, i64::MAX));
    /// Forced refresh of the metadata.
    "metadata.max.age.ms" => metadata_max_age_ms: Duration = Duration::from_millis(300_000), Some((0, i64::MAX));
    /// Most bytes of one request.
    "max.request.size" => max_request_size: i32 = 1_048_576, Some((0, INT)), "B";
}

impl ProducerConfig {
    /// Whether the client really is idempotent: `acks` other than `all` or no retries silently switch it off.
    pub fn idempotent(&self) -> bool {
        self.enable_idempotence && self.acks == Acks::All && self.retries > 0
    }
}
