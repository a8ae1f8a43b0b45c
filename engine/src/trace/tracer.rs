//! Turns what a dispatch told into lines. The tracer remembers only what a line needs and no fact carries.

use super::line::Line;
use crate::collections::{Map, Set};
use crate::controller::MetadataImage;
use crate::event::{Event, StopKind};
use crate::fact::Fact;
use crate::hash::StableHasher;
use crate::history::Recording;
use crate::ids::*;
use crate::sim::{Directory, NodeKind, SpecError, Told};
use crate::time::{Duration, Instant};
use std::hash::Hasher;

/// How long nothing may happen before a trace ends quietly.
const QUIET: Duration = Duration::from_secs(60);

/// What one `poll` returned so far: its events come one a partition.
pub(super) struct OpenPoll {
    pub client: NodeId,
    pub records: Vec<(TopicPartition, Offset, RecordId)>,
    pub positions: Vec<(TopicPartition, Offset)>,
}

/// Why a process is down or still.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ailment {
    Stopped(StopKind),
    Paused,
}

/// Writes one trace.
pub(super) struct Tracer {
    pub directory: Directory,
    pub subscriptions: Map<NodeId, Vec<String>>,
    n: u64,
    t: Instant,
    hasher: StableHasher,
    pub out: String,
    /// When something last happened that is more than idling.
    pub busy_at: Instant,
    pub next_op: u64,
    /// Sends without an outcome.
    pub sends: Map<RecordId, u64>,
    /// Every send's operation: guarantees name it long after.
    pub operations: Map<NodeId, Vec<u64>>,
    /// Commits without an outcome.
    pub commits: Map<(NodeId, u32), u64>,
    pub generations: Map<NodeId, Generation>,
    pub poll: Option<OpenPoll>,
    /// What waits until the open poll is written.
    pub held_back: Vec<Event>,
    pub roles: Map<(BrokerId, TopicPartition), LeaderEpoch>,
    pub marks: Map<(BrokerId, TopicPartition), Offset>,
    pub image: MetadataImage,
    /// Records of the metadata log below are written.
    pub committed_metadata: Offset,
    pub groups: Map<GroupId, super::groups::GroupTrace>,
    pub committed: Map<(GroupId, TopicPartition), Offset>,
    pub ailing: Map<NodeId, Ailment>,
    pub cut: Set<FaultId>,
    /// Whether messages are written.
    pub messages: bool,
}

impl Tracer {
    /// A tracer that has written the header.
    pub fn new(recording: &Recording, directory: Directory, messages: bool) -> Result<Tracer, SpecError> {
        let mut tracer = Tracer {
            directory,
            subscriptions: Map::new(),
            n: 0,
            t: Instant::ZERO,
            hasher: StableHasher::default(),
            out: String::new(),
            busy_at: Instant::ZERO,
            next_op: 0,
            sends: Map::new(),
            operations: Map::new(),
            commits: Map::new(),
            generations: Map::new(),
            poll: None,
            held_back: Vec::new(),
            roles: Map::new(),
            marks: Map::new(),
            image: MetadataImage::default(),
            committed_metadata: Offset::ZERO,
            groups: Map::new(),
            committed: Map::new(),
            ailing: Map::new(),
            cut: Set::new(),
            messages,
        };
        tracer.header(recording)?;
        Ok(tracer)
    }

    /// Begins a line.
    pub fn line(&self, ev: &str) -> Line {
        Line::new(self.n, self.t.0, ev)
    }

    /// Writes a line.
    pub fn put(&mut self, line: Line) {
        let text = line.end();
        self.hasher.write(text.as_bytes());
        self.n += 1;
        self.out.push_str(&text);
    }

    /// Something happened that is more than idling.
    pub fn busy(&mut self) {
        self.busy_at = self.t;
    }

    /// The number of a new operation.
    pub fn operation(&mut self) -> u64 {
        self.next_op += 1;
        self.next_op
    }

    /// Writes what one dispatch told.
    pub fn dispatched(&mut self, at: Instant, told: Vec<Told>, text: &mut String) {
        self.t = at;
        for item in told {
            match item {
                Told::Event(event) => self.event(event),
                Told::Fact(fact) => {
                    self.close_poll();
                    self.fact(fact);
                }
            }
        }
        self.close_poll();
        self.flush_groups();
        text.push_str(&self.out);
        self.out.clear();
    }

