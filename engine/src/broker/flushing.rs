//! fsync (`UnifiedLog.flush`, `LogManager.flushDirtyLogs`): after an append when `flush.messages` says so, in the
//! background after a roll, and by age (`flush.ms`) whenever the flusher looks.
//!
//! What `flush.messages` asks for is part of the append: a leader neither answers the producer nor wakes waiting fetches
//! before it is done, and a follower does not fetch again. Simplified: a second append to the same log does not wait for
//! the fsync of the first before it writes, only before it is answered.

use super::actor::Broker;
use crate::config::NEVER;
use crate::effect::{DiskToken, Effects, Timer};
use crate::event::Event;
use crate::ids::{Offset, TopicPartition};
use crate::protocol::ErrorCode;
use crate::replication::Replica;

impl Broker {
    /// Whether there is anything about fsyncs to do after an append.
    pub(super) fn wants_flush(replica: &Replica) -> bool {
        replica.log.has_rolled()
            || replica.log.unflushed_records() >= replica.config.flush_messages
            || replica.log.is_flushing()
    }

    /// Asks for the fsyncs that an append makes due. True when the append has to wait for one.
    pub(super) fn flush_after_append(&mut self, tp: TopicPartition, out: &mut Effects<'_>) -> bool {
        let Some(replica) = self.replicas.get_mut(&tp).filter(|replica| Broker::wants_flush(replica)) else {
            return false;
        };
        let end = replica.log.log_end_offset();
        if let Some(offset) = replica.log.take_rolled() {
            // A closed segment is fsynced in the background.
            let number = self.disk.next_flush();
            replica.log.begin_flush(number, offset, false);
            out.sync(DiskToken::Log(tp, number));
        }
        if replica.log.unflushed_records() >= replica.config.flush_messages {
            let number = self.disk.next_flush();
            replica.log.begin_flush(number, end, true);
            out.sync(DiskToken::Log(tp, number));
        }
        if !replica.log.is_flushing() {
            return false;
        }
        if let Some(leadership) = replica.leadership_mut() {
            // Of this append only its end matters: nobody waits for less of it.
            leadership.waiting.held_above.get_or_insert(Offset(end.0 - 1));
        }
        true
    }

    /// An fsync is done. What was cut and written anew since it began is not on the disk through it.
    pub(super) fn on_flushed(&mut self, token: DiskToken, out: &mut Effects<'_>) {
        let DiskToken::Log(tp, number) = token else { return };
        let (broker, now) = (self.id, out.now);
        if let Some(replica) = self.replicas.get_mut(&tp)
            && let Some(to) = replica.log.end_flush(number)
        {
            replica.last_flush = now;
            out.emit(|| Event::LogFlushed { broker, tp, to });
            self.let_go_of_held(tp, to, out);
        }
        self.fetch_after_flush(number, out);
    }

    /// Appends up to `to` are on the disk: what waited for that goes on.
    fn let_go_of_held(&mut self, tp: TopicPartition, to: Offset, out: &mut Effects<'_>) {
        let Some(replica) = self.replicas.get_mut(&tp) else { return };
        let (flushing, high_watermark) = (replica.log.is_flushing(), replica.high_watermark);
        let Some(leadership) = replica.leadership_mut().filter(|leadership| leadership.waiting.held_above.is_some())
        else {
            return;
        };
        leadership.waiting.held_above = flushing.then_some(to);
        let synced = leadership.waiting.take_synced();
        let committed = leadership.waiting.take_committed(high_watermark);
        for id in synced.into_iter().chain(committed) {
            self.pass_delayed(id, tp, ErrorCode::None, out);
        }
        self.try_advance(tp, out);
        self.answer_fetches_of(tp, out);
    }

    /// The flusher looks at every log: those whose last fsync is too long ago get one in the background.
    pub(super) fn flush_by_age(&mut self, out: &mut Effects<'_>) {
        let interval = self.config.log_flush_scheduler_interval_ms;
        for (tp, replica) in &mut self.replicas {
            // Where nobody says how old, the flusher's own interval counts.
            let limit = if replica.config.flush_ms == NEVER { interval } else { replica.config.flush_ms };
            if replica.log.unflushed_records() > 0 && out.now.since(replica.last_flush) >= limit {
                let number = self.disk.next_flush();
                replica.log.begin_flush(number, replica.log.log_end_offset(), false);
                out.sync(DiskToken::Log(*tp, number));
            }
        }
        self.start_flusher(interval, out);
    }

    /// Sets the flusher's clock, if it has one at all (`log.flush.scheduler.interval.ms`).
    pub(super) fn start_flusher(&self, after: crate::time::Duration, out: &mut Effects<'_>) {
        if self.config.log_flush_scheduler_interval_ms < NEVER {
            out.set_timer(Timer::Flush, after.max(crate::time::Duration::from_millis(1)));
        }
    }
}
