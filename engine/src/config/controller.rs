//! Controller settings (`KRaftConfigs`, `QuorumConfig`). Kafka counts them among the broker's.

use super::config_struct;
use crate::time::Duration;

config_struct! {
    /// Settings of the controller.
    ControllerConfig, owner "broker";
    /// A broker that sends no heartbeat for this long is fenced.
    "broker.session.timeout.ms" => broker_session_timeout_ms: Duration = Duration::from_millis(9_000), Some((0, i32::MAX as i64));
}
