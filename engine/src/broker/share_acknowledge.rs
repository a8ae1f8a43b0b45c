//! What members of share groups say of their records, and what ends their locks without a word of them: sessions,
//! time, another leader (`SharePartition.acknowledge`, `releaseAcquiredRecords`, the acquisition lock timer).

use super::actor::Broker;
use super::share_leader::{LedShare, StateWrite};
use crate::coordinator::ShareStateKey;
use crate::effect::Effects;
use crate::event::Event;
use crate::ids::{GroupId, MemberId, NodeId, Offset, TopicPartition};
use crate::protocol::{Channel, ErrorCode, SharePartitionFetched, SharePartitionRequest};
use crate::share::{AcknowledgeType, Settled, SharePartition};
use crate::time::Instant;

impl Broker {
    /// Takes a member's word. True when it has to be written down before it stands.
    pub(super) fn acknowledge_share(
        &mut self,
        key: ShareStateKey,
        member: MemberId,
        request: &SharePartitionRequest,
        id: u64,
        out: &mut Effects<'_>,
    ) -> Result<bool, ErrorCode> {
        let config = self.share_config(key.0);
        self.share_leader_epoch(key.1)?;
        let renewed = config.renew_acknowledge_enable.then(|| out.now + config.record_lock_duration_ms);
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else {
            return Err(ErrorCode::InvalidRecordState);
        };
        let number = share.next_number();
        let led = share.partitions.get_mut(&key).ok_or(ErrorCode::InvalidRecordState)?;
        let partition = led.partition.as_mut().ok_or(ErrorCode::InvalidRecordState)?;
        let limit = config.delivery_count_limit as i16;
        let batches = partition.acknowledge(member, &request.acknowledgements, limit, renewed, number)?;
        let (broker, group, tp, client) = (self.id, key.0, key.1, NodeId(member.client));
        for said in request.acknowledgements.iter().filter(|said| said.kind == AcknowledgeType::Renew) {
            let (first, last) = (said.first, said.last);
            out.emit(|| Event::LocksRenewed { broker, group, tp, client, first, last });
        }
        if batches.is_empty() {
            return Ok(false);
        }
        led.writes.push_back(StateWrite { number, batches, waiter: Some(id) });
        Ok(true)
    }

    /// A change is written down.
    pub(super) fn on_share_written(&mut self, key: ShareStateKey, number: u64, out: &mut Effects<'_>) {
        let Some(led) = self.led_share(key) else { return };
        let Some(write) = led.writes.pop_front() else { return };
        let settled = led.partition.as_mut().map(|partition| partition.commit(number)).unwrap_or_default();
        self.tell_settled(key, &settled, out);
        self.advance_share(key, out);
        if let Some(id) = write.waiter {
            if let Some(parked) = self.parked_share(id) {
                parked.results.entry(key.1).or_insert(ErrorCode::None);
            }
            self.share_write_done(id, out);
        }
        self.pump_share(key, out);
        self.wake_shares(key.1, out);
    }

    /// A change could not be written down.
    pub(super) fn on_share_write_failed(
        &mut self,
        key: ShareStateKey,
        number: u64,
        error: ErrorCode,
        out: &mut Effects<'_>,
    ) {
        let Some(led) = self.led_share(key) else { return };
        let Some(write) = led.writes.pop_front() else { return };
        if let (Some(_), Some(partition)) = (write.waiter, &mut led.partition) {
            partition.roll_back(number);
        }
        if let Some(id) = write.waiter {
            if let Some(parked) = self.parked_share(id) {
                parked.results.insert(key.1, error);
            }
            self.share_write_done(id, out);
        }
        self.pump_share(key, out);
    }

    pub(super) fn share_write_done(&mut self, id: u64, out: &mut Effects<'_>) {
        let Some(parked) = self.parked_share(id) else { return };
        parked.awaiting = parked.awaiting.saturating_sub(1);
        self.try_share(id, out);
    }

    /// What is known of a share-partition counts no more: it is led elsewhere, or its state could not be read.
    pub(super) fn drop_share(&mut self, key: ShareStateKey, error: ErrorCode, out: &mut Effects<'_>) {
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        let Some(led) = share.partitions.remove(&key) else { return };
        let never_read = led.partition.is_none();
        for id in led.writes.iter().filter_map(|write| write.waiter) {
            if let Some(parked) = self.parked_share(id) {
                parked.results.insert(key.1, error);
            }
            self.share_write_done(id, out);
        }
        if never_read {
            // Whoever waits is told, and asks again.
            let waiting = self.with_runtime(|runtime| {
                runtime.share.as_ref().map(|share| share.waiting_for(key.1)).unwrap_or_default()
            });
            for id in waiting.into_iter().filter(|_| error != ErrorCode::NotLeaderOrFollower) {
                if self.parked_share(id).is_some_and(|parked| parked.group == key.0 && parked.awaiting == 0) {
                    self.answer_share(id, vec![SharePartitionFetched::without_records(key.1, error)], out);
                }
            }
        }
    }

