//! What a partition knows of its producers, rule by rule: what it takes, what it has already, what it refuses
//! (`ProducerAppendInfo`, `ProducerStateManager`), and which transactions it lists as aborted (`TransactionIndex`).

use crate::test;
use highwater_engine::ids::{NodeId, Offset, ProducerId, RecordId};
use highwater_engine::protocol::ErrorCode;
use highwater_engine::storage::{
    AbortedTxn, AbortedTxnIndex, AppendVerdict, EndTxnMarker, MarkerRule, ProducerStamp, ProducerStates, Record,
    RecordBatch, RecordBody, Verification,
};
use highwater_engine::time::Duration;

const ID: ProducerId = ProducerId(7);
const UNASKED: Verification = Verification::Off;

/// A batch of producer 7: epoch, first sequence, number of records.
fn batch(epoch: i16, base_sequence: i32, count: u32) -> RecordBatch {
    let body = |number| RecordBody::User { id: RecordId::new(NodeId(9), number), key: None, size: 10 };
    let records = (1..=count).map(|number| Record { timestamp: 5, body: body(number) });
    RecordBatch::new(Some(ProducerStamp { id: ID, epoch, base_sequence }), records.collect())
}

fn in_transaction(batch: RecordBatch) -> RecordBatch {
    RecordBatch { transactional: true, ..batch }
}

fn marker(epoch: i16, committed: bool, coordinator_epoch: i32) -> RecordBatch {
    RecordBatch::of_marker(ID, epoch, EndTxnMarker { committed, coordinator_epoch }, 5)
}

/// A partition that has taken these batches, one after the other.
fn after(batches: impl IntoIterator<Item = RecordBatch>) -> (ProducerStates, Vec<AbortedTxn>) {
    let (mut states, mut aborted, mut end) = (ProducerStates::default(), Vec::new(), Offset(0));
    for mut batch in batches {
        batch.base_offset = end;
        end = batch.next_offset();
        aborted.extend(states.note(&batch));
    }
    (states, aborted)
}

fn verdict(states: &ProducerStates, batch: &RecordBatch, verification: Verification) -> String {
    match states.check(batch, verification) {
        AppendVerdict::Append => "append".to_owned(),
        AppendVerdict::Duplicate { base_offset, last_offset } => format!("duplicate of {base_offset} to {last_offset}"),
        AppendVerdict::Refuse(error) => error.name().to_owned(),
    }
}

