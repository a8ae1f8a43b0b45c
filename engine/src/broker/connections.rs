//! Connections: one request at a time each. While a request is parked, what comes after it on the same connection waits.

use super::actor::Broker;
use crate::collections::Map;
use crate::config::Acks;
use crate::coordinator::ReplyTo;
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{CorrelationId, NodeId};
use crate::protocol::{Body, Channel, Request, Response};
use crate::view::ConnectionView;
use std::collections::VecDeque;

/// The connections others have opened to this broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Connections {
    open: Map<(NodeId, Channel), Connection>,
    ready: Vec<(NodeId, Channel)>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Connection {
    busy: Option<CorrelationId>,
    backlog: VecDeque<(CorrelationId, Request)>,
}

impl Connections {
    /// Every connection, with who is served and who waits.
    pub fn views(&self) -> Vec<ConnectionView> {
        let view = |((peer, channel), connection): (&(NodeId, Channel), &Connection)| ConnectionView {
            peer: *peer,
            channel: *channel,
            busy: connection.busy.is_some(),
            backlog: connection.backlog.len(),
        };
        self.open.iter().map(view).collect()
    }
}

impl Broker {
    pub(super) fn on_request(&mut self, to: ReplyTo, request: Request, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let connection = runtime.connections.open.entry((to.peer, to.channel)).or_default();
        if connection.busy.is_some() || !connection.backlog.is_empty() {
            connection.backlog.push_back((to.correlation, request));
        } else {
            connection.busy = Some(to.correlation);
            self.handle_request(to, request, out);
        }
    }

    /// Sends the answer and lets the connection's next request in.
    pub(super) fn respond(&mut self, to: ReplyTo, response: Response, out: &mut Effects<'_>) {
        if to.peer == self.node {
            return self.on_response(to.correlation, response, out);
        }
        if self.release(to) {
            out.send(to.peer, to.channel, Body::Response(to.correlation, response));
        }
    }

    /// The request is done without an answer (`acks=0`), or its connection is gone. False when nobody waits any more.
    pub(super) fn release(&mut self, to: ReplyTo) -> bool {
        let Some(runtime) = &mut self.runtime else { return false };
        let key = (to.peer, to.channel);
        let Some(connection) = runtime.connections.open.get_mut(&key) else { return false };
        if connection.busy != Some(to.correlation) {
            return false;
        }
        connection.busy = None;
        if !connection.backlog.is_empty() {
            runtime.connections.ready.push(key);
        }
        true
    }

    /// Closes a connection. What it brought and was not yet looked at is gone.
    pub(super) fn hang_up(&mut self, to: ReplyTo, out: &mut Effects<'_>) {
        let closed = self.with_runtime(|runtime| runtime.connections.open.remove(&(to.peer, to.channel)));
        for (_, request) in closed.into_iter().flat_map(|connection| connection.backlog) {
            if let Request::Produce(produce) = request
                && produce.acks == Acks::None
            {
                for (tp, batch) in produce.batches {
                    let records = batch.records.iter().filter_map(|record| record.id()).collect();
                    out.emit(|| Event::SendVanished { tp, records });
                }
            }
        }
        out.close(to.peer, to.channel);
    }

    /// Takes up the requests whose turn has come.
    pub(super) fn serve_backlogs(&mut self, out: &mut Effects<'_>) {
        while let Some(runtime) = &mut self.runtime
            && let Some(key) = runtime.connections.ready.pop()
        {
            let Some(connection) = runtime.connections.open.get_mut(&key) else { continue };
            if connection.busy.is_some() {
                continue;
            }
            let Some((correlation, request)) = connection.backlog.pop_front() else { continue };
            connection.busy = Some(correlation);
            self.handle_request(ReplyTo { peer: key.0, channel: key.1, correlation }, request, out);
        }
    }

    /// The connections with `peer` broke: what it asked is still done, but nobody waits for the answers.
    pub(super) fn on_disconnected(&mut self, peer: NodeId, channel: Option<Channel>, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let broken = |on: Channel| channel.is_none_or(|channel| channel == on);
        runtime.connections.open.retain(|(other, on), _| *other != peer || !broken(*on));
        let lost: Vec<CorrelationId> = runtime
            .pending
            .iter()
            .filter(|(_, pending)| pending.to == peer && broken(pending.what.channel()))
            .map(|(id, _)| *id)
            .collect();
        for correlation in lost {
            if let Some(pending) = self.with_runtime(|runtime| runtime.pending.remove(&correlation)) {
                self.on_no_answer(pending, out);
            }
        }
        self.close_share_sessions_of(peer, channel, out);
    }
}
