//! `highwater swarm`: random worlds with random faults, every promise on.

use crate::arguments::Arguments;
use highwater_engine::swarm::{Exhausted, Failure, exhaust, scenario_of, shrink, try_seed, try_sessions};
use serde_json::json;
use std::time::Instant as Clock;

/// Tries seeds one after the other. False when one of them failed.
pub fn swarm(mut arguments: Arguments) -> Result<bool, String> {
    let seeds = arguments.option("--seeds")?.unwrap_or_else(|| "0..100".to_owned());
    let range =
        seeds.split_once("..").and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?)));
    let (from, to) = range.ok_or_else(|| format!("--seeds: \"{seeds}\" is not a range such as 0..100"))?;
    let steps = arguments.number("--steps")?.unwrap_or(20_000);
    let as_json = arguments.flag("--json");
    let out = arguments.option("--out")?;
    let sessions = arguments.flag("--sessions");
    let exhaustive = arguments.flag("--exhaustive");
    let most = arguments.number("--states")?.unwrap_or(u64::MAX);
    arguments.finish()?;
    if exhaustive {
        return every_order(most, as_json);
    }
    if sessions {
        return count_sessions(from..to, steps, as_json, out);
    }
    let clock = Clock::now();
    let (mut events, mut given_up, mut failed) = (0, 0, 0);
    for seed in from..to {
        let trial = try_seed(seed, steps).map_err(|error| error.to_string())?;
        events += trial.events;
        given_up += trial.given_up;
        let Some(failure) = trial.failure else { continue };
        failed += 1;
        let smallest = shrink(seed, steps, &failure).map_err(|error| error.to_string())?;
        let what = words(&failure);
        let scenario = scenario_of(&smallest).ok_or("a failure names what its world does not have")?;
        if let Some(out) = &out {
            let path = format!("{out}/swarm-{seed}.kdl");
            std::fs::write(&path, &scenario).map_err(|error| format!("{path} cannot be written: {error}"))?;
        }
        if as_json {
            println!("{}", json!({"seed": seed, "failure": what, "scenario": scenario}));
        } else {
            println!("seed {seed}: {what}; this scenario shows it:\n\n{scenario}");
        }
    }
    let seconds = (clock.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    if as_json {
        let seeds = to.saturating_sub(from);
        println!(
            "{}",
            json!({"seeds": seeds, "steps": steps, "events": events, "given_up": given_up, "failed": failed, "seconds": seconds})
        );
    } else {
        println!("{events} events, {given_up} guarantees given up with a reason, {failed} seeds failed, {seconds} s");
    }
    Ok(failed == 0)
}

/// One small world in every order. False when something does not hold in one of them.
fn every_order(most: u64, as_json: bool) -> Result<bool, String> {
    let clock = Clock::now();
    let found = exhaust(most).map_err(|error| error.to_string())?;
    let seconds = (clock.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let Exhausted { states, transitions, ends, breaches, cut_short } = found;
    let breaches: Vec<String> = breaches.iter().map(|breach| format!("{breach:?}")).collect();
    if as_json {
        println!(
            "{}",
            json!({"states": states, "transitions": transitions, "ends": ends, "breaches": breaches,
                "complete": !cut_short, "seconds": seconds})
        );
    } else {
        let all = if cut_short { "not all orders" } else { "every order" };
        let breaches = if breaches.is_empty() { "nothing breaks".to_owned() } else { breaches.join(", ") };
        println!("{all}: {states} states, {transitions} transitions, {ends} ends; {breaches}, {seconds} s");
    }
    Ok(breaches.is_empty() && !cut_short)
}

/// Worlds of producers and transactions, judged by counting. False when something does not add up.
fn count_sessions(seeds: std::ops::Range<u64>, steps: u64, as_json: bool, out: Option<String>) -> Result<bool, String> {
    let clock = Clock::now();
    let (mut events, mut stored, mut results, mut announced) = (0, 0, 0, 0);
    let (mut committed, mut aborted, mut unknown) = (0, 0, 0);
    let (mut excused, mut failed) = (0, 0);
    for seed in seeds.clone() {
        let trial = try_sessions(seed, steps)?;
        events += trial.events;
        stored += trial.stored;
        results += trial.results;
        announced += trial.announced;
        committed += trial.transactions.0;
        aborted += trial.transactions.1;
        unknown += trial.transactions.2;
        if let Some(first) = trial.excused.first() {
            excused += 1;
            let count = trial.excused.len();
            if as_json {
                println!("{}", json!({"seed": seed, "announced": trial.excused}));
            } else {
                println!("seed {seed}: {count} things that follow from an announced loss, as {first}");
            }
        }
        if trial.findings.is_empty() {
            continue;
        }
        failed += 1;
        if as_json {
            println!("{}", json!({"seed": seed, "findings": trial.findings}));
        } else {
            println!("seed {seed}: {}", trial.findings.join("; "));
        }
        if let Some(out) = &out {
            let path = format!("{out}/sessions-{seed}.kdl");
            let scenario = highwater_engine::scenario::print(&format!("sessions-{seed}"), &trial.recording, trial.at);
            let scenario = scenario.map_err(|error| error.to_string())?;
            std::fs::write(&path, scenario).map_err(|error| format!("{path} cannot be written: {error}"))?;
        }
    }
    let seconds = (clock.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    if as_json {
        let seeds = seeds.end.saturating_sub(seeds.start);
        println!(
            "{}",
            json!({"seeds": seeds, "steps": steps, "events": events, "stored": stored, "committed": committed,
                "aborted": aborted, "unknown": unknown, "results": results, "announced": announced,
                "excused": excused, "failed": failed, "seconds": seconds})
        );
    } else {
        println!(
            "{events} events, {stored} records stored; {committed} transactions committed, {aborted} aborted, {unknown} \
             without a known end; {results} results read; {announced} repetitions announced with a reason; {excused} seeds \
             in which an announced loss left its mark; {failed} seeds do not add up, {seconds} s"
        );
    }
    Ok(failed == 0)
}

fn words(failure: &Failure) -> String {
    match failure {
        Failure::Broken { promise, event } => format!("{} is broken at event {event}", promise.name()),
        Failure::Leaderless(count) => format!("{count} partitions stay without a leader"),
        Failure::Unsettled(count) => format!("{count} consumers stay outside a settled group"),
        Failure::Undrained(count) => format!("{count} records stay without a verdict"),
    }
}
