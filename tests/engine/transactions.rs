//! Transactions: all or nothing for those who read committed, and what it takes.

use crate::test;
use highwater_engine::event::{Event, TransactionState};
use highwater_engine::history::History;
use highwater_engine::ids::{Offset, RecordId};
use highwater_engine::protocol::ErrorCode;
use highwater_tests::story::{check, count};

const WORLD: &str = r#"
    scenario transactions
    brokers 3
    topic t partitions=2 replication-factor=3 min.insync.replicas=2
"#;

const READERS: &str = r#"
    group committed topic=t auto.offset.reset=earliest isolation.level=read_committed { consumer c1 }
    group uncommitted topic=t auto.offset.reset=earliest { consumer c2 }
"#;

/// The records a group was given, in order.
fn polled(history: &History, group: &str) -> Vec<RecordId> {
    let group = history.simulation().directory().find_group(group).unwrap();
    let mut polled = Vec::new();
    for emitted in history.past_events() {
        if let Event::RecordsPolled { group: to, records, .. } = &emitted.event
            && *to == group
        {
            polled.extend(records.iter().map(|(_, record)| *record));
        }
    }
    polled
}

fn states(history: &History) -> Vec<TransactionState> {
    let changed = history.past_events().iter().filter_map(|emitted| match emitted.event {
        Event::TransactionStateChanged { state, .. } => Some(state),
        _ => None,
    });
    changed.collect()
}

/// Both protocols: before KIP-890 part 2, and with it.
fn both(test: impl Fn(&str)) {
    for version in ["1", "2"] {
        test(&WORLD.replace("brokers 3", &format!("brokers 3 transaction.version={version}")));
    }
}

#[test]
fn a_commit_is_decided_in_the_log_and_then_told_to_the_partitions() {
    both(|world| {
        let history = check(&format!(
            "{world} producer p topic=t start=\"2s\" every=\"20ms\" count=6 transactional.id=x transaction-records=3\n{READERS}
             story {{
                 until acked 6
                 run \"5s\"
                 expect failed 0
                 expect processed-by committed 6
                 expect processed-by uncommitted 6
             }}"
        ));
        use TransactionState::*;
        let seen = states(&history);
        assert_eq!(seen[0], Empty);
        assert_eq!(seen.iter().filter(|state| **state == PrepareCommit).count(), 2);
        assert_eq!(seen.last(), Some(&CompleteCommit));
        // The producer is told when the decision is in the log; the markers come after.
        let place = |test: &dyn Fn(&Event) -> bool| {
            history.past_events().iter().position(|emitted| test(&emitted.event)).unwrap()
        };
        let decided = place(&|event| matches!(event, Event::TransactionStateChanged { state: PrepareCommit, .. }));
        let told = place(&|event| matches!(event, Event::TransactionEnded { committed: true, .. }));
        let complete = place(&|event| matches!(event, Event::TransactionStateChanged { state: CompleteCommit, .. }));
        assert!(decided < told && told < complete, "{decided} {told} {complete}");
        assert!(count(&history, |event| matches!(event, Event::MarkerWritten { committed: true, .. })) >= 2);
    });
}

#[test]
fn an_abort_is_seen_by_read_uncommitted_and_not_by_read_committed() {
    both(|world| {
        let history = check(&format!(
            "{world} producer p topic=t start=\"2s\" every=\"20ms\" count=12 transactional.id=x transaction-records=3 abort-every=2 hold=\"100ms\" {{ keys a b c }}\n{READERS}
             story {{
                 run \"12s\"
                 expect processed-by committed 6
                 expect processed-by uncommitted 12
                 expect lost 0
             }}"
        ));
        let numbers: Vec<u32> = polled(&history, "committed").iter().map(|record| record.number()).collect();
        assert!(numbers.iter().all(|number| (number - 1) / 3 % 2 == 0), "{numbers:?}");
        // Positions move over aborted records and markers: nothing is left to read.
        let simulation = history.simulation();
        let view = highwater_engine::view::stage(simulation, &highwater_engine::view::Lens::default());
        for group in &view.groups {
            for (tp, position) in group.members.iter().flat_map(|member| &member.positions) {
                let partition = view.partitions.iter().find(|partition| partition.tp == *tp).unwrap();
                assert_eq!(*position, partition.replicas[0].high_watermark, "{} in {}", group.name, partition.name);
            }
        }
    });
}

