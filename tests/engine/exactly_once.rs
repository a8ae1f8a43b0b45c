//! Consume, process, produce: what was read and what was written move together, or not at all.

use crate::test;
use highwater_engine::event::{Event, TransactionState};
use highwater_engine::history::History;
use highwater_engine::protocol::ErrorCode;
use highwater_engine::scenario::Scenario;
use highwater_engine::trace::Exporter;
use highwater_tests::story::{check, check_seed, count};

/// A topic is copied to another, three records at a time; downstream reads what was committed.
const COPY: &str = r#"
    scenario copy
    brokers 3
    topic in partitions=1 replication-factor=3 min.insync.replicas=2
    topic out partitions=1 replication-factor=3 min.insync.replicas=2
    producer source topic=in start="2s" every="50ms" count=30
    group copiers topic=in auto.offset.reset=earliest isolation.level=read_committed session.timeout.ms=6000 heartbeat.interval.ms=1000 {
        processor copy to=out processing="20ms" max.poll.records=3 commit=after {
            producer transactional.id=copy-1 linger.ms=0
        }
    }
    group readers topic=out auto.offset.reset=earliest isolation.level=read_committed { consumer reader }
"#;

/// Both protocols: before KIP-890 part 2, and with it.
fn both(test: impl Fn(&str)) {
    for version in ["1", "2"] {
        test(&COPY.replace("brokers 3", &format!("brokers 3 transaction.version={version}")));
    }
}

/// The same program without a transaction: it flushes, and then commits its offsets.
fn plain() -> String {
    COPY.replace("transactional.id=copy-1 ", "")
}

#[test]
fn each_batch_is_one_transaction_over_the_output_and_the_offsets() {
    both(|world| {
        let history = check(&format!(
            "{world} story {{
                 until results readers 30 within=\"60s\"
                 run \"5s\"
                 expect results-repeated readers 0
                 expect processed-again 0
                 expect committed copiers in-0 30
                 expect lost 0
             }}"
        ));
        // The partition of the offsets has its marker like every other of the transaction.
        let offsets = |event: &Event| matches!(event, Event::MarkerWritten { tp, .. } if tp.topic.0 == 0);
        let ended = |event: &Event| matches!(event, Event::TransactionEnded { committed: true, .. });
        assert_eq!(count(&history, offsets), count(&history, ended));
    });
}

#[test]
fn offsets_count_from_the_marker_on_and_never_after_an_abort() {
    both(|world| {
        // The coordinator's answer to the commit is lost on the way: the program waits, and the offsets stay pending.
        check(&format!(
            "{world} story {{
                 wait TransactionStateChanged state=Ongoing
                 wait RecordProcessed client=copy
                 expect committed copiers in-0 -1
                 wait TransactionStateChanged state=PrepareCommit
                 expect committed copiers in-0 -1
                 wait MarkerWritten
                 wait OffsetCommitted group=copiers
                 expect committed copiers in-0 \">=1\"
             }}"
        ));
        // Killed before it could commit: the transaction is aborted by the next start, and what was read is read again.
        let history = check(&format!(
            "{world} story {{
                 wait RecordDerived client=copy
                 wait TransactionStateChanged state=Ongoing
                 kill copy
                 run \"3s\"
                 expect committed copiers in-0 -1
                 expect results readers 0
                 start copy
                 until results readers 30 within=\"90s\"
                 run \"5s\"
                 expect results-repeated readers 0
                 expect committed copiers in-0 30
             }}"
        ));
        let aborted = |event: &Event| {
            matches!(event, Event::TransactionStateChanged { state: TransactionState::CompleteAbort, .. })
        };
        assert_eq!(count(&history, aborted), 1);
    });
}

#[test]
fn without_a_transaction_a_crash_between_output_and_commit_copies_twice() {
    check(&format!(
        "{} story {{
             until results readers 3 within=\"60s\"
             wait RecordAcked producer=copy
             kill copy
             run \"3s\"
             start copy
             until results readers 30 within=\"90s\"
             run \"5s\"
             expect results-repeated readers \">=1\"
         }}",
        plain()
    ));
}

/// When the copying process dies and comes back, by the seed.
fn crashes(seed: u64) -> String {
    let at = 2_300 + (seed * 7_919) % 1_900;
    let again = 300 + (seed * 104_729) % 2_500;
    format!(
        "story {{
             run \"{at}ms\"
             kill copy
             run \"{again}ms\"
             start copy
             run \"{again}ms\"
             kill copy
             run \"200ms\"
             start copy
             until committed copiers in-0 30 within=\"180s\"
             run \"10s\"
         }}"
    )
}

/// How many of the 30 records arrive downstream, and how many of them more than once.
fn arrived(history: &History) -> (usize, usize) {
    let group = history.simulation().directory().find_group("readers").unwrap();
    let mut times = std::collections::BTreeMap::new();
    for (_, fate) in history.simulation().ledger().all() {
        if fate.readings.iter().any(|reading| reading.reader == group.0 && reading.processed > 0) {
            *times.entry(fate.from.unwrap()).or_insert(0) += 1;
        }
    }
    (times.len(), times.values().filter(|times| **times > 1).count())
}

