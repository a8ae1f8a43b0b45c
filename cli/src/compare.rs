//! `highwater compare`: the first event in which two runs differ.

use crate::arguments::Arguments;
use crate::open::open;
use crate::sentence::line;
use highwater_engine::history::{Compared, Comparison};
use highwater_engine::scenario::Story;
use highwater_engine::sim::{Directory, Emitted};
use highwater_engine::time::Instant;
use serde_json::{Value, json};

/// Compares two scenarios or links. False when one cannot be read, or when the runs differ.
pub fn compare(mut arguments: Arguments) -> Result<bool, String> {
    let mut path = || arguments.word().ok_or("compare needs two scenarios");
    let paths = [path()?, path()?];
    let until = arguments.duration("--until")?;
    let as_json = arguments.flag("--json");
    arguments.finish()?;
    let (Some(one), Some(other)) = (open(&paths[0]), open(&paths[1])) else { return Ok(false) };
    let tell = |scenario| Story::tell(scenario, scenario.seed).map_err(|error| error.to_string());
    let (one, other) = (tell(&one)?, tell(&other)?);
    let end = until.map_or(one.end_at.max(other.end_at), |until| Instant::ZERO + until);
    let mut comparison = Comparison::new(one.recording, other.recording).map_err(|error| error.to_string())?;
    let alike = |one: &Emitted, names: &Directory, other: &Emitted, others: &Directory| {
        line(&one.event, names) == line(&other.event, others)
    };
    let Compared::Differ(difference) = comparison.run(end, || true, alike) else {
        println!(
            "{}",
            if as_json { json!({"same": true, "until": end}).to_string() } else { format!("the same until {end}") }
        );
        return Ok(true);
    };
    let sides = [&difference.one, &difference.other];
    if as_json {
        let side = |emitted: &Option<Emitted>| {
            emitted.as_ref().map_or(Value::Null, |it| json!({"n": it.n, "t": it.at, "event": it.event}))
        };
        println!("{}", json!({"same": false, "t": difference.at(), "one": side(sides[0]), "other": side(sides[1])}));
        return Ok(false);
    }
    println!("they differ first at {}", difference.at());
    for ((emitted, directory), path) in sides.into_iter().zip(comparison.directories()).zip(&paths) {
        match emitted {
            Some(it) => println!("{:>12}  event {}: {}  ({path})", it.at.to_string(), it.n, line(&it.event, directory)),
            None => println!("{:>12}  nothing more until {end}  ({path})", ""),
        }
    }
    if let Some((name, one, other)) = difference.field() {
        println!("the difference: {name} is {one} in the one and {other} in the other");
    }
    Ok(false)
}
