//! `highwater bench`: how fast the engine is on this machine.

use crate::arguments::Arguments;
use crate::grouping::grouping;
use crate::living;
use crate::producing::producing;
use highwater_engine::assignor::{Assignor, ServerAssignor, Subscriber};
use highwater_engine::bench_worlds::{self, World};
use highwater_engine::ids::Generation;
use highwater_engine::protocol::GroupAssignment;
use highwater_engine::sim::Observe;
use serde_json::json;
use std::time::{Duration, Instant as Clock};

/// Who watches in each figure: nobody, events and ledger, the promises too, and what a trace is written from.
const WATCHERS: [(&str, Observe); 4] = [
    ("", Observe::NOTHING),
    ("-ledger", Observe { promises: false, ..Observe::ALL }),
    ("-recorded", Observe::ALL),
    ("-traced", Observe::TRACE),
];

/// Runs each world for some seconds, with and without listeners.
pub fn bench(mut arguments: Arguments) -> Result<bool, String> {
    let seconds = arguments.number("--seconds")?.unwrap_or(2).max(1);
    let as_json = arguments.flag("--json");
    let only = arguments.option("--world")?;
    arguments.finish()?;
    let mut known = match only.as_deref() {
        Some("history") => {
            living::history()?.iter().for_each(|line| println!("{line}"));
            true
        }
        Some("day") => {
            living::day(|line| println!("{line}"))?;
            true
        }
        _ => false,
    };
    for world in bench_worlds::all() {
        if only.as_ref().is_some_and(|only| only != world.name) {
            continue;
        }
        known = true;
        for (suffix, observe) in WATCHERS {
            let name = format!("{}{suffix}", world.name);
            let (events_per_second, times_real_time) = measure(&world, observe, seconds)?;
            if as_json {
                let line = json!({
                    "name": name,
                    "target": "native",
                    "events_per_second": events_per_second.round(),
                    "times_real_time": times_real_time.round(),
                });
                println!("{line}");
            } else {
                println!("{name:<28} {events_per_second:>12.0} events/s   {times_real_time:>9.0} x real time");
            }
        }
    }
    for (name, milliseconds) in if only.is_none() { assignors() } else { Vec::new() } {
        if as_json {
            println!("{}", json!({"name": name, "milliseconds": (milliseconds * 10.0).round() / 10.0}));
        } else {
            println!("{name:<44} {milliseconds:>8.1} ms");
        }
    }
    for (name, seconds) in if only.as_deref().is_none_or(|only| only == "group") { grouping()? } else { Vec::new() } {
        known = true;
        if as_json {
            println!("{}", json!({"name": name, "milliseconds": (seconds * 1e3).round()}));
        } else {
            println!("{name:<44} {:>8.0} ms", seconds * 1e3);
        }
    }
    for cost in if only.as_deref().is_none_or(|only| only == "producer") { producing()? } else { Vec::new() } {
        known = true;
        let (records, nanoseconds) = (cost.records, cost.nanoseconds.round());
        if as_json {
            let per_second = (1e9 / nanoseconds).round();
            let name = format!("producer-{records}");
            println!(
                "{}",
                json!({"name": name, "nanoseconds_per_record": nanoseconds, "records_per_second": per_second})
            );
        } else {
            let name = format!("one producer, acks=all, RF 3, {records} records");
            println!("{name:<48} {nanoseconds:>8.0} ns/record   {:>10.0} records/s", 1e9 / nanoseconds);
        }
    }
    if known || only.is_none() { Ok(true) } else { Err(format!("there is no world `{}`", only.unwrap_or_default())) }
}

/// Each assignor on 1,000 members and 10,000 partitions: a new group, and one of its members leaving.
fn assignors() -> Vec<(String, f64)> {
    let mut figures = Vec::new();
    let mut time = |name: String, assign: &dyn Fn(&[Subscriber]) -> GroupAssignment, members: &[Subscriber]| {
        let clock = Clock::now();
        let given = assign(members);
        figures.push((name, clock.elapsed().as_secs_f64() * 1e3));
        given
    };
    for alike in [true, false] {
        let (members, topics) = bench_worlds::crowd(1_000, 10_000, alike);
        let subscribed = if alike { "alike" } else { "mixed" };
        let client = Assignor::ALL.map(|a| (a.name().to_owned(), ServerOr::Client(a)));
        let server = [ServerAssignor::Uniform, ServerAssignor::Range]
            .map(|a| (format!("server {}", a.name()), ServerOr::Server(a)));
        for (name, assignor) in client.into_iter().chain(server) {
            let assign = |members: &[Subscriber]| match assignor {
                ServerOr::Client(assignor) => assignor.assign(members, &topics),
                ServerOr::Server(assignor) => assignor.assign(members, &topics),
            };
            let given = time(format!("assign {name}, {subscribed}, new group"), &assign, &members);
            let mut left: Vec<Subscriber> = members.clone();
            for (member, (_, owned)) in left.iter_mut().zip(given) {
                member.owned = owned;
                member.generation = Generation(1);
            }
            left.remove(500);
            time(format!("assign {name}, {subscribed}, one leaves"), &assign, &left);
        }
    }
    figures
}

#[derive(Clone, Copy)]
enum ServerOr {
    Client(Assignor),
    Server(ServerAssignor),
}

/// The quickest round: what another program took from this machine is no property of the engine.
fn measure(world: &World, observe: Observe, seconds: u64) -> Result<(f64, f64), String> {
    let (mut events, mut best) = (0, Duration::MAX);
    let clock = Clock::now();
    while clock.elapsed().as_secs() < seconds {
        let round = Clock::now();
        events = world.run(observe).map_err(|error| error.to_string())?;
        best = best.min(round.elapsed());
    }
    let best = best.as_secs_f64();
    Ok((events as f64 / best, world.length.0 as f64 / 1e6 / best))
}