#[test]
fn a_crash_at_any_moment_neither_loses_nor_repeats_anything() {
    both(|world| {
        for seed in 0..40 {
            let scenario = Scenario::parse(&format!("{world} {}", crashes(seed))).unwrap();
            assert_eq!(arrived(&check_seed(&scenario, seed)), (30, 0), "seed {seed}");
        }
    });
    // The same crashes without transactions: nothing is lost, and something comes twice.
    let repeated = (0..40).filter(|seed| {
        let scenario = Scenario::parse(&format!("{} {}", plain(), crashes(*seed))).unwrap();
        let (records, repeated) = arrived(&check_seed(&scenario, *seed));
        assert_eq!(records, 30, "seed {seed}");
        repeated > 0
    });
    assert!(repeated.count() > 5);
}

#[test]
fn an_independent_checker_finds_nothing_wrong_in_it() {
    both(|world| {
        for seed in 0..5 {
            let scenario = Scenario::parse(&format!("{world} {}", crashes(seed))).unwrap();
            let history = check_seed(&scenario, seed);
            let trace = Exporter::new(history.recording(), history.simulation().now(), 1).unwrap().whole();
            let complaints = crate::checker::check(&trace);
            assert!(complaints.is_empty(), "seed {seed}\n{}", complaints[..complaints.len().min(8)].join("\n"));
        }
    });
}

#[test]
fn brokers_may_fail_too() {
    both(|world| {
        for seed in 0..12 {
            let text = format!(
                "{world} story {{
                     run \"{}ms\"
                     kill {}
                     run \"14s\"
                     start {}
                     run \"{}ms\"
                     bind c transaction-coordinator copy-1
                     kill $c
                     run \"8s\"
                     start $c
                     until committed copiers in-0 30 within=\"240s\"
                     run \"15s\"
                 }}",
                2_500 + seed * 71,
                seed % 3 + 1,
                seed % 3 + 1,
                seed * 53
            );
            let scenario = Scenario::parse(&text).unwrap();
            assert_eq!(arrived(&check_seed(&scenario, seed)), (30, 0), "seed {seed}");
        }
    });
}

#[test]
fn the_next_owner_waits_while_offsets_are_undecided() {
    both(|world| {
        // The program freezes after its offsets are with the group's coordinator, before it can end the transaction.
        let two = world.replace(
            "processor copy",
            "processor heir to=out stopped=#true max.poll.records=3 { producer transactional.id=copy-2 }
             processor copy",
        );
        let history = check(&format!(
            "{} story {{
                 drop-next EndTxn copy broker-1
                 drop-next EndTxn copy broker-2
                 drop-next EndTxn copy broker-3
                 wait MessageDropped kind=EndTxn
                 pause copy
                 start heir
                 wait OffsetsUnstable client=heir within=\"60s\"
                 expect results readers 0
                 wait TransactionStateChanged state=CompleteAbort within=\"120s\"
                 until results readers 30 within=\"120s\"
                 expect results-repeated readers 0
                 resume copy
                 run \"60s\"
                 expect results-repeated readers 0
                 expect committed copiers in-0 30
             }}",
            two
        ));
        // It slept beyond its transaction's timeout: its id is fenced, and another must not count for it.
        let fatal = |event: &Event| matches!(event, Event::TransactionFailed { fatal: true, .. });
        assert!(count(&history, fatal) <= 1);
    });
}

#[test]
fn a_zombie_with_another_transactional_id_is_stopped_by_the_groups_generation() {
    both(|world| {
        let two = world
            .replace(
                "producer transactional.id=copy-1",
                "producer transactional.id=copy-1 transaction.timeout.ms=600000",
            )
            .replace(
                "processor copy",
                "processor heir to=out stopped=#true max.poll.records=3 { producer transactional.id=copy-2 }
                 processor copy",
            );
        let history = check(&format!(
            "{two} story {{
                 wait RecordsPolled client=copy
                 pause copy
                 start heir
                 until results readers 30 within=\"120s\"
                 expect committed copiers in-0 30
                 resume copy
                 wait CommitRefused client=copy within=\"30s\"
                 wait TransactionFailed producer=copy fatal=#false
                 run \"60s\"
                 expect results-repeated readers 0
                 expect committed copiers in-0 30
             }}"
        ));
        let refused = |event: &Event| {
            let errors = [ErrorCode::UnknownMemberId, ErrorCode::IllegalGeneration];
            matches!(event, Event::CommitRefused { error, .. } if errors.contains(error))
        };
        assert!(count(&history, refused) >= 1);
    });
}

#[test]
fn a_member_epoch_fences_as_a_generation_does() {
    both(|world| {
        let two = world
            .replace(
                "isolation.level=read_committed session",
                "group.protocol=consumer isolation.level=read_committed session",
            )
            .replace(" session.timeout.ms=6000 heartbeat.interval.ms=1000", "")
            .replace(
                "producer transactional.id=copy-1",
                "producer transactional.id=copy-1 transaction.timeout.ms=600000",
            )
            .replace(
                "processor copy",
                "processor heir to=out stopped=#true max.poll.records=3 { producer transactional.id=copy-2 }
                 processor copy",
            );
        check(&format!(
            "{two} story {{
                 wait RecordsPolled client=copy
                 pause copy
                 start heir
                 until results readers 30 within=\"180s\"
                 resume copy
                 wait CommitRefused client=copy within=\"30s\"
                 run \"60s\"
                 expect results-repeated readers 0
                 expect committed copiers in-0 30
             }}"
        ));
    });
}
