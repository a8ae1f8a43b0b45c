//! The log as files: segments, indexes, retention, recovery, compaction.

use crate::test;
use highwater_engine::config::{CleanupPolicy, Millis, Ratio, TopicConfig};
use highwater_engine::ids::{LeaderEpoch, NodeId, Offset, ProducerId, RecordId};
use highwater_engine::storage::format::{DecodeError, WireBatch};
use highwater_engine::storage::{Damage, Log, LookupSteps, Record, RecordBatch, RecordBody, Segment, clean, cleanable};
use std::sync::Arc;

/// A batch of one record with this timestamp, key and size.
fn one(number: u32, timestamp: u64, key: Option<&str>, size: u32) -> RecordBatch {
    let body = RecordBody::User { id: RecordId::new(NodeId(9), number), key: key.map(Into::into), size };
    RecordBatch::new(None, vec![Record { timestamp, body }])
}

fn tombstone(number: u32, timestamp: u64, key: &str) -> RecordBatch {
    let body = RecordBody::Tombstone { id: RecordId::new(NodeId(9), number), key: key.into() };
    RecordBatch::new(None, vec![Record { timestamp, body }])
}

fn log_with(config: TopicConfig) -> Log {
    let mut log = Log::default();
    log.set_config(Arc::new(config));
    log
}

/// Batches of 100 000 bytes: ten fit into a segment of the smallest allowed size.
fn filled(config: TopicConfig, batches: u32) -> Log {
    let mut log = log_with(TopicConfig { segment_bytes: 1_048_576, ..config });
    for number in 1..=batches {
        log.append_as_leader(one(number, u64::from(number) * 1_000, None, 100_000), LeaderEpoch(0));
    }
    log
}

fn bases(log: &Log) -> Vec<i64> {
    log.segments().map(|segment| segment.base_offset().0).collect()
}

#[test]
fn a_segment_is_closed_when_the_next_batch_would_not_fit() {
    let log = filled(TopicConfig::default(), 25);
    assert_eq!(bases(&log), [0, 10, 20]);
    assert_eq!(Segment::file_name(Offset(20), ".log"), "00000000000000000020.log");
    assert!(log.segments().all(|segment| segment.size() <= 1_048_576));
}

#[test]
fn the_size_of_a_batch_is_the_size_of_its_bytes() {
    for size in [0, 1, 63, 64, 8_191, 8_192, 100_000] {
        for key in
            [None, Some("k"), Some("a key of more than sixty-four bytes, so that its length needs two bytes ...")]
        {
            let records = (0..100).map(|n| {
                let body = RecordBody::User { id: RecordId::new(NodeId(9), n), key: key.map(Into::into), size };
                Record { timestamp: 5 + u64::from(n * n), body }
            });
            let batch = RecordBatch::new(None, records.collect());
            let bytes = batch.bytes();
            assert_eq!(batch.size_in_bytes as usize, bytes.len());
            assert_eq!(WireBatch::decode(&bytes).map(|(wire, _)| wire), Ok(batch.wire()));
        }
    }
}

#[test]
fn a_segment_is_closed_by_the_age_of_its_records_not_by_the_clock() {
    let mut log = log_with(TopicConfig { segment_ms: 10_000, ..TopicConfig::default() });
    for (number, timestamp) in [(1, 1_000), (2, 11_000), (3, 11_001), (4, 99_000)] {
        log.append_as_leader(one(number, timestamp, None, 10), LeaderEpoch(0));
    }
    // 11 000 is exactly ten seconds after the first record: not more.
    assert_eq!(bases(&log), [0, 2, 3]);
}

#[test]
fn a_full_index_closes_a_segment_too() {
    let config = TopicConfig { index_interval_bytes: 0, segment_index_bytes: 24, ..TopicConfig::default() };
    let mut log = log_with(config);
    for number in 1..=9 {
        log.append_as_leader(one(number, u64::from(number), None, 10), LeaderEpoch(0));
    }
    // Room for two time entries, one of which is kept for the roll.
    assert_eq!(bases(&log), [0, 2, 4, 6, 8]);
}

