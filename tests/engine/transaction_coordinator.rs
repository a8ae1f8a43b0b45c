//! The transaction coordinator's tables, state by state and row by row: what it writes, and whom it refuses with which
//! word (`TransactionCoordinator.endTransaction`, `prepareInitProducerIdTransit`, `handleAddPartitionsToTransaction`).

use crate::test;
use highwater_engine::coordinator::{
    AfterCommit, ReplyTo, TransactionMetadata, TransactionOutcome, TransactionRecord, TransactionShards,
};
use highwater_engine::event::TransactionState::{self, *};
use highwater_engine::ids::{CorrelationId, NodeId, ProducerId, TopicId, TopicPartition, TransactionalId};
use highwater_engine::protocol::{AddPartitionsToTxnRequest, Channel, EndTxnRequest, InitProducerIdRequest, Response};
use highwater_engine::time::{Duration, Instant};

const ID: TransactionalId = TransactionalId(0);
const OLD: ProducerId = ProducerId(4);
const PRODUCER: ProducerId = ProducerId(5);
const FRESH: ProducerId = ProducerId(9);
const STATES: [TransactionState; 6] = [Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort];
/// The largest epoch a producer is given.
const LAST: i16 = i16::MAX - 1;

fn asker() -> ReplyTo {
    ReplyTo { peer: NodeId(7), channel: Channel::Client, correlation: CorrelationId(1) }
}

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn tp(partition: i32) -> TopicPartition {
    TopicPartition::new(TopicId(1), partition)
}

/// Producer 5 in epoch 3, whose transaction began at 10 s with partition 0 and times out after 60 s.
fn producer(state: TransactionState) -> TransactionMetadata {
    let mut metadata = TransactionMetadata::new(PRODUCER, Duration::from_secs(60), at(10));
    (metadata.producer_epoch, metadata.state) = (3, state);
    if matches!(state, Ongoing | PrepareCommit | PrepareAbort) {
        metadata.partitions.insert(tp(0));
        metadata.started = Some(at(10));
    }
    metadata
}

fn knowing(metadata: TransactionMetadata) -> TransactionShards {
    let mut shards = TransactionShards::default();
    shards.replay(&TransactionRecord { id: ID, metadata });
    shards
}

/// An outcome in words: `state producer@epoch` for a record that is written, the answer's for one that leaves at once.
fn said(outcome: &TransactionOutcome) -> String {
    match outcome {
        TransactionOutcome::Nothing => "nothing".to_owned(),
        TransactionOutcome::Answer(_, Response::EndTxn(answer)) => {
            format!("{} {}@{}", answer.error.name(), answer.producer_id.0, answer.producer_epoch)
        }
        TransactionOutcome::Answer(_, Response::InitProducerId(answer)) => {
            format!("{} {}@{}", answer.error.name(), answer.producer_id.0, answer.producer_epoch)
        }
        TransactionOutcome::Answer(_, Response::AddPartitionsToTxn(error)) => error.name().to_owned(),
        TransactionOutcome::Answer(_, other) => panic!("not an answer of this coordinator: {other:?}"),
        TransactionOutcome::Write(write) => {
            let metadata = &write.1;
            format!("{:?} {}@{}", metadata.state, metadata.producer_id.0, metadata.producer_epoch)
        }
    }
}

fn end(metadata: TransactionMetadata, from: (ProducerId, i16), committed: bool, v2: bool) -> String {
    let (producer_id, producer_epoch) = from;
    let request = EndTxnRequest { transactional: ID, producer_id, producer_epoch, committed, v2 };
    said(&knowing(metadata).on_end(asker(), &request, FRESH, at(20)))
}

/// What EndTxn comes to in every state, commit and abort.
fn ends(from: (ProducerId, i16), v2: bool) -> Vec<String> {
    let row = |state: TransactionState| {
        let (commit, abort) = (end(producer(state), from, true, v2), end(producer(state), from, false, v2));
        format!("{state:?}: {commit}, {abort}")
    };
    STATES.into_iter().map(row).collect()
}

