//! What a long run keeps in memory. A binary of its own, because it counts every allocation: `cargo test -p
//! highwater-tests --test memory -- --nocapture`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a test may stop where a program may not")]

use highwater_engine::history::{History, Recording};
use highwater_engine::scenario::Scenario;
use highwater_engine::time::Instant;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the bytes that are in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Kilobytes in use.
fn in_use() -> usize {
    IN_USE.load(Ordering::Relaxed) / 1_000
}

/// Three brokers, two producers with seven records a second together, a group of three.
fn classroom(broker_settings: &str, topic_settings: &str) -> History {
    let text = format!(
        r#"
scenario memory seed=1
brokers 3 {broker_settings}
topic orders partitions=6 replication-factor=3 min.insync.replicas=2 {topic_settings}
producer p1 topic=orders every="300ms" {{ keys a b c d e f g h }}
producer p2 topic=orders every="300ms" {{ keys a b c d e f g h }}
group billing topic=orders auto.offset.reset=earliest {{ consumer c1; consumer c2; consumer c3 }}
"#
    );
    let scenario = Scenario::parse(&text).unwrap();
    let recording = Recording { seed: 1, spec: scenario.spec, commands: Vec::new() };
    let mut history = History::new(recording).unwrap();
    history.remember(20_000);
    history
}

const MINUTE: u64 = 60_000_000;

/// Both worlds in one test: they count the same bytes.
#[test]
fn a_long_run_keeps_what_its_brokers_keep() {
    let mut history = classroom("", "");
    history.seek_time(Instant(30 * MINUTE));
    let (before, checkpoints) = (in_use(), history.checkpoints());
    history.seek_time(Instant(60 * MINUTE));
    let (records, grown) = (history.simulation().ledger().totals().sent as usize / 2, in_use() - before);
    println!("nothing is deleted: {before} kB after half an hour, {grown} kB more after an hour, {records} records");
    // Each record is in three logs and has a fate. Before checkpoints shared them it was 7 kB for each record. Up to a
    // million events a checkpoint is kept every 16,384 of them; what each costs beyond what it shares is bounded below.
    let more = history.checkpoints() - checkpoints;
    assert!(more < 24, "{more} more checkpoints in half an hour");

    let before = in_use();
    let checkpoint = history.simulation().clone();
    let copied = in_use() - before;
    println!("a checkpoint costs {copied} kB");
    assert!(copied < 400, "{copied} kB for a checkpoint of an hour");
    assert!(grown - more * copied < records * 3 / 2, "{grown} kB for {records} records and {more} checkpoints");
    drop((checkpoint, history));

    let mut history =
        classroom(r#"log.retention.check.interval.ms="20000""#, r#"retention.ms="20000" segment.ms="20000""#);
    history.seek_time(Instant(40 * MINUTE));
    let (before, checkpoints) = (in_use(), history.checkpoints());
    history.seek_time(Instant(60 * MINUTE));
    let grown = in_use() as i64 - before as i64;
    let more = (history.checkpoints() - checkpoints) as i64;
    // Each has a copy of its own of what retention has taken since: 20 seconds of all logs, and what a clone costs.
    let copied = 400;
    let ledger = history.simulation().ledger();
    let (sent, known) = (ledger.totals().sent, ledger.all().count());
    println!("with a short retention: {before} kB after forty minutes, {grown} kB more after an hour, {known} fates");
    // What stays is what Kafka keeps, too: committed offsets, until a segment of 100 MB is full.
    assert!(grown - more * copied < 6_000, "{grown} kB more than {before}, with {more} checkpoints of {copied} kB");
    assert!(known < 8_000, "{known} fates of {sent} records");
    assert_eq!(ledger.totals().processed, ledger.totals().delivered, "forgetting a fate changes no sum");
}