#[test]
fn the_way_through_the_index_ends_where_a_read_begins() {
    let mut log = log_with(TopicConfig { segment_bytes: 1_048_576, ..TopicConfig::default() });
    for number in 1..=3_000 {
        log.append_as_leader(one(number, 1, None, 900), LeaderEpoch(0));
    }
    assert!(log.segments().count() > 2);
    for target in (0..3_000).step_by(7) {
        let steps = LookupSteps::of(&log, Offset(target)).unwrap();
        let read = log.read(Offset(target), log.log_end_offset(), 1);
        assert_eq!(steps.scanned.last().map(|(base, _)| *base), read.first().map(|batch| batch.base_offset));
        // The index leads close: no more than one interval of batches is scanned.
        assert!(steps.scanned.len() <= 8, "{} batches scanned for {target}", steps.scanned.len());
        assert!(steps.entry.0 <= Offset(target) && steps.segment <= steps.entry.0);
    }
    assert_eq!(LookupSteps::of(&log, Offset(3_000)), None);
}

#[test]
fn a_time_is_looked_up_by_the_first_record_not_before_it() {
    let log = filled(TopicConfig::default(), 25);
    assert_eq!(log.offset_for_timestamp(0), Some((Offset(0), 1_000)));
    assert_eq!(log.offset_for_timestamp(12_000), Some((Offset(11), 12_000)));
    assert_eq!(log.offset_for_timestamp(12_001), Some((Offset(12), 13_000)));
    assert_eq!(log.offset_for_timestamp(25_001), None);
    assert_eq!(log.offset_of_max_timestamp(), Some((Offset(24), 25_000)));
}

#[test]
fn a_time_is_looked_up_behind_the_log_start_and_by_the_logs_own_clock() {
    let mut log = filled(TopicConfig::default(), 25);
    log.raise_log_start(Offset(5));
    assert_eq!(log.offset_for_timestamp(0), Some((Offset(5), 6_000)), "what was deleted is not found");
    // Where the leader stamps, the producer's clock says nothing.
    let mut stamped = log_with(TopicConfig::default());
    for (number, producer, leader) in [(1, 900_000, 1_000), (2, 1, 2_000), (3, 5, 3_000)] {
        let batch = RecordBatch { log_append_time: true, max_timestamp: leader, ..one(number, producer, None, 10) };
        stamped.append_as_leader(batch, LeaderEpoch(0));
    }
    assert_eq!(stamped.offset_for_timestamp(1_001), Some((Offset(1), 2_000)));
    assert_eq!(stamped.offset_for_timestamp(3_001), None);
    assert_eq!(stamped.offset_of_max_timestamp(), Some((Offset(2), 3_000)));
}

#[test]
fn the_way_through_the_time_index_finds_what_a_scan_of_everything_finds() {
    // Clocks that disagree: timestamps go up and down.
    let mut log = log_with(TopicConfig { segment_bytes: 1_048_576, ..TopicConfig::default() });
    for number in 0..4_000_u32 {
        let timestamp = u64::from(number) * 10 + u64::from(number.wrapping_mul(2_654_435_761) >> 20);
        log.append_as_leader(one(number, timestamp, None, 900), LeaderEpoch(0));
    }
    assert!(log.segments().all(|segment| segment.indexes().times.entries().len() > 20));
    for at in (0..46_000).step_by(97) {
        let segment = log.segments().find(|segment| segment.largest_timestamp().is_some_and(|largest| largest >= at));
        let scanned = segment.and_then(|segment| segment.batches().find(|batch| batch.max_timestamp as i64 >= at));
        let expected = scanned.map(|batch| (batch.base_offset, batch.max_timestamp as i64));
        assert_eq!(log.offset_for_timestamp(at), expected, "at {at}");
    }
}

#[test]
fn only_the_first_partition_of_an_answer_may_go_beyond_its_limit() {
    let log = filled(TopicConfig::default(), 3);
    let bases = |at_least_one, max_bytes| -> Vec<i64> {
        let batches = log.read_within(Offset(0), Offset(3), max_bytes, at_least_one);
        batches.iter().map(|batch| batch.base_offset.0).collect()
    };
    assert_eq!(bases(true, 10), [0], "a large batch still makes progress (KIP-74)");
    assert_eq!(bases(false, 10), [0; 0]);
    assert_eq!(bases(false, 210_000), [0, 1]);
}