#[test]
fn end_txn_before_version_2_goes_by_this_table() {
    assert_eq!(
        ends((PRODUCER, 3), false),
        [
            "Empty: INVALID_TXN_STATE -1@-1, INVALID_TXN_STATE -1@-1",
            "Ongoing: PrepareCommit 5@3, PrepareAbort 5@3",
            // Markers are being written: the same request may come back later, the other decision comes too late.
            "PrepareCommit: CONCURRENT_TRANSACTIONS -1@-1, INVALID_TXN_STATE -1@-1",
            "PrepareAbort: INVALID_TXN_STATE -1@-1, CONCURRENT_TRANSACTIONS -1@-1",
            // The answer to the same request got lost: it is given again.
            "CompleteCommit: NONE 5@3, INVALID_TXN_STATE -1@-1",
            "CompleteAbort: INVALID_TXN_STATE -1@-1, NONE 5@3",
        ]
    );
}

#[test]
fn end_txn_of_version_2_raises_the_epoch_and_knows_a_repetition_by_it() {
    assert_eq!(
        ends((PRODUCER, 3), true),
        [
            "Empty: INVALID_TXN_STATE -1@-1, PrepareAbort 5@4",
            "Ongoing: PrepareCommit 5@4, PrepareAbort 5@4",
            "PrepareCommit: PRODUCER_FENCED -1@-1, PRODUCER_FENCED -1@-1",
            "PrepareAbort: PRODUCER_FENCED -1@-1, PRODUCER_FENCED -1@-1",
            "CompleteCommit: INVALID_TXN_STATE -1@-1, PrepareAbort 5@4",
            "CompleteAbort: INVALID_TXN_STATE -1@-1, PrepareAbort 5@4",
        ]
    );
    // One epoch behind: it has not heard the answer to the end it asked for.
    assert_eq!(
        ends((PRODUCER, 2), true),
        [
            "Empty: PRODUCER_FENCED -1@-1, PRODUCER_FENCED -1@-1",
            "Ongoing: PRODUCER_FENCED -1@-1, PRODUCER_FENCED -1@-1",
            "PrepareCommit: CONCURRENT_TRANSACTIONS -1@-1, INVALID_TXN_STATE -1@-1",
            "PrepareAbort: INVALID_TXN_STATE -1@-1, CONCURRENT_TRANSACTIONS -1@-1",
            "CompleteCommit: NONE 5@3, INVALID_TXN_STATE -1@-1",
            "CompleteAbort: INVALID_TXN_STATE -1@-1, NONE 5@3",
        ]
    );
}

#[test]
fn end_txn_of_anybody_else_is_refused_in_every_state() {
    for state in STATES {
        for committed in [true, false] {
            for v2 in [true, false] {
                let word = |from| end(producer(state), from, committed, v2);
                assert_eq!(word((OLD, 3)), "INVALID_PRODUCER_ID_MAPPING -1@-1", "{state:?}");
                assert_eq!(word((OLD, 2)), "INVALID_PRODUCER_ID_MAPPING -1@-1", "{state:?}");
                assert_eq!(word((PRODUCER, 1)), "PRODUCER_FENCED -1@-1", "{state:?}");
                assert_eq!(word((PRODUCER, 4)), "PRODUCER_FENCED -1@-1", "{state:?}");
            }
            assert_eq!(end(producer(state), (PRODUCER, 2), committed, false), "PRODUCER_FENCED -1@-1", "{state:?}");
        }
    }
    let stranger = EndTxnRequest {
        transactional: TransactionalId(1),
        producer_id: PRODUCER,
        producer_epoch: 3,
        committed: true,
        v2: false,
    };
    let outcome = knowing(producer(Ongoing)).on_end(asker(), &stranger, FRESH, at(20));
    assert_eq!(said(&outcome), "INVALID_PRODUCER_ID_MAPPING -1@-1");
}

#[test]
fn while_a_state_is_on_its_way_into_the_log_everybody_is_told_to_come_back() {
    for (v2, from) in [(false, PRODUCER), (true, PRODUCER), (true, OLD)] {
        let mut shards = knowing(producer(Ongoing));
        let mut end = |producer_id| {
            let request = EndTxnRequest { transactional: ID, producer_id, producer_epoch: 3, committed: true, v2 };
            said(&shards.on_end(asker(), &request, FRESH, at(20)))
        };
        end(PRODUCER);
        // Version 2 looks at the log before it looks at who asks.
        assert_eq!(end(from), "CONCURRENT_TRANSACTIONS -1@-1");
        let asked = init(&mut shards, request(None));
        assert_eq!(asked, "CONCURRENT_TRANSACTIONS -1@-1");
        assert_eq!(add(&mut shards, PRODUCER, 3, false, &[1]), "CONCURRENT_TRANSACTIONS");
        // A leader that only asks is answered from what is committed.
        assert_eq!(add(&mut shards, PRODUCER, 3, true, &[0]), "NONE");
        // It could not be written: the old state stands, and the request may come again.
        shards.failed(ID);
        assert_eq!(add(&mut shards, PRODUCER, 3, false, &[1]), "Ongoing 5@3");
    }
}

