//! The promises of the protocol, one file each: checked after every event they concern, at the cost of what it touches.
//!
//! A promise that the configuration gives up is announced by [`super::guarantees`] with its reason; what is reported here,
//! or found there without a reason, is a defect. What events do not tell is judged by facts ([`crate::fact`]) that are rare.
//! Absent: `WeakIsr`, which says of the ISR a leader believes in what [`strong_isr`] says of the committed one; and
//! `LastStableOffsetWithinHighWatermark`, which holds by the way the offset is computed.

mod acked_only_below_high_watermark;
mod atomic;
mod committed_metadata;
mod committed_offset_within_log;
mod compaction_keeps_last_value;
mod conservation;
mod epochs_never_go_back;
mod high_watermark_never_retreats;
mod high_watermark_within_log;
mod inconsistent_offsets;
mod isr_and_elr_disjoint;
mod leader_in_isr;
mod log_matching;
mod metadata_log_matching;
mod nonmonotonic_poll;
mod one_leader_per_epoch;
mod partition_owned_once;
mod per_epoch;
mod share_records;
mod stale_generation_refused;
mod strong_isr;
mod transactions;

use super::ledger::Ledger;
use crate::event::{Event, TruncationReason};
use crate::fact::Fact;
use crate::ids::{BrokerId, GroupId, NodeId, TopicPartition, TransactionalId};
use crate::sim::OFFSETS_TOPIC;
use crate::time::Instant;

use acked_only_below_high_watermark::AckedOnlyBelowHighWatermark;
use committed_metadata::CommittedMetadata;
use committed_offset_within_log::CommittedOffsetWithinLog;
use epochs_never_go_back::EpochsNeverGoBack;
use high_watermark_never_retreats::HighWatermarkNeverRetreats;
use high_watermark_within_log::HighWatermarkWithinLog;
use inconsistent_offsets::InconsistentOffsets;
use log_matching::LogMatching;
use metadata_log_matching::MetadataLogMatching;
use nonmonotonic_poll::NonmonotonicPoll;
use one_leader_per_epoch::OneLeaderPerEpoch;
use partition_owned_once::PartitionOwnedOnce;
use share_records::ShareRecords;
use stale_generation_refused::StaleGenerationRefused;
use strong_isr::StrongIsr;
use transactions::Transactions;

/// The partition that loses records which counted: with the power or the disk, or by an unclean election.
fn shaken(event: &Event) -> Option<TopicPartition> {
    match event {
        Event::LogTruncated { tp, why, .. } if *why != TruncationReason::DivergingEpoch => Some(*tp),
        Event::LeaderElected { tp, unclean: true, .. } => Some(*tp),
        _ => None,
    }
}

/// Whether the coordinators' own log lost records: what they count begins anew.
fn offsets_topic_shaken(event: &Event) -> bool {
    shaken(event).is_some_and(|tp| tp.topic == OFFSETS_TOPIC)
}

/// Where a promise was broken.
type Breach = (TopicPartition, Option<BrokerId>);

/// What all promises remember.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Promises {
    one_leader_per_epoch: OneLeaderPerEpoch,
    epochs_never_go_back: EpochsNeverGoBack,
    high_watermark_within_log: HighWatermarkWithinLog,
    high_watermark_never_retreats: HighWatermarkNeverRetreats,
    acked_only_below_high_watermark: AckedOnlyBelowHighWatermark,
    committed_offset_within_log: CommittedOffsetWithinLog,
    nonmonotonic_poll: NonmonotonicPoll,
    share_records: ShareRecords,
    partition_owned_once: PartitionOwnedOnce,
    stale_generation_refused: StaleGenerationRefused,
    inconsistent_offsets: InconsistentOffsets,
    transactions: Transactions,
    strong_isr: StrongIsr,
    log_matching: LogMatching,
    committed_metadata: CommittedMetadata,
    metadata_log_matching: MetadataLogMatching,
}

