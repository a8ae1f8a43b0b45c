//! Offsets that were kept long enough (KIP-211).

use super::record::{ConsumerGroupKey, GroupRecord};
use super::shards::{GroupShards, Outcome};
use super::state::Group;
use crate::config::BrokerConfig;
use crate::effect::Effects;
use crate::event::GroupState;
use crate::ids::{TopicId, TopicPartition};
use crate::time::{Duration, Instant};
use std::sync::Arc;

impl GroupShards {
    /// Looks through all groups when it is time to.
    pub(super) fn expire_offsets(&mut self, config: &BrokerConfig, out: &mut Effects<'_>) -> Vec<Outcome> {
        let retention = Duration::from_secs(60).times(u64::try_from(config.offsets_retention_minutes).unwrap_or(1));
        let mut outcomes = Vec::new();
        for group in self.groups.values() {
            let expired = group.expired(retention, out.now);
            let mut records: Vec<Arc<GroupRecord>> =
                expired.iter().map(|tp| Arc::new(GroupRecord::OffsetTombstone { group: group.id, tp: *tp })).collect();
            if !group.has_members() && group.state == GroupState::Empty && expired.len() == group.offsets.len() {
                let stays = group.empty_since + retention > out.now && group.offsets.is_empty();
                if !stays {
                    records.extend(group.tombstones().into_iter().map(Arc::new));
                }
            }
            if !records.is_empty() {
                outcomes.push(Outcome { answers: Vec::new(), write: Some((group.id, records, None)) });
            }
        }
        outcomes
    }
}

impl Group {
    /// What ends the group in the log, by the protocol it spoke.
    fn tombstones(&self) -> Vec<GroupRecord> {
        let group = self.id;
        match self.consumer {
            None => vec![GroupRecord::GroupTombstone { group }],
            Some(_) => [ConsumerGroupKey::TargetEpoch, ConsumerGroupKey::Group]
                .map(|of| GroupRecord::ConsumerGroupTombstone { group, of })
                .into(),
        }
    }

    /// Offsets to forget: of a group without members, all, counted from when it lost the last one; of one that works,
    /// those of topics nobody subscribes to, counted from their commit.
    fn expired(&self, retention: Duration, now: Instant) -> Vec<TopicPartition> {
        let subscribed: Vec<TopicId> = match &self.consumer {
            Some(consumer) if !consumer.members.is_empty() => consumer.topics(),
            _ => self.members.values().flat_map(|member| member.subscription.topics.iter().copied()).collect(),
        };
        let old = |tp: &TopicPartition, committed_at: Instant| match self.state {
            // A commit newer than the emptiness comes from someone who is no member.
            GroupState::Empty => self.empty_since.max(committed_at) + retention <= now,
            GroupState::Stable => !subscribed.contains(&tp.topic) && committed_at + retention <= now,
            _ => false,
        };
        // What a transaction is about to replace stays.
        let due = |tp: &TopicPartition, committed_at: Instant| old(tp, committed_at) && !self.is_unstable(*tp);
        self.offsets.iter().filter(|(tp, offset)| due(tp, offset.committed_at)).map(|(tp, _)| *tp).collect()
    }
}
