//! Producer settings (`ProducerConfig`).

use super::compression::{CompressionType, GzipLevel};
use super::config_struct;
use super::group_values::OptionalName;
use super::value::{ConfigError, ConfigValue};
use super::words::{ANY_INT, Millis};
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

/// Who chooses partitions (`partitioner.class`); short class names are taken too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum PartitionerClass {
    /// Unset: keys by their hash, records without a key to the sticky partition (KIP-794).
    #[default]
    BuiltIn,
    /// `RoundRobinPartitioner`: every record to the next partition, keys or not.
    RoundRobin,
    /// `DefaultPartitioner` as it was up to 2.3: keys by their hash, records without a key in turn. Removed in 4.0.
    Default,
}

impl ConfigValue for PartitionerClass {
    const EXPECTED: &'static str = "null, RoundRobinPartitioner or DefaultPartitioner";
    fn print(&self) -> String {
        match self {
            PartitionerClass::BuiltIn => "null",
            PartitionerClass::RoundRobin => "org.apache.kafka.clients.producer.RoundRobinPartitioner",
            PartitionerClass::Default => "org.apache.kafka.clients.producer.internals.DefaultPartitioner",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text.rsplit('.').next()? {
            "null" | "" => Some(PartitionerClass::BuiltIn),
            "RoundRobinPartitioner" => Some(PartitionerClass::RoundRobin),
            "DefaultPartitioner" => Some(PartitionerClass::Default),
            _ => None,
        }
    }
}

/// What a client does when it can reach no broker it knows (`metadata.recovery.strategy`, KIP-899).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum MetadataRecovery {
    /// It tries them again and again.
    None,
    /// It begins anew with the bootstrap servers.
    #[default]
    Rebootstrap,
}

