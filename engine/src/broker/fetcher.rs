//! Copying from leaders: one fetcher per leader (`AbstractFetcherThread`, `ReplicaFetcherThread`).

use super::actor::Broker;
use super::controller_channel::{Asked, Pending};
use crate::collections::Set;
use crate::effect::{Effects, Timer};
use crate::event::{Event, TruncationReason};
use crate::fact::Fact;
use crate::ids::{BrokerId, TopicPartition};
use crate::protocol::{
    Channel, ErrorCode, FetchPartition, FetchRequest, FetchResponse, PartitionFetchResponse, Request,
};
use crate::replication::Role;

/// The fetcher of one leader.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Fetcher {
    /// What it copies.
    partitions: Set<TopicPartition>,
    /// Partitions to name in the next request, because their offset or epoch moved.
    changed: Set<TopicPartition>,
    /// Partitions the session should drop.
    forgotten: Set<TopicPartition>,
    /// Whether the leader holds a session to build on.
    session: bool,
    in_flight: bool,
    /// Partitions whose last answer was an error: named again when the back-off is over.
    delayed: Set<TopicPartition>,
}

impl Fetcher {
    /// The next request asks in full.
    pub fn restart_session(&mut self) {
        self.session = false;
        self.forgotten.clear();
        self.changed = self.partitions.clone();
        self.delayed.clear();
    }
}

impl Broker {
    pub(super) fn stop_fetching(&mut self, tp: TopicPartition) {
        self.with_runtime(|runtime| {
            for fetcher in runtime.fetchers.values_mut() {
                if fetcher.partitions.remove(&tp) {
                    fetcher.changed.remove(&tp);
                    fetcher.delayed.remove(&tp);
                    fetcher.forgotten.insert(tp);
                }
            }
        });
    }

    pub(super) fn start_fetching(&mut self, tp: TopicPartition, leader: BrokerId, out: &mut Effects<'_>) {
        self.stop_fetching(tp);
        if leader == BrokerId::NONE {
            return;
        }
        // A log without any epoch cannot be compared: everything above the high watermark goes.
        let broker = self.id;
        if let Some(replica) = self.replicas.get_mut(&tp)
            && replica.log.epochs().latest().is_none()
            && let Some((from, to)) = replica.truncate_to(replica.high_watermark)
        {
            out.emit(|| Event::LogTruncated { broker, tp, from, to, why: TruncationReason::DivergingEpoch });
        }
        self.with_runtime(|runtime| {
            let fetcher = runtime.fetchers.entry(leader).or_default();
            fetcher.partitions.insert(tp);
            fetcher.changed.insert(tp);
            fetcher.forgotten.remove(&tp);
        });
        self.run_fetcher(leader, out);
    }

    /// Sends the fetcher's next request, unless one is on its way.
    pub(super) fn run_fetcher(&mut self, leader: BrokerId, out: &mut Effects<'_>) {
        let config = &self.config;
        let (max_wait, min_bytes, max_bytes) =
            (config.replica_fetch_wait_max_ms, config.replica_fetch_min_bytes, config.replica_fetch_max_bytes);
        let me = self.id;
        let Some(runtime) = &mut self.runtime else { return };
        let Some(node) = runtime.image.brokers.get(&leader).map(|broker| broker.node) else { return };
        let broker_epoch = runtime.broker_epoch;
        let Some(fetcher) = runtime.fetchers.get_mut(&leader) else { return };
        if fetcher.in_flight || fetcher.partitions.is_empty() {
            return;
        }
        fetcher.in_flight = true;
        let incremental = std::mem::replace(&mut fetcher.session, true);
        let named = if incremental { std::mem::take(&mut fetcher.changed) } else { fetcher.partitions.clone() };
        fetcher.changed.clear();
        let forgotten = std::mem::take(&mut fetcher.forgotten).into_iter().collect();
        let partitions = named
            .iter()
            .filter_map(|tp| {
                let replica = self.replicas.get(tp)?;
                Some(FetchPartition {
                    tp: *tp,
                    current_leader_epoch: replica.leader_epoch,
                    fetch_offset: replica.log.log_end_offset(),
                    last_fetched_epoch: replica.log.epochs().latest().unwrap_or(crate::ids::LeaderEpoch::NONE),
                    max_bytes,
                })
            })
            .collect();
        let request = FetchRequest {
            replica: Some((me, broker_epoch)),
            read_committed: false,
            max_wait,
            min_bytes,
            incremental,
            forgotten,
            partitions,
        };
        let pending = Pending { to: node, sent_at: out.now, what: Asked::Fetch(leader) };
        self.ask(node, Channel::Replication, Request::Fetch(Box::new(request)), pending, out);
    }