#[test]
fn retention_takes_whole_old_segments_below_the_high_watermark() {
    let config = TopicConfig { retention_ms: Millis(5_000), ..TopicConfig::default() };
    let mut log = filled(config.clone(), 25);
    // The first segment ends at 10 s, the second at 20 s.
    assert_eq!(log.apply_retention(Offset(25), 15_000), None);
    assert_eq!(log.apply_retention(Offset(9), 15_001), None, "nothing above the high watermark goes");
    assert_eq!(log.apply_retention(Offset(25), 15_001), Some(Offset(0)));
    assert_eq!((log.log_start_offset(), bases(&log)), (Offset(10), vec![10, 20]));
    // When everything is too old, an empty segment stays at the end.
    assert_eq!(log.apply_retention(Offset(25), 99_000), Some(Offset(10)));
    assert_eq!((log.log_start_offset(), bases(&log)), (Offset(25), vec![25]));
    assert_eq!(log.log_end_offset(), Offset(25));
    // A record from the future pins its segment and everything behind it.
    let mut pinned = log_with(TopicConfig { segment_bytes: 1_048_576, ..config });
    for number in 1..=25 {
        let timestamp = if number == 3 { 1_000_000 } else { u64::from(number) };
        pinned.append_as_leader(one(number, timestamp, None, 100_000), LeaderEpoch(0));
    }
    assert_eq!(pinned.apply_retention(Offset(25), 500_000), None);
}

#[test]
fn retention_by_size_keeps_at_least_what_it_says() {
    let keep = |retention_bytes| {
        let config = TopicConfig { retention_bytes, retention_ms: Millis(-1), ..TopicConfig::default() };
        let mut log = filled(config, 25);
        log.apply_retention(Offset(25), 99_000_000);
        bases(&log)
    };
    assert_eq!(keep(-1), [0, 10, 20]);
    assert_eq!(keep(2_600_000), [0, 10, 20]);
    assert_eq!(keep(1_500_000), [10, 20]);
    assert_eq!(keep(500_000), [20]);
    // A policy without `delete` keeps everything.
    let config = TopicConfig { retention_ms: Millis(0), cleanup_policy: CleanupPolicy::COMPACT, ..Default::default() };
    assert_eq!(filled(config, 25).apply_retention(Offset(25), 99_000_000), None);
}

#[test]
fn the_log_start_moves_inside_a_segment_and_the_epochs_with_it() {
    let mut log = filled(TopicConfig::default(), 25);
    assert_eq!(log.raise_log_start(Offset(13)), Some(Offset(0)));
    assert_eq!((log.log_start_offset(), bases(&log)), (Offset(13), vec![10, 20]));
    assert_eq!(log.epochs().entries().first().map(|entry| entry.start_offset), Some(Offset(13)));
    assert_eq!(log.raise_log_start(Offset(12)), None, "it never moves back");
    assert_eq!(log.raise_log_start(Offset(26)), None, "nor beyond the end");
}

#[test]
fn truncation_reaches_back_over_segments_and_cuts_the_indexes() {
    let mut log = filled(TopicConfig::default(), 25);
    assert_eq!(log.truncate_to(Offset(7)), Offset(7));
    assert_eq!(bases(&log), [0]);
    assert_eq!(log.active().indexes().offsets.entries().last().map(|entry| entry.relative_offset), Some(6));
    log.append_as_leader(one(99, 8_000, None, 10), LeaderEpoch(1));
    assert_eq!(log.log_end_offset(), Offset(8));
}

#[test]
fn what_a_power_cut_leaves_and_what_recovery_makes_of_it() {
    let mut log = filled(TopicConfig::default(), 25);
    log.flushed_to(Offset(20));
    log.write_checkpoint();
    // Two batches of the tail had been written back, the third only half.
    assert_eq!(log.lose_page_cache(2, true), Offset(23));
    let torn = log.batches().next_back().cloned().unwrap();
    assert_eq!(torn.check(), Err(DecodeError::Truncated));
    let recovery = log.recover();
    assert_eq!((recovery.from, recovery.scanned, recovery.damaged), (Offset(20), 2, Some(Offset(22))));
    assert_eq!(log.log_end_offset(), Offset(22));
    assert!(log.batches().all(|batch| batch.check().is_ok()));
}

