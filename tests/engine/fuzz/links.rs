//! Links as chat programs, and worse, bring them.

use super::{fuzz, one_of, texts};
use highwater_engine::link;
use highwater_engine::rng::SimRng;
use highwater_engine::time::Instant;

const MADE_ONCE: &[&str] = &[
    include_str!("../../links/1-leader-failover.txt"),
    include_str!("../../links/1-queue-and-pubsub.txt"),
    include_str!("../../links/1-swarm.txt"),
];

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ +/=%#\n";

fn damaged(code: &str, rng: &mut SimRng) -> String {
    let mut letters: Vec<char> = code.chars().collect();
    for _ in 0..1 + rng.below(3) {
        let place = rng.below(letters.len() as u64 + 1) as usize;
        let letter = char::from(*one_of(rng, LETTERS));
        match rng.below(5) {
            0 => letters.truncate(place),
            1 => letters.insert(place, letter),
            2 => letters.extend_from_within(place..),
            3 if place < letters.len() => drop(letters.remove(place)),
            _ if place < letters.len() => letters[place] = letter,
            _ => letters.push('é'),
        }
    }
    letters.into_iter().collect()
}

#[test]
fn links_open_or_are_refused_and_what_opens_is_written_again_the_same() {
    fuzz("links", 150, |rng, input| {
        *input = match rng.below(4) {
            0 => damaged(one_of(rng, MADE_ONCE).trim().trim_start_matches("#/x/"), rng),
            1 => damaged(&link::pack(&texts::mutated(rng)), rng),
            2 => link::pack(&texts::mutated(rng).repeat(1 + rng.below(40) as usize)),
            _ => link::pack(&texts::mutated(rng)),
        };
        let (scenario, story) = match link::open(input) {
            Ok(opened) => opened,
            Err(error) if error.to_string().trim().is_empty() => return Err("refused without a word".to_owned()),
            Err(_) => return Ok(()),
        };
        let text = format!(
            "{}\n{input}",
            highwater_engine::scenario::print("it", &story.recording, Instant::ZERO).unwrap_or_default()
        );
        let Ok(code) = link::write(&scenario.name, &story.recording, story.end_at) else { return Ok(()) };
        let (_, again) = link::open(&code).map_err(|error| format!("its own link does not open: {error}\n{text}"))?;
        let same = again.recording.seed == story.recording.seed && again.recording.spec == story.recording.spec;
        let all = again.recording.commands == story.recording.commands;
        if same && all { Ok(()) } else { Err(format!("its own link is another run\n{text}")) }
    });
}
