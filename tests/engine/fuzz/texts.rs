//! Scenarios that are nearly right.

use super::{odd_number, one_of};
use highwater_engine::rng::SimRng;
use highwater_engine::time::{Duration, Instant};
use highwater_tests::random_world::{Faults, recording};

macro_rules! scripts {
    ($($folder:literal)*) => { &[ $( include_str!(concat!("../../../web/lessons/", $folder, "/script.kdl")) ),* ] };
}

/// Scenarios people wrote: every verb of the language occurs.
const SCRIPTS: &[&str] = scripts! {
    "00-sandbox" "01-queue-and-pubsub" "02-leader-failover" "03a-acks-1" "03e-dedupe" "20-segments" "21-retention"
    "22-compaction" "23a-power-loss" "24-torn-write" "25-unclean" "26b-eligible-leaders" "27a-truncate-to-hw" "28-zombie"
    "30a-lost-answer" "30c-overtaken" "30e-lost-buffer" "30h-more-partitions" "31b-open-transaction" "31e-exactly-once"
    "31f-hanging-transaction" "40b-cooperative" "40c-consumer-protocol" "41c-zombie-commit" "41e-kept-in-zookeeper"
    "42b-partitions-added" "43b-reset" "43c-replay" "43d-offsets-expire" "44a-poison-pill" "44b-poison-shared"
};

/// Words that mean something to somebody.
const WORDS: &[&str] = &[
    "\"\"",
    "\"1s\"",
    "\"-1s\"",
    "\"99999999999999999999s\"",
    "#true",
    "#null",
    "#inf",
    "\"<script>\"",
    "\"\u{202e}x\"",
    "broker",
    "\"broker 1\"",
    "controller",
    "p1",
    "c1",
    "orders",
    "group",
    "topic",
    "story",
    "at",
    "\">=5\"",
    "acks=0",
    "key=\"\"",
    "partitions=0",
    "=",
    ";",
    "{",
    "}",
    "(",
    "r#\"",
    "\"",
    "/-",
    "/*",
    "\\",
    "\u{0}",
    "\u{feff}",
    "é",
    "💥",
    "lesson",
    "until",
    "every=\"0s\"",
    "after=-1",
];

/// A valid scenario.
pub fn valid(rng: &mut SimRng) -> String {
    if rng.below(4) > 0 {
        return (*one_of(rng, SCRIPTS)).to_owned();
    }
    let recording = recording(rng.below(1_000), Faults::All);
    let end = Instant::ZERO + Duration::from_secs(1 + rng.below(40));
    highwater_engine::scenario::print("random", &recording, end).unwrap_or_default()
}

/// The same with some things changed.
pub fn mutated(rng: &mut SimRng) -> String {
    let mut text = valid(rng);
    for _ in 0..1 + rng.below(4) {
        text = match rng.below(10) {
            0..=3 => with_tokens(&text, rng),
            4..=6 => with_lines(&text, rng),
            7 => {
                let other = valid(rng);
                let (ours, theirs): (Vec<&str>, Vec<&str>) = (text.lines().collect(), other.lines().collect());
                let (cut, from) =
                    (rng.below(ours.len() as u64 + 1) as usize, rng.below(theirs.len() as u64 + 1) as usize);
                [&ours[..cut], &theirs[from..]].concat().join("\n")
            }
            8 => {
                let cut = rng.below(text.chars().count() as u64 + 1) as usize;
                text.chars().take(cut).collect()
            }
            _ => with_character(&text, rng),
        };
    }
    text
}

fn with_lines(text: &str, rng: &mut SimRng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return text.to_owned();
    }
    let (one, other) = (rng.below(lines.len() as u64) as usize, rng.below(lines.len() as u64) as usize);
    match rng.below(4) {
        0 => drop(lines.remove(one)),
        1 => lines.insert(other, lines[one].clone()),
        2 => lines.swap(one, other),
        _ => {
            let moved = lines.remove(one);
            lines.insert(other.min(lines.len()), moved);
        }
    }
    lines.join("\n")
}

/// One word, number or value becomes another.
fn with_tokens(text: &str, rng: &mut SimRng) -> String {
    let mut tokens: Vec<String> = text.split_inclusive([' ', '\n', '=']).map(str::to_owned).collect();
    if tokens.is_empty() {
        return text.to_owned();
    }
    let place = rng.below(tokens.len() as u64) as usize;
    let (word, end) = match tokens[place].chars().last() {
        Some(last @ (' ' | '\n' | '=')) => (tokens[place][..tokens[place].len() - 1].to_owned(), last.to_string()),
        _ => (tokens[place].clone(), String::new()),
    };
    let has_number = word.bytes().any(|byte| byte.is_ascii_digit());
    let new = match rng.below(5) {
        0 | 1 if has_number => {
            let digits = |c: char| c.is_ascii_digit();
            let (head, tail) = (word.find(digits).unwrap_or(0), word.rfind(digits).map_or(0, |at| at + 1));
            format!("{}{}{}", &word[..head], odd_number(rng), &word[tail..])
        }
        2 => tokens[rng.below(tokens.len() as u64) as usize].trim().to_owned(),
        3 => format!("{word}{}", one_of(rng, WORDS)),
        _ => (*one_of(rng, WORDS)).to_owned(),
    };
    tokens[place] = new + &end;
    tokens.concat()
}

fn with_character(text: &str, rng: &mut SimRng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let place = rng.below(characters.len() as u64 + 1) as usize;
    match rng.below(3) {
        0 if place < characters.len() => drop(characters.remove(place)),
        1 if place < characters.len() => {
            characters[place] = char::from_u32(rng.below(0x3000) as u32).unwrap_or('\u{fffd}')
        }
        _ => characters.insert(place, *one_of(rng, &['{', '}', '"', '\\', '=', '#', '-', '\n', '\u{0}', '9', ' '])),
    }
    characters.into_iter().collect()
}
