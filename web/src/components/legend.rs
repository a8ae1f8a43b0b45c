//! What the shapes mean. The packets of the legend are switches: what is off is not drawn.

use super::legend_sheet::LegendSheet;
use crate::app::Page;
use crate::i18n::{Locale, td_string};
use crate::session::Session;
use crate::tr;
use highwater_engine::view::PacketKind;
use leptos::prelude::*;

/// Packets that are shown or hidden together.
#[derive(Clone, Copy)]
pub struct Switch {
    /// What they are.
    pub kinds: &'static [PacketKind],
    /// What they look like.
    pub picture: &'static str,
    /// What they are called.
    pub word: fn(Locale) -> &'static str,
}

const PRODUCE: Switch = Switch {
    kinds: &[PacketKind::Produce],
    picture: r#"<rect class="pk p1" x="2" y="2" width="10" height="10"/>"#,
    word: |locale| td_string!(locale, page.legend.produce),
};
const ACK: Switch = Switch {
    kinds: &[PacketKind::Ack],
    picture: r#"<circle class="ring-e" cx="7" cy="7" r="4"/><circle class="ring p1" cx="7" cy="7" r="4"/>"#,
    word: |locale| td_string!(locale, page.legend.ack),
};
const FETCH: Switch = Switch {
    kinds: &[PacketKind::Fetch],
    picture: r#"<path class="pk fetch-c" d="M2 7L12 2V12Z"/>"#,
    word: |locale| td_string!(locale, page.legend.fetch),
};
const CONTROL: Switch = Switch {
    kinds: &[PacketKind::Control, PacketKind::Rebalance, PacketKind::Offsets],
    picture: r#"<path class="pk-line" d="M7 2L12 7L7 12L2 7Z"/>"#,
    word: |locale| td_string!(locale, page.legend.control),
};
const HEARTBEAT: Switch = Switch {
    kinds: &[PacketKind::Heartbeat, PacketKind::Metadata],
    picture: r#"<circle class="hb" cx="7" cy="7" r="3"/>"#,
    word: |locale| td_string!(locale, page.legend.routine),
};
const QUEUE: Switch = Switch {
    kinds: &[PacketKind::Queue],
    picture: r#"<rect class="pk p1" x="2" y="2" width="10" height="10"/>"#,
    word: |locale| td_string!(locale, page.legend.queue),
};

