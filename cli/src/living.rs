//! What time costs: seeking and stepping back in a history of a million events, memory over a simulated day.

use highwater_engine::bench_worlds;
use highwater_engine::history::History;
use highwater_engine::rng::SimRng;
use highwater_engine::time::{Duration, Instant};
use serde_json::{Value, json};
use std::time::Instant as Clock;

/// How many events the history has.
const EVENTS: u64 = 1_000_000;
/// How many places are sought.
const SEEKS: usize = 400;

/// Milliseconds of every measurement, in ascending order.
struct Taken(Vec<f64>);

impl Taken {
    fn share(&self, of_hundred: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * of_hundred / 100).copied().unwrap_or_default()
    }

    fn line(&self, name: &str) -> Value {
        let round = |value: f64| (value * 100.0).round() / 100.0;
        json!({"name": name, "p50_ms": round(self.share(50)), "p95_ms": round(self.share(95)),
            "max_ms": round(self.share(100)), "times": self.0.len()})
    }
}

fn taken(mut clocks: Vec<f64>) -> Taken {
    clocks.sort_by(f64::total_cmp);
    Taken(clocks)
}

fn timed(what: impl FnOnce()) -> f64 {
    let clock = Clock::now();
    what();
    clock.elapsed().as_secs_f64() * 1e3
}

/// Builds a history of a million events and moves about in it: lines of figures.
pub fn history() -> Result<Vec<Value>, String> {
    let before = resident();
    let mut history = History::new(bench_worlds::history()).map_err(|error| error.to_string())?;
    let clock = Clock::now();
    history.seek_event(EVENTS);
    let seconds = clock.elapsed().as_secs_f64();
    let mut lines = vec![json!({
        "name": "history-build", "events": history.end(), "seconds": (seconds * 10.0).round() / 10.0,
        "checkpoints": history.checkpoints(), "simulated_minutes": history.end_at().0 / 60_000_000,
    })];
    if let (Some(before), Some(now)) = (before, resident()) {
        lines.push(json!({"name": "history-memory", "resident_mb": now - before}));
    }
    let mut rng = SimRng::stream(1, "places");
    let end = history.end();
    let mut sought = Vec::new();
    let mut back = Vec::new();
    for _ in 0..SEEKS {
        let place = rng.below(end);
        sought.push(timed(|| history.seek_event(place)));
        back.push(timed(|| {
            history.step_back();
        }));
    }
    lines.push(taken(sought).line("history-seek"));
    lines.push(taken(back).line("history-step-back"));
    Ok(lines)
}

/// Runs a simulated day, and says after every hour what the process keeps.
pub fn day(mut tell: impl FnMut(Value)) -> Result<(), String> {
    let mut history = History::new(bench_worlds::day()).map_err(|error| error.to_string())?;
    for hour in 1..=24 {
        let clock = Clock::now();
        history.seek_time(Instant::ZERO + Duration::from_secs(3_600 * hour));
        let seconds = (clock.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let totals = history.simulation().ledger().totals();
        tell(json!({
            "name": "day", "hour": hour, "events": history.end(), "seconds": seconds, "records": totals.sent,
            "resident_mb": resident(),
        }));
    }
    Ok(())
}

/// Megabytes of memory the process occupies, where the system tells (`/proc/self/statm`).
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096 / 1_000_000)
}
