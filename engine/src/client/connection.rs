//! Requests under way, their timeouts, and the refresh of the metadata (`NetworkClient`).

use super::metadata::ClientMetadata;
use crate::collections::{Map, Set};
use crate::config::MetadataRecovery;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{CorrelationId, NodeId, TopicId};
use crate::protocol::{Body, Channel, MessageKind, MetadataRequest, MetadataResponse, Request};
use crate::rng::SimRng;
use crate::time::{Duration, Instant};

/// Pauses before a broken connection is tried again (`reconnect.backoff.ms`, `reconnect.backoff.max.ms`).
const RECONNECT: Backoff = Backoff { base: Duration::from_millis(50), max: Duration::from_millis(1_000) };

/// Exponential back-off with jitter (KIP-580): doubles from `base` up to `max`, ±20 %.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Backoff {
    /// The first pause.
    pub base: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Backoff {
    /// The pause before retry `attempt`, from 0.
    pub fn after(&self, attempt: u32, rng: &mut SimRng) -> Duration {
        let doubled = self.base.times(1u64.checked_shl(attempt.min(40)).unwrap_or(u64::MAX));
        rng.jittered(doubled.min(self.max))
    }
}

/// A request without an answer yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct InFlight<T> {
    pub to: NodeId,
    pub channel: Channel,
    /// When it counts as unanswered.
    pub deadline: Instant,
    pub what: Asked<T>,
}

/// What a client asked for: metadata, or something of its own kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Asked<T> {
    Metadata,
    Own(T),
}

/// What a kind of client may ask for.
pub(super) trait Ask: Clone {
    /// The request it is asked with.
    fn kind(&self) -> MessageKind;
}

/// A client's connections.
///
/// A program may have two clients, a consumer and a producer: each has connections and timers of its own.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Connections<T> {
    pub metadata: ClientMetadata,
    pub in_flight: Map<CorrelationId, InFlight<T>>,
    /// The connection for metadata and data.
    pub channel: Channel,
    bootstrap: Vec<NodeId>,
    topics: Vec<TopicId>,
    next_correlation: u32,
    request_timeout: Duration,
    max_age: Duration,
    /// Pauses before something refused or unanswered is asked again (`retry.backoff.ms`, `retry.backoff.max.ms`).
    pub backoff: Backoff,
    /// Pauses before a broken connection is tried again.
    pub reconnect: Backoff,
    /// Broken connections: how often in a row, and when they may be tried again.
    broken: Map<NodeId, (u32, Instant)>,
    metadata_attempts: u32,
    /// When the refresh timer runs out; none while a refresh is under way.
    refresh_at: Option<Instant>,
    refreshing: bool,
    /// When the timer for unanswered requests runs out.
    timer_at: Option<Instant>,
    /// Since when metadata is asked for in vain.
    in_vain_since: Option<Instant>,
    /// What is done then.
    pub recovery: Recovery,
    /// Until when the topics are wanted; none for ever (`metadata.max.idle.ms` is a producer's).
    pub wanted_until: Option<Instant>,
    /// The topics were forgotten: refreshes ask for brokers only.
    idle: bool,
}

/// `metadata.recovery.strategy` and its trigger.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Recovery {
    pub strategy: MetadataRecovery,
    pub trigger: Duration,
}

impl Default for Recovery {
    fn default() -> Self {
        Recovery { strategy: MetadataRecovery::Rebootstrap, trigger: Duration::from_millis(300_000) }
    }
}

impl<T: Clone> Connections<T> {
    pub fn new(
        bootstrap: Vec<NodeId>,
        topics: Vec<TopicId>,
        request_timeout: Duration,
        max_age: Duration,
        backoff: Backoff,
    ) -> Connections<T> {
        Connections {
            metadata: ClientMetadata::default(),
            in_flight: Map::new(),
            channel: Channel::Client,
            bootstrap,
            topics,
            next_correlation: 0,
            request_timeout,
            max_age,
            backoff,
            reconnect: RECONNECT,
            broken: Map::new(),
            metadata_attempts: 0,
            refresh_at: None,
            refreshing: false,
            timer_at: None,
            in_vain_since: None,
            recovery: Recovery::default(),
            wanted_until: None,
            idle: false,
        }
    }

