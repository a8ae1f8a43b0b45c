//! What actors are told and what they may wish for.
//!
//! An actor is a value with a `handle(now, input, effects)` method. It never sees another actor, the queue of events or a
//! random number that is not drawn from the stream it is lent. Only the scheduler acts on effects.

use crate::event::Event;
use crate::fact::Fact;
use crate::ids::{NodeId, Offset, TopicPartition};
use crate::protocol::{Body, Channel};
use crate::rng::SimRng;
use crate::time::{Duration, Instant};

/// What an actor is told.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Input {
    /// The process starts, at first or again; what it had in memory is gone, what it had on disk is there.
    Started,
    /// A message arrived.
    Delivered {
        /// The sender.
        from: NodeId,
        /// The connection it came on.
        channel: Channel,
        /// What it says.
        body: Body,
    },
    /// A connection to `peer` broke: its process died, it refuses connections, or it closed this one.
    Disconnected {
        /// The other side.
        peer: NodeId,
        /// Which connection; none for all.
        channel: Option<Channel>,
    },
    /// A timer the actor set has run out.
    TimerFired(Timer),
    /// An fsync the actor asked for is done.
    DiskDone(DiskToken),
    /// A person or a scenario told this actor to do something.
    Told(Instruction),
}

/// What a person can tell one actor to do, beyond killing and pausing it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Instruction {
    /// A broker: leave in order (controlled shutdown). A client: close.
    Stop,
    /// A producer: send this many records now.
    Send(u32),
    /// A consumer group member: set the position of all its partitions.
    Seek(SeekTo),
    /// An administrator: ask the active controller.
    Admin(Box<crate::protocol::AdminRequest>),
    /// An administrator: create a topic.
    CreateTopic(crate::protocol::CreatableTopic),
    /// A producing program: go on at another pace.
    Repace(Box<crate::app::Pace>),
    /// Change how long a consumer or worker takes for one record.
    Processing(Duration),
    /// A consumer: `pause` everything assigned, or `resume` it.
    PausePartitions(bool),
    /// A leader: forget everything below an offset (DeleteRecords, KIP-107).
    DeleteRecords(TopicPartition, Offset),
    /// A producer: send a record with this key and a null value.
    Tombstone(String),
}

/// Where `seek` goes. Written as `Beginning`, `End`, `Offset 7`, `Time 12000`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SeekTo {
    /// The log start offset.
    Beginning,
    /// The high watermark.
    End,
    /// This offset.
    Offset(u64),
    /// The first record that is not older than this many milliseconds of virtual time.
    Time(u64),
}

impl SeekTo {
    /// Reads what is written.
    pub fn parse(text: &str) -> Option<SeekTo> {
        let number = |text: &str| text.trim().parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
        match text {
            "Beginning" => Some(SeekTo::Beginning),
            "End" => Some(SeekTo::End),
            _ => match text.split_once(' ')? {
                ("Offset", rest) => number(rest).map(SeekTo::Offset),
                ("Time", rest) => number(rest).map(SeekTo::Time),
                _ => None,
            },
        }
    }
}

impl<'de> serde::Deserialize<'de> for SeekTo {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        SeekTo::parse(&text).ok_or_else(|| serde::de::Error::custom("not a place in a log"))
    }
}

impl serde::Serialize for SeekTo {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            SeekTo::Beginning => serializer.serialize_str("Beginning"),
            SeekTo::End => serializer.serialize_str("End"),
            SeekTo::Offset(offset) => serializer.serialize_str(&format!("Offset {offset}")),
            SeekTo::Time(at) => serializer.serialize_str(&format!("Time {at}")),
        }
    }
}

