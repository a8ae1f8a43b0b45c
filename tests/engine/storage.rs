//! The log of one partition.

use crate::test;
use highwater_engine::ids::{LeaderEpoch, NodeId, Offset, ProducerId, RecordId};
use highwater_engine::protocol::ErrorCode;
use highwater_engine::storage::{
    AppendVerdict, EndTxnMarker, Log, MarkerRule, ProducerStamp, Record, RecordBatch, RecordBody, Verification,
};
use highwater_engine::time::Duration;

fn batch(count: u32, stamp: Option<ProducerStamp>) -> RecordBatch {
    let record = |number| Record {
        timestamp: 0,
        body: RecordBody::User { id: RecordId::new(NodeId(9), number), key: None, size: 10 },
    };
    RecordBatch::new(stamp, (1..=count).map(record).collect())
}

fn stamp(base_sequence: i32) -> ProducerStamp {
    ProducerStamp { id: ProducerId(7), epoch: 0, base_sequence }
}

#[test]
fn the_leader_assigns_offsets_and_stamps_its_epoch() {
    let mut log = Log::default();
    log.begin_epoch(LeaderEpoch(3));
    assert_eq!(log.append_as_leader(batch(2, None), LeaderEpoch(3)), Offset(0));
    assert_eq!(log.append_as_leader(batch(3, None), LeaderEpoch(3)), Offset(2));
    assert_eq!(log.log_end_offset(), Offset(5));
    let read = log.read(Offset(2), log.log_end_offset(), i32::MAX);
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].base_offset, read[0].leader_epoch), (Offset(2), LeaderEpoch(3)));
}

#[test]
fn a_read_never_splits_a_batch_and_always_makes_progress() {
    let mut log = Log::default();
    for _ in 0..10 {
        log.append_as_leader(batch(2, None), LeaderEpoch(0));
    }
    // One byte is too little for any batch: the first is returned all the same (KIP-74).
    assert_eq!(log.read(Offset(4), Offset(20), 1).len(), 1);
    // A batch that reaches beyond the bound is not visible at all.
    assert_eq!(log.read(Offset(0), Offset(3), i32::MAX).len(), 1);
}

#[test]
fn truncation_cuts_at_a_batch_boundary_and_takes_the_epoch_with_it() {
    let mut log = Log::default();
    for epoch in 0..3 {
        log.begin_epoch(LeaderEpoch(epoch));
        for _ in 0..100 {
            log.append_as_leader(batch(2, None), LeaderEpoch(epoch));
        }
    }
    assert_eq!(log.truncate_to(Offset(401)), Offset(400));
    assert_eq!(log.epochs().latest(), Some(LeaderEpoch(1)));
    assert_eq!(log.batches().count(), 200);
}

#[test]
fn a_power_cut_takes_what_was_only_in_the_page_cache() {
    let mut log = Log::default();
    log.append_as_leader(batch(5, None), LeaderEpoch(0));
    log.flushed_to(Offset(5));
    log.append_as_leader(batch(5, None), LeaderEpoch(0));
    assert_eq!(log.unflushed_records(), 5);
    assert_eq!(log.lose_page_cache(0, false), Offset(5));
    assert_eq!(log.log_end_offset(), Offset(5));
}

#[test]
fn a_repeated_batch_is_recognised_and_a_gap_is_refused() {
    let mut log = Log::default();
    let append = |log: &mut Log, sequence, count| {
        let verdict = log.producers().check(&batch(count, Some(stamp(sequence))), Verification::Off);
        if verdict == AppendVerdict::Append {
            log.append_as_leader(batch(count, Some(stamp(sequence))), LeaderEpoch(0));
        }
        verdict
    };
    assert_eq!(append(&mut log, 0, 2), AppendVerdict::Append);
    assert_eq!(append(&mut log, 2, 1), AppendVerdict::Append);
    let again = AppendVerdict::Duplicate { base_offset: Offset(0), last_offset: Offset(1) };
    assert_eq!(append(&mut log, 0, 2), again);
    assert_eq!(append(&mut log, 5, 1), AppendVerdict::Refuse(ErrorCode::OutOfOrderSequenceNumber));
    // Five batches later the first is forgotten: its repetition is a gap now, not a duplicate.
    for sequence in 3..8 {
        assert_eq!(append(&mut log, sequence, 1), AppendVerdict::Append);
    }
    assert_eq!(append(&mut log, 0, 2), AppendVerdict::Refuse(ErrorCode::OutOfOrderSequenceNumber));
}