    pub(super) fn on_fetched(&mut self, leader: BrokerId, answer: FetchResponse, out: &mut Effects<'_>) {
        self.with_runtime(|runtime| {
            if let Some(fetcher) = runtime.fetchers.get_mut(&leader) {
                fetcher.in_flight = false;
                if answer.session_error {
                    fetcher.restart_session();
                }
            }
        });
        let mut back_off = false;
        for partition in answer.partitions {
            let tp = partition.tp;
            let Some(failed) = self.take_partition(leader, partition, out) else { continue };
            back_off |= failed;
            self.with_runtime(|runtime| {
                if let Some(fetcher) = runtime.fetchers.get_mut(&leader) {
                    let set = if failed { &mut fetcher.delayed } else { &mut fetcher.changed };
                    set.insert(tp);
                }
            });
        }
        if back_off {
            out.set_timer(Timer::FetcherBackoff(leader), self.config.replica_fetch_backoff_ms);
        }
        self.run_fetcher(leader, out);
    }

    /// The back-off is over: partitions that failed are asked for again.
    pub(super) fn on_fetcher_backoff(&mut self, leader: BrokerId, out: &mut Effects<'_>) {
        self.with_runtime(|runtime| {
            if let Some(fetcher) = runtime.fetchers.get_mut(&leader) {
                let delayed = std::mem::take(&mut fetcher.delayed);
                fetcher.changed.extend(delayed);
            }
        });
        self.run_fetcher(leader, out);
    }

    /// Takes one partition's answer in; true when it was an error to back off for, none when this replica no longer
    /// follows that leader.
    fn take_partition(
        &mut self,
        leader: BrokerId,
        answer: PartitionFetchResponse,
        out: &mut Effects<'_>,
    ) -> Option<bool> {
        let (broker, tp) = (self.id, answer.tp);
        let replica = self
            .replicas
            .get_mut(&tp)
            .filter(|replica| matches!(replica.role, Role::Follower(known) if known == leader))?;
        match answer.error {
            ErrorCode::None => {}
            // The leader's log is shorter than this one: an unclean election. Take its end.
            ErrorCode::OffsetOutOfRange => {
                let high_watermark = replica.high_watermark;
                if let Some((from, to)) = replica.truncate_to(high_watermark) {
                    out.emit(|| Event::LogTruncated { broker, tp, from, to, why: TruncationReason::LeaderShorter });
                }
                return Some(true);
            }
            _ => return Some(true),
        }
        if let Some(end) = answer.diverging_epoch {
            let point = replica.truncation_point(end);
            if let Some((from, to)) = replica.truncate_to(point) {
                out.emit(|| Event::LogTruncated { broker, tp, from, to, why: TruncationReason::DivergingEpoch });
            }
            return Some(false);
        }
        for batch in answer.batches {
            let (base_offset, epoch, records) = (batch.base_offset, batch.leader_epoch, batch.records.clone());
            let stored = batch.clone();
            let producer = stored.producer.map(|stamp| (stamp.id, stamp.epoch));
            if !replica.log.append_as_follower(batch) {
                continue;
            }
            out.note(|| Fact::Appended { broker, tp, batch: stored, as_leader: false });
            out.emit(|| Event::RecordsAppended {
                broker,
                tp,
                base_offset,
                records: records.iter().filter_map(|record| record.id()).collect(),
                count: records.len() as u32,
                epoch,
                producer,
                as_leader: false,
            });
        }
        let mark = answer.high_watermark.min(replica.log.log_end_offset());
        if mark > replica.high_watermark {
            let from = std::mem::replace(&mut replica.high_watermark, mark);
            replica.log.replicated_to(mark);
            out.emit(|| Event::HighWatermarkAdvanced { broker, tp, from, to: mark, as_leader: false });
        }
        if Broker::wants_flush(replica) {
            self.maybe_flush(tp, out);
        }
        Some(false)
    }

    /// The connection to the leader broke, or it did not answer in time.
    pub(super) fn on_fetch_failed(&mut self, leader: BrokerId, out: &mut Effects<'_>) {
        self.with_runtime(|runtime| {
            if let Some(fetcher) = runtime.fetchers.get_mut(&leader) {
                fetcher.in_flight = false;
                fetcher.restart_session();
            }
        });
        out.set_timer(Timer::FetcherBackoff(leader), self.config.replica_fetch_backoff_ms);
    }
}
