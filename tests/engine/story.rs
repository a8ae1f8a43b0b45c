//! Telling small stories in tests.

use highwater_engine::event::Event;
use highwater_engine::history::History;
use highwater_engine::scenario::{Scenario, Story};

/// Reads a scenario and tells its story; every `expect` in it must hold.
#[track_caller]
pub fn check(text: &str) -> History {
    let scenario = match Scenario::parse(text) {
        Ok(scenario) => scenario,
        Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    };
    check_seed(&scenario, scenario.seed)
}

/// Tells a scenario's story with another seed.
#[track_caller]
pub fn check_seed(scenario: &Scenario, seed: u64) -> History {
    let story = match Story::tell(scenario, seed) {
        Ok(story) => story,
        Err(error) => panic!("{error}"),
    };
    let failures: Vec<String> = story
        .failures
        .iter()
        .map(|failure| format!("{} line {} at {}: {}", scenario.name, failure.line, failure.at, failure.message))
        .collect();
    assert!(failures.is_empty(), "seed {seed}\n{}", failures.join("\n"));
    match History::new(story.recording) {
        Ok(mut history) => {
            history.seek_event(story.end);
            history
        }
        Err(error) => panic!("{error}"),
    }
}

/// How many events a test accepts.
pub fn count(history: &History, test: impl Fn(&Event) -> bool) -> usize {
    history.past_events().iter().filter(|emitted| test(&emitted.event)).count()
}
