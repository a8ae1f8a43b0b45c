//! `highwater bench`: how fast the engine is on this machine.

use crate::arguments::Arguments;
use highwater_engine::assignor::{Assignor, ServerAssignor, Subscriber};
use highwater_engine::bench_worlds;
use highwater_engine::ids::Generation;
use highwater_engine::protocol::GroupAssignment;
use highwater_engine::sim::{Observe, Simulation};
use serde_json::json;
use std::time::Instant as Clock;

/// Runs each world for some seconds, with and without listeners.
pub fn bench(mut arguments: Arguments) -> Result<bool, String> {
    let seconds = arguments.number("--seconds")?.unwrap_or(2).max(1);
    let as_json = arguments.flag("--json");
    arguments.finish()?;
    for world in bench_worlds::all() {
        for (suffix, observe) in [("", Observe::NOTHING), ("-recorded", Observe::ALL)] {
            let name = format!("{}{suffix}", world.name);
            let (events_per_second, times_real_time) = measure(&world, observe, seconds)?;
            if as_json {
                let line = json!({
                    "name": name,
                    "events_per_second": events_per_second.round(),
                    "times_real_time": times_real_time.round(),
                });
                println!("{line}");
            } else {
                println!("{name:<28} {events_per_second:>12.0} events/s   {times_real_time:>9.0} x real time");
            }
        }
    }
    for (name, milliseconds) in assignors() {
        if as_json {
            println!("{}", json!({"name": name, "milliseconds": (milliseconds * 10.0).round() / 10.0}));
        } else {
            println!("{name:<44} {milliseconds:>8.1} ms");
        }
    }
    Ok(true)
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

fn measure(world: &bench_worlds::World, observe: Observe, seconds: u64) -> Result<(f64, f64), String> {
    let begin = || -> Result<Simulation, String> {
        let mut simulation = Simulation::new(&world.spec, 1, observe).map_err(|error| error.to_string())?;
        world.give_commands(&mut simulation);
        Ok(simulation)
    };
    let (mut events, mut simulated) = (0u64, 0f64);
    let clock = Clock::now();
    while clock.elapsed().as_secs() < seconds {
        let mut simulation = begin()?;
        while simulation.now().0 < world.length.0 {
            if simulation.step().is_none() {
                break;
            }
            if observe.events && simulation.dispatched().is_multiple_of(1_024) {
                simulation.take_emitted();
            }
        }
        events += simulation.dispatched();
        simulated += simulation.now().0 as f64 / 1e6;
    }
    let elapsed = clock.elapsed().as_secs_f64();
    Ok((events as f64 / elapsed, simulated / elapsed))
}
