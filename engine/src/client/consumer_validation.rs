//! Whether a position still stands where it stood: after a change of leader the log may have been cut below it
//! (KIP-320, `OffsetsForLeaderEpochClient`, `SubscriptionState.maybeCompleteValidation`).

use super::connection::Asked;
use super::consumer::{Consumer, Position};
use super::consumer_runtime::ConsumerAsk;
use crate::collections::Map;
use crate::config::AutoOffsetReset;
use crate::effect::Effects;
use crate::event::{Event, PollFailure, PositionReason};
use crate::ids::{LeaderEpoch, NodeId, TopicPartition};
use crate::protocol::{Channel, OffsetsForLeaderEpochRequest, OffsetsForLeaderEpochResponse, Request};
use crate::storage::EpochEnd;

impl Consumer {
    /// Positions with another leader than the one they were taken under: those that know the epoch of what they read
    /// last are asked about, and nothing of them is handed out until the answer; the others are believed.
    pub(super) fn validate_positions(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let mut requests: Map<NodeId, Vec<(TopicPartition, Position)>> = Map::new();
        for (tp, position) in &mut runtime.positions {
            if position.offset.is_none() || position.leader_epoch == runtime.net.metadata.epoch(*tp) {
                continue;
            }
            let Some((node, leader_epoch)) = runtime.net.metadata.leader(*tp) else { continue };
            if position.epoch == LeaderEpoch::NONE {
                position.leader_epoch = leader_epoch;
                continue;
            }
            runtime.buffer.remove(tp);
            requests.entry(node).or_default().push((*tp, *position));
        }
        if requests.is_empty() || runtime.fetch_after > out.now {
            return;
        }
        let asks = |asked: &Asked<ConsumerAsk>| matches!(asked, Asked::Own(ConsumerAsk::EpochEnds(_)));
        for (node, positions) in requests {
            let busy = runtime.net.in_flight.values().any(|request| request.to == node && asks(&request.what));
            if busy || !runtime.net.usable(node, out.now) {
                continue;
            }
            let metadata = &runtime.net.metadata;
            let asked = positions.iter().map(|(tp, position)| (*tp, metadata.epoch(*tp), position.epoch)).collect();
            let request = OffsetsForLeaderEpochRequest { replica: None, partitions: asked };
            let request = Request::OffsetsForLeaderEpoch(Box::new(request));
            runtime.net.ask(node, Channel::Client, request, ConsumerAsk::EpochEnds(positions), out);
        }
    }

    pub(super) fn on_epoch_ends(
        &mut self,
        asked: &[(TopicPartition, Position)],
        answer: &OffsetsForLeaderEpochResponse,
        out: &mut Effects<'_>,
    ) {
        let (client, group, backoff) = (self.node, self.group, self.config.retry_backoff_ms);
        let resets = self.config.auto_offset_reset != AutoOffsetReset::None;
        for (tp, error, end) in &answer.partitions {
            let Some(runtime) = &mut self.runtime else { return };
            // A position that has moved meanwhile is not the one that was asked about.
            let before = asked.iter().find(|(known, _)| known == tp).map(|(_, position)| *position);
            let Some(position) = runtime.positions.get_mut(tp).filter(|position| Some(**position) == before) else {
                continue;
            };
            let leader_epoch = runtime.net.metadata.epoch(*tp);
            if error.is_error() || runtime.net.metadata.leader(*tp).is_none() {
                runtime.fetch_after = out.now + backoff;
                runtime.net.stale(out);
            } else if *end == EpochEnd::UNDEFINED && resets {
                self.reset(&[*tp], PollFailure::LogTruncation, out);
            } else if *end == EpochEnd::UNDEFINED {
                return self.fail(PollFailure::LogTruncation, out);
            } else if position.offset.is_some_and(|offset| end.end_offset < offset) {
                if !resets {
                    return self.fail(PollFailure::LogTruncation, out);
                }
                self.set_position(*tp, end.end_offset, end.epoch, PositionReason::Truncation, out);
            } else {
                let told = std::mem::replace(&mut position.leader_epoch, leader_epoch) != LeaderEpoch::NONE;
                if let Some(to) = position.offset.filter(|_| !told) {
                    let (tp, why) = (*tp, PositionReason::Committed);
                    out.emit(|| Event::PositionSet { client, group, tp, to, why });
                }
            }
        }
    }

    /// Whether a position is believed under the present leader.
    pub(super) fn is_validated(&self, tp: TopicPartition) -> bool {
        let Some(runtime) = &self.runtime else { return false };
        let known = runtime.net.metadata.epoch(tp);
        runtime.positions.get(&tp).is_some_and(|position| position.leader_epoch == known)
    }
}
