//! The facts of what is gone: a message that never arrived, a record that was acknowledged and is lost.

use super::facts::Builder;
use crate::i18n::{say, td_string};
use crate::session::Run;
use crate::session::words::event_sentence;
use highwater_engine::event::Event;
use highwater_engine::ids::{BrokerId, EnvelopeId, RecordId};
use highwater_engine::sim::Emitted;

/// A message that never arrived.
pub fn vanished_state(out: &mut Builder<'_>, envelope: EnvelopeId, run: &Run) -> Option<()> {
    let is_it = |emitted: &&Emitted| matches!(&emitted.event, Event::MessageDropped { envelope: known, .. } if *known == envelope);
    let emitted = run.past().iter().rev().find(is_it)?;
    let Event::MessageDropped { kind, .. } = &emitted.event else { return None };
    out.sheet.title = format!("{kind:?}");
    out.sheet.subtitle = event_sentence(&emitted.event, out.names);
    out.fact(td_string!(out.names.locale, page.fact.lost_at), emitted.at);
    Some(())
}

/// A record that was acknowledged and is lost: where it stood, and who led on without it.
pub fn lost_state(out: &mut Builder<'_>, record: RecordId, run: &Run) -> Option<()> {
    let locale = out.names.locale;
    let lost = run.loss_of(record)?;
    let Event::AckedRecordLost { tp, offset, leader, .. } = lost.event else { return None };
    out.sheet.title = out.names.record(record);
    out.sheet.subtitle = say(td_string!(locale, page.fact.is_lost), &[("partition", &out.names.tp(tp))]);
    out.fact(td_string!(locale, page.fact.offset), offset);
    out.fact(td_string!(locale, page.fact.lost_at), lost.at);
    out.fact(td_string!(locale, page.fact.lost_to), out.names.broker(leader));
    let copies =
        run.simulation().ledger().fate(record).map(|fate| fate.copies.iter().map(|(broker, _)| *broker).collect());
    let copies: Vec<BrokerId> = copies.unwrap_or_default();
    out.fact(
        td_string!(locale, page.fact.copies),
        if copies.is_empty() { "–".to_owned() } else { out.names.brokers(&copies) },
    );
    Some(())
}
