//! The life of one record, frame by frame: from `send()` to the commit of its offset, or to where it was lost.
//!
//! Read off what happened, and off the causes for the moment its batch left. What is known of the time after the moment
//! shown is part of it.

use super::Run;
use highwater_engine::event::Event;
use highwater_engine::history::{Cause, CauseKind};
use highwater_engine::ids::{BrokerId, GroupId, NodeId, Offset, ProducerId, RecordId, TopicPartition};
use highwater_engine::protocol::MessageKind;
use highwater_engine::sim::Emitted;
use highwater_engine::time::Instant;

/// What happens in a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scene {
    /// The application calls `send()`.
    Sent,
    /// `send()` waits for memory.
    Blocked,
    /// The request with its batch leaves.
    Leaves,
    /// The leader appends it.
    Appended(BrokerId),
    /// The leader knows the batch already.
    Recognised(BrokerId),
    /// A follower has it.
    Copied(BrokerId),
    /// The high watermark passes it.
    Committed,
    /// The callback: it is stored.
    Acked,
    /// The callback: it has failed.
    Failed,
    /// The marker of its transaction: committed, or aborted.
    Marker(bool),
    /// `poll()` gives it to an application.
    Polled(NodeId),
    /// The application has processed it.
    Processed(NodeId),
    /// The group's committed offset is behind it.
    OffsetCommitted(GroupId),
    /// A program made another record of it.
    Derived(RecordId),
    /// The group will never read it.
    Skipped(GroupId),
    /// A log was cut below it.
    Cut(BrokerId),
    /// Retention, DeleteRecords or compaction took it away.
    Deleted(BrokerId),
    /// Acknowledged, and gone.
    Lost,
    /// Its effect is in a database.
    Effect(NodeId),
}

/// Where the record is after a frame.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Whereabouts {
    /// Its producer still waits for the verdict.
    pub pending: bool,
    /// The brokers that hold it, ascending.
    pub brokers: Vec<BrokerId>,
    /// The one that leads.
    pub leader: BrokerId,
    /// The high watermark is behind it.
    pub committed: bool,
    /// Readers it was given to: whether they have processed it.
    pub readers: Vec<(NodeId, bool)>,
    /// A group's committed offset is behind it.
    pub done: bool,
}

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// The step to go to.
    pub n: u64,
    /// When.
    pub at: Instant,
    /// What happens.
    pub scene: Scene,
    /// The event behind it; none for what only the causes know.
    pub event: Option<&'a Event>,
    /// Where the record is then.
    pub place: Whereabouts,
}

/// The record that stands at an offset of a broker's log now, or stood or will stand there at another moment.
pub fn record_at(run: &Run, broker: BrokerId, tp: TopicPartition, offset: Offset) -> Option<RecordId> {
    let here = |emitted: &Emitted| match &emitted.event {
        Event::RecordsAppended { broker: at, tp: to, base_offset, records, .. } if *at == broker && *to == tp => {
            let index = usize::try_from(offset.since(*base_offset)).ok()?;
            records.get(index).copied()
        }
        _ => None,
    };
    run.past().iter().rev().find_map(here).or_else(|| run.events().iter().find_map(here))
}

/// All frames that are known, in order.
pub fn life(run: &Run, record: RecordId) -> Vec<Frame<'_>> {
    let mut film = Film { run, record, frames: Vec::new(), place: Whereabouts::default(), at: None };
    for emitted in run.events() {
        film.note(emitted);
    }
    film.frames
}

/// Where the record stands in its partition.
struct Standing {
    tp: TopicPartition,
    base: Offset,
    offset: Offset,
    producer: Option<ProducerId>,
    decided: bool,
    committed_by: Vec<GroupId>,
}

struct Film<'a> {
    run: &'a Run,
    record: RecordId,
    frames: Vec<Frame<'a>>,
    place: Whereabouts,
    at: Option<Standing>,
}

impl<'a> Film<'a> {
    fn frame(&mut self, emitted: &'a Emitted, scene: Scene) {
        let place = self.place.clone();
        self.frames.push(Frame { n: emitted.n, at: emitted.at, scene, event: Some(&emitted.event), place });
    }

