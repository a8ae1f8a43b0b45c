//! The promises of the protocol, one file each: checked after every event they concern, at the cost of what it touches.
//!
//! A promise that the configuration gives up is announced by [`super::guarantees`] with its reason; what is reported here,
//! or found there without a reason, is a defect. Absent: the promises about the ISR, the contents of logs, the metadata
//! log and the coordinators' generations; the checker of traces in the tests derives those.

mod acked_only_below_high_watermark;
mod committed_offset_within_log;
mod epochs_never_go_back;
mod high_watermark_never_retreats;
mod high_watermark_within_log;
mod nonmonotonic_poll;
mod one_leader_per_epoch;
mod share_records;

use super::ledger::Ledger;
use crate::event::Event;
use crate::ids::{BrokerId, TopicPartition};

use acked_only_below_high_watermark::AckedOnlyBelowHighWatermark;
use committed_offset_within_log::CommittedOffsetWithinLog;
use epochs_never_go_back::EpochsNeverGoBack;
use high_watermark_never_retreats::HighWatermarkNeverRetreats;
use high_watermark_within_log::HighWatermarkWithinLog;
use nonmonotonic_poll::NonmonotonicPoll;
use one_leader_per_epoch::OneLeaderPerEpoch;
use share_records::ShareRecords;

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
}

impl Promises {
    /// Takes an event in; adds what it breaks to `verdicts`.
    pub fn observe(&mut self, event: &Event, ledger: &Ledger, verdicts: &mut Vec<Event>) {
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
    }

    /// How often each share group's records may be delivered.
    pub fn limit_deliveries(&mut self, limits: crate::collections::Map<crate::ids::GroupId, i16>) {
        self.share_records.limits = limits;
    }
}
