//! Seeded fuzzers for everything that comes from outside: links, scenarios, commands, record batches, damaged logs.
//!
//! Each mutates what is valid, by its structure more than by its bytes. A finding is a panic, an input that takes too
//! long, or something half done: what was refused and changed something, what was taken and does not come back the same.
//! Every test run tries a few hundred inputs of each. The long way, and any seed to begin at:
//! `FUZZ_SECONDS=1200 FUZZ_SEED=7 cargo test -p highwater-tests --test engine fuzz::links -- --nocapture`.

mod batches;
mod commands;
mod links;
mod recovery;
mod scenarios;
mod texts;

use highwater_engine::rng::SimRng;
use highwater_tests::long_run::number;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// No input may take longer, of this thread's own time: others may keep the machine busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long this thread has run, where the system tells (`/proc/thread-self/schedstat`).
fn own_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

/// Tries inputs of one kind: `few` of them, or for as long as `FUZZ_SECONDS` says. `attempt` makes an input, says what it
/// is, and tries it; what it returns is wrong.
fn fuzz(kind: &str, few: u64, attempt: impl Fn(&mut SimRng, &mut String) -> Result<(), String>) {
    let (first, seconds) = (number("FUZZ_SEED", 0), number("FUZZ_SECONDS", 0));
    let began = Instant::now();
    let (mut tried, mut findings) = (0, Vec::new());
    while findings.len() < 5 && (tried < few || began.elapsed().as_secs() < seconds) {
        let seed = first + tried;
        let (mut input, clock) = (String::new(), own_time());
        let ended = catch_unwind(AssertUnwindSafe(|| attempt(&mut SimRng::stream(seed, kind), &mut input)));
        let wrong = match ended {
            Err(_) => Some("a panic".to_owned()),
            Ok(Err(wrong)) => Some(wrong),
            Ok(Ok(())) => {
                let taken = own_time().saturating_sub(clock);
                (taken > PATIENCE).then(|| format!("it took {taken:?}"))
            }
        };
        findings.extend(wrong.map(|wrong| format!("seed {seed}: {wrong}\n{input}")));
        tried += 1;
    }
    println!("{kind}: {tried} inputs in {:.0?}, {} findings", began.elapsed(), findings.len());
    assert!(findings.is_empty(), "{}", findings.join("\n\n"));
}

/// One of several.
fn one_of<'a, T>(rng: &mut SimRng, of: &'a [T]) -> &'a T {
    &of[rng.below(of.len() as u64) as usize]
}

/// A number as hostile inputs have them.
fn odd_number(rng: &mut SimRng) -> i64 {
    match rng.below(6) {
        0 => *one_of(rng, &[0, 1, -1, 2, 7, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536]),
        1 => *one_of(rng, &[i64::MAX, i64::MIN, i64::from(i32::MAX), i64::from(i32::MIN), 1 << 53, 4_294_967_295]),
        2 => 1 << rng.below(63),
        3 => -(1 << rng.below(63)),
        _ => rng.below(200) as i64,
    }
}
