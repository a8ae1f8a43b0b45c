//! The database an application writes its effects to: one row per effect, and a dedupe table when asked for
//! (unique key and effect in the same transaction).

use crate::collections::Map;
use crate::effect::{Effects, Input};
use crate::event::Event;
use crate::ids::{NodeId, RecordId};
use crate::protocol::{Body, Channel};
use std::hash::{Hash, Hasher};

/// "Apply this record's effect."
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DatabaseRequest {
    /// The record.
    pub record: RecordId,
    /// Whether the same transaction inserts the record's id into a table with a unique key.
    pub dedupe: bool,
}

/// What the database did.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DatabaseResponse {
    /// The record.
    pub record: RecordId,
    /// False when the unique key was already there, and nothing was applied.
    pub applied: bool,
}

/// How often something happened to each record: a count by the record's number, 0 for never.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Tally {
    producers: Map<NodeId, Vec<u32>>,
}

impl Tally {
    fn of(&mut self, record: RecordId) -> &mut u32 {
        let counts = self.producers.entry(record.producer()).or_default();
        let index = record.number() as usize;
        if counts.len() <= index {
            counts.resize(index + 1, 0);
        }
        &mut counts[index]
    }

    fn iter(&self) -> impl Iterator<Item = (RecordId, u32)> {
        self.producers.iter().flat_map(|(producer, counts)| {
            let numbered = counts.iter().enumerate().filter(|(_, times)| **times > 0);
            numbered.map(|(number, times)| (RecordId::new(*producer, number as u32), *times))
        })
    }
}

impl Hash for Tally {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.iter().count());
        self.iter().for_each(|row| row.hash(state));
    }
}

/// A database. Its rows survive everything.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Database {
    node: NodeId,
    effects: Tally,
    deduplicated: u32,
}

impl Database {
    /// An empty database.
    pub fn new(node: NodeId) -> Database {
        Database { node, ..Database::default() }
    }

    /// How often each record's effect was applied, in the order of the records.
    pub fn effects(&self) -> impl Iterator<Item = (RecordId, u32)> {
        self.effects.iter()
    }

    /// How many repetitions the dedupe table refused.
    pub fn deduplicated(&self) -> u32 {
        self.deduplicated
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        let Input::Delivered { from, body: Body::DatabaseRequest(request), .. } = input else { return };
        let (database, record) = (self.node, request.record);
        let times = self.effects.of(record);
        let applied = !(request.dedupe && *times > 0);
        if applied {
            *times += 1;
            let times = *times;
            out.emit(|| Event::EffectApplied { database, record, times });
        } else {
            self.deduplicated += 1;
            out.emit(|| Event::EffectDeduplicated { database, record });
        }
        out.send(from, Channel::Database, Body::DatabaseResponse(DatabaseResponse { record, applied }));
    }
}
