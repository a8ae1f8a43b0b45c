//! A consumer: the application's loop of `poll`, process and commit (`ClassicKafkaConsumer`).

use super::connection::{Backoff, Connections};
use super::consumer_group::Membership;
use super::consumer_runtime::{Activity, InHand, Runtime};
use super::processor::{Processor, Starting};
use super::share_consumer::OnFailure;
use crate::app::DatabaseRequest;
use crate::collections::{Map, Set};
use crate::config::ConsumerConfig;
use crate::effect::{Effects, Input, Instruction, Timer};
use crate::event::{Event, PositionReason};
use crate::ids::{Generation, GroupId, LeaderEpoch, NodeId, Offset, RecordId, TopicId, TopicPartition};
use crate::planted::{Planted, planted};
use crate::protocol::{Body, Channel, CommitOffset};
use crate::time::{Duration, Instant};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// When the program commits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum CommitMode {
    /// It leaves it to `enable.auto.commit`.
    #[default]
    Auto,
    /// `commitSync` right after `poll`, before anything is processed: at most once.
    Before,
    /// `commitSync` after all records of a `poll` are processed: at least once.
    After,
    /// `commitSync` of the next offset after each record.
    Each,
    /// `commitAsync` after all records of a `poll` are processed.
    Async,
    /// The same, and its callback sends a commit that failed once more: what the client itself never does, because a
    /// later commit may have gone through.
    AsyncRetry,
}

/// How long an application waits before it polls again for a record that failed.
const RETRY_PAUSE: Duration = Duration::from_millis(1_000);

/// A consuming program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerProgram {
    /// When it commits.
    pub commit: CommitMode,
    /// How long it takes for one record.
    pub processing: Duration,
    /// The database it writes effects to.
    pub database: Option<NodeId>,
    /// Whether that database has a dedupe table.
    pub dedupe: bool,
}

/// A place in one assigned partition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Position {
    /// The next offset `poll` returns; none while it is being looked up.
    pub offset: Option<Offset>,
    /// The leader epoch of the last record returned.
    pub epoch: LeaderEpoch,
    /// The epoch of the leader under which it is known to stand; none until it is validated.
    pub leader_epoch: LeaderEpoch,
}

/// A consumer and the program that uses it.
#[derive(Clone, Hash, Debug)]
pub struct Consumer {
    pub(super) node: NodeId,
    /// Its settings.
    pub config: ConsumerConfig,
    pub(super) group: GroupId,
    pub(super) topics: Vec<TopicId>,
    /// What it does with records.
    pub program: ConsumerProgram,
    bootstrap: Vec<NodeId>,
    /// How often the process has started: part of the member id a KIP-848 client chooses.
    pub(super) starts: u32,
    /// Keys of records its application cannot process, and what it does with them.
    pub(super) failing: (Vec<String>, OnFailure),
    /// What it writes, when it does.
    pub(super) processor: Option<Box<Processor>>,
    /// The world's ZooKeeper.
    pub(super) zookeeper: Option<NodeId>,
    pub(super) runtime: Option<Box<Runtime>>,
}

impl Consumer {
    /// A consumer that has not started.
    pub fn new(
        node: NodeId,
        bootstrap: Vec<NodeId>,
        group: GroupId,
        topics: Vec<TopicId>,
        program: ConsumerProgram,
        config: ConsumerConfig,
    ) -> Consumer {
        let failing = (Vec::new(), OnFailure::Retry);
        Consumer {
            node,
            config,
            group,
            topics,
            program,
            bootstrap,
            starts: 0,
            failing,
            processor: None,
            zookeeper: None,
            runtime: None,
        }
    }

    /// The same consumer with an application that cannot process records with these keys.
    pub fn failing(self, keys: &[String], then: OnFailure) -> Consumer {
        Consumer { failing: (keys.to_vec(), then), ..self }
    }

    /// Its group.
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// Topics it subscribes to.
    pub fn topics(&self) -> &[TopicId] {
        &self.topics
    }