    /// This broker does not lead a partition any more, or in another epoch.
    pub(super) fn drop_shares(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let Some(share) = self.runtime.as_ref().and_then(|runtime| runtime.share.as_ref()) else { return };
        let keys: Vec<ShareStateKey> = share.partitions.keys().filter(|(_, known)| *known == tp).copied().collect();
        for key in keys {
            self.drop_share(key, ErrorCode::NotLeaderOrFollower, out);
        }
    }

    /// A session ends: what its member has is available again.
    pub(super) fn close_share_session(&mut self, key: (GroupId, MemberId), out: &mut Effects<'_>) {
        let limit = self.share_config(key.0).delivery_count_limit as i16;
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        if share.sessions.remove(&key).is_none() {
            return;
        }
        let led: Vec<ShareStateKey> = share.partitions.keys().filter(|(group, _)| *group == key.0).copied().collect();
        for share_key in led {
            self.end_locks(share_key, out, |partition, number| partition.release_all(key.1, limit, number));
        }
    }

    /// The connection of a process broke: its sessions end with it.
    pub(super) fn close_share_sessions_of(&mut self, peer: NodeId, channel: Option<Channel>, out: &mut Effects<'_>) {
        if channel.is_some_and(|channel| channel != Channel::Client) {
            return;
        }
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        share.parked.retain(|_, parked| parked.to.peer != peer);
        let ended = share.sessions.iter().filter(|(_, session)| session.peer == peer).map(|(key, _)| *key);
        for key in ended.collect::<Vec<_>>() {
            self.close_share_session(key, out);
        }
    }

    /// Locks end without a word of their member. That stands at once, whether it can be written down or not.
    fn end_locks(
        &mut self,
        key: ShareStateKey,
        out: &mut Effects<'_>,
        end: impl FnOnce(&mut SharePartition, u64) -> Vec<crate::share::StateBatch>,
    ) {
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        let number = share.next_number();
        let Some(led) = share.partitions.get_mut(&key) else { return };
        let Some(partition) = &mut led.partition else { return };
        let batches = end(partition, number);
        if batches.is_empty() {
            return;
        }
        let settled = partition.commit(number);
        led.writes.push_back(StateWrite { number, batches, waiter: None });
        self.tell_settled(key, &settled, out);
        self.advance_share(key, out);
        self.pump_share(key, out);
        self.wake_shares(key.1, out);
    }

    pub(super) fn on_share_timer(&mut self, out: &mut Effects<'_>) {
        let now = out.now;
        let Some(share) = self.runtime.as_mut().and_then(|runtime| runtime.share.as_mut()) else { return };
        share.armed = None;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let again: Vec<ShareStateKey> =
            share.partitions.iter().filter(|(_, led)| due(led.retry_at)).map(|(key, _)| *key).collect();
        let begin: Vec<ShareStateKey> =
            share.beginnings.iter().filter(|(_, beginning)| due(beginning.retry_at)).map(|(key, _)| *key).collect();
        let locked = |led: &LedShare| due(led.partition.as_ref().and_then(SharePartition::next_deadline));
        let expired: Vec<ShareStateKey> =
            share.partitions.iter().filter(|(_, led)| locked(led)).map(|(key, _)| *key).collect();
        for key in again {
            if let Some(led) = self.led_share(key) {
                led.retry_at = None;
            }
            self.pump_share(key, out);
        }
        for key in begin {
            self.begin_share_state(key, out);
        }
        for key in expired {
            let limit = self.share_config(key.0).delivery_count_limit as i16;
            self.end_locks(key, out, |partition, number| partition.expire(now, limit, number));
        }
    }

    fn tell_settled(&self, (group, tp): ShareStateKey, settled: &[Settled], out: &mut Effects<'_>) {
        if !out.observed {
            return;
        }
        let broker = self.id;
        let alike = |a: &Settled, b: &Settled| {
            b.offset == a.offset + 1
                && (a.state, a.delivery_count, a.member, a.why) == (b.state, b.delivery_count, b.member, b.why)
        };
        for run in settled.chunk_by(alike) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            out.emit(|| Event::RecordsSettled {
                broker,
                group,
                tp,
                client: NodeId(first.member.client),
                first: first.offset,
                last: last.offset,
                state: first.state,
                delivery_count: first.delivery_count,
                why: first.why,
            });
        }
    }

    /// The start offset moves as far as everything is done.
    pub(super) fn advance_share(&mut self, key: ShareStateKey, out: &mut Effects<'_>) {
        let (broker, group, tp) = (self.id, key.0, key.1);
        let log_start = self.replicas.get(&tp).map_or(Offset::ZERO, |replica| replica.log.log_start_offset());
        let Some(partition) = self.led_share(key).and_then(|led| led.partition.as_mut()) else { return };
        if let Some((from, to)) = partition.advance(log_start) {
            out.emit(|| Event::ShareStartAdvanced { broker, group, tp, from, to });
        }
    }
}
