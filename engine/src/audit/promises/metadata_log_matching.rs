//! Two controllers whose metadata logs have a record of the same epoch at the same offset have the same record there, and
//! what was committed is never replaced.

use crate::collections::SharedMap;
use crate::controller::MetadataRecord;
use crate::fact::Fact;
use crate::ids::Offset;
use std::sync::Arc;

/// The newest record of each offset, with its epoch, and how far the log is committed.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct MetadataLogMatching {
    written: SharedMap<Offset, (i32, Arc<MetadataRecord>)>,
    committed: Offset,
}

impl MetadataLogMatching {
    /// Whether `fact` breaks it.
    pub fn breaks(&mut self, fact: &Fact) -> bool {
        match fact {
            Fact::MetadataAppended { epoch, records, .. } => {
                records.iter().any(|(offset, record)| self.appended(*offset, *epoch, record))
            }
            Fact::MetadataCommitted { records, .. } => {
                let known = |offset: &Offset| self.written.starting_at(offset).next().filter(|(at, _)| at == offset);
                let other =
                    records.iter().any(|(offset, record)| known(offset).is_some_and(|(_, (_, known))| known != record));
                if let Some((last, _)) = records.last() {
                    self.committed = self.committed.max(*last + 1);
                }
                other
            }
            _ => false,
        }
    }

    fn appended(&mut self, offset: Offset, epoch: i32, record: &Arc<MetadataRecord>) -> bool {
        let known = self.written.starting_at(&offset).next().filter(|(at, _)| *at == offset);
        match known.map(|(_, known)| known.clone()) {
            Some((written, known)) if written == epoch => !Arc::ptr_eq(&known, record) && known != *record,
            // A leader that does not know yet that it was replaced writes what will never be committed.
            Some((written, _)) if written > epoch => false,
            Some(_) if offset < self.committed => true,
            _ => {
                self.written.insert(offset, (epoch, record.clone()));
                false
            }
        }
    }
}
