//! A broker opened, for the picture of its inside.

use super::actor::Broker;
use super::produce::Waiter;
use crate::ids::Offset;
use crate::time::Instant;
use crate::view::{BrokerInside, DirectoryView, ParkedKind, ParkedView, SegmentView};

impl Broker {
    /// Its directories; while the process runs, its connections and what is parked.
    pub fn inside(&self) -> BrokerInside {
        let mut replicas: Vec<_> = self.replicas.iter().collect();
        // The coordinators' logs only where there is something in them.
        replicas.retain(|(tp, replica)| !tp.topic.is_internal() || replica.log.log_end_offset() > Offset::ZERO);
        replicas.sort_by_key(|(tp, _)| (tp.topic.is_internal(), **tp));
        let directories = replicas.into_iter().map(|(tp, replica)| DirectoryView {
            tp: *tp,
            leads: replica.leadership().is_some() && self.runtime.is_some(),
            log_start_offset: replica.log.log_start_offset(),
            log_end_offset: replica.log.log_end_offset(),
            high_watermark: replica.high_watermark,
            durable_to: replica.log.durable_to(),
            segments: replica
                .log
                .segments()
                .map(|segment| SegmentView {
                    base_offset: segment.base_offset(),
                    end_offset: segment.end_offset(),
                    size: segment.size(),
                    batches: segment.batches().count(),
                    index_entries: segment.indexes().offsets.entries().len(),
                })
                .collect(),
        });
        BrokerInside {
            broker: self.id,
            disk: self.disk(),
            directories: directories.collect(),
            connections: self.runtime.as_ref().map_or_else(Vec::new, |runtime| runtime.connections.views()),
            parked: self.parked(),
        }
    }

    /// What waits in its purgatories.
    fn parked(&self) -> Vec<ParkedView> {
        let Some(runtime) = &self.runtime else { return Vec::new() };
        let mut all: Vec<ParkedView> = Vec::new();
        for (id, write) in &runtime.delayed_writes {
            let (peer, what) = match &write.waiter {
                Waiter::Producer { to, .. } => (Some(to.peer), ParkedKind::Produce),
                Waiter::Markers { to, .. } => (Some(to.peer), ParkedKind::Coordinator),
                Waiter::Coordinator { answer, .. } | Waiter::Transaction { answer, .. } => {
                    (answer.as_ref().map(|(to, _)| to.peer), ParkedKind::Coordinator)
                }
                Waiter::ShareState { answer: (to, _), .. } => (Some(to.peer), ParkedKind::Coordinator),
                Waiter::Offsets { .. } => (None, ParkedKind::Coordinator),
            };
            let needs = self.replicas.iter().flat_map(|(tp, replica)| {
                let waiting = replica.leadership().into_iter().map(|leadership| &leadership.waiting);
                let writes = waiting.flat_map(|waiting| waiting.replication.iter().chain(waiting.fsync.iter()));
                writes.filter(|(_, waiting)| waiting == id).map(move |(offset, _)| (*tp, *offset))
            });
            let deadline = (write.deadline < Instant(u64::MAX)).then_some(write.deadline);
            all.push(ParkedView { peer, what, needs: needs.collect(), deadline });
        }
        all.extend(runtime.parked_fetches.values().map(|fetch| fetch.view()));
        all.extend(runtime.sessions.values().filter_map(|session| session.parked_view()));
        all.sort_by_key(|parked| (parked.deadline.is_none(), parked.deadline, parked.peer));
        all
    }
}
