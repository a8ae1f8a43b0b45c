//! Controller settings (`KRaftConfigs`, `QuorumConfig`). Kafka counts them among the broker's.

use super::config_struct;
use super::words::{ANY_INT, Millis};

config_struct! {
    /// Settings of the controller.
    ControllerConfig, owner "broker";
    /// A broker that sends no heartbeat for this long is fenced.
    "broker.session.timeout.ms" => broker_session_timeout_ms: Millis = Millis(9_000), Some(ANY_INT);
}
