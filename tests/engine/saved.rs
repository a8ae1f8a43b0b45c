//! A run written as a scenario is the same run when it is read again.

use crate::test;
use highwater_engine::history::{History, Recording};
use highwater_engine::scenario::{Scenario, Story, print};
use highwater_engine::time::{Duration, Instant};
use highwater_tests::random_world::{Faults, recording};

/// The recording that a text tells, and the state it ends in.
#[track_caller]
fn reread(text: &str) -> (Recording, u64, u64) {
    let scenario = Scenario::parse(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    let story = Story::tell(&scenario, scenario.seed).unwrap();
    let mut history = History::new(story.recording.clone()).unwrap();
    history.seek_event(story.end);
    (story.recording, story.end, history.simulation().state_hash())
}

#[test]
fn random_worlds_end_in_the_same_state_when_they_are_written_and_read_again() {
    for seed in 0..25 {
        let recording = recording(seed, Faults::All);
        let end = Instant::ZERO + Duration::from_secs(40);
        let mut history = History::new(recording.clone()).unwrap();
        history.seek_time(end);
        let cursor = history.cursor();
        let mut history = History::new(recording.clone()).unwrap();
        history.seek_event(cursor);
        let text = print("random", &recording, end).unwrap();
        let (again, events, hash) = reread(&text);
        assert_eq!(again, recording, "{text}");
        assert_eq!((events, hash), (history.cursor(), history.simulation().state_hash()), "seed {seed}");
    }
}

/// A scenario's run, written and read again, is the same run.
#[track_caller]
pub(crate) fn check_saved(scenario: &Scenario) {
    let story = Story::tell(scenario, scenario.seed).unwrap();
    let mut history = History::new(story.recording.clone()).unwrap();
    history.seek_event(story.end);
    let (again, events, hash) = reread(&print(&scenario.name, &story.recording, story.end_at).unwrap());
    assert_eq!(again, story.recording);
    assert_eq!((events, hash), (story.end, history.simulation().state_hash()));
}