#[test]
fn a_clean_shutdown_keeps_only_the_last_batch_of_each_producer() {
    let mut log = Log::default();
    for sequence in 0..3 {
        log.append_as_leader(batch(1, Some(stamp(sequence))), LeaderEpoch(0));
    }
    let again = |log: &Log, sequence| log.producers().check(&batch(1, Some(stamp(sequence))), Verification::Off);
    assert!(matches!(again(&log, 0), AppendVerdict::Duplicate { .. }));
    log.snapshot_producers();
    log.append_as_leader(batch(1, Some(stamp(3))), LeaderEpoch(0));
    log.reload_producers();
    // The snapshot file remembers sequence 2, the batch after it was read from the log; 0 and 1 are forgotten.
    assert!(matches!(again(&log, 3), AppendVerdict::Duplicate { base_offset: Offset(3), .. }));
    assert!(matches!(again(&log, 2), AppendVerdict::Duplicate { .. }));
    assert_eq!(again(&log, 0), AppendVerdict::Refuse(ErrorCode::OutOfOrderSequenceNumber));
    // Having read all that, it writes a snapshot of where it stands: the next start begins there.
    assert_eq!(log.snapshot_offsets().collect::<Vec<_>>(), [Offset(3), Offset(4)]);
    // A truncation below the snapshot has to read the log itself.
    log.truncate_to(Offset(2));
    assert!(matches!(again(&log, 0), AppendVerdict::Duplicate { .. }));
    assert_eq!(log.snapshot_offsets().collect::<Vec<_>>(), [Offset(2)]);
}

#[test]
fn a_silent_producer_is_forgotten_and_may_begin_anywhere() {
    let mut log = Log::default();
    log.append_as_leader(batch(1, Some(stamp(0))), LeaderEpoch(0));
    let day = Duration::from_millis(86_400_000);
    assert_eq!(log.expire_producers(86_399_999, day), 0);
    assert_eq!(log.expire_producers(86_400_000, day), 1);
    let far = batch(1, Some(stamp(900)));
    assert_eq!(log.producers().check(&far, Verification::Off), AppendVerdict::Append);
    // An open transaction keeps its producer known for ever.
    let mut begun = batch(1, Some(stamp(900)));
    begun.transactional = true;
    log.append_as_leader(begun, LeaderEpoch(0));
    assert_eq!(log.expire_producers(u64::MAX, day), 0);
}

/// The worked trace of the transaction chapter: two transactions and plain records in one partition.
#[test]
fn an_open_transaction_holds_the_last_stable_offset_back() {
    let mut log = Log::default();
    let data = |id: i64, sequence| {
        let stamp = ProducerStamp { id: ProducerId(id), epoch: 0, base_sequence: sequence };
        let mut batch = batch(1, Some(stamp));
        batch.transactional = true;
        batch
    };
    let end = |id: i64, committed| {
        RecordBatch::of_marker(ProducerId(id), 0, EndTxnMarker { committed, coordinator_epoch: 0 }, 0)
    };
    let mut stable = Vec::new();
    let plain = || batch(1, None);
    for batch in [data(10, 0), plain(), data(11, 0), end(10, true), plain(), end(11, false), plain()] {
        log.append_as_leader(batch, LeaderEpoch(0));
        let mark = log.log_end_offset();
        stable.push(log.first_unstable_offset(mark).unwrap_or(mark).0);
    }
    assert_eq!(stable, [0, 0, 0, 2, 2, 6, 7]);
    let entry = log.aborted().entries()[0];
    assert_eq!((entry.first_offset, entry.last_offset, entry.last_stable_offset), (Offset(2), Offset(5), Offset(6)));
    // While the COMMIT marker at 3 is not below the high watermark, the first transaction still counts as unstable.
    assert_eq!(log.first_unstable_offset(Offset(3)), Some(Offset(0)));
    // A marker of an older coordinator is refused; version 2 also refuses the epoch of an open transaction.
    log.append_as_leader(data(12, 0), LeaderEpoch(0));
    assert_eq!(log.producers().check_marker(&end(12, true), MarkerRule::AtLeast), ErrorCode::None);
    assert_eq!(log.producers().check_marker(&end(12, true), MarkerRule::Greater), ErrorCode::InvalidProducerEpoch);
    // What is rebuilt from the log is what was there.
    let before = log.clone();
    log.reload_producers();
    assert_eq!((log.producers(), log.aborted()), (before.producers(), before.aborted()));
}
