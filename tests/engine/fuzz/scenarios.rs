//! Scenarios as files bring them.

use super::{fuzz, texts};
use highwater_engine::link;
use highwater_engine::scenario::{Scenario, print};

/// So many events are told of a story that could be read.
const EVENTS: u64 = 5_000;

#[test]
fn scenarios_are_read_or_refused_with_reasons() {
    fuzz("scenarios", 300, |rng, input| {
        *input = texts::mutated(rng);
        let scenario = match Scenario::parse(input) {
            Ok(scenario) => scenario,
            Err(errors) if errors.is_empty() => return Err("refused without a reason".to_owned()),
            Err(errors) => {
                let silent = errors.iter().any(|error| error.to_string().trim().is_empty());
                return if silent { Err("a reason without words".to_owned()) } else { Ok(()) };
            }
        };
        // What a page would not open is too large to be told here as well.
        if link::read(&link::pack(input)).is_err() {
            return Ok(());
        }
        let Ok(story) = link::tell(&scenario, EVENTS) else { return Ok(()) };
        // A run that was read can be written, and is the same run again.
        let Ok(written) = print(&scenario.name, &story.recording, story.end_at) else { return Ok(()) };
        let again =
            Scenario::parse(&written).map_err(|errors| format!("written as what is refused: {errors:?}\n{written}"))?;
        let told = link::tell(&again, EVENTS).map_err(|error| format!("{error}\n{written}"))?;
        let (spec, commands) = (&story.recording.spec, &story.recording.commands);
        let known = |n: usize| told.recording.commands.get(n) == commands.get(n);
        match (told.recording.spec == *spec, (0..told.recording.commands.len()).all(known)) {
            (true, true) => Ok(()),
            (false, _) => Err(format!("another world is written\n{written}")),
            (_, false) => Err(format!("other commands are written\n{written}")),
        }
    });
}