#[test]
fn the_next_sequence_is_taken_a_known_one_is_answered_and_anything_else_is_out_of_order() {
    let (states, _) = after([batch(3, 0, 2), batch(3, 2, 3)]);
    let says = |epoch, first, count| verdict(&states, &batch(epoch, first, count), UNASKED);
    assert_eq!(says(3, 5, 1), "append");
    assert_eq!(says(3, 0, 2), "duplicate of 0 to 1");
    assert_eq!(says(3, 2, 3), "duplicate of 2 to 4");
    // A part of what is known, or more than that, is no repetition.
    for (first, count) in [(0, 1), (1, 1), (2, 2), (3, 2), (0, 5), (4, 1), (6, 1)] {
        assert_eq!(says(3, first, count), "OUT_OF_ORDER_SEQUENCE_NUMBER", "{first} + {count}");
    }
    // An older epoch is fenced, a newer one begins at 0.
    assert_eq!(says(2, 5, 1), "INVALID_PRODUCER_EPOCH");
    assert_eq!(says(2, 0, 2), "INVALID_PRODUCER_EPOCH");
    assert_eq!(says(4, 0, 2), "append");
    assert_eq!(says(4, 5, 1), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    // Nobody knows this producer: any beginning is taken (KIP-360).
    assert_eq!(verdict(&ProducerStates::default(), &batch(3, 900, 1), UNASKED), "append");
}

#[test]
fn sequences_wrap_to_0_and_a_batch_across_the_edge_is_recognised() {
    let (states, _) = after([batch(0, i32::MAX - 1, 3)]);
    let says = |first, count| verdict(&states, &batch(0, first, count), UNASKED);
    assert_eq!(says(i32::MAX - 1, 3), "duplicate of 0 to 2");
    assert_eq!(says(1, 1), "append");
    assert_eq!(says(0, 1), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    let (states, _) = after([batch(0, i32::MAX, 1)]);
    assert_eq!(verdict(&states, &batch(0, 0, 1), UNASKED), "append");
    assert_eq!(verdict(&states, &batch(0, i32::MAX, 1), UNASKED), "duplicate of 0 to 0");
}

#[test]
fn a_new_epoch_forgets_the_batches_of_the_old_one() {
    let (states, _) = after([batch(0, 0, 1), batch(0, 1, 1), batch(1, 0, 1)]);
    assert_eq!(verdict(&states, &batch(1, 0, 1), UNASKED), "duplicate of 2 to 2");
    assert_eq!(verdict(&states, &batch(1, 1, 1), UNASKED), "append");
    // A marker raises the epoch too, and leaves no batch behind: the next one begins at 0.
    let (states, _) = after([in_transaction(batch(1, 0, 1)), marker(2, true, 0)]);
    assert_eq!(verdict(&states, &batch(2, 0, 1), UNASKED), "append");
    assert_eq!(verdict(&states, &batch(2, 1, 1), UNASKED), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    // One of the same epoch leaves its sequences standing.
    let (states, _) = after([in_transaction(batch(1, 0, 1)), marker(1, true, 0)]);
    assert_eq!(verdict(&states, &batch(1, 1, 1), UNASKED), "append");
    assert_eq!(verdict(&states, &batch(1, 0, 1), UNASKED), "duplicate of 0 to 0");
}

#[test]
fn a_transaction_is_opened_only_by_a_write_the_coordinator_has_confirmed() {
    let passed = |lowest_sequence, v2| Verification::Passed { lowest_sequence, v2 };
    let nobody = ProducerStates::default();
    let first = |sequence| in_transaction(batch(1, sequence, 1));
    assert_eq!(verdict(&nobody, &first(0), Verification::Missing), "INVALID_TXN_STATE");
    assert_eq!(verdict(&nobody, &first(0), UNASKED), "append");
    assert_eq!(verdict(&nobody, &first(0), passed(0, true)), "append");
    // What overtook an earlier write of its transaction waits for it.
    assert_eq!(verdict(&nobody, &first(3), passed(0, false)), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    assert_eq!(verdict(&nobody, &first(3), passed(3, false)), "append");
    // Under version 2 a transaction of a producer nobody knows begins at 0.
    assert_eq!(verdict(&nobody, &first(3), passed(3, true)), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    let (known, _) = after([in_transaction(batch(1, 0, 3)), marker(1, true, 0)]);
    assert_eq!(verdict(&known, &first(3), passed(3, true)), "append");
    let (fenced, _) = after([marker(1, false, 0)]);
    assert_eq!(verdict(&fenced, &first(0), passed(0, true)), "append");
    assert_eq!(verdict(&fenced, &first(3), passed(3, true)), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    // Once it is open nothing more is asked, and only its own epoch writes in it.
    let (open, _) = after([first(0)]);
    assert_eq!(verdict(&open, &first(1), Verification::Missing), "append");
    assert_eq!(verdict(&open, &batch(1, 1, 1), UNASKED), "INVALID_TXN_STATE");
    assert_eq!(verdict(&open, &in_transaction(batch(2, 0, 1)), Verification::Missing), "INVALID_TXN_STATE");
    assert!(open.has_open_transaction(ID, 1) && !open.has_open_transaction(ID, 2));
    assert!(!open.has_open_transaction(ProducerId(8), 1));
}

#[test]
fn a_marker_may_not_be_older_than_the_producer_or_its_coordinator() {
    let says = |states: &ProducerStates, epoch, coordinator, rule| {
        states.check_marker(&marker(epoch, true, coordinator), rule).name()
    };
    use MarkerRule::{AtLeast, Greater};
    let (open, _) = after([marker(1, true, 4), in_transaction(batch(2, 0, 1))]);
    assert_eq!(says(&open, 1, 4, AtLeast), "INVALID_PRODUCER_EPOCH");
    assert_eq!(says(&open, 2, 4, AtLeast), "NONE");
    assert_eq!(says(&open, 3, 4, AtLeast), "NONE");
    assert_eq!(says(&open, 2, 3, AtLeast), "TRANSACTION_COORDINATOR_FENCED");
    assert_eq!(says(&open, 2, 5, AtLeast), "NONE");
    // Version 2 raises the epoch with every end (KIP-1228): the epoch of the open transaction is an old marker's.
    assert_eq!(says(&open, 2, 4, Greater), "INVALID_PRODUCER_EPOCH");
    assert_eq!(says(&open, 3, 4, Greater), "NONE");
    // But the same marker again is a repetition (KAFKA-19999).
    let (closed, _) = after([in_transaction(batch(2, 0, 1)), marker(3, true, 4)]);
    assert_eq!(says(&closed, 3, 4, Greater), "NONE");
    assert_eq!(says(&closed, 2, 4, Greater), "INVALID_PRODUCER_EPOCH");
    assert_eq!(says(&ProducerStates::default(), 0, 0, Greater), "NONE");
    assert_eq!(open.check_marker(&batch(2, 1, 1), AtLeast), ErrorCode::InvalidRecord);
}

#[test]
fn only_an_aborted_transaction_is_listed_with_where_it_began_and_what_was_stable_after_it() {
    let other = |batch: RecordBatch| {
        let stamp = batch.producer.map(|stamp| ProducerStamp { id: ProducerId(8), ..stamp });
        RecordBatch { producer: stamp, ..batch }
    };
    let data = || in_transaction(batch(0, 0, 2));
    let (_, aborted) = after([data(), marker(0, true, 0)]);
    assert_eq!(aborted, []);
    let (_, aborted) = after([marker(0, false, 0)]);
    assert_eq!(aborted, [], "a marker without a transaction only fences");
    let entry = |first, last, stable| AbortedTxn {
        producer_id: ID,
        first_offset: Offset(first),
        last_offset: Offset(last),
        last_stable_offset: Offset(stable),
    };
    let (_, aborted) = after([data(), in_transaction(batch(0, 2, 1)), marker(0, false, 0)]);
    assert_eq!(aborted, [entry(0, 3, 4)]);
    // Another transaction is open: what is stable ends before it.
    let (states, aborted) = after([data(), other(data()), marker(0, false, 0)]);
    assert_eq!(aborted, [entry(0, 4, 2)]);
    assert_eq!(states.open_transactions().collect::<Vec<_>>(), [(Offset(2), ProducerId(8))]);
}

#[test]
fn what_is_unstable_begins_at_the_oldest_transaction_that_is_open_or_whose_marker_is_not_committed() {
    let (mut states, _) = after([batch(0, 0, 1), in_transaction(batch(0, 1, 2)), marker(0, true, 0)]);
    // The marker stands at offset 3: it counts once the high watermark is beyond it.
    assert_eq!(states.first_unstable_offset(Offset(3)), Some(Offset(1)));
    assert_eq!(states.first_unstable_offset(Offset(4)), None);
    states.replicated_to(Offset(3));
    assert_eq!(states.first_unstable_offset(Offset(3)), Some(Offset(1)));
    states.replicated_to(Offset(4));
    assert_eq!(states.first_unstable_offset(Offset(3)), None);
}

#[test]
fn a_producer_that_was_silent_too_long_is_forgotten_unless_its_transaction_is_open() {
    let day = Duration::from_secs(86_400);
    let (mut states, _) = after([batch(0, 0, 1)]);
    assert_eq!((states.expire(5 + 86_399_999, day), states.iter().count()), (0, 1));
    assert_eq!((states.expire(5 + 86_400_000, day), states.iter().count()), (1, 0));
    let (mut states, _) = after([in_transaction(batch(0, 0, 1))]);
    assert_eq!(states.expire(u64::MAX, day), 0);
}

#[test]
fn the_index_of_aborted_transactions_gives_what_overlaps_and_forgets_what_is_cut() {
    // Producer, first record, marker, stable after it.
    let entry = |producer, first, last, stable| AbortedTxn {
        producer_id: ProducerId(producer),
        first_offset: Offset(first),
        last_offset: Offset(last),
        last_stable_offset: Offset(stable),
    };
    let all = [entry(1, 0, 10, 5), entry(2, 5, 20, 21), entry(1, 30, 40, 41)];
    let index = || {
        let mut index = AbortedTxnIndex::default();
        all.iter().for_each(|entry| index.extend(Some(*entry)));
        index.extend(None);
        index
    };
    let covered = |producer, offset| index().covers(ProducerId(producer), Offset(offset));
    let places: Vec<i64> = (0..=50).filter(|offset| covered(1, *offset)).collect();
    assert_eq!(places, (0..=10).chain(30..=40).collect::<Vec<_>>());
    let places: Vec<i64> = (0..=50).filter(|offset| covered(2, *offset)).collect();
    assert_eq!(places, (5..=20).collect::<Vec<_>>());
    let found = |from, upper| {
        let (found, complete) = index().collect(Offset(from), Offset(upper));
        (found.iter().map(|entry| entry.last_offset.0).collect::<Vec<_>>(), complete)
    };
    assert_eq!(found(0, 50), (vec![10, 20, 40], false));
    // The stable offset after the second is beyond the reader's bound: nothing later can matter.
    assert_eq!(found(0, 21), (vec![10, 20], true));
    assert_eq!(found(0, 5), (vec![10], true));
    assert_eq!(found(10, 22), (vec![10, 20], true));
    assert_eq!(found(11, 30), (vec![20], true));
    assert_eq!(found(40, 41), (vec![40], true));
    assert_eq!(found(41, 60), (vec![], false));
    let left = |change: &dyn Fn(&mut AbortedTxnIndex)| {
        let mut index = index();
        change(&mut index);
        index.entries().iter().map(|entry| entry.last_offset.0).collect::<Vec<_>>()
    };
    assert_eq!(left(&|index| index.truncate_to(Offset(41))), [10, 20, 40]);
    assert_eq!(left(&|index| index.truncate_to(Offset(40))), [10, 20]);
    assert_eq!(left(&|index| index.truncate_to(Offset(11))), [10]);
    assert_eq!(left(&|index| index.truncate_from_start(Offset(10))), [10, 20, 40]);
    assert_eq!(left(&|index| index.truncate_from_start(Offset(11))), [20, 40]);
    assert_eq!(left(&|index| index.truncate_from_start(Offset(40))), [40]);
}
