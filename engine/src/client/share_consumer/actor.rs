//! The application's thread, and where each input goes.

use super::membership::Membership;
use crate::client::CommitMode;
use crate::client::connection::{Ask, Asked, Backoff, Connections};
use crate::collections::{Map, Set};
use crate::config::{ConsumerConfig, ShareAcknowledgementMode, ShareConsumerConfig};
use crate::effect::{Effects, Input, Instruction, Timer};
use crate::event::Event;
use crate::ids::{Generation, GroupId, MemberId, NodeId, Offset, RecordId, TopicId, TopicPartition};
use crate::protocol::{Body, Channel, MessageKind};
use crate::share::AcknowledgeType;
use crate::storage::RecordKey;
use crate::time::{Duration, Instant};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What an application does with a record it cannot process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum OnFailure {
    /// It goes back to it and tries again, for ever: nothing behind it in its partition is read.
    Retry,
    /// It goes on as if it were processed.
    Skip,
    /// Share group: it gives it back, for another delivery.
    Release,
    /// Share group: it says that nobody can process it.
    Reject,
    /// Its thread never comes back.
    Hang,
}

/// A program that is a member of a share group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareProgram {
    /// How long it takes for one record.
    pub processing: Duration,
    /// When it commits what it acknowledged; otherwise the next `poll` takes it along.
    pub commit: CommitMode,
    /// Keys of records it cannot process.
    pub fails_on: Vec<String>,
    /// What it does then.
    pub on_failure: OnFailure,
    /// It renews the locks of what it has at this interval.
    pub renew: Option<Duration>,
}

/// A member of a share group and the program that uses it.
#[derive(Clone, Hash, Debug)]
pub struct ShareConsumer {
    pub(super) node: NodeId,
    /// Its settings, those every consumer has.
    pub config: ConsumerConfig,
    /// Its settings as a share consumer.
    pub share: ShareConsumerConfig,
    pub(super) group: GroupId,
    pub(super) topics: Vec<TopicId>,
    /// What it does with records.
    pub program: ShareProgram,
    bootstrap: Vec<NodeId>,
    /// How often the process has started: part of the member id it chooses.
    pub(super) starts: u32,
    pub(super) runtime: Option<Box<Runtime>>,
}

/// What it has asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum ShareAsk {
    FindCoordinator,
    Heartbeat,
    Leave,
    /// Records, with the partitions the session has from then on, and those of which something was said.
    Fetch(Set<TopicPartition>, Vec<TopicPartition>),
    /// Acknowledgements alone: of these partitions; true when the session ends with it.
    Acknowledge(Vec<TopicPartition>, bool),
}

impl Ask for ShareAsk {
    fn kind(&self) -> MessageKind {
        match self {
            ShareAsk::FindCoordinator => MessageKind::FindCoordinator,
            ShareAsk::Heartbeat | ShareAsk::Leave => MessageKind::ShareGroupHeartbeat,
            ShareAsk::Fetch(..) => MessageKind::ShareFetch,
            ShareAsk::Acknowledge(..) => MessageKind::ShareAcknowledge,
        }
    }
}

/// An acquired record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Held {
    pub tp: TopicPartition,
    /// Who gave it out: only that broker can be told what became of it.
    pub from: NodeId,
    pub offset: Offset,
    pub record: Option<RecordId>,
    pub key: Option<RecordKey>,
    pub delivery_count: i16,
}

/// This side of a share session.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Session {
    /// The epoch of the next request.
    pub epoch: i32,
    pub partitions: Set<TopicPartition>,
}

/// What the application's thread is doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Activity {
    /// Inside `poll`, with nothing to return yet.
    #[default]
    Polling,
    /// Processing the record at the front of what is in hand.
    Processing,
    /// Inside `commitSync`.
    Committing,
    /// Processing the record at the front, for ever.
    Hanging,
}

/// What is to be said to one broker, per partition.
pub(super) type Said = Map<TopicPartition, Map<Offset, AcknowledgeType>>;

/// What the process keeps in memory.
#[derive(Clone, Hash, Debug)]
pub(super) struct Runtime {
    pub net: Connections<ShareAsk>,
    pub membership: Membership,
    pub assigned: Vec<TopicPartition>,
    pub sessions: Map<NodeId, Session>,
    /// Acquired, not yet handed out.
    pub buffer: VecDeque<Held>,
    pub in_hand: VecDeque<Held>,
    /// Implicit acknowledgement: what the last `poll` returned.
    pub polled: Vec<Held>,
    /// Acknowledged, not yet said.
    pub said: Map<NodeId, Said>,
    pub activity: Activity,
    pub last_poll: Instant,
    /// Errors: no fetch before then.
    pub fetch_after: Instant,
}

impl ShareConsumer {
    /// A member that has not started.
    pub fn new(
        node: NodeId,
        bootstrap: Vec<NodeId>,
        group: GroupId,
        topics: Vec<TopicId>,
        program: ShareProgram,
        (config, share): (ConsumerConfig, ShareConsumerConfig),
    ) -> ShareConsumer {
        ShareConsumer { node, config, share, group, topics, program, bootstrap, starts: 0, runtime: None }
    }

