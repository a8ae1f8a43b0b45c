//! Requests that wait: writes for the high watermark, fetches for data (`DelayedOperationPurgatory`).

use super::actor::Broker;
use super::produce::{DelayedWrite, Waiter};
use crate::effect::{Effects, Timer};
use crate::ids::{Offset, TopicPartition};
use crate::protocol::{ErrorCode, Response};
use crate::replication::Waiting;
use crate::time::Instant;

impl Broker {
    pub(super) fn park_write(
        &mut self,
        write: DelayedWrite,
        needs: &[(TopicPartition, Offset)],
        out: &mut Effects<'_>,
    ) {
        let deadline = write.deadline;
        let id = self.next_park(deadline, out);
        self.insert_write(id, write, needs);
    }

    /// Parks a write that waits as long as this broker leads: what the log says will count, sooner or later.
    pub(super) fn await_write(&mut self, waiter: Waiter, needs: &[(TopicPartition, Offset)]) {
        let Some(runtime) = &mut self.runtime else { return };
        let id = runtime.next_park;
        runtime.next_park += 1;
        self.insert_write(id, DelayedWrite { deadline: Instant(u64::MAX), waiter }, needs);
    }

    fn insert_write(&mut self, id: u64, write: DelayedWrite, needs: &[(TopicPartition, Offset)]) {
        for (tp, offset) in needs {
            if let Some(leadership) = self.replicas.get_mut(tp).and_then(|replica| replica.leadership_mut()) {
                leadership.waiting.replication.insert((*offset, id));
            }
        }
        self.with_runtime(|runtime| {
            runtime.delayed_writes.insert(id, write);
        });
    }

    /// Parks a write that needs no replica but this one, until its fsync is done: there is no timeout for that.
    pub(super) fn await_fsync(&mut self, waiter: Waiter, needs: &[(TopicPartition, Offset)]) {
        let Some(runtime) = &mut self.runtime else { return };
        let id = runtime.next_park;
        runtime.next_park += 1;
        runtime.delayed_writes.insert(id, DelayedWrite { deadline: Instant(u64::MAX), waiter });
        for (tp, offset) in needs {
            if let Some(leadership) = self.replicas.get_mut(tp).and_then(|replica| replica.leadership_mut()) {
                leadership.waiting.fsync.insert((*offset, id));
            }
        }
    }

    /// This broker no longer leads `tp`: who waited for replicas gets an error, who waited for the disk only does not.
    pub(super) fn give_up(&mut self, tp: TopicPartition, waiting: Waiting, out: &mut Effects<'_>) {
        for (_, id) in waiting.replication {
            self.fail_delayed(id, tp, ErrorCode::NotLeaderOrFollower, out);
        }
        for (_, id) in waiting.fsync {
            self.pass_delayed(id, tp, ErrorCode::None, out);
        }
    }

    /// A number for a parked request, and a timer for its deadline.
    pub(super) fn next_park(&mut self, deadline: Instant, out: &mut Effects<'_>) -> u64 {
        let Some(runtime) = &mut self.runtime else { return 0 };
        let id = runtime.next_park;
        runtime.next_park += 1;
        if runtime.deadlines.first().is_none_or(|(first, _)| deadline < *first) {
            out.set_timer_at(Timer::Purgatory, deadline);
        }
        runtime.deadlines.insert((deadline, id));
        id
    }

    pub(super) fn on_purgatory(&mut self, out: &mut Effects<'_>) {
        loop {
            let Some(runtime) = &mut self.runtime else { return };
            let Some((deadline, id)) = runtime.deadlines.first().copied() else { return };
            if deadline > out.now {
                out.set_timer_at(Timer::Purgatory, deadline);
                return;
            }
            runtime.deadlines.pop_first();
            if runtime.parked_fetches.contains_key(&id) {
                self.answer_parked_fetch(id, out);
            } else if let Some(write) = self.with_runtime(|runtime| runtime.delayed_writes.remove(&id)) {
                self.time_out_write(id, write, out);
            } else if runtime_has_share(&self.runtime, id) {
                self.expire_share(id, out);
            } else {
                self.expire_session_fetch(id, out);
            }
        }
    }

    fn time_out_write(&mut self, id: u64, write: DelayedWrite, out: &mut Effects<'_>) {
        let mut open = Vec::new();
        let mut needs = Vec::new();
        for (tp, replica) in &mut self.replicas {
            if let Some(leadership) = replica.leadership_mut() {
                let waiting = &mut leadership.waiting.replication;
                needs.extend(waiting.iter().filter(|(_, waiting)| *waiting == id).map(|(to, _)| (*tp, *to)));
                let before = waiting.len();
                waiting.retain(|(_, waiting)| *waiting != id);
                if waiting.len() < before {
                    open.push(*tp);
                }
            }
        }
        match write.waiter {
            Waiter::Producer { to, acks, mut response, .. } => {
                for partition in &mut response.partitions {
                    if open.contains(&partition.tp) {
                        partition.error = ErrorCode::RequestTimedOut;
                    }
                }
                self.answer_produce(to, acks, response, out);
            }
            Waiter::Markers { to, mut response, .. } => {
                for (tp, error) in &mut response.partitions {
                    if open.contains(tp) {
                        *error = ErrorCode::RequestTimedOut;
                    }
                }
                self.respond(to, Response::WriteTxnMarkers(Box::new(response)), out);
            }
            // Whoever asked is told that it took too long; the offsets count all the same once they are replicated.
            Waiter::Coordinator { group, records, answer } if records.iter().all(|record| record.is_offset()) => {
                let tp = open.first().copied().unwrap_or_default();
                let told = Waiter::Coordinator { group, records: Vec::new(), answer };
                self.fail_waiter(told, tp, ErrorCode::RequestTimedOut, out);
                self.await_write(Waiter::Coordinator { group, records, answer: None }, &needs);
            }
            waiter @ (Waiter::Coordinator { .. }
            | Waiter::Transaction { .. }
            | Waiter::ShareState { .. }
            | Waiter::Offsets { .. }) => {
                let tp = open.first().copied().unwrap_or_default();
                self.fail_waiter(waiter, tp, ErrorCode::RequestTimedOut, out);
            }
        }
    }

