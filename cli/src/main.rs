//! `highwater`: the engine without a page.
//!
//! People use it for homework checks and in CI. `--json` gives one JSON object a line where a program would read.
//! Exit status: 0 when all is well, 1 when something did not hold, 2 when the call cannot be understood.

mod arguments;
mod bench;
mod check;
mod compare;
mod grouping;
mod link;
mod living;
mod open;
mod producing;
mod run;
mod sentence;
mod swarm;
mod totals;
mod trace;

use arguments::Arguments;
use std::process::ExitCode;

const USAGE: &str = "\
highwater: a Kafka-like cluster you can watch, without a page

  highwater run SCENARIO [--seed N] [--until 60s|loss|election|rebalance|isr|breach|'lag>N'] [--within 1h] [--all] [--json]
      tell the scenario's story as text; --all also shows routine events
  highwater compare SCENARIO SCENARIO [--until 60s] [--json]
      tell two runs side by side and say which event is the first that differs, when, and in what
  highwater trace SCENARIO [--seed N] [--until 60s] [--level 1|2] [--out FILE.jsonl[.gz]]
      write what happened for independent checkers; level 2 has every message
  highwater link SCENARIO [--seed N] [--kdl]
      print the whole run as a link for the page, or as a scenario; links can be given wherever a scenario can
  highwater scenario check SCENARIO... [--seeds A..B] [--json]
      read scenarios and run their expectations, on their own seed or on several
  highwater swarm [--seeds A..B] [--steps N] [--sessions] [--out DIR] [--json]
      run random worlds with random faults and check every promise; a failure is shrunk and written as a scenario;
      --sessions runs worlds of producers and transactions and counts what was stored and read
  highwater swarm --exhaustive [--states N] [--json]
      run one small world in every order of what happens at one moment: 3 replicas, 2 records, 1 crash and restart
  highwater bench [--seconds S] [--json]
      measure the engine
  highwater vectors DIR [--json]
      run golden-vector files

exit status: 0 all is well, 1 something did not hold, 2 the call cannot be understood";

fn main() -> ExitCode {
    let mut arguments = Arguments::of(std::env::args().skip(1));
    let verb = arguments.word().unwrap_or_default();
    let result = match verb.as_str() {
        "run" => run::run(arguments),
        "compare" => compare::compare(arguments),
        "swarm" => swarm::swarm(arguments),
        "trace" => trace::trace(arguments),
        "link" => link::link(arguments),
        "scenario" => check::scenario(arguments),
        "bench" => bench::bench(arguments),
        "vectors" => check::vectors(arguments),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        "" => Err("no command was given".to_owned()),
        other => Err(format!("\"{other}\" is not a command")),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("highwater: {message}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}
