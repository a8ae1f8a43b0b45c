//! What a broker does with its logs in the background, at its start and at its end (`LogManager`, `LogLoader`,
//! `LogCleaner`): retention, checkpoints, compaction, recovery, a failed disk.
//!
//! Simplified: recovery and cleaning take no time; one cleaner thread takes the dirtiest log each round. A broker has one
//! log directory, so that a disk which is full or gone halts it, as Kafka's does with its last directory.

use super::actor::Broker;
use crate::config::CleanupPolicy;
use crate::effect::{Effects, Timer};
use crate::event::{Event, LogStartReason, TruncationReason};
use crate::fact::Fact;
use crate::ids::{BrokerEpoch, Offset, TopicPartition};
use crate::protocol::ErrorCode;
use crate::replication::{Replica, Role};
use crate::storage::{clean, cleanable, values_cleaned};

/// The state of a broker's disk beside its logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct DiskState {
    /// No byte more can be written.
    pub full: bool,
    /// The clean-shutdown file: the epoch of the incarnation that stopped in order (KIP-966). With it the next start
    /// skips recovery.
    pub clean_shutdown: Option<BrokerEpoch>,
    /// What a power cut leaves of each log's unflushed tail: batches the operating system had written back, and whether
    /// the next one is half on the disk.
    pub written_back: (u32, bool),
    /// How many fsyncs of logs there have been: each has a number of its own.
    flushes: u64,
}

impl DiskState {
    /// The number of the next fsync.
    pub(super) fn next_flush(&mut self) -> u64 {
        self.flushes += 1;
        self.flushes
    }
}

impl Broker {
    /// The disk, beside what is in the logs.
    pub fn disk(&self) -> DiskState {
        self.disk
    }

    /// A person meddles with the disk.
    pub(crate) fn disk_mut(&mut self) -> &mut DiskState {
        &mut self.disk
    }

    /// A log of this broker, to damage it.
    pub(crate) fn replica_mut(&mut self, tp: TopicPartition) -> Option<&mut Replica> {
        self.replicas.get_mut(&tp)
    }

    /// The disk is gone; an empty one is in its place.
    pub(crate) fn lose_disk(&mut self) {
        self.replicas.clear();
        self.disk = DiskState::default();
    }

    /// The first tasks run after a while, so that a starting broker is left in peace.
    pub(super) fn start_log_tasks(&mut self, out: &mut Effects<'_>) {
        let delay = self.config.log_initial_task_delay_ms;
        out.set_timer(Timer::LogRetention, delay);
        out.set_timer(Timer::LogCheckpoint, delay);
        out.set_timer(Timer::LogCleaner, delay);
        self.start_flusher(delay, out);
    }

    /// Reads the logs in at the start of the process. After an unclean stop CRCs are checked from the recovery point on.
    /// Returns the epoch of the incarnation that stopped in order, if it did.
    pub(super) fn load_logs(&mut self, out: &mut Effects<'_>) -> Option<BrokerEpoch> {
        let (broker, clean_shutdown) = (self.id, self.disk.clean_shutdown.take());
        let was_clean = clean_shutdown.is_some();
        for (tp, replica) in &mut self.replicas {
            let tp = *tp;
            if !was_clean {
                let before = replica.log.log_end_offset();
                let recovery = replica.log.recover();
                let to = replica.log.log_end_offset();
                if recovery.scanned > 0 || recovery.damaged.is_some() {
                    let (from, scanned) = (recovery.from, recovery.scanned);
                    out.emit(|| Event::LogRecovered { broker, tp, from, scanned, cut: to < before });
                }
                if to < before {
                    let why = TruncationReason::Corrupt;
                    out.emit(|| Event::LogTruncated { broker, tp, from: before, to, why });
                }
            }
            replica.load(out.now);
            out.note(|| Fact::HighWatermarkLoaded { broker, tp, to: replica.high_watermark });
        }
        clean_shutdown
    }

    /// An orderly end: everything is fsynced and written down, and the marker file comes last.
    pub(super) fn shut_down_logs(&mut self) {
        for replica in self.replicas.values_mut() {
            let end = replica.log.log_end_offset();
            replica.log.flushed_to(end);
            replica.log.write_checkpoint();
            replica.log.snapshot_producers();
            replica.checkpointed_high_watermark = replica.high_watermark;
        }
        self.disk.clean_shutdown = self.runtime.as_ref().map(|runtime| runtime.broker_epoch);
    }

