//! The groups one broker coordinates: those whose partition of `__consumer_offsets` it leads.

use super::record::{GroupEntry, GroupRecord};
use super::state::Group;
use crate::collections::Map;
use crate::config::{BrokerConfig, ShareGroupConfig};
use crate::effect::Effects;
use crate::event::Event;
use crate::fact::{CommittedFact, Fact};
use crate::ids::{BrokerId, CorrelationId, GroupId, NodeId, ProducerId};
use crate::planted::{Planted, planted};
use crate::protocol::{Channel, ErrorCode, Response};
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// Where an answer goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReplyTo {
    /// The asking process.
    pub peer: NodeId,
    /// Its connection.
    pub channel: Channel,
    /// Its request.
    pub correlation: CorrelationId,
}

/// Records of a group to write, and the answer that leaves once they are committed.
pub type Write = (GroupId, Vec<Arc<GroupRecord>>, Option<(ReplyTo, Response)>);

/// What a handler of the coordinator came to.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Outcome {
    /// Answers that can leave now.
    pub answers: Vec<(ReplyTo, Response)>,
    /// Records to write, and the answer that leaves once they are committed.
    pub write: Option<Write>,
}

impl Outcome {
    /// One answer, now.
    pub fn answer(to: ReplyTo, response: Response) -> Outcome {
        Outcome { answers: vec![(to, response)], write: None }
    }
}

/// All groups of one broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct GroupShards {
    pub(super) groups: Map<GroupId, Group>,
    /// Partitions of `__consumer_offsets` that are being read.
    loading: Map<i32, Loading>,
    /// When offsets are looked through for old ones.
    expiry_at: Option<Instant>,
}

/// A partition of `__consumer_offsets` that is being read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Loading {
    until: Instant,
    entries: Vec<GroupEntry>,
}

/// How long reading a partition of `__consumer_offsets` takes at least, and for each record.
const LOAD_AT_LEAST: Duration = Duration::from_millis(1);
const LOAD_PER_RECORD: Duration = Duration::from_micros(20);

