//! One process opened: a broker's directories, connections and parked requests; a client's buffers.

use super::stage::ProcessView;
use crate::broker::DiskState;
use crate::ids::*;
use crate::protocol::Channel;
use crate::sim::{Actor, Simulation};
use crate::time::Instant;

/// What is inside a process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InsideView {
    /// Its address.
    pub node: NodeId,
    /// Whether it works. What is on a broker's disk is there all the same.
    pub process: ProcessView,
    /// What kind of process it is, with what it holds.
    pub what: InsideKind,
}

/// What kind of process is opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InsideKind {
    /// A broker.
    Broker(BrokerInside),
    /// A producer: [`super::ProducerInside`] of the stage's view says what is in it.
    Producer(SenderInside),
    /// A consumer.
    Consumer(ConsumerInside),
    /// A controller: the stage's view has the quorum and how far brokers have read the metadata log.
    Controller,
}

/// A broker opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerInside {
    /// `node.id`.
    pub broker: BrokerId,
    /// Its disk beside the logs.
    pub disk: DiskState,
    /// The directories of its replicas: the users' topics first.
    pub directories: Vec<DirectoryView>,
    /// Connections others have opened to it. A parked request mutes its connection.
    pub connections: Vec<ConnectionView>,
    /// Requests in purgatory, the first to be given up first.
    pub parked: Vec<ParkedView>,
}

/// The directory of one replica: `orders-0`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectoryView {
    /// Of which partition.
    pub tp: TopicPartition,
    /// Whether this broker leads it, as far as it knows.
    pub leads: bool,
    /// Log start offset.
    pub log_start_offset: Offset,
    /// Log end offset.
    pub log_end_offset: Offset,
    /// High watermark as this replica knows it.
    pub high_watermark: Offset,
    /// Offsets below are fsynced; the rest is only in the page cache.
    pub durable_to: Offset,
    /// Its segments, ascending; the last is the active one.
    pub segments: Vec<SegmentView>,
}

/// One segment: a `.log` with its indexes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SegmentView {
    /// Its base offset, which names its files.
    pub base_offset: Offset,
    /// The offset behind its last record.
    pub end_offset: Offset,
    /// Bytes in its `.log`.
    pub size: u64,
    /// Batches in it.
    pub batches: usize,
    /// Entries of its `.index`.
    pub index_entries: usize,
}

/// A connection somebody has opened to a broker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConnectionView {
    /// Who.
    pub peer: NodeId,
    /// What it is used for.
    pub channel: Channel,
    /// Whether a request of it is being served or parked.
    pub busy: bool,
    /// Requests that wait until that one is answered.
    pub backlog: usize,
}

/// A request that waits in a purgatory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkedView {
    /// Who asked; none for what the broker's own coordinators write.
    pub peer: Option<NodeId>,
    /// What waits.
    pub what: ParkedKind,
    /// What it waits for: a write for the high watermark to reach these offsets, a fetch for records from these on.
    pub needs: Vec<(TopicPartition, Offset)>,
    /// When it is answered all the same; none for what waits as long as it must.
    pub deadline: Option<Instant>,
}

/// What kind of request is parked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ParkedKind {
    /// A Produce with `acks=all` (`DelayedProduce`).
    Produce,
    /// A coordinator's record, or a transaction's markers, that must be replicated first.
    Coordinator,
    /// A follower's fetch that has everything (`DelayedFetch`).
    FollowerFetch,
    /// A consumer's fetch below `fetch.min.bytes` (`DelayedFetch`).
    ConsumerFetch,
}

/// The thread that sends of a producer: its limits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SenderInside {
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: i32,
    /// `linger.ms`.
    pub linger: crate::time::Duration,
}

/// A consumer opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerInside {
    /// Its group.
    pub group: GroupId,
    /// `max.poll.records`.
    pub max_poll_records: i32,
    /// Its assigned partitions.
    pub partitions: Vec<BufferView>,
    /// Records `poll` has handed out and the application has not finished, in order.
    pub in_hand: Vec<BufferedView>,
    /// The brokers that have a fetch of it.
    pub fetches: Vec<NodeId>,
}

/// An assigned partition, with what was fetched of it and not handed out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BufferView {
    /// The partition.
    pub tp: TopicPartition,
    /// The next offset `poll` returns; none while it is looked up.
    pub position: Option<Offset>,
    /// Whether the application has paused it.
    pub paused: bool,
    /// Fetched, not yet handed out, in order.
    pub fetched: Vec<BufferedView>,
}

/// A record in a consumer's memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BufferedView {
    /// Where it is from.
    pub tp: TopicPartition,
    /// Its offset.
    pub offset: Offset,
    /// Which record it is; none for a coordinator's.
    pub record: Option<RecordId>,
}

/// A process opened; none for what is not a broker, a controller, a producer or a consumer of a classic or KIP-848 group.
pub fn inside(simulation: &Simulation, node: NodeId) -> Option<InsideView> {
    let what = match simulation.actor(node)? {
        Actor::Broker(broker) => InsideKind::Broker(broker.inside()),
        Actor::Producer(producer) => InsideKind::Producer(SenderInside {
            max_in_flight: producer.config.max_in_flight_requests_per_connection,
            linger: producer.config.linger_ms,
        }),
        Actor::Consumer(consumer) => InsideKind::Consumer(consumer.inside()),
        Actor::Controller(_) => InsideKind::Controller,
        _ => return None,
    };
    Some(InsideView { node, process: super::build::process(simulation, node), what })
}

/// Whether [`inside`] has something to show for a process of this kind.
pub fn has_inside(simulation: &Simulation, node: NodeId) -> bool {
    use Actor as A;
    matches!(simulation.actor(node), Some(A::Broker(_) | A::Producer(_) | A::Consumer(_) | A::Controller(_)))
}
