//! How far the log is committed (`Partition.maybeIncrementLeaderHW`).

use super::isr::IsrState;
use super::leadership::FollowerProgress;
use crate::collections::Map;
use crate::ids::{BrokerId, Offset};
use crate::planted::{Planted, planted};
use crate::time::{Duration, Instant};

/// What a leader's high watermark depends on.
pub struct MarkInputs<'a> {
    /// The leader's log end offset.
    pub leader_end: Offset,
    /// The high watermark so far.
    pub high_watermark: Offset,
    /// Confirmed ISR and pending change.
    pub isr: &'a IsrState,
    /// The other replicas.
    pub followers: &'a Map<BrokerId, FollowerProgress>,
    /// `min.insync.replicas`, but never more than there are replicas; 0 before strict min ISR (3.7).
    pub min_isr: usize,
    /// `replica.lag.time.max.ms`.
    pub lag_max: Duration,
    /// What time it is.
    pub now: Instant,
}

/// The high watermark every replica of the maximal ISR allows; none when it does not move. It never moves back.
///
/// A replica outside the ISR that keeps pace and may join also counts, so that it need not chase a running mark.
pub fn next_high_watermark(inputs: &MarkInputs<'_>, may_join: impl Fn(BrokerId) -> bool) -> Option<Offset> {
    if inputs.isr.committed.len() < inputs.min_isr {
        return None;
    }
    let end = inputs.leader_end;
    let mut mark = end;
    for (broker, progress) in inputs.followers {
        let reached = progress.log_end_offset.unwrap_or(Offset::NONE);
        let counts = || {
            inputs.isr.in_maximal(*broker)
                || (progress.is_caught_up(end, inputs.now, inputs.lag_max) && may_join(*broker))
        };
        if reached < mark && counts() && !planted(Planted::HighWatermarkIgnoresIsr) {
            mark = reached;
        }
    }
    if planted(Planted::HighWatermarkMovesBack) && mark >= Offset::ZERO {
        return (mark != inputs.high_watermark).then_some(mark);
    }
    (mark > inputs.high_watermark).then_some(mark)
}

/// Runs the golden vectors of the high watermark; `judge` gets each case's name and what is wrong with it, if anything.
pub fn run_high_watermark(json: &serde_json::Value, judge: &mut impl FnMut(&str, Option<String>)) {
    use super::isr::PendingIsr;
    use serde_json::Value;
    let ids = |value: &Value| -> Vec<BrokerId> {
        value.as_array().into_iter().flatten().filter_map(|id| Some(BrokerId(id.as_i64()? as i32))).collect()
    };
    let int = |value: &Value| value.as_i64().unwrap_or(0);
    let millis = |value: &Value| Duration::from_millis(value.as_u64().unwrap_or(0));
    for case in json["cases"].as_array().into_iter().flatten() {
        let input = &case["input"];
        let committed = ids(&input["committed_isr"]);
        let joining = ids(&input["maximal_isr"]).into_iter().find(|broker| !committed.contains(broker));
        let isr = IsrState { committed: committed.into(), pending: joining.map(PendingIsr::Expand) };
        let listed = || input["followers"].as_array().into_iter().flatten();
        let id = |follower: &Value| BrokerId(int(&follower["id"]) as i32);
        let followers = listed()
            .map(|follower| {
                let caught_up = Instant::ZERO + millis(&follower["last_caught_up_ms"]);
                let mut progress = FollowerProgress::unknown(caught_up);
                progress.log_end_offset = Some(Offset(int(&follower["leo"])));
                (id(follower), progress)
            })
            .collect();
        let replicas = ids(&input["replicas"]).len();
        let high_watermark = Offset(int(&input["high_watermark"]));
        let inputs = MarkInputs {
            leader_end: Offset(int(&input["leader_leo"])),
            high_watermark,
            isr: &isr,
            followers: &followers,
            min_isr: usize::try_from(int(&input["min_insync_replicas"])).unwrap_or(1).min(replicas),
            lag_max: millis(&input["replica_lag_time_max_ms"]),
            now: Instant::ZERO + millis(&input["now_ms"]),
        };
        let eligible =
            |broker| listed().any(|follower| id(follower) == broker && follower["eligible"].as_bool() == Some(true));
        let found = next_high_watermark(&inputs, eligible).unwrap_or(high_watermark).0;
        let expected = int(&case["expect_high_watermark"]);
        let wrong = (found != expected).then(|| format!("found {found}, expected {expected}"));
        judge(case["id"].as_str().unwrap_or("unnamed"), wrong);
    }
}