#[test]
fn recovery_reads_from_the_recovery_point_on_and_no_further_back() {
    let mut log = filled(TopicConfig::default(), 35);
    log.flushed_to(Offset(20));
    log.write_checkpoint();
    assert!(log.damage(Offset(5), Damage::BitFlip(1_000)));
    assert!(log.damage(Offset(24), Damage::BitFlip(1_000)));
    assert_eq!(log.recover().damaged, Some(Offset(24)));
    // Everything behind the damage went with it; the rot in an old segment is found by whoever reads it.
    assert_eq!((log.log_end_offset(), bases(&log)), (Offset(24), vec![0, 10, 20]));
    let old = log.read(Offset(5), Offset(6), 1);
    assert!(matches!(old[0].check(), Err(DecodeError::CrcMismatch { .. })));
}

/// Keys k0 to k4 in turn; the segments below offset 20 are closed.
fn keyed(config: TopicConfig) -> Log {
    let mut log = log_with(TopicConfig { segment_bytes: 1_048_576, cleanup_policy: CleanupPolicy::COMPACT, ..config });
    for number in 0..25u32 {
        let key = format!("k{}", number % 5);
        log.append_as_leader(one(number, u64::from(number) * 1_000, Some(&key), 100_000), LeaderEpoch(0));
    }
    log
}

fn offsets(log: &Log) -> Vec<i64> {
    log.batches().flat_map(|batch| batch.iter().map(|(offset, _)| offset.0).collect::<Vec<_>>()).collect()
}