    /// Whether a connection to `node` may be used now.
    pub fn usable(&self, node: NodeId, now: Instant) -> bool {
        self.broken.get(&node).is_none_or(|(_, until)| *until <= now)
    }

    /// When a broken connection may be tried again.
    pub fn usable_at(&self, node: NodeId) -> Instant {
        self.broken.get(&node).map_or(Instant::ZERO, |(_, until)| *until)
    }

    /// Requests under way to a node on its data connection.
    pub fn in_flight_to(&self, node: NodeId) -> usize {
        self.in_flight.values().filter(|request| request.to == node && request.channel == self.channel).count()
    }

    fn request_timer(&self) -> Timer {
        if self.channel == Channel::Producer { Timer::ProducerRequestTimeout } else { Timer::ClientRequestTimeout }
    }

    fn refresh_timer(&self) -> Timer {
        if self.channel == Channel::Producer { Timer::ProducerMetadataRefresh } else { Timer::MetadataRefresh }
    }

    /// Sends a request.
    pub fn ask(&mut self, to: NodeId, channel: Channel, request: Request, what: T, out: &mut Effects<'_>) {
        self.send(to, channel, request, Asked::Own(what), self.request_timeout, out);
    }

    /// Sends a request whose answer may take longer than `request.timeout.ms`.
    pub fn ask_for(
        &mut self,
        to: NodeId,
        channel: Channel,
        request: Request,
        what: T,
        timeout: Duration,
        out: &mut Effects<'_>,
    ) {
        self.send(to, channel, request, Asked::Own(what), timeout.max(self.request_timeout), out);
    }

    fn send(
        &mut self,
        to: NodeId,
        channel: Channel,
        request: Request,
        what: Asked<T>,
        timeout: Duration,
        out: &mut Effects<'_>,
    ) {
        let correlation = CorrelationId(self.next_correlation);
        self.next_correlation = self.next_correlation.wrapping_add(1);
        let deadline = out.now + timeout;
        self.in_flight.insert(correlation, InFlight { to, channel, deadline, what });
        out.send(to, channel, Body::Request(correlation, request));
        if self.timer_at.is_none_or(|at| deadline < at) {
            self.timer_at = Some(deadline);
            out.set_timer_at(self.request_timer(), deadline);
        }
    }

    /// An answer came: what was it for?
    pub fn answered(&mut self, from: NodeId, correlation: CorrelationId) -> Option<InFlight<T>> {
        self.broken.remove(&from);
        self.in_flight.remove(&correlation)
    }

    /// Sends a request that gets no answer.
    pub fn tell(&mut self, to: NodeId, channel: Channel, request: Request, out: &mut Effects<'_>) {
        let correlation = CorrelationId(self.next_correlation);
        self.next_correlation = self.next_correlation.wrapping_add(1);
        out.send(to, channel, Body::Request(correlation, request));
    }

    /// A connection broke; returns the requests that will not be answered.
    pub fn disconnected(&mut self, peer: NodeId, channel: Option<Channel>, out: &mut Effects<'_>) -> Vec<InFlight<T>> {
        let entry = self.broken.entry(peer).or_insert((0, Instant::ZERO));
        *entry = (entry.0 + 1, out.now + self.reconnect.after(entry.0, out.rng));
        self.take(|request| request.to == peer && channel.is_none_or(|channel| channel == request.channel))
    }

