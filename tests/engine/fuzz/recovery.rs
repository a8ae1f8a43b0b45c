//! Logs whose machine lost power, or whose disk flips bits.

use super::{fuzz, one_of};
use highwater_engine::config::{CompressionType, GzipLevel, TopicConfig};
use highwater_engine::ids::{LeaderEpoch, NodeId, Offset, ProducerId, RecordId};
use highwater_engine::rng::SimRng;
use highwater_engine::storage::{Damage, EndTxnMarker, Log, ProducerStamp, Record, RecordBatch, RecordBody};
use std::sync::Arc;

/// A log with segments, epochs, transactions and compressed batches, flushed and checkpointed now and then; and what was
/// done.
fn written(rng: &mut SimRng, story: &mut String) -> Log {
    let mut log = Log::default();
    let segment_bytes = *one_of(rng, &[300, 1_000, 1_000_000]);
    log.set_config(Arc::new(TopicConfig { segment_bytes, ..TopicConfig::default() }));
    let (mut epoch, mut number, mut sequences) = (0, 0, [0; 3]);
    for _ in 0..rng.below(60) {
        match rng.below(12) {
            0 => {
                epoch += 1;
                log.begin_epoch(LeaderEpoch(epoch));
            }
            1 => log.flushed_to(log.log_end_offset()),
            2 => log.write_checkpoint(),
            3 => {
                let (low, high) = (log.log_start_offset().0, log.log_end_offset().0);
                log.raise_log_start(Offset(low + rng.below((high - low + 1) as u64) as i64));
            }
            4 => {
                let to = Offset(log.log_end_offset().0 - rng.below(5) as i64);
                log.truncate_to(to.max(log.log_start_offset()));
            }
            5 => {
                let marker = EndTxnMarker { committed: rng.below(2) == 0, coordinator_epoch: 0 };
                log.append_as_leader(
                    RecordBatch::of_marker(ProducerId(rng.below(3) as i64), 0, marker, 0),
                    LeaderEpoch(epoch),
                );
            }
            6 => log.snapshot_producers(),
            _ => {
                let count = 1 + rng.below(4) as u32;
                let user = |n| RecordBody::User { id: RecordId::new(NodeId(9), n), key: None, size: 10 + n % 30 };
                let before = number;
                let records = (1..=count).map(|n| Record { timestamp: u64::from(before + n), body: user(before + n) });
                number += count;
                let id = rng.below(4) as usize;
                let stamp = sequences.get_mut(id).map(|next| {
                    let base_sequence = *next;
                    *next += count as i32;
                    ProducerStamp { id: ProducerId(id as i64), epoch: 0, base_sequence }
                });
                let mut batch = RecordBatch::new(stamp, records.collect());
                batch.transactional = stamp.is_some() && rng.below(2) == 0;
                if rng.below(3) == 0 {
                    let codec = *one_of(
                        rng,
                        &[CompressionType::Gzip, CompressionType::Snappy, CompressionType::Lz4, CompressionType::Zstd],
                    );
                    batch = batch.compressed(codec, GzipLevel::DEFAULT);
                }
                log.append_as_leader(batch, LeaderEpoch(epoch));
            }
        }
    }
    *story = format!(
        "{} to {}, durable to {}, checkpoint {:?}, {} segments",
        log.log_start_offset(),
        log.log_end_offset(),
        log.durable_to(),
        log.checkpoint(),
        log.segments().count()
    );
    log
}

#[test]
fn a_damaged_log_is_cut_where_the_damage_is_and_nowhere_else() {
    fuzz("recovery", 2_000, |rng, input| {
        let mut log = written(rng, input);
        let bases: Vec<Offset> = log.batches().map(|batch| batch.base_offset).collect();
        for _ in 0..rng.below(3) {
            let Some(base) = (!bases.is_empty()).then(|| *one_of(rng, &bases)) else { break };
            let damage = match rng.below(2) {
                0 => Damage::BitFlip(rng.bits() as u32),
                _ => Damage::Torn(rng.below(200) as u32),
            };
            *input += &format!(", {damage:?} at {base}");
            log.damage(base, damage);
        }
        if rng.below(3) > 0 {
            let (kept, torn) = (rng.below(6) as u32, rng.below(2) == 0);
            *input += &format!(", power lost: {kept} kept, torn {torn}");
            log.lose_page_cache(kept, torn);
        }
        let whole: Vec<RecordBatch> = log.batches().cloned().collect();
        let recovery = log.recover();
        *input += &format!(", {recovery:?}");
        let left: Vec<RecordBatch> = log.batches().cloned().collect();
        if !whole.starts_with(&left) {
            return Err("what is left is not the beginning of what was there".to_owned());
        }
        if left.len() < whole.len() && whole[left.len()].check().is_ok() {
            return Err("a whole batch was cut off".to_owned());
        }
        let rotten = left.iter().find(|batch| batch.base_offset >= recovery.from && batch.check().is_err());
        if let Some(rotten) = rotten {
            return Err(format!("a damaged batch is left at {}", rotten.base_offset));
        }
        if log.log_start_offset() > log.log_end_offset() || log.durable_to() != log.log_end_offset() {
            return Err(format!(
                "{} to {}, durable to {}",
                log.log_start_offset(),
                log.log_end_offset(),
                log.durable_to()
            ));
        }
        let before = log.clone();
        let again = log.recover();
        if again.damaged.is_some() || log != before {
            return Err(format!("a second recovery does more: {again:?}"));
        }
        Ok(())
    });
}
