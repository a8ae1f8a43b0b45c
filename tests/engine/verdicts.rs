//! What each record came to, for each of its readers.

use crate::test;
use highwater_engine::audit::{Fate, Reading, Verdict};
use highwater_engine::ids::{BrokerId, GroupId, Offset};
use highwater_tests::story::check;

const GROUP: GroupId = GroupId(0);

/// How many records of a run the group has this verdict on.
fn count(story: &str, verdict: Verdict) -> usize {
    let history = check(&format!(
        r#"
        scenario verdicts
        brokers 1 offsets.topic.replication.factor=1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=30 acks=1
        group g topic=t auto.offset.reset=earliest {{ consumer c processing="10ms" }}
        story {{
            until acked 10
            {story}
        }}
        "#
    ));
    let ledger = history.simulation().ledger();
    ledger.all().filter(|(_, fate)| Verdict::of(fate, GROUP.0) == verdict).count()
}

#[test]
fn what_waits_in_the_log_is_open_and_what_was_processed_is_decided() {
    assert!(count("pause c\nuntil acked 20", Verdict::Open) >= 10, "a paused consumer has ten still before it");
    assert_eq!(count("until processed-by g 30 within=\"20s\"", Verdict::Once), 30);
}

#[test]
fn what_lost_its_only_copy_before_it_was_read_is_lost_for_the_group() {
    let story = "pause c\nuntil acked 20\npower-off \"broker 1\"\nstart \"broker 1\"\nresume c\nrun \"30s\"";
    assert!(count(story, Verdict::Lost) >= 10);
    // The ten before the pause were processed, and that stays so.
    assert!(count(story, Verdict::Once) >= 10);
}

/// A record that stands at offset 3 of broker 1, and what the group did with it.
fn stored(processed: u32, skipped: bool) -> Fate {
    let reading = Reading { reader: GROUP.0, delivered: processed, processed, skipped };
    Fate { copies: vec![(BrokerId(1), Offset(3))], readings: vec![reading], ..Fate::default() }
}

#[test]
fn each_verdict_has_its_case() {
    let gone = |fate: Fate| Fate { copies: Vec::new(), ..fate };
    let cases = [
        (stored(0, false), Verdict::Open),
        (stored(1, false), Verdict::Once),
        (stored(2, false), Verdict::Duplicated),
        (Fate { reordered: true, ..stored(1, false) }, Verdict::Reordered),
        (stored(0, true), Verdict::Skipped),
        (Fate { lost: true, ..gone(stored(0, false)) }, Verdict::Lost),
        // It was lost afterwards: the group has it.
        (Fate { lost: true, ..gone(stored(1, false)) }, Verdict::Once),
        (Fate { deleted: true, ..gone(stored(0, false)) }, Verdict::Deleted),
        (Fate { failed: true, ..Fate::default() }, Verdict::NotWritten),
        // Given up, but a log has it: it may still be read.
        (Fate { failed: true, ..stored(0, false) }, Verdict::Open),
        (Fate::default(), Verdict::Open),
    ];
    for (fate, verdict) in cases {
        assert_eq!(Verdict::of(&fate, GROUP.0), verdict, "{fate:?}");
    }
}
