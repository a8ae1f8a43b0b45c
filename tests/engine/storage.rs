//! The log of one partition.

use crate::test;
use highwater_engine::ids::{LeaderEpoch, NodeId, Offset, ProducerId, RecordId};
use highwater_engine::protocol::ErrorCode;
use highwater_engine::storage::{AppendVerdict, Log, ProducerStamp, Record, RecordBatch, RecordBody};

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
    assert_eq!(log.lose_page_cache(), Offset(5));
    assert_eq!(log.log_end_offset(), Offset(5));
}

#[test]
fn a_repeated_batch_is_recognised_and_a_gap_is_refused() {
    let mut log = Log::default();
    let append = |log: &mut Log, sequence, count| {
        let verdict = log.producers().check(&stamp(sequence), count as usize);
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
