//! Guarantees given up, promises broken, and the reasons.

use super::Names;
use crate::i18n::{say, td_string};
use highwater_engine::audit::{Because, Guarantee, Reasons};
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
            let (tp, because) = (names.tp(*tp), reasons(*because, names));
            let record = names.record(record.unwrap_or(RecordId(0)));
            let offset = offset.map_or(0, |offset| offset.0);
            let group = group.map(|group| names.group(group)).unwrap_or_default();
            match guarantee {
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
                Guarantee::AbortedRead
                | Guarantee::PrecommittedRead
                | Guarantee::TornTxn
                | Guarantee::HangingTransaction => t!(transaction, tp = tp, because = because),
            }
        }
        _ => return None,
    })
}

/// The reasons, one after the other.
fn reasons(because: Reasons, names: &Names<'_>) -> String {
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
