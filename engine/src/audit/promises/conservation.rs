//! A record is in a log, refused, unknown to its producer, or retired by retention, compaction or truncation: nothing is
//! stored that was never sent there or was certainly refused, and nothing is acknowledged that is nowhere.

use super::super::ledger::Ledger;
use super::Breach;
use crate::event::Event;
use crate::ids::Offset;

/// Whether `event`, which the ledger knows already, breaks it, and where.
pub(super) fn conservation(event: &Event, ledger: &Ledger) -> Option<Breach> {
    match event {
        Event::RecordsAppended { broker, tp, records, .. } => {
            let strays = records
                .iter()
                .any(|record| ledger.fate(*record).is_none_or(|fate| fate.refused || fate.tp != Some(*tp)));
            strays.then_some((*tp, Some(*broker)))
        }
        Event::RecordAcked { record, tp, offset, .. } if *offset >= Offset::ZERO => {
            // What was deleted long ago is forgotten.
            let nowhere = |fate: &super::super::Fate| !(fate.is_stored() || fate.deleted || fate.lost);
            ledger.fate(*record).is_some_and(nowhere).then_some((*tp, None))
        }
        _ => None,
    }
}
