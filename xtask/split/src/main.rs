//! Cuts a WebAssembly module in two: what a rehearsal ran, and the rest.
//!
//! `cargo xtask dist` calls it, so that xtask itself builds in a second. ARCHITECTURE.md says how the page uses the parts.

mod cut;
mod first;
mod heights;
mod later;
mod mark;
mod module;
mod names;
mod objects;
mod plan;
mod rest;
mod segment;
mod share;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: highwater-split strip WHOLE
       highwater-split mark WHOLE MARKED
       highwater-split cut WHOLE RAN FIRST LATER
       highwater-split share FIRST LATER LINKED

  strip takes names and the linker's notes out of WHOLE
  mark  writes a copy of WHOLE whose exported memory `ran` holds a byte for each piece of its code: 1 once it ran
  cut   writes FIRST, with the code that ran according to the bytes in RAN, and LATER, with all other code
  share moves data from FIRST to LATER that the code in FIRST cannot name, according to the linker's notes in LINKED";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match route(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("highwater-split: {error}");
            ExitCode::FAILURE
        }
    }
}

fn route(args: &[&str]) -> Result<(), Box<dyn Error>> {
    match args {
        ["strip", whole] => fs::write(whole, module::read(&fs::read(whole)?)?.emit_wasm())?,
        ["mark", whole, marked] => fs::write(marked, mark::mark(&fs::read(whole)?)?)?,
        ["cut", whole, ran, first, later] => {
            let cut = cut::cut(&fs::read(whole)?, &fs::read(ran)?)?;
            fs::write(first, cut.first)?;
            fs::write(later, cut.later)?;
        }
        ["share", first, later, linked] => {
            let cut = cut::Cut { first: fs::read(first)?, later: fs::read(later)? };
            let cut = share::share(&cut, &fs::read(linked)?)?;
            fs::write(first, cut.first)?;
            fs::write(later, cut.later)?;
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