    pub(super) fn on_log_checkpoint(&mut self, out: &mut Effects<'_>) {
        self.replicas.values_mut().for_each(|replica| replica.log.write_checkpoint());
        out.set_timer(Timer::LogCheckpoint, self.config.log_flush_offset_checkpoint_interval_ms.pause());
    }

    pub(super) fn on_log_retention(&mut self, out: &mut Effects<'_>) {
        let (broker, now_ms) = (self.id, out.now.as_millis() as i64);
        let mut followed = Vec::new();
        for (tp, replica) in &mut self.replicas {
            let tp = *tp;
            if let Some(from) = replica.log.apply_retention(replica.high_watermark, now_ms) {
                let to = replica.log.log_start_offset();
                out.emit(|| Event::LogStartRaised { broker, tp, from, to, why: LogStartReason::Retention });
                if let Role::Follower(leader) = replica.role {
                    followed.push((tp, leader));
                }
            }
        }
        // The leaders learn of it with the next fetch.
        for (tp, leader) in followed {
            self.name_in_next_fetch(tp, leader, out);
        }
        out.set_timer(Timer::LogRetention, self.config.log_retention_check_interval_ms);
    }

    pub(super) fn on_log_cleaner(&mut self, out: &mut Effects<'_>) {
        let (broker, now_ms) = (self.id, out.now.as_millis() as i64);
        let dirtiest = self
            .replicas
            .iter()
            .filter(|(_, replica)| replica.config.cleanup_policy.compact && replica.log.segments().nth(1).is_some())
            .map(|(tp, replica)| (*tp, cleanable(&replica.log, &replica.config, replica.last_stable_offset(), now_ms)))
            .filter(|(tp, range)| self.replicas.get(tp).is_some_and(|replica| range.is_eligible(&replica.config)))
            .max_by_key(|(tp, range)| (range.dirty_ratio(), std::cmp::Reverse(*tp)));
        if let Some((tp, range)) = dirtiest
            && let Some(replica) = self.replicas.get_mut(&tp)
        {
            let config = replica.config.clone();
            let before = replica.log.clone();
            let done = clean(&mut replica.log, &config, &range, now_ms);
            let ((records_before, records_after), (bytes_before, bytes_after)) = (done.records, done.bytes);
            out.note_rare(|| {
                let (gone, last) = values_cleaned(&before, &replica.log, &done.gone);
                Fact::ValuesCleaned { broker, tp, gone, last }
            });
            out.emit(|| Event::LogCompacted {
                broker,
                tp,
                to: done.to,
                records_before,
                records_after,
                bytes_before,
                bytes_after,
                gone: done.gone,
            });
        }
        out.set_timer(Timer::LogCleaner, self.config.log_cleaner_backoff_ms.max(crate::time::Duration::from_millis(1)));
    }

    /// A write failed: the log directory is offline, and as it is the only one, the broker halts.
    pub(super) fn disk_failed(&mut self, out: &mut Effects<'_>) -> ErrorCode {
        let broker = self.id;
        out.emit(|| Event::LogDirFailed { broker });
        out.halt();
        ErrorCode::KafkaStorageError
    }

    /// Whether DeleteRecords (KIP-107) below `before` would be refused now, and why; −1 stands for the high watermark.
    pub fn judge_delete_records(&self, tp: TopicPartition, before: Offset) -> ErrorCode {
        let Some(replica) = self.replicas.get(&tp) else { return ErrorCode::UnknownTopicOrPartition };
        if replica.leadership().is_none() {
            ErrorCode::NotLeaderOrFollower
        } else if replica.config.cleanup_policy == CleanupPolicy::COMPACT {
            ErrorCode::PolicyViolation
        } else if before > replica.high_watermark || before < Offset::NONE {
            ErrorCode::OffsetOutOfRange
        } else {
            ErrorCode::None
        }
    }

    /// DeleteRecords on the leader.
    pub(super) fn delete_records(&mut self, tp: TopicPartition, before: Offset, out: &mut Effects<'_>) {
        let broker = self.id;
        if self.judge_delete_records(tp, before).is_error() {
            return;
        }
        let Some(replica) = self.replicas.get_mut(&tp) else { return };
        let to = if before == Offset::NONE { replica.high_watermark } else { before };
        if let Some(from) = replica.log.raise_log_start(to) {
            out.emit(|| Event::LogStartRaised { broker, tp, from, to, why: LogStartReason::DeleteRecords });
            // Followers learn of it with their next fetch.
            self.answer_fetches_of(tp, out);
        }
    }
}
