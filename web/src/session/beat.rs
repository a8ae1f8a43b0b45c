//! The story's beats as a reader meets them: what is said and asked at one moment is one beat.

use highwater_engine::scenario::{Predict, Story};
use highwater_engine::time::Instant;
use std::collections::BTreeMap;

/// A moment at which the story stands still.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Beat {
    /// After how many events.
    pub event: u64,
    /// When.
    pub at: Instant,
    /// Whose words are shown, by key. A question alone keeps the words of the beat before.
    pub keys: Vec<String>,
    /// What is asked.
    pub predict: Option<Predict>,
    /// What it is about.
    pub focus: Option<String>,
    /// The run's values for the words.
    pub bindings: BTreeMap<String, String>,
}

impl Beat {
    /// The beats of a story, in order.
    pub fn all(story: &Story) -> Vec<Beat> {
        let mut beats: Vec<Beat> = Vec::new();
        for told in &story.beats {
            if beats.last().is_none_or(|last| last.event != told.event) {
                beats.push(Beat { event: told.event, at: told.at, ..Beat::default() });
            }
            let Some(beat) = beats.last_mut() else { continue };
            match &told.predict {
                Some(predict) => beat.predict = Some(predict.clone()),
                None => beat.keys.push(told.key.clone()),
            }
            beat.focus = told.focus.clone().or(beat.focus.take());
            beat.bindings.clone_from(&told.bindings);
        }
        for index in 1..beats.len() {
            if beats[index].keys.is_empty() {
                beats[index].keys = beats[index - 1].keys.clone();
            }
            if beats[index].focus.is_none() {
                beats[index].focus = beats[index - 1].focus.clone();
            }
        }
        beats
    }
}