    fn note(&mut self, emitted: &'a Emitted) {
        let own = self.record;
        match &emitted.event {
            Event::RecordSent { record, .. } if *record == own => {
                self.place.pending = true;
                self.frame(emitted, Scene::Sent);
            }
            Event::SendBlocked { record, .. } if *record == own => self.frame(emitted, Scene::Blocked),
            Event::RecordAcked { record, .. } if *record == own => {
                self.place.pending = false;
                self.frame(emitted, Scene::Acked);
            }
            Event::SendFailed { record, .. } if *record == own => {
                self.place.pending = false;
                self.frame(emitted, Scene::Failed);
            }
            Event::RecordsAppended { broker, tp, base_offset, records, producer, as_leader, .. } => {
                let Some(index) = records.iter().position(|record| *record == own) else { return };
                let offset = *base_offset + index as i64;
                if *as_leader {
                    self.leaves(emitted.n);
                    let producer = producer.map(|(id, _)| id);
                    let base = *base_offset;
                    let decided = false;
                    self.at = Some(Standing { tp: *tp, base, offset, producer, decided, committed_by: Vec::new() });
                    self.place.leader = *broker;
                    self.place.committed = false;
                }
                if !self.place.brokers.contains(broker) {
                    self.place.brokers.push(*broker);
                    self.place.brokers.sort_unstable();
                }
                self.frame(emitted, if *as_leader { Scene::Appended(*broker) } else { Scene::Copied(*broker) });
            }
            Event::RecordsPolled { client, records, .. } if records.iter().any(|(_, record)| *record == own) => {
                self.place.readers.retain(|(reader, _)| reader != client);
                self.place.readers.push((*client, false));
                self.frame(emitted, Scene::Polled(*client));
            }
            Event::RecordProcessed { client, record, .. } if *record == own => {
                for reader in self.place.readers.iter_mut().filter(|(reader, _)| reader == client) {
                    reader.1 = true;
                }
                self.frame(emitted, Scene::Processed(*client));
            }
            Event::RecordDerived { from, record, .. } if *from == own => self.frame(emitted, Scene::Derived(*record)),
            Event::RecordSkipped { record, group, .. } if *record == own => {
                self.frame(emitted, Scene::Skipped(*group));
            }
            Event::AckedRecordLost { record, .. } if *record == own => self.frame(emitted, Scene::Lost),
            Event::EffectApplied { database, record, .. } if *record == own => {
                self.frame(emitted, Scene::Effect(*database));
            }
            _ => self.note_place(emitted),
        }
    }

    /// What happens to the place where it stands.
    fn note_place(&mut self, emitted: &'a Emitted) {
        let Some(at) = &mut self.at else { return };
        let here = at.tp;
        match &emitted.event {
            Event::HighWatermarkAdvanced { tp, from, to, as_leader: true, .. }
                if *tp == here && *from <= at.offset && at.offset < *to =>
            {
                self.place.committed = true;
                self.frame(emitted, Scene::Committed);
            }
            Event::DuplicateRecognised { broker, tp, base_offset } if *tp == here && *base_offset == at.base => {
                self.frame(emitted, Scene::Recognised(*broker));
            }
            Event::MarkerWritten { tp, id, committed, offset, .. }
                if *tp == here && Some(*id) == at.producer && *offset > at.offset && !at.decided =>
            {
                at.decided = true;
                self.frame(emitted, Scene::Marker(*committed));
            }
            Event::OffsetCommitted { group, tp, offset, .. }
                if *tp == here && *offset > at.offset && !at.committed_by.contains(group) =>
            {
                at.committed_by.push(*group);
                self.place.done = true;
                self.frame(emitted, Scene::OffsetCommitted(*group));
            }
            Event::LogTruncated { broker, tp, to, .. } if *tp == here && *to <= at.offset => {
                self.gone(emitted, *broker, Scene::Cut(*broker));
            }
            Event::LogStartRaised { broker, tp, to, .. } if *tp == here && *to > at.offset => {
                self.gone(emitted, *broker, Scene::Deleted(*broker));
            }
            Event::LogCompacted { broker, tp, gone, .. } if *tp == here && gone.contains(&at.offset) => {
                self.gone(emitted, *broker, Scene::Deleted(*broker));
            }
            _ => {}
        }
    }

    fn gone(&mut self, emitted: &'a Emitted, broker: BrokerId, scene: Scene) {
        if self.place.brokers.contains(&broker) {
            self.place.brokers.retain(|known| *known != broker);
            self.frame(emitted, scene);
        }
    }

    /// The moment the request left that led to this append: the step that sent the Produce request.
    fn leaves(&mut self, append: u64) {
        let causes = self.run.history().why(append);
        let is_request = |cause: &Cause| {
            matches!(&cause.what, CauseKind::Message { kind: MessageKind::Produce, is_response: false, .. })
        };
        let Some(index) = causes.iter().position(is_request) else { return };
        let Some(sent) = causes.get(index + 1) else { return };
        let place = self.place.clone();
        let frame = Frame { n: sent.n, at: sent.at, scene: Scene::Leaves, event: None, place };
        let before = self.frames.partition_point(|known| known.n <= frame.n);
        self.frames.insert(before, frame);
    }
}
