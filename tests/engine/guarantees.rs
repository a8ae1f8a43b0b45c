//! Every guarantee of the panel is given up somewhere, and for a reason.

use crate::test;
use highwater_engine::audit::{Because, Guarantee, Promise};
use highwater_engine::scenario::Scenario;
use highwater_tests::story::check_seed;
use std::collections::BTreeSet;

/// A write waits in its leader's queue until its transaction is aborted, opens one that nobody knows, and is committed
/// with the records of the next.
pub const OLD_LATE_WRITE: &str = r#"
    scenario late-write seed=4
    brokers 3 transaction.version=1 transaction.partition.verification.enable=#false
    topic t partitions=1 replication-factor=3 min.insync.replicas=2 { replicas 1 2 3 }
    producer p1 topic=t start="6s" every="3s" count=8 linger.ms=0 transactional.id=billing transaction-records=2 request.timeout.ms=1000 delivery.timeout.ms=1050
    group careful topic=t auto.offset.reset=earliest isolation.level=read_committed { consumer c1 }
    story {
        until acked-by p1 2
        delay-next Produce p1 "broker 1" "2500ms"
        run "30s"
    }
"#;

/// The markers of a transaction reach one of its partitions late: they were sent again meanwhile, and the next
/// transaction of the same epoch is open there.
pub const OLD_LATE_MARKER: &str = r#"
    scenario late-marker seed=4
    brokers 3 transaction.version=1 transaction.partition.verification.enable=#false
    topic t partitions=2 replication-factor=3 min.insync.replicas=2 {
        replicas 2 3 1
        replicas 3 1 2
    }
    producer p topic=t start="6s" every="100ms" count=16 linger.ms=0 transactional.id=billing transaction-records=8 abort-every=2 hold="38s" transaction.timeout.ms=60000 {
        keys a b c d
    }
    group careful topic=t auto.offset.reset=earliest isolation.level=read_committed { consumer c1 }
    story {
        until group-state careful Stable
        delay-next WriteTxnMarkers "broker 1" "broker 2" "34s"
        run "90s"
    }
"#;

macro_rules! lesson {
    ($folder:literal) => {
        include_str!(concat!("../../web/lessons/", $folder, "/script.kdl"))
    };
}

/// What a story gives up. Nothing may break, and nothing is given up without a reason.
#[track_caller]
fn given_up(text: &str) -> BTreeSet<Guarantee> {
    let scenario = Scenario::parse(text).unwrap();
    let history = check_seed(&scenario, scenario.seed);
    let standings = history.simulation().standings();
    for promise in Promise::ALL {
        assert_eq!(standings.promise(*promise).times, 0, "{}: {promise:?}", scenario.name);
    }
    let all = Guarantee::ALL.iter().copied();
    let given_up: BTreeSet<Guarantee> = all.filter(|guarantee| standings.guarantee(*guarantee).times > 0).collect();
    for guarantee in &given_up {
        assert!(!standings.guarantee(*guarantee).because.is_empty(), "{}: {guarantee:?}", scenario.name);
    }
    given_up
}

#[test]
fn every_guarantee_of_the_panel_is_given_up_by_some_story() {
    let stories = [
        lesson!("03a-acks-1"),
        lesson!("03d-commit-after"),
        lesson!("21-retention"),
        lesson!("25-unclean"),
        lesson!("30a-lost-answer"),
        lesson!("30c-overtaken"),
        lesson!("44d-hot-shared"),
        OLD_LATE_WRITE,
        OLD_LATE_MARKER,
    ];
    let seen: BTreeSet<Guarantee> = stories.into_iter().flat_map(given_up).collect();
    let missing: Vec<&Guarantee> = Guarantee::ALL.iter().filter(|guarantee| !seen.contains(guarantee)).collect();
    assert!(missing.is_empty(), "no story gives up {missing:?}");
}

#[test]
fn late_writes_and_markers_touch_no_other_transaction_since_kip_890() {
    let old = "transaction.version=1 transaction.partition.verification.enable=#false";
    use Guarantee::{AbortedRead, HangingTransaction, PrecommittedRead, TornTxn};
    let anomalies = |text: &str| -> BTreeSet<Guarantee> {
        let of_transactions = BTreeSet::from([AbortedRead, HangingTransaction, PrecommittedRead, TornTxn]);
        given_up(text).intersection(&of_transactions).copied().collect()
    };
    assert_eq!(anomalies(OLD_LATE_WRITE), BTreeSet::from([AbortedRead, HangingTransaction]));
    assert_eq!(anomalies(OLD_LATE_MARKER), BTreeSet::from([PrecommittedRead, TornTxn]));
    for story in [OLD_LATE_WRITE, OLD_LATE_MARKER] {
        assert_eq!(anomalies(&story.replace(old, "")), BTreeSet::new());
    }
}

#[test]
fn a_transaction_that_hangs_is_given_up_to_the_old_protocol() {
    let scenario = Scenario::parse(lesson!("31f-hanging-transaction")).unwrap();
    let history = check_seed(&scenario, scenario.seed);
    let standing = history.simulation().standings().guarantee(Guarantee::HangingTransaction);
    assert_eq!((standing.times, standing.because.iter().collect()), (1, vec![Because::OldTransactions]));
    assert!(!given_up(lesson!("31g-asked-first")).contains(&Guarantee::HangingTransaction));
}