#[test]
fn when_the_epochs_are_used_up_the_end_of_a_transaction_brings_a_new_producer_id() {
    let worn = |epoch| TransactionMetadata { producer_epoch: epoch, ..producer(Ongoing) };
    assert_eq!(end(worn(LAST - 1), (PRODUCER, LAST - 1), true, true), format!("PrepareCommit 5@{LAST}"));
    assert_eq!(end(worn(LAST), (PRODUCER, LAST), true, true), "PrepareCommit 9@0");
    assert_eq!(end(worn(LAST), (PRODUCER, LAST), true, false), format!("PrepareCommit 5@{LAST}"));
    // Its repetition comes with the old id, and is known by it.
    let renewed = |state| TransactionMetadata {
        producer_id: FRESH,
        previous_producer_id: PRODUCER,
        producer_epoch: 0,
        ..producer(state)
    };
    assert_eq!(end(renewed(CompleteCommit), (PRODUCER, LAST), true, true), "NONE 9@0");
    assert_eq!(end(renewed(PrepareCommit), (PRODUCER, LAST), true, true), "CONCURRENT_TRANSACTIONS -1@-1");
    // Later than that the old id is nobody's.
    let later = TransactionMetadata { producer_epoch: 1, ..renewed(CompleteCommit) };
    assert_eq!(end(later, (PRODUCER, LAST), true, true), "INVALID_PRODUCER_ID_MAPPING -1@-1");
    let request =
        EndTxnRequest { transactional: ID, producer_id: PRODUCER, producer_epoch: LAST, committed: true, v2: true };
    let TransactionOutcome::Write(write) = knowing(worn(LAST)).on_end(asker(), &request, FRESH, at(20)) else {
        panic!("the decision is written")
    };
    assert_eq!((write.1.previous_producer_id, write.1.last_producer_epoch, write.1.v2), (PRODUCER, LAST, true));
    assert_eq!(write.1.updated, at(20));
}

fn request(expected: Option<(ProducerId, i16)>) -> InitProducerIdRequest {
    InitProducerIdRequest { transactional: Some(ID), timeout: Duration::from_secs(60), two_phase: false, expected }
}

fn init(shards: &mut TransactionShards, request: InitProducerIdRequest) -> String {
    said(&shards.on_init(asker(), ID, &request, FRESH, (Duration::from_secs(900), false), at(20)))
}

#[test]
fn a_timeout_of_nothing_or_beyond_the_brokers_is_refused_and_two_phases_need_leave() {
    let ask = |timeout, two_phase, allowed| {
        let request = InitProducerIdRequest { timeout, two_phase, ..request(None) };
        let mut shards = TransactionShards::default();
        let outcome = shards.on_init(asker(), ID, &request, FRESH, (Duration::from_secs(900), allowed), at(20));
        (said(&outcome), shards.get(ID).map(|metadata| metadata.timeout))
    };
    let refused = ("INVALID_TRANSACTION_TIMEOUT -1@-1".to_owned(), None);
    assert_eq!(ask(Duration::ZERO, false, true), refused);
    assert_eq!(ask(Duration::from_millis(900_001), false, true), refused);
    let longest = Duration::from_secs(900);
    assert_eq!(ask(longest, false, false), ("Empty 9@0".to_owned(), Some(longest)));
    // A transaction in two phases is ended by its program only: no timeout is too long, and it has none.
    let endless = Duration::from_millis(i32::MAX as u64);
    assert_eq!(ask(Duration::ZERO, true, true), ("Empty 9@0".to_owned(), Some(endless)));
    assert_eq!(ask(longest, true, false), ("TRANSACTIONAL_ID_AUTHORIZATION_FAILED -1@-1".to_owned(), None));
}

