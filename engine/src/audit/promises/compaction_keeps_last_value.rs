//! A cleaner takes a value only if a later record with the same key stays.

use super::Breach;
use crate::fact::Fact;

/// Whether `fact` breaks it, and where.
pub(super) fn compaction_keeps_last_value(fact: &Fact) -> Option<Breach> {
    let Fact::ValuesCleaned { broker, tp, gone, last } = fact else { return None };
    let replaced = |key: &Vec<u8>, offset| last.get(key).is_some_and(|later| *later > offset);
    gone.iter().any(|(offset, key)| !replaced(key, *offset)).then_some((*tp, Some(*broker)))
}