    /// Its assigned partitions and positions.
    pub fn positions(&self) -> impl Iterator<Item = (TopicPartition, Option<Offset>)> {
        self.runtime.iter().flat_map(|runtime| runtime.positions.iter().map(|(tp, position)| (*tp, position.offset)))
    }

    /// Its generation, −1 for none.
    pub fn generation(&self) -> Generation {
        self.runtime.as_ref().map_or(Generation::NONE, |runtime| runtime.membership.generation)
    }

    /// How long the application works on a record.
    pub fn takes(&self) -> Duration {
        self.program.processing
    }

    /// The record the application processes now.
    pub fn processing(&self) -> Option<RecordId> {
        let runtime = self.runtime.as_ref()?;
        match runtime.activity {
            Activity::Processing | Activity::Storing => runtime.in_hand.front()?.record,
            Activity::Polling | Activity::Committing | Activity::Producing => None,
        }
    }

    /// Its two threads: when the heartbeat thread last spoke to the coordinator, and when the application's thread was
    /// last inside `poll`, which is now when it is there; none when the process is down.
    pub fn threads(&self, now: Instant) -> Option<(Option<Instant>, Instant)> {
        let runtime = self.runtime.as_ref()?;
        let polls = runtime.activity == Activity::Polling;
        Some((runtime.membership.heartbeat_at, if polls { now } else { runtime.last_poll }))
    }

