//! `highwater link`: a scenario's run as a link, or as a scenario that says every command.

use crate::arguments::Arguments;
use crate::open::open;
use highwater_engine::link::{LinkError, write};
use highwater_engine::scenario::{Story, print};

/// Prints the link; with `--kdl` the text inside it. False when the scenario cannot be read.
pub fn link(mut arguments: Arguments) -> Result<bool, String> {
    let path = arguments.word().ok_or("link needs a scenario file or a link")?;
    let seed = arguments.number("--seed")?;
    let as_text = arguments.flag("--kdl");
    arguments.finish()?;
    let Some(scenario) = open(&path) else { return Ok(false) };
    let story = Story::tell(&scenario, seed.unwrap_or(scenario.seed)).map_err(|error| error.to_string())?;
    let written = match as_text {
        true => print(&scenario.name, &story.recording, story.end_at).map_err(LinkError::Unwritable),
        false => write(&scenario.name, &story.recording, story.end_at).map(|code| format!("#/x/{code}")),
    };
    println!("{}", written.map_err(|error| error.to_string())?);
    Ok(true)
}