#[test]
fn an_open_transaction_holds_everything_behind_it_back() {
    let history = check(
        r#"
        scenario lso
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2
        producer slow topic=t start="2s" every="10ms" count=1 transactional.id=x transaction-records=1 hold="20s"
        producer plain topic=t start="3s" every="20ms" count=100
        group committed topic=t auto.offset.reset=earliest isolation.level=read_committed { consumer c1 }
        group uncommitted topic=t auto.offset.reset=earliest { consumer c2 }
        story {
            until acked 101
            run "5s"
            // The high watermark has moved on; the last stable offset stands at the open transaction.
            expect high-watermark t-0 1 101
            expect last-stable t-0 1 0
            expect processed-by committed 0
            expect processed-by uncommitted 101
            run "20s"
            expect processed-by committed 101
        }
        "#,
    );
    assert_eq!(count(&history, |event| matches!(event, Event::TransactionEnded { committed: true, .. })), 1);
}

#[test]
fn a_transaction_that_stays_open_too_long_is_aborted_by_the_coordinator() {
    both(|world| {
        let history = check(&format!(
            "{world} producer p topic=t start=\"2s\" every=\"10ms\" count=4 transactional.id=x transaction-records=2 hold=\"60s\" transaction.timeout.ms=5000\n{READERS}
             story {{
                 until acked 2
                 wait TransactionStateChanged state=CompleteAbort within=\"30s\"
                 run \"60s\"
                 expect processed-by committed 0
             }}"
        ));
        // 5 s of the producer's, and up to 10 s until the coordinator looks. The producer learns that it was fenced.
        // Version 2 takes its commit for a late one of the transaction before: that one has aborted.
        let fenced = |event: &Event| {
            let refused = [ErrorCode::ProducerFenced, ErrorCode::InvalidTxnState];
            matches!(event, Event::TransactionFailed { error, fatal: true, .. } if refused.contains(error))
        };
        assert_eq!(count(&history, fenced), 1);
    });
}

#[test]
fn a_zombie_is_fenced_by_its_successor() {
    both(|world| {
        let history = check(&format!(
            "{world} producer second topic=t start=\"9s\" every=\"50ms\" count=10 transactional.id=x transaction-records=5
             producer first topic=t start=\"2s\" every=\"50ms\" count=400 transactional.id=x transaction-records=5\n{READERS}
             story {{
                 run \"500ms\"
                 kill second
                 until acked \">=8\"
                 pause first
                 start second
                 until acked \">=18\" within=\"60s\"
                 run \"5s\"
                 resume first
                 wait TransactionFailed producer=first within=\"60s\"
                 run \"10s\"
                 expect lost 0
             }}"
        ));
        let fatal = |event: &Event| matches!(event, Event::TransactionFailed { fatal: true, .. });
        assert!(count(&history, fatal) >= 1);
        whole_transactions(&history, 5);
    });
}

/// What a read_committed group got are whole transactions, each record once, none aborted.
#[track_caller]
fn whole_transactions(history: &History, size: u32) {
    let mut committed = std::collections::BTreeMap::new();
    for record in polled(history, "committed") {
        *committed.entry(record).or_insert(0) += 1;
    }
    assert!(committed.values().all(|times| *times == 1), "a record was read twice: {committed:?}");
    let mut per_transaction = std::collections::BTreeMap::new();
    let ended = |record: RecordId| (record.producer(), (record.number() - 1) / size);
    for record in committed.keys() {
        *per_transaction.entry(ended(*record)).or_insert(0) += 1;
    }
    let torn: Vec<_> = per_transaction.iter().filter(|(_, records)| **records != size).collect();
    assert!(torn.is_empty(), "torn transactions: {torn:?}");
}

