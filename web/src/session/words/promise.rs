//! Guarantees given up, promises broken, and the reasons.

use super::Names;
use crate::i18n::{say, td_string};
use highwater_engine::audit::{Because, Guarantee, Promise, Reasons};
use highwater_engine::event::Event;
use highwater_engine::ids::RecordId;

/// What was given up or broken, as a sentence; none for other events.
pub fn promise_sentence(event: &Event, names: &Names<'_>) -> Option<String> {
    let locale = names.locale;
    macro_rules! t {
        ($key:ident $(, $name:ident = $value:expr)* $(,)?) => {
            names.sentence(say(td_string!(locale, page.promise.$key), &[$((stringify!($name), &$value)),*]))
        };
    }
    Some(match event {
        Event::SendVanished { tp, records } => t!(send_vanished, count = records.len(), tp = names.tp(*tp)),
        Event::PromiseBroken { promise, .. } => t!(broken, promise = promise.name()),
        Event::GuaranteeGivenUp { guarantee, tp, record, offset, group, back, because } => {
            let (tp, because) = (names.tp(*tp), reasons_words(*because, names));
            let of_coordinator = record.is_none();
            let record = names.record(record.unwrap_or(RecordId(0)));
            let offset = offset.map_or(0, |offset| offset.0);
            let group = group.map(|group| names.group(group)).unwrap_or_default();
            match guarantee {
                Guarantee::AckedWriteLost if of_coordinator => {
                    t!(coordinator_state_lost, tp = tp, offset = offset, because = because)
                }
                Guarantee::AckedWriteLost if *back => t!(back_again, record = record, tp = tp),
                Guarantee::AckedWriteLost => t!(acked_write_lost, record = record, tp = tp, because = because),
                Guarantee::Duplicate => t!(duplicate, record = record, tp = tp, offset = offset, because = because),
                Guarantee::Reordered => t!(reordered, record = record, tp = tp, because = because),
                Guarantee::ProcessedOutOfOrder => {
                    t!(processed_out_of_order, group = group, tp = tp, offset = offset, because = because)
                }
                Guarantee::ReRead => t!(re_read, group = group, tp = tp, offset = offset, because = because),
                Guarantee::Skipped => t!(skipped, group = group, tp = tp, offset = offset, because = because),
                Guarantee::ReadChanged => t!(read_changed, tp = tp, offset = offset, because = because),
                Guarantee::AbortedRead => {
                    t!(aborted_read, group = group, record = record, tp = tp, because = because)
                }
                Guarantee::PrecommittedRead => {
                    t!(precommitted_read, group = group, record = record, tp = tp, because = because)
                }
                Guarantee::TornTxn => t!(torn_txn, tp = tp, because = because),
                Guarantee::HangingTransaction => t!(hanging_transaction, tp = tp, because = because),
            }
        }
        _ => return None,
    })
}

/// What a client is promised.
pub fn guarantee_words(guarantee: Guarantee, locale: crate::i18n::Locale) -> &'static str {
    match guarantee {
        Guarantee::AckedWriteLost => td_string!(locale, page.promise.no_acked_write_lost),
        Guarantee::Duplicate => td_string!(locale, page.promise.no_duplicate),
        Guarantee::Reordered => td_string!(locale, page.promise.no_reordered),
        Guarantee::ReRead => td_string!(locale, page.promise.no_re_read),
        Guarantee::Skipped => td_string!(locale, page.promise.no_skipped),
        Guarantee::ReadChanged => td_string!(locale, page.promise.no_read_changed),
        Guarantee::AbortedRead => td_string!(locale, page.promise.no_aborted_read),
        Guarantee::PrecommittedRead => td_string!(locale, page.promise.no_precommitted_read),
        Guarantee::TornTxn => td_string!(locale, page.promise.no_torn_txn),
        Guarantee::HangingTransaction => td_string!(locale, page.promise.no_hanging_transaction),
        Guarantee::ProcessedOutOfOrder => td_string!(locale, page.promise.no_processed_out_of_order),
    }
}