    /// Its group.
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// Topics it subscribes to.
    pub fn topics(&self) -> &[TopicId] {
        &self.topics
    }

    /// Its id in the group.
    pub fn member(&self) -> MemberId {
        MemberId { client: self.node.0, incarnation: self.starts }
    }

    /// Its partitions.
    pub fn assigned(&self) -> &[TopicPartition] {
        self.runtime.as_ref().map_or(&[], |runtime| &runtime.assigned)
    }

    /// Its member epoch, −1 for none.
    pub fn epoch(&self) -> Generation {
        self.runtime.as_ref().map_or(Generation::NONE, |runtime| runtime.membership.epoch)
    }

    /// How long the application works on a record.
    pub fn takes(&self) -> Duration {
        self.program.processing
    }

    /// The record the application processes now.
    pub fn processing(&self) -> Option<RecordId> {
        let runtime = self.runtime.as_ref()?;
        match runtime.activity {
            Activity::Processing | Activity::Hanging => runtime.in_hand.front()?.record,
            Activity::Polling | Activity::Committing => None,
        }
    }

    /// What it has acquired and not finished, in the order in which it will process it, with the delivery count.
    pub fn holds(&self) -> impl Iterator<Item = (TopicPartition, Offset, i16)> {
        let held = self.runtime.iter().flat_map(|runtime| runtime.in_hand.iter().chain(&runtime.buffer));
        held.map(|held| (held.tp, held.offset, held.delivery_count))
    }

    /// Its two threads, as [`crate::client::Consumer::threads`].
    pub fn threads(&self, now: Instant) -> Option<(Option<Instant>, Instant)> {
        let runtime = self.runtime.as_ref()?;
        let polls = runtime.activity == Activity::Polling;
        Some((runtime.membership.heartbeat_at, if polls { now } else { runtime.last_poll }))
    }

