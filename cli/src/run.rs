//! `highwater run`: a scenario's story as text.

use crate::arguments::Arguments;
use crate::open::open;
use crate::sentence::{is_routine, line};
use crate::totals;
use highwater_engine::history::{Goal, History, Search};
use highwater_engine::scenario::Story;
use highwater_engine::time::{Duration, Instant};
use highwater_engine::view::ledger;
use serde_json::json;

/// Tells the story. False when an expectation did not hold.
pub fn run(mut arguments: Arguments) -> Result<bool, String> {
    let path = arguments.word().ok_or("run needs a scenario file")?;
    let seed = arguments.number("--seed")?;
    let until = match arguments.option("--until")? {
        None => None,
        Some(text) => Some(Until::parse(&text)?),
    };
    let within = arguments.duration("--within")?.unwrap_or(WITHIN);
    let (all, as_json) = (arguments.flag("--all"), arguments.flag("--json"));
    arguments.finish()?;
    let Some(scenario) = open(&path) else { return Ok(false) };
    let seed = seed.unwrap_or(scenario.seed);
    let story = Story::tell(&scenario, seed).map_err(|error| error.to_string())?;
    let mut history = History::new(story.recording.clone()).map_err(|error| error.to_string())?;
    history.seek_event(story.end);
    match until {
        Some(Until::Time(until)) => history.seek_time(Instant::ZERO + until),
        Some(Until::Goal(goal)) => {
            history.seek_event(0);
            let search = history.run_until(&mut goal.into(), Instant::ZERO + within, u64::MAX, || true);
            if search != Search::Found {
                return Err(format!("nothing of the kind happens within {within}"));
            }
        }
        None => {}
    }
    let directory = history.simulation().directory();
    let mut beats = story.beats.iter().peekable();
    for emitted in history.past_events() {
        while let Some(beat) = beats.next_if(|beat| beat.event < emitted.n) {
            tell_beat(&beat.key, beat.at, as_json);
        }
        if !all && is_routine(&emitted.event) {
            continue;
        }
        if as_json {
            let event = json!({"n": emitted.n, "t": emitted.at, "cause": emitted.cause, "event": emitted.event});
            println!("{event}");
        } else {
            println!("{:>12}  {}", emitted.at.to_string(), line(&emitted.event, directory));
        }
    }
    for beat in beats {
        tell_beat(&beat.key, beat.at, as_json);
    }
    let sums = ledger(history.simulation());
    let hash = format!("{:016x}", history.simulation().state_hash());
    if as_json {
        let failures: Vec<_> =
            story.failures.iter().map(|f| json!({"line": f.line, "t": f.at, "message": f.message})).collect();
        let mut summary = json!({
            "scenario": scenario.name, "seed": seed, "events": history.cursor(), "t": history.simulation().now(),
            "sent": sums.sent, "acked": sums.acked, "failed": sums.failed, "stored": sums.stored,
            "lost": sums.lost, "stored_twice": sums.stored_twice, "processed": sums.processed,
            "processed_again": sums.processed_again, "skipped": sums.skipped,
            "state_hash": hash, "failures": failures,
        });
        if let Some(summary) = summary.as_object_mut() {
            summary.extend(totals::as_json(history.simulation()));
        }
        println!("{summary}");
    } else {
        println!(
            "\n{}, seed {seed}: {} events in {}, state {hash}",
            scenario.name,
            history.cursor(),
            history.simulation().now()
        );
        println!(
            "sent {}, acked {}, failed {}, lost {}, stored twice {}, processed {}, processed again {}, skipped {}",
            sums.sent,
            sums.acked,
            sums.failed,
            sums.lost,
            sums.stored_twice,
            sums.processed,
            sums.processed_again,
            sums.skipped
        );
        totals::as_lines(history.simulation()).iter().for_each(|line| println!("{line}"));
        for failure in &story.failures {
            println!("{path}, line {}: at {}: {}", failure.line, failure.at, failure.message);
        }
    }
    Ok(story.failures.is_empty())
}

/// How far a run goes.
enum Until {
    Time(Duration),
    Goal(Goal),
}

/// How long something is waited for, unless `--within` says so.
const WITHIN: Duration = Duration::from_secs(3_600);

impl Until {
    fn parse(text: &str) -> Result<Until, String> {
        let goal = Goal::parse(text).map(Until::Goal);
        goal.or_else(|| Duration::parse(text).map(Until::Time)).ok_or_else(|| {
            format!("--until: \"{text}\" is neither a duration such as 60s nor loss, election, rebalance, isr, breach, lag>N")
        })
    }
}

fn tell_beat(key: &str, at: Instant, as_json: bool) {
    if as_json {
        println!("{}", json!({"t": at, "beat": key}));
    } else {
        println!("{:>12}  -- {key} --", at.to_string());
    }
}
