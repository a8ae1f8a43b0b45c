//! What a member of a share group gets (`SharePartition.acquire`, `ShareFetchUtils`).

use super::actor::Broker;
use super::share_leader::{LedShare, ParkedShare, Wanted};
use crate::collections::Set;
use crate::config::{AutoOffsetReset, IsolationLevel, ShareAcquireMode};
use crate::coordinator::ShareStateKey;
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{MemberId, NodeId, Offset, TopicPartition};
use crate::protocol::{ErrorCode, SharePartitionFetched};
use crate::replication::Replica;
use crate::share::{AcquireTerms, AcquiredRecords};
use crate::storage::{AbortedReads, ReadBatches, RecordBatch};
use std::collections::VecDeque;
use std::sync::Arc;

impl Broker {
    /// What a member gets now, from the partitions of its session, each time beginning with another one.
    pub(super) fn acquire_for(
        &mut self,
        parked: &ParkedShare,
        wanted: &Wanted,
        out: &mut Effects<'_>,
    ) -> Vec<SharePartitionFetched> {
        let session = self.runtime.as_ref().and_then(|runtime| runtime.share.as_ref());
        let session = session.and_then(|share| share.sessions.get(&(parked.group, parked.member)));
        let Some(session) = session else {
            // Closed meanwhile: the member opens a new one.
            return Vec::new();
        };
        let mut order: Vec<TopicPartition> = session.partitions.iter().copied().collect();
        if !order.is_empty() {
            let first = session.epoch as usize % order.len();
            order.rotate_left(first);
        }
        let mut found = Vec::new();
        let mut left = wanted.max_records.max(1) as usize;
        for tp in order {
            let epoch = match self.share_leader_epoch(tp) {
                Ok(epoch) => epoch,
                Err(error) => {
                    found.push(SharePartitionFetched {
                        current_leader: self.known_leader(tp),
                        ..SharePartitionFetched::without_records(tp, error)
                    });
                    continue;
                }
            };
            let key = (parked.group, tp);
            let stale = self.led_share(key).is_some_and(|led| led.leader_epoch != epoch);
            if stale {
                self.drop_share(key, ErrorCode::NotLeaderOrFollower, out);
            }
            if self.led_share(key).is_none() {
                let led = LedShare {
                    leader_epoch: epoch,
                    state_epoch: 0,
                    partition: None,
                    writes: VecDeque::new(),
                    asked: false,
                    attempts: 0,
                    retry_at: None,
                };
                self.with_runtime(|runtime| {
                    runtime.share.get_or_insert_default().partitions.insert(key, led);
                });
                self.pump_share(key, out);
                if self.parked_share_gone(parked) {
                    return Vec::new();
                }
            }
            if left == 0 {
                continue;
            }
            let (batches, acquired) = self.acquire_share(key, parked.member, wanted, left, out);
            if acquired.is_empty() {
                continue;
            }
            let count: i64 = acquired.iter().map(|run| run.last.since(run.first) + 1).sum();
            left = left.saturating_sub(count as usize);
            found.push(SharePartitionFetched {
                batches,
                acquired,
                ..SharePartitionFetched::without_records(tp, ErrorCode::None)
            });
        }
        found
    }

    /// The state may be read at once, by this very broker, and then the request was answered on the way.
    fn acquire_share(
        &mut self,
        key: ShareStateKey,
        member: MemberId,
        wanted: &Wanted,
        left: usize,
        out: &mut Effects<'_>,
    ) -> (ReadBatches, Vec<AcquiredRecords>) {
        let config = self.share_config(key.0);
        let (broker, group, tp) = (self.id, key.0, key.1);
        let terms = AcquireTerms {
            max_records: left,
            strict: wanted.acquire_mode == ShareAcquireMode::RecordLimit,
            max_locks: config.partition_max_record_locks as usize,
            delivery_limit: config.delivery_count_limit as i16,
            until: out.now + config.record_lock_duration_ms,
        };
        let read_committed = config.isolation_level == IsolationLevel::ReadCommitted;
        loop {
            self.advance_share(key, out);
            let Some(replica) = self.replicas.get(&tp) else { return Default::default() };
            let share = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut());
            let Some(partition) = share.and_then(|share| share.partitions.get_mut(&key)?.partition.as_mut()) else {
                return Default::default();
            };
            let Some(from) = partition.next_fetch_offset(terms.max_locks) else { return Default::default() };
            let bound = if read_committed { replica.last_stable_offset() } else { replica.high_watermark };
            let batches = replica.log.read(from, bound, wanted.max_bytes);
            let hidden = hidden_batches(replica, &batches, read_committed);
            let readable = |batch: &RecordBatch, offset: Offset| {
                !hidden.contains(&batch.base_offset)
                    && (batch.compacted.is_none() || batch.iter().any(|(at, _)| at == offset))
            };
            let acquired = partition.acquire(member, &batches, &readable, &terms);
            if acquired.is_empty() {
                let moved = partition.next_fetch_offset(terms.max_locks) != Some(from);
                if batches.is_empty() || !moved {
                    return Default::default();
                }
                // All there was to read were markers and the like: what comes after them?
                continue;
            }
            let client = NodeId(member.client);
            for run in &acquired {
                let AcquiredRecords { first, last, delivery_count } = *run;
                out.emit(|| Event::RecordsAcquired { broker, group, tp, client, first, last, delivery_count });
            }
            let touched = |batch: &RecordBatch| {
                acquired.iter().any(|run| run.first <= batch.last_offset() && run.last >= batch.base_offset)
            };
            let batches = batches.into_iter().filter(|batch| touched(batch)).collect();
            self.advance_share(key, out);
            return (batches, acquired);
        }
    }

    /// Where a group begins that has never read this partition (`share.auto.offset.reset`).
    pub(super) fn first_share_offset(&self, key: ShareStateKey, out: &Effects<'_>) -> Offset {
        let Some(replica) = self.replicas.get(&key.1) else { return Offset::ZERO };
        match self.share_config(key.0).auto_offset_reset {
            AutoOffsetReset::Earliest => replica.log.log_start_offset(),
            AutoOffsetReset::Latest | AutoOffsetReset::None => replica.high_watermark,
            AutoOffsetReset::ByDuration(span) => {
                let since = out.now.as_millis().saturating_sub(span.as_millis());
                super::consumer_fetch::first_since(replica, since).unwrap_or(replica.high_watermark)
            }
        }
    }
}

/// Batches without anything for a reader: markers, and, for one of committed data, those of aborted transactions.
fn hidden_batches(replica: &Replica, batches: &[Arc<RecordBatch>], read_committed: bool) -> Set<Offset> {
    let (Some(first), Some(last)) = (batches.first(), batches.last()) else { return Set::new() };
    let entries = if read_committed {
        replica.log.aborted().collect(first.base_offset, last.next_offset()).0
    } else {
        Vec::new()
    };
    let mut aborted = AbortedReads::new(entries);
    batches.iter().filter(|batch| aborted.hides(batch)).map(|batch| batch.base_offset).collect()
}
