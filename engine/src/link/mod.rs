//! A whole run in a link: seed, world and commands, and the lesson it began as.
//!
//! The code is a version digit, the run's scenario text ([`crate::scenario::print`]) deflated and in base64url, and four
//! check characters: chat programs cut links, and raw deflate would not notice. A link comes from anywhere, so every size
//! is limited before anything of that size is made, and nothing is believed that the scenario language would refuse.
//! Links of the versions that exist can be read for ever; the suites keep one of each.

mod code;
mod error;

pub use error::{LinkError, What};

use crate::history::Recording;
use crate::scenario::{Scenario, StepKind, Story, print};
use crate::sim::Spec;
use crate::storage::format::crc32c;
use crate::time::Instant;
use code::{decode, encode, is_code};
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

/// The version written.
const VERSION: char = '1';
/// Longest code that is looked at.
pub const CODE_MAX: usize = 64 * 1024;
/// Longest text that is unpacked.
pub const TEXT_MAX: usize = 64 * 1024;
/// Check characters at the end.
const CHECK: usize = 4;
/// Most commands.
pub const COMMANDS_MAX: usize = 2_000;
/// Most brokers.
pub const BROKERS_MAX: u32 = 30;
/// Most partitions in all.
pub const PARTITIONS_MAX: i64 = 600;
/// Most programs in all.
pub const PROGRAMS_MAX: usize = 200;
/// Most events a link's run may take to tell.
pub const EVENTS_MAX: u64 = 150_000;

/// Most events a scenario's file may take to tell: it is somebody's own more often than a link is.
pub const FILE_EVENTS_MAX: u64 = 500_000;
/// Most lines of text that are read back.
const LINES_MAX: usize = 1_900;

/// The code of a run that ends at `end`. `lesson` is the name of the lesson it began as, or any name.
///
/// # Errors
/// When a command names something that the world does not have, or when the run is longer than what can be opened again.
pub fn write(lesson: &str, recording: &Recording, end: Instant) -> Result<String, LinkError> {
    let text = print(lesson, recording, end).map_err(LinkError::Unwritable)?;
    within(What::Commands, recording.commands.len() as i64, COMMANDS_MAX as i64)?;
    within(What::Commands, text.lines().count() as i64, LINES_MAX as i64)?;
    let code = pack(&text);
    if text.len() > TEXT_MAX || code.len() > CODE_MAX {
        return Err(LinkError::TooLong { found: text.len().max(code.len()), most: TEXT_MAX });
    }
    Ok(code)
}

/// The code of a text.
pub fn pack(text: &str) -> String {
    let mut code = String::from(VERSION);
    encode(&compress_to_vec(text.as_bytes(), 9), &mut code);
    code.push_str(&check(text.as_bytes()));
    code
}

/// What a code says.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(code: &str) -> Result<Scenario, LinkError> {
    if code.len() > CODE_MAX {
        return Err(LinkError::TooLong { found: code.len(), most: CODE_MAX });
    }
    let mut letters = code.chars();
    match letters.next() {
        Some(VERSION) => {}
        Some(other) if other.is_ascii_digit() => return Err(LinkError::Newer),
        Some(_) => return Err(LinkError::Damaged),
        None => return Err(LinkError::Empty),
    }
    let rest = letters.as_str();
    let split = rest.len().checked_sub(CHECK).filter(|split| rest.is_char_boundary(*split)).ok_or(LinkError::Cut)?;
    let (packed, sum) = rest.split_at(split);
    let packed = decode(packed).ok_or(if is_code(packed) { LinkError::Cut } else { LinkError::Damaged })?;
    let text = decompress_to_vec_with_limit(&packed, TEXT_MAX).map_err(|error| {
        if error.output.len() >= TEXT_MAX {
            LinkError::TooLong { found: error.output.len(), most: TEXT_MAX }
        } else {
            LinkError::Cut
        }
    })?;
    if check(&text) != sum {
        return Err(LinkError::Cut);
    }
    let text = String::from_utf8(text).map_err(|_| LinkError::Damaged)?;
    let scenario = Scenario::parse(&text).map_err(LinkError::Scenario)?;
    within(What::Brokers, i64::from(scenario.spec.brokers), i64::from(BROKERS_MAX))?;
    within(What::Partitions, partitions(&scenario.spec), PARTITIONS_MAX)?;
    within(What::Programs, programs(&scenario.spec) as i64, PROGRAMS_MAX as i64)?;
    within(What::Commands, scenario.timed.len() as i64, COMMANDS_MAX as i64)?;
    Ok(scenario)
}

/// The story of a code, told.
///
/// # Errors
/// What is wrong with the code, or that its story has no end within [`EVENTS_MAX`] events.
pub fn open(code: &str) -> Result<(Scenario, Story), LinkError> {
    let scenario = read(code)?;
    let story = tell(&scenario, EVENTS_MAX)?;
    Ok((scenario, story))
}

/// The story of a scenario that comes from anywhere. A run without a word about it may be longer than `events_max`: its
/// story ends there, and what comes later comes when time passes.
///
/// # Errors
/// That its world cannot be, or that a story waits, asks or tells beyond `events_max`.
pub fn tell(scenario: &Scenario, events_max: u64) -> Result<Story, LinkError> {
    let told = Story::tell_within(scenario, events_max).map_err(|error| LinkError::World(Box::new(error)))?;
    let runs = scenario.steps.iter().all(|step| matches!(step.kind, StepKind::Run(_)));
    if told.end >= events_max && !runs { Err(LinkError::Endless { most: events_max }) } else { Ok(told) }
}

fn within(what: What, found: i64, most: i64) -> Result<(), LinkError> {
    if found <= most { Ok(()) } else { Err(LinkError::TooLarge { what, found, most }) }
}

fn partitions(spec: &Spec) -> i64 {
    spec.topics.iter().map(|topic| i64::from(topic.partitions)).sum()
}

fn programs(spec: &Spec) -> usize {
    spec.producers.len()
        + spec.groups.iter().map(|group| group.consumers.len()).sum::<usize>()
        + spec.queues.iter().map(|queue| 1 + queue.workers.len()).sum::<usize>()
        + spec.databases.len()
        + usize::from(spec.zookeeper)
}

/// Four characters that tell a text from most others.
fn check(text: &[u8]) -> String {
    let mut characters = String::new();
    encode(&crc32c(text).to_be_bytes()[1..], &mut characters);
    characters
}