/// What the protocol promises itself.
pub fn promise_words(promise: Promise, locale: crate::i18n::Locale) -> &'static str {
    match promise {
        Promise::OneLeaderPerEpoch => td_string!(locale, page.promise.one_leader_per_epoch),
        Promise::EpochsNeverGoBack => td_string!(locale, page.promise.epochs_never_go_back),
        Promise::HighWatermarkWithinLog => td_string!(locale, page.promise.high_watermark_within_log),
        Promise::HighWatermarkNeverRetreats => td_string!(locale, page.promise.high_watermark_never_retreats),
        Promise::StrongIsr => td_string!(locale, page.promise.strong_isr),
        Promise::LogMatching => td_string!(locale, page.promise.log_matching),
        Promise::LeaderInIsr => td_string!(locale, page.promise.leader_in_isr),
        Promise::IsrAndElrDisjoint => td_string!(locale, page.promise.isr_and_elr_disjoint),
        Promise::MetadataLogMatching => td_string!(locale, page.promise.metadata_log_matching),
        Promise::Conservation => td_string!(locale, page.promise.conservation),
        Promise::CompactionKeepsLastValue => td_string!(locale, page.promise.compaction_keeps_last_value),
        Promise::LeaderCompleteness => td_string!(locale, page.promise.leader_completeness),
        Promise::ConsistentRead => td_string!(locale, page.promise.consistent_read),
        Promise::AckedOnlyBelowHighWatermark => td_string!(locale, page.promise.acked_only_below_high_watermark),
        Promise::ProducerSequenceContiguous => td_string!(locale, page.promise.producer_sequence_contiguous),
        Promise::CommittedOffsetWithinLog => td_string!(locale, page.promise.committed_offset_within_log),
        Promise::StaleGenerationRefused => td_string!(locale, page.promise.stale_generation_refused),
        Promise::PartitionOwnedOnce => td_string!(locale, page.promise.partition_owned_once),
        Promise::ReadCommittedSeesNoAborted => td_string!(locale, page.promise.read_committed_sees_no_aborted),
        Promise::TornTransaction => td_string!(locale, page.promise.torn_transaction),
        Promise::InconsistentOffsets => td_string!(locale, page.promise.inconsistent_offsets),
        Promise::NonmonotonicSend => td_string!(locale, page.promise.nonmonotonic_send),
        Promise::NonmonotonicPoll => td_string!(locale, page.promise.nonmonotonic_poll),
        Promise::PollSkip => td_string!(locale, page.promise.poll_skip),
        Promise::AcquiredByOneMember => td_string!(locale, page.promise.acquired_by_one_member),
        Promise::DeliveryCountWithinLimit => td_string!(locale, page.promise.delivery_count_within_limit),
        Promise::ShareStateTerminal => td_string!(locale, page.promise.share_state_terminal),
        Promise::ShareStartNeverRetreats => td_string!(locale, page.promise.share_start_never_retreats),
    }
}

/// The reasons, one after the other.
pub fn reasons_words(because: Reasons, names: &Names<'_>) -> String {
    let locale = names.locale;
    let words: Vec<&str> = because.iter().map(|reason| reason_words(reason, locale)).collect();
    words.join(td_string!(locale, page.promise.and))
}

fn reason_words(reason: Because, locale: crate::i18n::Locale) -> &'static str {
    match reason {
        Because::AcksNone => td_string!(locale, page.promise.because_acks_0),
        Because::AcksLeader => td_string!(locale, page.promise.because_acks_1),
        Because::UncleanElection => td_string!(locale, page.promise.because_unclean_election),
        Because::UnflushedLost => td_string!(locale, page.promise.because_unflushed_lost),
        Because::TruncationMode => td_string!(locale, page.promise.because_truncation_mode),
        Because::NoIdempotence => td_string!(locale, page.promise.because_no_idempotence),
        Because::ProducerEpochBump => td_string!(locale, page.promise.because_producer_epoch_bump),
        Because::NewSession => td_string!(locale, page.promise.because_new_session),
        Because::Rebalance => td_string!(locale, page.promise.because_rebalance),
        Because::ClientCrash => td_string!(locale, page.promise.because_client_crash),
        Because::Reset => td_string!(locale, page.promise.because_reset),
        Because::Truncation => td_string!(locale, page.promise.because_truncation),
        Because::CommitLost => td_string!(locale, page.promise.because_commit_lost),
        Because::ResetLatest => td_string!(locale, page.promise.because_reset_latest),
        Because::Retention => td_string!(locale, page.promise.because_retention),
        Because::ShareGroup => td_string!(locale, page.promise.because_share_group),
        Because::Redelivery => td_string!(locale, page.promise.because_redelivery),
        Because::DeliveryLimit => td_string!(locale, page.promise.because_delivery_limit),
        Because::Rejected => td_string!(locale, page.promise.because_rejected),
        Because::OldTransactions => td_string!(locale, page.promise.because_old_transactions),
    }
}