/// The timers of all actors, each with what it is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// Broker: send the next heartbeat (`broker.heartbeat.interval.ms`).
    BrokerHeartbeat,
    /// Broker: try the registration again.
    Registration,
    /// Broker: fetch the metadata log again after an error.
    MetadataFetch,
    /// Broker: look for lagging followers (`replica.lag.time.max.ms / 2`).
    IsrCheck,
    /// Broker: write the high watermarks down (`replica.high.watermark.checkpoint.interval.ms`).
    HighWatermarkCheckpoint,
    /// Broker: a follower's fetcher tries this leader again (`replica.fetch.backoff.ms`).
    FetcherBackoff(crate::ids::BrokerId),
    /// Broker: the oldest request in a purgatory has waited long enough.
    Purgatory,
    /// Transaction coordinator: look for transactions that are open too long
    /// (`transaction.abort.timed.out.transaction.cleanup.interval.ms`).
    TransactionTimeouts,
    /// Transaction coordinator: send markers again.
    Markers,
    /// Partition leader: ask the coordinator again (`add.partitions.to.txn.retry.backoff.ms`).
    Verification(u64),
    /// Broker: look for silent producers (`producer.id.expiration.check.interval.ms`).
    ProducerExpiration,
    /// Broker: fsync by age (`flush.ms`).
    Flush,
    /// Broker: look for segments that are too old or too many (`log.retention.check.interval.ms`).
    LogRetention,
    /// Broker: write recovery points and log start offsets down (`log.flush.offset.checkpoint.interval.ms`).
    LogCheckpoint,
    /// Broker: look for a log to compact (`log.cleaner.backoff.ms`).
    LogCleaner,
    /// Broker: try AlterPartition again.
    AlterPartition,
    /// Broker: a request of its own has gone unanswered (`replica.socket.timeout.ms`).
    RequestTimeout,
    /// Coordinator: an initial rebalance delay, a join phase, a sync phase or a session ends.
    Groups,
    /// Broker: it is time for a ping to ZooKeeper, or to connect again (`zookeeper.session.timeout.ms / 3`).
    ZooKeeper,
    /// Broker: ask the controller of the ZooKeeper era again to be let go (`controlled.shutdown.retry.backoff.ms`).
    ControlledShutdown,
    /// Controller of the ZooKeeper era: tell this broker again what it has not confirmed.
    Control(crate::ids::BrokerId),
    /// Partition leader: a lock of a share group's record ends, or the share coordinator is asked again.
    Share,
    /// Controller: look for silent brokers (`broker.session.timeout.ms / 8`). ZooKeeper: look for sessions that are over.
    SessionCheck,
    /// Controller: an election or a fetch of the quorum has taken too long (`controller.quorum.election.timeout.ms`,
    /// `controller.quorum.fetch.timeout.ms`).
    QuorumElection,
    /// Controller: the leader of the quorum looks whether a majority still fetches.
    QuorumCheck,
    /// Controller: fetch the metadata log again after an error.
    QuorumFetch,
    /// Controller: look for leaders that are not preferred (`leader.imbalance.check.interval.seconds`).
    LeaderRebalance,
    /// Controller: look for partitions without a leader where unclean elections are allowed by now.
    UncleanElection,
    /// Controller: the longest waiting metadata fetch has waited long enough.
    MetadataPurgatory,
    /// Client: a request has gone unanswered (`request.timeout.ms`).
    ClientRequestTimeout,
    /// Client: refresh the metadata, after a pause or because of age.
    MetadataRefresh,
    /// The same two for the producer of a program that also has a consumer.
    ProducerRequestTimeout,
    ProducerMetadataRefresh,
    /// Producer: the program sends its next record.
    Workload,
    /// Producer: a batch has lingered, waited out its back-off, or reached its delivery timeout.
    Sender,
    /// Consumer: the application calls `poll` again.
    Poll,
    /// Consumer: the record in hand is processed.
    Processing,
    /// Consumer: the heartbeat thread speaks (`heartbeat.interval.ms`).
    Heartbeat,
    /// Consumer: the poll thread has been away too long (`max.poll.interval.ms`).
    PollDeadline,
    /// Consumer: try the coordinator again.
    CoordinatorBackoff,
    /// Consumer: fetch again after an error.
    FetchBackoff,
    /// Share consumer: the application renews its locks.
    Renew,
    /// Queue client: connect again.
    Reconnect,
}