    /// Whether the coordinator counts on it.
    pub fn is_stable(&self) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.membership.joined)
    }

    /// Whether the application waits for a commit.
    pub fn is_committing(&self) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.activity == Activity::Committing)
    }

    /// The process died: what it had is gone, and its locks end with its connections.
    pub fn crash(&mut self) {
        self.runtime = None;
    }

    pub(super) fn is_explicit(&self) -> bool {
        self.share.acknowledgement_mode == ShareAcknowledgementMode::Explicit
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        if let Input::Started = input {
            return self.on_started(out);
        }
        if self.runtime.is_none() {
            return;
        }
        match input {
            Input::Delivered { from, body: Body::Response(correlation, response), .. } => {
                self.on_response(from, correlation, response, out);
            }
            Input::Disconnected { peer, channel } => self.on_disconnected(peer, channel, out),
            Input::TimerFired(timer) => self.on_timer(timer, out),
            Input::Told(Instruction::Stop) => self.close(out),
            Input::Told(Instruction::Processing(takes)) => self.program.processing = takes,
            _ => {}
        }
        self.poll(out);
    }

    fn on_started(&mut self, out: &mut Effects<'_>) {
        self.starts += 1;
        let backoff = Backoff { base: self.config.retry_backoff_ms, max: self.config.retry_backoff_max_ms };
        let mut net = Connections::new(
            self.bootstrap.clone(),
            self.topics.clone(),
            self.config.request_timeout_ms,
            self.config.metadata_max_age_ms,
            backoff,
        );
        net.want_refresh(out);
        self.runtime = Some(Box::new(Runtime {
            net,
            membership: Membership::default(),
            assigned: Vec::new(),
            sessions: Map::new(),
            buffer: VecDeque::new(),
            in_hand: VecDeque::new(),
            polled: Vec::new(),
            said: Map::new(),
            activity: Activity::Polling,
            last_poll: out.now,
            fetch_after: out.now,
        }));
        out.set_timer(Timer::PollDeadline, self.config.max_poll_interval_ms);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Effects<'_>) {
        match timer {
            Timer::MetadataRefresh => {
                if let Some(runtime) = &mut self.runtime {
                    runtime.net.refresh(out);
                }
            }
            Timer::ClientRequestTimeout => self.on_request_timeouts(out),
            Timer::Processing => self.on_processed(out),
            Timer::Heartbeat => self.on_heartbeat_due(out),
            Timer::PollDeadline => self.on_poll_deadline(out),
            Timer::Renew => self.renew(out),
            Timer::CoordinatorBackoff => {
                if let Some(runtime) = &mut self.runtime {
                    runtime.membership.coordinator.backing_off = false;
                }
            }
            // The next pass of `poll` does what has become due.
            _ => {}
        }
    }

    /// The application is inside `poll` whenever it does nothing else.
    fn poll(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.membership.closing {
            return self.go_on_closing(out);
        }
        match runtime.activity {
            Activity::Polling => {}
            Activity::Committing => return self.go_on_committing(out),
            Activity::Processing | Activity::Hanging => return,
        }
        runtime.last_poll = out.now;
        self.poll_coordinator(out);
        if self.take_records(out) {
            return self.begin_batch(out);
        }
        self.send_fetches(out);
        if let Some(runtime) = &self.runtime
            && runtime.fetch_after > out.now
        {
            out.set_timer_at(Timer::Poll, runtime.fetch_after);
        }
    }

    /// `poll` returns what was acquired.
    fn take_records(&mut self, out: &mut Effects<'_>) -> bool {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return false };
        let taken = std::mem::take(&mut runtime.buffer);
        let held: Vec<Held> = taken.into();
        let alike = |a: &Held, b: &Held| (a.tp, a.delivery_count) == (b.tp, b.delivery_count);
        for run in held.chunk_by(alike) {
            let Some(first) = run.first() else { continue };
            out.emit(|| Event::ShareRecordsPolled {
                client,
                group,
                tp: first.tp,
                records: run.iter().filter_map(|held| Some((held.offset, held.record?))).collect(),
                delivery_count: first.delivery_count,
            });
        }
        runtime.polled.clone_from(&held);
        runtime.in_hand = held.into();
        !runtime.in_hand.is_empty()
    }

    fn begin_batch(&mut self, out: &mut Effects<'_>) {
        if let Some(renew) = self.program.renew.filter(|_| self.is_explicit()) {
            out.set_timer(Timer::Renew, renew);
        }
        if self.program.commit == CommitMode::Before && !self.is_explicit() {
            self.accept_polled();
            self.commit_sync(out);
        } else {
            self.process_next(out);
        }
    }

    pub(super) fn process_next(&mut self, out: &mut Effects<'_>) {
        let processing = self.program.processing;
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.in_hand.is_empty() {
            runtime.activity = Activity::Polling;
            out.cancel_timer(Timer::Renew);
            return;
        }
        runtime.activity = Activity::Processing;
        out.set_timer(Timer::Processing, processing);
    }

    /// The program has done what it can with the record in hand.
    fn on_processed(&mut self, out: &mut Effects<'_>) {
        let (client, group, explicit) = (self.node, self.group, self.is_explicit());
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.activity != Activity::Processing {
            return;
        }
        let Some(held) = runtime.in_hand.front().cloned() else { return };
        let fails = held.key.as_ref().is_some_and(|key| self.program.fails_on.iter().any(|bad| **bad == **key));
        let (tp, offset) = (held.tp, held.offset);
        let mut kind = AcknowledgeType::Accept;
        if fails {
            if let Some(record) = held.record {
                out.emit(|| Event::ProcessingFailed { client, group, tp, offset, record });
            }
            kind = match self.program.on_failure {
                OnFailure::Hang => {
                    runtime.activity = Activity::Hanging;
                    return;
                }
                OnFailure::Skip => AcknowledgeType::Accept,
                OnFailure::Reject => AcknowledgeType::Reject,
                OnFailure::Release | OnFailure::Retry => AcknowledgeType::Release,
            };
        } else if let Some(record) = held.record {
            out.emit(|| Event::RecordProcessed { client, group, tp, offset, record });
        }
        runtime.in_hand.pop_front();
        let done = runtime.in_hand.is_empty();
        if explicit {
            self.say(&held, kind);
        } else if done && self.program.commit != CommitMode::Before {
            self.accept_polled();
        }
        match self.program.commit {
            CommitMode::Each if explicit => self.commit_sync(out),
            CommitMode::After | CommitMode::Each if done => self.commit_sync(out),
            CommitMode::Async if done => {
                self.send_acknowledgements(out);
                self.process_next(out);
            }
            _ => self.process_next(out),
        }
    }

    /// `commitSync`: everything acknowledged is said, and the answers are waited for.
    fn commit_sync(&mut self, out: &mut Effects<'_>) {
        if let Some(runtime) = &mut self.runtime {
            runtime.activity = Activity::Committing;
        }
        self.go_on_committing(out);
    }

    fn go_on_committing(&mut self, out: &mut Effects<'_>) {
        self.send_acknowledgements(out);
        let Some(runtime) = &mut self.runtime else { return };
        let says = |ask: &Asked<ShareAsk>| match ask {
            Asked::Own(ShareAsk::Acknowledge(..)) => true,
            Asked::Own(ShareAsk::Fetch(_, said)) => !said.is_empty(),
            _ => false,
        };
        let waits = runtime.net.in_flight.values().any(|request| says(&request.what));
        if runtime.said.is_empty() && !waits {
            self.process_next(out);
            if self.runtime.as_ref().is_some_and(|runtime| runtime.activity == Activity::Polling) {
                self.poll(out);
            }
        }
    }

    fn on_disconnected(&mut self, peer: NodeId, channel: Option<Channel>, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let lost = runtime.net.disconnected(peer, channel, out);
        if channel.is_none_or(|channel| channel == Channel::Client) {
            self.lose_session(peer, out);
        }
        let Some(runtime) = &mut self.runtime else { return };
        runtime.membership.coordinator.disconnected(peer, channel, &runtime.net, out);
        self.on_lost(lost, out);
        if let Some(runtime) = &mut self.runtime {
            runtime.net.stale(out);
        }
    }
}
