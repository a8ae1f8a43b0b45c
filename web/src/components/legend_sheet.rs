//! The whole legend, opened: every kind of message with its switch, every sign, and what the colours tell.

use super::legend::{Switch, switch};
use crate::app::Page;
use crate::i18n::{Locale, td_string};
use crate::scene::ColourBy;
use crate::session::Session;
use crate::tr;
use highwater_engine::view::PacketKind;
use leptos::prelude::*;

const METADATA: Switch = Switch {
    kinds: &[PacketKind::Metadata],
    picture: r#"<path class="pk-line" d="M7 2L12 7L7 12L2 7Z"/>"#,
    word: |locale| td_string!(locale, page.legend.metadata),
};
const CONTROL: Switch = Switch {
    kinds: &[PacketKind::Control],
    picture: r#"<path class="pk-ink" d="M7 2L12 7L7 12L2 7Z"/>"#,
    word: |locale| td_string!(locale, page.legend.control_only),
};
const REBALANCE: Switch = Switch {
    kinds: &[PacketKind::Rebalance],
    picture: r#"<rect class="pk-ink" x="5" y="1" width="4" height="12"/>"#,
    word: |locale| td_string!(locale, page.legend.rebalance),
};
const OFFSETS: Switch = Switch {
    kinds: &[PacketKind::Offsets],
    picture: r#"<rect class="pk-line" x="3.5" y="3.5" width="7" height="7"/>"#,
    word: |locale| td_string!(locale, page.legend.offsets),
};
const HEARTBEAT: Switch = Switch {
    kinds: &[PacketKind::Heartbeat],
    picture: r#"<circle class="hb" cx="7" cy="7" r="3"/>"#,
    word: |locale| td_string!(locale, page.legend.heartbeat),
};
const DATABASE: Switch = Switch {
    kinds: &[PacketKind::Database],
    picture: r#"<circle class="pk-line" cx="7" cy="7" r="4"/>"#,
    word: |locale| td_string!(locale, page.legend.database),
};

/// Signs of the logs and of what befalls them: a picture and its meaning.
fn signs(locale: Locale) -> [(&'static str, &'static str); 17] {
    [
        (
            r#"<polygon class="star" points="7,1 8.9,5.7 13.9,5.9 10,9.1 11.4,14 7,11.2 2.6,14 4,9.1 0.1,5.9 5.1,5.7"/>"#,
            td_string!(locale, page.legend.leader),
        ),
        (
            r#"<rect class="cell leader done" x="1" y="1" width="5.5" height="12"/><rect class="cell follower done" x="7.5" y="4" width="5.5" height="9"/>"#,
            td_string!(locale, page.legend.committed_long),
        ),
        (
            r#"<rect class="cell leader open" x="1.75" y="1.75" width="10.5" height="10.5"/>"#,
            td_string!(locale, page.legend.not_yet_long),
        ),
        (
            r#"<path class="hw" d="M10 2v12"/><path class="pennant" d="M10 1h-9l3 3.5l-3 3.5h9z"/>"#,
            td_string!(locale, page.legend.high_watermark),
        ),
        (r#"<path class="leo" d="M7 0v14"/>"#, td_string!(locale, page.legend.log_end)),
        (r#"<path class="lso" d="M7 0v14"/>"#, td_string!(locale, page.legend.last_stable)),
        (
            r#"<rect class="ep old" x="0" y="6" width="6" height="2"/><rect class="ep cur" x="8" y="6" width="6" height="2"/>"#,
            td_string!(locale, page.legend.epochs),
        ),
        (r#"<path class="ptr" d="M7 1l4 5.5v6h-8v-6z"/>"#, td_string!(locale, page.legend.position)),
        (r#"<path class="ptr-o" d="M7 2l3.5 5v5h-7v-5z"/>"#, td_string!(locale, page.legend.committed_offset)),
        (
            r#"<rect class="cell leader done" x="1" y="2" width="12" height="10"/><path class="tx-corner" d="M1 2h6l-6 6z"/>"#,
            td_string!(locale, page.legend.transaction_open),
        ),
        (
            r#"<rect class="cell leader done" x="1" y="1" width="12" height="12"/><rect class="tx-veil" x="1" y="1" width="12" height="12"/><path class="tx-strike" d="M0 7h14"/>"#,
            td_string!(locale, page.legend.transaction_aborted),
        ),
        (r#"<path class="segment" d="M1 7v-4h12v4"/>"#, td_string!(locale, page.legend.segment)),
        (
            r#"<path class="fsync" d="M3 0v14"/><path class="cached" d="M5 11h9"/>"#,
            td_string!(locale, page.legend.page_cache),
        ),
        (r#"<path class="torn-out" d="M2 13V2l2.5 3l2.5 -3l2.5 3l2.5 -3v11z"/>"#, td_string!(locale, page.legend.lost)),
        (r#"<path class="torn" d="M1 2h12v6l-3 -3l-3 3l-3 -3l-3 3z"/>"#, td_string!(locale, page.legend.lost_replaced)),
        (
            r#"<circle class="vanished" cx="7" cy="7" r="6"/><path class="vanished-x" d="M4 4l6 6m0 -6l-6 6"/>"#,
            td_string!(locale, page.legend.vanished),
        ),
        (
            r#"<rect class="ghost" x="1.5" y="1.5" width="11" height="11"/>"#,
            td_string!(locale, page.legend.before_long),
        ),
    ]
}

/// The sheet. `main` are the switches of the short legend.
#[component]
pub fn LegendSheet(
    /// The run.
    session: Session,
    /// The switches of the short legend that stand for one kind of message each.
    main: Vec<Switch>,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let page = Page::here();
    let world = session.read(|run| {
        let spec = &run.recording().spec;
        let stores = run.view().stores.len();
        (spec.brokers > 0, !spec.groups.is_empty(), stores > 0)
    });
    let (kafka, groups, stores) = world.unwrap_or_default();
    let more = [
        (groups, REBALANCE),
        (groups, OFFSETS),
        (kafka, CONTROL),
        (kafka, METADATA),
        (kafka || groups, HEARTBEAT),
        (stores, DATABASE),
    ];
    let switches = main.into_iter().chain(more.into_iter().filter(|(here, _)| *here).map(|(_, switch)| switch));
    let switches = switches.map(|this| switch(this, page, session)).collect_view();
    let colours = ColourBy::ALL.map(|by| {
        let word = move || match by {
            ColourBy::Producer => td_string!(page.locale.get(), page.legend.by_producer),
            ColourBy::Key => td_string!(page.locale.get(), page.legend.by_key),
            ColourBy::Epoch => td_string!(page.locale.get(), page.legend.by_epoch),
        };
        view! {
            <li>
                <button class="choice" aria-pressed=move || (page.colour_by.get() == by).to_string() on:click=move |_| page.colour_by.set(by)>{word}</button>
            </li>
        }
    });
    let signs = move || {
        let sign = |(picture, word)| {
            view! { <li><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" inner_html=picture></svg>{word}</li> }
        };
        signs(page.locale.get()).map(sign).collect_view()
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            open.set(false);
        }
    };
    view! {
        <section class="legend-sheet" aria-label=tr!(page, legend.title) on:keydown=on_key>
            <h3>{tr!(page, legend.messages)}</h3>
            <ul class="legend-list">{switches}</ul>
            <h3>{tr!(page, legend.colours)}</h3>
            <ul class="legend-list">{colours.collect_view()}</ul>
            {kafka.then(|| view! {
                <h3>{tr!(page, legend.signs)}</h3>
                <ul class="legend-list">{signs}</ul>
            })}
        </section>
    }
    .into_any()
}
