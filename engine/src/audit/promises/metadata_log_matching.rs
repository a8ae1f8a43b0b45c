//! Two controllers whose metadata logs have a record of the same epoch at the same offset have the same record there, and
//! what was committed is never replaced.

use crate::collections::SharedMap;
use crate::controller::MetadataRecord;
use crate::fact::Fact;
use crate::ids::Offset;
use std::sync::Arc;

/// What controllers have written, by offset and epoch, and what is committed of it, with the epoch that committed it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct MetadataLogMatching {
    written: SharedMap<(Offset, i32), Arc<MetadataRecord>>,
    committed: SharedMap<Offset, (i32, Arc<MetadataRecord>)>,
}

impl MetadataLogMatching {
    /// Whether `fact` breaks it.
    pub fn breaks(&mut self, fact: &Fact) -> bool {
        match fact {
            Fact::MetadataAppended { epoch, records, .. } => {
                records.iter().any(|(offset, record)| self.appended(*offset, *epoch, record))
            }
            Fact::MetadataCommitted { epoch, records } => {
                records.iter().any(|(offset, record)| self.committed(*offset, *epoch, record))
            }
            _ => false,
        }
    }

    fn appended(&mut self, offset: Offset, epoch: i32, record: &Arc<MetadataRecord>) -> bool {
        // A leader that does not know yet that it was replaced may write there what will never be committed.
        let replaces = self.committed.get(&offset).is_some_and(|(by, known)| epoch > *by && differ(known, record));
        match self.written.get(&(offset, epoch)) {
            Some(known) => replaces || differ(known, record),
            None => {
                self.written.insert((offset, epoch), record.clone());
                replaces
            }
        }
    }

    fn committed(&mut self, offset: Offset, epoch: i32, record: &Arc<MetadataRecord>) -> bool {
        match self.committed.get(&offset) {
            // A leader that begins says again what its predecessor said.
            Some((_, known)) => differ(known, record),
            None => {
                self.committed.insert(offset, (epoch, record.clone()));
                false
            }
        }
    }
}

fn differ(one: &Arc<MetadataRecord>, other: &Arc<MetadataRecord>) -> bool {
    !Arc::ptr_eq(one, other) && one != other
}
