//! Copying from leaders: one fetcher per leader (`AbstractFetcherThread`, `ReplicaFetcherThread`).

use super::actor::Broker;
use super::controller_channel::{Asked, Pending};
use crate::collections::Set;
use crate::config::TruncationMode;
use crate::effect::{Effects, Timer};
use crate::event::{Event, LogStartReason, TruncationReason};
use crate::fact::Fact;
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};
use crate::planted::{Planted, planted};
use crate::protocol::{
    Channel, ErrorCode, FetchPartition, FetchRequest, FetchResponse, OffsetSpec, PartitionFetchResponse, Request,
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
    /// Fsyncs that are part of appends: the next request waits for them.
    flushing: Set<u64>,
    /// Partitions whose last answer was an error: named again when the back-off is over.
    delayed: Set<TopicPartition>,
    /// Partitions whose fetch state changed while a request was on its way: its answer does not concern them.
    stale: Set<TopicPartition>,
    /// Partitions that have to learn first where an epoch ends in the leader's log (KIP-101 to KIP-320).
    pub(super) unsettled: Set<TopicPartition>,
    /// Partitions that asked for an offset the leader does not have.
    pub(super) out_of_range: Set<TopicPartition>,
    /// Those of them that are not longer than the leader's: what they ask for next is gone there.
    pub(super) too_old: Set<TopicPartition>,
}

/// What an answer did to one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Taken {
    /// Its log is as it was.
    Nothing,
    /// Its log grew or was cut: the next request names it.
    Moved,
    /// An error to back off for.
    Failed,
    /// The leader does not have the offset asked for.
    OutOfRange,
}

impl Fetcher {
    /// The next request asks in full.
    pub fn restart_session(&mut self) {
        self.session = false;
        self.forgotten.clear();
        self.changed = self.partitions.clone();
        self.delayed.clear();
        self.stale.clear();
    }

    /// A request was answered: what it asked for and what has changed since.
    pub(super) fn answered(&mut self) -> Set<TopicPartition> {
        self.in_flight = false;
        std::mem::take(&mut self.stale)
    }

    /// The partition is fetched again: at once, or after the back-off.
    pub(super) fn fetch_again(&mut self, tp: TopicPartition, delayed: bool) {
        if self.partitions.contains(&tp) {
            let set = if delayed { &mut self.delayed } else { &mut self.changed };
            set.insert(tp);
        }
    }
}