impl Promises {
    /// Takes in an event that happens `now`; adds what it breaks to `verdicts`.
    pub fn observe(&mut self, event: &Event, now: Instant, ledger: &Ledger, verdicts: &mut Vec<Event>) {
        use super::promise::Promise;
        let mut judge = |promise: Promise, breach: Option<Breach>| {
            if let Some((tp, broker)) = breach {
                verdicts.push(Event::PromiseBroken { promise, tp: Some(tp), broker, group: None });
            }
        };
        judge(Promise::OneLeaderPerEpoch, self.one_leader_per_epoch.check(event));
        judge(Promise::EpochsNeverGoBack, self.epochs_never_go_back.check(event));
        judge(Promise::HighWatermarkWithinLog, self.high_watermark_within_log.check(event));
        judge(Promise::HighWatermarkNeverRetreats, self.high_watermark_never_retreats.check(event));
        let acks = |record| ledger.terms(record).acks;
        judge(Promise::AckedOnlyBelowHighWatermark, self.acked_only_below_high_watermark.check(event, acks));
        judge(Promise::CommittedOffsetWithinLog, self.committed_offset_within_log.check(event));
        judge(Promise::NonmonotonicPoll, self.nonmonotonic_poll.check(event));
        if let Some((promise, breach)) = self.share_records.check(event) {
            judge(promise, Some(breach));
        }
        judge(Promise::StrongIsr, self.strong_isr.check(event, ledger));
        judge(Promise::LogMatching, self.log_matching.check(event, ledger));
        judge(Promise::Conservation, conservation::conservation(event, ledger));
        self.transactions.check(event, ledger, verdicts);
        let mut judge = |promise: Promise, breach: Option<(GroupId, TopicPartition)>| {
            if let Some((group, tp)) = breach {
                verdicts.push(Event::PromiseBroken { promise, tp: Some(tp), broker: None, group: Some(group) });
            }
        };
        // The members of a share group read one partition together.
        let alone = |(group, _): &(GroupId, TopicPartition)| !self.share_records.limits.contains_key(group);
        judge(Promise::PartitionOwnedOnce, self.partition_owned_once.check(event).filter(alone));
        judge(Promise::StaleGenerationRefused, self.stale_generation_refused.check(event, now));
        judge(Promise::InconsistentOffsets, self.inconsistent_offsets.check(event));
    }

    /// Takes in a fact; returns what it breaks.
    pub fn observe_fact(&mut self, fact: &Fact) -> Vec<Event> {
        use super::promise::Promise;
        let mut verdicts = Vec::new();
        let mut judge = |promise: Promise, tp: Option<TopicPartition>, broker: Option<BrokerId>| {
            verdicts.push(Event::PromiseBroken { promise, tp, broker, group: None });
        };
        if self.metadata_log_matching.breaks(fact) {
            judge(Promise::MetadataLogMatching, None, None);
        }
        let written: Vec<_>;
        let records = match fact {
            Fact::MetadataCommitted { records, .. } => Some(records),
            // What a controller has written into ZooKeeper is committed.
            Fact::ZnodeWritten { offset, records, .. } => {
                written = records.iter().map(|record| (*offset, record.clone())).collect();
                Some(&written)
            }
            _ => None,
        };
        for (promise, tp) in records.into_iter().flat_map(|records| self.committed_metadata.check(records)) {
            judge(promise, Some(tp), None);
        }
        if let Some((tp, broker)) = compaction_keeps_last_value::compaction_keeps_last_value(fact) {
            judge(Promise::CompactionKeepsLastValue, Some(tp), broker);
        }
        verdicts
    }

    /// Brokers follow the protocol of transactions before KIP-890.
    pub fn follow_old_transactions(&mut self) {
        self.transactions.follow_old_protocol();
    }

    /// Which transactional id a producer has from now on.
    pub fn set_transactional_id(&mut self, producer: NodeId, id: Option<TransactionalId>) {
        self.transactions.set_id(producer, id);
    }

    /// How often each share group's records may be delivered.
    pub fn limit_deliveries(&mut self, limits: crate::collections::Map<crate::ids::GroupId, i16>) {
        self.share_records.limits = limits;
    }
}