#[test]
fn init_producer_id_raises_the_epoch_ends_what_is_open_and_waits_for_what_is_ending() {
    let fresh_start = |state| init(&mut knowing(producer(state)), request(None));
    assert_eq!(
        STATES.map(fresh_start),
        [
            "Empty 5@4",
            // Whoever opened it is fenced by the epoch of the abort; who asks is told to come back.
            "PrepareAbort 5@4",
            "CONCURRENT_TRANSACTIONS -1@-1",
            "CONCURRENT_TRANSACTIONS -1@-1",
            "Empty 5@4",
            "Empty 5@4",
        ]
    );
}

#[test]
fn a_producer_that_names_its_epoch_goes_on_from_it_and_a_fenced_one_does_not() {
    let settled = TransactionMetadata { last_producer_epoch: 2, previous_producer_id: OLD, ..producer(CompleteCommit) };
    let from = |id, epoch| init(&mut knowing(settled.clone()), request(Some((id, epoch))));
    assert_eq!(from(PRODUCER, 3), "Empty 5@4");
    // It has not heard that it was given epoch 3 already.
    assert_eq!(from(PRODUCER, 2), "NONE 5@3");
    assert_eq!(from(PRODUCER, 1), "PRODUCER_FENCED -1@-1");
    assert_eq!(from(PRODUCER, 4), "PRODUCER_FENCED -1@-1");
    // Of its id before, only the last epoch counts.
    assert_eq!(from(OLD, LAST), "Empty 5@4");
    assert_eq!(from(OLD, LAST - 1), "PRODUCER_FENCED -1@-1");
    assert_eq!(from(OLD, 3), "PRODUCER_FENCED -1@-1");
    assert_eq!(from(FRESH, LAST), "PRODUCER_FENCED -1@-1");
}

#[test]
fn a_new_epoch_remembers_the_one_before_only_for_a_producer_that_named_it() {
    let written = |metadata, expected| {
        let outcome = knowing(metadata).on_init(
            asker(),
            ID,
            &request(expected),
            FRESH,
            (Duration::from_secs(900), false),
            at(20),
        );
        let TransactionOutcome::Write(write) = outcome else { panic!("{outcome:?}") };
        write.1
    };
    let named = written(producer(CompleteAbort), Some((PRODUCER, 3)));
    assert_eq!((named.producer_epoch, named.last_producer_epoch), (4, 3));
    let unnamed = written(producer(CompleteAbort), None);
    assert_eq!((unnamed.producer_epoch, unnamed.last_producer_epoch), (4, -1));
    assert_eq!((unnamed.started, unnamed.updated, unnamed.partitions.len()), (None, at(20), 0));
    // No epoch is left: a new id, and the old one is remembered.
    let worn = TransactionMetadata { producer_epoch: LAST, ..producer(CompleteAbort) };
    assert!(knowing(worn.clone()).needs_new_id(ID) && !knowing(producer(Empty)).needs_new_id(ID));
    assert!(TransactionShards::default().needs_new_id(ID));
    let renewed = written(worn, None);
    assert_eq!((renewed.producer_id, renewed.producer_epoch), (FRESH, 0));
    assert_eq!((renewed.previous_producer_id, renewed.last_producer_epoch), (PRODUCER, -1));
}

fn add(shards: &mut TransactionShards, id: ProducerId, epoch: i16, verify_only: bool, partitions: &[i32]) -> String {
    let partitions = partitions.iter().map(|partition| tp(*partition)).collect();
    let request = AddPartitionsToTxnRequest {
        transactional: ID,
        producer_id: id,
        producer_epoch: epoch,
        verify_only,
        partitions,
    };
    said(&shards.on_add_partitions(asker(), &request, Response::AddPartitionsToTxn, at(20)))
}