    fn take(&mut self, lost: impl Fn(&InFlight<T>) -> bool) -> Vec<InFlight<T>> {
        let ids: Vec<CorrelationId> =
            self.in_flight.iter().filter(|(_, request)| lost(request)).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.in_flight.remove(&id)).collect()
    }

    /// Requests that have gone unanswered too long. Their connections are closed, and all that was under way on them fails.
    pub fn timed_out(&mut self, client: NodeId, out: &mut Effects<'_>) -> Vec<InFlight<T>>
    where
        T: Ask,
    {
        let now = out.now;
        let late: Set<(NodeId, Channel)> = self
            .in_flight
            .values()
            .filter(|request| request.deadline <= now)
            .map(|request| (request.to, request.channel))
            .collect();
        let mut lost = Vec::new();
        for (to, channel) in late {
            out.close(to, channel);
            lost.extend(self.disconnected(to, Some(channel), out));
        }
        self.timer_at = self.in_flight.values().map(|request| request.deadline).min();
        if let Some(next) = self.timer_at {
            out.set_timer_at(self.request_timer(), next);
        }
        for request in &lost {
            let kind = match &request.what {
                Asked::Metadata => MessageKind::Metadata,
                Asked::Own(what) => what.kind(),
            };
            let to = request.to;
            out.emit(|| Event::RequestTimedOut { client, to, kind });
        }
        lost
    }

    /// The metadata is wrong or missing: ask for it, after a pause if it was asked for in vain before.
    pub fn want_refresh(&mut self, out: &mut Effects<'_>) {
        if self.refreshing {
            return;
        }
        let pause = if self.metadata_attempts == 0 {
            Duration::ZERO
        } else {
            self.backoff.after(self.metadata_attempts - 1, out.rng)
        };
        let at = out.now + pause;
        if self.refresh_at.is_none_or(|planned| at < planned) {
            self.refresh_at = Some(at);
            out.set_timer_at(self.refresh_timer(), at);
        }
    }

    /// Asks the least loaded node for metadata.
    pub fn refresh(&mut self, out: &mut Effects<'_>) {
        self.refresh_at = None;
        let known: Vec<NodeId> = self.metadata.nodes().collect();
        // When no known node can be reached, or too long in vain, the bootstrap servers are asked again.
        let reachable = known.iter().any(|node| self.usable(*node, out.now));
        let since = *self.in_vain_since.get_or_insert(out.now);
        let begins_anew = match self.recovery.strategy {
            MetadataRecovery::Rebootstrap => !reachable || out.now.since(since) >= self.recovery.trigger,
            MetadataRecovery::None => known.is_empty(),
        };
        let candidates = if begins_anew { self.bootstrap.clone() } else { known };
        let usable = |node: &&NodeId| self.usable(**node, out.now);
        let least = candidates.iter().filter(usable).map(|node| self.load(*node)).min();
        let idle: Vec<NodeId> =
            candidates.iter().filter(usable).filter(|node| Some(self.load(**node)) == least).copied().collect();
        let chosen = out.rng.pick(&idle).copied();
        self.metadata_attempts += 1;
        let Some(node) = chosen else {
            let next = candidates.iter().map(|node| self.usable_at(*node)).min().unwrap_or(out.now);
            let at = next.max(out.now + Duration::from_millis(1));
            self.refresh_at = Some(at);
            out.set_timer_at(self.refresh_timer(), at);
            return;
        };
        self.refreshing = true;
        let topics = if self.idle { Vec::new() } else { self.topics.clone() };
        let request = Request::Metadata(MetadataRequest { topics });
        self.send(node, self.channel, request, Asked::Metadata, self.request_timeout, out);
    }

    fn load(&self, node: NodeId) -> usize {
        self.in_flight.values().filter(|request| request.to == node).count()
    }

    /// Metadata arrived. True when every topic and every leader is known.
    pub fn refreshed(&mut self, response: &MetadataResponse, out: &mut Effects<'_>) -> bool {
        self.refreshing = false;
        self.in_vain_since = None;
        self.metadata.update(response);
        let complete = response.unknown_topics.is_empty()
            && response.partitions.iter().all(|partition| self.metadata.leader(partition.tp).is_some());
        if complete {
            if self.wanted_until.is_some_and(|until| until <= out.now) {
                self.idle = true;
                self.metadata.forget_partitions();
            }
            self.metadata_attempts = 0;
            self.refresh_at = Some(out.now + self.max_age);
            out.set_timer(self.refresh_timer(), self.max_age);
        } else {
            self.want_refresh(out);
        }
        complete
    }

    /// The topics are written to: they are wanted for another while. What was forgotten has to be asked for again.
    pub fn want_topics(&mut self, idle_max: Duration, out: &mut Effects<'_>) {
        self.wanted_until = Some(out.now + idle_max);
        if std::mem::take(&mut self.idle) {
            self.want_refresh(out);
        }
    }

    /// The request for metadata got no answer.
    pub fn refresh_failed(&mut self, out: &mut Effects<'_>) {
        self.refreshing = false;
        self.want_refresh(out);
    }

    /// A leader is gone or unknown to the broker asked: what is known is stale, but only asking again can tell.
    pub fn stale(&mut self, out: &mut Effects<'_>) {
        self.metadata_attempts = self.metadata_attempts.max(1);
        self.want_refresh(out);
    }
}