    /// Whether it is a member of a settled generation.
    pub fn is_stable(&self) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.membership.is_stable())
    }

    /// Whether the application waits for a commit.
    pub fn is_committing(&self) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.activity == Activity::Committing)
    }

    /// The process died: positions, buffers and what was in hand are gone.
    pub fn crash(&mut self) {
        self.runtime = None;
        if let Some(processor) = &mut self.processor {
            processor.crash();
        }
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        if let Input::Started = input {
            return self.on_started(out);
        }
        if self.runtime.is_none() {
            return;
        }
        if self.is_producers(&input) {
            self.tell_producer(input, out);
            return self.poll(out);
        }
        match input {
            Input::Delivered { from, body: Body::Response(correlation, response), .. } => {
                self.on_response(from, correlation, response, out);
            }
            Input::Delivered { body: Body::DatabaseResponse(_), .. } => self.on_stored(out),
            Input::Disconnected { peer, channel } => {
                self.on_disconnected(peer, channel, out);
                if channel.is_none() {
                    self.tell_producer(Input::Disconnected { peer, channel }, out);
                }
            }
            Input::TimerFired(timer) => self.on_timer(timer, out),
            Input::Told(Instruction::Stop) => self.stop(out),
            Input::Told(Instruction::Seek(to)) => self.seek(to, out),
            Input::Told(Instruction::PausePartitions(paused)) => self.pause_partitions(paused),
            Input::Told(Instruction::Processing(takes)) => self.program.processing = takes,
            _ => {}
        }
        self.poll(out);
    }

    /// `pause(assignment())`, or `resume(paused())`. Polls go on, so the member stays in its group.
    fn pause_partitions(&mut self, paused: bool) {
        let Some(runtime) = &mut self.runtime else { return };
        runtime.paused = if paused { runtime.positions.keys().copied().collect() } else { Set::new() };
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
            positions: Map::new(),
            buffer: Map::new(),
            buffer_ends: Map::new(),
            arrival: VecDeque::new(),
            in_hand: VecDeque::new(),
            activity: Activity::Polling,
            last_poll: out.now,
            next_auto_commit: out.now + self.config.auto_commit_interval_ms,
            async_commits: Map::new(),
            failed_commits: Vec::new(),
            writing: Map::new(),
            syncing: None,
            leads_with: None,
            fetch_after: out.now,
            resetting: false,
            lookups: Map::new(),
            paused: Set::new(),
            fetching: Map::new(),
            read_from: Map::new(),
            rewinding: Map::new(),
        }));
        self.start_processor(out);
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
            Timer::Heartbeat => self.send_heartbeat(out),
            Timer::PollDeadline => self.on_poll_deadline(out),
            Timer::CoordinatorBackoff => {
                if let Some(runtime) = &mut self.runtime {
                    runtime.membership.coordinator.backing_off = false;
                }
            }
            // The next pass of `poll` does what has become due.
            _ => {}
        }
    }

    /// The application is inside `poll` whenever it does nothing else: one pass of its loop.
    fn poll(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.activity == Activity::Committing {
            return self.drive_commit(out);
        }
        if runtime.activity != Activity::Polling || runtime.membership.closing || self.processor.is_starting() {
            return;
        }
        runtime.last_poll = out.now;
        self.watch_topics();
        self.poll_coordinator(out);
        self.retry_commits(out);
        self.update_positions(out);
        self.validate_positions(out);
        if self.take_records(out) {
            self.begin_batch(out);
        }
        self.send_fetches(out);
        self.arm_poll(out);
    }

    /// The moments at which `poll` has something to do although nothing arrives.
    fn arm_poll(&mut self, out: &mut Effects<'_>) {
        let auto = self.auto_commits();
        let Some(runtime) = &self.runtime else { return };
        if runtime.activity != Activity::Polling {
            return;
        }
        let mut next = None;
        // Without a coordinator nothing is due: the answer to the search for one calls `poll` again.
        if auto && runtime.membership.is_stable() && runtime.membership.coordinator.node.is_some() {
            next = Some(runtime.next_auto_commit);
        }
        if runtime.fetch_after > out.now {
            next = Some(next.map_or(runtime.fetch_after, |at: Instant| at.min(runtime.fetch_after)));
        }
        match next {
            Some(at) => out.set_timer_at(Timer::Poll, at.max(out.now + Duration(1))),
            None => out.cancel_timer(Timer::Poll),
        }
    }

    pub(super) fn auto_commits(&self) -> bool {
        let transactional = self.processor.as_ref().is_some_and(|processor| processor.is_transactional());
        self.config.enable_auto_commit && self.program.commit == CommitMode::Auto && !transactional
    }

    /// Moves up to `max.poll.records` records from the buffer into the application's hand. Positions move here.
    fn take_records(&mut self, out: &mut Effects<'_>) -> bool {
        let (client, group) = (self.node, self.group);
        let limit = self.config.max_poll_records as usize;
        if !self.hands_out() {
            return false;
        }
        let Some(runtime) = &mut self.runtime else { return false };
        let mut place = 0;
        while runtime.in_hand.len() < limit
            && let Some(tp) = runtime.arrival.get(place).copied()
        {
            if runtime.paused.contains(&tp) {
                place += 1;
                continue;
            }
            let revoking = runtime.membership.is_revoking(tp);
            let Some(queue) = runtime.buffer.get_mut(&tp).filter(|queue| !queue.is_empty() && !revoking) else {
                runtime.buffer.remove(&tp);
                runtime.arrival.remove(place);
                continue;
            };
            let room = (limit - runtime.in_hand.len()).min(queue.len());
            let taken: Vec<InHand> = queue.drain(..room).collect();
            let Some(last) = taken.last() else { continue };
            let end = runtime.buffer_ends.get(&tp).copied().filter(|_| queue.is_empty());
            let position = end.unwrap_or(Offset::ZERO).max(last.offset + 1);
            if let Some(known) = runtime.positions.get_mut(&tp)
                && !planted(Planted::PositionNotMoved)
            {
                *known = Position { offset: Some(position), epoch: last.epoch, ..*known };
            }
            out.emit(|| Event::RecordsPolled {
                client,
                group,
                tp,
                records: taken.iter().filter_map(|in_hand| Some((in_hand.offset, in_hand.record?))).collect(),
                position,
            });
            runtime.in_hand.extend(taken);
        }
        !runtime.in_hand.is_empty()
    }

    /// `poll` has returned records.
    fn begin_batch(&mut self, out: &mut Effects<'_>) {
        self.begin_processing(out);
        if self.program.commit == CommitMode::Before {
            let offsets = self.consumed();
            self.commit_sync(offsets, out);
        } else {
            self.process_next(out);
        }
    }

    pub(super) fn process_next(&mut self, out: &mut Effects<'_>) {
        let processing = self.program.processing;
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.in_hand.is_empty() {
            runtime.activity = Activity::Polling;
            return;
        }
        runtime.activity = Activity::Processing;
        out.set_timer(Timer::Processing, processing);
    }

    /// The program has done its work on the record in hand; what is left is the effect.
    fn on_processed(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        if runtime.activity != Activity::Processing {
            return;
        }
        let Some(in_hand) = runtime.in_hand.front().cloned() else { return };
        if in_hand.key.as_ref().is_some_and(|key| self.failing.0.iter().any(|bad| **bad == **key)) {
            return self.on_failed(&in_hand, out);
        }
        if self.processor.is_some() {
            return self.write_on(&in_hand, out);
        }
        if let (Some(database), Some(record)) = (self.program.database, in_hand.record) {
            runtime.activity = Activity::Storing;
            let request = DatabaseRequest { record, dedupe: self.program.dedupe };
            out.send(database, Channel::Database, Body::DatabaseRequest(request));
        } else {
            self.finish_record(out);
        }
    }

    /// The application cannot process a record.
    fn on_failed(&mut self, failed: &InHand, out: &mut Effects<'_>) {
        let (client, group, tp, offset) = (self.node, self.group, failed.tp, failed.offset);
        if let Some(record) = failed.record {
            out.emit(|| Event::ProcessingFailed { client, group, tp, offset, record });
        }
        let Some(runtime) = &mut self.runtime else { return };
        match self.failing.1 {
            // It goes back to the record and, after a pause, polls again. What it has of other partitions comes first.
            OnFailure::Retry | OnFailure::Release => {
                runtime.in_hand.retain(|other| other.tp != tp);
                runtime.arrival.retain(|other| *other != tp);
                self.set_position(tp, offset, LeaderEpoch::NONE, PositionReason::Seek, out);
                if let Some(runtime) = &mut self.runtime {
                    runtime.fetch_after = runtime.fetch_after.max(out.now + RETRY_PAUSE);
                }
                self.process_next(out);
            }
            OnFailure::Skip | OnFailure::Reject => {
                if let Some(first) = runtime.in_hand.front_mut() {
                    first.record = None;
                }
                self.finish_record(out);
            }
            OnFailure::Hang => {}
        }
    }

    fn on_stored(&mut self, out: &mut Effects<'_>) {
        if self.runtime.as_ref().is_some_and(|runtime| runtime.activity == Activity::Storing) {
            self.finish_record(out);
        }
    }

    pub(super) fn finish_record(&mut self, out: &mut Effects<'_>) {
        let (client, group) = (self.node, self.group);
        let Some(runtime) = &mut self.runtime else { return };
        let Some(done) = runtime.in_hand.pop_front() else { return };
        if let Some(record) = done.record {
            out.emit(|| Event::RecordProcessed { client, group, tp: done.tp, offset: done.offset, record });
        }
        let batch_done = runtime.in_hand.is_empty();
        if self.processor.is_some() {
            return if batch_done { self.finish_processing(out) } else { self.process_next(out) };
        }
        match self.program.commit {
            CommitMode::Each => {
                let offset = CommitOffset { tp: done.tp, offset: done.offset + 1, leader_epoch: done.epoch };
                self.commit_sync(vec![offset], out);
            }
            CommitMode::After if batch_done => {
                let offsets = self.consumed();
                self.commit_sync(offsets, out);
            }
            CommitMode::Async | CommitMode::AsyncRetry if batch_done => {
                let offsets = self.consumed();
                self.commit_async(offsets, false, out);
                self.process_next(out);
            }
            _ => self.process_next(out),
        }
    }
}
