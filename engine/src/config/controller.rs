//! Controller settings (`KRaftConfigs`, `QuorumConfig`). Kafka counts them among the broker's.

use super::config_struct;
use super::words::{ANY_INT, Millis, Seconds};

config_struct! {
    /// Settings of the controller.
    ControllerConfig, owner "broker";
    /// A broker that sends no heartbeat for this long is fenced.
    "broker.session.timeout.ms" => broker_session_timeout_ms: Millis = Millis(9_000), Some(ANY_INT);
    /// Whether leaderships go back to the preferred replicas by themselves.
    "auto.leader.rebalance.enable" => auto_leader_rebalance_enable: bool = true, None;
    /// How often the controller looks for leaders that are not preferred.
    "leader.imbalance.check.interval.seconds" => leader_imbalance_check_interval_seconds: Seconds = Seconds(300), Some((1, i64::MAX));
    /// How often partitions without a leader are tried uncleanly where that is allowed (internal).
    "unclean.leader.election.interval.ms" => unclean_leader_election_interval_ms: Millis = Millis(300_000), Some((1, i64::MAX));
    /// How long a voter without a leader waits before it asks for votes; up to as much again is drawn.
    "controller.quorum.election.timeout.ms" => controller_quorum_election_timeout_ms: Millis = Millis(1_000), Some((0, i32::MAX as i64));
    /// A follower that gets no answer from its leader for this long looks for another.
    "controller.quorum.fetch.timeout.ms" => controller_quorum_fetch_timeout_ms: Millis = Millis(2_000), Some((0, i32::MAX as i64));
    /// Longest pause of a resigned leader's later successors.
    "controller.quorum.election.backoff.max.ms" => controller_quorum_election_backoff_max_ms: Millis = Millis(1_000), Some((0, i32::MAX as i64));
    /// Pause before a voter asks again after an error.
    "controller.quorum.retry.backoff.ms" => controller_quorum_retry_backoff_ms: Millis = Millis(20), Some((0, i32::MAX as i64));
    /// With ZooKeeper (to 3.9): a broker that it does not hear for this long loses its session, and with it its znodes.
    "zookeeper.session.timeout.ms" => zookeeper_session_timeout_ms: Millis = Millis(18_000), Some(ANY_INT);
    /// With ZooKeeper (to 3.9): most requests a broker has under way to it.
    "zookeeper.max.in.flight.requests" => zookeeper_max_in_flight_requests: i32 = 10, Some((1, i32::MAX as i64));
    /// With ZooKeeper (to 3.9): leaderships go back to a broker when more than this part of what prefers it is led elsewhere.
    "leader.imbalance.per.broker.percentage" => leader_imbalance_per_broker_percentage: i32 = 10, Some(ANY_INT), "%";
    /// With ZooKeeper (to 3.9): how often a broker that leaves asks again for what it leads to be led by others.
    "controlled.shutdown.max.retries" => controlled_shutdown_max_retries: i32 = 3, Some(ANY_INT), "attempts";
    /// With ZooKeeper (to 3.9): pause before it asks again.
    "controlled.shutdown.retry.backoff.ms" => controlled_shutdown_retry_backoff_ms: Millis = Millis(5_000), Some((i64::MIN, i64::MAX));
}
