//! Acquiring records (`ShareConsumeRequestManager`, `ShareSessionHandler`).

use super::acknowledge::batches;
use super::actor::{Held, Session, ShareAsk, ShareConsumer};
use crate::client::connection::Asked;
use crate::collections::{Map, Set};
use crate::effect::Effects;
use crate::ids::{CorrelationId, NodeId, TopicPartition};
use crate::protocol::{
    Channel, ErrorCode, Request, Response, ShareFetchRequest, ShareFetchResponse, SharePartitionFetched,
    SharePartitionRequest,
};
use crate::share::ShareSession;

impl ShareConsumer {
    /// One request per broker that leads something this member reads: it says what became of earlier records and asks for
    /// more.
    pub(super) fn send_fetches(&mut self, out: &mut Effects<'_>) {
        let (group, member) = (self.group, self.member());
        let (max_wait, max_bytes) = (self.config.fetch_max_wait_ms, self.config.max_partition_fetch_bytes);
        let (max_records, acquire_mode) = (self.config.max_poll_records, self.share.acquire_mode);
        let Some(runtime) = &mut self.runtime else { return };
        if !runtime.membership.joined || runtime.fetch_after > out.now {
            return self.send_acknowledgements(out);
        }
        let mut wanted: Map<NodeId, Set<TopicPartition>> = Map::new();
        let mut unknown = false;
        for tp in &runtime.assigned {
            match runtime.net.metadata.leader(*tp) {
                Some((node, _)) => {
                    wanted.entry(node).or_default().insert(*tp);
                }
                None => unknown = true,
            }
        }
        if unknown {
            runtime.net.want_refresh(out);
        }
        for (node, partitions) in wanted {
            let Some(runtime) = &mut self.runtime else { return };
            if runtime.is_busy(node) || !runtime.net.usable(node, out.now) {
                continue;
            }
            let Session { epoch, partitions: before } = runtime.sessions.get(&node).cloned().unwrap_or_default();
            // The request that opens a session can say nothing of records: there is no session they belong to.
            let said = if epoch == ShareSession::INITIAL { Map::new() } else { runtime.take_said(node) };
            let forgotten: Vec<TopicPartition> = before.iter().copied().filter(|tp| !partitions.contains(tp)).collect();
            let spoken: Vec<TopicPartition> = said.keys().copied().collect();
            let fresh = partitions.iter().copied().filter(|tp| !before.contains(tp));
            let mut named: Vec<TopicPartition> = spoken.iter().copied().chain(fresh).collect();
            named.sort_unstable();
            named.dedup();
            let named = named
                .into_iter()
                .map(|tp| SharePartitionRequest {
                    tp,
                    acknowledgements: said.get(&tp).map(batches).unwrap_or_default(),
                })
                .collect();
            // What is only acknowledged must not be read on.
            let forgotten =
                forgotten.into_iter().chain(spoken.iter().copied().filter(|tp| !partitions.contains(tp))).collect();
            let request = ShareFetchRequest {
                group,
                member,
                session_epoch: epoch,
                max_wait,
                max_bytes,
                max_records,
                acquire_mode,
                partitions: named,
                forgotten,
            };
            let request = Request::ShareFetch(Box::new(request));
            runtime.net.ask(node, Channel::Client, request, ShareAsk::Fetch(partitions, spoken), out);
        }
        self.send_acknowledgements(out);
    }

    pub(super) fn on_response(
        &mut self,
        from: NodeId,
        correlation: CorrelationId,
        response: Response,
        out: &mut Effects<'_>,
    ) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(request) = runtime.net.answered(from, correlation) else { return };
        match (request.what, response) {
            (Asked::Metadata, Response::Metadata(response)) => {
                runtime.net.refreshed(&response, out);
            }
            (Asked::Own(ShareAsk::FindCoordinator), Response::FindCoordinator(answer)) => {
                let node = answer.coordinator.map(|(_, node)| node);
                runtime.membership.coordinator.found(node, &runtime.net, out);
            }
            (Asked::Own(ShareAsk::Heartbeat), Response::ShareGroupHeartbeat(answer)) => {
                self.on_heartbeat_answer(*answer, out);
            }
            (Asked::Own(ShareAsk::Leave), _) => out.exit(),
            (Asked::Own(ShareAsk::Fetch(partitions, said)), Response::ShareFetch(answer)) => {
                self.on_fetched(from, partitions, &said, *answer, out);
            }
            (Asked::Own(ShareAsk::Acknowledge(said, last)), Response::ShareAcknowledge(answer)) => {
                if last || answer.error.is_error() {
                    runtime.sessions.remove(&from);
                } else if let Some(session) = runtime.sessions.get_mut(&from) {
                    session.epoch = ShareSession::next_epoch(session.epoch);
                }
                if answer.error.is_error() {
                    return self.refused(&said, answer.error, out);
                }
                for (tp, error) in answer.partitions.iter().filter(|(_, error)| error.is_error()) {
                    self.refused(&[*tp], *error, out);
                }
            }
            _ => {}
        }
    }

    fn on_fetched(
        &mut self,
        from: NodeId,
        partitions: Set<TopicPartition>,
        said: &[TopicPartition],
        answer: ShareFetchResponse,
        out: &mut Effects<'_>,
    ) {
        let backoff = self.config.retry_backoff_ms;
        let Some(runtime) = &mut self.runtime else { return };
        if answer.error.is_error() {
            runtime.sessions.remove(&from);
            if !matches!(answer.error, ErrorCode::ShareSessionNotFound | ErrorCode::InvalidShareSessionEpoch) {
                runtime.fetch_after = out.now + backoff;
            }
            return self.refused(said, answer.error, out);
        }
        let session = runtime.sessions.entry(from).or_default();
        session.epoch = ShareSession::next_epoch(session.epoch);
        session.partitions = partitions;
        for partition in answer.partitions {
            self.take_partition(from, partition, out);
        }
    }

    fn take_partition(&mut self, from: NodeId, answer: SharePartitionFetched, out: &mut Effects<'_>) {
        let backoff = self.config.retry_backoff_ms;
        let tp = answer.tp;
        if answer.acknowledge_error.is_error() {
            self.refused(&[tp], answer.acknowledge_error, out);
        }
        let Some(runtime) = &mut self.runtime else { return };
        if answer.error.is_error() {
            let moved =
                answer.current_leader.is_some_and(|(leader, epoch)| runtime.net.metadata.set_leader(tp, leader, epoch));
            if !moved {
                runtime.fetch_after = out.now + backoff;
                runtime.net.stale(out);
            }
            return;
        }
        for run in &answer.acquired {
            let records = answer.batches.iter().flat_map(|batch| batch.iter());
            let inside = records.filter(|(offset, _)| *offset >= run.first && *offset <= run.last);
            runtime.buffer.extend(inside.map(|(offset, record)| Held {
                tp,
                from,
                offset,
                record: record.id(),
                key: record.key(),
                delivery_count: run.delivery_count,
            }));
        }
    }
}