    /// The high watermark has passed what `id` waited for in `tp`.
    pub(super) fn pass_delayed(&mut self, id: u64, tp: TopicPartition, error: ErrorCode, out: &mut Effects<'_>) {
        let leader_epoch = self.replicas.get(&tp).map(|replica| replica.leader_epoch);
        let Some(runtime) = &mut self.runtime else { return };
        let Some(write) = runtime.delayed_writes.get_mut(&id) else { return };
        if let Waiter::Producer { missing, response, .. } = &mut write.waiter {
            *missing -= 1;
            if let Some(partition) = response.partitions.iter_mut().find(|partition| partition.tp == tp) {
                partition.leader_epoch = leader_epoch.unwrap_or(partition.leader_epoch);
            }
            if error.is_error() {
                for partition in response.partitions.iter_mut().filter(|partition| partition.tp == tp) {
                    partition.error = error;
                }
            }
            if *missing > 0 {
                return;
            }
        }
        if let Waiter::Markers { missing, response, .. } = &mut write.waiter {
            *missing -= 1;
            for (_, verdict) in response.partitions.iter_mut().filter(|(marked, _)| *marked == tp && error.is_error()) {
                *verdict = error;
            }
            if *missing > 0 {
                return;
            }
        }
        let Some(write) = runtime.delayed_writes.remove(&id) else { return };
        runtime.deadlines.remove(&(write.deadline, id));
        match write.waiter {
            Waiter::Transaction { record, answer } => self.on_transaction_committed(&record, answer, out),
            Waiter::ShareState { answer: (to, response), .. } => self.respond(to, response, out),
            Waiter::Offsets { producer, committed } => self.on_offsets_decided(tp, producer, committed, out),
            Waiter::Markers { to, response, .. } => {
                self.respond(to, Response::WriteTxnMarkers(Box::new(response)), out);
            }
            Waiter::Producer { to, acks, response, .. } => self.answer_produce(to, acks, response, out),
            Waiter::Coordinator { records, answer, .. } => self.on_group_records_committed(&records, answer, out),
        }
    }

    /// This broker no longer leads `tp`: what waited for its high watermark gets an error; the data stays in the log.
    pub(super) fn fail_delayed(&mut self, id: u64, tp: TopicPartition, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(write) = runtime.delayed_writes.get(&id) else { return };
        if matches!(write.waiter, Waiter::Producer { .. } | Waiter::Markers { .. }) {
            return self.pass_delayed(id, tp, error, out);
        }
        let Some(write) = runtime.delayed_writes.remove(&id) else { return };
        runtime.deadlines.remove(&(write.deadline, id));
        self.fail_waiter(write.waiter, tp, error, out);
    }

    /// A write that will not be committed, as far as this broker can tell.
    pub(super) fn fail_waiter(&mut self, waiter: Waiter, tp: TopicPartition, error: ErrorCode, out: &mut Effects<'_>) {
        match waiter {
            Waiter::Producer { to, acks, mut response, .. } => {
                for partition in response.partitions.iter_mut().filter(|partition| partition.tp == tp) {
                    partition.error = error;
                }
                self.answer_produce(to, acks, response, out);
            }
            Waiter::Markers { to, mut response, .. } => {
                for (_, verdict) in response.partitions.iter_mut().filter(|(marked, _)| *marked == tp) {
                    *verdict = error;
                }
                self.respond(to, Response::WriteTxnMarkers(Box::new(response)), out);
            }
            // The next leader reads them from its log.
            Waiter::Offsets { .. } => {}
            Waiter::Transaction { record, answer } => {
                let error = match error {
                    ErrorCode::NotLeaderOrFollower => ErrorCode::NotCoordinator,
                    _ => ErrorCode::CoordinatorNotAvailable,
                };
                self.on_transaction_failed(&record, answer, error, out);
            }
            Waiter::ShareState { record, answer } => {
                let error = match error {
                    ErrorCode::NotLeaderOrFollower => ErrorCode::NotCoordinator,
                    _ => ErrorCode::CoordinatorNotAvailable,
                };
                self.on_share_state_failed(&record, answer, error, out);
            }
            Waiter::Coordinator { records, answer, .. } => {
                let error = match error {
                    ErrorCode::NotLeaderOrFollower => ErrorCode::NotCoordinator,
                    _ => ErrorCode::CoordinatorNotAvailable,
                };
                self.on_group_records_failed(&records, answer, error, out);
            }
        }
    }
}

/// Whether a request of a share group's member waits under this number.
fn runtime_has_share(runtime: &Option<Box<super::actor::Runtime>>, id: u64) -> bool {
    runtime.as_ref().and_then(|runtime| runtime.share.as_ref()).is_some_and(|share| share.parked.contains_key(&id))
}
