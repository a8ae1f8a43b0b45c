//! Chores of the repository, as `cargo xtask <command>`.
//!
//! This crate knows the tools (trunk, wasm-pack, Chromium …) and nothing of the
//! engine. It has no dependencies, so that the first command starts in seconds.

mod bench;
mod check;
mod context;
mod dist;
mod licences;
mod serve;
mod setup;
mod shell;
mod split;
mod test;
mod totals;

use context::Context;
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <command>

  serve [trunk's options]  build the page and serve it at http://127.0.0.1:8080
  test quick               native tests only
  test                     native, wasm in node, wasm in Chromium, and the page
  bench [--seconds S]      the engine's speed, natively and as wasm in node
  check                    formatting, lints (native and wasm), licences
  dist                     the page ready for any static host, in dist/
  setup                    only install the tools that the others need

Tools are installed once, for all clones, into
${HIGHWATER_TOOLS:-${XDG_CACHE_HOME:-~/.cache}/highwater}.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match route(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nerror: {message}");
            ExitCode::FAILURE
        }
    }
}

fn route(args: &[String]) -> shell::Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut context = Context::discover()?;
    match args.as_slice() {
        ["serve", rest @ ..] => serve::serve(&mut context, rest),
        ["bench", rest @ ..] => bench::bench(&mut context, rest),
        ["dist"] => dist::dist(&mut context),
        ["test"] => test::all(&mut context),
        ["test", "quick"] => test::quick(&context),
        ["check"] => check::check(&mut context),
        ["setup"] => setup::ensure(&mut context, &setup::Need::ALL),
        ["help" | "--help" | "-h"] => {
            // not `println!`: `cargo xtask help | head` is no reason to panic
            let _ = writeln!(std::io::stdout(), "{USAGE}");
            Ok(())
        }
        [] => Err(format!("no command given\n\n{USAGE}")),
        other => Err(format!("unknown command `{}`\n\n{USAGE}", other.join(" "))),
    }
}
