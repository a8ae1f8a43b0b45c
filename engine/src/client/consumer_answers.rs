//! What comes back to a consumer: answers, broken connections, and requests that were never answered.

use super::connection::{Ask, Asked, InFlight};
use super::consumer::Consumer;
use super::consumer_group::MemberState;
use super::consumer_runtime::{Activity, ConsumerAsk};
use crate::effect::{Effects, Timer};
use crate::ids::{CorrelationId, NodeId};
use crate::protocol::{Channel, MessageKind, Response};
use crate::time::Duration;

impl Consumer {
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
            (Asked::Own(ConsumerAsk::FindCoordinator), Response::FindCoordinator(answer)) => {
                let node = answer.coordinator.map(|(_, node)| node);
                runtime.membership.coordinator.found(node, &runtime.net, out);
            }
            (Asked::Own(ConsumerAsk::Join), Response::JoinGroup(answer)) => self.on_joined(*answer, out),
            (Asked::Own(ConsumerAsk::Sync), Response::SyncGroup(answer)) => self.on_synced(*answer, out),
            (Asked::Own(ConsumerAsk::Heartbeat), Response::Heartbeat(error)) => self.on_heartbeat_answer(error, out),
            (Asked::Own(ConsumerAsk::ConsumerHeartbeat), Response::ConsumerGroupHeartbeat(answer)) => {
                self.on_consumer_heartbeat_answer(*answer, out);
            }
            (Asked::Own(ConsumerAsk::Commit(wait, commit)), Response::OffsetCommit(answer)) => {
                self.on_committed(answer.error, wait, commit, out);
            }
            // An answer to what was asked in an earlier generation says nothing any more: `poll` asks again.
            (Asked::Own(ConsumerAsk::OffsetFetch(generation)), Response::OffsetFetch(answer))
                if generation == runtime.membership.generation =>
            {
                self.on_committed_offsets(answer, out);
            }
            (Asked::Own(ConsumerAsk::ListOffsets(asked)), Response::ListOffsets(answer)) => {
                self.on_listed(&asked, &answer, out);
            }
            (Asked::Own(ConsumerAsk::EpochEnds(asked)), Response::OffsetsForLeaderEpoch(answer)) => {
                self.on_epoch_ends(&asked, &answer, out);
            }
            (Asked::Own(ConsumerAsk::Fetch), Response::Fetch(answer)) => self.on_fetched(*answer, out),
            (Asked::Own(ConsumerAsk::Znode(generation, tp)), Response::ZooKeeper(answer))
                if generation == runtime.membership.generation =>
            {
                self.on_znode(tp, *answer, out);
            }
            (Asked::Own(ConsumerAsk::WriteZnode(asked, commit)), Response::ZooKeeper(answer)) => {
                self.on_znode_written(asked, commit, *answer, out);
            }
            (Asked::Own(ConsumerAsk::Leave), _) if runtime.membership.closing => out.exit(),
            _ => {}
        }
    }

    pub(super) fn on_disconnected(&mut self, peer: NodeId, channel: Option<Channel>, out: &mut Effects<'_>) {
        if self.program.database == Some(peer) {
            // Not stored as far as the program knows: it does the record again.
            if let Some(runtime) = &mut self.runtime
                && runtime.activity == Activity::Storing
            {
                runtime.activity = Activity::Processing;
                out.set_timer(Timer::Processing, Duration::from_millis(1_000));
            }
            return;
        }
        let Some(runtime) = &mut self.runtime else { return };
        let lost = runtime.net.disconnected(peer, channel, out);
        runtime.membership.coordinator.disconnected(peer, channel, &runtime.net, out);
        self.on_lost(lost, out);
        if let Some(runtime) = &mut self.runtime
            && self.zookeeper != Some(peer)
        {
            runtime.net.stale(out);
        }
    }

    pub(super) fn on_request_timeouts(&mut self, out: &mut Effects<'_>) {
        let client = self.node;
        let Some(runtime) = &mut self.runtime else { return };
        let lost = runtime.net.timed_out(client, out);
        runtime.membership.coordinator.unanswered(&lost);
        self.on_lost(lost, out);
        if let Some(runtime) = &mut self.runtime {
            runtime.net.stale(out);
        }
    }

    fn on_lost(&mut self, lost: Vec<InFlight<ConsumerAsk>>, out: &mut Effects<'_>) {
        for request in lost {
            let Some(runtime) = &mut self.runtime else { return };
            match request.what {
                Asked::Metadata => runtime.net.refresh_failed(out),
                Asked::Own(ConsumerAsk::FindCoordinator) => {
                    runtime.membership.coordinator.found(None, &runtime.net, out);
                }
                Asked::Own(ConsumerAsk::Join | ConsumerAsk::Sync) => {
                    if matches!(runtime.membership.state, MemberState::Joining | MemberState::Syncing) {
                        runtime.membership.state = MemberState::Unjoined;
                    }
                }
                Asked::Own(ConsumerAsk::ConsumerHeartbeat) => self.on_consumer_heartbeat_lost(),
                Asked::Own(ConsumerAsk::Heartbeat) => runtime.membership.heartbeat_out = false,
                Asked::Own(ConsumerAsk::Commit(wait, commit)) => self.on_commit_lost(wait, commit, out),
                // The positions are still unknown: `poll` asks for them again.
                Asked::Own(ConsumerAsk::OffsetFetch(_)) => {}
                Asked::Own(ConsumerAsk::ListOffsets(_)) => runtime.resetting = false,
                Asked::Own(ConsumerAsk::WriteZnode(_, commit)) => self.znode_done(commit, true, out),
                Asked::Own(ConsumerAsk::Fetch) => {
                    runtime.fetch_after = out.now + self.config.retry_backoff_ms;
                    self.read_from_leaders(request.to, out);
                }
                Asked::Own(ConsumerAsk::EpochEnds(_) | ConsumerAsk::Znode(..)) => {
                    runtime.fetch_after = out.now + self.config.retry_backoff_ms;
                }
                Asked::Own(ConsumerAsk::Leave) if runtime.membership.closing => out.exit(),
                Asked::Own(ConsumerAsk::Leave) => {}
            }
        }
    }
}

impl Ask for ConsumerAsk {
    fn kind(&self) -> MessageKind {
        match self {
            ConsumerAsk::FindCoordinator => MessageKind::FindCoordinator,
            ConsumerAsk::Join => MessageKind::JoinGroup,
            ConsumerAsk::Sync => MessageKind::SyncGroup,
            ConsumerAsk::Heartbeat => MessageKind::Heartbeat,
            ConsumerAsk::Leave => MessageKind::LeaveGroup,
            ConsumerAsk::ConsumerHeartbeat => MessageKind::ConsumerGroupHeartbeat,
            ConsumerAsk::Commit(..) => MessageKind::OffsetCommit,
            ConsumerAsk::OffsetFetch(_) => MessageKind::OffsetFetch,
            ConsumerAsk::ListOffsets(_) => MessageKind::ListOffsets,
            ConsumerAsk::EpochEnds(_) => MessageKind::OffsetsForLeaderEpoch,
            ConsumerAsk::Fetch => MessageKind::Fetch,
            ConsumerAsk::Znode(..) | ConsumerAsk::WriteZnode(..) => MessageKind::ZooKeeper,
        }
    }
}
