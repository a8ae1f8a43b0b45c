//! The database an application writes its effects to: one row per effect, and a dedupe table when asked for
//! (unique key and effect in the same transaction).

use crate::effect::{Effects, Input};
use crate::event::Event;
use crate::ids::{NodeId, RecordId};
use crate::protocol::{Body, Channel};
use std::collections::BTreeMap;

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

/// A database. Its rows survive everything.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Database {
    node: NodeId,
    effects: BTreeMap<RecordId, u32>,
    deduplicated: u32,
}

impl Database {
    /// An empty database.
    pub fn new(node: NodeId) -> Database {
        Database { node, ..Database::default() }
    }

    /// How often each record's effect was applied.
    pub fn effects(&self) -> &BTreeMap<RecordId, u32> {
        &self.effects
    }

    /// How many repetitions the dedupe table refused.
    pub fn deduplicated(&self) -> u32 {
        self.deduplicated
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input, out: &mut Effects<'_>) {
        let Input::Delivered { from, body: Body::DatabaseRequest(request), .. } = input else { return };
        let (database, record) = (self.node, request.record);
        let known = self.effects.contains_key(&record);
        let applied = !(request.dedupe && known);
        if applied {
            let times = self.effects.entry(record).or_default();
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
