//! Where a follower's log parts from its leader's, asked before fetching: OffsetsForLeaderEpoch (KIP-101, KIP-279,
//! KIP-320), and the ends of the leader's log when the follower asked beyond them (`AbstractFetcherThread`).

use super::actor::Broker;
use super::controller_channel::{Asked, Pending};
use crate::collections::Set;
use crate::config::TruncationMode;
use crate::effect::{Effects, Timer};
use crate::event::{Event, LogStartReason, TruncationReason};
use crate::ids::{BrokerId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::protocol::{
    Channel, ListOffsetsRequest, ListOffsetsResponse, OffsetSpec, OffsetsForLeaderEpochRequest,
    OffsetsForLeaderEpochResponse, Request,
};
use crate::replication::{Replica, Role};
use crate::storage::EpochEnd;

impl Broker {
    /// Asks where the latest epoch of each log ends in the leader's.
    pub(super) fn ask_epoch_ends(
        &mut self,
        leader: BrokerId,
        node: NodeId,
        tps: Vec<TopicPartition>,
        out: &mut Effects<'_>,
    ) {
        let fenced = self.features.truncation >= TruncationMode::Kip320;
        let question = |tp: &TopicPartition| {
            let replica = self.replicas.get(tp)?;
            let current = if fenced { replica.leader_epoch } else { LeaderEpoch::NONE };
            Some((*tp, current, replica.log.epochs().latest()?))
        };
        let partitions = tps.iter().filter_map(question).collect();
        let request = OffsetsForLeaderEpochRequest { replica: Some(self.id), partitions };
        let request = Request::OffsetsForLeaderEpoch(Box::new(request));
        let pending = Pending { to: node, sent_at: out.now, what: Asked::EpochEnds(leader) };
        self.ask(node, Channel::Replication, request, pending, out);
    }

    pub(super) fn on_epoch_ends(
        &mut self,
        leader: BrokerId,
        answer: OffsetsForLeaderEpochResponse,
        out: &mut Effects<'_>,
    ) {
        let stale = self.answered(leader);
        let names_epochs = self.features.truncation >= TruncationMode::Kip279;
        let mut back_off = false;
        for (tp, error, end) in answer.partitions.into_iter().filter(|(tp, ..)| !stale.contains(tp)) {
            let Some(replica) = self.following(tp, leader) else { continue };
            let settled = if error.is_error() {
                back_off = true;
                false
            } else {
                let own_end = replica.log.log_end_offset();
                let (point, settled) = if end == EpochEnd::UNDEFINED {
                    (replica.high_watermark.min(own_end), true)
                } else if names_epochs {
                    let own = replica.log.epochs().end_offset_for(end.epoch, own_end);
                    (replica.truncation_point(end), own == EpochEnd::UNDEFINED || own.epoch == end.epoch)
                } else {
                    // The first answers did not say which epoch they were about.
                    (end.end_offset.min(own_end), true)
                };
                self.cut(tp, point, TruncationReason::DivergingEpoch, out);
                settled
            };
            self.with_runtime(|runtime| {
                if let Some(fetcher) = runtime.fetchers.get_mut(&leader) {
                    if settled {
                        fetcher.unsettled.remove(&tp);
                    }
                    fetcher.fetch_again(tp, error.is_error());
                }
            });
        }
        if back_off {
            out.set_timer(Timer::FetcherBackoff(leader), self.config.replica_fetch_backoff_ms);
        }
        self.run_fetcher(leader, out);
    }

    /// Asks where the leader's logs end, or begin.
    pub(super) fn ask_log_offsets(
        &mut self,
        leader: BrokerId,
        node: NodeId,
        tps: Vec<TopicPartition>,
        spec: OffsetSpec,
        out: &mut Effects<'_>,
    ) {
        let fenced = self.features.truncation >= TruncationMode::Kip320;
        let mut partitions = Vec::with_capacity(tps.len());
        for tp in tps {
            let Some(replica) = self.replicas.get(&tp) else { continue };
            let epoch = if fenced { replica.leader_epoch } else { LeaderEpoch::NONE };
            partitions.push((tp, epoch, spec));
        }
        let request =
            Request::ListOffsets(ListOffsetsRequest { replica: Some(self.id), read_committed: false, partitions });
        let what = if spec == OffsetSpec::Earliest { Asked::LogStarts(leader) } else { Asked::LogEnds(leader) };
        let pending = Pending { to: node, sent_at: out.now, what };
        self.ask(node, Channel::Replication, request, pending, out);
    }

    /// The leader's log is shorter than this one: an unclean election; take its end. It is not: what this one asks for
    /// next has been deleted there, and the question is where the leader's log begins.
    pub(super) fn on_log_ends(&mut self, leader: BrokerId, answer: &ListOffsetsResponse, out: &mut Effects<'_>) {
        let stale = self.answered(leader);
        let mut back_off = false;
        for (tp, error, latest) in &answer.partitions {
            if stale.contains(tp) {
                continue;
            }
            let Some(replica) = self.following(*tp, leader) else { continue };
            let own_end = replica.log.log_end_offset();
            if error.is_error() {
                back_off = true;
            } else if *latest < own_end {
                self.cut(*tp, *latest, TruncationReason::LeaderShorter, out);
            }
            let too_old = !error.is_error() && *latest >= own_end;
            self.with_runtime(|runtime| {
                let Some(fetcher) = runtime.fetchers.get_mut(&leader) else { return };
                if too_old {
                    fetcher.too_old.insert(*tp);
                } else {
                    fetcher.fetch_again(*tp, error.is_error());
                }
            });
        }
        if back_off {
            out.set_timer(Timer::FetcherBackoff(leader), self.config.replica_fetch_backoff_ms);
        }
        self.run_fetcher(leader, out);
    }

    /// Where the leader's logs begin: a replica that ends below begins anew there
    /// (`ReplicaFetcherThread.truncateFullyAndStartAt`).
    pub(super) fn on_log_starts(&mut self, leader: BrokerId, answer: &ListOffsetsResponse, out: &mut Effects<'_>) {
        let (broker, stale) = (self.id, self.answered(leader));
        let mut back_off = false;
        for (tp, error, earliest) in &answer.partitions {
            let (tp, to) = (*tp, *earliest);
            if stale.contains(&tp) {
                continue;
            }
            let Some(replica) = self.following(tp, leader) else { continue };
            back_off |= error.is_error();
            if !error.is_error() && to > replica.log.log_end_offset() {
                let from = replica.log.log_start_offset();
                replica.log.restart_at(to);
                replica.high_watermark = to;
                out.emit(|| Event::LogStartRaised { broker, tp, from, to, why: LogStartReason::Reset });
            }
            self.with_runtime(|runtime| {
                if let Some(fetcher) = runtime.fetchers.get_mut(&leader) {
                    fetcher.fetch_again(tp, error.is_error());
                }
            });
        }
        if back_off {
            out.set_timer(Timer::FetcherBackoff(leader), self.config.replica_fetch_backoff_ms);
        }
        self.run_fetcher(leader, out);
    }

    fn answered(&mut self, leader: BrokerId) -> Set<TopicPartition> {
        self.with_runtime(|runtime| runtime.fetchers.get_mut(&leader).map(|fetcher| fetcher.answered()))
            .unwrap_or_default()
    }

    fn following(&mut self, tp: TopicPartition, leader: BrokerId) -> Option<&mut Replica> {
        let replica = self.replicas.get_mut(&tp)?;
        matches!(replica.role, Role::Follower(known) if known == leader).then_some(replica)
    }

    fn cut(&mut self, tp: TopicPartition, point: Offset, why: TruncationReason, out: &mut Effects<'_>) {
        let broker = self.id;
        if let Some((from, to)) = self.replicas.get_mut(&tp).and_then(|replica| replica.truncate_to(point)) {
            out.emit(|| Event::LogTruncated { broker, tp, from, to, why });
        }
    }
}