/// A shape that is explained and cannot be switched off.
fn shapes(locale: Locale, kafka: bool, transactions: bool, shares: bool) -> Vec<(&'static str, &'static str)> {
    if !kafka {
        return Vec::new();
    }
    if shares {
        return vec![
            (
                r#"<rect class="cell leader done" x="1" y="1" width="12" height="12"/>"#,
                td_string!(locale, page.legend.committed),
            ),
            (
                r#"<rect class="sh-free" x="2.5" y="2.5" width="9" height="9"/>"#,
                td_string!(locale, page.legend.share_available),
            ),
            (
                r#"<rect class="sh-acq" x="2" y="2" width="10" height="10"/>"#,
                td_string!(locale, page.legend.share_acquired),
            ),
            (
                r#"<rect class="sh-done" x="2" y="2" width="10" height="10"/>"#,
                td_string!(locale, page.legend.share_acknowledged),
            ),
            (
                r#"<rect class="sh-gone" x="2.5" y="2.5" width="9" height="9"/><path class="sh-cross" d="M2.5 2.5l9 9"/>"#,
                td_string!(locale, page.legend.share_archived),
            ),
            (r#"<path class="sh-mark" d="M8 1H4V13H8"/>"#, td_string!(locale, page.legend.share_window)),
        ];
    }
    if transactions {
        return vec![
            (
                r#"<rect class="cell leader done" x="1" y="1" width="12" height="12"/>"#,
                td_string!(locale, page.legend.committed),
            ),
            (
                r#"<rect class="cell leader done" x="1" y="1" width="12" height="12"/><path class="tx-corner" d="M1 1h6l-6 6z"/>"#,
                td_string!(locale, page.legend.transaction_open),
            ),
            (
                r#"<rect class="cell leader done" x="1" y="1" width="12" height="12"/><rect class="tx-veil" x="1" y="1" width="12" height="12"/><path class="tx-strike" d="M0 7h14"/>"#,
                td_string!(locale, page.legend.transaction_aborted),
            ),
            (
                r#"<rect class="tx-marker" x="1.75" y="1.75" width="10.5" height="10.5"/><path class="tx-sign" d="M3.5 7l2.5 3l4.5 -6"/>"#,
                td_string!(locale, page.legend.marker),
            ),
            (r#"<path class="lso" d="M7 0v14"/>"#, td_string!(locale, page.legend.last_stable)),
        ];
    }
    vec![
        (
            r#"<polygon class="star" points="7,1 8.9,5.7 13.9,5.9 10,9.1 11.4,14 7,11.2 2.6,14 4,9.1 0.1,5.9 5.1,5.7"/>"#,
            td_string!(locale, page.legend.leader),
        ),
        (
            r#"<rect class="cell leader done" x="1" y="1" width="12" height="12"/>"#,
            td_string!(locale, page.legend.committed),
        ),
        (
            r#"<rect class="cell leader open" x="1.75" y="1.75" width="10.5" height="10.5"/>"#,
            td_string!(locale, page.legend.not_yet),
        ),
        (r#"<path class="ptr" d="M7 1l4 5.5v6h-8v-6z"/>"#, td_string!(locale, page.legend.position)),
        (r#"<path class="ptr-o" d="M7 2l3.5 5v5h-7v-5z"/>"#, td_string!(locale, page.legend.committed_offset)),
        (r#"<rect class="ghost" x="1.5" y="1.5" width="11" height="11"/>"#, td_string!(locale, page.legend.before)),
    ]
}

/// A switch with its picture: what is off is not drawn. Of several kinds some may be shown and some not.
pub fn switch(this: Switch, page: Page, session: Session) -> impl IntoView {
    let shown = move || {
        let on = page.hidden.with(|hidden| this.kinds.iter().filter(|kind| !hidden.contains(kind)).count());
        match on {
            0 => "false",
            all if all == this.kinds.len() => "true",
            _ => "mixed",
        }
    };
    let press = move |_| {
        page.hidden.update(|hidden| {
            let show = this.kinds.iter().any(|kind| hidden.contains(kind));
            for kind in this.kinds {
                if show {
                    hidden.remove(kind);
                } else {
                    hidden.insert(*kind);
                }
            }
        });
        session.paint();
    };
    view! {
        <li>
            <button class="switch" aria-pressed=shown on:click=press title=move || td_string!(page.locale.get(), page.legend.switch)>
                <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" inner_html=this.picture></svg>
                {move || (this.word)(page.locale.get())}
            </button>
        </li>
    }
}

/// The legend.
#[component]
pub fn Legend(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let world = session.read(|run| {
        let spec = &run.recording().spec;
        let transactions = !run.simulation().directory().transactional_names().is_empty();
        let shares = spec.groups.iter().any(|group| group.share);
        (spec.brokers > 0, !spec.groups.is_empty(), !spec.queues.is_empty(), transactions, shares)
    });
    let (kafka, groups, queues, transactions, shares) = world.unwrap_or_default();
    let switches =
        [(true, PRODUCE), (true, ACK), (kafka, FETCH), (queues, QUEUE), (kafka, CONTROL), (kafka || groups, HEARTBEAT)];
    let here = switches.into_iter().filter(|(here, _)| *here).map(|(_, this)| this);
    let single: Vec<Switch> = here.clone().filter(|this| this.kinds.len() == 1).collect();
    let switches = here.map(|this| switch(this, page, session));
    let open = RwSignal::new(false);
    let fixed = move || {
        let shape = |(index, (picture, word)): (usize, (&'static str, &'static str))| {
            // In the order in which they can be missed most easily.
            let class = match index {
                0 | 2 => "fixed less",
                5 => "fixed lesser",
                _ => "fixed",
            };
            view! {
                <li class=class><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" inner_html=picture></svg>{word}</li>
            }
        };
        shapes(page.locale.get(), kafka, transactions, shares).into_iter().enumerate().map(shape).collect_view()
    };
    view! {
        <div class="legend-box">
        <ul class="legend" aria-label=move || td_string!(page.locale.get(), page.legend.title)>
            {switches.collect_view()} {fixed}
            <li class="all">
                <button class="switch" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
                    <span class="wide">{tr!(page, legend.all)}</span><span class="narrow">{tr!(page, legend.title)}</span>
                </button>
            </li>
        </ul>
        {move || open.get().then(|| view! { <LegendSheet session main=single.clone() open /> })}
        </div>
    }
    .into_any()
}