impl GroupShards {
    /// The groups coordinated here.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// One group.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    pub(super) fn group_mut(&mut self, id: GroupId, now: Instant) -> &mut Group {
        self.groups.entry(id).or_insert_with(|| Group::new(id, now))
    }

    /// This broker became the leader of a partition: its groups are rebuilt from the records, which takes a while.
    pub fn begin_loading(&mut self, partition: i32, entries: Vec<GroupEntry>, now: Instant) {
        let takes = LOAD_AT_LEAST + LOAD_PER_RECORD.times(entries.len() as u64);
        self.loading.insert(partition, Loading { until: now + takes, entries });
    }

    /// Whether a partition is still being read: until then every request about its groups is put off.
    pub fn is_loading(&self, partition: i32) -> bool {
        self.loading.contains_key(&partition)
    }

    /// A transaction is decided in a partition of `__consumer_offsets`. Returns what counts from now on; while the
    /// partition is being read that is part of the reading.
    pub fn on_transaction_end(
        &mut self,
        partition: i32,
        producer: ProducerId,
        committed: bool,
        is_in_partition: impl Fn(GroupId) -> bool,
    ) -> Vec<(GroupId, Vec<CommittedFact>)> {
        if let Some(loading) = self.loading.get_mut(&partition) {
            loading.entries.push(GroupEntry::TransactionEnd { producer, committed });
            return Vec::new();
        }
        self.end_transaction(producer, committed, is_in_partition)
    }

    fn finish_loading<'c>(
        &mut self,
        broker: BrokerId,
        config: &BrokerConfig,
        share_config: &dyn Fn(GroupId) -> Option<&'c ShareGroupConfig>,
        out: &mut Effects<'_>,
    ) {
        let now = out.now;
        let done: Vec<i32> =
            self.loading.iter().filter(|(_, loading)| loading.until <= now).map(|(partition, _)| *partition).collect();
        for partition in done {
            let Some(loading) = self.loading.remove(&partition) else { continue };
            let mut loaded = Map::new();
            for entry in loading.entries {
                match entry {
                    GroupEntry::Record(record)
                        if planted(Planted::OffsetsLostAtFailover)
                            && matches!(*record, GroupRecord::OffsetCommit { .. }) => {}
                    GroupEntry::Record(record) => {
                        self.replay(&record, now);
                        loaded.insert(record.group(), ());
                    }
                    GroupEntry::TransactionEnd { producer, committed } => {
                        self.end_transaction(producer, committed, |group| loaded.contains_key(&group));
                    }
                }
            }
            for group in loaded.into_keys() {
                let Some(state) = self.groups.get_mut(&group) else { continue };
                state.begin_sessions(config.group_consumer_session_timeout_ms, now);
                if let (Some(share), Some(config)) = (&mut state.share, share_config(group)) {
                    share.begin_sessions(config, now);
                    state.state = share.state();
                }
                out.emit(|| Event::CoordinatorLoaded { broker, group });
                let commits = || self.groups.get(&group).map(Group::committed).unwrap_or_default();
                out.note(|| Fact::OffsetsLoaded { group, commits: commits() });
                self.tell(group, out);
            }
        }
    }

    /// This broker no longer leads the partition of these groups: forget them, and send their waiting members away.
    pub fn unload(&mut self, partition: i32, is_mine: impl Fn(GroupId) -> bool) -> Vec<(ReplyTo, Response)> {
        self.loading.remove(&partition);
        let gone: Vec<GroupId> = self.groups.keys().copied().filter(|group| is_mine(*group)).collect();
        let mut answers = Vec::new();
        for id in gone {
            let Some(group) = self.groups.remove(&id) else { continue };
            for (member, state) in group.members {
                if let Some(to) = state.awaiting_join {
                    answers.push((to, super::classic::join_refused(ErrorCode::NotCoordinator, Some(member))));
                }
                if let Some(to) = state.awaiting_sync {
                    answers.push((to, super::classic::sync_refused(ErrorCode::NotCoordinator)));
                }
            }
        }
        answers
    }

    /// Tells checkers what a group looks like now.
    pub fn tell(&self, group: GroupId, out: &mut Effects<'_>) {
        let Some(known) = self.groups.get(&group) else { return };
        out.note(|| Fact::GroupSnapshot {
            group,
            generation: known.generation,
            state: known.state,
            members: known.holdings(),
        });
    }

    /// When something in any group runs out.
    pub fn next_deadline(&self) -> Option<Instant> {
        let loading = self.loading.values().map(|loading| loading.until);
        let groups = self.groups.values().filter_map(Group::next_deadline);
        loading.chain(groups).chain(self.expiry_at).min()
    }

    /// Something may have run out.
    pub fn on_timer<'c>(
        &mut self,
        broker: BrokerId,
        config: &BrokerConfig,
        share_config: &dyn Fn(GroupId) -> Option<&'c ShareGroupConfig>,
        out: &mut Effects<'_>,
    ) -> Vec<Outcome> {
        self.finish_loading(broker, config, share_config, out);
        let now = out.now;
        let due: Vec<GroupId> = self
            .groups
            .values()
            .filter(|group| group.next_deadline().is_some_and(|at| at <= now))
            .map(|group| group.id)
            .collect();
        let mut outcomes = Vec::new();
        for id in due {
            let group = self.group_mut(id, now);
            if group.share.is_some() {
                let records = group.on_share_deadline(out);
                if !records.is_empty() {
                    outcomes.push(Outcome { answers: Vec::new(), write: Some((id, records, None)) });
                }
            } else if group.consumer.is_some() && group.members.is_empty() {
                let records = group.on_consumer_deadline(config, out);
                if !records.is_empty() {
                    outcomes.push(Outcome { answers: Vec::new(), write: Some((id, records, None)) });
                }
            } else {
                outcomes.push(group.on_deadline(config, out));
            }
        }
        if self.expiry_at.is_some_and(|at| at <= now) {
            self.expiry_at = None;
            outcomes.extend(self.expire_offsets(config, out));
        }
        if self.groups.values().any(|group| !group.offsets.is_empty()) {
            self.watch_age(config, now);
        }
        outcomes
    }

    /// Offsets are here: they are looked through at intervals.
    pub(super) fn watch_age(&mut self, config: &BrokerConfig, now: Instant) {
        if self.expiry_at.is_none() {
            self.expiry_at = Some(now + config.offsets_retention_check_interval_ms);
        }
    }
}