impl ConfigValue for MetadataRecovery {
    const EXPECTED: &'static str = "none or rebootstrap";
    const WORDS: &'static [&'static str] = &["none", "rebootstrap"];
    fn print(&self) -> String {
        match self {
            MetadataRecovery::None => "none",
            MetadataRecovery::Rebootstrap => "rebootstrap",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        [MetadataRecovery::None, MetadataRecovery::Rebootstrap]
            .into_iter()
            .find(|known| known.print().eq_ignore_ascii_case(text))
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
    /// How batches are compressed.
    "compression.type" => compression_type: CompressionType = CompressionType::None, None;
    /// How hard gzip tries.
    "compression.gzip.level" => compression_gzip_level: GzipLevel = GzipLevel::DEFAULT, None;
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
    /// A topic that was not written to for this long is forgotten at the next refresh.
    "metadata.max.idle.ms" => metadata_max_idle_ms: Duration = Duration::from_millis(300_000), Some((5_000, i64::MAX));
    /// What is done when no broker of the metadata can be reached.
    "metadata.recovery.strategy" => metadata_recovery_strategy: MetadataRecovery = MetadataRecovery::Rebootstrap, None;
    /// Metadata asked for in vain for this long is asked of the bootstrap servers, whoever else seems reachable.
    "metadata.recovery.rebootstrap.trigger.ms" => metadata_recovery_rebootstrap_trigger_ms: Duration = Duration::from_millis(300_000), Some((0, i64::MAX));
    /// Most bytes of one request, and of one record before compression.
    "max.request.size" => max_request_size: i32 = 1_048_576, Some((0, INT)), "B";
    /// Bytes for all batches without a verdict; each takes `batch.size` or more.
    "buffer.memory" => buffer_memory: i64 = 33_554_432, Some((0, i64::MAX)), "B";
    /// How long `send` may wait for metadata and memory together.
    "max.block.ms" => max_block_ms: Duration = Duration::from_millis(60_000), Some((0, i64::MAX));
    /// First pause before a broken connection is tried again; doubles with each further one.
    "reconnect.backoff.ms" => reconnect_backoff_ms: Duration = Duration::from_millis(50), Some((0, i64::MAX));
    /// Longest pause before a broken connection is tried again.
    "reconnect.backoff.max.ms" => reconnect_backoff_max_ms: Duration = Duration::from_millis(1_000), Some((0, i64::MAX));
    /// Who chooses partitions.
    "partitioner.class" => partitioner_class: PartitionerClass = PartitionerClass::BuiltIn, None;
    /// Whether partitions with shorter queues are drawn more often.
    "partitioner.adaptive.partitioning.enable" => partitioner_adaptive_partitioning_enable: bool = true, None;
    /// A broker that takes nothing for this long gets no records without a key; 0 is off.
    "partitioner.availability.timeout.ms" => partitioner_availability_timeout_ms: Duration = Duration::ZERO, Some((0, i64::MAX));
    /// Names the producer across its restarts: with it come transactions, and the fencing of older instances.
    "transactional.id" => transactional_id: Option<String> = None, None;
    /// After this long the coordinator aborts a transaction; at most the broker's `transaction.max.timeout.ms`.
    "transaction.timeout.ms" => transaction_timeout_ms: Millis = Millis(60_000), Some(ANY_INT);
    /// Whether the program, not its timeout, ends a transaction (KIP-939): the brokers have to allow it.
    "transaction.two.phase.commit.enable" => transaction_two_phase_commit_enable: bool = false, None;
    /// Whether records without a key go to partitions that a broker of the client's own rack leads, while there are any.
    "partitioner.rack.aware" => partitioner_rack_aware: bool = false, None;
    /// Where this client is.
    "client.rack" => client_rack: OptionalName = OptionalName(None), None;
    /// Whether keys do not choose the partition.
    "partitioner.ignore.keys" => partitioner_ignore_keys: bool = false, None;
}

/// Most requests in flight with idempotence: the broker remembers five batches.
const IN_FLIGHT_MAX_IDEMPOTENT: i32 = 5;

impl ProducerConfig {
    /// Whether the client really is idempotent: `acks` other than `all` or no retries silently switch it off.
    pub fn idempotent(&self) -> bool {
        self.enable_idempotence && self.acks == Acks::All && self.retries > 0
    }

    /// The rack whose leaders are preferred; none without `partitioner.rack.aware`.
    pub fn own_rack(&self) -> Option<&str> {
        self.client_rack.0.as_deref().filter(|_| self.partitioner_rack_aware)
    }

    /// The defaults of a line of clients by its name: `4.x`, or `2.x` (`acks=1`, no linger, no idempotence).
    pub fn of_line(line: &str) -> Option<ProducerConfig> {
        match line {
            "" | "4.x" => Some(ProducerConfig::default()),
            "2.x" => Some(ProducerConfig {
                acks: Acks::Leader,
                linger_ms: Duration::ZERO,
                enable_idempotence: false,
                ..ProducerConfig::default()
            }),
            _ => None,
        }
    }

    /// Kafka's rules between settings (`ProducerConfig.postProcessParsedConfig`). `set` are the names the user wrote:
    /// where he said nothing a conflict is resolved in silence.
    pub fn resolve(mut self, set: &[&str]) -> Result<ProducerConfig, ConfigError> {
        let said = |name: &str| set.contains(&name);
        let conflict = |name: &'static str, value: String, rule: &'static str| {
            let default = ProducerConfig::default().get(name).unwrap_or_default();
            Err(ConfigError::Conflict { name, value, rule, default })
        };
        if said("enable.idempotence") && self.enable_idempotence {
            if self.acks != Acks::All {
                return conflict("acks", self.acks.print(), "must be all with enable.idempotence=true");
            }
            if self.retries == 0 {
                return conflict("retries", "0".to_owned(), "must be 1..2147483647 with enable.idempotence=true");
            }
        }
        if self.transactional_id.is_some() && !self.idempotent() {
            let value = self.transactional_id.print();
            return conflict("transactional.id", value, "needs enable.idempotence, and with it acks=all and retries");
        }
        if self.transaction_two_phase_commit_enable && said("transaction.timeout.ms") {
            let value = self.transaction_timeout_ms.print();
            let rule = "must not be set with transaction.two.phase.commit.enable=true";
            return conflict("transaction.timeout.ms", value, rule);
        }
        let in_flight = self.max_in_flight_requests_per_connection;
        if self.idempotent() && in_flight > IN_FLIGHT_MAX_IDEMPOTENT {
            let name = "max.in.flight.requests.per.connection";
            return conflict(name, in_flight.to_string(), "must be 1..5 with enable.idempotence=true");
        }
        let least = Duration(self.linger_ms.0.saturating_add(self.request_timeout_ms.0));
        if self.delivery_timeout_ms < least {
            if said("delivery.timeout.ms") {
                let value = self.delivery_timeout_ms.print();
                return conflict("delivery.timeout.ms", value, "must be at least linger.ms + request.timeout.ms");
            }
            self.delivery_timeout_ms = least;
        }
        Ok(self)
    }
}