#[test]
fn the_next_coordinator_carries_a_decision_out() {
    both(|world| {
        let history = check(&format!(
            "{world} producer p topic=t start=\"2s\" every=\"20ms\" count=3 transactional.id=x transaction-records=3\n{READERS}
             story {{
                 wait TransactionStateChanged state=PrepareCommit
                 bind c transaction-coordinator x
                 kill $c
                 until processed-by committed 3 within=\"90s\"
                 run \"10s\"
             }}"
        ));
        assert!(states(&history).contains(&TransactionState::CompleteCommit));
    });
}

#[test]
fn a_transaction_timeout_beyond_the_brokers_is_refused() {
    let history = check(&format!(
        "{WORLD} producer p topic=t start=\"2s\" count=3 transactional.id=x transaction.timeout.ms=900001
         story {{ wait TransactionFailed error=InvalidTransactionTimeout within=\"20s\" }}"
    ));
    assert_eq!(history.simulation().ledger().totals().sent, 0);
}

#[test]
fn two_phases_know_no_timeout_and_need_the_brokers_consent() {
    let run = |brokers: &str, story: &str| {
        let world = WORLD.replace("brokers 3", &format!("brokers 3 {brokers} transaction.max.timeout.ms=20000"));
        check(&format!(
            "{world} producer p topic=t start=\"2s\" every=\"10ms\" count=2 transactional.id=x transaction-records=2 hold=\"70s\" transaction.two.phase.commit.enable=#true
             {READERS} story {{ {story} }}"
        ))
    };
    // Held open beyond every timeout, and then committed.
    run(
        "transaction.two.phase.commit.enable=#true",
        "run \"65s\"\nexpect processed-by committed 0\nrun \"15s\"\nexpect processed-by committed 2",
    );
    let refused = "wait TransactionFailed error=TransactionalIdAuthorizationFailed fatal=#true within=\"20s\"";
    assert_eq!(run("", refused).simulation().ledger().totals().sent, 0);
}

#[test]
fn aborted_records_stay_in_the_log_and_markers_take_an_offset() {
    let history = check(&format!(
        "{WORLD} producer p topic=t start=\"2s\" every=\"10ms\" count=2 transactional.id=x transaction-records=2 abort-every=1 hold=\"100ms\" partition=0
         story {{
             wait TransactionStateChanged state=CompleteAbort
             run \"1s\"
             expect log-end t-0 1 3
         }}"
    ));
    let broker = history.simulation().actors().find_map(|(_, actor)| match actor {
        highwater_engine::sim::Actor::Broker(broker) => Some(broker),
        _ => None,
    });
    let replicas = broker.unwrap().replicas();
    let log = &replicas.iter().find(|(tp, _)| tp.topic.0 == 1 && tp.partition == 0).unwrap().1.log;
    let entry = log.aborted().entries()[0];
    assert_eq!((entry.first_offset, entry.last_offset), (Offset(0), Offset(2)));
}

#[test]
fn a_batch_that_was_never_taken_leaves_no_gap_for_the_next_transactions() {
    // The partition refuses the second record of a transaction until its time is up. Its sequence is used up: without
    // a new epoch every later batch would be out of order, for ever (KIP-360).
    for version in [1, 2] {
        check(&format!(
            r#"
            scenario gap
            brokers 3 transaction.version={version}
            topic t partitions=1 replication-factor=3 min.insync.replicas=3 {{ replicas 1 2 3; }}
            producer p topic=t start="2s" every="15s" transactional.id=x transaction-records=3 request.timeout.ms=500 delivery.timeout.ms=3000
            story {{
                until acked 1
                kill "broker 3"
                wait TransactionFailed
                start "broker 3"
                until acked ">=5" within="180s"
            }}
            "#
        ));
    }
}
