//! The fate of one record.

use crate::event::Event;
use crate::ids::{BrokerId, Offset, ProducerId, RecordId, TopicPartition};

/// What one group, or the workers of one queue, did with a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reading {
    /// The group's or queue's number; see [`crate::audit::Ledger`] for how they are told apart.
    pub reader: u32,
    /// How often it was handed to an application.
    pub delivered: u32,
    /// How often an application finished it.
    pub processed: u32,
    /// Whether the reader has gone past it without processing it.
    pub skipped: bool,
}

/// What became of one record so far.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Fate {
    /// Where the producer sent it; none for a queue.
    pub tp: Option<TopicPartition>,
    /// Whether the producer was told that it is stored, and at which offset.
    pub acked: Option<Offset>,
    /// Whether the producer gave up on it.
    pub failed: bool,
    /// Whether the producer was told that it was certainly not written.
    pub refused: bool,
    /// Brokers that hold it, each with its offset there; a record can stand twice in one log.
    pub copies: Vec<(BrokerId, Offset)>,
    /// Whether it stands twice in some log.
    pub stored_twice: bool,
    /// Whether it is in a queue, or was removed from one by an ack.
    pub queued: bool,
    /// Whether it is lost: acknowledged, and not in the log of the leader that followed.
    pub lost: bool,
    /// Whether retention, DeleteRecords or compaction has taken it away, as the topic's settings say.
    pub deleted: bool,
    /// What each group or queue did with it.
    pub readings: Vec<Reading>,
    /// The record a program made it out of.
    pub from: Option<RecordId>,
    /// How often its effect was applied in a database.
    pub effects: u32,
    /// The producer id and epoch of its first batch.
    pub stamp: Option<Option<(ProducerId, i16)>>,
    /// Whether a copy was lost with a machine's power.
    pub unflushed_lost: bool,
    /// Whether it was announced that a later record overtook it.
    pub reordered: bool,
    /// The event that last changed its verdict.
    pub sealed_by: u64,
}

impl Fate {
    /// The reading of one group or queue, made when it is first asked for.
    pub(super) fn reading(&mut self, reader: u32) -> &mut Reading {
        let place = self.readings.iter().position(|reading| reading.reader == reader);
        let place = place.unwrap_or_else(|| {
            self.readings.reserve_exact(1);
            self.readings.push(Reading { reader, delivered: 0, processed: 0, skipped: false });
            self.readings.len() - 1
        });
        &mut self.readings[place]
    }

    /// Whether it was sent, stored and deleted as the topic's settings say, and nothing else ever happened to it.
    pub(super) fn is_over(&self) -> bool {
        let told = self.lost || self.stored_twice || self.reordered || self.from.is_some() || self.sealed_by != 0;
        self.deleted && !told && !self.is_stored() && self.readings.iter().all(|r| r.processed <= 1 && !r.skipped)
    }

    /// Whether a copy of it exists anywhere, or its queue has it.
    pub fn is_stored(&self) -> bool {
        self.queued || !self.copies.is_empty()
    }
}

/// Verdicts that follow from an event, in the words of events.
pub(super) type Verdicts = Vec<Event>;