impl Broker {
    pub(super) fn stop_fetching(&mut self, tp: TopicPartition) {
        self.with_runtime(|runtime| {
            for fetcher in runtime.fetchers.values_mut() {
                if fetcher.partitions.remove(&tp) {
                    fetcher.changed.remove(&tp);
                    fetcher.delayed.remove(&tp);
                    fetcher.unsettled.remove(&tp);
                    fetcher.out_of_range.remove(&tp);
                    fetcher.too_old.remove(&tp);
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
        let broker = self.id;
        let mode = self.features.truncation;
        let Some(replica) = self.replicas.get_mut(&tp) else { return };
        let no_epochs = replica.log.epochs().latest().is_none();
        // A log without any epoch cannot be compared: everything above the high watermark goes.
        let to_mark = mode == TruncationMode::HighWatermark || planted(Planted::TruncateToHighWatermark);
        if (no_epochs || to_mark)
            && let Some((from, to)) = replica.truncate_to(replica.high_watermark)
        {
            // Whoever does so by mistake takes it for a divergence.
            let planted = planted(Planted::TruncateToHighWatermark);
            let why = if planted { TruncationReason::DivergingEpoch } else { TruncationReason::HighWatermark };
            out.emit(|| Event::LogTruncated { broker, tp, from, to, why });
        }
        let asks = !no_epochs && !matches!(mode, TruncationMode::HighWatermark | TruncationMode::OnFetch);
        self.with_runtime(|runtime| {
            let fetcher = runtime.fetchers.entry(leader).or_default();
            fetcher.partitions.insert(tp);
            fetcher.changed.insert(tp);
            fetcher.forgotten.remove(&tp);
            if fetcher.in_flight {
                fetcher.stale.insert(tp);
            }
            if asks {
                fetcher.unsettled.insert(tp);
            }
        });
        self.run_fetcher(leader, out);
    }

    /// Sends the fetcher's next request, unless one is on its way.
    pub(super) fn run_fetcher(&mut self, leader: BrokerId, out: &mut Effects<'_>) {
        let config = &self.config;
        let (max_wait, min_bytes, max_bytes) =
            (config.replica_fetch_wait_max_ms, config.replica_fetch_min_bytes, config.replica_fetch_max_bytes);
        let response_max_bytes = config.replica_fetch_response_max_bytes;
        let me = self.id;
        let Some(runtime) = &mut self.runtime else { return };
        let Some(node) = runtime.image.brokers.get(&leader).map(|broker| broker.node) else { return };
        let broker_epoch = runtime.broker_epoch;
        let Some(fetcher) = runtime.fetchers.get_mut(&leader) else { return };
        if fetcher.in_flight || fetcher.partitions.is_empty() || !fetcher.flushing.is_empty() {
            return;
        }
        fetcher.in_flight = true;
        let unsettled: Vec<TopicPartition> =
            fetcher.unsettled.iter().filter(|tp| !fetcher.delayed.contains(tp)).copied().collect();
        let out_of_range: Vec<TopicPartition> = std::mem::take(&mut fetcher.out_of_range).into_iter().collect();
        if !out_of_range.is_empty() {
            return self.ask_log_offsets(leader, node, out_of_range, OffsetSpec::Latest, out);
        }
        let too_old: Vec<TopicPartition> = std::mem::take(&mut fetcher.too_old).into_iter().collect();
        if !too_old.is_empty() {
            return self.ask_log_offsets(leader, node, too_old, OffsetSpec::Earliest, out);
        }
        if !unsettled.is_empty() {
            return self.ask_epoch_ends(leader, node, unsettled, out);
        }
        let incremental = std::mem::replace(&mut fetcher.session, true);
        let mut named = if incremental { std::mem::take(&mut fetcher.changed) } else { fetcher.partitions.clone() };
        fetcher.changed.clear();
        named.retain(|tp| !fetcher.unsettled.contains(tp));
        let forgotten = std::mem::take(&mut fetcher.forgotten).into_iter().collect();
        let mode = self.features.truncation;
        let none = LeaderEpoch::NONE;
        let partitions = named
            .iter()
            .filter_map(|tp| {
                let replica = self.replicas.get(tp)?;
                Some(FetchPartition {
                    tp: *tp,
                    // Fetches are fenced by epochs since KIP-320, and compare logs since KIP-595.
                    current_leader_epoch: if mode >= TruncationMode::Kip320 { replica.leader_epoch } else { none },
                    fetch_offset: replica.log.log_end_offset(),
                    last_fetched_epoch: match mode {
                        TruncationMode::OnFetch => replica.log.epochs().latest().unwrap_or(none),
                        _ => none,
                    },
                    log_start_offset: replica.log.log_start_offset(),
                    max_bytes,
                })
            })
            .collect();
        let request = FetchRequest {
            replica: Some((me, broker_epoch)),
            read_committed: false,
            max_wait,
            min_bytes,
            max_bytes: response_max_bytes,
            rack: None,
            incremental,
            forgotten,
            partitions,
        };
        let pending = Pending { to: node, sent_at: out.now, what: Asked::Fetch(leader) };
        self.ask(node, Channel::Replication, Request::Fetch(Box::new(request)), pending, out);
    }

    pub(super) fn on_fetched(&mut self, leader: BrokerId, answer: FetchResponse, out: &mut Effects<'_>) {
        let stale = self.with_runtime(|runtime| {
            let Some(fetcher) = runtime.fetchers.get_mut(&leader) else { return Set::new() };
            let stale = fetcher.answered();
            if answer.session_error {
                fetcher.restart_session();
            }
            stale
        });
        let mut back_off = false;
        for partition in answer.partitions.into_iter().filter(|partition| !stale.contains(&partition.tp)) {
            let tp = partition.tp;
            let Some(taken) = self.take_partition(leader, partition, out) else { continue };
            back_off |= taken == Taken::Failed;
            self.with_runtime(|runtime| {
                let Some(fetcher) = runtime.fetchers.get_mut(&leader) else { return };
                match taken {
                    // A high watermark alone: the leader knows what this follower has, it need not be told again.
                    Taken::Nothing => {}
                    Taken::Moved => fetcher.fetch_again(tp, false),
                    Taken::Failed => fetcher.fetch_again(tp, true),
                    Taken::OutOfRange => {
                        fetcher.out_of_range.insert(tp);
                    }
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

    /// Takes one partition's answer in; none when this replica no longer follows that leader.
    fn take_partition(
        &mut self,
        leader: BrokerId,
        answer: PartitionFetchResponse,
        out: &mut Effects<'_>,
    ) -> Option<Taken> {
        let (broker, tp) = (self.id, answer.tp);
        let replica = self
            .replicas
            .get_mut(&tp)
            .filter(|replica| matches!(replica.role, Role::Follower(known) if known == leader))?;
        match answer.error {
            ErrorCode::None => {}
            ErrorCode::OffsetOutOfRange => return Some(Taken::OutOfRange),
            _ => return Some(Taken::Failed),
        }
        if let Some(end) = answer.diverging_epoch {
            let point = replica.truncation_point(end);
            if let Some((from, to)) = replica.truncate_to(point) {
                out.emit(|| Event::LogTruncated { broker, tp, from, to, why: TruncationReason::DivergingEpoch });
            }
            return Some(Taken::Moved);
        }
        let (began, before) = (replica.log.log_start_offset(), replica.log.log_end_offset());
        for batch in answer.batches {
            let (base_offset, epoch) = (batch.base_offset, batch.leader_epoch);
            let stored = batch.clone();
            let producer = stored.producer.map(|stamp| (stamp.id, stamp.epoch));
            if batch.check().is_err() {
                // `CorruptRecordException`: nothing of it is appended, and it is fetched again after a pause.
                let node = self.node;
                out.emit(|| Event::CorruptBatchFound { node, tp, base_offset });
                return Some(Taken::Failed);
            }
            if self.disk.full {
                self.disk_failed(out);
                return None;
            }
            if !replica.log.append_as_follower(batch) {
                continue;
            }
            out.note(|| Fact::Appended { broker, tp, batch: stored.clone(), as_leader: false });
            let end = stored.next_offset();
            for run in stored.runs() {
                let base_offset = stored.offset_at(run.start);
                let records = stored.records.get(run.clone()).unwrap_or_default();
                let is_last = run.end >= stored.records.len();
                out.emit(|| Event::RecordsAppended {
                    broker,
                    tp,
                    base_offset,
                    records: records.iter().filter_map(|record| record.id()).collect(),
                    count: records.len() as u32,
                    end: if is_last { end } else { base_offset + records.len() as i64 },
                    epoch,
                    producer,
                    as_leader: false,
                });
            }
        }
        let mut mark = answer.high_watermark.min(replica.log.log_end_offset());
        if planted(Planted::HighWatermarkBeyondEnd) {
            mark = answer.high_watermark;
        }
        if mark > replica.high_watermark {
            let from = std::mem::replace(&mut replica.high_watermark, mark);
            replica.log.replicated_to(mark);
            out.emit(|| Event::HighWatermarkAdvanced { broker, tp, from, to: mark, as_leader: false });
        }
        if let Some(from) = replica.log.raise_log_start(answer.log_start_offset) {
            let to = replica.log.log_start_offset();
            out.emit(|| Event::LogStartRaised { broker, tp, from, to, why: LogStartReason::Leader });
        }
        let moved = replica.log.log_end_offset() > before || replica.log.log_start_offset() > began;
        let taken = if moved { Taken::Moved } else { Taken::Nothing };
        if Broker::wants_flush(replica) && self.flush_after_append(tp, out) {
            let under_way = self.replicas.get(&tp).into_iter().flat_map(|replica| replica.log.append_flushes());
            if let Some(fetcher) = self.runtime.as_mut().and_then(|runtime| runtime.fetchers.get_mut(&leader)) {
                fetcher.flushing.extend(under_way);
            }
        }
        Some(taken)
    }

    /// Something about this replica has changed that its leader should know.
    pub(super) fn name_in_next_fetch(&mut self, tp: TopicPartition, leader: BrokerId, out: &mut Effects<'_>) {
        self.with_runtime(|runtime| {
            if let Some(fetcher) = runtime.fetchers.get_mut(&leader) {
                fetcher.fetch_again(tp, false);
            }
        });
        self.run_fetcher(leader, out);
    }

    /// An fsync is done: the fetcher that waited for it goes on.
    pub(super) fn fetch_after_flush(&mut self, number: u64, out: &mut Effects<'_>) {
        let waited = self.with_runtime(|runtime| {
            let mut fetchers = runtime.fetchers.iter_mut();
            fetchers.find_map(|(leader, fetcher)| fetcher.flushing.remove(&number).then_some(*leader))
        });
        if let Some(leader) = waited {
            self.run_fetcher(leader, out);
        }
    }

    /// The connection to the leader broke, or it did not answer in time.
    pub(super) fn on_fetch_failed(&mut self, leader: BrokerId, out: &mut Effects<'_>) {
        self.with_runtime(|runtime| {
            if let Some(fetcher) = runtime.fetchers.get_mut(&leader) {
                fetcher.answered();
                fetcher.restart_session();
            }
        });
        out.set_timer(Timer::FetcherBackoff(leader), self.config.replica_fetch_backoff_ms);
    }
}