    /// Writes the hashes of state and trace.
    pub fn hash(&mut self, at: u64, state: u64, text: &mut String) {
        let line = self.line("hash").int("at", at as i64).hex("state", state).hex("trace", self.hasher.finish());
        self.put(line);
        text.push_str(&self.out);
        self.out.clear();
    }

    /// Writes the last line.
    pub fn end(&mut self, until: Instant, text: &mut String) {
        self.t = until;
        let at_rest = self.ailing.is_empty() && self.cut.is_empty() && self.sends.is_empty() && self.commits.is_empty();
        let quiet = at_rest && until.since(self.busy_at) >= QUIET;
        let line = self.line("end").text("reason", "until").flag("quiet", quiet);
        self.put(line);
        text.push_str(&self.out);
        self.out.clear();
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::RecordsPolled { .. } => return self.polled(event),
            // A guarantee about a record comes after the poll that returned it.
            Event::GuaranteeGivenUp { .. } if self.poll.is_some() => return self.held_back.push(event),
            _ => {}
        }
        self.close_poll();
        match event {
            Event::NodeStarted { .. }
            | Event::NodeStopped { .. }
            | Event::NodePaused { .. }
            | Event::NodeResumed { .. }
            | Event::LinkCut { .. }
            | Event::LinkHealed { .. }
            | Event::MessageDropped { .. } => self.fault_event(event),
            Event::LeaderActivated { .. }
            | Event::FollowerActivated { .. }
            | Event::HighWatermarkAdvanced { .. }
            | Event::LogTruncated { .. }
            | Event::LogStartRaised { .. }
            | Event::LogCompacted { .. }
            | Event::LogFlushed { .. } => self.replica_event(event),
            Event::RecordSent { .. }
            | Event::RecordAcked { .. }
            | Event::SendFailed { .. }
            | Event::PartitionsAssigned { .. }
            | Event::PartitionsRevoked { .. }
            | Event::PositionSet { .. } => self.client_event(event),
            Event::GroupStateChanged { .. } | Event::MemberJoined { .. } | Event::MemberLeft { .. } => {
                self.group_event(&event);
            }
            Event::TransactionStateChanged { .. } => self.transaction_event(&event),
            Event::GuaranteeGivenUp { .. } => self.guarantee(event),
            // What other facts say in more detail, what only a page wants, and the world of queues.
            _ => {}
        }
    }

    fn fact(&mut self, fact: Fact) {
        match fact {
            // The event of the compaction says it.
            Fact::ValuesCleaned { .. } => {}
            Fact::Appended { .. }
            | Fact::HighWatermarkLoaded { .. }
            | Fact::ReplicaOffline { .. }
            | Fact::MetadataApplied { .. }
            | Fact::MetadataAppended { .. }
            | Fact::MetadataTruncated { .. }
            | Fact::MetadataCommitted { .. }
            | Fact::ZnodeWritten { .. }
            | Fact::QuorumState { .. } => self.cluster_fact(fact),
            Fact::GroupSnapshot { .. } | Fact::OffsetsCommitted { .. } | Fact::OffsetsLoaded { .. } => {
                self.group_fact(fact);
            }
            Fact::CommitInvoked { .. } | Fact::CommitReturned { .. } => self.commit_fact(fact),
            Fact::MessageSent { .. } | Fact::MessageDelivered { .. } => self.message_fact(&fact),
        }
    }

    /// The number a node of the cluster has in traces; none for clients and for what is not part of a trace.
    pub fn node_number(&self, node: NodeId) -> Option<i64> {
        match self.directory.node_kind(node)? {
            NodeKind::Broker(broker) => Some(i64::from(broker.0)),
            NodeKind::Controller => Some(controller_number(&self.directory, node)),
            _ => None,
        }
    }

    /// Whether a node is a client of the cluster or of a queue.
    pub fn is_client(&self, node: NodeId) -> bool {
        matches!(self.directory.node_kind(node), Some(NodeKind::Producer | NodeKind::Consumer(_) | NodeKind::Worker(_)))
    }

    /// What a record is called.
    pub fn value(&self, record: RecordId) -> String {
        self.directory.record_name(record)
    }
}

/// Controllers are numbered from 101.
pub(super) fn controller_number(directory: &Directory, node: NodeId) -> i64 {
    let earlier = directory.nodes().filter(|(other, kind)| *other < node && *kind == NodeKind::Controller).count();
    101 + earlier as i64
}