#[test]
fn partitions_join_a_transaction_that_is_not_ending() {
    let joins = |state, verify_only, partitions: &[i32]| {
        add(&mut knowing(producer(state)), PRODUCER, 3, verify_only, partitions)
    };
    let opened = "Ongoing 5@3";
    let busy = "CONCURRENT_TRANSACTIONS";
    assert_eq!(STATES.map(|state| joins(state, false, &[0, 1])), [opened, opened, busy, busy, opened, opened]);
    // What belongs to it already needs no record.
    assert_eq!(joins(Ongoing, false, &[0]), "NONE");
    assert_eq!(joins(Empty, false, &[0]), opened);
    // A leader only asks: the partition belongs to the open transaction, or the write has to be given up.
    let late = "TRANSACTION_ABORTABLE";
    assert_eq!(STATES.map(|state| joins(state, true, &[0])), [late, "NONE", busy, busy, late, late]);
    assert_eq!(joins(Ongoing, true, &[0, 1]), late);
    let mut shards = knowing(producer(Ongoing));
    assert_eq!(add(&mut shards, OLD, 3, false, &[1]), "INVALID_PRODUCER_ID_MAPPING");
    assert_eq!(add(&mut shards, PRODUCER, 2, false, &[1]), "PRODUCER_FENCED");
    assert_eq!(add(&mut shards, PRODUCER, 4, true, &[0]), "PRODUCER_FENCED");
    assert_eq!(add(&mut TransactionShards::default(), PRODUCER, 3, false, &[1]), "INVALID_PRODUCER_ID_MAPPING");
}

#[test]
fn a_transaction_is_as_old_as_its_first_partition() {
    let started = |metadata| {
        let request = AddPartitionsToTxnRequest {
            transactional: ID,
            producer_id: PRODUCER,
            producer_epoch: 3,
            verify_only: false,
            partitions: vec![tp(1)],
        };
        let outcome = knowing(metadata).on_add_partitions(asker(), &request, Response::AddPartitionsToTxn, at(20));
        let TransactionOutcome::Write(write) = outcome else { panic!("{outcome:?}") };
        (write.1.started, write.1.partitions.len())
    };
    assert_eq!(started(producer(Ongoing)), (Some(at(10)), 2));
    assert_eq!(started(producer(CompleteCommit)), (Some(at(20)), 1));
}

#[test]
fn a_transaction_is_complete_when_the_last_partition_has_its_marker() {
    for (decided, complete) in [(PrepareCommit, "CompleteCommit 5@3"), (PrepareAbort, "CompleteAbort 5@3")] {
        let mut metadata = producer(decided);
        metadata.partitions.insert(tp(1));
        let record = TransactionRecord { id: ID, metadata };
        let mut shards = TransactionShards::default();
        assert_eq!(shards.committed(&record), AfterCommit::SendMarkers);
        assert_eq!(shards.unmarked(ID).collect::<Vec<_>>(), [tp(0), tp(1)]);
        assert_eq!(shards.ending(), [ID]);
        assert_eq!(said(&shards.complete(ID, at(20))), "nothing");
        assert_eq!(said(&shards.marked(ID, tp(0), at(20))), "nothing");
        assert_eq!(said(&shards.marked(ID, tp(1), at(20))), complete);
        // The end is on its way into the log: it is not written twice.
        assert_eq!(said(&shards.marked(ID, tp(1), at(20))), "nothing");
        assert_eq!(shards.ending(), []);
    }
    for state in [Empty, Ongoing, CompleteCommit, CompleteAbort] {
        let mut shards = knowing(producer(state));
        assert_eq!(shards.committed(&TransactionRecord { id: ID, metadata: producer(state) }), AfterCommit::Settled);
        assert_eq!((said(&shards.complete(ID, at(20))), shards.ending()), ("nothing".to_owned(), vec![]), "{state:?}");
    }
    // Another coordinator has taken over: it will complete what this one gives up.
    let mut shards = knowing(producer(PrepareCommit));
    shards.give_up_marking(ID);
    assert_eq!(shards.unmarked(ID).count(), 0);
    shards.unload(|id| id == ID);
    assert_eq!(shards.iter().count(), 0);
}

#[test]
fn only_an_open_transaction_beyond_its_timeout_is_aborted() {
    let due = |state, now| {
        let outcomes = knowing(producer(state)).on_timeouts(now);
        outcomes.iter().map(said).collect::<Vec<_>>()
    };
    assert_eq!(due(Ongoing, at(70)), [""; 0]);
    assert_eq!(due(Ongoing, at(70) + Duration::from_millis(1)), ["PrepareAbort 5@4"]);
    for state in [Empty, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort] {
        assert_eq!(due(state, at(3_600)), [""; 0], "{state:?}");
    }
    let mut shards = knowing(producer(Ongoing));
    assert_eq!(add(&mut shards, PRODUCER, 3, false, &[1]), "Ongoing 5@3");
    assert_eq!(shards.on_timeouts(at(3_600)), [], "a request is on its way into the log");
}
