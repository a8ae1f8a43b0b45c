//! What became of all records, in figures.

use crate::app::Page;
use crate::i18n::{Locale, td_string};
use crate::scene::Target;
use crate::session::{Moment, Session};
use highwater_engine::event::Event;
use highwater_engine::view::{self, LedgerView};
use leptos::prelude::*;

/// A figure with its word.
struct Figure {
    word: &'static str,
    value: u64,
    is_trouble: bool,
    /// Shown where there is little room.
    is_main: bool,
    /// Left out where there is little room, as long as there is nothing to count.
    is_rare: bool,
}

/// The figures that say something in this world, in order.
fn figures(ledger: &LedgerView, has_groups: bool, locale: Locale) -> Vec<Figure> {
    let plain = |word, value, is_main| Figure { word, value, is_trouble: false, is_main, is_rare: false };
    let trouble = |word, value: u64, is_main| Figure { word, value, is_trouble: value > 0, is_main, is_rare: !is_main };
    let mut figures = vec![
        plain(td_string!(locale, page.ledger.sent), ledger.sent, false),
        plain(td_string!(locale, page.ledger.acked), ledger.acked, true),
        plain(td_string!(locale, page.ledger.stored), ledger.stored, true),
    ];
    if has_groups {
        figures.push(plain(td_string!(locale, page.ledger.processed), ledger.processed, false));
    }
    if ledger.failed > 0 {
        figures.push(plain(td_string!(locale, page.ledger.failed), ledger.failed, false));
    }
    figures.push(trouble(td_string!(locale, page.ledger.lost), ledger.lost, true));
    if ledger.stored_twice > 0 {
        figures.push(trouble(td_string!(locale, page.ledger.stored_twice), ledger.stored_twice, false));
    }
    let again = trouble(td_string!(locale, page.ledger.processed_again), ledger.processed_again, true);
    figures.push(Figure { is_rare: true, ..again });
    if ledger.skipped > 0 {
        figures.push(trouble(td_string!(locale, page.ledger.skipped), ledger.skipped, true));
    }
    if ledger.effects_repeated > 0 {
        figures.push(trouble(td_string!(locale, page.ledger.effects_repeated), ledger.effects_repeated, false));
    }
    figures
}

/// To the last moment at which something was lost, skipped or doubled, with the record selected where it was.
fn to_loss(session: Session) {
    let found = session.read(|run| {
        let now = run.now();
        let tally = run.tally();
        let mark = tally.marks.iter().rev().find(|mark| mark.what == Moment::Loss && mark.at <= now)?;
        let events = run.history().events_between(mark.n, mark.n).iter();
        let target = events.clone().find_map(|emitted| match &emitted.event {
            Event::AckedRecordLost { record, .. } => Some(Target::Lost(*record)),
            Event::RecordDuplicated { tp, offset, .. } | Event::RecordSkipped { tp, offset, .. } => {
                let view = run.view();
                let leader = view.partitions.iter().find(|partition| partition.tp == *tp)?.leader.some()?;
                Some(Target::Record(leader, *tp, *offset))
            }
            Event::QueueLost { queue, .. } => Some(Target::Queue(*queue)),
            _ => None,
        });
        Some((mark.n, target))
    });
    if let Some((n, target)) = found.flatten() {
        session.seek_event(n);
        session.selection.set(target);
    }
}

/// The figures, as a list of terms.
#[component]
pub fn Ledger(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let ledger = Memo::new(move |_| {
        session.follow(|run| {
            let view = view::ledger(run.simulation());
            (Some(view), !run.recording().spec.groups.is_empty() || !run.recording().spec.queues.is_empty())
        })
    });
    view! {
        <dl class="ledger" aria-label=move || td_string!(page.locale.get(), page.ledger.title)>
            {move || {
                let locale = page.locale.get();
                let (ledger, has_groups) = ledger.get();
                let ledger = ledger.unwrap_or_default();
                let figure = |figure: Figure| view! {
                    <div class:trouble=figure.is_trouble class:minor=!figure.is_main class:zero=figure.is_rare && figure.value == 0>
                        <dt>{figure.word}</dt>
                        <dd>{match figure.is_trouble {
                            // What was lost or doubled can be looked at.
                            true => view! { <button class="figure" on:click=move |_| to_loss(session)>{figure.value}</button> }.into_any(),
                            false => figure.value.into_any(),
                        }}</dd>
                    </div>
                };
                let under = ledger.under_replicated;
                view! {
                    {figures(&ledger, has_groups, locale).into_iter().map(figure).collect_view()}
                    {(under > 0).then(|| view! {
                        <div class="right minor"><dt>{td_string!(locale, page.ledger.under_replicated)}</dt><dd>{under}</dd></div>
                    })}
                }
            }}
        </dl>
    }
    .into_any()
}
