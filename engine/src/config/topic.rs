//! Topic settings (`TopicConfig`, `LogConfig`).

use super::config_struct;
use super::value::NEVER;
use crate::time::Duration;

config_struct! {
    /// Settings of one topic.
    TopicConfig, owner "topic";
    /// How many in-sync replicas an `acks=all` write needs.
    "min.insync.replicas" => min_insync_replicas: i32 = 1, Some((1, i32::MAX as i64));
    /// Whether a replica outside the ISR may lead when no other is left.
    "unclean.leader.election.enable" => unclean_leader_election_enable: bool = false, None;
    /// fsync after this many records; the default leaves it to the operating system.
    "flush.messages" => flush_messages: i64 = i64::MAX, Some((1, i64::MAX));
    /// fsync when the oldest unflushed record is this old; the default leaves it to the operating system.
    "flush.ms" => flush_ms: Duration = NEVER, Some((0, i64::MAX));
    /// Largest record batch the topic takes, in bytes.
    "max.message.bytes" => max_message_bytes: i32 = 1_048_588, Some((0, i32::MAX as i64));
}
