//! Saying what became of records.

use super::actor::{Activity, Held, Runtime, Said, ShareAsk, ShareConsumer};
use crate::client::connection::Asked;
use crate::collections::Map;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{NodeId, Offset, TopicPartition};
use crate::protocol::{Channel, ErrorCode, Request, ShareAcknowledgeRequest, SharePartitionRequest};
use crate::share::{AcknowledgeBatch, AcknowledgeType, ShareSession};

impl Runtime {
    /// Whether a broker has a request to answer first.
    pub fn is_busy(&self, node: NodeId) -> bool {
        let shares =
            |what: &Asked<ShareAsk>| matches!(what, Asked::Own(ShareAsk::Fetch(..) | ShareAsk::Acknowledge(..)));
        self.net.in_flight.values().any(|request| request.to == node && shares(&request.what))
    }

    pub fn take_said(&mut self, node: NodeId) -> Said {
        self.said.remove(&node).unwrap_or_default()
    }
}

/// What was said, in the order of the offsets (`Acknowledgements.getAcknowledgementBatches`).
pub(super) fn batches(said: &Map<Offset, AcknowledgeType>) -> Vec<AcknowledgeBatch> {
    let mut batches: Vec<AcknowledgeBatch> = Vec::new();
    for (offset, kind) in said {
        match batches.last_mut() {
            Some(run) if run.kind == *kind && run.last + 1 == *offset => run.last = *offset,
            _ => batches.push(AcknowledgeBatch { first: *offset, last: *offset, kind: *kind }),
        }
    }
    batches
}

impl ShareConsumer {
    /// `acknowledge(record, type)`: local until the next `poll` or commit.
    pub(super) fn say(&mut self, held: &Held, kind: AcknowledgeType) {
        let Some(runtime) = &mut self.runtime else { return };
        // Of a record that came twice meanwhile, the last word counts.
        runtime.said.entry(held.from).or_default().entry(held.tp).or_default().insert(held.offset, kind);
    }

    /// Implicit acknowledgement: everything the last `poll` returned is accepted.
    pub(super) fn accept_polled(&mut self) {
        let Some(runtime) = &mut self.runtime else { return };
        for held in std::mem::take(&mut runtime.polled) {
            self.say(&held, AcknowledgeType::Accept);
        }
    }

    /// The application still works on what it has: the locks begin anew.
    pub(super) fn renew(&mut self, out: &mut Effects<'_>) {
        let Some(interval) = self.program.renew else { return };
        let Some(runtime) = &self.runtime else { return };
        if !matches!(runtime.activity, Activity::Processing | Activity::Committing) {
            return;
        }
        for held in runtime.in_hand.clone() {
            self.say(&held, AcknowledgeType::Renew);
        }
        self.send_acknowledgements(out);
        out.set_timer(Timer::Renew, interval);
    }

    /// Says what there is to say, to every broker that has no request to answer first.
    pub(super) fn send_acknowledgements(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let nodes: Vec<NodeId> = runtime.said.keys().copied().collect();
        for node in nodes {
            self.send_acknowledge(node, false, out);
        }
    }

    /// Closes all sessions: what was not acknowledged is available again.
    pub(super) fn close_sessions(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let nodes: Vec<NodeId> = runtime.sessions.keys().copied().collect();
        for node in nodes {
            self.send_acknowledge(node, true, out);
        }
    }

    fn send_acknowledge(&mut self, node: NodeId, last: bool, out: &mut Effects<'_>) {
        let (group, member) = (self.group, self.member());
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.is_busy(node) {
            return;
        }
        let said = runtime.take_said(node);
        let spoken: Vec<TopicPartition> = said.keys().copied().collect();
        let epoch = runtime.sessions.get(&node).map_or(ShareSession::INITIAL, |session| session.epoch);
        if epoch == ShareSession::INITIAL {
            // The session they belonged to is gone, and with it the locks.
            return self.refused(&spoken, ErrorCode::ShareSessionNotFound, out);
        }
        let partitions =
            said.iter().map(|(tp, said)| SharePartitionRequest { tp: *tp, acknowledgements: batches(said) }).collect();
        let session_epoch = if last { ShareSession::FINAL } else { epoch };
        let request = ShareAcknowledgeRequest { group, member, session_epoch, partitions };
        let request = Request::ShareAcknowledge(Box::new(request));
        runtime.net.ask(node, Channel::Client, request, ShareAsk::Acknowledge(spoken, last), out);
    }

    /// What was said of these partitions came to nothing.
    pub(super) fn refused(&mut self, partitions: &[TopicPartition], error: ErrorCode, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        for tp in partitions.iter().copied() {
            out.emit(|| Event::AcknowledgementRefused { client, group, tp, error });
        }
    }

    /// A broker's connection broke: its session has ended, and nothing can be said of its records.
    pub(super) fn lose_session(&mut self, node: NodeId, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.sessions.remove(&node);
        let spoken: Vec<TopicPartition> = runtime.take_said(node).keys().copied().collect();
        runtime.buffer.retain(|held| held.from != node);
        self.refused(&spoken, ErrorCode::NetworkException, out);
    }
}