/// Names an fsync in flight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DiskToken {
    /// A partition's log; the broker's fsyncs have numbers.
    Log(TopicPartition, u64),
    /// The metadata log up to this offset.
    Metadata(Offset),
    /// A queue's journal up to this entry.
    Queue(u64),
    /// A write of ZooKeeper's transaction log.
    ZooKeeper(u64),
}

/// A wish of an actor.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Put a message on the network.
    Send {
        /// The receiver.
        to: NodeId,
        /// The connection.
        channel: Channel,
        /// What it says.
        body: Body,
    },
    /// Run a timer, replacing one of the same name.
    SetTimer(Timer, Instant),
    /// Forget a timer.
    CancelTimer(Timer),
    /// fsync; answered by [`Input::DiskDone`].
    Sync(DiskToken),
    /// Close a connection: what is under way on it is lost, and the other side is told.
    Close {
        /// The other side.
        to: NodeId,
        /// The connection.
        channel: Channel,
    },
    /// Something happened that the world should know.
    Emit(Event),
    /// Something a checker should know.
    Note(Box<Fact>),
    /// The process ends itself, in order.
    Exit,
    /// The process ends itself on the spot (`Exit.halt`).
    Halt,
}

/// Where an actor puts its wishes.
pub struct Effects<'a> {
    /// What time it is.
    pub now: Instant,
    /// Whether anyone listens to events; without a listener they are not even built.
    pub observed: bool,
    /// Whether anyone wants facts, which are not built otherwise.
    pub noted: bool,
    /// Whether anyone wants the rare facts of which promises are judged.
    pub judged: bool,
    /// The random stream of the actor's concern.
    pub rng: &'a mut SimRng,
    /// The wishes, in order.
    pub list: &'a mut Vec<Effect>,
}

impl Effects<'_> {
    /// Sends a message.
    pub fn send(&mut self, to: NodeId, channel: Channel, body: Body) {
        self.list.push(Effect::Send { to, channel, body });
    }

    /// Sets a timer to run out after `span`.
    pub fn set_timer(&mut self, timer: Timer, span: Duration) {
        self.list.push(Effect::SetTimer(timer, self.now + span));
    }

    /// Sets a timer to run out at `at`.
    pub fn set_timer_at(&mut self, timer: Timer, at: Instant) {
        self.list.push(Effect::SetTimer(timer, at.max(self.now)));
    }

    /// Forgets a timer.
    pub fn cancel_timer(&mut self, timer: Timer) {
        self.list.push(Effect::CancelTimer(timer));
    }

    /// Asks for an fsync.
    pub fn sync(&mut self, token: DiskToken) {
        self.list.push(Effect::Sync(token));
    }

    /// Closes a connection.
    pub fn close(&mut self, to: NodeId, channel: Channel) {
        self.list.push(Effect::Close { to, channel });
    }

    /// Tells the world what happened.
    #[inline]
    pub fn emit(&mut self, event: impl FnOnce() -> Event) {
        if self.observed {
            self.list.push(Effect::Emit(event()));
        }
    }

    /// Tells checkers a fact.
    #[inline]
    pub fn note(&mut self, fact: impl FnOnce() -> Fact) {
        if self.noted {
            self.list.push(Effect::Note(Box::new(fact())));
        }
    }

    /// Tells checkers a fact that is rare enough for whoever only judges promises.
    #[inline]
    pub fn note_rare(&mut self, fact: impl FnOnce() -> Fact) {
        if self.noted || self.judged {
            self.list.push(Effect::Note(Box::new(fact())));
        }
    }

    /// Ends the process on the spot.
    pub fn halt(&mut self) {
        self.list.push(Effect::Halt);
    }

    /// Ends the process in order.
    pub fn exit(&mut self) {
        self.list.push(Effect::Exit);
    }
}