#[test]
fn compaction_keeps_the_last_of_each_key_and_every_offset() {
    let mut log = keyed(TopicConfig::default());
    let config = TopicConfig { cleanup_policy: CleanupPolicy::COMPACT, ..TopicConfig::default() };
    let range = cleanable(&log, &config, Offset(25), 30_000);
    assert_eq!((range.first_dirty, range.first_uncleanable), (Offset(0), Offset(20)));
    assert!(range.is_eligible(&config));
    let done = clean(&mut log, &config, &range, 30_000);
    assert_eq!(done.records, (20, 5));
    // Offsets 15 to 19 hold the last values below the active segment, which is not touched.
    assert_eq!(offsets(&log), [15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
    assert_eq!((log.cleaned_to(), log.log_start_offset(), log.log_end_offset()), (Offset(20), Offset(0), Offset(25)));
    // A reader who asks for a gap gets what comes next.
    assert_eq!(log.read(Offset(3), Offset(25), 1)[0].base_offset, Offset(15));
    assert!(!cleanable(&log, &config, Offset(25), 30_000).is_eligible(&config), "nothing is dirty any more");
}

#[test]
fn the_last_batch_of_a_producer_stays_as_an_empty_one_and_with_it_its_sequence() {
    use highwater_engine::storage::{AppendVerdict, ProducerStamp, Verification};
    let compact = TopicConfig { cleanup_policy: CleanupPolicy::COMPACT, ..TopicConfig::default() };
    let config = TopicConfig { segment_bytes: 1_048_576, ..compact };
    let mut log = log_with(config.clone());
    let stamped = |id: i64, sequence: i32, number: u32| {
        let stamp = ProducerStamp { id: ProducerId(id), epoch: 0, base_sequence: sequence };
        RecordBatch { producer: Some(stamp), ..one(number, 1_000, Some("k"), 100_000) }
    };
    log.append_as_leader(stamped(1, 0, 1), LeaderEpoch(0));
    log.append_as_leader(stamped(1, 1, 2), LeaderEpoch(0));
    for number in 0..25 {
        log.append_as_leader(stamped(2, number, 3 + number as u32), LeaderEpoch(0));
    }
    let range = cleanable(&log, &config, log.log_end_offset(), 2_000);
    clean(&mut log, &config, &range, 2_000);
    let left: Vec<(i64, usize)> =
        log.batches().take(2).map(|batch| (batch.base_offset.0, batch.records.len())).collect();
    assert_eq!(left[0], (1, 0), "{left:?}");
    // A broker that reads the log in again still knows what the producer sent last.
    log.reload_producers();
    let again = log.producers().check(&stamped(1, 1, 2), Verification::Off);
    assert_eq!(again, AppendVerdict::Duplicate { base_offset: Offset(1), last_offset: Offset(1) });
    assert_eq!(log.producers().check(&stamped(1, 2, 9), Verification::Off), AppendVerdict::Append);
}

#[test]
fn where_a_segment_ends_the_producer_state_is_written_down() {
    use highwater_engine::storage::{AppendVerdict, ProducerStamp, Verification};
    let stamped = |sequence: i32| {
        let stamp = ProducerStamp { id: ProducerId(1), epoch: 0, base_sequence: sequence };
        RecordBatch { producer: Some(stamp), ..one(sequence as u32, 1_000, None, 400_000) }
    };
    let mut log = log_with(TopicConfig { segment_bytes: 1_048_576, ..TopicConfig::default() });
    for sequence in 0..5 {
        log.append_as_leader(stamped(sequence), LeaderEpoch(0));
    }
    assert_eq!(bases(&log), [0, 2, 4]);
    let snapshots: Vec<i64> = log.snapshot_offsets().map(|offset| offset.0).collect();
    assert_eq!(snapshots, [2, 4]);
    // A snapshot holds what lies below it, not the batch the new segment was begun for.
    log.truncate_to(Offset(2));
    assert_eq!(log.producers().check(&stamped(2), Verification::Off), AppendVerdict::Append);
    assert!(matches!(log.producers().check(&stamped(1), Verification::Off), AppendVerdict::Duplicate { .. }));
}

#[test]
fn what_may_not_be_cleaned_yet() {
    let log = keyed(TopicConfig::default());
    let compact = TopicConfig { cleanup_policy: CleanupPolicy::COMPACT, ..TopicConfig::default() };
    // An open transaction stalls the cleaner.
    assert_eq!(cleanable(&log, &compact, Offset(7), 30_000).first_uncleanable, Offset(7));
    // Segments with records younger than the lag are left alone.
    let young = TopicConfig { min_compaction_lag_ms: 15_000, ..compact.clone() };
    assert_eq!(cleanable(&log, &young, Offset(25), 30_000).first_uncleanable, Offset(10));
    // A ratio that is never reached, unless the oldest dirty record is overdue.
    let lazy = TopicConfig { min_cleanable_dirty_ratio: Ratio(1_000_000), ..compact };
    assert!(!cleanable(&log, &lazy, Offset(25), 30_000).is_eligible(&lazy));
    let overdue = TopicConfig { max_compaction_lag_ms: 10_000, ..lazy };
    assert!(cleanable(&log, &overdue, Offset(25), 30_000).is_eligible(&overdue));
}

#[test]
fn a_tombstone_goes_only_after_delete_retention_ms() {
    let config = TopicConfig {
        segment_ms: 1_000,
        cleanup_policy: CleanupPolicy::COMPACT,
        delete_retention_ms: 60_000,
        min_cleanable_dirty_ratio: Ratio(0),
        ..TopicConfig::default()
    };
    let mut log = log_with(config.clone());
    log.append_as_leader(one(1, 0, Some("a"), 10), LeaderEpoch(0));
    log.append_as_leader(tombstone(2, 2_000, "a"), LeaderEpoch(0));
    log.append_as_leader(one(3, 4_000, Some("b"), 10), LeaderEpoch(0));
    log.append_as_leader(one(4, 6_000, Some("b"), 10), LeaderEpoch(0));
    let round = |log: &mut Log, now_ms| {
        let range = cleanable(log, &config, log.log_end_offset(), now_ms);
        clean(log, &config, &range, now_ms);
        offsets(log)
    };
    // First meeting: the value goes, the tombstone stays and its clock begins.
    assert_eq!(round(&mut log, 10_000), [1, 2, 3]);
    let horizon = log.batches().next().unwrap().wire();
    assert!(horizon.attributes.delete_horizon());
    assert_eq!(horizon.base_timestamp, 70_000);
    // The record's own timestamp is unchanged.
    assert_eq!(horizon.timestamp_of(&horizon.records[0]), 2_000);
    log.append_as_leader(one(5, 8_000, Some("c"), 10), LeaderEpoch(0));
    assert_eq!(round(&mut log, 69_999), [1, 3, 4]);
    log.append_as_leader(one(6, 10_000, Some("d"), 10), LeaderEpoch(0));
    assert_eq!(round(&mut log, 70_000), [3, 4, 5]);
}
